"""Test sets: those listed by hand, those that follow from the index, and their .solu files.

    by hand   small, paper, univariate and others; numerics is written by its benchmark
    by rule   all; easy, hard, open (by what is known of the neurons); norms (few patterns, or one
              input with a skip connection: where l1, group norm and lp are computed); benchmark

`benchmark` takes SIZE instances that are neither solved by theory nor at once: by status up to so
many as QUOTA says, then any others, spread by features. The first is the one in the middle; the
next is always the one farthest from all that are taken (the largest least distance, names break
ties), at most MOST of a family. Distances are Euclidean, of features scaled to [0, 1].
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import BadInput
from milpsparse.formats.mps_names import plain
from milpsparse.known import of_entries
from milpsparse.library import names_in

Instances = Mapping[str, Mapping[str, Any]]

BY_RULE = ("all", "easy", "hard", "open", "norms", "benchmark")
SIZE, QUOTA = 60, {"hard": 15, "open": 20, "easy": 30}
MOST = 6  # of a family in the benchmark
FEW = 1000  # patterns up to which norms are computed
QUICK = 0.5  # seconds: what is proved faster tells little
WORDS = {"opt": "=opt=", "best": "=best=", "bestdual": "=bestdual="}


def write(folder: Path, instances: Instances) -> dict[str, list[str]]:
    """Write the test sets that follow from the index, and .solu files of all; their members."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (about, members) in _by_rule(instances).items():
        text = f"# {about} Written by `make instances`.\n" + "".join(f"{m}\n" for m in members)
        (folder / f"{name}.test").write_text(text, encoding="utf-8")
    sets = {}
    for path in sorted(folder.glob("*.test")):
        members = sets[path.stem] = names_in(path.read_text(encoding="utf-8"))
        if unknown := [m for m in members if m not in instances]:
            raise BadInput(f"test set {path.stem} lists {', '.join(unknown)}: no such instance")
        for objective in ("neurons", "parameters"):
            target = folder / f"{path.stem}.{plain(objective)}.solu"
            target.write_text(solu(members, instances, objective), encoding="utf-8")
    return sets


def _by_rule(instances: Instances) -> dict[str, tuple[str, list[str]]]:
    status = {name: entry["status"]["neurons"] for name, entry in instances.items()}
    of = {word: [n for n, s in status.items() if s == word] for word in ("easy", "hard", "open")}
    norms = [name for name, entry in instances.items() if _has_norms(entry["features"])]
    return {
        "all": ("The whole library.", list(instances)),
        "easy": ("Neurons are proved within a minute.", of["easy"]),
        "hard": ("Neurons are proved, but not within a minute.", of["hard"]),
        "open": ("The least number of neurons is not proved.", of["open"]),
        "norms": (f"One input with skip, or at most {FEW} patterns.", norms),
        "benchmark": (
            "Balanced over features: milpsparse/curation/testsets.py.",
            benchmark(instances),
        ),
    }


def _has_norms(features: Mapping[str, Any]) -> bool:
    if features["n_features"] == 1 and features["skip"]:
        return bool(features["n_samples"] <= 1000)
    return bool(features["patterns"] <= FEW)


def solu(members: Iterable[str], instances: Instances, objective: str) -> str:
    """Known values of a test set as MIPLIB has them: what is claimed only is left out."""
    lines = []
    for name in members:
        known = of_entries(instances[name]["known"]).get(objective)
        facts = {} if known is None else {"best": known.best, "bestdual": known.proved}
        if known is not None and known.is_optimal:
            facts = {"opt": known.best}
        found = [(WORDS[word], fact) for word, fact in facts.items() if fact is not None]
        lines += [f"{word} {name} {fact.value:.17g}" for word, fact in found]
        lines += [] if found else [f"=unkn= {name}"]
    return "\n".join(lines) + "\n"


def benchmark(instances: Instances) -> list[str]:
    """The instances of the test set `benchmark`, in the order of their names."""
    candidates = {name: entry for name, entry in instances.items() if _tells(entry)}
    names = sorted(candidates)
    place = _scaled(np.array([_place(candidates[name]) for name in names]))
    taken: list[int] = []
    for statuses, quota in [*(((word,), most) for word, most in QUOTA.items()), (QUOTA, SIZE)]:
        pool = [i for i, n in enumerate(names) if candidates[n]["status"]["neurons"] in statuses]
        for _ in range(min(quota, SIZE - len(taken))):
            families = Counter(candidates[names[i]]["family"] for i in taken)
            left = [i for i in pool if i not in taken]
            left = [i for i in left if families[candidates[names[i]]["family"]] < MOST]
            if left:
                taken.append(_farthest(place, left, taken))
    return sorted(names[i] for i in taken)


def _tells(entry: Mapping[str, Any]) -> bool:
    """Whether a run on it tells methods apart: not solved by theory, nor at once."""
    known = of_entries(entry["known"]).get("neurons")
    if known is None or (entry["features"]["n_features"] == 1 and entry["features"]["skip"]):
        return False
    if not known.is_optimal or known.proved is None or known.proved.evidence != "theorem":
        return True
    return bool((known.proved.seconds or 0.0) > QUICK)


def _farthest(place: NDArray[np.float64], left: list[int], taken: list[int]) -> int:
    if not taken:
        middle = np.median(place, axis=0)
        return min(left, key=lambda i: float(np.linalg.norm(place[i] - middle)))
    return max(left, key=lambda i: float(np.linalg.norm(place[taken] - place[i], axis=1).min()))


def _place(entry: Mapping[str, Any]) -> list[float]:
    """The features that make a solver's life different, on scales where steps are alike."""
    f = entry["features"]
    best = of_entries(entry["known"])["neurons"].best
    size = [abs(math.log10(r)) for r in f["input_range"] or [1.0]]
    return [
        math.log(f["n_samples"]),
        math.log(f["n_features"]),
        math.log10(f["patterns"]),
        math.log(best.value + 1) if best else 0.0,
        2.0 * f["skip"],
        f["zero_inputs"],
        min(f["label_values"], 10) / 10,
        math.log(f["line_points"] + 1),
        max(size),
    ]


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    width = np.ptp(values, axis=0)
    scaled: NDArray[np.float64] = (values - values.min(axis=0)) / np.where(width > 0, width, 1)
    return np.round(scaled, 9)  # so that ties are ties on every machine
