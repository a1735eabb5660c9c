"""Options that several commands have, and what their failures look like."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from milpsparse.errors import BadInput

PATH: Any = click.Path(path_type=Path)

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
folder = click.argument("folder", metavar="DIR", type=PATH)


def problem(command: Callable[..., None]) -> Callable[..., None]:
    """--objective, --bound, --skip and --count-bias, for commands other than solve."""
    for option in reversed(
        (
            click.option("--objective", default="neurons", show_default=True, help="As in solve."),
            click.option("--bound", metavar="B|auto|none", help="As in solve."),
            click.option("--skip/--no-skip", default=None, help="As in solve."),
            click.option("--count-bias/--no-count-bias", default=None, help="As in solve."),
        )
    ):
        command = option(command)
    return command


def written(path: Path, write: Callable[[], Any]) -> Any:
    """What `write` returns; where the file cannot be written, one line."""
    try:
        return write()
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from None


@contextlib.contextmanager
def reading(*folders: Path) -> Iterator[None]:
    """Where reading results fails and there are rows that are none, say which."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
        from milpsparse.harness.row_types import malformed

        for reason in filter(None, (malformed(f) for f in folders if f.is_dir())):
            raise BadInput(reason) from None
        raise
