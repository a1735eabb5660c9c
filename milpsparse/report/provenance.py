"""Where the rows come from, and the commands that make them again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from milpsparse.report.results import Results
from milpsparse.report.text import is_missing, listed

if TYPE_CHECKING:
    import pandas as pd


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
    ]


def warnings(results: Results) -> list[str]:
    """What a reader must know before comparing numbers."""
    rows = results.rows
    found = []
    if results.left:
        found.append(f"Incomplete: {results.left:,} tasks of the run have no row yet.")
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
    return [
        ("run it again, elsewhere", shlex.join(_run(results))),
        ("run one task again, by its key", f"milpsparse replay {folder} {key}"),
        ("check every answer again", f"milpsparse check {folder}"),
        ("write this page", f"milpsparse report {folder}"),
    ]


def _run(results: Results) -> Iterator[str]:
    """The words of the command."""
    rows = results.rows
    yield from ("milpsparse", "run", "-t", str(results.plan.get("testset", results.name)))
    for option, column in (("-m", "method"), ("--objective", "objective"), ("--seed", "seed")):
        for value in rows[column].unique():
            yield from (option, str(value))
    for option, column in (
        ("--time-limit", "time_limit_s"),
        ("--memory-limit", "memory_limit_mb"),
        ("--threads", "threads"),
    ):
        values = rows[column].dropna()
        if len(values):
            yield from (option, f"{float(values.max()):g}")
    yield from ("--out", "DIR")


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
