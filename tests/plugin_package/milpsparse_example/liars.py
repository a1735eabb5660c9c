"""Solvers that misbehave, each in one way; what is not the lie comes from HiGHS."""

import os
import signal
import time
from dataclasses import replace

from milpsparse.answer import Termination
from milpsparse.method import Limits, Outcome
from milpsparse.solvers.highs import SOLVER as HIGHS


def _variables(problem):
    import pyomo.environ as pyo

    return list(problem.component_data_objects(pyo.Var))


def _set(problem, value):
    for variable in _variables(problem):
        variable.set_value(value, skip_validation=True)


def infeasible_network(problem, limits, mip_start):
    """Claims the true optimum, with a point that has nothing to do with it."""
    outcome = HIGHS.solve(problem, limits, mip_start)
    _set(problem, 1.0)
    return outcome


def fractional_binaries(problem, limits, mip_start):
    """Solves the relaxation and takes it for the problem."""
    import pyomo.environ as pyo

    pyo.TransformationFactory("core.relax_integer_vars").apply_to(problem)
    return HIGHS.solve(problem, limits, mip_start)


def wrong_objective(problem, limits, mip_start):
    """Claims a better value than its point has."""
    outcome = HIGHS.solve(problem, limits, mip_start)
    value = outcome.primal_bound - 1.0
    return replace(outcome, primal_bound=value, dual_bound=value)


def zeros_at_a_limit(problem, limits, mip_start):
    """Stops at its limit and takes the zeros in its memory for a point."""
    _set(problem, 0.0)
    return Outcome(
        termination=Termination.TIME_LIMIT,
        has_solution=True,
        raw_status="time limit",
        primal_bound=0.0,
    )


def false_bound(problem, limits, mip_start):
    """Claims a lower bound above its own point."""
    outcome = HIGHS.solve(problem, limits, mip_start)
    bound = outcome.primal_bound + 1.0
    return replace(outcome, termination=Termination.TIME_LIMIT, dual_bound=bound)


def false_optimality(problem, limits, mip_start):
    """Takes its start, or any first point, for the optimum."""
    import pyomo.environ as pyo

    values = [variable.value for variable in _variables(problem)]
    outcome = HIGHS.solve(problem, limits, mip_start)
    if mip_start:
        for variable, value in zip(_variables(problem), values, strict=True):
            variable.set_value(value)
    (cost,) = problem.component_data_objects(pyo.Objective, active=True)
    value = pyo.value(cost)
    return replace(outcome, termination=Termination.OPTIMAL, primal_bound=value, dual_bound=value)


def false_infeasibility(problem, limits, mip_start):
    """Claims that there is no point."""
    return Outcome(termination=Termination.INFEASIBLE, has_solution=False, raw_status="infeasible")


def hangs(problem, limits, mip_start):
    """Never comes back."""
    time.sleep(3600)


def eats_memory(problem, limits, mip_start):
    """Takes memory without end, in children of other process groups; none is too large alone."""
    for _ in range(40):
        if (child := os.fork()) == 0:
            os.setsid()
            eaten = bytearray(b"x") * (100 * 2**20)
            time.sleep(3600)
            os._exit(len(eaten))
        print(child, flush=True)
    time.sleep(3600)


def crashes(problem, limits, mip_start):
    """Dies as a bug in C does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def prints(problem, limits, mip_start):
    """Prints what could be taken for an answer."""
    os.write(1, b'\x00\xff{"result": {"termination": "optimal"}}\n')
    print('{"result": null}', flush=True)
    return HIGHS.solve(problem, limits, mip_start)


def forks(problem, limits, mip_start):
    """Leaves a child behind, which holds the pipe and is in a process group of its own."""
    if (child := os.fork()) == 0:
        os.setsid()
        time.sleep(3600)
    print(child, flush=True)
    return HIGHS.solve(problem, Limits(time_limit_s=limits.left()), mip_start)


def _solver(solve):
    return replace(HIGHS, summary=solve.__doc__, frameworks=frozenset({"pyomo"}), solve=solve)


INFEASIBLE_NETWORK = _solver(infeasible_network)
FRACTIONAL_BINARIES = _solver(fractional_binaries)
WRONG_OBJECTIVE = _solver(wrong_objective)
ZEROS_AT_A_LIMIT = _solver(zeros_at_a_limit)
FALSE_BOUND = _solver(false_bound)
FALSE_OPTIMALITY = _solver(false_optimality)
FALSE_INFEASIBILITY = _solver(false_infeasibility)
HANGS = _solver(hangs)
EATS_MEMORY = _solver(eats_memory)
CRASHES = _solver(crashes)
PRINTS = _solver(prints)
FORKS = _solver(forks)
