"""How each run was made: records.jsonl, one line a run, and what is needed to repeat it.

A record holds the command, the options, versions, the machine and the state of the checkout, and
the seconds of a calibration: one fixed integer program, solved by HiGHS on one thread, so that
times on different machines can be put side by side where `packages.highspy` agrees.
"""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from milpsparse import __version__
from milpsparse.harness import store
from milpsparse.harness.isolation import isolated
from milpsparse.harness.machine import memory_mb, packages, provenance
from milpsparse.harness.task import Task

RECORDS = "records.jsonl"
CALIBRATION_LIMIT_S = 60.0
ITEMS, KNAPSACKS = 40, 5


def new_run_id() -> str:
    """A name for a run that no other one has, here or on another machine; it sorts by time."""
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S-") + os.urandom(3).hex()


def record(run_id: str, tasks: Sequence[Task], told: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a run that starts; `told` is what only its caller knows, as its command."""
    return {
        "schema": store.SCHEMA,
        "run_id": run_id,
        "milpsparse": __version__,
        **told,
        "tasks": len(tasks),
        "methods": sorted({task.method.name for task in tasks}),
        "objectives": sorted({str(task.objective) for task in tasks}),
        "time_limit_s": sorted({task.time_limit_s for task in tasks}),
        "memory_limit_mb": sorted({task.memory_limit_mb or 0 for task in tasks}),
        "threads": sorted({task.threads for task in tasks}),
        "seeds": sorted({task.seed for task in tasks}),
        "perms": sorted({task.perm for task in tasks}),
        "memory_mb": round(memory_mb()),
        "packages": packages(),
        **provenance(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def read_records(folder: Path) -> list[dict[str, Any]]:
    """The records of a folder, oldest first; [] where there are none."""
    path = folder / RECORDS
    return list(store.objects(path)) if path.is_file() else []


def repeat(record: Mapping[str, Any]) -> str:
    """What to type to repeat a run: checkout, packages, command."""
    lines = []
    if record.get("git_sha"):
        dirty = "  # and changes that were not committed" if record.get("git_dirty") else ""
        lines.append(f"git checkout {record['git_sha']}{dirty}")
    there = {n: v for n, v in dict(record.get("packages") or {}).items() if v}
    there.pop("milpsparse", None)
    lines.append(f"python -m pip install {' '.join(f'{n}=={v}' for n, v in there.items())}")
    lines.append("python -m pip install .")
    if record.get("command"):
        lines.append(shlex.join(map(str, record["command"])))
    return "\n".join(lines)


def calibration_s() -> float | None:
    """Seconds of the fixed integer program, the lesser of two; None where HiGHS fails."""
    ended = isolated(_calibrate, seconds=CALIBRATION_LIMIT_S)
    if ended.message is None:
        return None
    return float(json.loads(ended.message)["result"])


def _calibrate() -> float:
    """Solve it twice, in a process of its own."""
    import highspy
    import numpy as np

    def once() -> float:
        h = highspy.Highs()
        h.silent()
        h.setOptionValue("threads", 1)
        numbers = np.array([pow(7, i + 1, 997) for i in range(ITEMS * (KNAPSACKS + 1))])
        worth, *weights = numbers.reshape(KNAPSACKS + 1, ITEMS).tolist()
        take = [h.addBinary() for _ in range(ITEMS)]
        for weight in weights:
            h.addConstr(h.qsum(w * x for w, x in zip(weight, take, strict=True)) <= sum(weight) / 3)
        begun = time.perf_counter()
        h.maximize(h.qsum(w * x for w, x in zip(worth, take, strict=True)))
        return time.perf_counter() - begun

    return min(once(), once())
