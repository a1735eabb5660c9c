"""Fixtures of several test files: command lines as a user types them."""

from __future__ import annotations

import sys

import pytest

from milpsparse import cli


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
