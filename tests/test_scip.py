"""SCIP's backend: the optima of HiGHS, honest outcomes, and a reason where it is not installed.

PySCIPOpt is optional: each test that solves is skipped without it.
"""

import importlib.util
import os
import signal
import threading

import pyomo.environ as pyo
import pytest
from programs import INSTANCES, NEURONS, built, hard, knapsack

from milpsparse.answer import Termination
from milpsparse.checker import check
from milpsparse.commands.listing import lines
from milpsparse.execute import execute
from milpsparse.method import Limits
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective
from milpsparse.solvers import highs, scip

PARAMETERS = parse_objective("parameters")
MODELS = ["neuron_big_m", "neuron_mccormick", "pattern_l0"]
LIMIT_S = 60.0


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
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs of shells ignore it
    press.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            scip.solve(program.problem, limits, True)
    finally:
        press.cancel()  # where the solve failed on its own
        signal.signal(signal.SIGINT, before)
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
    assert dict(lines("solvers"))["scip"].endswith(
        f"pyomo; ignores threads; not available: {reason}"
    )
    methods = dict(lines("methods"))
    for rule in MODELS:
        assert methods[f"{rule}@scip"].endswith(f"; not available: {reason}")
        assert "not available" not in methods[f"{rule}@highs"]
    assert parse_method("neuron_big_m@scip").refusal(INSTANCES["one input"], NEURONS) == reason


def test_it_takes_no_cvxpy_models(hidden):
    assert "pattern_l1@scip" not in dict(lines("methods"))
    assert parse_method("neuron_big_m").name == "neuron_big_m@highs"
