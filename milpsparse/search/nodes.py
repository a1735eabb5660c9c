"""The record of a finished search as the nodes of a proof."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from milpsparse.proofs.writer import Node
from milpsparse.search.exact_rows import ExactRows, Row, row_of
from milpsparse.search.implied import Implied, Sides
from milpsparse.search.split import Record

Path = list[Sides]  # what is decided of each neuron
WIDE = 1e6  # ratio of sizes from which leaves are checked before they are written


def nodes_of(record: Record, implied: Implied) -> Iterator[Node]:
    """The activation tree of a search that found nothing, in preorder.

    What needs no decision in the search is decided first, one way; the other way dies at once. What
    decisions imply is said where a leaf needs it.

    Raises
    ------
    Unsupported
        No exact multipliers were found for a leaf: with free columns, or numbers of all sizes.
    """
    sure = list(_sure_rows(record))
    for i, k, _ in sure:
        yield {"split": [i, k]}
    yield from _tree_of(record, implied)
    for i, _, sign in reversed(sure):
        yield {"leaf": [[i, -sign, [], 1]]}  # without neuron k, f(x_i) would not have that sign


def _sure_rows(record: Record) -> Iterator[tuple[int, int, int]]:
    """Point, neuron and its sign, where leaves use that the neuron must be active."""
    if not record.sure.any():
        return
    for point in sorted({row_of(code).point for code in record.codes.tolist()}):
        for k in np.flatnonzero(record.sure[point]).tolist():
            yield int(record.rows[point]), k, int(record.space.signs[k])


def _tree_of(record: Record, implied: Implied) -> Iterator[Node]:
    nodes, multipliers = record.node.tolist(), record.multipliers.tolist()
    codes, rows = record.codes.tolist(), record.rows.tolist()
    exact = ExactRows(record) if np.isinf(record.space.box).any() else None
    wide = ExactRows(record) if _is_wide(record) else None
    nothing: Path = [{} for _ in record.space.signs]
    todo = [(0, nothing)]
    while todo:
        node, path = todo.pop()
        i, k, first, second = nodes[node]
        if i >= 0:
            yield {"split": [rows[i], k]}
            both = zip((first, second), _either(record, path, k, i), strict=True)
            todo += [child for child in reversed(list(both)) if child[0] >= 0]
            continue
        entries = [row_of(code) for code in codes[k : k + first]]
        numbers = [int(m) for m in multipliers[k : k + first]]
        if exact:
            numbers = exact.multipliers(entries, numbers)
        elif wide:
            numbers = wide.sharpened(entries, numbers)
        used = [(row, m) for row, m in zip(entries, numbers, strict=True) if m]
        for point, neuron, active in _not_decided(record, path, [row for row, _ in used]):
            allowed = record.space.allowed[neuron]
            yield implied.node(neuron, point, active, path[neuron], allowed)
        yield {"leaf": [_leaf_row(record, row, m) for row, m in used]}


def _either(record: Record, path: Path, k: int, i: int) -> tuple[Path, Path]:
    """What is known if neuron k is active at point i; and if no neuron just like it is."""
    shapes, signs = record.shapes, record.space.signs
    alike = [
        path[m] == path[k] and shapes[m] == shapes[k] and signs[m] == signs[k]
        for m in range(len(path))
    ]
    first = [{**sides, i: True} if m == k else sides for m, sides in enumerate(path)]
    second = [{**sides, i: False} if alike[m] else sides for m, sides in enumerate(path)]
    return first, second


def _not_decided(record: Record, path: Path, rows: list[Row]) -> list[tuple[int, int, bool]]:
    """Point, neuron and whether it is active there, where fit rows use it undecided."""
    found = {}
    for row in rows:
        if row.is_fit:
            for k in np.flatnonzero(record.space.signs != row.sign).tolist():
                if row.point not in path[k] and not record.sure[row.point, k]:
                    found[row.point, k] = k in row.neurons
    return [(point, k, active) for (point, k), active in found.items()]


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
