import hashlib
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.random import RandomState

import milpsparse as ms
from milpsparse import library, registry
from milpsparse.bounds import best_bound
from milpsparse.errors import MilpsparseError, NotAvailable, UnknownName
from milpsparse.families import _teachers
from milpsparse.family import generate
from milpsparse.instance_files import from_json, read_json, to_json
from milpsparse.network import from_exact
from milpsparse.objective import parse_objective
from milpsparse.rational import parse, rank, rationals
from milpsparse.theory.points import points_of

ROOT = Path(__file__).parents[1]
FAMILIES = registry.names("families")
UNSEEDED = ("peak_plateau", "convex_run", "boolean", "grid_function", "moment_curve")  # by default
SEEDED = [name for name in FAMILIES if name not in UNSEEDED]
HERE = {name: registry.load("families", name).missing() for name in FAMILIES}

# Taken once. A change of what a family gives is a new version of the family and a new hash here.
GOLDEN = {
    "convex_run_0p1_1_1_0p1": "42d90e8d11878e485b384cff9d03e465786356aa08f913bd73e251950949fe65",
    "lee_linderoth_n7_d5_case1_s0": (
        "4dc3dc9c490c94ddbd3d8f5f526644bc9a672ae46c5eab0f2ce6b0b2ef3b2df0"
    ),
    "peak_plateau": "bf14059359db17564fd7c36d2dfeeae1bdd580a93a0529aab03bdfe91fdecde3",
    "lee_linderoth_n7_d5_case2_s0": (
        "44f96cacca00634af68021f8a970788f1cd0a5884b2a273c18a5d916da348ae7"
    ),
    "lee_linderoth_n6_d3_case3_s0": (
        "a02510aa44540e257076bdafed317eb3ef945c9591975b82da1eb7eb091debe0"
    ),
    "planted_n20_d2_k2_s1": ("73e9e0641f5be2224d7adc2f32a725149eaf031bc53ecaa7012e50f06c2043fd"),
    "planted_n12_d1_k3_skip_s5": (
        "0744e08f9841e742c2294be8bae42a03d16b6701f16567abb2cbd0758a3523e7"
    ),
    "planted_n10_d3_k2_i1_s0": ("756ea06cf5457af1e4478dba07a83cce4464a66d524caf05f4ab4cfbf312214c"),
    "uniform_n5_d2_b0p5_s2": ("72bbc0bf329bd455c0d702f214b7a0824fb6206fccfea5434725f4a7b2f6ce43"),
    "uniform_n10_d50_s0": ("77f43bb6fa1b378df12e522d7fc00798e1c2c38df4cc776d6c0629317701a288"),
}


@pytest.fixture(autouse=True)
def _needs(request):
    """Skip what asks a family that needs a package that is not here."""
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    if reason := HERE.get(params.get("family")):
        pytest.skip(reason)


# By family: version, members in the library, and the hash of their sorted hashes. Taken once.
FAMILY_HASHES = {
    "alternating": (1, 5, "ccf2c41e3d4df494e5637b32"),
    "badly_scaled": (1, 10, "ccbcc0abb45d1af5a1bf7c60"),
    "boolean": (1, 26, "3b60b9bec77f2ed34d63bf80"),
    "circles": (1, 11, "5081c8421be0308725865667"),
    "collinear_runs": (1, 5, "f01c52466156b56374e7dfd3"),
    "convex_random": (1, 6, "dbcfdc8c5253760467dd4252"),
    "convex_run": (1, 14, "eb2bb5910d8bb069b2982cac"),
    "discrete_labels": (1, 12, "865bd1c09aa5854685cfaf4d"),
    "grid_function": (1, 30, "d12689941588c6d0f7dff071"),
    "lee_linderoth": (1, 14, "0d1ce10bbf598499e0657042"),
    "lines_in_space": (1, 12, "51d271e4571d432e995062e7"),
    "max_affine": (1, 9, "0aac69fc0dae8bf2a98b3ce2"),
    "moment_curve": (1, 9, "5b0d122bfdf42f497c76d218"),
    "near_duplicates": (1, 9, "9d3606d69ce3e0be6841a3bf"),
    "outliers": (1, 8, "392d702d2d75b0d8c4aa8e29"),
    "peak_plateau": (1, 1, "65e4c9350560e4db5e89635c"),
    "planted": (1, 49, "08be9bd4170978166ffab96a"),
    "random_walk": (1, 4, "06555441ce6b4d315bf762df"),
    "real_data": (1, 15, "863e3bb037df8cbe600ef391"),
    "sine": (1, 4, "f2f10d3db984261b4cafb8e3"),
    "sparse_inputs": (1, 8, "dd7828d7c525349f15daecf8"),
    "spirals": (1, 7, "6462b89142e1ec37483f2193"),
    "uniform": (1, 27, "0d3ecb19c70571a6a9673394"),
}


