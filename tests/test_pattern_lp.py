"""The piecewise-linear model of the lp norm: exact identities with vertices, l1, and theory."""

import numpy as np
import pytest
from brute_force import tiny
from test_models import method_of
from test_starts import FLAGS, planted, satisfied

import milpsparse as ms
from milpsparse import registry
from milpsparse.checker import check
from milpsparse.compiled import compile_model
from milpsparse.construct import best_construction
from milpsparse.execute import execute
from milpsparse.extreme.rivals import sizes_of
from milpsparse.extreme.vertices import vertices
from milpsparse.method import Limits
from milpsparse.models import _chords, _parts
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective

HALF, PARAMETERS = parse_objective("lp:0.5"), parse_objective("parameters")
MODEL = registry.load("models", "pattern_lp")
LINE, SKIPPED, PLANE = (3, 1, 0), (5, 1, 2, None, True), (5, 2, 4, None, True)
LIMIT_S = 120.0


def data(case):
    return tiny(*case[:3], *case[3:] or (None,))


def answer(name, instance, objective=HALF):
    """The answer of a method, which must hold."""
    found = execute(method_of(name), instance, objective, Limits(time_limit_s=LIMIT_S), "none")
    verdict = check(instance, found)
    assert not verdict.failed, verdict.fail_reason
    assert found.dual_bound_scope == "all"
    return found


def least(instance, objective):
    return min(instance.value(v, objective) for v in vertices(instance))


def optimum(instance, objective, **options):
    """The optimum of the program alone."""
    network = best_construction(instance, objective)
    h = compile_model(MODEL.build(instance, objective, network, **options).problem).highs()
    h.setOptionValue("mip_rel_gap", 0.0)
    h.setOptionValue("time_limit", LIMIT_S)
    h.run()
    return h.getInfo().objective_function_value


@pytest.mark.parametrize(("case", "p"), [(LINE, 0.5), (SKIPPED, 0.3), (PLANE, 0.7)], ids=str)
def test_bounds_are_below_the_least_vertex_and_networks_above(case, p):
    instance, objective = data(case), parse_objective(f"lp:{p}")
    best = least(instance, objective)
    found = answer("pattern_lp[pieces=3,start=multistart]", instance, objective)
    assert 0.7 * best <= found.claimed_dual_bound <= best * (1 + 1e-6)
    assert found.claimed_primal_bound == pytest.approx(best, rel=0.1)
    assert found.claimed_primal_bound >= best * (1 - 1e-9)


@pytest.mark.parametrize("placement", ["values", "geometric"])
@pytest.mark.parametrize("case", [SKIPPED, PLANE], ids=str)
def test_the_optimum_is_that_of_the_chords_over_all_vertices(case, placement):
    """Chords of one set of breakpoints are concave, so some vertex is least for them."""
    instance, pieces = data(case), 3
    value = instance.value(best_construction(instance, HALF), HALF)
    ends = _chords.breakpoints((value * (1 + _chords.ROOM)) ** 2, 0.5, pieces, placement)
    costs = [
        sum(np.interp(float(v), ends, np.sqrt(ends)) for v in sizes)
        for sizes in {sizes_of(instance, v, PARAMETERS) for v in vertices(instance)}
        if sizes[-1] <= ends[-1]
    ]
    options = {"pieces": pieces, "placement": placement, "tighten": False}
    assert optimum(instance, HALF, **options) == pytest.approx(min(costs), rel=1e-5)


@pytest.mark.parametrize("case", [LINE, PLANE, (4, 2, 1)], ids=str)
def test_one_piece_is_l1(case):
    instance = data(case)
    value = instance.value(best_construction(instance, HALF), HALF)
    l1 = ms.solve(instance, "l1").primal_bound
    slope = 1 / (value * (1 + _chords.ROOM))  # U^(p - 1) for U = F^2
    assert optimum(instance, HALF, pieces=1, tighten=False) == pytest.approx(slope * l1, rel=1e-5)


def test_more_pieces_and_smaller_sizes_are_tighter():
    instance = data(PLANE)
    best = least(instance, HALF)
    bounds = [optimum(instance, HALF, pieces=n) for n in (1, 2, 4)]
    assert bounds == sorted(bounds)
    assert 0 < bounds[0] < bounds[-1] <= best * (1 + 1e-6)
    assert optimum(instance, HALF, pieces=2, tighten=False) <= bounds[1] * (1 + 1e-6)


