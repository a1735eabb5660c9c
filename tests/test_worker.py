from __future__ import annotations

import importlib
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import PATIENCE_S, is_alive, wait_until

from milpsparse import checker, to_json
from milpsparse.analysis.rows import COLUMNS
from milpsparse.errors import BadInput, UnknownName
from milpsparse.harness import run as running
from milpsparse.harness import store, worker
from milpsparse.harness.run import answer_of
from milpsparse.harness.task import Task, plan
from milpsparse.instance import Instance
from milpsparse.objective import parse_objective

TESTS = Path(__file__).parent
INSTANCE = Instance(X=[[0.0], [1.0], [2.0], [3.0]], y=[0.0, 1.0, 0.0, 2.0], bound=16.0, name="tiny")
VALUE = 3  # neurons of the construction that an honest fake returns


@pytest.fixture(autouse=True)
def faults(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(TESTS), *sys.path])  # the task's process gets the same
    monkeypatch.setattr(worker, "grace_s", lambda time_limit_s: 0.3)
    return importlib.import_module("faults")


@pytest.fixture
def task(faults):
    def make(name, time_limit_s=PATIENCE_S, instance=INSTANCE, options=None, **limits):
        method, goal = faults.fake(name, **(options or {})), parse_objective("neurons")
        limits |= {"time_limit_s": time_limit_s}
        return Task(instance=instance, objective=goal, method=method, **limits)

    return make


def instances(count):
    return [INSTANCE.replace(y=INSTANCE.y + i, name=f"tiny{i}") for i in range(count)]


def run(tasks, folder, **options):
    return list(running.run(tasks, folder, testset="fakes", **options))


def keys_on_disk(folder):
    return [row["task_key"] for row in store.lines(folder / store.RUNS)]


def log_of(folder, task):
    return folder / "logs" / f"{task.key}.log"


# --- what a method can do wrong ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "termination", "verdict", "exit_code", "reason"),
    [
        ("honest", "feasible", "ok", 0, ""),
        ("prints", "feasible", "ok", 0, ""),
        ("finds_nothing", "time_limit", "timelimit", 0, "no network"),
        ("exits", "error", "fail_abort", 3, "the process ended without an answer (3)"),
        ("quits", "error", "fail_abort", 1, "the process ended without an answer (1)"),
        ("raises", "error", "fail_abort", 0, "ZeroDivisionError: one by none"),
        ("answers_nothing", "error", "fail_abort", 0, "NoneType"),
        ("unwritable_stats", "feasible", "ok", 0, ""),
        ("text_for_a_number", "error", "fail_readerror", 0, "claimed_primal_bound is no number"),
        ("text_for_a_bound", "error", "fail_readerror", 0, "claimed_dual_bound is no number"),
        ("answers_another_objective", "error", "fail_readerror", 0, "an answer for l1"),
        ("misses_the_data", "feasible", "fail_solution_infeasible", 0, "misses the data by 1"),
        ("claims_a_value_alone", "feasible", "fail_solution_infeasible", 0, "without a network"),
        ("claims_too_little", "feasible", "fail_objective_value", 0, "claims 2; the network is"),
        ("claims_a_nan_value", "feasible", "fail_objective_value", 0, "claims nan"),
        ("claims_too_much", "feasible", "fail_dual_bound", 0, "claims the lower bound 4"),
        ("claims_infinity", "feasible", "fail_dual_bound", 0, "claims the lower bound inf"),
        ("claims_minus_infinity", "feasible", "ok", 0, ""),
        ("claims_nan", "feasible", "fail_dual_bound", 0, "not a number"),
    ],
)
def test_a_fault_is_one_row_and_the_run_goes_on(
    tmp_path, task, fault, termination, verdict, exit_code, reason
):
    faulty, after = task(fault), task("slow", options={"pause": 0.0})
    row, next_row = run([faulty, after], tmp_path)
    assert (row["termination"], row["verdict"], row["exit_code"]) == (
        termination,
        verdict,
        exit_code,
    )
    assert reason in row["fail_reason"]
    assert row["killed_by"] is None
    assert (next_row["verdict"], next_row["primal_bound"]) == ("ok", VALUE)
    assert keys_on_disk(tmp_path) == [faulty.key, after.key]
    store.latest(tmp_path)  # all of it readable