def entry_of(name):
    return library.index()["instances"][name]


def test_the_families_are_those_in_the_folder():
    files = {path.stem for path in (ROOT / "milpsparse" / "families").glob("[!_]*.py")}
    assert set(FAMILIES) >= files
    assert files


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_gives_the_same_instance_and_says_how_it_was_made(family):
    one, other = generate(family, 3), generate(family, 3)
    assert to_json(one) == to_json(other)
    assert one.sha256 == other.sha256
    assert one.family == family
    assert one.provenance["seed"] == 3
    again = generate(family, one.provenance["seed"], **one.provenance["params"])
    assert to_json(again) == to_json(one)
    assert to_json(from_json(to_json(one))) == to_json(one)


@pytest.mark.parametrize("family", SEEDED)
def test_different_seeds_give_different_instances(family):
    made = [generate(family, seed) for seed in range(12)]
    assert len({instance.sha256 for instance in made}) == 12
    assert len({instance.name for instance in made}) == 12


@pytest.mark.parametrize("family", UNSEEDED)
def test_a_family_of_one_instance_ignores_the_seed(family):
    assert generate(family, 1).sha256 == generate(family, 2).sha256


@pytest.mark.parametrize("family", FAMILIES)
def test_members_of_the_library_have_names_of_their_own(family):
    rule = registry.load("families", family)
    made = [generate(family, m.seed, **m.params) for m in rule.library]
    assert made
    assert len({instance.name for instance in made}) == len(made)
    assert len({instance.sha256 for instance in made}) == len(made)


@pytest.mark.parametrize("family", FAMILIES)
def test_parameters_given_as_text_are_those_given_as_values(family):
    params = registry.load("families", family).params
    texts = {name: str(option.default) for name, option in params.items()}
    assert to_json(generate(family, 0, **texts)) == to_json(generate(family, 0))


@pytest.mark.parametrize(("name", "sha256"), GOLDEN.items())
def test_generated_instances_have_the_golden_hashes(name, sha256):
    entry = entry_of(name)
    assert generate(entry["family"], entry["seed"], **entry["params"]).sha256 == sha256
    assert entry["sha256"] == sha256


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_gives_what_its_version_gave(family):
    rule = registry.load("families", family)
    if family not in FAMILY_HASHES:
        pytest.skip("a plug-in")
    made = sorted(generate(family, m.seed, **m.params).sha256 for m in rule.library)
    digest = hashlib.sha256("".join(made).encode()).hexdigest()[:24]
    assert (rule.version, len(made), digest) == FAMILY_HASHES[family]


