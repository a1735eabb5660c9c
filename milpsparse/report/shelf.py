"""The library on the page: every instance, also those not run, with what is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from milpsparse import library
from milpsparse.known import Known, of_entries
from milpsparse.report import text
from milpsparse.report.index import anchor

OBJECTIVES = ("neurons", "parameters")


@dataclass(frozen=True)
class Value:
    """The best network, the best proved lower bound, and on what rests that it is the optimum."""

    best: str
    bound: str
    evidence: str  # "" where it is not


@dataclass(frozen=True)
class Book:
    """An instance of the library."""

    anchor: str  # of its part, if the page has one
    name: str
    family: str
    features: Mapping[str, Any]
    values: Sequence[Value]  # by OBJECTIVES
    status: str
    tags: str


def books() -> list[Book]:
    """All instances of the library, in its order."""
    return [_book(name, entry) for name, entry in library.index()["instances"].items()]


def _book(name: str, entry: Mapping[str, Any]) -> Book:
    known = of_entries(entry["known"])
    return Book(
        anchor=anchor(name),
        name=name,
        family=entry["family"],
        features=entry["features"],
        values=[_value(known.get(objective, Known(objective))) for objective in OBJECTIVES],
        status=entry["status"]["neurons"],
        tags=text.listed(entry["tags"]),
    )


def _value(known: Known) -> Value:
    best, proved = (fact and fact.value for fact in (known.best, known.proved))
    evidence = "generic" if known.is_generic else ""
    if known.is_optimal and known.proved is not None:
        evidence = known.proved.evidence
    return Value(text.number(best), text.number(proved), evidence)
