"""Tiny problems with known answers, for solvers: integer programs (Pyomo), convex ones (cvxpy).

The optima are stated here and enumerated in the package's own tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from milpsparse.compiled import Compiled, compile_model

TOLERANCE = 1e-5


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A program of a framework and its least value."""

    program: Any
    optimum: float
    compiled: Compiled | None = None  # of a Pyomo model, before a solver can change it

    def value(self) -> float | None:
        """The objective at the variables' values; None where one has no value."""
        if self.compiled is None:
            value = self.program.objective.value
            return None if value is None else float(value)
        x = self.compiled.start()
        return None if x is None else float(self.compiled.c @ x + self.compiled.offset)

    def values(self) -> list[Any]:
        """The variables' values."""
        if self.compiled is None:
            return [v.value.tolist() for v in self.program.variables()]
        return [v.value for v in self.compiled.variables]

    def violation(self) -> float:
        """The largest violation of a row, a bound or integrality at the variables' values."""
        if self.compiled is None:
            return float(max(np.max(c.violation()) for c in self.program.constraints))
        p, x = self.compiled, self.compiled.start()
        assert x is not None
        rows, whole = p.A @ x, x[p.integer]
        parts = [p.row_lower - rows, rows - p.row_upper, p.lower - x, x - p.upper]
        parts.append(abs(whole - np.round(whole)))
        return float(max(part.max(initial=0.0) for part in parts))


def _integer(model: Any, optimum: float) -> Problem:
    return Problem(program=model, optimum=optimum, compiled=compile_model(model))


def mixed() -> Problem:
    """Every kind of row and variable, an offset, a negative optimum."""
    import pyomo.environ as pyo

    m = pyo.ConcreteModel()
    m.a, m.b, m.c = (pyo.Var(domain=pyo.Binary) for _ in range(3))
    m.x, m.z = pyo.Var(bounds=(-2, 5)), pyo.Var()
    m.most = pyo.Constraint(expr=2 * m.a + 3 * m.b + m.c + m.x <= 5)
    m.other = pyo.Constraint(expr=4 * m.a + m.b + 2 * m.c - m.x <= 6.5)
    m.least = pyo.Constraint(expr=m.a + m.x >= 0.25)
    m.equal = pyo.Constraint(expr=m.z == m.x + m.a)
    m.cost = pyo.Objective(expr=1 - 5 * m.a - 4 * m.b - 3 * m.c + m.x + 0.5 * m.z)
    return _integer(m, -8.625)


def cover() -> Problem:
    """A positive optimum, above that of the relaxation."""
    import pyomo.environ as pyo

    m = pyo.ConcreteModel()
    m.i = pyo.RangeSet(0, 2)
    m.x, m.y = pyo.Var(m.i, domain=pyo.Binary), pyo.Var(bounds=(0.5, None))
    m.pairs = pyo.Constraint(m.i, rule=lambda m, i: m.x[i] + m.x[(i + 1) % 3] >= 1)
    m.cost = pyo.Objective(expr=sum(m.x.values()) + m.y)
    return _integer(m, 2.5)


def odd() -> Problem:
    """No point: an even number is three, though the relaxation has points."""
    import pyomo.environ as pyo

    m = pyo.ConcreteModel()
    m.a, m.b = pyo.Var(domain=pyo.Binary), pyo.Var(domain=pyo.Binary)
    m.odd = pyo.Constraint(expr=2 * m.a + 2 * m.b == 3)
    m.cost = pyo.Objective(expr=m.a + m.b)
    return _integer(m, np.inf)


def bottomless() -> Problem:
    """No least value."""
    import pyomo.environ as pyo

    m = pyo.ConcreteModel()
    m.a, m.x = pyo.Var(domain=pyo.Binary), pyo.Var(bounds=(0, None))
    m.row = pyo.Constraint(expr=m.x >= m.a)
    m.cost = pyo.Objective(expr=m.a - m.x)
    return _integer(m, -np.inf)


def knapsacks() -> Problem:
    """Five knapsacks for twenty items: solved in a moment, but not by hand."""
    import pyomo.environ as pyo

    rng = np.random.default_rng(5)
    weight, profit = rng.integers(5, 40, (5, 20)), rng.integers(5, 40, 20)
    m = pyo.ConcreteModel()
    m.j, m.i = pyo.RangeSet(0, 19), pyo.RangeSet(0, 4)
    m.x = pyo.Var(m.j, domain=pyo.Binary)

    @m.Constraint(m.i)
    def fits(m: Any, i: int) -> Any:
        return sum(int(weight[i, j]) * m.x[j] for j in m.j) <= int(weight[i].sum()) // 3

    m.cost = pyo.Objective(expr=-sum(int(profit[j]) * m.x[j] for j in m.j))
    return _integer(m, -217.0)


