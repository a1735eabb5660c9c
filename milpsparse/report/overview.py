"""The top of the page: what was proved, how the methods compare, which claims were wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from milpsparse.analysis.metrics import (
    MIN_TIME_S,
    failed,
    performance_profile,
    proved,
    solved,
)
from milpsparse.analysis.table import _summary as summary
from milpsparse.report.charts import Axis, Chart, Line, steps
from milpsparse.report.results import KEYS, Results, Row, records

if TYPE_CHECKING:
    import pandas as pd

WIDTH, HEIGHT = 400.0, 220.0


@dataclass(frozen=True)
class Goal:
    """One objective: instances by what is known of them, the table of methods, the charts."""

    objective: str
    proved: int
    claimed: int
    open: int
    methods: Sequence[Row]  # lines of the summary
    charts: Sequence[Chart]
    warning: str

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
    says = results.rows["claimed_termination"].eq("optimal")
    says = says.groupby([results.rows["objective"], results.rows["method"]]).sum()
    found = []
    for objective in results.objectives:
        part = results.rows[results.rows["objective"] == objective]
        counts = states.loc[states.index.get_level_values("objective") == objective]
        methods = lines[lines["objective"] == objective].sort_values("sgm10_s", kind="stable")
        shown = [
            {**line, "says_optimal": int(says[objective, line["method"]])}
            for line in records(methods)
        ]
        shown.sort(key=lambda m: -(m["proved"] + m["claimed"]))
        found.append(
            Goal(
                objective=objective,
                **{word: int((counts == word).sum()) for word in ("proved", "claimed", "open")},
                methods=shown,
                charts=(_profile(part, results), _solved(part, results)),
                warning=_two_orders(methods),
            )
        )
    return found


def _states(rows: pd.DataFrame) -> pd.Series[str]:
    """proved, claimed or open, of each instance and objective."""
    keys = [rows[key] for key in KEYS]
    certain, said = (f(rows).groupby(keys).any() for f in (proved, solved))
    return said.map({True: "claimed", False: "open"}).mask(certain, "proved")


def _profile(rows: pd.DataFrame, results: Results) -> Chart:
    """Dolan-More profiles: right-continuous steps at the exact ratios."""
    shares = performance_profile(rows)
    highest = float(max(shares.index.max(), 2.0)) if len(shares) else 2.0
    axes = Axis(1.0, highest * 1.1, WIDTH, log=True), Axis(0.0, 1.0, HEIGHT, upwards=True)
    lines = [
        Line(steps(axes, list(shares.index), list(shares[m]), axes[0].high), results.colors[m], m)
        for m in _drawn(shares, results)
    ]
    return Chart(
        title="Performance profile",
        x=axes[0],
        y=axes[1],
        x_label="times the fastest method's time",
        y_label="share of instances",
        lines=lines,
    )


def _solved(rows: pd.DataFrame, results: Results) -> Chart:
    """Share of all instances solved within a time (an empirical distribution function)."""
    total = rows["instance"].nunique()
    ok = rows[solved(rows)]
    limit = float(rows["time_limit_s"].max())
    axes = Axis(MIN_TIME_S, 1.1 * limit, WIDTH, log=True), Axis(0.0, 1.0, HEIGHT, upwards=True)
    lines = []
    for method in sorted(rows["method"].unique(), key=lambda m: results.colors[m], reverse=True):
        times = np.sort(ok.loc[ok["method"] == method].groupby("instance")["wall_time_s"].mean())
        if len(times):
            xs, ys = [MIN_TIME_S, *times], [0.0, *(np.arange(1, len(times) + 1) / total)]
            lines.append(Line(steps(axes, xs, ys, axes[0].high), results.colors[method], method))
    return Chart(
        title="Solved over time",
        x=axes[0],
        y=axes[1],
        x_label="seconds",
        y_label="share of instances",
        lines=lines,
    )


def _drawn(shares: pd.DataFrame, results: Results) -> list[str]:
    """Grey lines first, so that the coloured ones lie over them."""
    return sorted(shares.columns, key=lambda m: results.colors[m], reverse=True)


def _two_orders(methods: pd.DataFrame) -> str:
    """A sentence where shifted geometric mean and PAR10 put the methods in different orders."""
    first = list(methods["method"])
    second = list(methods.sort_values("par10_s", kind="stable")["method"])
    if first == second:
        return ""
    return f"Rankings disagree: by PAR10 the order is {', '.join(second)}."


def wrong_claims(rows: pd.DataFrame) -> list[Row]:
    """Runs with a claim that did not hold, contradictions with other runs included."""
    return records(rows[failed(rows)])


def news(rows: pd.DataFrame) -> list[Row]:
    """Runs whose verified value is better than the best known one."""
    return records(rows[rows["verdict"] == "better"])
