"""What several formulations share: points with a constant, patterns, and the skip connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import BadInput, Unsupported
from milpsparse.instance import Instance
from milpsparse.network import Network, Skip
from milpsparse.objective import Objective
from milpsparse.patterns import count_bound, count_refusal, patterns, sampled_patterns


def points(instance: Instance) -> NDArray[np.float64]:
    """The rows (x_i, 1), shape (n_samples, n_features + 1)."""
    return np.column_stack([instance.X, np.ones(instance.n_samples)])


def counted_inputs(instance: Instance) -> range:
    """Entries j of u that parameters and path norms count; the last one is the bias."""
    d = instance.n_features
    return range(d + 1) if instance.count_bias else range(d)


def free_constant(instance: Instance, objective: Objective) -> bool:
    """Whether constants cost nothing though there is no skip connection (biases uncounted)."""
    return not instance.skip and not instance.count_bias and objective.kind != "neurons"


MAX_BINARIES = 50_000  # activation binaries; a larger model takes minutes to build
MAX_CONES = 500_000  # cone rows of a program over patterns


def bound_of(instance: Instance) -> float:
    """The finite bound that a big-M model is built on."""
    if instance.bound is None:
        raise BadInput("the model needs a finite bound B")
    return instance.bound


def slot_count(
    instance: Instance, objective: Objective, incumbent: Network | None, slots: int | None
) -> int:
    """Neuron slots K that lose nothing: a network better than the incumbent's value U has at most
    U - 1 neurons; and the incumbent itself fits, so that it can be the MIP start.
    """
    if slots is not None:
        return slots
    if incumbent is None:
        raise TypeError("slots are counted from an incumbent")
    value = instance.value(incumbent, objective)
    hidden = incumbent.n_neurons(instance.skip or free_constant(instance, objective))
    return max(1, int(value) - 1, hidden)


def scope(instance: Instance) -> str:
    """What a slotted model's lower bound holds for."""
    return "all" if instance.bound is None else "within_bound"


def bound_within_slots(slots: int) -> Callable[[float], float]:
    """Networks with more than K neurons are worth more than K, whatever the model's own bound."""
    return lambda value: min(value, slots + 1.0)


def separate(
    instance: Instance, objective: Objective, network: Network
) -> tuple[Network, NDArray[np.float64]]:
    """A network's neurons, and the free affine part (a..., c) a model states apart from them.

    Where constants are free, constant neurons go into c: the inverse of `assemble`.
    """
    linear = np.zeros(instance.n_features + 1)
    if network.skip is not None:
        linear[:] = [*network.skip.weights.astype(float), float(network.skip.bias)]
    if free_constant(instance, objective):
        constant = ~(network.weights != 0).any(axis=1)
        outputs = np.maximum(network.biases.astype(float), 0.0) * network.signs
        linear[-1] += outputs[constant].sum()
        kept = ~constant
        network = Network(network.signs[kept], network.weights[kept], network.biases[kept])
    return network, linear


def in_blocks(
    instance: Instance, objective: Objective, network: Network, pattern: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[int]]:
    """A network's neurons added up in blocks of a sign and pattern, and its free affine part.

    Each goes into a block whose closed cone holds it, shape (2 P, D), first those of sign +; the
    list has the block of each neuron of `separate`, -1 where it is dead or, with a skip connection,
    active everywhere and so a part of that.

    Raises
    ------
    Unsupported
        A neuron's pattern is not among the given ones.
    """
    network, linear = separate(instance, objective, network)
    values = np.sign(network.preactivations(instance.X).astype(float))
    side = np.where(pattern, 1, -1)
    u = np.zeros((2 * len(pattern), instance.n_features + 1))
    place = []
    for k, sign in enumerate(network.signs):
        place.append(-1)
        if (values[:, k] <= 0).all():
            continue
        if instance.skip and (values[:, k] >= 0).all():
            linear = linear + sign * network.path[k].astype(float)
            continue
        at = np.flatnonzero((side * values[:, k] >= 0).all(axis=1))
        if len(at) == 0:
            raise Unsupported("a neuron's pattern is not among the model's")
        place[k] = int(at[0]) + (0 if sign > 0 else len(pattern))
        u[place[k]] += network.path[k].astype(float)
    return u, linear, place


def too_many_patterns(
    instance: Instance, objective: Objective, options: Mapping[str, Any]
) -> str | None:
    """The refusal of programs over all patterns, with their number; a sample is always taken."""
    if reason := None if options.get("sample") else count_refusal(instance.X_exact):
        return reason
    N, rank = instance.n_samples, min(instance.n_samples, instance.n_features + 1)
    rows = 2 * N * (options.get("sample") or count_bound(N, rank))
    if rows <= MAX_CONES:
        return None
    return (
        f"up to {rows:,} cone rows (limit {MAX_CONES:,}): use a model without patterns, such as "
        "neuron_big_m, or fewer sampled patterns where a model has the option sample"
    )


def hidden_patterns(instance: Instance, sample: int | None = None) -> NDArray[np.bool_]:
    """Patterns of neurons that can be of use, shape (n_patterns, n_samples).

    The all-zero pattern is no neuron; with a skip connection the all-one pattern is affine, and
    so part of it. `sample` takes a random subset of about that many instead of all.
    """
    found = _all_patterns(instance) if sample is None else sampled_patterns(instance.X, sample)
    useful = found.any(axis=1)
    if instance.skip:
        useful &= ~found.all(axis=1)
    return found[useful]


def sample_note(sample: int | None) -> str:
    """What is said with the answer of a program over a sample of the patterns."""
    return "" if sample is None else "a sample of the patterns: an upper bound only"


@lru_cache(maxsize=4)
def _all_patterns(instance: Instance) -> NDArray[np.bool_]:
    return patterns(instance.X_exact)


def assemble(instance: Instance, signs: Any, path: Any, linear: Any) -> Network:
    """The network of values u, shape (K, d + 1), and of the free affine part (a..., c) or None.

    Without a skip connection a free constant c becomes constant neurons that fit the bound.
    """
    path = np.asarray(path, float).reshape(-1, instance.n_features + 1)
    signs = np.asarray(signs, int).ravel()
    live = (path != 0).any(axis=1)
    path, signs = path[live], signs[live]
    if instance.skip:
        skip = Skip(np.asarray(linear[:-1], float), float(linear[-1]))
        return Network(signs, path[:, :-1], path[:, -1], skip)
    if linear is not None and linear[-1] != 0:
        c, bound = float(linear[-1]), instance.bound
        copies = 1 if bound is None else max(1, int(np.ceil(abs(c) / bound)))
        constant = np.zeros((copies, instance.n_features + 1))
        constant[:, -1] = abs(c) / copies
        path = np.vstack([path, constant])
        signs = np.concatenate([signs, np.full(copies, 1 if c > 0 else -1)])
    return Network(signs, path[:, :-1], path[:, -1])
