"""The store: one JSON line a finished task in runs.jsonl, appended and fsynced by one writer.

A last line torn by a crash is dropped. Of several rows with one task key the last one counts. Rows
are read one after another, so that a store may be larger than the memory.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import msgspec

from milpsparse.errors import BadInput
from milpsparse.instance import Instance
from milpsparse.instance_files import to_json

SCHEMA = 1
RUNS = "runs.jsonl"
CHECKS = "checks.jsonl"
PLAN = "plan.json"
LOCK_TRIES = 5  # `is_written` holds the lock for a moment
CHUNK = 2**16
_NAME = re.compile(r"\w[\w.-]*")


class Writer:
    """Appends rows to a store; a second writer of the same folder is refused."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = open(folder / RUNS, "ab+")  # noqa: SIM115  # closed by __exit__
        except OSError as error:
            raise BadInput(f"cannot write to {folder}: {error.strerror}") from None
        if not _locked(self._file, fcntl.LOCK_EX, LOCK_TRIES):
            self._file.close()
            raise BadInput(f"another run is writing to {folder}: wait, or use --out")
        _drop_torn_line(self._file)
        sync_folder(folder)

    def append(self, row: dict[str, Any]) -> None:
        """Write one row and wait until it is on disk."""
        _append(self._file, to_line(row))

    def extend(self, lines: Iterable[bytes]) -> None:
        """Write many lines and wait once."""
        self._file.writelines(lines)
        _append(self._file, b"")

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def _locked(file: Any, kind: int, tries: int = 1) -> bool:
    """Whether the lock of a file is ours now."""
    for left in reversed(range(tries)):
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(0.05 if left else 0)
    return False


def _drop_torn_line(file: Any) -> None:
    """Cut a file after its last line break, which is looked for from the end."""
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        begin = max(0, end - CHUNK)
        file.seek(begin)
        if (at := file.read(end - begin).rfind(b"\n")) >= 0:
            end = begin + at + 1
            break
        end = begin
    file.truncate(end)
    file.seek(0, os.SEEK_END)


def _append(file: Any, line: bytes) -> None:
    file.write(line)
    file.flush()
    os.fsync(file.fileno())


def append_line(path: Path, values: dict[str, Any]) -> None:
    """Add an object to a file of JSON lines and wait until it is on disk."""
    with open(path, "ab+") as file:
        _drop_torn_line(file)
        _append(file, to_line(values))


def is_written(folder: Path) -> bool:
    """Whether a run writes to the folder now."""
    try:
        with open(folder / RUNS, "rb") as file:
            return not _locked(file, fcntl.LOCK_SH)
    except OSError:
        return False


def to_line(row: dict[str, Any]) -> bytes:
    """A row as one JSON line; numbers that are not finite become null, broken Unicode a "?"."""
    return json.dumps(plain(row), allow_nan=False).encode() + b"\n"


def plain(value: Any) -> Any:
    """A value as JSON can hold it: numbers that are not finite are None, tuples lists."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):  # half of a surrogate pair cannot be read again
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {plain(str(k)): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON lines, without a torn last one.

    Raises
    ------
    BadInput
        Unreadable, a damaged line before the last, or rows of another schema version.
    """
    for number, row in _decoded(path, dict[str, Any]):
        _require(path, number, row.get("schema"), row.get("task_key"))
        yield row


def _decoded(path: Path, kind: Any) -> Iterator[tuple[int, Any]]:
    """The lines of a file with their numbers, decoded as one kind of object."""
    decoder = msgspec.json.Decoder(kind)
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    row = decoder.decode(line)
                except (ValueError, RecursionError):
                    if not line.endswith(b"\n"):  # torn while being written
                        return
                    raise _no_row(path, number) from None
                yield number, row
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from None


