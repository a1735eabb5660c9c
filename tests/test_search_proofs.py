"""Activation search end to end: its optima, its proofs, and what the check makes of false ones."""

import json

import numpy as np
import pytest

import milpsparse as ms
from milpsparse.algorithms.activation_search import _Search
from milpsparse.answer import from_json
from milpsparse.cli import cli
from milpsparse.harness import store
from milpsparse.method import Limits
from milpsparse.objective import Objective
from milpsparse.proofs.verify import ProofError, verify_lines
from milpsparse.search import split as split_search
from milpsparse.search.level import Level

NEURONS = Objective("neurons")


def solve(instance, objective="neurons", **options):
    return ms.solve(instance, objective, "activation_search", **{"time_limit_s": 30, **options})


def planted(N=20, d=2, K=2, seed=0, **more):
    return ms.generate("planted", seed, N=N, d=d, K=K, **more)


def generic(N, seed=0, **more):
    return ms.generate("uniform", seed, N=N, d=2, **more)


CASES = {
    "teacher": planted(K=3),
    "skip": planted(N=12, K=2, skip=True),
    "generic": generic(6),
    "generic, skip": generic(6, seed=1, skip=True),
    "five points": generic(5),
    "small bound": generic(5, seed=2, bound=0.5),
    "a line": ms.Instance(X=[[0, 0], [1, 1], [2, 2], [3, 3]], y=[0, 1, 0, 1], bound=5.0),
    "zero": ms.Instance(X=[[0, 1], [1, 0]], y=[0, 0], bound=1.0),
    "one point": ms.Instance(X=[[1, 2]], y=[3], bound=4.0),
    "spelled": ms.Instance(
        X=[["0.1", "1/3"], ["0.2", "0"], ["0.3", "1"]], y=[1, -1, "1/7"], bound=40.0
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_optima_agree_with_an_integer_program_and_are_proved(name):
    instance = CASES[name]
    found = solve(instance)
    assert found.termination == "optimal"
    assert found.evidence in ("theorem", "proof")
    rival = ms.solve(instance, "neurons", "witness_points", time_limit_s=30)
    assert rival.primal_bound is None or rival.primal_bound >= found.primal_bound
    assert rival.termination != "optimal" or rival.primal_bound == found.primal_bound
    if found.evidence == "proof":
        claim = verify_lines(found.proof, instance)
        assert claim.tied
        assert claim.at_least == found.primal_bound


@pytest.mark.parametrize("name", ["five points", "spelled", "one point", "zero"])
@pytest.mark.parametrize("count_bias", [True, False])
def test_fewest_parameters_agree_with_the_program_over_patterns(name, count_bias):
    instance = CASES[name].replace(count_bias=count_bias)
    found = solve(instance, "parameters", time_limit_s=10)
    rival = ms.solve(instance, "parameters", "pattern_l0@highs", time_limit_s=10)
    assert found.verdict.verified
    assert rival.primal_bound >= found.dual_bound
    if found.termination == "optimal":
        assert found.primal_bound <= rival.primal_bound
        assert rival.termination != "optimal" or rival.primal_bound == found.primal_bound


def test_without_a_bound_the_proof_is_about_all_networks():
    found = solve(generic(8).replace(bound=None))
    assert (found.primal_bound, found.termination, found.evidence) == (3, "optimal", "proof")
    assert found.verdict.dual_bound_scope == "all"
    assert json.loads(found.proof[0])["bound"] is None
    assert solve(generic(8)).primal_bound == 4  # within B = 10 more are needed


def test_a_bound_that_only_the_method_used_is_named_and_proved():
    instance = generic(6, seed=1).replace(bound=None)
    found = solve(instance, "parameters", time_limit_s=6)
    assert not found.verdict.failed
    if found.answer.bound_used is not None:
        assert found.termination != "optimal"
        assert found.verdict.dual_bound_scope == "within_bound"
        assert verify_lines(found.proof, instance).bound == found.answer.bound_used


def test_few_of_many_points_are_witnesses():
    found = solve(planted(N=10_000, d=3, K=3))
    assert (found.primal_bound, found.evidence) == (3, "proof")
    assert len(found.answer.stats["witnesses"]) < 40


def test_a_label_with_the_sign_of_one_neuron_only_takes_no_search():
    instance = planted(N=200, d=5, K=3, bound=3.0)
    found = solve(instance)
    leaves = [json.loads(line).get("leaf") for line in found.proof[1:]]
    one_way = [rows for rows in leaves if rows and rows[0][2:] == [[], 1] and len(rows) == 1]
    assert one_way  # without the neuron, the sign of the label cannot be
    assert all(instance.y[found.answer.stats["witnesses"][rows[0][0]]] != 0 for rows in one_way)
    assert len(leaves) < 100  # thousands, if its activations were searched
    assert verify_lines(found.proof, instance).at_least == 3


def test_runs_repeat_line_by_line_whatever_the_threads():
    for objective, instance in (("neurons", planted(N=30, K=4)), ("parameters", planted(N=10))):
        proofs = [solve(instance, objective, threads=n).proof for n in (1, 1, 2)]
        assert proofs[0] == proofs[1] == proofs[2]


def test_arrays_that_start_tiny_grow_and_change_nothing(monkeypatch):
    def proof():
        level = Level(planted(N=30, K=4), NEURONS, 3, seed=0)
        level.run(10**7, Limits(time_limit_s=60))
        return level.proof(planted(N=30, K=4))

    whole = proof()
    for name, size in (("LEVELS", 8), ("NODES", 40), ("ENTRIES", 200)):
        monkeypatch.setattr(split_search, name, size)
    assert proof() == whole


def test_a_proof_that_is_not_written_in_time_counts_for_nothing():
    instance = planted(N=30, K=4)
    level = Level(instance, NEURONS, 3, seed=0)
    level.run(10**7, Limits(time_limit_s=60))
    assert level.proof(instance, Limits(time_limit_s=-1)) is None
    assert len(level.proof(instance, Limits())) > 10


def test_a_short_limit_leaves_valid_bounds():
    found = solve(planted(N=200, d=5, K=4).replace(bound=1e4), time_limit_s=1.0)
    assert found.wall_time_s < 30  # on any machine; the search alone would take minutes
    assert found.dual_bound <= 4
    assert found.evidence in ("theorem", "proof")
    assert found.termination in ("time_limit", "optimal")


@pytest.fixture(scope="module")
def proved():
    found = solve(CASES["teacher"])
    assert found.evidence == "proof"
    return found


def lie(found, lines, instance=None, **changes):
    answer = found.answer.with_(proof=lines, **changes)
    return ms.check(instance or found.instance, answer)


def test_false_proofs_fail_by_name(proved):
    head, *body = proved.proof
    other = solve(planted(N=20, K=3, seed=1)).proof
    raised = json.dumps({**json.loads(head), "at_least": 4})
    smaller = json.dumps({**json.loads(head), "bound": 0.5})
    for lines in (other, [raised, *body], [smaller, *body], [head, *body[:-1]], [head], []):
        verdict = lie(proved, lines)
        assert verdict.verdict == "fail_dual_bound", lines[:1]
        assert verdict.evidence != "proof"
        assert "proof" in verdict.fail_reason


def test_a_lost_proof_leaves_a_claim(proved):
    verdict = lie(proved, None)
    assert (verdict.evidence, verdict.verdict) == ("claimed", "solved_not_verified")


def test_a_proof_for_another_objective_is_none(proved):
    network = proved.network
    n = float(network.n_parameters(True))
    changes = {"objective": "parameters", "claimed_primal_bound": n, "claimed_dual_bound": 3.0}
    changes["termination"] = ms.Termination.FEASIBLE
    assert "about neurons" in lie(proved, proved.proof, **changes).fail_reason


def test_answers_keep_their_proof_through_json(proved):
    data = json.loads(json.dumps(proved.answer.to_json(), default=float))
    again = from_json(data, proved.instance.n_features)
    assert again.proof == proved.proof
    assert ms.check(proved.instance, again) == proved.verdict
    with pytest.raises(TypeError, match="list of lines"):
        from_json({**data, "proof": [1]}, proved.instance.n_features)


def test_a_subset_proves_for_its_points_only(proved):
    few = ms.Instance(X=proved.instance.X[:15], y=proved.instance.y[:15], bound=4.0)
    with pytest.raises(ProofError):
        verify_lines(proved.proof, few)


def run(*words):
    with pytest.raises(SystemExit) as end:
        cli.main([str(word) for word in words], standalone_mode=False)
    return end.value.code


def test_the_command_line_writes_proofs_that_verify(tmp_path, capsys):
    points, proof = tmp_path / "p.json", tmp_path / "p.proof.gz"
    points.write_text(ms.to_json(planted(K=3)), encoding="utf-8")
    assert run("solve", points, "--proof", proof) == 0
    assert run("verify", proof, "--instance", points) == 0
    assert "has at least 3 neurons (tree proof" in capsys.readouterr().out
    assert run("solve", points, "--method", "coordinate_start", "--proof", tmp_path / "q") == 0
    assert run("verify", tmp_path / "q") == 0  # what the theorems say is a proof too


def test_a_run_keeps_proofs_and_its_check_reads_them(tmp_path):
    points, out = tmp_path / "p.json", tmp_path / "out"
    points.write_text(ms.to_json(planted(K=3)), encoding="utf-8")
    (tmp_path / "one.test").write_text(f"{points}\n", encoding="utf-8")
    words = ["run", "-t", tmp_path / "one.test", "-m", "activation_search", "--out", out]
    assert run(*words, "--time-limit", 20) == 0
    [row] = store.latest(out).values()
    assert (row["evidence"], row["termination"]) == ("proof", "optimal")
    kept = store.proof_file(out, row["task_key"])
    assert run("check", out) == 0
    assert next(iter(store.latest(out).values()))["evidence"] == "proof"
    kept.unlink()
    assert run("check", out) == 0
    assert next(iter(store.latest(out).values()))["evidence"] == "claimed"


def test_a_search_ends_although_no_proof_is_written_in_time(monkeypatch):
    asked = []

    def never(level, original, limits):
        asked.append(level.cost)
        assert len(asked) < 100, "it asks again and again"

    monkeypatch.setattr(Level, "proof", never)
    search = _Search(planted(K=3), NEURONS, None, starts=0, about=planted(K=3))
    assert search.run(Limits(time_limit_s=1)).lower < 3  # the theorem's
    assert asked


def test_few_parameters_are_looked_for_among_the_fewest_neurons():
    instance = planted(N=40, d=3, K=2, inputs=2)
    search = _Search(instance, Objective("parameters"), None, starts=0, about=None)
    search._of_few_neurons(Limits(time_limit_s=100))
    assert search.best.exact is not None
    assert instance.value(search.best, search.objective) == 6  # two inputs and a bias, twice
    narrow = _Search(instance.replace(bound=0.25), search.objective, None, starts=0, about=None)
    narrow._take(search.best)
    assert narrow.best is None  # it does not fit the bound


def test_sparser_networks_keep_their_activations():
    from milpsparse.sparsify import sparsify

    instance = planted(N=30, d=3, K=2, inputs=2)
    network = ms.solve(instance, "parameters", "multistart", time_limit_s=20).network
    sparser = sparsify(instance, network)
    assert np.allclose(sparser(instance.X), instance.y, atol=1e-6)
    same = (sparser.preactivations(instance.X) > 1e-7) <= (
        network.preactivations(instance.X).astype(float) > -1e-7
    )
    assert same.all()
    assert np.count_nonzero(sparser.path) <= np.count_nonzero(network.path)


@pytest.mark.parametrize(
    ("family", "params", "objective"),
    [
        ("badly_scaled", {"spread": 0, "shift": -20}, "parameters"),
        ("near_duplicates", {"N": 8, "d": 1, "twins": 2}, "parameters"),
    ],
)
def test_numbers_of_all_sizes_lead_to_no_false_proof_and_no_crash(family, params, objective):
    """Doubles may misjudge a leaf, or break down: then there is no proof, and no such network."""
    from milpsparse.family import generate

    instance = generate(family, 0, **params)
    answer = ms.solve(instance, objective, "activation_search", time_limit_s=2)
    assert answer.verdict.verified
    assert not answer.verdict.failed
    assert answer.proof is None or verify_lines(answer.proof).at_least <= answer.primal_bound


def test_a_network_that_is_not_finite_is_left_to_the_check():
    from milpsparse.network import from_layers
    from milpsparse.refit import polish

    broken = from_layers([1.0], [[np.nan]], [0.0])
    instance = ms.Instance(X=[[0.0], [1.0]], y=[0, 1], bound=2.0)
    assert polish(instance, broken, Objective("neurons")) is broken
