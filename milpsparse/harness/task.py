"""Task: what is to run, as data; its key names it by content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from milpsparse import library, registry
from milpsparse.errors import BadInput, MilpsparseError
from milpsparse.instance import Instance
from milpsparse.method import Method
from milpsparse.naming import all_methods, parse_method
from milpsparse.objective import Objective, parse_objective


@dataclass(frozen=True, kw_only=True)
class Task:
    """One instance, one objective, one method, its limits, seed and permutation.

    With `perm` the method gets the points and inputs in another order; 0 is the one given.
    """

    instance: Instance
    objective: Objective
    method: Method
    time_limit_s: float = 60.0
    memory_limit_mb: int | None = None
    threads: int = 1
    seed: int = 0
    perm: int = 0
    bound: str = "auto"

    @cached_property
    def key(self) -> str:
        """Hash of all that decides what the task computes; code of checks and tables does not."""
        content = {
            "instance": self.instance.sha256,
            "objective": str(self.objective),
            "method": self.method.name,
            "options": {**self.method.options, **self.method.settings},
            "versions": self.method.versions(),
            "limits": [self.time_limit_s, self.memory_limit_mb, self.threads],
            "seed": self.seed,
            "perm": self.perm,
            "bound": self.bound,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def __getstate__(self) -> dict[str, Any]:
        """The state that travels to the task's process: a method known by its name goes as that.

        So plug-ins may hold lambdas, which cannot be pickled.
        """
        return {**vars(self), "method": _known_as(self.method) or self.method}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """The task as it was."""
        method = state["method"]
        parsed = parse_method(method) if isinstance(method, str) else method
        vars(self).update({**state, "method": parsed})

    def columns(self) -> dict[str, Any]:
        """The identity columns of the task's row."""
        inst, method = self.instance, self.method
        return {
            "task_key": self.key,
            "instance": inst.name,
            "instance_sha256": inst.sha256,
            "family": inst.family,
            "n_samples": inst.n_samples,
            "n_features": inst.n_features,
            "objective": str(self.objective),
            "skip": inst.skip,
            "count_bias": inst.count_bias,
            "bound": inst.bound,
            "method": method.name,
            "model": method.rule_name if method.solver_name else None,
            "solver": method.solver_name,
            "solver_version": method.versions().get("solver"),
            "options": {**method.options, **method.settings},
            "threads": self.threads,
            "seed": self.seed,
            "perm": self.perm,
            "bound_rule": self.bound,
            "time_limit_s": self.time_limit_s,
            "memory_limit_mb": self.memory_limit_mb,
        }


def _known_as(method: Method) -> str | None:
    """The name that gives this very method, or None."""
    try:
        return method.name if parse_method(method.name) == method else None
    except MilpsparseError:
        return None


def plan(
    testset: str,
    methods: Iterable[str],
    objectives: Iterable[str],
    seeds: Iterable[int] = (0,),
    perms: Iterable[int] = (0,),
    **limits: Any,
) -> list[Task]:
    """All tasks of a test set; methods that never take an objective are left out.

    Raises
    ------
    UnknownName, BadInput
        An unknown name, two instances of one name, a method that takes none of the objectives, or
        an empty plan.
    """
    instances: dict[str, Instance] = {}
    for name in library.testset(testset):
        instance = library.find(name)
        if instances.setdefault(instance.name, instance).sha256 != instance.sha256:
            raise BadInput(f"test set {testset} has two instances named {instance.name}")
    if not instances:
        raise BadInput(f"test set {testset} is empty")
    methods, seeds, perms = list(methods), list(seeds), list(perms)
    goals = list(dict.fromkeys(map(parse_objective, objectives)))
    named = [name for method in methods for name in _expanded(method, goals)]
    if methods and not named:
        asked = ", ".join(map(str, goals))
        raise BadInput(f"no model takes {asked} with {', '.join(methods)}")
    rules = list({rule.name: rule for rule in map(parse_method, named)}.values())
    for rule in rules:
        if not any(rule.takes(goal) for goal in goals):
            takes, asked = ", ".join(sorted(rule.rule.objectives)), ", ".join(map(str, goals))
            raise BadInput(f"{rule.name} takes {takes}; none of {asked}")
    return [
        Task(instance=instance, objective=goal, method=rule, seed=seed, perm=perm, **limits)
        for instance in instances.values()
        for goal in goals
        for rule in rules
        if rule.takes(goal)
        for seed in seeds
        for perm in perms
    ]


def _expanded(method: str, goals: list[Objective]) -> list[str]:
    """Every model that takes one of the objectives for `*@solver`; any other name as it is."""
    model, at, solver = method.partition("@")
    if model != "*" or not at:
        return [method]
    kinds = {goal.kind for goal in goals}
    registry.load("solvers", solver.partition("[")[0])  # or its name is unknown
    pairs = [name.partition("@") for name in all_methods()]
    models = [name for name, _, known in pairs if known == solver.partition("[")[0]]
    takes = [name for name in models if registry.load("models", name).objectives & kinds]
    return [f"{name}@{solver}" for name in takes]