def objects(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines, whatever they hold, without a torn last one."""
    yield from (found for _, found in _decoded(path, dict[str, Any]))


def _require(path: Path, number: int, schema: Any, key: Any) -> None:
    """Refuse what is no row, and a row of another schema."""
    if not isinstance(key, str) or not _NAME.fullmatch(key):
        raise _no_row(path, number)
    if type(schema) is not int or schema != SCHEMA:
        shown = str(schema)[:30]
        raise BadInput(f"{path}, line {number}: schema {shown}, this version reads {SCHEMA}")


def _no_row(path: Path, number: int) -> BadInput:
    return BadInput(f"{path}, line {number}: not a row of results")


def latest(folder: Path) -> dict[str, dict[str, Any]]:
    """The last row of every task, with the columns of a later check laid over it."""
    rows = {row["task_key"]: row for row in lines(_runs(folder))}
    for checked in checks(folder):
        row = rows.get(checked["task_key"])
        if row is not None and row.get("run_id") == checked.get("run_id"):
            row.update(checked)
    return rows


def columns(folder: Path, names: Sequence[str]) -> dict[str, list[Any]]:
    """The same as `latest`, but only some columns, each as a list; None where a row lacks one.

    Only these are decoded: a hundred thousand rows take half a second.
    """
    rows = {row.task_key: row for _, row in numbered(folder, names)}
    wanted = set(names)
    for checked in checks(folder):
        row = rows.get(checked["task_key"])
        if row is not None and row.run_id == checked.get("run_id"):
            for name in checked.keys() & wanted:
                setattr(row, name, checked[name])
    return {name: [getattr(row, name) for row in rows.values()] for name in names}


def numbered(folder: Path, names: Sequence[str]) -> Iterator[tuple[int, Any]]:
    """Every row of a folder with the number of its line, as an object of these columns."""
    wanted = dict.fromkeys([*names, "schema", "task_key", "run_id"])
    kind = msgspec.defstruct("Row", [(name, Any, None) for name in wanted])
    for number, row in _decoded(_runs(folder), kind):
        _require(folder / RUNS, number, row.schema, row.task_key)
        yield number, row


def checks(folder: Path) -> Iterator[dict[str, Any]]:
    """The lines of a later check; none where there was none."""
    if (folder / CHECKS).is_file():
        yield from lines(folder / CHECKS)


def _runs(folder: Path) -> Path:
    runs = folder / RUNS
    if not runs.is_file():
        raise BadInput(f"{folder} holds no results ({RUNS} is missing): milpsparse run --out DIR")
    return runs


def instance_file(folder: Path, sha256: str) -> Path:
    """Where a results folder keeps an instance that is not the library's."""
    return folder / "instances" / f"{_name(sha256[:16])}.json"


def keep_instance(folder: Path, instance: Instance) -> None:
    """Copy an instance into a results folder, so that rows about it can be checked again."""
    path = instance_file(folder, instance.sha256)
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, to_json(instance).encode())


def proof_file(folder: Path, task_key: str) -> Path:
    """Where a results folder keeps the proof of a task's lower bound."""
    return folder / "proofs" / f"{_name(task_key)}.proof.gz"


def log_file(folder: Path, task_key: str) -> Path:
    """Where a results folder keeps what a task printed."""
    return folder / "logs" / f"{_name(task_key)}.log"


def _name(text: str) -> str:
    """A name of a file that stays in its folder, whatever a store says."""
    if not _NAME.fullmatch(text):
        raise BadInput(f"{text[:40]!a} is no key or hash of a row")
    return text


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file in one step, so that a crash leaves the old or the new one."""
    temporary = path.with_suffix(path.suffix + ".part")
    with open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names of a folder's files are on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_plan(folder: Path) -> dict[str, Any]:
    """The last plan of the folder: testset, keys of its tasks, when it began; {} without one.

    Parts that are not what they should be are left out, for a plan is no result.
    """
    plan = read_object(folder / PLAN)
    return {
        name: value
        for name, value in plan.items()
        if name not in _PLAN or _is_a(value, _PLAN[name])
    }


def read_object(path: Path) -> dict[str, Any]:
    """The object of a JSON file; {} where there is none."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


_PLAN: dict[str, Any] = {
    "testset": str,
    "instances": list[str],
    "limits": list[float],
    "keys": list[str],
    "jobs": Annotated[int, msgspec.Meta(ge=1, le=10**6)],
    "began": float,
}


def _is_a(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, OverflowError):
        return False
    return True
