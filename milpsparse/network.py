"""Network: a one-hidden-layer ReLU network in canonical path form; evaluate, count, norms, JSON.

    f(x) = sum_k signs[k] relu(weights[k] . x + biases[k])  [+ skip.weights . x + skip.bias]

Since v relu(w.x + b) = sgn(v) relu(|v| w.x + |v| b), the path parameters u_k = |v_k| (w_k, b_k)
and the sign s_k = sgn(v_k) are all that a network's outputs, counts and norms depend on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from milpsparse.errors import BadInput, Unsupported
from milpsparse.objective import Objective
from milpsparse.rational import parse, rationals


@dataclass(frozen=True, eq=False)
class Skip:
    """The skip connection a.x + c: weights a, shape (n_features,), and bias c."""

    weights: NDArray[Any]
    bias: Any


@dataclass(frozen=True, eq=False)
class Network:
    """A network by its signs, shape (K,), and path parameters, shapes (K, n_features) and (K,).

    Entries are doubles, or Fractions in object arrays. `exact` is the same network in Fractions
    when one is known; the doubles are then its nearest ones.
    """

    signs: NDArray[Any]
    weights: NDArray[Any]
    biases: NDArray[Any]
    skip: Skip | None = None
    exact: Network | None = None

    def __call__(self, X: ArrayLike) -> NDArray[Any]:
        """Outputs, shape (n_samples,), for inputs of shape (n_samples, n_features)."""
        X = np.asarray(X)
        out = relu(self.preactivations(X)) @ self.signs
        if self.skip is not None:
            out = out + X @ self.skip.weights + self.skip.bias
        return np.asarray(out)

    def preactivations(self, X: NDArray[Any]) -> NDArray[Any]:
        """w_k . x_i + b_k, shape (n_samples, K)."""
        return np.asarray(X @ self.weights.T + self.biases)

    @property
    def path(self) -> NDArray[Any]:
        """The path parameters u = (weights, bias), shape (K, n_features + 1)."""
        return np.column_stack([self.weights, self.biases])

    @property
    def best(self) -> Network:
        """The exact network where there is one, else this one."""
        return self.exact or self

    @property
    def largest(self) -> Any:
        """Largest |u|: the smallest bound B that the network fits (0 without neurons)."""
        return abs(self.path).max() if self.path.size else 0

    def n_neurons(self, skip: bool) -> int:
        """Neurons with u != 0; with a skip connection those with w != 0 (the rest is part of c)."""
        if self.exact is not None:
            return self.exact.n_neurons(skip)
        entries = self.weights if skip else self.path
        return int(np.count_nonzero((entries != 0).any(axis=1)))

    def n_parameters(self, count_bias: bool) -> int:
        """Nonzero v_k w_kj, and v_k b_k where biases count."""
        if self.exact is not None:
            return self.exact.n_parameters(count_bias)
        return int(np.count_nonzero(self.counted(count_bias) != 0))

    def counted(self, count_bias: bool) -> NDArray[Any]:
        """The entries that parameters and path norms run over."""
        return self.path if count_bias else self.weights

    def path_norm(self, p: float, count_bias: bool) -> float:
        """The lp path norm sum |u|^p over the counted entries, 0 < p <= 1."""
        if self.exact is not None:
            return self.exact.path_norm(p, count_bias)
        entries = abs(self.counted(count_bias)).ravel()
        return float(entries.sum()) if p == 1 else power_sum(entries.astype(float), p)

    def group_norm(self, count_bias: bool) -> float:
        """The group norm sum_k ||u_k||_2 over the counted entries."""
        entries = self.counted(count_bias).astype(float)
        return float(np.linalg.norm(entries, axis=1).sum())

    def value(self, objective: Objective, *, skip: bool, count_bias: bool) -> float:
        """The objective's value: a count or a norm of the path parameters."""
        match objective.kind:
            case "neurons":
                return self.n_neurons(skip)
            case "parameters":
                return self.n_parameters(count_bias)
            case "group_l2":
                return self.group_norm(count_bias)
        return self.path_norm(objective.p or 1.0, count_bias)

    def knots(self) -> list[tuple[float, float]]:
        """For one input: the knots of f as sorted (position, change of slope), changes not 0."""
        if self.weights.shape[1] != 1:
            raise BadInput(f"knots need one input; this network has {self.weights.shape[1]}")
        jumps: dict[Any, Any] = {}
        net = self.best
        for sign, w, b in zip(net.signs, net.weights[:, 0], net.biases, strict=True):
            if w != 0:  # the slope rises by |w| across -b/w, whichever way the neuron faces
                jumps[-b / w] = jumps.get(-b / w, 0) + int(sign) * abs(w)
        return sorted((float(t), float(jump)) for t, jump in jumps.items() if jump != 0)

    def formula(self, digits: int = 4, most: int | None = None) -> str:
        """The function as text, e.g. `f(x) = relu(x + 1) - relu(2 x - 1) + relu(x - 2)`.

        With `most`, only so many neurons are written out.
        """
        neurons = zip(self.signs[:most], self.weights[:most], self.biases[:most], strict=True)
        terms = [
            ("-" if sign < 0 else "+", f"relu({_affine(w, b, digits)})") for sign, w, b in neurons
        ]
        if self.skip is not None:
            affine = _affine(self.skip.weights, self.skip.bias, digits)
            if affine != "0" or not terms:
                terms.append(("-", affine[1:]) if affine.startswith("-") else ("+", affine))
        text = " ".join(f"{sign} {term}" for sign, term in terms) or "+ 0"
        return "f(x) = " + (text[2:] if text.startswith("+ ") else "-" + text[2:])

    def to_json(self) -> dict[str, Any]:
        """Signs, weights, biases, skip, and under `exact` the same with "p/q" strings, or null."""
        exact = None
        if self.exact is not None:
            with contextlib.suppress(ValueError):  # beyond Python's 4,300 digits: doubles only
                exact = self.exact._fields(str)
            return {**with_doubles(self.exact)._fields(float), "exact": exact}
        return {**self._fields(float), "exact": exact}

    def _fields(self, number: type[float] | type[str]) -> dict[str, Any]:
        skip = None
        if self.skip is not None:
            weights = [number(v) for v in self.skip.weights]
            skip = {"weights": weights, "bias": number(self.skip.bias)}
        return {
            "signs": [int(s) for s in self.signs],
            "weights": [[number(v) for v in row] for row in self.weights],
            "biases": [number(v) for v in self.biases],
            "skip": skip,
        }


