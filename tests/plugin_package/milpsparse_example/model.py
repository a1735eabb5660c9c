"""The l1 program for l1 alone; a model whose rule holds a lambda, which cannot be pickled."""

from milpsparse.method import Model
from milpsparse.models import pattern_l1

MODEL = Model(
    summary="pattern_l1 for l1 alone",
    framework="cvxpy",
    objectives=frozenset({"l1"}),
    build=lambda instance, objective, network: pattern_l1.build(instance, objective, network),
    needs_bound=False,
)
