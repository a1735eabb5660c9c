"""A linear program as sparse matrices: from a Pyomo model or cvxpy problem, and into HiGHS."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import Unsupported


@dataclass(frozen=True)
class Compiled:
    """min c.x + offset subject to row_lower <= A x <= row_upper, lower <= x <= upper.

    `A` is a scipy CSC matrix, `integer` marks integer columns, `variables` are Pyomo's own in
    column order. A row in `when` is an indicator constraint: it holds where that column, a binary,
    has that value. At most one column of each set in `sos1` is not 0.
    """

    variables: list[Any]
    c: NDArray[np.float64]
    offset: float
    A: Any
    row_lower: NDArray[np.float64]
    row_upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    integer: NDArray[np.bool_]
    when: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    sos1: Sequence[Sequence[int]] = ()
    rows: Sequence[Any] = ()  # Pyomo's constraints
    seconds: float = 0.0  # that compiling took

    @property
    def n_binaries(self) -> int:
        """Integer columns with bounds inside [0, 1]."""
        return int(np.sum(self.integer & (self.lower >= 0) & (self.upper <= 1)))

    def facts(self) -> dict[str, Any]:
        """Sizes and seconds of compiling, as an Outcome names them."""
        return {**self.sizes(), "compile_time_s": self.seconds}

    def sizes(self) -> dict[str, int]:
        """Rows, columns, binaries and nonzeros."""
        n_rows, n_cols = self.A.shape
        return {
            "n_rows": n_rows,
            "n_cols": n_cols,
            "n_binaries": self.n_binaries,
            "n_nonzeros": int(self.A.nnz),
        }

    def column_names(self) -> list[str]:
        """Names of the variables."""
        return [v.name for v in self.variables]

    def row_names(self) -> list[str]:
        """Names of the constraints, or numbers where they have none."""
        return [row.name for row in self.rows] or [f"r{i}" for i in range(len(self.row_lower))]

    def start(self) -> NDArray[np.float64] | None:
        """The variables' current values as a MIP start; None where one is unset."""
        values = [v.value for v in self.variables]
        return None if any(v is None for v in values) else np.array(values, float)

    def load(self, x: NDArray[np.float64]) -> None:
        """Put a solution into the model's variables."""
        for variable, value in zip(self.variables, x.tolist(), strict=True):
            variable.set_value(value, skip_validation=True)

    def highs(self) -> Any:
        """The program in a silent HiGHS model; ValueError where it is more than linear."""
        import highspy

        if self.when or self.sos1:
            raise ValueError("HiGHS takes no indicator or SOS constraints")

        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = self.A.shape
        lp.col_cost_, lp.offset_ = self.c, self.offset
        lp.col_lower_, lp.col_upper_ = self.lower, self.upper
        lp.row_lower_, lp.row_upper_ = self.row_lower, self.row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = self.A.indptr, self.A.indices
        lp.a_matrix_.value_ = self.A.data
        if self.integer.any():
            kind = highspy.HighsVarType
            lp.integrality_ = [kind.kInteger if i else kind.kContinuous for i in self.integer]
        h = highspy.Highs()
        h.setOptionValue("output_flag", False)
        h.passModel(lp)
        return h


def compile_model(model: Any) -> Compiled:
    """The matrices of a linear Pyomo model with one minimised objective.

    SOS1 constraints are Pyomo's; indicator constraints are those in a local suffix `when` of the
    model, which gives a constraint its (binary variable, value).
    """
    begun = time.monotonic()
    form, sets = _linear_part(model)
    variables = list(form.columns)
    column = {id(v): j for j, v in enumerate(variables)}
    kinds = np.array([row.bound_type for row in form.rows])  # -1: >=, 0: =, 1: <=
    infinity = np.inf
    rhs = np.asarray(form.rhs, dtype=float)
    bounds = [v.bounds for v in variables]
    binary_of = model.when if hasattr(model, "when") else {}
    return Compiled(
        variables=variables,
        c=np.asarray(form.c.todense(), dtype=float).ravel(),
        offset=float(np.asarray(form.c_offset).ravel()[0]),
        A=form.A.tocsc(),
        row_lower=np.where(kinds <= 0, rhs, -infinity),
        row_upper=np.where(kinds >= 0, rhs, infinity),
        lower=np.array([-infinity if low is None else low for low, _ in bounds], float),
        upper=np.array([infinity if high is None else high for _, high in bounds], float),
        integer=np.array([not v.is_continuous() for v in variables], dtype=bool),
        when={
            i: (column[id(binary_of[row.constraint][0])], binary_of[row.constraint][1])
            for i, row in enumerate(form.rows if binary_of else ())
            if row.constraint in binary_of
        },
        sos1=[[column[id(v)] for v in s.variables if id(v) in column] for s in sets],
        rows=[row.constraint for row in form.rows],
        seconds=time.monotonic() - begun,
    )


def _linear_part(model: Any) -> tuple[Any, list[Any]]:
    """Pyomo's standard form of all but the SOS constraints, which it does not take; and these."""
    from pyomo.environ import SOSConstraint
    from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

    blocks = list(model.component_objects(SOSConstraint, active=True))
    sets = [s for block in blocks for s in block.values()]
    for block in blocks:
        block.deactivate()
    try:
        return LinearStandardFormCompiler().write(model, mixed_form=True), sets
    finally:
        for block in blocks:
            block.activate()


def compile_problem(problem: Any) -> Compiled:
    """The matrices of a Pyomo model or a linear cvxpy Problem.

    Raises
    ------
    Unsupported
        A problem with cones or a quadratic objective.
    """
    if hasattr(problem, "component_data_objects"):
        return compile_model(problem)
    return _compile_cvxpy(problem)


def _compile_cvxpy(problem: Any) -> Compiled:
    """A x + s = b with s = 0 or s >= 0, which is what cvxpy makes of a linear program."""
    begun = time.monotonic()
    data, _, _ = problem.get_problem_data("CLARABEL")
    dims, A, b = data["dims"], data["A"].tocsc(), np.asarray(data["b"], float)
    if dims.zero + dims.nonneg < len(b) or data.get("P") is not None:
        raise Unsupported("the model is no linear program: it has cones or a quadratic objective")
    n = A.shape[1]
    return Compiled(
        variables=[_Named(name) for name in _cvxpy_names(problem, data["param_prob"], n)],
        c=np.asarray(data["c"], float),
        offset=float(data["param_prob"].apply_parameters()[1]),
        A=A,
        row_lower=np.where(np.arange(len(b)) < dims.zero, b, -np.inf),
        row_upper=b,
        lower=np.full(n, -np.inf),
        upper=np.full(n, np.inf),
        integer=np.zeros(n, bool),
        seconds=time.monotonic() - begun,
    )


@dataclass(frozen=True)
class _Named:
    """A column of a cvxpy problem."""

    name: str
    value: None = None


def _cvxpy_names(problem: Any, canonical: Any, n: int) -> list[str]:
    """x0[i,j] for the entries of the first variable, and so on; t for those that cvxpy adds.

    cvxpy's own names (var31) count the variables of the process.
    """
    own = {variable.id: f"x{at}" for at, variable in enumerate(problem.variables())}
    found = [f"t[{j}]" for j in range(n)]
    for variable in canonical.variables:
        if variable.id in own:
            first = canonical.var_id_to_col[variable.id]
            for at in range(variable.size):
                entry = np.unravel_index(at, variable.shape, order="F") if variable.shape else ()
                indices = ",".join(str(i) for i in entry)
                found[first + at] = f"{own[variable.id]}[{indices}]"
    return found
