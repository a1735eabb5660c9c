from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from milpsparse import cli, load, network, read_json, read_rows, registry, to_json
from milpsparse.harness import store
from milpsparse.instance import Instance

TESTS = Path(__file__).parent
KEYS = """
schema instance instance_sha256 objective method skip count_bias bound bound_used bound_active
termination primal_bound dual_bound dual_bound_scope evidence claimed_primal_bound
claimed_dual_bound verified exact max_residual n_neurons n_parameters network wall_time_s solver
solver_version stats
""".split()
VERBS = """
list generate solve pstar audit export import run status check merge replay doctor check-plugin
verify table report compare
""".split()
KINDS = {
    "instances": "peak_plateau",
    "testsets": "small",
    "families": "planted",
    "models": "neuron_big_m",
    "solvers": "highs",
    "algorithms": "coordinate_start",
    "methods": "neuron_big_m@highs",
}


@pytest.fixture
def solved(call):
    """The object that `solve --json` prints, for a solve that must end with exit code 0."""

    def run(*words):
        code, out, err = call("solve", *words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out, parse_constant=pytest.fail)

    return run


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """The methods of faults.py as those of an installed package."""
    monkeypatch.setattr(sys, "path", [str(TESTS), *sys.path])
    importlib.import_module("faults").install(tmp_path / "site")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    registry.entries.cache_clear()
    yield
    registry.entries.cache_clear()


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


# --- help and lists ---------------------------------------------------------------------------


def test_the_verbs_are_those_of_the_tests():
    assert list(cli.cli.commands) == VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(call, verb):
    code, out, err = call(verb, "--help")
    assert (code, err) == (0, "")
    assert len(out) > 100
    assert out.startswith("Usage: ")
    assert f"milpsparse {verb} " in out.splitlines()[0]
    assert call(verb, "-h")[1] == out


@pytest.mark.parametrize("verb", ["generate", "solve", "run"])
def test_help_of_verbs_with_many_options_has_examples(call, verb):
    examples = [
        line for line in call(verb, "-h")[1].splitlines() if f"  milpsparse {verb} " in line
    ]
    assert len(examples) >= 2


def test_every_option_says_what_it_does():
    options = [
        o for c in cli.cli.commands.values() for o in c.params if o.param_type_name != "argument"
    ]
    assert [o.name for o in options if not o.help] == []
    assert len(options) > 20


def test_the_first_help_shows_a_session_and_the_exit_codes(call):
    out = call("--help")[1]
    assert "milpsparse solve peak_plateau" in out
    assert "130 interrupted" in out
    assert all(f"  {verb} " in out for verb in VERBS)
    assert call("--version")[:2] == (0, "milpsparse, version 0.1.0\n")


@pytest.mark.parametrize(("kind", "name"), KINDS.items())
def test_every_kind_is_listed_one_line_each(call, kind, name):
    code, out, err = call("list", kind)
    assert (code, err) == (0, "")
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert name in [line[0] for line in lines]
    assert all(len(line) == 2 for line in lines)  # a name and what it is


# --- solve ------------------------------------------------------------------------------------


def test_json_has_the_keys_of_the_contract_and_a_network_that_fits(solved):
    said = solved("peak_plateau")
    assert set(KEYS) <= said.keys()
    assert (said["schema"], said["instance"], said["bound"]) == (1, "peak_plateau", 10.0)
    assert said["instance_sha256"] == load("peak_plateau").sha256
    assert (said["termination"], said["evidence"]) == ("optimal", "theorem")
    assert said["primal_bound"] == said["dual_bound"] == said["n_neurons"] == 3
    assert said["verified"] is said["exact"] is True
    assert set(said["network"]) == {"signs", "weights", "biases", "skip", "exact"}
    assert set(said["network"]["skip"]) == {"weights", "bias"}
    inst, net = load("peak_plateau"), network.from_json(said["network"], 1)
    assert net(inst.X) == pytest.approx(inst.y)
    assert (net.exact(inst.X_exact) == inst.y_exact).all()


def test_the_short_answer_says_formula_value_proof_and_time(call):
    code, out, err = call("solve", "peak_plateau")
    assert (code, err) == (0, "")
    for part in ("f(x) = ", "3 neurons", "proved optimal", "fits every point exactly", "time "):
        assert part in out


