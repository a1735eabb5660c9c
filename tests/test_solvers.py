"""Every backend of integer programs: known optima, limits, starts, options, the anytime record.

A backend that is not installed is skipped with the reason that `milpsparse list solvers` gives.
"""

import importlib.util
import re
import shutil
import sys
from dataclasses import fields, replace

import numpy as np
import pyomo.environ as pyo
import pytest
from programs import INSTANCES, NEURONS, built, knapsack, staffing

import milpsparse as ms
from milpsparse import registry
from milpsparse.answer import Termination
from milpsparse.anytime import STEP, Recorder, trace_of
from milpsparse.checker import check
from milpsparse.commands.listing import lines
from milpsparse.compiled import compile_model
from milpsparse.errors import BadInput, NotAvailable, Unsupported
from milpsparse.execute import execute
from milpsparse.formats.mps import to_mps
from milpsparse.harness.run import run
from milpsparse.harness.task import Task, plan
from milpsparse.method import NEUTRAL, SETTINGS, Limits, Solver, options_of
from milpsparse.naming import parse_method
from milpsparse.solvers import _executable, cbc, glpk
from milpsparse.solvers._options import native_options

NAMES = registry.names("solvers")
MIP = [name for name in NAMES if "pyomo" in registry.load("solvers", name).frameworks]
MIXED = [name for name in MIP if name != "cp_sat"]  # those that take continuous columns too
QUICK = [name for name in MIXED if name != "ortools_scip"]  # which takes seconds to start
CONVEX = [name for name in NAMES if "cvxpy" in registry.load("solvers", name).frameworks]
TRACING = ["highs", "scip", "cbc", "glpk", "gurobi"]  # that tell their bounds while they run
LIMIT_S = 60.0
NATIVE = {  # an option of its own, its value, a value that it refuses
    "highs": ("mip_heuristic_effort", 0.5, "7"),
    "scip": ("limits/nodes", 1000, "-2"),
    "cbc": ("cuts", "off", "perhaps"),
    "glpk": ("mipgap", 0.5, "wide"),
    "gurobi": ("Cuts", 0, "99"),
    "cp_sat": ("linearization_level", 2, "x"),
    "clarabel": ("max_iter", 50, "x"),
    "scs": ("eps_abs", 1e-6, "x"),
    "ortools_scip": ("limits/nodes", "1000", "x"),
    "pdlp": ("termination_check_frequency", "32", "x"),
}


def backend(name):
    """The backend, if it is installed."""
    solver = registry.load("solvers", name)
    if reason := solver.missing():
        pytest.skip(reason)
    return solver


def middling():
    """A model that no solver ends in a second, with its start and the start's value."""
    instance = ms.generate("uniform", 0, N=14, d=2).replace(bound=16.0)
    program, network = built(instance)
    program.start(network)
    return program.problem, instance.value(network, NEURONS)


# --- known answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", MIXED)
def test_a_program_with_every_kind_of_row_and_bound(name):
    solver, m = backend(name), knapsack()
    said = solver.solve(m, Limits(time_limit_s=LIMIT_S), False)
    assert (said.termination, said.has_solution) == (Termination.OPTIMAL, True)
    assert (said.primal_bound, said.dual_bound) == (pytest.approx(6.5), pytest.approx(6.5))
    assert (said.n_rows, said.n_cols, said.n_binaries, said.n_nonzeros) == (3, 8, 6, 11)
    assert pyo.value(m.cost) == pytest.approx(6.5)
    assert m.w.value == pytest.approx(3)
    assert m.fill.body() == pytest.approx(11.5, abs=1e-9)


@pytest.mark.parametrize("name", MIP)
def test_a_program_of_integers(name):
    solver, m = backend(name), staffing()
    said = solver.solve(m, Limits(time_limit_s=LIMIT_S), False)
    assert said.termination == Termination.OPTIMAL
    assert (said.primal_bound, said.dual_bound) == (pytest.approx(8), pytest.approx(8))
    assert pyo.value(m.cost) == pytest.approx(8)
    assert said.trace[-1][1:] == (said.primal_bound, pytest.approx(said.dual_bound))


@pytest.mark.parametrize("name", [*QUICK, "cp_sat"])
def test_an_infeasible_program_leaves_the_variables_alone(name):
    solver, m = backend(name), staffing(capacity=50)
    said = solver.solve(m, Limits(time_limit_s=LIMIT_S), False)
    assert (said.termination, said.has_solution) == (Termination.INFEASIBLE, False)
    assert said.primal_bound is None
    assert m.y.value is None


