"""MIP starts: every model takes every network that fits it, and gives it back."""

import itertools

import numpy as np
import pyomo.environ as pyo
import pytest
from test_models import PROGRAMS, able, variants

from milpsparse import registry
from milpsparse.compiled import compile_model
from milpsparse.construct import best_construction
from milpsparse.instance import Instance
from milpsparse.naming import parse_method
from milpsparse.network import Network, Skip
from milpsparse.objective import parse_objective

NEURONS, PARAMETERS = parse_objective("neurons"), parse_objective("parameters")
FLAGS = list(itertools.product((False, True), repeat=2))


def planted(seed, skip, count_bias):
    """A network with zeros among its entries, and an instance that it fits, on a coarse grid."""
    rng = np.random.default_rng(seed)
    signs = np.array([1, -1, 1, -1])
    path = rng.integers(-4, 5, (4, 3)) / 4 * rng.integers(0, 2, (4, 3))
    path[:, 0] += path[:, 0] == 0  # no constants
    linear = Skip(rng.integers(-4, 5, 2) / 4, 0.5) if skip else None
    network = Network(signs, path[:, :2], path[:, 2], linear)
    X = np.unique(rng.integers(-4, 5, (6, 2)) / 4, axis=0)
    flags = {"skip": skip, "count_bias": count_bias}
    return Instance(X=X, y=network(X), bound=2.0, **flags), network


def started(name, instance, objective, network):
    """A program around the network with its start, and its matrices."""
    method = parse_method(f"{name}@{able(name)}")
    options = {key: value for key, value in method.options.items() if key != "start"}
    if "plus" in options:
        options |= {"plus": 4, "minus": 4}
    program = method.rule.build(instance, objective, network, **options)
    program.start(network)
    return program, compile_model(program.problem)


def satisfied(compiled):
    """Whether the start is complete, and keeps every row, bound, integer, implication and set."""
    x = compiled.start()
    if x is None:
        return False
    rows = compiled.A @ x
    idle = [i for i, (j, value) in compiled.when.items() if x[j] != value]
    kept = (rows >= compiled.row_lower - 1e-9) & (rows <= compiled.row_upper + 1e-9)
    kept[idle] = True
    inside = (x >= compiled.lower - 1e-9) & (x <= compiled.upper + 1e-9)
    whole = x[compiled.integer] == np.round(x[compiled.integer])
    alone = [np.count_nonzero(x[list(members)]) <= 1 for members in compiled.sos1]
    return kept.all() and inside.all() and whole.all() and all(alone)


def neurons(network):
    """The neurons in an order of their own."""
    return sorted(map(tuple, np.column_stack([network.signs, network.path]).tolist()))


@pytest.mark.parametrize("objective", [NEURONS, PARAMETERS], ids=str)
@pytest.mark.parametrize("name", list(variants(PROGRAMS)))
def test_a_network_is_a_feasible_start_and_comes_back(name, objective):
    if objective.kind not in registry.load("models", name.partition("[")[0]).objectives:
        return
    for seed, (skip, count_bias) in enumerate(FLAGS[:: 3 if "[" in name else 1]):
        instance, network = planted(seed, skip, count_bias)
        program, compiled = started(name, instance, objective, network)
        assert satisfied(compiled), (skip, count_bias)
        back = program.decode()
        assert np.allclose(back(instance.X), instance.y, atol=1e-12)
        if name != "pattern_l0":  # it puts neurons of a pattern together
            assert neurons(back) == neurons(network)
            assert instance.value(back, objective) == instance.value(network, objective)
        if skip and name != "pattern_l0":
            assert back.skip.weights.tolist() == network.skip.weights.tolist()


@pytest.mark.parametrize("name", PROGRAMS)
def test_constructions_are_starts_too(name):
    for objective in (NEURONS, PARAMETERS):
        if objective.kind not in registry.load("models", name).objectives:
            continue
        for skip, count_bias in FLAGS:
            instance, _ = planted(7, skip, count_bias)
            network = best_construction(instance, objective)
            program, compiled = started(name, instance, objective, network)
            assert satisfied(compiled)
            assert program.decode()(instance.X) == pytest.approx(instance.y, abs=1e-9)


@pytest.mark.parametrize("rule", ["box", "cardinality", "obbt"])
@pytest.mark.parametrize("objective", [NEURONS, PARAMETERS], ids=str)
def test_no_big_m_cuts_a_better_network(rule, objective):
    for seed, (skip, count_bias) in enumerate(FLAGS):
        instance, network = planted(20 + seed, skip, count_bias)
        incumbent = best_construction(instance, objective)
        better = min(network, incumbent, key=lambda n: instance.value(n, objective))
        method = parse_method(f"neuron_perspective[big_m={rule}]@highs")
        options = {key: value for key, value in method.options.items() if key != "start"}
        program = method.rule.build(instance, objective, incumbent, **options)
        program.start(better)
        assert satisfied(compile_model(program.problem))


def test_the_rules_of_big_m_tighten_in_turn_and_hold_all_small_networks():
    from milpsparse.models import _big_m, _split

    instance, _ = planted(3, False, True)
    incumbent = Network(np.array([1, -1]), np.eye(2) / 2, np.zeros(2))  # of value 2
    parts = _split.split("test", instance, PARAMETERS, incumbent, 2)
    boxes = [_big_m.ranges(parts, incumbent, rule) for rule in ("box", "cardinality", "obbt")]
    for (low, high), (inner_low, inner_high) in itertools.pairwise(boxes):
        assert (low <= inner_low).all()
        assert (inner_high <= high).all()
    assert boxes[1][1].sum() < boxes[0][1].sum()
    single = 2.0 * np.eye(3) @ np.column_stack([instance.X, np.ones(len(instance.y))]).T
    assert (abs(single) <= boxes[1][1][0] + 1e-12).all()


def test_a_start_that_does_not_fit_leaves_the_model_without_one():
    from milpsparse.execute import state

    instance, network = planted(0, False, True)
    method = parse_method("neuron_big_m[slots=1]@highs")
    program = state(method, instance, NEURONS, network)
    assert compile_model(program.problem).start() is None
    assert all(v.value is None for v in program.problem.component_data_objects(pyo.Var))
