"""Claims against each other: every pair of rows on one instance and objective, as PAVER does.

Rows of one group have the same data, bound and flags (they share the instance's hash). Compared are
- a lower bound, claimed or proved, or "infeasible", with the verified exact network of another row;
- the optima of two rows, where only networks within tolerance stand behind them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from milpsparse.judge import PROVED, TOLERANCE, rounded
from milpsparse.objective import Objective, objective_of_row

Row = Mapping[str, Any]


class Contradiction(NamedTuple):
    """What is wrong with a row's claim: the verdict and the reason, which names the other row."""

    verdict: str
    reason: str


class _Lower(NamedTuple):
    """A lower bound that a row stands for."""

    value: float
    for_all: bool  # networks; else for those within the bound that the row used
    words: str


def contradictions(rows: Iterable[Row]) -> dict[str, Contradiction]:
    """Task keys whose claim another row contradicts, each with its strongest contradiction.

    Rows that failed their own check are named there; still, their verified networks count.
    """
    groups = defaultdict(list)
    for row in rows:
        groups[row["instance_sha256"], row["objective"]].append(row)
    found: dict[str, Contradiction] = {}
    for (_, objective), group in groups.items():
        goal = objective_of_row(objective)
        exact = [row for row in group if row["primal_bound"] is not None and row["exact"]]
        rivals = sorted(exact, key=_rank)
        claimed = [row for row in group if not str(row["verdict"]).startswith("fail")]
        for row in claimed:
            if reason := _refuted(row, rivals, goal):
                found[row["task_key"]] = Contradiction("fail_dual_bound", reason)
        standing = [row for row in claimed if row["task_key"] not in found]
        for row, reason in _different_optima(standing, goal):
            found.setdefault(row["task_key"], Contradiction("fail_inconsistent", reason))
    return found


def _refuted(row: Row, rivals: Sequence[Row], objective: Objective) -> str:
    """Why a lower bound of this row cannot hold, "" where no rival, best first, is below it."""
    for lower in _lower_bounds(row):
        for rival in rivals:
            if not _above(rounded(lower.value, objective), rival["primal_bound"]):
                break
            if lower.for_all or _within(rival, row):
                has = f"{rival['method']} has a verified {rival['primal_bound']:g}"
                return f"{lower.words}; {has}"
    return ""


def _rank(row: Row) -> tuple[float, bool]:
    """Least value first; of equal ones, rows whose own claims hold."""
    return row["primal_bound"], str(row["verdict"]).startswith("fail")


def _lower_bounds(row: Row) -> Iterator[_Lower]:
    bounded = row["bound"] is not None
    claim = row["claimed_dual_bound"]
    if claim is not None and math.isfinite(float(claim)):
        for_all = bounded or row["claimed_dual_bound_scope"] == "all"
        yield _Lower(float(claim), for_all, f"claims the lower bound {float(claim):g}")
    if row.get("claimed_termination") == "infeasible":
        yield _Lower(math.inf, bounded, "claims that no network fits")
    if row.get("evidence") in PROVED and row.get("dual_bound") is not None:
        value, for_all = float(row["dual_bound"]), bounded or row["dual_bound_scope"] == "all"
        yield _Lower(value, for_all, f"has the lower bound {value:g} by {row['evidence']}")


def _different_optima(rows: Sequence[Row], objective: Objective) -> Iterator[tuple[Row, str]]:
    """Rows that claim an optimum other than the least one claimed; and the row of that.

    A network within tolerance may well be below a proved bound: that is no contradiction.
    """
    optimal = [r for r in rows if r.get("claimed_termination") == "optimal"]
    optimal = [r for r in optimal if r["primal_bound"] is not None]
    least = min(optimal, key=lambda r: r["primal_bound"], default=None)
    for row in optimal:
        if least is None or row.get("evidence") in PROVED or not _within(least, row):
            continue
        if _above(row["primal_bound"], least["primal_bound"]):
            yield row, _one_of(row, least)
            yield least, _one_of(least, row)


def _one_of(row: Row, other: Row) -> str:
    mine, others = row["primal_bound"], other["primal_bound"]
    return f"claims the optimum {mine:g}, {other['method']} {others:g}: one of them is wrong"


def _above(bound: float, value: float) -> bool:
    return bound > value + TOLERANCE * max(1.0, abs(value))


def _within(rival: Row, claim: Row) -> bool:
    """Whether the rival's network fits the bound within which the claim is made."""
    if claim["bound"] is not None:
        return True
    used, other = claim["bound_used"], rival["bound_used"]
    if used is None:
        return rival is claim
    return bool((other is not None and other <= used) or _largest(rival) <= used)


def _largest(row: Row) -> float:
    """The largest path parameter of a row's network; infinite where it is not stored."""
    network = row.get("network")
    if not network:
        return math.inf
    entries = [*network["biases"], *(w for weights in network["weights"] for w in weights)]
    return max(map(abs, entries), default=0.0)
