"""Audits: what touches its big-M, what doubling B does, and the strength of a relaxation."""

import json

import numpy as np
import pytest

from milpsparse import load, registry, solve
from milpsparse.audit import audit, big_m_rows, changes, look
from milpsparse.errors import BadInput, UnknownName, Unsupported
from milpsparse.extreme.vertices import vertices
from milpsparse.formulation import formulate
from milpsparse.instance import Instance
from milpsparse.method import Limits
from milpsparse.naming import parse_method
from milpsparse.network import Network
from milpsparse.objective import parse_objective

NEURONS = parse_objective("neurons")
LIMITS = Limits(time_limit_s=30.0)
# relu(x + 1) = 2 at x = 1 is the most that one neuron gives with B = 1: y = 3 takes two.
ONE = Instance(X=[[1.0]], y=[3.0], bound=1.0, name="one")
SLOTTED = ["neuron_mccormick[slots=3]", "neuron_big_m", "neuron_gdp", "neuron_hull_cuts"]


@pytest.mark.parametrize("name", ["neuron_mccormick[slots=3]", "neuron_big_m", "pattern_l0"])
def test_doubling_a_bound_that_binds_changes_the_optimum(name):
    found = audit(name, ONE, NEURONS, LIMITS)
    assert found.verdict.primal_bound == 2
    assert found.doubled.primal_bound == 1
    assert found.changes is True


def test_doubling_a_loose_bound_changes_nothing():
    loose = Instance(X=[[0.0], [1.0], [2.0]], y=[0.0, 1.0, 0.0], bound=8.0)
    found = audit("neuron_big_m", loose, NEURONS, LIMITS)
    assert found.verdict.primal_bound == found.doubled.primal_bound == 2
    assert found.changes is False
    assert found.facts["rows_at_big_m"] == 0


def test_bounds_that_overlap_leave_it_open():
    assert changes(4, 2, 3, 2, NEURONS) is None
    assert changes(None, 2, None, 2, NEURONS) is None
    assert changes(4, 2.2, 2, 1, NEURONS) is True  # a count above 2.2 is at least 3
    assert changes(3, 1, 3, 2.2, NEURONS) is False


@pytest.mark.parametrize("name", SLOTTED)
def test_entries_and_activations_at_their_big_m_are_counted(name):
    """Neurons (1, 1), with both entries and the pre-activation at their bounds, and (0.5, 0.5)."""
    stated = formulate(name, ONE, NEURONS, LIMITS)
    network = Network(np.array([1, 1]), np.array([[1.0], [0.5]]), np.array([1.0, 0.5]))
    facts = look(stated, network, LIMITS)
    assert facts["entries_at_big_m"] == 2
    # McCormick bounds the output as well as the pre-activation by M, and GDP's rows are two each
    assert facts["rows_at_big_m"] >= 1
    inside = Network(np.array([1, 1]), np.array([[0.75], [0.75]]), np.array([0.75, 0.75]))
    facts = look(stated, inside, LIMITS)
    assert (facts["entries_at_big_m"], facts["rows_at_big_m"]) == (0, 0)
    assert facts["entries"] > 0
    assert facts["big_m_rows"] > 0


def test_copies_of_a_block_share_its_bound():
    stated = formulate("pattern_l0", ONE, NEURONS, LIMITS)
    full = Network(np.array([1, 1]), np.array([[1.0], [1.0]]), np.array([0.5, 0.5]))
    facts = look(stated, full, LIMITS)
    assert (facts["entries_at_big_m"], facts["big_m_rows"]) == (1, 0)  # w = 2 is two copies of B


@pytest.mark.parametrize("name", ["neuron_indicator", "neuron_sos1"])
def test_models_without_big_m_have_no_such_rows(name):
    wide = ONE.replace(bound=None)
    facts = look(formulate(name, wide, NEURONS, LIMITS, "none"), None, LIMITS)
    assert facts["entries"] == facts["big_m_rows"] == 0
    assert facts["n_indicators"] + facts["n_sos1"] > 0


def test_all_big_m_rows_of_the_sign_split_model_are_found():
    instance = load("uniform_n5_d2_s0")
    stated = formulate("neuron_big_m[slots=2]", instance, NEURONS, LIMITS)
    names = np.array(stated.compiled.row_names())
    rows, big_m = big_m_rows(stated.compiled)
    found = {name.partition("[")[0] for name in names[rows]}
    assert found == {"on", "off", "upper", "lower"}
    assert len(rows) == 4 * (2 * 5 + 2 * 3)
    reach = instance.bound * (abs(instance.X).sum(axis=1) + 1)
    assert set(np.round(big_m, 9)) == {*np.round(reach, 9), instance.bound}


@pytest.mark.parametrize("name", registry.names("models"))
def test_the_relaxation_is_below_the_optimum(name):
    model = registry.load("models", name)
    instance = load("uniform_n4_d1_s0")
    goals = map(parse_objective, ("neurons", "l1", "lp:0.5"))
    goal = next((goal for goal in goals if goal.kind in model.objectives), None)
    if "cones" in model.needs or name == "neuron_fixed_width":
        pytest.skip("no linear relaxation of the objective")
    facts = look(formulate(name, instance, goal, LIMITS), None, LIMITS)
    if goal.kind == "lp":
        best = min(instance.value(vertex, goal) for vertex in vertices(instance))
    else:
        method = {"neurons": "pattern_l0", "l1": "pattern_l1"}[goal.kind]
        solved = solve(instance, str(goal), method)
        assert solved.termination == "optimal"
        best = solved.primal_bound
    assert facts["lp_root_bound"] <= best + 1e-6
    p = formulate(name, instance, goal, LIMITS).compiled
    assert (facts["n_rows"], facts["n_cols"]) == p.A.shape
    assert facts["n_nonzeros"] == p.A.nnz
    entries = abs(p.A.data[p.A.data != 0])
    assert facts["coefficient_max"] == entries.max()
    assert facts["coefficient_min"] == entries.min()


def test_what_cannot_be_audited_is_refused():
    for name, error in (
        ("univariate", BadInput),
        ("neuron_bigm", UnknownName),
        ("neuron_fixed_width", Unsupported),
    ):
        with pytest.raises(error):
            audit(name, ONE, NEURONS, LIMITS)


def test_the_command(call, refused):
    words = ("audit", "uniform_n4_d1_s0", "--model", "neuron_big_m")
    code, out, _ = call(*words, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["doubling_changes_optimum"] in (True, False, None)
    assert found["doubled_bound"] == 2 * found["bound"]
    assert found["lp_root_bound"] <= found["primal_bound"] == found["dual_bound"]
    code, out, _ = call(*words)
    heads = [line.split()[0] for line in out.splitlines()]
    assert code == 0
    assert heads[1:] == ["neurons", "at", "2", "LP", "size", "numbers"]
    assert "needs a finite bound" in refused(*words, "--bound", "none")
    assert "algorithm" in refused("audit", "peak_plateau", "--model", "auto")
    assert "positive" in refused(*words, "--time-limit", "0")
    assert "no instance" in refused("audit", "nowhere", "--model", "neuron_big_m")


def test_a_start_may_be_declined():
    """The published model as published: no construction is made for it, none is started from."""
    method = parse_method("neuron_mccormick[start=none]")
    huge = Instance(X=[[0.0], [1e-9], [1.0]], y=[0.0, 1.0, -1.0], bound=1.0)
    stated = formulate(method.name, huge, NEURONS, LIMITS)
    assert all(v.value is None for v in stated.compiled.variables)
    with pytest.raises(Unsupported, match="needs"):
        formulate("neuron_mccormick", huge, NEURONS, LIMITS)
