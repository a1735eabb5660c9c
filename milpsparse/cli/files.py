"""The commands on models, and on the files of other tools: audit, export, import."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from milpsparse.cli.options import PATH, as_json, problem, reading


@click.command()
@click.argument("data")
@click.option(
    "--model",
    required=True,
    metavar="M",
    help="As in solve: name, name[option=value], name@solver.",
)
@problem
@click.option(
    "--time-limit", default=60.0, show_default=True, metavar="S", help="Seconds, for B and for 2 B."
)
@click.option("--threads", default=1, show_default=True, help="Threads of the solver.")
@click.option("--seed", default=0, show_default=True, help="Seed of the solver.")
@as_json
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


@click.command()
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
@problem
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

    with reading(Path(source)):
        sys.exit(models.export(source, **given))


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=PATH)
@click.option("-o", "--out", metavar="DIR", required=True, type=PATH, help="Goes there.")
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
