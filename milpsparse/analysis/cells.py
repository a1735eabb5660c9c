"""The cells of a table by instance: instances down, methods across, of one objective."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from milpsparse.analysis.outcomes import best_bounds
from milpsparse.analysis.seeds import average
from milpsparse.judge import PROVED, rounded
from milpsparse.objective import Objective, objective_of_row

if TYPE_CHECKING:
    import pandas as pd

LEGEND = """\
A cell is the verified value, [the method's best lower bound], and the wall time. **3 proved**:
optimal, by theorem, proof or exhaustive search and an exact network. 3 claimed: optimal by the
solver's word, which nothing contradicts. says 3: a claim without a network that could be verified.
time: stopped at the limit. ≈: the network fits within 1e-6 only. – : the method does not take the
instance. Of several seeds and permutations the worst run is shown, with the mean time and how many
are solved (2 of 3). The column `bound` holds the best lower bound of all methods: t theorem, c
claimed; `generic` holds for almost every labelling and proves nothing about this one.
"""
NOTHING = "–"
_FIELDS = """
termination verdict evidence exact primal_bound claimed_primal_bound claimed_dual_bound wall_time_s
n_solved n_seeds
""".split()


def instance_table(rows: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Text: best value and lower bounds of each instance, and what each method made of it.

    Instances and methods are in the order of the rows; seeds are averaged (see `average`).
    """
    import pandas as pd

    part = rows[rows["objective"] == objective]
    goal = objective_of_row(objective)
    names, methods = part["instance"].unique(), part["method"].unique()
    bounds = best_bounds(part).droplevel("objective").reindex(names)
    lines = {"instance": names, "best": map(number, bounds["best"])}
    pairs = zip(bounds["proved"], bounds["claimed"], strict=True)
    lines["bound"] = [_bound(*pair, goal) for pair in pairs]
    if goal.counts:
        lines["generic"] = map(number, part.groupby("instance")["generic_bound"].max()[names])
    runs = average(part)
    values = zip(*(runs[name] for name in _FIELDS), strict=True)
    text = [_cell(dict(zip(_FIELDS, run, strict=True)), goal) for run in values]
    table = (
        runs[["instance", "method"]]
        .assign(text=text)
        .pivot(index="instance", columns="method", values="text")
    )
    shown = table.reindex(index=names, columns=methods).fillna(NOTHING)
    return pd.DataFrame({**lines, **{m: shown[m].to_numpy() for m in methods}})


def _cell(run: dict[str, Any], objective: Objective) -> str:
    """One run."""
    if run["termination"] == "not_available":
        return NOTHING
    end = _time(run["wall_time_s"])
    if run["n_seeds"] > 1:
        end += f" ({run['n_solved']} of {run['n_seeds']})"
    if str(run["verdict"]).startswith("fail"):
        return f"{run['verdict']}{end}"
    value = number(run["primal_bound"])
    if value and not run["exact"]:
        value = "≈" + value
    if run["termination"] == "optimal":
        certain = run["evidence"] in PROVED
        return f"**{value} proved**{end}" if certain else f"{value} claimed{end}"
    dual, said = run["claimed_dual_bound"], number(run["claimed_primal_bound"])
    value = value or (f"says {said}" if said else "no network")
    bound = "" if math.isnan(dual) else f" [{number(rounded(dual, objective))}]"
    return f"{value}{bound}{' time' if run['termination'] == 'time_limit' else ''}{end}"


def _time(seconds: float) -> str:
    """Seconds, nothing where they are not known."""
    if math.isnan(seconds):
        return ""
    return f" {seconds:.2g} s" if seconds < 10 else f" {seconds:.0f} s"


def _bound(proved: float, claimed: float, objective: Objective) -> str:
    """The best lower bound, t where it is proved, c where one that is claimed is above it."""
    whole = rounded(claimed, objective)
    if not math.isnan(claimed) and (math.isnan(proved) or whole > proved):
        gain = math.isnan(proved) or claimed - proved > 1e-6 * max(1.0, abs(proved))
        if gain:
            return f"{number(whole)} c"
    return "" if math.isnan(proved) else f"{number(proved)} t"


def number(value: float) -> str:
    """A value or bound; nothing where there is none.

    >>> number(3.0), number(4.25), number(float("nan"))
    ('3', '4.25', '')
    """
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return str(value)
    return f"{value:.0f}" if value == int(value) else f"{value:.6g}"
