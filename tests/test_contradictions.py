"""Claims of rows against each other: what one row verified refutes what another one claims."""

import pytest

from milpsparse import load, to_json
from milpsparse.commands import run as commands
from milpsparse.harness import store
from milpsparse.harness.contradictions import contradictions


def claims(key, dual=None, primal=None, **changes):
    facts = {"claimed_dual_bound": dual, "primal_bound": primal, "exact": True, "method": key}
    scope = {"bound": 10.0, "bound_used": 10.0, "claimed_dual_bound_scope": "within_bound"}
    problem = {"instance_sha256": "s1", "objective": "neurons"}
    return {"task_key": key, "verdict": "ok"} | facts | scope | problem | changes


def test_a_bound_above_the_network_of_another_method_is_found_by_name():
    found = contradictions([claims("liar", dual=4.0), claims("finder", primal=3)])
    assert list(found) == ["liar"]
    assert found["liar"].verdict == "fail_dual_bound"
    assert found["liar"].reason == "claims the lower bound 4; finder has a verified 3"


def test_a_bound_that_rounds_up_above_a_network_is_found():
    rows = [claims("liar", dual=3.1), claims("finder", primal=3)]
    assert list(contradictions(rows)) == ["liar"]
    rows = [claims("solver", dual=3.0000005), claims("finder", primal=3)]
    assert contradictions(rows) == {}


def test_bounds_up_to_the_best_network_agree():
    rows = [claims("a", dual=3.0, primal=3), claims("b", dual=2.0, primal=5), claims("c", primal=4)]
    assert contradictions(rows) == {}


def test_norms_are_compared_to_the_tolerance():
    norm = {"objective": "l1"}
    near = [claims("a", dual=4.000003, **norm), claims("b", primal=4.0, **norm)]
    far = [claims("a", dual=4.00001, **norm), claims("b", primal=4.0, **norm)]
    assert contradictions(near) == {}
    assert list(contradictions(far)) == ["a"]


@pytest.mark.parametrize("other", [{"instance_sha256": "s2"}, {"objective": "parameters"}])
def test_other_problems_contradict_nothing(other):
    assert contradictions([claims("a", dual=4.0), claims("b", primal=3, **other)]) == {}


def test_a_bound_within_a_smaller_bound_used_is_not_refuted_by_larger_networks():
    unbounded = {"bound": None}
    claim = claims("a", dual=4.0, bound_used=2.0, **unbounded)
    for used in (4.0, None):
        assert contradictions([claim, claims("b", primal=3, bound_used=used, **unbounded)]) == {}
    for used in (2.0, 1.0):
        rival = claims("b", primal=3, bound_used=used, **unbounded)
        assert list(contradictions([claim, rival])) == ["a"]


def test_a_bound_for_all_networks_is_refuted_by_any():
    claim = claims("a", dual=4.0, bound=None, bound_used=2.0, claimed_dual_bound_scope="all")
    for used in (8.0, None):
        rival = claims("b", primal=3, bound=None, bound_used=used)
        assert list(contradictions([claim, rival])) == ["a"]


def test_a_network_that_fits_within_tolerance_only_refutes_no_bound():
    assert contradictions([claims("a", dual=4.0), claims("b", primal=3, exact=False)]) == {}


def test_a_claim_that_failed_already_is_not_named_twice():
    rows = [claims("a", dual=4.0, verdict="fail_dual_bound"), claims("b", primal=3)]
    assert contradictions(rows) == {}


def test_the_network_of_a_row_that_failed_for_its_claim_still_refutes():
    rows = [claims("a", dual=4.0), claims("b", primal=3, verdict="fail_objective_value")]
    assert list(contradictions(rows)) == ["a"]


def test_infeasible_is_refuted_by_any_network():
    infeasible = claims("a", claimed_termination="infeasible")
    found = contradictions([infeasible, claims("b", primal=3)])
    assert found["a"] == ("fail_dual_bound", "claims that no network fits; b has a verified 3")
    assert contradictions([infeasible, claims("b", primal=3, exact=False)]) == {}


def test_a_proved_bound_above_a_verified_network_is_a_bug_with_a_name():
    proof = {"dual_bound": 4.0, "evidence": "proof", "dual_bound_scope": "all"}
    found = contradictions([claims("prover", **proof), claims("b", primal=3)])
    assert found["prover"].reason == "has the lower bound 4 by proof; b has a verified 3"
    theirs = {"dual_bound": 4.0, "evidence": "claimed", "dual_bound_scope": "all"}
    assert contradictions([claims("other", **theirs), claims("b", primal=3)]) == {}  # told already


