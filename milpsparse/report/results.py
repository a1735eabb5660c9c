"""What the page is about: the rows of a results folder, and the best networks among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milpsparse.analysis.outcomes import KEYS, best_bounds, solved
from milpsparse.analysis.rows import frame
from milpsparse.analysis.table import objective_order, of_testset
from milpsparse.harness import store
from milpsparse.harness.contradictions import contradictions

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]
COLORS = 8  # that the style sheet has; methods beyond are grey


@dataclass(frozen=True)
class Results:
    """Rows of the last plan, with the claims that others contradict counted as wrong."""

    folder: Path
    name: str
    plan: dict[str, Any]
    rows: pd.DataFrame
    bounds: Mapping[tuple[str, str], Mapping[str, float]]  # best, proved, claimed
    networks: Mapping[tuple[str, str], Row]  # of an instance and objective: its best row
    colors: Mapping[str, str]  # the style class of each method

    @property
    def objectives(self) -> list[str]:
        """Counts first."""
        return objective_order(self.rows)

    @property
    def left(self) -> int:
        """Tasks of the plan that have no row."""
        return len(set(self.plan.get("keys", [])) - set(self.rows["task_key"]))


def read(folder: Path) -> Results:
    """The results in a folder.

    Raises
    ------
    BadInput
        None there, or none that this version can read.
    """
    stored = store.latest(folder)
    rows = of_testset(frame(list(stored.values())), folder).reset_index(drop=True)
    plan = store.read_plan(folder)
    here = rows["task_key"]
    for key, found in contradictions(stored[key] for key in here).items():
        rows.loc[here == key, ["verdict", "fail_reason"]] = [found.verdict, found.reason]
    best = _best(rows)
    return Results(
        folder=folder,
        name=Path(str(plan.get("testset", "all"))).stem,
        plan=plan,
        rows=rows,
        bounds=best_bounds(rows).to_dict("index"),  # type: ignore[arg-type]
        networks={at: stored[key] for at, key in best.items()},
        colors=_colors(rows),
    )


def records(rows: pd.DataFrame) -> list[Row]:
    """The rows one by one."""
    return rows.to_dict("records")  # type: ignore[return-value]  # columns have names


def _best(rows: pd.DataFrame) -> dict[Any, str]:
    """The task whose network is shown: the least verified value; of equal ones exact ones first.

    Networks within tolerance only, below a proved bound, come last.
    """
    found = rows[rows["primal_bound"].notna()]
    order = found.assign(
        tolerance=found["verdict"] == "within tolerance",
        value=found["primal_bound"].map(lambda v: float(f"{v:.6g}")),
        inexact=found["exact"].ne(True),
    ).sort_values(["tolerance", "value", "inexact", "wall_time_s"], kind="stable")
    return dict(order.groupby(KEYS)["task_key"].first().items())


def _colors(rows: pd.DataFrame) -> dict[str, str]:
    """A colour a method, the same in all charts, those that solve most first."""
    wins = solved(rows).groupby(rows["method"]).sum()
    order = sorted(wins.index, key=lambda method: (-wins[method], method))
    return {m: f"c{at}" if at < COLORS else "cx" for at, m in enumerate(order)}
