"""Import: files of other tools into a folder of results.

.trc         runs (GAMS, PAVER, SCIP's scripts): rows of claims
.solvetrace  bounds over time (PAVER): the trace of the run of the same instance and solver, if it
             is there, else a row of its own
.solu        known values (MIPLIB, SCIP, PAVER): known.json, for `milpsparse check`
.sol         a point of an exported model: decoded to a network, and checked

Names are `<instance>.<objective>`, as `export` writes them, or an instance with the objective that
is given; else the problem is not ours, and its objective is called `value`. `#p3` behind a name is
permutation 3, as in MIPLIB, `#s2` seed 2.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from milpsparse import imported
from milpsparse.answer import Answer, Termination
from milpsparse.errors import BadInput, MilpsparseError
from milpsparse.execute import better_of
from milpsparse.formats import mps_names, sol, solu, solvetrace, trc
from milpsparse.formulation import Formulation, formulate
from milpsparse.harness import store
from milpsparse.imported import Claim
from milpsparse.instance import Instance
from milpsparse.objective import VALUE, parse_objective
from milpsparse.refit import polish

DEFAULT_LIMIT_S = 60.0  # as of a run
SUFFIXES = (".trc", ".solu", ".solvetrace", ".sol")
_AXIS = re.compile(r"(.+)#([sp])(\d{1,9})")
_OURS = re.compile(r"(?P<name>.+)\.(?P<objective>neurons|parameters|l1|group_l2|lp[:_]0?[._]\d+)")


@dataclass(frozen=True, kw_only=True)
class About:
    """What the user says of files that do not say it themselves."""

    objective: str | None = None
    time_limit_s: float | None = None
    instance: Instance | None = None
    model: str | None = None
    solver: str | None = None


def import_files(paths: Sequence[Path], folder: Path, about: About) -> Iterator[str]:
    """Read all files, then write what they hold; yields a line about each file.

    Raises
    ------
    BadInput
        A file that cannot be read as what its name says. Then nothing has been written.
    """
    claims: dict[tuple[str, str, str, int, int], Claim] = {}
    known: dict[str, list[dict[str, Any]]] = defaultdict(list)
    said = []
    for path in paths:
        try:
            found, values = _read(path, about)
        except MilpsparseError as error:
            raise BadInput(f"{path}: {error}") from None
        for claim in found:
            other = claims.get(claim.key)
            claims[claim.key] = claim if other is None else _merged(other, claim)
        for name, entries in values.items():
            known[name] += entries
        said.append(
            f"{path}: {_counted(len(found), 'run')}, {_counted(len(values), 'known value')}"
        )
    rows = _rows(list(claims.values()), folder, about)
    if rows:
        with store.Writer(folder) as writer:
            for row in rows:
                writer.append(row)
        if about.instance is not None:
            store.keep_instance(folder, about.instance)
    if known:
        imported.add_known(folder, known)
    yield from said


def _read(path: Path, about: About) -> tuple[list[Claim], dict[str, list[dict[str, Any]]]]:
    """The runs and the known values of a file."""
    if path.suffix not in SUFFIXES:
        raise BadInput(f"the file ends in {', '.join(SUFFIXES)}")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput("it is no text") from None
    if path.suffix == ".trc":
        return [_of_record(record, about) for record in trc.read_trc(text)], {}
    if path.suffix == ".solvetrace":
        return [_of_trajectory(solvetrace.read_solvetrace(text), about)], {}
    if path.suffix == ".solu":
        return [], _known(solu.read_solu(text), path, about)
    return [_of_solution(text, path, about)], {}


def _named(text: str, about: About) -> tuple[str, str, int, int]:
    """Instance, objective, and seed and permutation of a name."""
    axes = {"s": 0, "p": 0}
    while found := _AXIS.fullmatch(text):
        text, axis, number = found.groups()
        axes[axis] = int(number)
    ours = _OURS.fullmatch(text)
    if ours:
        exponent = ours["objective"].replace("lp_", "lp:").replace("_", ".")
        kept = ours["objective"] if "l2" in ours["objective"] else exponent
        return ours["name"], str(parse_objective(kept)), axes["s"], axes["p"]
    return text, about.objective or VALUE, axes["s"], axes["p"]


def _of_record(record: trc.Record, about: About) -> Claim:
    name, objective, seed, perm = _named(record.instance, about)
    answer = Answer(
        objective=objective,
        termination=Termination(record.termination),
        claimed_primal_bound=record.value,
        claimed_dual_bound=record.bound,
        raw_status=record.status,
        solver=record.solver,
        node_count=_whole(record.nodes),
        n_rows=_whole(record.n_rows),
        n_cols=_whole(record.n_cols),
        n_binaries=_whole(record.n_binaries),
        n_nonzeros=_whole(record.n_nonzeros),
    )
    return Claim(
        instance=name,
        answer=answer,
        seconds=record.seconds,
        seed=seed,
        perm=perm,
        time_limit_s=record.time_limit_s,
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _of_trajectory(run: solvetrace.Trajectory, about: About) -> Claim:
    """The bounds over time, and those at the end as claims; how the run ended is not said."""
    name, objective, seed, perm = _named(run.instance, about)
    primal, dual = run.trace[-1][1:] if run.trace else (None, None)
    answer = Answer(
        objective=objective,
        termination=Termination.FEASIBLE if primal is not None else Termination.TIME_LIMIT,
        claimed_primal_bound=primal,
        claimed_dual_bound=dual,
        solver=run.solver,
        trace=run.trace,
    )
    return Claim(
        instance=name, answer=answer, seconds=run.end_s, is_run=False, seed=seed, perm=perm
    )


def _merged(one: Claim, other: Claim) -> Claim:
    """A run and its trace, in whichever order they came; of two of a kind the later."""
    if one.is_run == other.is_run:
        return other
    run, trace = (one, other) if one.is_run else (other, one)
    return replace(run, answer=run.answer.with_(trace=trace.answer.trace))


def _known(
    values: dict[str, solu.Known], path: Path, about: About
) -> dict[str, list[dict[str, Any]]]:
    """Known values by instance; the objective is the file's, as in small.neurons.solu."""
    _, objective, *_ = _named(path.stem, about)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, kinds in values.items():
        instance, *_ = _named(name, about)
        for kind, value in kinds.items():
            if kind in ("opt", "best", "bestdual", "inf"):
                entry = {"objective": objective, "status": kind, "value": value}
                found[instance].append(entry | {"evidence": "claimed", "source": path.name})
    return found