@pytest.mark.parametrize("name", QUICK)
def test_a_linear_program_and_one_that_is_empty(name):
    solver, m = backend(name), pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None))
    m.row = pyo.Constraint(expr=3 * m.x >= 1)
    m.cost = pyo.Objective(expr=m.x)
    said = solver.solve(m, Limits(time_limit_s=LIMIT_S), False)
    assert (said.termination, said.dual_bound) == (Termination.OPTIMAL, pytest.approx(1 / 3))
    assert m.x.value == pytest.approx(1 / 3, rel=1e-12)  # all digits come back
    m.none = pyo.Constraint(expr=m.x <= 0.25)
    said = solver.solve(m, Limits(time_limit_s=LIMIT_S), False)
    assert (said.termination, said.has_solution) == (Termination.INFEASIBLE, False)


@pytest.mark.parametrize("name", QUICK)
def test_an_unbounded_program_is_no_claim(name):
    solver, m = backend(name), pyo.ConcreteModel()
    m.x = pyo.Var(within=pyo.Integers)
    m.row = pyo.Constraint(expr=m.x <= 4)
    m.cost = pyo.Objective(expr=m.x)
    said = solver.solve(m, Limits(time_limit_s=LIMIT_S), False)
    assert said.termination not in (Termination.OPTIMAL, Termination.INFEASIBLE)
    assert said.dual_bound is None


@pytest.mark.parametrize("name", QUICK)
def test_models_have_the_same_optimum_by_every_solver(name):
    backend(name)
    instance = INSTANCES["one input"]
    for objective, best in (("neurons", 2), ("parameters", 3)):
        solution = ms.solve(instance, objective, f"neuron_big_m@{name}", time_limit_s=LIMIT_S)
        assert solution.verdict.exact, solution.verdict.fail_reason
        assert solution.termination == "optimal"
        assert (solution.primal_bound, solution.answer.claimed_dual_bound) == (
            best,
            pytest.approx(best),
        )


# --- limits and starts ------------------------------------------------------------------------


@pytest.mark.parametrize("name", MIXED)
def test_out_of_time_it_keeps_what_it_has(name):
    solver, (problem, value) = backend(name), middling()
    said = solver.solve(problem, Limits(time_limit_s=1.0), True)
    assert said.termination == Termination.TIME_LIMIT
    if "mip_start" in solver.obeys:
        assert said.has_solution
    assert said.has_solution == (said.primal_bound is not None)
    if said.has_solution:
        assert said.primal_bound <= value + 1e-6
        assert said.dual_bound is None or said.dual_bound <= said.primal_bound + 1e-6


@pytest.mark.parametrize("gap", ["rel_gap", "abs_gap"])
@pytest.mark.parametrize("name", MIXED)
def test_a_wide_gap_ends_the_search_without_a_claim_of_optimality(name, gap):
    solver = backend(name)
    if gap not in solver.obeys or name == "glpk" or (name, gap) == ("ortools_scip", "abs_gap"):
        pytest.skip(f"{name} takes no start that a gap could end with, or no {gap}")
    problem, value = middling()
    said = solver.solve(problem, Limits(time_limit_s=LIMIT_S, **{gap: 1e9}), True)
    assert said.has_solution
    assert said.primal_bound <= value + 1e-6
    assert said.termination != Termination.TIME_LIMIT
    assert said.dual_bound is None or said.dual_bound < said.primal_bound - 0.5


def test_a_wide_gap_ends_glpk_at_its_first_solution():
    solver = backend("glpk")
    program, _ = built(ms.generate("uniform", 0, N=6, d=2).replace(bound=16.0))
    said = solver.solve(program.problem, Limits(time_limit_s=LIMIT_S, rel_gap=1e9), False)
    assert (said.termination, said.has_solution) == (Termination.FEASIBLE, True)
    assert said.dual_bound < said.primal_bound - 0.5


@pytest.mark.parametrize("name", QUICK)
def test_without_presolve_the_optimum_is_the_same(name):
    m = knapsack()
    said = backend(name).solve(m, Limits(time_limit_s=LIMIT_S, presolve=False), False)
    assert (said.termination, said.primal_bound) == (Termination.OPTIMAL, pytest.approx(6.5))


