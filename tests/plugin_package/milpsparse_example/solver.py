"""A solver that passes everything on to HiGHS, and others that are odd in one way."""

from dataclasses import replace

import pyomo.environ as pyo

from milpsparse.solvers.highs import SOLVER as HIGHS

SOLVER = replace(HIGHS, summary="HiGHS by another name")
MODEST = replace(HIGHS, summary="too modest", cannot={"mip_start": "says that it takes none"})
ABSENT = replace(HIGHS, summary="never there", missing=lambda: "no such thing: build it")


def _small(problem, limits, mip_start):
    columns = sum(1 for _ in problem.component_data_objects(pyo.Var))
    if columns > 2000:
        raise RuntimeError("problem too large for a trial licence")
    return HIGHS.solve(problem, limits, mip_start)


LIMITED = replace(HIGHS, summary="a trial", frameworks=frozenset({"pyomo"}), solve=_small)
NUMBER = 3  # no solver at all
