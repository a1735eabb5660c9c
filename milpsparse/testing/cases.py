"""Tiny instances with known optima, for methods; each with the reason why nothing is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from milpsparse.instance import Instance


@dataclass(frozen=True)
class Case:
    """An instance and the least values of objectives, as far as they are known."""

    instance: Instance
    optima: Mapping[str, float]


def cases() -> list[Case]:
    """All of them, from the simplest on."""
    return [_line(), _absolute(), _tent(), _hinge(), _cross()]


def _instance(name: str, X: Any, y: Any, skip: bool = False) -> Instance:
    return Instance(X=X, y=y, bound=4.0, skip=skip, name=name)


def _line() -> Case:
    """relu(x) at 0, 1, 2: one neuron of one parameter 1. At 2 a network needs sum |w| >= 1."""
    instance = _instance("line", [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
    return Case(instance, {"neurons": 1, "parameters": 1})


def _absolute() -> Case:
    """|x| at -1, 0, 1: one neuron is monotone.

    f(1) + f(-1) - 2 f(0) = 2; a neuron (w, b) adds at most |w| to it, so the l1 norm is >= 2.
    """
    instance = _instance("absolute", [[-1.0], [0.0], [1.0]], [1.0, 0.0, 1.0])
    return Case(instance, {"neurons": 2, "parameters": 2, "l1": 2, "group_l2": 2})


def _tent() -> Case:
    """0, 1, 0 at 0, 1, 2: one neuron is monotone, and neurons of one parameter are affine there."""
    instance = _instance("tent", [[0.0], [1.0], [2.0]], [0.0, 1.0, 0.0])
    return Case(instance, {"neurons": 2, "parameters": 3})


def _hinge() -> Case:
    """|x| with a skip connection: without neurons it is affine.

    As above sum |w| >= 2, and so sum |w|^p >= 2^p.
    """
    instance = _instance("hinge", [[-1.0], [0.0], [1.0]], [1.0, 0.0, 1.0], skip=True)
    return Case(instance, {"neurons": 1, "parameters": 1, "l1": 2, "lp:0.5": 2**0.5})


def _cross() -> Case:
    """|x| + |z| at the origin and four unit vectors: one neuron with f(0) = 0 that is 1 at a vector
    is 0 at its opposite.
    """
    X = [[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]
    instance = _instance("cross", X, [0.0, 1.0, 1.0, 1.0, 1.0])
    return Case(instance, {"neurons": 2})
