import ast
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import milpsparse

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "milpsparse"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# Low to high: a module imports from its own layer and from those above it in this list only.
LAYERS = [
    "errors rational objective plugins clock jit anytime",
    "network rewrite patterns",
    "instance instance_files registry",
    "affine residuals sample theory fit_kernels rays",
    "bounds answer judge turns method naming family basis construct refit sparsify compiled"
    " formats.mps formats.mps_names",
    "proofs search extreme",
    "models solvers algorithms reweighting families execute library lp_search",
    "checker formulation",
    "solving harness permuted audit known",
    "analysis plot path_plot formats",
    "testing export report imported importing hearsay",
    "commands cli",
    "curation",
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names.split()}
HEAVY = {"pandas", "pyomo", "cvxpy", "highspy", "matplotlib", "scipy", "flint", "numpy", "numba"}


def module_files():
    """Every module of the package by its name below milpsparse, e.g. solvers.highs."""
    files = {}
    for path in PACKAGE.rglob("*.py"):
        files[".".join(path.relative_to(PACKAGE).with_suffix("").parts)] = path
    for path in (ROOT / "models").glob("*.py"):
        files[f"models.{path.stem}"] = path
    return {name.removesuffix(".__init__"): path for name, path in files.items()}


def imports_of(path, modules):
    """The package's modules that a file imports, at its top and inside its functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        inside = [name.removeprefix("milpsparse.") for name in names if "milpsparse." in name]
        found |= {name for name in inside if name in modules}
    return found


def import_graph():
    modules = {name: path for name, path in module_files().items() if name != "__init__"}
    return {name: imports_of(path, modules) - {name} for name, path in modules.items()}


def reachable(graph, start):
    seen, todo = set(), [start]
    while todo:
        for name in graph[todo.pop()] - seen:
            seen.add(name)
            todo.append(name)
    return seen


def python(code, **options):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, **options
    )


def level(name):
    """The layer of a module: its own, else that of the folder it lies in."""
    return LEVEL[name] if name in LEVEL else LEVEL[name.partition(".")[0]]


def test_every_module_has_a_layer():
    graph = import_graph()
    assert {name.partition(".")[0] for name in graph} <= set(LEVEL)
    assert {name for name in LEVEL if name not in graph} == set()


@pytest.mark.parametrize(("name", "imported"), sorted(import_graph().items()))
def test_imports_run_one_way(name, imported):
    others = {other for other in imported if not name.startswith(f"{other}.")}
    assert [other for other in others if level(other) > level(name)] == []


def test_no_two_modules_import_each_other_even_in_a_roundabout_way():
    order = list(TopologicalSorter(import_graph()).static_order())
    assert order.index("errors") < order.index("cli")


def test_the_walk_sees_imports_at_the_top_and_inside_functions():
    graph = import_graph()
    assert {"rational", "errors"} <= graph["instance"]
    assert "commands" in graph["cli.instances"]
    assert "models._parts" in graph["models.pattern_l1"]
    assert "solvers._cvxpy" in graph["solvers.highs"]


@pytest.mark.parametrize("judge", ["checker", "judge", "bounds", "proofs.verify"])
def test_what_judges_never_imports_what_solves(judge):
    solving = {"models", "solvers", "algorithms", "execute", "construct", "refit"}
    assert {name.partition(".")[0] for name in reachable(import_graph(), judge)} & solving == set()


def test_checking_an_answer_loads_no_model_solver_or_algorithm():
    code = (
        "import milpsparse.checker, sys\n"
        "print(*(m for m in sys.modules if m.startswith('milpsparse.')))"
    )
    loaded = python(code).stdout.split()
    assert "milpsparse.checker" in loaded
    parts = {name.split(".")[1] for name in loaded}
    assert not parts & {"models", "solvers", "algorithms", "families", "execute"}


def test_importing_milpsparse_imports_nothing_heavy():
    run = python("import milpsparse, sys; print(*{m.partition('.')[0] for m in sys.modules})")
    assert run.returncode == 0, run.stderr
    loaded = set(run.stdout.split())
    assert "milpsparse" in loaded
    assert loaded & HEAVY == set()


def test_the_data_layer_needs_no_modelling_language_and_no_solver():
    code = "import milpsparse as ms, sys; ms.Instance(X=[[0], [1]], y=['1/3', 2]).sha256; "
    run = python(code + "print(*{m.partition('.')[0] for m in sys.modules})")
    assert run.returncode == 0, run.stderr
    assert set(run.stdout.split()) & (HEAVY - {"numpy", "flint"}) == set()


def test_every_public_name_is_there():
    assert milpsparse.__all__ == sorted(set(milpsparse.__all__))
    for name in milpsparse.__all__:
        assert getattr(milpsparse, name) is not None
        assert name in dir(milpsparse)
    for name in ("Instance", "solve", "check", "load", "read_csv", "read_rows"):
        assert name in milpsparse.__all__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = milpsparse.nothing


def test_the_packages_are_the_folders():
    folders = {"milpsparse", "milpsparse.models"}
    for init in PACKAGE.glob("*/__init__.py"):
        folders.add(f"milpsparse.{init.parent.name}")
    assert not list((ROOT / "models").glob("*/__init__.py"))
    setuptools = PROJECT["tool"]["setuptools"]
    assert sorted(setuptools["packages"]) == sorted(folders)
    assert setuptools["package-dir"]["milpsparse.models"] == "models"


def test_files_that_are_not_modules_are_in_the_package_data():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]
    listed = {
        path
        for package, globs in patterns.items()
        for glob in globs
        for path in (ROOT / package.replace(".", "/")).glob(glob)
    }
    others = {path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".py"}
    assert listed == {path for path in others if "__pycache__" not in path.parts}


def test_the_link_and_the_mapping_say_the_same():
    link = PACKAGE / "models"
    assert link.is_symlink()
    assert link.resolve() == ROOT / "models"
    import milpsparse.models as models

    assert Path(models.__file__).resolve() == ROOT / "models" / "__init__.py"


def test_the_folder_models_is_not_a_package_of_its_own():
    run = python("import models", cwd=ROOT)
    assert run.returncode == 1
    assert "import milpsparse.models, not models" in run.stderr.splitlines()[-1]


def test_the_version_is_one():
    assert PROJECT["project"]["version"] == milpsparse.__version__
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    if "\nversion:" in citation:
        assert f"version: {milpsparse.__version__}" in citation.replace('"', "")


def test_no_file_names_the_machine_it_was_written_on():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert len(paths) > 50
    words = [b"/wor" + b"k/", b"pypi-" + b"more"]
    found = [
        str(path.relative_to(ROOT))
        for path in paths
        if path.is_file() and any(word in path.read_bytes() for word in words)
    ]
    assert found == []
