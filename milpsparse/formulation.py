"""A model stated on an instance outside of any solve: what `export` writes and `audit` looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from milpsparse.compiled import Compiled, compile_problem
from milpsparse.construct import best_construction
from milpsparse.errors import Unsupported
from milpsparse.execute import starting_network, state, with_bound
from milpsparse.instance import Instance
from milpsparse.method import Limits, Method, Model, Program
from milpsparse.naming import parse_model
from milpsparse.network import Network
from milpsparse.objective import Objective


@dataclass(frozen=True, kw_only=True)
class Formulation:
    """A model's program as matrices; `instance` has the bound that the model was given."""

    instance: Instance
    objective: Objective
    method: Method
    program: Program
    compiled: Compiled

    @property
    def name(self) -> str:
        """The model with its options, without a solver: neuron_big_m[slots=3]."""
        return self.method.name.partition("@")[0]

    def point(self, network: Network) -> NDArray[np.float64]:
        """The columns' values that stand for a network.

        Raises
        ------
        Unsupported
            The model has no place for this network.
        """
        if self.program.start is None:
            raise Unsupported(f"{self.name} has no variables that a network could be put into")
        self.program.start(network)
        x = self.compiled.start()
        if x is None:
            raise Unsupported(f"{self.name} gives some variables no value for a network")
        return x


def formulate(
    text: str,
    instance: Instance,
    objective: Objective,
    limits: Limits | None = None,
    bound: str = "auto",
    start: Network | None = None,
) -> Formulation:
    """State the model of this name with the bound that a solve takes.

    It is sized by `start`, or else by the starting network that a solve takes.

    Raises
    ------
    UnknownName, BadInput, Unsupported
        No such model, or one that does not take this instance and objective.
    """
    method, instance = model_for(text, instance, objective, bound)
    if start is None:
        start = starting_network(method, instance, objective, limits or Limits())
    rule = method.rule
    if isinstance(rule, Model) and start and rule.turns(instance, objective, start, method.options):
        raise Unsupported(f"{text} asks several programs in turn: give the options of one of them")
    program = state(method, instance, objective, start)
    return Formulation(
        instance=instance,
        objective=objective,
        method=method,
        program=program,
        compiled=compile_problem(program.problem),
    )


def model_for(
    text: str, instance: Instance, objective: Objective, bound: str
) -> tuple[Method, Instance]:
    """The model of this name and the instance with the bound that it needs."""
    method = parse_model(text)
    if reason := method.declines(instance, objective, bound):
        raise Unsupported(reason)
    assert isinstance(method.rule, Model)
    if method.rule.needs_bound and instance.bound is None:
        instance = with_bound(instance, best_construction(instance, objective))
    return method, instance


def violation(p: Compiled, x: NDArray[np.float64]) -> float:
    """By how much a point breaks the worst of its bounds, rows, indicators, sets and integers.

    Of rows relative to their largest term, at least 1.
    """
    activity = np.asarray(p.A @ x)
    scale = np.maximum(1.0, abs(p.A).multiply(abs(x)).max(axis=1).toarray().ravel())
    off = np.maximum(p.row_lower - activity, activity - p.row_upper) / scale
    for i, (j, value) in p.when.items():
        if abs(x[j] - value) > 0.5:  # the row does not hold there
            off[i] = 0.0
    seconds = [np.sort(abs(x[list(members)]))[-2] for members in p.sos1 if len(members) > 1]
    sides = np.maximum(p.lower - x, x - p.upper)
    fractions = abs(x - np.round(x))[p.integer]
    return float(max(0.0, *(part.max(initial=0.0) for part in (off, sides, fractions)), *seconds))
