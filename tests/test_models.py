"""Models against brute force over pattern blocks, against each other, and against heuristics."""

import itertools
from dataclasses import replace

import highspy
import numpy as np
import pytest
from scipy.optimize import linprog

from milpsparse import registry
from milpsparse.checker import check
from milpsparse.construct import best_construction
from milpsparse.execute import execute, solve_model
from milpsparse.instance import Instance
from milpsparse.method import Limits
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective

NEURONS, PARAMETERS = parse_objective("neurons"), parse_objective("parameters")
LIMIT_S = 60.0


def tiny(N, d, seed, bound=8.0, skip=False, count_bias=None):
    """Small data on a coarse grid, so that signs, ties and collinear points occur."""
    rng = np.random.default_rng(seed)
    while True:
        X = rng.integers(-4, 5, (N, d)) / 4
        if len(np.unique(X, axis=0)) == N:
            y = rng.integers(-6, 7, N) / 4
            return Instance(X=X, y=y, bound=bound, skip=skip, count_bias=count_bias)


class BruteForce:
    """Feasibility of multisets of neuron types (sign, pattern, support), one warm LP each.

    Patterns come from a linear program per sign vector, so nothing is shared with the package.
    """

    def __init__(self, instance, counted):
        self.instance, N = instance, instance.n_samples
        xb = np.column_stack([instance.X, np.ones(N)])
        D = xb.shape[1]
        self.types, columns, cones = [], [], []
        for bits in self._patterns(xb):
            for sign in (1, -1):
                for support in counted(D):
                    self.types.append((len(columns), len(support)))
                    for j in support:
                        columns.append(sign * bits * xb[:, j])
                    cones.append((bits, support))
        free = xb if instance.skip else xb[:, :0]
        self.n = len(columns)
        A = np.column_stack([*columns, free])
        rows, at = [], 0
        for bits, support in cones:
            block = np.zeros((N, A.shape[1]))
            block[:, at : at + len(support)] = np.where(bits, 1, -1)[:, None] * xb[:, support]
            rows.append(block)
            at += len(support)
        self.h = h = highspy.Highs()
        h.setOptionValue("output_flag", False)
        h.setOptionValue("presolve", "off")
        inf = highspy.kHighsInf
        lower = np.concatenate([np.zeros(self.n), np.full(free.shape[1], -inf)])
        h.addVars(A.shape[1], lower, np.where(lower < 0, inf, 0.0))
        A = np.vstack([A, *rows])
        y = np.concatenate([instance.y, np.zeros(len(A) - N)])
        top = np.concatenate([instance.y, np.full(len(A) - N, inf)])
        i, j = np.nonzero(A)
        starts = np.searchsorted(i, np.arange(len(A))).astype(np.int32)
        h.addRows(len(A), y, top, len(j), starts, j.astype(np.int32), A[i, j])

    @staticmethod
    def _patterns(xb):
        for bits in itertools.product([0, 1], repeat=len(xb)):
            side = np.where(bits, 1.0, -1.0)[:, None] * xb
            if (
                any(bits)
                and linprog(
                    np.zeros(xb.shape[1]), A_ub=-side, b_ub=-np.ones(len(xb)), bounds=(None, None)
                ).success
            ):
                yield np.array(bits)

    def fits(self, chosen):
        """Whether this multiset of types interpolates the data within the bound."""
        for t in set(chosen):
            self._allow(t, chosen.count(t) * self.instance.bound)
        self.h.run()
        status = self.h.getModelStatus()
        for t in set(chosen):
            self._allow(t, 0.0)
        return status == highspy.HighsModelStatus.kOptimal

    def _allow(self, t, bound):
        start, width = self.types[t]
        index = np.arange(start, start + width, dtype=np.int32)
        self.h.changeColsBounds(width, index, np.full(width, -bound), np.full(width, bound))


def fewest_neurons(instance):
    brute = BruteForce(instance, lambda D: [list(range(D))])
    for K in itertools.count():
        if any(
            brute.fits(c)
            for c in itertools.combinations_with_replacement(range(len(brute.types)), K)
        ):
            return K
    return None


def fewest_parameters(instance):
    """Biases counted, or uncounted with a skip connection (no free constants)."""
    d = instance.n_features

    def supports(D):
        entries = range(D) if instance.count_bias else range(d)
        always = [] if instance.count_bias else [d]
        return [[*s, *always] for r in range(1, D + 1) for s in itertools.combinations(entries, r)]

    brute = BruteForce(instance, supports)
    price = [w - (not instance.count_bias) for _, w in brute.types]
    by_price = {p: [t for t, q in enumerate(price) if q == p] for p in set(price)}
    for S in itertools.count():
        for parts in partitions(S, max(by_price)):
            pools = [
                itertools.combinations_with_replacement(by_price.get(p, []), parts.count(p))
                for p in sorted(set(parts))
            ]
            if any(brute.fits(sum(c, ())) for c in itertools.product(*pools)):
                return S
    return None


