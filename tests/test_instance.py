import json
from dataclasses import FrozenInstanceError
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from milpsparse.errors import BadInstance
from milpsparse.instance import Instance
from milpsparse.instance_files import from_json, read_csv, read_json, to_json, write_csv

X, Y = [[0.0, 1.0], [2.0, 3.0]], [0.5, -1.0]
# Doubles and text that are easily lost on the way through a file.
CELLS = [0.1, -0.0, 1e-300, 5e-324, 1.7976931348623157e308, 1 / 3, 123456789.123456789]
TEXTS = ["1/3", "0.1", "-2.50", "1e-300", str(2**80 + 1), "1e-999"]


def make(**changes):
    return Instance(**{"X": X, "y": Y, "bound": 10.0, **changes})


def assert_refused(fragments, action, *args, **kwargs):
    with pytest.raises(BadInstance) as refusal:
        action(*args, **kwargs)
    message = str(refusal.value)
    assert "\n" not in message
    assert len(message) < 500
    for fragment in fragments:
        assert fragment in message


def refusal_of(action, *args, **kwargs):
    """What was made, or the line that refuses it; any other exception is a failure."""
    try:
        return action(*args, **kwargs), None
    except BadInstance as refusal:
        return None, str(refusal)


def assert_same(one, other):
    assert one.X.tobytes() == other.X.tobytes()
    assert one.y.tobytes() == other.y.tobytes()
    assert (one.X_exact == other.X_exact).all()
    assert (one.y_exact == other.y_exact).all()
    for field in ("bound", "skip", "count_bias", "name", "family", "known", "provenance", "extra"):
        assert getattr(one, field) == getattr(other, field)
    assert one.sha256 == other.sha256


@pytest.mark.parametrize(
    ("changes", "fragments"),
    [
        ({"X": [[0.0, 1.0], [2.0, np.nan]]}, ["X", "not finite", "row 2, column 2"]),
        ({"X": [[np.inf, 1.0], [2.0, 3.0]]}, ["X", "not finite", "row 1, column 1"]),
        ({"y": [0.5, -np.inf]}, ["y", "not finite", "row 2"]),
        ({"y": ["0.5", "nan"]}, ["y, row 2", "'nan' is not a finite number"]),
        ({"y": ["0.5", "1/0"]}, ["y, row 2", "'1/0'"]),
        ({"y": ["0.5", "a\nb"]}, ["y, row 2", "not a finite number"]),
        ({"X": [["0", "1e9999"], ["2", "3"]]}, ["X, row 1, column 2", "'1e9999'"]),
        ({"X": [[0, 10**400], [2, 3]]}, ["X, row 1, column 2", "double range"]),
        ({"X": [[0, float("inf")], ["2", "3"]]}, ["X, row 1, column 2"]),
        ({"X": [[0, None], [2, 3]]}, ["X, row 1, column 2", "not a number"]),
        ({"X": [[0, {}], [2, 3]]}, ["X, row 1, column 2", "not a number"]),
        ({"X": [[0, 1j], [2, 3]]}, ["X, row 1, column 2", "not a number"]),
        ({"X": [[True, 1], [2, 3]], "y": [True, False]}, ["not a number"]),
        ({"y": np.array([True, False])}, ["y, row 1", "'True' is not a number"]),
        ({"y": [Decimal("0.1"), 1]}, ["y, row 1", "not a number"]),
        ({"X": [[0.0, 1.0], [2.0]]}, ["X is ragged"]),
        ({"X": [["0", "1"], ["2"]]}, ["X is ragged"]),
        ({"y": [0.5, [1.0]]}, ["y is ragged"]),
        ({"X": [0.0, 1.0]}, ["X has shape (2,)", "(n_samples, n_features)"]),
        ({"X": [[[0.0]], [[1.0]]]}, ["X has shape (2, 1, 1)"]),
        ({"X": None}, ["X has shape ()"]),
        ({"X": "12"}, ["X has shape ()"]),
        ({"y": [[0.5], [-1.0]]}, ["y has shape (2, 1)", "(n_samples,)"]),
        ({"y": [0.5, -1.0, 2.0]}, ["X has 2 rows and y has 3"]),
        ({"X": [], "y": []}, ["no points"]),
        ({"X": np.zeros((0, 2)), "y": []}, ["no points"]),
        ({"X": np.zeros((2, 0))}, ["no points"]),
        ({"bound": 0}, ["bound must be a positive number or null, not 0"]),
        ({"bound": -1.0}, ["bound", "-1.0"]),
        ({"bound": np.nan}, ["bound", "nan"]),
        ({"bound": np.inf}, ["bound", "inf"]),
        ({"bound": "big"}, ["bound", "'big'"]),
        ({"bound": True}, ["bound", "True"]),
        ({"bound": [1.0]}, ["bound", "[1.0]"]),
        ({"skip": "no"}, ["skip must be true or false, not 'no'"]),
        ({"count_bias": 2}, ["count_bias must be true or false, not 2"]),
        ({"known": None}, ["known must be a list"]),
        ({"known": [3]}, ["known must be a list of objects"]),
        ({"known": [{"objective": "neurons", "status": "sure", "value": 1}]}, ["status"]),
        ({"known": [{"status": "opt", "value": 1}]}, ["objective"]),
        ({"known": [{"objective": "neurons", "status": "opt"}]}, ["value"]),
        ({"known": [{"objective": "l1", "status": "best", "value": "3"}]}, ["value"]),
        ({"known": [{"objective": "l1", "status": "best", "value": np.nan}]}, ["value"]),
        ({"known": [{"objective": "l1", "status": "bestdual", "value": 10**310}]}, ["value"]),
    ],
)
def test_what_is_no_instance_is_refused_in_one_line_that_says_where(changes, fragments):
    assert_refused(fragments, make, **changes)


