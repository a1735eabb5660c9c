"""Numbers and words as the page shows them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

from milpsparse.judge import PROVED, rounded
from milpsparse.objective import Objective

NONE = "–"


def is_missing(value: Any) -> bool:
    """Whether a cell of a frame, or of JSON, holds nothing."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def number(value: Any, digits: int = 6) -> str:
    """A value or a bound; text that stands for a number stays as it is.

    >>> number(3.0), number(2.4142135), number(None), number(-math.inf), number("nan")
    ('3', '2.41421', '–', '−∞', 'nan')
    """
    if is_missing(value):
        return NONE
    if not isinstance(value, Real):
        return str(value)
    value = float(value)
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    whole = value == int(value) and abs(value) < 1e15
    text = f"{value:.0f}" if whole else f"{value:.{digits}g}"
    return text.replace("-", "−")


def bound(value: Any, objective: Objective) -> str:
    """A lower bound; of counts, rounded up."""
    return number(rounded(float(value), objective) if not is_missing(value) else value)


def seconds(value: Any) -> str:
    """A time with its unit, in two digits.

    >>> seconds(0.0000582), seconds(0.0123), seconds(2.345), seconds(61.2), seconds(math.nan)
    ('0.058 ms', '12 ms', '2.3 s', '61 s', '–')
    """
    if is_missing(value):
        return NONE
    if value < 0.1:
        return f"{1000 * value:.2g} ms" if value < 0.0995 else "0.1 s"
    return f"{value:.2g} s" if value < 9.95 else f"{value:,.0f} s"


def listed(values: Any, most: int = 12) -> str:
    """Names in one line, the first few where they are many."""
    names = [str(value) for value in values]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def status(row: Mapping[str, Any]) -> str:
    """One word for what became of a run: proved, claimed, refused, wrong, failed, or why it ended.

    proved: optimal, and the lower bound rests on more than the solver's word. wrong: a claim did
    not hold. failed: no answer came.
    """
    verdict, termination = str(row["verdict"]), str(row["termination"])
    if termination == "not_available":
        return "refused"
    if verdict in ("fail_abort", "fail_readerror"):
        return "failed"
    if verdict.startswith("fail"):
        return "wrong"
    if termination == "optimal":
        return "proved" if row["evidence"] in PROVED else "claimed"
    return termination.replace("_", " ")
