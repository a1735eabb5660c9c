"""Tasks on the workers of a Dask scheduler; rows and proofs come back to the one writer here.

Each task runs in a process of its own on its worker, under the same limits as on one machine. What
queues tasks, moves them, and gives those of a lost worker to another one is Dask.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace
from pathlib import Path
from typing import Any

from milpsparse.errors import BadInput, NotAvailable
from milpsparse.harness import store
from milpsparse.harness.progress import Progress
from milpsparse.harness.row import Finished, finish
from milpsparse.harness.task import Task

CONNECT_S = 20
LOOK_S = 1.0  # between two questions about what is under way
LOG_LIMIT = 2**20  # bytes of a log that come back: its end


def finished(
    tasks: Sequence[Task],
    folder: Path,
    run_id: str,
    jobs: int,
    scheduler: str,
    progress: Progress,
) -> Iterator[Finished]:
    """Rows as they come. A task that is lost with several workers in turn leaves none.

    Raises
    ------
    NotAvailable, BadInput
        Dask is not installed; no scheduler there; a worker with other versions than here.
    """
    try:
        from distributed import KilledWorker, as_completed
    except ImportError:
        why = "--scheduler needs Dask: pip install 'milpsparse[distributed]'"
        raise NotAvailable(why) from None
    with _client(scheduler, jobs) as client:
        waiting = {}
        for task in tasks:
            name = f"{run_id}-{task.key}"
            waiting[name] = task
        futures = [
            client.submit(_on_worker, task, task.key, run_id, key=name, pure=False)
            for name, task in waiting.items()
        ]
        look = _Look(client, waiting, progress)
        try:
            for future in as_completed(futures, loop=client.loop):
                task = waiting.pop(future.key)
                try:
                    done, log = future.result()
                except KilledWorker:
                    continue
                future.release()
                look.soon()
                if log:
                    store.log_file(folder, task.key).write_bytes(log)
                if done is not None:
                    yield done
        finally:
            if waiting:  # an error here, or the end of the run
                client.cancel(futures)
                with contextlib.suppress(OSError, TimeoutError, CancelledError):
                    client.run(stop, run_id, on_error="ignore")


class _Look:
    """Asks the scheduler now and then which tasks are under way."""

    def __init__(self, client: Any, waiting: dict[str, Task], progress: Progress) -> None:
        self._client, self._waiting, self._progress = client, waiting, progress
        self._next = 0.0

    def soon(self) -> None:
        """Ask, if the last answer is old."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LOOK_S
        names = [str(name) for names in self._client.processing().values() for name in names]
        tasks = [self._waiting[name] for name in names if name in self._waiting]
        self._progress.are(tasks, sum(self._client.nthreads().values()) or 1)


@contextlib.contextmanager
def _client(scheduler: str, jobs: int) -> Iterator[Any]:
    """A client of the scheduler; "local" is a cluster of this machine that ends with it."""
    import dask
    from distributed import Client, LocalCluster

    with contextlib.ExitStack() as stack:
        if scheduler == "local":
            # Workers that may have children: the processes of tasks.
            stack.enter_context(dask.config.set({"distributed.worker.daemon": False}))
            cluster = LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None)
            where: dict[str, Any] = {"address": stack.enter_context(cluster)}
        elif scheduler.endswith(".json"):
            if not Path(scheduler).is_file():  # Dask would wait for it
                raise BadInput(f"no Dask scheduler at {scheduler}: there is no such file")
            where = {"scheduler_file": scheduler}
        else:
            where = {"address": scheduler}
        try:
            client = stack.enter_context(Client(**where, timeout=CONNECT_S, set_as_default=False))
        except (OSError, ValueError) as error:
            raise BadInput(f"no Dask scheduler at {scheduler}: {error}") from None
        yield client


# --- on a worker ------------------------------------------------------------------------------

_STOPS: dict[str, threading.Event] = {}


def stop(run_id: str) -> None:
    """Kill the tasks of a run that are under way on this worker."""
    _STOPS.setdefault(run_id, threading.Event()).set()


def _on_worker(task: Task, key: str, run_id: str) -> tuple[Finished | None, bytes]:
    """Run and check one task: its row, and the end of what it printed."""
    multiprocessing.current_process().daemon = False  # the task is a child, whoever started us
    here = replace(task).key
    if here != key:
        versions = task.method.versions()
        raise BadInput(f"a worker has other versions of {task.method.name} than here: {versions}")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        done = finish(task, run_id, log, _STOPS.setdefault(run_id, threading.Event()))
        return done, log.read_bytes()[-LOG_LIMIT:] if log.is_file() else b""