def test_decimals_on_a_line_need_no_neuron_with_skip(tmp_path, solved):
    path = write(tmp_path / "line.csv", "x,y\n0.1,0.3\n0.2,0.6\n0.3,0.9\n")
    said = solved(path, "--skip")
    assert (said["primal_bound"], said["dual_bound"]) == (0, 0)
    assert (said["termination"], said["evidence"], said["exact"]) == ("optimal", "theorem", True)
    assert said["network"]["exact"]["skip"] == {"weights": ["3"], "bias": "0"}


@pytest.mark.parametrize("objective", ["parameters", "l1", "lp:0.5", "group_l2"])
def test_every_objective_is_solved(solved, objective):
    said = solved("peak_plateau", "--objective", objective)
    assert said["objective"] == objective
    assert said["verified"] is True
    assert said["primal_bound"] > 0


def test_options_that_change_the_problem_make_a_derived_instance(solved):
    plain = solved("peak_plateau", "--no-skip", "--method", "coordinate_start")
    assert (plain["skip"], plain["count_bias"]) == (False, True)
    free = solved("peak_plateau", "--no-skip", "--no-count-bias", "--method", "coordinate_start")
    assert (free["skip"], free["count_bias"]) == (False, False)
    wide = solved("peak_plateau", "--bound", "20", "--method", "coordinate_start")
    assert (wide["bound"], wide["skip"], wide["count_bias"]) == (20.0, True, False)
    none = solved("peak_plateau", "--bound", "none", "--method", "coordinate_start")
    assert none["bound"] is none["bound_used"] is None
    same = solved("peak_plateau", "--bound", "auto", "--skip", "--no-count-bias")
    hashes = [s["instance_sha256"] for s in (plain, free, wide, none, same)]
    assert len(set(hashes)) == 5
    assert hashes[-1] == load("peak_plateau").sha256


@pytest.mark.parametrize("words", [[], ["--bound", "auto"]])
def test_data_without_a_bound_get_one_for_the_model_only(tmp_path, solved, words):
    path = write(tmp_path / "five.csv", "0,0,1\n1,0,-1\n0,1,0.5\n1,1,2\n2,1,0.25\n")
    said = solved(path, "--method", "pattern_l0", *words)
    assert said["bound"] is None
    assert said["bound_used"] > 0
    largest = max(abs(v) for w in said["network"]["weights"] for v in w)
    assert largest <= said["bound_used"]
    assert (said["termination"] == "optimal") == (
        said["dual_bound_scope"] == "all" and said["primal_bound"] == said["dual_bound"]
    )


def test_a_claim_within_the_bound_used_proves_nothing_without_bound(tmp_path, solved):
    bare = Instance(X=[[0.0], [1.0], [2.0], [3.0]], y=[0.0, 1.0, 0.0, 2.0])
    path = write(tmp_path / "bare.json", to_json(bare))
    said = solved(path, "--method", "pattern_l0")
    assert said["claimed_dual_bound"] == said["primal_bound"] == 3  # the theorem says 2
    assert (said["dual_bound_scope"], said["evidence"]) == ("within_bound", "claimed")
    assert said["termination"] == "feasible"
    bounded = solved(path, "--method", "pattern_l0", "--bound", said["bound_used"])
    assert (bounded["termination"], bounded["evidence"]) == ("optimal", "claimed")


def test_models_that_need_a_bound_refuse_none_with_the_reason(refused):
    err = refused("solve", "peak_plateau", "--bound", "none", "--method", "neuron_big_m")
    assert "neuron_big_m@highs needs a finite bound B: give --bound B or --bound auto" in err


def test_what_is_saved_is_what_is_printed(tmp_path, solved, refused):
    said = solved("peak_plateau", "--save", tmp_path / "s.json", "--plot", tmp_path / "s.svg")
    assert json.loads((tmp_path / "s.json").read_text()) == said
    assert "<svg" in (tmp_path / "s.svg").read_text()
    assert "cannot write" in refused("solve", "peak_plateau", "--save", tmp_path / "no" / "s.json")


def test_generate_writes_what_solve_reads(tmp_path, call, solved):
    path, words = tmp_path / "mine.json", ["generate", "planted", "-p", "N=8", "-p", "d=1"]
    words += ["-p", "K=2", "--seed", "3"]
    assert call(*words, "-o", path)[0] == 0
    assert call(*words)[1] == path.read_text()  # the same arguments, the same instance
    assert call(*words[:-1], "4")[1] != path.read_text()
    said = solved(path, "--time-limit", "20")
    assert said["instance_sha256"] == read_json(path).sha256
    assert said["verified"] is True
    assert said["primal_bound"] <= 2 < said["primal_bound"] + 2


