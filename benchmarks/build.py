"""Seconds from an instance to a model in HiGHS: stating it in Pyomo, compiling it, handing it over.

    .venv/bin/python benchmarks/build.py [--repeats 7] [--out results]

`build` is what every solve does: state the model around a multistart network, whose values it
takes as its start, compile it to sparse matrices, pass these to HiGHS. Its rivals run in the same
rounds, and their ratios are paired: `collecting` is the same with Python's garbage collector left
on; `appsi` is Pyomo's own persistent interface to HiGHS, `file` its LP file written and read.
`arrays` hands ready matrices over: what no modelling language can beat.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import highspy
import pandas as pd
from _report import paired, seconds, write
from pyomo.contrib import appsi

from milpsparse import registry
from milpsparse.compiled import compile_model
from milpsparse.errors import MilpsparseError
from milpsparse.execute import heuristic, state
from milpsparse.family import generate
from milpsparse.instance import Instance
from milpsparse.method import Limits, Method
from milpsparse.naming import parse_method
from milpsparse.network import Network
from milpsparse.objective import Objective

SIZES = (77, 770, 1900)  # points: about 2,000, 20,000 and 50,000 rows of neuron_big_m
COMMON, FEW = 100, 12  # points for the other models, and for those over all patterns
NEURONS = Objective("neurons")


def cases() -> Iterator[tuple[Method, int]]:
    """neuron_big_m as it grows, and every other Pyomo model that HiGHS takes."""
    for N in SIZES:
        yield _method("neuron_big_m"), N
    for name in registry.names("models"):
        model = registry.load("models", name)
        if name != "neuron_big_m" and model.framework == "pyomo" and not model.needs:
            yield _method(name), FEW if "sample" in model.options else COMMON


def _method(name: str) -> Method:
    known = registry.load("models", name).options
    sizes = [f"{k}={v}" for k, v in {"slots": 3, "plus": 2, "minus": 1}.items() if k in known]
    return parse_method(f"{name}[{','.join(sizes)}]")


def figures(method: Method, N: int, repeats: int) -> dict[str, Any]:
    """One row: size, seconds of each step, and ratios of the rivals."""
    instance = generate("planted", 0, N=N, d=2, K=3, bound=3.0)
    start = heuristic("multistart", instance, NEURONS, Limits(time_limit_s=60.0), share=1.0)
    assert start is not None, f"multistart finds nothing on {N} points"
    stating = partial(_stated, method, instance, start)
    collecting = partial(_stated_while_collecting, method, instance, start)
    model = stating()
    compiled = compile_model(model)
    steps = [(seconds(stating), seconds(partial(compile_model, model))) for _ in range(repeats)]
    found = paired(
        lambda: _built(stating),
        {
            "collecting": lambda: _built(collecting),
            "appsi": lambda: _appsi(stating),
            "file": lambda: _file(stating),
            "arrays": compiled.highs,
        },
        repeats,
    )
    found["build_s"] = found.pop("baseline_s")
    rows, columns = compiled.A.shape
    return {
        "model": method.name.partition("@")[0],
        "N": N,
        "rows": rows,
        "columns": columns,
        "nonzeros": compiled.A.nnz,
        "state_s": sorted(s for s, _ in steps)[repeats // 2],
        "compile_s": sorted(c for _, c in steps)[repeats // 2],
        **{name: found[name] for name in ("build_s", *(k for k in found if k.endswith("ratio")))},
    }


def _stated(method: Method, instance: Instance, start: Network) -> Any:
    return state(method, instance, NEURONS, start).problem


def _stated_while_collecting(method: Method, instance: Instance, start: Network) -> Any:
    options = {name: value for name, value in method.options.items() if name != "start"}
    program = method.rule.build(instance, NEURONS, start, **options)
    program.start(start)
    return program.problem


def _built(stating: Callable[[], Any]) -> Any:
    model = stating()
    return model, compile_model(model).highs()


def _appsi(stating: Callable[[], Any]) -> Any:
    solver = appsi.solvers.Highs()
    solver.set_instance(stating())
    return solver


def _file(stating: Callable[[], Any]) -> Any:
    model, h = stating(), highspy.Highs()
    h.silent()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.lp"
        model.write(str(path))
        h.readModel(str(path))
    return h


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="rounds; medians count")
    parser.add_argument("--out", type=Path, default=Path("results"))
    given = parser.parse_args()
    rows = []
    for method, N in cases():
        try:
            rows.append(figures(method, N, given.repeats))
        except MilpsparseError as error:
            print(f"{method.name}, {N} points: {error}")
            continue
        print(rows[-1], flush=True)
    title = "From an instance to a model in HiGHS: seconds, and paired ratios to build_s (d = 2)"
    write(pd.DataFrame(rows), given.out / "tables" / "bench_build", title, "pyomo highspy")


if __name__ == "__main__":
    main()
