"""The library as MPS files, sized by the best known networks, with a file of their hashes."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import click

from milpsparse import library
from milpsparse.curation.evidence import Evidence
from milpsparse.errors import MilpsparseError
from milpsparse.export import Job, write_model
from milpsparse.objective import parse_objective

HASHES = "SHA256SUMS"
LARGEST = 50_000  # activations of points and neurons up to which a program is written


def write(folder: Path, model: str) -> None:
    """Write <instance>_<objective>_<model>.mps.gz and SHA256SUMS, of the files unpacked.

    A model has as many slots as it takes to be exact beside the best known network, so that an
    instance of many points has a program of moderate size. What is too large, or has no network,
    is named.
    """
    from tqdm import tqdm

    evidence, lines, left_out = Evidence(library.FOLDER), [], []
    for name in tqdm(library.index()["instances"], unit="instance", disable=None):
        instance = library.load(name)
        for goal in ("neurons", "parameters"):
            objective = parse_objective(goal)
            network = evidence.network(instance, objective)
            if network is None or 2 * network.n_neurons(False) * instance.n_samples > LARGEST:
                left_out.append(f"{name} {goal}: " + ("no network" if network is None else "large"))
                continue
            job = Job(
                instance=instance,
                objective=objective,
                model=model,
                kinds=("mps",),
                start=network,
            )
            try:
                paths = list(write_model(job, folder))
            except MilpsparseError as error:
                left_out.append(f"{name} {goal}: {error}")
                continue
            for path in paths:
                content = gzip.decompress(path.read_bytes())
                lines.append(f"{hashlib.sha256(content).hexdigest()}  {path.name}\n")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HASHES).write_text("".join(sorted(lines, key=lambda line: line[66:])))
    click.echo(f"{len(lines)} programs in {folder}, hashes in {folder / HASHES}")
    for line in left_out:
        click.echo(f"left out: {line}")
