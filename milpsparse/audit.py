"""Audit of a model: is its answer an artefact of its big-M, how strong and how large is it?

An optimum that touches its bounds, or that changes with B, is one of the box and not of the data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse import checker
from milpsparse.answer import Answer
from milpsparse.checker import Verdict
from milpsparse.compiled import Compiled
from milpsparse.errors import Unsupported
from milpsparse.execute import solve_model
from milpsparse.formulation import Formulation, formulate
from milpsparse.instance import Instance
from milpsparse.judge import rounded
from milpsparse.method import Limits, Program
from milpsparse.naming import parse_method
from milpsparse.network import Network
from milpsparse.objective import Objective

TOUCH = 1e-6  # relative distance from a bound at which it counts as touched
COPIES = "_pyomo_gdp_hull"  # of variables, by Pyomo: the hull restates their bounds, no big-M
LARGEST_B = 1e15  # no doubling beyond it


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What was found. `facts` are those of `look`; `doubled` is the answer's check with 2B, or
    None where there is no B; `changes` whether the optimum does, None if the bounds leave it open.
    """

    instance: Instance
    objective: Objective
    method: str
    verdict: Verdict
    facts: Mapping[str, Any]
    doubled: Verdict | None
    changes: bool | None

    def to_json(self) -> dict[str, Any]:
        """The object that `milpsparse audit --json` prints."""
        checked = ("termination", "verdict", "verified", "primal_bound", "dual_bound", "evidence")
        bound = self.instance.bound
        return {
            "schema": 1,
            "instance": self.instance.name,
            "instance_sha256": self.instance.sha256,
            "objective": str(self.objective),
            "method": self.method,
            "bound": bound,
            **{name: getattr(self.verdict, name) for name in checked},
            **self.facts,
            "doubled_bound": None if self.doubled is None else 2 * bound,  # type: ignore[operator]
            "doubled_primal_bound": self.doubled and self.doubled.primal_bound,
            "doubled_dual_bound": self.doubled and self.doubled.dual_bound,
            "doubling_changes_optimum": self.changes,
        }


def audit(
    text: str, instance: Instance, objective: Objective, limits: Limits, bound: str = "auto"
) -> Audit:
    """Solve the model with B and with 2B, each within the time limit, and look at it.

    Raises
    ------
    UnknownName, BadInput, Unsupported, NotAvailable
        No model, or one that does not take this instance, or no solver for it.
    """
    stated = formulate(text, instance, objective, limits, bound)
    method = parse_method(text)
    instance = stated.instance
    answer = solve_model(method, instance, objective, _again(limits))
    verdict = _check(instance, answer)
    doubled = None
    if instance.bound is not None and instance.bound < LARGEST_B:
        wide = instance.replace(bound=2 * instance.bound, count_bias=instance.count_bias)
        start = answer.network if verdict.verified and verdict.exact else None
        doubled = _check(wide, solve_model(method, wide, objective, _again(limits), start))
    return Audit(
        instance=instance,
        objective=objective,
        method=method.name,
        verdict=verdict,
        facts=look(stated, answer.network if verdict.verified else None, limits),
        doubled=doubled,
        changes=doubling_changes(verdict, doubled, objective),
    )


def _again(limits: Limits) -> Limits:
    """The same limits on a clock that starts now."""
    return Limits(time_limit_s=limits.time_limit_s, threads=limits.threads, seed=limits.seed)


def _check(instance: Instance, answer: Answer) -> Verdict:
    return checker.check(instance, answer.with_(bound_used=instance.bound))


def doubling_changes(
    verdict: Verdict, doubled: Verdict | None, objective: Objective
) -> bool | None:
    """Whether the optimum with 2B is below that with B, from verified values and lower bounds."""
    if doubled is None:
        return None
    return changes(
        *(verdict.primal_bound, verdict.dual_bound),
        *(doubled.primal_bound, doubled.dual_bound),
        objective,
    )


def changes(
    value: float | None,
    lower: float | None,
    wide_value: float | None,
    wide_lower: float | None,
    objective: Objective,
) -> bool | None:
    """Whether an optimum in [wide_lower, wide_value] is surely below one in [lower, value].

    >>> neurons = Objective("neurons")
    >>> changes(3, 3, 2, 2, neurons), changes(3, 2, 3, 3, neurons), changes(4, 2, 3, 2, neurons)
    (True, False, None)
    """
    low = -math.inf if lower is None else rounded(lower, objective)
    wide_low = -math.inf if wide_lower is None else rounded(wide_lower, objective)
    slack = TOUCH * max(1.0, abs(value or 0.0))
    if wide_value is not None and low > wide_value + slack:
        return True
    return False if value is not None and wide_low >= value - slack else None


