"""What theory knows of an instance with one input and a skip connection."""

from __future__ import annotations

import contextlib
import dataclasses
from fractions import Fraction
from typing import Any

from milpsparse.errors import Unsupported
from milpsparse.instance import Instance
from milpsparse.theory import univariate
from milpsparse.theory.interpolant import Interpolant
from milpsparse.theory.points import points_of
from milpsparse.theory.threshold import pstar

EXPONENTS = (0.1, 0.5, 0.9)
LONG = 50  # points up to which p* is computed when an instance is made


def with_theory(instance: Instance) -> Instance:
    """The instance with its known values, and for few points with the interval that holds p*."""
    points = points_of(instance)
    sparsest = Interpolant(points, univariate.fewest_pairs(points))
    knots, source = univariate.fewest_knots(points), "runs of one sign of curvature"
    known = [
        _known(objective, knots, source, _fits(instance, sparsest))
        for objective in ("neurons", "parameters")
    ]
    total = univariate.variation(points)
    known.append(_known("l1", total, "total variation of the slope", True))
    for p in EXPONENTS:
        found = univariate.least_cost(points, p)
        fits = _fits(instance, Interpolant(points, found.paired))
        known.append(_known(f"lp:{p}", found.value, "least matching of the runs", fits))
    extra = dict(instance.extra)
    if len(points) <= LONG:
        with contextlib.suppress(Unsupported):  # curvatures too far apart in size
            interval = pstar(instance)
            extra["pstar"] = [float(interval.low), float(interval.high)]
    return dataclasses.replace(instance, known=known, extra=extra)


def _fits(instance: Instance, network: Interpolant) -> bool:
    bound: Fraction | None = instance.bound_exact
    return bound is None or bool(network.largest <= bound)


def _known(objective: str, value: float, source: str, fits: bool) -> dict[str, Any]:
    """An optimum where the network of the theory fits the bound, else a lower bound."""
    rounded = value if isinstance(value, int) else float(f"{value:.12g}")
    status = "opt" if fits else "bestdual"
    return {
        "objective": objective,
        "status": status,
        "value": rounded,
        "evidence": "theorem",
        "source": source,
    }
