"""Whether labels are affine in the inputs, in rationals; a few rows say no, only all say yes."""

from __future__ import annotations

import numpy as np

from milpsparse.instance import Instance
from milpsparse.rational import rank, rationals
from milpsparse.sample import subset

FEW = 200  # rows that are tried first


def is_affine(instance: Instance) -> bool:
    """Whether y = a . x + c on all points for some a, c."""
    if instance.n_samples > FEW and not _few_are_affine(subset(instance, np.arange(FEW))):
        return False
    return _few_are_affine(instance)


def _few_are_affine(instance: Instance) -> bool:
    ones = rationals(np.ones((instance.n_samples, 1)))
    free = np.column_stack([instance.X_exact, ones])
    return rank(np.column_stack([free, instance.y_exact])) == rank(free)


def affine_rank(instance: Instance) -> int:
    """The rank of the columns (X, 1): one more than the dimension that the points span."""
    most = min(instance.n_samples, instance.n_features + 1)
    if instance.n_features == 1:  # a column beside the constant one
        x = instance.X_exact if instance.spelled else instance.X
        return 1 + int(np.any(x != x[0]))
    if instance.n_samples > FEW:
        few = subset(instance, np.arange(FEW))
        if affine_rank(few) == most:
            return most
    return rank(np.column_stack([instance.X_exact, rationals(np.ones((instance.n_samples, 1)))]))
