"""Solvers that lie or misbehave: each ends as one row with the right verdict, the run goes on."""

import time

import pytest
from processes import is_alive

from milpsparse.commands.run import check
from milpsparse.harness import run as running
from milpsparse.harness import store, worker
from milpsparse.harness.task import Task
from milpsparse.instance import Instance
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective
from milpsparse.testing import items, kit

# Two neurons do; the construction that is the start has three.
INSTANCE = Instance(
    X=[[0.0], [1.0], [2.0], [3.0], [4.0]], y=[0.0, 0.0, 1.0, 3.0, 6.0], bound=8.0, name="bend"
)
LIMITS = {"hangs": {"time_limit_s": 0.5}, "eats_memory": {"memory_limit_mb": 2000}}

# What the row says, and what is left to say once rows are compared with those of other solvers.
FAULTS = {
    "infeasible_network": ("fail_solution_infeasible", "misses the data", None),
    "fractional_binaries": ("fail_solution_infeasible", "misses the data", None),
    "wrong_objective": ("fail_objective_value", "claims 1; the network is worth 2", None),
    "zeros_at_a_limit": ("fail_solution_infeasible", "misses the data", None),
    "false_bound": ("fail_dual_bound", "claims the lower bound 3; its own network", None),
    "false_optimality": ("fail_dual_bound", "claims the lower bound 3; its own network", None),
    "false_infeasibility": ("unknown", "no network", "claims the lower bound 4; neuron_big_m@"),
    "hangs": ("timelimit", "no network", None),
    "eats_memory": ("memlimit", "no network", None),
    "crashes": ("fail_abort", "the process crashed (SIGSEGV)", None),
    "prints": ("ok", "", None),
    "forks": ("ok", "", None),
}
KILLED = {"hangs", "eats_memory"}


def task(solver, **limits):
    method, goal = parse_method(f"neuron_big_m@{solver}"), parse_objective("neurons")
    limits = {"time_limit_s": 60.0} | limits
    return Task(instance=INSTANCE, objective=goal, method=method, **limits)


def test_twelve_of_twelve_faults_are_rows_with_the_right_verdict(
    example, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(worker, "grace_s", lambda time_limit_s: 0.5)
    tasks = {name: task(f"liar_{name}", **LIMITS.get(name, {})) for name in FAULTS}
    tasks["honest"] = task("echo")
    rows = {
        row["task_key"]: row
        for row in running.run(list(tasks.values()), tmp_path, testset="faults", jobs=2)
    }
    assert len(FAULTS) == 12
    assert rows.keys() == {one.key for one in tasks.values()}
    named = {name: rows[one.key] for name, one in tasks.items()}
    found = {name: (row["verdict"], row["fail_reason"]) for name, row in named.items()}
    for name, (verdict, reason, _) in FAULTS.items():
        assert (name, found[name][0]) == (name, verdict)
        assert reason in found[name][1]
    assert {name for name, row in named.items() if row["killed_by"]} == KILLED
    assert (named["honest"]["verdict"], named["honest"]["primal_bound"]) == ("ok", 2.0)

    assert check(tmp_path) == 1  # the second pass compares rows, and names what it finds
    said = capsys.readouterr().out.splitlines()
    latest = store.latest(tmp_path)
    for name, (verdict, reason, contradicted) in FAULTS.items():
        mine = [line for line in said if f"@liar_{name}:" in line]
        fails = verdict.startswith("fail") or contradicted is not None
        assert (name, len(mine)) == (name, int(fails))
        assert not fails or (contradicted or reason) in mine[0]
        assert latest[tasks[name].key]["verdict"].startswith("fail") == fails
    assert latest[tasks["honest"].key]["verdict"] == "ok"
    for name in ("forks", "eats_memory"):  # nothing is left of their children
        pids = (tmp_path / "logs" / f"{tasks[name].key}.log").read_text().split()
        assert len(pids) >= 1
        end = time.monotonic() + 10.0  # a killed process takes time to give its memory back
        while any(is_alive(int(pid)) for pid in pids) and time.monotonic() < end:
            time.sleep(0.05)
        assert [pid for pid in pids if is_alive(int(pid))] == []


@pytest.mark.parametrize(
    ("liar", "question", "reason"),
    [
        ("infeasible_network", "optimum", "violates a row or bound"),
        ("fractional_binaries", "optimum", "mixed: its point violates a row or bound by 0."),
        ("wrong_objective", "optimum", "its point is worth"),
        ("zeros_at_a_limit", "zero_limit", "violates a row or bound"),
        ("false_bound", "optimum", "is above the optimum"),
        ("false_optimality", "time_limit", "the dual bound"),
        ("false_infeasibility", "optimum", "says 'infeasible' (infeasible)"),
        ("hangs", "time_limit", "killed at the time limit of the kit"),
        ("eats_memory", "optimum", "killed at the memory limit of the kit"),
        ("crashes", "optimum", "the process crashed (SIGSEGV)"),
        ("prints", "quiet", "prints"),
        ("wrong_objective", "row", "fail_objective_value"),
    ],
)
def test_the_kit_finds_what_is_wrong(example, monkeypatch, liar, question, reason):
    monkeypatch.setattr(kit, "SECONDS", 2.0 if liar == "hangs" else 60.0)
    monkeypatch.setattr(kit, "MEMORY_MB", 2000)
    (item,) = [i for i in items(f"liar_{liar}") if i.question.name == question]
    found = item.find()
    assert found.word == "fail"
    assert reason in found.why
