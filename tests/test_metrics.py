from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from milpsparse import performance_profile, shifted_geomean
from milpsparse.analysis.costs import MIN_TIME_S, costs, per_instance
from milpsparse.analysis.integral import (
    distance,
    dual_integral,
    integrals,
    primal_dual_integral,
    primal_integral,
)
from milpsparse.analysis.means import par, sgm
from milpsparse.analysis.outcomes import best_bounds, failed, proved, solved
from milpsparse.analysis.rows import COLUMNS, frame
from milpsparse.analysis.summary import summary
from milpsparse.errors import BadInput
from milpsparse.judge import gap, rounded
from milpsparse.objective import parse_objective

LIMIT = 3600.0
A = [1.0, 10.0, 100.0, LIMIT]  # the last one is a timeout
B = [2.0, 8.0, 400.0, 1200.0]
ROUNDING = 1 + 1e-12  # times are averaged as logarithms
NEURONS = parse_objective("neurons")


def row(method, instance, seconds, **changes):
    proof = {"termination": "optimal", "verdict": "ok", "evidence": "theorem"}
    value = {"primal_bound": 3.0, "dual_bound": 3.0, "exact": True}
    identity = {"method": method, "instance": instance, "objective": "neurons", "seed": 0}
    return identity | {"time_limit_s": LIMIT, "wall_time_s": seconds} | proof | value | changes


def timeout(method, instance, seconds=LIMIT, **changes):
    stopped = {"termination": "time_limit", "evidence": None, "dual_bound": None}
    return row(method, instance, seconds, **(stopped | changes))


def refused(method, instance):
    gone = {"primal_bound": None, "dual_bound": None, "evidence": None}
    return row(method, instance, 0.01, termination="not_available", verdict="unknown", **gone)


@pytest.fixture
def rows():
    names = ["i1", "i2", "i3", "i4"]
    of_a = [row("A", n, t) for n, t in zip(names[:3], A[:3], strict=True)]
    of_b = [row("B", n, t) for n, t in zip(names, B, strict=True)]
    return frame([*of_a, timeout("A", "i4"), *of_b])


def test_shifted_geometric_means_are_those_of_the_literature(rows):
    assert sgm([1, 1, 1], 10) == pytest.approx(1.0, abs=1e-12)
    ten, one = shifted_geomean(rows), shifted_geomean(rows, 1.0)
    assert ten["A"] == pytest.approx(86.678664, abs=5e-7)
    assert ten["B"] == pytest.approx(91.743282, abs=5e-7)
    assert one["A"] == pytest.approx(52.185322, abs=5e-7)
    assert one["B"] == pytest.approx(59.049969, abs=5e-7)
    assert (ten / ten.min()).round(6).to_dict() == {"A": 1.0, "B": 1.058430}


def test_a_mean_of_nothing_is_no_number():
    assert math.isnan(sgm([], 10.0))
    assert math.isnan(par([], [], [], 10))


def test_par_charges_a_multiple_of_the_limit_where_unsolved(rows):
    of_a = rows[rows["method"] == "A"]
    for policy, k, value in [("limit", 1, 927.75), ("par2", 2, 1827.75), ("par10", 10, 9027.75)]:
        assert costs(of_a, policy).mean() == value
        assert par(A, [1, 1, 1, 0], [LIMIT] * 4, k) == value
    assert costs(rows[rows["method"] == "B"], "par10").mean() == np.mean(B)


@pytest.mark.parametrize("policy", ["worst", "par", "par0.5", "parnan", ""])
def test_an_unknown_policy_is_refused(rows, policy):
    with pytest.raises(BadInput, match="one of limit, par2, par10, omit, intersection"):
        costs(rows, policy)


def test_an_answer_after_the_limit_is_charged_no_more_than_the_limit():
    late = frame([row("A", "i1", LIMIT + 4.0)])
    assert costs(late).tolist() == [LIMIT]
    assert par([LIMIT + 4.0], [1], [LIMIT], 10) == LIMIT


