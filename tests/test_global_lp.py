"""Global lp: rays, the search against an oracle and the theory of one input, its proofs."""

import itertools
import json
import math
import sys

import flint
import numpy as np
import pytest
from brute_force import tiny
from scipy.optimize import nnls

import milpsparse as ms
from milpsparse import cli
from milpsparse.errors import Unsupported
from milpsparse.family import generate
from milpsparse.instance import Instance
from milpsparse.lp_search import search
from milpsparse.proofs.boxes import Problem, _power, _secant, _weight
from milpsparse.proofs.verify import ProofError, verify_lines
from milpsparse.rational import rationals
from milpsparse.rays import count_bound, rays_of
from milpsparse.theory.points import points_of
from milpsparse.theory.univariate import least_cost


def partitions(items):
    if not items:
        yield []
        return
    first, *rest = items
    for groups in partitions(rest):
        yield [[first], *groups]
        for k, group in enumerate(groups):
            yield [*groups[:k], [first, *group], *groups[k + 1 :]]


def least_by_bases(instance, p):
    """The least lp norm: a minimiser is a vertex, made from at most N independent rays.

    Tries every N rays with all merges of those of one sign. Merging across activation patterns
    would change the function; it is allowed only where no point tells the rays apart.
    """
    xb = np.column_stack([instance.X, np.ones(instance.n_samples)])
    N, D = xb.shape
    planes = np.vstack([xb, np.eye(D)])
    rays = []
    for chosen in itertools.combinations(range(len(planes)), D - 1):
        _, sizes, vt = np.linalg.svd(planes[list(chosen)])
        if sizes.min(initial=1.0) > 1e-9:
            rays += [vt[-1], -vt[-1]]
    rays = np.array(rays)
    rays[abs(rays) < 1e-12] = 0
    rays = np.unique(np.round(rays, 12), axis=0)
    values = rays @ xb.T
    values[abs(values) < 1e-10] = 0
    outputs = np.maximum(values, 0)
    live = outputs.any(axis=1)
    rays, values, outputs = rays[live], values[live], outputs[live]
    best = math.inf
    for basis in itertools.combinations(range(len(rays)), N):
        H = outputs[list(basis)].T
        if np.linalg.matrix_rank(H, 1e-9) < N:
            continue
        factors = np.linalg.solve(H, instance.y)
        cost = 0.0
        for sign in (1, -1):
            used = [k for k in range(N) if sign * factors[k] > 1e-9]
            cheapest = math.inf
            for groups in partitions(used):
                total = 0.0
                for group in groups:
                    side = values[[basis[k] for k in group]]
                    if ((side > 0).any(axis=0) & (side < 0).any(axis=0)).any():
                        break
                    u = sum(abs(factors[k]) * rays[basis[k]] for k in group)
                    total += (abs(u)[abs(u) > 1e-9] ** p).sum()
                else:
                    cheapest = min(cheapest, total)
            cost += cheapest
        best = min(best, cost)
    return best


def solved(instance, p, **limits):
    return ms.solve(instance, f"lp:{p}", "global_lp", **{"time_limit_s": 60, **limits})


@pytest.mark.parametrize(
    ("N", "d", "skip", "general"),
    [
        (4, 1, False, True),
        (5, 2, False, True),
        (4, 3, False, True),
        (4, 2, True, True),
        (5, 2, False, False),
    ],
)
def test_every_neuron_is_a_sum_of_rays_of_its_pattern_and_orthant(N, d, skip, general):
    instance = generate("uniform", 1, N=N, d=d) if general else tiny(N, d, 3)
    rays, unit = rays_of(instance.X_exact, skip)
    assert len(rays.u) <= count_bound(N, d)
    if general:
        assert len(rays.u) == count_bound(N, d)
    u = rays.u.astype(float)
    u /= abs(u).max(axis=1)[:, None]
    xb = np.column_stack([instance.X, np.ones(N)])
    exact = np.maximum(rays.u.astype(float) @ xb.T, 0)
    assert np.allclose(rays.outputs.astype(float) / unit, exact, rtol=1e-9, atol=1e-9 * exact.max())
    exact_points = np.column_stack([instance.X_exact, rationals(np.ones(N))])
    sides = np.sign((rays.u @ exact_points.T).astype(float))
    dead = ~(sides > 0).any(axis=1)  # no columns: without them a neuron gives the same for less
    rng = np.random.default_rng(0)
    for g in rng.normal(size=(200, d + 1)):
        on = xb @ g > 0
        block = np.flatnonzero((rays.patterns == on).all(axis=1))
        if len(block) == 0:
            assert not on.any() or (skip and on.all())
            continue
        columns = rays.ray[rays.block == block[0]]
        assert not dead[columns].any()
        inside = np.where(on, sides >= 0, sides <= 0).all(axis=1)
        assert set(columns) == set(np.flatnonzero(inside & ~dead))
        own = u[inside]
        own = own[(own * g >= 0).all(axis=1)]
        assert nnls(own.T, g)[1] < 1e-9 * abs(g).max()


