"""Claims against each other: a lower bound of one method above a verified network of another."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from milpsparse.judge import TOLERANCE, rounded
from milpsparse.objective import parse_objective


def contradictions(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Task keys whose claimed lower bound another row's verified network refutes, with the reason.

    The verified side stands where its network is exact. Rows compare on one instance and objective;
    a bound that holds only within a bound used for an unbounded instance is compared with networks
    of that bound alone.
    """
    groups = defaultdict(list)
    for row in rows:
        groups[row["instance_sha256"], row["objective"]].append(row)
    found: dict[str, str] = {}
    for (_, objective), group in groups.items():
        goal = parse_objective(objective)
        for row in group:
            claim = None if row["claimed_dual_bound"] is None else float(row["claimed_dual_bound"])
            if claim is None or not math.isfinite(claim) or str(row["verdict"]).startswith("fail"):
                continue
            sure = [r for r in group if r["primal_bound"] is not None and r["exact"]]
            rivals = [r for r in sure if _comparable(row, r)]
            best = min(rivals, key=lambda r: r["primal_bound"], default=None)
            if best is None:
                continue
            value = best["primal_bound"]
            if rounded(claim, goal) > value + TOLERANCE * max(1.0, abs(value)):
                found[row["task_key"]] = (
                    f"claims the lower bound {claim:g}; {best['method']} has a verified {value:g}"
                )
    return found


def _comparable(claim: Mapping[str, Any], rival: Mapping[str, Any]) -> bool:
    if claim["bound"] is not None or claim["claimed_dual_bound_scope"] == "all":
        return True
    used, other = claim["bound_used"], rival["bound_used"]
    return used is not None and other is not None and other <= used
