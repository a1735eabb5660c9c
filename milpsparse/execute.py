"""Running a method on an instance: bound, incumbent, build, solve, decode, polish, answer."""

from __future__ import annotations

import math
import time
from dataclasses import replace

from milpsparse.answer import Answer, Termination
from milpsparse.anytime import Recorder, Trace
from milpsparse.construct import best_construction
from milpsparse.errors import Unsupported
from milpsparse.instance import Instance
from milpsparse.judge import TOLERANCE, gap, rounded
from milpsparse.method import Algorithm, Limits, Method, Model, Outcome, Program, Solver
from milpsparse.naming import parse_method
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.refit import polish
from milpsparse.turns import solve_in_turn


def execute(
    method: Method, instance: Instance, objective: Objective, limits: Limits, bound: str = "auto"
) -> Answer:
    """The method's answer.

    `bound` says what to do where the instance has no bound and the method needs one: "auto" takes
    twice the largest entry of the best construction (as `bound_used`); "none" refuses.

    Raises
    ------
    Unsupported
        The method does not take this instance or objective; the message says why.
    """
    if reason := method.refusal(instance, objective, bound):
        raise Unsupported(reason)
    if method.rule.needs_bound and instance.bound is None:
        instance = with_bound(instance, best_construction(instance, objective))
    if isinstance(method.rule, Algorithm):
        answer = method.rule.run(instance, objective, limits, **method.options)
    else:
        answer = solve_model(method, instance, objective, limits)
    used = instance.bound if answer.bound_used is None else answer.bound_used
    return answer.with_(bound_used=used)


def heuristic(
    name: str,
    instance: Instance,
    objective: Objective,
    limits: Limits,
    share: float,
    seed: int | None = None,
) -> Network | None:
    """What a method finds in a share of the time left, if it is exact and fits the bound."""
    part = limits.part(share * limits.left(), seed=limits.seed if seed is None else seed)
    try:
        network = execute(parse_method(name), instance, objective, part).network
    except Unsupported:
        return None
    return network if network is not None and is_exact(instance, network) else None


def is_exact(instance: Instance, network: Network) -> bool:
    """Whether a network has exact entries, and they are within the bound."""
    if network.exact is None:
        return False
    return instance.bound_exact is None or bool(network.exact.largest <= instance.bound_exact)


def with_bound(instance: Instance, network: Network) -> Instance:
    """The instance with the automatic bound 2 max|u| of a verified network."""
    return instance.replace(
        bound=2.0 * float(network.best.largest) or 1.0, count_bias=instance.count_bias
    )


def solve_model(
    method: Method,
    instance: Instance,
    objective: Objective,
    limits: Limits,
    incumbent: Network | None = None,
) -> Answer:
    """Build the model around an incumbent, solve it, and polish the network it returns."""
    rule, solver = method.rule, method.solver
    if not isinstance(rule, Model) or solver is None:
        raise TypeError(f"{method.name} is no model with a solver")
    if incumbent is None:
        incumbent = starting_network(method, instance, objective, limits)
    turns = None
    if incumbent is not None:
        turns = rule.turns(instance, objective, incumbent, method.options)
    if incumbent is None or turns is None:
        return _solve_program(method, solver, instance, objective, limits, incumbent)
    return solve_in_turn(
        turns,
        lambda options: _solve_program(
            replace(method, options=options), solver, instance, objective, limits, incumbent
        ),
        incumbent,
        str(objective),
        lambda network: instance.value(network, objective),
    ).with_(trace=())  # that of one program is none of all


def _solve_program(
    method: Method,
    solver: Solver,
    instance: Instance,
    objective: Objective,
    limits: Limits,
    incumbent: Network | None,
) -> Answer:
    """The answer of one program, with its network polished."""
    begun = time.monotonic()
    limits = method.limits(limits)
    program = state(method, instance, objective, incumbent)
    built = time.monotonic()
    wanted = limits.mip_start and method.options.get("start") != "none"
    started = program.start is not None and wanted
    outcome = solver.solve(program.problem, limits, started)
    solved = time.monotonic()
    network = None
    if outcome.has_solution:
        network = polish(instance, program.decode(), objective)
    answer = _answer(method, instance, objective, program, outcome, network, solver.version())
    return answer.with_(
        build_time_s=built - begun + outcome.compile_time_s,
        solve_time_s=solved - built - outcome.compile_time_s,
        trace=_trace(program, outcome, answer, limits.spent()),
    )


