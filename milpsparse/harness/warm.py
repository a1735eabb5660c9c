"""Imported by the server that tasks are forked from: libraries and compiled loops are there.

A task would spend half a second on loading them, as much as a short solve. No solver runs here, for
a process with threads must not be forked.
"""

from __future__ import annotations

import contextlib

import cvxpy  # noqa: F401
import flint  # noqa: F401
import highspy  # noqa: F401
import numba  # noqa: F401
import pyomo.environ  # noqa: F401

from milpsparse import registry
from milpsparse.family import generate
from milpsparse.formulation import formulate
from milpsparse.harness import worker  # noqa: F401
from milpsparse.objective import Objective

with contextlib.suppress(Exception):  # what fails here fails again in a task, which says so
    registry.load("algorithms", "multistart").prepare()
    formulate("neuron_big_m", generate("planted", 0, N=4, d=1, K=1), Objective("neurons"))

registry.entries.cache_clear()  # a task looks for the plug-ins of its own caller
