"""Profiles and distributions drawn: one panel an objective, one right-continuous step a method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milpsparse.analysis.costs import MIN_TIME_S
from milpsparse.analysis.profiles import ecdf, performance_profile
from milpsparse.analysis.virtual import virtual_best
from milpsparse.plot import COLORS, pyplot, save

if TYPE_CHECKING:
    import pandas as pd

STYLES = ("-", "--", ":", "-.")
VIRTUAL = "virtual best"
_USED = """
instance objective method seed perm termination verdict evidence primal_bound dual_bound
wall_time_s time_limit_s
""".split()


def plot_profiles(rows: pd.DataFrame, path: Path) -> None:
    """Performance profiles: share of all instances solved within a factor of the fastest."""
    shares = {o: performance_profile(part) for o, part in rows[_USED].groupby("objective")}
    ends = {o: 1.2 * float(steps.index[-1]) for o, steps in shares.items()}
    _plot(shares, ends, "factor of the fastest (below 10 ms all tie)", path)


def plot_distributions(rows: pd.DataFrame, path: Path) -> None:
    """Share of all instances solved within so many seconds, by each method and the virtual best."""
    import pandas as pd

    rows = rows[_USED]  # copies of all columns of many rows would fill the memory
    more = pd.concat([rows, virtual_best(rows, VIRTUAL)], ignore_index=True)
    shares = {o: ecdf(part) for o, part in more.groupby("objective")}
    limits = more.groupby("objective")["time_limit_s"].max().to_dict()
    starts = {o: steps.rename(index={0.0: MIN_TIME_S}) for o, steps in shares.items()}
    _plot(starts, limits, "seconds", path)


def _plot(shares: dict[Any, pd.DataFrame], ends: dict[Any, float], xlabel: str, path: Path) -> None:
    """All panels, each drawn to its end, and one legend."""
    import pandas as pd
    from matplotlib.ticker import LogLocator, NullFormatter

    figure, axes = pyplot().subplots(
        1, len(shares), figsize=(4.6 * len(shares) + 2.2, 3.6), squeeze=False, sharey=True
    )
    methods = list(dict.fromkeys(str(name) for steps in shares.values() for name in steps))
    for panel, (objective, steps) in zip(axes.flat, shares.items(), strict=True):
        draw_steps(panel, pd.concat([steps, steps.iloc[[-1]].set_axis([ends[objective]])]), methods)
        panel.set(title=str(objective), xlabel=xlabel)
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=9))
        panel.xaxis.set_major_formatter("{x:g}")
        panel.xaxis.set_minor_formatter(NullFormatter())
    axes[0, 0].set_ylabel("share of instances solved")
    lines = {line.get_label(): line for panel in axes.flat for line in panel.get_lines()}
    figure.legend(
        lines.values(), lines.keys(), fontsize=7, frameon=False, loc="center left",
        bbox_to_anchor=(1.0, 0.5),
    )  # fmt: skip
    figure.tight_layout()
    save(figure, path)


def draw_steps(
    panel: Any, steps: pd.DataFrame, methods: Sequence[str], label: Callable[[str], str] = str
) -> None:
    """The steps of these methods, on a logarithmic axis; each has the look of its place."""
    for at, method in enumerate(methods):
        if method in steps:
            look = {
                "color": COLORS[at % len(COLORS)],
                "ls": STYLES[at // len(COLORS) % len(STYLES)],
            }
            if method == VIRTUAL:
                look = {"color": "black", "lw": "0.8", "ls": "-"}
            own = steps[method][_moves(steps[method])]
            panel.step(own.index, own, where="post", label=label(method), **look)
    panel.set(xscale="log", ylim=(0, 1.02))
    panel.grid(lw=0.3)


def _moves(values: pd.Series[float]) -> pd.Series[bool]:
    """Where a line changes, and its end; the steps of other methods are no points of it."""
    moves = values.diff().ne(0)
    moves.iloc[-1] = True
    return moves