def test_generate_writes_csv_with_every_bit(tmp_path, call):
    assert call("generate", "uniform", "-p", "N=5", "-o", tmp_path / "u.csv")[0] == 0
    assert call("generate", "uniform", "-p", "N=5", "-o", tmp_path / "u.json")[0] == 0
    said = json.loads(call("solve", tmp_path / "u.csv", "--bound", "10", "--json",
                           "--method", "coordinate_start")[1])  # fmt: skip
    assert said["instance_sha256"] == read_json(tmp_path / "u.json").sha256


# --- exit codes of solve ----------------------------------------------------------------------


def test_a_claim_that_does_not_hold_is_exit_1(plugins, call):
    code, out, err = call("solve", "peak_plateau", "--method", "claims_too_little")
    assert (code, err) == (1, "")
    assert "verdict   fail_objective_value: claims 3; the network is worth 4" in out


def test_an_error_in_a_method_is_exit_3_with_its_traceback(plugins, call):
    code, out, err = call("solve", "peak_plateau", "--method", "raises")
    assert (code, out) == (3, "")
    assert "ZeroDivisionError: one by none" in err
    assert err.endswith("internal failure, please report the lines above\n")


def test_nothing_found_within_the_limits_is_exit_4(plugins, call):
    code, out, err = call("solve", "peak_plateau", "--method", "finds_nothing", "--json")
    assert (code, err) == (4, "")
    assert json.loads(out)["network"] is None
    human = call("solve", "peak_plateau", "--method", "finds_nothing")
    assert human[0] == 4
    assert "no network found" in human[1]


def test_an_interrupt_is_exit_130(call, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("milpsparse.commands.solve.solve_instance", interrupted)
    code, out, err = call("solve", "peak_plateau")
    assert (code, out, err.strip()) == (130, "", "milpsparse: interrupted")


# --- bad usage and bad input ------------------------------------------------------------------

DATA = {
    "empty.csv": "",
    "header.csv": "x,y\n",
    "one_column.csv": "1\n2\n",
    "ragged.csv": "1,2\n3\n",
    "text.csv": "1,2\n3,four\n",
    "nan.csv": "1,2\nnan,3\n",
    "infinite.csv": "1,2\n3,inf\n",
    "contradicting.csv": "1,2\n0,5\n1,3\n",
    "nothing.json": "",
    "list.json": "[1]",
    "schema.json": '{"schema": 99, "X": [[1]], "y": [1]}',
    "no_y.json": '{"schema": 1, "X": [[1]]}',
    "bound.json": '{"schema": 1, "X": [[1]], "y": [1], "bound": -1}',
}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.csv", "cannot read"),
        ("empty.csv", "no points"),
        ("header.csv", "no points"),
        ("one_column.csv", "at least two columns"),
        ("ragged.csv", "point 2 has 1 cells, the first has 2"),
        ("text.csv", "row 2"),
        ("nan.csv", "X, row 2, column 1"),
        ("infinite.csv", "y, row 2"),
        ("contradicting.csv", "rows 1 and 3 have the same x and different y (2 and 3)"),
        ("missing.json", "cannot read"),
        ("nothing.json", "is not JSON"),
        ("list.json", "must hold one JSON object"),
        ("schema.json", "schema 99"),
        ("no_y.json", "has no list y"),
        ("bound.json", "bound must be a positive number"),
        ("data.txt", "give a .json or .csv file"),
    ],
)
def test_data_that_are_no_instance_are_one_line(tmp_path, refused, name, message):
    if name in DATA:
        write(tmp_path / name, DATA[name])
    err = refused("solve", tmp_path / name)
    assert message in err
    assert str(tmp_path / name) in err


