"""Hundreds of malformed files: an answer or one clear line, never a traceback, nothing overwritten.

Files that are still well formed may be taken; whatever is in them is data, never code.
"""

from __future__ import annotations

import ast
import copy
import gzip
import json
import random
from pathlib import Path

import pytest

import milpsparse
from milpsparse import generate, to_json
from milpsparse.execute import execute
from milpsparse.harness import store
from milpsparse.method import Limits
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective
from milpsparse.proofs.writer import write_proof

JUNK = [
    None, True, -1, 0, 1e308, 10**400, "", "x", "\0", "../../../etc/passwd", "=cmd()|'/C calc'!A0",
    "nan", "1/0", "9" * 5000, "1e99999", [], {}, [[]], [[[1]]], {"__proto__": {"admin": True}},
    {"constructor": {"prototype": {}}}, "\u202e\U0001f600",
    "__import__('os').system('touch hacked')", "!!python/object/apply:os.system [touch hacked]",
]  # fmt: skip
RAW = [
    b"", b"\0", b"\0" * 4096, b"\xff\xfe", b"\xef\xbb\xbf", b"null", b"[]", b"{}", b"[1", b"NaN",
    b'"' + b"a" * 10_000, b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5000, b"\x80\x04K\x01.",
    b'{"__proto__": {}}', b"\r\n" * 50, b"<?xml version='1.0'?><!DOCTYPE x []><x/>",
]  # fmt: skip


def mutations(text, rng, count):
    """Contents of a file made from a good one: cut, bytes changed, values replaced, recoded."""
    yield from RAW
    good = text.encode()
    for encoding in ("utf-16", "utf-32", "utf-8-sig", "utf-7"):
        yield text.encode(encoding)
    for _ in range(count):
        yield good[: rng.randrange(len(good))]
        broken = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            broken[rng.randrange(len(good))] = rng.randrange(256)
        yield bytes(broken)


def replaced(value, rng, count):
    """Copies of a JSON value with one of its nodes replaced, removed or added to."""
    for _ in range(count):
        found = copy.deepcopy(value)
        node = found
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = rng.choice(keys)
            deeper = isinstance(node[key], (dict, list)) and node[key] and rng.random() < 0.6
            if not deeper:
                break
            node = node[key]
        if rng.random() < 0.15:
            del node[key]
        else:
            node[key] = rng.choice(JUNK)
        if isinstance(node, dict) and rng.random() < 0.2:
            node[rng.choice(["__proto__", "__class__", "", "\0", "X" * 300])] = rng.choice(JUNK)
        yield found


@pytest.fixture
def sandbox(tmp_path, monkeypatch):
    """The current folder: files beside the output, which nothing may change."""
    root = tmp_path / "work"
    (root / "data").mkdir(parents=True)
    (root / "precious.json").write_text("mine")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("mine")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def survives(call, sandbox):
    """A command ends with an answer, or with exit code 2 and one line; and changes nothing else."""

    def run(*words, most=4):
        before = listing(sandbox)
        code, _, err = call(*words)
        assert code in (0, 1, 2, 4), err
        if code == 2:
            assert err.count("\n") == 1, err
            assert err.startswith("milpsparse: ")
            assert len(err) < 2000
        assert "Traceback" not in err
        assert listing(sandbox) == before
        return code

    return run