@pytest.mark.parametrize(("N", "d", "seed"), [(3, 1, 0), (4, 1, 1), (3, 2, 0), (3, 2, 1)])
@pytest.mark.parametrize("p", [0.3, 0.7])
def test_the_optimum_is_that_of_all_bases_of_rays(N, d, seed, p):
    instance = generate("uniform", seed, N=N, d=d)
    answer = solved(instance, p)
    assert answer.termination == "optimal"
    assert answer.evidence == "proof"
    assert answer.verdict.dual_bound_scope == "all"
    assert answer.primal_bound == pytest.approx(least_by_bases(instance, p), rel=1e-6)


def test_data_on_a_grid_with_ties_have_the_optimum_of_all_bases():
    instance = tiny(4, 1, 5, bound=None)
    answer = solved(instance, 0.5)
    assert answer.primal_bound == pytest.approx(least_by_bases(instance, 0.5), rel=1e-6)
    assert answer.verdict.proved


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_with_a_skip_connection_one_input_agrees_with_its_theory(p):
    for name in ("peak_plateau", "convex_run_0p1_1_1_0p1"):
        instance = ms.load(name)
        answer = solved(instance, p)
        assert answer.primal_bound == pytest.approx(least_cost(points_of(instance), p).value)
        assert answer.termination == "optimal"
        if answer.evidence == "theorem":  # it is as good; the proof holds, too
            claim = verify_lines(answer.answer.proof, instance)
            assert float(claim.at_least) == pytest.approx(answer.primal_bound, rel=1e-6)


def test_with_biases_uncounted_constants_are_free_and_the_value_is_no_more():
    instance = generate("uniform", 2, N=4, d=1)
    free = instance.replace(count_bias=False)
    counted, uncounted = solved(instance, 0.5), solved(free, 0.5)
    assert uncounted.termination == counted.termination == "optimal"
    assert uncounted.primal_bound < counted.primal_bound
    constant = instance.replace(y=np.full(4, 2.5), count_bias=False)
    assert solved(constant, 0.5).primal_bound == 0


def test_values_scale_with_the_labels_and_repeated_points_change_nothing():
    instance = generate("uniform", 0, N=3, d=2)
    value = solved(instance, 0.5).primal_bound
    scaled = instance.replace(y=1e6 * instance.y, bound=None)
    assert solved(scaled, 0.5).primal_bound == pytest.approx(1e3 * value, rel=1e-6)
    twice = Instance(X=np.vstack([instance.X, instance.X[:1]]), y=[*instance.y, instance.y[0]])
    answer = solved(twice, 0.5)
    assert answer.primal_bound == pytest.approx(value, rel=1e-6)
    assert answer.verdict.proved


def test_out_of_time_it_proves_the_bound_it_has():
    instance = generate("uniform", 1, N=5, d=2)
    answer = solved(instance, 0.7, time_limit_s=0.5)
    assert answer.termination in ("feasible", "time_limit")
    assert answer.evidence == "proof"
    assert 0 < answer.dual_bound < answer.primal_bound
    times = [entry[0] for entry in answer.answer.trace]
    lows = [entry[2] for entry in answer.answer.trace]
    assert times == sorted(times)
    assert lows[-1] == pytest.approx(answer.dual_bound)


