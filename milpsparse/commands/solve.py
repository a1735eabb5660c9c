"""What the commands solve and verify do; they return exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from milpsparse import library
from milpsparse.commands.common import NOTHING, OK, WRONG, derive, mode, write
from milpsparse.commands.human import human
from milpsparse.errors import BadInput
from milpsparse.harness import store
from milpsparse.objective import parse_objective
from milpsparse.solving import solve as solve_instance

if TYPE_CHECKING:
    from milpsparse.proofs.verify import Claim
    from milpsparse.solving import Solution


def solve(
    data: str,
    *,
    objective: str,
    method: str,
    bound: str | None,
    skip: bool | None,
    count_bias: bool | None,
    time_limit: float,
    threads: int,
    seed: int,
    memory_limit: int | None,
    log_file: str | None,
    as_json: bool,
    plot: str | None,
    proof: str | None,
    save: str | None,
) -> int:
    """Solve, print, draw and save."""
    instance = derive(library.find(data), bound, skip, count_bias)
    if plot:
        from milpsparse.plot import plot_network, refuse

        refuse(instance, plot)  # now, not after the time limit
    for file in filter(None, (save, proof, log_file)):
        if not os.access(Path(file).parent, os.W_OK):
            raise BadInput(f"cannot write {file}: no such folder, or not yours to write in")
    solution = solve_instance(
        instance,
        objective,
        method,
        time_limit_s=time_limit,
        memory_limit_mb=memory_limit,
        threads=threads,
        seed=seed,
        log_file=log_file,
        bound=mode(bound),
    )
    text = json.dumps(store.plain(solution.to_json()), indent=1)
    click.echo(text if as_json else human(solution))
    if save:
        write(Path(save), text + "\n")
    if proof:
        _write_proof(solution, proof)
    if plot and "univariate" in [solution.method, *solution.answer.stats.get("steps", [])]:
        from milpsparse.plot import plot_theory

        plot_theory(instance, parse_objective(objective).p or 0.5, plot)
    elif plot and solution.network is not None:
        title = f"{instance.name}: {solution.verdict.n_neurons} neurons"
        witnesses = solution.answer.stats.get("witnesses", ())
        title += f", {len(witnesses)} witness points (rings)" if witnesses else ""
        plot_network(instance, solution.network, plot, title, witnesses)
    if solution.verdict.failed:
        return WRONG
    return OK if solution.verdict.verified else NOTHING


def _write_proof(solution: Solution, path: str) -> None:
    """The proof file, or a line that says why there is none."""
    from milpsparse.proofs.writer import write_proof

    lines = solution.proof_lines()
    if lines is None:
        why = f"the lower bound is {solution.evidence or 'missing'}: nothing to write"
        click.echo(f"no proof in {path}: {why}", err=True)
        return
    write_proof(lines, path)
    click.echo(f"proof of {len(lines):,} lines -> {path}", err=True)


def verify(files: tuple[str, ...], data: str | None) -> int:
    """Check proofs, one line each; of the given data, or of those that a file holds."""
    from milpsparse.proofs.verify import ProofError, read_lines, verify_lines

    instance = None if data is None else library.find(data)
    wrong = 0
    for file in files:
        try:
            claim = verify_lines(read_lines(file), instance)
            name = claim.instance if instance is None else instance.name
            click.echo(f"{file}: holds: {_said(claim, name if claim.tied else 'these points')}")
        except ProofError as error:
            wrong += 1
            click.echo(f"{file}: does not hold: {error}")
    return WRONG if wrong else OK


def _said(claim: Claim, through: str) -> str:
    """A claim as a sentence."""
    skip = "with a skip connection " if claim.skip else ""
    bound = "" if claim.bound is None else f" with |u| <= {float(claim.bound)!r}"
    unit = claim.objective.removesuffix("s" if claim.at_least == 1 else "")
    if claim.objective == "parameters":
        unit += " (biases counted)" if claim.count_bias else " (biases not counted)"
    how = f"{claim.kind} proof"
    if claim.n_nodes:
        how += f", {claim.n_leaves:,} {'leaf' if claim.n_leaves == 1 else 'leaves'}"
    how += f", {len(claim.rows):,} witness point{'s' * (len(claim.rows) != 1)}"
    if claim.tied:
        how += f", data {claim.sha256[:12]}"
    what = f"every network {skip}through {through}{bound.removesuffix('.0')}"
    return f"{what} has at least {claim.at_least:,} {unit} ({how})"
