"""Methods get the instance in another order; what they answer is about the instance as given."""

from __future__ import annotations

import numpy as np
import pytest

from milpsparse import checker
from milpsparse.execute import execute
from milpsparse.family import generate
from milpsparse.harness import run as running
from milpsparse.harness.task import Task, plan
from milpsparse.instance import Instance
from milpsparse.method import Limits
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective
from milpsparse.permuted import order, permuted, restored


@pytest.fixture
def planted():
    return generate("planted", 1, N=12, d=2, K=2)


def test_the_first_order_is_the_given_one(planted):
    rows, inputs = order(planted, 0)
    assert (rows.tolist(), inputs.tolist()) == (list(range(12)), [0, 1])
    assert permuted(planted, order(planted, 0)).sha256 == planted.sha256


def test_orders_differ_and_are_the_same_each_time(planted):
    hashes = [permuted(planted, order(planted, perm)).sha256 for perm in range(8)]
    assert len(set(hashes)) == 8
    assert hashes == [permuted(planted, order(planted, perm)).sha256 for perm in range(8)]


def test_a_permuted_instance_has_the_same_points_and_rules():
    text = Instance(X=[["0.1", 1], ["1/3", 2], [3, "0.7"]], y=["0.1", 2, 3], bound=4.0, skip=True)
    other = permuted(text, order(text, 3))
    rows, inputs = order(text, 3)
    assert other.X_exact.tolist() == text.X_exact[rows][:, inputs].tolist()
    assert other.y_exact.tolist() == text.y_exact[rows].tolist()
    assert (other.bound, other.skip, other.count_bias) == (4.0, True, False)


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("count_bias", [False, True])
def test_networks_and_proofs_hold_for_the_instance_as_given(skip, count_bias):
    """Proofs of parameters name inputs in their trees: columns and atoms are translated."""
    instance = generate("planted", 1, N=8, d=2, K=2).replace(
        skip=skip, count_bias=count_bias, bound=8.0
    )
    method, goal = parse_method("activation_search"), parse_objective("parameters")
    values = set()
    assert order(instance, 1)[1].tolist() == [1, 0]
    for perm in (1, 2):
        places = order(instance, perm)
        answer = execute(method, permuted(instance, places), goal, Limits(time_limit_s=60.0))
        verdict = checker.check(instance, restored(answer, instance, places))
        assert (verdict.verdict, verdict.evidence, verdict.exact) == ("ok", "proof", True)
        values.add(verdict.primal_bound)
        assert checker.check(instance, answer).failed  # what is not translated does not hold
    assert len(values) == 1


def test_a_network_is_the_same_function_of_the_inputs_in_their_order(planted):
    rng = np.random.default_rng(0)
    places = order(planted, 1)
    assert places[1].tolist() == [1, 0]
    goal = parse_objective("neurons")
    answer = execute(parse_method("coordinate_start"), permuted(planted, places), goal, Limits())
    back = restored(answer, planted, places)
    X = rng.normal(size=(5, 2))
    assert back.network(X) == pytest.approx(answer.network(X[:, places[1]]))
    assert back.network.exact(planted.X_exact).tolist() == planted.y_exact.tolist()


def test_permutations_are_tasks_of_their_own(tmp_path):
    (tmp_path / "two.test").write_text("peak_plateau\nplanted_n8_d1_k2_s0\n")
    methods = ["univariate", "coordinate_start"]
    tasks = plan(str(tmp_path / "two.test"), methods, ["neurons"], (0, 1), (0, 5))
    assert [(t.seed, t.perm) for t in tasks[:4]] == [(0, 0), (0, 5), (1, 0), (1, 5)]
    assert len({t.key for t in tasks}) == len(tasks) == 16
    rows = list(running.run(tasks[:8], tmp_path, testset="two"))
    assert [row["perm"] for row in rows] == [0, 5] * 4
    assert {row["verdict"] for row in rows} == {"ok"}
    assert {row["primal_bound"] for row in rows if row["method"] == "univariate"} == {3}


def test_a_model_gives_the_same_value_in_every_order(planted):
    method, goal = parse_method("neuron_big_m@highs"), parse_objective("neurons")
    found = set()
    for perm in (0, 1):
        places = order(planted, perm)
        answer = execute(method, permuted(planted, places), goal, Limits(time_limit_s=60.0))
        verdict = checker.check(planted, restored(answer, planted, places))
        found.add((verdict.verdict, verdict.primal_bound, verdict.dual_bound))
    assert len(found) == 1
    assert Task(instance=planted, objective=goal, method=method).perm == 0
