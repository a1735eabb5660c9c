"""Rows as a pandas frame: one row a task, typed columns, ready for analysis."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milpsparse.errors import BadInput
from milpsparse.harness import store

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = """
schema run_id task_key instance instance_sha256 family n_samples n_features objective skip
count_bias bound method model solver solver_version options threads seed perm bound_rule
time_limit_s memory_limit_mb environment bound_used dual_bound_scope claimed_dual_bound_scope
claimed_termination termination raw_status claimed_primal_bound claimed_dual_bound node_count
n_rows n_cols n_binaries n_nonzeros
wall_time_s build_time_s solve_time_s cpu_time_s peak_memory_mb exit_code killed_by
check_time_s verdict primal_bound dual_bound evidence generic_bound gap gap_int exact verified
max_residual bound_active n_neurons n_parameters fail_reason dual_bound_reason
host machine python git_sha git_dirty started finished trace
""".split()

_NUMBERS = """
bound bound_used claimed_primal_bound claimed_dual_bound primal_bound dual_bound generic_bound gap
gap_int wall_time_s build_time_s solve_time_s cpu_time_s peak_memory_mb check_time_s max_residual
time_limit_s n_neurons n_parameters node_count n_rows n_cols n_binaries n_nonzeros
""".split()


def read_rows(path: str | Path) -> pd.DataFrame:
    """The rows of a results folder, one a task, latest first checked; `network` stays in the file.

    Raises
    ------
    BadInput
        No results there, or rows that this version cannot read.
    """
    folder = Path(path)
    if folder.is_file():
        folder = folder.parent
    if not folder.is_dir():
        raise BadInput(f"no folder {folder}: run `milpsparse run --out {folder}` first")
    with _without_collection():
        return _framed(store.columns(folder, COLUMNS))


def frame(rows: list[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a frame with all COLUMNS, numbers as floats (missing ones NaN)."""
    return _framed({name: [row.get(name) for row in rows] for name in COLUMNS})


@contextmanager
def _without_collection() -> Iterator[None]:
    """Python looks for no cycles: there are none among millions of new objects, which all live."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _framed(columns: dict[str, list[Any]]) -> pd.DataFrame:
    """Columns as a frame; they are taken out one by one, so that memory is freed on the way."""
    import pandas as pd

    typed = {}
    for name in COLUMNS:
        values = columns.pop(name)
        if name in _NUMBERS:
            typed[name] = pd.to_numeric(pd.Series(values, dtype=object)).astype(float)
        else:
            typed[name] = pd.Series(_shared(values), dtype=None if values else object)
    return pd.DataFrame(typed, columns=COLUMNS)


def _shared(values: list[Any]) -> list[Any]:
    """The values, where equal texts are one object: names come again in thousands of rows."""
    seen: dict[str, str] = {}
    return [seen.setdefault(v, v) if isinstance(v, str) else v for v in values]