def test_a_wrong_answer_costs_ten_limits_under_every_policy():
    lie = frame([row("A", "i1", 0.5, verdict="fail_dual_bound", termination="feasible")])
    assert [costs(lie, policy).item() for policy in ("limit", "par2", "par10")] == [10 * LIMIT] * 3
    fast = frame([row("A", "i1", 0.5, verdict="fail_objective_value")])
    assert not solved(fast).any()
    assert not proved(fast).any()
    assert failed(fast).all()
    assert shifted_geomean(fast)["A"] == pytest.approx(10 * LIMIT)


def test_news_and_unverified_optima_are_solved_and_no_failures():
    good = frame([row("A", "i1", 1.0, verdict=v) for v in ("ok", "better", "solved_not_verified")])
    assert solved(good).all()
    assert not failed(good).any()


@pytest.mark.parametrize("evidence", ["theorem", "proof", "search", "claimed", "generic", None])
def test_only_a_theorem_a_proof_or_a_search_proves(evidence):
    one = frame([row("A", "i1", 1.0, evidence=evidence)])
    assert solved(one).item()
    assert proved(one).item() == (evidence in ("theorem", "proof", "search"))


def test_times_below_the_clocks_resolution_are_ties():
    quick = frame([row("A", "i1", MIN_TIME_S / 10), row("B", "i1", MIN_TIME_S)])
    assert costs(quick).tolist() == [MIN_TIME_S] * 2
    assert performance_profile(quick).loc[1.0].tolist() == [1.0, 1.0]


def test_an_instance_that_one_method_refuses_is_compared_for_none(rows):
    more = pd.concat([rows, frame([row("A", "i5", 1e-3), refused("B", "i5")])], ignore_index=True)
    assert shifted_geomean(more).equals(shifted_geomean(rows))
    assert performance_profile(more, refused="left out").equals(performance_profile(rows))
    assert costs(more).iloc[-2] == MIN_TIME_S  # A's run there is still counted by itself


def test_an_instance_that_a_method_refuses_is_unsolved_by_it_in_a_profile(rows):
    more = pd.concat([rows, frame([row("A", "i5", 1e-3), refused("B", "i5")])], ignore_index=True)
    shares = performance_profile(more)
    assert shares.loc[1.0].to_dict() == {"A": 3 / 5, "B": 2 / 5}
    assert shares.iloc[-1].to_dict() == {"A": 4 / 5, "B": 4 / 5}
    charged = shifted_geomean(more, refused="unsolved")
    assert charged["B"] == pytest.approx(sgm([*B, LIMIT], 10.0))
    with pytest.raises(BadInput, match="'left out' or 'unsolved'"):
        shifted_geomean(rows, refused="gone")


def test_a_refused_run_is_counted_as_refused_and_nowhere_else():
    line = summary(frame([row("A", "i1", 2.0), refused("A", "i2")])).iloc[0]
    assert (line["runs"], line["refused"], line["proved"], line["failures"]) == (1, 1, 1, 0)
    assert line["sgm10_s"] == pytest.approx(2.0)
    assert line["par10_s"] == 2.0


def test_a_method_that_refuses_everything_has_no_mean():
    line = summary(frame([refused("A", "i1")])).iloc[0]
    assert (line["runs"], line["refused"], line["proved"]) == (0, 1, 0)
    assert math.isnan(line["sgm10_s"])


def test_seeds_are_averaged_inside_an_instance_before_instances():
    seeds = [row("A", "i1", t, seed=s) for s, t in enumerate([1.0, 4.0, 16.0])]
    data = frame([*seeds, row("A", "i2", 9.0)])
    times = per_instance(data, "limit", "method")["A"].droplevel("objective")
    assert times.to_dict() == pytest.approx({"i1": 4.0, "i2": 9.0})
    assert shifted_geomean(data)["A"] == pytest.approx(sgm([4.0, 9.0], 10.0))
    assert shifted_geomean(data)["A"] != pytest.approx(sgm([1.0, 4.0, 16.0, 9.0], 10.0))


def test_one_unsolved_seed_makes_the_instance_unsolved_in_a_profile():
    data = frame([row("A", "i1", 1.0), timeout("A", "i1", seed=1), row("B", "i1", 8.0)])
    assert performance_profile(data).to_dict("list") == {"A": [0.0], "B": [1.0]}


