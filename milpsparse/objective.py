"""The objectives, as words: neurons, parameters, l1, lp:<p>, group_l2."""

from __future__ import annotations

from dataclasses import dataclass

from milpsparse.errors import BadInput, UnknownName

VALUE = "value"  # of an imported run: the objective of a problem that is not ours
KINDS = ("neurons", "parameters", "l1", "lp", "group_l2")


@dataclass(frozen=True)
class Objective:
    """What is minimised; `kind` is one of KINDS, `p` the exponent of lp (else None)."""

    kind: str
    p: float | None = None

    @property
    def counts(self) -> bool:
        """Whether the objective is an integer: neurons or parameters."""
        return self.kind in ("neurons", "parameters")

    def __str__(self) -> str:
        return f"lp:{self.p!r}" if self.kind == "lp" else self.kind


def parse_objective(text: str | Objective) -> Objective:
    """The objective a word names.

    >>> str(parse_objective("lp:.4")), parse_objective("neurons").counts
    ('lp:0.4', True)
    """
    if isinstance(text, Objective):
        return text
    kind, colon, exponent = text.partition(":")
    if kind not in KINDS or (colon and kind != "lp"):
        raise UnknownName("objective", text, [k if k != "lp" else "lp:<p>" for k in KINDS])
    if kind != "lp":
        return Objective(kind)
    try:
        p = float(exponent)
    except ValueError:
        p = float("nan")
    if not 0 < p < 1:
        raise BadInput(f"objective '{text}': lp:<p> takes 0 < p < 1, e.g. lp:0.5 (p = 1 is l1)")
    return Objective("lp", p)


def objective_of_row(text: str) -> Objective:
    """The objective of a stored row, which may be the value of an imported problem."""
    return Objective(VALUE) if text == VALUE else parse_objective(text)
