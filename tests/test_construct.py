"""Constructions of few parameters: atoms take the place of as many hinges as they span."""

import itertools

import numpy as np
import pytest

from milpsparse.basis import distinct_points
from milpsparse.construct import _atoms_and_hinges, best_construction
from milpsparse.instance import Instance
from milpsparse.objective import parse_objective
from milpsparse.rational import rank, rationals

PARAMETERS = parse_objective("parameters")


def ranks(X):
    """Of the columns (X, 1), and of these with relu(X)."""
    ones = rationals(np.ones((len(X), 1)))
    affine = np.column_stack([rationals(X), ones])
    return rank(affine), rank(np.column_stack([affine, rationals(np.maximum(X, 0))]))


def most(X, skip, count_bias, hinge):
    """Parameters of r0 atoms and N - r0 hinges, less what is free."""
    a, r0 = ranks(X)
    free = a if skip else int(not count_bias)
    return (r0 - free) + hinge * (len(X) - r0)


def inputs():
    rng = np.random.default_rng(0)
    for N, d in [(1, 1), (2, 1), (9, 1), (3, 3), (6, 2), (8, 4), (5, 9), (101, 2), (40, 10)]:
        yield rng.uniform(-1, 1, (N, d))
    yield rng.uniform(0, 1, (20, 3))  # relu(-x) is 0
    yield np.arange(12)[:, None] @ [[1.0, 2.0]]  # on a line through 0


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("count_bias", [False, True])
def test_separated_points_take_at_most_2n_minus_r0_parameters(skip, count_bias):
    rng = np.random.default_rng(1)
    for X in inputs():
        y = rng.uniform(-1, 1, len(X))
        instance = Instance(X=X, y=y, skip=skip, count_bias=count_bias)
        limit = most(X, skip, count_bias, hinge=1 + count_bias)
        if count_bias and not skip:
            assert limit == 2 * len(X) - ranks(X)[1]
        network = _atoms_and_hinges(instance, distinct_points(instance))
        assert np.all(network.exact(instance.X_exact) == instance.y_exact)
        assert instance.value(network, PARAMETERS) <= limit
        if len(X) != 40:  # takes a second
            assert instance.value(best_construction(instance, PARAMETERS), PARAMETERS) <= limit


def test_points_that_no_coordinate_separates_have_atoms_too():
    X = np.array(list(itertools.product((-1, 0, 1), repeat=2)))
    instance = Instance(X=X, y=np.random.default_rng(0).uniform(size=9))
    network = _atoms_and_hinges(instance, distinct_points(instance))
    assert np.all(network.exact(instance.X_exact) == instance.y_exact)
    assert instance.value(network, PARAMETERS) <= most(X, False, True, hinge=3) == 5 + 3 * 4


def test_labels_of_few_atoms_take_these_alone():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (150, 4))
    instance = Instance(X=rationals(X), y=np.maximum(rationals(X)[:, 2], rationals(0)) * 3 + 1)
    assert instance.value(best_construction(instance, PARAMETERS), PARAMETERS) == 2
