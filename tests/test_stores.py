"""Commands on whole stores: status while a run goes on, parts and merge, replay."""

from __future__ import annotations

import fcntl
import json
import shutil

import pytest

from milpsparse import load, read_json, to_json
from milpsparse.harness import progress, records, store
from milpsparse.harness.merge import merge


@pytest.fixture
def testset(tmp_path):
    path = tmp_path / "three.test"
    mine = tmp_path / "mine.json"
    mine.write_text(to_json(load("peak_plateau").replace(name="mine", bound=11.0)))
    path.write_text(f"peak_plateau\nconvex_run_1_1_1\n{mine}\n")
    return path


@pytest.fixture
def run(call, testset):
    def do(out, *words):
        command = ["run", "-t", testset, "-m", "coordinate_start", "-m", "univariate"]
        code, said, _ = call(*command, "--out", out, "-j", "2", *words)
        assert code == 0
        return said

    return do


def row(key, **changes):
    values = {"schema": 1, "run_id": "r1", "task_key": key, "verdict": "ok", "wall_time_s": 1.0}
    values |= {"termination": "feasible", "finished": "2026-01-01T00:00:00+00:00"}
    values |= {"instance": "tiny", "objective": "neurons", "method": "m", "instance_sha256": "ab"}
    return values | {"primal_bound": 3, "dual_bound": 2} | changes


def write(folder, *rows):
    with store.Writer(folder) as writer:
        for one in rows:
            writer.append(one)
    return folder


# --- parts and merge --------------------------------------------------------------------------


def test_parts_merge_to_what_one_run_would_be(tmp_path, run, call):
    assert run(tmp_path / "whole").startswith("6 tasks: 0 done before, 6 to run")
    for i in (1, 2, 3):
        assert run(tmp_path / f"part-{i}", "--part", f"{i}/3").startswith("2 tasks: 0 done")
    parts = [tmp_path / f"part-{i}" for i in (1, 2, 3)]
    code, out, _ = call("merge", *parts, "-o", tmp_path / "all")
    assert (code, out.splitlines()[0]) == (
        0,
        f"6 rows added, 0 were there; 6 tasks in {tmp_path / 'all'}",
    )
    whole, joined = store.latest(tmp_path / "whole"), store.latest(tmp_path / "all")
    assert whole.keys() == joined.keys()
    for key in whole:
        for column in ("verdict", "primal_bound", "dual_bound", "network", "instance_sha256"):
            assert whole[key][column] == joined[key][column]
    plans = [store.read_plan(tmp_path / name) for name in ("whole", "all")]
    assert sorted(plans[0]["keys"]) == sorted(plans[1]["keys"])
    assert len(records.read_records(tmp_path / "all")) == 3
    assert call("check", tmp_path / "all")[:2] == (0, "6 rows checked, 0 wrong claims\n")
    assert run(tmp_path / "all").startswith("6 tasks: 6 done before, 0 to run")  # and resumes
    assert call("merge", *parts, "-o", tmp_path / "all")[1].startswith("0 rows added, 6 were there")
    assert [p.name for p in (tmp_path / "all" / "instances").iterdir()] == [
        p.name for p in (tmp_path / "whole" / "instances").iterdir()
    ]


@pytest.mark.parametrize(
    "part", ["0/3", "4/3", "1", "a/b", "1/0", "-1/2", "1/2/3", "1" * 99 + "/2"]
)
def test_parts_that_are_none_are_refused(refused, part):
    assert "write I/N" in refused("run", "-t", "small", "--part", part)


def test_the_row_that_ended_last_counts_and_differences_are_named(tmp_path):
    later = {"finished": "2026-01-02T00:00:00+00:00", "run_id": "r2"}
    one = write(tmp_path / "one", row("a", **later, primal_bound=2), row("b"), row("c"))
    two = write(tmp_path / "two", row("a"), row("b", **later), row("c"))
    merged = merge([one, two], tmp_path / "out")
    assert (merged.tasks, merged.added, merged.same) == (3, 3, 1)
    rows = store.latest(tmp_path / "out")
    assert [rows[key]["run_id"] for key in "abc"] == ["r2", "r2", "r1"]
    assert merged.conflicts == ["tiny, neurons, m: ok [2, 2] in one, ok [2, 3] in two"]
    assert len(list(store.lines(tmp_path / "out" / store.RUNS))) == 3
    again = merge([two], tmp_path / "out")
    assert (again.tasks, again.added) == (3, 0)


