"""The command line: parse arguments, call the library, print; errors are one line, exit code 2."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from milpsparse import __version__
from milpsparse.errors import BadInput, MilpsparseError

EPILOG = """\b
Exit codes: 0 a verified network; 1 a claim did not hold; 2 bad usage or input;
3 internal failure; 4 nothing found within the limits; 130 interrupted."""


LONGEST = 1200  # characters of an error
_FOLDER: Any = click.Path(path_type=Path)


class _Group(click.Group):
    """Commands in the order in which a person meets them, with a suggestion for typos."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            from milpsparse.errors import UnknownName

            raise UnknownName("command", args[0], self.commands)
        return super().resolve_command(ctx, args)


@click.group(cls=_Group, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="milpsparse")
def cli() -> None:
    """Find the sparsest one-hidden-layer ReLU network through data, prove it, compare methods.

    \b
    A first session:
      milpsparse solve peak_plateau            a library instance
      milpsparse solve data.csv --skip         your own points, y in the last column
      milpsparse list methods                  what can solve, and what is missing here
      milpsparse run -t small --out results    a benchmark; the same command resumes it
      milpsparse table results                 tables and figures from the stored rows
    """


# --- list and generate ------------------------------------------------------------------------


@cli.command("list")
@click.argument(
    "what",
    type=click.Choice(
        ["instances", "testsets", "families", "models", "solvers", "algorithms", "methods"]
    ),
)
def list_(what: str) -> None:
    """List what there is, one line each, with the reason where something cannot run here.

    WHAT is instances, testsets, families, models, solvers, algorithms or methods. Options of models
    and algorithms are shown as name[option=default]; give them as name[option=value]@solver.
    """
    from milpsparse.commands import listing

    for name, text in listing.lines(what):
        click.echo(f"{name:<32} {text}".rstrip())


@cli.command()
@click.argument("family")
@click.option("-p", "params", multiple=True, metavar="NAME=VALUE", help="A parameter; repeatable.")
@click.option("--seed", default=0, show_default=True, help="Seed of the generator.")
@click.option("-o", "output", type=click.Path(dir_okay=False), help="File to write (.json, .csv).")
def generate(family: str, params: tuple[str, ...], seed: int, output: str | None) -> None:
    """Generate an instance of FAMILY; the same arguments give the same instance.

    \b
      milpsparse generate planted -p N=50 -p d=3 -p K=4 --seed 1 -o mine.json
      milpsparse generate uniform -p N=8             prints it as JSON

    `milpsparse list families` shows the families and their parameters.
    """
    from milpsparse.family import generate as make
    from milpsparse.instance_files import to_json, write_csv

    values = {}
    for param in params:
        name, equals, value = param.partition("=")
        if not equals:
            raise BadInput(f"-p {param}: write NAME=VALUE, e.g. -p N=20")
        values[name] = value
    instance = make(family, seed, **values)
    if output is None:
        click.echo(to_json(instance), nl=False)
        return
    path = Path(output)
    if path.suffix not in (".json", ".csv"):
        raise BadInput(f"-o {output}: the file ends in .json or .csv")
    _write(path, lambda: path.write_text(to_json(instance), encoding="utf-8")
           if path.suffix == ".json" else write_csv(instance, path))  # fmt: skip
    click.echo(f"{instance.name}: {instance.n_samples} points -> {output}", err=True)


# --- solve ------------------------------------------------------------------------------------


