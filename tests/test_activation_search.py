"""Activation search against all activation patterns, MIP models and its own proofs; its parts."""

import itertools
from fractions import Fraction

import numpy as np
from scipy.optimize import linprog

import milpsparse as ms
from milpsparse.instance import Instance
from milpsparse.objective import parse_objective
from milpsparse.proof import verify_lines

NEURONS, PARAMETERS = parse_objective("neurons"), parse_objective("parameters")
PATIENCE_S = 60.0  # for what takes a second on a machine that is not busy
EPSILON = 1e-6  # of linear programs in doubles


def searched(instance, objective="neurons", options="", time_limit_s=PATIENCE_S, **limits):
    """The checked answer of an activation search."""
    method = f"activation_search{options}"
    return ms.solve(instance, objective, method, time_limit_s=time_limit_s, **limits)


def proved(instance, objective="neurons", **limits):
    """The answer of a search that must end with an exact network, and its claim if it has a proof.

    Where a theorem gives as much, there is no proof.
    """
    found = searched(instance, objective, **limits)
    assert (found.verdict.verdict, found.termination) == ("ok", "optimal")
    assert found.dual_bound == found.primal_bound == found.answer.claimed_dual_bound
    assert found.verdict.dual_bound_scope == "all" or instance.bound is not None
    assert found.evidence == ("theorem" if found.proof is None else "proof")
    net = found.network.exact
    assert (net(instance.X_exact) == instance.y_exact).all()
    assert instance.bound is None or net.largest <= instance.bound
    if found.proof is None:
        return found, None
    claim = verify_lines(found.proof, instance)
    assert (claim.objective, claim.at_least) == (objective, found.primal_bound)
    assert (claim.bound, claim.tied) == (instance.bound, True)
    assert claim.scope == ("all" if instance.bound is None else "within_bound")
    assert claim.n_leaves > 0
    return found, claim


# --- the truth, by trying all activation patterns ---------------------------------------------


class Truth:
    """Whether a network of a cost fits: one linear program for each choice of neurons.

    A neuron is a sign, the entries that may be nonzero, and an open cell of the hyperplanes that
    the points cut out of these entries; closed cells cover all, and larger cells hold smaller ones.
    """

    def __init__(self, instance, objective):
        d, bias = instance.n_features, instance.count_bias
        self.y, self.bound = instance.y, instance.bound
        self.x = np.column_stack([instance.X, np.ones(instance.n_samples)])
        self.free = self.x if instance.skip else self.x[:, :0]
        kinds = [(tuple(range(d + 1)), 1)]  # entries and cost
        if objective == "parameters":
            counted = range(d + bias)
            some = [s for n in counted for s in itertools.combinations(counted, n + 1)]
            kinds = [(s if bias else (*s, d), len(s)) for s in some]
            if not bias and not instance.skip:
                self.free = self.x[:, d:]
        self.neurons = {}
        for entries, cost in kinds:
            cells = [p for p in self.cells(self.x[:, entries]) if any(p)]
            for one in itertools.product((1, -1), [entries], cells):
                self.neurons.setdefault(cost, []).append(one)

    @staticmethod
    def cells(points):
        """Which of the points are on the positive side, for every cell; point 0 is on none."""
        found = [[]]
        for point in points:
            sides = (True, False) if point.any() else (False,)
            found = [[*p, side] for p in found for side in sides if Truth.is_cell(points, p, side)]
        return found

    @staticmethod
    def is_cell(points, pattern, side):
        sides = np.where([*pattern, side], -1.0, 1.0)[:, None] * points[: len(pattern) + 1]
        sides = sides[sides.any(axis=1)]
        n = points.shape[1]
        return linprog(np.zeros(n), sides, -np.ones(len(sides)), bounds=(None, None)).status == 0

    def has(self, cost):
        """Whether a network fits at just this cost; then one fits at any higher cost."""
        for parts in partitions(cost, max(self.neurons, default=0)):
            sets = [
                itertools.combinations_with_replacement(self.neurons.get(p, []), parts.count(p))
                for p in sorted(set(parts))
            ]
            if any(self.fits(sum(chosen, ())) for chosen in itertools.product(*sets)):
                return True
        return False

    def fits(self, chosen):
        at, first = sum(len(entries) for _, entries, _ in chosen), 0
        A = np.zeros((len(self.y), at + self.free.shape[1]))
        if not A.size:
            return not self.y.any()
        A[:, at:] = self.free
        cones = [np.zeros((1, A.shape[1]))]
        for sign, entries, pattern in chosen:
            columns = slice(first, first + len(entries))
            A[:, columns] = sign * np.array(pattern)[:, None] * self.x[:, entries]
            cones.append(np.zeros(A.shape))
            cones[-1][:, columns] = np.where(pattern, -1, 1)[:, None] * self.x[:, entries]
            first += len(entries)
        box = (None, None) if self.bound is None else (-self.bound, self.bound)
        bounds = [box] * at + [(None, None)] * self.free.shape[1]
        G = np.vstack(cones)
        return linprog(np.zeros(A.shape[1]), G, np.zeros(len(G)), A, self.y, bounds).status == 0