def test_with_few_open_boxes_the_search_dives_to_the_same_optimum(monkeypatch):
    monkeypatch.setattr(search, "MOST_OPEN", 5)
    instance = generate("uniform", 0, N=3, d=2)
    answer = solved(instance, 0.5)
    assert answer.verdict.proved
    assert answer.primal_bound == pytest.approx(least_by_bases(instance, 0.5), rel=1e-6)


def test_a_tree_too_large_for_a_proof_proves_a_lower_bound(monkeypatch):
    instance = generate("uniform", 0, N=4, d=2)
    whole = solved(instance, 0.5)
    monkeypatch.setattr(search, "MOST_PROVED", 100)
    part = solved(instance, 0.5)
    assert len(part.answer.proof) <= 101 < len(whole.answer.proof)
    assert part.evidence == "proof"
    assert 0 < part.dual_bound < whole.dual_bound
    assert part.termination == "feasible"


def test_a_network_beyond_the_bound_is_no_value_of_the_instance():
    instance = generate("uniform", 0, N=3, d=2)
    free = solved(instance.replace(bound=None), 0.5)
    small = solved(instance.replace(bound=float(free.network.largest) / 2), 0.5)
    assert small.primal_bound is None
    assert small.network is not None
    assert small.dual_bound == pytest.approx(free.dual_bound)
    assert not small.verdict.failed


def test_too_many_patterns_or_rays_are_refused_with_their_number():
    with pytest.raises(Unsupported, match="1,562 activation patterns"):
        solved(generate("uniform", 0, N=40, d=2), 0.5)
    with pytest.raises(Unsupported, match="rays of neurons"):
        solved(generate("uniform", 0, N=7, d=6), 0.5)


def test_auto_takes_it_for_tiny_data_in_several_inputs():
    answer = ms.solve(generate("uniform", 0, N=3, d=2), "lp:0.5", time_limit_s=20)
    assert answer.verdict.proved
    assert answer.answer.stats["steps"] == ["global_lp"]
    larger = ms.solve(generate("uniform", 0, N=9, d=2), "lp:0.5", time_limit_s=20)
    [step] = larger.answer.stats["steps"]
    assert step.startswith("reweighted_l1")


# --- proofs -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def proof():
    instance = generate("uniform", 0, N=3, d=2)
    lines = solved(instance, 0.5).answer.proof
    return instance, [json.loads(line) for line in lines]


def checked(objects, instance=None):
    return verify_lines([json.dumps(o) for o in objects], instance)


def test_a_proof_holds_says_what_it_is_about_and_is_all_needed(proof):
    instance, objects = proof
    claim = checked(objects, instance)
    assert (claim.kind, claim.objective, claim.bound) == ("boxes", "lp:0.5", None)
    assert claim.scope == "all"
    assert claim.n_nodes == len(objects) - 1 == 2 * claim.n_leaves - 1
    with pytest.raises(ProofError, match="ends inside the tree"):
        checked(objects[:-1])
    with pytest.raises(ProofError, match="nothing follows"):
        checked([*objects, objects[-1]])


def lie(objects, at, **changes):
    return [*objects[:at], {**objects[at], **changes}, *objects[at + 1 :]]


def test_lies_about_the_claim_are_caught(proof):
    _, objects = proof
    value = objects[0]["at_least"]
    for wrong in (value * (1 + 1e-5), value * 2):
        with pytest.raises(ProofError):
            checked(lie(objects, 0, at_least=wrong))
    for wrong in (0, -1.0, math.inf, 10**400, 2**53 + 1):  # the last two are no doubles
        with pytest.raises(ProofError, match="positive"):
            checked(lie(objects, 0, at_least=wrong))
    with pytest.raises(ProofError, match="type"):
        checked(lie(objects, 0, at_least="1"))
    for wrong in ("lp:0.4", "lp:.5", "l1", "neurons", "lp:2", "lp:0.55"):
        with pytest.raises(ProofError):
            checked(lie(objects, 0, objective=wrong))
    with pytest.raises(ProofError, match="bound is null"):
        checked(lie(objects, 0, bound=10.0))
    with pytest.raises(ProofError, match="wrong type"):
        checked(lie(objects, 0, kind="tree", objective="neurons"))
    other = [["0.5", *row[1:]] if at == 0 else row for at, row in enumerate(objects[0]["X"])]
    with pytest.raises(ProofError):
        checked(lie(objects, 0, X=other, data=None))
    with pytest.raises(ProofError, match="another instance"):
        checked(objects, generate("uniform", 1, N=3, d=2))


