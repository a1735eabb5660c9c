"""p* of any data: of one input by its theory, else from all vertices, or a lower bound alone.

p* is the largest P such that for every 0 < p < P all minimisers of the lp path norm are sparsest.
On tiny data the sizes of all vertices are known (`rivals`), so p* is the first exponent at which
some vertex that is not sparsest costs no more than all that are. Ball arithmetic on whole intervals
of exponents, branch and prune from the left.

Without the exponents compared, extremes bound p*. Let s be the fewest sizes, r the least size of
any vertex and R the largest size of one with s. A minimiser with more than s sizes has
(s + 1) r^p <= s R^p, so that

    p* >= ln(1 + 1/s) / ln(R / r)       (at most 1; 1 where R = r).

Where vertices are too many, r and R are bounded by Cramer's rule and Hadamard's inequality for
integer data, and s by a network: rigorous, and astronomically small.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from milpsparse.bounds import best_bound
from milpsparse.construct import best_construction, constructions
from milpsparse.errors import BadInput, Unsupported
from milpsparse.instance import Instance
from milpsparse.network import Network
from milpsparse.objective import Objective, parse_objective
from milpsparse.theory import threshold
from milpsparse.theory.matching import BITS, Exponents, arb, sign_of
from milpsparse.theory.rays import Frame, Rays, frame, rays
from milpsparse.theory.rivals import Rivals, Sizes
from milpsparse.theory.threshold import Threshold, valid_width
from milpsparse.theory.vertices import LIMIT, refusal

MOST_POINTS = 200  # for the bound without vertices
ROUNDING = 1e-9  # relative, of costs in doubles, with much room to spare
EFFORT = 2_000_000  # comparisons of two vertices on an interval, some minutes


@dataclass(frozen=True, kw_only=True)
class VertexThreshold(Threshold):
    """p* in [low, high], by vertices; [low, 1] where they are too many, and `why` says so.

    Attributes
    ----------
    objective : str
        "parameters": sizes are the |u_kj| that are counted; "neurons": sums of them a neuron.
    lower_bound : Fraction
        ln(1 + 1/s) / ln(R / r), rounded down.
    fewest, smallest, largest
        s, r and R; None where they are not known.
    n_rays, n_sets, n_fits
        Rays, sets of as many rays as a basis has, and sets that fit the data (None: not counted).
    sparsest, others
        Sizes of the vertices that may be least for some p: of those with s sizes, and with more.
    """

    objective: str
    lower_bound: Fraction
    fewest: int | None = None
    smallest: Fraction | None = None
    largest: Fraction | None = None
    n_rays: int | None = None
    n_sets: int | None = None
    n_fits: int | None = None
    sparsest: Sequence[Sizes] = ()
    others: Sequence[Sizes] = ()
    why: str = ""


def pstar(
    instance: Instance,
    width: float | Fraction = 1e-9,
    objective: str | Objective = "parameters",
    limit: int = LIMIT,
) -> Threshold:
    """p* of an instance, certified to lie in an interval.

    p* is the largest P such that for all 0 < p < P every minimiser of sum |u_kj|^p over the counted
    entries has the fewest of them. The bound B of the instance plays no part.

    One input with a skip connection and uncounted biases: by theory, up to 1,000 curvatures of one
    sign. All other data: from all vertices of the program over activation patterns, which are
    enumerated in rationals where there are up to `limit` sets of rays: up to 5 points in two
    inputs, about 8 in one (6 in two with a skip connection). Beyond, the interval is [a, 1] with a
    rigorous and astronomically small a > 0, and `why` says so.

    Parameters
    ----------
    width : float
        Of the interval, from 1e-15; more only where `tangency` is set, or no interval is proved.
    objective : "parameters" or "neurons"
        "neurons": minimisers of sum_k (sum_j |u_kj|)^p against the fewest neurons.
    limit : int
        Sets of rays up to which vertices are enumerated; a million take about a minute.

    Returns
    -------
    Threshold, or VertexThreshold with what is known of the vertices
        p* is in [low, high].

    Raises
    ------
    Unsupported, BadInput
        A width or objective out of range; data too large even for a bound, and of one input what
        `milpsparse.theory.threshold.pstar` refuses.
    """
    width, kind = valid_width(width), parse_objective(objective)
    if not kind.counts:
        raise BadInput(f"p* is of parameters or neurons, not of {kind}")
    if has_theory(instance):  # every neuron has one counted entry
        return threshold.pstar(instance, width)
    if kind.kind == "neurons" and not instance.skip and not instance.count_bias:
        raise Unsupported("neurons: constant neurons have no size where biases are not counted")
    if instance.n_distinct > MOST_POINTS:
        raise Unsupported(f"{instance.n_distinct} points: p* takes up to {MOST_POINTS} here")
    within = frame(instance)
    try:
        found = rays(within)
    except Unsupported as error:
        return _bound_alone(instance, kind, within, None, str(error))
    if reason := refusal(found, limit):
        return _bound_alone(instance, kind, within, found, reason)
    return _from_vertices(instance, kind, found, width)


def has_theory(instance: Instance) -> bool:
    """Whether p* is that of the knots of one input."""
    return instance.n_features == 1 and instance.skip and not instance.count_bias


def _from_vertices(
    instance: Instance, objective: Objective, found: Rays, width: Fraction
) -> VertexThreshold:
    from tqdm import tqdm

    rivals = Rivals(found, objective.kind == "neurons")
    rivals.seed(sizes_of(instance, n, objective) for n in constructions(instance, objective))
    with tqdm(desc="vertices", total=found.n_sets, unit=" sets", disable=None, leave=False) as bar:
        rivals.collect(bar.update)
    kept = sorted(rivals.kept)
    sparsest = [sizes for sizes in kept if len(sizes) == rivals.fewest]
    others = [sizes for sizes in kept if len(sizes) > rivals.fewest]
    tie = first_tie(sparsest, others, width)
    bound = _extremes_bound(rivals.fewest, _log_ratio(rivals.largest, rivals.smallest))
    return VertexThreshold(
        low=tie.low,
        high=tie.high,
        tangency=tie.tangency,
        objective=objective.kind,
        lower_bound=bound,
        fewest=rivals.fewest,
        smallest=rivals.smallest,
        largest=rivals.largest,
        n_rays=len(found),
        n_sets=found.n_sets,
        n_fits=rivals.n_sets,
        sparsest=sparsest,
        others=others,
    )


def sizes_of(instance: Instance, network: Network, objective: Objective) -> Sizes:
    """The sizes of an exact network: of its counted entries, or their sums over each neuron."""
    entries = abs(network.best.counted(instance.count_bias))
    if objective.kind == "neurons":
        entries = entries.sum(axis=1, keepdims=True)
    return tuple(sorted(Fraction(v) for v in entries.ravel().tolist() if v))


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


def _extremes_bound(fewest: int, log_ratio: Any) -> Fraction:
    """ln(1 + 1/s) / ln(R / r), rounded down; at most 1."""
    import flint

    if fewest == 0 or not log_ratio > 0:
        return Fraction(1)
    bound = float(((1 + flint.arb(1) / fewest).log() / log_ratio).lower())
    return min(Fraction(1), Fraction(math.nextafter(bound, 0.0)))


def _log_ratio(largest: Fraction | None, smallest: Fraction | None) -> Any:
    if largest is None or smallest is None or largest <= smallest:
        return 0
    return arb(largest / smallest).log()


def _bound_alone(
    instance: Instance, objective: Objective, within: Frame, found: Rays | None, reason: str
) -> VertexThreshold:
    """The bound by Cramer's rule: sizes are quotients of determinants of outputs and labels.

    Coefficients of rays, in units of `scale`, solve a system of integers whose columns are outputs
    h_l of independent rays. So they are at least 1 / prod |h_l|_2 and at most |labels|_2 times the
    product of the other columns' norms; a size is a sum of coefficients times entries of rays,
    which are integers.
    """
    network = best_construction(
        instance.replace(bound=None, count_bias=instance.count_bias), objective
    )
    sizes = sizes_of(instance, network, objective)
    log_entry, log_norms = _of_all_rays(within) if found is None else _of_rays(found)
    if objective.kind == "neurons":
        log_entry += arb(Fraction(within.n_counted)).log()
    theorem = best_bound(instance, objective, "theorem")
    log_r = arb(within.scale).log() - _total(log_norms)
    if theorem is not None and theorem.value == len(sizes) > 0:  # a sparsest network is known
        log_R = arb(sizes[-1]).log()
    else:
        log_R = arb(within.scale * within.depth).log() + log_entry
        log_R += _log_norm(within.labels) + _total(log_norms[:-1])
    bound = _extremes_bound(len(sizes), log_R - log_r)
    return VertexThreshold(
        low=bound,
        high=Fraction(1),
        objective=objective.kind,
        lower_bound=bound,
        n_rays=None if found is None else len(found),
        n_sets=None if found is None else found.n_sets,
        why=f"a lower bound alone, by Cramer's rule: {reason}",
    )


def _of_rays(found: Rays) -> tuple[Any, list[Any]]:
    """The logarithms of the largest entry, and of the largest norms of outputs, one a basis ray."""
    norms = sorted((_log_norm(h) for h in found.outputs.T), key=float, reverse=True)
    return arb(Fraction(int(found.counted.max()))).log(), norms[: found.frame.depth]


def _of_all_rays(within: Frame) -> tuple[Any, list[Any]]:
    """The same for rays that are not enumerated, by Hadamard's inequality.

    Entries of a ray are minors of D - 1 normals, and its outputs those with a point added.
    """
    D = within.points.shape[1]
    norms = sorted((_log_norm(row) for row in within.normals), key=float, reverse=True)
    log_entry = _total(norms[: D - 1])
    log_norm = log_entry + _log_norm(within.points.ravel())
    if within.kept is not None:
        log_norm += _log_norm(within.kept.ravel())
    return log_entry, [log_norm] * within.depth


def _log_norm(values: np.ndarray) -> Any:
    """The logarithm of |v|_2, for integers that are not all 0."""
    return arb(Fraction(int((values * values).sum()))).log() / 2


def _total(logs: Sequence[Any]) -> Any:
    return sum(logs, arb(Fraction(0)))