@cli.command()
@click.argument("data")
@click.option(
    "--objective",
    default="neurons",
    show_default=True,
    help="neurons, parameters, l1, lp:<p> with 0 < p < 1, or group_l2.",
)
@click.option(
    "--method",
    default="auto",
    show_default=True,
    help="auto, an algorithm, or model@solver; options as name[option=value].",
)
@click.option(
    "--bound",
    metavar="B|auto|none",
    help="Bound B on every |v w|, |v b|. auto (default where the data have none): twice "
    "the largest entry of the best network found. none: unbounded.",
)
@click.option("--skip/--no-skip", default=None, help="With or without a skip connection a.x + c.")
@click.option(
    "--count-bias/--no-count-bias",
    default=None,
    help="Whether parameters, l1 and lp count biases (default: not with a skip).",
)
@click.option("--time-limit", default=60.0, show_default=True, metavar="S", help="Seconds.")
@click.option("--threads", default=1, show_default=True, help="Threads of the solver.")
@click.option("--seed", default=0, show_default=True, help="Seed of the solver.")
@click.option(
    "--memory-limit", type=int, metavar="MB", help="Memory of a model's solver, where it obeys."
)
@click.option("--log-file", metavar="FILE", help="Log of a model's solver.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--plot",
    metavar="FILE",
    help="Draw data and network (.svg, .png, .pdf; d <= 2); "
    "where theory solves it, the sparsest, lp and l1 solutions side by side.",
)
@click.option(
    "--proof",
    metavar="FILE",
    help="Write the proof of the lower bound (.proof or .proof.gz), for `milpsparse verify`.",
)
@click.option("--save", metavar="FILE", help="Write the JSON object to a file.")
def solve(data: str, **given: Any) -> None:
    """Solve one instance: the sparsest network through DATA, checked in rational arithmetic.

    DATA is an instance .json, the name of a library instance, or a .csv whose last column is y.

    \b
      milpsparse solve peak_plateau
      milpsparse solve points.csv --skip --objective parameters --time-limit 10
      milpsparse solve mine.json --method neuron_big_m[slots=4]@highs --json
      milpsparse solve mine.json --method neuron_big_m@cbc[rel_gap=0.1,mip_start=off,cuts=off]

    Solvers take rel_gap, abs_gap, mip_start and presolve, where `milpsparse list solvers` does not
    say otherwise, and options of their own by their names.
    """
    from milpsparse.commands import solve as commands

    sys.exit(commands.solve(data, **given))


@cli.command()
@click.argument("data")
@click.option("--width", default=1e-9, show_default=True, help="Of the intervals, from 1e-15.")
@click.option(
    "--objective",
    default="parameters",
    show_default=True,
    help="What is fewest: parameters, by sum |u_kj|^p; or neurons, by sum_k (sum_j |u_kj|)^p.",
)
@click.option("--skip/--no-skip", default=None, help="With or without a skip connection a.x + c.")
@click.option("--count-bias/--no-count-bias", default=None, help="Whether biases are counted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--plot", metavar="FILE", help="Draw the least cost over p (.svg, .png, .pdf).")
def pstar(data: str, **given: Any) -> None:
    """Print the threshold p* of DATA, with what proves it.

    p* is the largest P such that for all 0 < p < P every minimizer of the lp path norm is sparsest.
    It is certified to lie in an interval:

    \b
      one input with a skip connection   by theory, with the minimizers of all p
      tiny data of any other kind        by all vertices, in rationals: up to 11 points in one
                                         input, 5 in two, 4 in three, with a skip connection 8 in
                                         two and 7 in three; seconds to minutes
      other data                         a tiny lower bound alone, and why there is no more

    \b
      milpsparse pstar convex_run_0p1_1_1_0p1
      milpsparse pstar uniform_n4_d1_s0
      milpsparse pstar points.csv --skip --plot path.svg
    """
    from milpsparse.commands import pstar as commands

    sys.exit(commands.pstar(data, **given))


# --- models -----------------------------------------------------------------------------------


