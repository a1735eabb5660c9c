"""Items of the conformance kit, and how one is run: in a process of its own, with a time limit."""

from __future__ import annotations

import json
import unittest
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from milpsparse import registry
from milpsparse.errors import MilpsparseError
from milpsparse.harness.isolation import isolated, signal_name

SECONDS = 120.0  # for one item; its problems take a few seconds
MEMORY_MB = 8192


class Wrong(Exception):
    """What a plug-in does wrong, in one line."""


class Skipped(Exception):
    """Why an item cannot be asked."""


def require(holds: bool, otherwise: str) -> None:
    """Raise Wrong unless it holds."""
    if not holds:
        raise Wrong(otherwise)


@dataclass(frozen=True)
class Question:
    """One thing asked of a plug-in: `ask(name, rule, *on)` raises Wrong or Skipped, or returns.

    `on` are the variants that it is asked for, e.g. the frameworks of a solver. Where passing is
    no accident (`telling`), declaring that one cannot do it, and doing it, is wrong. A question
    that runs tasks is asked `outside`, as they have processes of their own.
    """

    name: str
    about: str
    ask: Callable[..., None]
    on: tuple[str, ...] = ()
    telling: bool = True
    outside: bool = False


@dataclass(frozen=True)
class Finding:
    """The word on one item, pass, fail, cannot (declared) or skip, and why."""

    word: str
    why: str = ""


@dataclass(frozen=True)
class Item:
    """A question for one plug-in, in one variant; `cannot` is the reason that it declares."""

    kind: str
    plugin: str
    question: Question
    variant: str | None = None
    cannot: str | None = None

    def __str__(self) -> str:
        return self.question.name + (f" ({self.variant})" if self.variant else "")

    def find(self) -> Finding:
        """Ask."""
        if self.cannot is not None and not self.question.telling:
            return Finding("cannot", self.cannot)
        found = self._asked()
        if self.cannot is None or found.word == "skip":
            return found
        if found.word == "pass":
            return Finding("fail", f"declares that it cannot ({self.cannot}), but it does")
        return Finding("cannot", self.cannot)

    def confirm(self) -> None:
        """Ask, for a test: AssertionError where it fails, SkipTest where it is not asked."""
        found = self.find()
        if found.word == "fail":
            raise AssertionError(f"{self.plugin}, {self}: {found.why}")
        if found.word != "pass":
            raise unittest.SkipTest(f"{found.word}: {found.why}")

    def _asked(self) -> Finding:
        if self.question.outside:
            return Finding(*ask(self))
        ended = isolated(ask, self, seconds=SECONDS, memory_limit_mb=MEMORY_MB)
        if ended.message is not None:
            return Finding(*json.loads(ended.message)["result"])
        if ended.killed_by:
            return Finding("fail", f"killed at the {ended.killed_by.replace('_', ' ')} of the kit")
        if ended.exit_code is not None and ended.exit_code < 0:
            return Finding("fail", f"the process crashed ({signal_name(ended.exit_code)})")
        return Finding("fail", f"its process ended without an answer ({ended.exit_code})")


def ask(item: Item) -> tuple[str, str]:
    """The word and the reason; what a plug-in raises is its failure."""
    variant = () if item.variant is None else (item.variant,)
    try:
        rule = registry.load(item.kind, item.plugin)
        item.question.ask(item.plugin, rule, *variant)
    except Skipped as error:
        return "skip", str(error)
    except (Wrong, MilpsparseError) as error:
        return "fail", str(error)
    except Exception as error:
        return "fail", f"{type(error).__name__}: {error}"
    return "pass", ""


def is_text(value: Any) -> bool:
    """Whether it is a text that says something."""
    return isinstance(value, str) and bool(value.strip())
