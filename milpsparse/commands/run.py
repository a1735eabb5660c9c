"""What the commands on a folder of results do: run, status, check; they return exit codes."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import click

from milpsparse import checker
from milpsparse.commands.common import INTERRUPTED, OK, WRONG, positive
from milpsparse.harness import store
from milpsparse.harness.contradictions import contradictions
from milpsparse.instance import Instance
from milpsparse.solving import check_options


def run(
    *,
    testset: str,
    methods: tuple[str, ...],
    objectives: tuple[str, ...],
    jobs: int,
    out: str,
    rerun: str,
    dry_run: bool,
    seeds: tuple[int, ...],
    **limits: Any,
) -> int:
    """Run what is missing, with a progress bar."""
    from tqdm import tqdm

    from milpsparse.harness import run as running
    from milpsparse.harness.task import plan

    positive(time_limit=limits["time_limit_s"], jobs=jobs, threads=limits["threads"])
    if limits["memory_limit_mb"] is not None:
        positive(memory_limit=limits["memory_limit_mb"])
    for seed in seeds:
        check_options(limits["threads"], seed)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C, workers too
    tasks = plan(testset, methods or default_methods(), objectives, seeds, **limits)
    folder = Path(out)
    left = running.missing(tasks, folder, rerun)
    click.echo(f"{len(tasks)} tasks: {len(tasks) - len(left)} done before, {len(left)} to run")
    if dry_run:
        for task in left:
            click.echo(f"{task.key}  {task.instance.name}  {task.objective}  {task.method.name}")
        return OK
    if jobs * limits["threads"] > (os.cpu_count() or 1):
        click.echo(f"warning: {jobs} jobs of {limits['threads']} threads on {os.cpu_count()} cores")
    failed = done = 0
    rows = running.run(tasks, folder, testset=testset, jobs=jobs, rerun=rerun)
    pace = 0.5 if sys.stderr.isatty() else 15.0  # logs get a line now and then
    bar = tqdm(total=len(left), unit="task", dynamic_ncols=True, mininterval=pace)
    try:
        for row in rows:
            done += 1
            failed += str(row["verdict"]).startswith("fail")
            bar.set_postfix_str(f"{failed} failed; {row['instance']}", refresh=False)
            bar.update()
    except KeyboardInterrupt:
        rows.close()  # type: ignore[attr-defined]  # a generator: kills what is under way
        bar.close()
        click.echo(f"interrupted: {done} done, {len(left) - done} left; the same command goes on")
        return INTERRUPTED
    bar.close()
    click.echo(f"{done} done, {failed} failed; rows in {folder / store.RUNS}")
    stored = store.latest(folder)
    for key, found in contradictions(stored.values()).items():
        click.echo(f"contradiction: {_named(stored[key], found.reason)} (milpsparse check {out})")
    return OK


def default_methods() -> list[str]:
    """Every method that can run here, without `auto`, which is made of the others."""
    from milpsparse.naming import all_methods, parse_method

    return [m for m in all_methods() if m != "auto" and parse_method(m).missing() is None]


def status(folder: Path) -> None:
    """Progress of the last run of a folder, from its plan and its rows."""
    rows, plan = store.latest(folder), store.read_plan(folder)
    keys = plan.get("keys", list(rows))
    done = [rows[key] for key in keys if key in rows]
    words: dict[str, int] = {}
    for row in done:
        words[row["termination"]] = words.get(row["termination"], 0) + 1
    wrong = sum(str(row["verdict"]).startswith("fail") for row in done)
    click.echo(f"test set  {plan.get('testset', '(no plan)')}")
    click.echo(f"done      {len(done)} of {len(keys)}, {len(keys) - len(done)} left")
    click.echo(f"ended     {', '.join(f'{n} {w}' for w, n in sorted(words.items())) or 'none'}")
    click.echo(f"failed    {wrong}")
    if done and len(done) < len(keys):
        spent = sum(row["wall_time_s"] for row in done) / len(done) * (len(keys) - len(done))
        age = time.time() - (folder / store.RUNS).stat().st_mtime
        click.echo(f"left      about {spent:.0f} s on one worker; last row {age:.0f} s ago")


def check(folder: Path) -> int:
    """Second pass over stored rows: each answer again, then all claims against each other."""
    from milpsparse.harness.run import answer_of, checked_columns, instance_of

    rows = store.latest(folder)
    instances: dict[str, Instance] = {}
    lines, wrong = [], []
    for row in rows.values():
        sha256 = row["instance_sha256"]
        if sha256 not in instances:
            instances[sha256] = instance_of(row, folder)
        instance = instances[sha256]
        begun = time.monotonic()
        try:
            verdict = checker.check(instance, answer_of(row, folder))
        except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
            verdict = checker.unreadable(f"the stored answer cannot be read: {error!r}")
        identity = {k: row[k] for k in ("schema", "task_key", "run_id")}
        row.update(checked_columns(verdict, time.monotonic() - begun))
        if verdict.failed:
            wrong.append(_named(row, verdict.fail_reason))
        lines.append({**identity, **checked_columns(verdict, row["check_time_s"])})
    for key, found in contradictions(rows.values()).items():
        wrong.append(_named(rows[key], found.reason))
        for line in lines:
            if line["task_key"] == key:
                line |= {"verdict": found.verdict, "fail_reason": found.reason}
    store.write_atomically(folder / store.CHECKS, b"".join(map(store.to_line, lines)))
    for text in wrong:
        click.echo(text)
    click.echo(f"{len(rows)} rows checked, {len(wrong)} wrong claims")
    return WRONG if wrong else OK


def _named(row: dict[str, Any], reason: str) -> str:
    return f"{row['instance']}, {row['objective']}, {row['method']}: {reason}"
