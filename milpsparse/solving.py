"""solve: one instance, one objective, one method; the answer checked before it is returned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from milpsparse import checker, clock
from milpsparse.answer import Answer, Termination
from milpsparse.checker import Verdict
from milpsparse.errors import BadInput
from milpsparse.execute import execute
from milpsparse.instance import Instance
from milpsparse.method import Limits
from milpsparse.naming import parse_method
from milpsparse.network import Network
from milpsparse.objective import parse_objective


@dataclass(frozen=True, kw_only=True)
class Solution:
    """A checked answer: what the method said (`answer`) and what is true of it (`verdict`)."""

    instance: Instance
    method: str
    answer: Answer
    verdict: Verdict
    wall_time_s: float

    @property
    def network(self) -> Network | None:
        """The network, whether or not it was verified."""
        return self.answer.network

    @property
    def primal_bound(self) -> float | None:
        """Value of the verified network, or None."""
        return self.verdict.primal_bound

    @property
    def dual_bound(self) -> float | None:
        """The best lower bound; `evidence` says of what kind."""
        return self.verdict.dual_bound

    @property
    def termination(self) -> Termination:
        """The checked word: optimal only when verified bounds meet."""
        return self.verdict.termination

    @property
    def evidence(self) -> str | None:
        """What the lower bound rests on: theorem, proof, search or claimed."""
        return self.verdict.evidence

    @property
    def proof(self) -> Sequence[str] | None:
        """The lines of the lower bound's proof, where the method wrote one; see `write_proof`."""
        return self.answer.proof

    def proof_lines(self) -> Sequence[str] | None:
        """The lines of a proof file of the lower bound: the method's own, or the theorem's.

        None where the bound is only claimed, or says nothing.
        """
        if self.verdict.evidence == "proof":
            return self.answer.proof
        if self.verdict.evidence == "theorem":
            from milpsparse.proofs.theorems import theorem_proof

            return theorem_proof(self.instance, parse_objective(self.answer.objective))
        return None

    def to_json(self) -> dict[str, Any]:
        """The object that `milpsparse solve --json` prints."""
        inst, answer, verdict = self.instance, self.answer, self.verdict
        return {
            "schema": 1,
            "instance": inst.name,
            "instance_sha256": inst.sha256,
            "objective": answer.objective,
            "method": self.method,
            "skip": inst.skip,
            "count_bias": inst.count_bias,
            "bound": inst.bound,
            "bound_used": answer.bound_used,
            **verdict.to_json(),
            "claimed_primal_bound": answer.claimed_primal_bound,
            "claimed_dual_bound": answer.claimed_dual_bound,
            "network": None if answer.network is None else answer.network.to_json(),
            "wall_time_s": self.wall_time_s,
            "solver": answer.solver,
            "solver_version": answer.solver_version,
            "stats": {"raw_status": answer.raw_status, **answer.stats},
        }


def solve(
    instance: Instance,
    objective: str = "neurons",
    method: str = "auto",
    *,
    time_limit_s: float = 60.0,
    memory_limit_mb: int | None = None,
    threads: int = 1,
    seed: int = 0,
    log_file: str | None = None,
    bound: str = "auto",
) -> Solution:
    """Find a sparse network through the data, and check it.

    Parameters
    ----------
    objective : str
        neurons, parameters, l1, lp:<p> with 0 < p < 1, or group_l2.
    method : str
        auto, an algorithm, or model@solver; options as name[option=value].
    memory_limit_mb, log_file
        For the solver of a model, where it obeys them (`milpsparse list solvers`).
    bound : str
        Where the instance has no bound and the method needs one: "auto" or "none".

    Raises
    ------
    UnknownName, BadInput, Unsupported, NotAvailable
        With what would do instead.
    """
    if not time_limit_s > 0:
        raise BadInput(f"time limit {time_limit_s:g}: give a positive number of seconds")
    if bound not in ("auto", "none"):
        raise BadInput(f"bound {bound!r}: auto or none; a number goes into the instance's bound")
    check_options(threads, seed)
    if memory_limit_mb is not None and memory_limit_mb < 1:
        raise BadInput(f"memory limit {memory_limit_mb}: give a positive number of megabytes")
    parsed, rule = parse_objective(objective), parse_method(method)
    limits = Limits(
        time_limit_s=time_limit_s,
        memory_limit_mb=memory_limit_mb,
        threads=threads,
        seed=seed,
        log_file=log_file,
    )
    answer = execute(rule, instance, parsed, limits, bound)
    wall = clock.now() - limits.started
    return Solution(
        instance=instance,
        method=rule.name,
        answer=answer,
        verdict=checker.check(instance, answer),
        wall_time_s=wall,
    )


def check_options(threads: int, seed: int) -> None:
    """Refuse what solvers would ignore or refuse themselves."""
    if not 1 <= threads <= 256:
        raise BadInput(f"threads {threads}: from 1 to 256")
    if not 0 <= seed < 2**31:
        raise BadInput(f"seed {seed}: from 0 to 2147483647")


def check(instance: Instance, answer: Answer | Solution) -> Verdict:
    """Judge an answer, or again that of a solution, from the instance and its network alone."""
    return checker.check(instance, answer.answer if isinstance(answer, Solution) else answer)
