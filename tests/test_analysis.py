"""From rows to frames: policies, virtual best, brackets, gaps, seeds, rankings, distributions."""

import math

import numpy as np
import pandas as pd
import pytest

import milpsparse as ms
from milpsparse.analysis.costs import costs, per_instance
from milpsparse.analysis.gaps import berthold, relative
from milpsparse.analysis.integral import (
    dual_integral,
    integrals,
    primal_dual_integral,
    primal_integral,
)
from milpsparse.analysis.means import sgm
from milpsparse.analysis.outcomes import refuted, wrong
from milpsparse.analysis.profiles import times_to_gap
from milpsparse.analysis.rows import frame
from milpsparse.analysis.summary import summary
from milpsparse.errors import BadInput
from milpsparse.judge import gap

LIMIT = 3600.0
A, B = [1.0, 10.0, 100.0, LIMIT], [2.0, 8.0, 400.0, 1200.0]  # A's last is a timeout


def row(method, instance, seconds, **changes):
    optimal = {"termination": "optimal", "claimed_termination": "optimal", "verdict": "ok"}
    value = {"primal_bound": 3.0, "dual_bound": 3.0, "exact": True, "evidence": "theorem"}
    value |= {"claimed_primal_bound": 3.0, "claimed_dual_bound": 3.0, "bound": 4.0}
    identity = {"method": method, "instance": instance, "objective": "neurons", "seed": 0}
    return identity | {"time_limit_s": LIMIT, "wall_time_s": seconds} | optimal | value | changes


def timeout(method, instance, seconds=LIMIT, **changes):
    ended = dict.fromkeys(("termination", "claimed_termination"), "time_limit")
    bounds = {"dual_bound": 2.0, "claimed_dual_bound": 2.0, "evidence": "claimed"}
    return row(method, instance, seconds, **{**ended, **bounds, "verdict": "timelimit", **changes})


def refused(method, instance):
    gone = dict.fromkeys(("primal_bound", "dual_bound", "evidence", "claimed_primal_bound"))
    return row(method, instance, 0.01, termination="not_available", verdict="unknown", **gone)


def duel(a=A, b=B):
    """The rows of suites' example: A with one timeout, B without."""
    names = [f"i{k}" for k in range(1, len(a) + 1)]
    of_a = [row("A", n, t) if t < LIMIT else timeout("A", n) for n, t in zip(names, a, strict=True)]
    return frame([*of_a, *(row("B", n, t) for n, t in zip(names, b, strict=True))])


# --- policies ---------------------------------------------------------------------------------


def test_par_is_the_mean_where_unsolved_runs_cost_k_limits():
    for k, value in [(1, 927.75), (2, 1827.75), (10, 9027.75), (4, 927.75 + 3 * 900)]:
        assert ms.penalized_average(duel(), k)["A"] == pytest.approx(value)
        assert ms.penalized_average(duel(), k)["B"] == pytest.approx(np.mean(B))


def test_omit_leaves_a_run_out_and_intersection_the_instance():
    omit = ms.shifted_geomean(duel(), policy="omit")
    assert omit["A"] == pytest.approx(sgm(A[:3], 10))
    assert omit["B"] == pytest.approx(sgm(B, 10))
    both = ms.shifted_geomean(duel(), policy="intersection")
    assert both.to_dict() == pytest.approx({"A": sgm(A[:3], 10), "B": sgm(B[:3], 10)})


def test_any_number_of_limits_is_a_policy():
    for k in (3, 3.0, "par3"):
        assert ms.shifted_geomean(duel(), policy=k)["A"] == pytest.approx(
            sgm([*A[:3], 3 * LIMIT], 10)
        )


@pytest.mark.parametrize(("policy", "charge"), [("limit", 10), ("omit", 10), ("par20", 20)])
def test_a_wrong_answer_is_dear_under_every_policy(policy, charge):
    lie = frame([row("A", "i1", 0.5, verdict="fail_dual_bound")])
    assert costs(lie, policy).item() == charge * LIMIT


def test_a_method_that_took_nothing_is_compared_with_none():
    rows = pd.concat([duel(), frame([refused("C", f"i{k}") for k in (1, 2, 3, 4)])])
    assert list(ms.shifted_geomean(rows).index) == ["A", "B"]
    assert list(ms.performance_profile(rows)) == ["A", "B"]


def test_missing_and_refused_runs_are_unsolved_where_that_is_asked_for():
    rows = frame([row("A", "i1", 1.0), row("A", "i2", 1.0), row("B", "i1", 2.0)])
    times = per_instance(rows, "par2", refused="unsolved")
    assert times.loc[("i2", "neurons"), "B"] == 2 * LIMIT
    assert len(per_instance(rows, "par2")) == 1


