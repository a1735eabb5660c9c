"""Tables and the figure of the benchmark of formulations, from its rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from milpsparse.analysis import costs, means, outcomes
from milpsparse.analysis.profiles import performance_profile
from milpsparse.analysis.step_plots import draw_steps
from milpsparse.analysis.table import CSV_COLUMNS
from milpsparse.plot import pyplot, save

PUBLISHED = "neuron_mccormick[start=none]@highs"
LATE = 1.05  # a run that ends later than this times the limit has not ended in time
AUDIT = """
lp_root_bound entries entries_at_big_m big_m_rows rows_at_big_m coefficient_min coefficient_max
n_indicators n_sos1
""".split()

LEGEND = """\
Formulations run on HiGHS, or on the solver after @, and from a multistart network whose search is
part of their time; `published` is neuron_mccormick with K = N slots and no start. `witness_points`
is a formulation that sees few of the points, which grow by those that its network misses.

`proved` counts solved runs whose lower bound is a theorem; the others rest on the solver's word,
and nothing contradicts it. `wrong` counts claims that failed, or lower bounds above a verified
network of any method. Times are wall seconds from outside; unsolved and refused runs are charged
the limit (sgm10, sgm1: shifted geometric means) or ten limits (PAR10). `root` is the mean of the
linear relaxation's bound, as a share of the best value known; indicator and SOS constraints are no
part of it. `nodes` is the median of solved runs. `touch` counts networks with an entry at B or a
pre-activation at its M, of those looked at. `2B` counts solved runs whose optimum changes with
twice the B, does not, or is left open. Sizes are medians; `|a|` is the range of coefficients over
all instances.

A cell of the tables by instance is the verified value, **bold** where solved, else with the
method's lower bound [in brackets], and the seconds (t: the limit); – is refused.
"""


def label(method: str) -> str:
    """A formulation's short name: HiGHS and the multistart network go without saying.

    >>> label("neuron_gdp[start=multistart,transformation=hull]@highs")
    'neuron_gdp[hull]'
    """
    if method == PUBLISHED:
        return "published"
    short = re.sub(r"start=multistart,?|transformation=|big_m=|model=|@highs", "", method)
    return short.replace(",]", "]").replace("[]", "")


def _text(table: pd.DataFrame) -> str:
    """Markdown, with whole numbers whole and nothing where there is nothing."""
    cells = [[_number(value) for value in row] for row in table.to_numpy(object)]
    shown = pd.DataFrame(cells, columns=table.columns)
    return str(shown.to_markdown(index=False, disable_numparse=True))


def _number(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):
        return ""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def told(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows in which optimal means that the method itself says so, in time, and is right.

    A network that only the check's theorem makes optimal was not proved by the method.
    """
    own = rows["claimed_termination"].where(rows["claimed_termination"] != "optimal")
    ended = own.fillna(rows["termination"]).where(rows["termination"] == "optimal")
    late = (ended == "optimal") & (rows["wall_time_s"] > LATE * rows["time_limit_s"])
    return rows.assign(termination=ended.fillna(rows["termination"]).mask(late, "time_limit"))


def solved_keys(rows: pd.DataFrame) -> set[str]:
    """The task keys of solved runs."""
    return set(rows.loc[outcomes.solved(rows), "task_key"])


def ratios(rows: pd.DataFrame) -> pd.DataFrame:
    """Planted instances, neurons: the published model's time over each formulation's, paired."""
    part = rows[(rows["objective"] == "neurons") & (rows["family"] == "planted")]
    times = costs.per_instance(part, refused="unsolved")
    ratio = times[[PUBLISHED]].to_numpy() / times
    solved = part[outcomes.solved(part)].groupby("method").size()
    table = pd.DataFrame(
        {
            "solved": solved.reindex(ratio.columns).fillna(0).astype(int),
            "of": len(ratio),
            "median_s": times.median(),
            "median_ratio": ratio.median(),
            "least_ratio": ratio.min(),
            "largest_ratio": ratio.max(),
        }
    )
    table.index = pd.Index(map(label, table.index), name="formulation")
    return table.sort_values("median_ratio", ascending=False)