def test_lies_in_nodes_are_caught(proof):
    _, objects = proof
    leaves = [at for at, node in enumerate(objects) if at and "split" not in node][:25]
    caught = 0
    for at in leaves:
        rounds = json.loads(json.dumps(objects[at]["rounds"]))
        if not rounds:
            continue
        rounds[-1][0] = [-2 * m for m in rounds[-1][0]]
        try:
            checked(lie(objects, at, rounds=rounds))
        except ProofError:
            caught += 1
    assert caught > 0.8 * len(leaves)  # a few are refuted by an earlier round
    split = next(at for at, node in enumerate(objects) if at and "split" in node)
    b, j, value = objects[split]["split"]
    for wrong in ([b, j], [b, j, 0.0], [b, 99, value], [-1, j, value], [b, j, None], [b, j, -1.0]):
        with pytest.raises(ProofError):
            checked(lie(objects, split, split=wrong))
    with pytest.raises(ProofError):  # the halves were those of another value
        checked(lie(objects, split, split=[b, j, value * 4]))
    for wrong in ([[[1.0], []]], [[objects[1]["rounds"][0][0], [1.0]]], [[[math.nan] * 3, []]], 7):
        with pytest.raises(ProofError):
            checked(lie(objects, 1, rounds=wrong))
    with pytest.raises(ProofError, match="neither refuted nor split"):
        checked(lie(objects, leaves[0], rounds=[]))


def test_a_steep_slope_is_no_underestimator(proof):
    _, objects = proof
    at = next(k for k, node in enumerate(objects) if k and any(row[1] for row in node["rounds"]))
    rounds = json.loads(json.dumps(objects[at]["rounds"]))
    rounds[0][1][0] = 1e9
    with pytest.raises(ProofError, match="too steep"):
        checked(lie(objects, at, rounds=rounds))


def test_weights_powers_and_secants_are_rounded_down_by_little():
    with flint.ctx.workprec(200):
        _check_rounding()


def _check_rounding():
    for p in (0.1, 0.5, 0.9):
        for high in (1e-20, 1e-3, 0.7, 1.0, 3.0, 1e9):
            ball, low = flint.arb(high), 0.75 * high
            rise = (ball ** flint.arb(p) - flint.arb(low) ** flint.arb(p)) / (ball - low)
            for exact, rounded in (
                (ball ** (flint.arb(p) - 1), _weight(high, p)),
                (ball ** flint.arb(p), float(_power(high, p))),
                (rise, _secant(low, high, p)),
            ):
                assert flint.arb(rounded) <= exact < flint.arb(rounded) * (1 + 1e-12)


def test_slack_is_exact_where_doubles_do_not_tell(proof):
    """Duals for which a column's slack is 0 are feasible; a hair more, and they are not."""
    _, objects = proof
    claim = verify_lines([json.dumps(o) for o in objects])
    problem = Problem(claim)
    c = 0
    weights = np.zeros(problem.shape)
    exact = [int(v) for v in problem.outputs[c]]
    assert problem._has_slack(c, weights[0], np.zeros(len(exact)))
    at = next(k for k, v in enumerate(exact) if v > 0)
    duals = np.zeros(len(exact))
    duals[at] = 1e-300
    assert not problem._has_slack(c, weights[0], duals)


def test_the_command_verifies_what_solve_wrote(tmp_path, monkeypatch, capsys):
    data, file = str(tmp_path / "i.json"), str(tmp_path / "i.proof.gz")
    for words in (
        ["generate", "uniform", "-p", "N=3", "-p", "d=2", "-o", data],
        ["solve", data, "--objective", "lp:0.5", "--time-limit", "20", "--proof", file],
        ["verify", file, "--instance", data],
    ):
        monkeypatch.setattr(sys, "argv", ["milpsparse", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 0
    assert "lp:0.5 (boxes proof, " in capsys.readouterr().out