# --- seeds ------------------------------------------------------------------------------------


def test_the_worst_seed_stands_for_all_and_their_times_are_averaged():
    seeds = [row("A", "i1", 1.0), timeout("A", "i1", seed=1), row("A", "i1", 8.0, seed=2)]
    one = ms.average(frame(seeds)).iloc[0]
    assert (one["termination"], one["seed"]) == ("time_limit", 1)
    assert (one["n_seeds"], one["n_solved"]) == (3, 2)
    assert one["wall_time_s"] == pytest.approx((1.0 * LIMIT * 8.0) ** (1 / 3))


def test_a_wrong_claim_is_worse_than_a_timeout_and_a_claim_worse_than_a_proof():
    lie = row("A", "i1", 1.0, verdict="fail_objective_value", seed=3)
    claim, proof = row("A", "i1", 1.0, evidence="claimed", seed=2), row("A", "i1", 1.0)
    for runs, seed in [([proof, claim], 2), ([proof, claim, timeout("A", "i1", seed=1)], 1)]:
        assert ms.average(frame(runs))["seed"].item() == seed
        assert ms.average(frame([lie, *runs]))["seed"].item() == 3
    worse = row("A", "i1", 1.0, primal_bound=4.0, termination="feasible", seed=5)
    better = row("A", "i1", 1.0, termination="feasible", seed=6)
    assert ms.average(frame([better, worse]))["seed"].item() == 5


def test_single_runs_stay_as_they_are_and_permutations_are_seeds():
    rows = duel()
    same = ms.average(rows)
    assert same[rows.columns].equals(rows)
    assert set(same["n_seeds"]) == {1}
    permuted = frame([row("A", "i1", 2.0, perm=0), row("A", "i1", 8.0, perm=1)])
    assert ms.average(permuted)["wall_time_s"].item() == pytest.approx(4.0)


def test_runs_under_different_limits_are_not_averaged():
    with pytest.raises(BadInput, match="different time limits cannot be averaged: i1, neurons, A"):
        ms.average(frame([row("A", "i1", 1.0), row("A", "i1", 1.0, seed=1, time_limit_s=5.0)]))


def test_the_summary_counts_an_instance_once_whatever_the_seeds():
    seeds = [row("A", "i1", t, seed=s) for s, t in enumerate([1.0, 4.0, 16.0])]
    line = summary(frame([*seeds, row("A", "i2", 9.0)])).iloc[0]
    assert (line["runs"], line["proved"]) == (2, 2)
    assert line["sgm10_s"] == pytest.approx(sgm([4.0, 9.0], 10))


# --- virtual best, brackets -------------------------------------------------------------------


def test_the_virtual_best_takes_the_fastest_and_then_the_best_value():
    unsolved = [timeout("A", "i5"), timeout("B", "i5", primal_bound=2.0)]
    best = ms.virtual_best(pd.concat([duel(), frame(unsolved)])).set_index("instance")
    assert best["chosen"].to_dict() == {"i1": "A", "i2": "B", "i3": "A", "i4": "B", "i5": "B"}
    assert best.loc["i1":"i4", "wall_time_s"].tolist() == [1.0, 8.0, 100.0, 1200.0]
    assert set(best["method"]) == {"virtual best"}


def test_nothing_is_faster_than_the_virtual_best_or_slower_than_the_virtual_worst():
    rows = duel()
    more = pd.concat([rows, ms.virtual_best(rows), ms.virtual_worst(rows)], ignore_index=True)
    times = per_instance(more, math.inf)
    assert (times["virtual best"] == times[["A", "B"]].min(axis=1)).all()
    assert (times["virtual worst"] == times[["A", "B"]].max(axis=1)).all()
    assert ms.performance_profile(more)["virtual best"].eq(1.0).all()


def test_a_wrong_claim_is_never_the_virtual_best():
    lie = row("A", "i1", 0.5, verdict="fail_dual_bound", primal_bound=1.0)
    assert ms.virtual_best(frame([lie, timeout("B", "i1")]))["chosen"].item() == "B"


def test_the_virtual_worst_is_where_every_method_has_a_run():
    rows = pd.concat([duel(), frame([row("A", "i5", 1.0), refused("B", "i5")])])
    assert set(ms.virtual_worst(rows)["instance"]) == {"i1", "i2", "i3", "i4"}


