"""Other people's plug-ins: found, named, run in isolation, and what the kit says of them."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

import milpsparse as ms
from milpsparse import registry
from milpsparse.commands import doctor, listing, tools
from milpsparse.errors import BadInput, NotAvailable, UnknownName
from milpsparse.harness import run as running
from milpsparse.harness.task import Task
from milpsparse.naming import all_methods, parse_method
from milpsparse.objective import parse_objective
from milpsparse.solvers.highs import solve as highs
from milpsparse.testing import items, problems
from milpsparse.testing.cases import cases

FLAT = """
from dataclasses import replace
from milpsparse.solvers.highs import SOLVER as HIGHS
SOLVER = replace(HIGHS, summary="{}", missing=lambda: None)
"""
ALGORITHM = """
from milpsparse.algorithms.coordinate_start import run
from milpsparse.method import Algorithm
ALGORITHM = Algorithm(summary="own", objectives=frozenset({"neurons"}), run=lambda *a: run(*a))
"""


def command(*words, folders=(), path=()):
    """Run milpsparse in a process of its own with these plug-in folders."""
    env = {
        **os.environ,
        "MILPSPARSE_PLUGINS": os.pathsep.join(map(str, folders)),
        "PYTHONPATH": os.pathsep.join(map(str, path)),
    }
    done = subprocess.run(
        [sys.executable, "-m", "milpsparse.cli", *words], capture_output=True, text=True, env=env
    )
    return done.returncode, done.stdout, done.stderr


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def item(name, question):
    return next(i for i in items(name) if i.question.name == question)


# --- a package --------------------------------------------------------------------------------


def test_a_package_is_found_by_its_entry_points_whatever_its_kind(example):
    assert {"echo", "modest", "unloadable"} <= set(registry.names("solvers"))
    assert "sparse_l1" in registry.names("models")
    assert "first_fit" in registry.names("algorithms")
    assert ms.generate("staircase", 1, steps=4).n_samples == 4
    methods = all_methods()
    assert {"neuron_big_m@echo", "sparse_l1@highs", "first_fit"} <= set(methods)
    assert not [m for m in methods if "unloadable" in m or "@number" in m]


def test_what_does_not_load_is_listed_with_the_reason_and_the_file(example):
    listed = dict(listing.lines("solvers"))
    assert "No module named 'a_module_that_nobody_has'" in listed["unloadable"]
    assert "unloadable.py" in listed["unloadable"]
    assert "NUMBER is a int, not a Solver" in listed["number"]
    assert "not available: no such thing: build it" in listed["absent"]
    with pytest.raises(NotAvailable, match="a_module_that_nobody_has"):
        parse_method("neuron_big_m@unloadable")


def test_methods_of_a_package_run_in_isolation_even_with_lambdas(example, tmp_path):
    instance = ms.Instance(X=[[-1.0], [0.0], [1.0]], y=[1.0, 0.0, 1.0], bound=4.0)
    pairs = {
        "sparse_l1@echo": ("l1", "feasible"),
        "first_fit": ("neurons", "feasible"),
        "neuron_big_m@absent": ("neurons", "not_available"),
    }
    tasks = [
        Task(instance=instance, objective=parse_objective(goal), method=parse_method(name))
        for name, (goal, _) in pairs.items()
    ]
    rows = {row["method"]: row for row in running.run(tasks, tmp_path, testset="t")}
    l1, fit, absent = (rows[name] for name in pairs)
    assert (l1["verified"], l1["primal_bound"]) == (True, pytest.approx(2.0))
    assert (fit["verdict"], fit["primal_bound"]) == ("ok", 2)
    assert (absent["termination"], absent["verdict"]) == ("not_available", "unknown")
    assert absent["raw_status"] == "no such thing: build it"


# --- folders ----------------------------------------------------------------------------------


def test_a_file_in_a_folder_of_the_user_is_a_plug_in(tmp_path):
    write(tmp_path / "one" / "mine.py", FLAT.format("flat"))
    write(tmp_path / "one" / "_help.py", "SOLVER = 1")
    write(tmp_path / "one" / "notes.py", "'no plug-in: SOLVER is only mentioned'")
    write(tmp_path / "two" / "solvers" / "yours.py", FLAT.format("in its kind's folder"))
    write(tmp_path / "two" / "algorithms" / "own.py", ALGORITHM)
    folders = [tmp_path / "one", tmp_path / "two"]
    code, out, err = command("list", "solvers", folders=folders)
    assert (code, err) == (0, "")
    words = {line.split()[0]: line for line in out.splitlines()}
    assert "flat" in words["mine"]
    assert "in its kind's folder" in words["yours"]
    assert not words.keys() & {"_help", "notes"}
    testset, results = tmp_path / "one.test", tmp_path / "out"
    testset.write_text("peak_plateau\n")
    methods = ["-m", "neuron_big_m@mine", "-m", "pattern_l0@yours", "-m", "own"]
    code, _, err = command(
        "run", "-t", str(testset), *methods, "--out", str(results), folders=folders
    )
    assert code == 0, err
    rows = ms.read_rows(results)
    assert rows["verdict"].tolist() == ["ok"] * 3
    assert rows["solver"].tolist()[:2] == ["mine", "yours"]


def test_two_of_one_name_are_an_error_that_names_both_files(tmp_path, installed):
    own = Path(registry.__file__).parent / "solvers" / "highs.py"
    mine = write(tmp_path / "a" / "highs.py", FLAT.format("another"))
    echo = write(tmp_path / "b" / "solvers" / "echo.py", FLAT.format("another"))
    flat = write(tmp_path / "c" / "echo.py", FLAT.format("a third"))
    package = installed / "milpsparse_example" / "solver.py"
    clashes = [
        ([tmp_path / "a"], [], "highs", own, mine),
        ([tmp_path / "b", tmp_path / "c"], [], "echo", echo, flat),
        ([tmp_path / "b"], [installed], "echo", echo, package),
    ]
    for folders, path, name, first, second in clashes:
        code, out, err = command("list", "solvers", folders=folders, path=path)
        assert (code, out) == (2, "")
        assert f"two solvers are named '{name}'" in err
        assert str(first) in err
        assert str(second) in err
        assert err.count("\n") == 1


def test_a_broken_file_and_a_missing_folder_are_said_in_one_line(tmp_path):
    broken = write(tmp_path / "odd.py", "SOLVER = \nthis is no Python\n")
    code, out, err = command("list", "solvers", folders=[tmp_path])
    assert (code, err) == (0, "")
    (line,) = (line for line in out.splitlines() if line.startswith("odd"))
    assert "does not load: SyntaxError" in line
    assert str(broken) in line
    code, out, _ = command("check-plugin", "odd", folders=[tmp_path])
    assert code == 1
    assert "SyntaxError" in out
    code, out, err = command("list", "solvers", folders=[tmp_path / "none"])
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "no such folder" in err


# --- the kit ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["highs", "scip", "clarabel", "uniform"])
def test_what_the_package_has_passes_the_kit(name):
    words = {str(i): (found := i.find()).word + found.why for i in items(name)}
    reasons = set(words.values()) - {"pass"}
    if name == "scip" and registry.load("solvers", "scip").missing():
        reasons = {r for r in reasons if not r.startswith("skippyscipopt is not installed")}
    assert reasons == set(), words


@pytest.mark.parametrize("name", ["first_fit", "staircase", "sparse_l1"])
def test_true_plug_ins_of_another_package_pass_the_kit(example, name):
    found = {str(i): i.find() for i in items(name)}
    assert {f.word for f in found.values()} <= {"pass", "skip"}, found
    assert [q for q, f in found.items() if f.word == "skip"] == ["start"] * (name == "sparse_l1")


@pytest.mark.parametrize(
    ("name", "question", "reason"),
    [
        ("liar_start", "start", "the decoded start is off by"),
        ("liar_relaxed", "answers", "claims the lower bound"),
        ("liar_optimum", "answers", "claims the lower bound"),
        ("liar_optimum", "row", "fail_dual_bound"),
        ("liar_chance", "seed", "two answers of one seed"),
        ("liar_seed", "seed", "two instances"),
        ("liar_known", "known", "neurons 0 below the proved"),
    ],
)
def test_the_kit_finds_wrong_models_algorithms_and_families(example, name, question, reason):
    found = item(name, question).find()
    assert found.word == "fail"
    assert reason in found.why
    with pytest.raises(AssertionError, match=f"{name}, {question}"):
        item(name, question).confirm()


def test_a_false_declaration_fails_and_a_true_one_is_shown(example):
    found = item("modest", "mip_start").find()
    assert found.word == "fail"
    assert found.why == "declares that it cannot (says that it takes none), but it does"
    assert item("modest", "optimum").find().word == "pass"


def test_a_solver_that_is_not_here_is_not_available_and_not_asked_more(example):
    found = {i.question.name: i.find().word for i in items("absent")}
    assert (found.pop("row"), found.pop("declares")) == ("pass", "pass")
    assert set(found.values()) == {"skip"}


def test_check_plugin_prints_a_line_an_item_and_exits_1_on_a_failure(example, capsys):
    assert tools.check_plugin("staircase") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "7 pass"
    assert tools.check_plugin("liar_seed") == 1
    assert "fail    seed" in capsys.readouterr().out
    with pytest.raises(UnknownName, match=r"Did you mean staircase\?"):
        tools.check_plugin("staircas")


def test_items_of_nothing_are_refused():
    with pytest.raises(UnknownName, match="Did you mean highs"):
        items("higs")
    with pytest.raises(BadInput, match="one of solvers, models"):
        items("highs", "solver")


# --- the kit's own truths ---------------------------------------------------------------------


def enumerated(problem):
    """The least value by all integer points and a linear program for each."""
    p, best = problem.compiled, np.inf
    A, at = p.A.toarray(), np.flatnonzero(p.integer)
    above, below = np.isfinite(p.row_upper), np.isfinite(p.row_lower)
    rows = np.vstack([A[above], -A[below]])
    sides = np.concatenate([p.row_upper[above], -p.row_lower[below]])
    for bits in itertools.product((0, 1), repeat=len(at)):
        low, high = p.lower.copy(), p.upper.copy()
        low[at] = high[at] = bits
        found = linprog(p.c, rows, sides, bounds=np.column_stack([low, high]))
        if found.status == 3:
            return -np.inf
        best = min(best, found.fun + p.offset) if found.status == 0 else best
    return best


@pytest.mark.parametrize(
    "make", [problems.mixed, problems.cover, problems.odd, problems.bottomless]
)
def test_the_optima_of_small_programs_are_those_of_enumeration(make):
    assert enumerated(make()) == pytest.approx(make().optimum)


def test_the_optimum_of_the_knapsacks_is_that_of_all_subsets():
    p = problems.knapsacks().compiled
    bits = (np.arange(2**20)[:, None] >> np.arange(20) & 1).astype(np.int16)
    fits = (bits @ p.A.toarray().T.astype(np.int16) <= p.row_upper).all(axis=1)
    assert (bits[fits] @ p.c.astype(np.int16)).min() == problems.knapsacks().optimum


def test_planted_optima_are_reached_and_cannot_be_beaten():
    split = problems.split(start=True)
    assert (split.violation(), split.value()) == (0.0, 0.0)
    assert (split.compiled.c >= 0).all()
    assert (split.compiled.lower >= 0).all()
    wide = problems.wide()
    assert highs(wide.program, ms.method.Limits(), False).primal_bound == wide.optimum


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.instance.name)
def test_the_optima_of_the_cases_are_proved_by_other_means(case):
    for objective, value in case.optima.items():
        if objective == "group_l2":
            continue  # by hand, as its docstring says: no program minimises it yet
        solution = ms.solve(case.instance, objective, time_limit_s=30)
        assert solution.primal_bound == pytest.approx(value)
        if objective in ("neurons", "parameters"):
            assert solution.verdict.proved


# --- doctor -----------------------------------------------------------------------------------


def test_doctor_says_what_works_and_never_fails_to(tmp_path):
    write(tmp_path / "odd.py", "ALGORITHM = 1 / 0")
    code, out, err = command("doctor", "--json", folders=[tmp_path])
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["solvers"]["highs"]["state"] == "works"
    assert "ZeroDivisionError" in found["plugins"]["problems"][0]
    assert found["memory"]["total_mb"] > 100
    assert 0 < found["processor"]["usable"] <= found["processor"]["count"]
    assert found["packages"]["numpy"] == np.__version__
    code, out, err = command("doctor", folders=[tmp_path / "none"])
    assert (code, err) == (0, "")
    assert "no such folder" in out


@pytest.mark.parametrize(
    ("name", "state", "reason"),
    [
        ("echo", "works", ""),
        ("absent", "not available", "build it"),
        ("limited", "limited", "problem too large for a trial licence"),
        ("liar_crashes", "fails", "exit -11"),
        ("liar_wrong_objective", "fails", "the optimum is 2.5"),
        ("unloadable", "does not load", "a_module_that_nobody_has"),
    ],
)
def test_doctor_tries_solvers_by_solving(example, monkeypatch, name, state, reason):
    entries = {name: registry.entries("solvers")[name]}
    with monkeypatch.context() as patch:
        patch.setattr(registry, "entries", lambda kind: {} if kind != "solvers" else entries)
        found = doctor.report()
    assert found["solvers"][name]["state"] == state
    assert reason in found["solvers"][name].get("reason", "")
    assert name in doctor.text(found)