def summary(rows: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """One line a formulation, of one objective."""
    best = rows.groupby("instance")["primal_bound"].transform("min")
    rows = rows.assign(
        best=best,
        wrong=outcomes.wrong(rows),
        root=rows["lp_root_bound"].astype(float) / best,
    )
    parts = {method: rows[rows["method"] == method] for method in methods}
    lines = [{"formulation": label(m), **_figures(part)} for m, part in parts.items() if len(part)]
    return pd.DataFrame(lines)


def _figures(runs: pd.DataFrame) -> dict[str, Any]:
    solved, cost = outcomes.solved(runs), costs.costs(runs)
    touch = (runs[["entries_at_big_m", "rows_at_big_m"]].astype(float) > 0).any(axis=1)
    looked = runs["entries_at_big_m"].notna()
    doubling = [int((runs["doubling"] == word).sum()) for word in (True, False)]
    least, most = runs["coefficient_min"].min(), runs["coefficient_max"].max()
    return {
        "solved": int(solved.sum()),
        "of": len(runs),
        "proved": int(outcomes.proved(runs).sum()),
        "wrong": int(runs["wrong"].sum()),
        "refused": int((runs["termination"] == "not_available").sum()),
        "sgm10_s": means.sgm(cost, 10.0),
        "sgm1_s": means.sgm(cost, 1.0),
        "par10_s": costs.costs(runs, "par10").mean(),
        "root": runs["root"].mean(),
        "nodes": runs["node_count"].where(solved).median(),
        "touch": f"{int(touch.sum())} of {int(looked.sum())}" if looked.any() else "",
        "2B": f"{doubling[0]}, {doubling[1]}, {int(solved.sum()) - sum(doubling)}",
        "rows": runs["n_rows"].median(),
        "columns": runs["n_cols"].median(),
        "nonzeros": runs["n_nonzeros"].median(),
        "|a|": "" if pd.isna(least) else f"{least:.2g} to {most:.2g}",
        "build_s": runs["build_time_s"].median(),
        "solve_s": runs["solve_time_s"].median(),
    }


def by_instance(rows: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Instances down, formulations across, of one objective."""
    lines = []
    for name, part in rows.groupby("instance", sort=False):
        of = {row["method"]: row for _, row in part.iterrows()}
        line = {"instance": name, "best": f"{part['primal_bound'].min():g}"}
        lines.append(line | {label(m): _cell(of[m]) if m in of else "–" for m in methods})
    return pd.DataFrame(lines)


def _cell(row: pd.Series[Any]) -> str:
    if row["termination"] == "not_available":
        return "–"
    seconds = row["wall_time_s"]
    time = "t" if seconds >= row["time_limit_s"] else f"{seconds:.2g}"
    if str(row["verdict"]).startswith("fail"):
        return f"{row['verdict']} {time}"
    value = "no network" if pd.isna(row["primal_bound"]) else f"{row['primal_bound']:g}"
    if row["termination"] == "optimal":
        return f"**{value}** {time}"
    lower = row["claimed_dual_bound"]
    return f"{value} [{'' if pd.isna(lower) else f'{np.ceil(lower - 1e-6) + 0.0:g}'}] {time}"


def root_bounds(rows: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Bounds of the linear relaxations: instances down, formulations across."""
    part = rows.assign(lp_root_bound=rows["lp_root_bound"].astype(float))
    table = part.pivot_table(
        index="instance", columns="method", values="lp_root_bound", sort=False, dropna=False
    )
    table = table.reindex(columns=[m for m in methods if m in table]).dropna(axis=1, how="all")
    return table.rename(columns=label)


def draw_profile(rows: pd.DataFrame, methods: Sequence[str], path: Path) -> None:
    """Dolan-More profiles, one panel an objective; refused is unsolved."""
    objectives = list(rows["objective"].unique())
    figure, axes = pyplot().subplots(
        1, len(objectives), figsize=(5.0 * len(objectives) + 2.6, 3.8), squeeze=False
    )
    for panel, objective in zip(axes.flat, objectives, strict=True):
        profile = performance_profile(rows[rows["objective"] == objective])
        draw_steps(panel, profile, methods, label)
        panel.set(title=objective, xlabel="factor of the fastest (below 10 ms all tie)")
    axes[0, 0].set_ylabel("share of instances solved")
    axes[0, 0].legend(
        fontsize=6, frameon=False, loc="upper left", bbox_to_anchor=(len(objectives) * 1.1, 1)
    )
    save(figure, path)


def write(rows: pd.DataFrame, methods: Sequence[str], out: Path, name: str) -> list[Path]:
    """tables/NAME.csv and .md, and the figure; their paths."""
    table, figure = out / "tables" / name, out / "figures" / f"{name}_profile.svg"
    table.parent.mkdir(parents=True, exist_ok=True)
    columns = [c for c in CSV_COLUMNS if c in rows] + [*AUDIT, "doubling"]
    ordered = rows.sort_values(["instance", "objective", "method"])
    ordered[columns].to_csv(table.with_suffix(".csv"), index=False, float_format="%.6g")
    table.with_suffix(".md").write_text(markdown(rows, methods, figure.name), encoding="utf-8")
    draw_profile(rows, methods, figure)
    return [table.with_suffix(".csv"), table.with_suffix(".md"), figure]


def markdown(rows: pd.DataFrame, methods: Sequence[str], figure: str) -> str:
    """The page."""
    limit, here = rows["time_limit_s"].max(), rows.iloc[-1]
    versions = rows.dropna(subset=["solver"]).groupby("solver")["solver_version"].first()
    solvers = ", ".join(f"{name} {version}" for name, version in versions.items())
    instances = rows["instance"].nunique()
    parts = [
        "# Formulations",
        f"{instances} instances, {limit:g} s a run, one thread, on {here['machine']}. "
        f"{solvers}; Python {here['python']}.",
        f"![performance profiles](../figures/{figure})",
        "## The published model against every formulation",
        f"Planted instances, neurons: seconds of `{PUBLISHED}` (K = N slots, no start, as "
        "published) over those of the formulation, paired; unsolved runs are charged the limit.",
        _text(ratios(rows).reset_index()),
    ]
    for objective, part in rows.groupby("objective"):
        parts += [
            f"## {objective}",
            _text(summary(part, methods)),
            _text(by_instance(part, methods)),
            f"### {objective}: bound of the linear relaxation",
            _text(root_bounds(part, methods).reset_index()),
        ]
    wrong = rows[outcomes.failed(rows)]
    named = "instance objective method verdict fail_reason".split()
    parts += ["## Wrong claims"]
    parts += [wrong[named].to_markdown(index=False) if len(wrong) else "None."]
    parts += ["## How to read the tables", LEGEND]
    return "\n\n".join(part.strip() for part in parts) + "\n"
