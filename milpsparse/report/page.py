"""The page: views into templates, every text escaped, and a policy that forbids the network."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import milpsparse
from milpsparse.harness import store
from milpsparse.report import overview, provenance, shelf, text
from milpsparse.report.index import index
from milpsparse.report.parts import parts
from milpsparse.report.results import Results, read

NAME = "report.html"
MOST_ROWS = 3000  # with details: about 1.5 kB each


def write_report(folder: Path, most_rows: int = MOST_ROWS) -> Path:
    """Write report.html into a results folder, from its stored rows; its path.

    The indexes have every instance of the run and of the library; details are shown of instances
    with up to `most_rows` rows together. The same rows and library give the same bytes.

    Raises
    ------
    BadInput
        The folder has no rows.
    """
    path = folder / NAME
    store.write_atomically(path, render(read(folder), most_rows).encode("utf-8", "replace"))
    return path


def render(results: Results, most_rows: int = MOST_ROWS) -> str:
    """The page as text."""
    environment = _environment()
    style, script = (_source(environment, name) for name in ("style.css", "script.js"))
    lines = index(results)
    page: str = environment.get_template("page.html").render(
        results=results,
        rows=results.rows,
        goals=overview.goals(results),
        wrong=overview.wrong_claims(results.rows),
        unanswered=overview.unanswered(results.rows),
        news=overview.news(results.rows),
        facts=provenance.facts(results),
        commands=provenance.commands(results),
        warnings=provenance.warnings(results),
        lines=lines,
        parts=parts(results, lines, most_rows),
        books=shelf.books(),
        objectives=shelf.OBJECTIVES,
        version=milpsparse.__version__,
        style=style,
        script=script,
        policy=_policy(style, script),
    )
    return page


def _environment() -> Any:
    """Templates of this package; values are escaped, and an unknown name is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("milpsparse.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=text.number, seconds=text.seconds, listed=text.listed, status=text.status
    )
    return environment


def _source(environment: Any, name: str) -> str:
    """The text of a file that goes into the page as it is."""
    return str(environment.loader.get_source(environment, name)[0])


def _policy(style: str, script: str) -> str:
    """Only this style and this script, images of the page itself, and nothing from anywhere."""
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()}'"
        for part in (style, script)
    ]
    return f"default-src 'none'; style-src {hashes[0]}; script-src {hashes[1]}; img-src data:"
