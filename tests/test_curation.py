"""The library: how known values grow, that lies about them are caught, and that files follow."""

import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from milpsparse import family, library
from milpsparse.curation import build as building
from milpsparse.curation import mps, pages, table, testsets
from milpsparse.curation.evidence import LARGEST_PROOF, Evidence
from milpsparse.curation.features import features, tags
from milpsparse.curation.picture import picture
from milpsparse.curation.update import _merge, shared, update
from milpsparse.curation.verify import check_instance
from milpsparse.family import generate
from milpsparse.harness.run import run
from milpsparse.harness.task import Task
from milpsparse.instance import Instance
from milpsparse.known import Fact, Known, of_entries
from milpsparse.naming import parse_method
from milpsparse.network import from_exact
from milpsparse.objective import parse_objective

ROOT = Path(__file__).parents[1]
INSTANCES = library.index()["instances"]
EVIDENCE = ("networks", "proofs")


def fact(value, evidence="network", seconds=1.0):
    return Fact(value, evidence, f"why {value}", "m", seconds)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A copy of the library's index and no evidence, in a folder of its own."""
    (tmp_path / "instances").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


# Known values


def test_a_network_that_meets_a_proved_bound_is_an_optimum():
    known = Known("neurons", best=fact(3, seconds=2.0), proved=fact(3, "proof", 70.0))
    assert (known.is_optimal, known.status) == (True, "hard")
    (entry,) = known.entries()
    assert (entry["status"], entry["value"], entry["evidence"]) == ("opt", 3, "proof")
    assert entry["seconds"] == 70.0
    assert of_entries([entry])["neurons"].status == "hard"


def test_claims_and_generic_bounds_make_no_optimum():
    known = Known("neurons", fact(3), fact(2, "theorem"), fact(3, "claimed"), fact(3, "generic"))
    assert (known.is_optimal, known.is_generic, known.status) == (False, True, "open")
    words = [(e["status"], e["evidence"]) for e in known.entries()]
    assert words == [
        ("best", "network"),
        *(("bestdual", w) for w in ("theorem", "claimed", "generic")),
    ]


def test_entries_come_back_as_what_they_were_made_of():
    facts = (fact(7), fact(4, "theorem"), fact(5, "claimed"), fact(6, "generic"))
    known = Known("parameters", *facts)
    assert of_entries(known.entries()) == {"parameters": known}


def test_the_better_network_and_the_larger_bound_of_two_are_taken():
    one = Known("neurons", fact(5), fact(3, "theorem"))
    two = Known("neurons", fact(4), fact(2, "proof"), fact(4, "claimed"))
    both = one.merged(two)
    assert (both.best.value, both.proved, both.claimed.value) == (4, one.proved, 4)
    assert two.merged(one) == both
    assert one.merged(Known("neurons", fact(5, seconds=0.1))).best is one.best  # no news


# From results


def solved(name, objective, method, out, **limits):
    instance = library.load(name)
    task = Task(
        instance=instance,
        objective=parse_objective(objective),
        method=parse_method(method),
        time_limit_s=limits.get("time_limit_s", 20.0),
    )
    return list(run([task], out, testset="mine"))


def bare(*names):
    """An index of a few instances of which nothing is known."""
    return {"instances": {name: {**INSTANCES[name], "known": []} for name in names}}


def test_results_become_known_values_with_evidence_that_verifies(checkout, monkeypatch):
    name = "planted_n50_d2_k3_s0"
    for method in ("coordinate_start", "activation_search"):
        solved(name, "neurons", method, checkout / method)
    index = bare(name)
    assert list(update(checkout / "coordinate_start", checkout / "instances", index)) == []
    (entry, *_) = index["instances"][name]["known"]
    assert (entry["status"], entry["evidence"]) == ("best", "network")
    news = list(update(checkout / "activation_search", checkout / "instances", index))
    assert len(news) == 2
    assert news[0].startswith(f"news: {name} neurons {entry['value']} -> 3")
    (entry,) = index["instances"][name]["known"]
    assert (entry["status"], entry["value"], entry["evidence"]) == ("opt", 3, "proof")
    assert entry["method"] == "activation_search"
    assert entry["seconds"] > 0
    assert list(update(checkout / "activation_search", checkout / "instances", index)) == []
    assert words(name, index, checkout, monkeypatch) == {("network", ""), ("proof", "")}