def test_equal_inputs_with_different_labels_are_refused_with_both_rows_named():
    rows = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [3.0, 4.0]]
    assert_refused(["rows 2 and 4", "same x"], make, X=rows, y=[0, 1, 2, 3])
    assert_refused(["rows 1 and 3"], make, X=[["1/3"], [0.1], ["2/6"]], y=[0, 0, 1])
    assert_refused(["rows 1 and 2"], make, X=[[0.0], [-0.0]], y=[0, 1])


def test_contradictions_are_sought_in_the_rationals_not_in_the_doubles():
    near = Fraction(1, 3) + Fraction(1, 10**30)
    make(X=[["1/3"], [near]], y=[0, 1])  # one double, two numbers
    make(X=[["1/3"], [1 / 3]], y=[0, 1])
    assert_refused(["rows 1 and 2"], make, X=[["0.5"], [0.5]], y=["1", 1 + Fraction(1, 10**30)])


def test_equal_points_are_allowed_twice():
    assert make(X=[[1.0], [1.0]], y=["0.1", "1/10"]).n_samples == 2


def test_contradictions_are_the_pairs_that_brute_force_finds():
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(200):
        points, labels = rng.integers(0, 2, (4, 2)), rng.integers(0, 2, 4)
        bad = [
            f"rows {i + 1} and {j + 1}"
            for i in range(4)
            for j in range(i + 1, 4)
            if (points[i] == points[j]).all() and labels[i] != labels[j]
        ]
        seen.add(bool(bad))
        _, refusal = refusal_of(make, X=points, y=labels)
        assert any(pair in refusal for pair in bad) if bad else refusal is None
    assert seen == {True, False}


def test_fields_and_arrays_cannot_be_changed():
    source = np.array(X)
    instance = make(X=source)
    source[0, 0] = 99.0
    assert instance.X[0, 0] == 0.0
    with pytest.raises(FrozenInstanceError):
        instance.bound = 5.0
    for array in (instance.X, instance.y, instance.X_exact, instance.y_exact):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert source.flags.writeable


def test_a_list_of_known_values_is_copied():
    known = [{"objective": "neurons", "status": "opt", "value": 1}]
    instance = make(known=known)
    known[0]["value"] = 7
    assert instance.known[0]["value"] == 1


def test_biases_count_unless_there_is_a_skip_connection():
    assert make().count_bias
    assert not make(skip=True).count_bias
    assert make(skip=True, count_bias=True).count_bias
    assert not make(count_bias=False).count_bias


def test_text_and_fractions_are_exact_and_their_doubles_are_the_nearest():
    cells = ["0.1", "1/3", Fraction(2, 7), 2**53 + 1, "1e-999"]
    instance = make(X=[[c] for c in cells], y=list(range(5)))
    exact = [Fraction(1, 10), Fraction(1, 3), Fraction(2, 7), Fraction(2**53 + 1)]
    assert instance.X_exact[:, 0].tolist() == [*exact, Fraction(1, 10**999)]
    assert instance.X[:, 0].tolist() == [0.1, 1 / 3, 2 / 7, 2.0**53, 0.0]
    assert len(instance.spelled) == 5
    assert make(y=["0.25", "-3"]).spelled == {}


