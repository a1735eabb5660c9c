"""What the longer commands do: solve, run, check, verify, ...; they return exit codes."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from milpsparse import checker, library, registry, store
from milpsparse.contradictions import contradictions
from milpsparse.errors import BadInput, Unsupported
from milpsparse.human import human, pstar_json, pstar_text
from milpsparse.instance import Instance
from milpsparse.objective import parse_objective
from milpsparse.solving import Solution, check_options
from milpsparse.solving import solve as solve_instance

if TYPE_CHECKING:
    from milpsparse.proofs.verify import Claim

OK, WRONG, NOTHING, INTERRUPTED = 0, 1, 4, 130


def solve(
    data: str,
    *,
    objective: str,
    method: str,
    bound: str | None,
    skip: bool | None,
    count_bias: bool | None,
    time_limit: float,
    threads: int,
    seed: int,
    memory_limit: int | None,
    log_file: str | None,
    as_json: bool,
    plot: str | None,
    proof: str | None,
    save: str | None,
) -> int:
    """Solve, print, draw and save."""
    instance = derive(library.find(data), bound, skip, count_bias)
    mode = bound if bound in ("auto", "none") else "auto"
    if plot:
        from milpsparse.plot import plot_network, refuse

        refuse(instance, plot)  # now, not after the time limit
    for file in filter(None, (save, proof, log_file)):
        if not os.access(Path(file).parent, os.W_OK):
            raise BadInput(f"cannot write {file}: no such folder, or not yours to write in")
    solution = solve_instance(
        instance,
        objective,
        method,
        time_limit_s=time_limit,
        memory_limit_mb=memory_limit,
        threads=threads,
        seed=seed,
        log_file=log_file,
        bound=mode,
    )
    text = json.dumps(json.loads(store.to_line(solution.to_json())), indent=1)
    click.echo(text if as_json else human(solution))
    if save:
        _write(Path(save), text + "\n")
    if proof:
        _write_proof(solution, proof)
    if plot and "univariate" in [solution.method, *solution.answer.stats.get("steps", [])]:
        from milpsparse.plot import plot_theory

        plot_theory(instance, parse_objective(objective).p or 0.5, plot)
    elif plot and solution.network is not None:
        title = f"{instance.name}: {solution.verdict.n_neurons} neurons"
        witnesses = solution.answer.stats.get("witnesses", ())
        title += f", {len(witnesses)} witness points (rings)" if witnesses else ""
        plot_network(instance, solution.network, plot, title, witnesses)
    if solution.verdict.failed:
        return WRONG
    return OK if solution.verdict.verified else NOTHING


def _write_proof(solution: Solution, path: str) -> None:
    """The proof file, or a line that says why there is none."""
    from milpsparse.proofs.writer import write_proof

    lines = solution.proof_lines()
    if lines is None:
        why = f"the lower bound is {solution.evidence or 'missing'}: nothing to write"
        click.echo(f"no proof in {path}: {why}", err=True)
        return
    write_proof(lines, path)
    click.echo(f"proof of {len(lines):,} lines -> {path}", err=True)


def derive(
    instance: Instance, bound: str | None, skip: bool | None, count_bias: bool | None
) -> Instance:
    """The instance with what the options change; "none" drops its bound."""
    changes: dict[str, Any] = {}
    if bound == "none" or (bound == "auto" and instance.bound is None):
        value = None
    elif bound in (None, "auto"):
        value = instance.bound
    else:
        value = _bound_value(str(bound))
    if value != instance.bound:
        changes["bound"] = value
    if skip is not None and skip != instance.skip:
        changes["skip"] = skip
    if count_bias is not None:
        changes["count_bias"] = count_bias
    if set(changes) <= {"count_bias"} and count_bias in (None, instance.count_bias):
        return instance
    if "skip" not in changes and "count_bias" not in changes:
        changes["count_bias"] = instance.count_bias
    return instance.replace(**changes)


def _bound_value(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise BadInput(f"--bound {text}: a positive number, auto or none")
    return value


def pstar(data: str, *, width: float, as_json: bool, plot: str | None) -> int:
    """Compute, print and draw p* and the lp path."""
    from milpsparse.plot import refuse
    from milpsparse.theory.threshold import lp_path
    from milpsparse.theory.threshold import pstar as threshold

    instance = library.find(data)
    if plot:
        refuse(instance, plot)
    found = threshold(instance, width)
    try:
        pieces, note = lp_path(instance, width), ""
    except Unsupported as error:
        pieces, note = [], str(error)
    if as_json:
        click.echo(json.dumps(pstar_json(instance, found, pieces), indent=1))
    else:
        click.echo(pstar_text(instance, found, pieces, note))
    if plot and not pieces:
        raise BadInput(f"cannot draw the path: {note}")
    if plot:
        from milpsparse.path_plot import plot_path

        plot_path(instance, found, pieces, plot)
    return OK


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

    from milpsparse import run as running
    from milpsparse.task import plan

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


def positive(**values: float) -> None:
    """Refuse values of options that are not above 0."""
    for name, value in values.items():
        if not value > 0:
            raise BadInput(f"--{name.replace('_', '-')} {value:g}: give a positive number")


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
    from milpsparse.run import answer_of, checked_columns, instance_of

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


def check_plugin(name: str) -> int:
    """Ask all items of a plug-in, one line each."""
    from milpsparse.testing import items, kinds_of

    words: list[str] = []
    for kind in kinds_of(name):
        entry = registry.entries(kind)[name]
        click.echo(f"{entry}: {entry.file}")
        if reason := registry.broken(kind, name):
            click.echo(f"fail    loads{'':<20} {reason}")
            words.append("fail")
            continue
        for item in items(name, kind):
            found = item.find()
            words.append(found.word)
            click.echo(f"{found.word:<7} {item!s:<20} {found.why or item.question.about}")
    counts = {word: words.count(word) for word in ("pass", "cannot", "skip", "fail")}
    click.echo(", ".join(f"{n} {word}" for word, n in counts.items() if n))
    return WRONG if counts["fail"] else OK


def doctor(as_json: bool) -> int:
    """Print what works here."""
    from milpsparse.doctor import report, text

    found = report()
    click.echo(json.dumps(found, indent=1) if as_json else text(found))
    return WRONG if any(s["state"] == "fails" for s in found["solvers"].values()) else OK


def verify(files: tuple[str, ...], data: str | None) -> int:
    """Check proofs, one line each; of the given data, or of those that a file holds."""
    from milpsparse.proofs.verify import ProofError, read_lines, verify_lines

    instance = None if data is None else library.find(data)
    wrong = 0
    for file in files:
        try:
            claim = verify_lines(read_lines(file), instance)
            name = claim.instance if instance is None else instance.name
            click.echo(f"{file}: holds: {_said(claim, name if claim.tied else 'these points')}")
        except ProofError as error:
            wrong += 1
            click.echo(f"{file}: does not hold: {error}")
    return WRONG if wrong else OK


def _said(claim: Claim, through: str) -> str:
    """A claim as a sentence."""
    skip = "with a skip connection " if claim.skip else ""
    bound = "" if claim.bound is None else f" with |u| <= {float(claim.bound)!r}"
    unit = claim.objective.removesuffix("s" if claim.at_least == 1 else "")
    if claim.objective == "parameters":
        unit += " (biases counted)" if claim.count_bias else " (biases not counted)"
    how = f"{claim.kind} proof"
    if claim.n_nodes:
        how += f", {claim.n_leaves:,} {'leaf' if claim.n_leaves == 1 else 'leaves'}"
    how += f", {len(claim.rows):,} witness point{'s' * (len(claim.rows) != 1)}"
    if claim.tied:
        how += f", data {claim.sha256[:12]}"
    what = f"every network {skip}through {through}{bound.removesuffix('.0')}"
    return f"{what} has at least {claim.at_least:,} {unit} ({how})"


def _named(row: dict[str, Any], reason: str) -> str:
    return f"{row['instance']}, {row['objective']}, {row['method']}: {reason}"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from None
