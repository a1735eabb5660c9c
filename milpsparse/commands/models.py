"""What the commands `audit`, `export` and `import` do; they return exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from milpsparse import library
from milpsparse import network as networks
from milpsparse.commands.common import NOTHING, OK, WRONG, derive, mode, positive
from milpsparse.errors import BadInput, Unsupported
from milpsparse.export import (
    MODEL_FILES,
    RESULT_FILES,
    Job,
    best_networks,
    write_model,
    write_results,
)
from milpsparse.formulation import model_for
from milpsparse.instance import Instance
from milpsparse.method import Limits
from milpsparse.network import Network
from milpsparse.objective import parse_objective
from milpsparse.solving import check_options, solve


def audit(
    data: str,
    *,
    model: str,
    objective: str,
    bound: str | None,
    skip: bool | None,
    count_bias: bool | None,
    time_limit: float,
    threads: int,
    seed: int,
    as_json: bool,
) -> int:
    """Audit a model on an instance, and print what was found."""
    from milpsparse.audit import audit as find_out
    from milpsparse.commands.human import audit_text

    positive(time_limit=time_limit)
    check_options(threads, seed)
    instance = derive(library.find(data), bound, skip, count_bias)
    limits = Limits(time_limit_s=time_limit, threads=threads, seed=seed)
    found = find_out(model, instance, parse_objective(objective), limits, mode(bound))
    click.echo(json.dumps(found.to_json(), indent=1) if as_json else audit_text(found))
    if found.verdict.failed:
        return WRONG
    return OK if found.verdict.verified else NOTHING


def export(
    source: str,
    *,
    kinds: tuple[str, ...],
    model: str | None,
    out: str,
    **asked: Any,
) -> int:
    """Write files, and print their paths."""
    positive(time_limit=asked["time_limit"])
    of_model = tuple(kind for kind in kinds if kind in MODEL_FILES)
    of_results = tuple(kind for kind in kinds if kind in RESULT_FILES)
    if not kinds:
        raise BadInput(
            "say what to write: --mps, --lp, --sol with --model M; --solu, --trc, --solvetrace"
        )
    if of_model and model is None:
        raise BadInput(f"--{of_model[0]} needs --model M (milpsparse list models)")
    if of_results and not Path(source).is_dir():
        raise BadInput(f"--{of_results[0]} is about results: {source} is no folder")
    if of_results:
        for path in write_results(Path(source), of_results, Path(out)):
            click.echo(path)
    if of_model:
        _write_models(source, str(model), of_model, Path(out), **asked)
    return OK


def import_(
    files: tuple[Path, ...],
    out: Path,
    *,
    objective: str | None,
    time_limit: float | None,
    instance: str | None,
    model: str | None,
    solver: str | None,
) -> int:
    """Read files into a folder of results; say what was in each."""
    from milpsparse.importing import About, import_files

    if time_limit is not None:
        positive(time_limit=time_limit)
    about = About(
        objective=None if objective is None else str(parse_objective(objective)),
        time_limit_s=time_limit,
        instance=None if instance is None else library.find(instance),
        model=model,
        solver=solver,
    )
    for line in import_files(files, out, about):
        click.echo(line)
    return OK


def _write_models(source: str, model: str, kinds: tuple[str, ...], out: Path, **asked: Any) -> None:
    """The model on the instance, or on each one of a results folder that it takes."""
    if not Path(source).is_dir():
        for path in write_model(_job(source, model, kinds, **asked), out):
            click.echo(path)
        return
    for instance, objective, network in best_networks(Path(source)):
        job = Job(instance=instance, objective=objective, model=model, kinds=kinds, network=network)
        try:
            for path in write_model(job, out):
                click.echo(path)
        except Unsupported as error:
            click.echo(f"{instance.name}, {objective}, left out: {error}", err=True)


def _job(
    data: str,
    model: str,
    kinds: tuple[str, ...],
    *,
    objective: str,
    bound: str | None,
    skip: bool | None,
    count_bias: bool | None,
    network: str | None,
    time_limit: float,
) -> Job:
    """The instance as the user wants it, and for a .sol the saved network or one found now."""
    goal = parse_objective(objective)
    instance = derive(library.find(data), bound, skip, count_bias)
    _, instance = model_for(model, instance, goal, mode(bound))
    found = None
    if network is not None:
        found = read_network(Path(network), instance)
    elif "sol" in kinds:
        found = solve(instance, objective, time_limit_s=time_limit).network
    limits = Limits(time_limit_s=time_limit)
    job = Job(instance=instance, objective=goal, model=model, kinds=kinds, limits=limits)
    return replace(job, network=found, bound=mode(bound))


def read_network(path: Path, instance: Instance) -> Network:
    """The network in a file of `milpsparse solve --save`.

    Raises
    ------
    BadInput
        Unreadable, or it holds no network with the instance's inputs.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return networks.from_json(data["network"], instance.n_features)
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        what = f"{type(error).__name__}: {error}"
        raise BadInput(f"{path} holds no network for {instance.name} ({what})") from None