def wide() -> Problem:
    """Easy and wide, for licences that limit the size: one of each of 1,250 pairs."""
    import pyomo.environ as pyo

    m = pyo.ConcreteModel()
    m.i = pyo.RangeSet(0, 1249)
    m.x = pyo.Var(m.i, [0, 1], domain=pyo.Binary)
    m.pairs = pyo.Constraint(m.i, rule=lambda m, i: m.x[i, 0] + m.x[i, 1] >= 1)
    m.cost = pyo.Objective(expr=sum(m.x.values()))
    return _integer(m, 1250.0)


def split(start: bool) -> Problem:
    """Market split: 40 binaries, 5 equations with slack. Its optimum 0 is planted: out of reach.

    Cornuejols & Dawande (1998). With `start` the variables hold the planted point.
    """
    import pyomo.environ as pyo

    rng = np.random.default_rng(7)
    A, planted = rng.integers(0, 100, (5, 40)), rng.integers(0, 2, 40)
    m = pyo.ConcreteModel()
    m.j, m.i = pyo.RangeSet(0, 39), pyo.RangeSet(0, 4)
    m.x, m.s = pyo.Var(m.j, domain=pyo.Binary), pyo.Var(m.i, [-1, 1], bounds=(0, None))

    @m.Constraint(m.i)
    def half(m: Any, i: int) -> Any:
        sold = sum(int(A[i, j]) * m.x[j] for j in m.j)
        return sold + m.s[i, 1] - m.s[i, -1] == int(A[i] @ planted)

    m.cost = pyo.Objective(expr=sum(m.s.values()))
    if start:
        m.s.set_values(dict.fromkeys(m.s, 0.0))
        m.x.set_values({j: int(planted[j]) for j in m.j})
    return _integer(m, 0.0)


def corner() -> Problem:
    """The least l1 norm on a line: at a corner."""
    import cvxpy as cp

    x = cp.Variable(2)
    return Problem(
        program=cp.Problem(cp.Minimize(cp.norm1(x)), [x[0] + 2 * x[1] == 2]), optimum=1.0
    )


def below() -> Problem:
    """A negative optimum with an offset."""
    import cvxpy as cp

    x = cp.Variable(2)
    return Problem(program=cp.Problem(cp.Minimize(cp.sum(x) + 0.5), [x >= -1.5]), optimum=-2.5)


def empty() -> Problem:
    """No point."""
    import cvxpy as cp

    x = cp.Variable()
    return Problem(program=cp.Problem(cp.Minimize(x), [x >= 1, x <= 0]), optimum=np.inf)


def endless() -> Problem:
    """No least value."""
    import cvxpy as cp

    x = cp.Variable(2)
    return Problem(program=cp.Problem(cp.Minimize(x[0]), [x[1] >= 0]), optimum=-np.inf)


def residual() -> Problem:
    """The least l1 norm through 150 random equations: some work; its optimum is planted as 1.

    The planted point is e_1, and its dual y has A^T y inside the unit cube, A_1 . y = 1.
    """
    import cvxpy as cp

    rng = np.random.default_rng(3)
    A = rng.standard_normal((150, 300))
    y = rng.standard_normal(150)
    A[:, 1:] *= 0.9 / abs(A[:, 1:].T @ y)
    A[:, 0] /= A[:, 0] @ y
    x = cp.Variable(300)
    return Problem(program=cp.Problem(cp.Minimize(cp.norm1(x)), [A @ x == A[:, 0]]), optimum=1.0)


SOLVED: dict[str, tuple[Callable[[], Problem], ...]] = {
    "pyomo": (mixed, cover),
    "cvxpy": (corner, below),
}
INFEASIBLE = {"pyomo": odd, "cvxpy": empty}
UNBOUNDED = {"pyomo": bottomless, "cvxpy": endless}
LONG: dict[str, Callable[[], Problem]] = {"pyomo": lambda: split(False), "cvxpy": residual}
REPEATED: dict[str, Callable[[], Problem]] = {"pyomo": knapsacks, "cvxpy": residual}
