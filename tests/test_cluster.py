"""Tasks on the workers of a Dask scheduler, one of which is killed half way."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import processes
import pytest

from milpsparse.harness import store

PATIENCE_S = 120.0
TIMES = """
run_id started finished wall_time_s cpu_time_s check_time_s build_time_s solve_time_s
peak_memory_mb exit_code host
""".split()
INSTANCES = """
peak_plateau convex_run_1_1_1 convex_run_1_8_8_1 planted_n8_d1_k2_s0 planted_n10_d2_k2_s0
uniform_n6_d3_s0
""".split()
METHODS = ("coordinate_start", "univariate", "slow[pause=0.3]")


@pytest.fixture
def start(tmp_path):
    """Starts processes in groups of their own, and ends them all."""
    processes = []

    def do(*words, env=None):
        log = open(tmp_path / f"process-{len(processes)}.log", "w")  # noqa: SIM115
        with log:
            process = subprocess.Popen(
                words, stdout=log, stderr=subprocess.STDOUT, env=env, start_new_session=True
            )
        processes.append(process)
        return process

    yield do
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def n_rows(out):
    runs = out / store.RUNS
    return runs.read_bytes().count(b"\n") if runs.is_file() else 0


def rows_of(out):
    rows = {}
    for key, row in store.latest(out).items():
        stats = {"stats": None}
        rows[key] = {k: v for k, v in row.items() if k not in TIMES} | stats
    return json.dumps(rows, sort_keys=True)


def test_two_workers_finish_a_test_set_though_one_is_killed(tmp_path, start):
    pytest.importorskip("distributed", reason="needs milpsparse[distributed]")
    sys.path.insert(0, str(Path(__file__).parent))
    import faults

    env = faults.install(tmp_path / "site")
    testset, file = tmp_path / "six.test", tmp_path / "scheduler.json"
    testset.write_text("\n".join(INSTANCES))
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    start(*dask, "--port", "0", "--no-dashboard", "--scheduler-file", str(file), env=env)
    processes.wait_until(file.is_file, PATIENCE_S)
    dask = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        "--no-dashboard",
        "--nthreads",
        "1",
    ]
    local = ["--scheduler-file", str(file), "--local-directory", str(tmp_path)]
    workers = [start(*dask, *local, *extra, env=env) for extra in (["--no-nanny"], [])]
    words = ["run", "-t", str(testset), *(f"-m{name}" for name in METHODS)]
    command = [sys.executable, "-m", "milpsparse.cli", *words, "--out"]
    cluster, here = tmp_path / "cluster", tmp_path / "here"
    run = start(*command, str(cluster), "--scheduler", str(file), env=env)
    processes.wait_until(lambda: n_rows(cluster) >= 4 or run.poll() is not None, PATIENCE_S)
    os.killpg(workers[0].pid, signal.SIGKILL)
    assert run.wait(PATIENCE_S) == 0, (tmp_path / "process-3.log").read_text()
    assert n_rows(cluster) == len(INSTANCES) * len(METHODS)
    local_run = start(*command, str(here), "-j", "2", env=env)
    assert local_run.wait(PATIENCE_S) == 0
    assert rows_of(cluster) == rows_of(here)


def test_what_is_no_scheduler_is_one_line(call, tmp_path):
    pytest.importorskip("distributed", reason="needs milpsparse[distributed]")
    words = ["run", "-t", "small", "-m", "coordinate_start", "--out", tmp_path, "--scheduler"]
    missing = tmp_path / "none.json"
    code, _, err = call(*words, missing)
    assert code == 2
    assert f"no Dask scheduler at {missing}" in err
