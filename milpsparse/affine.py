"""Whether labels are affine in the inputs, in rationals; a few rows say no, only all say yes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from milpsparse.instance import Instance
from milpsparse.rational import Rational, null_space, rank, rationals
from milpsparse.residuals import largest_value
from milpsparse.sample import subset

FEW = 200  # rows that are tried first


def is_affine(instance: Instance) -> bool:
    """Whether y = a . x + c on all points for some a, c."""
    few = subset(instance, _first(instance))
    return _few_are_affine(few) and _few_are_affine(_spanning(instance))


def affine_rank(instance: Instance) -> int:
    """The rank of the columns (X, 1): one more than the dimension that the points span."""
    most = min(instance.n_samples, instance.n_features + 1)
    if instance.n_features == 1:  # a column beside the constant one
        x = instance.X_exact if instance.spelled else instance.X
        return 1 + int(np.any(x != x[0]))
    few = subset(instance, _first(instance))
    found = rank(_columns(few)[:, :-1])
    return found if found == most else rank(_columns(_spanning(instance))[:, :-1])


def _few_are_affine(few: Instance) -> bool:
    columns = _columns(few)
    return rank(columns) == rank(columns[:, :-1])


def _spanning(instance: Instance) -> Instance:
    """A few points whose rows (x, 1, y) span those of all.

    Forms that vanish on the chosen rows vanish on their span; they vanish everywhere if the sum of
    |form| = relu(form) + relu(-form) does. A row where it does not is added: that raises the rank,
    so rounds are at most d + 2.
    """
    rows = _first(instance)
    while len(rows) < instance.n_samples:
        few = subset(instance, rows)
        forms = null_space(_columns(few))
        none = np.zeros((1, forms.shape[1]), dtype=object)
        both = np.vstack([forms, -forms, none])
        value, row = largest_value(instance, both, np.ones(2 * len(forms)))
        if value == 0:
            return few
        rows = np.append(rows, row)
    return instance


def _first(instance: Instance) -> NDArray[np.int64]:
    return np.arange(min(instance.n_samples, max(FEW, 2 * instance.n_features)))


def _columns(instance: Instance) -> Rational:
    """The matrix (X, 1, y)."""
    ones = rationals(np.ones(instance.n_samples))
    return np.column_stack([instance.X_exact, ones, instance.y_exact])
