"""Where the rows come from, and the commands that make them again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from milpsparse.harness.records import repeat
from milpsparse.imported import PREFIX
from milpsparse.report.results import Results
from milpsparse.report.text import is_missing, listed

if TYPE_CHECKING:
    import pandas as pd

MOST_RECORDS = 5  # of runs
REPEATED = {"-m": "method", "--objective": "objective", "--seed": "seed", "--perm": "perm"}
GREATEST = {
    "--time-limit": "time_limit_s",
    "--memory-limit": "memory_limit_mb",
    "--threads": "threads",
}


def facts(results: Results) -> list[tuple[str, str]]:
    """What the rows say of where and how they were made, as (label, text)."""
    rows = results.rows
    return [
        ("runs", f"{len(rows):,}" + (f"; {results.left:,} left" if results.left else "")),
        ("test set", f"{results.name}, {rows['instance'].nunique():,} instances"),
        ("begun, ended", f"{_first(rows['started'], min)} to {_first(rows['finished'], max)}"),
        ("machine", _all(rows["machine"])),
        ("Python", _all(rows["python"])),
        ("solvers", listed(sorted(_solvers(rows)), 40) or "none"),
        ("git", listed(sorted(_commits(rows))) or "not a checkout"),
        ("limits", _limits(rows)),
        ("seeds", _all(rows["seed"])),
        ("permutations", _all(rows["perm"])),
        ("environment", _environment(rows)),
        *_recorded(results),
    ]


def warnings(results: Results) -> list[str]:
    """What a reader must know before comparing numbers."""
    rows = results.rows
    found = []
    if results.left:
        tasks = "1 task" if results.left == 1 else f"{results.left:,} tasks"
        found.append(f"Incomplete: {tasks} of the run without a row.")
    if rows["time_limit_s"].nunique() > 1:
        found.append("Time limits differ: means compare unlike runs.")
    if rows["machine"].nunique() > 1:
        found.append("Runs of several machines: times compare unlike runs.")
    if rows["git_dirty"].eq(True).any():
        found.append("Some rows were made by code with changes that were not committed.")
    if len(_commits(rows)) > 1:
        found.append("Rows come from several versions of the code.")
    return found


def commands(results: Results) -> list[tuple[str, str]]:
    """What makes the rows again, as (purpose, command line)."""
    folder = shlex.quote(str(results.folder))
    key = results.rows["task_key"].iloc[0]
    found = [
        (f"the run of {str(record.get('started'))[:16].replace('T', ' ')}", repeat(record))
        for record in _used(results)
    ]
    ours = results.rows[~results.rows["method"].astype(str).str.startswith(PREFIX)]
    if "testset" in results.plan and len(ours):
        found.append(("all rows, elsewhere", shlex.join(_run(ours, results.plan["testset"]))))
    return [
        *found,
        ("one task, by its key", f"milpsparse replay {folder} {key}"),
        ("the check of every answer", f"milpsparse check {folder}"),
        ("this page", f"milpsparse report {folder}"),
    ]


def _used(results: Results) -> list[Mapping[str, Any]]:
    """The records of the latest runs that made rows of these."""
    runs = set(results.rows["run_id"])
    return [record for record in results.records if record.get("run_id") in runs][-MOST_RECORDS:]


def _run(rows: pd.DataFrame, testset: str) -> Iterator[str]:
    """The words of the command that makes the rows."""
    yield from ("milpsparse", "run", "-t", str(testset))
    for option, column in REPEATED.items():
        for value in rows[column].dropna().unique():
            yield from (option, str(value))
    for option, column in GREATEST.items():
        values = rows[column].dropna()
        if len(values):
            yield from (option, f"{float(values.max()):g}")
    if rows["bound_rule"].eq("none").all():
        yield from ("--bound", "none")
    yield from ("--out", "DIR")


def _recorded(results: Results) -> list[tuple[str, str]]:
    """What only the records of the runs say: packages, and the calibration of the machine."""
    used = _used(results)
    if not used:
        return []
    there = dict(used[-1].get("packages") or {})
    times = [f"{r['calibration_s']:.3g} s" for r in used if r.get("calibration_s") is not None]
    return [
        ("packages", ", ".join(f"{name} {version}" for name, version in there.items() if version)),
        ("calibration", f"{', '.join(times) or '–'}: one fixed integer program in HiGHS"),
    ]


def _environment(rows: pd.DataFrame) -> str:
    """The variables of threads that the tasks had."""
    found = [value for value in rows["environment"] if isinstance(value, dict)]
    pairs = sorted({f"{name}={value}" for one in found for name, value in one.items()})
    return listed(pairs) or "–"


def _limits(rows: pd.DataFrame) -> str:
    memory = rows["memory_limit_mb"].dropna().unique()
    parts = [f"{t:g} s" for t in sorted(rows["time_limit_s"].unique())]
    parts += [f"{m:g} MB" for m in sorted(memory)] or ["no memory limit"]
    return ", ".join([*parts, *(f"{n} thread(s)" for n in sorted(rows["threads"].unique()))])


def _solvers(rows: pd.DataFrame) -> set[str]:
    pairs = rows[["solver", "solver_version"]].drop_duplicates().itertuples(index=False)
    return {f"{solver} {version}" for solver, version in pairs if not is_missing(solver)}


def _commits(rows: pd.DataFrame) -> set[str]:
    pairs = rows[["git_sha", "git_dirty"]].drop_duplicates().itertuples(index=False)
    return {f"{sha}{' with changes' if dirty else ''}" for sha, dirty in pairs if sha}


def _all(values: pd.Series[Any]) -> str:
    return listed(sorted(map(str, values.dropna().unique())))


def _first(values: pd.Series[Any], choose: Any) -> str:
    """The least or greatest time, to the minute."""
    times = values.dropna()
    return str(choose(times))[:16].replace("T", " ") if len(times) else "–"
