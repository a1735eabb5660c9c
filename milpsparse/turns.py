"""A model asked in turns: programs solved one after another until one of them has a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from milpsparse.answer import Answer, Termination
from milpsparse.network import Network

# A lower bound that holds if all programs before are infeasible, and the options of this one.
Turn = tuple[int, Mapping[str, Any]]


def solve_in_turn(
    turns: Iterator[Turn],
    solve: Callable[[Mapping[str, Any]], Answer],
    incumbent: Network,
    objective: str,
    value: Callable[[Network], float],
) -> Answer:
    """The first network found, or the incumbent, with the lower bound of the turns before it.

    `solve` answers the program of some options; when all are infeasible the incumbent is best.
    """
    asked: list[Answer] = []
    lower = value(incumbent)
    for level, options in turns:
        asked.append(solve(options))
        if asked[-1].termination != Termination.INFEASIBLE:
            lower = level
            break
    last = asked[-1] if asked else Answer(objective=objective, termination=Termination.FEASIBLE)
    network = last.network or incumbent
    closed = value(network) <= lower
    unproved = Termination.FEASIBLE if last.network is not None else last.termination
    return last.with_(
        termination=Termination.OPTIMAL if closed else unproved,
        network=network,
        claimed_primal_bound=value(network),
        claimed_dual_bound=lower,
        raw_status=f"{len(asked)} programs, the last one {last.raw_status or 'none'}",
        node_count=_sum(a.node_count for a in asked),
        build_time_s=_sum(a.build_time_s for a in asked),
        solve_time_s=_sum(a.solve_time_s for a in asked),
        stats={"programs": len(asked)},
    )


def _sum(values: Iterator[Any]) -> Any:
    known = [v for v in values if v is not None]
    return sum(known) if known else None
