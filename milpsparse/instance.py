"""Instance: the data of one problem, immutable and exact, and its hash.

Solvers see the doubles `X` and `y`; the check sees the rationals `X_exact` and `y_exact`. The two
differ only in the cells listed in `spelled`: text such as "0.1" or "1/3" that is no double.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from milpsparse.errors import BadInstance
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.rational import Rational, parse, rationals

_KNOWN_STATUS = ("opt", "best", "bestdual", "inf", "unkn")


@dataclass(frozen=True, eq=False, kw_only=True)
class Instance:
    """Data (x_i, y_i), i = 1..n_samples, to be interpolated by a one-hidden-layer ReLU network.

    Parameters
    ----------
    X : array, shape (n_samples, n_features)
        Inputs: finite numbers, Fractions, or text such as "0.1" or "1/3" (kept exactly).
    y : array, shape (n_samples,)
        Labels, of the same kinds.
    bound : float or None
        B > 0: every neuron satisfies |v_k w_kj| <= B and |v_k b_k| <= B. None: unbounded.
    skip : bool
        Whether the network has a skip connection a.x + c, unbounded and uncounted.
    count_bias : bool
        Whether `parameters`, `l1` and `lp:p` count v_k b_k. Default: not skip.
    known : sequence of dict
        What is known: objective, status (opt|best|bestdual|inf|unkn), value, evidence, source.

    Raises
    ------
    BadInstance
        NaN or infinite values, wrong shapes, no points, a bound that is not positive, or rows
        with the same x and different y (the rows are named).
    """

    X: NDArray[np.float64]
    y: NDArray[np.float64]
    bound: float | None = None
    skip: bool = False
    count_bias: bool = None  # type: ignore[assignment]  # filled in below: not skip
    name: str = "unnamed"
    family: str | None = None
    known: Sequence[Mapping[str, Any]] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    spelled: Mapping[tuple[int, int], Fraction] = field(default_factory=dict)
    n_distinct: int = field(init=False, repr=False)  # points that differ in their inputs

    def __post_init__(self) -> None:
        def set_(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        spelled = dict(self.spelled)
        X, in_X = _doubles("X", self.X, 2)
        y, in_y = _doubles("y", self.y, 1)
        if X.shape[0] == 0 or X.shape[1] == 0:
            raise BadInstance(f"no points: X has shape {X.shape}; at least one row and one input")
        if X.shape[0] != y.shape[0]:
            raise BadInstance(f"X has {X.shape[0]} rows and y has {y.shape[0]}: one label a row")
        spelled |= {(i, j): v for (i, j), v in in_X.items()}
        spelled |= {(i, X.shape[1]): v for (i, _), v in in_y.items()}
        set_("X", X)
        set_("y", y)
        set_("spelled", dict(sorted(spelled.items())))
        set_("bound", _valid_bound(self.bound))
        for flag in ("skip", "count_bias"):
            if getattr(self, flag) not in (True, False, None):
                raise BadInstance(f"{flag} must be true or false, not {getattr(self, flag)!r}")
        set_("skip", bool(self.skip))
        set_("count_bias", not self.skip if self.count_bias is None else bool(self.count_bias))
        set_("known", _valid_known(self.known))
        set_("n_distinct", self._count_distinct())

    @property
    def n_samples(self) -> int:
        """Number of points N."""
        return int(self.X.shape[0])

    @property
    def n_features(self) -> int:
        """Number of inputs d."""
        return int(self.X.shape[1])

    @cached_property
    def X_exact(self) -> Rational:
        """The inputs as Fractions, shape (n_samples, n_features)."""
        return self._exact(self.X, 0)

    @cached_property
    def y_exact(self) -> Rational:
        """The labels as Fractions, shape (n_samples,)."""
        return self._exact(self.y[:, None], self.n_features)[:, 0]

    @cached_property
    def bound_exact(self) -> Fraction | None:
        """The bound as the dyadic rational it is."""
        return None if self.bound is None else Fraction(self.bound)

    @cached_property
    def sha256(self) -> str:
        """Hash of the canonical content: X, y, bound, skip and count_bias, nothing else."""
        bound = None if self.bound is None else self.bound.hex()
        head = {
            "shape": self.X.shape,
            "bound": bound,
            "skip": self.skip,
            "count_bias": self.count_bias,
            "spelled": [[i, j, str(v)] for (i, j), v in self.spelled.items()],
        }
        digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
        for array in (self.X, self.y):
            digest.update((array + 0.0).astype("<f8").tobytes())  # + 0.0 makes -0.0 positive
        return digest.hexdigest()

    def value(self, network: Network, objective: Objective) -> float:
        """What a network is worth: its count or norm, by this instance's rules of counting."""
        return network.value(objective, skip=self.skip, count_bias=self.count_bias)

    def replace(self, **changes: Any) -> Instance:
        """A derived instance: changed fields, no known values, its origin in the provenance."""
        if "skip" in changes and "count_bias" not in changes:
            changes["count_bias"] = None
        if "X" in changes or "y" in changes:  # exact cells of the old data are not the new ones
            changes = {"X": self.X_exact, "y": self.y_exact, "spelled": {}, **changes}
        derived = {"derived_from": self.name}
        return dataclasses.replace(
            self, **{"known": (), "provenance": {**self.provenance, **derived}, **changes}
        )

    def _exact(self, values: NDArray[np.float64], first_column: int) -> Rational:
        exact = rationals(values)
        for (i, j), value in self.spelled.items():
            if 0 <= j - first_column < values.shape[1]:
                exact[i, j - first_column] = value
        exact.setflags(write=False)
        return exact

    def _count_distinct(self) -> int:
        """How many inputs differ; equal ones with different labels fit no function at all."""
        if np.all(self.X[1:, 0] > self.X[:-1, 0]):  # sorted already: no two are equal
            return self.n_samples
        before, after = _equal_pairs(self.X)
        if not self.spelled and np.array_equal(self.y[before], self.y[after]):
            return self.n_samples - len(after)
        rows = sorted({*before.tolist(), *after.tolist()})
        first: dict[tuple[Fraction, ...], int] = {}
        for i in rows:
            j = first.setdefault(tuple(self._row(i, self.X)), i)
            labels = [self._row(k, self.y[:, None], self.n_features) for k in (j, i)]
            if labels[0] != labels[1]:
                raise BadInstance(
                    f"rows {j + 1} and {i + 1} have the same x and different y "
                    f"({self.y[j]:g} and {self.y[i]:g}): remove one of them"
                )
        return self.n_samples - len(rows) + len(first)

    def _row(self, i: int, values: NDArray[np.float64], first: int = 0) -> list[Fraction]:
        cells = enumerate(values[i].tolist(), start=first)
        return [self.spelled.get((i, j), Fraction(v)) for j, v in cells]