def _of_solution(text: str, path: Path, about: About) -> Claim:
    """The network that a point of an exported model stands for, with the value that it claims."""
    if about.instance is None or about.model is None:
        raise BadInput("a .sol is a point of a model: give --instance DATA and --model M")
    said, values = sol.read_sol(text)
    goal = parse_objective(about.objective or "neurons")
    stated = formulate(about.model, about.instance, goal)
    network = polish(stated.instance, _decoded(stated, values), goal)
    worth = about.instance.value(network, goal)
    claimed = worth if stated.program.relaxation else better_of(said, worth, goal)
    answer = Answer(
        objective=str(goal),
        termination=Termination.FEASIBLE,
        network=network,
        claimed_primal_bound=claimed,
        bound_used=stated.instance.bound,
        raw_status=path.name,
        model=stated.method.rule_name,
        solver=about.solver or "sol",
    )
    return Claim(instance=about.instance.name, answer=answer, seconds=None, about=about.instance)


def _decoded(stated: Formulation, values: dict[str, float]) -> Any:
    """The network of the model's variables with these values; those left out are 0."""
    names = mps_names.columns(stated.compiled)
    if unknown := sorted(values.keys() - set(names)):
        raise BadInput(
            f"{stated.name} on {stated.instance.name} has no column {unknown[0]} ({len(unknown)} "
            f"of {len(values)} are unknown): is it the model, with its options, that was exported?"
        )
    stated.compiled.load(np.array([values.get(name, 0.0) for name in names]))
    return stated.program.decode()


def _rows(claims: list[Claim], folder: Path, about: About) -> list[dict[str, Any]]:
    """The rows, with the time limit that the file, the user, other files or the folder's rows say.

    Where nobody says one, the longest run has reached it.
    """
    said = max((claim.time_limit_s or 0.0 for claim in claims), default=0.0)
    longest = max((claim.seconds or 0.0 for claim in claims), default=0.0)
    others, before = imported.stored(folder)
    other = said or before or longest or DEFAULT_LIMIT_S
    rows = []
    for claim in claims:
        limit = claim.time_limit_s or about.time_limit_s or other
        columns = imported.columns_of(claim.instance, claim.about, others)
        rows.append(imported.row_of(replace(claim, time_limit_s=limit), columns))
    return rows


def _counted(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
