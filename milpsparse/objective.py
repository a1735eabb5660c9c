"""The objectives, as words: neurons, parameters, l1, lp:<p>, group_l2."""

from __future__ import annotations

from dataclasses import dataclass

from milpsparse.errors import BadInput, UnknownName

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
