"""Writing proofs: the record of finished searches as the lines that `verify` reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from milpsparse.exact_rows import ExactRows, Row
from milpsparse.instance import Instance
from milpsparse.objective import Objective
from milpsparse.rational import spell
from milpsparse.sample import subset
from milpsparse.split_search import SplitSearch

VERSION = 1
EMBEDDED = 10_000  # points up to which a proof holds the data


def header(
    kind: str, instance: Instance, objective: Objective, at_least: int, rows: Sequence[int]
) -> str:
    """The first line: the claim, its witness points, and data of up to 10^4 points."""
    few = subset(instance, np.asarray(rows, dtype=np.int64))
    whole = instance.n_samples <= EMBEDDED
    return json.dumps(
        {
            "milpsparse_proof": VERSION,
            "kind": kind,
            "objective": str(objective),
            "at_least": at_least,
            "bound": instance.bound,
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


class TreeWriter:
    """The lines of searches that found nothing. Points are numbered as they are first used."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self._at: dict[int, int] = {}

    def _position(self, row: int) -> int:
        row = int(row)
        if row not in self._at:
            self._at[row] = len(self.rows)
            self.rows.append(row)
        return self._at[row]

    def lines(self, search: SplitSearch) -> Iterator[str]:
        """The nodes of one finished search in preorder.

        Raises
        ------
        Unsupported
            Free columns, and no exact multipliers were found for a leaf.
        """
        node, codes = search.tree.node.tolist(), search.tree.codes
        multipliers = search.tree.multipliers
        exact = ExactRows(search) if np.isinf(search.box).any() else None
        todo = [0]
        while todo:
            i, k, first, second = node[todo.pop()]
            if i >= 0:
                yield f'{{"split":[{self._position(search.rows[i])},{k}]}}'
                todo += [child for child in (second, first) if child >= 0]
                continue
            rows = [Row.of(code) for code in codes[k : k + first].tolist()]
            numbers = [int(m) for m in multipliers[k : k + first]]
            if exact:
                numbers = exact.multipliers(rows, numbers)
            yield self._leaf(search, rows, numbers)

    def _leaf(self, search: SplitSearch, rows: list[Row], numbers: list[int]) -> str:
        parts = []
        for row, m in zip(rows, numbers, strict=True):
            if m == 0:
                continue
            i = self._position(search.rows[row.point])
            if row.is_fit:
                s = row.sign
                T = [k for k in row.neurons if search.signs[k] == s]
                parts.append(f"[{i},{s},{T},{m}]".replace(" ", ""))
            else:
                parts.append(f"[{i},{row.neuron},{m}]")
        return '{"leaf":[' + ",".join(parts) + "]}"
