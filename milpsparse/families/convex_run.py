"""Convex run: one-input data with given curvatures, e.g. (e, 1, 1, e), the dial of p*.

x = 0, 1, ..., m + 1 and slopes that start at 0 and rise by the given curvatures, which are read as
rationals ("0.1" is 1/10). A run of m curvatures of one sign needs ceil(m/2) knots; which of them
an lp minimiser takes depends on p.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

from milpsparse.matching import knots_needed
from milpsparse.errors import BadInput
from milpsparse.family import Family, Member
from milpsparse.instance import Instance
from milpsparse.method import Option
from milpsparse.rational import parse


def generate(seed: int, curvatures: str, bound: float) -> Instance:
    """The one instance of these curvatures; the seed has no effect."""
    try:
        values = [parse(text) for text in curvatures.split(":")]
        total = float(sum(abs(c) for c in values))
    except (ValueError, OverflowError) as error:
        raise BadInput(f"parameter curvatures={curvatures}: {error}; write 0.1:1:1:0.1") from None
    slopes = list(accumulate(values, initial=Fraction(0)))
    labels = list(accumulate(slopes, initial=Fraction(0)))
    theorem = {"status": "opt", "evidence": "theorem"}
    knots = {"value": knots_needed(values), **theorem, "source": "curvature runs"}
    if 2 * max(abs(c) for c in values) * len(values) > bound:  # jump times position of a knot
        knots["status"] = "bestdual"  # the fewest knots may not fit the bound
    name = curvatures.replace(":", "_").replace(".", "p").replace("/", "o").replace("-", "m")
    return Instance(
        X=[[i] for i in range(len(labels))],  # type: ignore[arg-type]  # cells are exact
        y=labels,  # type: ignore[arg-type]
        bound=bound,
        skip=True,
        name=f"convex_run_{name}",
        known=[
            {"objective": "neurons", **knots},
            {"objective": "parameters", **knots},
            {"objective": "l1", "value": total, **theorem, "source": "variation of the slope"},
        ],
    )


FAMILY = Family(
    summary="one input, curvatures given: sparsest and lp solutions part at a p* set by them",
    generate=generate,
    params={
        "curvatures": Option("0.1:1:1:0.1", "curvatures at the interior points, c1:c2:..."),
        "bound": Option(64.0, "bound B on every path parameter"),
    },
    library=(
        Member(0),
        Member(0, {"curvatures": "1:1:1"}),
        Member(0, {"curvatures": "1:1:0:1:1"}),
    ),
)