def test_files_that_are_no_text_are_one_line(tmp_path, refused):
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "folder.csv").mkdir()
    for name in ("binary.csv", "folder.csv"):
        assert f"cannot read {tmp_path / name}" in refused("solve", tmp_path / name)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("solve", "Missing argument 'DATA'"),
        ("solve peak_plateu", "no instance named 'peak_plateu'. Did you mean peak_plateau?"),
        ("solve peak_plateau --objective neuron", "Did you mean neurons?"),
        ("solve peak_plateau --objective lp:1.5", "lp:<p> takes 0 < p < 1"),
        ("solve peak_plateau --method coordinat_start", "Did you mean coordinate_start?"),
        ("solve peak_plateau --method neuron_big_n@highs", "Did you mean neuron_big_m?"),
        ("solve peak_plateau --method neuron_big_m@hihgs", "Did you mean highs?"),
        ("solve peak_plateau --method neuron_big_m@clarabel", "solvers that do: cbc, "),
        (
            "solve peak_plateau --method neuron_big_m@highs[mip_nodes=3]",
            "Did you mean mip_max_nodes?",
        ),
        ("solve peak_plateau --method neuron_big_m@highs[mip_max_nodes=x]", "takes an integer"),
        ("solve peak_plateau --method neuron_big_m@highs[mip_max_nodes=-7]", "refused by HiGHS"),
        ("solve peak_plateau --method neuron_big_m@highs[threads=2]", "belongs to the task"),
        ("solve peak_plateau --memory-limit 0", "memory limit 0: give a positive number"),
        ("solve peak_plateau --log-file /no/such/folder/log", "cannot write"),
        ("solve peak_plateau --method coordinate_start@highs", "takes no solver"),
        ("solve peak_plateau --method neuron_big_m[slot=3]", "Did you mean slots?"),
        ("solve peak_plateau --method neuron_big_m[slots=x]", "takes an integer"),
        ("solve peak_plateau --method neuron_big_m[slots]", "name=value"),
        ("solve peak_plateau --method ???", "write model@solver"),
        ("solve peak_plateau --objective l1 --method pattern_l0", "takes neurons, parameters"),
        ("solve peak_plateau --time-limit -5", "time limit -5: give a positive number"),
        ("solve peak_plateau --time-limit 0", "time limit 0"),
        ("solve peak_plateau --time-limit nan", "time limit nan"),
        ("solve peak_plateau --time-limit soon", "'soon' is not a valid float"),
        ("solve peak_plateau --threads 0", "threads 0: from 1 to 256"),
        ("solve peak_plateau --bound -1", "--bound -1: a positive number, auto or none"),
        ("solve peak_plateau --bound nan", "--bound nan"),
        ("solve peak_plateau --bound big", "--bound big"),
        ("solve peak_plateau --plot out.txt", "ends in .svg, .png, .pdf"),
        ("solve uniform_n6_d3_s0 --plot out.svg", "one or two inputs"),
        ("solve peak_plateau --colour red", "No such option"),
        ("list everything", "'everything' is not one of"),
        ("generate plantd", "Did you mean planted?"),
        ("generate planted -p n=5", "no parameter of planted named 'n'. Known: K, N, "),
        ("generate planted -p N", "write NAME=VALUE"),
        ("generate planted -p N=many", "takes an integer"),
        ("generate planted -p N=0", "at least 2"),
        ("generate planted --seed -1", "seed -1"),
        ("generate planted -o mine.txt", ".json or .csv"),
        ("generate peak_plateau -o no/such/folder/mine.json", "cannot write"),
        ("run -t smal", "no test set named 'smal'. Did you mean small?"),
        ("run", "Missing option '-t'"),
        ("run -t small -m coordinat_start", "Did you mean coordinate_start?"),
        ("run -t small --time-limit -1", "--time-limit -1: give a positive number"),
        ("run -t small -j 0", "--jobs 0"),
        ("run -t small --threads 0", "--threads 0"),
        ("run -t small --memory-limit 0", "--memory-limit 0"),
        ("run -t small --rerun some", "'some' is not one of"),
        ("run -t small -m pattern_l0@highs --objective l1", "takes neurons, parameters"),
        ("slove peak_plateau", "no command named 'slove'. Did you mean solve?"),
    ],
)
def test_bad_usage_is_one_line_that_says_what_would_do(
    tmp_path, monkeypatch, refused, words, message
):
    root = Path.cwd()
    monkeypatch.chdir(tmp_path)  # nothing is written to the checkout
    (tmp_path / "instances").symlink_to(root / "instances")
    assert message in refused(*words.split())
    assert [p.name for p in tmp_path.iterdir()] == ["instances"]


def test_a_bad_plot_is_refused_before_the_solve(monkeypatch, refused):
    monkeypatch.setattr("milpsparse.commands.solve.solve_instance", pytest.fail)
    assert "out.txt" in refused("solve", "peak_plateau", "--plot", "out.txt")


@pytest.mark.parametrize("verb", ["status", "check", "table"])
def test_folders_without_results_are_one_line(tmp_path, refused, verb):
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert str(folder) in refused(verb, folder)
    write(tmp_path / store.RUNS, '{"schema": 1}\n\n{"schema": 1}\n')
    assert "runs.jsonl, line 1: not a row" in refused(verb, tmp_path)


