"""What the commands share: exit codes, derived instances, checks of options, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from milpsparse.errors import BadInput
from milpsparse.instance import Instance

OK, WRONG, NOTHING, INTERRUPTED = 0, 1, 4, 130


def derive(
    instance: Instance, bound: str | None, skip: bool | None, count_bias: bool | None
) -> Instance:
    """The instance with what the options change; "none" drops its bound."""
    changes: dict[str, Any] = {}
    if bound == "none" or (bound == "auto" and instance.bound is None):
        value = None
    elif bound in (None, "auto"):
        value = instance.bound
    else:
        value = _bound_value(str(bound))
    if value != instance.bound:
        changes["bound"] = value
    if skip is not None and skip != instance.skip:
        changes["skip"] = skip
    if count_bias is not None:
        changes["count_bias"] = count_bias
    if set(changes) <= {"count_bias"} and count_bias in (None, instance.count_bias):
        return instance
    if "skip" not in changes and "count_bias" not in changes:
        changes["count_bias"] = instance.count_bias
    return instance.replace(**changes)


def _bound_value(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise BadInput(f"--bound {text}: a positive number, auto or none")
    return value


def mode(bound: str | None) -> str:
    """What to do where the instance has no bound: "auto" chooses one, "none" does not."""
    return "none" if bound == "none" else "auto"


def positive(**values: float) -> None:
    """Refuse values of options that are not above 0."""
    for name, value in values.items():
        if not value > 0:
            raise BadInput(f"--{name.replace('_', '-')} {value:g}: give a positive number")


def write(path: Path, text: str) -> None:
    """Write a text file, or say in one line why not."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from None
