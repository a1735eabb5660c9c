"""The fewest parameters with the activation pattern of a given network: a small integer program."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from milpsparse.instance import Instance
from milpsparse.network import Network, Skip
from milpsparse.objective import Objective
from milpsparse.refit import polish

SECONDS = 2.0
MOST_POINTS = 200  # for an integer program on all of them
ROOM = 4.0  # where there is no bound: entries up to so many times the largest one


def sparsify(instance: Instance, network: Network) -> Network | None:
    """A network of the same signs and activations with fewest counted entries, in doubles.

    Minimise sum_kj t_kj subject to the fit of all points, the closed activation cones, and
    |u_kj| <= B t_kj. None where the program is not solved in time.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    if not network.path.size:
        return network
    active = network.preactivations(instance.X) > 0
    fit, cones = _rows(instance, network, active)
    m, n_free = network.path.size, fit.shape[1] - network.path.size
    largest = ROOM * float(network.largest) if instance.bound is None else instance.bound
    unit, none = np.eye(m), np.zeros((m, n_free))
    constraints = [
        LinearConstraint(np.hstack([fit, np.zeros((len(fit), m))]), instance.y, instance.y),
        LinearConstraint(np.hstack([cones, np.zeros((len(cones), n_free + m))]), 0.0, np.inf),
        LinearConstraint(np.hstack([unit, none, largest * unit]), 0.0, np.inf),
        LinearConstraint(np.hstack([unit, none, -largest * unit]), -np.inf, 0.0),
    ]
    counted = np.ones(network.path.shape)
    counted[:, -1] = float(instance.count_bias)
    high = np.concatenate([np.full(m, largest), np.full(n_free, np.inf), np.ones(m)])
    found = milp(
        np.concatenate([np.zeros(m + n_free), counted.ravel()]),
        integrality=np.concatenate([np.zeros(m + n_free), np.ones(m)]),
        bounds=Bounds(np.concatenate([-high[:-m], np.zeros(m)]), high),
        constraints=constraints,
        options={"time_limit": SECONDS},
    )
    return None if found.x is None else _network(network, found.x, m)


def sparser(instance: Instance, network: Network, objective: Objective) -> Network | None:
    """The same, refitted exactly where possible; None for many points, too."""
    if instance.n_samples > MOST_POINTS:
        return None
    rough = sparsify(instance, network)
    return None if rough is None else polish(instance, rough, objective)


def _rows(
    instance: Instance, network: Network, active: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows of the fit over (u, skip), and of the cones over u."""
    xb = np.column_stack([instance.X, np.ones(instance.n_samples)])
    N, K, D = *active.shape, xb.shape[1]
    fit = (active * network.signs)[:, :, None] * xb[:, None, :]
    parts = [fit.reshape(N, K * D)] + ([xb] if instance.skip else [])
    cones = np.zeros((N, K, K, D))
    for k in range(K):
        cones[:, k, k] = np.where(active[:, k], 1.0, -1.0)[:, None] * xb
    return np.hstack(parts), cones.reshape(N * K, K * D)


def _network(network: Network, x: NDArray[np.float64], m: int) -> Network:
    u = x[:m].reshape(network.path.shape) * (x[-m:].reshape(network.path.shape) > 0.5)
    free = x[m:-m]
    skip = Skip(free[:-1], float(free[-1])) if len(free) else None
    return Network(network.signs, u[:, :-1], u[:, -1], skip)
