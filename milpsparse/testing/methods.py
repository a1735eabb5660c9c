"""What the kit asks of models and algorithms: true answers on tiny instances."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from milpsparse import checker
from milpsparse.answer import Answer
from milpsparse.construct import best_construction
from milpsparse.errors import NotAvailable
from milpsparse.execute import execute
from milpsparse.instance import Instance
from milpsparse.judge import TOLERANCE, rounded
from milpsparse.method import Algorithm, Limits, Method, Model, Option, options_of
from milpsparse.naming import parse_method
from milpsparse.objective import KINDS, Objective, parse_objective
from milpsparse.testing.cases import Case, cases
from milpsparse.testing.kit import Question, Skipped, is_text, require
from milpsparse.testing.tasks import method_row

LIMIT_S, SHORT_S, GRACE_S = 8.0, 1.0, 5.0


def declares(name: str, rule: Model | Algorithm) -> None:
    """The fields are what they should be."""
    require(is_text(rule.summary), "its summary is no text")
    strange = set(rule.objectives) - set(KINDS)
    require(bool(rule.objectives), "it takes no objective")
    require(not strange, f"it takes unknown objectives: {', '.join(sorted(strange))}")
    options = options_of(rule).items()
    wrong = [key for key, option in options if not isinstance(option, Option)]
    require(not wrong, f"options that are no Option: {', '.join(wrong)}")
    if isinstance(rule, Model):
        frameworks = ("pyomo", "cvxpy")
        require(rule.framework in frameworks, f"framework {rule.framework!r}: one of {frameworks}")
    for case in cases():
        for objective in _objectives(rule):
            said = rule.refuses(case.instance, objective, _defaults(rule))
            require(said is None or is_text(said), f"refuses() gives {said!r}: None or a reason")


def start(name: str, model: Model) -> None:
    """decode() after start(network) gives the network's function back."""
    asked = 0
    for case, objective in _taken(model):
        network = best_construction(case.instance, objective)
        if model.turns(case.instance, objective, network, _given(model)) is not None:
            continue  # programs for smaller networks, one after another
        program = model.build(case.instance, objective, network, **_given(model))
        if program.start is None:
            continue
        asked += 1
        program.start(network)
        X = _around(case.instance)
        off = float(abs(program.decode()(X) - network(X)).max())
        said = f"{case.instance.name}, {objective}: the decoded start is off by {off:.3g}"
        require(off <= TOLERANCE, said)
    if not asked:
        raise Skipped("its programs take no start")


def answers(name: str, rule: Model | Algorithm) -> None:
    """Answers on tiny instances are true, and no bound is beyond the known optimum."""
    method = _method(name)
    for case, objective in _taken(rule):
        _true_answer(method, case, objective)


def seed(name: str, rule: Model | Algorithm) -> None:
    """The same seed gives the same network and bounds."""
    method = _method(name)
    for case, objective in _taken(rule):
        if case.instance.name not in ("tent", "hinge"):
            continue
        first, second = (_true_answer(method, case, objective, seed=3) for _ in range(2))
        said = f"{case.instance.name}, {objective}: two answers of one seed"
        require(_said(first) == _said(second), said)


def time_limit(name: str, rule: Model | Algorithm) -> None:
    """A limit on a larger instance is kept, and what is claimed there is true."""
    method, instance = _method(name), _larger()
    for objective in _objectives(rule):
        if method.refusal(instance, objective) is not None:
            continue
        begun = time.monotonic()
        limits = Limits(time_limit_s=SHORT_S)
        answer = execute(method, instance, objective, limits)
        spent = time.monotonic() - begun
        require(spent <= SHORT_S + GRACE_S, f"{objective}: {spent:.1f} s of a limit of {SHORT_S:g}")
        verdict = checker.check(instance, answer)
        require(not verdict.failed, f"{objective}: {verdict.verdict}: {verdict.fail_reason}")


