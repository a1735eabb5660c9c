"""What the commands on whole stores do: merge and replay; they return exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from milpsparse.commands.common import OK, WRONG
from milpsparse.harness import store

WIDTH = 36  # of a column of values


def merge(folders: tuple[Path, ...], out: Path) -> int:
    """Join stores, and say what came and what does not agree."""
    from milpsparse.harness.merge import merge as join

    merged = join(folders, out)
    click.echo(
        f"{merged.added} rows added, {merged.same} were there; {merged.tasks} tasks in {out}"
    )
    for line in merged.conflicts:
        click.echo(f"differ: {line}")
    click.echo(f"`milpsparse check {out}` compares all claims")
    return OK


def replay(folder: Path, prefix: str, as_json: bool) -> int:
    """Run one stored task again and show both results."""
    from milpsparse.harness import replay as again

    both = again.replay(folder, prefix)
    if as_json:
        values = {"stored": both.stored, "now": both.now, "differences": both.differences}
        click.echo(json.dumps(store.plain(values)))
        return WRONG if both.differences else OK
    stored, now = both.stored, both.now
    click.echo(f"{stored['instance']}, {stored['objective']}, {stored['method']}")
    click.echo(f"  {'':<21}{'stored':<{WIDTH}}now")
    for name in [*again.RESULTS, *again.CIRCUMSTANCES]:
        old, new = _shown(stored.get(name)), _shown(now.get(name))
        mark = "!" if name in both.differences else " "
        click.echo(f"{mark} {name:<21}{old:<{WIDTH}}{'the same' if old == new else new}".rstrip())
    if not both.differences:
        click.echo("the results agree")
        return OK
    click.echo(f"the results differ: {', '.join(both.differences)}")
    return WRONG


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    text = f"{value:.6g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) < WIDTH else text[: WIDTH - 4] + "..."
