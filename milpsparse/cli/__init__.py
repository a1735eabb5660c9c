"""The command line: parse arguments, call the library, print; errors are one line, exit code 2."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import click

from milpsparse import __version__
from milpsparse.cli import files, instances, results, tools
from milpsparse.errors import MilpsparseError, UnknownName

EPILOG = """\b
Exit codes: 0 a verified network; 1 a claim did not hold; 2 bad usage or input;
3 internal failure; 4 nothing found within the limits; 130 interrupted."""


LONGEST = 1200  # characters of an error


class _Group(click.Group):
    """Commands in the order in which a person meets them, with a suggestion for typos."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
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


for _command in (  # in the order in which a person meets them
    instances.list_,
    instances.generate,
    instances.solve,
    instances.pstar,
    files.audit,
    files.export,
    files.import_,
    results.run,
    results.status,
    results.check,
    results.merge,
    results.replay,
    tools.doctor,
    tools.check_plugin,
    instances.verify,
    results.table,
    results.report,
    results.compare,
):
    cli.add_command(_command)


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
