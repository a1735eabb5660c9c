"""Peak and plateau: the paper's one-input experiment, six points that three neurons fit.

x = -2, ..., 3 and y = 0, 0, 1, 1, 0, 0. The curvatures 1, -1, -1, 1 make runs of one, two and one
sign, so at least 1 + 1 + 1 knots; the peak relu(x + 1) - relu(2 x - 1) + relu(x - 2) has three.
Source: Nakhleh & Nowak (2025), univariate experiment.
"""

from __future__ import annotations

import numpy as np

from milpsparse.family import Family, Member
from milpsparse.instance import Instance


def generate(seed: int) -> Instance:
    """The one instance; the seed has no effect."""
    runs = {"evidence": "theorem", "source": "curvature runs; the peak has three knots"}
    return Instance(
        X=np.arange(-2.0, 4.0)[:, None],
        y=np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0]),
        bound=10.0,
        skip=True,
        name="peak_plateau",
        known=[
            {"objective": "neurons", "status": "opt", "value": 3, **runs},
            {"objective": "parameters", "status": "opt", "value": 3, **runs},
            {
                "objective": "l1",
                "status": "opt",
                "value": 4,
                "evidence": "theorem",
                "source": "total variation of the slope",
            },
        ],
    )


FAMILY = Family(
    summary="six points on a plateau; the sparsest function is a peak with three knots",
    generate=generate,
    tags=("paper",),
    library=(Member(),),
)
