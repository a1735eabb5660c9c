"""Bounds of p* by extreme sizes alone: ln(1 + 1/s) / ln(R / r), rigorous and conservative.

Let s be the fewest sizes of a network, r the least size of any vertex and R the largest size of a
sparsest one. A minimiser with more than s sizes has (s + 1) r^p <= s R^p, so below this exponent
every minimiser is sparsest. Where vertices are too many to be enumerated, r and R are bounded by
Cramer's rule for integer data, and s by a network: then the bound is tiny.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from milpsparse.bounds import best_bound
from milpsparse.construct import best_construction
from milpsparse.extreme.rays import Frame, Rays
from milpsparse.extreme.rivals import sizes_of
from milpsparse.instance import Instance
from milpsparse.objective import Objective
from milpsparse.rays import Integers
from milpsparse.theory.matching import arb


def extremes_bound(fewest: int, largest: Fraction | None, smallest: Fraction | None) -> Fraction:
    """The bound of known s, R and r, rounded down; at most 1."""
    if largest is None or smallest is None or largest <= smallest:
        return Fraction(1)
    return _bound(fewest, arb(largest / smallest).log())


def _bound(fewest: int, log_ratio: Any) -> Fraction:
    """ln(1 + 1/s) over ln(R / r), rounded down; at most 1."""
    import flint

    if fewest == 0 or not log_ratio > 0:
        return Fraction(1)
    bound = float(((1 + flint.arb(1) / fewest).log() / log_ratio).lower())
    return min(Fraction(1), Fraction(math.nextafter(bound, 0.0)))


def cramer_bound(
    instance: Instance, objective: Objective, within: Frame, found: Rays | None
) -> Fraction:
    """The bound where vertices are not enumerated: sizes are quotients of determinants.

    Coefficients of rays, in units of `scale`, solve a system of integers whose columns are outputs
    h_l of independent rays. So they are at least 1 / prod |h_l|_2 and at most |labels|_2 times the
    product of the other columns' norms; a size is a sum of coefficients times entries of rays,
    which are integers.
    """
    free = instance.replace(bound=None, count_bias=instance.count_bias)
    sizes = sizes_of(instance, best_construction(free, objective), objective)
    log_entry, log_norms = _of_all_rays(within) if found is None else _of_rays(found)
    if objective.kind == "neurons":
        log_entry += arb(Fraction(within.n_counted)).log()
    log_r = arb(within.scale).log() - _total(log_norms)
    theorem = best_bound(instance, objective, "theorem")
    if theorem is not None and theorem.value == len(sizes) > 0:  # a sparsest network is known
        log_R = arb(sizes[-1]).log()
    else:
        log_R = arb(within.scale * within.depth).log() + log_entry
        log_R += _log_norm(within.labels) + _total(log_norms[:-1])
    return _bound(len(sizes), log_R - log_r)


def _of_rays(found: Rays) -> tuple[Any, list[Any]]:
    """The logarithms of the largest entry, and of the largest norms of outputs, one a basis ray."""
    largest = sorted(map(_square, found.outputs.T), reverse=True)[: found.frame.depth]
    return arb(Fraction(int(found.counted.max()))).log(), [_half_log(v) for v in largest]


def _of_all_rays(within: Frame) -> tuple[Any, list[Any]]:
    """The same for rays that are not enumerated, by Hadamard's inequality.

    Entries of a ray are minors of D - 1 normals, and its outputs those with a point added.
    """
    D = within.points.shape[1]
    largest = sorted(map(_square, within.normals), reverse=True)[: D - 1]
    log_entry = _total([_half_log(v) for v in largest])
    log_norm = log_entry + _log_norm(within.points.ravel())
    if within.kept is not None:
        log_norm += _log_norm(within.kept.ravel())
    return log_entry, [log_norm] * within.depth


def _square(values: Integers) -> int:
    return int((values * values).sum())


def _half_log(square: int) -> Any:
    return arb(Fraction(square)).log() / 2


def _log_norm(values: Integers) -> Any:
    """The logarithm of |v|_2, for integers that are not all 0."""
    return _half_log(_square(values))


def _total(logs: Sequence[Any]) -> Any:
    return sum(logs, arb(Fraction(0)))
