"""The store: one JSON line a finished task in runs.jsonl, appended and fsynced by one writer.

A last line torn by a crash is dropped. Of several rows with one task key the last one counts.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from milpsparse.errors import BadInput

SCHEMA = 1
RUNS = "runs.jsonl"
CHECKS = "checks.jsonl"
PLAN = "plan.json"


class Writer:
    """Appends rows to a store; a second writer of the same folder is refused."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = open(folder / RUNS, "ab+")  # noqa: SIM115  # closed by __exit__
        except OSError as error:
            raise BadInput(f"cannot write to {folder}: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise BadInput(f"another run is writing to {folder}: wait, or use --out") from None
        self._drop_torn_line()

    def _drop_torn_line(self) -> None:
        self._file.seek(0)
        content = self._file.read()
        if content and not content.endswith(b"\n"):
            self._file.truncate(content.rfind(b"\n") + 1)
        self._file.seek(0, os.SEEK_END)

    def append(self, row: dict[str, Any]) -> None:
        """Write one row and wait until it is on disk."""
        self._file.write(to_line(row))
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def to_line(row: dict[str, Any]) -> bytes:
    """A row as one JSON line; numbers that are not finite become null."""
    return json.dumps(_plain(row), allow_nan=False).encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON lines, without a torn last one.

    Raises
    ------
    BadInput
        Unreadable, a damaged line before the last, or rows of another schema version.
    """
    try:
        raw = path.read_bytes().split(b"\n")
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from None
    for number, line in enumerate(raw, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict) or "task_key" not in row:
                raise ValueError("not a row")
        except (ValueError, RecursionError):
            if number == len(raw):  # no newline after it: torn while being written
                return
            raise BadInput(f"{path}, line {number}: not a row of results") from None
        if row.get("schema") != SCHEMA:
            raise BadInput(
                f"{path}, line {number}: schema {row.get('schema')!r}, this version reads {SCHEMA}"
            )
        yield row


def latest(folder: Path) -> dict[str, dict[str, Any]]:
    """The last row of every task, with the columns of a later check laid over it."""
    runs = folder / RUNS
    if not runs.is_file():
        raise BadInput(f"{folder} holds no results ({RUNS} is missing): milpsparse run --out DIR")
    rows = {row["task_key"]: row for row in lines(runs)}
    if (folder / CHECKS).is_file():
        for checked in lines(folder / CHECKS):
            row = rows.get(checked["task_key"])
            if row is not None and row["run_id"] == checked["run_id"]:
                row.update(checked)
    return rows


def instance_file(folder: Path, sha256: str) -> Path:
    """Where a results folder keeps an instance that is not the library's."""
    return folder / "instances" / f"{sha256[:16]}.json"


def proof_file(folder: Path, task_key: str) -> Path:
    """Where a results folder keeps the proof of a task's lower bound."""
    return folder / "proofs" / f"{task_key}.proof.gz"


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file in one step, so that a crash leaves the old or the new one."""
    temporary = path.with_suffix(path.suffix + ".part")
    with open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def read_plan(folder: Path) -> dict[str, Any]:
    """The last plan of the folder: testset, keys of its tasks, when it began; {} without one."""
    with contextlib.suppress(OSError, ValueError):
        plan = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        if isinstance(plan, dict):
            return plan
    return {}
