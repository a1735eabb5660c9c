"""The commands on this installation: doctor and check-plugin."""

from __future__ import annotations

import sys

import click

from milpsparse.cli.options import as_json


@click.command()
@as_json
def doctor(as_json: bool) -> None:
    """Say what works here: solvers, tried by solving, their licences, processors, memory, packages.

    A solver works, is limited (a licence for small problems only), fails, or is not available,
    with the reason. Exits 1 if one that is there fails.
    """
    from milpsparse.commands import tools as commands

    sys.exit(commands.doctor(as_json))


@click.command("check-plugin")
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
