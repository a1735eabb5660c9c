"""Every model found in the folder: against brute force, other models, bounds, and changed data."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from brute_force import fewest_neurons, fewest_parameters, tiny

from milpsparse import registry
from milpsparse.answer import Termination
from milpsparse.checker import check
from milpsparse.compiled import compile_model
from milpsparse.construct import best_construction
from milpsparse.errors import BadInput, NotAvailable, Unsupported
from milpsparse.execute import execute, solve_model
from milpsparse.instance import Instance
from milpsparse.method import Limits, options_of
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective
from milpsparse.solvers import scip

NEURONS, PARAMETERS = parse_objective("neurons"), parse_objective("parameters")
WORDS = ("neurons", "parameters", "l1", "lp:0.5", "group_l2")
LIMIT_S = 60.0
MODELS = registry.names("models")
PROGRAMS = [name for name in MODELS if registry.load("models", name).framework == "pyomo"]
UNBOUNDED = ["neuron_indicator", "neuron_sos1"]
SKIPPED = {"generic", "start", "sample", "slots", "plus", "minus", "rounds"}  # tested by name


def variants(names):
    """Every model, and every model with one of its options at each of its other values."""
    for name in names:
        yield name
        for key, option in options_of(registry.load("models", name)).items():
            values = option.choices or ((True, False) if isinstance(option.default, bool) else ())
            for value in values if key not in SKIPPED else ():
                if value != option.default:
                    yield f"{name}[{key}={str(value).lower()}]"


def method_of(name):
    """The method; the test is skipped where its solver is not installed."""
    try:
        method = parse_method(name)
    except NotAvailable as reason:
        pytest.skip(str(reason))
    if reason := method.missing():
        pytest.skip(reason)
    return method


def solved(instance, objective, name):
    """The checked answer of a method, which must hold and be exact."""
    method = name if not isinstance(name, str) else method_of(name)
    answer = execute(method, instance, objective, Limits(time_limit_s=LIMIT_S), "none")
    verdict = check(instance, answer)
    assert not verdict.failed, (name, verdict.fail_reason)
    assert verdict.exact
    return verdict


@cache
def least(case, objective):
    """The case's instance and its optimum by brute force."""
    instance = tiny(*case)
    oracle = fewest_neurons if objective == NEURONS else fewest_parameters
    return instance, oracle(instance)


NEURON_CASES = [  # points, inputs, seed, bound (active in half of them), skip
    (3, 1, 0, 2.0, False),
    (3, 1, 0, 2.0, True),
    (4, 1, 0, 1.0, False),
    (3, 2, 0, 1.0, False),
    (4, 2, 1, 1.0, False),
    (4, 2, 2, 2.0, True),
    (5, 2, 0, 2.0, False),
]
PARAMETER_CASES = [  # and whether biases count
    (3, 1, 0, 8.0, False, None),
    (3, 1, 2, 2.0, False, None),
    (4, 1, 0, 2.0, True, None),
    (4, 1, 1, 8.0, True, True),
    (3, 2, 1, 2.0, False, None),
    (3, 2, 0, 1.0, True, None),
]
OPTION_CASES = {
    NEURONS: [(3, 2, 0, 1.0, False), (4, 2, 2, 2.0, True)],
    PARAMETERS: [(3, 2, 1, 2.0, False, None), (3, 2, 0, 1.0, True, None)],
}
WEAK = {"neuron_mccormick", "neuron_sos1"}  # they take minutes for four points


def must_agree(case, objective, name):
    """The optimum lies between the model's bounds, and between nothing but it if it is exact."""
    instance, best = least(case, objective)
    verdict = solved(instance, objective, name)
    assert verdict.dual_bound <= best + 1e-6
    assert verdict.primal_bound >= best
    rule = method_of(name).rule
    relaxed = name.startswith("pattern_l0") and objective == PARAMETERS
    published = name.startswith("neuron_mccormick")  # within as many neurons as points
    if rule.framework == "pyomo" and not relaxed and not published:
        assert verdict.gap_int == 0


