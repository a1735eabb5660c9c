"""Writing proofs: headers, trees and files, as `verify` reads them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from milpsparse.errors import BadInput
from milpsparse.instance import Instance
from milpsparse.objective import Objective
from milpsparse.rational import spell
from milpsparse.sample import subset

VERSION = 1
EMBEDDED = 10_000  # points up to which a proof holds the data

Node = dict[str, Any]  # as in a file, but with row numbers of the instance for points


def header(
    kind: str,
    instance: Instance,
    objective: Objective,
    at_least: float,
    rows: Sequence[int],
    *,
    bound: float | None,
) -> str:
    """The first line: the claim, its witness points, and data of up to 10^4 points.

    The claim is about networks within `bound`, which need not be the instance's; about all if None.
    """
    few = subset(instance, np.asarray(rows, dtype=np.int64))
    whole = instance.n_samples <= EMBEDDED
    return _line(
        {
            "milpsparse_proof": VERSION,
            "kind": kind,
            "objective": str(objective),
            "at_least": at_least,
            "bound": bound,
            "skip": instance.skip,
            "count_bias": instance.count_bias,
            "instance": instance.name,
            "instance_sha256": instance.sha256,
            "n_samples": instance.n_samples,
            "n_features": instance.n_features,
            "rows": [int(row) for row in rows],
            **_text(few),
            "data": {**_text(instance), "bound": instance.bound} if whole else None,
        }
    )


def _text(instance: Instance) -> dict[str, Any]:
    return {
        "X": [[spell(v) for v in row] for row in instance.X_exact.tolist()],
        "y": [spell(v) for v in instance.y_exact.tolist()],
    }


def tree_proof(
    instance: Instance,
    objective: Objective,
    at_least: int,
    nodes: Iterable[Node],
    *,
    bound: float | None,
) -> list[str]:
    """The lines of a tree; its witnesses are the points that it uses, as they are first used."""
    at: dict[int, int] = {}

    def named(node: Node) -> Node:
        if "split" in node:
            i, k = node["split"]
            return {"split": [at.setdefault(i, len(at)), k]}
        if "implied" in node:
            i, k, s, m, terms = node["implied"]
            terms = [[at.setdefault(a, len(at)), w] for a, w in terms]
            return {"implied": [at.setdefault(i, len(at)), k, s, m, terms]}
        if "leaf" in node:
            return {"leaf": [[at.setdefault(i, len(at)), *rest] for i, *rest in node["leaf"]]}
        return node

    lines = [_line(named(node)) for node in nodes]
    rows = list(at) or [0]  # a proof speaks of some point
    return [header("tree", instance, objective, at_least, rows, bound=bound), *lines]


def box_proof(
    instance: Instance,
    objective: Objective,
    at_least: float,
    rows: Sequence[int],
    nodes: Iterable[Node],
) -> list[str]:
    """The lines of a tree of boxes, about all networks; its witnesses are distinct points."""
    head = header("boxes", instance, objective, at_least, rows, bound=None)
    return [head, *(_line(node) for node in nodes)]


def _line(node: Node) -> str:
    return json.dumps(node, separators=(",", ":"))


def write_proof(lines: Sequence[str], path: str | Path) -> None:
    """Write a proof file; a name that ends in .gz is compressed, the same bytes each time.

    Raises
    ------
    BadInput
        The file cannot be written.
    """
    data = "".join(line + "\n" for line in lines).encode()
    try:
        Path(path).write_bytes(gzip.compress(data, mtime=0) if str(path).endswith(".gz") else data)
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from None
