"""The record of a finished search as the nodes of a proof."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from milpsparse.proofs.writer import Node
from milpsparse.search.exact_rows import ExactRows, Row, row_of
from milpsparse.search.split import Record

WIDE = 1e6  # ratio of sizes from which leaves are checked before they are written


def nodes_of(record: Record) -> Iterator[Node]:
    """The activation tree of a search that found nothing, in preorder.

    What needs no decision in the search is decided first, one way; the other way dies at once.

    Raises
    ------
    Unsupported
        No exact multipliers were found for a leaf: with free columns, or numbers of all sizes.
    """
    sure = list(_sure_rows(record))
    for i, k, _ in sure:
        yield {"split": [i, k]}
    yield from _tree_of(record)
    for i, _, sign in reversed(sure):
        yield {"leaf": [[i, -sign, [], 1]]}  # without neuron k, f(x_i) would not have that sign


def _sure_rows(record: Record) -> Iterator[tuple[int, int, int]]:
    """Point, neuron and its sign, where leaves use that the neuron must be active."""
    if not record.sure.any():
        return
    for point in sorted({row_of(code).point for code in record.codes.tolist()}):
        for k in np.flatnonzero(record.sure[point]).tolist():
            yield int(record.rows[point]), k, int(record.space.signs[k])


def _tree_of(record: Record) -> Iterator[Node]:
    nodes, multipliers = record.node.tolist(), record.multipliers.tolist()
    codes, rows = record.codes.tolist(), record.rows.tolist()
    exact = ExactRows(record) if np.isinf(record.space.box).any() else None
    wide = ExactRows(record) if _is_wide(record) else None
    todo = [0]
    while todo:
        i, k, first, second = nodes[todo.pop()]
        if i >= 0:
            yield {"split": [rows[i], k]}
            todo += [child for child in (second, first) if child >= 0]
            continue
        entries = [row_of(code) for code in codes[k : k + first]]
        numbers = [int(m) for m in multipliers[k : k + first]]
        if exact:
            numbers = exact.multipliers(entries, numbers)
        elif wide:
            wide.require(entries, numbers)
        yield {
            "leaf": [_leaf_row(record, r, m) for r, m in zip(entries, numbers, strict=True) if m]
        }


def _is_wide(record: Record) -> bool:
    """Whether numbers differ so much in size that doubles may have misjudged a leaf."""
    whole = record.points.whole
    inputs = abs(whole.X[whole.X != 0])
    largest = (whole.bound or 1.0) * max(1.0, inputs.max(initial=0.0))  # that an activation can be
    return bool(
        largest > WIDE * abs(whole.y).max() or inputs.max(initial=0) > WIDE * inputs.min(initial=1)
    )


def _leaf_row(record: Record, row: Row, m: int) -> list[Any]:
    i = int(record.rows[row.point])
    if row.is_fit:  # the neurons of the other sign are known
        signs = record.space.signs
        return [i, row.sign, [k for k in row.neurons if signs[k] == row.sign], m]
    return [i, row.neuron, m]
