"""Reweighted l1 for the lp path norm, 0 < p < 1, over all activation patterns.

Each round solves a linear program with weights p (|z_j| + eps)^(p - 1) at the last point z, which
majorises sum (|z_j| + eps)^p, and ends at a vertex. Every vertex is a local minimiser of the lp
norm, so the result is a heuristic: for lp and, through its support, for counts.

One HiGHS model is kept; rounds change its costs and restart the simplex from the last basis.
Sources: Candes, Wakin & Boyd (2008); Chartrand & Yin (2008); Foucart & Lai (2009).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from milpsparse.answer import Answer, Termination
from milpsparse.compiled import Compiled
from milpsparse.instance import Instance
from milpsparse.method import Algorithm, Limits, Option
from milpsparse.models import _parts
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.patterns import fit_and_cones
from milpsparse.refit import polish

MAX_ROUNDS = 50
EPS_MIN = 1e-8
SCHEDULES = ("chartrand_yin", "foucart_lai", "cwb_adaptive", "fixed")


def run(
    instance: Instance,
    objective: Objective,
    limits: Limits,
    *,
    p: float = 0.4,
    schedule: str = "chartrand_yin",
) -> Answer:
    """The network of the best vertex, refitted exactly; lp:p brings its own exponent."""
    p = objective.p or p
    program = _Program(instance, objective, limits)
    z = program.solve(np.ones(program.n))  # the l1 solution
    if z is None:
        return Answer(
            objective=str(objective),
            termination=Termination.TIME_LIMIT,
            raw_status=program.status,
        )
    l1, rounds = float(z[: program.n][program.counted].sum()), 0
    best, best_value = z, program.norm(z, p)
    for eps in epsilons(schedule, z, program):
        weights = p * (z[: program.n] + eps) ** (p - 1.0)
        following = program.solve(weights / weights.max(initial=1e-300))
        if following is None:  # out of time: the last vertex stands
            break
        rounds += 1
        program.change = abs(following - z).sum() / (1e-12 + abs(z).sum())
        z = following
        if (value := program.norm(z, p)) < best_value:
            best, best_value = z, value
    network = polish(instance, program.network(best), objective)
    return Answer(
        objective=str(objective),
        termination=Termination.FEASIBLE,
        network=network,
        claimed_primal_bound=instance.value(network, objective),
        raw_status=f"vertex after {rounds} reweighted programs",
        solver="highs",
        stats={"rounds": rounds, "l1": l1, "p": p, "schedule": schedule},
    )


def epsilons(schedule: str, z: NDArray[np.float64], program: _Program) -> Iterator[float]:
    """The eps of each round; all are relative to the largest entry of the l1 solution.

    chartrand_yin: 1, then a tenth whenever the relative change falls below sqrt(eps) / 100.
    foucart_lai: 1 / (t + 1)^2, falling to zero. fixed: 0.1 (Candes, Wakin & Boyd).
    cwb_adaptive: the i0-th largest entry, i0 = N / (4 ln(n / N)), at least 1e-3.
    """
    scale = max(float(abs(z).max(initial=0.0)), 1e-12)
    eps, steady = 1.0, 0
    n, N = program.n, program.n_samples
    for t in range(MAX_ROUNDS):
        if schedule == "foucart_lai":
            eps = max(1.0 / (t + 1) ** 2, EPS_MIN)
        elif schedule == "fixed":
            eps = 0.1
        elif schedule == "cwb_adaptive":
            i0 = max(1, int(N / (4 * np.log(max(n / N, 2.0)))))
            largest = np.sort(abs(program.point[: program.n]))[::-1] / scale
            eps = max(float(largest[min(i0, n - 1)]), 1e-3)
        yield eps * scale
        if schedule == "chartrand_yin" and program.change < np.sqrt(eps) / 100:
            if eps <= EPS_MIN:
                return
            eps = max(eps / 10, EPS_MIN)
        steady = steady + 1 if program.change < 1e-9 else 0
        if steady >= 3 and schedule != "chartrand_yin":
            return


@dataclass
class _Program:
    """The program over patterns with u = z+ - z-, kept in one HiGHS model between rounds."""

    instance: Instance
    objective: Objective
    limits: Limits

    def __post_init__(self) -> None:
        import scipy.sparse as sp

        inst = self.instance
        self.pattern = _parts.hidden_patterns(inst)
        xb = _parts.points(inst)
        fit, cones = fit_and_cones(xb, self.pattern)
        self.n_samples, self.D = xb.shape
        self.n = 2 * fit.shape[1]
        self.change, self.status = np.inf, ""
        entry = np.tile(np.arange(fit.shape[1]) % self.D, 2)
        self.counted = entry < len(_parts.counted_inputs(inst))
        free = xb if inst.skip else xb[:, self.D - 1 :]
        if not inst.skip and not _parts.free_constant(inst, Objective("l1")):
            free = xb[:, :0]
        self.n_free = free.shape[1]
        A = sp.vstack(
            [
                sp.hstack([fit, -fit, sp.csr_array(free)]),
                sp.hstack([cones, -cones, sp.csr_array((cones.shape[0], self.n_free))]),
            ],
            format="csc",
        )
        n_cones, columns = cones.shape[0], A.shape[1]
        self.highs = Compiled(
            variables=[],
            c=np.zeros(columns),
            offset=0.0,
            A=A,
            row_lower=np.concatenate([inst.y, np.zeros(n_cones)]),
            row_upper=np.concatenate([inst.y, np.full(n_cones, np.inf)]),
            lower=np.concatenate([np.zeros(self.n), np.full(self.n_free, -np.inf)]),
            upper=np.full(columns, np.inf),
            integer=np.zeros(columns, dtype=bool),
        ).highs()
        self.highs.setOptionValue("solver", "simplex")
        self.highs.setOptionValue("threads", self.limits.threads)
        self.point = np.zeros(self.n + self.n_free)

    def solve(self, weights: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """A vertex that minimises the weighted sum of counted entries; None when out of time."""
        import highspy

        cost = np.where(self.counted, weights, 0.0)
        self.highs.changeColsCost(self.n, np.arange(self.n, dtype=np.int32), cost)
        # HiGHS counts the time of all runs of one model against its limit.
        self.highs.setOptionValue("time_limit", self.highs.getRunTime() + self.limits.left())
        self.highs.run()
        status = self.highs.getModelStatus()
        self.status = self.highs.modelStatusToString(status)
        if status != highspy.HighsModelStatus.kOptimal:
            return None
        self.point = np.array(self.highs.getSolution().col_value)
        return np.asarray(self.point)

    def norm(self, z: NDArray[np.float64], p: float) -> float:
        """Value of sum |z|^p over the counted entries."""
        entries = abs(z[: self.n][self.counted])
        return float((entries[entries > 1e-9] ** p).sum())

    def network(self, z: NDArray[np.float64]) -> Network:
        """The network of a point: one neuron a block that is not zero."""
        half = self.n // 2
        u = (z[:half] - z[half : self.n]).reshape(-1, self.D)
        u[abs(u) < 1e-9 * max(1.0, abs(u).max(initial=0.0))] = 0.0
        linear = np.zeros(self.D)
        linear[self.D - self.n_free :] = z[self.n :]
        signs = np.repeat([1, -1], len(self.pattern))
        return _parts.assemble(self.instance, signs, u, linear)


ALGORITHM = Algorithm(
    summary="reweighted l1 over all patterns, warm-started simplex: a heuristic for lp and counts",
    objectives=frozenset({"lp", "neurons", "parameters"}),
    run=run,
    refuses=_parts.too_many_patterns,
    options={
        "p": Option(
            0.4, "exponent where the objective is a count; lp:<p> has its own", low=0.01, high=0.99
        ),
        "schedule": Option(SCHEDULES[0], "how eps falls", SCHEDULES),
    },
)
