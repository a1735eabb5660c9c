"""Frames as tables in Markdown and in LaTeX; no text in a cell can break out of it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: "\\" + character for character in "&%$#_{}"},
    "≈": r"$\approx$",
    "–": "--",
    "∞": r"$\infty$",
    "[": "{[}",  # behind the end of a row it would begin an option
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}
_SPECIAL = re.compile("|".join(map(re.escape, _LATEX)))
_BOLD = re.compile(r"\*\*(.+?)\*\*")


def plain(text: Any) -> str:
    """Text that cannot break a row of a Markdown table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def to_markdown(table: pd.DataFrame, digits: int = 3) -> str:
    """A Markdown table with aligned columns; numbers have so many digits and stand to the right."""
    text = _text(table, digits)
    columns = [[plain(name), *map(plain, text[name])] for name in table]
    widths = [max(map(len, column)) for column in columns]
    right = [_is_number(table[name]) for name in table]
    rows = [_line(cells, widths, right) for cells in zip(*columns, strict=True)]
    dashes = [":" * (not r) + "-" * (w + 1) + ":" * r for w, r in zip(widths, right, strict=True)]
    return "\n".join([rows[0], f"|{'|'.join(dashes)}|", *rows[1:]])


def _line(cells: Iterable[str], widths: list[int], right: list[bool]) -> str:
    parts = zip(cells, widths, right, strict=True)
    return f"| {' | '.join(c.rjust(w) if r else c.ljust(w) for c, w, r in parts)} |"


def to_latex(table: pd.DataFrame, caption: str, digits: int = 3) -> str:
    r"""A `table` of LaTeX with booktabs' rules; **bold** of Markdown is \textbf."""
    text = _text(table, digits)
    head = [latex(name) for name in table]
    rows = zip(*([latex(cell) for cell in text[name]] for name in table), strict=True)
    form = "".join("r" if _is_number(table[name]) else "l" for name in table)
    body = "\n".join(f"{' & '.join(row)} \\\\" for row in rows)
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{latex(caption)}}}",
            rf"\begin{{tabular}}{{{form}}}",
            r"\toprule",
            f"{' & '.join(head)} \\\\",
            r"\midrule",
            body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def latex(text: Any) -> str:
    r"""Text for LaTeX, escaped.

    >>> latex("neuron_big_m[slots=3]"), latex("**3 proved** 0.1 s")
    ('neuron\\_big\\_m{[}slots=3]', '\\textbf{3 proved} 0.1 s')
    """
    escaped = _SPECIAL.sub(lambda found: _LATEX[found[0]], " ".join(str(text).split()))
    return _BOLD.sub(r"\\textbf{\1}", escaped)


def _text(table: pd.DataFrame, digits: int) -> dict[Any, list[str]]:
    """The cells as text."""
    return {name: [_cell(value, digits) for value in table[name].tolist()] for name in table}


def _cell(value: Any, digits: int) -> str:
    """Integers whole, other numbers with so many digits, nothing for what is missing."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.{digits}g}"
    return "" if value is None else str(value)


def _is_number(column: pd.Series[Any]) -> bool:
    import pandas as pd

    return pd.api.types.is_numeric_dtype(column)


FORMULA = ("=", "+", "-", "@", "\t", "\r")


def inert(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before texts that a spreadsheet would take for formulas."""

    def cell(value: Any) -> Any:
        return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value

    return table.map(cell)
