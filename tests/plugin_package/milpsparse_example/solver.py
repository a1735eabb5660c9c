"""A solver that passes everything on to HiGHS; one that is too modest; one that is not there."""

from dataclasses import replace

from milpsparse.solvers.highs import SOLVER as HIGHS

SOLVER = replace(HIGHS, summary="HiGHS by another name")
MODEST = replace(HIGHS, summary="too modest", cannot={"mip_start": "says that it takes none"})
ABSENT = replace(HIGHS, summary="never there", missing=lambda: "no such thing: build it")