def test_numbers_are_the_dyadic_rationals_they_are():
    instance = make(y=[0.1, np.float32(0.1)])
    assert instance.y_exact.tolist() == [Fraction(0.1), Fraction(float(np.float32(0.1)))]
    assert make(X=np.array(X, dtype=np.float32)).sha256 == make().sha256
    assert make(X=np.array(X, dtype=np.int8)).sha256 == make().sha256
    assert make(bound=0.1).bound_exact == Fraction(0.1)
    assert make(bound=None).bound_exact is None


def test_the_hash_is_of_the_rationals_however_they_are_spelled():
    tenth = [
        make(y=[v, 1]).sha256 for v in ("0.1", "1/10", "10e-2", Fraction(1, 10), "+.1", "2/20")
    ]
    assert len(set(tenth)) == 1
    assert make(y=[0.1, 1]).sha256 != tenth[0]  # the double is another number
    halves = [make(y=[v, 1]).sha256 for v in (0.5, "0.5", "1/2", Fraction(1, 2), np.float32(0.5))]
    assert len(set(halves)) == 1
    assert make(y=[0.0, 1]).sha256 == make(y=[-0.0, 1]).sha256 == make(y=["-0", "1"]).sha256


@pytest.mark.parametrize(
    "changes",
    [
        {"X": [[0.0, 1.0], [2.0, 3.0000000000000004]]},
        {"X": [[0.0, 1.0], [2.0, Fraction(3) + Fraction(1, 10**40)]]},
        {"y": [0.5, -1.0000000000000002]},
        {"y": [0.5, Fraction(-1) + Fraction(1, 10**40)]},
        {"X": X[::-1], "y": Y[::-1]},
        {"X": [[0.0], [2.0]]},
        {"bound": 10.000000000000002},
        {"bound": None},
        {"skip": True, "count_bias": True},
        {"count_bias": False},
    ],
)
def test_the_hash_changes_with_the_problem(changes):
    assert make(**changes).sha256 != make().sha256


def test_the_hash_ignores_everything_else():
    known = [{"objective": "neurons", "status": "opt", "value": 2}]
    told = make(name="other", family="f", known=known, provenance={"a": 1}, extra={"note": "x"})
    assert told.sha256 == make().sha256
    assert make(count_bias=True).sha256 == make().sha256  # the default, said aloud


def test_transposed_and_reshaped_data_hash_differently():
    flat = [[1.0, 2.0], [3.0, 4.0]]
    assert make(X=flat, y=[1, 2]).sha256 != make(X=np.transpose(flat), y=[1, 2]).sha256


def test_a_derived_instance_forgets_known_values_and_says_where_it_is_from():
    known = [{"objective": "neurons", "status": "opt", "value": 2}]
    first = make(name="first", known=known, provenance={"seed": 3}, y=["0.1", "1/3"])
    derived = first.replace(bound=2.0)
    assert derived.bound == 2.0
    assert derived.known == ()
    assert derived.provenance == {"seed": 3, "derived_from": "first"}
    assert (derived.y_exact == first.y_exact).all()
    assert first.known
    assert not first.replace(skip=True).count_bias
    assert first.replace(skip=True, count_bias=True).count_bias


def test_derived_data_keep_no_exact_cell_of_the_old():
    first = make(X=[["1/3", 1], [2, 3], [4, 5]], y=["0.1", "0.2", "0.3"])
    changed = first.replace(y=[5.0, 6.0, 7.0])
    assert changed.y_exact.tolist() == [5, 6, 7]
    assert changed.X_exact[0, 0] == Fraction(1, 3)
    fewer = first.replace(X=first.X[1:], y=first.y[1:])
    assert fewer.sha256 == make(X=[[2, 3], [4, 5]], y=[0.2, 0.3]).sha256
    narrower = first.replace(X=first.X_exact[:, 1:])
    assert narrower.y_exact.tolist() == first.y_exact.tolist()


def rich():
    cells = [*CELLS, *TEXTS, 2**70 + 1, -7]
    known = [{"objective": "neurons", "status": "best", "value": 4, "source": 'a "b"\n'}]
    return Instance(
        X=[[v, i] for i, v in enumerate(cells)],
        y=cells[::-1],
        bound=0.1,
        skip=True,
        count_bias=True,
        name="rich é",
        family="hand",
        known=known,
        provenance={"seed": 1, "params": {"a": [1, 2.5, None]}},
        extra={"note": {"deep": [1, "x"]}, "weight": 0.1},
    )


