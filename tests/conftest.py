"""Fixtures that several files of tests share."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from milpsparse import cli, registry
from milpsparse.harness.run import run
from milpsparse.harness.task import plan

RUN = {
    "instances": ["peak_plateau", "planted_n8_d1_k2_s0", "uniform_n6_d2_s1", "uniform_n6_d3_s0"],
    "methods": ["activation_search", "coordinate_start", "neuron_big_m@highs", "univariate"],
    "objectives": ["neurons", "l1"],
}
SOURCE = Path(__file__).parent / "plugin_package"


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """A folder into which pip has installed tests/plugin_package, offline."""
    folder = tmp_path_factory.mktemp("plugins")
    source, site = folder / "source", folder / "site"
    shutil.copytree(SOURCE, source)
    how = ["--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", "-q", *how, "--target", str(site)]
    subprocess.run([*command, str(source)], check=True, capture_output=True)
    return site


@pytest.fixture
def example(installed, monkeypatch):
    """The example package is installed, for this process and those that it starts."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(installed)])
    registry.entries.cache_clear()
    yield installed
    registry.entries.cache_clear()


@pytest.fixture
def call(monkeypatch, capsys):
    """Run a command line as `milpsparse` does: (exit code, stdout, stderr)."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["milpsparse", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return (end.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def refused(call):
    """The one line on stderr of a command that must end with exit code 2."""

    def run(*words):
        code, out, err = call(*words)
        assert (code, out) == (2, "")
        assert err.startswith("milpsparse: ")
        assert err.endswith("\n")
        assert err.count("\n") == 1
        return err

    return run


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """A results folder that a run has filled: one, two and three inputs, refusals, traces."""
    folder = tmp_path_factory.mktemp("small_run")
    testset = folder / "four.test"
    testset.write_text("\n".join(RUN["instances"]))
    tasks = plan(str(testset), RUN["methods"], RUN["objectives"], time_limit_s=20.0)
    for row in run(tasks, folder / "results", testset=str(testset)):
        assert not row["verdict"].startswith("fail")
    return folder / "results"
