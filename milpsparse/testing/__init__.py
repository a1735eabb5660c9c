"""The conformance kit: what a solver, model, algorithm or family must do, asked one by one.

`milpsparse check-plugin NAME` asks all; a package of plug-ins asks in its own tests:

    import pytest
    from milpsparse.testing import items

    @pytest.mark.parametrize("item", items("mine"), ids=str)
    def test_conforms(item):
        item.confirm()

Each item runs in a process of its own, so that a crash, a hang or a print is a finding. What a
solver cannot do it declares in `Solver.cannot`, item by item, with the reason; that is shown, and a
declaration that is seen to be false is a failure.
"""

from __future__ import annotations

from milpsparse import registry
from milpsparse.errors import BadInput, UnknownName
from milpsparse.testing import families, methods, solvers
from milpsparse.testing.kit import Finding, Item

__all__ = ["Finding", "Item", "items", "kinds_of"]

QUESTIONS = {
    "solvers": solvers.QUESTIONS,
    "models": methods.MODEL,
    "algorithms": methods.ALGORITHM,
    "families": families.FAMILY,
}


def kinds_of(name: str) -> list[str]:
    """The kinds that have something of this name: one, as a rule.

    Raises
    ------
    UnknownName
        None has, with the nearest name.
    """
    found = [kind for kind in registry.KINDS if name in registry.names(kind)]
    if not found:
        known = [other for kind in registry.KINDS for other in registry.names(kind)]
        raise UnknownName("solver, model, algorithm or family", name, known)
    return found


def items(name: str, kind: str | None = None) -> list[Item]:
    """What is asked of the plug-in of this name; `kind` where several kinds have it.

    Raises
    ------
    UnknownName, BadInput, NotAvailable
        Nothing of this name, an unknown kind, or a plug-in that does not load.
    """
    if kind is not None and kind not in QUESTIONS:
        raise BadInput(f"kind {kind!r}: one of {', '.join(QUESTIONS)}")
    return [item for each in ([kind] if kind else kinds_of(name)) for item in _items(each, name)]


def _items(kind: str, name: str) -> list[Item]:
    rule = registry.load(kind, name)
    frameworks, cannot = getattr(rule, "frameworks", ()), getattr(rule, "cannot", {})
    return [
        Item(kind, name, question, variant, cannot.get(question.name))
        for question in QUESTIONS[kind]
        for variant in ([v for v in question.on if v in frameworks] if question.on else [None])
    ]
