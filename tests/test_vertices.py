"""Vertices of tiny data: against linear programs, brute force, and what theorems say of them."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from brute_force import fewest_neurons, fewest_parameters, tiny

import milpsparse as ms
from milpsparse.construct import constructions
from milpsparse.errors import Unsupported
from milpsparse.extreme.rays import frame, rays
from milpsparse.extreme.rivals import Rivals, sizes_of
from milpsparse.extreme.vertices import vertices
from milpsparse.objective import parse_objective
from milpsparse.rational import null_space, rank, rationals

L1, NEURONS, PARAMETERS = map(parse_objective, ("l1", "neurons", "parameters"))

CASES = [  # points, inputs, seed, skip, whether biases count
    (3, 1, 0, False, None),
    (4, 1, 1, False, None),
    (5, 1, 2, True, None),
    (5, 1, 3, True, True),
    (4, 1, 3, False, False),
    (3, 2, 1, False, None),
    (3, 2, 3, False, False),
    (5, 2, 0, True, None),
    (5, 2, 4, True, True),
]


def data(case):
    N, d, seed, skip, count_bias = case
    return tiny(N, d, seed, None, skip, count_bias)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_vertex_fits_exactly_and_the_least_l1_norm_is_that_of_the_linear_program(case):
    instance = data(case)
    found = list(vertices(instance))
    assert all((v.best(instance.X_exact) == instance.y_exact).all() for v in found)
    least = min(instance.value(v, L1) for v in found)
    assert least == pytest.approx(ms.solve(instance, "l1").primal_bound, rel=1e-6)


@pytest.mark.parametrize("case", [c for c in CASES if c[4] is not False], ids=str)
def test_the_sparsest_vertices_are_the_sparsest_networks(case):
    instance = data(case)
    found = list(vertices(instance))
    bounded = instance.replace(bound=1e4, count_bias=instance.count_bias)
    assert min(instance.value(v, NEURONS) for v in found) == fewest_neurons(bounded)
    if case[4] is None:
        assert min(instance.value(v, PARAMETERS) for v in found) == fewest_parameters(bounded)


@pytest.mark.parametrize("case", [CASES[1], CASES[5], CASES[7]], ids=str)
def test_vertices_are_extreme_points_and_no_two_neurons_could_be_one(case):
    instance = data(case)
    points = np.column_stack([instance.X_exact, rationals(np.ones(instance.n_samples))])
    for network in vertices(instance):
        columns = [points] if instance.skip else []
        for u in network.best.path:
            side = points @ u
            rows = [row for row, v in zip(points, side, strict=True) if v == 0]
            D = len(u)
            axes = rationals(np.eye(D))[: D if instance.count_bias else D - 1]
            rows += [axis for axis, v in zip(axes, u, strict=False) if v == 0]
            span = null_space(np.array(rows)).T if rows else rationals(np.eye(D))
            columns.append(np.where((side > 0)[:, None], points @ span, Fraction(0)))
        matrix = np.column_stack(columns)
        assert rank(matrix) == matrix.shape[1] - (instance.skip and 3 - rank(points))
        for a, b in itertools.combinations(range(len(network.signs)), 2):
            u, v = network.best.path[[a, b]]
            counted = len(u) if instance.count_bias else len(u) - 1
            on_one_side = [(points @ u) * (points @ v) >= 0, u[:counted] * v[:counted] >= 0]
            one_cell = all(bool(np.all(flags)) for flags in on_one_side)
            assert not (one_cell and network.signs[a] == network.signs[b])


def test_a_network_comes_once():
    for case in CASES:
        instance = data(case)
        seen = set()
        for v in vertices(instance):
            neurons = zip(v.signs.tolist(), map(tuple, v.best.path.tolist()), strict=True)
            key = frozenset(neurons)
            assert key not in seen
            seen.add(key)


@pytest.mark.parametrize("by_neuron", [False, True])
@pytest.mark.parametrize("case", [CASES[1], CASES[3], CASES[5], CASES[8]], ids=str)
def test_rivals_have_the_least_vertices_of_every_exponent_and_the_extremes_of_all(case, by_neuron):
    instance, objective = data(case), NEURONS if by_neuron else PARAMETERS
    rivals = Rivals(rays(frame(instance)), by_neuron)
    rivals.seed(sizes_of(instance, n, objective) for n in constructions(instance, objective))
    rivals.collect()
    sizes = {sizes_of(instance, v, objective) for v in vertices(instance)}
    assert rivals.kept <= sizes
    for p in np.linspace(0.01, 0.99, 50):
        costs = {s: sum(float(v) ** p for v in s) for s in sizes}
        least = min(costs.values())
        for s, cost in costs.items():
            assert s in rivals.kept or cost > least
    assert rivals.fewest == min(map(len, sizes))
    assert rivals.smallest == min(s[0] for s in sizes)
    assert rivals.largest == min(s[-1] for s in sizes if len(s) == rivals.fewest)


def test_zero_labels_have_one_vertex_without_neurons():
    instance = ms.Instance(X=[[0.0], [1.0]], y=[0.0, 0.0])
    (network,) = vertices(instance)
    assert len(network.signs) == 0
    affine = ms.Instance(X=[[0.0], [1.0], [2.0]], y=[1.0, 2.0, 3.0], skip=True)
    (network,) = vertices(affine)
    assert (network.best(affine.X_exact) == affine.y_exact).all()


def test_repeated_points_change_nothing():
    once = tiny(3, 2, 1, None)
    twice = ms.Instance(X=np.vstack([once.X, once.X[:2]]), y=[*once.y, *once.y[:2]])
    assert len(list(vertices(once))) == len(list(vertices(twice)))


def test_too_many_sets_of_rays_are_refused_with_their_number():
    with pytest.raises(Unsupported, match=r"of 8 among 406 rays \(limit 5,000,000\)"):
        list(vertices(ms.load("uniform_n8_d3_s0")))
    with pytest.raises(Unsupported, match=r"choices of 50 out of 61 hyperplanes"):
        list(vertices(ms.load("uniform_n10_d50_s0")))
