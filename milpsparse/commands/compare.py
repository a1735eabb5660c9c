"""What the command `compare` does; it returns an exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from milpsparse.commands.common import OK, WRONG, positive

if TYPE_CHECKING:
    import pandas as pd

    from milpsparse.analysis.comparison import Comparison

SHOWN = 20  # names of a list; --json has all of them


def compare(
    a: Path,
    b: Path | None,
    *,
    methods: tuple[str, str] | None,
    shift: float,
    min_time: float,
    as_json: bool,
) -> int:
    """Compare two folders of results, or two methods of one, and print what changed."""
    from milpsparse.analysis.comparison import compare as find_out
    from milpsparse.analysis.rows import read_rows
    from milpsparse.analysis.table import of_testset
    from milpsparse.errors import BadInput

    if b is None and methods is None:
        raise BadInput("compare A B: give two folders, or one with --methods X Y")
    positive(shift=shift)
    before = of_testset(read_rows(a), a)
    after = before if b is None else of_testset(read_rows(b), b)
    found = find_out(before, after, methods, shift=shift, absolute_s=min_time)
    about = {"a": str(a), "b": str(b or a), "shift_s": shift}
    if as_json:
        click.echo(json.dumps({**about, **found.to_json()}, indent=1))
    else:
        click.echo(text(found, str(a), str(b or a), shift))
    return OK if found.holds else WRONG


def text(found: Comparison, a: str, b: str, shift: float) -> str:
    """The answer for a person."""
    lines = [f"A  {a}", f"B  {b}", f"{len(found.pairs)} pairs", "", _table(found, shift), ""]
    lists = {
        "lost proofs": found.lost_proofs,
        "new wrong claims": found.new_wrong_claims,
        "gained proofs": found.gained_proofs,
        "worse values": found.worse_values,
        "better values": found.better_values,
        "only in A": found.only_a,
        "only in B": found.only_b,
        "instances whose data differ": found.changed_instances,
    }
    for name, entries in lists.items():
        if entries or name in ("lost proofs", "new wrong claims"):
            lines += [f"{name}: {len(entries) or 'none'}", *(f"  {e}" for e in entries[:SHOWN])]
            lines += [f"  and {len(entries) - SHOWN} more (--json)"] if len(entries) > SHOWN else []
    return "\n".join(lines)


def _table(found: Comparison, shift: float) -> str:
    """One line a method; a single method is its own sum."""
    import pandas as pd

    lines = found.methods if len(found.methods) != 2 else found.methods.iloc[1:]
    shown = pd.DataFrame(
        {
            "method": lines["method"],
            "pairs": lines["pairs"],
            "B better": lines["better"],
            "close": lines["close"],
            "B worse": lines["worse"],
            f"sgm{shift:g} B/A": lines["ratio"].map("{:.3f}".format),
            "95 %": [
                _interval(*pair)
                for pair in zip(lines["ratio_low"], lines["ratio_high"], strict=True)
            ],
            "Wilcoxon p": ["n/a" if pd.isna(p) else f"{p:.2g}" for p in lines["wilcoxon_p"]],
            "solved A, B": _two(lines, "solved"),
            "proved A, B": _two(lines, "proved"),
        }
    )
    return str(shown.to_markdown(index=False, disable_numparse=True, tablefmt="plain"))


def _interval(low: Any, high: Any) -> str:
    return "n/a" if low is None or low != low else f"{low:.3f} to {high:.3f}"


def _two(lines: pd.DataFrame, what: str) -> list[str]:
    pairs = zip(lines[f"{what}_a"], lines[f"{what}_b"], strict=True)
    return [f"{a}, {b}" for a, b in pairs]
