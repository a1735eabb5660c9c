"""Small programs with known answers, and a hard one, for the tests of solvers."""

import pyomo.environ as pyo

from milpsparse import generate, registry
from milpsparse.construct import best_construction
from milpsparse.instance import Instance
from milpsparse.objective import parse_objective

NEURONS = parse_objective("neurons")
INSTANCES = {
    "one input": Instance(
        X=[[0.0], [1.0], [2.0], [3.0]], y=[0.0, 1.0, 0.0, -1.0], bound=2.0, skip=False
    ),
    "two inputs": Instance(X=[[0.0, 0.0], [1.0, 0.5], [0.5, -1.0]], y=[0.0, 1.5, -0.5], bound=4.0),
    "a skip connection": Instance(
        X=[[0.0], [1.0], [2.0], [4.0]], y=[1.0, 0.0, 2.0, 1.0], bound=8.0, skip=True
    ),
}


def built(instance, objective=NEURONS, rule="neuron_big_m", **options):
    """A model around a construction, and that construction."""
    network, model = best_construction(instance, objective), registry.load("models", rule)
    defaults = {key: option.default for key, option in model.options.items()}
    return model.build(instance, objective, network, **{**defaults, **options}), network


def knapsack(capacity=11.5):
    """Binaries, an equation, a row with two sides, infinite bounds, an offset and a fixed column.

    min sum x + y - w + 7 with sum (i + 2) x_i - y = capacity, 1 <= w + y + f <= 5, f = 1, w <= 3.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(6), within=pyo.Binary)
    m.y = pyo.Var(bounds=(0.25, None))
    m.w = pyo.Var(bounds=(None, 3))
    m.f = pyo.Var(within=pyo.Binary)
    m.f.fix(1)
    m.fill = pyo.Constraint(expr=sum((i + 2) * m.x[i] for i in m.x) - m.y == capacity)
    m.both = pyo.Constraint(expr=(1, m.w + m.y + m.f, 5))
    m.cost = pyo.Objective(expr=sum(m.x.values()) + m.y - m.w + 7)
    return m


def hard():
    """A program that takes SCIP minutes, with its start."""
    instance = generate("uniform", 0, N=30, d=3).replace(bound=64.0)
    program, network = built(instance)
    program.start(network)
    return program, instance.value(network, NEURONS)


def staffing(n=6, capacity=11):
    """Integers alone, with coefficients that are no integers.

    min sum x / 2 + 3 y / 2 + 7 with sum (i + 2) x_i / 4 - y / 4 = capacity / 4; for 11 it is 8.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(n), within=pyo.Binary)
    m.y = pyo.Var(bounds=(0, 5), within=pyo.Integers)
    total = sum((i + 2) * 0.25 * m.x[i] for i in m.x)
    m.fill = pyo.Constraint(expr=total - 0.25 * m.y == capacity / 4)
    m.cost = pyo.Objective(expr=0.5 * sum(m.x.values()) + 1.5 * m.y + 7)
    return m
