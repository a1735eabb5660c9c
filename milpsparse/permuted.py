"""An instance with its points and inputs in another order, and answers about it put back in order.

The order decides that of a program's rows and columns, and so what a solver does, but not the
truth: a method should give the same value under every permutation. Its answer, and the proof in it,
are translated before they are checked, so the check is against the instance as it was given.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.answer import Answer
from milpsparse.instance import Instance
from milpsparse.network import Network, Skip
from milpsparse.objective import Objective, parse_objective
from milpsparse.proofs.writer import header

Order = tuple[NDArray[np.intp], NDArray[np.intp]]


def order(instance: Instance, perm: int) -> Order:
    """Which point and which input stand at each place; as given for perm 0."""
    N, d = instance.n_samples, instance.n_features
    if perm == 0:
        return np.arange(N), np.arange(d)
    rng = np.random.default_rng(perm)
    return rng.permutation(N), rng.permutation(d)


def permuted(instance: Instance, places: Order) -> Instance:
    """The instance in this order."""
    rows, inputs = places
    X: NDArray[Any] = instance.X
    y: NDArray[Any] = instance.y
    if instance.spelled:  # cells that are no doubles stay what they are
        X, y = instance.X_exact, instance.y_exact
    known, count_bias = instance.known, instance.count_bias
    return instance.replace(X=X[rows][:, inputs], y=y[rows], known=known, count_bias=count_bias)


def restored(answer: Answer, instance: Instance, places: Order) -> Answer:
    """The answer about the permuted instance as one about the instance itself."""
    network, proof = answer.network, answer.proof
    if network is not None:
        network = _network(network, places[1])
    if proof is not None:
        proof = _proof(list(proof), instance, places)
    return answer.with_(network=network, proof=proof)


def _network(network: Network, inputs: NDArray[np.intp]) -> Network:
    if len(inputs) == 1:
        return network
    back = np.argsort(inputs)
    skip, exact = network.skip, network.exact
    return replace(
        network,
        weights=network.weights[:, back],
        skip=None if skip is None else Skip(skip.weights[back], skip.bias),
        exact=None if exact is None else _network(exact, inputs),
    )


def _proof(lines: list[str], instance: Instance, places: Order) -> list[str]:
    """The same proof with other numbers of rows and inputs; its header is written anew."""
    head = json.loads(lines[0])
    objective = parse_objective(head["objective"])
    rows = [int(places[0][row]) for row in head["rows"]]
    first = header(head["kind"], instance, objective, head["at_least"], rows, bound=head["bound"])
    return [first, *(_line(line, instance, objective, places[1]) for line in lines[1:])]


def _line(line: str, instance: Instance, objective: Objective, inputs: NDArray[np.intp]) -> str:
    """A line of a tree; only those of parameters name inputs (see proofs/tree.py)."""
    if objective.kind != "parameters" or not line.startswith(('{"column"', '{"atom"')):
        return line
    node: dict[str, Any] = json.loads(line)
    d = len(inputs)
    if "column" in node:
        k, j = node["column"]
        node["column"] = [k, int(inputs[j]) if j < d else j]
    elif instance.skip:
        node["atom"] = int(inputs[node["atom"]])
    elif node["atom"] < 2 * d:  # two an input, then the constant
        j, side = divmod(node["atom"], 2)
        node["atom"] = 2 * int(inputs[j]) + side
    return json.dumps(node, separators=(",", ":"))
