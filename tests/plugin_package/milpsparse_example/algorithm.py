"""The first network that is at hand."""

from milpsparse.algorithms.coordinate_start import run
from milpsparse.method import Algorithm

ALGORITHM = Algorithm(
    summary="a construction", objectives=frozenset({"neurons", "parameters"}), run=run
)
