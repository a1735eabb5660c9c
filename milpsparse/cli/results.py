"""The commands on folders of results: run, status, check, merge, replay, table, report, compare."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from milpsparse.cli.options import PATH, as_json, folder, reading, written


@click.command()
@click.option("-t", "--testset", required=True, help="A test set, or a .test file.")
@click.option(
    "-m",
    "--method",
    "methods",
    multiple=True,
    help="A method; repeatable. *@highs is every model with this solver. Default: every method "
    "that can run here, without auto.",
)
@click.option(
    "--objective",
    "objectives",
    multiple=True,
    default=("neurons",),
    show_default=True,
    help="Repeatable.",
)
@click.option(
    "--time-limit",
    "time_limit_s",
    default=60.0,
    show_default=True,
    metavar="S",
    help="Seconds a task; killed from outside 5 s (or 5 %) later.",
)
@click.option(
    "--memory-limit", "memory_limit_mb", type=int, metavar="MB", help="Address space of a task."
)
@click.option("-j", "--jobs", default=1, show_default=True, help="Tasks side by side.")
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Run on the workers of a Dask scheduler: tcp://host:port, its scheduler file (.json), or "
    "local for JOBS workers here. Needs milpsparse[distributed].",
)
@click.option(
    "--part",
    metavar="I/N",
    help="Only the I-th of N parts of the tasks, for arrays of jobs; `merge` joins their folders.",
)
@click.option("--threads", default=1, show_default=True, help="Threads a task.")
@click.option(
    "--seed", "seeds", multiple=True, type=int, default=(0,), show_default=True, help="Repeatable."
)
@click.option(
    "--perm",
    "perms",
    multiple=True,
    type=int,
    default=(0,),
    show_default=True,
    help="Number of an order of points and inputs in which the method gets the instance; 0 is the "
    "given one. Repeatable.",
)
@click.option(
    "--bound",
    default="auto",
    type=click.Choice(["auto", "none"]),
    show_default=True,
    help="For instances without a bound.",
)
@click.option(
    "--out", default="results", show_default=True, metavar="DIR", help="Where runs.jsonl is."
)
@click.option(
    "--rerun",
    default="none",
    show_default=True,
    type=click.Choice(["none", "failed", "timeouts", "all"]),
    help="What to run again although its row is there.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would run.")
def run(**given: Any) -> None:
    """Run methods over a test set, each task in its own process; rows go to DIR/runs.jsonl.

    What has a row is not run again, so the same command resumes an interrupted run.

    \b
      milpsparse run -t small -m neuron_big_m@highs -m coordinate_start --time-limit 10 -j 2
      milpsparse run -t mine.test --objective neurons --objective l1 --out /tmp/mine
      milpsparse run -t small --scheduler tcp://10.0.0.1:8786 --out cluster
    """
    from milpsparse.commands import run as commands

    sys.exit(commands.run(**given))


@click.command()
@folder
def status(folder: Path) -> None:
    """Say how far the last run of DIR is: done, failed, running, left, and about how long.

    Reads what is on disk, so it works from another shell while the run goes on. Interrupted tasks
    count as left.
    """
    from milpsparse.commands import run as commands

    with reading(folder):
        commands.status(folder)


@click.command()
@folder
def check(folder: Path) -> None:
    """Check every stored network and claim of DIR again, and all claims against each other.

    Writes DIR/checks.jsonl, which tables read; prints wrong claims by name and exits 1 on any.
    """
    from milpsparse.commands import run as commands

    with reading(folder):
        sys.exit(commands.check(folder))


@click.command()
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=PATH)
@click.option("-o", "--out", required=True, metavar="DIR", type=PATH, help="Goes there.")
def merge(folders: tuple[Path, ...], out: Path) -> None:
    """Join the results in DIR..., of several machines or parts of a run, in one folder.

    Rows, checks, records of runs, logs, proofs and instances come along; of several rows of a task
    the one that ended last counts, and those with different results are named. What is in the
    folder stays there and takes part.

    \b
      milpsparse merge part-1 part-2 part-3 -o results
      milpsparse merge cluster/part-* -o cluster/all && milpsparse table cluster/all
    """
    from milpsparse.commands import stores as commands

    with reading(*folders, out):
        sys.exit(commands.merge(folders, out))


@click.command()
@folder
@click.argument("task", metavar="TASK")
@as_json
def replay(folder: Path, task: str, as_json: bool) -> None:
    """Run one stored task of DIR again and print both results side by side.

    TASK is the beginning of a task_key, as in runs.jsonl, the names of logs, and `run --dry-run`.
    The stored row stays. Exits 1 if a result that must agree does not: verdict, termination,
    verified value, lower bound and its evidence.
    """
    from milpsparse.commands import stores as commands

    with reading(folder):
        sys.exit(commands.replay(folder, task, as_json))


@click.command()
@folder
@click.option(
    "--as",
    "prefix",
    metavar="PREFIX",
    type=PATH,
    help="Write only the tables, as PREFIX.md, PREFIX.tex, PREFIX.csv and PREFIX-summary.csv.",
)
def table(folder: Path, prefix: Path | None) -> None:
    """Write tables (CSV, Markdown, LaTeX) and figures (SVG) of DIR from its stored rows.

    \b
      milpsparse table results                                  results/tables, results/figures
      milpsparse table /tmp/mine --as results/tables/mine       tables elsewhere
    """
    from milpsparse.analysis.figures import write_figures
    from milpsparse.analysis.rows import read_rows
    from milpsparse.analysis.table import write_tables

    with reading(folder):
        rows = read_rows(folder)
        tables = written(prefix or folder, lambda: write_tables(folder, prefix, rows))
        for path in [*tables, *([] if prefix else write_figures(folder, rows))]:
            click.echo(path)


@click.command()
@folder
@click.option(
    "--details",
    default=3000,
    show_default=True,
    metavar="ROWS",
    help="Show details of instances with up to so many rows together; about 1.5 kB each.",
)
def report(folder: Path, details: int) -> None:
    """Write DIR/report.html from the stored rows of DIR: one page that needs no network.

    It has the methods side by side, an index of instances that sorts and filters, and a part for
    each instance: its data, its sparsest network, and each method's value and bound over time,
    claimed and verified. Wrong claims and contradictions stand there by name, and what is needed
    to repeat the run.
    """
    from milpsparse.report.page import NAME, write_report

    with reading(folder):
        click.echo(written(folder / NAME, lambda: write_report(folder, details)))


@click.command()
@click.argument("a", metavar="A", type=PATH)
@click.argument("b", metavar="[B]", type=PATH, required=False)
@click.option(
    "--methods", nargs=2, metavar="X Y", help="Method X of A with method Y of B (or of A)."
)
@click.option(
    "--shift", default=1.0, show_default=True, metavar="S", help="Of the means, in seconds."
)
@click.option(
    "--min-time",
    default=0.1,
    show_default=True,
    metavar="S",
    help="Times nearer than this, or than 10 %, are close.",
)
@as_json
def compare(a: Path, b: Path | None, **given: Any) -> None:
    """Compare the results in folder B with those in A: faster, slower, lost, wrong.

    Pairs runs of one instance, objective and method, seeds averaged. Prints better, close and
    worse times, the ratio of shifted geometric means with a bootstrap interval, Wilcoxon's
    signed-rank test; and by name the proofs that B has lost and the wrong claims that are new, also
    lower bounds above a network that A has verified. Exits 1 if there are any, so that it can gate
    CI.

    \b
      milpsparse compare before after
      milpsparse compare results --methods neuron_big_m@highs neuron_perspective@highs
    """
    from milpsparse.commands import compare as commands

    with reading(*filter(None, (a, b))):
        sys.exit(commands.compare(a, b, **given))
