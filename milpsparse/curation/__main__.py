"""Commands that make and check the library of this checkout."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from milpsparse import library
from milpsparse.curation import build as building
from milpsparse.errors import MilpsparseError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Make and check the instance library of this checkout."""
    if not library.FOLDER.is_dir():
        raise click.UsageError("run it from the root of a checkout: there is no instances/ here")


@main.command()
def build() -> None:
    """Write instances, index, test sets and pages; known values stay (make instances)."""
    _build(library.index())


def _build(before: building.Index) -> None:
    built = building.build(library.FOLDER, before)
    library.INDEX.write_text(building.to_text(built), encoding="utf-8")
    click.echo(f"{len(built['instances'])} instances, {len(built['testsets'])} test sets")


@main.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
def update(folders: tuple[Path, ...]) -> None:
    """Take better networks and bounds from results FOLDERS into the library (make update)."""
    from milpsparse.curation.update import constructions, shared
    from milpsparse.curation.update import update as updating

    index = library.index()
    before = {name: entry["known"] for name, entry in index["instances"].items()}
    for news in constructions(library.FOLDER, index):
        click.echo(news)
    for folder in folders:
        for news in updating(folder, library.FOLDER, index):
            click.echo(news)
    changed = [name for name, known in before.items() if index["instances"][name]["known"] != known]
    for news in shared(library.FOLDER, index, changed):
        click.echo(news)
    _build(index)


@main.command()
@click.option("-j", "--jobs", default=2, show_default=True, help="Processes.")
@click.argument("names", nargs=-1)
def verify(jobs: int, names: tuple[str, ...]) -> None:
    """Check the evidence of all known values again, in exact arithmetic (make verify)."""
    from milpsparse.curation.verify import verify as verifying

    sys.exit(1 if verifying(names or tuple(library.index()["instances"]), jobs) else 0)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--model", default="neuron_big_m", show_default=True)
def mps(folder: Path, model: str) -> None:
    """Write every instance as MPS below FOLDER, with a file of hashes (make mps)."""
    from milpsparse.curation.mps import write

    write(folder, model)


@main.command()
@click.argument("prefix", default=Path("results/tables/library"), type=click.Path(path_type=Path))
def table(prefix: Path) -> None:
    """Write PREFIX.md and PREFIX.csv: the library in numbers, and every instance in a row."""
    from milpsparse.curation.table import write

    for path in write(prefix):
        click.echo(str(path))


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except MilpsparseError as error:
        sys.exit(f"error: {error}")
