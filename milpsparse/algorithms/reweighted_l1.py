"""Reweighted l1 for the lp path norm, 0 < p < 1, over all activation patterns.

Each round solves a linear program with weights p (|z_j| + eps)^(p - 1) at the last point z, which
majorises sum (|z_j| + eps)^p, and ends at a vertex. Every vertex is a local minimiser of the lp
norm, so the result is a heuristic: for lp and, through its support, for counts. So several starts
are worth their time, and all are told.

The patterns, however many, are never written down: neurons enter by their price, see
`milpsparse.reweighting.columns`. Sources: Candes, Wakin & Boyd (2008) and `schedules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from milpsparse.answer import Answer, Termination
from milpsparse.instance import Instance
from milpsparse.method import Algorithm, Limits, Option
from milpsparse.models import _parts
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.refit import polish
from milpsparse.reweighting import starts as origins
from milpsparse.reweighting.blocks import Blocks
from milpsparse.reweighting.columns import Columns
from milpsparse.reweighting.descent import Descent, Program
from milpsparse.reweighting.points import Point, Space, space_of
from milpsparse.reweighting.pricing import pricing_of, table_of
from milpsparse.reweighting.schedules import SCHEDULES

# What was proved of the programs: the optimum of each, of the last one, or of none.
PRICING = ("exact", "finally exact", "heuristic")
FINAL = 0.25  # of the time left, to prove the last program
MAX_POINTS, MAX_VALUES = 500, 20_000_000  # rows, and values of the first neurons
REFIT = 0.05  # of the time, for the refit
POLISHED = 5  # ends that are refitted exactly, the best ones first


def run(
    instance: Instance,
    objective: Objective,
    limits: Limits,
    *,
    p: float = 0.4,
    schedule: str = "chartrand_yin",
    norm: str = "entries",
    starts: int = 1,
    program: str = "columns",
) -> Answer:
    """The network of the best end of all starts, refitted exactly; lp:p brings its own exponent."""
    space = space_of(instance)
    descent = Descent(objective.p or p, norm, schedule)
    make = _programs(space, limits, program)
    with ThreadPoolExecutor(max_workers=limits.threads) as pool:
        work = partial(_descend, descent, make, limits, starts)
        ends = list(pool.map(work, range(starts), origins.origins(starts)))
    network = _best(instance, objective, [e.point for e in ends if e.point is not None])
    if network is None:
        return Answer(
            objective=str(objective), termination=Termination.TIME_LIMIT, raw_status="no time"
        )
    rounds = sum(end.rounds for end in ends)
    pricing = max((end.pricing for end in ends), key=PRICING.index)
    told = "" if starts == 1 else f" from {starts} starts"
    return Answer(
        objective=str(objective),
        termination=Termination.FEASIBLE,
        network=network,
        claimed_primal_bound=instance.value(network, objective),
        raw_status=f"{rounds} reweighted programs{told}; {pricing} pricing",
        solver="highs",
        stats={
            "p": descent.p,
            "schedule": schedule,
            "norm": norm,
            "rounds": rounds,
            "pricing": pricing,
            "starts": [end.told(space, descent) for end in ends],
        },
    )


@dataclass(frozen=True)
class _End:
    """Where a start ended: a point, or None where time ran out before there was one."""

    origin: str
    point: Point | None = None
    rounds: int = 0
    pricing: str = PRICING[0]

    def told(self, space: Space, descent: Descent) -> dict[str, Any]:
        """What the row keeps of it."""
        if self.point is None:
            return {"origin": self.origin, "rounds": 0, "lp": None, "parameters": None}
        return {
            "origin": self.origin,
            "rounds": self.rounds,
            "lp": descent.value(space, self.point),
            "parameters": int(np.count_nonzero(self.point.u * space.counted)),
            "neurons": int(np.count_nonzero(self.point.u.any(axis=1))),
        }


def _programs(space: Space, limits: Limits, program: str) -> Callable[[Limits], Program]:
    """What makes a start's own program."""
    if program == "patterns":
        return partial(Blocks, space)
    table = table_of(space, limits.seed)
    return lambda part: Columns(space, pricing_of(space, table), part)


def _descend(
    descent: Descent,
    make: Callable[[Limits], Program],
    limits: Limits,
    starts: int,
    k: int,
    origin: str,
) -> _End:
    """One start and its descent, in its share of the time that is left; none at its end."""
    if k and limits.left() < REFIT * limits.time_limit_s:
        return _End(origin)
    turns = -(-(starts - k) // limits.threads)
    part = limits.part(limits.left() / turns)
    program = make(part)
    begin = origins.start(origin, program, part, limits.seed + k)
    if begin is None:
        return _End(origin)
    point, rounds, weights = descent.run(program, begin)
    if program.exact:
        return _End(origin, point, rounds)
    last, proved = program.settle(weights, limits.part(FINAL * part.left()))
    better = last is not None and descent.value(program.space, last) < descent.value(
        program.space, point
    )
    return _End(origin, last if better else point, rounds, PRICING[1 if proved else 2])


def _best(instance: Instance, objective: Objective, points: Sequence[Point]) -> Network | None:
    """The network of least value, exact if one is: the most promising points are refitted."""

    def promise(network: Network) -> float:
        return instance.value(network, objective)

    networks = sorted((point.network(instance) for point in points), key=promise)
    distinct = {(bytes(n.signs), bytes(n.path != 0)): n for n in reversed(networks)}
    found: list[Network] = []
    for network in sorted(distinct.values(), key=promise)[:POLISHED]:
        if any(f.exact is not None and promise(f) <= promise(network) for f in found):
            break
        found.append(polish(instance, network, objective))
    return min(found, key=lambda n: (n.exact is None, promise(n)), default=None)


def refuses(instance: Instance, objective: Objective, options: Mapping[str, Any]) -> str | None:
    """The program that is written down needs all patterns; the other one few points."""
    if options["program"] == "patterns":
        return _parts.too_many_patterns(instance, objective, {})
    N, d = instance.X.shape
    if N <= MAX_POINTS and 2 * d * N * N <= MAX_VALUES:
        return None
    return (
        f"{N:,} points in {d} inputs (limits: {MAX_POINTS} points, inputs times the square of "
        f"points {MAX_VALUES // 2:,}): its linear programs take hours; use multistart"
    )


ALGORITHM = Algorithm(
    summary="reweighted l1 by column generation over patterns: a heuristic for lp and counts",
    objectives=frozenset({"lp", "neurons", "parameters"}),
    run=run,
    refuses=refuses,
    options={
        "p": Option(
            0.4, "exponent where the objective is a count; lp:<p> has its own", low=0.01, high=0.99
        ),
        "schedule": Option(SCHEDULES[0], "how eps falls", SCHEDULES),
        "norm": Option("entries", "sum |u_kj|^p, or sum ||u_k||_1^p", ("entries", "neurons")),
        "starts": Option(1, "the l1 solution, then other vertices; the best end counts", low=1),
        "program": Option(
            "columns", "neurons enter by price; or all patterns are there", ("columns", "patterns")
        ),
    },
    version=2,
)