@pytest.mark.parametrize("name", QUICK)
def test_the_number_of_threads_may_change(name):
    for threads in (1, 2, 1):
        said = backend(name).solve(knapsack(), Limits(threads=threads), False)
        assert (said.termination, said.primal_bound) == (Termination.OPTIMAL, pytest.approx(6.5))


@pytest.mark.parametrize("name", ["highs", "scip", "cbc", "gurobi"])
def test_a_seed_repeats_the_search(name):
    solver, said = backend(name), []
    for _ in range(2):
        program, _ = built(INSTANCES["two inputs"])
        limits = Limits(time_limit_s=LIMIT_S, seed=2**31 - 1)
        said.append(solver.solve(program.problem, limits, False))
    assert said[0] == said[1]


@pytest.mark.parametrize("name", QUICK)
def test_the_log_goes_to_its_file_and_nowhere_else(name, tmp_path, capfd):
    solver, log = backend(name), tmp_path / "solver.log"
    solver.solve(knapsack(), Limits(time_limit_s=LIMIT_S), False)
    assert list(tmp_path.iterdir()) == []
    solver.solve(knapsack(), Limits(time_limit_s=LIMIT_S, log_file=str(log)), False)
    assert len(log.read_text()) > 100
    assert capfd.readouterr() == ("", "")


def test_a_method_without_its_start_gives_the_solver_none():
    program = parse_method("neuron_big_m@highs[mip_start=off,rel_gap=0.5]")
    limits = program.limits(Limits(time_limit_s=5.0, seed=3))
    assert (limits.mip_start, limits.rel_gap, limits.seed) == (False, 0.5, 3)
    answer = execute(
        parse_method("neuron_big_m@highs[mip_start=off,mip_max_nodes=0,presolve=off]"),
        ms.generate("uniform", 0, N=14, d=2).replace(bound=16.0), NEURONS, Limits(),
    )  # fmt: skip
    assert answer.network is None


# --- options ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_each_neutral_option_is_obeyed_or_owned_up_to(name):
    solver = registry.load("solvers", name)
    module = sys.modules[solver.solve.__module__]
    by_hand = {"mip_start", "log_file", "memory_limit_mb"}
    assert solver.obeys <= set(NEUTRAL)
    assert module.TABLE.keys() <= solver.obeys <= module.TABLE.keys() | by_hand
    assert sorted([*solver.obeys, *solver.ignores]) == sorted(NEUTRAL)
    values = {"memory_limit_mb": 100, "abs_gap": 0.5, "presolve": False, "log_file": "log"}
    native = native_options(module.TABLE, Limits(**values, native={"time_limit": 7}))
    assert native["time_limit"] == 7
    assert len(native) >= len(module.TABLE)
    assert (
        f"ignores {', '.join(solver.ignores)}" in dict(lines("solvers"))[name] or not solver.ignores
    )


def test_neutral_options_are_fields_of_limits():
    assert {*NEUTRAL, "native", "started"} == {f.name for f in fields(Limits)}


@pytest.mark.parametrize("name", NATIVE)
def test_native_options_pass_by_their_name(name):
    backend(name)
    option, value, refused = NATIVE[name]
    rule = "neuron_big_m" if name in MIP else "pattern_l1"
    method = parse_method(f"{rule}@{name}[ {option} = {value} ]")
    assert method.settings == {option: value}
    assert method.name == f"{rule}@{name}[{option}={value}]"
    assert parse_method(method.name) == method
    assert method.limits(Limits()).native == {option: value}
    for wrong in (f"no_such_option={value}", f"{option}={refused}", option):
        with pytest.raises(BadInput, match=name):
            parse_method(f"{rule}@{name}[{wrong}]")
    if name != "cp_sat":
        said = ms.solve(INSTANCES["one input"], "l1" if rule == "pattern_l1" else "neurons",
                        method.name, time_limit_s=LIMIT_S)  # fmt: skip
        assert said.verdict.verified