@pytest.mark.parametrize("case", NEURON_CASES, ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_fewest_neurons_are_those_of_brute_force(name, case):
    if method_of(name).takes(NEURONS) and not (name in WEAK and case[0] > 3):
        must_agree(case, NEURONS, name)


@pytest.mark.parametrize("case", PARAMETER_CASES, ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_fewest_parameters_are_those_of_brute_force(name, case):
    if method_of(name).takes(PARAMETERS) and not (name in WEAK and case[0] > 3):
        must_agree(case, PARAMETERS, name)


@pytest.mark.parametrize("objective", [NEURONS, PARAMETERS], ids=str)
@pytest.mark.parametrize("name", [v for v in variants(PROGRAMS) if "[" in v])
def test_options_change_no_optimum(name, objective):
    for case in OPTION_CASES[objective]:
        weak = name.partition("[")[0] in WEAK and case[0] > 3
        if method_of(name).takes(objective) and not weak:
            must_agree(case, objective, name)


@pytest.mark.parametrize("rule", ["neuron_mccormick[symmetry=first_weight]", "neuron_big_m"])
@pytest.mark.parametrize("case", NEURON_CASES, ids=str)
def test_one_slot_less_than_needed_is_infeasible(case, rule):
    instance, best = least(case, NEURONS)
    method = method_of(rule)
    if best > 1:
        method = replace(method, options={**method.options, "slots": best - 1})
        answer = execute(method, instance, NEURONS, Limits(time_limit_s=LIMIT_S))
        assert answer.network is None
        assert answer.claimed_dual_bound == best  # within K slots none: more neurons than K
        assert not check(instance, answer).failed


def test_a_split_is_feasible_or_not_and_says_nothing_about_others():
    instance, best = least((4, 1, 0, 1.0, False), NEURONS)
    found = {}
    for plus in range(best + 1):
        method = method_of(f"neuron_fixed_width[plus={plus},minus={best - plus}]")
        answer = execute(method, instance, NEURONS, Limits(time_limit_s=LIMIT_S))
        assert not check(instance, answer).failed
        assert (answer.claimed_dual_bound or 0) == 0
        assert f"{plus} positive" in answer.stats["note"]
        found[plus] = answer.network is not None
        if answer.network is not None:
            assert np.sum(answer.network.signs > 0) <= plus
    assert any(found.values())
    assert not all(found.values())  # labels of both signs: no network of one sign
    assert "plus" in method_of("neuron_fixed_width[plus=1]").refusal(instance, NEURONS)


def test_levels_are_asked_until_one_has_a_network_or_the_incumbent_is_best():
    instance, best = least((4, 2, 1, 1.0, False), NEURONS)
    optimum = solved(instance, NEURONS, "pattern_l0")
    assert optimum.primal_bound == best
    network = execute(method_of("pattern_l0"), instance, NEURONS, Limits()).network
    for start in (best_construction(instance, NEURONS), network):
        answer = solve_model(
            method_of("neuron_fixed_width"), instance, NEURONS, Limits(time_limit_s=LIMIT_S), start
        )
        assert (answer.claimed_primal_bound, answer.claimed_dual_bound) == (best, best)
        assert answer.termination == Termination.OPTIMAL
        assert answer.stats["programs"] >= 1
    out_of_time = execute(
        method_of("neuron_fixed_width"), instance, NEURONS, Limits(time_limit_s=1e-9)
    )
    assert out_of_time.termination == Termination.TIME_LIMIT
    assert out_of_time.claimed_dual_bound <= best


def root(program):
    """The optimum of a program without its integrality."""
    compiled = compile_model(program.problem)
    h = replace(compiled, integer=np.zeros(len(compiled.c), bool), when={}, sos1=()).highs()
    h.run()
    return h.getInfo().objective_function_value


def built(name, instance, objective, incumbent=None):
    """The program of a model, around a construction if no network is given."""
    method = parse_method(name) if "@" in name else parse_method(f"{name}@{able(name)}")
    options = {key: value for key, value in method.options.items() if key != "start"}
    if "plus" in options:
        options |= {"plus": 3, "minus": 3}
    return method.rule.build(
        instance, objective, incumbent or best_construction(instance, objective), **options
    )


def able(name):
    """A solver that takes the model, installed or not."""
    return "scip" if name.partition("[")[0] in UNBOUNDED else "highs"


@pytest.mark.parametrize("objective", [NEURONS, PARAMETERS], ids=str)
def test_relaxations_are_below_the_optimum_and_ordered(objective):
    case = (5, 2, 0, 2.0, False) if objective == NEURONS else (3, 1, 2, 2.0, False, None)
    instance, best = least(case, objective)
    roots = {}
    for name in (*PROGRAMS, "neuron_gdp[transformation=hull]", "neuron_perspective[big_m=obbt]"):
        if objective.kind in parse_method(f"{name}@{able(name)}").rule.objectives:
            roots[name] = root(built(name, instance, objective))
            assert roots[name] <= best + 1e-6, name
    loose = roots["neuron_big_m"] - 1e-6
    for tighter in ("neuron_perspective", "neuron_hull_cuts", "neuron_gdp[transformation=hull]"):
        assert roots[tighter] >= loose
    assert roots["neuron_perspective[big_m=obbt]"] >= roots["neuron_perspective"] - 1e-6


def test_hull_cuts_lift_the_root():
    instance = tiny(5, 2, 11, 1.0)
    values = [root(built(f"neuron_hull_cuts[rounds={n}]", instance, NEURONS)) for n in (0, 1, 10)]
    assert values[0] < values[1] <= values[2]
    assert values[2] > root(built("neuron_perspective", instance, NEURONS)) + 0.01


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_heuristics_are_above_the_optimum_and_their_bounds_below(seed, skip):
    instance = tiny(5, 2, 20 + seed, 2.0, skip)
    best = solved(instance, NEURONS, "pattern_l0").primal_bound
    for heuristic in ("pattern_l1", "pattern_group_l2", "reweighted_l1", "coordinate_start"):
        verdict = solved(instance, NEURONS, heuristic)
        assert verdict.dual_bound <= best <= verdict.primal_bound


SMALL = {NEURONS: (4, 2, 31, 4.0, False), PARAMETERS: (3, 2, 1, 2.0, False, None)}


def optimum(instance, objective, name):
    """The model's optimum, or for the other objectives its program's."""
    verdict = solved(instance, objective, name)
    return verdict.dual_bound if name == "pattern_gated" else verdict.primal_bound


def exact_models():
    """Each model with an objective that it solves on a few points in less than a second."""
    for name in MODELS:
        rule = registry.load("models", name)
        for objective in map(parse_objective, ("neurons", "parameters", "l1", "group_l2")):
            heuristic = objective.counts and rule.framework == "cvxpy"
            weak = name in WEAK or (name == "pattern_l0" and objective == PARAMETERS)
            if objective.kind in rule.objectives and not heuristic and not weak:
                yield name, objective


@pytest.mark.parametrize(("name", "objective"), list(exact_models()), ids=str)
def test_data_that_change_nothing_change_no_optimum(name, objective):
    instance = tiny(*SMALL.get(objective, SMALL[NEURONS]))
    bound, N = instance.bound, instance.n_samples
    best = optimum(instance, objective, name)
    order = np.random.default_rng(0).permutation(N)
    turned = Instance(X=instance.X[order][:, ::-1], y=instance.y[order], bound=bound)
    assert optimum(turned, objective, name) == pytest.approx(best, rel=1e-6)
    larger = Instance(X=instance.X, y=-4 * instance.y, bound=4 * bound)
    scale = 1 if objective.counts else 4
    assert optimum(larger, objective, name) == pytest.approx(scale * best, rel=1e-6)
    fewer = Instance(X=instance.X[:-1], y=instance.y[:-1], bound=bound)
    assert optimum(fewer, objective, name) <= best * (1 + 1e-6)
    twice = Instance(
        X=np.vstack([instance.X, instance.X[:1]]), y=[*instance.y, instance.y[0]], bound=bound
    )
    assert optimum(twice, objective, name) == pytest.approx(best, rel=1e-6)


def test_norms_are_ordered_and_agree_with_the_theory_of_one_input():
    instance = tiny(6, 2, 3, 8.0)
    values = {
        name: optimum(instance, parse_objective(objective), name)
        for name, objective in (
            ("pattern_gated", "l1"),
            ("pattern_l1", "l1"),
            ("pattern_group_l2", "group_l2"),
        )
    }
    assert 0 < values["pattern_gated"] <= values["pattern_l1"] + 1e-6
    ratio = values["pattern_l1"] / values["pattern_group_l2"]
    assert 1 <= ratio <= np.sqrt(3) + 1e-6
    line = tiny(6, 1, 5, None, skip=True)
    for objective, name in (("l1", "pattern_l1"), ("group_l2", "pattern_group_l2")):
        verdict = solved(line, parse_objective(objective), name)
        theory = solved(line, parse_objective(objective), "univariate")
        assert verdict.primal_bound == pytest.approx(theory.primal_bound, rel=1e-6)
    sampled = solved(instance, parse_objective("l1"), "pattern_l1[sample=30]")
    assert sampled.primal_bound >= values["pattern_l1"] - 1e-6


def test_the_bound_is_active_in_some_case():
    loose, tight = (solved(tiny(5, 2, 9, B), NEURONS, "pattern_l0") for B in (8.0, 0.5))
    assert loose.primal_bound < tight.primal_bound


@pytest.mark.parametrize("name", UNBOUNDED)
@pytest.mark.parametrize("skip", [False, True])
def test_without_a_bound_models_without_big_m_bound_all_networks(name, skip):
    instance = tiny(4, 2, 2, 2.0, skip)
    bounded, _ = solved(instance, NEURONS, "pattern_l0"), method_of(name)
    free = instance.replace(bound=None, count_bias=instance.count_bias)
    verdict = solved(free, NEURONS, name)
    assert verdict.termination == Termination.OPTIMAL
    assert verdict.dual_bound_scope == "all"
    assert verdict.primal_bound <= bounded.primal_bound
    large = solved(
        instance.replace(bound=1e3, count_bias=instance.count_bias), NEURONS, "pattern_l0"
    )
    assert verdict.primal_bound <= large.primal_bound


def test_models_that_need_a_bound_refuse_without_one():
    instance = Instance(X=[[0.0], [1.0]], y=[0.0, 1.0])
    for name in MODELS:
        method = parse_method(f"{name}@{able(name)}") if name in PROGRAMS else parse_method(name)
        objective = next(o for o in map(parse_objective, WORDS) if method.takes(o))
        reason = method.refusal(instance, objective, bound="none") or ""
        free = name in (*UNBOUNDED, "pattern_lp") or method.rule.framework == "cvxpy"
        assert ("finite bound" in reason) != free, name


@pytest.mark.parametrize("name", UNBOUNDED)
def test_highs_refuses_what_it_does_not_take_by_name(name):
    what = {"neuron_indicator": "indicator constraints", "neuron_sos1": "SOS1 constraints"}[name]
    with pytest.raises(BadInput, match=f"highs takes no models with {what} such as {name}.*scip"):
        parse_method(f"{name}@highs")
    with pytest.raises(ValueError, match="HiGHS takes no"):
        compile_model(built(name, tiny(3, 1, 0), NEURONS).problem).highs()


def test_the_generic_cut_proves_nothing():
    planted = Instance(X=[[-1.0], [0.0], [1.0], [2.0]], y=[0.0, 0.0, 1.0, 2.0], bound=4.0)
    random = tiny(4, 2, 5, 8.0)
    for instance in (planted, random):
        method = method_of("neuron_big_m[generic=true]")
        answer = execute(method, instance, PARAMETERS, Limits(time_limit_s=LIMIT_S))
        verdict = check(instance, answer)
        assert not verdict.failed
        assert not answer.claimed_dual_bound
        assert answer.claimed_generic_bound > verdict.dual_bound
        assert answer.termination != Termination.OPTIMAL
        assert verdict.generic_bound == 4
        assert verdict.evidence == "theorem"
        assert verdict.dual_bound < 4
    assert verdict.termination != Termination.OPTIMAL
    assert solved(planted, PARAMETERS, "neuron_big_m").primal_bound == 1


def test_free_constants_cost_nothing_where_biases_are_uncounted():
    instance = Instance(
        X=[[0.0], [1.0], [2.0]], y=[5.0, 5.0, 6.0], bound=2.0, skip=False, count_bias=False
    )
    for name in set(PROGRAMS) - (set() if scip.SOLVER.missing() is None else set(UNBOUNDED)):
        if "parameters" in registry.load("models", name).objectives:
            verdict = solved(instance, PARAMETERS, name)
            assert verdict.primal_bound == 1  # relu(x - 1), and constant neurons that add up to 5
            assert verdict.n_neurons == 4


def test_zero_labels_need_nothing():
    instance = Instance(X=[[0.0], [1.0]], y=[0.0, 0.0], bound=1.0)
    for name in {*MODELS, "auto"} - (set() if scip.SOLVER.missing() is None else set(UNBOUNDED)):
        if name == "auto" or "neurons" in registry.load("models", name).objectives:
            assert solved(instance, NEURONS, name).primal_bound == 0


def test_models_over_patterns_refuse_too_many_with_the_number():
    X = np.random.default_rng(0).uniform(-1, 1, (60, 4))
    instance = Instance(X=X, y=np.ones(60), bound=1.0)
    for name in (
        "pattern_l0",
        "pattern_l1",
        "pattern_group_l2",
        "pattern_gated",
        "reweighted_l1[program=patterns]",
    ):
        method = parse_method(name)
        objective = NEURONS if method.takes(NEURONS) else parse_objective("l1")
        reason = method.refusal(instance, objective)
        assert reason is not None
        assert "activation patterns" in reason
        assert any(ch.isdigit() for ch in reason)
    assert parse_method("pattern_l0[sample=50]").refusal(instance, NEURONS) is None


def test_a_sample_of_patterns_claims_no_lower_bound_and_says_so():
    instance = tiny(5, 2, 50, 4.0)
    for name in (
        "pattern_l0[sample=200]",
        "pattern_l1[sample=200]",
        "pattern_group_l2[sample=200]",
    ):
        answer = execute(parse_method(name), instance, NEURONS, Limits(time_limit_s=LIMIT_S))
        assert answer.claimed_dual_bound is None
        assert "upper bound only" in answer.stats["note"]


def test_too_many_slots_are_refused_with_their_number():
    instance = Instance(X=np.arange(300.0)[:, None], y=np.ones(300), bound=1.0)
    with pytest.raises(Unsupported, match=r"400 slots.*120,000.*slots=K"):
        built("neuron_big_m[slots=200]", instance, NEURONS)
