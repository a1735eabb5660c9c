"""Convex run: one-input data with given curvatures, e.g. (e, 1, 1, e), the dial of p*.

x = 0, 1, ..., m + 1 and slopes that start at 0 and rise by the given curvatures, which are read as
rationals ("0.1" is 1/10). A run of m curvatures of one sign needs ceil(m/2) knots; which of them
an lp minimiser takes depends on p.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

from milpsparse.errors import BadInput
from milpsparse.families._theory import with_theory
from milpsparse.family import Family, Member
from milpsparse.instance import Instance
from milpsparse.method import Option
from milpsparse.rational import parse


def generate(seed: int, curvatures: str, bound: float) -> Instance:
    """The one instance of these curvatures; the seed has no effect."""
    try:
        values = [parse(text) for text in curvatures.split(":")]
        float(sum(abs(c) for c in values))
    except (ValueError, OverflowError) as error:
        raise BadInput(f"parameter curvatures={curvatures}: {error}; write 0.1:1:1:0.1") from None
    slopes = list(accumulate(values, initial=Fraction(0)))
    labels = list(accumulate(slopes, initial=Fraction(0)))
    name = curvatures.replace(":", "_").replace(".", "p").replace("/", "o").replace("-", "m")
    return with_theory(
        Instance(
            X=[[i] for i in range(len(labels))],  # type: ignore[arg-type]  # cells are exact
            y=labels,  # type: ignore[arg-type]
            bound=bound,
            skip=True,
            name=f"convex_run_{name}",
        )
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
        Member(0, {"curvatures": "0.01:1:1:0.01"}),
        Member(0, {"curvatures": "0.0001:1:1:0.0001"}),
        Member(0, {"curvatures": "0.000001:1:1:0.000001"}),
        Member(0, {"curvatures": "0.5:1:1:0.5"}),
        Member(0, {"curvatures": "1:8:8:1"}),
        Member(0, {"curvatures": "1:1:1"}),
        Member(0, {"curvatures": "1:1:0:1:1"}),
        Member(0, {"curvatures": "1"}),
        Member(0, {"curvatures": "1:1"}),
        Member(0, {"curvatures": "1:2:3:2:1"}),
        Member(0, {"curvatures": "1:1:0:1:1:0:1:1"}),
        Member(0, {"curvatures": "1:1:-1:-1:-1:1"}),
        Member(0, {"curvatures": "1/3:1/7:1/7:1/3"}),
    ),
)
