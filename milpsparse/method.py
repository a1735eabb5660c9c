"""Methods: a model solved by a solver, or an algorithm. The protocols that plug-ins fill in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from milpsparse import clock, registry
from milpsparse.answer import Answer, Termination
from milpsparse.anytime import Trace
from milpsparse.errors import BadInput
from milpsparse.instance import Instance
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.turns import Turn

Options = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Neutral limits and options of one solve; None leaves a thing to the solver.

    `native` holds options by the solver's own names, which win over neutral ones. The clock starts
    when the object is made; it stands still while loops are compiled.
    """

    time_limit_s: float = 60.0
    memory_limit_mb: int | None = None
    threads: int = 1
    seed: int = 0
    rel_gap: float = 0.0
    abs_gap: float | None = None
    mip_start: bool = True
    presolve: bool | None = None
    log_file: str | None = None
    native: Mapping[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=clock.now)

    def spent(self) -> float:
        """Seconds since the clock started."""
        return clock.now() - self.started

    def left(self) -> float:
        """Seconds left, at least 0.01 (solvers read 0 as "no limit" or refuse it)."""
        return max(0.01, self.time_limit_s - self.spent())

    def part(self, time_limit_s: float, **changes: Any) -> Limits:
        """The same for a step of so many seconds, whose clock starts now."""
        return replace(self, time_limit_s=time_limit_s, started=clock.now(), **changes)


@dataclass(frozen=True)
class Option:
    """An option of a model or algorithm: its default (which gives the type) and one line of help.

    A default of None takes an integer. Truth is written true or false, or on or off.
    """

    default: Any
    help: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    def parse(self, name: str, text: str) -> Any:
        """The value that a text stands for, of the default's type."""
        kind = int if self.default is None else type(self.default)
        if self.choices and text not in self.choices:
            raise BadInput(f"option {name}={text}: takes one of {', '.join(self.choices)}")
        if kind is bool and text.lower() in ("true", "false", "on", "off"):
            return text.lower() in ("true", "on")
        try:
            if kind is bool:
                raise ValueError
            value = kind(text)
        except ValueError:
            what = {bool: "true or false", int: "an integer", float: "a number"}.get(kind, "text")
            raise BadInput(f"option {name}={text}: takes {what}") from None
        if self.low is not None and not value >= self.low:
            raise BadInput(f"option {name}={text}: at least {self.low:g}")
        if self.high is not None and not value <= self.high:
            raise BadInput(f"option {name}={text}: at most {self.high:g}")
        return value


# The neutral options that belong to a method, written model@solver[rel_gap=0.1]; the others
# (time_limit_s, memory_limit_mb, threads, seed, log_file) belong to the task.
SETTINGS = {
    "rel_gap": Option(0.0, "relative gap at which to stop", low=0),
    "abs_gap": Option(0.0, "absolute gap at which to stop", low=0),
    "mip_start": Option(True, "start from a known network"),
    "presolve": Option(True, "simplify the program first"),
}
NEUTRAL = ("time_limit_s", "memory_limit_mb", "threads", "seed", *SETTINGS, "log_file")

START = Option(
    "construction",
    "network that sizes and starts the model (of lp, multistart is reweighted l1); none: no start, "
    "sized by the construction if at all",
    choices=("construction", "multistart", "none"),
)


@dataclass(frozen=True, kw_only=True)
class Program:
    """An instance as an optimisation problem, with the way back.

    `decode()` reads the network from the variables' current values; `start(network)` sets those
    values from a network (a MIP start), with `decode` after `start` giving the same function.
    `dual_bound(value)` turns the solver's lower bound into one on the objective; `evidence` is
    "generic" where that holds for almost every label vector only. Where `relaxation` is true the
    problem's optimum is only a lower bound on the objective. `note` is told with the answer.
    """

    problem: Any
    decode: Callable[[], Network]
    start: Callable[[Network], None] | None = None
    dual_bound: Callable[[float], float | None] = float
    dual_scope: str = "within_bound"
    relaxation: bool = False
    evidence: str = "claimed"
    note: str = ""


def no_preparation() -> None:
    """Nothing has to be compiled."""


def takes_all(instance: Instance, objective: Objective, options: Options) -> str | None:
    """No instance is refused."""
    return None


def at_once(
    instance: Instance, objective: Objective, incumbent: Network, options: Options
) -> Iterator[Turn] | None:
    """One program is the whole question."""
    return None


