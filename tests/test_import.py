"""Files of other tools: written and read back they are the same; damaged ones are refused."""

import json
import re
from dataclasses import replace

import pytest

import milpsparse as ms
from milpsparse.analysis.rows import frame
from milpsparse.errors import BadInput
from milpsparse.formats.sol import read_sol
from milpsparse.formats.solu import read_solu, to_solu
from milpsparse.formats.solvetrace import Trajectory, read_solvetrace, to_solvetrace
from milpsparse.formats.trc import DEFAULT, read_trc, to_trc
from milpsparse.harness import store
from milpsparse.objective import parse_objective

METHODS = ["univariate", "coordinate_start", "neuron_big_m@highs"]
TRACE = ((0.25, 9.0, None), (0.5, 9.0, 1.0), (1.75, 3.0, 1.0 / 3.0))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A small real run, with two seeds."""
    from milpsparse.harness import run
    from milpsparse.harness.task import plan

    folder = tmp_path_factory.mktemp("import")
    test = folder / "two.test"
    test.write_text("peak_plateau\nuniform_n4_d1_s0\n")
    tasks = plan(str(test), METHODS, ["neurons"], (0, 1), time_limit_s=20.0)
    list(run.run(tasks, folder / "results", testset="two.test"))
    return folder / "results"


@pytest.fixture
def exported(results, call, tmp_path):
    words = ("--solu", "--trc", "--solvetrace", "--sol", "--model", "neuron_big_m")
    code, out, _ = call("export", results, *words, "-o", tmp_path / "out")
    assert code == 0
    return [tmp_path / line for line in out.split()]


def of(paths, suffix):
    return [path for path in paths if path.suffix == suffix]


# --- round trips ------------------------------------------------------------------------------


def test_exported_runs_come_back_as_claims(exported, results, call, tmp_path):
    into = tmp_path / "theirs"
    code, out, _ = call("import", *of(exported, ".trc"), *of(exported, ".solvetrace"), "-o", into)
    assert code == 0
    assert f"{of(exported, '.trc')[0]}: 2 runs, 0 known values" in out
    theirs, ours = ms.read_rows(into), ms.average(ms.read_rows(results))
    first = theirs[theirs["seed"] == 0].assign(method=lambda r: r["method"].str.partition(":")[2])
    both = first.merge(ours, on=["instance", "objective", "method"], suffixes=("", "_ours"))
    assert len(both) == len(ours) == 6
    kept = both[both["termination_ours"] != "not_available"]
    for claimed, verified in [
        *(("claimed_primal_bound", "primal_bound"), ("claimed_dual_bound", "dual_bound")),
        *(("wall_time_s", "wall_time_s"), ("n_rows", "n_rows"), ("n_binaries", "n_binaries")),
    ]:
        assert kept[claimed].tolist() == pytest.approx(kept[f"{verified}_ours"], nan_ok=True)
    assert kept["claimed_termination"].tolist() == kept["termination_ours"].tolist()
    assert both["instance_sha256"].tolist() == both["instance_sha256_ours"].tolist()
    assert both["primal_bound"].isna().all()  # nothing of it is verified
    assert not set(theirs["verdict"]) & {"ok", "better"}
    solved = ms.summary(ms.as_claimed(theirs[theirs["seed"] == 0])).set_index("method")["claimed"]
    assert solved["imported:neuron_big_m@highs"] == 2
    traced = both[both["method"] == "neuron_big_m@highs"]
    assert [list(map(tuple, t)) for t in traced["trace"]] == [
        list(map(tuple, t)) for t in traced["trace_ours"]
    ]
    assert set(theirs["seed"]) == {0, 1}  # of the second seed there are the bounds over time


def test_a_network_comes_back_through_a_sol_and_is_checked(exported, call, tmp_path):
    into = tmp_path / "theirs"
    (path,) = (p for p in of(exported, ".sol") if p.name.startswith("peak_plateau"))
    about = ("--instance", "peak_plateau", "--model", "neuron_big_m", "--solver", "me")
    assert call("import", path, *about, "-o", into)[0] == 0
    row = ms.read_rows(into).iloc[0]
    assert (row["method"], row["primal_bound"], row["verdict"]) == ("imported:me", 3.0, "ok")
    assert row["exact"]
    code, out, _ = call("check", into)
    assert (code, out) == (0, "1 rows checked, 0 wrong claims\n")
    lie = tmp_path / "lie.sol"
    lie.write_text(path.read_text().replace("=obj= 3.0", "=obj= 2.0"))
    assert call("import", lie, *about, "-o", into)[0] == 0
    assert ms.read_rows(into)["verdict"].tolist() == ["fail_objective_value"]
    code, out, _ = call("check", into)
    assert (code, out.splitlines()[-1]) == (1, "1 rows checked, 1 wrong claims")
    assert "claims 2; the network is worth 3" in out


def test_files_imported_again_replace_what_they_said(exported, call, tmp_path):
    files = [*of(exported, ".trc"), *of(exported, ".solu")]
    call("import", *files, "-o", tmp_path / "theirs")
    first = ms.read_rows(tmp_path / "theirs")
    known = (tmp_path / "theirs" / "known.json").read_bytes()
    call("import", *files, "-o", tmp_path / "theirs")
    assert ms.read_rows(tmp_path / "theirs").equals(first)
    assert (tmp_path / "theirs" / "known.json").read_bytes() == known


def test_tables_and_figures_take_imported_rows(exported, call, tmp_path):
    call("import", *of(exported, ".trc"), "-o", tmp_path / "theirs")
    assert call("table", tmp_path / "theirs")[0] == 0
    text = (tmp_path / "theirs" / "tables" / "all.md").read_text()
    assert "says 3 [3]" in text
    assert "None None" not in text


def test_known_values_are_compared_by_the_check(exported, call, tmp_path):
    into, name = tmp_path / "theirs", "uniform_n4_d1_s0"
    (path,) = (p for p in of(exported, ".sol") if p.name.startswith(name))
    unknown = tmp_path / "unknown.json"
    unknown.write_text(ms.to_json(replace(ms.load(name), known=())))
    call("import", path, "--instance", unknown, "--model", "neuron_big_m", "-o", into)
    known = tmp_path / "a.neurons.solu"

    def checked(text):
        known.write_text(text)
        assert call("import", known, "-o", into)[0] == 0
        return call("check", into)[:2]

    assert checked(f"=best= {name} 4\n")[0] == 0
    assert ms.read_rows(into)["verdict"].tolist() == ["better"]  # news, not an error
    code, out = checked(f"=opt= {name} 4\n=unbnd= x\n")
    assert code == 1
    assert f"{name}, neurons, a.neurons.solu: says =opt= 4; imported:sol has a verified 3" in out
    code, out = checked(f"=inf= {name}\n")
    assert code == 1
    assert "says =inf=; imported:sol has a verified 3" in out
    assert checked(f"=opt= {name} 3\n")[0] == 0


def test_a_claimed_bound_above_a_verified_network_is_found(exported, call, tmp_path):
    into = tmp_path / "theirs"
    (sol,) = (p for p in of(exported, ".sol") if p.name.startswith("peak_plateau"))
    call("import", sol, "--instance", "peak_plateau", "--model", "neuron_big_m", "-o", into)
    lie = tmp_path / "lie.trc"
    cells = dict.fromkeys(DEFAULT, "NA") | {"InputFileName": "peak_plateau.neurons"}
    cells |= {"SolverName": "liar", "ModelStatus": "1", "SolverStatus": "1", "SolverTime": "1"}
    cells |= {"ObjectiveValue": "5", "ObjectiveValueEstimate": "5"}
    lie.write_text(",".join(cells.values()) + "\n")
    call("import", lie, "-o", into)
    code, out, _ = call("check", into)
    assert code == 1
    assert "peak_plateau, neurons, imported:liar: claims the lower bound 5; imported:sol" in out
    assert call("check", into)[:2] == (code, out)  # the same again


def test_traces_are_read_as_they_were_written():
    run = Trajectory(solver="highs", instance="a.neurons", trace=TRACE, end_s=2.0)
    assert read_solvetrace(to_solvetrace(run, "a.solvetrace")) == run
    nothing = Trajectory(solver="highs", instance="a", trace=(), end_s=2.0)
    assert read_solvetrace(to_solvetrace(nothing, "a.solvetrace")) == nothing


def test_known_values_are_read_as_they_were_written():
    one = {"instance": "a", "objective": "neurons", "exact": True, "verdict": "ok"}
    rows = frame(
        [
            one | {"primal_bound": 3.0, "dual_bound": 3.0, "evidence": "proof"},
            one | {"instance": "b", "primal_bound": 4.0, "dual_bound": 2.0, "evidence": "proof"},
            one | {"instance": "c"},
        ]
    )
    assert read_solu(to_solu(rows, parse_objective("neurons"))) == {
        "a": {"opt": 3.0},
        "b": {"best": 4.0, "bestdual": 2.0},
        "c": {"unkn": None},
    }


# --- what others write ------------------------------------------------------------------------


def test_solu_files_of_miplib_and_paver():
    text = "# known\n\n=opt=  a  1.5e3 # proved\n=unbd= b\n=unbnd= c\n=inf= d\n=feas= e\n=unkn= f\n"
    kinds = {"a": "opt", "b": "unbd", "c": "unbd", "d": "inf", "e": "feas", "f": "unkn"}
    assert {name: next(iter(known)) for name, known in read_solu(text).items()} == kinds
    assert read_solu(text)["a"]["opt"] == 1500.0


def test_a_trace_file_without_header_has_gams_columns():
    cells = dict(zip(DEFAULT, map(str, range(100, 122)), strict=True))
    cells |= {"InputFileName": "air05.mps.gz", "SolverName": "CBC", "Direction": "1"}
    cells |= {"ModelStatus": "8", "SolverStatus": "3", "ObjectiveValue": "7", "SolverTime": "9.5"}
    cells |= {"ObjectiveValueEstimate": "1e20", "NumberOfNodes": "UNDF"}
    (run,) = read_trc("* a comment\n" + ",".join(cells.values()) + "\n")
    assert (run.instance, run.solver, run.seconds) == ("air05", "CBC", 9.5)
    assert (run.value, run.bound, run.nodes) == (-7.0, None, None)  # maximised: negated
    assert run.termination == "time_limit"
    assert run.n_rows == 107


@pytest.mark.parametrize(
    ("model", "solver", "value", "termination"),
    [
        *((1, 1, "3", "optimal"), (15, 1, "3", "optimal"), (4, 1, "NA", "infeasible")),
        *((8, 1, "3", "feasible"), (8, 3, "3", "time_limit"), (14, 3, "NA", "time_limit")),
        *((8, 8, "3", "interrupted"), (13, 13, "NA", "error"), (14, 6, "NA", "not_available")),
        *((14, 1, "NA", "error"), (8, 4, "3", "feasible"), (3, 1, "NA", "error")),
    ],
)
def test_codes_of_gams_are_terminations(model, solver, value, termination):
    header = "* Trace Record Definition\n* GamsSolve\n* InputFileName,SolverName,ModelStatus,\n"
    header += "* SolverStatus,ObjectiveValue,SolverTime\n*\n* TIMELIMIT,60\n"
    (run,) = read_trc(f"{header}a,S,{model},{solver},{value},1\n")
    assert (run.termination, run.time_limit_s) == (termination, 60.0)


def test_pavers_words_for_how_a_run_ended():
    header = "* Trace Record Definition\n* InputFileName,SolverName,TerminationStatus,"
    header += "ObjectiveValue,SolverTime\n*\n"
    text = header + "a,S,TimeLimit,3,1\nb,S,Normal,3,1\nc,S,Error,NA,1\n"
    assert [run.termination for run in read_trc(text)] == ["time_limit", "feasible", "error"]


@pytest.mark.parametrize(
    "text",
    [
        "=obj= 3\nu_0 1\nv 0.5\n",
        "solution status: optimal solution found\nobjective value:  3\nu_0   1 \t(obj:1)\nv 0.5\n",
        "# Solution for model x\n# Objective value = 3\nu_0 1\nv 0.5\n",
        "Model status\nOptimal\n\n# Primal solution values\nFeasible\nObjective 3\n# Columns 2\n"
        "u_0 1\nv 0.5\n# Rows 1\nrow 7\n\n# Dual solution values\nNone\n",
    ],
    ids=["miplib", "scip", "gurobi", "highs"],
)
def test_solutions_of_other_solvers(text):
    assert read_sol(text) == (3.0, {"u_0": 1.0, "v": 0.5})


@pytest.mark.parametrize("text", ["=infeas=\n", "no solution available\n"])
def test_a_solution_file_may_say_that_there_is_none(text):
    with pytest.raises(BadInput, match="says that there is none"):
        read_sol(text)


def test_problems_that_are_not_ours_have_an_objective_of_their_own(call, tmp_path):
    trc = tmp_path / "m.trc"
    header = "* Trace Record Definition\n* InputFileName,SolverName,ModelStatus,SolverStatus,"
    header += "ObjectiveValue,ObjectiveValueEstimate,SolverTime\n*\n"
    runs = [
        "a,S,1,1,3,3,1",
        "a,T,8,3,4,2,60",
        "a#p1,S,1,1,3,3,4",
        "b.c,S,1,1,0,0,2",
        "b.c,T,1,1,0,0,1",
    ]
    trc.write_text(header + "\n".join(runs))
    assert call("import", trc, "-o", tmp_path / "m")[0] == 0
    rows = ms.read_rows(tmp_path / "m")
    assert set(rows["objective"]) == {"value"}
    assert set(rows["instance"]) == {"a", "b.c"}
    assert set(rows["perm"]) == {0, 1}
    claimed = ms.as_claimed(rows)
    assert ms.average(claimed).set_index(["instance", "method"])["wall_time_s"].to_dict() == {
        ("a", "imported:S"): pytest.approx(2.0),
        ("a", "imported:T"): 60.0,
        ("b.c", "imported:S"): 2.0,
        ("b.c", "imported:T"): 1.0,
    }
    assert ms.performance_profile(claimed).loc[1.0].tolist() == [0.5, 0.5]
    for command in ("check", "table", "status"):
        assert call(command, tmp_path / "m")[0] in (0, None)


def claims(path, *runs):
    """A trace file of runs (instance, solver, model status, value, bound)."""
    header = "* Trace Record Definition\n* InputFileName,SolverName,ModelStatus,SolverStatus,"
    header += "ObjectiveValue,ObjectiveValueEstimate,SolverTime\n*\n"
    lines = [f"{name},{who},{model},1,{v},{d},1" for name, who, model, v, d in runs]
    path.write_text(header + "\n".join(lines))
    return path


def test_claims_that_contradict_each_other_are_found_as_paver_does(call, tmp_path):
    runs = [("a", "S", 1, 3, 3), ("a", "T", 8, 2, 1), ("b", "S", 1, 5, 5), ("b", "T", 1, 5, 5)]
    near = [("c", "S", 1, 7, 7), ("c", "T", 1, 6.99995, 6.99995)]  # by less than 1e-4
    call("import", claims(tmp_path / "m.trc", *runs, *near), "-o", tmp_path / "m")
    code, out, _ = call("check", tmp_path / "m")
    assert code == 1
    assert out.splitlines() == [
        "a, value, imported:S: claims the lower bound 3; imported:T the value 2: "
        "one of them is wrong",
        "a, value, imported:T: claims the value 2; imported:S the lower bound 3: "
        "one of them is wrong",
        "6 rows checked, 2 wrong claims",
    ]
    rows = ms.read_rows(tmp_path / "m").set_index(["instance", "method"])["verdict"]
    assert set(rows["a"]) == {"fail_inconsistent"}
    assert set(rows["b"]) == {"solved_not_verified"}


def test_claims_are_compared_with_known_values(call, tmp_path):
    runs = [
        ("a", "low", 8, 2, 1),
        ("a", "high", 1, 5, 1),
        ("a", "bound", 8, 5, 4),
        ("a", "ok", 1, 3, 3),
    ]
    solu = tmp_path / "known.solu"
    solu.write_text("=opt= a 3\n")
    for run in runs:  # each alone, for they contradict each other
        folder = tmp_path / run[1]
        call("import", solu, claims(tmp_path / "m.trc", run), "-o", folder)
        call("check", folder)
    found = {run[1]: ms.read_rows(tmp_path / run[1])["verdict"].item() for run in runs}
    assert found == {
        "low": "fail_objective_value",
        "high": "fail_inconsistent",
        "bound": "fail_dual_bound",
        "ok": "solved_not_verified",
    }


def test_a_claimed_value_below_a_proved_bound_is_found(exported, call, tmp_path):
    into = tmp_path / "theirs"
    (sol,) = (p for p in of(exported, ".sol") if p.name.startswith("peak_plateau"))
    call("import", sol, "--instance", "peak_plateau", "--model", "neuron_big_m", "-o", into)
    call("import", claims(tmp_path / "l.trc", ("peak_plateau.neurons", "S", 8, 2, 1)), "-o", into)
    code, out, _ = call("check", into)
    assert code == 1
    assert "imported:S: claims the value 2; imported:sol has proved 3" in out


# --- damage -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.trc", "a,b\n", "2 cells, but 22 columns"),
        (
            "a.trc",
            "* Trace Record Definition\n* InputFileName,SolverName\n*\n",
            "no column Objective",
        ),
        ("a.trc", ",".join(["x"] * 22), "could not convert"),
        ("a.trc", '"' + ",".join(["x"] * 22) + "\0", "cells|NUL|line"),
        ("a.solu", "=opt= a\n", "line 1: not =opt="),
        ("a.solu", "=opt= a three\n", "line 1"),
        ("a.solu", "=opt= a nan\n", "line 1"),
        ("a.solu", "=what= a 3\n", "line 1"),
        ("a.solu", "=opt= a 3\n=opt= a 4\n", "line 2: a has another =opt="),
        ("a.solvetrace", "1, S, 0, 1, na, na\n", "no line"),
        ("a.solvetrace", "* x: ID = S Instance = a\n1, S, 0, 1\n", "line 2"),
        ("a.solvetrace", "* x: ID = S Instance = a\n1,S,0,5,na,na\n2,T,0,1,na,na\n", "goes back"),
        ("a.sol", "=obj= 3\n", "--instance DATA and --model M"),
        ("a.txt", "", r"ends in \.trc, \.solu"),
    ],
)
def test_damaged_files_are_refused_in_one_line(refused, tmp_path, name, text, why):
    path = tmp_path / name
    path.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        err = refused("import", path, "-o", tmp_path / "out")
    assert str(path) in err
    assert re.search(why, err)
    assert not (tmp_path / "out").exists()  # nothing has been written


def test_what_cannot_be_read_at_all_is_refused(refused, tmp_path):
    path = tmp_path / "a.trc"
    assert "No such file" in refused("import", path, "-o", tmp_path / "out")
    path.write_bytes(b"\xff\xfe\x00")
    assert "no text" in refused("import", path, "-o", tmp_path / "out")
    (tmp_path / "known").mkdir()
    (tmp_path / "known" / "known.json").write_text('{"a": 3}')
    (tmp_path / "a.neurons.solu").write_text("=opt= a 3\n")
    words = ("import", tmp_path / "a.neurons.solu", "-o", tmp_path / "known")
    assert "holds no known values" in refused(*words)


def test_a_solution_of_another_model_is_refused(refused, exported, tmp_path):
    (path,) = (p for p in of(exported, ".sol") if p.name.startswith("peak_plateau"))
    words = ("import", path, "--instance", "uniform_n4_d1_s0", "-o", tmp_path / "out")
    assert "has no column" in refused(*words, "--model", "neuron_big_m")
    assert "no model named" in refused(*words, "--model", "neuron_big")


def test_one_damaged_file_keeps_all_from_being_written(refused, exported, tmp_path):
    bad = tmp_path / "bad.solu"
    bad.write_text("=opt=\n")
    refused("import", *of(exported, ".trc"), bad, "-o", tmp_path / "theirs")
    assert not (tmp_path / "theirs").exists()


def test_known_values_survive_as_json(exported, call, tmp_path):
    call("import", *of(exported, ".solu"), "-o", tmp_path / "k")
    known = json.loads((tmp_path / "k" / "known.json").read_text())
    assert known["peak_plateau"][0]["source"] == "two.neurons.solu"
    assert not (tmp_path / "k" / store.RUNS).exists()
    assert to_trc(frame([]), "m").startswith("* Trace Record Definition")
