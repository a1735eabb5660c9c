"""Pricing by branch and bound, where the rays are too many: which points is the neuron active on?

The neuron of most worth a cost maximises sum_i mu_i relu(xb_i . u) over w . |u| <= 1, where mu are
the duals, with the sign of the neuron. The terms with mu_i < 0 are concave. Of the others each is
mu_i xb_i . u on one side of its point and 0 on the other; undecided, it lies below the chord
mu_i (xb_i . u + M_i) / 2 with |xb_i . u| <= M_i. So a node is a linear program in u, in which only
costs and row bounds change. Blocks with weights of their own are one program each, in their cone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from milpsparse.method import Limits
from milpsparse.reweighting.neurons import SIGNS, Neurons, neurons_of
from milpsparse.reweighting.points import Floats, Space
from milpsparse.reweighting.simplex import TINY, WORTH, optimal, warm
from milpsparse.reweighting.weights import Weights

OFF, ON, OPEN = -1, 1, 0
MAX_CLIMB = 20
NODES = 100_000


class Search:
    """Finds neurons in `nodes` linear programs a call; exact where these are enough."""

    def __init__(self, space: Space, nodes: int = NODES) -> None:
        self.space, self.nodes = space, nodes
        self.program = _Program(space)

    def find(self, duals: Floats, weights: Weights, limits: Limits) -> tuple[Neurons, bool]:
        """Neurons of each sign that are worth more than they cost; whether there are no others."""
        found, proved = [], True
        self.program.failed = False
        for k, sign in enumerate(weights.signs):
            found += self.in_cone(sign * duals, weights.patterns[k], weights.own[k])
        for s, sign in enumerate(SIGNS):
            better, ended = self._anywhere(sign * duals, weights.rest[s], limits)
            found += better
            proved &= ended
        u = np.array(found).reshape(-1, self.space.points.shape[1])
        return neurons_of(self.space, u), proved and not self.program.failed

    def climb(self, mu: Floats, w: Floats, u: Floats) -> Floats:
        """A neuron of one sign that is worth at least as much: its active points, then its entries,
        in turn.
        """
        points, falling = self.space.points, np.maximum(-mu, 0.0)
        side, worth, best = np.zeros(len(mu), dtype=int), 0.0, u
        for _ in range(MAX_CLIMB):
            z = points @ u
            now = float(mu @ np.maximum(z, 0.0) / (w @ abs(u) + TINY))
            if not now > worth * (1 + WORTH) + TINY:
                break
            worth, best = now, u
            gain = (np.maximum(mu, 0.0) * (z > 0)) @ points
            better = self.program.best(gain, falling, side, w)
            if better is None:
                break
            u = better
        return best

    def in_cone(self, mu: Floats, pattern: NDArray[np.bool_], w: Floats) -> list[Floats]:
        """The best neuron of a block with its own weights, if it is worth them."""
        gain = (mu * pattern) @ self.space.points
        if (abs(gain) <= w * (1 + WORTH)).all():
            return []
        u = self.program.best(gain, np.zeros_like(mu), np.where(pattern, ON, OFF), w)
        return [u] if u is not None and gain @ u > (w @ abs(u)) * (1 + WORTH) else []

    def _anywhere(self, mu: Floats, w: Floats, limits: Limits) -> tuple[list[Floats], bool]:
        """Neurons of one sign, and whether the tree was searched to its end."""
        points, enough = self.space.points, len(mu)
        rising, falling = np.maximum(mu, 0.0), np.maximum(-mu, 0.0)
        top = self.program.reach(w)
        if not rising @ top > 1 + WORTH:
            return [], True
        found: list[Floats] = []
        stack = [np.where(rising > 0, OPEN, OFF)]
        for _ in range(self.nodes):
            if not stack or limits.left() <= 0.02:
                break
            side = stack.pop()
            open_ = (side == OPEN) & (rising > 0)
            slope = rising * ((side == ON) + 0.5 * open_)
            u = self.program.best(slope @ points, falling, np.where(rising > 0, side, OPEN), w)
            if u is None:
                continue
            z = points @ u
            bound = slope @ z + 0.5 * (rising * top)[open_].sum() - falling @ np.maximum(z, 0.0)
            if mu @ np.maximum(z, 0.0) > (w @ abs(u)) * (1 + WORTH):
                found.append(u)
                if len(found) >= enough:
                    return found, False
            if not bound > 1 + WORTH or not open_.any():
                continue
            i = int(np.argmax(np.where(open_, rising * (top - abs(z)), -np.inf)))
            for choice in (OFF, ON) if z[i] > 0 else (ON, OFF):  # the last one is next
                child = side.copy()
                child[i] = choice
                stack.append(child)
        return found, not stack


class _Program:
    """max gain . u - falling . max(xb u, 0) over w . |u| <= 1 and sides of points, kept warm."""

    def __init__(self, space: Space) -> None:
        import highspy

        self.points = points = space.points
        N, D = points.shape
        self.N, self.D = N, D
        self.bias_free = not space.counted[-1]
        inputs = points[:, : D - self.bias_free]
        apart = abs(inputs[:, None] - inputs[None]).max(axis=1) if self.bias_free else abs(inputs)
        self.apart, self.widest = apart, float(abs(inputs).max())
        infinity = highspy.kHighsInf
        self.highs = h = warm(highspy.Highs())
        h.addVars(2 * D + N, np.zeros(2 * D + N), np.full(2 * D + N, infinity))
        width = 2 * D + 1
        starts = np.arange(N, dtype=np.int32) * width
        index = np.column_stack([np.tile(np.arange(2 * D), (N, 1)), 2 * D + np.arange(N)])
        rows = np.column_stack([points, -points, -np.ones(N)])
        h.addRows(
            N,
            np.full(N, -infinity),
            np.zeros(N),
            rows.size,
            starts,
            index.ravel().astype(np.int32),
            rows.ravel(),
        )
        h.addRow(-infinity, 1.0, 2 * D, np.arange(2 * D, dtype=np.int32), np.ones(2 * D))
        h.changeObjectiveSense(highspy.ObjSense.kMaximize)
        self.w = np.ones(D)
        self.index = np.arange(2 * D + N, dtype=np.int32)
        self.infinity, self.failed = infinity, False

    def reach(self, w: Floats) -> Floats:
        """M_i: the largest |xb_i . u| that matters over w . |u| <= 1.

        Where biases are free, a neuron that is active on all points or on none is worth what one
        with its knot on a point is, so that |xb_i . u| is at most some |w . (x_i - x_k)|.
        """
        return np.asarray((self.apart / w[: self.apart.shape[-1]]).max(axis=-1))

    def best(
        self, gain: Floats, falling: Floats, side: NDArray[np.int64], w: Floats
    ) -> Floats | None:
        """The maximiser u; None where the solver fails."""
        h, D, N = self.highs, self.D, self.N
        unit = float(w[0])
        self._weigh(w / unit)
        cost = np.concatenate([gain, -gain, -falling])
        h.changeColsCost(len(cost), self.index, cost)
        top = np.full(len(cost), self.infinity)
        top[2 * D :] = np.where(falling > 0, self.infinity, 0.0)
        if self.bias_free:
            top[[D - 1, 2 * D - 1]] = 2 * self.widest / (w[:-1] / unit).min()
        h.changeColsBounds(len(cost), self.index, np.zeros(len(cost)), top)
        lower = np.where(side == ON, 0.0, -self.infinity)
        upper = np.where((side == OFF) | (falling > 0), 0.0, self.infinity)
        h.changeRowsBounds(N, self.index[:N], lower, upper)
        if not optimal(h):
            self.failed = True
            return None
        x = np.array(h.getSolution().col_value)
        u = x[:D] - x[D : 2 * D]
        return np.asarray(u / unit)

    def _weigh(self, w: Floats) -> None:
        """The coefficients of the norm's row."""
        for j in np.flatnonzero(w != self.w):
            self.highs.changeCoeff(self.N, int(j), float(w[j]))
            self.highs.changeCoeff(self.N, int(self.D + j), float(w[j]))
        self.w = w