def test_settings_are_part_of_the_task_key_and_of_its_row():
    tasks = [
        Task(instance=INSTANCES["one input"], objective=NEURONS, method=parse_method(text))
        for text in ("neuron_big_m@highs", "neuron_big_m@highs[presolve=off]",
                     "neuron_big_m@highs[mip_max_nodes=5]", "neuron_big_m@highs[presolve=false]")
    ]  # fmt: skip
    keys = [task.key for task in tasks]
    assert len(set(keys)) == 3
    assert keys[1] == keys[3]
    assert tasks[2].columns()["options"]["mip_max_nodes"] == 5
    assert tasks[2].columns()["solver"] == "highs"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("neuron_big_m@highs[time_limit_s=3]", "belongs to the task"),
        ("neuron_big_m@glpk[abs_gap=3]", "is beyond it.*takes rel_gap, presolve"),
        ("neuron_big_m@highs[rel_gap=-1]", "at least 0"),
        ("neuron_big_m@highs[presolve=choose]", "true or false"),
        ("univariate@highs[presolve=on]", "takes no solver"),
    ],
)
def test_settings_that_make_no_sense_are_refused(text, words):
    with pytest.raises(BadInput, match=words):
        parse_method(text)


def test_a_backend_takes_no_options_unless_it_says_so():
    bare = Solver(summary="", frameworks=frozenset(), solve=None, version=lambda: "1")
    assert bare.ignores == [name for name in NEUTRAL if name != "time_limit_s"]
    with pytest.raises(BadInput, match="no options of its own"):
        bare.native("a", "1")


def test_only_integer_programs_have_a_start():
    assert "start" in options_of(registry.load("models", "neuron_big_m"))
    assert set(SETTINGS) < set(NEUTRAL)


# --- the anytime record -----------------------------------------------------------------------


@pytest.mark.parametrize("name", TRACING)
def test_bounds_over_time_get_better_and_end_where_the_solver_ends(name):
    backend(name)
    method = parse_method(f"neuron_big_m@{name}")
    instance = INSTANCES["a skip connection"]
    answer = execute(method, instance, NEURONS, Limits(time_limit_s=LIMIT_S))
    times, primal, dual = zip(*answer.trace, strict=True)
    assert list(times) == sorted(times)
    assert 0 < times[0] <= times[-1] <= LIMIT_S
    known = [value for value in primal if value is not None]
    assert known == sorted(known, reverse=True)
    raised = [value for value in dual if value is not None]
    assert raised == sorted(raised)
    verdict = check(instance, answer)
    assert known[-1] == pytest.approx(verdict.primal_bound)
    assert raised[-1] == pytest.approx(answer.claimed_dual_bound)
    assert verdict.termination == "optimal"


def test_a_recorder_keeps_what_is_better():
    record = Recorder()
    record.note(1.0, float("inf"), float("-inf"))
    record.note(1.1, 1e20, float("nan"))
    assert record.entries == []
    record.note(1.5, None, 2.0)
    record.note(2.0, 9.0, 1.0)  # a lower bound that falls is not believed
    record.note(3.0, 10.0, 2.0 + STEP)  # less than a step
    record.note(4.0, 8.0, None)
    best = [(1.5, None, 2.0), (2.0, 9.0, 2.0), (4.0, 8.0, 2.0 + STEP)]
    assert record.entries == best
    assert record.closed(5.0, 8.0, 2.0 + 1.5 * STEP) == (*best, (5.0, 8.0, 2.0 + 1.5 * STEP))
    assert record.closed(6.0, 8.0, 2.0) == record.closed(7.0, None, None)


@pytest.mark.parametrize("data", [[[1, 2]], [[2, 1, 1], [1, 1, 1]], [[None, 1, 1]], [["1", 1, 1]]])
def test_what_is_no_trace_is_refused(data):
    with pytest.raises((TypeError, ValueError)):
        trace_of(data)


def test_the_trace_is_stored_with_the_row(tmp_path):
    task = Task(instance=INSTANCES["one input"], objective=NEURONS,
                method=parse_method("neuron_big_m@highs"), time_limit_s=LIMIT_S)  # fmt: skip
    (row,) = run([task], tmp_path, testset="one")
    assert row["trace"][-1][1:] == (2.0, pytest.approx(2.0))
    rows = ms.read_rows(tmp_path)
    areas = ms.integrals(rows).iloc[0]
    assert rows["trace"][0] == [list(entry) for entry in row["trace"]]
    assert ((areas > 0) & (areas < 1)).all()


