"""From a solver's point to an exact network, before a method answers.

A solver's network fits the data to its tolerances. Keep its signs, supports and activation
pattern: then fitting is a linear program over the closed activation cones and the bound B. Its
vertex is the solution of a linear system, solved here in rationals and checked in rationals.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.instance import Instance
from milpsparse.network import Network, Skip, from_exact
from milpsparse.objective import Objective
from milpsparse.rational import Rational, independent_columns, rationals, solve
from milpsparse.rewrite import drop_zeros, face_forward, merge, split
from milpsparse.sample import Sample

ZERO_TOLERANCES = (1e-4, 1e-6, 1e-8, 0.0)  # entries below one of them, relative, are taken as zero
MARGINS = (2.0**-30, 2.0**-20, 2.0**-12)  # slack asked for where rounding left a cone by a hair
TIGHT = 1e-6  # pre-activations below it, relative to the largest, are 0 at a norm's optimum
ROUNDS = 20  # samples enlarged before a network is given up
MAX_UNKNOWNS = 150  # a larger rational system takes minutes and solutions of thousands of digits


def polish(instance: Instance, network: Network, objective: Objective) -> Network:
    """The network to answer with: refitted exactly where possible, merged, within the bound.

    Counts may fall on the way (zero entries, merged neurons); l1 and group norms do not change by
    splitting. An lp network is left as it is where it exceeds the bound: copies would change lp.
    """
    if not np.isfinite(network.path.astype(float)).all():
        return network  # numbers broke down: the check will say so
    network = drop_zeros(network, instance.skip)
    exact = refit(instance, network, objective)
    if exact is not None:
        variants = _variants(instance, exact, objective)
        return min(variants, key=lambda n: instance.value(n, objective))
    return network if objective.kind == "lp" else split(network, instance.bound)


def polish_sample(sample: Sample, network: Network, objective: Objective) -> Network | None:
    """`polish` on a sample, which grows by the points that the network then misses.

    The network fits all points in doubles; None if that does not come about.
    """
    miss = 1e-9 * (float(abs(sample.whole.y).max()) or 1.0)
    for _ in range(ROUNDS):
        found = polish(sample.instance(), network, objective)
        if not sample.add_missed(found, miss):
            return found
    return None


def _variants(instance: Instance, exact: Network, objective: Objective) -> list[Network]:
    """The network as it is and merged, each split where it must fit the bound."""
    if instance.skip:
        exact = face_forward(exact)
    merged = drop_zeros(merge(exact, instance.X_exact), instance.skip)
    found = [exact, merged]
    if objective.kind == "lp" or instance.bound is None:
        return found
    bounded = drop_zeros(merge(exact, instance.X_exact, instance.bound_exact), instance.skip)
    return [split(network, instance.bound_exact) for network in (*found, bounded)]


def refit(instance: Instance, network: Network, objective: Objective) -> Network | None:
    """An exact network with this one's signs and activation pattern, or None.

    Zeros the smallest entries first, then fewer of them, until the linear program is feasible.
    For norms all tolerances are tried and the least value counts. Minimises the (weighted) l1 norm,
    so that l1 and lp values do not suffer. Neurons that exceed the bound stay so: splitting comes
    later.
    """
    u = network.path.astype(float)
    active = network.preactivations(instance.X) > 0
    cost = np.ones_like(u)
    if not objective.counts and not instance.count_bias:
        cost[:, -1] = 0.0
    if objective.kind == "lp":
        cost = cost * (abs(u) + 1e-9) ** ((objective.p or 1.0) - 1.0)
    tried: set[bytes] = set()
    found = []
    for tolerance in ZERO_TOLERANCES:
        support = abs(u) > tolerance * max(1.0, abs(u).max(initial=0.0))
        if support.tobytes() in tried:
            continue
        tried.add(support.tobytes())
        program = _Program(instance, network.signs, u, support, active, cost)
        candidates = [program.vertex()]
        if objective.kind == "group_l2":  # its optimum is no vertex
            candidates.append(program.nearest(network))
        found += [drop_zeros(exact, instance.skip) for exact in candidates if exact is not None]
        if found and objective.counts:
            break
    return min(found, key=lambda n: instance.value(n, objective), default=None)


@dataclass
class _Program:
    """min sum cost |u| over the entries of one support, pattern and orthant that fit the data.

    Columns: the supported entries (neuron k, input j; j = d is the bias), then the skip
    connection. Rows: N fits, then one sign row a neuron and point.
    """

    instance: Instance
    signs: NDArray[Any]
    u: NDArray[np.float64]
    support: NDArray[np.bool_]
    active: NDArray[np.bool_]
    cost: NDArray[np.float64]

    def __post_init__(self) -> None:
        inst = self.instance
        self.columns = np.argwhere(self.support)
        self.n_free = inst.n_features + 1 if inst.skip else 0
        self.live = np.flatnonzero(self.support.any(axis=1))
        self.margin = np.zeros((inst.n_samples, len(self.live)))
        # A neuron that needs n copies to fit the bound may use all of n B.
        self.top = np.full(len(self.columns), np.inf)
        if inst.bound is not None:
            largest = abs(self.u).max(axis=1, initial=0.0)
            copies = np.maximum(1.0, np.ceil(largest / inst.bound - 1e-6))
            self.top = (copies * inst.bound)[self.columns[:, 0]]

    def vertex(self) -> Network | None:
        """An exact feasible vertex; None when there is none, or rounding hides it."""
        if len(self.columns) + self.n_free > MAX_UNKNOWNS:
            return None
        for margin in MARGINS:
            basis = self._solve()
            if basis is None:
                return None
            point = self._exact_point(*basis)
            if point is None:
                return None
            violated = self._violated(point)
            if violated is None:
                return None
            if not violated.any():
                return self._network(point)
            self.margin[violated] = margin
        return None

    def nearest(self, network: Network) -> Network | None:
        """The exact network next to the solver's, or None.

        Pre-activations that are 0 to the solver's tolerance become equations, as the fits are. The
        solver's point misses these a little; a step of few, well-conditioned columns mends it.
        """
        from scipy.linalg import qr

        N, d = self.instance.n_samples, self.instance.n_features
        if not 0 < len(self.columns) + self.n_free <= MAX_UNKNOWNS:
            return None
        skip = network.skip or Skip(np.zeros(d), 0.0)
        free = [*skip.weights, skip.bias] if self.n_free else []
        start = np.append(self.u[tuple(self.columns.T)], free).astype(float)
        sign_rows = np.arange(N, N * (1 + len(self.live)))
        values = abs(np.asarray(self._rows(sign_rows, exact=False), float) @ start)
        tight = sign_rows[values <= TIGHT * values.max(initial=0.0)]
        rows = np.concatenate([np.arange(N), tight])
        A, x = self._rows(rows, exact=True), rationals(start)
        miss = np.concatenate([self.instance.y_exact, rationals(np.zeros(len(tight)))]) - A @ x
        _, _, order = qr(A.astype(float), mode="economic", pivoting=True)
        basis = order[independent_columns(A[:, order])]
        own = independent_columns(A[:, basis].T)
        step = solve(A[np.ix_(own, basis)], miss[own])
        if step is None:
            return None
        x[basis] += step
        self.top[:] = np.inf
        violated = self._violated(x)
        return None if violated is None or violated.any() else self._network(x)

    def _rows(self, i_of: NDArray[Any], exact: bool) -> Any:
        """Rows of the constraint matrix, in doubles or rationals."""
        inst = self.instance
        X = inst.X_exact if exact else inst.X
        one = rationals(np.ones((len(X), 1))) if exact else np.ones((len(X), 1))
        points = np.column_stack([X, one])
        N, rows = inst.n_samples, np.asarray(i_of)
        out = points[rows % N][:, [*self.columns[:, 1], *range(self.n_free)]]
        owner = np.concatenate([self.columns[:, 0], np.full(self.n_free, -1)])
        signs = np.append(self.signs, 1)  # free columns belong to an extra, always active neuron
        active = np.column_stack([self.active, np.ones(N, dtype=bool)])
        for at, row in enumerate(rows):
            if row < N:
                factor = signs[owner] * active[row, owner]
            else:
                factor = owner == self.live[row // N - 1]
            out[at] = out[at] * factor
        return out

    def _solve(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None:
        """Solve the LP in doubles: (column is basic, column is at its bound B, row is basic)."""
        import highspy

        inst, N = self.instance, self.instance.n_samples
        h = highspy.Highs()
        for option, value in (("output_flag", False), ("solver", "simplex"), ("presolve", "off")):
            h.setOptionValue(option, value)
        h.setOptionValue("threads", 1)
        h.setOptionValue("primal_feasibility_tolerance", 1e-9)
        h.setOptionValue("time_limit", 30.0)
        infinity = highspy.kHighsInf
        top = self.top
        positive = self.u[tuple(self.columns.T)] >= 0
        n, n_free = len(self.columns), self.n_free
        lower = np.concatenate([np.where(positive, 0.0, -top), np.full(n_free, -infinity)])
        upper = np.concatenate([np.where(positive, top, 0.0), np.full(n_free, infinity)])
        cost = self.cost[tuple(self.columns.T)] * np.where(positive, 1.0, -1.0)
        h.addVars(n + n_free, lower, upper)
        h.changeColsCost(n, np.arange(n, dtype=np.int32), cost)
        A = np.asarray(self._rows(np.arange(N * (1 + len(self.live))), exact=False), float)
        on = self.active[:, self.live]
        low = np.concatenate([inst.y, np.where(on, self.margin, -infinity).T.ravel()])
        high = np.concatenate([inst.y, np.where(on, infinity, -self.margin).T.ravel()])
        starts = np.arange(len(A), dtype=np.int32) * A.shape[1]
        index = np.tile(np.arange(A.shape[1], dtype=np.int32), len(A))
        h.addRows(len(A), low, high, A.size, starts, index, A.ravel())
        h.run()
        if h.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        basis, kind = h.getBasis(), highspy.HighsBasisStatus
        columns = np.array([s == kind.kBasic for s in basis.col_status], dtype=bool)
        values = np.array(h.getSolution().col_value)
        far = abs(values[:n]) > 0.5 * top
        rows = np.array([s == kind.kBasic for s in basis.row_status], dtype=bool)
        return columns, np.concatenate([far, np.zeros(n_free, dtype=bool)]), rows

    def _exact_point(
        self, basic: NDArray[Any], far: NDArray[Any], row_basic: NDArray[Any]
    ) -> Rational | None:
        """The vertex of a basis in rationals: nonbasic columns at bounds, nonbasic rows tight."""
        rows = np.flatnonzero(~row_basic)
        if len(rows) != int(basic.sum()):
            return None
        A, rhs = self._rows(rows, exact=True), self._exact_rhs(rows)
        point = rationals(np.zeros(len(basic)))
        for c in np.flatnonzero(~basic & far):
            size = Fraction(self.top[c])
            point[c] = size if self.u[tuple(self.columns[c])] >= 0 else -size
        if (~basic & far).any():
            rhs = rhs - A[:, ~basic] @ point[~basic]
        values = solve(A[:, basic], rhs)
        if values is None:
            return None
        point[basic] = values
        return point

    def _exact_rhs(self, rows: NDArray[Any]) -> Rational:
        N = self.instance.n_samples
        margin, on = self.margin.T.ravel(), self.active[:, self.live].T.ravel()
        values = [
            self.instance.y_exact[r]
            if r < N
            else Fraction(margin[r - N]) * (1 if on[r - N] else -1)
            for r in rows
        ]
        return np.array(values, dtype=object)

    def _violated(self, point: Rational) -> NDArray[np.bool_] | None:
        """Sign rows that the point violates, shape (N, live); None when a fit or bound fails."""
        network = self._network(point)
        values = network.best.preactivations(self.instance.X_exact)
        sign_errors = np.where(self.active[:, self.live], values < 0, values > 0).astype(bool)
        sizes = zip(point[: len(self.columns)], self.top.tolist(), strict=True)
        if any(abs(u) > top for u, top in sizes):
            return None
        outputs = (np.where(self.active[:, self.live], values, 0 * values)) @ network.signs
        if network.best.skip is not None:
            skip = network.best.skip
            outputs = outputs + self.instance.X_exact @ skip.weights + skip.bias
        if np.any(outputs != self.instance.y_exact):
            return None
        return np.asarray(sign_errors)

    def _network(self, point: Rational) -> Network:
        d = self.instance.n_features
        u = rationals(np.zeros(self.u.shape))
        u[tuple(self.columns.T)] = point[: len(self.columns)]
        skip = point[len(self.columns) :] if self.instance.skip else None
        return from_exact(self.signs[self.live], u[self.live], d, skip)