@cli.command()
@click.argument("data")
@click.option(
    "--model",
    required=True,
    metavar="M",
    help="As in solve: name, name[option=value], name@solver.",
)
@click.option("--objective", default="neurons", show_default=True, help="As in solve.")
@click.option("--bound", metavar="B|auto|none", help="As in solve.")
@click.option("--skip/--no-skip", default=None, help="As in solve.")
@click.option("--count-bias/--no-count-bias", default=None, help="As in solve.")
@click.option(
    "--time-limit", default=60.0, show_default=True, metavar="S", help="Seconds, for B and for 2 B."
)
@click.option("--threads", default=1, show_default=True, help="Threads of the solver.")
@click.option("--seed", default=0, show_default=True, help="Seed of the solver.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def audit(data: str, **given: Any) -> None:
    """Audit a model on DATA: does its answer come from its big-M, how strong and large is it?

    Solves the model with B and with 2 B. Prints how many entries and pre-activations of the
    network found touch their big-M, whether doubling B changes the optimum, the bound of the linear
    relaxation, rows, columns, nonzeros, and the range of coefficients.

    \b
      milpsparse audit planted_n8_d1_k2_s0 --model neuron_big_m
      milpsparse audit mine.json --model neuron_mccormick[start=multistart] --json
    """
    from milpsparse.commands import models

    sys.exit(models.audit(data, **given))


@cli.command()
@click.argument("source", metavar="DATA|DIR")
@click.option("--mps", "kinds", flag_value="mps", multiple=True, help="The model, .mps.gz.")
@click.option("--lp", "kinds", flag_value="lp", multiple=True, help="The model, .lp.")
@click.option("--sol", "kinds", flag_value="sol", multiple=True, help="A network in it, .sol.")
@click.option("--solu", "kinds", flag_value="solu", multiple=True, help="Best values of DIR.")
@click.option("--trc", "kinds", flag_value="trc", multiple=True, help="Traces of DIR, for PAVER.")
@click.option(
    "--solvetrace", "kinds", flag_value="solvetrace", multiple=True, help="Bounds over time in DIR."
)
@click.option("--model", metavar="M", help="The model: name or name[option=value].")
@click.option("--objective", default="neurons", show_default=True, help="As in solve.")
@click.option("--bound", metavar="B|auto|none", help="As in solve.")
@click.option("--skip/--no-skip", default=None, help="As in solve.")
@click.option("--count-bias/--no-count-bias", default=None, help="As in solve.")
@click.option(
    "--network",
    metavar="FILE",
    help="The network for --sol, saved by `solve --save`; without it, one is looked for.",
)
@click.option(
    "--time-limit", default=60.0, show_default=True, metavar="S", help="Seconds to look for one."
)
@click.option("-o", "--out", default=".", show_default=True, metavar="FOLDER", help="Goes there.")
def export(source: str, **given: Any) -> None:
    """Write a model on DATA, or the results in DIR, as files for other tools.

    Models go to <instance>_<objective>_<model>.mps.gz and .lp, with indicator and SOS sections
    where they have them; a .sol file gives their variables the values of a verified network. Of a
    results folder DIR, with --model M, they are written for each instance and its best network;
    .solu has its optima and best values, .trc its
    runs, .solvetrace the bounds over time of each run that keeps them.

    \b
      milpsparse export planted_n8_d1_k2_s0 --mps --sol --model neuron_big_m
      milpsparse export mine.json --lp --model neuron_indicator --objective parameters
      milpsparse export results --solu --trc --solvetrace -o traces
    """
    from milpsparse.commands import models

    with _reading(Path(source)):
        sys.exit(models.export(source, **given))


@cli.command("import")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "-o", "--out", metavar="DIR", required=True, type=click.Path(path_type=Path), help="Goes there."
)
@click.option("--objective", metavar="O", help="Of files that do not name one.")
@click.option(
    "--time-limit",
    type=float,
    metavar="S",
    help="Of runs whose file does not say it; default: the longest run.",
)
@click.option("--instance", metavar="DATA", help="Of a .sol: the instance.")
@click.option("--model", metavar="M", help="Of a .sol: the model, as it was exported.")
@click.option("--solver", metavar="NAME", help="Of a .sol: who found it.")
def import_(files: tuple[Path, ...], out: Path, **given: Any) -> None:
    """Import results of other tools into the results folder DIR, as rows by imported:<solver>.

    .trc files hold runs, .solvetrace files bounds over time, .solu files known values, which
    `milpsparse check` takes for its comparisons. What they say stays a claim. A .sol file gives
    values to the variables of a model that `export` has written: it becomes a network, and is
    checked. Names are <instance>.<objective>; others are problems of their own, with the objective
    `value`. The same file again replaces what it said.

    \b
      milpsparse import scip.trc gurobi.trc a.solvetrace miplib.solu -o theirs
      milpsparse import found.sol --instance mine.json --model neuron_big_m -o results
    """
    from milpsparse.commands import models

    sys.exit(models.import_(files, out, **given))


# --- benchmark --------------------------------------------------------------------------------


@cli.command()
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


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def status(folder: Path) -> None:
    """Say how far the last run of DIR is: done, failed, running, left, and about how long.

    Reads what is on disk, so it works from another shell while the run goes on. Interrupted tasks
    count as left.
    """
    from milpsparse.commands import run as commands

    with _reading(folder):
        commands.status(folder)


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def check(folder: Path) -> None:
    """Check every stored network and claim of DIR again, and all claims against each other.

    Writes DIR/checks.jsonl, which tables read; prints wrong claims by name and exits 1 on any.
    """
    from milpsparse.commands import run as commands

    with _reading(folder):
        sys.exit(commands.check(folder))


@cli.command()
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=_FOLDER)
@click.option("-o", "--out", required=True, metavar="DIR", type=_FOLDER, help="Goes there.")
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

    with _reading(*folders, out):
        sys.exit(commands.merge(folders, out))


