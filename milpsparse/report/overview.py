"""The top of the page: what was proved, how the methods compare, which claims were wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from milpsparse.analysis.costs import MIN_TIME_S
from milpsparse.analysis.outcomes import KEYS, failed, proved, solved
from milpsparse.analysis.profiles import ecdf, performance_profile
from milpsparse.analysis.rankings import ranking_warnings, rankings
from milpsparse.analysis.summary import summary
from milpsparse.analysis.virtual import virtual_best
from milpsparse.report.charts import Axis, Chart, Line, steps
from milpsparse.report.results import Results, Row, records
from milpsparse.report.text import status

if TYPE_CHECKING:
    import pandas as pd

WIDTH, HEIGHT = 400.0, 220.0
BEST = "virtual best"


@dataclass(frozen=True)
class Places:
    """Who is first, second, ... by each measure."""

    measures: Sequence[str]
    methods: Sequence[tuple[str, Sequence[int]]]


@dataclass(frozen=True)
class Goal:
    """One objective: instances by what is known of them, the table of methods, the charts.

    Places are given where rankings disagree.
    """

    objective: str
    proved: int
    claimed: int
    open: int
    methods: Sequence[Row]  # lines of the summary
    charts: Sequence[Chart]
    places: Places | None

    @property
    def instances(self) -> int:
        """How many there are."""
        return self.proved + self.claimed + self.open

    @property
    def leading(self) -> Row:
        """The line of the method that is optimal most often; of equal ones, the fastest."""
        return self.methods[0]


def goals(results: Results) -> list[Goal]:
    """All objectives of the run."""
    states = _states(results.rows)
    lines = summary(results.rows)
    found = []
    for objective in results.objectives:
        part = results.rows[results.rows["objective"] == objective]
        counts = states.loc[states.index.get_level_values("objective") == objective]
        methods = records(lines[lines["objective"] == objective])
        methods.sort(key=lambda m: (-m["proved"] - m["claimed"], m["sgm10_s"]))
        found.append(
            Goal(
                objective=objective,
                **{word: int((counts == word).sum()) for word in ("proved", "claimed", "open")},
                methods=methods,
                charts=(_profile(part, results), _solved(part, results)),
                places=_places(part),
            )
        )
    return found


def _states(rows: pd.DataFrame) -> pd.Series[str]:
    """proved, claimed or open, of each instance and objective."""
    keys = [rows[key] for key in KEYS]
    certain, said = (f(rows).groupby(keys).any() for f in (proved, solved))
    return said.map({True: "claimed", False: "open"}).mask(certain, "proved")


def _places(rows: pd.DataFrame) -> Places | None:
    """The rankings, if two of them have a pair of methods in different orders."""
    if not ranking_warnings(rows):
        return None
    table = rankings(rows).droplevel("objective")
    table = table.sort_values(list(table.columns), kind="stable")
    return Places(
        list(table.columns), list(zip(table.index, table.to_numpy().tolist(), strict=True))
    )


def _profile(rows: pd.DataFrame, results: Results) -> Chart:
    """Dolan-More profiles: right-continuous steps at the exact ratios."""
    shares = performance_profile(rows)
    highest = 1.1 * max(2.0, float(shares.index.max()))
    return _shares(
        "Performance profile", shares, (1.0, highest), "times the fastest method's time", results
    )


def _solved(rows: pd.DataFrame, results: Results) -> Chart:
    """Share of all instances solved within a time, by each method and by the best of all."""
    import pandas as pd

    shares = ecdf(pd.concat([rows, virtual_best(rows, BEST)]))
    highest = 1.1 * max(float(rows["time_limit_s"].max()), 10 * MIN_TIME_S)
    return _shares("Solved over time", shares, (MIN_TIME_S, highest), "seconds", results)


def _shares(
    title: str, shares: pd.DataFrame, ends: tuple[float, float], unit: str, results: Results
) -> Chart:
    """Step functions on a logarithmic axis, grey ones first, so that coloured ones lie on top."""
    axes = Axis(*ends, WIDTH, log=True), Axis(0.0, 1.0, HEIGHT, upwards=True)
    style = {**results.colors, BEST: "virtual"}
    names = sorted(shares.columns, key=lambda name: style[name], reverse=True)
    return Chart(
        title=title,
        x=axes[0],
        y=axes[1],
        x_label=unit,
        y_label="share of instances",
        lines=[
            Line(steps(axes, list(shares.index), list(shares[m]), ends[1]), style[m], m)
            for m in names
        ],
    )


def wrong_claims(rows: pd.DataFrame) -> list[Row]:
    """Runs with a claim that did not hold, contradictions with other runs included."""
    return [row for row in records(rows[failed(rows)]) if status(row) != "failed"]


def unanswered(rows: pd.DataFrame) -> list[Row]:
    """Runs that ended without an answer, or with one that could not be read."""
    return [row for row in records(rows[failed(rows)]) if status(row) == "failed"]


def news(rows: pd.DataFrame) -> list[Row]:
    """Runs whose verified value is better than the best known one."""
    return records(rows[rows["verdict"] == "better"])
