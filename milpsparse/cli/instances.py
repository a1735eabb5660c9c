"""The commands on instances: list, generate, solve, pstar, verify."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from milpsparse.cli.options import as_json, written
from milpsparse.errors import BadInput


@click.command("list")
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


@click.command()
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
    written(path, lambda: path.write_text(to_json(instance), encoding="utf-8")
           if path.suffix == ".json" else write_csv(instance, path))  # fmt: skip
    click.echo(f"{instance.name}: {instance.n_samples} points -> {output}", err=True)


@click.command()
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
@as_json
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


@click.command()
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
@as_json
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


@click.command()
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
