"""Activation search: branch and bound on activations; it proves the fewest neurons or parameters.

A network of multistart tells what is to be refuted: all networks that cost one less. Their
activations are decided point by point; what is left is a small linear program, and each one
without a solution gives multipliers that anyone can check. N costs a scan: only few points are ever
decided.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np

from milpsparse import registry
from milpsparse.answer import Answer, Termination
from milpsparse.bounds import best_bound
from milpsparse.errors import Unsupported
from milpsparse.execute import heuristic, is_exact, with_bound
from milpsparse.instance import Instance
from milpsparse.method import Algorithm, Limits, Option
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.search.level import Level
from milpsparse.search.space import kind_of
from milpsparse.search.split import MOST_NEURONS, Found
from milpsparse.sparsify import sparser

FIRST = 50_000  # simplex steps a split in the first round, four times as many in the next
QUICK = 1000  # simplex steps a split for low levels, before multistart
PROBES = 8  # short searches a split of the last level, twice as many in the next round
STARTS = 125  # starts of multistart for each size before the first round, four times as many next


def run(
    instance: Instance,
    objective: Objective,
    limits: Limits,
    *,
    multistart: bool = True,
    proof: bool = True,
) -> Answer:
    """The fewest neurons with a proof, or the bounds when the time is over."""
    return search(instance, objective, limits, None, proof, STARTS if multistart else 0)


def search(
    instance: Instance,
    objective: Objective,
    limits: Limits,
    best: Network | None,
    proof: bool = True,
    starts: int = STARTS,
) -> Answer:
    """Refute all that is smaller than the best known network, or find it.

    Without a bound B, all networks are searched in half of the time; where that does not end,
    those within twice the largest entry of the best network.
    """
    about = instance if proof else None
    if instance.bound is not None:
        return _Search(instance, objective, best, starts, about).run(limits).answer()
    half = limits.part(limits.left() / 2)
    free = _Search(instance, objective, best, starts, about).run(half)
    if free.closed or free.best is None:
        return free.answer()
    within = with_bound(instance, free.best)
    bounded = _Search(within, objective, free.best, starts, about).run(limits)
    if bounded.lower <= free.lower:
        free.best, free.out_of_time = bounded.best, bounded.out_of_time
        return free.answer()
    return bounded.answer()


@dataclass
class _Search:
    """Levels, the incumbent and the lower bound of one search."""

    instance: Instance
    objective: Objective
    best: Network | None
    starts: int
    about: Instance | None  # of proofs: the bound may be another one; None where none is wanted
    lower: int = 0  # by `proved`, or by a theorem that the check finds again
    proved: Level | None = None
    lines: list[str] | None = None  # the proof of `lower`
    note: str = ""  # why there is none
    levels: dict[int, Level] = field(default_factory=dict)
    out_of_time: bool = False

    @property
    def top(self) -> int:
        """Cost of the networks to be refuted last."""
        if self.best is None:
            return self.most
        return int(self.instance.value(self.best, self.objective)) - 1

    @property
    def most(self) -> int:
        """The largest cost whose networks have few enough hinges for the search."""
        return (MOST_NEURONS + 1) * kind_of(self.instance, self.objective).cheapest - 1

    @property
    def closed(self) -> bool:
        """Whether nothing is left to be refuted."""
        return self.lower > self.top

    def run(self, limits: Limits) -> _Search:
        """Low levels first; then, around an incumbent, the last level and the lowest open one."""
        from tqdm import tqdm

        theorem = best_bound(self.instance, self.objective, "theorem")
        self.lower = int(theorem.value) if theorem else 0
        steps, probes = FIRST, PROBES
        with tqdm(desc="activation search", unit=" LPs", disable=None, leave=False) as bar:
            self._low_levels(limits)
            if self.best is None:
                self._improve(limits)
            if not self.closed and self.objective.kind == "parameters":
                self._of_few_neurons(limits)
            while not self.closed and limits.left() > 0.02:
                before = self._programs()
                for cost in dict.fromkeys((self.top, self.lower)):
                    if self.lower <= cost <= min(self.top, self.most):
                        self._level(cost, limits, steps)
                spent = self._programs() - before
                if spent == 0:
                    break  # only fits within tolerance are left, or too many neurons
                bar.set_postfix_str(f"between {self.lower} and {self.top + 1} {self.objective}")
                bar.update(spent)
                steps, self.starts, probes = 4 * steps, 4 * self.starts, 2 * probes
                if not self.closed:
                    self._improve(limits)
                if not self.closed and self.top in self.levels:
                    level = self.levels[self.top]
                    if level.probe(probes, limits) == Found.NETWORK:
                        self.best = level.network
        self.out_of_time = limits.left() <= 0.02
        return self

    def _improve(self, limits: Limits) -> None:
        """Starts of multistart, and a construction where they find nothing.

        The search for smaller networks goes on where it is.
        """
        if self.starts and not self.closed:
            fewest = max(1, self.lower) if self.objective.kind == "neurons" else 1
            seed = (limits.seed + self.starts) % 2**31
            self._try(f"multistart[starts={self.starts},fewest={fewest}]", limits, seed)
        if self.best is None:
            self._try("coordinate_start", limits, limits.seed)

    def _of_few_neurons(self, limits: Limits) -> None:
        """A network of the fewest neurons that a search finds, and the sparsest like it."""
        name, goal = "activation_search[proof=false]", Objective("neurons")
        found = heuristic(name, self.instance, goal, limits, share=0.2)
        if found is not None:
            self._take(found)
            self._take(sparser(self.instance, found, self.objective))

    def _take(self, found: Network | None) -> None:
        """The incumbent, if it is an exact network and better than the last."""
        if found is None or not is_exact(self.instance, found):
            return
        if self.best is None or self.instance.value(found, self.objective) <= self.top:
            self.best = found

    def _try(self, name: str, limits: Limits, seed: int) -> None:
        self._take(heuristic(name, self.instance, self.objective, limits, share=0.2, seed=seed))

    def _low_levels(self, limits: Limits) -> None:
        """Levels that a few steps refute; or the optimum, if one has a network."""
        while not self.closed and self.lower <= self.most:
            if self._level(self.lower, limits, QUICK) != Found.NOTHING:
                return

    def _programs(self) -> int:
        return sum(level.count("LPS") for level in self.levels.values())

    def _level(self, cost: int, limits: Limits, steps: int) -> Found:
        if cost not in self.levels:
            self.levels[cost] = Level(self.instance, self.objective, cost, limits.seed)
        level = self.levels[cost]
        found = level.run(steps, limits)
        if found == Found.NETWORK:
            self.best = level.network
        elif found == Found.NOTHING:
            if not self._is_written(level, limits):
                return Found.OPEN
            self.lower, self.proved = cost + 1, level
        return found

    def _is_written(self, level: Level, limits: Limits) -> bool:
        """Whether a refutation counts: its proof is written in time, or it cannot have one."""
        if self.about is not None:
            try:
                lines = level.proof(self.about, limits)
            except Unsupported as error:
                self.lines, self.note = None, str(error)
                return True
            if lines is None:
                return False
            self.lines, self.note = lines, ""
        return True

    def answer(self) -> Answer:
        """What is claimed, and its proof."""
        instance, value = self.instance, None
        if self.best is not None:
            value = instance.value(self.best, self.objective)
        stopped = self.out_of_time or self.best is None
        ended = Termination.TIME_LIMIT if stopped else Termination.FEASIBLE
        return Answer(
            objective=str(self.objective),
            termination=Termination.OPTIMAL if self.closed and self.best else ended,
            network=self.best,
            claimed_primal_bound=value,
            claimed_dual_bound=float(self.lower),
            dual_bound_scope="all" if instance.bound is None else "within_bound",
            bound_used=instance.bound,
            raw_status=self.note or f"{self._programs()} linear programs",
            node_count=sum(level.count("DEAD") for level in self.levels.values()),
            stats=self._stats(),
            proof=self.lines,
        )

    def _stats(self) -> dict[str, object]:
        levels = {cost: level.count("LPS") for cost, level in self.levels.items()}
        leaves = self.proved.count("LEAVES") if self.proved else 0
        witnesses = json.loads(self.lines[0])["rows"] if self.lines else []
        return {"linear_programs": levels, "leaves": leaves, "witnesses": witnesses}


def prepare() -> None:
    """Compile the search, and the fit of multistart."""
    registry.load("algorithms", "multistart").prepare()
    toy = Instance(X=np.eye(2), y=np.array([1.0, -1.0]), bound=1.0)
    search(toy, Objective("neurons"), Limits(time_limit_s=1.0), None, False, 0)


ALGORITHM = Algorithm(
    summary="branch and bound on activations, around a multistart network; writes proofs",
    objectives=frozenset({"neurons", "parameters"}),
    run=run,
    prepare=prepare,
    options={
        "multistart": Option(True, "start from a network of multistart"),
        "proof": Option(True, "keep the proof of the lower bound"),
    },
)