@dataclass(frozen=True, kw_only=True)
class Model:
    """A formulation: MODEL in a file of models/. `refuses` gives a reason, or None.

    `build` gets a verified network that fits the bound, from which a model sizes itself; or, if it
    `needs_incumbent` not, None when the user wants no start. `needs` are the kinds of constraints
    beyond linear ones: "indicator", "sos1", "cones" (second-order). A model that takes several
    programs to answer gives their options by `turns`, smallest value first.
    """

    summary: str
    framework: str  # "pyomo" or "cvxpy"
    objectives: frozenset[str]
    build: Callable[..., Program]  # build(instance, objective, incumbent, **options)
    turns: Callable[[Instance, Objective, Network, Options], Iterator[Turn] | None] = at_once
    refuses: Callable[[Instance, Objective, Options], str | None] = takes_all
    needs_bound: bool = True
    needs: frozenset[str] = frozenset()
    needs_incumbent: bool = True
    options: Mapping[str, Option] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a solver said: why it stopped and whether it has a solution are separate facts.

    `compile_time_s` is what it took to hand the program to the solver, a part of building.
    `trace` is the anytime record, see milpsparse.anytime: of the problem's values, not the model's.
    """

    termination: Termination
    has_solution: bool
    raw_status: str
    primal_bound: float | None = None
    dual_bound: float | None = None
    node_count: int | None = None
    n_rows: int | None = None
    n_cols: int | None = None
    n_binaries: int | None = None
    n_nonzeros: int | None = None
    compile_time_s: float = field(default=0.0, compare=False)  # differs from run to run
    trace: Trace = field(default=(), compare=False)  # times differ from run to run


def no_native_option(name: str, text: str) -> Any:
    """No option passes through."""
    raise BadInput(f"takes no options of its own, such as {name}")


@dataclass(frozen=True, kw_only=True)
class Solver:
    """A backend: SOLVER in a file of solvers/. `missing` gives what would install it, or None.

    `solve(problem, limits, mip_start)` solves a problem of one of `frameworks` and leaves the
    solution, if any, in the problem's own variables; NotAvailable and Unsupported are its words
    for a problem that a licence or its nature keeps it from. `obeys` names the neutral options that
    it can do. `native(name, text)` reads an option of its own, or raises BadInput. `takes` are the
    kinds of constraints beyond linear ones that it knows (see `Model.needs`). `cannot` declares
    items of the conformance kit that it cannot pass, with the reason; see `milpsparse.testing`.
    """

    summary: str
    frameworks: frozenset[str]
    solve: Callable[[Any, Limits, bool], Outcome]
    version: Callable[[], str]
    takes: frozenset[str] = frozenset()
    missing: Callable[[], str | None] = lambda: None
    cannot: Mapping[str, str] = field(default_factory=dict)
    obeys: frozenset[str] = frozenset({"time_limit_s"})
    native: Callable[[str, str], Any] = no_native_option

    @property
    def ignores(self) -> list[str]:
        """The neutral options that it cannot do."""
        return [name for name in NEUTRAL if name not in self.obeys]


@dataclass(frozen=True, kw_only=True)
class Algorithm:
    """A method of its own: ALGORITHM in a file of algorithms/."""

    summary: str
    objectives: frozenset[str]
    run: Callable[..., Answer]  # run(instance, objective, limits, **options)
    prepare: Callable[[], None] = no_preparation  # compiles, before the harness's clock starts
    refuses: Callable[[Instance, Objective, Options], str | None] = takes_all
    needs_bound: bool = False
    options: Mapping[str, Option] = field(default_factory=dict)
    version: int = 1


def options_of(rule: Model | Algorithm) -> Mapping[str, Option]:
    """The options of a rule; integer programs have `start` besides their own."""
    starts = isinstance(rule, Model) and rule.framework == "pyomo"
    return {**rule.options, "start": START} if starts else rule.options


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method as the user named it: `name` is canonical, options are complete.

    `settings` are the options given to the solver, neutral and native ones by name.
    """

    name: str
    rule: Model | Algorithm
    rule_name: str
    solver_name: str | None
    options: Options
    settings: Options = field(default_factory=dict)

    @property
    def solver(self) -> Solver | None:
        """The backend, or None for an algorithm."""
        if self.solver_name is None:
            return None
        loaded: Solver = registry.load("solvers", self.solver_name)
        return loaded

    def limits(self, limits: Limits) -> Limits:
        """The limits with the settings of this method in them."""
        neutral = {name: value for name, value in self.settings.items() if name in SETTINGS}
        native = {name: value for name, value in self.settings.items() if name not in SETTINGS}
        return replace(limits, **neutral, native=native)

    def missing(self) -> str | None:
        """What would install the solver, or None."""
        return None if self.solver is None else absence(self.solver)

    def takes(self, objective: Objective) -> bool:
        """Whether the method ever takes this objective."""
        return objective.kind in self.rule.objectives

    def refusal(self, instance: Instance, objective: Objective, bound: str = "auto") -> str | None:
        """Why this method does not take this instance and objective or cannot run here, or None."""
        return self.declines(instance, objective, bound) or self.missing()

    def declines(self, instance: Instance, objective: Objective, bound: str = "auto") -> str | None:
        """Why this method never takes this instance and objective, or None."""
        if not self.takes(objective):
            return f"{self.name} takes {', '.join(sorted(self.rule.objectives))}, not {objective}"
        if self.rule.needs_bound and instance.bound is None and bound == "none":
            return f"{self.name} needs a finite bound B: give --bound B or --bound auto"
        if reason := self.rule.refuses(instance, objective, self.options):
            return f"{self.name}: {reason}"
        return None

    def versions(self) -> dict[str, str]:
        """Versions of all that decides what the method computes, for task keys."""
        solver = {} if self.solver is None else {"solver": version_of(self.solver)}
        return {"rule": str(self.rule.version), **solver}


def version_of(solver: Solver) -> str:
    """The solver's version, "missing" or "unknown": it never raises."""
    if absence(solver):
        return "missing"
    try:
        return solver.version()
    except Exception as error:
        return f"unknown ({type(error).__name__})"


def absence(solver: Solver) -> str | None:
    """Why a solver cannot run here, or None; failing to say it is a reason, too."""
    try:
        return solver.missing()
    except Exception as error:
        return f"missing() fails: {type(error).__name__}: {error}"
