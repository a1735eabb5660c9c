"""Real data: subsamples of the data sets that come with scikit-learn, columns scaled and rounded.

    x_j = 2 (z_j - min z_j) / (max z_j - min z_j) - 1, rounded to a grid of step 1/1024

over the whole data set. Labels are integers as they are: the class (iris 0 setosa, 1 versicolor,
2 virginica; wine 0, 1, 2, the cultivar; breast_cancer 0 malignant, 1 benign) or, for diabetes, the
disease's progression after a year (25 to 346). Rows equal to an earlier one in the inputs that are
used are left out; of the others N are drawn by the seed and kept in their order.

Why hard: features are correlated and rounded, classes overlap, and nobody planted a network.
Sources: iris (Fisher 1936), wine (Aeberhard & Forina 1991) and breast cancer (Wolberg et al. 1995)
from the UCI Machine Learning Repository, CC BY 4.0; diabetes from Efron, Hastie, Johnstone &
Tibshirani, "Least angle regression" (2004); all as bundled with scikit-learn (BSD licence), which
is needed to generate an instance but not to load one of the library in a checkout.
"""

from __future__ import annotations

import importlib.util

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import BadInput
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option

SETS = ("iris", "wine", "breast_cancer", "diabetes")
Floats = NDArray[np.float64]


def generate(seed: int, dataset: str, N: int, inputs: int, bound: float, skip: bool) -> Instance:
    """N rows of a data set and its first inputs (0: all of them)."""
    at_least(N=(N, 1), inputs=(inputs, 0))
    if dataset not in SETS:
        raise BadInput(f"parameter dataset={dataset}: one of {', '.join(SETS)}")
    Z, y = _load(dataset)
    if inputs > Z.shape[1]:
        raise BadInput(f"parameter inputs={inputs}: {dataset} has {Z.shape[1]}")
    low, high = Z.min(axis=0), Z.max(axis=0)
    X = np.round(1024 * (2 * (Z - low) / (high - low) - 1)) / 1024
    X = X[:, : inputs or None]
    first = np.sort(np.unique(X, axis=0, return_index=True)[1])
    if len(first) < N:
        raise BadInput(f"parameter N={N}: {dataset} has {len(first)} rows with distinct inputs")
    rows = first[np.sort(np.random.default_rng(seed).permutation(len(first))[:N])]
    kind = (f"_i{inputs}" if inputs else "") + ("_skip" if skip else "")
    name = f"{dataset}_n{N}{kind}_s{seed}"
    return Instance(X=X[rows], y=y[rows], bound=bound, skip=skip, name=name)


def _load(dataset: str) -> tuple[Floats, Floats]:
    from sklearn import datasets

    options = {"scaled": False} if dataset == "diabetes" else {}
    Z, y = getattr(datasets, f"load_{dataset}")(return_X_y=True, **options)
    return Z, y.astype(float)


def missing() -> str | None:
    """Why it cannot generate here."""
    if importlib.util.find_spec("sklearn") is None:
        return "scikit-learn is not installed: pip install 'milpsparse[data]'"
    return None


FAMILY = Family(
    summary="subsamples of iris, wine, breast_cancer and diabetes of scikit-learn, rounded",
    generate=generate,
    params={
        "dataset": Option("iris", ", ".join(SETS)),
        "N": Option(20, "number of points"),
        "inputs": Option(0, "the first so many inputs; 0 for all"),
        "bound": Option(1024.0, "bound B on every path parameter"),
        "skip": Option(False, "with a skip connection"),
    },
    missing=missing,
    tags=("real",),
    library=(
        Member(0, {"N": 10}),
        Member(0),
        Member(0, {"N": 20, "inputs": 2}),
        Member(0, {"N": 20, "skip": True}),
        Member(0, {"N": 50}),
        Member(0, {"N": 120}),
        Member(0, {"dataset": "wine"}),
        Member(0, {"dataset": "wine", "N": 50}),
        Member(0, {"dataset": "wine", "N": 12, "inputs": 3}),
        Member(0, {"dataset": "breast_cancer"}),
        Member(0, {"dataset": "breast_cancer", "N": 100}),
        Member(0, {"dataset": "breast_cancer", "N": 15, "inputs": 2}),
        Member(0, {"dataset": "diabetes", "N": 10}),
        Member(0, {"dataset": "diabetes", "N": 12, "inputs": 3}),
        Member(0, {"dataset": "diabetes", "N": 50}),
    ),
)
