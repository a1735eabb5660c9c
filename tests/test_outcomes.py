"""How a task can end, and what its row says of it; nothing outlives the harness."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import PATIENCE_S, is_alive, wait_until

from milpsparse.harness import isolation, records, store, worker
from milpsparse.harness import run as running
from milpsparse.harness.isolation import THREAD_VARIABLES
from milpsparse.harness.process_tree import ProcessTree
from milpsparse.harness.task import Task, plan
from milpsparse.instance import Instance
from milpsparse.objective import parse_objective

TESTS = Path(__file__).parent
INSTANCE = Instance(X=[[0.0], [1.0], [2.0], [3.0]], y=[0.0, 1.0, 0.0, 2.0], bound=16.0, name="tiny")


@pytest.fixture(autouse=True)
def faults(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(TESTS), *sys.path])
    monkeypatch.setattr(worker, "grace_s", lambda time_limit_s: 0.3)
    return importlib.import_module("faults")


@pytest.fixture
def task(faults):
    def make(name, time_limit_s=PATIENCE_S, **limits):
        method, goal = faults.fake(name), parse_objective("neurons")
        limits |= {"time_limit_s": time_limit_s}
        return Task(instance=INSTANCE, objective=goal, method=method, **limits)

    return make


def run(tasks, folder, **options):
    return list(running.run(tasks, folder, testset="fakes", **options))


@pytest.mark.parametrize(
    ("fault", "termination", "verdict", "killed_by", "words"),
    [
        ("is_killed", "interrupted", "interrupt", "SIGKILL", "killed from outside by SIGKILL"),
        ("is_terminated", "interrupted", "interrupt", "SIGTERM", "killed from outside by SIGTERM"),
        ("crashes", "error", "fail_abort", None, "the process crashed (SIGSEGV)"),
        ("aborts", "error", "fail_abort", None, "the process crashed (SIGABRT)"),
        ("aborts_without_memory", "memory_limit", "memlimit", None, "aborted, out of memory"),
    ],
)
def test_killed_crashed_and_out_of_memory_are_told_apart(
    tmp_path, task, fault, termination, verdict, killed_by, words
):
    (row,) = run([task(fault)], tmp_path)
    said = (row["termination"], row["verdict"], row["killed_by"], row["raw_status"])
    assert said == (termination, verdict, killed_by, words)
    assert row["exit_code"] < 0


def test_a_process_killed_by_the_kernel_was_out_of_memory(tmp_path, task, monkeypatch):
    kills = iter([3, 4])  # what the control group counts before and after
    monkeypatch.setattr("milpsparse.harness.isolation.oom_kills", lambda: next(kills))
    (row,) = run([task("is_killed")], tmp_path)
    assert (row["termination"], row["killed_by"]) == ("memory_limit", "kernel")


def test_a_task_that_was_interrupted_runs_again_and_one_that_ended_does_not(tmp_path, task):
    killed, honest = task("is_killed"), task("honest")
    run([killed, honest], tmp_path)
    assert running.missing([killed, honest], tmp_path) == [killed]


def test_a_killed_task_tells_its_time_and_memory(tmp_path, task):
    (row,) = run([task("spins_with_memory", 0.7)], tmp_path)
    assert (row["termination"], row["killed_by"]) == ("time_limit", "harness")
    assert row["cpu_time_s"] > 0.1
    assert row["peak_memory_mb"] > 200


def test_the_time_of_children_counts(tmp_path, task):
    (row,) = run([task("lets_a_child_spin")], tmp_path)
    assert row["cpu_time_s"] > 0.25


def test_the_exported_variables_are_in_the_row(tmp_path, task):
    (row,) = run([task("echoes_limits", threads=2)], tmp_path)
    assert row["environment"] == dict.fromkeys(THREAD_VARIABLES, "2")
    assert row["stats"]["variable"] == "2"


def test_the_server_of_processes_is_started_again_when_somebody_kills_it(tmp_path, task):
    from multiprocessing import forkserver

    run([task("honest")], tmp_path)
    os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
    (row,) = run([task("honest", seed=1)], tmp_path)
    assert row["verdict"] == "ok"


def test_tasks_end_with_the_harness_even_if_that_is_killed(tmp_path):
    code = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(TESTS)!r})
import faults
from milpsparse import load
from milpsparse.harness import run
from milpsparse.objective import parse_objective
from milpsparse.harness.task import Task
goal = parse_objective("neurons")
methods = map(faults.fake, ["hangs_with_a_child", "hangs_and_lets_no_thread_run"])
tasks = [Task(instance=load("peak_plateau"), objective=goal, method=m) for m in methods]
list(run.run(tasks, Path({str(tmp_path)!r}), testset="t", jobs=2))
"""
    with subprocess.Popen([sys.executable, "-c", code]) as harness:
        wait_until(lambda: len(pids(tmp_path)) == 3)
        harness.kill()
    wait_until(lambda: not any(map(is_alive, pids(tmp_path))))
    assert (tmp_path / store.RUNS).read_bytes() == b""