def test_brackets_hold_the_instances_that_their_names_say():
    lie = [row("A", "i5", 500.0, verdict="fail_dual_bound"), row("B", "i5", 500.0)]
    nobody = [timeout("A", "i6"), timeout("B", "i6")]
    rows = pd.concat([duel(), frame([*lie, *nobody])], ignore_index=True)
    rows["node_count"] = 7.0
    rows.loc[0, "node_count"] = 8.0
    sizes = ms.brackets(rows).groupby("bracket")["instances"].first().to_dict()
    assert sizes == {
        "all": 6,
        "[0, T]": 4,
        "[1, T]": 4,
        "[10, T]": 3,
        "[100, T]": 2,
        "alloptimal": 3,
        "difftimeouts": 2,
        "affected": 1,
    }
    line = ms.brackets(rows, 1.0).query("bracket == '[100, T]' and method == 'A'").iloc[0]
    assert line["solved"] == 1
    assert line["sgm_s"] == pytest.approx(sgm([100.0, LIMIT], 1.0))


# --- gaps and integrals -----------------------------------------------------------------------


def test_gaps_of_arrays_are_those_of_numbers():
    values = [0.0, 1e-12, 1.0, -1.0, 8.0, 10.0, math.inf, math.nan]
    p, d = (np.ravel(part) for part in np.meshgrid(values, values))
    scalars = [
        gap(*(None if math.isnan(v) else v for v in pair)) for pair in zip(p, d, strict=True)
    ]
    assert relative(p, d).tolist() == pytest.approx(scalars)


def test_the_gaps_of_rows():
    rows = frame(
        [
            timeout("A", "i1", primal_bound=7.0, dual_bound=6.2, claimed_dual_bound=5.0),
            timeout("B", "i1", primal_bound=8.0, dual_bound=6.0000005),
            timeout("C", "i1", primal_bound=None, dual_bound=6.0),
            row("A", "i1", 1.0, objective="l1", primal_bound=10.0, dual_bound=8.0),
        ]
    )
    found = ms.gaps(rows)
    assert found["gap_int"].tolist() == pytest.approx([0, 2, math.nan, math.nan], nan_ok=True)
    assert found["primal_gap"].tolist() == [0.0, 1 / 8, 1.0, 0.0]
    assert found["gap"].tolist() == pytest.approx([0.8 / 6.2, 2 / 6, math.inf, 0.25])
    assert found["gap_claimed"][0] == pytest.approx(2 / 3)


def test_berthold_gaps_lie_between_0_and_1():
    rng = np.random.default_rng(0)
    p, b = rng.normal(size=(2, 100))
    found = berthold(p, b)
    assert ((found >= 0) & (found <= 1)).all()
    assert (found == berthold(b, p)).all()


def test_integrals_of_many_rows_are_those_of_each_trace():
    rng = np.random.default_rng(1)
    rows = []
    for k in range(40):
        times = np.sort(rng.uniform(0, 30, rng.integers(1, 6)))  # some beyond the limit
        primal = [None if rng.random() < 0.2 else float(v) for v in rng.integers(2, 9, len(times))]
        dual = [None if rng.random() < 0.2 else float(v) for v in rng.uniform(0, 3, len(times))]
        trace = list(zip(times.tolist(), primal, dual, strict=True))
        objective = ("neurons", "l1")[k % 2]
        rows.append(row("A", f"i{k}", 1.0, objective=objective, time_limit_s=20.0, trace=trace))
    found = integrals(frame(rows))
    for k, one in enumerate(rows):
        up = math.ceil if one["objective"] == "neurons" else float
        trace = [(t, p, None if d is None else up(d)) for t, p, d in one["trace"]]
        assert found.loc[k].tolist() == pytest.approx(
            [
                primal_integral(trace, 3.0, 20.0) / 20,
                dual_integral(trace, 3.0, 20.0) / 20,
                primal_dual_integral(trace, 20.0) / 20,
            ]
        )


# --- distributions ----------------------------------------------------------------------------


def test_the_distribution_is_the_share_of_all_instances_solved_by_then():
    rows = pd.concat([duel(), frame([refused("B", "i5"), row("A", "i5", 5.0)])], ignore_index=True)
    steps = ms.ecdf(rows)
    assert steps.index.name == "seconds"
    for seconds in steps.index:
        assert steps.loc[seconds, "A"] == (np.array([1, 5, 10, 100]) <= seconds).sum() / 5
        assert steps.loc[seconds, "B"] == (np.array(B) <= seconds).sum() / 5
    assert steps.loc[0.0].tolist() == [0.0, 0.0]


def test_a_target_is_reached_when_the_trace_is_near_the_best_value():
    trace = [(1.0, 10.0, None), (2.0, 5.0, None), (7.0, 4.0, 1.0)]
    rows = frame(
        [
            timeout("A", "i1", 9.0, primal_bound=4.0, trace=trace, time_limit_s=20.0),
            timeout("B", "i1", 9.0, primal_bound=5.0, time_limit_s=20.0),
            timeout("C", "i1", 9.0, trace=trace, verdict="fail_objective_value"),
        ]
    )
    rows.loc[2, "primal_bound"] = 4.0
    assert times_to_gap(rows, 0.0).tolist() == [7.0, math.inf, math.inf]
    assert times_to_gap(rows, 0.2).tolist() == [2.0, 9.0, math.inf]
    assert ms.ecdf(rows, target=0.2).loc[2.0].tolist() == [1.0, 0.0, 0.0]