def test_what_was_interrupted_never_hides_what_ended(tmp_path):
    later = {"finished": "2026-01-02T00:00:00+00:00", "run_id": "r2"}
    one = write(tmp_path / "one", row("a"))
    two = write(tmp_path / "two", row("a", termination="interrupted", **later), row("b"))
    merged = merge([one, two], tmp_path / "out")
    assert store.latest(tmp_path / "out")["a"]["termination"] == "feasible"
    assert merged.conflicts == []


def test_logs_proofs_and_checks_come_with_their_rows(tmp_path):
    one, two = write(tmp_path / "one", row("a")), write(tmp_path / "two", row("b"))
    for folder, key in ((one, "a"), (two, "b")):
        for path in (store.log_file(folder, key), store.proof_file(folder, key)):
            path.parent.mkdir()
            path.write_text(f"of {key}")
    check = {"schema": 1, "task_key": "b", "run_id": "r1", "verdict": "fail_dual_bound"}
    (two / store.CHECKS).write_bytes(store.to_line(check))
    merge([one, two], tmp_path / "out")
    for key in "ab":
        assert store.log_file(tmp_path / "out", key).read_text() == f"of {key}"
        assert store.proof_file(tmp_path / "out", key).read_text() == f"of {key}"
    assert store.latest(tmp_path / "out")["b"]["verdict"] == "fail_dual_bound"


def test_a_torn_line_is_left_out_and_a_foreign_schema_refused_before_anything_is_written(tmp_path):
    one, two = write(tmp_path / "one", row("a"), row("b")), write(tmp_path / "two", row("c"))
    runs = one / store.RUNS
    runs.write_bytes(runs.read_bytes()[:-9])
    assert merge([one], tmp_path / "out").tasks == 1
    (two / store.RUNS).write_bytes(store.to_line(row("c", schema=2)))
    before = (tmp_path / "out" / store.RUNS).read_bytes()
    with pytest.raises(Exception, match="schema 2, this version reads 1"):
        merge([write(tmp_path / "three", row("d")), two], tmp_path / "out")
    assert (tmp_path / "out" / store.RUNS).read_bytes() == before


def test_keys_that_lead_elsewhere_are_refused(tmp_path, refused):
    outside = tmp_path / "outside.log"
    outside.write_text("mine")
    for bad in ("../../outside", "/etc/passwd", "..", "a/b", "a\0b", ""):
        shutil.rmtree(tmp_path / "one", ignore_errors=True)
        folder = write(tmp_path / "one", row(bad))
        assert "not a row" in refused("merge", folder, "-o", tmp_path / "out")
    folder = write(tmp_path / "two", row("a", instance_sha256="../../etc"))
    assert "no key or hash" in refused("merge", folder, "-o", tmp_path / "out")
    assert outside.read_text() == "mine"


# --- status -----------------------------------------------------------------------------------


def test_status_while_a_run_goes_on(tmp_path, call):
    write(tmp_path, row("a", run_id="r1", wall_time_s=20.0))
    plan = {"testset": "mine", "keys": list("abcde"), "jobs": 2}
    (tmp_path / store.PLAN).write_text(json.dumps(plan))
    out = call("status", tmp_path)[1]
    assert "done      1 of 5, 4 left\n" in out
    assert "left      about 40 s with 2 at once\n" in out
    assert "running   nothing" in out

    now = progress.time.time()
    run = {"run_id": "r2", "jobs": 3, "began": now - 100.0, "tasks": [{"task": "x", "since": now}]}
    (tmp_path / progress.RUNNING).write_text(json.dumps(run))
    assert "running   nothing" in call("status", tmp_path)[1]  # what a killed run left behind
    with store.Writer(tmp_path) as writer:  # somebody writes
        writer.append(row("b", run_id="r2"))
        out = call("status", tmp_path)[1]
    assert "running   x, for 0 s\n" in out
    assert "left      about 5 min with 3 at once\n" in out  # a task in 100 s since it began


