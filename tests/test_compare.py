"""compare A B: what is faster, what is lost, what is wrong now."""

import json

import numpy as np
import pytest
from test_analysis import refused as declined
from test_analysis import row, timeout

import milpsparse as ms
from milpsparse.analysis.means import sgm
from milpsparse.analysis.paired import changes, ratio, wilcoxon
from milpsparse.analysis.rows import COLUMNS, frame
from milpsparse.errors import BadInput, UnknownName
from milpsparse.harness import store

NAMES = [f"i{k}" for k in range(12)]


def runs(seconds, method="A", **changes):
    return [row(method, n, t, **changes) for n, t in zip(NAMES, seconds, strict=False)]


def times(seed=0, n=12):
    return np.random.default_rng(seed).uniform(1, 50, n)


# --- statistics -------------------------------------------------------------------------------


def test_better_and_worse_take_a_share_and_some_seconds():
    x, y = [10, 10, 10, 0.5, 0.5, 9], [8.9, 9.1, 12, 0.45, 0.2, 9]
    assert changes(x, y).tolist() == [1, 0, -1, 0, 1, 0]
    assert changes(y, x).tolist() == [-1, 0, 1, 0, -1, 0]
    assert changes(x, y, absolute_s=1.0).tolist() == [1, 0, -1, 0, 0, 0]


def test_wilcoxon_needs_ten_pairs_that_differ():
    x = times()
    assert wilcoxon(x, x * 1.001) is None
    assert wilcoxon(x[:9], x[:9] * 2) is None
    assert wilcoxon(x, x * 2) == pytest.approx(2 / 2**12)  # all on one side: 2 of 2^n signs
    mixed = x * np.where(np.arange(12) % 2, 2.0, 0.5)
    assert wilcoxon(x, mixed) > 0.5


def test_the_ratio_is_that_of_the_means_and_its_interval_holds_it():
    x, y = times(0), times(1)
    value, (low, high) = ratio(x, y, NAMES, 1.0)
    assert value == pytest.approx(sgm(y, 1.0) / sgm(x, 1.0))
    assert low < value < high
    assert ratio(x, y, NAMES, 1.0) == (value, (low, high))  # seeded
    assert ratio(x, y, NAMES, 1.0, seed=1)[1] != (low, high)
    assert ratio(x, 2 * x + 1, NAMES, 1.0)[1] == pytest.approx((2.0, 2.2), abs=0.15)


def test_pairs_of_one_instance_are_drawn_together():
    x, y = times(0, 24), times(1, 24)
    apart = ratio(x, y, [f"i{k}" for k in range(24)], 1.0)[1]
    together = ratio(np.tile(x[:6], 4), np.tile(y[:6], 4), np.tile(NAMES[:6], 4), 1.0)[1]
    six = ratio(x[:6], y[:6], NAMES[:6], 1.0)[1]
    assert together == pytest.approx(six, rel=1e-9)  # four copies are no more information
    assert together != pytest.approx(apart)
    assert ratio(x[:2], y[:2], ["i1", "i1"], 1.0)[1] is None


# --- frames -----------------------------------------------------------------------------------


def test_the_same_rows_compare_as_the_same():
    found = ms.compare(frame(runs(times())), frame(runs(times())))
    line = found.methods.iloc[0]
    assert (line["pairs"], line["close"], line["ratio"]) == (12, 12, 1.0)
    assert found.holds
    assert found.to_json()["lost_proofs"] == []
    assert json.loads(json.dumps(found.to_json()))["methods"][0]["wilcoxon_p"] is None


def test_lost_and_gained_proofs_are_named():
    before = [row("A", "i0", 1.0), row("A", "i1", 1.0), timeout("A", "i2")]
    after = [timeout("A", "i0", primal_bound=4.0), row("A", "i1", 1.0, evidence="claimed")]
    found = ms.compare(frame(before), frame([*after, row("A", "i2", 2.0)]))
    assert found.lost_proofs == [
        "i0, neurons, A: proved in 1 s, now time_limit in 3.6e+03 s",
        "i1, neurons, A: proved in 1 s, now optimal by its claim in 1 s",
    ]
    assert found.gained_proofs == ["i2, neurons, A: time_limit in 3.6e+03 s, now proved in 2 s"]
    assert found.worse_values == ["i0, neurons, A: 3, now 4"]
    assert not found.holds


def test_new_wrong_claims_are_named_and_old_ones_are_not():
    lie = {"verdict": "fail_objective_value", "fail_reason": "claims 2"}
    before = [row("A", "i0", 1.0), row("A", "i1", 1.0, **lie)]
    found = ms.compare(frame(before), frame([row("A", n, 1.0, **lie) for n in ("i0", "i1", "i2")]))
    assert found.new_wrong_claims == [
        "i0, neurons, A: fail_objective_value: claims 2",
        "i2, neurons, A: fail_objective_value: claims 2",  # a run that A has not at all
    ]
    assert found.only_b == ["i2, neurons, A"]