# --- benchmark --------------------------------------------------------------------------------


def test_run_status_check_and_table_make_a_benchmark(tmp_path, call):
    testset = write(tmp_path / "two.test", "peak_plateau\nconvex_run_1_1_1\n")
    words = ["run", "-t", testset, "-m", "coordinate_start", "-m", "pattern_l1", "--objective"]
    words += ["neurons", "--objective", "l1", "--out", tmp_path / "out", "--time-limit", "20"]
    code, dry, _ = call(*words, "--dry-run")
    assert code == 0
    assert dry.startswith("8 tasks: 0 done before, 8 to run\n")
    assert not (tmp_path / "out").exists()

    code, out, err = call(*words)
    assert code == 0
    assert "8 done, 0 failed" in out
    assert "Traceback" not in err
    rows = read_rows(tmp_path / "out")
    assert sorted(line.split()[0] for line in dry.splitlines()[1:]) == sorted(rows["task_key"])
    assert call(*words)[1].startswith("8 tasks: 8 done before, 0 to run\n")

    assert "done      8 of 8, 0 left\n" in call("status", tmp_path / "out")[1]
    assert call("check", tmp_path / "out")[:2] == (0, "8 rows checked, 0 wrong claims\n")
    checked = read_rows(tmp_path / "out")
    for column in ("verdict", "termination", "primal_bound", "dual_bound", "evidence", "exact"):
        assert checked[column].equals(rows[column])  # the second pass says the same
    code, out, err = call("table", tmp_path / "out")
    assert (code, err) == (0, "")
    assert all(Path(line).stat().st_size > 0 for line in out.splitlines())
    assert [
        Path(line).suffix for line in out.splitlines()
    ] == ".csv .csv .md .tex .svg .svg .svg .svg".split()


def test_status_says_what_is_left(tmp_path, call):
    words = ["-m", "coordinate_start", "--out", tmp_path / "out"]
    one = write(tmp_path / "one.test", "peak_plateau\n")
    call("run", "-t", one, *words)
    plan = store.read_plan(tmp_path / "out")
    (tmp_path / "out" / store.PLAN).write_text(json.dumps(plan | {"keys": [*plan["keys"], "x"]}))
    out = call("status", tmp_path / "out")[1]
    assert "done      1 of 2, 1 left\n" in out


def test_wrong_claims_are_named_and_checks_exit_1(plugins, tmp_path, call):
    hard = load("planted_n8_d1_k2_s0").replace(name="hard")  # without its known value
    path = write(tmp_path / "hard.json", to_json(hard))
    testset = write(tmp_path / "one.test", f"{path}\n")
    words = ["run", "-t", testset, "--out", tmp_path / "out", "-m", "claims_optimal"]
    words += ["-m", "claims_too_little", "-m", "pattern_l0@highs", "--time-limit", "20"]
    code, out, _ = call(*words)
    assert code == 0
    assert "3 done, 1 failed" in out
    verdicts = read_rows(tmp_path / "out").set_index("method")["verdict"]
    assert verdicts["claims_optimal"] == "solved_not_verified"

    code, out, err = call("check", tmp_path / "out")
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[-1] == "3 rows checked, 2 wrong claims"
    assert lines[0] == "hard, neurons, claims_too_little: claims 2; the network is worth 3"
    reason = "claims the lower bound 3; pattern_l0@highs has a verified 2"
    assert lines[1] == f"hard, neurons, claims_optimal: {reason}"
    verdicts = read_rows(tmp_path / "out").set_index("method")["verdict"]
    assert verdicts["claims_optimal"] == "fail_dual_bound"
    assert verdicts["claims_too_little"] == "fail_objective_value"
    assert not verdicts["pattern_l0@highs"].startswith("fail")


def test_rows_are_checked_against_the_instance_that_was_run(tmp_path, call, refused):
    path = write(tmp_path / "mine.json", to_json(load("peak_plateau").replace(name="mine")))
    testset = write(tmp_path / "one.test", f"{path}\n")
    call("run", "-t", testset, "--out", tmp_path / "out", "-m", "coordinate_start")
    write(path, to_json(read_json(path).replace(y=read_json(path).y + 1)))  # the file changes
    assert call("check", tmp_path / "out")[:2] == (0, "1 rows checked, 0 wrong claims\n")
    (kept,) = (tmp_path / "out" / "instances").iterdir()
    kept.write_text(path.read_text())
    assert "its hash differs" in refused("check", tmp_path / "out")


