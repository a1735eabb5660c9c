"""Model files: read back by a solver they are the same program; networks are solutions of them."""

import gzip
import importlib
import json
import math
from dataclasses import replace

import highspy
import numpy as np
import pytest

from milpsparse import registry
from milpsparse.compiled import Compiled
from milpsparse.construct import best_construction
from milpsparse.errors import BadInput, NotAvailable
from milpsparse.formats import mps_names as names
from milpsparse.formats.lp import to_lp
from milpsparse.formats.mps import to_mps
from milpsparse.formats.sol import read_sol, to_sol
from milpsparse.formulation import formulate, violation
from milpsparse.instance import Instance
from milpsparse.naming import parse_method, parse_model
from milpsparse.objective import parse_objective

# B = 1 is active: y = 3 at x = 1 takes two neurons of at most relu(x + 1).
TIGHT = Instance(X=[[1.0], [-0.5], [0.1]], y=[3.0, 0.0, 0.3], bound=1.0, name="tight")
OPTIONS = {"neuron_mccormick": "[slots=6]", "neuron_fixed_width": "[plus=4,minus=0]"}
MODELS = [name + OPTIONS.get(name, "") for name in registry.names("models")]


def read_by_highs(path):
    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    assert h.readModel(str(path)) == highspy.HighsStatus.kOk
    return h


def optimum_by_highs(path):
    h = read_by_highs(path)
    h.setOptionValue("mip_feasibility_tolerance", 1e-9)
    h.setOptionValue("primal_feasibility_tolerance", 1e-9)
    h.run()
    if h.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return math.inf
    assert h.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return h.getInfo().objective_function_value


def optimum_by_scip(path):
    scip = pytest.importorskip("pyscipopt").Model()
    scip.hideOutput()
    scip.readProblem(str(path))
    scip.optimize()
    if scip.getStatus() == "infeasible":
        return math.inf
    assert scip.getStatus() == "optimal"
    return scip.getObjVal()


def written(stated, folder):
    """Its .mps.gz and .lp files."""
    mps, lp = folder / "model.mps.gz", folder / "model.lp"
    mps.write_bytes(gzip.compress(to_mps(stated.compiled, "model").encode()))
    lp.write_text(to_lp(stated.compiled, "model"))
    return mps, lp


@pytest.mark.parametrize("objective", ["neurons", "parameters", "l1"])
@pytest.mark.parametrize("name", MODELS)
def test_a_solver_that_reads_the_files_proves_the_same_optimum(name, objective, tmp_path):
    model = registry.load("models", name.partition("[")[0])
    if objective not in model.objectives or (model.framework == "cvxpy" and objective != "l1"):
        pytest.skip("another objective's model")
    if "cones" in model.needs:
        pytest.skip("no linear program")
    stated = formulate(name, TIGHT, parse_objective(objective))
    special = bool(stated.compiled.when or stated.compiled.sos1)
    solve = optimum_by_scip if special else optimum_by_highs
    mps, lp = written(stated, tmp_path)
    assert solve(mps) == pytest.approx(solve(lp), abs=1e-6)
    if not special:
        direct = stated.compiled.highs()
        direct.setOptionValue("mip_feasibility_tolerance", 1e-9)
        direct.run()
        value = direct.getInfo().objective_function_value
        if direct.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            assert solve(mps) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("name", ["neuron_indicator", "neuron_sos1"])
def test_indicator_and_sos_sections_decide(name, tmp_path):
    stated = formulate(name, TIGHT, parse_objective("neurons"))
    exact = formulate("neuron_big_m", TIGHT, parse_objective("neurons"))
    whole = optimum_by_highs(written(exact, tmp_path)[0])
    assert [optimum_by_scip(path) for path in written(stated, tmp_path)] == [whole, whole]
    cut = to_lp(stated.compiled, "cut")
    lines = [line for line in cut.splitlines() if " -> " not in line and "S1::" not in line]
    assert len(lines) < len(cut.splitlines())
    path = tmp_path / "cut.lp"
    path.write_text("\n".join(line for line in lines if line != "SOS"))
    assert optimum_by_scip(path) < whole - 0.5


