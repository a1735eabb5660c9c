"""Models, algorithms and families that are wrong, each in one way."""

import random
from dataclasses import replace

from milpsparse.answer import Termination
from milpsparse.family import Family
from milpsparse.models import neuron_big_m
from milpsparse.network import Network
from milpsparse_example import family
from milpsparse_example.algorithm import ALGORITHM

BIG_M = neuron_big_m.MODEL


def _off_by_one(instance, objective, incumbent, **options):
    program = BIG_M.build(instance, objective, incumbent, **options)

    def start(network):
        program.start(Network(network.signs, 2 * network.weights, network.biases, network.skip))

    return replace(program, start=start)


def _with_a_bound_above(instance, objective, incumbent, **options):
    program = BIG_M.build(instance, objective, incumbent, **options)
    return replace(program, dual_bound=lambda value: value + 1)


def _proud(instance, objective, limits):
    answer = ALGORITHM.run(instance, objective, limits)
    value = answer.claimed_primal_bound + 1
    return answer.with_(termination=Termination.FEASIBLE, claimed_dual_bound=value)


def _by_chance(instance, objective, limits):
    return ALGORITHM.run(instance, objective, limits).with_(claimed_dual_bound=-random.random())


def _unseeded(seed, steps):
    return family.generate(random.randrange(10**6), steps)


def _boasting(seed, steps):
    instance = family.generate(seed, steps)
    known = [{"objective": "neurons", "status": "best", "value": 0}]
    return instance.replace(y=instance.y + 1, name=instance.name, known=known)


START = replace(BIG_M, summary="its start is another network", build=_off_by_one)
RELAXED = replace(BIG_M, summary="its bound is too large", build=_with_a_bound_above)
OPTIMUM = replace(ALGORITHM, summary="claims a bound above its network", run=_proud)
CHANCE = replace(ALGORITHM, summary="another answer each time", run=_by_chance)
SEED = Family(summary="seeds mean nothing", generate=_unseeded, params=family.FAMILY.params)
KNOWN = Family(summary="knows too much", generate=_boasting, params=family.FAMILY.params)
