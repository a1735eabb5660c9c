"""The names of methods that people type.

model@solver            neuron_big_m@highs, pattern_l1@clarabel
algorithm               coordinate_start
name[option=value,...]  reweighted_l1[p=0.4], neuron_big_m[slots=3]@highs
solver[option=value]    neuron_big_m@highs[presolve=off,mip_heuristic_effort=0]: the neutral options
                        of method.SETTINGS, and the solver's own by the names that it gives them
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from milpsparse import registry
from milpsparse.errors import BadInput, NotAvailable, UnknownName
from milpsparse.method import (
    NEUTRAL,
    SETTINGS,
    Algorithm,
    Method,
    Model,
    Option,
    Solver,
    absence,
    options_of,
)

_NAME = re.compile(
    r"(?P<rule>[A-Za-z]\w*)(\[(?P<options>[^\[\]]*)\])?"
    r"(@(?P<solver>\w+)(\[(?P<settings>[^\[\]]*)\])?)?"
)


def parse_method(text: str) -> Method:
    """The method of this name.

    Raises
    ------
    UnknownName, BadInput
        Naming what is unknown and the nearest known name.
    """
    match = _NAME.fullmatch(text.strip())
    if match is None:
        raise BadInput(f"method '{text}': write model@solver, algorithm or name[option=value,...]")
    rule_name, solver_name = match["rule"], match["solver"]
    models, algorithms = registry.names("models"), registry.names("algorithms")
    if rule_name in models:
        rule: Model | Algorithm = registry.load("models", rule_name)
        solver_name = _solver_for(rule_name, rule, solver_name)
    elif rule_name in algorithms:
        rule = registry.load("algorithms", rule_name)
        if solver_name:
            raise BadInput(f"{rule_name} is an algorithm: it takes no solver '@{solver_name}'")
    else:
        raise UnknownName("method", rule_name, [*models, *algorithms])
    known = options_of(rule)
    given = _options(rule_name, known, match["options"] or "")
    settings = _settings(solver_name, match["settings"] or "") if solver_name else {}
    name = rule_name + _shown(given) + (f"@{solver_name}" if solver_name else "")
    defaults = {key: option.default for key, option in known.items()}
    return Method(
        name=name + _shown(settings),
        rule=rule,
        rule_name=rule_name,
        solver_name=solver_name,
        options={**defaults, **given},
        settings=settings,
    )


def _shown(options: Mapping[str, Any]) -> str:
    """Options in the order of their names, in brackets."""
    shown = ",".join(f"{key}={value}" for key, value in sorted(options.items()))
    return f"[{shown}]" if shown else ""


def parse_model(text: str) -> Method:
    """The model of this name, to be stated: with any solver that takes it, installed or not."""
    match, models = _NAME.fullmatch(text.strip()), registry.names("models")
    if match is None or (match["solver"] and match["rule"] in models):
        return parse_method(text)
    name = match["rule"]
    if name in registry.names("algorithms"):
        raise BadInput(f"{name} is an algorithm, not a model; models: {', '.join(models)}")
    able = _able(registry.load("models", name))
    return parse_method(f"{text}@{min(able, key=_highs_first)}")


def _able(rule: Model) -> list[str]:
    """The solvers that know all kinds of constraints of a model."""
    return [s for s in _loading("solvers") if _lacks(s, rule) is None]


def _highs_first(solver_name: str) -> tuple[bool, str]:
    return solver_name != "highs", solver_name


def _solver_for(rule_name: str, rule: Any, solver_name: str | None) -> str:
    """The named solver if it takes the model; without a name, the first installed one that does."""
    able = _able(rule)
    if solver_name is not None:
        if lacking := _lacks(solver_name, rule):
            raise BadInput(
                f"{solver_name} takes no {lacking} such as {rule_name}; "
                f"solvers that do: {', '.join(able)}"
            )
        return solver_name
    for name in sorted(able, key=_highs_first):
        if registry.load("solvers", name).missing() is None:
            return name
    reasons = [str(registry.load("solvers", name).missing()) for name in able]
    raise NotAvailable(f"no solver for {rule_name}: {'; '.join(reasons)}")


def _lacks(solver_name: str, rule: Model) -> str | None:
    """What of this model the solver does not know, or None."""
    solver: Solver = registry.load("solvers", solver_name)
    if rule.framework not in solver.frameworks:
        return f"{rule.framework} models"
    lacking = sorted(rule.needs - solver.takes)
    return f"models with {_CONSTRAINTS[lacking[0]]}" if lacking else None


_CONSTRAINTS = {
    "indicator": "indicator constraints",
    "sos1": "SOS1 constraints",
    "cones": "second-order cones",
}


def _options(rule_name: str, known: Mapping[str, Option], text: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for key, value in _pairs(rule_name, text):
        if key not in known:
            raise UnknownName(f"option of {rule_name}", key, known)
        given[key] = known[key].parse(key, value)
    return given


def _settings(solver_name: str, text: str) -> dict[str, Any]:
    """Options of a solver; those of its own are taken as text where it is not installed."""
    solver: Solver = registry.load("solvers", solver_name)
    given: dict[str, Any] = {}
    for key, value in _pairs(solver_name, text):
        if key in solver.obeys and key in SETTINGS:
            given[key] = SETTINGS[key].parse(key, value)
        elif key in NEUTRAL:
            what = "belongs to the task" if key in solver.obeys else "is beyond it"
            able = ", ".join(name for name in SETTINGS if name in solver.obeys) or "none"
            raise BadInput(f"{solver_name}: {key} {what}; of the neutral options it takes {able}")
        elif absence(solver) is None:
            try:
                given[key] = solver.native(key, value)
            except (BadInput, UnknownName) as error:
                raise BadInput(f"{solver_name}: {error}") from None
        else:
            given[key] = value
    return given


def _pairs(name: str, text: str) -> Iterator[tuple[str, str]]:
    """The names and values of `a=1,b=2`."""
    for part in filter(None, (p.strip() for p in text.split(","))):
        key, equals, value = (p.strip() for p in part.partition("="))
        if not equals:
            raise BadInput(f"{name}[{text}]: options are written name=value")
        yield key, value


def all_methods() -> list[str]:
    """Every model with every solver that takes it, and every algorithm, of those that load."""
    found = []
    for name in _loading("models"):
        rule = registry.load("models", name)
        found += [f"{name}@{solver}" for solver in _able(rule)]
    return found + _loading("algorithms")


def _loading(kind: str) -> list[str]:
    return [name for name in registry.names(kind) if registry.broken(kind, name) is None]