def test_a_network_of_few_neurons_is_tried_on_the_parameters(checkout, monkeypatch):
    name = "planted_n50_d2_k3_s0"
    index, instances = bare(name), checkout / "instances"
    for goal, method in (("parameters", "coordinate_start"), ("neurons", "multistart[starts=500]")):
        solved(name, goal, method, checkout / goal)
        list(update(checkout / goal, instances, index))
    before = of_entries(index["instances"][name]["known"])["parameters"].best.value
    assert list(shared(instances, index)) == [f"news: {name} parameters {before:g} -> 9"]
    assert list(shared(instances, index)) == []
    assert ("network", "") in words(name, index, checkout, monkeypatch)


def words(name, index, checkout, monkeypatch):
    monkeypatch.setattr(library, "index", lambda: index)
    return {(f.kind, f.reason) for f in check_instance(name, Evidence(checkout / "instances"))}


@pytest.mark.parametrize(
    ("name", "changes", "kind"),
    [
        ("planted_n20_d2_k2_s1", {"value": 1}, "network"),
        ("planted_n20_d2_k2_s1", {"evidence": "theorem", "value": 3}, "theorem"),
        ("boolean_and_d3", {"value": 0}, "network"),
        ("boolean_and_d3", {"evidence": "proof"}, "proof"),
        ("peak_plateau", {"value": 2}, "network"),
        ("peak_plateau", {"value": 4}, "theorem"),
    ],
)
def test_a_known_value_that_its_evidence_does_not_give_is_found(monkeypatch, name, changes, kind):
    monkeypatch.chdir(ROOT)
    instance = library.load(name)
    true = next(k for k in instance.known if k["objective"] == "neurons")
    lie = {**true, **changes}
    monkeypatch.setattr(library, "load", lambda name: replace(instance, known=[lie]))
    found = {f.kind: f.reason for f in check_instance(name)}
    assert found[kind]


def test_a_proof_of_another_instance_is_no_evidence(checkout, monkeypatch):
    kept = Evidence(checkout / "instances")
    source = Evidence(ROOT / "instances")
    name, other = "planted_n100_d2_k3_s0", "planted_n50_d2_k3_s0"
    lines = source.proof(other, "neurons")
    assert lines
    assert kept.keep_proof(name, "neurons", lines)
    target = kept.network_file(name)
    target.parent.mkdir()
    target.write_bytes(source.network_file(name).read_bytes())
    found = {f.kind: f.reason for f in check_instance(name, kept) if f.where.endswith("neurons")}
    assert "another instance" in found["proof"]


def test_large_proofs_are_not_kept(tmp_path):
    head = json.dumps({"data": None})
    noise = np.random.default_rng(0).integers(0, 256, 2 * LARGEST_PROOF).astype(np.uint8)
    assert not Evidence(tmp_path).keep_proof("x", "neurons", [head, noise.tobytes().hex()])
    assert list(tmp_path.rglob("*.gz")) == []


@pytest.mark.parametrize(
    ("best", "proved"), [(3, ("search", 3)), (5, ("theorem", 2))], ids=["an optimum", "a bound"]
)
def test_what_is_too_large_to_keep_counts_where_it_makes_an_optimum(
    checkout, monkeypatch, best, proved
):
    name = "planted_n20_d2_k2_s1"
    monkeypatch.setattr("milpsparse.curation.evidence.LARGEST_PROOF", 10)
    known = Known("neurons", fact(best), fact(2, "theorem"))
    kept, index = Evidence(checkout / "instances"), bare(name)
    entry, instance = index["instances"][name], library.load(name)
    kept.keep_network(instance, parse_objective("neurons"), family.network_of("planted", 1, N=20))
    entry["known"] = known.entries()
    found = Known("neurons", proved=fact(3, "proof"))
    list(_merge(entry, instance, found, None, ["{}", "{}"], kept))
    bound = of_entries(entry["known"])["neurons"].proved
    assert (bound.evidence, bound.value) == proved
    assert not kept.proof_file(name, "neurons").exists()


def test_a_sample_of_the_committed_evidence_holds(monkeypatch):
    """All of it is checked by `make verify`."""
    monkeypatch.chdir(ROOT)
    quick = {
        name: entry
        for name, entry in INSTANCES.items()
        if entry["features"]["n_samples"] <= 100
        and "search" not in {known["evidence"] for known in entry["known"]}
    }
    names = list(quick)[::24]
    found = [f for name in names for f in check_instance(name)]
    assert [f for f in found if f.reason] == []
    assert {"network", "theorem", "proof"} <= {f.kind for f in found}


