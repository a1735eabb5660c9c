"""Fifty kills at random moments, each followed by a resume: no row is lost, none is doubled."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import psutil
from processes import PATIENCE_S, is_alive, wait_until

from milpsparse.analysis.table import write_tables
from milpsparse.harness import progress, store

TESTS = Path(__file__).parent
KILLS = {"harness": 12, "power": 8, "server": 5, "task": 25}
TASKS = 120
TIMES = """
run_id started finished wall_time_s cpu_time_s check_time_s build_time_s solve_time_s
peak_memory_mb exit_code git_sha git_dirty
""".split()

# A process that has imported everything, and forks a harness whenever it is told to.
HARNESS = """
import os, sys, traceback
from pathlib import Path
import faults
from milpsparse.harness import isolation, run
from milpsparse.harness.task import Task
from milpsparse.instance import Instance
from milpsparse.objective import parse_objective

def main(folder, count):
    isolation.PRELOAD = ["faults", "milpsparse.harness.worker", "flint", "numpy.random"]
    data = [Instance(X=[[0], [1], [2], [3]], y=[0, 1, 0, i], bound=16.0, name=f"tiny{i}")
            for i in range(10)]
    goal, method = parse_objective("neurons"), faults.fake("slow", pause=0.01)
    tasks = [Task(instance=data[i % 10], objective=goal, method=method, seed=i // 10)
             for i in range(count)]
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                list(run.run(tasks, folder, testset="tiny", jobs=2))
            except BaseException:
                traceback.print_exc()
            os._exit(0)
        print("pid", pid, flush=True)
        os.waitpid(pid, 0)

if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
"""


class Harness:
    """Runs the tasks in a folder, again and again."""

    def __init__(self, folder, script):
        script.write_text(HARNESS)
        self.runs = folder / store.RUNS
        self.log = script.with_suffix(f".{folder.name}.log")
        self._said = open(self.log, "w")  # noqa: SIM115  # closed by close
        self._starts = 0
        variables = {"PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._forks = subprocess.Popen(
            [sys.executable, str(script), str(folder), str(TASKS)],
            stdin=subprocess.PIPE,
            stdout=self._said,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
            env={**os.environ, **variables},
        )
        self.process = None

    def start(self):
        self._forks.stdin.write("\n")
        self._starts += 1
        pids = wait_until(lambda: self.pids()[self._starts - 1 :])
        self.process = psutil.Process(pids[0])

    def pids(self):
        lines = self.log.read_text().splitlines(keepends=True)
        return [int(line.split()[1]) for line in lines if line[:4] == "pid " and line[-1] == "\n"]

    def server(self):
        """The process that tasks are forked from, or None."""
        return next((p for p in children(self.process) if "forkserver" in words(p)), None)

    def tasks(self):
        server = self.server()
        return [] if server is None else children(server)

    def is_alive(self):
        return is_alive(self.process)

    def size(self):
        return self.runs.stat().st_size if self.runs.is_file() else 0

    def close(self):
        self._forks.communicate(timeout=PATIENCE_S)
        self._said.close()


def children(process):
    try:
        return process.children()
    except psutil.NoSuchProcess:
        return []


def words(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def wait_for_rows(harness, count):
    """Let so many more rows come, or the harness end."""
    size = harness.size()
    for _ in range(count):
        wait_until(lambda before=size: harness.size() > before or not harness.is_alive())
        size = harness.size()


def kill(harness, kind, rng):
    """Kill one process; whether there was one."""
    wait_for_rows(harness, rng.randrange(3))
    time.sleep(rng.uniform(0, 0.03))
    if kind in ("harness", "power"):
        victims = [harness.process]
        orphans = [harness.process, *children(harness.process), *harness.tasks()]
    elif kind == "server":
        victims, orphans = [wait_until(lambda: harness.server() or not harness.is_alive())], []
    else:
        victims, orphans = wait_until(lambda: harness.tasks() or not harness.is_alive()), []
    assert harness.is_alive(), f"no tasks are left, or:\n{harness.log.read_text()[-3000:]}"
    try:
        rng.choice(victims).kill()
    except psutil.NoSuchProcess:
        return False
    wait_until(lambda: not any(map(is_alive, orphans)))  # nothing writes after its harness
    return True


def test_fifty_kills_lose_no_row_and_double_none(tmp_path):
    rng = random.Random(8)
    kinds = [kind for kind, count in KILLS.items() for _ in range(count)]
    assert len(kinds) == 50
    rng.shuffle(kinds)
    harness = Harness(tmp_path / "killed", tmp_path / "harness.py")
    kept, killed = b"", Counter()
    for kind in kinds:
        if harness.process is None or not harness.is_alive():
            harness.start()
        while not kill(harness, kind, rng):
            pass
        killed[kind] += 1
        content = harness.runs.read_bytes() if harness.size() else b""
        assert content.startswith(kept)  # whatever was there is there
        if kind == "power" and content:  # what was being written is torn, or was not there yet
            begin = content.rfind(b"\n", 0, len(content) - 1) + 1
            os.truncate(harness.runs, rng.randrange(begin, len(content)))
            content = content[:begin]
        kept = content[: content.rfind(b"\n") + 1]
    assert killed == KILLS
    if not harness.is_alive():
        harness.start()
    wait_until(lambda: not harness.is_alive())
    harness.start()  # those whose process was killed last
    wait_until(lambda: not harness.is_alive())
    harness.close()

    calm = Harness(tmp_path / "calm", tmp_path / "harness.py")
    calm.start()
    wait_until(lambda: not calm.is_alive())
    calm.close()
    rows = list(store.lines(harness.runs))
    ended = Counter(row["task_key"] for row in rows if row["termination"] != "interrupted")
    assert len(ended) == TASKS
    assert set(ended.values()) == {1}
    assert len(rows) > TASKS  # some were interrupted, and then run again
    assert without_times(harness.runs.parent) == without_times(calm.runs.parent)
    assert tables(harness.runs.parent).equals(tables(calm.runs.parent))
    now = progress.status(harness.runs.parent)
    assert (now.done, now.left, now.is_running) == (TASKS, 0, False)


def without_times(folder):
    rows = store.latest(folder).values()
    same = {row["task_key"]: {k: v for k, v in row.items() if k not in TIMES} for row in rows}
    return json.dumps(same, sort_keys=True)


def tables(folder):
    table = pd.read_csv(write_tables(folder, folder / "table")[0])
    shutil.rmtree(folder / "tables", ignore_errors=True)
    return table.drop(columns=[c for c in table.columns if c.endswith("time_s")])
