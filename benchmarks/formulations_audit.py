"""The audit of every formulation in the benchmark, each in a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from tqdm import tqdm

from milpsparse.audit import look
from milpsparse.errors import MilpsparseError
from milpsparse.formulation import formulate
from milpsparse.harness import store
from milpsparse.harness.isolation import isolated
from milpsparse.harness.task import Task
from milpsparse.harness.worker import grace_s
from milpsparse.instance import Instance
from milpsparse.instance_files import from_json, to_json
from milpsparse.method import Limits
from milpsparse.network import from_json as network_from_json
from milpsparse.objective import parse_objective

AUDITS = "audits.jsonl"
PACE_S = 0.5 if sys.stderr.isatty() else 15.0  # logs get a line now and then


def audited(tasks: Sequence[Task], folder: Path, jobs: int, limit: float) -> dict[str, Any]:
    """What `look` says of each model that was stated in time, by task key; kept in a file."""
    path, stored = folder / AUDITS, store.latest(folder)
    known: dict[str, Any] = {}
    if path.is_file():
        known = {line["task_key"]: line for line in store.lines(path)}
    todo = [t for t in tasks if t.key not in known and t.method.solver_name is not None]
    todo = [t for t in todo if (stored[t.key]["build_time_s"] or limit) < limit]
    work = [
        (limit, t.key, to_json(t.instance), str(t.objective), t.method.name, stored[t.key])
        for t in todo
    ]
    with (
        open(path, "ab") as file,
        ThreadPoolExecutor(jobs) as pool,
        tqdm(total=len(work), desc="audit", unit="model", mininterval=PACE_S) as bar,
    ):
        for done in as_completed([pool.submit(_isolated, *item) for item in work]):
            line = done.result()
            known[line["task_key"]] = line
            file.write(store.to_line(line))
            file.flush()
            bar.update()
    return known


def _isolated(limit: float, key: str, *args: Any) -> dict[str, Any]:
    """`_look` in a process of its own, killed when it takes too long: stating a model may."""
    ended = isolated(_look, limit, key, *args, seconds=limit + grace_s(limit))
    line: dict[str, Any] = {"schema": store.SCHEMA, "task_key": key}
    return line if ended.message is None else json.loads(ended.message)["result"]


def _look(
    limit: float, key: str, text: str, objective: str, method: str, row: dict[str, Any]
) -> dict[str, Any]:
    """One line of the file; nothing but the key where the model cannot be stated."""
    instance: Instance = from_json(text)
    network = None
    if row["network"] is not None and row["verified"]:
        network = network_from_json(row["network"], instance.n_features)
    try:
        limits = Limits(time_limit_s=limit)
        stated = formulate(method, instance, parse_objective(objective), limits, start=network)
        facts = look(stated, network, limits)
    except MilpsparseError:
        facts = {}
    return {"schema": store.SCHEMA, "task_key": key, **facts}
