"""Bounds low_ki <= u_k . xb_i <= high_ki of pre-activations, the big-M of a model, by three rules.

Every network that fits B, and is worth no more than the incumbent, keeps them: no rule cuts the
incumbent, an equal network or a better one. U is the incumbent's value.

box          |u_k . xb_i| <= B ||xb_i||_1, since |u_kj| <= B.
cardinality  parameters: a neuron with at most c counted entries has |u_k . xb_i| at most B times
             the sum of the c largest |xb_ij| (an uncounted bias comes on top). With at least
             K_min neurons (a theorem), each with a counted entry, c = min(D, U - K_min + 1).
             For neurons it is the box.
obbt         the least and largest u_k . xb_i over a linear relaxation: the sign-split model with
             perspective rows (`_perspective`), boxes by cardinality, and the cutoff
             objective <= U. Slots of one sign are interchangeable there, so that 4 N linear
             programs do for all; from the 201st point on the box stays.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray

from milpsparse.bounds import best_bound
from milpsparse.compiled import compile_model
from milpsparse.instance import Instance
from milpsparse.models import _parts, _perspective, _slots, _split
from milpsparse.network import Network
from milpsparse.objective import Objective

MAX_POINTS = 200  # points whose bounds are tightened by linear programs
SLACK = 1e-6  # of the box: the programs' optima are moved outward by it

Ranges = tuple[NDArray[np.float64], NDArray[np.float64]]


def ranges(parts: _split.Split, incumbent: Network, rule: str) -> Ranges:
    """The bounds (low, high), both of shape (slots, N), by a rule."""
    top = boxes(parts.instance, parts.objective, incumbent, rule)
    low, high = np.tile(-top, (len(parts.signs), 1)), np.tile(top, (len(parts.signs), 1))
    if rule == "obbt":
        for slots, i, least, largest in _tightened(parts, incumbent, (low, high)):
            slack = SLACK * top[i]
            low[slots, i] = np.clip(least - slack, -top[i], 0.0)
            high[slots, i] = np.clip(largest + slack, 0.0, top[i])
    return low, high


def boxes(
    instance: Instance, objective: Objective, incumbent: Network, rule: str
) -> NDArray[np.float64]:
    """The largest |u . xb_i| that one neuron may have, shape (N,)."""
    xb, B = abs(_parts.points(instance)), _parts.bound_of(instance)
    if rule == "box" or objective.kind != "parameters":
        return B * np.asarray(xb.sum(axis=1))
    counted, most = len(_parts.counted_inputs(instance)), most_entries(instance, incumbent)
    largest = -np.sort(-xb[:, :counted], axis=1)[:, :most]
    return B * np.asarray(largest.sum(axis=1) + xb[:, counted:].sum(axis=1))


def most_entries(instance: Instance, incumbent: Network) -> int:
    """Counted entries that a neuron has at most in a network of no more parameters than this."""
    parameters = Objective("parameters")
    fewest = 1
    if not _parts.free_constant(instance, parameters):
        bound = best_bound(instance, Objective("neurons"), "theorem")
        fewest = max(1, 0 if bound is None else math.ceil(bound.value))
    D = len(_parts.counted_inputs(instance))
    return max(1, min(D, int(instance.value(incumbent, parameters)) - fewest + 1))


def _tightened(
    parts: _split.Split, incumbent: Network, ranges: Ranges
) -> Iterator[tuple[NDArray[np.int64], int, float, float]]:
    """For each sign and point: its slots, and the optima of u_k . xb_i over the relaxation."""
    import highspy

    m = _relaxation(parts, incumbent, ranges)
    compiled = compile_model(m)
    column = {id(v): j for j, v in enumerate(compiled.variables)}
    h = replace(compiled, c=0 * compiled.c, integer=0 * compiled.integer > 0).highs()
    h.setOptionValue("threads", 1)
    for sign in sorted(set(parts.signs)):
        slots = np.flatnonzero(np.array(parts.signs) == sign)
        index = np.array([column[id(m.u[int(slots[0]), j])] for j in m.j], dtype=np.int32)
        for i, x in enumerate(_parts.points(parts.instance)[:MAX_POINTS]):
            optima = []
            for side in (1.0, -1.0):
                h.changeColsCost(len(index), index, side * x)
                h.run()
                solved = h.getModelStatus() == highspy.HighsModelStatus.kOptimal
                value = h.getInfo().objective_function_value if solved else -np.inf
                optima.append(side * value)
            yield slots, i, optima[0], optima[1]
        h.changeColsCost(len(index), index, np.zeros(len(index)))


def _relaxation(parts: _split.Split, incumbent: Network, ranges: Ranges) -> Any:
    """The sign-split model with perspective rows and the cutoff."""
    instance, objective = parts.instance, parts.objective
    whole = _split.Split("relaxation", instance, objective, parts.signs)
    m = whole.m
    used = _slots.add_big_m_model(m, instance, objective, *ranges)
    _perspective.add_rows(m, instance, ranges[0])
    whole.limit(used, len(parts.signs) // 2)
    whole.cover()
    m.cutoff = pyo.Constraint(expr=m.objective.expr <= instance.value(incumbent, objective))
    return m
