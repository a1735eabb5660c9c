"""What `milpsparse list` shows: names, one line each, and why something cannot run here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from milpsparse import library, registry
from milpsparse.method import Option, options_of
from milpsparse.naming import all_methods, parse_method


def lines(what: str) -> Iterator[tuple[str, str]]:
    """Name and description of everything of one kind."""
    yield from _LISTS[what]()


def _instances() -> Iterator[tuple[str, str]]:
    for name in library.index()["instances"]:
        instance = library.load(name)
        bound = "unbounded" if instance.bound is None else f"B = {instance.bound:g}"
        skip = ", skip" if instance.skip else ""
        known = ", ".join(f"{k['objective']} {k['status']} {k['value']}" for k in instance.known)
        shape = f"N = {instance.n_samples}, d = {instance.n_features}"
        yield name, f"{shape}, {bound}{skip}" + (f"; {known}" if known else "")


def _testsets() -> Iterator[tuple[str, str]]:
    for name in library.index()["testsets"]:
        yield name, f"{len(library.testset(name))} instances"


def _families() -> Iterator[tuple[str, str]]:
    for name in registry.names("families"):
        family = registry.load("families", name)
        yield name, family.summary + _options(family.params, "; -p ")


def _models() -> Iterator[tuple[str, str]]:
    for name in registry.names("models"):
        model = registry.load("models", name)
        yield (
            name,
            f"{model.summary}; {', '.join(sorted(model.objectives))}"
            + _options(options_of(model), "; "),
        )


def _algorithms() -> Iterator[tuple[str, str]]:
    for name in registry.names("algorithms"):
        rule = registry.load("algorithms", name)
        yield (
            name,
            f"{rule.summary}; {', '.join(sorted(rule.objectives))}" + _options(rule.options, "; "),
        )


def _solvers() -> Iterator[tuple[str, str]]:
    for name in registry.names("solvers"):
        solver = registry.load("solvers", name)
        reason = solver.missing()
        state = f"not available: {reason}" if reason else f"version {solver.version()}"
        ignores = f"; ignores {', '.join(solver.ignores)}" if solver.ignores else ""
        yield name, f"{solver.summary}; {', '.join(sorted(solver.frameworks))}{ignores}; {state}"


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


_LISTS = {
    "instances": _instances,
    "testsets": _testsets,
    "families": _families,
    "models": _models,
    "algorithms": _algorithms,
    "solvers": _solvers,
    "methods": _methods,
}