def power_sum(values: NDArray[np.float64], p: float) -> float:
    """The sum of v^p over the entries v > 0."""
    return float((values[values > 0] ** p).sum())


def relu(values: NDArray[Any]) -> NDArray[Any]:
    """max(values, 0), for doubles and Fractions."""
    return np.asarray(np.where(values > 0, values, 0 * values))


def from_exact(
    signs: Sequence[int] | NDArray[Any], path: Any, n_features: int, skip: Any = None
) -> Network:
    """The network with rational path parameters, shape (K, d + 1); `skip` is (a..., c) or None."""
    entries = rationals(path).reshape(-1, n_features + 1)
    order = np.array([int(s) for s in signs], dtype=int)
    linear = None
    if skip is not None:
        a = rationals(skip)
        linear = Skip(a[:-1], a[-1])
    return with_doubles(Network(order, entries[:, :-1], entries[:, -1], linear))


def with_doubles(exact: Network) -> Network:
    """The network of the nearest doubles that carries its exact self.

    Raises
    ------
    Unsupported
        An entry is beyond the range of doubles.
    """
    skip = None
    try:
        if exact.skip is not None:
            skip = Skip(exact.skip.weights.astype(float), float(exact.skip.bias))
        weights, biases = exact.weights.astype(float), exact.biases.astype(float)
    except OverflowError:
        raise Unsupported("a weight is beyond the range of doubles: rescale the data") from None
    return Network(exact.signs, weights, biases, skip, exact)


def from_layers(v: ArrayLike, W: ArrayLike, b: ArrayLike, skip: Skip | None = None) -> Network:
    """The path form of sum_k v_k relu(w_k . x + b_k); shapes (K,), (K, d), (K,)."""
    v, W, b = np.asarray(v, float), np.asarray(W, float), np.asarray(b, float)
    size = abs(v)
    return Network(np.where(v < 0, -1, 1), size[:, None] * W, size * b, skip)


def from_json(data: Mapping[str, Any], n_features: int) -> Network:
    """Read what `to_json` wrote; ValueError, KeyError or TypeError when it is no network."""

    def read(fields: Mapping[str, Any], number: Any) -> Network:
        signs = [int(s) for s in fields["signs"]]
        K = len(signs)
        if any(s not in (-1, 1) for s in signs) or len(fields["biases"]) != K:
            raise ValueError("signs must be 1 or -1, one bias a neuron")
        if len(fields["weights"]) != K or any(len(w) != n_features for w in fields["weights"]):
            raise ValueError(f"weights must have shape ({K}, {n_features})")
        dtype = float if number is float else object
        weights = np.empty((K, n_features), dtype)
        for k, row in enumerate(fields["weights"]):
            weights[k] = [number(value) for value in row]
        biases = np.empty(K, dtype)
        biases[:] = [number(value) for value in fields["biases"]]
        skip = None
        if fields["skip"] is not None:
            if len(fields["skip"]["weights"]) != n_features:
                raise ValueError(f"the skip connection needs {n_features} weights")
            a = np.empty(n_features, dtype)
            a[:] = [number(value) for value in fields["skip"]["weights"]]
            skip = Skip(a, number(fields["skip"]["bias"]))
        return Network(np.array(signs, dtype=int), weights, biases, skip)

    if not isinstance(data, Mapping):
        raise TypeError(f"a network is an object, not {type(data).__name__}")
    try:
        doubles = read(data, float)
        if data.get("exact") is None:
            return doubles
        network = with_doubles(read(data["exact"], _fraction))
        if network._fields(float) != doubles._fields(float):
            raise ValueError("the exact network is another one than that of the doubles")
        return network
    except (OverflowError, Unsupported):
        raise ValueError("a network's values must be in the range of doubles") from None


def _fraction(text: Any) -> Fraction:
    """A "p/q" string of any length (solutions of linear systems can be long)."""
    if not isinstance(text, str):
        raise ValueError(f"exact values are strings such as '1/3', not {text!r}")
    try:
        return parse(text)
    except ValueError:
        numerator, _, denominator = text.partition("/")
        if int(denominator or "1") == 0:
            raise ValueError("an exact value has denominator 0") from None
        return Fraction(int(numerator), int(denominator or "1"))


def _affine(weights: NDArray[Any], bias: Any, digits: int) -> str:
    """`2 x1 - x3 + 0.5` as text."""
    names = ["x"] if len(weights) == 1 else [f"x{j + 1}" for j in range(len(weights))]
    text = ""
    for value, name in [*zip(weights, names, strict=True), (bias, "")]:
        if value == 0:
            continue
        size = f"{abs(float(value)):.{digits}g}"
        term = size if not name else (name if size == "1" else f"{size} {name}")
        minus = value < 0
        text += (" - " if minus else " + ") + term if text else ("-" if minus else "") + term
    return text or "0"
