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
    from tqdm import tqdm

    from milpsparse import imported

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
    for key, found in contradictions(rows.values()).items():
        wrong.append(_named(rows[key], found.reason))
        rows[key] |= {"verdict": found.verdict, "fail_reason": found.reason}
    wrong += imported.contradicted(known, rows.values())
    names = [
        "schema",
        "task_key",
        "run_id",
        "check_time_s",
        *imported.unverified("error").to_json(),
    ]
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
