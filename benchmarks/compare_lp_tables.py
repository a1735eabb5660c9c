"""Tables and figures of the comparison of lp norms, from stored rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from milpsparse.analysis.means import sgm
from milpsparse.analysis.outcomes import best_bounds, wrong
from milpsparse.analysis.text_tables import to_markdown
from milpsparse.plot import COLORS, pyplot, save

GLOBAL, MANY, PLAIN = "global lp", "reweighted l1, many starts", "reweighted l1, chartrand_yin"
CLOSE = 1e-6  # relative
LEGEND = """\
`excess`: how far the lp value of a method's network is above the best one of all methods at that p,
relative to it. `over bound`: how far it is above the best lower bound, where there is one above 0.
lp is solved without B; `beyond B` counts the networks that do not fit it. `sparsest`: share of the
instances with a proved fewest number of parameters where the method's network has just so many and
fits B; `more`: how many more it has otherwise, if it fits, the mean. l1 and group l2 know no p:
their networks are measured at each. Global lp is the spatial branch and bound; on one input with a
skip connection, theory. `leaves`: the least p of the grid at which the proved global minimiser that
was found is not sparsest; "never": at no p of the grid that was proved.
"""


def label(row: dict[str, Any]) -> str:
    """What a method is called in the tables."""
    method = str(row["method"])
    if method.startswith("reweighted_l1"):
        many = int(row["options"]["starts"]) > 1
        return MANY if many else f"reweighted l1, {row['options']['schedule']}"
    if method in ("univariate", "global_lp"):
        return GLOBAL
    return {"l1": "l1", "group_l2": "group l2"}[row["objective"]]


def fewest(rows: pd.DataFrame) -> pd.DataFrame:
    """Fewest parameters of each instance, and whether they are proved."""
    bounds = best_bounds(rows[rows["objective"] == "parameters"]).reset_index()
    bounds["proved_fewest"] = bounds["best"] <= np.ceil(bounds["proved"] - CLOSE)
    return bounds.set_index("instance")[["best", "proved_fewest"]]


def judged(values: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The values with their excess, and how many parameters they have beyond the fewest."""
    found = values.join(fewest(rows), on="instance")
    at = [found["instance"], found["p"]]
    best = found["value"].groupby(at).transform("min")
    bound = found["bound"].groupby(at).transform("max")
    excess = found["value"] / best - 1
    found["excess"] = excess.where(excess > CLOSE, 0.0).where(best > 0)
    over = found["value"] / bound - 1
    found["over_bound"] = over.where(over > CLOSE, 0.0).where(bound > 0)
    found["more"] = found["parameters"] - found["best"]
    found["sparsest"] = (found["more"] <= 0) & found["fits"]
    return found


def by_p(found: pd.DataFrame) -> pd.DataFrame:
    """One line a p and method."""
    lines = []
    for (p, method), part in found.groupby(["p", "method"]):
        known = part[part["proved_fewest"]]
        missed = known[~known["sparsest"] & known["fits"]]
        lines.append(
            {
                "p": p,
                "method": method,
                "instances": len(part),
                "beyond B": int((part["value"].notna() & ~part["fits"]).sum()),
                "optimal": int(part["optimal"].sum()) if method == GLOBAL else None,
                "median excess %": 100 * part["excess"].median(),
                "largest excess %": 100 * part["excess"].max(),
                "median over bound %": 100 * part["over_bound"].median(),
                "sparsest %": 100 * known["sparsest"].mean(),
                "more": missed["more"].mean(),
                "seconds": sgm(part["seconds"], 1.0),
            }
        )
    return pd.DataFrame(lines)


def by_instance(found: pd.DataFrame) -> pd.DataFrame:
    """One line an instance: fewest parameters, the best of each method, where global lp leaves."""
    lines = []
    for instance, part in found.groupby("instance"):
        least = part[part["fits"]].groupby("method")["parameters"].min()
        solved = part[(part["method"] == GLOBAL) & part["optimal"] & part["value"].notna()]
        away = solved[solved["more"] > 0]["p"]
        leaves = "never" if len(solved) else ""
        lines.append(
            {
                "instance": instance,
                "fewest": part["best"].iloc[0],
                "proved": "yes" if part["proved_fewest"].iloc[0] else "no",
                **{name: least.get(name) for name in ("l1", PLAIN, MANY, GLOBAL)},
                "p with global lp proved": ", ".join(f"{p:g}" for p in sorted(solved["p"])),
                "leaves": f"{away.min():g}" if len(away) else leaves,
            }
        )
    return pd.DataFrame(lines)