# --- claimed and verified, rankings ---------------------------------------------------------


def test_claims_are_shown_beside_what_is_verified():
    lie = row("liar", "i1", 1.0, verdict="fail_dual_bound", termination="feasible")
    line = summary(frame([lie, row("honest", "i1", 9.0)])).set_index("method")
    assert line.loc["liar", ["proved", "claimed", "said", "failures"]].tolist() == [0, 0, 1, 1]
    assert line.loc["liar", "said_sgm10_s"] == pytest.approx(1.0)
    assert line.loc["liar", "sgm10_s"] == pytest.approx(10 * LIMIT)
    believed = ms.as_claimed(frame([lie]))
    assert ms.summary(believed)["failures"].item() == 0


def test_bounds_above_a_network_of_another_method_are_refuted():
    rows = frame(
        [
            row("A", "i1", 1.0, primal_bound=2.0, dual_bound=2.0, claimed_dual_bound=2.0),
            row("B", "i1", 1.0, claimed_dual_bound=2.5, dual_bound=2.0),
            row("C", "i1", 1.0, dual_bound=2.0000001, claimed_dual_bound=2.0000001),
            row("D", "i2", 1.0, primal_bound=2.0, exact=False),  # within tolerance only
            row("E", "i2", 1.0),
        ]
    )
    assert refuted(rows).tolist() == [False, True, False, False, False]
    within = {"bound": None, "dual_bound_scope": "within_bound"}
    scoped = rows.assign(**within, claimed_dual_bound_scope="within_bound")
    assert not refuted(scoped).any()
    assert refuted(scoped.assign(claimed_dual_bound_scope="all")).tolist()[1]
    lies = rows.assign(verdict=["fail_abort", *["ok"] * 4])
    assert wrong(lies).tolist() == [True, True, False, False, False]


def test_rankings_that_disagree_are_said_and_ties_are_none():
    places = ms.rankings(duel()).loc["neurons"]
    assert places.loc["A"].to_dict() == {
        "sgm10": 1,
        "sgm1": 1,
        "PAR2": 2,
        "PAR10": 2,
        "wins": 1,
        "solved": 2,
        "claimed": 1,
    }
    (line,) = ms.ranking_warnings(duel())
    assert line == (
        "Warning, neurons: the order of methods depends on the measure: "
        "by sgm10 A, B; by PAR2, PAR10 and solved B, A."
    )
    assert ms.ranking_warnings(duel(A[:3], [2.0, 20.0, 200.0])) == []


def test_a_ranking_by_claims_that_do_not_hold_is_said():
    honest = [row("honest", f"i{k}", 5.0) for k in range(3)]
    liar = [row("liar", f"i{k}", 1.0, verdict="fail_dual_bound") for k in range(3)]
    (line,) = ms.ranking_warnings(frame(honest + liar))
    assert line.endswith("by sgm10 honest, liar; by claimed liar, honest.")


def test_wins_are_counted_for_all_that_tie():
    rows = frame(
        [row("A", "i1", 1.0), row("B", "i1", 1.0), row("A", "i2", 3.0), timeout("B", "i2")]
    )
    assert ms.wins(rows).to_dict() == {"A": 2, "B": 1}
    assert summary(rows).set_index("method")["wins"].to_dict() == {"A": 2, "B": 1}


FUNCTIONS = """
summary average as_claimed best_bounds shifted_geomean penalized_average performance_profile ecdf
wins virtual_best virtual_worst brackets rankings ranking_warnings gaps integrals
""".split()


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("rows", [[], [refused("A", "i1"), refused("B", "i1")]], ids=["none", "no"])
def test_every_function_takes_no_rows_and_rows_that_nobody_took(name, rows):
    getattr(ms, name)(frame(rows))


@pytest.mark.parametrize("n_methods", [1, 2])
def test_every_function_takes_rows_of_which_none_is_solved(n_methods):
    rows = frame(
        [timeout("AB"[m], "i1", primal_bound=None, dual_bound=None) for m in range(n_methods)]
    )
    for function in (
        ms.summary,
        ms.performance_profile,
        ms.ecdf,
        ms.brackets,
        ms.rankings,
        ms.gaps,
    ):
        assert len(function(rows))
    assert ms.ranking_warnings(rows) == []
    assert len(ms.virtual_best(rows)) == len(ms.virtual_worst(rows)) == 1
