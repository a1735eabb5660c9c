"""Sets of rays with independent outputs that fit the labels: a tree of exact eliminations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.extreme.rays import Rays

LIMIT = 5_000_000  # sets of rays, some minutes

Progress = Callable[[int], None]  # is told how many sets of rays have been looked at


def no_progress(n: int) -> None:
    """Nobody looks."""


@dataclass(frozen=True, eq=False)
class Block:
    """Sets of rays with independent outputs that fit the labels with no coefficient 0.

    Set number t is `basic` and `last[t]`. Its coefficients are numerators[:, t] over the entries of
    denominators[t], in units of `Frame.scale`: integers of FLINT.
    """

    basic: tuple[int, ...]
    last: NDArray[np.int64]
    numerators: NDArray[np.object_]
    denominators: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.last)

    def rays(self) -> NDArray[np.int64]:
        """The rays of all sets, shape (size of a set, sets)."""
        basic = np.repeat(np.array(self.basic, dtype=np.int64)[:, None], len(self), axis=1)
        return np.vstack([basic, self.last[None]])

    def chosen(self, t: int) -> tuple[int, ...]:
        """The rays of one set."""
        return (*self.basic, int(self.last[t]))

    def coefficients(self, t: int, scale: Fraction) -> list[Fraction]:
        """The coefficients of one set, signed."""
        below = int(self.denominators[t])
        return [Fraction(int(above), below) * scale for above in self.numerators[:, t]]


def refusal(found: Rays, limit: int = LIMIT) -> str | None:
    """Why vertices will not be enumerated, with the number; None where they will."""
    if found.n_sets <= limit:
        return None
    many = f"{n:,}" if (n := found.n_sets) < 10**15 else f"10^{len(str(n)) - 1}"
    return f"{many} sets of {found.frame.depth} among {len(found):,} rays (limit {limit:,})"


def blocks(found: Rays, progress: Progress = no_progress) -> Iterator[Block]:
    """Every set of rays that fits the labels with independent outputs and no coefficient 0, once.

    A tree of sets: a node adds one ray, later than all before, by a step of Gauss-Jordan
    elimination without fractions (Bareiss), which all sets below it share.
    """
    import flint

    to_flint = np.frompyfunc(flint.fmpz, 1, 1)
    tableau = to_flint(np.column_stack([found.outputs, found.frame.labels]))
    if found.frame.depth == 0 or not found.frame.labels.any():  # nothing to fit: no neuron
        return
    yield from _below(tableau, flint.fmpz(1), (), (), 0, progress)


def _below(
    T: NDArray[np.object_],
    pivot: Any,
    chosen: tuple[int, ...],
    rows: tuple[int, ...],
    start: int,
    progress: Progress,
) -> Iterator[Block]:
    """All sets that begin with `chosen`. T has the columns start.. and the labels as its last;
    row rows[k] is that of chosen[k], whose own column is `pivot` there and 0 elsewhere.
    """
    left = [i for i in range(len(T)) if i not in rows]
    if len(left) == 1:
        block = _last_step(T, pivot, chosen, rows, left[0], start)
        progress(T.shape[1] - 1)
        if block is not None:
            yield block
        return
    for j in range(T.shape[1] - 1):
        row = next((i for i in left if T[i, j]), None)
        sets = math.comb(T.shape[1] - 2 - j, len(left) - 1)  # that begin so
        if row is None:
            progress(sets)
            continue
        head, column = T[row, j], T[:, j]
        below = (head * T[:, j + 1 :] - column[:, None] * T[row, j + 1 :]) // pivot
        below[row] = T[row, j + 1 :]
        taken, at = (*chosen, start + j), (*rows, row)
        rest = [i for i in left if i != row]
        if not any(below[i, -1] for i in rest):  # the labels are in the span of what is chosen
            progress(sets)
            block = _complete(below[:, -1], head, taken, at)
            if block is not None:
                yield block
            continue
        yield from _below(below, head, taken, at, start + j + 1, progress)


def _last_step(
    T: NDArray[np.object_],
    pivot: Any,
    chosen: tuple[int, ...],
    rows: tuple[int, ...],
    row: int,
    start: int,
) -> Block | None:
    """The sets that one more ray makes a basis of, for all later rays at once."""
    live = np.flatnonzero(T[row, :-1] != 0)
    if not len(live):
        return None
    head, label, order = T[row, live], T[row, -1], list(rows)
    above = T[order, -1][:, None] * head - T[order][:, live] * label
    keep = np.flatnonzero((above != 0).all(axis=0))
    if not len(keep):
        return None
    above = np.vstack([above[:, keep], np.broadcast_to(label * pivot, (1, len(keep)))])
    return Block(chosen, start + live[keep], above, head[keep] * pivot)


def _complete(
    labels: NDArray[np.object_], pivot: Any, chosen: tuple[int, ...], rows: tuple[int, ...]
) -> Block | None:
    """The set of chosen rays alone, which fits the labels."""
    above = labels[list(rows)][:, None]
    if not (above != 0).all():
        return None
    return Block(chosen[:-1], np.array(chosen[-1:]), above, np.array([pivot], dtype=object))