def test_profile_shares_are_those_of_the_ratios(rows):
    shares = performance_profile(rows)
    assert shares.index.name == "tau"
    assert shares.index.tolist() == pytest.approx([1.0, 1.25, 2.0, 4.0])  # the ratios, no grid
    assert shares["A"].tolist() == [0.5, 0.75, 0.75, 0.75]
    assert shares["B"].tolist() == [0.5, 0.5, 0.75, 1.0]


def test_profiles_are_right_continuous(rows):
    shares = performance_profile(rows)
    ratios = {"A": np.array([1.0, 1.25, 1.0, np.inf]), "B": np.array([2.0, 1.0, 4.0, 1.0])}
    for method, values in ratios.items():
        for tau in shares.index:  # at a jump the profile has the value after it
            assert shares.loc[tau, method] == (values <= tau * ROUNDING).mean()


def test_profiles_count_the_instances_that_no_method_solved(rows):
    lost = frame([timeout(m, f"lost{i}") for m in "AB" for i in range(4)])
    shares = performance_profile(pd.concat([rows, lost], ignore_index=True))
    assert shares["A"].tolist() == [0.25, 0.375, 0.375, 0.375]
    assert shares["B"].tolist() == [0.25, 0.25, 0.375, 0.5]


def test_a_profile_where_nothing_is_solved_is_zero():
    shares = performance_profile(frame([timeout("A", "i1"), timeout("B", "i1")]))
    assert shares.to_dict("list") == {"A": [0.0], "B": [0.0]}


def test_objectives_of_one_instance_are_different_problems():
    data = frame([row("A", "i1", 1.0), row("A", "i1", 100.0, objective="parameters")])
    assert len(per_instance(data, "limit", "method")) == 2
    assert shifted_geomean(data)["A"] == pytest.approx(sgm([1.0, 100.0], 10.0))


def test_rows_can_be_compared_by_solver():
    data = frame([row("A", "i1", 1.0, solver="s1"), row("A", "i1", 4.0, solver="s2")])
    assert performance_profile(data, by="solver").loc[1.0].to_dict() == {"s1": 1.0, "s2": 0.0}
    assert shifted_geomean(data, by="solver")["s2"] == pytest.approx(4.0)


def test_the_summary_counts_proved_claimed_timeouts_and_failures_apart():
    data = frame(
        [
            row("A", "i1", 1.0),
            row("A", "i2", 1.0, evidence="claimed"),
            timeout("A", "i3"),
            timeout("A", "i4", termination="memory_limit"),
            row("A", "i5", 1.0, verdict="fail_inconsistent"),
            refused("A", "i6"),
        ]
    )
    line = summary(data).iloc[0]
    expected = {"runs": 5, "proved": 1, "claimed": 1, "timeouts": 2, "failures": 1, "refused": 1}
    assert line[list(expected)].to_dict() == expected
    assert line["sgm10_s"] == pytest.approx(sgm([1.0, 1.0, LIMIT, LIMIT, 10 * LIMIT], 10.0))
    assert line["par10_s"] == pytest.approx((2.0 + 30 * LIMIT) / 5)


def test_best_counts_the_runs_that_reach_the_best_verified_value():
    data = frame([row("A", "i1", 1.0), row("B", "i1", 1.0, primal_bound=4.0), timeout("C", "i1")])
    data.loc[data["method"] == "C", "primal_bound"] = np.nan
    assert summary(data).set_index("method")["best"].to_dict() == {"A": 1, "B": 0, "C": 0}


def test_a_refuted_claim_is_no_lower_bound():
    lie = {"verdict": "fail_dual_bound", "termination": "feasible", "evidence": "claimed"}
    data = frame(
        [
            row("A", "i1", 1.0, dual_bound=2.0, termination="feasible"),
            row("B", "i1", 1.0, dual_bound=2.5, termination="feasible", evidence="claimed"),
            row("C", "i1", 1.0, dual_bound=9.0, **lie),
        ]
    )
    bounds = best_bounds(data).loc[("i1", "neurons")]
    assert bounds.to_dict() == {"best": 3.0, "proved": 2.0, "claimed": 2.5}