def test_json_gives_the_same_instance_back_to_the_last_bit(tmp_path):
    path = tmp_path / "rich.json"
    path.write_text(to_json(rich()), encoding="utf-8")
    back = read_json(path)
    assert_same(back, rich())
    assert back.spelled == rich().spelled
    assert to_json(back) == to_json(rich())


def test_json_keeps_the_sign_of_zero():
    one = Instance(X=[[-0.0], [1.0]], y=[0.0, -0.0])
    back = from_json(to_json(one))
    assert_same(back, one)
    assert np.signbit([back.X[0, 0], back.y[1]]).all()


def test_json_round_trips_random_doubles_of_every_size():
    bits = np.random.default_rng(0).integers(0, 2**64, 400, dtype=np.uint64).view(np.float64)
    values = bits[np.isfinite(bits)][:300].reshape(-1, 3)
    one = Instance(X=values[:, :2], y=values[:, 2])
    assert_same(from_json(to_json(one)), one)


def test_json_keeps_unknown_keys_and_fills_in_defaults():
    text = '{"schema": 1, "X": [[1], [2]], "y": [3, "1/3"], "author": "me", "tags": [1, {"a": 2}]}'
    instance = from_json(text)
    assert instance.extra == {"author": "me", "tags": [1, {"a": 2}]}
    assert (instance.bound, instance.skip, instance.count_bias) == (None, False, True)
    again = json.loads(to_json(instance))
    assert (again["author"], again["tags"]) == ("me", [1, {"a": 2}])
    assert again["y"] == [3.0, "1/3"]


def test_json_on_disk_may_start_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "bom.json"
    path.write_bytes(b"\xef\xbb\xbf" + to_json(make()).encode())
    assert_same(read_json(path), make())


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "one JSON object, not list"),
        ("null", "one JSON object"),
        ("{}", "schema None"),
        ('{"schema": 2, "X": [[1]], "y": [1]}', "schema 2"),
        ('{"schema": 1, "y": [1]}', "no list X"),
        ('{"schema": 1}', "no list X and no list y"),
        ('{"schema": 1, "X": [[1]], "y": 1}', "no list y"),
        ('{"schema": 1, "X": [[1]], "y": [NaN]}', "y has a value that is not finite in row 1"),
        ('{"schema": 1, "X": [[1e999]], "y": [1]}', "not finite in row 1, column 1"),
        ('{"schema": 1, "X": [[1, null]], "y": [1]}', "row 1, column 2"),
        ('{"schema": 1, "X": [[true]], "y": [1]}', "row 1, column 1"),
        ('{"schema": 1, "X": [["1\\n"]], "y": ["a\\nb"]}', "y, row 1"),
        ('{"schema": 1, "X": [[' + "1" * 5000 + ']], "y": [1]}', "not JSON"),
        ('{"schema": 1, "X": ' + "[" * 70 + "1" + "]" * 70 + ', "y": [1]}', "X is ragged"),
        ('{"schema": 1, "X": [[1]], "y": [1], "bound": {}}', "bound"),
        ('{"schema": 1, "X": [[1]], "y": [1], "skip": "yes"}', "skip"),
        ('{"schema": 1, "X": [[1]], "y": [1], "name": null}', "name"),
        ('{"schema": 1, "X": [[1]], "y": [1], "provenance": []}', "provenance"),
        ('{"schema": 1, "X": [[1]], "y": [1], "known": {}}', "known"),
    ],
)
def test_json_that_holds_no_instance_is_refused_by_source(text, fragment):
    assert_refused(["the file", fragment], from_json, text, "the file")


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path):
    for read in (read_json, read_csv):
        assert_refused(["missing.x", "No such file"], read, tmp_path / "missing.x")
        assert_refused([str(tmp_path)], read, tmp_path)
        (tmp_path / "latin").write_bytes(b"\xe9,\xff\n1,2\n")
        assert_refused(["latin"], read, tmp_path / "latin")


def test_csv_gives_the_same_points_back_to_the_last_bit(tmp_path):
    write_csv(rich(), tmp_path / "rich.csv")
    back = read_csv(tmp_path / "rich.csv", bound=0.1, skip=True, count_bias=True)
    assert (back.X == rich().X).all()
    assert (back.y == rich().y).all()
    assert (back.X_exact == rich().X_exact).all()
    assert (back.y_exact == rich().y_exact).all()
    assert back.sha256 == rich().sha256
    assert back.name == "rich"


def read_csv_text(folder, text, **fields):
    path = folder / "points.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_csv(path, **fields)


