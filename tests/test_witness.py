"""Samples that grow, multistart, and models on witness points."""

from fractions import Fraction

import numpy as np
import pytest

import milpsparse as ms
from milpsparse.affine import affine_rank, is_affine
from milpsparse.algorithms import multistart
from milpsparse.errors import UnknownName
from milpsparse.family import generate
from milpsparse.method import Limits
from milpsparse.network import from_exact, from_layers
from milpsparse.objective import parse_objective
from milpsparse.sample import Sample, misses, subset


def planted(N, d, K, seed=0, **more):
    return generate("planted", seed, N=N, d=d, K=K, **more)


# --- samples ----------------------------------------------------------------------------------


def test_a_sample_grows_by_the_worst_missed_points_until_none_is_missed():
    instance = planted(2000, 2, 2)
    zero = from_layers([], np.zeros((0, 2)), [])
    sample = Sample(instance, seed=1, first=5)
    before = set(sample.rows.tolist())
    assert len(before) == 5
    assert sample.add_missed(zero, 1e-9, most=4) == 4
    worst = set(np.argsort(-abs(instance.y))[:4].tolist())
    assert set(sample.rows.tolist()) == before | worst
    assert sample.instance().y.tolist() == instance.y[sample.rows].tolist()
    assert (sample.points[:, :-1] == instance.X[sample.rows]).all()


def test_all_points_are_the_sample_where_there_are_few():
    sample = Sample(planted(20, 2, 2), first=300)
    assert sample.rows.tolist() == list(range(20))


def test_a_subset_keeps_exact_cells_bound_and_flags():
    whole = ms.Instance(
        X=[["0.1"], ["0.2"], ["1/3"]], y=["0.7", 1, "2/3"], bound=3, skip=True, count_bias=True
    )
    part = subset(whole, np.array([0, 2]))
    assert part.X_exact[:, 0].tolist() == [Fraction(1, 10), Fraction(1, 3)]
    assert part.y_exact.tolist() == [Fraction(7, 10), Fraction(2, 3)]
    assert (part.bound, part.skip, part.count_bias) == (3, True, True)


def test_misses_are_those_of_a_whole_evaluation():
    instance = planted(5000, 3, 2)
    rng = np.random.default_rng(0)
    net = from_layers(rng.normal(size=40), rng.normal(size=(40, 3)), rng.normal(size=40))
    assert misses(instance, net) == pytest.approx(abs(net(instance.X) - instance.y), abs=1e-12)


# --- affine data ------------------------------------------------------------------------------


def test_affine_labels_are_told_exactly_whether_few_or_many():
    rng = np.random.default_rng(5)
    for N in (3, 50, 700):
        X = rng.integers(-50, 50, (N, 3))
        X = np.unique(X, axis=0)
        assert is_affine(ms.Instance(X=X, y=X @ [2, -1, 3] + 7))
        bent = (X @ [2, -1, 3]).astype(float)
        bent[-1] += 2.0**-40
        assert is_affine(ms.Instance(X=X, y=bent)) == (N == 3)


def test_the_affine_rank_sees_points_on_a_plane():
    rng = np.random.default_rng(6)
    flat = rng.integers(-9, 9, (400, 2)) @ np.array([[1, 2, 3], [0, 1, 1]])
    assert affine_rank(ms.Instance(X=flat, y=np.zeros(400))) == 3
    full = rng.integers(-9, 9, (400, 3))
    full = np.unique(full, axis=0)
    assert affine_rank(ms.Instance(X=full, y=np.zeros(len(full)))) == 4
    assert affine_rank(ms.Instance(X=[[1.0]], y=[2.0])) == 1
    assert affine_rank(ms.Instance(X=[[1.0], [2.0], [2.0]], y=[2.0, 0.0, 0.0])) == 2


# --- multistart -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("N", "d", "K", "skip"),
    [(50, 2, 2, False), (200, 2, 3, False), (60, 3, 2, True), (20_000, 2, 2, False)],
)
def test_planted_networks_are_found_exactly(N, d, K, skip):
    instance = planted(N, d, K, skip=skip)
    found = ms.solve(instance, "neurons", "multistart[starts=500]", time_limit_s=20)
    assert found.primal_bound <= K
    assert found.verdict.exact
    assert found.network.best.largest <= instance.bound_exact