@pytest.mark.parametrize("suffix", [0, 1], ids=["mps", "lp"])
def test_every_double_and_name_comes_back(suffix, tmp_path):
    rng = np.random.default_rng(0)
    data = Instance(X=rng.standard_normal((4, 2)), y=rng.standard_normal(4), bound=1 / 3)
    stated = formulate("neuron_mccormick", data, parse_objective("parameters"))
    p, lp = stated.compiled, read_by_highs(written(stated, tmp_path)[suffix]).getLp()
    place = {name: j for j, name in enumerate(lp.col_names_)}
    order = [place[name] for name in names.columns(p)]
    assert [lp.col_lower_[j] for j in order] == p.lower.tolist()
    assert [lp.col_upper_[j] for j in order] == p.upper.tolist()
    assert [lp.col_cost_[j] for j in order] == p.c.tolist()
    rows = {name: i for i, name in enumerate(lp.row_names_)}
    at = [rows[name] for name in names.rows(p)]
    assert [lp.row_upper_[i] for i in at] == p.row_upper.tolist()
    assert [lp.row_lower_[i] for i in at] == p.row_lower.tolist()
    start, index, value = lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_
    for j, column in enumerate(order):
        found = {index[e]: value[e] for e in range(start[column], start[column + 1])}
        begin, end = p.A.indptr[j], p.A.indptr[j + 1]
        own = zip(p.A.indices[begin:end].tolist(), p.A.data[begin:end].tolist(), strict=True)
        assert found == {at[i]: a for i, a in own if a}


