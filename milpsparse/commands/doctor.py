"""What there is on this machine: solvers, tried by solving; processors, memory, packages."""

from __future__ import annotations

import json
import os
import platform
import resource
from typing import Any

import psutil

from milpsparse import __version__, plugins, registry
from milpsparse.errors import MilpsparseError, Unsupported
from milpsparse.harness import machine
from milpsparse.harness.isolation import THREAD_VARIABLES, isolated
from milpsparse.method import Limits, Solver, absence, version_of
from milpsparse.testing import problems

PROBE_S = 30.0  # for a problem of a moment
MIB = 2**20


def report() -> dict[str, Any]:
    """All of it as plain values; what cannot be told says why."""
    return {
        "milpsparse": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "memory": _memory(),
        "solvers": _each("solvers", _solver),
        "plugins": _plugins(),
        "packages": machine.packages(),
    }


def _processor() -> dict[str, Any]:
    return {
        "name": machine.processor(),
        "count": os.cpu_count(),
        "usable": machine.cpus(),
        "threads": {name: os.environ.get(name) for name in THREAD_VARIABLES},
    }


def _memory() -> dict[str, Any]:
    """In MiB: of the machine, free, and the limits of control group and shell (None: unlimited)."""
    total, usable = psutil.virtual_memory().total / MIB, machine.memory_mb()
    address_space, _ = resource.getrlimit(resource.RLIMIT_AS)
    return {
        "total_mb": round(total),
        "available_mb": round(psutil.virtual_memory().available / MIB),
        "cgroup_limit_mb": round(usable) if usable < total else None,
        "ulimit_mb": None if address_space == resource.RLIM_INFINITY else address_space // MIB,
    }


def _each(kind: str, describe: Any) -> dict[str, dict[str, Any]]:
    """Every entry of a kind by name; {} and a line in `plugins` where names clash."""
    try:
        entries = registry.entries(kind)
    except MilpsparseError:
        return {}
    found = {}
    for name, entry in entries.items():
        found[name] = {"from": entry.whose}
        reason = registry.broken(kind, name)
        if reason is not None:
            found[name] |= {"state": "does not load", "reason": reason}
        else:
            found[name] |= describe(name, registry.load(kind, name))
    return found


def _solver(name: str, solver: Solver) -> dict[str, Any]:
    """State of a solver: works, limited, fails, or not available; with the reason."""
    reason = absence(solver)
    if reason is not None:
        return {"state": "not available", "reason": reason}
    ended = isolated(probe, name, seconds=PROBE_S)
    if ended.message is not None:
        tried = json.loads(ended.message)["result"]
    else:
        why = f"killed at the {ended.killed_by}" if ended.killed_by else f"exit {ended.exit_code}"
        tried = {"state": "fails", "reason": f"no answer to a tiny problem: {why}"}
    return {"version": version_of(solver), **tried, "frameworks": sorted(solver.frameworks)}


def probe(name: str) -> dict[str, str]:
    """Solve a tiny problem, then an easy one that is too large for a trial licence."""
    solver: Solver = registry.load("solvers", name)
    if "pyomo" not in solver.frameworks:
        said = _tried(solver, problems.corner())
        return {"state": "fails", "reason": said} if said else {"state": "works"}
    if said := _tried(solver, problems.cover()):
        return {"state": "fails", "reason": said}
    if said := _tried(solver, problems.wide()):
        return {"state": "limited", "reason": f"solves 4 columns, not 2,500: {said}"}
    return {"state": "works"}


def _tried(solver: Solver, problem: problems.Problem) -> str:
    """What went wrong, "" when the optimum was found."""
    try:
        outcome = solver.solve(problem.program, Limits(time_limit_s=PROBE_S / 3), False)
    except Unsupported:
        return ""  # it works, and says that it is not for such problems
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    value = outcome.primal_bound
    if value is not None and abs(value - problem.optimum) <= 1e-4 * max(1.0, problem.optimum):
        return ""
    return f"says {outcome.raw_status!r}, value {value}; the optimum is {problem.optimum:g}"


def _plugins() -> dict[str, Any]:
    """Where plug-ins are looked for, those that are there, and what is wrong with them."""
    there, wrong = [], []
    for kind in registry.KINDS:
        try:
            entries = registry.entries(kind)
        except MilpsparseError as error:
            wrong.append(str(error))
            continue
        others = [name for name, entry in entries.items() if entry.whose != "milpsparse"]
        there += [f"{entries[name]} ({entries[name].whose})" for name in others]
        wrong += filter(None, (registry.broken(kind, name) for name in entries))
    problems_once = list(dict.fromkeys(wrong))
    return {"folders": list(plugins.__path__), "found": there, "problems": problems_once}


def text(found: dict[str, Any]) -> str:
    """The report for a person."""
    processor, memory, plugged = found["processor"], found["memory"], found["plugins"]
    threads = [f"{key}={value}" for key, value in processor["threads"].items() if value]
    width = max(map(len, found["solvers"]), default=0)
    lines = [
        f"milpsparse  {found['milpsparse']}, Python {found['python']}, {found['platform']}",
        f"processor   {processor['name']}; {processor['usable']:g} of {processor['count']} usable"
        + "".join(f"; {thread}" for thread in threads),
        f"memory      {_gib(memory['total_mb'])}, {_gib(memory['available_mb'])} available; "
        f"control group {_limit(memory['cgroup_limit_mb'])}, "
        f"ulimit -v {_limit(memory['ulimit_mb'])}",
        "solvers     (tried by solving)",
        *(_solver_line(name.ljust(width), solver) for name, solver in found["solvers"].items()),
        f"plug-ins    {', '.join(plugged['found']) or 'none'}",
        *(f"  folder    {folder}" for folder in plugged["folders"]),
        *(f"  problem   {problem}" for problem in plugged["problems"]),
        "packages    " + ", ".join(f"{n} {v}" for n, v in found["packages"].items() if v),
    ]
    absent = [name for name, version in found["packages"].items() if version is None]
    return "\n".join([*lines, f"  missing   {', '.join(absent)}"] if absent else lines)


def _solver_line(name: str, solver: dict[str, Any]) -> str:
    words = [solver.get("version"), solver.get("reason")]
    return f"  {name}  {solver['state']:<14} {': '.join(filter(None, words))}".rstrip()


def _gib(mb: float) -> str:
    return f"{mb / 1024:.1f} GiB"


def _limit(mb: float | None) -> str:
    return "unlimited" if mb is None else _gib(mb)
