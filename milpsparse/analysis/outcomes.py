"""What became of a run: solved, proved, wrong; the best bounds of all runs; and what they claim.

Only checked columns count: a run is solved when its verified bounds meet, proved when what its
lower bound rests on is a theorem, a proof or an exhaustive search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from milpsparse.judge import PROVED, TOLERANCE

if TYPE_CHECKING:
    import pandas as pd

KEYS = ["instance", "objective"]  # what a problem is


def solved(rows: pd.DataFrame) -> pd.Series[bool]:
    """Runs whose verified bounds meet and whose claims hold; whether proved or claimed."""
    return (rows["termination"] == "optimal") & ~failed(rows)


def proved(rows: pd.DataFrame) -> pd.Series[bool]:
    """Solved runs whose lower bound is a theorem, a proof or an exhaustive search."""
    return solved(rows) & rows["evidence"].isin(PROVED)


def failed(rows: pd.DataFrame) -> pd.Series[bool]:
    """Runs with a claim that did not hold, or that ended without an answer."""
    words = [word for word in rows["verdict"].unique() if str(word).startswith("fail")]
    return rows["verdict"].isin(words)


def available(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of methods that took the instance and could run here."""
    return rows[rows["termination"] != "not_available"]


def refuted(rows: pd.DataFrame) -> pd.Series[bool]:
    """Runs with a lower bound, checked or claimed, above a verified exact network of any run.

    A claim about the networks within a bound that the run chose for itself is not compared; the
    pairwise check (`milpsparse check`) looks closer at these, and at different optima.
    """
    exact = rows["primal_bound"].where(_column(rows, "exact", True).eq(True))
    best = exact.groupby([rows[key] for key in KEYS]).transform("min")
    above = best + TOLERANCE * np.maximum(1.0, best.abs())
    checked = rows["dual_bound"].gt(above) & _for_all(rows, "dual_bound_scope")
    claim = _column(rows, "claimed_dual_bound", np.nan)
    return checked | (claim.gt(above) & _for_all(rows, "claimed_dual_bound_scope"))


def wrong(rows: pd.DataFrame) -> pd.Series[bool]:
    """Runs that failed, or with a lower bound that another run refutes."""
    return failed(rows) | refuted(rows)


def _for_all(rows: pd.DataFrame, scope: str) -> pd.Series[bool]:
    """Lower bounds that every network of the instance must obey."""
    return _column(rows, "bound", 0.0).notna() | _column(rows, scope, "all").eq("all")


def _column(rows: pd.DataFrame, name: str, default: Any) -> pd.Series[Any]:
    """A column, or the default for frames without it."""
    import pandas as pd

    return rows[name] if name in rows else pd.Series(default, index=rows.index)


def best_bounds(rows: pd.DataFrame) -> pd.DataFrame:
    """Best verified value and best lower bound (proved, claimed) of each instance and objective.

    A claimed bound above the best verified value is refuted and does not count.
    """
    import pandas as pd

    groups = [rows[key] for key in KEYS]
    own = rows["primal_bound"].groupby(groups).transform("min")
    above = rows["dual_bound"] > own + TOLERANCE * np.maximum(1.0, own.abs())
    sound = rows["dual_bound"].mask(failed(rows) | above)
    certain = sound.where(rows["evidence"].isin(PROVED))
    found = pd.DataFrame({"best": rows["primal_bound"], "proved": certain, "claimed": sound})
    return found.groupby(groups).agg({"best": "min", "proved": "max", "claimed": "max"})


def reaches_best(rows: pd.DataFrame, among: pd.DataFrame | None = None) -> pd.Series[bool]:
    """Runs whose verified value is the best of all runs (of `among`, if given), to 1e-6."""
    best = best_bounds(rows if among is None else among)[["best"]]
    known = rows[KEYS].join(best, on=KEYS)["best"]
    reached: pd.Series[bool] = rows["primal_bound"] <= known + TOLERANCE * np.maximum(
        1.0, known.abs()
    )
    return reached


def as_claimed(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with every method taken at its word: its own termination, value and lower bound.

    Rows again, for any function on rows; beside those of the checked rows they show what the check
    is worth: `summary(as_claimed(rows))`. Nothing has failed there, and no optimum is proved.
    """
    said = rows["claimed_termination"]
    return rows.assign(
        termination=said.where(said.notna(), rows["termination"]),
        primal_bound=rows["claimed_primal_bound"],
        dual_bound=rows["claimed_dual_bound"],
        evidence="claimed",
        verdict="unknown",
    )