def test_a_process_whose_server_died_before_it_was_told_goes_by_itself(tmp_path):
    code = f"""
import os, time
from pathlib import Path
from milpsparse.harness import isolation
server = os.getpid()
if os.fork() == 0:
    while os.getppid() == server:
        time.sleep(0.001)
    Path({str(tmp_path / "alone")!r}).touch()
    isolation._end_with_server()
    Path({str(tmp_path / "lives")!r}).touch()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE_S)
    wait_until((tmp_path / "alone").exists)
    time.sleep(0.2)
    assert not (tmp_path / "lives").exists()


@pytest.mark.parametrize("leads_group", [False, True])
def test_what_leads_no_group_is_killed_and_never_stopped(leads_group, monkeypatch):
    stopped = []  # whatever is stopped when the harness dies has nobody to wake or kill it
    monkeypatch.setattr(ProcessTree, "freeze", lambda tree: stopped.append(tree))
    code = "import sys; print(flush=True); sys.stdin.read()"
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=leads_group,
    )
    with child:
        child.stdout.readline()
        child.is_alive, child.join = lambda: child.poll() is None, child.wait
        isolation._end(child, ProcessTree(child.pid, 1e6), kill=True)
    assert child.returncode == -signal.SIGKILL
    assert len(stopped) == leads_group


def pids(folder):
    """What the task printed: its process and its child."""
    words = [log.read_text() for log in (folder / "logs").glob("*.log")]
    return [int(pid) for text in words if text.endswith("\n") for pid in text.split()]


# --- what a run tells of itself ---------------------------------------------------------------


def test_a_run_has_a_record_with_what_repeats_it(tmp_path, task):
    tasks = [task("honest"), task("honest", seed=4)]
    run(tasks, tmp_path, told={"command": ["milpsparse", "run", "-t", "a b.test"]})
    run(tasks, tmp_path)  # nothing to do: no record
    (kept,) = records.read_records(tmp_path)
    assert {row["run_id"] for row in store.latest(tmp_path).values()} == {kept["run_id"]}
    assert (kept["tasks"], kept["seeds"], kept["perms"]) == (2, [0, 4], [0])
    assert kept["packages"]["highspy"]
    text = records.repeat({**kept, "git_sha": "abc123", "git_dirty": False})
    assert text.splitlines()[0] == "git checkout abc123"
    assert f"highspy=={kept['packages']['highspy']}" in text
    assert text.splitlines()[-1] == "milpsparse run -t 'a b.test'"


def test_the_record_of_a_run_that_was_cut_is_dropped(tmp_path, task):
    run([task("honest")], tmp_path)
    path = tmp_path / records.RECORDS
    path.write_bytes(path.read_bytes() + b'{"schema": 1, "run')
    assert len(records.read_records(tmp_path)) == 1
    run([task("honest", seed=1)], tmp_path)
    assert len(records.read_records(tmp_path)) == 2


def test_the_calibration_solves_the_same_program_each_time():
    assert 0 < records.calibration_s() < PATIENCE_S


def test_other_checks_tables_and_plots_void_no_rows(tmp_path, monkeypatch):
    """What is on disk counts whoever checked it: keys have nothing of checks and tables in them."""
    from milpsparse import checker, judge, plot
    from milpsparse.analysis import rows, table

    tasks = plan("small", ["coordinate_start", "neuron_big_m@highs"], ["neurons"])
    (tmp_path / store.RUNS).write_text(
        "".join(
            json.dumps({"schema": 1, "run_id": "r", "verdict": "ok", "termination": "optimal"}
                       | {"task_key": task.key}) + "\n"
            for task in tasks
        )
    )  # fmt: skip
    for module in (checker, judge, rows, table, plot):
        for name, value in list(vars(module).items()):
            if callable(value) and getattr(value, "__module__", "") == module.__name__:
                monkeypatch.setattr(module, name, None)
    monkeypatch.setattr(judge, "TOLERANCE", 0.5)
    monkeypatch.setattr("milpsparse.harness.machine.provenance", lambda: {"git_sha": "another"})
    again = plan("small", ["coordinate_start", "neuron_big_m@highs"], ["neurons"])
    assert running.missing(again, tmp_path) == []