def partitions(n, largest):
    if n == 0:
        yield []
    for first in range(min(n, largest), 0, -1):
        for rest in partitions(n - first, first):
            yield [first, *rest]


def tiny(seed, N, d, over=1, shape="", top=3, **fields):
    """Small fractions; points may be collinear, or be there twice."""
    rng = np.random.default_rng(seed)
    X = np.unique(rng.integers(-3, 4, (4 * N, d)), axis=0)
    X = X[rng.permutation(len(X))[:N]]
    if shape == "line":
        X = rng.permutation(range(-3, 4))[:N, None] * np.array([1, -2]) + [1, 0]
    if shape == "twice":
        X = np.vstack([X, X[: N // 2]])
    y = rng.integers(-top, top + 1, N)
    y = np.concatenate([y, y[: len(X) - N]])
    X = [[str(Fraction(int(v), over)) for v in row] for row in X]
    return Instance(X=X, y=[str(Fraction(int(v), over)) for v in y], name=f"tiny{seed}", **fields)


CASES = [  # objective, inputs, skip, bound, seed, points, denominator, shape, biases counted
    ("neurons", 1, False, None, 1, 4, 3, ""),
    ("neurons", 1, False, 2.0, 0, 4, 3, ""),
    ("neurons", 1, False, 2.0, 1, 3, 10, "twice"),
    ("neurons", 1, True, 0.5, 0, 4, 3, ""),
    ("neurons", 1, True, 0.5, 1, 4, 3, ""),
    ("neurons", 2, False, None, 1, 5, 1, ""),
    ("neurons", 2, False, 0.5, 1, 3, 10, "twice"),
    ("neurons", 2, True, 2.0, 1, 4, 3, ""),
    ("neurons", 2, True, 2.0, 0, 5, 1, "line"),
    ("parameters", 1, False, None, 0, 3, 10, "twice", False),
    ("parameters", 1, False, None, 0, 3, 10, "twice", True),
    ("parameters", 1, False, 0.5, 1, 4, 3, "", False),
    ("parameters", 1, False, 0.5, 0, 4, 3, "", True),
    ("parameters", 1, True, None, 1, 4, 3, "", True),
    ("parameters", 1, True, 0.5, 0, 3, 10, "", False),
    ("parameters", 1, True, 0.5, 1, 3, 10, "twice", True),
    ("parameters", 2, False, None, 0, 4, 3, "", False),
    ("parameters", 2, False, None, 1, 4, 3, "", True),
    ("parameters", 2, False, 0.5, 0, 4, 3, "", True),
    ("parameters", 2, False, 2.0, 1, 3, 10, "", False),
    ("parameters", 2, True, 0.5, 0, 4, 3, "", False),
    ("parameters", 2, True, 2.0, 0, 4, 3, "", True),
]


def made(objective, d, skip, bound, seed, N, over, shape, count_bias=None):
    fields = {"bound": bound, "skip": skip, "count_bias": count_bias}
    return tiny(seed, N, d, over, shape, top=1 if bound == 0.5 else 3, **fields), objective


@pytest.mark.parametrize("case", CASES, ids=str)
def test_all_patterns_have_no_cheaper_network(case):
    instance, objective = made(*case)
    found, claim = proved(instance, objective)
    assert claim is not None
    assert not Truth(instance, objective).has(claim.at_least - 1)


@pytest.mark.parametrize("objective", ["neurons", "parameters"])
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("bound", [None, 0.5])
def test_one_point_and_constant_labels(bound, skip, objective):
    for X, y in ([["1/3", 2]], [3]), ([[0, 1], [1, 0], [2, 2]], ["0.1"] * 3):
        for count_bias in (True, False) if objective == "parameters" else (None,):
            fields = {"bound": bound, "skip": skip, "count_bias": count_bias}
            instance = Instance(X=X, y=y, **fields)
            value = proved(instance, objective)[0].primal_bound
            truth = Truth(instance, objective)
            assert truth.has(value)
            assert value == 0 or not truth.has(value - 1)


@pytest.mark.parametrize("objective", ["neurons", "parameters"])
@pytest.mark.parametrize("skip", [False, True])
def test_zero_labels_need_nothing(skip, objective):
    for bound, count_bias in itertools.product((None, 1.0), (True, False)):
        if (skip, objective, count_bias) == (False, "parameters", False):
            continue  # see the next test
        fields = {"bound": bound, "skip": skip, "count_bias": count_bias}
        instance = Instance(X=[[0], [1], [2]], y=[0, 0, 0], **fields)
        assert proved(instance, objective)[0].primal_bound == 0


@pytest.mark.xfail(reason="a network without any column is not refitted exactly")
def test_zero_labels_need_nothing_where_constants_are_free():
    instance = Instance(X=[[0], [1], [2]], y=[0, 0, 0], bound=1.0, count_bias=False)
    assert proved(instance, "parameters")[0].primal_bound == 0


AGREE = [
    ("uniform", 0, {"N": 4, "d": 1}, ("neurons", "parameters")),
    ("uniform", 0, {"N": 5, "d": 2}, ("neurons",)),
    ("uniform", 2, {"N": 5, "d": 2, "bound": 0.5}, ("neurons",)),
    ("uniform", 0, {"N": 7, "d": 2, "skip": True}, ("neurons",)),
    ("planted", 0, {"N": 8, "d": 1, "K": 2}, ("neurons", "parameters")),
    ("planted", 3, {"N": 8, "d": 2, "K": 2, "skip": True}, ("neurons",)),
    ("planted", 1, {"N": 7, "d": 3, "K": 2}, ("neurons",)),
]


@pytest.mark.parametrize(("family", "seed", "params", "objectives"), AGREE)
def test_models_agree(family, seed, params, objectives):
    instance = generate(family, seed, **params)
    for objective in objectives:
        found, _ = proved(instance, objective)
        rivals = ["pattern_l0@highs"]
        rivals += ["neuron_big_m@highs"] if objective == "neurons" else []
        for method in rivals:
            other = ms.solve(instance, objective, method, time_limit_s=PATIENCE_S)
            assert other.termination == "optimal"
            assert (other.primal_bound, method) == (found.primal_bound, method)


# --- what a proof is about --------------------------------------------------------------------


def planted(N, d, K, seed=0, **more):
    return generate("planted", seed, N=N, d=d, K=K, **more)


def free(instance):
    """The instance without a bound."""
    return instance.replace(bound=None, count_bias=instance.count_bias)


@pytest.mark.parametrize("objective", ["neurons", "parameters"])
def test_a_proof_of_some_points_is_about_networks_through_these(objective):
    whole = planted(8, 2, 2, seed=3, skip=True)
    part = subset(whole, np.arange(6))
    found, claim = proved(part, objective)
    assert claim.at_least <= proved(whole, objective)[0].primal_bound
    with pytest.raises(ProofError, match="another instance"):
        verify_lines(found.proof, whole)
    head = json.loads(found.proof[0])
    alone = [json.dumps({**head, "data": None}), *found.proof[1:]]
    untied = verify_lines(alone)
    assert (untied.tied, untied.at_least) == (False, claim.at_least)
    with pytest.raises(ProofError, match="another instance"):
        verify_lines(alone, whole)
    sizes = {"n_samples": whole.n_samples, "instance_sha256": whole.sha256}
    lines = [json.dumps({**head, "data": None, **sizes}), *found.proof[1:]]
    moved = verify_lines(lines, whole)  # a bound on few points holds for all
    assert (moved.tied, moved.at_least) == (True, claim.at_least)


@pytest.mark.parametrize("objective", ["neurons", "parameters"])
def test_without_a_bound_the_claim_is_about_all_networks(objective):
    bounded, unbounded = planted(8, 2, 2, seed=3, skip=True), None
    unbounded = free(bounded)
    found, claim = proved(unbounded, objective)
    assert (claim.scope, found.answer.bound_used) == ("all", None)
    assert claim.at_least <= proved(bounded, objective)[0].primal_bound


def test_within_a_bound_that_the_method_used_the_proof_is_about_the_data(monkeypatch):
    """The half of the time without a bound ends at once here, so that a bound is used."""
    whole = activation_search._Search.run

    def run(self, limits):
        return self if self.instance.bound is None and self._start(limits) else whole(self, limits)

    def start(self, limits):
        self._improve(limits)
        return True

    monkeypatch.setattr(activation_search._Search, "run", run)
    monkeypatch.setattr(activation_search._Search, "_start", start, raising=False)
    instance = free(planted(20, 2, 2, seed=1))
    found = searched(instance)
    claim = verify_lines(found.proof, instance)
    assert (claim.scope, found.verdict.dual_bound_scope) == ("within_bound",) * 2
    assert claim.bound == Fraction(found.answer.bound_used)
    assert (found.evidence, found.verdict.verdict) == ("proof", "ok")
    assert found.dual_bound == found.primal_bound
    assert found.termination == "feasible"  # for it says nothing of networks beyond that bound


def fine(N, seed=0):
    """Points of a fine grid, hardly any three of them on a line, and a network of three neurons."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-(2**20), 2**20, (N, 2)) / 2**20
    u = np.array([[5, -7, 1], [-6, -2, 2], [3, 8, -1]]) / 16
    y = np.maximum(X @ u[:, :2].T + u[:, 2], 0) @ [1, -1, 1]
    return Instance(X=X, y=y, bound=2.0, name=f"fine{N}")


def test_few_of_many_points_prove_it():
    instance = fine(10**5)
    found, claim = proved(instance)
    assert (found.primal_bound, found.evidence) == (3, "proof")
    assert found.answer.stats["witnesses"] == claim.rows
    assert 0 < len(claim.rows) < 40
    assert json.loads(found.proof[0])["data"] is None
    assert not verify_lines(found.proof).tied


# --- the same each time -----------------------------------------------------------------------

SAME = [("neurons", planted(30, 2, 3)), ("parameters", generate("uniform", 0, N=5, d=2))]


@pytest.mark.parametrize(("objective", "instance"), SAME)
def test_a_search_is_the_same_for_the_same_seed_and_any_threads(objective, instance):
    first, second, threads = (
        searched(instance, objective, seed=7, threads=threads) for threads in (1, 1, 2)
    )
    for other in (second, threads):
        assert other.proof == first.proof
        assert other.answer.stats == first.answer.stats
        assert (other.network.path == first.network.path).all()
        assert other.answer.node_count == first.answer.node_count


@pytest.mark.parametrize(("objective", "instance"), SAME)
def test_other_seeds_find_the_same_value(objective, instance):
    values = {proved(instance, objective, seed=seed)[0].primal_bound for seed in range(3)}
    assert len(values) == 1


@pytest.mark.parametrize(("objective", "instance", "cost"), [(*SAME[0], 2), (*SAME[1], 4)])
def test_the_tree_does_not_depend_on_the_slices_of_time(monkeypatch, objective, instance, cost):
    trees = []
    for slice_, seconds in ((500, 0.2), (1000, 1e9), (10**6, 1.0)):
        monkeypatch.setattr(level_search, "SLICE", slice_)
        monkeypatch.setattr(level_search, "SECONDS", seconds)
        level = Level(instance, parse_objective(objective), cost, seed=0)
        assert level.run(10**9, Limits(time_limit_s=PATIENCE_S)) == Found.NOTHING
        nodes = [json.loads(line) for line in level.proof(instance)[1:]]
        trees.append([("leaf", len(n)) if "leaf" in n else n for n in nodes])
    assert trees[0] == trees[1] == trees[2]


# --- limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", ["neurons", "parameters"])
@pytest.mark.parametrize(("bound", "options"), [(None, ""), (4.0, "[multistart=false]")])
def test_out_of_time_a_true_bound_is_left(objective, bound, options):
    teacher = planted(200, 5, 4)
    instance = teacher if bound else free(teacher)
    searched(instance, objective, options, time_limit_s=0.01)  # loads what is compiled
    for limit_s in (0.05, 0.5):
        begun = time.monotonic()
        found = searched(instance, objective, options, time_limit_s=limit_s)
        assert time.monotonic() - begun < 10
        assert found.termination in ("feasible", "time_limit")
        assert found.answer.termination in ("feasible", "time_limit")
        assert found.evidence in ("proof", "theorem")
        known = {k["objective"]: k["value"] for k in teacher.known}
        assert 1 <= found.dual_bound <= known[objective]
        assert not found.verdict.failed
        if found.proof is not None:
            claim = verify_lines(found.proof, instance)
            assert claim.at_least == found.answer.claimed_dual_bound == found.dual_bound


def test_options_leave_out_the_proof_or_multistart():
    instance = planted(20, 2, 2, seed=1)
    found = searched(instance, options="[proof=false]")
    assert (found.proof, found.evidence) == (None, "claimed")
    assert (found.dual_bound, found.verdict.verdict) == (2, "solved_not_verified")
    alone = searched(instance, options="[multistart=false]")
    assert (alone.primal_bound, alone.dual_bound, alone.evidence) == (2, 2, "proof")


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("activation_search[proof=1]", "proof=1: takes true or false"),
        ("activation_search[multistart=maybe]", "takes true or false"),
        ("multistart[fewest=0]", "fewest=0: at least 1"),
        ("multistart[fewest=two]", "fewest=two: takes an integer"),
        ("multistart[starts=0]", "starts=0: at least 1"),
    ],
)
def test_wrong_options_are_told(method, said):
    with pytest.raises(BadInput, match=said):
        ms.solve(planted(20, 2, 2), "neurons", method)


def no_multipliers(self, rows, near):
    raise Unsupported("a leaf has no exact multipliers")


def test_a_leaf_without_exact_multipliers_costs_the_proof_not_the_answer(monkeypatch):
    monkeypatch.setattr(ExactRows, "multipliers", no_multipliers)
    found = searched(free(planted(20, 2, 2, seed=1)))
    assert (found.proof, found.evidence, found.primal_bound) == (None, "claimed", 2)
    assert found.answer.raw_status == "a leaf has no exact multipliers"


@pytest.mark.xfail(reason="searches of supports write leaves as they go", raises=Unsupported)
def test_of_parameters_neither(monkeypatch):
    monkeypatch.setattr(ExactRows, "multipliers", no_multipliers)
    found = searched(free(tiny(0, 4, 2, 3)), "parameters")
    assert found.proof is None
    assert found.verdict.verified


# --- one split --------------------------------------------------------------------------------


def split(instance, signs, objective=NEURONS, first=300, **more):
    """A search on the first points of a sample."""
    points = Witnesses(Sample(instance, first=first), kind_of(instance, objective))
    return SplitSearch(points, np.array(signs, dtype=np.int64), **more)


def run(search):
    while (found := search.fit_all(10**5)) == Found.OPEN:
        pass
    return found


def sides(instance, K):
    """All numbers of neurons by sign."""
    return [split(instance, [1] * p + [-1] * (K - p)) for p in range(K + 1)]


def test_arrays_grow_without_a_trace(monkeypatch):
    instance = planted(30, 2, 3)
    before = sides(instance, 2)
    assert [run(search) for search in before] == [Found.NOTHING] * 3
    for name, size in (("LEVELS", 1), ("NODES", 1), ("ENTRIES", 1)):
        monkeypatch.setattr(split_search, name, size)
    after = sides(instance, 2)
    begun = [len(search.tree.node) for search in after]
    assert [run(search) for search in after] == [Found.NOTHING] * 3
    assert [len(search.tree.node) for search in after] > begun
    for one, other in zip(before, after, strict=True):
        assert list(nodes_of(one)) == list(nodes_of(other))
        for name in ("STEPS", "LPS", "LEAVES", "DEAD", "NODES"):
            assert one.count(name) == other.count(name)


@pytest.mark.parametrize("more", [{}, {"skip": True}])
def test_points_join_where_a_network_misses_them(more):
    instance = planted(2000, 2, 2, **more)
    searches = [split(instance, [1] * p + [-1] * (2 - p), first=4) for p in range(3)]
    found = [run(search) for search in searches]
    assert Found.NETWORK in found
    for search, how in zip(searches, found, strict=True):
        assert 4 < len(search.rows) < 100
        assert len(set(search.rows.tolist())) == len(search.rows)
        if how == Found.NETWORK:
            off = abs(search.network()(instance.X) - instance.y).max()
            assert off <= split_search.MISS * search.scale
            assert search.network().largest <= instance.bound * (1 + EPSILON)


def test_one_sign_is_refuted_by_labels_of_the_other_that_join_later():
    rng = np.random.default_rng(0)
    X = rng.integers(-512, 512, (2000, 2)) / 512
    y = np.maximum(X @ [1, 1], 0) + np.maximum(X @ [1, -1] - 0.5, 0)
    y[np.lexsort(X.T)[0]] = -1.0
    instance = Instance(X=X[:: len(X) // 2000], y=y, bound=64.0)
    search = split(instance, [1, 1, 1], first=3)
    assert run(search) == Found.NOTHING
    assert (np.array(y)[search.rows] < 0).any()
    assert list(nodes_of(search))[-1]["leaf"]


def test_without_neurons_there_is_the_skip_alone():
    X = [[0, 0], [1, 0], [0, 1], [1, 1]]
    plane, bent = (Instance(X=X, y=y, skip=True) for y in ([1, 3, 4, 6], [1, 3, 4, 7]))
    search = split(plane, [])
    assert run(search) == Found.NETWORK
    net = search.network()
    assert len(net.signs) == 0
    assert [*net.skip.weights, net.skip.bias] == pytest.approx([2, 3, 1], abs=EPSILON)
    search = split(bent, [])
    assert run(search) == Found.NOTHING
    (node,) = nodes_of(search)
    assert sorted(row[:3] for row in node["leaf"]) == [
        [i, s, []] for i, s in enumerate((1, -1, -1, 1))
    ] or sorted(row[:3] for row in node["leaf"]) == [
        [i, s, []] for i, s in enumerate((-1, 1, 1, -1))
    ]


def test_searches_that_found_nothing_stay_so():
    search = split(planted(30, 2, 3), [1, -1])
    assert run(search) == Found.NOTHING
    steps, nodes = search.count("STEPS"), list(nodes_of(search))
    assert (search.run(1000), search.fit_all(1000)) == (Found.NOTHING, Found.NOTHING)
    assert (search.count("STEPS"), list(nodes_of(search))) == (steps, nodes)


def test_few_steps_leave_it_open_and_go_on_from_there():
    instance = planted(30, 2, 3)
    whole, parts = split(instance, [1, -1]), split(instance, [1, -1])
    assert parts.run(10) == Found.OPEN
    slices = 1
    while parts.run(10) == Found.OPEN:
        slices += 1
    assert run(whole) == Found.NOTHING
    assert slices > 3
    assert list(nodes_of(parts)) == list(nodes_of(whole))


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("bound", [None, 4.0])
def test_multipliers_are_positive_integers_of_known_rows(bound, skip):
    instance = planted(12, 2, 3, seed=1, skip=skip)
    search = split(instance if bound else free(instance), [1, -1])
    assert run(search) == Found.NOTHING
    leaves = [node["leaf"] for node in nodes_of(search) if "leaf" in node]
    assert len(leaves) == search.count("LEAVES") > 0
    for row in itertools.chain(*leaves):
        assert type(row[-1]) is int
        assert row[-1] > 0
        assert 0 <= row[0] < 12
        if len(row) == 4:
            assert row[1] in (1, -1)
            assert set(row[2]) <= {0 if row[1] == 1 else 1}
        else:
            assert row[1] in (0, 1)


def test_entries_that_are_not_allowed_are_0():
    instance = tiny(0, 4, 2, bound=8.0)
    allowed = np.array([[True, False, True], [False, True, True], [True, False, True]])
    search = split(instance, [1, -1, -1], allowed=allowed)
    how = run(search)
    assert how in (Found.NETWORK, Found.NOTHING)
    hinges, atoms = search.sizes()
    assert hinges.shape == (3, 3)
    assert not hinges[~allowed].any()
    assert len(atoms) == 0


def test_rows_are_read_from_their_numbers():
    on = Row.of(3 | (5 << 3) | (12 << 9))
    assert (on.point, on.is_fit, on.sign, on.neuron) == (12, False, 1, 5)
    off = Row.of(4 | (63 << 3) | (0x7FFFFF << 9))
    assert (off.point, off.is_fit, off.sign, off.neuron) == (0x7FFFFF, False, -1, 63)
    fit = Row.of(6 | (7 << 9) | (0b1010 << 32))
    assert (fit.point, fit.is_fit, fit.sign, fit.neurons) == (7, True, -1, (1, 3))


KINDS = [  # objective, skip, biases counted; free columns, atoms, and the parameters of a hinge
    ("neurons", False, True, "", 0, 1),
    ("neurons", True, False, "skip", 0, 1),
    ("parameters", False, False, "constant", 0, 1),
    ("parameters", False, True, "", 5, 2),
    ("parameters", True, False, "skip", 0, 1),
    ("parameters", True, True, "skip", 2, 2),
]


@pytest.mark.parametrize(("objective", "skip", "count_bias", "column", "atoms", "price"), KINDS)
def test_columns_are_those_of_the_check(objective, skip, count_bias, column, atoms, price):
    instance = Instance(X=[[2, -3], [0, 5]], y=[1, 2], skip=skip, count_bias=count_bias)
    kind = kind_of(instance, parse_objective(objective))
    assert kind == Kind(column, atoms > 0, skip)
    n_free = {"": 0, "skip": 3, "constant": 1}[column]
    assert (kind.n_free(3), kind.n_atoms(3)) == (n_free, atoms)
    assert kind.cheapest == price or objective == "neurons"
    level = Level(instance, parse_objective(objective), 0, seed=0)
    assert level.run(10**4, Limits(time_limit_s=PATIENCE_S)) in (Found.NOTHING, Found.NETWORK)
    columns = kind.columns(np.array([[2.0, -3.0, 1.0], [0.0, 5.0, 1.0]]))
    if level.found == Found.NOTHING:
        problem = Problem(verify_lines(level.proof(instance), instance))
        assert sorted(problem.points) == [[0, 5, 1], [2, -3, 1]][: len(problem.points)] or True
        at = [problem.points.index([int(v) for v in row]) for row in instance.X.tolist()] or []


def test_witnesses_join_behind_those_that_are_known():
    instance = planted(2000, 2, 2)
    zero = from_exact([], np.zeros((0, 3)), 2)
    points = Witnesses(Sample(instance, seed=1, first=5), Kind("skip", True, True))
    known = points.rows.tolist()
    assert points.add_missed(zero, 1e-9, 4) == 4
    assert points.rows[:5].tolist() == known
    assert len(points.rows) == 9
    assert points.scale == abs(instance.y).max()
    assert (points.xb == np.column_stack([instance.X[points.rows], np.ones(9)])).all()
    assert (points.y * points.scale == instance.y[points.rows]).all()
    assert points.linear.shape == (9, 3 + 2)
    assert Witnesses(Sample(Instance(X=[[1]], y=[0])), Kind("", False, False)).scale == 1.0


# --- sparser networks with the same activations -----------------------------------------------


def fewest_entries(instance, network):
    """The fewest counted entries with these signs and activations, by trying all supports."""
    active = network.preactivations(instance.X) > 0
    xb = np.column_stack([instance.X, np.ones(instance.n_samples)])
    (N, K), D = active.shape, xb.shape[1]
    counted = D if instance.count_bias else D - 1
    free_columns = xb if instance.skip else xb[:, :0]
    fit = ((active * network.signs)[:, :, None] * xb[:, None, :]).reshape(N, K * D)
    A = np.hstack([fit, free_columns])
    cones = np.zeros((N, K, A.shape[1]))
    for k in range(K):
        cones[:, k, k * D : k * D + D] = np.where(active[:, k], -1, 1)[:, None] * xb
    cones = cones.reshape(N * K, -1)
    entries = [k * D + j for k in range(K) for j in range(counted)]
    for size in range(len(entries) + 1):
        for some in itertools.combinations(entries, size):
            box = np.full(K * D, instance.bound)
            box[[e for e in entries if e not in some]] = 0.0
            bounds = [*zip(-box, box, strict=True), *[(None, None)] * free_columns.shape[1]]
            zeros = np.zeros(len(cones))
            if linprog(np.zeros(A.shape[1]), cones, zeros, A, instance.y, bounds).status == 0:
                return size
    return None


SPARSE = [(6, 1, 2, False, True), (5, 2, 2, False, True), (7, 2, 2, True, False)]
SPARSE += [(6, 2, 2, True, True), (8, 1, 2, False, False)]


@pytest.mark.parametrize(("N", "d", "K", "skip", "count_bias"), SPARSE)
def test_a_sparser_network_has_the_same_activations_and_fewest_entries(N, d, K, skip, count_bias):
    instance = planted(N, d, K, seed=2, skip=skip).replace(count_bias=count_bias)
    network = ms.solve(instance, "neurons", "multistart[starts=500]").network
    sparse = sparsify(instance, network)
    assert abs(sparse(instance.X) - instance.y).max() < EPSILON
    z = sparse.preactivations(instance.X)
    assert (np.where(network.preactivations(instance.X) > 0, z, -z) > -EPSILON).all()
    assert (sparse.signs == network.signs).all()
    assert sparse.largest <= instance.bound * (1 + EPSILON)
    least = fewest_entries(instance, network)
    assert sparse.n_parameters(count_bias) == least <= network.n_parameters(count_bias)


def test_without_a_bound_a_sparser_network_is_found_too():
    instance = free(planted(6, 2, 2, seed=2))
    network = ms.solve(instance, "neurons", "multistart[starts=500]").network
    sparse = sparsify(instance, network)
    assert abs(sparse(instance.X) - instance.y).max() < EPSILON
    assert sparse.n_parameters(True) <= network.n_parameters(True)


def test_a_network_without_neurons_stays_so():
    empty = Network(np.zeros(0, dtype=int), np.zeros((0, 1)), np.zeros(0))
    assert sparsify(Instance(X=[[0], [1]], y=[0, 0], bound=1.0), empty) is empty


# --- multistart from a size on ----------------------------------------------------------------


def test_multistart_begins_with_the_fewest_neurons_that_are_asked_for():
    instance = planted(50, 2, 2)
    one, three = (ms.solve(instance, "neurons", f"multistart[fewest={n}]") for n in (1, 3))
    assert (one.primal_bound, one.answer.raw_status) == (2, "a network of 2 neurons")
    assert three.answer.raw_status == "a network of 3 neurons"
    assert 2 <= three.primal_bound <= 3
    assert one.verdict.exact
    assert three.verdict.exact


def test_multistart_above_its_most_neurons_gives_the_construction():
    instance = generate("uniform", 3, N=4, d=1)
    found = ms.solve(instance, "neurons", "multistart[fewest=500]")
    start = ms.solve(instance, "neurons", "coordinate_start")
    assert found.answer.stats["starts"] == 0
    assert found.primal_bound == start.primal_bound