@cli.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.argument("task", metavar="TASK")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replay(folder: Path, task: str, as_json: bool) -> None:
    """Run one stored task of DIR again and print both results side by side.

    TASK is the beginning of a task_key, as in runs.jsonl, the names of logs, and `run --dry-run`.
    The stored row stays. Exits 1 if a result that must agree does not: verdict, termination,
    verified value, lower bound and its evidence.
    """
    from milpsparse.commands import stores as commands

    with _reading(folder):
        sys.exit(commands.replay(folder, task, as_json))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(as_json: bool) -> None:
    """Say what works here: solvers, tried by solving, their licences, processors, memory, packages.

    A solver works, is limited (a licence for small problems only), fails, or is not available,
    with the reason. Exits 1 if one that is there fails.
    """
    from milpsparse.commands import tools as commands

    sys.exit(commands.doctor(as_json))


@cli.command("check-plugin")
@click.argument("name")
def check_plugin(name: str) -> None:
    """Ask of the solver, model, algorithm or family NAME all that a plug-in must do.

    A solver gets tiny problems with known answers, limits, a start and a seed; models and
    algorithms get tiny instances, families seeds. Each item runs in a process of its own. Exits 1
    when one fails; `cannot` is what a solver declares, with its reason. As tests of a package:
    `from milpsparse.testing import items`.

    \b
      milpsparse check-plugin highs
      MILPSPARSE_PLUGINS=my_folder milpsparse check-plugin mine
    """
    from milpsparse.commands import tools as commands

    sys.exit(commands.check_plugin(name))


@cli.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--instance",
    "data",
    metavar="DATA",
    help="The instance that the proofs must be about: a .json, a .csv or a library name. "
    "Proofs of up to 10,000 points hold their data. Its bound and flags are part of it: a proof by "
    "solve --bound, --skip or --count-bias is about the instance that these options make.",
)
def verify(files: tuple[str, ...], data: str | None) -> None:
    """Check proofs of lower bounds in exact arithmetic, and print what each of them proves.

    A proof FILE (.proof, or .proof.gz) says that every network through some points, rows of an
    instance, has at least so many neurons or parameters. Every step is checked anew, with nothing
    taken from the search that wrote it. Without data, in the file or as DATA, a proof speaks of
    its points alone. Exits 1 if a proof does not hold.

    \b
      milpsparse verify planted.proof.gz
      milpsparse verify a.proof b.proof --instance mine.json
    """
    from milpsparse.commands import solve as commands

    sys.exit(commands.verify(files, data))


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--as",
    "prefix",
    metavar="PREFIX",
    type=click.Path(path_type=Path),
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

    with _reading(folder):
        rows = read_rows(folder)
        tables = _write(prefix or folder, lambda: write_tables(folder, prefix, rows))
        for path in [*tables, *([] if prefix else write_figures(folder, rows))]:
            click.echo(path)


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
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

    with _reading(folder):
        click.echo(_write(folder / NAME, lambda: write_report(folder, details)))


@cli.command()
@click.argument("a", metavar="A", type=click.Path(path_type=Path))
@click.argument("b", metavar="[B]", type=click.Path(path_type=Path), required=False)
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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
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

    with _reading(*filter(None, (a, b))):
        sys.exit(commands.compare(a, b, **given))


def _write(path: Path, write: Any) -> Any:
    try:
        return write()
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from None


@contextlib.contextmanager
def _reading(*folders: Path) -> Iterator[None]:
    """Where reading results fails and there are rows that are none, say which."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
        from milpsparse.harness.row_types import malformed

        for reason in filter(None, (malformed(f) for f in folders if f.is_dir())):
            raise BadInput(reason) from None
        raise


def _line(error: Exception) -> str:
    """The message of an error as one line of a size that can be read."""
    text = " ".join(str(error).split())
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 60]} ... {text[-50:]}"


def main() -> None:
    """Entry point: errors meant for the user become one line and exit code 2."""
    try:
        # Not cli.main(): it would exit with 1 when the reader of our output has gone.
        with cli.make_context("milpsparse", sys.argv[1:]) as context:
            cli.invoke(context)
        sys.exit(0)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("milpsparse: interrupted", err=True)
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        text = _line(Exception(error.format_message()))
        click.echo(f"milpsparse: {text} (see --help)", err=True)
        sys.exit(2)
    except MilpsparseError as error:
        click.echo(f"milpsparse: {_line(error)}", err=True)
        sys.exit(2)
    except BrokenPipeError:  # the reader of our output has gone, as in `... | head`
        sys.stderr.close()
        sys.exit(0)
    except Exception:
        traceback.print_exc()
        click.echo("milpsparse: internal failure, please report the lines above", err=True)
        sys.exit(3)


if __name__ == "__main__":
    main()