@pytest.mark.parametrize(
    ("primal", "dual", "expected"),
    [
        (10.0, 8.0, 0.25),
        (8.0, 8.0, 0.0),
        (0.0, 0.0, 0.0),
        (1.0, 0.0, math.inf),
        (5.0, -1.0, math.inf),
        (math.inf, 3.0, math.inf),
        (-8.0, -10.0, 0.25),
        (None, 3.0, math.inf),
        (3.0, None, math.inf),
    ],
)
def test_the_gap_divides_by_the_smaller(primal, dual, expected):
    assert gap(primal, dual) == pytest.approx(expected)


def test_a_lower_bound_on_a_count_is_rounded_up_less_the_tolerance():
    assert 7 - rounded(6.2, NEURONS) == 0
    assert 7 - rounded(6.0000005, NEURONS) == 1  # rounds to 6: not proved
    assert rounded(6.2, parse_objective("l1")) == 6.2


@pytest.mark.parametrize("bound", [math.inf, -math.inf])
def test_infinite_bounds_stay_what_they_are(bound):
    assert rounded(bound, NEURONS) == bound


def test_a_frame_has_every_column_and_numbers_as_floats():
    data = frame([{"instance": "i1", "primal_bound": 3, "exact": True, "network": {}}])
    assert list(data.columns) == COLUMNS
    assert data["primal_bound"].dtype == float
    assert math.isnan(data["dual_bound"].item())
    assert "network" not in data
    assert len(frame([])) == 0


# Incumbents 10, 8, 7 at 2, 5, 9 s of 20 s, and lower bounds 3 and 7 at 4 and 12 s.
TRACE = [(2.0, 10.0, None), (4.0, 10.0, 3.0), (5.0, 8.0, 3.0), (9.0, 7.0, 3.0), (12.0, 7.0, 7.0)]


def test_the_primal_integral_is_that_of_the_literature():
    assert primal_integral(TRACE, 7, 20) == pytest.approx(3.4)
    assert primal_integral(TRACE, 7, 20) / 20 == pytest.approx(0.17)
    assert primal_integral([], 7, 20) == 20
    assert primal_integral(TRACE, None, 20) == 20


def test_the_dual_and_the_primal_dual_integral():
    assert dual_integral(TRACE, 7, 20) == pytest.approx(4 + 8 * 4 / 7)
    both = 4 * 1 + 1 * 0.7 + 4 * 5 / 8 + 3 * 4 / 7
    assert primal_dual_integral(TRACE, 20) == pytest.approx(both)


def test_what_comes_after_the_horizon_does_not_count():
    for horizon in (0.5, 3.0, 4.5, 12.0, 15.0):
        cut = [entry for entry in TRACE if entry[0] <= horizon]
        assert primal_integral(TRACE, 7, horizon) == primal_integral(cut, 7, horizon)
        assert primal_dual_integral(TRACE, horizon) == primal_dual_integral(cut, horizon)
        assert 0 <= primal_integral(TRACE, 7, horizon) <= horizon


@pytest.mark.parametrize(
    ("a", "b", "apart"), [(10, 8, 0.2), (-8, -10, 0.2), (0, 0, 0), (0, 7, 1), (5, -1, 1), (7, 7, 0)]
)
def test_berthold_gaps(a, b, apart):
    assert distance(a, b) == distance(b, a) == pytest.approx(apart)
    assert distance(a, None) == 1


def test_integrals_of_rows_are_shares_of_the_limit():
    rows = frame(
        [
            row("A", "i1", 12.0, time_limit_s=20.0, trace=TRACE, primal_bound=7.0),
            row("B", "i1", 20.0, time_limit_s=20.0, trace=[(0.0, 7.0, 6.2)], primal_bound=7.0),
            row("C", "i1", 12.0, time_limit_s=20.0, trace=TRACE, verdict="fail_dual_bound"),
            row("D", "i1", 12.0, time_limit_s=20.0),
        ]
    )
    rows.loc[rows["method"] != "A", "primal_bound"] = 7.0
    areas = integrals(rows)
    assert areas.loc[0, "primal_integral"] == pytest.approx(0.17)
    assert list(areas.loc[1]) == [0.0, 0.0, 0.0]  # a bound of 6.2 on a count is one of 7
    assert list(areas.loc[2]) == [1.0, 1.0, 1.0]  # a wrong claim costs everything
    assert areas.loc[3].isna().all()
