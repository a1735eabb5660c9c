"""What benchmark scripts share: paired timings, and tables that say where they were made."""

from __future__ import annotations

import gc
import importlib.metadata
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from milpsparse.harness.machine import provenance


def seconds(work: Callable[[], Any]) -> float:
    """How long a piece of work takes; what it returns is freed outside the clock."""
    begun = time.perf_counter()
    kept = work()
    spent = time.perf_counter() - begun
    del kept
    gc.collect()
    return spent


def paired(
    baseline: Callable[[], Any], rivals: dict[str, Callable[[], Any]], repeats: int
) -> dict[str, float]:
    """Median seconds of each, and the median over rounds of its ratio to the baseline.

    Every round times all of them one after the other, so that a slow moment hits all alike.
    """
    for work in (baseline, *rivals.values()):  # warm
        work()
    rounds = [
        {"baseline": seconds(baseline), **{name: seconds(work) for name, work in rivals.items()}}
        for _ in range(repeats)
    ]
    found = {f"{name}_s": statistics.median(r[name] for r in rounds) for name in rounds[0]}
    for name in rivals:
        found[f"{name}_ratio"] = statistics.median(r[name] / r["baseline"] for r in rounds)
    return found


def write(table: pd.DataFrame, path: Path, title: str, packages: str) -> None:
    """The table as CSV and Markdown, the latter with machine and versions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path.with_suffix(".csv"), index=False, float_format="%.6g")
    here = provenance()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages.split())
    text = table.to_markdown(index=False, floatfmt=".4g")
    where = f"{here['machine']}; Python {here['python']}, {versions}."
    path.with_suffix(".md").write_text(f"# {title}\n\n{where}\n\n{text}\n", encoding="utf-8")
    print(f"\n{title}\n{where}\n\n{text}\n-> {path.with_suffix('.md')}")