def partitions(n, largest):
    if n == 0:
        yield []
    for first in range(min(n, largest), 0, -1):
        for rest in partitions(n - first, first):
            yield [first, *rest]


def solved(instance, objective, name):
    """The checked answer of a method that must prove its optimum."""
    answer = execute(parse_method(name), instance, objective, Limits(time_limit_s=LIMIT_S))
    verdict = check(instance, answer)
    assert not verdict.failed, (name, verdict.fail_reason)
    assert verdict.exact
    return verdict


CASES = [  # points, inputs, seed, bound (active in about half of them), skip
    (3, 1, 0, 2.0, False),
    (3, 1, 2, 8.0, False),
    (3, 1, 0, 2.0, True),
    (4, 1, 0, 1.0, False),
    (4, 1, 1, 8.0, True),
    (5, 1, 0, 8.0, False),
    (5, 1, 2, 8.0, True),
    (3, 2, 0, 1.0, False),
    (4, 2, 1, 1.0, False),
    (4, 2, 2, 2.0, True),
    (5, 2, 0, 2.0, False),
    (5, 2, 2, 8.0, False),
    (5, 2, 1, 2.0, True),
]


@pytest.mark.parametrize("case", CASES)
def test_neuron_models_agree_with_brute_force(case):
    N, d, seed, bound, skip = case
    instance = tiny(N, d, seed, bound, skip)
    best = fewest_neurons(instance)
    for name in ("pattern_l0", "neuron_big_m"):
        verdict = solved(instance, NEURONS, name)
        assert verdict.primal_bound == best, name
        assert verdict.gap_int == 0, name
    if best:
        verdict = solved(instance, NEURONS, f"neuron_mccormick[slots={best}]")
        assert verdict.primal_bound == best


@pytest.mark.parametrize("case", CASES)
def test_one_slot_less_than_needed_is_infeasible(case):
    N, d, seed, bound, skip = case
    instance = tiny(N, d, seed, bound, skip)
    best = int(solved(instance, NEURONS, "pattern_l0").primal_bound)
    if best < 2:
        return
    for rule in ("neuron_big_m", "neuron_mccormick[symmetry=first_weight]"):
        options = {**parse_method(rule).options, "slots": best - 1}
        method = replace(parse_method(rule), options=options)
        answer = execute(method, instance, NEURONS, Limits(time_limit_s=LIMIT_S))
        assert answer.network is None
        assert answer.claimed_dual_bound == best  # within K slots none: more neurons than K
        assert not check(instance, answer).failed


PARAMETER_CASES = [
    (3, 1, 0, 8.0, False, None),
    (3, 1, 2, 2.0, False, None),
    (4, 1, 0, 2.0, False, None),
    (4, 1, 0, 2.0, True, None),
    (4, 1, 1, 8.0, True, True),
    (3, 2, 0, 8.0, False, None),
    (3, 2, 3, 1.0, False, None),
    (3, 2, 0, 1.0, True, None),
]


@pytest.mark.parametrize("case", PARAMETER_CASES)
def test_parameter_models_agree_with_brute_force(case):
    N, d, seed, bound, skip, count_bias = case
    instance = tiny(N, d, seed, bound, skip, count_bias)
    best = fewest_parameters(instance)
    verdict = solved(instance, PARAMETERS, "neuron_big_m")
    assert verdict.primal_bound == best
    assert verdict.gap_int == 0
    lower = solved(instance, PARAMETERS, "pattern_l0")
    assert lower.dual_bound <= best + 1e-6 <= lower.primal_bound + 1e-6
    if best:
        published = solved(instance, PARAMETERS, f"neuron_mccormick[slots={best}]")
        assert published.primal_bound >= best
        assert published.dual_bound <= best + 1e-6


def test_the_bound_is_active_in_some_case():
    loose = tiny(5, 2, 9, 8.0)
    tight = tiny(5, 2, 9, 0.5)
    values = [solved(i, NEURONS, "pattern_l0").primal_bound for i in (loose, tight)]
    assert values[0] < values[1]


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("objective", [NEURONS, PARAMETERS])
@pytest.mark.parametrize("name", ["neuron_big_m", "neuron_mccormick", "pattern_l0"])
def test_decoding_a_start_gives_the_same_function_and_value(name, objective, skip):
    instance = tiny(6, 2, 3, 2.0, skip)
    network = best_construction(instance, objective)
    rule = registry.load("models", name)
    defaults = {key: option.default for key, option in rule.options.items()}
    if "slots" in defaults:
        defaults["slots"] = network.n_neurons(False)
    program = rule.build(instance, objective, network, **defaults)
    program.start(network)
    decoded = program.decode()
    assert np.allclose(decoded(instance.X), instance.y, atol=1e-9)
    flags = {"skip": instance.skip, "count_bias": instance.count_bias}
    assert decoded.value(objective, **flags) == network.value(objective, **flags)


