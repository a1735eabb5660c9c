from __future__ import annotations

import json
import math

import pytest

from milpsparse import read_rows
from milpsparse.errors import BadInput
from milpsparse.harness import store


def row(key, **changes):
    return {"schema": store.SCHEMA, "run_id": "r1", "task_key": key, "verdict": "ok"} | changes


def write(folder, *rows):
    with store.Writer(folder) as writer:
        for one in rows:
            writer.append(one)
    return folder / store.RUNS


def test_what_was_appended_is_read_back(tmp_path):
    nested = {"options": {"slots": 3, "p": 0.4}, "network": {"signs": [1, -1]}, "raw_status": "∞ ≈"}
    path = write(tmp_path / "new" / "folder", row("a", **nested), row("b", gap=None, exact=True))
    assert list(store.lines(path)) == [row("a", **nested), row("b", gap=None, exact=True)]


def test_a_second_writer_after_the_first_appends(tmp_path):
    write(tmp_path, row("a"))
    before = (tmp_path / store.RUNS).read_bytes()
    write(tmp_path, row("b"))
    assert (tmp_path / store.RUNS).read_bytes().startswith(before)
    assert list(store.latest(tmp_path)) == ["a", "b"]


def test_a_row_is_on_disk_before_the_next_one_is_made(tmp_path):
    with store.Writer(tmp_path) as writer:
        writer.append(row("a"))
        assert list(store.latest(tmp_path)) == ["a"]  # read while the writer is still open


@pytest.mark.parametrize("cut", [1, 10, 30])
def test_a_torn_last_line_is_dropped_and_then_overwritten(tmp_path, cut):
    path = write(tmp_path, row("a"), row("b"))
    path.write_bytes(path.read_bytes()[:-cut])
    kept = ["a", "b"] if cut == 1 else ["a"]  # only the newline is missing: still a row
    assert [r["task_key"] for r in store.lines(path)] == kept
    write(tmp_path, row("c"))
    assert [r["task_key"] for r in store.lines(path)] == ["a", "c"]


def test_a_line_torn_inside_a_character_is_dropped(tmp_path):
    path = write(tmp_path, row("a"))
    with open(path, "ab") as file:
        file.write(b'{"raw_status": "\xe2\x88')
    assert [r["task_key"] for r in store.lines(path)] == ["a"]


@pytest.mark.parametrize(
    "damage", [b'{"schema": 1, "task', b"[1, 2]", b"17", b"\xff\xfe", b"[" * 100_000, b'{"a": 1}']
)
def test_a_damaged_line_in_the_middle_is_refused_by_its_number(tmp_path, damage):
    path = write(tmp_path, row("a"), row("b"), row("c"))
    whole = path.read_bytes().split(b"\n")
    whole[1] = damage
    path.write_bytes(b"\n".join(whole))
    with pytest.raises(BadInput, match=r"runs\.jsonl, line 2: not a row"):
        store.latest(tmp_path)


def test_a_damaged_last_line_that_is_not_torn_is_refused(tmp_path):
    path = write(tmp_path, row("a"))
    path.write_bytes(path.read_bytes() + b'{"schema": 1, "task\n')
    with pytest.raises(BadInput, match="line 2"):
        store.latest(tmp_path)


@pytest.mark.parametrize("schema", [store.SCHEMA + 1, "1", None])
def test_rows_of_another_schema_are_refused(tmp_path, schema):
    write(tmp_path, row("a"), row("b", schema=schema))
    with pytest.raises(BadInput, match=r"line 2: schema .*, this version reads 1"):
        store.latest(tmp_path)


def test_two_writers_at_once_are_refused(tmp_path):
    with store.Writer(tmp_path) as writer:
        writer.append(row("a"))
        with pytest.raises(BadInput, match="another run is writing to"):
            store.Writer(tmp_path)
    write(tmp_path, row("b"))  # the lock goes with the first writer
    assert list(store.latest(tmp_path)) == ["a", "b"]


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BadInput, match="cannot write to"):
        store.Writer(tmp_path / "file")


def test_the_last_row_of_a_task_wins(tmp_path):
    write(tmp_path, row("a", primal_bound=4), row("b"), row("a", primal_bound=3))
    rows = store.latest(tmp_path)
    assert rows["a"]["primal_bound"] == 3
    assert len(rows) == 2


def test_a_later_check_lies_over_the_row_it_checked(tmp_path):
    write(tmp_path, row("a", gap=0.5), row("b"))
    check = row("a", verdict="fail_dual_bound", gap=None)
    (tmp_path / store.CHECKS).write_bytes(store.to_line(check))
    assert store.latest(tmp_path)["a"] == check
    assert store.latest(tmp_path)["b"] == row("b")


def test_a_check_of_an_older_run_does_not_touch_the_newer_row(tmp_path):
    check = row("a", verdict="fail_dual_bound")
    (tmp_path / store.CHECKS).write_bytes(store.to_line(check))
    write(tmp_path, row("a", run_id="r2"))
    assert store.latest(tmp_path)["a"]["verdict"] == "ok"


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_numbers_that_are_not_finite_become_null(tmp_path, value):
    path = write(tmp_path, row("a", gap=value, stats={"trace": [1.0, value, (value,)]}))
    text = path.read_text()
    json.loads(text, parse_constant=pytest.fail)  # strict JSON: no NaN, no Infinity
    read = store.latest(tmp_path)["a"]
    assert read["gap"] is None
    assert read["stats"] == {"trace": [1.0, None, [None]]}


def test_floats_keep_every_bit(tmp_path):
    values = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0]
    write(tmp_path, row("a", stats=values))
    assert [v.hex() for v in store.latest(tmp_path)["a"]["stats"]] == [v.hex() for v in values]


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir()])
def test_a_folder_without_results_is_refused(tmp_path, make):
    folder = tmp_path / "results"
    make(folder)
    with pytest.raises(BadInput, match="milpsparse run"):
        read_rows(folder)


def test_rows_are_read_from_a_folder_or_its_file(tmp_path):
    path = write(tmp_path, row("a", primal_bound=3), row("b"))
    assert read_rows(path).equals(read_rows(tmp_path))
    assert read_rows(tmp_path)["primal_bound"].tolist()[0] == 3.0


def test_a_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "plan.json"
    store.write_atomically(path, b"old")
    store.write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]  # no part left


@pytest.mark.parametrize("text", [None, "", "[1]", "{"])
def test_a_missing_or_damaged_plan_is_an_empty_one(tmp_path, text):
    if text is not None:
        (tmp_path / store.PLAN).write_text(text)
    assert store.read_plan(tmp_path) == {}
