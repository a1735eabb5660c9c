"""Answer: what a method says about an instance. Claims only; `check` finds what is true of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from types import NoneType
from typing import Any

from milpsparse import network as networks
from milpsparse.anytime import Trace, trace_of
from milpsparse.network import Network

_NUMBERS = """
claimed_primal_bound claimed_dual_bound claimed_generic_bound bound_used node_count n_rows n_cols
n_binaries n_nonzeros build_time_s solve_time_s
""".split()

UNREADABLE = "unreadable answer"  # how the raw status of an ERROR begins where there was a reply

SCOPES = ("all", "within_bound")  # what a lower bound holds for


class Termination(StrEnum):
    """Why a method stopped. Whether it has a network is a separate fact."""

    OPTIMAL = "optimal"  # it claims that its value equals its lower bound
    FEASIBLE = "feasible"  # it ended by itself, with a network and without a matching bound
    INFEASIBLE = "infeasible"  # it claims that no network fits
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    INTERRUPTED = "interrupted"
    ERROR = "error"  # it failed; raw_status has its last words
    NOT_AVAILABLE = "not_available"  # it refuses this instance, or is missing here; never a failure


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a method returns.

    `claimed_dual_bound` is a lower bound on the objective, claimed for all networks (scope "all")
    or for those with |u| <= bound_used ("within_bound"). `claimed_generic_bound` is one that holds
    for almost every label vector, and so proves nothing about this one. `raw_status` keeps the
    solver's words. `proof` holds the lines of a proof file, by which the lower bound is more than a
    claim. `trace` is the anytime record of both bounds, claimed too; empty where none is kept.
    """

    objective: str
    termination: Termination
    network: Network | None = None
    claimed_primal_bound: float | None = None
    claimed_dual_bound: float | None = None
    claimed_generic_bound: float | None = None
    dual_bound_scope: str = "within_bound"
    bound_used: float | None = None
    raw_status: str = ""
    model: str | None = None
    solver: str | None = None
    solver_version: str | None = None
    node_count: int | None = None
    n_rows: int | None = None
    n_cols: int | None = None
    n_binaries: int | None = None
    n_nonzeros: int | None = None
    build_time_s: float | None = None
    solve_time_s: float | None = None
    stats: Mapping[str, Any] = field(default_factory=dict)
    proof: Sequence[str] | None = None
    trace: Trace = ()

    def __post_init__(self) -> None:
        if self.dual_bound_scope not in SCOPES:
            raise ValueError(f"dual_bound_scope {self.dual_bound_scope!r}: one of {SCOPES}")

    def with_(self, **changes: Any) -> Answer:
        """A copy with some fields changed."""
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """The answer as plain JSON values; `from_json` reads it back."""
        out = {f.name: getattr(self, f.name) for f in fields(self)}
        out["network"] = None if self.network is None else self.network.to_json()
        out["stats"] = dict(self.stats)
        return out


def from_json(data: Mapping[str, Any], n_features: int) -> Answer:
    """Read an answer; ValueError, KeyError or TypeError when the data are none."""
    known = {f.name for f in fields(Answer)} & data.keys()
    values = {name: data[name] for name in known}
    values["termination"] = Termination(values["termination"])
    for name in _NUMBERS:
        if not isinstance(values.get(name), (int, float, NoneType)):
            raise TypeError(f"{name} is no number: {values[name]!r}")
    proof = values.get("proof")
    if proof is not None and not all(isinstance(line, str) for line in proof):
        raise TypeError("a proof is a list of lines")
    values["trace"] = trace_of(values.get("trace") or ())
    if values.get("network") is not None:
        values["network"] = networks.from_json(values["network"], n_features)
    return Answer(**values)