def test_multistart_is_the_same_for_the_same_seed():
    instance = planted(30, 2, 2)
    first, second = (
        ms.solve(instance, "neurons", "multistart[starts=300]", seed=7).network for _ in range(2)
    )
    assert (first.path == second.path).all()
    assert first.signs.tolist() == second.signs.tolist()


def test_multistart_keeps_the_construction_where_it_finds_nothing_smaller():
    instance = generate("uniform", 3, N=4, d=1)
    found = ms.solve(instance, "neurons", "multistart[starts=5]")
    construction = ms.solve(instance, "neurons", "coordinate_start")
    assert found.primal_bound <= construction.primal_bound
    assert found.verdict.verdict == "ok"


def test_of_parameters_multistart_takes_the_sparsest_of_several_networks(monkeypatch):
    instance = generate("uniform", 0, N=11, d=5, bound=64.0)
    objective, found = parse_objective("parameters"), []
    for patience in (0, multistart.PATIENCE):
        monkeypatch.setattr(multistart, "PATIENCE", patience)
        search = multistart._Search(instance, objective, Limits(time_limit_s=60))
        found.append(search.network(3, 1000))
    first, best = map(search.value, found)
    assert best == search.enough == 11 < first  # as many as points: no fewer for almost all labels
    assert all(network.exact for network in found)


def test_multistart_stops_at_its_limit():
    instance = generate("uniform", 0, N=60, d=2)
    found = ms.solve(instance, "neurons", "multistart[starts=1000000]", time_limit_s=1.5)
    assert found.wall_time_s < 8
    assert found.verdict.verified


# --- witness points ---------------------------------------------------------------------------


def test_a_level_is_proved_on_few_of_many_points():
    instance = planted(3000, 2, 2, seed=1)
    found = ms.solve(instance, "neurons", "witness_points", time_limit_s=30)
    assert (found.primal_bound, found.dual_bound) == (2, 2)
    assert found.termination == "optimal"
    witnesses = found.answer.stats["witnesses"]
    assert 0 < len(witnesses) < 60
    assert all(0 <= row < 3000 for row in witnesses)


@pytest.mark.parametrize(("objective", "N"), [("neurons", 5), ("parameters", 3)])
def test_witness_points_agree_with_the_model_on_all_points(objective, N):
    for seed in range(4):
        instance = generate("uniform", seed, N=N, d=2)
        direct = ms.solve(instance, objective, "neuron_big_m@highs", time_limit_s=5)
        few = ms.solve(instance, objective, "witness_points", time_limit_s=5)
        assert few.verdict.verdict in ("ok", "solved_not_verified", "better")
        assert few.dual_bound <= direct.primal_bound
        assert direct.dual_bound <= few.primal_bound
        if {direct.termination, few.termination} == {"optimal"}:
            assert direct.primal_bound == few.primal_bound


def test_witness_points_work_around_other_models_and_without_multistart():
    instance = generate("uniform", 0, N=5, d=2)
    for method in (
        "witness_points[model=pattern_l0]",
        "witness_points[multistart=false,add=2]",
    ):
        found = ms.solve(instance, "neurons", method, time_limit_s=20)
        assert (found.primal_bound, found.termination) == (3, "optimal")


def test_wrong_names_inside_witness_points_are_told():
    instance = planted(20, 2, 2)
    with pytest.raises(UnknownName, match="modle"):
        ms.solve(instance, "neurons", "witness_points[model=modle]")
    with pytest.raises(UnknownName, match="multistart"):
        ms.solve(instance, "neurons", "witness_points[model=multistart]")


def test_exact_networks_through_a_subset_bound_that_subset_only():
    X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0.0, 1.0, 0.0, 1.0])
    instance = ms.Instance(X=X, y=y, bound=16.0)
    line = from_exact([1], [[1, 0]], 1)
    off = misses(instance, line)
    assert off.tolist() == [0, 0, 2, 2]
