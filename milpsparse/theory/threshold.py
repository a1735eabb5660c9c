"""The threshold p* of one-input data, and how the lp minimiser changes with p: certified intervals.

p* is the largest P such that for every q < P every minimiser of the lp cost has the fewest knots.
Runs of curvature are independent, so p* is the least one of all runs, and 1 where no run has four
or more points. All comparisons are those of ball arithmetic over whole intervals of exponents:
branch and prune from the left. Costs are divided by 1 - q, as all matchings tie at q = 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from milpsparse.errors import BadInput, Unsupported
from milpsparse.instance import Instance
from milpsparse.theory.matching import Exponents, Minimisers, Run
from milpsparse.theory.points import measured_points
from milpsparse.theory.univariate import exact_run, runs

WIDTH = Fraction(1, 10**9)  # of the intervals that hold p* and the breaks of a path
EFFORT = 500_000  # points of a run times intervals, some minutes
MAX_POINTS = 1000  # of a run whose threshold or path is computed
_BAR = "exponents: {percentage:3.0f}%|{bar}| [{elapsed}{postfix}]"


@dataclass(frozen=True)
class Threshold:
    """p* is in [low, high].

    `tangency`: within the interval another matching may tie without becoming cheaper, so that p* is
    where it ties; arithmetic could not exclude it, and the interval is wider for it.
    """

    low: Fraction
    high: Fraction
    tangency: bool = False

    @property
    def value(self) -> float:
        """The middle of the interval."""
        return float((self.low + self.high) / 2)


@dataclass(frozen=True)
class Piece:
    """Exponents low < q < high for which the minimisers stay the same: one of them, how many."""

    low: Fraction
    high: Fraction
    knots: int
    jumps: tuple[Fraction, ...]
    number: int


def pstar(instance: Instance, width: float | Fraction = 1e-9) -> Threshold:
    """p* of one-input data with a skip connection, certified to lie in an interval.

    Parameters
    ----------
    width : float
        Of the interval, from 1e-15; more only where `tangency` is set.

    Raises
    ------
    Unsupported, BadInput
        More than one input, a width out of range, changes of slope beyond the range of doubles, a
        run of more than 1,000 curvatures of one sign, or minimizers too close to tell apart.
    """
    width = valid_width(width)
    best, seen = Threshold(Fraction(1), Fraction(1)), set()
    points, doubt = measured_points(instance), False
    for start, end in runs(points).tolist():
        if end - start < 4:
            continue
        run = exact_run(points, start, end)
        shape = tuple(size / run.total for size in run.sizes)
        if shape in seen:
            continue
        seen.add(shape)
        found = run_threshold(run, width, best.high)
        doubt = doubt or found.tangency
        best = Threshold(min(best.low, found.low), min(best.high, found.high))
    return Threshold(best.low, best.high, doubt and best.high - best.low > width)


def valid_width(width: float | Fraction) -> Fraction:
    """The width as a rational, if it is in range."""
    if not (isinstance(width, (float, int, Fraction)) and 1e-15 <= width < 1):
        raise BadInput(f"width {width}: from 1e-15 to below 1")
    return Fraction(width)


def run_threshold(run: Run, width: Fraction = WIDTH, upto: Fraction = Fraction(1)) -> Threshold:
    """p* of one run: the first exponent at which a minimiser has more knots than the fewest.

    Nothing beyond `upto` is looked at: an interval that ends there says that p* is no less.
    """
    fewest = (len(run.sizes) + 1) // 2
    open_from: Fraction | None = None  # where the first interval begins that may hold p*
    gap = False
    for low, high, found in _intervals(run, width, upto):
        if found.undecided:
            few, more = _least_costs(run, Exponents(low, high))
            if open_from is None and not few < more:
                open_from = low
        elif len(run.sizes) - len(found.first) == fewest:
            gap = gap or open_from is not None
        else:
            return Threshold(low if open_from is None else open_from, low, gap)
    return Threshold(upto if open_from is None else open_from, upto, open_from is not None)


def _intervals(
    run: Run, width: Fraction, upto: Fraction = Fraction(1)
) -> Iterator[tuple[Fraction, Fraction, Minimisers]]:
    """[0, upto] from left to right: intervals on which minimisers are decided, or short ones."""
    from tqdm import tqdm

    width = valid_width(width)
    if len(run.sizes) > MAX_POINTS:
        raise Unsupported(
            f"a run of {len(run.sizes)} curvatures of one sign: p* takes up to {MAX_POINTS}"
        )
    with tqdm(total=float(upto), disable=None, leave=False, bar_format=_BAR) as bar:
        todo, effort = [(Fraction(0), upto)], EFFORT
        while todo:
            low, high = todo.pop()
            effort -= len(run.sizes)
            if effort < 0:
                raise Unsupported(
                    f"minimizers near p = {float(low):.6g} are too close to tell apart; a larger "
                    f"width than {float(width):g} may do"
                )
            found = run.minimise(Exponents(low, high))
            if found.undecided and high - low > width / 4:
                middle = (low + high) / 2
                todo += [(middle, high), (low, middle)]
                bar.set_postfix_str(f"p = {float(low):.6g}")
                continue
            bar.update(float(high - low))
            yield low, high, found


def _least_costs(run: Run, q: Exponents) -> tuple[Any, Any]:
    """Least cost of the matchings with the fewest knots, and of all others, for all q: balls.

    A matching of m points has the fewest knots where it leaves m mod 2 of them alone.
    """
    import flint

    none, most = flint.arb("inf"), len(run.sizes) % 2 + 1
    # costs[k] of the points so far with k of them alone; the last entry has all larger k.
    costs = [flint.arb(0)] + [none] * most
    before = [none] * (most + 1)
    ends = q.ends()
    for alone, pair in run.terms:
        w = alone.range(ends)
        after = [none, *(cost + w for cost in costs)]
        after[most] = after[most].min(after.pop())
        if pair is not None:
            m = pair.range(ends)
            after = [a.min(cost + m) for a, cost in zip(after, before, strict=True)]
        before, costs = costs, after
    return costs[most - 1], costs[most]


def lp_path(instance: Instance, width: float | Fraction = 1e-9) -> list[Piece]:
    """The intervals of exponents with their minimisers, from 0 to 1, of one-input data.

    Between two pieces is an interval of at most about `width` in which the minimisers change.
    """
    points, width = measured_points(instance), valid_width(width)
    where = runs(points)
    if (size := int((where[:, 1] - where[:, 0]).sum())) > MAX_POINTS:
        raise Unsupported(f"{size:,} curvatures are not 0: the path takes up to {MAX_POINTS:,}")
    pieces = [Piece(Fraction(0), Fraction(1), 0, (), 1)]
    for start, end in where.tolist():
        part = run_path(exact_run(points, start, end), width)
        pieces = list(_both(pieces, part))
    return pieces


def _both(left: Sequence[Piece], right: Sequence[Piece]) -> Iterator[Piece]:
    """The common refinement of two paths."""
    i = j = 0
    while i < len(left) and j < len(right):
        a, b = left[i], right[j]
        low, high = max(a.low, b.low), min(a.high, b.high)
        if low < high:
            jumps, number = (*a.jumps, *b.jumps), a.number * b.number
            yield Piece(low, high, a.knots + b.knots, jumps, number)
        i, j = (i + 1, j) if a.high <= b.high else (i, j + 1)


def run_path(run: Run, width: Fraction = WIDTH) -> list[Piece]:
    """The path of one run: intervals on which the dynamic program is decided throughout."""
    pieces: list[Piece] = []
    for low, high, found in _intervals(run, width):
        if not found.undecided:
            _append(pieces, low, high, found)
    return pieces


def _append(pieces: list[Piece], low: Fraction, high: Fraction, found: Minimisers) -> None:
    """Add an interval, or prolong the last piece by it where the minimisers are the same."""
    jumps = tuple(found.jumps(found.first))
    if pieces and pieces[-1].high == low and pieces[-1].jumps == jumps:
        low = pieces.pop().low
    pieces.append(Piece(low, high, len(jumps), jumps, found.number))