def _equal_pairs(X: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of equal rows, each row with the next one in an order where equal ones are neighbours.

    The order is that of a hash, which takes a tenth of the time of sorting whole rows.
    """
    keys = np.zeros(len(X), dtype=np.uint64)
    for column in X.T:
        keys ^= (column + 0.0).view(np.uint64)  # + 0.0 makes -0.0 positive
        keys = (keys ^ keys >> np.uint64(32)) * _ODD
        keys ^= keys >> np.uint64(29)
    order = np.argsort(keys)
    at = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
    if not np.array_equal(X[order[at]], X[order[at + 1]]):  # two rows that differ share a hash
        order = np.lexsort(X.T)
        at = np.flatnonzero(np.all(X[order[1:]] == X[order[:-1]], axis=1))
    return order[at], order[at + 1]


_ODD = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio's digits: mixes well


def _doubles(
    name: str, values: ArrayLike, ndim: int
) -> tuple[NDArray[np.float64], dict[tuple[int, int], Fraction]]:
    """The nearest doubles (read-only) and the cells whose exact value is no double."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise BadInstance(f"{name} is ragged: every row needs the same length") from None
    if array.size == 0 and array.ndim <= ndim:
        array = array.reshape((0,) * ndim).astype(float)
    if array.ndim != ndim:
        shape = "(n_samples, n_features)" if ndim == 2 else "(n_samples,)"
        raise BadInstance(f"{name} has shape {array.shape}; expected {shape}")
    spelled: dict[tuple[int, int], Fraction] = {}
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        array = _from_cells(name, values, array.shape, spelled)
    doubles = array.astype(np.float64)  # a copy, so that the caller's array stays theirs
    if not np.isfinite(doubles).all():
        bad = np.argwhere(~np.isfinite(doubles))
        where = f"row {bad[0][0] + 1}" + (f", column {bad[0][1] + 1}" if ndim == 2 else "")
        raise BadInstance(f"{name} has a value that is not finite in {where}")
    doubles.setflags(write=False)
    return doubles, spelled


def _from_cells(
    name: str, values: Any, shape: tuple[int, ...], spelled: dict[tuple[int, int], Fraction]
) -> NDArray[np.float64]:
    """Cell by cell: integers, Fractions and text are exact whatever their size."""
    out = np.empty(shape)
    source = np.array(values, dtype=object)
    for index in np.ndindex(shape):
        cell = source[index]
        where = f"row {index[0] + 1}" + (f", column {index[1] + 1}" if len(index) > 1 else "")
        try:
            exact = _exact_cell(cell)
        except ValueError as error:
            raise BadInstance(f"{name}, {where}: {error}") from None
        out[index] = float(exact)
        if Fraction(float(exact)) != exact:
            spelled[(index[0], index[1] if len(index) > 1 else 0)] = exact
    return out


def _exact_cell(cell: Any) -> Fraction:
    if isinstance(cell, str):
        return parse(cell)
    if isinstance(cell, (bool, np.bool_)) or not isinstance(cell, numbers.Real):
        raise ValueError(f"{str(cell)[:40]!r} is not a number")
    if isinstance(cell, (float, np.floating)):
        if not math.isfinite(cell):
            raise ValueError(f"{cell} is not finite")
        return Fraction(float(cell))
    return parse(str(Fraction(int(cell)) if isinstance(cell, np.integer) else Fraction(str(cell))))


def _valid_bound(bound: Any) -> float | None:
    if bound is None:
        return None
    try:
        value = float(_exact_cell(bound))
    except ValueError:
        value = math.nan
    if not value > 0:
        raise BadInstance(f"bound must be a positive number or null, not {bound!r}")
    return value


def _valid_known(known: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(known, (list, tuple)) or not all(isinstance(k, Mapping) for k in known):
        raise BadInstance("known must be a list of objects")
    for k in known:
        if k.get("status") not in _KNOWN_STATUS or "objective" not in k:
            raise BadInstance(f"known needs an objective and a status in {_KNOWN_STATUS}: {k}")
        if k["status"] in ("opt", "best", "bestdual") and not _is_finite(k.get("value")):
            raise BadInstance(f"known needs a finite value with that status: {k}")
    return tuple(dict(k) for k in known)


def _is_finite(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and math.isfinite(value)
    except (TypeError, OverflowError):
        return False
