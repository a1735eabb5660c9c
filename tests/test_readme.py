"""The README's session is true, and every file that CONTRIBUTING shows works as shown."""

import doctest
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_analysis import row
from test_compare import stored

import milpsparse as ms
from milpsparse.execute import solve_model
from milpsparse.method import Algorithm, Limits, Method, Model
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
L1 = parse_objective("l1")


def source(heading):
    """The text of the Python file shown below a heading of CONTRIBUTING."""
    section = CONTRIBUTING.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]


def block(heading):
    """What that file defines."""
    space = {"__name__": heading}
    exec(compile(source(heading), heading, "exec"), space)
    return space


@pytest.mark.parametrize("session", re.findall(r"```console\n(.*?)```", README, re.DOTALL))
def test_the_console_session_is_true(session, tmp_path):
    for command, expected in re.findall(r"\$ milpsparse (.*?)\n((?:(?!\$ ).*\n)*)", session):
        done = subprocess.run(
            [sys.executable, "-m", "milpsparse.cli", *command.split()],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )

        def steady(text):
            return [re.sub(r"\d+\.\d+ s", "_ s", line) for line in text.splitlines()]

        assert steady(done.stdout) == steady(expected)


def test_the_analysis_that_it_shows_runs(tmp_path, monkeypatch):
    stored(tmp_path / "results", [row(m, i, 2.0) for m in "AB" for i in ("i1", "i2")])
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(import milpsparse.*?)```", README, re.DOTALL)
    space = {}
    exec(code, space)
    assert len(space["rows"]) == 4


def test_the_python_session_is_true():
    source = "\n".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(source, {}, "README", "README.md", 0)
    assert doctest.DocTestRunner().run(test).failed == 0


def test_the_readme_names_every_method_and_its_pictures_exist():
    for name in ("models", "algorithms"):
        for path in (ROOT / {"models": "models"}.get(name, f"milpsparse/{name}")).glob("[a-z]*.py"):
            assert f"`{path.stem}`" in README
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_the_family_of_contributing_works():
    family = block("A family")["FAMILY"]
    instance = family.generate(0, N=5)
    assert ms.solve(instance, time_limit_s=20).primal_bound == 2


def test_the_model_of_contributing_works():
    model = block("A model")["MODEL"]
    assert isinstance(model, Model)
    instance = ms.Instance(X=[[-1.0], [0.0], [1.0]], y=[1.0, 0.0, 1.0])
    method = Method(name="m", rule=model, rule_name="m", solver_name="highs", options={})
    assert method.refusal(instance, L1) is None
    answer = solve_model(method, instance, L1, Limits())
    assert answer.claimed_primal_bound == pytest.approx(2.0)
    assert ms.check(instance, answer).verdict == "ok"
    assert "nonnegative" in method.refusal(ms.Instance(X=[[0.0]], y=[-1.0]), L1)


def test_the_solver_of_contributing_passes_the_kit_as_one_file_of_a_folder(tmp_path):
    text = source("A solver")
    assert len(text.splitlines()) <= 40
    (tmp_path / "scipy_milp.py").write_text(text, encoding="utf-8")

    def milpsparse(*words):
        command = [sys.executable, "-m", "milpsparse.cli", *words]
        env = {**os.environ, "MILPSPARSE_PLUGINS": str(tmp_path)}
        return subprocess.run(command, capture_output=True, text=True, env=env)

    asked = milpsparse("check-plugin", "scipy_milp")
    assert asked.returncode == 0, asked.stdout
    assert re.search(r"^cannot  mip_start \(pyomo\) +milp takes no start$", asked.stdout, re.M)
    assert asked.stdout.splitlines()[-1] == "11 pass, 1 cannot"
    solved = milpsparse("solve", "peak_plateau", "--method", "neuron_big_m@scipy_milp", "--json")
    assert json.loads(solved.stdout)["primal_bound"] == 3


def test_the_algorithm_of_contributing_works():
    algorithm = block("An algorithm")["ALGORITHM"]
    assert isinstance(algorithm, Algorithm)
    instance = ms.load("peak_plateau")
    answer = algorithm.run(instance, parse_objective("neurons"), Limits())
    assert ms.check(instance, answer).verdict == "ok"


def test_methods_in_the_readme_parse():
    for name in re.findall(r"`(\w+\[[^`]*\]@\w+)`", README):
        assert parse_method(name).name == name