def test_a_claimed_optimum_above_a_known_network_is_a_false_claim(tmp_path, task):
    known = [{"objective": "neurons", "status": "best", "value": VALUE - 1}]
    better = INSTANCE.replace(known=known)
    (true,) = run([task("claims_optimal")], tmp_path / "true")
    (false,) = run([task("claims_optimal", instance=better)], tmp_path / "false")
    assert (true["verdict"], true["termination"]) == ("solved_not_verified", "optimal")
    assert (true["evidence"], true["dual_bound"]) == ("claimed", VALUE)
    assert (false["verdict"], false["termination"]) == ("fail_dual_bound", "feasible")
    assert "a known network is worth 2" in false["fail_reason"]


def test_a_method_that_hangs_is_killed_from_outside(tmp_path, task):
    row, after = run([task("hangs", 0.2), task("honest")], tmp_path)
    assert (row["termination"], row["verdict"]) == ("time_limit", "timelimit")
    assert (row["killed_by"], row["exit_code"]) == ("harness", -signal.SIGKILL)
    assert 0.2 + worker.grace_s(0.2) <= row["wall_time_s"] < PATIENCE_S
    assert row["primal_bound"] is None
    assert row["dual_bound"] == 2.0  # the theorems hold all the same
    assert after["verdict"] == "ok"


@pytest.mark.parametrize("fault", ["hangs_with_a_child", "leaves_a_child"])
def test_children_of_a_method_end_with_its_task(tmp_path, task, fault):
    one = task(fault, 1.0)
    (row,) = run([one], tmp_path)
    assert row["killed_by"] == ("harness" if fault == "hangs_with_a_child" else None)
    pid = int(log_of(tmp_path, one).read_text().split()[-1])
    wait_until(lambda: not is_alive(pid))


def test_memory_beyond_the_limit_ends_the_task_alone(tmp_path, task):
    row, after = run([task("eats_memory", memory_limit_mb=1200), task("honest")], tmp_path)
    assert (row["termination"], row["verdict"]) == ("memory_limit", "memlimit")
    assert row["memory_limit_mb"] == 1200
    assert after["verdict"] == "ok"


def test_what_a_method_prints_goes_to_its_log(tmp_path, task, capfd):
    loud, silent, raising = task("prints"), task("honest"), task("raises")
    run([loud, silent, raising], tmp_path)
    assert b'\x00\xff{"answer": null}' in log_of(tmp_path, loud).read_bytes()
    assert "ZeroDivisionError: one by none" in log_of(tmp_path, raising).read_text()
    assert not log_of(tmp_path, silent).exists()  # empty logs are removed
    assert capfd.readouterr() == ("", "")


def test_claims_that_are_not_finite_are_kept_as_text_and_fail_again(tmp_path, task):
    run([task(f) for f in ("claims_infinity", "claims_nan", "claims_a_nan_value")], tmp_path)
    for line in (tmp_path / store.RUNS).read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)
    rows = list(store.latest(tmp_path).values())
    assert [row["claimed_dual_bound"] for row in rows[:2]] == ["inf", "nan"]
    assert rows[2]["claimed_primal_bound"] == "nan"
    for row in rows:
        assert checker.check(INSTANCE, answer_of(row, tmp_path)).verdict == row["verdict"]


def test_the_process_sees_the_threads_and_the_seed_of_its_task(tmp_path, task):
    one, two = run([task("echoes_limits"), task("echoes_limits", threads=2, seed=7)], tmp_path)
    assert one["stats"] == {"threads": 1, "seed": 0, "variable": "1"}
    assert two["stats"] == {"threads": 2, "seed": 7, "variable": "2"}


def test_the_imports_of_the_first_process_are_not_charged_to_its_task(tmp_path):
    code = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(TESTS)!r})
