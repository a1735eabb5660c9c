"""Claims that nothing can verify, against each other and against what is known, as PAVER does.

An imported value without a network is a claim, like a lower bound. Compared are
- every lower bound with every value that another run claims: one of the two is wrong;
- values and lower bounds with the optima and bounds of imported .solu files;
- values with the lower bounds that are proved here;
and the known values themselves with the verified networks of the folder.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from milpsparse.harness.contradictions import Contradiction
from milpsparse.imported import is_imported
from milpsparse.judge import PROVED, TOLERANCE

ABSOLUTE = 1e-4  # values and bounds that differ by less are no contradiction, as in PAVER

Row = Mapping[str, Any]
Known = Mapping[str, list[dict[str, Any]]]


class _Said(NamedTuple):
    """A value or a lower bound, and who says so."""

    value: float
    who: str


def inconsistent(rows: Iterable[Row], known: Known) -> dict[str, Contradiction]:
    """Task keys of imported claims that cannot hold, or not beside another claim."""
    groups = defaultdict(list)
    for row in rows:
        groups[row["instance_sha256"], row["objective"]].append(row)
    found: dict[str, Contradiction] = {}
    for group in groups.values():
        claims = [row for row in group if is_imported(row) and not _failed(row)]
        facts = list(_facts(group, known))
        for row in claims:
            others = [claim for claim in claims if claim is not row]
            if contradiction := _refuted(row, facts) or _disputed(row, others):
                found[row["task_key"]] = contradiction
    return found


def _failed(row: Row) -> bool:
    return str(row["verdict"]).startswith("fail")


def _facts(group: list[Row], known: Known) -> Iterator[tuple[str, _Said]]:
    """Lower bounds ("lower") and values ("value") that claims must obey."""
    first = group[0]
    for entry in known.get(first["instance"], []):
        if entry["objective"] == first["objective"] and entry["status"] != "inf":
            said = _Said(float(entry["value"]), f"{entry['source']} has ={entry['status']}=")
            if entry["status"] in ("opt", "bestdual"):
                yield "lower", said
            if entry["status"] in ("opt", "best"):
                yield "value", said
    for row in group:
        if row["evidence"] in PROVED and row["dual_bound"] is not None and not _failed(row):
            yield "lower", _Said(float(row["dual_bound"]), f"{row['method']} has proved")


def _refuted(row: Row, facts: list[tuple[str, _Said]]) -> Contradiction | None:
    """What a claim is refuted by."""
    value, lower = _number(row["claimed_primal_bound"]), _number(row["claimed_dual_bound"])
    optimal = row["claimed_termination"] == "optimal"
    for kind, fact in facts:
        beside = f"{fact.who} {fact.value:g}"
        if kind == "lower" and value is not None and _above(fact.value, value):
            return Contradiction("fail_objective_value", f"claims the value {value:g}; {beside}")
        if kind == "value" and lower is not None and _above(lower, fact.value):
            reason = f"claims the lower bound {lower:g}; {beside}"
            return Contradiction("fail_dual_bound", reason)
        if kind == "value" and optimal and value is not None and _above(value, fact.value):
            return Contradiction("fail_inconsistent", f"claims the optimum {value:g}; {beside}")
    return None


def _disputed(row: Row, others: list[Row]) -> Contradiction | None:
    """Another claim that cannot hold beside this one."""
    for mine, theirs, claims, beside in (
        ("claimed_dual_bound", "claimed_primal_bound", "lower bound", "value"),
        ("claimed_primal_bound", "claimed_dual_bound", "value", "lower bound"),
    ):
        own = _number(row[mine])
        said = [_Said(v, o["method"]) for o in others if (v := _number(o[theirs])) is not None]
        if own is None or not said:
            continue
        rival = min(said) if claims == "lower bound" else max(said)
        pair = (own, rival.value) if claims == "lower bound" else (rival.value, own)
        if _above(*pair):
            reason = f"claims the {claims} {own:g}; {rival.who} the {beside} {rival.value:g}"
            return Contradiction("fail_inconsistent", f"{reason}: one of them is wrong")
    return None


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(float(value)) else float(value)


def _above(lower: float, value: float) -> bool:
    """Whether a lower bound is above a value, absolutely and relatively."""
    return lower - value > max(ABSOLUTE, TOLERANCE * max(1.0, abs(lower), abs(value)))


def contradicted(known: Known, rows: Iterable[Row]) -> list[str]:
    """Known lower bounds, optima and "infeasible" that a verified exact network is below."""
    best: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = row["instance"], row["objective"]
        if row["primal_bound"] is not None and row["exact"] and row["instance"] in known:
            best[key] = min(best.get(key, row), row, key=lambda r: float(r["primal_bound"]))
    found = []
    for name, entries in known.items():
        for entry in entries:
            row = best.get((name, entry["objective"]), {})
            lower = math.inf if entry["status"] == "inf" else entry["value"]
            value = row.get("primal_bound")
            if entry["status"] == "best" or value is None:
                continue
            if value < lower - TOLERANCE * max(1.0, abs(value)):
                said = " ".join([f"={entry['status']}=", *([f"{lower:g}"] * math.isfinite(lower))])
                found.append(
                    f"{name}, {entry['objective']}, {entry['source']}: says {said}; "
                    f"{row['method']} has a verified {value:g}"
                )
    return found