# Files


def test_rebuilding_the_library_gives_the_committed_files_byte_for_byte(tmp_path):
    for path in (ROOT / "instances" / "testsets").glob("*.test"):
        if path.stem not in testsets.BY_RULE:
            (tmp_path / "testsets").mkdir(exist_ok=True)
            (tmp_path / "testsets" / path.name).write_bytes(path.read_bytes())
    built = building.build(tmp_path, library.index())
    assert building.to_text(built) == library.INDEX.read_text(encoding="utf-8")
    kept = ROOT / "instances"
    files, committed = (
        {p.relative_to(top): p.read_bytes() for p in top.rglob("*") if p.is_file()}
        for top in (tmp_path, kept)
    )
    committed = {p: c for p, c in committed.items() if p.parts[0] not in (*EVIDENCE, "mps")}
    assert files.keys() == committed.keys()
    assert [str(path) for path in files if files[path] != committed[path]] == []


def test_evidence_belongs_to_instances_of_the_library():
    networks = {path.stem for path in (ROOT / "instances" / "networks").glob("*")}
    proofs = {path.name.split(".")[0] for path in (ROOT / "instances" / "proofs").glob("*")}
    assert networks
    assert networks <= set(INSTANCES)
    assert proofs <= set(INSTANCES)


def test_every_value_has_its_evidence_and_every_claim_its_solver():
    for name, entry in INSTANCES.items():
        for known in entry["known"]:
            assert known["evidence"] in (
                "theorem",
                "proof",
                "search",
                "network",
                "generic",
                "claimed",
            )
            assert known["source"], name
            if known["status"] == "opt":
                assert known["evidence"] in ("theorem", "proof", "search"), name


def test_the_library_is_as_large_and_as_wide_as_it_says():
    shapes = [(e["features"]["n_samples"], e["features"]["n_features"]) for e in INSTANCES.values()]
    assert len(INSTANCES) >= 200
    assert len({e["family"] for e in INSTANCES.values()}) >= 15
    assert (min(N for N, _ in shapes), max(N for N, _ in shapes)) == (2, 10_000)
    assert (min(d for _, d in shapes), max(d for _, d in shapes)) == (1, 50)


def test_features_are_those_of_the_data():
    X = [[0, 0], [1, 0], [2, 0], [3, 0], [0, 4]]
    found = features(Instance(X=X, y=[0, 1, 0, -2, 5], bound=3.0))
    assert (found["positive_labels"], found["negative_labels"], found["label_values"]) == (2, 1, 4)
    assert (found["line_points"], found["affine_rank"], found["n_distinct"]) == (4, 3, 5)
    assert (found["input_range"], found["label_range"]) == ([1.0, 4.0], [1.0, 5.0])
    assert found["zero_inputs"] == 0.6
    assert found["theorem"]["neurons"] == 2
    assert {"collinear", "zeros", "mine"} <= set(tags(found, ("mine",)))


def test_a_test_set_of_unknown_instances_is_refused(tmp_path):
    (tmp_path / "mine.test").write_text("peak_plateau\nnobody # comment\n")
    with pytest.raises(library.BadInput, match="mine lists nobody"):
        testsets.write(tmp_path, INSTANCES)


def test_the_benchmark_is_balanced_and_follows_from_the_index_alone():
    chosen = testsets.benchmark(INSTANCES)
    assert chosen == library.testset("benchmark")
    assert chosen == testsets.benchmark(dict(reversed(list(INSTANCES.items()))))
    families = [INSTANCES[name]["family"] for name in chosen]
    assert max(families.count(f) for f in families) <= testsets.MOST
    assert len(set(families)) >= 12
    assert 50 <= len(chosen) <= 60


def test_the_sets_that_follow_from_the_index_are_those_it_says():
    assert set(testsets._by_rule(INSTANCES)) == set(testsets.BY_RULE)


def test_solu_files_hold_what_is_proved_and_verified():
    entry = {"known": Known("neurons", fact(4), fact(2, "proof"), fact(4, "claimed")).entries()}
    text = testsets.solu(["a"], {"a": entry}, "neurons")
    assert text == "=best= a 4\n=bestdual= a 2\n"
    opt = {"known": Known("neurons", fact(2), fact(2, "proof")).entries()}
    assert testsets.solu(["b"], {"b": opt}, "neurons") == "=opt= b 2\n"
    assert testsets.solu(["c"], {"c": {"known": []}}, "neurons") == "=unkn= c\n"


