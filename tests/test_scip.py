"""SCIP's backend: the optima of HiGHS, honest outcomes, and a reason where it is not installed.

PySCIPOpt is optional: each test that solves is skipped without it.
"""

import importlib.util
import os
import signal
import threading

import pyomo.environ as pyo
import pytest

from milpsparse import generate, registry
from milpsparse.answer import Termination
from milpsparse.checker import check
from milpsparse.construct import best_construction
from milpsparse.execute import execute
from milpsparse.instance import Instance
from milpsparse.listing import lines
from milpsparse.method import Limits
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective
from milpsparse.solvers import highs, scip

NEURONS, PARAMETERS = parse_objective("neurons"), parse_objective("parameters")
MODELS = ["neuron_big_m", "neuron_mccormick", "pattern_l0"]
LIMIT_S = 60.0
INSTANCES = {
    "one input": Instance(
        X=[[0.0], [1.0], [2.0], [3.0]], y=[0.0, 1.0, 0.0, -1.0], bound=2.0, skip=False
    ),
    "two inputs": Instance(X=[[0.0, 0.0], [1.0, 0.5], [0.5, -1.0]], y=[0.0, 1.5, -0.5], bound=4.0),
    "a skip connection": Instance(
        X=[[0.0], [1.0], [2.0], [4.0]], y=[1.0, 0.0, 2.0, 1.0], bound=8.0, skip=True
    ),
}


@pytest.fixture(autouse=True)
def installed(request):
    """Skip where PySCIPOpt is missing, save for the tests of that case."""
    if "hidden" not in request.fixturenames:
        pytest.importorskip("pyscipopt")


@pytest.fixture
def hidden(monkeypatch):
    """A machine without PySCIPOpt."""
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pyscipopt" else real(name)
    )


def built(instance, objective=NEURONS, rule="neuron_big_m", **options):
    """A model around a construction, and that construction."""
    network, model = best_construction(instance, objective), registry.load("models", rule)
    defaults = {key: option.default for key, option in model.options.items()}
    return model.build(instance, objective, network, **{**defaults, **options}), network