def test_star_names_every_model_of_a_solver():
    named = {task.method.name for task in plan("small", ["*@highs[presolve=off]"], ["neurons"])}
    assert "neuron_big_m@highs[presolve=False]" in named
    assert "pattern_l0@highs[presolve=False]" in named
    assert "pattern_l1@highs[presolve=False]" in named  # of the counts a heuristic
    named = {task.method.name for task in plan("small", ["*@scip", "*@highs"], ["l1"])}
    assert "pattern_l1@highs" in named
    assert {name.partition("@")[2] for name in named} == {"highs"}  # SCIP takes no cvxpy models
    with pytest.raises(BadInput, match="no model takes"):
        plan("small", ["*@scip"], ["l1"])


# --- executables ------------------------------------------------------------------------------


def scripted(tmp_path, code, **limits):
    command = [sys.executable, "-c", code]
    return _executable.run(command, tmp_path, Limits(**limits))


def test_a_program_that_hangs_is_killed_and_what_it_said_is_kept(tmp_path):
    log = scripted(tmp_path, "import time; print('said'); time.sleep(60)", time_limit_s=1.0)
    assert log.killed
    assert log.text == "said"
    assert _executable.termination(log) == Termination.TIME_LIMIT


def test_lines_come_with_the_time_at_which_they_were_printed(tmp_path):
    log = scripted(tmp_path, "import time\nfor i in '12': print(i); time.sleep(0.5)")
    (first, _), (second, _) = log.lines
    assert 0.4 < second - first < 10


def test_a_program_that_fails_is_quoted(tmp_path):
    log = scripted(tmp_path, "import sys; print('bad luck'); sys.exit(7)")
    assert _executable.termination(log) == Termination.ERROR
    assert _executable.last_words(log) == "exit code 7: bad luck"


def test_a_program_without_memory_says_so(tmp_path):
    log = scripted(tmp_path, "x = bytes(10**9)", memory_limit_mb=500)
    assert log.exit_code == 1
    assert "MemoryError" in log.text
    backend("glpk")
    problem, _ = middling()
    said = glpk.solve(problem, Limits(native={"memlim": 1}), False)
    assert (said.termination, said.has_solution) == (Termination.MEMORY_LIMIT, False)


@pytest.mark.parametrize(("name", "package"), [("cbc", "coinor-cbc"), ("glpk", "glpk-utils")])
def test_a_missing_program_is_listed_with_what_installs_it(monkeypatch, name, package):
    monkeypatch.setattr(shutil, "which", lambda program: None)
    reason = f"not installed: make setup-solvers, or apt-get install {package}"
    assert reason in dict(lines("solvers"))[name]
    method = parse_method(f"neuron_big_m@{name}[anything=goes]")
    assert reason in method.refusal(INSTANCES["one input"], NEURONS)


def test_an_mps_file_holds_the_program_to_the_last_bit(tmp_path):
    highspy = pytest.importorskip("highspy")
    rng = np.random.default_rng(0)
    for _ in range(5):
        m = knapsack(capacity=rng.standard_normal())
        m.z = pyo.Var(range(3), within=pyo.Integers)
        m.z[0].setub(-2)
        m.z[1].setlb(rng.integers(1, 5) * 10**9)
        m.z[2].fix(7)
        m.many = pyo.ConstraintList()
        for low in rng.standard_normal(4).tolist():
            body = sum(c * x for c, x in zip(rng.standard_normal(6), m.x.values(), strict=True))
            m.many.add(body + m.z[0] / 3 >= low)
            m.many.add(body - m.z[1] * 1e-7 <= low)
        p = compile_model(m)
        both = np.isfinite(p.row_lower) & (rng.random(len(p.row_lower)) < 0.5)  # Pyomo splits them
        p = replace(p, row_upper=np.where(both, p.row_lower + 1 / 3, p.row_upper))
        path = tmp_path / "model.mps"
        path.write_text(to_mps(p, "model"))
        h = highspy.Highs()
        h.setOptionValue("output_flag", False)
        h.readModel(str(path))
        lp = h.getLp()
        for given, read in ((p.c, lp.col_cost_), (p.lower, lp.col_lower_), (p.upper, lp.col_upper_),
                            (p.A.data, lp.a_matrix_.value_), (p.A.indices, lp.a_matrix_.index_),
                            (p.row_lower, lp.row_lower_)):  # fmt: skip
            assert np.array_equal(given, read)
        assert both.any()
        assert np.allclose(p.row_upper, lp.row_upper_, rtol=1e-15)  # low + (high - low)
        assert [k == highspy.HighsVarType.kInteger for k in lp.integrality_] == p.integer.tolist()


