"""p* of any data: of one input by its theory, else from all vertices, or a lower bound alone.

p* is the largest P such that for every 0 < p < P all minimisers of the lp path norm are sparsest.
On tiny data the sizes of all vertices are known (see `rivals`), so p* is the first exponent at
which some vertex that is not sparsest costs no more than each that is (see `ties`). Where vertices
are too many, a rigorous and tiny lower bound is left (see `extremes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from milpsparse.construct import constructions
from milpsparse.errors import BadInput, Unsupported
from milpsparse.extreme.extremes import cramer_bound, extremes_bound
from milpsparse.extreme.rays import Rays, frame, rays
from milpsparse.extreme.rivals import Rivals, Sizes, sizes_of
from milpsparse.extreme.sets import LIMIT, refusal
from milpsparse.extreme.ties import first_tie
from milpsparse.instance import Instance
from milpsparse.objective import Objective, parse_objective
from milpsparse.theory import threshold
from milpsparse.theory.threshold import Threshold, valid_width

MOST_POINTS = 200  # for the bound without vertices


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
    enumerated in rationals where there are up to `limit` sets of rays: up to 11 points in one
    input, 5 in two, 4 in three; with a skip connection 8 in two and 7 in three. Beyond, the
    interval is [a, 1] with a rigorous and tiny a > 0, and `why` says so.

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
    found = None
    try:
        found = rays(within)
        reason = refusal(found, limit)
    except Unsupported as error:
        reason = str(error)
    if found is not None and reason is None:
        return _from_vertices(instance, kind, found, width)
    bound = cramer_bound(instance, kind, within, found)
    return VertexThreshold(
        low=bound,
        high=Fraction(1),
        objective=kind.kind,
        lower_bound=bound,
        n_rays=None if found is None else len(found),
        n_sets=None if found is None else found.n_sets,
        why=f"a lower bound alone, by Cramer's rule: {reason}",
    )


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
    return VertexThreshold(
        low=tie.low,
        high=tie.high,
        tangency=tie.tangency,
        objective=objective.kind,
        lower_bound=extremes_bound(rivals.fewest, rivals.largest, rivals.smallest),
        fewest=rivals.fewest,
        smallest=rivals.smallest,
        largest=rivals.largest,
        n_rays=len(found),
        n_sets=found.n_sets,
        n_fits=rivals.n_sets,
        sparsest=sparsest,
        others=others,
    )
