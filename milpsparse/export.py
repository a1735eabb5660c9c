"""Export: models, networks and results in the files that other tools read."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milpsparse import checker
from milpsparse.answer import Answer, Termination
from milpsparse.errors import BadInput, Unsupported
from milpsparse.formats.lp import to_lp
from milpsparse.formats.mps import to_mps
from milpsparse.formats.mps_names import plain
from milpsparse.formats.sol import to_sol
from milpsparse.formulation import Formulation, formulate, violation
from milpsparse.harness import store
from milpsparse.instance import Instance
from milpsparse.method import Limits
from milpsparse.network import Network, from_json
from milpsparse.objective import Objective, objective_of_row, parse_objective

if TYPE_CHECKING:
    import pandas as pd

MODEL_FILES = ("mps", "lp", "sol")
RESULT_FILES = ("solu", "trc", "solvetrace")
BROKEN = 1e-6  # by how much a network's point may break its model, relative to the row's terms


@dataclass(frozen=True, kw_only=True)
class Job:
    """A model to be written for an instance; `network` is for its .sol file, `start` sizes it."""

    instance: Instance
    objective: Objective
    model: str
    kinds: tuple[str, ...]
    network: Network | None = None
    start: Network | None = None
    bound: str = "auto"
    limits: Limits = field(default_factory=Limits)


def write_model(job: Job, folder: Path) -> Iterator[Path]:
    """Write <instance>_<objective>_<model> .mps.gz, .lp, .sol; yields each path once it is there.

    Raises
    ------
    UnknownName, BadInput, Unsupported
        No such model, or it does not take the instance, or the network.
    """
    stated = formulate(job.model, job.instance, job.objective, job.limits, job.bound, job.start)
    name = "_".join(map(plain, (stated.instance.name, str(job.objective), stated.name)))
    content = {
        "mps": lambda: gzip.compress(to_mps(stated.compiled, name).encode(), mtime=0),
        "lp": lambda: to_lp(stated.compiled, name).encode(),
        "sol": lambda: _solution(stated, job.network).encode(),
    }
    for kind in job.kinds:
        path = folder / f"{name}.{'mps.gz' if kind == 'mps' else kind}"
        _write(path, content[kind]())
        yield path


def _solution(stated: Formulation, network: Network | None) -> str:
    """The verified network as the model's solution."""
    if network is None:
        raise BadInput(f"{stated.instance.name}: no verified network to write a .sol of")
    require_verified(stated.instance, stated.objective, network)
    x = stated.point(network)
    if (broken := violation(stated.compiled, x)) > BROKEN:
        raise Unsupported(f"{stated.name} does not hold this network: a row is off by {broken:.2g}")
    return to_sol(stated.compiled, x)


def require_verified(instance: Instance, objective: Objective, network: Network) -> None:
    """Refuse a network that does not go through the data within the bound."""
    answer = Answer(
        objective=str(objective),
        termination=Termination.FEASIBLE,
        network=network,
        claimed_primal_bound=instance.value(network, objective),
    )
    verdict = checker.check(instance, answer)
    if not verdict.verified or verdict.failed:
        raise BadInput(f"the network is not verified on {instance.name}: {verdict.fail_reason}")


def write_results(folder: Path, kinds: tuple[str, ...], out: Path) -> Iterator[Path]:
    """Write what a results folder holds, for others to read; yields each path once it is there.

    <testset>.<objective>.solu has the best values, <testset>.<method>.trc the runs (seeds averaged:
    one line an instance and objective), and <instance>.<objective>.<method>.solvetrace the bounds
    over time of a run, of those that keep them; a seed or permutation but 0 is part of the name.
    """
    from milpsparse.analysis.rows import read_rows
    from milpsparse.analysis.seeds import average
    from milpsparse.analysis.table import of_testset
    from milpsparse.formats.solu import to_solu
    from milpsparse.formats.trc import to_trc

    rows = of_testset(read_rows(folder), folder)
    name = plain(Path(str(store.read_plan(folder).get("testset", "all"))).stem)
    if "solu" in kinds:
        for objective, part in rows.groupby("objective"):
            path = out / f"{name}.{plain(str(objective))}.solu"
            _write(path, to_solu(part, objective_of_row(str(objective))).encode())
            yield path
    if "trc" in kinds:
        for method, part in average(rows).groupby("method"):
            path = out / f"{name}.{plain(str(method))}.trc"
            _write(path, to_trc(part, str(method)).encode())
            yield path
    if "solvetrace" in kinds:
        yield from _write_traces(rows, out)


def _write_traces(rows: pd.DataFrame, out: Path) -> Iterator[Path]:
    """One file a run that keeps its bounds over time."""
    from milpsparse.formats.solvetrace import Trajectory, to_solvetrace

    kept = rows[
        rows["trace"].map(lambda trace: isinstance(trace, (list, tuple)) and len(trace) > 0)
    ]
    for run in kept.to_dict("records"):
        problem = f"{run['instance']}.{run['objective']}"
        axes = [f"{axis[0]}{run[axis]}" for axis in ("seed", "perm") if run[axis]]
        name = ".".join([problem.replace("/", "_"), plain(run["method"]), *axes, "solvetrace"])
        one = Trajectory(
            solver=run["method"],
            instance="#".join([problem, *axes]),
            trace=run["trace"],
            end_s=run["wall_time_s"],
        )
        _write(out / name, to_solvetrace(one, name).encode())
        yield out / name


def best_networks(folder: Path) -> Iterator[tuple[Instance, Objective, Network]]:
    """The best verified network of each instance and objective of a results folder."""
    from milpsparse.harness.run import instance_of

    best: dict[tuple[str, str], dict[str, Any]] = {}
    for row in store.latest(folder).values():
        if row.get("network") is not None and row["primal_bound"] is not None:
            key = (row["instance_sha256"], row["objective"])
            if key not in best or row["primal_bound"] < best[key]["primal_bound"]:
                best[key] = row
    for row in best.values():
        network = from_json(row["network"], row["n_features"])
        yield instance_of(row, folder), parse_objective(row["objective"]), network


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        store.write_atomically(path, content)
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from None