def test_cbc_never_takes_the_time_of_day_for_a_seed():
    seeds = [native_options(cbc.TABLE, Limits(seed=s))["randomSeed"] for s in (0, 1, 2**31 - 1)]
    assert min(seeds) == 1
    assert max(seeds) < 2**31


def test_versions_are_numbers():
    for name in MIP:
        solver = registry.load("solvers", name)
        if solver.missing() is None:
            assert re.search(r"\d+\.\d+", solver.version())


# --- what only some can do --------------------------------------------------------------------


def _restricted():
    """Whether Gurobi's licence is the one of its package."""
    import gurobipy as gp

    with gp.Env(empty=True) as env:
        env.setParam("OutputFlag", 0)
        env.start()
        with gp.Model(env=env) as model:
            model.addMVar(2001)
            try:
                model.optimize()
            except gp.GurobiError:
                return True
    return False


def test_a_licence_too_small_is_not_available():
    solver = backend("gurobi")
    program, _ = built(ms.generate("uniform", 0, N=40, d=2).replace(bound=16.0))
    if not _restricted():
        pytest.skip("this machine has a full Gurobi licence")
    with pytest.raises(NotAvailable, match="gurobi: size_limit"):
        solver.solve(program.problem, Limits(time_limit_s=0.1), False)


def test_cp_sat_refuses_what_is_not_of_integers():
    solver = backend("cp_sat")
    with pytest.raises(Unsupported, match="2 columns are continuous"):
        solver.solve(knapsack(), Limits(), False)
    m = staffing()
    m.y.setub(None)
    with pytest.raises(Unsupported, match="bounded columns"):
        solver.solve(m, Limits(), False)
    m = staffing()
    m.third = pyo.Constraint(expr=m.y / 3 <= 1)
    with pytest.raises(Unsupported, match="do not scale"):
        solver.solve(m, Limits(), False)


def test_scaling_to_integers_loses_nothing():
    from milpsparse.solvers.cp_sat import _least_scale, integer_program

    values = np.array([0.0, 1.0, -6.0, 0.75, 2.0**-30, 3 * 2.0**20, -0.1])
    scales = _least_scale(values)
    assert list(scales[:6]) == [1, 1, 1, 4, 2**30, 1]
    assert (values * scales == np.round(values * scales)).all()
    assert not (values[3:5] * scales[3:5] / 2 == np.round(values[3:5] * scales[3:5] / 2)).any()
    program, scale = integer_program(compile_model(staffing()))
    assert scale == 2
    assert (program.A.data == np.round(program.A.data)).all()


@pytest.mark.parametrize("name", CONVEX)
def test_linear_programs_of_cvxpy(name):
    import cvxpy as cp

    solver = backend(name)
    x = cp.Variable(2)
    rows = [x[0] + x[1] == 3, x[0] >= 1]
    problem = cp.Problem(cp.Minimize(cp.norm1(x) + 4), rows)
    said = solver.solve(problem, Limits(time_limit_s=LIMIT_S, presolve=False), False)
    assert (said.termination, said.has_solution) == (Termination.OPTIMAL, True)
    assert said.primal_bound == pytest.approx(7, rel=1e-6)
    assert said.dual_bound == pytest.approx(7, rel=1e-6)
    assert x.value.sum() == pytest.approx(3, rel=1e-6)
    nothing = cp.Problem(cp.Minimize(cp.norm1(x)), [*rows, x[0] <= 0])
    said = solver.solve(nothing, Limits(time_limit_s=LIMIT_S), False)
    assert (said.termination, said.has_solution) == (Termination.INFEASIBLE, False)


def test_pdlp_refuses_other_cones():
    import cvxpy as cp

    solver, x = backend("pdlp"), cp.Variable(2)
    with pytest.raises(Unsupported, match="no linear program"):
        solver.solve(cp.Problem(cp.Minimize(cp.norm2(x)), [x[0] == 1]), Limits(), False)


def test_what_is_missing_is_listed_with_an_extra_that_there_is(monkeypatch):
    from test_packaging import PROJECT

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    extras = PROJECT["project"]["optional-dependencies"]
    for name in ("scip", "gurobi", "scs", "cp_sat", "ortools_scip", "pdlp"):
        extra = re.search(r"pip install 'milpsparse\[(\w+)\]'", dict(lines("solvers"))[name])[1]
        assert extra in extras
        assert extra == "gurobi" or extra in extras["solvers"][0]