def statement(found: pd.DataFrame) -> str:
    """How often reweighted l1 finds the sparsest network, and how far off it is otherwise."""
    known = found[found["proved_fewest"]]
    parts = [f"The fewest parameters are proved for {known['instance'].nunique()} instances."]
    for name, method in (("From the l1 solution", PLAIN), ("From many starts", MANY)):
        part = known[(known["method"] == method) & known["value"].notna()]
        if part.empty:
            continue
        rate = part.groupby("p")["sparsest"].mean()
        ever = part.groupby("instance")["sparsest"].any()
        missed = part[~part["sparsest"] & part["fits"]]["more"]
        beyond = part["value"].size - int(part["fits"].sum())
        often = f"reweighted l1 finds them in {part['sparsest'].mean():.0%} of {len(part)} runs"
        parts.append(
            f"{name} {often} ({rate.max():.0%} at p = {rate.idxmax():g}, {rate.min():.0%} at "
            f"p = {rate[::-1].idxmin():g}), and for {ever.mean():.0%} of the instances at some p."
        )
        if len(missed):
            parts.append(
                f"Otherwise it has {missed.mean():.1f} parameters more on average, "
                f"{missed.max():.0f} at most."
                + (f" ({beyond} networks do not fit B, and do not count.)" if beyond else "")
            )
    parts += list(_of_global(found))
    return " ".join(parts)


def _of_global(found: pd.DataFrame) -> Any:
    """How often reweighted l1 meets a proved global lp minimum, and whether that is sparsest."""
    solved = found[(found["method"] == GLOBAL) & found["optimal"] & found["value"].notna()]
    if solved.empty:
        return
    pairs = solved[["instance", "p", "value"]].rename(columns={"value": "minimum"})
    for name, method in (("the l1 solution", PLAIN), ("many starts", MANY)):
        both = pairs.merge(found[found["method"] == method], on=["instance", "p"])
        met = both["value"] <= both["minimum"] * (1 + CLOSE)
        often = f"{met.mean():.0%} of {len(both)} cases"
        yield f"It meets a proved global lp minimum from {name} in {often}."
    known = solved[solved["proved_fewest"]]
    share = (known["more"] <= 0).mean()
    yield f"Of {len(known)} proved global lp minimisers {share:.0%} are sparsest."


def draw(found: pd.DataFrame, column: str, text: str, path: Path, scale: float = 100.0) -> None:
    """The mean of a column over p, a line a method."""
    figure, axes = pyplot().subplots(figsize=(5.4, 3.4))
    for at, (method, part) in enumerate(found.groupby("method")):
        mean = part.groupby("p")[column].mean() * scale
        style = "--" if method in ("l1", "group l2") else "-"
        color = COLORS[at % len(COLORS)] if at < len(COLORS) else "#000000"
        axes.plot(mean.index, mean, style, marker=".", color=color, label=method)
    axes.set(xlabel="p", ylabel=text)
    axes.grid(lw=0.3)
    axes.legend(fontsize=6, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    save(figure, path)


def write(rows: pd.DataFrame, values: pd.DataFrame, out: Path) -> list[Path]:
    """tables/lp.md and lp.csv, figures/lp_*.svg; their paths."""
    found = judged(values, rows)
    table, figures = out / "tables" / "lp", out / "figures"
    table.parent.mkdir(parents=True, exist_ok=True)
    ordered = found.sort_values(["instance", "p", "method"]).rename(columns={"best": "fewest"})
    ordered.to_csv(table.with_suffix(".csv"), index=False, float_format="%.8g")
    drawn = {
        "excess": (found, "excess", "excess over the best value, %", 100.0),
        "sparsest": (found[found["proved_fewest"]], "sparsest", "sparsest reached, %", 100.0),
        "time": (found, "seconds", "seconds", 1.0),
    }
    for name, (part, column, text, scale) in drawn.items():
        draw(part, column, text, figures / f"lp_{name}.svg", scale)
    table.with_suffix(".md").write_text(markdown(found, rows), encoding="utf-8")
    return [table.with_suffix(".md"), table.with_suffix(".csv"), *sorted(figures.glob("lp_*.svg"))]


def markdown(found: pd.DataFrame, rows: pd.DataFrame) -> str:
    """The page."""
    here, limit = rows.iloc[-1], rows["time_limit_s"].min()
    claims = rows[wrong(rows)]
    named = ["instance", "objective", "method", "verdict", "fail_reason"]
    parts = [
        "# lp norms and the sparsest network",
        f"{found['instance'].nunique()} instances, {limit:g} s a run ({2 * limit:g} s for the "
        f"fewest parameters), one thread, on {here['machine']}; Python {here['python']}.",
        statement(found),
        "![excess by p](../figures/lp_excess.svg)",
        "![share of instances where the sparsest is reached](../figures/lp_sparsest.svg)",
        "## By p and method",
        to_markdown(by_p(found)),
        "## By instance: fewest parameters at any p, within B",
        to_markdown(by_instance(found)),
        "![seconds](../figures/lp_time.svg)",
        "## Wrong claims",
        to_markdown(claims[named]) if len(claims) else "None.",
        "## How to read the tables",
        LEGEND,
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"
