"""What a stored row must hold, for the day when one does not: the reason, in one line.

Commands read rows without asking; where that fails, `malformed` tells bad rows from bad code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from milpsparse.answer import Termination
from milpsparse.errors import BadInput
from milpsparse.harness import store

Number = float | None
Text = str | None
Flag = bool | None


class Row(msgspec.Struct, kw_only=True):
    """The columns that commands rely on, with their types."""

    schema: int
    run_id: str
    task_key: str
    instance: str
    instance_sha256: Text
    n_samples: int | None
    n_features: int | None
    objective: str
    skip: Flag
    count_bias: Flag
    bound: Number
    method: str
    model: Text
    solver: Text
    solver_version: Text
    options: dict[str, Any] | None
    threads: int | None
    seed: int | None
    perm: int | None
    time_limit_s: Number
    memory_limit_mb: Number
    bound_used: Number
    claimed_termination: Termination
    termination: Termination
    claimed_primal_bound: float | str | None
    claimed_dual_bound: float | str | None
    claimed_dual_bound_scope: Text
    raw_status: Text
    node_count: Number
    n_rows: Number
    n_cols: Number
    n_binaries: Number
    n_nonzeros: Number
    wall_time_s: Number
    build_time_s: Number
    solve_time_s: Number
    cpu_time_s: Number
    peak_memory_mb: Number
    check_time_s: Number
    verdict: str
    primal_bound: Number
    dual_bound: Number
    dual_bound_scope: Text
    evidence: Text
    generic_bound: Number
    gap: Number
    gap_int: Number
    exact: Flag
    verified: Flag
    max_residual: Number
    bound_active: Flag
    n_neurons: Number
    n_parameters: Number
    fail_reason: Text
    dual_bound_reason: Text
    network: dict[str, Any] | None
    stats: dict[str, Any] | None
    trace: list[tuple[float, Number, Number]] | None
    host: Text
    machine: Text
    python: Text
    git_sha: Text
    git_dirty: Flag
    started: Text
    finished: Text


def malformed(folder: Path) -> str | None:
    """Why a folder holds a row that is none, or None if all are as they must be."""
    try:
        rows = store.latest(folder)
    except BadInput as error:
        return str(error)
    for key, row in rows.items():
        try:
            msgspec.convert(row, Row)
        except (msgspec.ValidationError, RecursionError, OverflowError) as error:
            return f"{folder}, task {key}: not a row of results: {error}"
    return None