def test_the_library_loads_the_same_instance_from_files_and_from_families(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    entries = library.index()["instances"]
    names = [name for name, entry in entries.items() if HERE[entry["family"]] is None]
    from_files = {name: library.load(name) for name in names[::6]}
    monkeypatch.chdir(tmp_path)
    for name, instance in from_files.items():
        made = library.load(name)
        assert made.name == instance.name == name
        assert to_json(made) == to_json(instance)


def test_a_library_file_that_was_changed_is_refused(monkeypatch, tmp_path):
    entry = entry_of("peak_plateau")
    path = tmp_path / "instances" / entry["family"] / "peak_plateau.json"
    path.parent.mkdir(parents=True)
    text = (ROOT / "instances" / "peak_plateau" / "peak_plateau.json").read_text(encoding="utf-8")
    path.write_text(text.replace('"bound": 10.0', '"bound": 11.0'), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MilpsparseError, match="hash differs"):
        library.load("peak_plateau")
    assert read_json(path).bound == 11.0


def test_test_sets_list_library_instances_inside_and_outside_a_checkout(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    inside = {name: library.testset(name) for name in library.index()["testsets"]}
    monkeypatch.chdir(tmp_path)
    for name, members in inside.items():
        assert library.testset(name) == members
        assert len(set(members)) == len(members) > 0
        assert set(members) <= set(library.index()["instances"])
    with pytest.raises(UnknownName, match="Did you mean small"):
        library.testset("smal")


def test_a_family_that_needs_a_package_says_what_installs_it(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(NotAvailable, match=r"real_data cannot generate here.*milpsparse\[data\]"):
        generate("real_data")
    monkeypatch.chdir(ROOT)
    assert library.load("iris_n10_s0").n_samples == 10
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotAvailable, match="scikit-learn"):
        library.load("iris_n10_s0")


@pytest.mark.parametrize(
    ("family", "seed", "params", "fragment"),
    [
        ("planted", -1, {}, "seed -1"),
        ("plantd", 0, {}, "Did you mean planted"),
        ("planted", 0, {"n": 5}, "no parameter of planted named 'n'"),
        ("planted", 0, {"N": 1}, "N=1: at least 2"),
        ("planted", 0, {"N": "many"}, "N=many"),
        ("planted", 0, {"d": 0}, "d=0: at least 1"),
        ("planted", 0, {"K": 0}, "K=0: at least 1"),
        ("planted", 0, {"inputs": -1}, "inputs=-1"),
        ("planted", 0, {"bound": 1.5}, "bound=1.5"),
        ("planted", 0, {"bound": float("nan")}, "bound"),
        ("planted", 0, {"skip": "perhaps"}, "skip=perhaps"),
        ("planted", 0, {"N": 2, "K": 5}, "no lean teacher"),
        ("planted", 0, {"N": 2000, "d": 1}, "N=2000"),
        ("uniform", 0, {"N": 0}, "N=0"),
        ("uniform", 0, {"d": "1.5"}, "d=1.5"),
        ("uniform", 0, {"bound": 0.0}, "bound"),
        ("uniform", 0, {"bound": float("inf")}, "bound"),
        ("lee_linderoth", 0, {"case": 4}, "case=4"),
        ("lee_linderoth", 0, {"case": 3, "d": 2}, "d=2: at least 3"),
        ("lee_linderoth", 2**32, {}, "seed 4294967296"),
        ("convex_run", 0, {"curvatures": ""}, "curvatures="),
        ("convex_run", 0, {"curvatures": "1:x"}, "curvatures=1:x"),
        ("convex_run", 0, {"curvatures": "1:1/0"}, "curvatures=1:1/0"),
        ("convex_run", 0, {"curvatures": "1e308:1e308"}, "curvatures=1e308:1e308"),
        ("convex_run", 0, {"bound": -1.0}, "bound"),
        ("peak_plateau", 0, {"bound": 1.0}, "'bound'"),
    ],
)
def test_bad_parameters_are_refused_in_one_line(family, seed, params, fragment):
    with pytest.raises(MilpsparseError) as refusal:
        generate(family, seed, **params)
    assert fragment in str(refusal.value)
    assert "\n" not in str(refusal.value)


PLANTED = [
    (seed, params)
    for params in (
        {},
        {"N": 8, "d": 1, "K": 2},
        {"N": 12, "d": 1, "K": 3, "skip": True},
        {"N": 15, "d": 4, "K": 4, "inputs": 2},
        {"N": 10, "d": 3, "K": 2, "inputs": 1, "skip": True},
        {"N": 40, "d": 2, "K": 6, "bound": 2.0},
        {"N": 30, "d": 2, "K": 3, "margin": 1},
    )
    for seed in range(4)
]


def planted_with_teacher(monkeypatch, seed, params):
    """The instance and the last teacher drawn for it, which is the one it was labelled by."""
    drawn, draw = [], _teachers.draw
    monkeypatch.setattr(_teachers, "draw", lambda *args: drawn.append(draw(*args)) or drawn[-1])
    return generate("planted", seed, **params), *drawn[-1]


@pytest.mark.parametrize(("seed", "params"), PLANTED)
def test_planted_labels_are_exactly_the_teachers(monkeypatch, seed, params):
    instance, signs, u = planted_with_teacher(monkeypatch, seed, params)
    teacher = from_exact(signs, u, instance.n_features).exact
    assert instance.spelled == {}
    rest = instance.y_exact - teacher(instance.X_exact)
    if instance.skip:  # what is left is the skip connection, affine on the nose
        points = np.column_stack([instance.X_exact, rationals(np.ones(instance.n_samples))])
        assert rank(np.column_stack([points, rest])) == rank(points)
    else:
        assert not rest.any()
    assert teacher.largest <= instance.bound_exact


@pytest.mark.parametrize(("seed", "params"), PLANTED)
def test_planted_teachers_are_lean_and_counted_right(monkeypatch, seed, params):
    instance, signs, u = planted_with_teacher(monkeypatch, seed, params)
    teacher = from_exact(signs, u, instance.n_features)
    active = teacher.exact.preactivations(instance.X_exact) > 0
    assert active.any(axis=0).all()
    assert not active.all(axis=0).any()
    kinds = {(int(s), tuple(a)) for s, a in zip(signs, active.T.tolist(), strict=True)}
    assert len(kinds) == len(signs)
    known = {k["objective"]: k for k in instance.known}
    assert known["neurons"]["value"] == teacher.n_neurons(instance.skip) == len(signs)
    assert known["parameters"]["value"] == teacher.n_parameters(instance.count_bias)
    assert {k["status"] for k in instance.known} == {"best"}  # a teacher is no lower bound
    for word in known:
        bound = best_bound(instance, parse_objective(word), "theorem")
        assert bound.value <= known[word]["value"]


@pytest.mark.parametrize(("seed", "params"), PLANTED)
def test_planted_points_are_distinct_and_on_the_grid(seed, params):
    instance = generate("planted", seed, **params)
    assert len(np.unique(instance.X, axis=0)) == instance.n_samples
    assert all((v * 1024).denominator == 1 for v in instance.X_exact.ravel())
    assert abs(instance.X).max() <= 1


def test_a_planted_grid_can_be_nearly_full():
    instance = generate("planted", 0, N=1024, d=1, K=1)
    assert len(np.unique(instance.X)) == 1024


def test_neurons_of_a_planted_teacher_use_the_inputs_asked_for(monkeypatch):
    _, _, u = planted_with_teacher(monkeypatch, 0, {"N": 15, "d": 4, "K": 4, "inputs": 2})
    assert (np.count_nonzero(u[:, :-1], axis=1) == 2).all()


def test_lee_linderoth_case_1_is_two_draws_of_the_legacy_generator():
    stream = RandomState(0)
    X = stream.uniform(-1, 1, (7, 5))
    y = stream.uniform(-1, 1, (7, 1))
    instance = generate("lee_linderoth", 0)
    assert (instance.X == X).all()
    assert (instance.y == y[:, 0]).all()
    assert (instance.bound, instance.skip) == (1.0, False)
    # The first uniform number of seed 0, known to everyone who has used NumPy: 0.5488135...
    assert instance.X[0, 0] == pytest.approx(2 * 0.5488135039273248 - 1, abs=1e-15)


def test_lee_linderoth_case_2_goes_on_where_case_1_ended():
    stream = RandomState(4)
    stream.uniform(size=5 * 3 + 5)
    X = stream.uniform(-1, 1, (5, 3))
    W = 0.5 * stream.randn(3, 3)
    b = 0.1 * stream.randn(3)
    v = 0.5 * stream.randn(3)
    labels = [
        sum(v[k] * max(float(x @ W[:, k]) + b[k], 0.0) for k in range(3)) + 0.05 * stream.randn()
        for x in X
    ]
    instance = generate("lee_linderoth", 4, N=5, d=3, case=2)
    assert (instance.X == X).all()
    np.testing.assert_allclose(instance.y, labels, rtol=1e-12)


def test_lee_linderoth_case_3_has_low_rank_and_a_sparse_rule_with_noise():
    instance = generate("lee_linderoth", 1, N=40, d=6, case=3)
    singular = np.linalg.svd(instance.X, compute_uv=False)
    assert singular[2] > 1
    assert singular[3] < 1e-12 * singular[0]
    noise = instance.y - instance.X[:, :3] @ [1.0, -1.5, 0.7]
    assert 0.03 < noise.std() < 0.07


def test_peak_and_plateau_is_the_six_points():
    instance = generate("peak_plateau")
    assert instance.X[:, 0].tolist() == [-2, -1, 0, 1, 2, 3]
    assert instance.y.tolist() == [0, 0, 1, 1, 0, 0]
    assert (instance.bound, instance.skip, instance.count_bias) == (10.0, True, False)
    peak = from_exact([1, -1, 1], [[1, 1], [2, -1], [1, -2]], 1)
    assert (peak.exact(instance.X_exact) == instance.y_exact).all()
    assert peak.exact.largest <= instance.bound_exact
    known = {k["objective"]: k["value"] for k in instance.known}
    assert known["neurons"] == peak.n_neurons(True) == 3
    assert known["parameters"] == peak.n_parameters(False) == 3
    assert known["l1"] == peak.path_norm(1, False) == 4


@pytest.mark.parametrize(
    "text", ["0.1:1:1:0.1", "1:1:0:1:1", "1/3:-0.2:5", "-1", "0", "1e-30:1:1:1e-30", "2:2:2:2:-1"]
)
def test_the_curvatures_of_a_convex_run_come_back_exactly(text):
    instance = generate("convex_run", curvatures=text)
    given = [parse(c) for c in text.split(":")]
    assert points_of(instance).exact_curvatures == given
    assert instance.X_exact[:, 0].tolist() == list(range(len(given) + 2))
    known = {k["objective"]: k["value"] for k in instance.known}
    assert known["l1"] == pytest.approx(float(sum(abs(c) for c in given)), rel=1e-11)
    assert known["neurons"] == best_bound(instance, parse_objective("neurons"), "theorem").value


def sparsest_interpolant(given):
    """Pairs of neighbours from the left in each run share a knot: jump and place of each."""
    knots, left = [], None
    for j, c in enumerate(given, start=1):
        if left is not None and left[1] * c > 0:
            jump = left[1] + c
            knots.append((jump, left[0] + c / jump))
            left = None
        else:
            if left is not None:
                knots.append((left[1], Fraction(left[0])))
            left = (j, c) if c else None
    return knots + ([(left[1], Fraction(left[0]))] if left else [])


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        *[("0.1:1:1:0.1", 64.0), ("1:1:0:1:1", 64.0), ("1:1:1", 4.0), ("1000", 64.0)],
        *[(":".join(["1"] * 80), 64.0), ("1:1", 1.0), ("-2:-2:3", 30.0)],
    ],
)
def test_a_convex_run_calls_its_knots_optimal_only_where_they_fit_the_bound(text, bound):
    instance = generate("convex_run", curvatures=text, bound=bound)
    knots = sparsest_interpolant([parse(c) for c in text.split(":")])
    path = [[abs(a), -abs(a) * t] for a, t in knots]
    net = from_exact([1 if a > 0 else -1 for a, _ in knots], path, 1).exact
    rest = instance.y_exact - net(instance.X_exact)
    assert {b - a for a, b in pairwise(b - a for a, b in pairwise(rest.tolist()))} <= {0}
    known = {k["objective"]: k for k in instance.known}
    assert known["neurons"]["value"] == len(knots)
    assert known["neurons"]["status"] in ("opt", "bestdual")
    if known["neurons"]["status"] == "opt":
        assert net.largest <= instance.bound_exact
    assert known["l1"]["status"] == "opt"  # copies are free for l1