@pytest.mark.parametrize("name", ["neuron_big_m", "neuron_mccormick", "pattern_l0"])
def test_a_start_satisfies_every_constraint(name):
    import pyomo.environ as pyo

    for skip, count_bias in itertools.product((False, True), repeat=2):
        instance = tiny(5, 2, 11, 1.0, skip, count_bias)
        for objective in (NEURONS, PARAMETERS):
            network = best_construction(instance, objective)
            rule = registry.load("models", name)
            options = {key: option.default for key, option in rule.options.items()}
            if "slots" in options:
                options["slots"] = max(1, network.n_neurons(False))
            program = rule.build(instance, objective, network, **options)
            program.start(network)
            for row in program.problem.component_data_objects(pyo.Constraint, active=True):
                assert row.slack() > -1e-9, (row.name, skip, count_bias, objective)


def test_free_constants_cost_nothing_where_biases_are_uncounted():
    instance = Instance(
        X=[[0.0], [1.0], [2.0]], y=[5.0, 5.0, 6.0], bound=2.0, skip=False, count_bias=False
    )
    for name in ("neuron_big_m", "pattern_l0"):
        verdict = solved(instance, PARAMETERS, name)
        assert verdict.primal_bound == 1  # relu(x - 1), and constant neurons that add up to 5
        assert verdict.n_neurons == 4


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("skip", [False, True])
def test_relaxation_below_optimum_below_heuristics(seed, skip):
    instance = tiny(5, 2, 20 + seed, 2.0, skip)
    best = solved(instance, NEURONS, "pattern_l0").primal_bound
    for heuristic in ("pattern_l1", "reweighted_l1", "coordinate_start"):
        verdict = solved(instance, NEURONS, heuristic)
        assert verdict.primal_bound >= best
        assert verdict.dual_bound <= best


@pytest.mark.parametrize("seed", range(3))
def test_adding_a_point_never_lowers_the_optimum(seed):
    instance = tiny(5, 2, 30 + seed, 4.0)
    smaller = Instance(X=instance.X[:-1], y=instance.y[:-1], bound=4.0)
    values = [solved(i, NEURONS, "pattern_l0").primal_bound for i in (smaller, instance)]
    assert values[0] <= values[1]


def test_the_order_of_points_and_inputs_changes_nothing():
    instance = tiny(5, 2, 40, 4.0)
    order = np.random.default_rng(0).permutation(5)
    other = Instance(X=instance.X[order][:, ::-1], y=instance.y[order], bound=4.0)
    for name in ("pattern_l0", "neuron_big_m"):
        values = [solved(i, NEURONS, name).primal_bound for i in (instance, other)]
        assert values[0] == values[1]
    norms = [solved(i, parse_objective("l1"), "pattern_l1").primal_bound for i in (instance, other)]
    assert norms[0] == pytest.approx(norms[1], rel=1e-9)


def test_zero_labels_need_nothing():
    instance = Instance(X=[[0.0], [1.0]], y=[0.0, 0.0], bound=1.0)
    for name in ("neuron_big_m", "neuron_mccormick", "pattern_l0", "pattern_l1", "auto"):
        assert solved(instance, NEURONS, name).primal_bound == 0


def test_models_over_patterns_refuse_too_many_with_the_number():
    instance = Instance(
        X=np.random.default_rng(0).uniform(-1, 1, (60, 4)), y=np.ones(60), bound=1.0
    )
    for name in ("pattern_l0", "pattern_l1", "reweighted_l1"):
        reason = parse_method(name).refusal(instance, NEURONS)
        assert reason is not None
        assert "activation patterns" in reason
        assert any(ch.isdigit() for ch in reason)
    assert parse_method("pattern_l0[sample=50]").refusal(instance, NEURONS) is None


def test_a_sample_of_patterns_claims_no_lower_bound():
    instance = tiny(5, 2, 50, 4.0)
    for name in ("pattern_l0[sample=200]", "pattern_l1[sample=200]"):
        method = parse_method(name)
        answer = solve_model(method, instance, NEURONS, Limits(time_limit_s=LIMIT_S))
        assert answer.claimed_dual_bound is None


def test_models_that_need_a_bound_refuse_without_one():
    instance = Instance(X=[[0.0], [1.0]], y=[0.0, 1.0])
    for name in ("neuron_big_m", "neuron_mccormick", "pattern_l0"):
        assert "bound" in (parse_method(name).refusal(instance, NEURONS, bound="none") or "")
    assert parse_method("pattern_l1").refusal(instance, NEURONS, bound="none") is None
