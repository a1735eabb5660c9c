"""What the commands about this installation do: doctor and check-plugin; they return exit codes."""

from __future__ import annotations

import json

import click

from milpsparse import registry
from milpsparse.commands.common import OK, WRONG
from milpsparse.commands.doctor import report, text


def doctor(as_json: bool) -> int:
    """Print what works here."""
    found = report()
    click.echo(json.dumps(found, indent=1) if as_json else text(found))
    return WRONG if any(s["state"] == "fails" for s in found["solvers"].values()) else OK


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
