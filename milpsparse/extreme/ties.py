"""The first exponent at which one network costs no more than each of some others: an interval.

Costs sum a^q are compared by ball arithmetic on whole intervals of exponents: branch and prune
from the left. Where two tie at q = 1, the difference is divided by 1 - q (see `theory.matching`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from milpsparse.errors import Unsupported
from milpsparse.extreme.rivals import Sizes
from milpsparse.theory.matching import BITS, Exponents, arb, sign_of
from milpsparse.theory.threshold import Threshold

ROUNDING = 1e-9  # relative, of costs in doubles, with much room to spare
EFFORT = 2_000_000  # comparisons of two networks on an interval, some minutes


def first_tie(sparsest: Sequence[Sizes], others: Sequence[Sizes], width: Fraction) -> Threshold:
    """The first exponent at which one of the others costs no more than each of the sparsest."""
    from tqdm import tqdm

    costs = _Costs([*sparsest, *others])
    few, more = range(len(sparsest)), range(len(sparsest), len(costs.rows))
    todo, open_from, gap = [(Fraction(0), Fraction(1), list(more))], None, False
    with tqdm(desc="exponents", total=1.0, disable=None, leave=False) as bar:
        while todo:
            low, high, rivals = todo.pop()
            q = Exponents(low, high)
            near = costs.near_least(few, q, few)
            left = [
                a
                for a in costs.near_least(rivals, q, near)
                if not any(costs.sign(a, b, q) == 1 for b in near)
            ]
            if any(all(costs.sign(a, b, q) == -1 for b in near) for a in left):
                return Threshold(low if open_from is None else open_from, low, gap)
            if left and high - low > width / 4:
                middle = (low + high) / 2
                todo += [(middle, high, left), (low, middle, left)]
                continue
            if left and open_from is None:
                open_from = low
            gap = gap or (not left and open_from is not None)
            bar.update(float(high - low))
    one = Fraction(1)
    return Threshold(one if open_from is None else open_from, one, open_from is not None)


class _Costs:
    """Costs sum a^q of networks, in units of the largest size, on intervals of exponents."""

    def __init__(self, rows: Sequence[Sizes]) -> None:
        self.rows = rows
        self.unit = max((sizes[-1] for sizes in rows if sizes), default=Fraction(1))
        self.logs = [np.log([float(v / self.unit) for v in sizes]) for sizes in rows]
        self.differences: dict[tuple[int, int], _Difference] = {}
        self.effort = EFFORT

    def near_least(self, rows: Iterable[int], q: Exponents, others: Iterable[int]) -> list[int]:
        """Those of the rows that may cost no more than all others somewhere on q; by doubles.

        Costs fall with the exponent, as no size is above the unit.
        """
        low, high = float(q.low), float(q.high)
        least = min((np.exp(low * self.logs[b]).sum() for b in others), default=np.inf)
        most = least * (1 + ROUNDING)
        return [a for a in rows if np.exp(high * self.logs[a]).sum() <= most]

    def sign(self, a: int, b: int, q: Exponents) -> int | None:
        """The sign of cost(a) - cost(b), the same on all of q; None where it is not decided."""
        self.effort -= 1
        if self.effort < 0:
            raise Unsupported(
                f"networks near p = {float(q.low):.6g} are too close to tell apart: a larger "
                "width may do"
            )
        if (a, b) not in self.differences:
            self.differences[a, b] = _Difference(self.rows[a], self.rows[b], self.unit)
        return self.differences[a, b].sign(q)


class _Difference:
    """The difference sum n a^q of two costs."""

    def __init__(self, a: Sizes, b: Sizes, unit: Fraction) -> None:
        import flint

        counts = Counter(a)
        counts.subtract(b)
        self.counts, self.unit = Counter({size: n for size, n in counts.items() if n}), unit
        self.ties = sum(a, Fraction(0)) == sum(b, Fraction(0))  # at q = 1
        with flint.ctx.workprec(BITS[1]):
            self.logs = [(n, arb(size / unit).log()) for size, n in self.counts.items()]

    def sign(self, q: Exponents) -> int | None:
        """Its sign on all of q, 0 and 1 excluded: directly, then by the mean value theorem."""
        import flint

        if self.ties:
            return sign_of(self.counts, self.unit, q)
        with flint.ctx.workprec(BITS[1]):
            low, high, middle = arb(q.low), arb(q.high), arb((q.low + q.high) / 2)
            value = slope = centre = flint.arb(0)
            for n, log in self.logs:
                power = (low * log).exp().union((high * log).exp())
                value += n * power
                slope += n * log * power
            if not (value > 0 or value < 0):
                for n, log in self.logs:
                    centre += n * (middle * log).exp()
                value = centre + slope * flint.arb(0, ((high - low) / 2).upper())
        return 1 if value > 0 else -1 if value < 0 else None