def test_the_convex_runs_of_the_library_are_optimal():
    for name, entry in library.index()["instances"].items():
        if entry["family"] == "convex_run":
            assert {k["status"] for k in library.load(name).known} == {"opt"}


def test_convex_run_labels_are_sums_of_sums_of_the_curvatures():
    instance = generate("convex_run", curvatures="1:2:3")
    assert instance.y_exact.tolist() == list(accumulate([0, 0, 1, 3, 6]))


def test_uniform_data_are_one_stream_of_the_default_generator():
    rng = np.random.default_rng(7)
    X, y = rng.uniform(-1, 1, (9, 3)), rng.uniform(-1, 1, 9)
    instance = generate("uniform", 7, N=9, d=3, bound=0.5, skip=True)
    assert (instance.X == X).all()
    assert (instance.y == y).all()
    assert (instance.bound, instance.skip, instance.known) == (0.5, True, ())


@pytest.mark.parametrize(
    ("family", "params"),
    [
        ("random_walk", {"N": 40}),
        ("convex_random", {"N": 30}),
        ("alternating", {"N": 12}),
        ("collinear_runs", {"segments": 6, "length": 3}),
        ("sine", {"N": 30}),
        ("convex_run", {"curvatures": "0.1:1:1:0.1"}),
    ],
)
def test_what_theory_knows_is_what_solving_finds(family, params):
    instance = generate(family, 3, **params)
    assert (instance.n_features, instance.skip) == (1, True)
    assert {k["evidence"] for k in instance.known} == {"theorem"}
    for known in instance.known:
        found = ms.solve(instance, known["objective"])
        assert (found.termination, found.evidence) == ("optimal", "theorem")
        assert known["status"] == "opt"
        assert known["value"] == pytest.approx(found.primal_bound, rel=1e-11)


