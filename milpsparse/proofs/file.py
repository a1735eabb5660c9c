"""Proof files: what they claim, in exact numbers, and whether that is about the data.

A file holds one JSON object a line. The first is the header: the claim and its witness points as
exact text, and of up to 10^4 points the instance itself.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np

from milpsparse.errors import BadInput, BadInstance, MilpsparseError
from milpsparse.instance import Instance
from milpsparse.objective import parse_objective
from milpsparse.rational import parse
from milpsparse.sample import subset

KINDS = ("tree", "univariate", "line", "signs", "boxes")
_NUMBER = (int, float, NoneType)
_HEADER: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("milpsparse_proof", "n_samples", "n_features"), (int,)),
    "at_least": (int, float),
    **dict.fromkeys(("kind", "objective", "instance", "instance_sha256"), (str,)),
    **dict.fromkeys(("skip", "count_bias"), (bool,)),
    **dict.fromkeys(("rows", "X", "y"), (list,)),
    "bound": _NUMBER,
    "data": (dict, NoneType),
}


class ProofError(ValueError):
    """The proof does not hold; the message says at which line and why."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a proof says: every network through the points has at least `at_least` of the objective.

    It is about networks with |u| <= `bound`, or about all if that is None. `tied`: the points (`X`,
    `y`) are the `rows` of data with the hash `sha256`, so that it is about networks through these
    data; else rows and hash are but what the file says, as the name of the instance always is.
    """

    kind: str
    objective: str
    at_least: int | float
    bound: Fraction | None
    skip: bool
    count_bias: bool
    instance: str
    sha256: str
    tied: bool
    rows: list[int]
    X: list[list[Fraction]]
    y: list[Fraction]
    n_leaves: int = 0
    n_nodes: int = 0

    @property
    def scope(self) -> str:
        """Which networks it is about: `all`, or those `within_bound`."""
        return "all" if self.bound is None else "within_bound"

    @property
    def free_constants(self) -> bool:
        """Whether constants cost nothing although there is no skip."""
        return self.objective == "parameters" and not self.count_bias and not self.skip


def require(condition: bool, reason: str) -> None:
    """ProofError with the reason unless the condition holds."""
    if not condition:
        raise ProofError(reason)


def read_lines(path: str | Path) -> Iterator[str]:
    """The lines of a proof file, read as they are needed; .gz means gzip."""
    zipped = str(path).lower().endswith(".gz")
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8") if zipped else open(path, encoding="utf-8") as f
        ):
            for line in f:
                yield line.rstrip("\n")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"cannot read {path}: {reason}") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len(dict(pairs)) == len(pairs), "an object has one name twice")
    return dict(pairs)


def _long_int(digits: str) -> int:
    return int(Decimal(digits))  # int(digits) refuses more than 4,300


_SHORT = json.JSONDecoder(object_pairs_hook=_distinct)
_LONG = json.JSONDecoder(object_pairs_hook=_distinct, parse_int=_long_int)


def decode(line: str) -> dict[str, Any]:
    """The object of a line; its integers have any number of digits."""
    try:
        found = (_SHORT if len(line) < 4300 else _LONG).decode(line)
    except (json.JSONDecodeError, RecursionError):
        found = None
    require(type(found) is dict, "this is no JSON object")
    return dict(found)


def read_claim(head: dict[str, Any], instance: Instance | None) -> Claim:
    """The claim of a header, which is of the format to the letter, and of the data if there are."""
    odd = "".join(sorted(head.keys() ^ _HEADER.keys())[:1])
    require(not odd, f"no header of a proof: field {odd[:30]!a} is missing or unknown")
    for name, types in _HEADER.items():
        require(type(head[name]) in types, f"{name} is of a wrong type")
    require(head["milpsparse_proof"] == 1, "only version 1 of proofs is known")
    require(head["kind"] in KINDS, f"the kind is none of {', '.join(KINDS)}")
    _require_objective(head)
    require(head["instance"].isprintable(), "the instance's name is not printable")
    rows, N = head["rows"], head["n_samples"]
    in_range = all(type(i) is int and 0 <= i < N for i in rows)
    require(in_range and len(set(rows)) == len(rows), "rows are no distinct row numbers")
    X, y = _exact_points(head, head["n_features"])
    require(len(rows) == len(y), "rows and points differ in number")
    return Claim(
        **{name: head[name] for name in ("kind", "objective", "at_least", "skip", "count_bias")},
        bound=_exact_bound(head["bound"]),
        instance=head["instance"],
        sha256=head["instance_sha256"],
        tied=_is_tied(head, X, y, instance),
        rows=rows,
        X=X,
        y=y,
    )


def _require_objective(head: dict[str, Any]) -> None:
    """Counts have trees and theorems; lp norms of all networks have boxes."""
    if head["kind"] != "boxes":
        require(head["objective"] in ("neurons", "parameters"), "objective: neurons or parameters")
        require(type(head["at_least"]) is int, "at_least is of a wrong type")
        require(head["at_least"] >= 1, "at_least starts at 1")
        return
    try:
        objective = parse_objective(head["objective"])
    except MilpsparseError:
        raise ProofError("objective: boxes are about lp:<p>") from None
    require(str(objective) == head["objective"], "the objective is not spelled as lp:<p>")
    require(objective.kind == "lp", "objective: boxes are about lp:<p>")
    require(_is_double(head["at_least"]), "at_least is no positive number")
    require(head["bound"] is None, "boxes are about all networks: bound is null")


def _is_double(value: Any) -> bool:
    """Whether a number is a positive double, exactly: a long integer may be between two."""
    try:
        return 0 < float(value) < math.inf and bool(float(value) == value)
    except OverflowError:
        return False


def _exact_points(fields: dict[str, Any], d: int) -> tuple[list[list[Fraction]], list[Fraction]]:
    X, y = fields["X"], fields["y"]
    require(type(X) is type(y) is list and len(X) == len(y) > 0, "X and y are not of one length")
    wide = all(type(row) is list and len(row) == d > 0 for row in X)
    require(wide, "the rows of X do not have n_features cells")
    text = all(type(cell) is str and cell == cell.strip() for row in [*X, y] for cell in row)
    require(text, "a cell is no text such as '0.25' or '1/3'")
    try:
        return [[parse(cell) for cell in row] for row in X], [parse(cell) for cell in y]
    except ValueError as error:
        raise ProofError(str(error)) from None


def _exact_bound(value: Any) -> Fraction | None:
    """A JSON number as the double it is."""
    if value is None:
        return None
    try:
        double = float(value) if type(value) in _NUMBER else math.nan
    except OverflowError:
        double = math.inf
    require(0 < double < math.inf, "bound is no positive number or null")
    return Fraction(double)


def _is_tied(
    head: dict[str, Any], X: list[list[Fraction]], y: list[Fraction], instance: Instance | None
) -> bool:
    """Whether there are data, in the file or given; all must be those of the header."""
    known = [] if instance is None else [instance]
    if head["data"] is not None:
        known.append(_rebuilt(head, head["data"]))
    for data in known:
        same = data.sha256 == head["instance_sha256"]
        require(same, "it is about another instance: the hash of the data differs")
        for name in ("n_samples", "n_features", "skip", "count_bias"):
            require(getattr(data, name) == head[name], f"{name} is not that of the data")
        few = subset(data, np.array(head["rows"]))
        same = few.X_exact.tolist() == X and few.y_exact.tolist() == y
        require(same, "the witness points are not those rows of the data")
    return bool(known)


def _rebuilt(head: dict[str, Any], data: dict[str, Any]) -> Instance:
    require(data.keys() == {"X", "y", "bound"}, "data have the fields X, y and bound")
    _exact_points(data, head["n_features"])
    bound = _exact_bound(data["bound"])
    try:
        return Instance(
            X=data["X"],
            y=data["y"],
            bound=None if bound is None else float(bound),
            skip=head["skip"],
            count_bias=head["count_bias"],
        )
    except BadInstance as error:
        raise ProofError(f"data: {error}") from None
