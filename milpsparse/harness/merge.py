"""Stores of several machines as one: rows, checks, records, logs, proofs and instances.

Nothing is written before all stores have been read. Rows are copied as they are, one a task: the
one that ended last, and one that was interrupted only where there is no other. The target may hold
rows already, which take part; so the same command can be given again, with the parts that have
come since.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from milpsparse.errors import BadInput
from milpsparse.harness import store
from milpsparse.harness.records import RECORDS, read_records

READ = """
task_key run_id finished termination verdict primal_bound dual_bound
instance objective method instance_sha256
""".split()


@dataclass(frozen=True)
class Merged:
    """Tasks of the target now, rows that came, rows that were there, and different results."""

    tasks: int
    added: int
    same: int
    conflicts: list[str]  # a line for each task whose rows have different results


@dataclass(frozen=True)
class _Row:
    """A row of a store and what decides whether it counts."""

    folder: Path
    line: int
    values: Any

    @property
    def rank(self) -> tuple[bool, str]:
        """Rows that were not interrupted are above those that were; later ones above earlier."""
        return self.values.termination != "interrupted", str(self.values.finished or "")

    @property
    def result(self) -> tuple[Any, ...]:
        """What should be the same in all rows of a task."""
        return self.values.verdict, self.values.primal_bound, self.values.dual_bound


def merge(folders: Sequence[Path], out: Path) -> Merged:
    """Merge stores into the folder `out`.

    Raises
    ------
    BadInput
        A folder without results, rows that this version cannot read, or a run that writes to `out`.
    """
    sources = list(dict.fromkeys(folder.resolve() for folder in folders))
    target = out.resolve()
    sources = [folder for folder in sources if folder != target]
    here = [target] if (target / store.RUNS).is_file() else []
    groups: dict[str, list[_Row]] = {}
    for folder in here + sources:
        for line, values in store.numbered(folder, READ):
            groups.setdefault(values.task_key, []).append(_Row(folder, line, values))
    best = {key: max(rows, key=lambda row: row.rank) for key, rows in groups.items()}
    new = [row for row in best.values() if row.folder != target]
    checks, records = _checks(here + sources, best), _records(here + sources)
    plan = _plan(here + sources)
    with store.Writer(target) as writer:
        for row in new:  # before the rows that need them
            _copy_files(row, target)
        writer.extend(_lines(sources, new))
    for name, lines in ((store.CHECKS, checks), (RECORDS, records), (store.PLAN, plan)):
        if lines:
            store.write_atomically(target / name, b"".join(lines))
    return Merged(
        tasks=len(best),
        added=len(new),
        same=sum(_is_copy(row, best[key]) for key, rows in groups.items() for row in rows),
        conflicts=[line for rows in groups.values() for line in _conflict(rows)],
    )


def _is_copy(row: _Row, best: _Row) -> bool:
    return row is not best and row.values.run_id == best.values.run_id


def _conflict(rows: Sequence[_Row]) -> Iterator[str]:
    """A line where rows that ended by themselves have different results."""
    ended = [row for row in rows if row.rank[0]]
    if len({row.result for row in ended}) > 1:
        one = ended[0].values
        results = ", ".join(dict.fromkeys(_shown(row) for row in ended))
        yield f"{one.instance}, {one.objective}, {one.method}: {results}"


def _shown(row: _Row) -> str:
    verdict, primal, dual = row.result
    return f"{verdict} [{dual}, {primal}] in {row.folder.name}"


def _lines(sources: Sequence[Path], new: Sequence[_Row]) -> Iterator[bytes]:
    """The lines of these rows, store by store."""
    for folder in sources:
        wanted = {row.line for row in new if row.folder == folder}
        with open(folder / store.RUNS, "rb") as file:
            for number, line in enumerate(file, start=1):
                if number in wanted:
                    yield line if line.endswith(b"\n") else line + b"\n"


def _copy_files(row: _Row, target: Path) -> None:
    """The log, the proof and the instance of a row; what it has not is not there after it, too."""
    key, sha256 = row.values.task_key, str(row.values.instance_sha256)
    for place in (store.log_file, store.proof_file):
        place(target, key).unlink(missing_ok=True)
    pairs = [
        (place(row.folder, key), place(target, key)) for place in (store.log_file, store.proof_file)
    ]
    kept = store.instance_file(row.folder, sha256), store.instance_file(target, sha256)
    for source, copy in [*pairs, kept]:
        if source.is_file() and not source.is_symlink():
            copy.parent.mkdir(exist_ok=True)
            try:
                shutil.copyfile(source, copy)
            except OSError as error:
                raise BadInput(f"cannot copy {source}: {error.strerror}") from None


def _checks(folders: Sequence[Path], best: dict[str, _Row]) -> list[bytes]:
    """Lines of later checks that are about the rows which count."""
    kept = {}
    for folder in folders:
        for line in store.checks(folder):
            row = best.get(line["task_key"])
            if row is not None and row.values.run_id == line.get("run_id"):
                kept[line["task_key"]] = store.to_line(line)
    return list(kept.values())


def _records(folders: Sequence[Path]) -> list[bytes]:
    records = [record for folder in folders for record in read_records(folder)]
    return [store.to_line(record) for record in {str(r.get("run_id")): r for r in records}.values()]


def _plan(folders: Sequence[Path]) -> list[bytes]:
    """The plans as one: all their tasks."""
    plans = [plan for plan in map(store.read_plan, folders) if plan]
    if not plans:
        return []
    names = dict.fromkeys(str(plan.get("testset", "all")) for plan in plans)
    joined: dict[str, Any] = {
        **plans[-1],
        "testset": next(iter(names)) if len(names) == 1 else "merged",
    }
    for part in ("instances", "limits", "keys"):
        values = [value for plan in plans for value in plan.get(part, [])]
        joined[part] = list(dict.fromkeys(map(_hashable, values)))
    return [json.dumps(joined).encode()]


def _hashable(value: Any) -> Any:
    return value if isinstance(value, (int, float)) else str(value)