def test_pages_show_values_and_what_is_open():
    assert pages.value(Known("neurons", fact(3), fact(3, "theorem"))) == "3 t"
    assert pages.value(Known("neurons", fact(5), fact(3, "theorem"))) == "3..5"
    assert (
        pages.value(Known("p", fact(5), fact(3, "theorem"), None, fact(5, "generic"))) == "3..5 g"
    )
    assert pages.value(None) == "-"
    members = {"peak_plateau": INSTANCES["peak_plateau"]}
    page = pages.family_page("peak_plateau", members, "peak_plateau")
    assert "3 t" in page
    assert "Nakhleh & Nowak" in page


def test_a_picture_has_every_point_inside():
    for name in ("peak_plateau", "circles_n8_c1_alternating_s0"):
        instance = library.load(name)
        svg = picture(instance)
        assert svg.count("<circle") == instance.n_samples
        assert "nan" not in svg
    flat = Instance(X=[[1.0, 2.0], [1.0, 3.0]], y=[5.0, 5.0])
    assert picture(flat).count("<circle") == 2


def test_the_table_counts_every_instance_once():
    text = table.markdown(INSTANCES)
    row = next(line for line in text.splitlines() if line.startswith("| neurons |"))
    total, *parts = [int(cell) for cell in row.split("|")[2:-1]]
    assert total == sum(parts) == len(INSTANCES)


def test_programs_are_written_with_their_hashes(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    few = {n: INSTANCES[n] for n in ("peak_plateau", "planted_n20_d2_k2_s1", "boolean_and_d3")}
    monkeypatch.setattr(library, "index", lambda: {"instances": few})
    mps.write(tmp_path, "neuron_big_m")
    sums = dict(reversed(line.split()) for line in (tmp_path / mps.HASHES).read_text().splitlines())
    assert len(sums) == 6
    for name, digest in sums.items():
        assert hashlib.sha256(gzip.decompress((tmp_path / name).read_bytes())).hexdigest() == digest


# Theory


@pytest.mark.parametrize(
    ("family", "params", "neurons"),
    [
        ("boolean", {"function": "and", "d": 2}, 1),  # relu(x1 + x2 - 1)
        ("boolean", {"function": "and", "d": 3}, 1),
        ("boolean", {"function": "or", "d": 2}, 2),  # relu(x1 + x2) - relu(x1 + x2 - 1)
        ("boolean", {"function": "parity", "d": 2}, 2),  # relu(s) - relu(2 s - 2), s = x1 + x2
        ("boolean", {"function": "parity", "d": 2, "skip": True}, 1),
        ("boolean", {"function": "parity", "d": 3, "skip": True}, 2),  # d + 1 values: d - 1 bends
        ("grid_function", {"function": "absolute", "d": 1}, 2),
        ("grid_function", {"function": "absolute", "d": 2}, 4),  # two an input
        ("grid_function", {"function": "absolute", "d": 2, "skip": True}, 2),
        ("grid_function", {"function": "max", "d": 2, "skip": True}, 1),  # x2 + relu(x1 - x2)
        ("max_affine", {"K": 2, "N": 12}, 1),
        ("lines_in_space", {"n": 6, "d": 2, "skip": True}, 4),  # a zigzag: n - 2
        ("lines_in_space", {"n": 7, "d": 3, "curve": "convex", "skip": True}, 3),  # ceil(5 / 2)
    ],
)
def test_values_of_theory_are_what_exact_search_proves(family, params, neurons):
    import milpsparse as ms

    answer = ms.solve(generate(family, 0, **params), "neurons", time_limit_s=30)
    assert (answer.primal_bound, answer.dual_bound, answer.termination) == (
        neurons,
        neurons,
        "optimal",
    )
    assert answer.evidence in ("theorem", "proof")


def test_theory_of_symmetric_boolean_functions_gives_networks():
    """A function of the number of ones is a polyline of one input: so many neurons at most."""
    for d in (2, 3, 4, 5):
        instance = generate("boolean", 0, function="parity", d=d, bound=64.0)
        # g(s) = s mod 2 on 0..d: slope 1 from 0, then bends of -2, +2, ... at 1, ..., d - 1
        path = [[1] * d + [0]] + [[2] * d + [-2 * s] for s in range(1, d)]
        signs = [1] + [-1 if s % 2 else 1 for s in range(1, d)]
        net = from_exact(signs, path, d).exact
        assert (net(instance.X_exact) == instance.y_exact).all()
        assert net.n_neurons(False) == d