def look(stated: Formulation, network: Network | None, limits: Limits) -> dict[str, Any]:
    """Size, strength and numbers of a model, and where a network touches its big-M.

    An entry u_kj touches where |u_kj| is B (B times its copies in a block of a pattern model). A
    big-M row, of pre-activations and their parts, touches where its continuous side is M.
    """
    p = stated.compiled
    data = abs(p.A.data[p.A.data != 0])
    facts = {
        **p.sizes(),
        "n_indicators": len(p.when),
        "n_sos1": len(p.sos1),
        "coefficient_min": float(data.min(initial=math.inf)) if len(data) else None,
        "coefficient_max": float(data.max(initial=0.0)) if len(data) else None,
        "lp_root_bound": root_bound(p, stated.program, limits),
    }
    return facts | touching(stated, network)


def root_bound(p: Compiled, program: Program, limits: Limits) -> float | None:
    """The linear relaxation's bound on the objective; None if it takes longer than the limit.

    Indicator and SOS constraints are no part of it.
    """
    import highspy

    free = np.isin(np.arange(len(p.row_lower)), list(p.when))
    relaxed = replace(
        p,
        integer=np.zeros(len(p.c), bool),
        row_lower=np.where(free, -np.inf, p.row_lower),
        row_upper=np.where(free, np.inf, p.row_upper),
        when={},
        sos1=(),
    ).highs()
    relaxed.setOptionValue("time_limit", limits.time_limit_s)
    relaxed.setOptionValue("threads", limits.threads)
    relaxed.run()
    status = relaxed.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        value = math.inf
    elif status == highspy.HighsModelStatus.kOptimal:
        value = relaxed.getInfo().objective_function_value
    else:
        return None
    bound = program.dual_bound(value)
    return bound if bound is None or math.isfinite(bound) else None


def touching(stated: Formulation, network: Network | None) -> dict[str, int | None]:
    """Entries and big-M rows, and how many of them a network touches (None: not known)."""
    p = stated.compiled
    names = p.column_names()
    entry = np.array([name.startswith("u[") for name in names])  # so models call them
    copied = np.array([name.startswith(COPIES) for name in names])
    rows, big_m = big_m_rows(p)
    own = (p.A.tocsr()[rows] != 0) @ (~(copied | p.integer)).astype(int) > 0
    rows, big_m = rows[own], big_m[own]
    A = p.A.tocsr()[rows]
    of_entry = np.asarray((A != 0) @ (~(entry | p.integer)).astype(int)).ravel() == 0
    bounded = entry & (np.isfinite(p.upper) | _columns_of(A[of_entry]))
    counted: dict[str, int | None] = {
        "entries": int(bounded.sum()),
        "entries_at_big_m": None,
        "big_m_rows": int((~of_entry).sum()),
        "rows_at_big_m": None,
    }
    try:
        x = None if network is None else stated.point(network)
    except Unsupported:
        x = None
    if x is None:
        return counted
    sides = np.where(np.isfinite(p.row_upper), p.row_upper, p.row_lower)[rows]
    tight = abs(A @ x - sides) <= TOUCH * big_m
    touched = tight & (abs(A @ np.where(p.integer, 0.0, x)) >= (1 - TOUCH) * big_m)
    at_bound = np.isfinite(p.upper) & (abs(x) >= (1 - TOUCH) * p.upper)
    at = bounded & (at_bound | _columns_of(A[of_entry & touched]))
    return counted | {
        "entries_at_big_m": int(at.sum()),
        "rows_at_big_m": int((touched & ~of_entry).sum()),
    }


def _columns_of(A: Any) -> NDArray[np.bool_]:
    """The columns in which a matrix has anything."""
    found = np.zeros(A.shape[1], bool)
    found[A.indices] = True
    return found


def big_m_rows(p: Compiled) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows a . x <= M z (z an integer column or a sum of them) or a . x <= M (1 - z), and their M.

    Rows >= are taken with the other sign.
    """
    A = p.A.tocsr()
    below = np.isfinite(p.row_upper)
    sign = np.where(below, 1.0, -1.0)
    side = sign * np.where(below, p.row_upper, p.row_lower)
    one_sided = np.isfinite(p.row_lower) != below
    one_sided[list(p.when)] = False
    n_integer = np.asarray((A != 0) @ p.integer.astype(int)).ravel()
    n_entries = np.diff(A.indptr)
    total = sign * np.asarray(A @ p.integer.astype(float)).ravel()
    squares = np.asarray(A.multiply(A) @ p.integer.astype(float)).ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        each = total / n_integer  # all coefficients of z, if they are equal
        equal = np.isclose(squares, n_integer * each**2, rtol=1e-12)
    off = (side == 0) & (each < 0)  # a . x - M z <= 0
    on = np.isclose(side, each, rtol=1e-12) & (each > 0) & (n_integer == 1)  # a . x + M z <= M
    found = one_sided & (n_integer > 0) & (n_integer < n_entries) & equal & (off | on)
    rows = np.flatnonzero(found)
    return rows, abs(each[rows])
