"""The cones of the compiled search: what they imply, nonnegative least squares confirms."""

import numba
import numpy as np
import pytest
from scipy.optimize import nnls

from milpsparse import library
from milpsparse.search import kernels


@numba.njit
def sides_of(problem, states, work, rows, sides):
    """The side of the cone of rows on their sides, at every point."""
    kernels._begin_cone(problem, states, 0, 0)
    for at in range(len(rows)):
        kernels._cut(problem, states, work, 0, 0, rows[at], sides[at])
    found = np.zeros(len(problem.xb), dtype=np.int64)
    for i in range(len(found)):
        found[i] = kernels._side(problem, states, 0, 0, i)
    return found


def arrays(xb):
    """A problem of one neuron, all of whose entries are allowed, and memory for its cone."""
    D = xb.shape[1]
    fields = {"xb": xb, "first": np.array([0, D]), "entry": np.arange(D)}
    empty = np.zeros(0)
    problem = kernels.Problem(**{name: fields.get(name, empty) for name in kernels.Problem._fields})
    R, ints = kernels.RAYS, np.int64
    fields = {"lines": np.zeros((1, 1, D, D)), "rays": np.zeros((1, 1, R, D))}
    fields |= {"facets": np.zeros((1, 1, R), dtype=ints), "size": np.zeros((1, 1, 3), dtype=ints)}
    states = kernels.States(**{name: fields.get(name, empty) for name in kernels.States._fields})
    fields = {"value": np.zeros(R), "fresh_rays": np.zeros((R, D))}
    fields |= {"fresh_facets": np.zeros(R, dtype=ints)}
    work = kernels.Work(**{name: fields.get(name, empty) for name in kernels.Work._fields})
    return problem, states, work


def some_points(name, rng):
    """Points with 1: small integers with many zeros, or some inputs of a library instance."""
    if name == "integers":
        D = int(rng.integers(2, 6))
        return rng.integers(-2, 3, (12, D)) * (rng.random((12, D)) < 0.6) * 1.0
    X = library.load(name).X[:20]
    xb = np.column_stack([X, np.ones(len(X))])
    chosen = np.sort(rng.permutation(xb.shape[1])[: int(rng.integers(2, 6))])
    return np.ascontiguousarray(xb[:, chosen])


@pytest.mark.parametrize(
    "name", ["integers", "sparse_inputs_n20_d10_k2_i2_p0p3_s0", "planted_n50_d3_k2_skip_s0"]
)
def test_what_a_cone_implies_is_so_and_little_is_missed(name):
    rng, implied, missed = np.random.default_rng(1), 0, 0
    for _ in range(400):
        xb = some_points(name, rng)
        rows = rng.permutation(len(xb))[: int(rng.integers(1, 9))]
        sides = rng.choice([-1, 1], len(rows))
        cone = (xb[rows] * sides[:, None]).T
        for x, side in zip(xb, sides_of(*arrays(xb), rows, sides), strict=True):
            positive, negative = (nnls(cone, s * x)[1] < 1e-9 for s in (1, -1))
            right = {0: True, 1: positive, -1: negative}[int(side)]
            assert right
            implied += side != 0
            missed += side == 0 and (positive or negative)
    assert implied > 1000
    assert missed < implied / 1000  # by rounding
