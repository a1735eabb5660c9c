"""Files of evidence: the best networks, and proofs of lower bounds that are small enough to keep.

instances/networks/<name>.json                    by objective, with exact entries
instances/proofs/<name>.<objective>.proof.gz      up to 1.5 MB; of norms, up to 0.5 MB
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from milpsparse import checker
from milpsparse.answer import Answer, Termination
from milpsparse.checker import Verdict
from milpsparse.harness.store import write_atomically
from milpsparse.instance import Instance
from milpsparse.method import Limits
from milpsparse.naming import parse_method
from milpsparse.network import Network, from_json
from milpsparse.objective import Objective
from milpsparse.proofs.verify import read_lines
from milpsparse.refit import polish

LARGEST_PROOF = 1_500_000  # bytes, compressed
LARGEST_BOXES = 500_000  # of a proof of a norm, which takes longer to check
LARGEST_NETWORK = 40_000  # characters; beyond it the doubles are kept, if they can be fitted again


def is_solved(instance: Instance) -> bool:
    """Whether theory gives the network at once, so that none is kept."""
    return instance.n_features == 1 and instance.skip


class Evidence:
    """The evidence below one folder of instances."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def network_file(self, name: str) -> Path:
        """Where the networks of an instance are."""
        return self.folder / "networks" / f"{name}.json"

    def proof_file(self, name: str, objective: str) -> Path:
        """Where the proof of a lower bound is."""
        return self.folder / "proofs" / f"{name}.{objective}.proof.gz"

    def network(self, instance: Instance, objective: Objective) -> Network | None:
        """The best network: that of the theory, or the stored one, exact."""
        if is_solved(instance):
            answer = parse_method("univariate").rule.run(instance, objective, Limits())  # type: ignore[union-attr]
            network: Network | None = answer.network
            return network
        stored = self._networks(instance.name).get(str(objective))
        if stored is None:
            return None
        network = from_json(stored, instance.n_features)
        return network if network.exact else polish(instance, network, objective)

    def has_network(self, instance: Instance, objective: Objective) -> bool:
        """Whether there is a network of this objective."""
        return is_solved(instance) or str(objective) in self._networks(instance.name)

    def _networks(self, name: str) -> dict[str, Any]:
        path = self.network_file(name)
        if not path.is_file():
            return {}
        networks: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["networks"]
        return networks

    def keep_network(self, instance: Instance, objective: Objective, network: Network) -> None:
        """Store a network in the place of the one before."""
        if is_solved(instance):
            return
        plain = network.to_json()
        if len(json.dumps(plain)) > LARGEST_NETWORK:
            doubles = {**plain, "exact": None}
            again = polish(instance, from_json(doubles, instance.n_features), objective)
            if again.exact and instance.value(again, objective) <= instance.value(
                network, objective
            ):
                plain = doubles
        networks = {**self._networks(instance.name), str(objective): plain}
        head = {"schema": 1, "instance": instance.name, "instance_sha256": instance.sha256}
        lines = [f"    {json.dumps(key)}: {json.dumps(networks[key])}" for key in sorted(networks)]
        body = json.dumps(head)[:-1] + ', "networks": {\n' + ",\n".join(lines) + "\n}}\n"
        path = self.network_file(instance.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, body.encode())

    def proof(self, name: str, objective: str) -> list[str] | None:
        """The lines of the stored proof, None where there is none."""
        path = self.proof_file(name, objective)
        return list(read_lines(path)) if path.is_file() else None

    def keep_proof(self, name: str, objective: str, lines: Sequence[str]) -> bool:
        """Store a proof in the place of the one before; False, and nothing, if it is too large.

        The data of many points are left out first.
        """
        packed, path = packed_proof(lines), self.proof_file(name, objective)
        if packed is None:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, packed)
        return True

    def drop_proof(self, name: str, objective: str) -> None:
        """Remove the stored proof, if there is one."""
        self.proof_file(name, objective).unlink(missing_ok=True)


def packed_proof(lines: Sequence[str]) -> bytes | None:
    """A proof as it is kept; None if it is too large, even without the data."""
    head = json.loads(lines[0])
    most = LARGEST_BOXES if head.get("kind") == "boxes" else LARGEST_PROOF
    for first in (lines[0], json.dumps({**head, "data": None})):
        packed = gzip.compress(("\n".join([first, *lines[1:]]) + "\n").encode(), mtime=0)
        if len(packed) <= most:
            return packed
    return None


def judged(
    instance: Instance,
    objective: Objective,
    network: Network | None,
    proof: Sequence[str] | None = None,
) -> Verdict:
    """What the check says of a network and a proof."""
    value = None if network is None else instance.value(network, objective)
    answer = Answer(
        objective=str(objective),
        termination=Termination.FEASIBLE,
        network=network,
        claimed_primal_bound=value,
        proof=proof,
    )
    return checker.check(instance, answer)