def row(name: str, rule: Model | Algorithm) -> None:
    """A task of the harness, in its own process, gives a row of the schema that holds."""
    found = method_row(_method(name), str(_objectives(rule)[0]))
    word, why = found["verdict"], found["fail_reason"]
    require(not word.startswith("fail"), f"{word}: {why}")
    require(found["termination"] != "not_available", f"not available: {why}")


def _true_answer(method: Method, case: Case, objective: Objective, seed: int = 0) -> Answer:
    what = f"{case.instance.name}, {objective}"
    limits = Limits(time_limit_s=LIMIT_S, seed=seed)
    answer = execute(method, case.instance, objective, limits)
    require(isinstance(answer, Answer), f"{what}: gives a {type(answer).__name__}, no Answer")
    require(answer.objective == str(objective), f"{what}: an answer for {answer.objective}")
    verdict = checker.check(case.instance, answer)
    require(not verdict.failed, f"{what}: {verdict.verdict}: {verdict.fail_reason}")
    known, claim = case.optima.get(str(objective)), answer.claimed_dual_bound
    if known is not None and claim is not None:
        said = f"{what}: claims the lower bound {claim:g}; the optimum is {known:g}"
        require(rounded(claim, objective) <= known + TOLERANCE * max(1.0, known), said)
    if known is not None and verdict.primal_bound is not None and verdict.exact:
        said = f"{what}: a network of {verdict.primal_bound:g}; the optimum is {known:g}"
        require(verdict.primal_bound >= known - TOLERANCE * max(1.0, known), said)
    return answer


def _said(answer: Answer) -> Any:
    network = None if answer.network is None else answer.network.to_json()
    return network, answer.claimed_primal_bound, answer.claimed_dual_bound, answer.termination


def _method(name: str) -> Method:
    """The method of this name; a model is solved by the first solver that is there."""
    try:
        return parse_method(name)
    except NotAvailable as error:
        raise Skipped(str(error)) from None


def _taken(rule: Model | Algorithm) -> Iterator[tuple[Case, Objective]]:
    """The tiny instances and objectives that it takes."""
    taken = [
        (case, objective)
        for case in cases()
        for objective in _objectives(rule)
        if rule.refuses(case.instance, objective, _defaults(rule)) is None
    ]
    if not taken:
        raise Skipped("it refuses all of the kit's instances")
    yield from taken


def _objectives(rule: Model | Algorithm) -> list[Objective]:
    kinds = [kind for kind in KINDS if kind in rule.objectives]
    return [parse_objective("lp:0.5" if kind == "lp" else kind) for kind in kinds]


def _defaults(rule: Model | Algorithm) -> dict[str, Any]:
    return {name: option.default for name, option in options_of(rule).items()}


def _given(model: Model) -> dict[str, Any]:
    """The options that build() gets: `start` is not one of them."""
    return {name: option.default for name, option in model.options.items()}


def _around(instance: Instance) -> Any:
    """The points, and some between and beyond them."""
    draw = random.Random(0)
    spots = [[draw.uniform(-3, 3) for _ in range(instance.n_features)] for _ in range(50)]
    return np.vstack([instance.X, spots])


def _larger() -> Instance:
    """Random points in two dimensions: too many for a proof in a second, few enough to build."""
    rng = np.random.default_rng(11)
    X, y = rng.integers(-512, 513, (20, 2)) / 512, rng.integers(-64, 65, 20) / 64
    return Instance(X=X, y=y, bound=64.0, name="larger")


_COMMON = (
    Question("answers", "answers on tiny instances are true", answers),
    Question("seed", "the same seed gives the same answer", seed),
    Question("time_limit", "a time limit is kept within 5 s", time_limit),
    Question("row", "a task gives a row that holds", row, outside=True),
)
_DECLARES = Question("declares", "its fields are what they should be", declares)
_START = Question("start", "decode after start is the identity", start)
MODEL = (_DECLARES, _START, *_COMMON)
ALGORITHM = (_DECLARES, *_COMMON)
