"""Reweighted l1 by column generation: equal to the program that is written down, and monotone."""

import numpy as np
import pytest
from brute_force import tiny

import milpsparse as ms
from milpsparse.method import Limits
from milpsparse.reweighting import pricing, starts
from milpsparse.reweighting.blocks import Blocks
from milpsparse.reweighting.columns import Columns
from milpsparse.reweighting.descent import Descent
from milpsparse.reweighting.points import point_of, space_of
from milpsparse.reweighting.rays import Table, all_rays, sampled_rays
from milpsparse.reweighting.schedules import SCHEDULES, after, epsilons
from milpsparse.reweighting.search import Search
from milpsparse.reweighting.weights import tangent, uniform

INSTANCES = {
    "two inputs": tiny(5, 2, 0),
    "three inputs": tiny(5, 3, 1),
    "one input": tiny(6, 1, 2),
    "more inputs than points": tiny(4, 6, 3),
    "a skip connection": tiny(6, 2, 4, skip=True),
    "free biases": tiny(5, 2, 5, count_bias=False),
    "counted biases and a skip connection": tiny(5, 2, 6, skip=True, count_bias=True),
    "collinear points": ms.Instance(
        X=[[0, 0], [1, 1], [2, 2], [3, 3], [1, 1]], y=[0, 1, 0, 1, 1], bound=8.0
    ),
    "a grid": ms.Instance(
        X=[[i, j] for i in range(3) for j in range(2)], y=[0, 1, 1, 0, 2, -1], bound=8.0
    ),
}
EACH = pytest.mark.parametrize("instance", INSTANCES.values(), ids=INSTANCES)


def weighted(weights, point):
    """The weighted l1 norm of a point, block by block."""
    own = {
        (int(s), bits.tobytes()): w
        for s, bits, w in zip(weights.signs, weights.patterns, weights.own, strict=True)
    }
    return sum(
        own.get((int(s), bits.tobytes()), weights.rest[0 if s > 0 else 1]) @ abs(u)
        for s, bits, u in zip(point.signs, point.patterns, point.u, strict=True)
    )


def fits(space, point):
    """Every block is in its cone, and together they fit the labels."""
    z = space.points @ point.u.T
    side = np.where(point.patterns.T, z, -z)
    assert side.min(initial=0.0) >= -1e-7 * abs(z).max(initial=1.0)
    outputs = (z * point.patterns.T) @ point.signs + space.free @ point.linear
    assert outputs == pytest.approx(space.labels, abs=1e-7)


@EACH
def test_the_l1_optimum_is_that_of_the_cvxpy_program(instance):
    space = space_of(instance)
    value = ms.solve(instance, "l1", "pattern_l1").answer.claimed_primal_bound
    for priced in (all_rays(space), Search(space)):
        columns = Columns(space, priced, Limits())
        point = columns.minimise(uniform(space))
        fits(space, point)
        assert columns.exact
        assert point.value(space, 1.0, "entries") == pytest.approx(value, rel=1e-6, abs=1e-9)


@EACH
@pytest.mark.parametrize("norm", ["entries", "neurons"])
def test_each_program_of_a_descent_has_the_optimum_of_all_patterns(instance, norm):
    space, blocks = space_of(instance), Blocks(space_of(instance), Limits())
    programs = [Columns(space, p, Limits()) for p in (all_rays(space), Search(space))]
    point = programs[0].minimise(uniform(space))
    for eps in (1.0, 0.1, 0.01, 1e-4):
        weights = tangent(space, point, 0.4, norm, eps)
        ends = [program.minimise(weights) for program in (blocks, *programs)]
        values = [weighted(weights, end) for end in ends]
        assert values == pytest.approx([values[0]] * 3, rel=1e-6, abs=1e-9)
        point = ends[1]
    assert all(program.exact for program in programs)


@pytest.mark.parametrize("norm", ["entries", "neurons"])
@pytest.mark.parametrize("origin", starts.ORIGINS)
def test_with_fixed_eps_the_smoothed_norm_never_rises(norm, origin):
    for instance in (tiny(6, 2, 7), tiny(6, 2, 8, skip=True)):
        space = space_of(instance)
        for program in (Columns(space, all_rays(space), Limits()), Blocks(space, Limits())):
            point = starts.start(origin, program, Limits(), seed=1)
            fits(space, point)
            last = np.inf
            for _ in range(6):
                value = point.value(space, 0.4, norm, eps=0.05)
                assert value <= last + 1e-7 * abs(value)
                point = program.minimise(tangent(space, point, 0.4, norm, 0.05))
                last = value


def test_a_point_of_a_network_has_its_outputs_and_norm():
    for seed in range(3):
        instance = tiny(6, 2, seed, skip=seed == 1, count_bias=seed != 2)
        network = ms.solve(instance, "parameters", "coordinate_start").network
        space = space_of(instance)
        point = point_of(space, network)
        fits(space, point)
        assert (
            point.value(space, 0.5, "entries") <= network.path_norm(0.5, instance.count_bias) + 1e-9
        )