@pytest.mark.parametrize("representation", ["mc", "cc", "dcc", "log", "dlog"])
def test_all_representations_have_one_optimum(representation):
    instance = data(SKIPPED)
    options = {"pieces": 4, "placement": "geometric"}
    found = optimum(instance, HALF, **options, representation=representation)
    assert found == pytest.approx(optimum(instance, HALF, **options), rel=1e-5)


def test_theory_of_one_input_agrees():
    instance = tiny(6, 1, 0, None, True)
    theory = execute(parse_method("univariate"), instance, HALF, Limits()).claimed_primal_bound
    found = answer("pattern_lp[pieces=3,start=multistart]", instance)
    assert 0.7 * theory <= found.claimed_dual_bound <= theory * (1 + 1e-6)
    assert found.claimed_primal_bound >= theory * (1 - 1e-9)


@pytest.mark.parametrize("solver", ["highs", "scip", "cbc", "glpk"])
def test_solvers_agree(solver):
    instance = data(PLANE)
    found = answer(f"pattern_lp[pieces=2]@{solver}", instance)
    assert found.claimed_dual_bound == pytest.approx(optimum(instance, HALF, pieces=2), rel=1e-5)


@pytest.mark.parametrize("case", [LINE, SKIPPED, PLANE], ids=str)
def test_no_vertex_as_good_as_the_incumbent_has_larger_sizes(case):
    import pyomo.environ as pyo

    instance = data(case)
    ranked = sorted(vertices(instance), key=lambda v: instance.value(v, HALF))
    network = ranked[len(ranked) // 2]
    value = instance.value(network, HALF)
    program = MODEL.build(instance, HALF, network)
    top = {at: pyo.value(v.ub) for at, v in program.problem.size.items()}
    assert min(top.values()) < max(top.values()) <= value**2 * (1 + 1e-5)
    pattern = _parts.hidden_patterns(instance)
    for v in ranked[: len(ranked) // 2 + 1]:
        blocks, _, _ = _parts.in_blocks(instance, HALF, v, pattern)
        assert all(abs(blocks[at]) <= top[at] * (1 + 1e-9) for at in top)


@pytest.mark.parametrize(("skip", "count_bias"), FLAGS)
def test_a_network_is_a_feasible_start_and_its_outputs_come_back(skip, count_bias):
    for pieces in (1, 2, 5):
        instance, network = planted(pieces, skip, count_bias)
        program = MODEL.build(instance, HALF, network, pieces=pieces, tighten=pieces == 2)
        program.start(network)
        assert satisfied(compile_model(program.problem))
        back = program.decode()
        assert np.allclose(back(instance.X), instance.y, atol=1e-9)
        assert instance.value(back, HALF) <= instance.value(network, HALF) * (1 + 1e-9)


@pytest.mark.parametrize("placement", ["values", "geometric"])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_chords_are_below_the_power_and_end_at_the_top(p, placement):
    for pieces in (1, 2, 7):
        ends = _chords.breakpoints(3.0, p, pieces, placement)
        assert (len(ends), ends[0]) == (pieces + 1, 0)
        assert ends[-1] == pytest.approx(3.0)
        assert (np.diff(ends) > 0).all()
        t = np.linspace(0, ends[-1], 1001)
        assert (np.interp(t, ends, ends**p) <= t**p + 1e-12).all()


def test_zero_labels_are_worth_zero():
    found = answer("pattern_lp", ms.Instance(X=[[0.0], [1.0]], y=[0.0, 0.0]))
    assert (found.claimed_primal_bound, found.claimed_dual_bound) == (0, 0)


def test_what_it_does_not_take_is_refused_with_numbers():
    instance = data(LINE)
    said = method_of("pattern_lp[pieces=6,representation=log]").refusal(instance, HALF)
    assert "power of 2" in said
    large = ms.generate("uniform", 0, N=12, d=3)
    assert "pieces each" in method_of("pattern_lp[pieces=64]").refusal(large, HALF)
    assert "takes lp" in method_of("pattern_lp").refusal(instance, PARAMETERS)
    many = ms.generate("uniform", 0, N=60, d=4)
    assert "activation patterns" in method_of("pattern_lp").refusal(many, HALF)
