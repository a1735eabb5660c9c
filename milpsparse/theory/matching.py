"""Least lp cost of a run of curvatures of one sign, exactly: matchings on a path.

A run c_1, ..., c_m > 0 is interpolated by a knot of jump c_j at point j, or by one knot of jump
c_j + c_{j+1} between two neighbours. For 0 < p < 1 the global minimisers of the lp path norm are
exactly the matchings of least cost sum |jump|^p: costs are concave, so the least one is at a vertex
of the polytope of interpolants, where every curvature goes into one knot as a whole.

The dynamic program compares two ways to end at each point. All comparisons are rigorous: real ball
arithmetic, and equality only where two ways have the same jumps as rationals. A comparison that
balls do not decide is `OPEN`. Exponents may be an interval: then a decision holds on all of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import groupby, pairwise
from typing import Any

BITS = (64, 256, 1024, 4096)  # precisions tried before a comparison at one exponent is left open


class Choice(IntEnum):
    """How a minimiser of the first points ends: with a point alone, or with a pair."""

    SINGLE, PAIRED, TIED, OPEN = range(4)


@dataclass(frozen=True)
class Exponents:
    """All exponents q in [low, high], 0 <= low <= high <= 1, and what a jump 0 < a <= 1 costs.

    Two ways to interpolate the same points have the same sum of jumps, so a^q may be replaced by
    (a^q - a) / (1 - q) = a L phi((1 - q) L), L = -log a, which has a limit at q = 1; and where
    there are as many jumps on both sides by (a^q - 1) / q = -L phi(-q L), which has one at q = 0.
    Here phi(z) = (e^z - 1) / z, the mean of e^(zt) over 0 < t < 1; it and all its derivatives rise
    with z.
    """

    low: Fraction
    high: Fraction

    def ends(self) -> Ends:
        """Both ends, as balls of q and 1 - q."""
        return [(arb(q), arb(1 - q)) for q in sorted({self.low, self.high})]


Ends = list[tuple[Any, Any]]


class Term:
    """The cost of a jump a, f(q) = scale phi(rate), in one of the two forms of `Exponents`."""

    def __init__(self, jump: Fraction, near_zero: bool = False) -> None:
        a = arb(jump)
        self.L, self.near_zero = -a.log(), near_zero
        self.scale = -self.L if near_zero else a * self.L

    def range(self, ends: Ends) -> Any:
        """A ball that holds f between the ends."""
        phi = [_phi(self._rate(*end)) for end in ends]
        return self.scale * phi[0].union(phi[-1])

    def slope(self, ends: Ends) -> Any:
        """A ball that holds the derivative of f between the ends, but for its sign."""
        phi = [_phi_slope(self._rate(*end)) for end in ends]
        return abs(self.scale) * self.L * phi[0].union(phi[-1])

    def _rate(self, q: Any, rest: Any) -> Any:
        return -self.L * q if self.near_zero else self.L * rest


def arb(value: Fraction) -> Any:
    """The ball around a rational."""
    import flint

    return flint.arb(flint.fmpq(value.numerator, value.denominator))


def _phi(z: Any) -> Any:
    return z.expm1() / z if z != 0 else z + 1


def _phi_slope(z: Any) -> Any:
    return (z.exp() * (z - 1) + 1) / (z * z) if z != 0 else (z + 1) / 2


@dataclass(frozen=True, eq=False)
class Run:
    """The sizes |c_j| of a maximal run of curvatures of one sign, as rationals."""

    sizes: Sequence[Fraction]

    @cached_property
    def total(self) -> Fraction:
        """The sum of all sizes, the scale in which jumps are at most 1."""
        return sum(self.sizes, Fraction(0))

    @cached_property
    def terms(self) -> list[tuple[Term, Term | None]]:
        """The costs of every point alone and with the one before it."""
        alone = [Term(size / self.total) for size in self.sizes]
        pairs = [Term((a + b) / self.total) for a, b in pairwise(self.sizes)]
        return list(zip(alone, [None, *pairs], strict=True))

    def jump(self, j: int, choice: int) -> Fraction:
        """The jump that ends at point j."""
        return self.sizes[j] + (self.sizes[j - 1] if choice == Choice.PAIRED else 0)

    def minimise(self, q: Exponents) -> Minimisers:
        """Decide how minimisers end at every point."""
        choices: list[Choice] = []
        e = None  # D_j - D_{j-1}, where D_j is the least cost of the first j points
        ends = q.ends()
        for alone, pair in self.terms:
            w = alone.range(ends)
            choice, rest = Choice.SINGLE, w
            if pair is not None:
                rest = pair.range(ends) - e
                choice = self._compare(w, rest, choices, q)
            choices.append(choice)
            e = rest if choice == Choice.PAIRED else w
            if choice == Choice.OPEN:
                e = w.min(rest)
        return Minimisers(self, choices)

    def _compare(self, w: Any, rest: Any, choices: list[Choice], q: Exponents) -> Choice:
        """Point j alone against the pair (j - 1, j), j = len(choices)."""
        if w < rest:
            return Choice.SINGLE
        if rest < w:
            return Choice.PAIRED
        jumps = self._difference(choices)
        if jumps is None:
            return Choice.OPEN
        sign = sign_of(jumps, self.total, q)
        return {1: Choice.PAIRED, -1: Choice.SINGLE, 0: Choice.TIED, None: Choice.OPEN}[sign]

    def _difference(self, choices: list[Choice]) -> Counter[Fraction] | None:
        """The jumps of the way that ends alone less those of the way that ends in a pair, up to
        where the two ways part; None when one of them is not known.
        """
        j = len(choices)
        counts = Counter({self.sizes[j]: 1})
        counts[self.sizes[j] + self.sizes[j - 1]] -= 1
        ends, gains = [j, j - 1], [1, -1]
        while ends[0] != ends[1]:
            way = int(ends[1] > ends[0])
            last = ends[way] - 1
            if choices[last] == Choice.OPEN:
                return None
            counts[self.jump(last, choices[last])] += gains[way]
            ends[way] -= 2 if choices[last] == Choice.PAIRED else 1
        return Counter({jump: n for jump, n in counts.items() if n})


@lru_cache(maxsize=50_000)
def _term(jump: Fraction, scale: Fraction, near_zero: bool, bits: int) -> Term:
    """The cost of a jump at the precision at work, which is `bits`."""
    return Term(jump / scale, near_zero)


def sign_of(jumps: Counter[Fraction], scale: Fraction, q: Exponents) -> int | None:
    """The sign of sum n a^q over jumps a with multiplicities n of either sign and sum n a = 0, the
    same for all 0 < q < 1 in the interval; None when it is not decided.
    """
    import flint

    if not jumps:
        return 0
    forms = [False, True] if sum(jumps.values()) == 0 else [False]
    least = min(jumps)
    spread = (scale / least).numerator.bit_length() - (scale / least).denominator.bit_length()
    for bits in BITS if q.low == q.high else (BITS[1] + 2 * spread,):
        with flint.ctx.workprec(bits):
            for near_zero in forms:
                terms = [(n, _term(a, scale, near_zero, bits)) for a, n in jumps.items()]
                for value in _enclosures(terms, q):
                    if value > 0 or value < 0:
                        return 1 if value > 0 else -1
            for value in _pairwise(jumps, scale, q) if len(forms) == 2 else ():
                if value > 0 or value < 0:
                    return 1 if value > 0 else -1
    return None


def _enclosures(terms: list[tuple[int, Term]], q: Exponents) -> Iterator[Any]:
    """Balls that hold the sum on all of the interval: directly, and by the mean value theorem."""
    import flint

    def total(part: Any) -> Any:
        return sum((n * part(term) for n, term in terms), flint.arb(0))

    ends = q.ends()
    yield total(lambda term: term.range(ends))
    if q.low == q.high:
        return
    slope = total(lambda term: term.slope(ends))
    if slope > 0 or slope < 0:  # monotone: both ends tell
        left, right = (total(lambda term, end=end: term.range([end])) for end in ends)
        yield left.union(right)
    middle = (q.low + q.high) / 2
    centre = Exponents(middle, middle).ends()
    radius = arb((q.high - q.low) / 2).upper()
    yield total(lambda term: term.range(centre)) + slope * flint.arb(0, radius)


def _pairwise(jumps: Counter[Fraction], scale: Fraction, q: Exponents) -> Iterator[Any]:
    """Balls with the sign of the sum where there are as many jumps on both sides.

    They are sums of a - b times a derivative between a and b, of (a^q - a) / (1 - q) and of
    a^q / q. So jumps cancel that nearly agree.
    """
    import flint

    plus = sorted(a / scale for a, n in jumps.items() for _ in range(n))
    minus = sorted(a / scale for a, n in jumps.items() for _ in range(-n))
    near_one, near_zero = flint.arb(0), flint.arb(0)
    for a, b in zip(plus, minus, strict=True):
        L = -arb(a).union(arb(b)).log()
        rates = [L * rest for _, rest in q.ends()]  # a^(q - 1) = exp((1 - q) L)
        power = rates[0].exp().union(rates[-1].exp())
        mean = _phi_over(rates[0]).union(_phi_over(rates[-1]))
        near_one += arb(a - b) * (L * mean - power)
        near_zero += arb(a - b) * power
    yield near_one
    yield near_zero


def _phi_over(z: Any) -> Any:
    """The range of phi on a ball that may hold 0: it rises with z."""
    low, high = z.lower(), z.upper()
    return _phi(low).union(_phi(high))


@dataclass(frozen=True, eq=False)
class Minimisers:
    """The minimisers of a run: one for each way back through the choices."""

    run: Run
    choices: Sequence[Choice]

    @cached_property
    def reached(self) -> set[int]:
        """The numbers j of first points at whose end some minimiser has a knot of its own."""
        reached, todo = set(), [len(self.choices)]
        while todo:
            j = todo.pop()
            if j > 0 and j not in reached:
                reached.add(j)
                choice = self.choices[j - 1]
                todo += [j - 1] * (choice != Choice.PAIRED) + [j - 2] * (choice != Choice.SINGLE)
        return reached

    @property
    def undecided(self) -> int:
        """How many comparisons that minimisers depend on were left open."""
        return sum(self.choices[j - 1] == Choice.OPEN for j in self.reached)

    @cached_property
    def number(self) -> int:
        """How many there are; an upper bound where comparisons are open."""
        ways = [1]
        for j, choice in enumerate(self.choices, start=1):
            alone = 0 if choice == Choice.PAIRED else ways[j - 1]
            ways.append(alone + (ways[j - 2] if choice != Choice.SINGLE else 0))
        return ways[-1]

    @property
    def first(self) -> tuple[int, ...]:
        """The pairs of one minimiser: j for the points j - 1 and j, counted from 0 in the run."""
        return next(self.all())

    def all(self) -> Iterator[tuple[int, ...]]:
        """The pairs of every minimiser."""
        todo: list[tuple[int, tuple[int, ...]]] = [(len(self.choices), ())]
        while todo:
            j, pairs = todo.pop()
            while j > 0:
                choice = self.choices[j - 1]
                if choice in (Choice.TIED, Choice.OPEN):
                    todo.append((j - 2, (j - 1, *pairs)))
                if choice == Choice.PAIRED:
                    j, pairs = j - 2, (j - 1, *pairs)
                else:
                    j -= 1
            yield pairs

    def jumps(self, pairs: Sequence[int]) -> list[Fraction]:
        """The jumps of a minimiser, in order."""
        sizes, taken = self.run.sizes, set(pairs)
        jumps: list[Fraction] = []
        for j, size in enumerate(sizes):
            if j in taken:
                jumps[-1] += size
            else:
                jumps.append(size)
        return jumps


def knots_needed(curvatures: Iterable[Fraction]) -> int:
    """The fewest knots of an interpolant with these curvatures: ceil(m / 2) for a run of m.

    >>> knots_needed([Fraction(c) for c in (1, 1, 0, 1, 1)])
    2
    """
    signs = ((c > 0) - (c < 0) for c in curvatures)
    return sum((len(list(run)) + 1) // 2 for sign, run in groupby(signs) if sign)