def test_rays_left_out_are_found_by_the_search_and_never_claimed_optimal():
    instance = ms.generate("uniform", 3, N=7, d=3)
    space = space_of(instance)
    best = Columns(space, all_rays(space), Limits()).minimise(uniform(space))
    few = Table(space, sampled_rays(space, 10, 0).neurons.u, complete=False)
    columns = Columns(space, few, Limits())
    poor = columns.minimise(uniform(space)).value(space, 1.0, "entries")
    assert not columns.exact
    assert poor > best.value(space, 1.0, "entries") * 1.001
    settled, proved = columns.settle(uniform(space), Limits())
    assert proved
    assert settled.value(space, 1.0, "entries") == pytest.approx(best.value(space, 1.0, "entries"))


def test_a_search_that_is_cut_short_proves_nothing():
    space = space_of(ms.generate("uniform", 3, N=7, d=3))
    columns = Columns(space, Search(space, nodes=1), Limits())
    columns.minimise(uniform(space))
    assert not columns.exact


def test_the_row_says_what_was_proved_of_the_programs(monkeypatch):
    instance = ms.generate("uniform", 2, N=6, d=2)
    exact = ms.solve(instance, "lp:0.5", "reweighted_l1").answer
    assert exact.raw_status.endswith("; exact pricing")
    monkeypatch.setattr(pricing, "few_rays", lambda space: False)
    monkeypatch.setattr(pricing, "SEARCHED", 0)
    monkeypatch.setattr(pricing, "SAMPLE", 20)
    climbing = ms.solve(instance, "lp:0.5", "reweighted_l1").answer
    assert climbing.stats["pricing"] == "finally exact"
    assert climbing.claimed_primal_bound == pytest.approx(exact.claimed_primal_bound, rel=0.2)


def test_all_starts_are_told_and_the_best_one_is_answered_whatever_the_threads():
    instance = ms.generate("uniform", 0, N=5, d=2)
    answers = [
        ms.solve(instance, "parameters", "reweighted_l1[starts=20]", threads=threads).answer
        for threads in (1, 2)
    ]
    ends = answers[0].stats["starts"]
    assert [end["origin"] for end in ends] == list(starts.origins(20))
    assert answers[0].claimed_primal_bound == min(end["parameters"] for end in ends) == 5
    assert ends[0]["parameters"] == 6  # that of l1 is not the sparsest
    assert answers[0].stats == answers[1].stats
    assert answers[0].network.to_json() == answers[1].network.to_json()


def test_starts_that_no_time_is_left_for_are_skipped():
    peak, method = ms.load("peak_plateau"), "reweighted_l1[starts=3000]"
    found = ms.solve(peak, "parameters", method, time_limit_s=1.0)
    assert found.verdict.verified
    rounds = [start["rounds"] for start in found.answer.stats["starts"]]
    assert rounds[0] > 0
    assert rounds[-1] == 0


def test_several_starts_reach_the_three_neurons_of_the_peak():
    solution = ms.solve(ms.load("peak_plateau"), "neurons", "reweighted_l1[starts=5]")
    assert solution.primal_bound == 3
    assert solution.verdict.exact


def test_the_program_that_is_written_down_is_an_option_and_refuses_many_patterns():
    instance = ms.generate("uniform", 1, N=5, d=2)
    both = [
        ms.solve(instance, "lp:0.4", f"reweighted_l1[program={name}]").primal_bound
        for name in ("columns", "patterns")
    ]
    assert both == pytest.approx([both[0]] * 2, rel=0.3)  # ties may lead elsewhere
    many = ms.generate("uniform", 0, N=40, d=5)
    with pytest.raises(ms.MilpsparseError, match="patterns"):
        ms.solve(many, "lp:0.4", "reweighted_l1[program=patterns]")


def test_many_points_are_refused_with_their_number():
    many = ms.generate("uniform", 0, N=501, d=2)
    with pytest.raises(ms.MilpsparseError, match="501 points"):
        ms.solve(many, "lp:0.4", "reweighted_l1")


def test_the_norm_over_neurons_favours_few_neurons():
    found = {"entries": 0, "neurons": 0}
    for seed in range(4):
        instance = ms.generate("uniform", seed, N=8, d=2)
        space = space_of(instance)
        for norm in found:
            program = Columns(space, all_rays(space), Limits())
            point, _, _ = Descent(0.2, norm).run(program, program.minimise(uniform(space)))
            found[norm] += len(point.signs)
    assert found["neurons"] < found["entries"]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules_never_raise_eps_and_end(schedule):
    steps = epsilons(schedule, 6, 100, np.array([1.0, 0.5, 0.0]))
    found = [next(steps)]
    while (eps := after(steps, 0.0, np.array([1.0, 0.5, 0.0]))) is not None:
        found.append(eps)
    assert len(found) <= 50
    assert found == sorted(found, reverse=True)
    assert min(found) > 0
