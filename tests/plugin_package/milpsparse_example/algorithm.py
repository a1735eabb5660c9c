"""The first construction that fits the bound."""

from milpsparse.answer import Answer, Termination
from milpsparse.construct import best_construction
from milpsparse.method import Algorithm


def run(instance, objective, limits):
    network = best_construction(instance, objective)
    return Answer(
        objective=str(objective),
        termination=Termination.FEASIBLE,
        network=network,
        claimed_primal_bound=instance.value(network, objective),
    )


ALGORITHM = Algorithm(
    summary="a construction", objectives=frozenset({"neurons", "parameters"}), run=run
)