def test_a_bound_above_a_network_that_a_has_verified_is_a_wrong_claim():
    before = [row("A", "i0", 1.0, primal_bound=2.0, dual_bound=2.0, claimed_dual_bound=2.0)]
    found = ms.compare(frame(before), frame([row("A", "i0", 1.0)]))
    assert found.new_wrong_claims == ["i0, neurons, A: lower bound 3: above a verified network"]
    assert not ms.compare(frame([row("A", "i0", 1.0)]), frame(before)).new_wrong_claims


def test_a_solver_that_is_gone_has_lost_its_proofs():
    before = [row("A", "i0", 1.0), declined("A", "i1"), declined("A", "i2")]
    after = [declined("A", "i0"), row("A", "i1", 2.0), declined("A", "i2")]
    found = ms.compare(frame(before), frame(after))
    assert found.lost_proofs == ["i0, neurons, A: proved in 1 s, now not_available in 0.01 s"]
    assert len(found.gained_proofs) == 1
    assert len(found.pairs) == 2
    assert found.only_a == found.only_b == []


def test_two_methods_of_one_folder():
    rows = frame([*runs(times(0), "X"), *runs(times(0) / 2, "Y")])
    line = ms.compare(rows, rows, ("X", "Y")).methods.iloc[1]
    assert (line["method"], line["pairs"], line["better"]) == ("X -> Y", 12, 12)
    assert line["ratio"] < 1


def test_seeds_are_averaged_before_runs_are_paired():
    before = [row("A", "i0", t, seed=s) for s, t in enumerate([1.0, 4.0])]
    after = [row("A", "i0", t, seed=s) for s, t in enumerate([2.0, 2.0, 2.0])]
    assert ms.compare(frame(before), frame(after)).methods.iloc[0]["ratio"] == pytest.approx(1.0)
    one_lost = [row("A", "i0", 1.0), timeout("A", "i0", seed=1)]
    assert len(ms.compare(frame(before), frame(one_lost)).lost_proofs) == 1


def test_what_cannot_be_paired_is_refused_or_named():
    a = frame(runs(times()))
    with pytest.raises(BadInput, match=r"nothing pairs: A has .* by A; B has .* by B"):
        ms.compare(a, frame(runs(times(), "B")))
    with pytest.raises(BadInput, match=r"time limits differ on 12 of 12 pairs, such as i0: 3600 s"):
        ms.compare(a, frame(runs(times(), time_limit_s=60.0)))
    with pytest.raises(UnknownName, match="no method in B named 'C'"):
        ms.compare(a, a, ("A", "C"))
    other = ms.compare(
        frame([*runs(times(), instance_sha256="1"), row("A", "j", 1.0)]),
        frame([row("A", "i0", 1.0, instance_sha256="2"), row("A", "j", 1.0), declined("A", "k")]),
    )
    assert other.changed_instances == ["i0"]
    assert len(other.pairs) == 1


# --- the command ------------------------------------------------------------------------------


def stored(folder, rows):
    common = dict.fromkeys(COLUMNS) | {"schema": store.SCHEMA, "run_id": "r", "perm": 0}
    common |= {"threads": 1, "fail_reason": ""}
    with store.Writer(folder) as writer:
        for at, one in enumerate(rows):
            writer.append(common | one | {"task_key": f"t{at}"})
    return folder


def test_the_command_gates_on_lost_proofs(call, tmp_path):
    a, b = stored(tmp_path / "a", runs(times())), stored(tmp_path / "b", runs(times() * 2))
    code, out, _ = call("compare", a, b)
    assert code == 0
    assert "lost proofs: none\nnew wrong claims: none" in out
    assert out.splitlines()[5].split()[:5] == ["A", "12", "0", "0", "12"]
    worse = stored(tmp_path / "c", [timeout("A", "i0"), *runs(times())[1:]])
    code, out, _ = call("compare", a, worse)
    assert code == 1
    assert "lost proofs: 1\n  i0, neurons, A: proved" in out
    code, out, _ = call("compare", a, worse, "--json")
    assert code == 1
    assert len(json.loads(out)["lost_proofs"]) == 1
    lies = stored(tmp_path / "d", runs(times(), verdict="fail_dual_bound"))
    assert call("compare", a, lies)[0] == 1
    assert call("compare", lies, a)[0] == 0


def test_the_command_refuses_in_one_line(refused, tmp_path):
    a = stored(tmp_path / "a", runs(times()))
    assert "two folders, or one with --methods" in refused("compare", a)
    assert "no folder" in refused("compare", a, tmp_path / "nowhere")
    assert "nothing pairs" in refused("compare", a, stored(tmp_path / "b", runs(times(), "B")))
    assert "no method in A named 'X'" in refused("compare", a, "--methods", "X", "A")
    assert "--shift" in refused("compare", a, a, "--shift", "0")