def starting_network(
    method: Method, instance: Instance, objective: Objective, limits: Limits
) -> Network | None:
    """The network that a model sizes itself by and starts from, as its option `start` says."""
    start, found = method.options.get("start"), None
    if start == "none" and isinstance(method.rule, Model) and not method.rule.needs_incumbent:
        return None
    if start == "multistart":
        name = "reweighted_l1" if objective.kind == "lp" else "multistart"
        found = heuristic(name, instance, objective, limits, share=0.2)
    return found or best_construction(instance, objective)


def state(
    method: Method, instance: Instance, objective: Objective, incumbent: Network | None
) -> Program:
    """The model's program, with an incumbent's values where it has them and can hold them.

    A model is many small objects that live on: Python's search for dead ones, which would take
    most of the time, is off meanwhile.
    """
    from pyomo.common.gc_manager import PauseGC

    options = {name: value for name, value in method.options.items() if name != "start"}
    with PauseGC():
        program: Program = method.rule.build(instance, objective, incumbent, **options)  # type: ignore[union-attr]
        if program.start is not None and incumbent is not None:
            _try_start(program, incumbent)
    return program


def _try_start(program: Program, incumbent: Network) -> None:
    """Give the incumbent as a MIP start where the program can represent it."""
    assert program.start is not None
    try:
        program.start(incumbent)
    except Unsupported:
        return  # fewer slots or patterns than it needs, on the user's wish: no start then


def _answer(
    method: Method,
    instance: Instance,
    objective: Objective,
    program: Program,
    outcome: Outcome,
    network: Network | None,
    version: str,
) -> Answer:
    """What the method claims: the solver's value, or the polished network's if better."""
    primal = None
    if network is not None:
        primal = instance.value(network, objective)
        if not program.relaxation and outcome.primal_bound is not None:
            primal = better_of(outcome.primal_bound, primal, objective)
    dual, generic = _claimed_dual(program, outcome), None
    if program.evidence == "generic":
        dual, generic = _nothing(outcome), dual
    return Answer(
        objective=str(objective),
        termination=_termination(outcome, objective, primal, dual),
        network=network,
        claimed_primal_bound=primal,
        claimed_dual_bound=dual,
        claimed_generic_bound=generic,
        dual_bound_scope=program.dual_scope,
        raw_status=outcome.raw_status,
        model=method.rule_name,
        solver=method.solver_name,
        solver_version=version,
        node_count=outcome.node_count,
        n_rows=outcome.n_rows,
        n_cols=outcome.n_cols,
        n_binaries=outcome.n_binaries,
        n_nonzeros=outcome.n_nonzeros,
        stats={"note": program.note} if program.note else {},
    )


def better_of(said: float, worth: float, objective: Objective) -> float:
    """The value to claim for a solver's point, by what it says and what the network is worth.

    Polishing may only help; a solver that says less than its point is worth is heard.
    """
    if objective.counts and abs(said - round(said)) <= 1e-6:
        said = float(round(said))
    close = not objective.counts and abs(said - worth) <= TOLERANCE * max(1.0, abs(worth))
    return worth if close else min(said, worth)


def _trace(program: Program, outcome: Outcome, answer: Answer, time_s: float) -> Trace:
    """The solver's anytime record as bounds on the objective, which ends with the answer's."""
    record = Recorder(math.inf)
    for at, primal, dual in outcome.trace:
        lower = None
        if dual is not None and program.evidence != "generic":
            lower = program.dual_bound(dual)
        record.note(at, None if program.relaxation else primal, lower)
    if not outcome.trace:
        return ()
    return record.closed(time_s, answer.claimed_primal_bound, answer.claimed_dual_bound)


def _nothing(outcome: Outcome) -> float | None:
    """The lower bound of a program that leaves networks out: none, though it be infeasible."""
    return 0.0 if outcome.termination == Termination.INFEASIBLE else None


def _claimed_dual(program: Program, outcome: Outcome) -> float | None:
    """The solver's lower bound as one on the objective; "infeasible" is the bound infinity."""
    value = outcome.dual_bound
    if outcome.termination == Termination.INFEASIBLE:
        value = math.inf
    bound = None if value is None else program.dual_bound(value)
    return bound if bound is not None and math.isfinite(bound) else _nothing(outcome)


def _termination(
    outcome: Outcome, objective: Objective, primal: float | None, dual: float | None
) -> Termination:
    if primal is not None and dual is not None:
        lower = rounded(dual, objective)
        if primal <= lower or gap(primal, lower) <= TOLERANCE:
            return Termination.OPTIMAL
    if outcome.termination == Termination.OPTIMAL:
        return Termination.FEASIBLE
    return outcome.termination