@pytest.mark.parametrize(
    "text",
    [
        "1,0.1,3\n1/3,4,5\n",
        "x1,x2,y\n1,0.1,3\n1/3,4,5\n",
        '"x1","x2","y"\n"1","0.1","3"\n"1/3","4","5"\n',
        "\ufeffx1,x2,y\n1,0.1,3\n1/3,4,5\n",
        "\ufeff1,0.1,3\n1/3,4,5\n",
        "x1;x2;y\n1;0.1;3\n1/3;4;5\n",
        "1;0.1;3\n1/3;4;5",
        "x1\tx2\ty\n1\t0.1\t3\n1/3\t4\t5\n",
        "1\t0.1\t3\n1/3\t4\t5\n",
        "1,0.1,3\r\n1/3,4,5\r\n",
        "1,0.1,3\r1/3,4,5\r",
        "\n1,0.1,3\n\n1/3,4,5\n\n\n",
        " x1 , x2 , y \n 1 , 0.1 , 3 \n 1/3 , 4 , 5 \n",
    ],
)
def test_csv_is_read_with_or_without_names_whatever_the_delimiter(tmp_path, text):
    instance = read_csv_text(tmp_path, text)
    third, tenth = Fraction(1, 3), Fraction(1, 10)
    assert instance.X_exact.tolist() == [[1, tenth], [third, 4]]
    assert instance.y_exact.tolist() == [3, 5]


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "no points"),
        ("\n\n", "no points"),
        ("x,y\n", "no points"),
        ("1\n2\n", "two columns"),
        ("1 2\n3 4\n", "two columns"),
        ("1,2\n3\n", "point 2 has 1 cells"),
        ("1,2\n3,4,5\n", "point 2 has 3 cells"),
        ("1,2\n3,x\n", "y, row 2"),
        ("1,2,3\n4,,6\n", "X, row 2, column 2"),
        ("1,2,\n3,4,\n", "y, row 1"),
        ("inf,1\n", "'inf'"),
        ("x,y\n1,1e9999\n", "'1e9999'"),
        ("1,5;2,5\n", "X, row 1, column 2"),
        ("1,2\n1,3\n", "rows 1 and 2"),
        ('"1\n2",3\n', "X, row 1, column 1"),
        ("1,2\x00\n", "y, row 1"),
        ('"' + "a" * 200_000, "not CSV"),
        (b"\xff\xfe1\x00,\x002\x00", "cannot read"),
    ],
)
def test_csv_that_holds_no_points_is_refused_by_file(tmp_path, text, fragment):
    assert_refused(["points.csv", fragment], read_csv_text, tmp_path, text)


def garble(rng, data):
    """A file cut short, with bytes changed, doubled or dropped."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(data)))
        match rng.integers(5):
            case 0:
                del data[max(at, 1) :]
            case 1:
                data[at] = int(rng.integers(256))
            case 2:
                data[at:at] = data[at : at + int(rng.integers(1, 30))]
            case 3:
                del data[at : at + int(rng.integers(1, 30))]
            case 4:
                junk = [b"NaN", b"null", b"[]", b"{}", b'"', b"1e999", b"-", b"\x00", b",,", b"\n"]
                data[at:at] = junk[rng.integers(len(junk))]
        data = data or bytearray(b"x")
    return bytes(data)


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_garbled_file_is_an_instance_or_a_bad_instance_and_nothing_else(tmp_path, kind):
    rng = np.random.default_rng(0)
    path = tmp_path / f"garbled.{kind}"
    good = Instance(
        X=[[0.5, "1/3"], [1.25, -2], [3, "0.7"]],
        y=[1, "0.1", -4],
        bound=3.0,
        name="good",
        known=[{"objective": "neurons", "status": "opt", "value": 2}],
    )
    if kind == "json":
        path.write_text(to_json(good), encoding="utf-8")
    else:
        write_csv(good, path)
    whole = path.read_bytes()
    outcomes = set()
    for _ in range(400):
        path.write_bytes(garble(rng, whole))
        instance, refusal = refusal_of(read_json if kind == "json" else read_csv, path)
        outcomes.add("read" if refusal is None else "refused")
        if refusal is None:
            assert_same(from_json(to_json(instance)), instance)
        else:
            assert "\n" not in refusal
            assert str(path) in refusal
    assert outcomes == {"refused", "read"}


def test_every_truncation_of_a_json_file_is_refused():
    whole = to_json(make()).rstrip()
    for end in range(len(whole)):
        with pytest.raises(BadInstance):
            from_json(whole[:end])