def test_interrupted_tasks_are_left(tmp_path):
    write(tmp_path, row("a"), row("b", termination="interrupted"))
    now = progress.status(tmp_path)
    assert (now.done, now.left, now.total, now.ended) == (1, 1, 2, {"feasible": 1})


def test_a_run_says_what_it_does_and_cleans_up(tmp_path, run, monkeypatch):
    seen = []
    write_plain = progress.Progress._write

    def spied(self):
        write_plain(self)
        seen.append(json.loads((tmp_path / "out" / progress.RUNNING).read_text()))

    monkeypatch.setattr(progress.Progress, "_write", spied)
    run(tmp_path / "out")
    assert {task["task"] for state in seen for task in state["tasks"]} >= {
        "peak_plateau, neurons, univariate",
        "mine, neurons, coordinate_start",
    }
    assert max(len(state["tasks"]) for state in seen) == 2
    assert not (tmp_path / "out" / progress.RUNNING).exists()


def test_a_look_at_the_lock_does_not_keep_a_run_from_starting(tmp_path):
    write(tmp_path, row("a"))
    with open(tmp_path / store.RUNS, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert not store.is_written(tmp_path)
        monkey = store.time.sleep
        store.time.sleep = lambda seconds: fcntl.flock(file, fcntl.LOCK_UN)
        try:
            write(tmp_path, row("b"))
        finally:
            store.time.sleep = monkey
    assert list(store.latest(tmp_path)) == ["a", "b"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7300, "2 h 1 min"), (200_000, "2 d 7 h")],
)
def test_lengths_of_time(seconds, text):
    from milpsparse.commands.run import duration

    assert duration(seconds) == text


# --- replay -----------------------------------------------------------------------------------


def test_a_task_is_run_again_and_put_beside_its_row(tmp_path, run, call, refused):
    run(tmp_path / "out", "--perm", "1", "--seed", "3")
    rows = store.latest(tmp_path / "out")
    key = next(k for k, r in rows.items() if (r["instance"], r["method"]) == ("mine", "univariate"))
    before = (tmp_path / "out" / store.RUNS).read_bytes()
    code, out, err = call("replay", tmp_path / "out", key[:10])
    assert (code, err) == (0, "")
    assert out.startswith("mine, neurons, univariate\n")
    assert "the results agree" in out
    found = json.loads(call("replay", tmp_path / "out", key, "--json")[1])
    assert found["differences"] == []
    assert found["now"]["task_key"] == found["stored"]["task_key"] == key
    assert (found["now"]["seed"], found["now"]["perm"]) == (3, 1)
    assert (tmp_path / "out" / store.RUNS).read_bytes() == before

    changed = {**rows[key], "primal_bound": 7}
    write(tmp_path / "out", changed)
    code, out, _ = call("replay", tmp_path / "out", key)
    assert code == 1
    assert "\n! primal_bound         7 " in out
    assert "the results differ: primal_bound" in out
    assert "no task with a key" in refused("replay", tmp_path / "out", "zzz")
    assert "6 tasks with a key" in refused("replay", tmp_path / "out", "")
    kept = store.instance_file(tmp_path / "out", changed["instance_sha256"])
    kept.write_text(to_json(read_json(kept).replace(bound=99.0)))
    assert "its hash differs" in refused("replay", tmp_path / "out", key)


def test_a_row_that_tells_no_task_is_refused(tmp_path, refused):
    sha256 = load("peak_plateau").sha256
    write(tmp_path, row("a", instance="peak_plateau", instance_sha256=sha256, method="univariate"))
    assert "does not tell its task" in refused("replay", tmp_path, "a")
