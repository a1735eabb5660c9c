"""What `milpsparse list` shows: names, one line each, and why something cannot run here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from milpsparse import library, registry
from milpsparse.family import Family
from milpsparse.method import Algorithm, Model, Option, Solver, absence, options_of, version_of
from milpsparse.naming import all_methods, parse_method


def lines(what: str) -> Iterator[tuple[str, str]]:
    """Name and description of everything of one kind."""
    yield from _LISTS[what]()


def _instances() -> Iterator[tuple[str, str]]:
    for name, entry in library.index()["instances"].items():
        f = entry["features"]
        bound = "unbounded" if f["bound"] is None else f"B = {f['bound']:g}"
        skip = ", skip" if f["skip"] else ""
        known = ", ".join(f"{k['objective']} {k['status']} {k['value']}" for k in entry["known"])
        shape = f"N = {f['n_samples']}, d = {f['n_features']}"
        yield name, f"{shape}, {bound}{skip}" + (f"; {known}" if known else "")


def _testsets() -> Iterator[tuple[str, str]]:
    for name in library.index()["testsets"]:
        yield name, f"{len(library.testset(name))} instances"


def _registered(kind: str, describe: Callable[[Any], str]) -> Iterator[tuple[str, str]]:
    """All of a kind; what does not load says why."""
    for name in registry.names(kind):
        reason = registry.broken(kind, name)
        yield name, f"not available: {reason}" if reason else describe(registry.load(kind, name))


def _family(family: Family) -> str:
    return family.summary + _options(family.params, "; -p ")


def _rule(rule: Model | Algorithm) -> str:
    objectives = ", ".join(sorted(rule.objectives))
    return f"{rule.summary}; {objectives}" + _options(options_of(rule), "; ")


def _solver(solver: Solver) -> str:
    reason = absence(solver)
    state = f"not available: {reason}" if reason else f"version {version_of(solver)}"
    ignores = f"; ignores {', '.join(solver.ignores)}" if solver.ignores else ""
    return f"{solver.summary}; {', '.join(sorted(solver.frameworks))}{ignores}; {state}"


def _methods() -> Iterator[tuple[str, str]]:
    for name in all_methods():
        method = parse_method(name)
        reason = method.missing()
        state = f"; not available: {reason}" if reason else ""
        yield name, ", ".join(sorted(method.rule.objectives)) + state


def _options(options: Mapping[str, Option], lead: str) -> str:
    if not options:
        return ""
    return lead + ", ".join(f"{name}={option.default}" for name, option in options.items())


_LISTS: dict[str, Callable[[], Iterator[tuple[str, str]]]] = {
    "instances": _instances,
    "testsets": _testsets,
    "families": lambda: _registered("families", _family),
    "models": lambda: _registered("models", _rule),
    "algorithms": lambda: _registered("algorithms", _rule),
    "solvers": lambda: _registered("solvers", _solver),
    "methods": _methods,
}