import faults
from milpsparse import load
from milpsparse.harness import run, worker
from milpsparse.objective import parse_objective
from milpsparse.harness.task import Task
worker.grace_s = lambda time_limit_s: 1.0  # less than the imports take
method, goal = faults.fake("honest"), parse_objective("neurons")
task = Task(instance=load("peak_plateau"), objective=goal, method=method, time_limit_s=0.3)
print(next(run.run([task], Path({str(tmp_path)!r}), testset="t"))["verdict"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("ok\n", "")


def test_files_of_the_current_folder_are_no_modules_of_the_tasks(tmp_path):
    (tmp_path / "enum.py").write_text("raise SystemExit('the file of a user')")
    (tmp_path / "one.test").write_text("peak_plateau\n")
    words = ["run", "-t", "one.test", "-m", "coordinate_start", "--out", "out"]
    command = [sys.executable, "-P", "-m", "milpsparse.cli", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, "1 done, 0 failed" in done.stdout) == (0, True), done.stderr


def test_memory_counts_over_all_children_and_only_where_it_is_too_much(tmp_path, task):
    within = task("shares_memory", memory_limit_mb=1600)
    beyond = task("eats_memory_in_children", memory_limit_mb=1600)
    small, large = run([within, beyond], tmp_path)
    assert (small["verdict"], small["killed_by"]) == ("ok", None)
    assert (large["verdict"], large["killed_by"]) == ("memlimit", "harness")
    assert large["fail_reason"] == "no network"
    assert large["raw_status"] == "killed at the memory limit"


def test_the_grace_grows_with_the_limit(monkeypatch):
    monkeypatch.undo()
    assert [worker.grace_s(t) for t in (1, 60, 1000)] == [5.0, 5.0, 50.0]


# --- rows -------------------------------------------------------------------------------------


def test_a_row_holds_every_column_and_what_is_on_disk(tmp_path, task):
    one = task("honest", seed=3, memory_limit_mb=20_000)
    (row,) = run([one], tmp_path)
    assert set(COLUMNS) <= row.keys()
    assert store.latest(tmp_path) == {one.key: json.loads(json.dumps(row))}
    assert (row["instance"], row["instance_sha256"]) == ("tiny", INSTANCE.sha256)
    assert (row["method"], row["seed"], row["bound"]) == ("honest", 3, 16.0)
    assert 0 < row["wall_time_s"] < PATIENCE_S
    assert row["cpu_time_s"] > 0
    assert row["peak_memory_mb"] > 1


def test_a_stored_row_gives_the_answer_back(tmp_path, task):
    (row,) = run([task("claims_optimal")], tmp_path)
    answer = running.answer_of(store.latest(tmp_path)[row["task_key"]], tmp_path)
    assert answer.network is not None
    assert answer.network(INSTANCE.X) == pytest.approx(INSTANCE.y)
    assert answer.network.to_json() == row["network"]
    assert (answer.termination, answer.claimed_dual_bound) == ("optimal", VALUE)


# --- resuming ---------------------------------------------------------------------------------


def test_a_run_does_only_what_is_missing(tmp_path, task):
    tasks = [task("honest", instance=i) for i in instances(3)]
    assert [r["task_key"] for r in run(tasks[:2], tmp_path)] == [t.key for t in tasks[:2]]
    assert running.missing(tasks, tmp_path) == tasks[2:]
    assert [r["task_key"] for r in run(tasks, tmp_path)] == [tasks[2].key]
    assert run(tasks, tmp_path) == []
    assert keys_on_disk(tmp_path) == [t.key for t in tasks]


def test_rerun_takes_failed_timeouts_or_all(tmp_path, task):
    names = ["honest", "raises", "misses_the_data", "finds_nothing"]
    tasks = [task(name) for name in names]
    run(tasks, tmp_path, jobs=2)

    def again(rerun):
        return [t.method.name for t in running.missing(tasks, tmp_path, rerun)]

    assert again("none") == []
    assert again("failed") == ["raises", "misses_the_data"]
    assert again("timeouts") == ["finds_nothing"]
    assert again("all") == names
    assert [r["method"] for r in run(tasks, tmp_path, rerun="timeouts")] == ["finds_nothing"]
    assert len(keys_on_disk(tmp_path)) == len(names) + 1
    assert len(store.latest(tmp_path)) == len(names)


def test_an_unknown_rerun_is_refused(tmp_path, task):
    with pytest.raises(BadInput, match="rerun some: one of none, failed, timeouts, all"):
        run([task("honest")], tmp_path, rerun="some")


def test_two_runs_at_once_in_one_folder_are_refused(tmp_path, task):
    with store.Writer(tmp_path), pytest.raises(BadInput, match="another run is writing"):
        run([task("honest")], tmp_path)


def test_a_run_after_a_crash_drops_the_torn_line_and_does_that_task_again(tmp_path, task):
    tasks = [task("honest", instance=i) for i in instances(2)]
    run(tasks, tmp_path)
    path = tmp_path / store.RUNS
    path.write_bytes(path.read_bytes()[:-20])
    assert [r["task_key"] for r in run(tasks, tmp_path)] == [tasks[1].key]
    assert keys_on_disk(tmp_path) == [t.key for t in tasks]


def test_closing_the_iterator_kills_what_is_under_way(tmp_path, task):
    hanging = task("hangs_with_a_child")
    rows = running.run([task("honest"), hanging], tmp_path, testset="fakes", jobs=2)
    assert next(rows)["verdict"] == "ok"
    log = log_of(tmp_path, hanging)
    wait_until(lambda: log.is_file() and log.read_text().endswith("\n"))
    begun = time.monotonic()
    rows.close()
    assert time.monotonic() - begun < PATIENCE_S / 2  # the hanging task had a minute
    wait_until(lambda: not is_alive(int(log.read_text().split()[-1])))
    assert running.missing([hanging], tmp_path) == [hanging]  # it left no row


def test_a_run_closed_early_is_resumed_with_no_row_lost_or_doubled(tmp_path, task):
    tasks = [task("slow", instance=i, options={"pause": 0.2}) for i in instances(6)]
    rows = running.run(tasks, tmp_path, testset="fakes", jobs=2)
    seen = [next(rows)["task_key"], next(rows)["task_key"]]
    rows.close()
    assert keys_on_disk(tmp_path) == seen
    rest = [row["task_key"] for row in run(tasks, tmp_path, jobs=2)]
    assert keys_on_disk(tmp_path) == seen + rest
    assert sorted(seen + rest) == sorted(t.key for t in tasks)


def test_an_error_of_the_harness_itself_is_raised_and_ends_the_run(tmp_path, task, monkeypatch):
    def broken(instance, answer):
        raise RuntimeError("a bug in the check")

    monkeypatch.setattr("milpsparse.harness.row.checker.check", broken)
    with pytest.raises(RuntimeError, match="a bug in the check"):
        run([task("honest")], tmp_path)
    assert keys_on_disk(tmp_path) == []


def test_ctrl_c_exits_130_and_the_same_command_does_the_rest(tmp_path, faults):
    for instance in instances(5):
        (tmp_path / f"{instance.name}.json").write_text(to_json(instance))
    names = [str(tmp_path / f"tiny{i}.json") for i in range(5)]
    testset, out = tmp_path / "tiny.test", tmp_path / "out"
    testset.write_text("\n".join(names))
    words = ["run", "-t", str(testset), "-m", "slow[pause=1.0]", "--out", str(out)]
    command = [sys.executable, "-m", "milpsparse.cli", *words]
    env = faults.install(tmp_path / "site")
    with subprocess.Popen(
        command,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # jobs of shells ignore it
    ) as first:
        runs = out / store.RUNS
        wait_until(lambda: runs.is_file() and runs.read_bytes().count(b"\n") >= 1)
        os.killpg(first.pid, signal.SIGINT)  # a terminal signals the whole group
        said, complaints = first.communicate(timeout=PATIENCE_S)
    assert first.returncode == 130
    assert "the same command goes on" in said
    assert "Traceback" not in complaints
    before = keys_on_disk(out)
    assert 1 <= len(before) < 5
    second = subprocess.run(command, env=env, capture_output=True, text=True)
    assert second.returncode == 0
    assert f"5 tasks: {len(before)} done before, {5 - len(before)} to run" in second.stdout
    assert keys_on_disk(out)[: len(before)] == before
    assert len(keys_on_disk(out)) == len(set(keys_on_disk(out))) == 5
    assert {row["verdict"] for row in store.latest(out).values()} == {"ok"}


# --- tasks ------------------------------------------------------------------------------------


def test_the_key_of_a_task_changes_with_all_that_decides_its_result():
    by_name = plan("small", ["neuron_big_m@highs"], ["neurons"], time_limit_s=5.0)[0]

    def key(**changes):
        content = {
            "instance": INSTANCE,
            "objective": parse_objective("neurons"),
            "method": by_name.method,
        }
        return Task(**(content | changes)).key

    def method(name):
        return plan("small", [name], ["neurons"])[0].method

    others = [
        key(instance=INSTANCE.replace(y=INSTANCE.y * 2)),
        key(instance=INSTANCE.replace(bound=17.0)),
        key(instance=INSTANCE.replace(skip=True)),
        key(instance=INSTANCE.replace(count_bias=False)),
        key(objective=parse_objective("parameters")),
        key(method=method("neuron_mccormick@highs")),
        key(method=method("neuron_big_m[slots=3]@highs")),
        key(time_limit_s=61.0),
        key(memory_limit_mb=1000),
        key(threads=2),
        key(seed=1),
        key(perm=1),
        key(bound="none"),
    ]
    assert len({key(), *others}) == len(others) + 1
    assert key() == key(instance=INSTANCE.replace(name="another", known=()))


def test_the_key_of_a_task_changes_with_the_version_of_its_method(faults):
    import dataclasses

    method = faults.fake("honest")
    newer = dataclasses.replace(method, rule=dataclasses.replace(method.rule, version=2))
    goal = parse_objective("neurons")
    keys = [Task(instance=INSTANCE, objective=goal, method=m).key for m in (method, newer)]
    assert keys[0] != keys[1]


def test_a_plan_is_every_instance_objective_method_and_seed_once(tmp_path):
    (tmp_path / "two.test").write_text("peak_plateau  # a comment\n\n# nothing\nconvex_run_1_1_1\n")
    methods = ["coordinate_start", "pattern_l1@highs", "coordinate_start", "pattern_l0"]
    objectives = ["neurons", "l1", "neurons"]
    tasks = plan(str(tmp_path / "two.test"), methods, objectives, seeds=(0, 1))
    named = [(t.instance.name, str(t.objective), t.method.name, t.seed) for t in tasks]
    takes = {
        "neurons": ["coordinate_start", "pattern_l1@highs", "pattern_l0@highs"],
        "l1": ["coordinate_start", "pattern_l1@highs"],  # the rest never takes l1
    }
    assert named == [
        (instance, objective, method, seed)
        for instance in ("peak_plateau", "convex_run_1_1_1")
        for objective in ("neurons", "l1")
        for method in takes[objective]
        for seed in (0, 1)
    ]
    assert len({t.key for t in tasks}) == len(tasks)


def test_two_instances_of_one_name_are_refused(tmp_path):
    (tmp_path / "peak_plateau.csv").write_text("0,1\n1,2\n")
    listed = f"peak_plateau\npeak_plateau\n{tmp_path / 'peak_plateau.csv'}\n"
    (tmp_path / "two.test").write_text(listed)
    with pytest.raises(BadInput, match="two instances named peak_plateau"):
        plan(str(tmp_path / "two.test"), ["coordinate_start"], ["neurons"])
    (tmp_path / "one.test").write_text("peak_plateau\npeak_plateau\n")
    assert len(plan(str(tmp_path / "one.test"), ["coordinate_start"], ["neurons"])) == 1


def test_plans_that_cannot_run_are_refused(tmp_path):
    (tmp_path / "empty.test").write_text("# nothing\n")
    with pytest.raises(BadInput, match="is empty"):
        plan(str(tmp_path / "empty.test"), ["coordinate_start"], ["neurons"])
    with pytest.raises(BadInput, match="no such file"):
        plan(str(tmp_path / "none.test"), ["coordinate_start"], ["neurons"])
    with pytest.raises(BadInput, match="pattern_l0@highs takes neurons, parameters; none of l1"):
        plan("small", ["coordinate_start", "pattern_l0@highs"], ["l1"])
    with pytest.raises(UnknownName, match="Did you mean small"):
        plan("smal", ["coordinate_start"], ["neurons"])


def test_limits_never_run_out_to_zero():
    from milpsparse import clock
    from milpsparse.method import Limits

    spent = Limits(time_limit_s=1.0, started=clock.now() - 10.0)
    assert 0 < spent.left() <= 0.01
    assert math.isclose(Limits(time_limit_s=1000.0).left(), 1000.0, rel_tol=1e-2)
