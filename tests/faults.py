"""Algorithms that misbehave, each in one way; `fake` makes a method of one.

Tests put this folder on sys.path, because a task's process imports the module by its name. The
constants at the end are entry points of a package that `install` writes.
"""

from __future__ import annotations

import ctypes
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from milpsparse.algorithms.coordinate_start import run as honest_run
from milpsparse.answer import Answer, Termination
from milpsparse.instance import Instance
from milpsparse.method import Algorithm, Limits, Method, Option
from milpsparse.objective import Objective


def honest(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    return honest_run(instance, objective, limits)


def slow(instance: Instance, objective: Objective, limits: Limits, pause: float) -> Answer:
    time.sleep(pause)
    return honest_run(instance, objective, limits)


def hangs(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    time.sleep(3600)
    return honest_run(instance, objective, limits)


def hangs_and_lets_no_thread_run(
    instance: Instance, objective: Objective, limits: Limits
) -> Answer:
    print(os.getpid(), flush=True)
    ctypes.PyDLL(None).sleep(3600)  # as a solver that keeps Python's lock
    return honest_run(instance, objective, limits)


def hangs_with_a_child(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    print(os.getpid(), _sleeping_child(), flush=True)
    return hangs(instance, objective, limits)


def leaves_a_child(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    print(_sleeping_child(), flush=True)
    return honest_run(instance, objective, limits)


def _sleeping_child() -> int:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"]).pid


def exits(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    os._exit(3)


def quits(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    sys.exit("enough")


def raises(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    raise ZeroDivisionError("one by none")


def is_killed(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    os.kill(os.getpid(), signal.SIGKILL)  # as somebody else would
    return hangs(instance, objective, limits)


def is_terminated(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    os.kill(os.getpid(), signal.SIGTERM)
    return hangs(instance, objective, limits)


def crashes(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    os.kill(os.getpid(), signal.SIGSEGV)
    return hangs(instance, objective, limits)


def aborts(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    os.abort()


def aborts_without_memory(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
    os.abort()


def spins_with_memory(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    eaten = bytearray(b"x") * (200 * 2**20)
    while eaten:
        pass
    return honest_run(instance, objective, limits)


def lets_a_child_spin(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    code = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    return honest_run(instance, objective, limits)


def eats_memory(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    eaten = []
    while True:
        eaten.append(bytearray(2**26))  # 64 MiB a step


def eats_memory_in_children(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    for _ in range(8):  # each is far from the limit
        if os.fork() == 0:
            eaten = bytearray(b"x") * (300 * 2**20)
            time.sleep(3600)
            os._exit(len(eaten))
    return hangs(instance, objective, limits)


def shares_memory(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    shared = bytearray(b"x") * (300 * 2**20)
    children = []
    for _ in range(8):  # the pages of the parent, which are there once
        children.append(os.fork())
        if children[-1] == 0:
            time.sleep(1.0)
            os._exit(sum(shared[:: 2**12]) % 2)
    for child in children:
        os.waitpid(child, 0)
    return honest_run(instance, objective, limits)


def prints(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    os.write(1, b'\x00\xff{"answer": null}\n')  # as C libraries print
    print('{"answer": {"termination": "optimal"}}', flush=True)
    return honest_run(instance, objective, limits)


def answers_nothing(instance: Instance, objective: Objective, limits: Limits) -> None:
    return None


def unwritable_stats(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    return honest_run(instance, objective, limits).with_(stats={"no JSON": object()})


def text_for_a_number(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    return honest_run(instance, objective, limits).with_(claimed_primal_bound="three")


def text_for_a_bound(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    return honest_run(instance, objective, limits).with_(claimed_dual_bound="three")


def answers_another_objective(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    return honest_run(instance, objective, limits).with_(objective="l1")


def misses_the_data(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    wrong = instance.replace(y=instance.y + 1.0, count_bias=instance.count_bias)
    return honest_run(wrong, objective, limits)


def claims_too_little(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    answer = honest_run(instance, objective, limits)
    value = (answer.claimed_primal_bound or 0) - 1
    return answer.with_(
        termination=Termination.OPTIMAL, claimed_primal_bound=value, claimed_dual_bound=value
    )


def claims_optimal(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    answer = honest_run(instance, objective, limits)
    return answer.with_(
        termination=Termination.OPTIMAL, claimed_dual_bound=answer.claimed_primal_bound
    )


def claims_too_much(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    answer = honest_run(instance, objective, limits)
    return answer.with_(claimed_dual_bound=(answer.claimed_primal_bound or 0) + 1)


def claims_infinity(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    return honest_run(instance, objective, limits).with_(claimed_dual_bound=math.inf)


def claims_minus_infinity(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    return honest_run(instance, objective, limits).with_(claimed_dual_bound=-math.inf)


def claims_nan(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    return honest_run(instance, objective, limits).with_(claimed_dual_bound=math.nan)


def claims_a_nan_value(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    return honest_run(instance, objective, limits).with_(claimed_primal_bound=math.nan)


def claims_a_value_alone(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    return honest_run(instance, objective, limits).with_(network=None)


def finds_nothing(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    return Answer(objective=str(objective), termination=Termination.TIME_LIMIT)


def echoes_limits(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    variable = os.environ.get("OMP_NUM_THREADS")
    seen = {"threads": limits.threads, "seed": limits.seed, "variable": variable}
    return honest_run(instance, objective, limits).with_(stats=seen)


OPTIONS = {"slow": {"pause": Option(0.5, "seconds")}}


def rule(name: str) -> Algorithm:
    return Algorithm(
        summary=name,
        objectives=frozenset({"neurons", "parameters"}),
        run=globals()[name],
        options=OPTIONS.get(name, {}),
    )


def fake(name: str, **given: object) -> Method:
    options = {key: option.default for key, option in OPTIONS.get(name, {}).items()}
    return Method(
        name=name,
        rule=rule(name),
        rule_name=name,
        solver_name=None,
        options={**options, **given},
    )


SLOW = rule("slow")
CLAIMS_TOO_LITTLE = rule("claims_too_little")
CLAIMS_OPTIMAL = rule("claims_optimal")
FINDS_NOTHING = rule("finds_nothing")
RAISES = rule("raises")


def install(folder: Path) -> dict[str, str]:
    """Write an installed package that registers the constants; the environment that sees it."""
    names = ["slow", "claims_too_little", "claims_optimal", "finds_nothing", "raises"]
    info = folder / "faults-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: faults\nVersion: 1.0\n")
    points = "".join(f"{name} = faults:{name.upper()}\n" for name in names)
    (info / "entry_points.txt").write_text(f"[milpsparse.algorithms]\n{points}")
    path = os.pathsep.join([str(Path(__file__).parent), str(folder)])
    return {**os.environ, "PYTHONPATH": path}
