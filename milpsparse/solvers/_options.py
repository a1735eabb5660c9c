"""What the backends share: neutral options by each one's table, and texts to native values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from milpsparse.errors import BadInput, UnknownName
from milpsparse.method import NEUTRAL, Limits

# Neutral option -> what gives the solver's own options for a value.
Table = Mapping[str, Callable[[Any], dict[str, Any]]]


def native_options(table: Table, limits: Limits) -> dict[str, Any]:
    """The options that a solver is given: neutral ones by its table, then its own, which win."""
    values = {name: getattr(limits, name) for name in NEUTRAL} | {"time_limit_s": limits.left()}
    given: dict[str, Any] = {}
    for name, option in table.items():
        if values[name] is not None:
            given |= option(values[name])
    return {**given, **limits.native}


def settings_like(examples: Mapping[str, Any]) -> Callable[[str, str], Any]:
    """A Solver's `native` for options that are known by an example of each one's value."""

    def native(name: str, text: str) -> Any:
        if name not in examples:
            raise UnknownName("option", name, examples)
        return like(examples[name], name, text)

    return native


def like(example: Any, name: str, text: str) -> Any:
    """A text as a value of the same type as an example, for an option of the solver's own.

    Raises
    ------
    BadInput
        The text spells no such value.
    """
    truth = {"true": True, "false": False, "on": True, "off": False}
    if isinstance(example, bool):
        if text.lower() in truth:
            return truth[text.lower()]
        raise BadInput(f"{name}={text}: takes true or false")
    kind = type(example)
    try:
        return kind(text)
    except ValueError:
        what = "an integer" if kind is int else "a number"
        raise BadInput(f"{name}={text}: takes {what}") from None