def knapsack(capacity=11.5):
    """Binaries, an equation, a row with two sides, infinite bounds, an offset and a fixed column.

    min sum x + y - w + 7 with sum (i + 2) x_i - y = capacity, 1 <= w + y + f <= 5, f = 1, w <= 3.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(6), within=pyo.Binary)
    m.y = pyo.Var(bounds=(0.25, None))
    m.w = pyo.Var(bounds=(None, 3))
    m.f = pyo.Var(within=pyo.Binary)
    m.f.fix(1)
    m.fill = pyo.Constraint(expr=sum((i + 2) * m.x[i] for i in m.x) - m.y == capacity)
    m.both = pyo.Constraint(expr=(1, m.w + m.y + m.f, 5))
    m.cost = pyo.Objective(expr=sum(m.x.values()) + m.y - m.w + 7)
    return m


def hard():
    """A program that takes SCIP minutes, with its start."""
    instance = generate("uniform", 0, N=30, d=3).replace(bound=64.0)
    program, network = built(instance)
    program.start(network)
    return program, instance.value(network, NEURONS)


@pytest.mark.parametrize("objective", [NEURONS, PARAMETERS], ids=str)
@pytest.mark.parametrize("rule", MODELS)
@pytest.mark.parametrize("instance", INSTANCES.values(), ids=INSTANCES)
def test_it_finds_the_optimum_that_highs_finds(instance, rule, objective):
    found = {}
    for solver in ("highs", "scip"):
        method = parse_method(f"{rule}[slots=3]@{solver}" if "mc" in rule else f"{rule}@{solver}")
        answer = execute(method, instance, objective, Limits(time_limit_s=LIMIT_S))
        verdict = check(instance, answer)
        assert not verdict.failed, (solver, verdict.fail_reason)
        assert answer.solver == solver
        found[solver] = (verdict.primal_bound, verdict.dual_bound, verdict.termination)
    assert found["scip"] == pytest.approx(found["highs"])


def test_a_program_with_every_kind_of_row_and_bound():
    models = {scip: knapsack(), highs: knapsack()}
    outcomes = {s: s.solve(m, Limits(time_limit_s=LIMIT_S), False) for s, m in models.items()}
    said = outcomes[scip]
    assert said.termination == Termination.OPTIMAL
    assert (said.raw_status, said.has_solution) == ("optimal", True)
    assert said.primal_bound == pytest.approx(6.5)
    assert said.dual_bound == pytest.approx(6.5)
    assert said.node_count >= 1
    for name in ("n_rows", "n_cols", "n_binaries", "n_nonzeros"):
        assert getattr(said, name) == getattr(outcomes[highs], name)
    assert pyo.value(models[scip].cost) == pytest.approx(6.5)
    assert models[scip].w.value == pytest.approx(3)


def test_a_linear_program_has_no_nodes():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None))
    m.row = pyo.Constraint(expr=2 * m.x >= 3)
    m.cost = pyo.Objective(expr=m.x)
    said = scip.solve(m, Limits(), False)
    assert (said.termination, said.node_count, m.x.value) == (Termination.OPTIMAL, None, 1.5)


def test_an_infeasible_program_leaves_the_variables_alone():
    m = knapsack(capacity=50)
    said = scip.solve(m, Limits(), False)
    assert (said.termination, said.raw_status) == (Termination.INFEASIBLE, "infeasible")
    assert (said.has_solution, said.primal_bound, said.dual_bound) == (False, None, None)
    assert m.y.value is None


def test_one_slot_less_than_needed_is_a_bound():
    instance = INSTANCES["one input"]
    limits = Limits(time_limit_s=LIMIT_S)
    best = check(instance, execute(parse_method("pattern_l0@scip"), instance, NEURONS, limits))
    method = parse_method(f"neuron_big_m[slots={int(best.primal_bound) - 1}]@scip")
    answer = execute(method, instance, NEURONS, Limits(time_limit_s=LIMIT_S))
    assert answer.network is None
    assert answer.claimed_dual_bound == best.primal_bound
    assert not check(instance, answer).failed


def test_out_of_time_it_returns_its_start_and_its_bound():
    program, value = hard()
    said = scip.solve(program.problem, Limits(time_limit_s=1.0), True)
    assert (said.termination, said.raw_status) == (Termination.TIME_LIMIT, "timelimit")
    assert said.has_solution
    assert said.primal_bound <= value + 1e-6
    assert said.dual_bound is None or said.dual_bound <= said.primal_bound


def test_without_time_the_start_makes_the_difference():
    for mip_start in (True, False):
        program, value = hard()
        said = scip.solve(program.problem, Limits(time_limit_s=0.01), mip_start)
        assert said.termination == Termination.TIME_LIMIT
        assert said.has_solution == mip_start
        assert said.primal_bound == (pytest.approx(value) if mip_start else None)


@pytest.mark.parametrize("given", [0, 4])  # 0: no start
def test_a_start_with_values_missing_is_completed(tmp_path, given):
    m, log = knapsack(), tmp_path / "scip.log"
    for i in range(given):
        m.x[i].set_value(i % 2)
    said = scip.solve(m, Limits(log_file=str(log)), True)
    assert said.primal_bound == pytest.approx(6.5)
    assert ("completesol" in log.read_text()) == (given > 0)


def test_a_start_that_breaks_a_row_is_no_solution():
    m = knapsack(capacity=50)
    for x in [*m.x.values(), m.y, m.w]:
        x.set_value(1.0)
    assert not scip.solve(m, Limits(), True).has_solution


def test_limits_become_parameters():
    limits = Limits(time_limit_s=LIMIT_S, seed=7, rel_gap=0.5)
    given = scip.parameters(limits)
    assert 0 < given["limits/time"] <= LIMIT_S
    assert (given["randomization/randomseedshift"], given["limits/gap"]) == (7, 0.5)
    assert given["numerics/feastol"] == 1e-9


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_a_seed_repeats_the_search_and_keeps_the_optimum(seed):
    said = []
    for _ in range(2):
        program, _ = built(INSTANCES["two inputs"])
        said.append(scip.solve(program.problem, Limits(time_limit_s=LIMIT_S, seed=seed), False))
    assert said[0] == said[1]
    program, _ = built(INSTANCES["two inputs"])
    best = highs.solve(program.problem, Limits(time_limit_s=LIMIT_S), False)
    assert said[0].primal_bound == pytest.approx(best.primal_bound)


def test_a_wide_gap_ends_the_search_without_a_claim_of_optimality():
    program, value = hard()
    said = scip.solve(program.problem, Limits(time_limit_s=LIMIT_S, rel_gap=1e9), True)
    assert (said.termination, said.raw_status) == (Termination.FEASIBLE, "gaplimit")
    assert said.primal_bound <= value + 1e-6


def test_it_writes_to_the_log_file_and_nowhere_else(tmp_path, capfd):
    m = knapsack()
    m.x[0].set_value(1)  # so little of a start that SCIP warns
    scip.solve(m, Limits(), True)
    assert list(tmp_path.iterdir()) == []
    log = tmp_path / "scip.log"
    scip.solve(knapsack(), Limits(log_file=str(log)), False)
    assert "presolving" in log.read_text()
    assert capfd.readouterr() == ("", "")


def test_ctrl_c_stops_it_and_reaches_the_caller(tmp_path):
    (program, _), log = hard(), tmp_path / "scip.log"
    limits = Limits(time_limit_s=LIMIT_S, log_file=str(log))
    press = threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT))
    press.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            scip.solve(program.problem, limits, True)
    finally:
        press.cancel()  # where the solve failed on its own
    assert "user interrupt" in log.read_text()


def test_its_version_is_that_of_scip_and_that_of_its_package():
    from importlib.metadata import version

    text = scip.SOLVER.version()
    assert text.endswith(f" (pyscipopt {version('pyscipopt')})")
    assert text.split(" ")[0].count(".") == 2
    assert f"version {text}" in dict(lines("solvers"))["scip"]


def test_where_it_is_not_installed_it_is_listed_with_the_reason(hidden):
    reason = "pyscipopt is not installed: pip install 'milpsparse[scip]'"
    assert scip.SOLVER.missing() == reason
    assert dict(lines("solvers"))["scip"].endswith(f"pyomo; not available: {reason}")
    methods = dict(lines("methods"))
    for rule in MODELS:
        assert methods[f"{rule}@scip"].endswith(f"; not available: {reason}")
        assert "not available" not in methods[f"{rule}@highs"]
    assert parse_method("neuron_big_m@scip").refusal(INSTANCES["one input"], NEURONS) == reason


def test_it_takes_no_cvxpy_models(hidden):
    assert "pattern_l1@scip" not in dict(lines("methods"))
    assert parse_method("neuron_big_m").name == "neuron_big_m@highs"
