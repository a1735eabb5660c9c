"""The check: planted lies are caught by name, true answers pass, and nothing is changed."""

import math
from dataclasses import replace

import numpy as np
import pytest

import milpsparse as ms
from milpsparse.answer import Answer, Termination
from milpsparse.checker import check
from milpsparse.judge import gap
from milpsparse.network import Network, Skip, from_exact
from milpsparse.rational import rationals

PEAK = ms.load("peak_plateau")
LIBRARY = ms.load("uniform_n4_d1_s0")  # needs 3 neurons; theorems say 2
UNPROVED = ms.Instance(X=LIBRARY.X, y=LIBRARY.y, bound=LIBRARY.bound, name="unproved")
NETWORK = from_exact([1, -1, 1], [[1, 1], [2, -1], [1, -2]], 1, skip=[0, 0])


def answer(**changes):
    claims = {
        "objective": "neurons",
        "termination": Termination.OPTIMAL,
        "network": NETWORK,
        "claimed_primal_bound": 3.0,
        "claimed_dual_bound": 3.0,
    }
    return Answer(**{**claims, **changes})


def test_a_true_answer_is_ok_and_proved_by_the_theorem():
    verdict = check(PEAK, answer())
    assert verdict.verdict == "ok"
    assert verdict.termination == "optimal"
    assert (verdict.primal_bound, verdict.dual_bound, verdict.evidence) == (3, 3, "theorem")
    assert verdict.exact
    assert verdict.proved
    assert verdict.max_residual == 0.0


def test_a_network_that_misses_the_data_is_infeasible():
    wrong = from_exact([1, -1, 1], [[1, 1], [2, -1], [1, -3]], 1, skip=[0, 0])
    verdict = check(PEAK, answer(network=wrong))
    assert verdict.verdict == "fail_solution_infeasible"
    assert not verdict.verified
    assert verdict.primal_bound is None
    assert "misses the data" in verdict.fail_reason


def test_a_wrong_count_is_named():
    verdict = check(PEAK, answer(claimed_primal_bound=2.0, claimed_dual_bound=2.0))
    assert verdict.verdict == "fail_objective_value"
    assert "claims 2" in verdict.fail_reason
    assert verdict.primal_bound == 3


def test_a_lower_bound_above_its_own_network_is_impossible():
    verdict = check(PEAK, answer(claimed_dual_bound=4.0))
    assert verdict.verdict == "fail_dual_bound"


def test_a_lower_bound_above_a_known_network_is_impossible():
    worse = from_exact([1, -1, -1, 1], [[1, 1], [1, 0], [1, -1], [1, -2]], 1, skip=[0, 0])
    verdict = check(PEAK, answer(network=worse, claimed_primal_bound=4.0, claimed_dual_bound=4.0))
    assert verdict.verdict == "fail_dual_bound"
    assert "known" in verdict.fail_reason


def test_a_false_claim_of_optimality_contradicts_itself():
    verdict = check(PEAK, answer(claimed_dual_bound=1.0))
    assert verdict.verdict == "fail_inconsistent"


def test_a_network_that_breaks_the_bound_is_infeasible():
    tight = PEAK.replace(bound=1.5)
    verdict = check(tight, answer(claimed_dual_bound=None, termination=Termination.FEASIBLE))
    assert verdict.verdict == "fail_solution_infeasible"
    assert "breaks the bound 1.5" in verdict.fail_reason


def test_an_exact_network_may_not_break_the_bound_by_a_hair():
    tight = PEAK.replace(bound=2.0 - 2.0**-40)
    verdict = check(tight, answer(termination=Termination.FEASIBLE, claimed_dual_bound=None))
    assert verdict.verdict == "fail_solution_infeasible"


def test_infeasible_is_a_contradiction_because_points_can_be_interpolated():
    claim = answer(
        termination=Termination.INFEASIBLE,
        network=None,
        claimed_primal_bound=None,
        claimed_dual_bound=None,
    )
    assert check(PEAK, claim).verdict == "fail_inconsistent"


def test_a_value_without_a_network_is_no_solution():
    assert check(PEAK, answer(network=None)).verdict == "fail_solution_infeasible"


def test_a_bound_that_is_not_a_number_is_refused():
    assert check(PEAK, answer(claimed_dual_bound=math.nan)).verdict == "fail_dual_bound"


def test_networks_of_wrong_shape_or_entries_are_infeasible():
    nan = Network(np.array([1]), np.array([[math.nan]]), np.array([0.0]), Skip(np.zeros(1), 0.0))
    wide = Network(np.array([1]), np.array([[1.0, 2.0]]), np.array([0.0]))
    signs = Network(np.array([2]), np.array([[1.0]]), np.array([0.0]))
    for wrong in (nan, wide, signs):
        assert check(PEAK, answer(network=wrong)).verdict == "fail_solution_infeasible"


def test_a_skip_connection_where_there_is_none_is_refused():
    bare = ms.Instance(X=PEAK.X, y=PEAK.y, bound=10.0)
    verdict = check(bare, answer(claimed_dual_bound=None, termination=Termination.FEASIBLE))
    assert verdict.verdict == "fail_solution_infeasible"
    assert "skip" in verdict.fail_reason


def test_a_claimed_optimum_that_nothing_proves_is_not_verified():
    solution = ms.solve(UNPROVED, method="pattern_l0", time_limit_s=60)
    assert solution.verdict.verdict == "solved_not_verified"
    assert solution.evidence == "claimed"
    assert solution.termination == "optimal"
    assert not solution.verdict.proved


def test_without_a_bound_a_bound_within_a_box_proves_no_optimum():
    solution = ms.solve(UNPROVED.replace(bound=None), method="pattern_l0", time_limit_s=60)
    assert solution.answer.bound_used is not None
    assert solution.verdict.dual_bound_scope == "within_bound"
    assert solution.termination == "feasible"


