"""What the commands on a folder of results do: run, status, check; they return exit codes."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from milpsparse import checker
from milpsparse.commands.common import INTERRUPTED, OK, WRONG, positive
from milpsparse.errors import BadInput
from milpsparse.harness import store
from milpsparse.harness.contradictions import contradictions
from milpsparse.instance import Instance
from milpsparse.objective import parse_objective
from milpsparse.solving import check_options

MOST_RUNNING = 20  # tasks under way that status lists


def run(
    *,
    testset: str,
    methods: tuple[str, ...],
    objectives: tuple[str, ...],
    jobs: int,
    scheduler: str | None,
    part: str | None,
    out: str,
    rerun: str,
    dry_run: bool,
    seeds: tuple[int, ...],
    perms: tuple[int, ...],
    **limits: Any,
) -> int:
    """Run what is missing, with a progress bar."""
    from milpsparse.harness import run as running
    from milpsparse.harness.task import plan

    positive(time_limit=limits["time_limit_s"], jobs=jobs, threads=limits["threads"])
    if limits["memory_limit_mb"] is not None:
        positive(memory_limit=limits["memory_limit_mb"])
    for seed in seeds:
        check_options(limits["threads"], seed)
    if bad := [perm for perm in perms if not 0 <= perm < 2**31]:
        raise BadInput(f"--perm {bad[0]}: from 0, the order given, to {2**31 - 1}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C, workers too
    which = slice(None) if part is None else _part(part)
    methods = methods or tuple(default_methods(objectives))
    tasks = plan(testset, methods, objectives, seeds, perms, **limits)[which]
    folder = Path(out)
    left = running.missing(tasks, folder, rerun)
    click.echo(f"{len(tasks)} tasks: {len(tasks) - len(left)} done before, {len(left)} to run")
    if dry_run:
        for task in left:
            click.echo(f"{task.key}  {task.instance.name}  {task.objective}  {task.method.name}")
        return OK
    if scheduler is None and jobs * limits["threads"] > (os.cpu_count() or 1):
        click.echo(f"warning: {jobs} jobs of {limits['threads']} threads on {os.cpu_count()} cores")
    told: dict[str, Any] = {"command": ["milpsparse", *sys.argv[1:]], "scheduler": scheduler}
    if left:
        from milpsparse.harness.records import calibration_s

        told["calibration_s"] = calibration_s()
    rows = running.run(
        tasks, folder, testset=testset, jobs=jobs, rerun=rerun, scheduler=scheduler, told=told
    )
    done, failed, interrupted = _watched(rows, len(left))
    if interrupted:
        click.echo(f"interrupted: {done} done, {len(left) - done} left; the same command goes on")
        return INTERRUPTED
    click.echo(f"{done} done, {failed} failed; rows in {folder / store.RUNS}")
    if lost := len(running.missing(tasks, folder)):
        click.echo(
            f"{lost} were killed or lost with their workers; the same command runs them again"
        )
    stored = store.latest(folder)
    for key, found in contradictions(stored.values()).items():
        click.echo(f"contradiction: {_named(stored[key], found.reason)} (milpsparse check {out})")
    return OK


def _part(text: str) -> slice:
    """Every N-th task from the I-th on, of a part written I/N."""
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise BadInput(f"--part {text}: write I/N with I from 1 to N, e.g. 3/16")
    return slice(int(match[1]) - 1, None, int(match[2]))


def _watched(rows: Iterator[dict[str, Any]], total: int) -> tuple[int, int, bool]:
    """Show rows as they come: how many came, how many failed, and whether Ctrl-C ended it."""
    from tqdm import tqdm

    done = failed = 0
    pace = 0.5 if sys.stderr.isatty() else 15.0  # logs get a line now and then
    with tqdm(total=total, unit="task", dynamic_ncols=True, mininterval=pace) as bar:
        try:
            for row in rows:
                done += 1
                failed += str(row["verdict"]).startswith("fail")
                bar.set_postfix_str(f"{failed} failed; {row['instance']}", refresh=False)
                bar.update()
        except KeyboardInterrupt:
            rows.close()  # type: ignore[attr-defined]  # a generator: kills what is under way
            return done, failed, True
    return done, failed, False


def default_methods(objectives: tuple[str, ...]) -> list[str]:
    """Every method for these objectives that can run here, but `auto`, which is made of them."""
    from milpsparse.naming import all_methods, parse_method

    goals = [parse_objective(objective) for objective in objectives]
    found = [parse_method(name) for name in all_methods() if name != "auto"]
    able = [method for method in found if any(map(method.takes, goals))]
    return [method.name for method in able if method.missing() is None]


def status(folder: Path) -> None:
    """How far the last run of a folder is, and what it does now."""
    from milpsparse.harness import progress

    now = progress.status(folder)
    done = f"{now.done} of {now.total}, {now.left} left"
    click.echo(f"test set  {now.testset}")
    click.echo(f"done      {done}")
    click.echo(f"ended     {', '.join(f'{n} {w}' for w, n in now.ended.items()) or 'none'}")
    click.echo(f"failed    {now.failed}")
    if now.left and now.left_s is not None:
        click.echo(f"left      about {duration(now.left_s)} with {now.jobs} at once")
    if not now.is_running:
        if now.left:
            click.echo("running   nothing: the same `milpsparse run` goes on")
        return
    for task, seconds in now.running[:MOST_RUNNING]:
        click.echo(f"running   {task}, for {duration(seconds)}")
    if (more := len(now.running) - MOST_RUNNING) > 0:
        click.echo(f"running   and {more} more")


def duration(seconds: float) -> str:
    """A length of time in two units at most: 8 s, 12 min, 3 h 20 min, 2 d 5 h."""
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if minutes < 2:
        return f"{seconds:.0f} s"
    if hours < 2:
        return f"{minutes} min"
    return f"{hours} h {minutes % 60} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def check(folder: Path) -> int:
    """Second pass over stored rows: each answer again, then all claims against each other."""
    from tqdm import tqdm

    from milpsparse import hearsay, imported

    rows, known = store.latest(folder), imported.read_known(folder)
    instances: dict[str, Instance] = {}
    wrong = []
    for row in tqdm(rows.values(), unit="row", disable=not sys.stderr.isatty(), leave=False):
        begun = time.monotonic()
        if imported.is_imported(row):
            verdict = imported.unverified(row["claimed_termination"], row["raw_status"])
        else:
            verdict = _verdict(row, folder, instances, known)
        row |= {"check_time_s": time.monotonic() - begun, **verdict.to_json()}
        if verdict.failed:
            wrong.append(_named(row, verdict.fail_reason))
    refuted = contradictions(rows.values())
    for key, found in (hearsay.inconsistent(rows.values(), known) | refuted).items():
        wrong.append(_named(rows[key], found.reason))
        rows[key] |= {"verdict": found.verdict, "fail_reason": found.reason}
    wrong += hearsay.contradicted(known, rows.values())
    facts = imported.unverified("error").to_json()
    names = ("schema", "task_key", "run_id", "check_time_s", *facts)
    lines = (store.to_line({name: row[name] for name in names}) for row in rows.values())
    store.write_atomically(folder / store.CHECKS, b"".join(lines))
    for text in wrong:
        click.echo(text)
    click.echo(f"{len(rows)} rows checked, {len(wrong)} wrong claims")
    return WRONG if wrong else OK


def _verdict(
    row: dict[str, Any], folder: Path, instances: dict[str, Instance], known: dict[str, Any]
) -> checker.Verdict:
    """What is true of a stored answer; each instance is read once."""
    from milpsparse.harness.run import answer_of, instance_of
    from milpsparse.imported import with_known

    sha256 = row["instance_sha256"]
    if sha256 not in instances:
        instances[sha256] = with_known(instance_of(row, folder), known)
    try:
        return checker.check(instances[sha256], answer_of(row, folder))
    except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        return checker.unreadable(f"the stored answer cannot be read: {error!r}")


def _named(row: dict[str, Any], reason: str) -> str:
    return f"{row['instance']}, {row['objective']}, {row['method']}: {reason}"
