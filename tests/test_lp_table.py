"""The committed comparison of lp norms holds what it must, whichever machine made it."""

from pathlib import Path

import pandas as pd
import pytest

import milpsparse as ms

TABLE = Path(__file__).parent.parent / "results" / "tables" / "lp.csv"
CLOSE = 1 + 1e-6


@pytest.fixture(scope="module")
def rows():
    found = pd.read_csv(TABLE)
    return found[found["value"].notna()]


def test_all_instances_of_the_test_set_are_there(rows):
    assert set(rows["instance"]) == set(ms.testset("lp"))


def test_no_value_is_below_a_proved_lower_bound(rows):
    bound = rows.groupby(["instance", "p"])["bound"].transform("max").fillna(0.0)
    assert (rows["value"] * CLOSE >= bound).all()


def test_no_network_within_the_bound_has_fewer_parameters_than_are_proved(rows):
    known = rows[rows["proved_fewest"] & rows["fits"]]
    assert (known["parameters"] >= known["fewest"]).all()
    assert (known["sparsest"] == (known["parameters"] == known["fewest"])).all()


def test_global_minimisers_are_no_worse_than_what_other_methods_find(rows):
    optimal = rows[rows["optimal"]].set_index(["instance", "p"])["value"]
    others = rows.join(optimal.rename("minimum"), on=["instance", "p"], how="inner")
    assert (others["minimum"] <= others["value"] * CLOSE).all()


def test_many_starts_end_no_higher_than_their_first(rows):
    at = rows.pivot_table(index=["instance", "p"], columns="method", values="value")
    many, first = at["reweighted l1, many starts"], at["reweighted l1, chartrand_yin"]
    assert (many <= first * CLOSE).all()
