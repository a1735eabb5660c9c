"""What the page is about: the rows of a results folder, and the best networks among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milpsparse.analysis.outcomes import KEYS, best_bounds, solved
from milpsparse.analysis.rows import read_rows
from milpsparse.analysis.table import objective_order, of_testset
from milpsparse.harness import store
from milpsparse.harness.contradictions import contradictions
from milpsparse.harness.records import read_records

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]
COLORS = 8  # that the style sheet has; methods beyond are grey
CLAIMS = """
task_key instance_sha256 objective method verdict bound bound_used claimed_termination
claimed_dual_bound claimed_dual_bound_scope primal_bound exact dual_bound dual_bound_scope evidence
""".split()


@dataclass(frozen=True)
class Results:
    """Rows of the last plan, with the claims that others contradict counted as wrong."""

    folder: Path
    name: str
    plan: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]  # of the runs, oldest first
    rows: pd.DataFrame
    bounds: Mapping[tuple[str, str], Mapping[str, float]]  # best, proved, claimed
    best: Mapping[tuple[str, str], str]  # the task whose network is shown
    networks: Mapping[str, Any]  # of these tasks, as stored
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
    rows = of_testset(read_rows(folder), folder).reset_index(drop=True)
    plan = store.read_plan(folder)
    best = _best(rows)
    free = rows.loc[rows["bound"].isna() & rows["exact"].eq(True), "task_key"]
    networks = _networks(folder, {*best.values(), *free})
    wrong = contradictions(_claims(folder, set(rows["task_key"]), networks))
    for column, at in (("verdict", 0), ("fail_reason", 1)):
        found = rows["task_key"].map({key: what[at] for key, what in wrong.items()})
        rows[column] = found.where(found.notna(), rows[column])
    return Results(
        folder=folder,
        name=Path(str(plan.get("testset", "all"))).stem,
        plan=plan,
        records=read_records(folder),
        rows=rows,
        bounds=best_bounds(rows).to_dict("index"),  # type: ignore[arg-type]
        best=best,
        networks=networks,
        colors=_colors(rows),
    )


def _networks(folder: Path, keys: Set[str]) -> dict[str, Any]:
    """The stored networks of some tasks."""
    rows = (row for _, row in store.numbered(folder, ["network"]))
    return {row.task_key: row.network for row in rows if row.task_key in keys}


def _claims(folder: Path, keys: Set[str], networks: Mapping[str, Any]) -> list[Row]:
    """What is compared of some tasks; networks where B is null, since there their size matters."""
    columns = store.columns(folder, CLAIMS)
    rows = (
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    )
    return [
        row | {"network": networks.get(row["task_key"])} for row in rows if row["task_key"] in keys
    ]


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