def test_library_instances_are_not_copied(tmp_path, call):
    testset = write(tmp_path / "one.test", "peak_plateau\n")
    call("run", "-t", testset, "--out", tmp_path / "out", "-m", "coordinate_start")
    assert not (tmp_path / "out" / "instances").exists()


# --- the installed command --------------------------------------------------------------------


def test_the_installed_command_ends_quietly_when_its_reader_has_gone():
    script = Path(sys.executable).with_name("milpsparse")
    line = f"'{script}' list instances | head -n 1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_the_installed_command_says_errors_in_one_line():
    script = Path(sys.executable).with_name("milpsparse")
    done = subprocess.run([script, "solve", "nowhere.csv"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "cannot read nowhere.csv" in done.stderr


# --- pstar ------------------------------------------------------------------------------------


def test_p_star_is_printed_with_its_path(call):
    code, out, err = call("pstar", "convex_run_1_8_8_1")
    assert (code, err) == (0, "")
    assert "p*        0.5, certified in [0.4999999" in out
    assert out.count("< p <") == 2
    assert "2 neurons, 1 minimizer" in out
    assert "3 neurons, 1 minimizer" in out


def test_p_star_as_json_and_drawn(call, tmp_path):
    picture = tmp_path / "path.svg"
    code, out, _ = call("pstar", "peak_plateau", "--json", "--plot", picture)
    said = json.loads(out)
    assert code == 0
    assert said["pstar"] == [1.0, 1.0]
    assert [(p["low"], p["high"], p["neurons"]) for p in said["path"]] == [(0.0, 1.0, 3)]
    assert "<svg" in picture.read_text(encoding="utf-8")


def test_p_star_takes_points_that_say_nothing_of_a_skip(call, tmp_path):
    path = write(tmp_path / "d.csv", "0,0\n1,0\n2,0.1\n3,1.2\n4,3.3\n5,5.5\n")
    assert "0.436910673" in call("pstar", path)[1]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("uniform_n4_d1_s0", "--objective", "l1"), "parameters or neurons"),
        (("peak_plateau", "--width", "2"), "width"),
        (("peak_plateau", "--plot", "x.txt"), ".svg"),
        (("nosuch",), "nosuch"),
    ],
)
def test_p_star_refuses_in_one_line(call, args, said):
    code, out, err = call("pstar", *args)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_p_star_of_other_data_says_what_proves_it(call, tmp_path):
    picture = tmp_path / "least.svg"
    code, out, err = call("pstar", "uniform_n4_d1_s0", "--plot", picture)
    assert (code, err) == (0, "")
    assert "no skip connection, biases counted" in out
    assert "all minimizers have 5 parameters, the fewest" in out
    assert "they alone prove p* >= " in out
    assert "sets of the" in out
    assert "with skip 1" in out
    assert "<svg" in picture.read_text(encoding="utf-8")
    code, out, err = call("pstar", "uniform_n8_d3_s0", "--plot", picture)
    assert code == 2
    assert "nothing to draw: a lower bound alone" in err
    assert "p*        at least" in out
    assert "a lower bound alone, by Cramer's rule: 10^16 sets of 8 among 406 rays" in out


def test_p_star_of_other_data_as_json(call):
    said = json.loads(call("pstar", "convex_run_1_8_8_1", "--no-skip", "--json")[1])
    low, high = said["pstar"]
    assert 0 < said["lower_bound"] < low < high < low + 1e-9
    assert (said["proved"], said["objective"], said["fewest"]) == ("interval", "parameters", 4)
    assert all(len(sizes) == 4 for sizes in said["sparsest"])
    assert said["pstar_with_skip"] == pytest.approx([0.5, 0.5], abs=1e-9)
    said = json.loads(call("pstar", "uniform_n8_d3_s0", "--json", "--objective", "neurons")[1])
    assert (said["proved"], said["pstar"][1], said["fewest"]) == ("lower_bound", 1.0, None)
    assert said["pstar_with_skip"] is None


def test_the_solutions_of_theory_are_drawn_side_by_side(call, tmp_path):
    picture = tmp_path / "p.svg"
    code, _, _ = call("solve", "peak_plateau", "--objective", "lp:0.3", "--plot", picture)
    text = picture.read_text(encoding="utf-8")
    assert code == 0
    for title in ("fewest neurons: 3 knots", "least lp, p = 0.3: 3 knots", "least l1: 4 knots"):
        assert title in text