def test_a_bound_that_theory_breaks_leaves_lower_bounds():
    instance = generate("convex_random", 3, N=20, bound=2.0)
    status = {k["objective"]: k["status"] for k in instance.known}
    assert status["neurons"] == status["lp:0.5"] == "bestdual"
    assert status["l1"] == "opt"


def test_a_zigzag_needs_a_neuron_at_every_point():
    for seed in range(5):
        signs = [c > 0 for c in points_of(generate("alternating", seed, N=9)).exact_curvatures]
        assert all(a != b for a, b in pairwise(signs))
        known = generate("alternating", seed, N=9).known
        assert known[0]["value"] == 7


def test_collinear_runs_have_curvature_at_corners_only():
    instance = generate("collinear_runs", 2, segments=7, length=4)
    curvatures = points_of(instance).exact_curvatures
    assert sum(c == 0 for c in curvatures) > len(curvatures) / 3
    assert instance.known[0]["value"] == 6  # one knot a corner
    assert instance.n_samples == 7 * 4 + 1 - 3


def test_random_convex_data_have_one_run_and_thresholds_below_one():
    values = [generate("convex_random", seed).extra["pstar"] for seed in range(10)]
    assert all(low <= high for low, high in values)
    assert sum(high < 1 for _, high in values) >= 5
    assert min(points_of(generate("convex_random", 1)).exact_curvatures) > 0
