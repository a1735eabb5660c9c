"""One row a run: what a method found, what the check says of it, its seconds and its work."""

from __future__ import annotations

import os
import pickle
import statistics
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import exact_instances as sets
import pandas as pd
from _warm import Job, Warm
from tqdm import tqdm

from milpsparse import checker
from milpsparse.answer import Answer, Termination
from milpsparse.checker import Verdict
from milpsparse.instance import Instance
from milpsparse.judge import rounded
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective

REPEATS, ENOUGH_S = 5, 2.0
LATE = 1.05  # a method that ends later than this times the limit has not ended in time
PACKAGES = "highspy pyomo numba numpy"


class Bench:
    """The warm process, the limit, the folder, and whether SCIP is here."""

    def __init__(self, limit: float, out: Path) -> None:
        self.limit, self.out = limit, out
        self.scip = parse_method("neuron_big_m@scip").missing() is None
        self.packages = PACKAGES + (" pyscipopt" if self.scip else "")
        small = [("neurons", method) for method in self.able(sets.METHODS)]
        small += [("parameters", method) for method in sets.PARAMETER_METHODS]
        self.process = Warm(small)
        tiny = sets.planted(8, 2, 2)()  # the check's code is warm too
        for objective in ("neurons", "parameters"):
            self.measure(tiny, objective, sets.REFERENCE)

    def able(self, methods: Iterable[str]) -> list[str]:
        """The methods whose solver is installed."""
        return [method for method in methods if self.scip or "scip" not in method]

    def measure(
        self,
        instance: Instance,
        objective: str,
        method: str,
        limit: float | None = None,
        threads: int = 1,
    ) -> dict[str, Any]:
        """The row of a run; a fast one is repeated, and the median of its seconds counts."""
        blob, limit = pickle.dumps(instance), limit or self.limit
        job = Job(blob, objective, method, limit, threads)
        times: list[float] = []
        while not times or (len(times) < REPEATS and sum(times) < ENOUGH_S):
            answer, seconds = self.process.run(job)
            times.append(seconds)
        begun = time.perf_counter()
        verdict = checker.check(pickle.loads(blob), answer)
        row = identity(instance, objective, method, threads) | {
            "wall_time_s": statistics.median(times),
            "check_time_s": time.perf_counter() - begun,
            "repeats": len(times),
            "load": os.getloadavg()[0],
            "time_limit_s": limit,
        }
        row |= found(answer, verdict)
        if row["termination"] == "optimal" and row["wall_time_s"] > LATE * limit:
            row["termination"] = str(Termination.TIME_LIMIT)
        return row

    def not_run(self, instance: Instance, method: str) -> dict[str, Any]:
        """The row of an unsolved run, without running it."""
        answer = Answer(
            objective="neurons", termination=Termination.TIME_LIMIT, raw_status="not run"
        )
        verdict = Verdict(verdict="timelimit", termination=Termination.TIME_LIMIT)
        times = {"wall_time_s": self.limit, "repeats": 0, "time_limit_s": self.limit}
        return identity(instance, "neurons", method, 1) | times | found(answer, verdict)

    def kept(
        self, rows: Iterable[dict[str, Any]], part: str, n: int, name: str = ""
    ) -> pd.DataFrame:
        """Rows as a frame; what there is so far is on disk after each one."""
        done: list[dict[str, Any]] = []
        path = self.table(name or part).with_suffix(".csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        for row in tqdm(rows, desc=part, total=n, unit=" runs"):
            done.append(row)
            pd.DataFrame(done).to_csv(path, index=False, float_format="%.6g")
        return pd.DataFrame(done)

    def table(self, name: str = "") -> Path:
        """Where a table goes, without its ending."""
        return self.out / "tables" / "_".join(filter(None, ("bench_exact", name)))

    def figure(self, name: str) -> Path:
        """Where a figure goes."""
        return self.out / "figures" / f"bench_exact_{name}.svg"


def identity(instance: Instance, objective: str, method: str, threads: int) -> dict[str, Any]:
    """What is run."""
    N, d = instance.X.shape
    return {
        "instance": instance.name,
        "N": N,
        "d": d,
        "objective": objective,
        "method": method,
        "threads": threads,
    }


def found(answer: Answer, verdict: Verdict) -> dict[str, Any]:
    """Bounds as checked, and the work that the method counts.

    Optimal is a run that says so itself and is right: a network that only the check's theorem
    makes optimal was not proved by the method.
    """
    objective, dual = parse_objective(answer.objective), verdict.dual_bound
    own = answer.termination
    ended = verdict.termination if own == Termination.OPTIMAL else own
    return {
        "termination": str(ended),
        "verdict": verdict.verdict,
        "evidence": verdict.evidence,
        "primal_bound": verdict.primal_bound,
        "dual_bound": None if dual is None else rounded(dual, objective),
        "linear_programs": sum(answer.stats.get("linear_programs", {}).values()) or None,
        "leaves": answer.stats.get("leaves"),
        "witnesses": len(answer.stats.get("witnesses", ())) or None,
        "nodes": answer.node_count,
        "proof_kb": None if answer.proof is None else sum(map(len, answer.proof)) / 1000,
        "note": "; ".join(dict.fromkeys(filter(None, (verdict.fail_reason, answer.raw_status)))),
    }
