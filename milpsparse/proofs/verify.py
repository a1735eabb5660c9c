"""Proofs of lower bounds, checked again; no code is shared with what searches for them.

A proof says that every network through its points, rows of an instance, has at least so many
neurons, or parameters [if |u| <= B]; so has every network through all points of the instance. What
makes it true is a theorem whose hypotheses are checked here, or a tree of cases, all refuted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any

from milpsparse.instance import Instance
from milpsparse.proofs.boxes import check_boxes
from milpsparse.proofs.file import Claim, ProofError, decode, read_claim, read_lines, require
from milpsparse.proofs.tree import check_tree

__all__ = ["Claim", "ProofError", "read_lines", "verify_lines"]


def verify_lines(lines: Iterable[str], instance: Instance | None = None) -> Claim:
    """What the proof in these lines proves; of the instance, if one is given.

    Raises
    ------
    ProofError
        It does not hold.
    """
    at = 1

    def objects() -> Iterator[dict[str, Any]]:
        nonlocal at
        for number, line in enumerate(lines, start=1):
            at = number
            if line.strip():
                yield decode(line)

    body = objects()
    try:
        claim = read_claim(next(body, {}), instance)
        if claim.kind == "tree":
            n_leaves, n_nodes = check_tree(claim, body)
            return replace(claim, n_leaves=n_leaves, n_nodes=n_nodes)
        if claim.kind == "boxes":
            n_leaves, n_nodes = check_boxes(claim, body)
            return replace(claim, n_leaves=n_leaves, n_nodes=n_nodes)
        least = _signs(claim) if claim.kind == "signs" else _knots(claim)
        require(claim.at_least <= least, "the theorem gives less than is claimed")
        require(next(body, None) is None, "nothing follows the header of a theorem")
        return claim
    except ProofError as error:
        raise ProofError(f"line {at}: {error}") from None


def _signs(claim: Claim) -> int:
    """Where constants cost, f(x) > 0 needs a neuron with s = 1, and f(x) < 0 one with s = -1."""
    require(not claim.skip and not claim.free_constants, "signs bind where constants cost only")
    return len({y > 0 for y in claim.y if y != 0})


def _knots(claim: Claim) -> int:
    """How many knots f has along the line of the points; each needs a neuron with w != 0.

    Where the slope of the chords grows at a point, f has a convex knot strictly between its two
    neighbours; where it falls, a concave one. In a run of m such points, every other one has this
    interval for itself: ceil(m / 2) knots. Two runs of one sign have a point between them. Of
    parameters with biases such a neuron has two; or one, where the line meets some x_j = 0.
    """
    one_input = len(claim.X[0]) == 1
    require(one_input == (claim.kind == "univariate"), "univariate: one input; line: more")
    places = _on_line(claim.X)
    pairs = pairwise(sorted(zip(places, claim.y, strict=True)))
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs]
    bends = [(b > a) - (b < a) for a, b in pairwise(slopes)]
    knots = sum((len(list(run)) + 1) // 2 for bend, run in groupby(bends) if bend)
    if claim.objective == "neurons" or not claim.count_bias:
        return knots
    first, last = (claim.X[places.index(end)] for end in (min(places), max(places)))
    cheap = {a / (a - b) for a, b in zip(first, last, strict=True) if a * b < 0}
    return 2 * knots - min(knots, len(cheap))


def _on_line(X: list[list[Fraction]]) -> list[Fraction]:
    """The t of every point x = first + t (last - first); no two are equal."""
    step = [b - a for a, b in zip(X[0], X[-1], strict=True)]
    size = sum((v * v for v in step), Fraction(0))
    require(size > 0, "the first and the last point are the same")
    places = []
    for x in X:
        offset = [b - a for a, b in zip(X[0], x, strict=True)]
        t = sum((v * w for v, w in zip(step, offset, strict=True)), Fraction(0)) / size
        require(offset == [t * v for v in step], "the points are not on one line")
        places.append(t)
    require(len(set(places)) == len(places), "two points are the same")
    return places