def test_a_better_network_than_the_best_known_is_news_not_an_error():
    known = [{"objective": "neurons", "status": "best", "value": 4, "evidence": "network"}]
    instance = ms.Instance(X=PEAK.X, y=PEAK.y, bound=10.0, skip=True, known=known)
    verdict = check(instance, answer())
    assert verdict.verdict == "better"
    assert verdict.termination == "optimal"


def test_a_tolerance_network_is_verified_but_proves_nothing():
    rough = Network(NETWORK.signs, NETWORK.weights, NETWORK.biases + 1e-9, Skip(np.zeros(1), 0.0))
    verdict = check(PEAK, answer(network=rough))
    assert verdict.verified
    assert not verdict.exact
    assert 0 < verdict.max_residual < 1e-6
    assert verdict.termination == "feasible"


def test_a_tolerance_network_below_a_theorem_is_within_tolerance_only():
    X = [[0.0], [1.0], [2.0]]
    instance = ms.Instance(X=X, y=[0.0, 1.0, 2.0 + 1e-9], bound=10.0, skip=True)
    line = Network(np.zeros(0, int), np.zeros((0, 1)), np.zeros(0), Skip(np.array([1.0]), 0.0))
    verdict = check(
        instance,
        answer(network=line, claimed_primal_bound=0.0, claimed_dual_bound=0.0),
    )
    assert verdict.primal_bound is None
    assert verdict.dual_bound == 1
    assert "within tolerance only" in verdict.fail_reason


def test_an_lp_network_that_exceeds_the_bound_has_no_value_and_is_no_lie():
    tight = PEAK.replace(bound=1.5)
    claim = answer(
        objective="lp:0.5",
        termination=Termination.FEASIBLE,
        claimed_primal_bound=2 + math.sqrt(2),
        claimed_dual_bound=None,
    )
    verdict = check(tight, claim)
    assert not verdict.failed
    assert verdict.primal_bound is None


def test_the_check_changes_nothing():
    before = NETWORK.to_json()
    instance_before = PEAK.sha256
    check(PEAK, answer())
    assert NETWORK.to_json() == before
    assert PEAK.sha256 == instance_before


def test_an_answer_survives_json_and_is_judged_the_same():
    from milpsparse.answer import from_json

    for claim in (answer(), answer(claimed_primal_bound=2.0), answer(network=None)):
        again = from_json(claim.to_json(), 1)
        assert check(PEAK, again) == check(PEAK, claim)


def test_a_solution_is_checked_like_its_answer():
    solution = ms.solve(PEAK, time_limit_s=20)
    assert ms.check(PEAK, solution) == solution.verdict
    lie = replace(solution.answer, claimed_primal_bound=1.0)
    assert ms.check(PEAK, lie).failed


@pytest.mark.parametrize(
    ("primal", "dual", "expected"),
    [
        (10, 8, 0.25),
        (8, 8, 0.0),
        (0, 0, 0.0),
        (1, 0, math.inf),
        (5, -1, math.inf),
        (math.inf, 3, math.inf),
        (-8, -10, 0.25),
    ],
)
def test_gap_divides_by_the_smaller(primal, dual, expected):
    assert gap(primal, dual) == expected


def test_integer_gap_rounds_the_lower_bound_up_but_not_over_tolerance():
    instance = UNPROVED
    network = ms.solve(instance, method="coordinate_start").network
    value = network.n_neurons(False)
    assert value == 4
    for dual, expected in ((value - 0.8, 0), (value - 1 + 5e-7, 1)):
        claim = answer(
            termination=Termination.FEASIBLE,
            network=network,
            claimed_primal_bound=float(value),
            claimed_dual_bound=dual,
        )
        assert check(instance, claim).gap_int == expected


def test_an_exact_self_is_validated_like_its_doubles():
    line = ms.Instance(X=[[0], [1], [2]], y=[0, 7, 14], bound=1.0)
    seven = Network(np.array([7]), rationals([[1]]), rationals([0]))
    doubles = Network(np.array([1]), np.array([[1.0]]), np.array([0.0]), exact=seven)
    claim = answer(network=doubles, claimed_primal_bound=1.0, claimed_dual_bound=1.0)
    assert check(line, claim).verdict == "fail_solution_infeasible"


def test_doubles_that_are_not_those_of_the_exact_self_are_another_network():
    other = replace(NETWORK, weights=NETWORK.weights * 99)
    verdict = check(PEAK, answer(network=other))
    assert verdict.verdict == "fail_solution_infeasible"
    assert "another" in verdict.fail_reason


def test_infeasible_beside_a_network_contradicts_itself():
    claim = answer(termination=Termination.INFEASIBLE, claimed_dual_bound=1.0)
    assert check(PEAK, claim).verdict == "fail_inconsistent"


def test_a_known_optimum_without_evidence_verifies_nothing():
    for evidence, expected in ((None, "solved_not_verified"), ("search", "ok")):
        known = [{"objective": "neurons", "status": "opt", "value": 3, "evidence": evidence}]
        instance = ms.Instance(X=UNPROVED.X, y=UNPROVED.y, bound=10.0, known=known)
        solution = ms.solve(instance, method="pattern_l0", time_limit_s=60)
        assert solution.verdict.verdict == expected


def test_an_unknown_scope_is_no_answer():
    with pytest.raises(ValueError, match="scope"):
        answer(dual_bound_scope="everything")


def test_a_sample_without_a_network_is_no_lie():
    verdict = ms.solve(PEAK, method="pattern_l1[sample=3]").verdict
    assert not verdict.failed
    assert verdict.primal_bound is None
