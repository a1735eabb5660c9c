"""A linear program as sparse matrices: from a Pyomo model, and into HiGHS."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
    seconds: float = 0.0  # that compiling took

    @property
    def n_binaries(self) -> int:
        """Integer columns with bounds inside [0, 1]."""
        return int(np.sum(self.integer & (self.lower >= 0) & (self.upper <= 1)))

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
