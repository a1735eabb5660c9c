"""The library in numbers: results/tables/library.md, and a row for every known value in .csv."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from milpsparse import library
from milpsparse.curation.pages import table, value
from milpsparse.judge import PROVED
from milpsparse.known import Known, of_entries

Instances = Mapping[str, Mapping[str, Any]]

COLUMNS = """instance family n_samples n_features bound skip objective status best lower evidence
claimed generic method seconds""".split()

KINDS = (*PROVED, "generic", "open", "no value")


def write(prefix: Path) -> list[Path]:
    """Write PREFIX.csv and PREFIX.md; their paths."""
    instances = library.index()["instances"]
    prefix.parent.mkdir(parents=True, exist_ok=True)
    paths = [prefix.with_name(prefix.name + end) for end in (".csv", ".md")]
    with open(paths[0], "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([COLUMNS, *_rows(instances)])
    paths[1].write_text(markdown(instances), encoding="utf-8")
    return paths


def _rows(instances: Instances) -> Iterator[list[Any]]:
    for name, entry in instances.items():
        f = entry["features"]
        for goal, known in of_entries(entry["known"]).items():
            shape = [f[key] for key in ("n_samples", "n_features", "bound", "skip")]
            bounds = [fact and fact.value for fact in (known.best, known.proved)]
            others = [fact and fact.value for fact in (known.claimed, known.generic)]
            run = known.best or known.proved
            yield [
                *(name, entry["family"], *shape, goal, known.status, *bounds),
                *(known.proved and known.proved.evidence, *others),
                *(run and run.method, run and run.seconds),
            ]


def markdown(instances: Instances) -> str:
    """Totals by objective, families, and what is open."""
    parts = [
        "# The instance library in numbers",
        f"{len(instances)} instances in {len({e['family'] for e in instances.values()})} families. "
        "Written by `make library-table` from the index; the instances themselves, family by "
        "family: [instances](../../instances/README.md).",
        "## How values are known",
        table(
            ("objective", "instances", *KINDS),
            (_totals(goal, instances) for goal in _objectives(instances)),
        ),
        "theorem, proof, search: a verified exact network meets a lower bound of that evidence. "
        "generic: it meets the bound of almost every labelling, which proves nothing of this one. "
        "Of lp in several inputs only small data have proofs; other lower bounds on it, on l1 and "
        "on the group norm are claims of solvers, so that their values are open here. No value: "
        "not computed, or no network that fits B.",
        "## Families",
        table(
            (
                *("family", "instances", "N", "d", "neurons: easy", "hard", "open"),
                *("parameters: proved", "generic", "open", "median s", "longest s", "proved by"),
            ),
            (_family(name, instances) for name in dict.fromkeys(_families(instances))),
        ),
        "easy: neurons proved within a minute; hard: proved in more; open: not proved. Seconds and "
        "methods are those of the run that first proved the neurons.",
        "## Open instances",
        table(
            ("instance", "N", "d", "neurons", "parameters", "found by", "s"),
            _open(instances),
        ),
        "`3..5`: the best proved lower bound and the best verified network. `make results "
        "TEST=open TIME=600` tells when a better one is found; `make update OUT=results` takes it "
        "in.",
    ]
    return "\n\n".join(parts) + "\n"


def _objectives(instances: Instances) -> list[str]:
    return list(dict.fromkeys(k["objective"] for e in instances.values() for k in e["known"]))


def _families(instances: Instances) -> Iterator[str]:
    return (entry["family"] for entry in instances.values())


def _known(entry: Mapping[str, Any], objective: str) -> Known:
    return of_entries(entry["known"]).get(objective) or Known(objective)


def _word(known: Known) -> str:
    """theorem, proof or search; generic, open, or no value."""
    if known.is_optimal and known.proved is not None:
        return known.proved.evidence
    if known.best is None:
        return "no value"
    return "generic" if known.is_generic else "open"


def _totals(goal: str, instances: Instances) -> Sequence[str]:
    words = Counter(_word(_known(entry, goal)) for entry in instances.values())
    return [goal, str(len(instances)), *(str(words[kind]) for kind in KINDS)]


def _family(name: str, instances: Instances) -> Sequence[str]:
    members = [entry for entry in instances.values() if entry["family"] == name]
    status = Counter(entry["status"]["neurons"] for entry in members)
    neurons = [_known(entry, "neurons") for entry in members]
    words = Counter(_word(_known(entry, "parameters")) for entry in members)
    proved = sum(words[kind] for kind in PROVED)
    runs = [k.best for k in neurons if k.is_optimal and k.best is not None]
    times = [run.seconds or 0.0 for run in runs]
    steps = Counter(_last_step(run.method) for run in runs)
    return [
        f"[{name}](../../instances/{name}/README.md)",
        str(len(members)),
        *(
            _span([entry["features"][key] for entry in members])
            for key in ("n_samples", "n_features")
        ),
        *(str(status[word]) for word in ("easy", "hard", "open")),
        *(str(proved), str(words["generic"]), str(words["open"] + words["no value"])),
        *((f"{median(times):.2g}", f"{max(times):.2g}") if times else ("", "")),
        ", ".join(f"{step} {n}" for step, n in steps.most_common()),
    ]


def _last_step(method: str | None) -> str:
    """The step that closed it, without its options: of `auto (multistart -> activation_search)`."""
    inner = (method or "theory").rstrip(")").split("(")[-1].split(" -> ")[-1]
    return inner.split("[")[0]


def _span(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _open(instances: Instances) -> Iterator[Sequence[str]]:
    for name, entry in instances.items():
        known = _known(entry, "neurons")
        if known.status != "open":
            continue
        f, run = entry["features"], known.best
        yield [
            *(name, f"{f['n_samples']:,}", str(f["n_features"])),
            *(value(known), value(_known(entry, "parameters"))),
            *(("", "") if run is None else (_last_step(run.method), f"{run.seconds or 0:.2g}")),
        ]
