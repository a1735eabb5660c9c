"""The committed tables of the test set `small` hold what they must, whichever machine made them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import milpsparse as ms

TABLE = Path(__file__).parent.parent / "results" / "tables" / "small.csv"
COUNTS = ["neurons", "parameters"]


@pytest.fixture(scope="module")
def rows():
    return pd.read_csv(TABLE)


def of(rows, instance, objective):
    return rows[(rows["instance"] == instance) & (rows["objective"] == objective)]


def test_every_instance_of_the_test_set_is_there_with_its_hash(rows):
    for name in ms.testset("small"):
        assert set(rows.loc[rows["instance"] == name, "instance_sha256"]) == {ms.load(name).sha256}
    assert set(rows["instance"]) == set(ms.testset("small"))


def test_no_claim_is_wrong(rows):
    assert list(rows[rows["verdict"].str.startswith("fail")]["fail_reason"]) == []


def test_lower_bounds_are_below_the_networks_of_all_methods(rows):
    for _, part in rows.groupby(["instance", "objective"]):
        best, bound = part["primal_bound"].min(), part["dual_bound"].max()
        assert bound <= best + 1e-6 * max(1.0, abs(best))


def test_counts_are_integers_of_exact_networks(rows):
    found = rows[rows["objective"].isin(COUNTS) & rows["primal_bound"].notna()]
    assert (found["primal_bound"] % 1 == 0).all()
    assert found["exact"].all()
    assert (found["max_residual"] == 0).all()


def test_convex_norms_are_not_above_those_of_heuristics(rows):
    l1 = rows[rows["objective"] == "l1"].groupby("instance")["primal_bound"]
    for name in ms.testset("small"):
        solved = of(rows, name, "l1").query("termination == 'optimal'")["primal_bound"]
        if len(solved):
            assert solved.max() <= l1.min()[name] * (1 + 1e-6)
            assert solved.min() == pytest.approx(solved.max(), rel=1e-6)


def test_peak_plateau_is_proved(rows):
    proved = of(rows, "peak_plateau", "neurons").query(
        "evidence == 'theorem' and primal_bound == 3"
    )
    assert {"neuron_big_m@highs", "pattern_l0@highs"} <= set(proved["method"])
    assert set(
        of(rows, "peak_plateau", "l1").query("termination == 'optimal'")["primal_bound"]
    ) == {4}
    assert len(of(rows, "peak_plateau", "neurons").query("method == 'reweighted_l1[p=0.4]'")) == 1


def test_lee_linderoth_case_1(rows):
    parameters = of(rows, "lee_linderoth_n7_d5_case1_s0", "parameters")
    assert parameters["primal_bound"].min() == 7
    assert set(parameters["generic_bound"].dropna()) == {7}
    norms = of(rows, "lee_linderoth_n7_d5_case1_s0", "l1").query("termination == 'optimal'")
    assert np.allclose(norms["primal_bound"], 2.25349, atol=1e-4)


def test_the_bound_is_active_somewhere(rows):
    assert rows["bound_active"].eq(True).any()


def test_optimal_and_solved_by_the_solver_agree_across_models(rows):
    for _, part in rows[rows["objective"].isin(COUNTS)].groupby(["instance", "objective"]):
        optimal = part[part["termination"] == "optimal"]["primal_bound"]
        assert optimal.nunique() <= 1


def test_theory_proves_every_instance_with_one_input_and_nothing_beats_it():
    rows = pd.read_csv(TABLE.with_name("univariate.csv"))
    assert list(rows[rows["verdict"].str.startswith("fail")]["fail_reason"]) == []
    theory = rows[rows["method"] == "univariate"]
    assert set(theory["instance"]) == set(ms.testset("univariate"))
    assert set(theory["termination"]) == {"optimal"}
    assert set(theory["evidence"]) == {"theorem"}
    least = theory.set_index(["instance", "objective"])["primal_bound"]
    for key, part in rows.groupby(["instance", "objective"]):
        assert part["primal_bound"].min() >= least[key] * (1 - 1e-6)
    beaten = rows[(rows["objective"] == "lp:0.4") & (rows["termination"] != "optimal")]
    assert len(beaten) > 10  # heuristics miss least costs that the theory finds