def program(**changes):
    """Least -x - 2 y + 5 with -1 <= 2 x + y <= 4, x + y = 2.5, an integer y, and an empty row."""
    from scipy.sparse import csc_matrix

    class Named:
        def __init__(self, name):
            self.name, self.value = name, None

    fields = {
        "variables": [Named("x"), Named("y"), Named("never")],
        "c": np.array([-1.0, -2.0, 0.0]),
        "offset": 5.0,
        "A": csc_matrix(np.array([[2.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])),
        "row_lower": np.array([-1.0, 2.5, -np.inf]),
        "row_upper": np.array([4.0, 2.5, 7.0]),
        "lower": np.array([-np.inf, -3.0, 2.0]),
        "upper": np.array([np.inf, 3.0, 2.0]),
        "integer": np.array([False, True, False]),
    }
    return Compiled(**(fields | changes))


@pytest.mark.parametrize("write", [to_mps, to_lp])
def test_ranges_constants_free_columns_and_empty_rows(write, tmp_path):
    path = tmp_path / f"small.{write.__name__[3:]}"
    path.write_text(write(program(), "small"))
    assert optimum_by_highs(path) == pytest.approx(0.5 - 6 + 5)  # y = 3, x = -0.5
    assert optimum_by_scip(path) == pytest.approx(0.5 - 6 + 5)
    upper = program(c=np.array([-1.0, 0.0, 0.0]))  # x = 4 - 2.5: 2 x + y <= 4, the other side
    path.write_text(write(upper, "small"))
    assert optimum_by_highs(path) == pytest.approx(5 - 1.5)


def test_names_are_unique_and_no_words_of_the_formats():
    class Named:
        def __init__(self, name):
            self.name = name

    given = ["u[0,1]", "u[0_1]", "e1", "free", "3x", "b.x[1]", "v" * 300, "St"]
    found = names.columns(program(variables=[Named(name) for name in given]))
    assert found[0] == "u_0_1"
    assert len(set(found)) == len(given)
    assert all(name[0].isalpha() and len(name) <= names.LONGEST for name in found)
    assert not {"e1", "free", "St", "3x"} & set(found)


@pytest.mark.parametrize("objective", ["neurons", "parameters"])
@pytest.mark.parametrize("name", MODELS)
def test_a_network_is_a_solution_of_the_model(name, objective):
    model = registry.load("models", name.partition("[")[0])
    if objective not in model.objectives or model.framework == "cvxpy":
        pytest.skip("no variables for a network")
    goal = parse_objective(objective)
    stated = formulate(name, TIGHT, goal)
    if stated.program.start is None:
        pytest.skip("no variables for a network")
    network = best_construction(TIGHT, goal)
    x = stated.point(network)
    assert violation(stated.compiled, x) <= 1e-9
    value, values = read_sol(to_sol(stated.compiled, x))
    assert value == pytest.approx(float(stated.compiled.c @ x + stated.compiled.offset))
    own = names.columns(stated.compiled)
    assert [values.get(column, 0.0) for column in own] == x.tolist()
    x[next(j for j, c in enumerate(own) if c.startswith("u_") and x[j])] += 0.01  # a lie
    assert violation(stated.compiled, x) > 1e-4


def test_violations_of_every_kind():
    p = program()
    assert violation(p, np.array([-0.5, 3.0, 2.0])) == 0.0
    assert violation(p, np.array([-0.4, 3.0, 2.0])) == pytest.approx(0.1 / 3)  # x + y = 2.5
    assert violation(p, np.array([0.5, 2.0, 1.5])) == 0.5  # a bound
    assert violation(p, np.array([0.0, 2.5, 2.0])) == 0.5  # an integer
    assert violation(program(sos1=[[0, 1]]), np.array([-0.5, 3.0, 2.0])) == 0.5
    assert violation(program(when={1: (1, 0)}), np.array([0.4, 3.0, 2.0])) == pytest.approx(0.0)


@pytest.mark.parametrize("text", ["u 1\n", "=obj= 1\nu\n", "=obj= 1\nu x\n", "=obj= 1\nu 1 2\n"])
def test_a_damaged_solution_is_refused(text):
    with pytest.raises(BadInput, match="solution"):
        read_sol(text)


def test_models_are_stated_without_their_solver(monkeypatch):
    for name in registry.names("solvers"):
        solver = replace(registry.load("solvers", name), missing=lambda: "not here")
        monkeypatch.setattr(importlib.import_module(f"milpsparse.solvers.{name}"), "SOLVER", solver)
    assert parse_model("neuron_indicator").rule_name == "neuron_indicator"
    with pytest.raises(NotAvailable, match="not here"):
        parse_method("neuron_indicator")


def test_export_writes_what_it_names(call, tmp_path):
    saved = tmp_path / "saved.json"
    small = "uniform_n4_d1_s0"
    call("solve", small, "--method", "coordinate_start", "--save", saved)
    words = ("export", small, "--mps", "--lp", "--sol", "--model", "neuron_big_m")
    code, out, _ = call(*words, "--network", saved, "-o", tmp_path)
    base = tmp_path / f"{small}_neurons_neuron_big_m"
    assert code == 0
    assert out.split() == [f"{base}{end}" for end in (".mps.gz", ".lp", ".sol")]
    value, values = read_sol(base.with_suffix(".sol").read_text())
    assert value == json.loads(saved.read_text())["n_neurons"]
    h = read_by_highs(f"{base}.mps.gz")
    for j, name in enumerate(h.getLp().col_names_):
        h.changeColBounds(j, values.get(name, 0.0), values.get(name, 0.0))
    h.run()
    assert h.getModelStatus() == highspy.HighsModelStatus.kOptimal


def test_export_refuses_in_one_line(refused, tmp_path):
    small = "uniform_n4_d1_s0"
    assert "--model" in refused("export", small, "--mps")
    assert "say what" in refused("export", small)
    assert "no folder" in refused("export", small, "--solu")
    assert "algorithm" in refused("export", small, "--mps", "--model", "auto")
    assert "needs a finite bound" in refused(
        *("export", small, "--lp", "--model", "neuron_big_m", "--bound", "none")
    )
    lie = tmp_path / "lie.json"
    network = {"signs": [1], "weights": [[1.0]], "biases": [0.0], "skip": None}
    lie.write_text(json.dumps({"network": network}))
    words = ("export", small, "--sol", "--model", "neuron_big_m", "-o", tmp_path, "--network")
    assert "not verified" in refused(*words, lie)
    lie.write_text("[1, 2]")
    assert "holds no network" in refused(*words, lie)
    assert "cannot read" in refused(*words, tmp_path / "nowhere")
    assert not list(tmp_path.glob("*.sol"))


def test_results_are_exported(call, tmp_path):
    test = tmp_path / "two.test"
    test.write_text("peak_plateau\nuniform_n4_d1_s0\n")
    results, out = tmp_path / "results", tmp_path / "out"
    methods = ("-m", "univariate", "-m", "coordinate_start")
    call("run", "-t", test, *methods, "--out", results, "--time-limit", 5)
    words = ("--solu", "--trc", "--sol", "--model", "neuron_big_m")
    code, printed, _ = call("export", results, *words, "-o", out)
    assert code == 0
    assert sorted(map(str, out.iterdir())) == sorted(printed.split())
    known = (out / "two.neurons.solu").read_text().splitlines()
    assert "=opt= peak_plateau 3" in known
    assert any(line.startswith("=best= uniform_n4_d1_s0") for line in known)
    lines = (out / "two.coordinate_start.trc").read_text().splitlines()
    runs = [line.split(",") for line in lines if not line.startswith("*")]
    header = next(line for line in lines if "InputFileName" in line)
    assert {len(run) for run in runs} == {len(header.split(","))}
    assert [run[0] for run in runs] == ["peak_plateau.neurons", "uniform_n4_d1_s0.neurons"]