def listing(root):
    """Every file near the sandbox, but those of the output and the data that are tried."""
    files = [p for p in root.parent.rglob("*") if p.is_file()]
    kept = [p for p in files if not {"out", "data"} & set(p.relative_to(root.parent).parts)]
    return sorted((str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in kept)


def test_instances(survives, sandbox):
    rng = random.Random(1)
    good = to_json(generate("planted", 0, N=4, d=2, K=1))
    contents = list(mutations(good, rng, 25))
    contents += [json.dumps(v).encode() for v in replaced(json.loads(good), rng, 100)]
    path, codes = sandbox / "data" / "x.json", []
    for content in contents:
        path.write_bytes(content)
        codes.append(survives("solve", path, "--method", "coordinate_start", "--time-limit", "5"))
    assert len(codes) > 150
    assert codes.count(2) > 80


def test_points(survives, sandbox):
    rng = random.Random(2)
    good = "x1,x2,y\n0,1,2\n0.5,1/3,-2\n3,4,1e-3\n"
    contents = list(mutations(good, rng, 30))
    for junk in [
        *map(str, JUNK),
        '"',
        '"a""b',
        "1,2",
        "1;2",
        "=1+1",
        "@SUM(A1)",
        "+1",
        "-1",
        "0x10",
    ]:
        contents.append(good.replace("1/3", junk).encode("utf-8", "replace"))
    path, codes = sandbox / "data" / "x.csv", []
    for content in contents:
        path.write_bytes(content)
        codes.append(survives("solve", path, "--method", "coordinate_start", "--time-limit", "5"))
    assert len(codes) > 100
    assert codes.count(2) > 40


def test_lists_of_instances(survives, sandbox):
    rng = random.Random(3)
    good = "peak_plateau\nconvex_run_1_1_1  # a comment\n"
    lines = ["../../etc/passwd", "/etc/passwd", "../precious.json", "=cmd()", "peak_plateau\0", "."]
    contents = [*mutations(good, rng, 15), *(f"{line}\n".encode() for line in lines)]
    path = sandbox / "data" / "x.test"
    for content in contents:
        path.write_bytes(content)
        survives("run", "-t", path, "-m", "coordinate_start", "--dry-run", "--out", "out")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The lines of a small store, of a run."""
    from milpsparse.harness import run
    from milpsparse.harness.task import plan

    folder = tmp_path_factory.mktemp("rows")
    (folder / "x.test").write_text("peak_plateau\nplanted_n8_d1_k2_s0\n")
    tasks = plan(str(folder / "x.test"), ["coordinate_start", "univariate"], ["neurons"])
    list(run.run(tasks, folder, testset="x"))
    return folder


STORE_FILES = (store.RUNS, store.CHECKS, store.PLAN, "records.jsonl", "running.json")


@pytest.mark.parametrize("name", STORE_FILES)
def test_stores(survives, call, sandbox, rows, name):
    rng = random.Random(name)
    folder = sandbox / "data" / "store"
    folder.mkdir()
    kept = {n: (rows / n).read_text() for n in (store.RUNS, store.PLAN, "records.jsonl")}
    for file, text in kept.items():
        (folder / file).write_text(text)
    assert call("check", folder)[0] == 0
    kept[store.CHECKS] = (folder / store.CHECKS).read_text()
    kept["running.json"] = json.dumps({"run_id": "r", "jobs": 2, "began": 0, "tasks": []})
    first = json.loads(kept[name].splitlines()[0])
    end = kept[name].partition("\n")[2]
    many = 30 if name in (store.RUNS, store.CHECKS) else 10
    contents = list(mutations(kept[name], rng, many // 8))
    contents += [(json.dumps(v) + "\n" + end).encode() for v in replaced(first, rng, many)]
    verbs = [("status",), ("check",), ("table", "--as", "out/t"), ("merge", "-o", "out/m")]
    for at, content in enumerate(contents):
        for file, text in kept.items():
            (folder / file).write_text(text)
        (folder / name).write_bytes(content)
        verb, *options = verbs[at % len(verbs)]
        survives(verb, folder, *options)
        if at % 8 == 0:
            key = json.loads(kept[store.RUNS].splitlines()[0])["task_key"]
            survives("export", folder, "--solu", "--trc", "-o", "out")
            survives("replay", folder, key[:4] + "/../x")


def test_proofs(survives, sandbox):
    rng = random.Random(5)
    instance = generate("planted", 1, N=8, d=2, K=2).replace(skip=True, bound=8.0)
    method, goal = parse_method("activation_search"), parse_objective("neurons")
    proof = execute(method, instance, goal, Limits(time_limit_s=30.0)).proof
    good = sandbox / "data" / "good.proof"
    write_proof(proof, good)
    text = good.read_text()
    assert survives("verify", good) == 0
    contents = list(mutations(text, rng, 25))
    head, rest = json.loads(proof[0]), "\n".join(proof[1:])
    contents += [(json.dumps(v) + "\n" + rest).encode() for v in replaced(head, rng, 60)]
    path, codes = sandbox / "data" / "x.proof", []
    for content in contents:
        path.write_bytes(content)
        codes.append(survives("verify", path))
    for content in (gzip.compress(text.encode())[:-7], b"\x1f\x8b", text.encode()):
        (sandbox / "data" / "x.proof.gz").write_bytes(content)
        assert survives("verify", sandbox / "data" / "x.proof.gz") == 2
    assert codes.count(0) < len(codes) / 2


def test_cells_that_look_like_formulas_stay_text_in_tables(call, sandbox):
    """A spreadsheet that opens the CSV must not compute what an instance is called."""
    name = '=HYPERLINK("http://x")'
    path = sandbox / "data" / "x.json"
    path.write_text(to_json(generate("planted", 0, N=4, d=1, K=1).replace(name=name)))
    (sandbox / "data" / "x.test").write_text(f"{path}\n")
    words = ["-m", "coordinate_start", "--out", "out"]
    code, _, err = call("run", "-t", sandbox / "data" / "x.test", *words)
    assert code in (0, 2), err
    if code == 0:
        assert call("table", "out")[0] == 0
        for table in (sandbox / "out" / "tables").glob("*.csv"):
            for line in table.read_text().splitlines():
                assert not line.lstrip('"').startswith(("=", "+", "@", "-"))


def test_nothing_is_unpickled_or_evaluated():
    """No eval, exec, compile of text, pickle, marshal, shelve, or yaml in the package."""
    folder = Path(milpsparse.__file__).parent
    banned_calls = {"eval", "exec", "compile", "__import__"}
    banned_modules = {"pickle", "cPickle", "dill", "marshal", "shelve", "yaml", "joblib"}
    found = []
    for path in [*folder.rglob("*.py"), *(folder / "models").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                names = [node.func.id] if node.func.id in banned_calls else []
            elif isinstance(node, ast.Import):
                names = [a.name for a in node.names if a.name.split(".")[0] in banned_modules]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module] if node.module.split(".")[0] in banned_modules else []
            elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                names = ["allow_pickle"]
            elif isinstance(node, ast.keyword) and node.arg == "shell":
                names = ["shell"]
            found += [f"{path.name}:{node.lineno}: {name}" for name in names]
    assert found == []