def test_of_rivals_with_the_same_network_one_whose_claims_hold_is_named():
    rivals = [claims("liar", primal=3, verdict="fail_objective_value"), claims("good", primal=3)]
    assert contradictions([claims("a", dual=4.0), *rivals])["a"].reason.endswith(
        "good has a verified 3"
    )


def test_a_network_that_happens_to_fit_a_smaller_bound_used_refutes():
    claim = claims("a", dual=4.0, bound=None, bound_used=2.0)
    network = {"signs": [1, -1], "weights": [[1.5], [-2.0]], "biases": [0.5, 0.0]}
    rival = claims("b", primal=3, bound=None, bound_used=8.0, network=network)
    assert list(contradictions([claim, rival])) == ["a"]
    rival["network"]["biases"][0] = -2.5
    assert contradictions([claim, rival]) == {}


def test_different_optima_that_only_networks_within_tolerance_support_name_both():
    def optimum(key, value, **changes):
        both = {"claimed_termination": "optimal", "exact": False, "evidence": "claimed"}
        return claims(key, dual=value, primal=value, **(both | changes))

    found = contradictions([optimum("a", 3.0), optimum("b", 2.0)])
    assert {key: each.verdict for key, each in found.items()} == {
        "a": "fail_inconsistent",
        "b": "fail_inconsistent",
    }
    assert found["a"].reason == "claims the optimum 3, b 2: one of them is wrong"
    assert found["b"].reason == "claims the optimum 2, a 3: one of them is wrong"
    assert contradictions([optimum("a", 3.0), optimum("b", 3.0)]) == {}
    exact = contradictions([optimum("a", 3.0), optimum("b", 2.0, exact=True)])
    assert {key: each.verdict for key, each in exact.items()} == {"a": "fail_dual_bound"}
    proved = {"evidence": "proof", "dual_bound": 3.0, "dual_bound_scope": "all"}
    assert contradictions([optimum("a", 3.0, **proved), optimum("b", 2.0)]) == {}


def test_every_claim_of_many_rows_is_compared_as_all_pairs_are():
    values = [(2.0, 5), (4.0, 4), (5.0, 6), (3.0, None), (None, 4)]
    rows = [claims(str(i), dual=d, primal=p) for i, (d, p) in enumerate(values)]
    pairs = {
        one["task_key"]
        for one in rows
        for other in rows
        if None not in (one["claimed_dual_bound"], other["primal_bound"])
        and one["claimed_dual_bound"] > other["primal_bound"]
    }
    assert set(contradictions(rows)) == pairs == {"2"}


def test_the_command_names_a_contradiction_and_exits_1(tmp_path, capsys):
    """Two methods of one run, of which one says more than the other's network allows."""
    testset = tmp_path / "one.test"
    testset.write_text(f"{tmp_path / 'peak.json'}\n")
    (tmp_path / "peak.json").write_text(to_json(load("peak_plateau").replace(bound=12.0)))
    limits = {"time_limit_s": 60.0, "memory_limit_mb": None, "threads": 1, "bound": "auto"}
    how = {"jobs": 1, "rerun": "none", "dry_run": False, "seeds": (0,), "out": str(tmp_path)}
    how |= {"perms": (0,), "part": None, "scheduler": None}
    methods = ("coordinate_start", "neuron_big_m@highs")
    given = {"testset": str(testset), "methods": methods, "objectives": ("neurons",)}
    assert commands.run(**given, **how, **limits) == 0
    assert commands.check(tmp_path) == 0
    rows = list(store.lines(tmp_path / store.RUNS))
    rows[0] |= {"claimed_dual_bound": 4.0, "network": None, "claimed_primal_bound": None}
    rows[0]["claimed_termination"] = "time_limit"
    (tmp_path / store.RUNS).write_bytes(b"".join(map(store.to_line, rows)))
    (tmp_path / store.CHECKS).unlink()
    capsys.readouterr()
    assert commands.run(**given, **how, **limits) == 0  # nothing to run, but it is said
    assert "contradiction: peak_plateau, neurons, coordinate_start" in capsys.readouterr().out
    assert commands.check(tmp_path) == 1
    said = capsys.readouterr().out
    assert "coordinate_start: claims the lower bound 4; neuron_big_m@highs has a verified 3" in said
    assert "1 wrong claims" in said
