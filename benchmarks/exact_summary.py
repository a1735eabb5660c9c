"""The benchmark of exact methods in few lines: one a method, and the figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import exact_instances as sets
import pandas as pd

from milpsparse.analysis import means, outcomes
from milpsparse.analysis.profiles import performance_profile
from milpsparse.analysis.step_plots import draw_steps
from milpsparse.plot import COLORS, pyplot, save


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """One line a set and method."""
    rows = rows.assign(solved=outcomes.solved, proved=outcomes.proved)
    seconds = rows[["wall_time_s", "time_limit_s"]].min(axis=1)
    rows["charged"] = seconds.where(rows["solved"], rows["time_limit_s"])
    rows["wrong"] = outcomes.wrong(rows)
    lines = []
    for name, part in rows.groupby("set", sort=False):
        reference = part[part["method"] == sets.REFERENCE].set_index("instance")["charged"]
        for method, runs in part.groupby("method", sort=False):
            lines.append({"set": name, "method": method, **_figures(runs, reference)})
    return pd.DataFrame(lines)


def _figures(runs: pd.DataFrame, reference: pd.Series[float]) -> dict[str, Any]:
    charged, limits = runs.set_index("instance")["charged"], runs["time_limit_s"]
    return {
        "solved": int(runs["solved"].sum()),
        "of": len(runs),
        "proved": int(runs["proved"].sum()),
        "wrong": int(runs["wrong"].sum()),
        "refused": len(runs) - len(outcomes.available(runs)),
        "median_s": charged.median(),
        "sgm10ms_s": _sgm_10ms(charged),
        "sgm1s_s": means.sgm(charged, 1.0),
        "par10_s": means.par(runs["wall_time_s"], runs["solved"], limits, 10),
        "most_s": charged.max(),
        "check_median_s": runs["check_time_s"].median(),
        "ratio_median": (charged / reference).median(),
        "ratio_sgm10ms": _sgm_10ms(charged) / _sgm_10ms(reference),
    }


def _sgm_10ms(seconds: pd.Series[float]) -> float:
    """In seconds; computed in milliseconds, for times below one unit count as one."""
    return means.sgm(1000 * seconds, 10.0) / 1000


def draw_profile(rows: pd.DataFrame, path: Path) -> None:
    """Share of all instances solved within a factor of the fastest method; refused is unsolved."""
    figure, axes = pyplot().subplots(figsize=(6.4, 3.8))
    profile = performance_profile(rows)
    draw_steps(axes, profile, [m for m in sets.METHODS if m in profile])
    axes.set(xlabel="factor of the fastest (below 10 ms all tie)")
    axes.set(ylabel="share of instances solved", title="exact methods, neurons")
    axes.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1))
    save(figure, path)


def draw_growth(table: pd.DataFrame, path: Path) -> None:
    """Three panels, seconds on a logarithmic axis."""
    panels = {
        "N": "points N (d = 2, K = 3)",
        "d": "inputs d (N = 200, K = 2)",
        "K": "neurons K (N = 100, d = 2)",
    }
    figure, axes = pyplot().subplots(1, 3, figsize=(9.6, 3.2), sharey=True)
    for panel, (what, label) in zip(axes, panels.items(), strict=True):
        part = table[table["grows"] == what]
        for method, color in zip(sets.GROWING, COLORS, strict=False):
            own = part[part["method"] == method].sort_values("at")
            panel.plot(own["at"], own["wall_time_s"], "o-", color=color, label=method, ms=4)
        panel.set(xlabel=label, yscale="log", xscale="log" if what == "N" else "linear")
        panel.set_ylabel("seconds" if what == "N" else "")
        panel.grid(lw=0.3)
    axes[0].legend(fontsize=7, frameon=False)
    figure.tight_layout()
    save(figure, path)
