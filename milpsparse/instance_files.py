"""Instances in files: JSON and CSV, in and out without losing a bit."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import BadInstance
from milpsparse.instance import Instance
from milpsparse.rational import spell

SCHEMA = 1
_FIELDS = ("name", "family", "bound", "skip", "count_bias", "known", "provenance")


def to_json(instance: Instance) -> str:
    """The instance as JSON text, one point a line; `from_json` gives the same instance back."""

    def row(i: int, values: NDArray[np.float64], first: int) -> list[float | str]:
        cells = enumerate(values[i].tolist(), start=first)
        return [str(instance.spelled[i, j]) if (i, j) in instance.spelled else v for j, v in cells]

    N, d = instance.X.shape
    X = ",\n    ".join(json.dumps(row(i, instance.X, 0)) for i in range(N))
    y = ", ".join(json.dumps(row(i, instance.y[:, None], d)[0]) for i in range(N))
    fields = {key: getattr(instance, key) for key in _FIELDS} | dict(instance.extra)
    text = {key: json.dumps(value) for key, value in fields.items()}
    text |= {"X": f"[\n    {X}]", "y": f"[{y}]"}
    first = ["name", "family", "X", "y"]
    order = first + [key for key in text if key not in first]
    body = ",\n".join(f"  {json.dumps(key)}: {text[key]}" for key in order)
    return f'{{\n  "schema": {SCHEMA},\n{body}\n}}\n'


def from_json(text: str, source: str = "instance") -> Instance:
    """Read an instance; unknown keys are kept, missing optional keys take their defaults."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInstance(f"{source} is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadInstance(f"{source} must hold one JSON object, not {type(data).__name__}")
    if data.get("schema") != SCHEMA:
        raise BadInstance(
            f"{source} has schema {data.get('schema')!r}; this version reads schema {SCHEMA}"
        )
    if missing := [key for key in ("X", "y") if not isinstance(data.get(key), list)]:
        raise BadInstance(f"{source} has no list {' and no list '.join(missing)}")
    known_keys = {"schema", "X", "y", *_FIELDS}
    fields = {key: data[key] for key in _FIELDS if key in data}
    for key, kind in (("name", str), ("provenance", dict)):
        if key in fields and not isinstance(fields[key], kind):
            raise BadInstance(f"{source}: {key} must be a {kind.__name__}")
    extra = {key: value for key, value in data.items() if key not in known_keys}
    try:
        return Instance(X=data["X"], y=data["y"], extra=extra, **fields)
    except BadInstance as error:
        raise BadInstance(f"{source}: {error}") from None


def read_json(path: str | Path) -> Instance:
    """Read an instance file."""
    return from_json(_read_text(path), str(path))


def _read_text(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInstance(f"cannot read {path}: {reason}") from None


def read_csv(path: str | Path, **fields: Any) -> Instance:
    """Read points from a CSV file: inputs, then y in the last column; a first row of names is
    recognised. Cells are the rationals they spell. `fields` are those of Instance (bound, skip).
    """
    text = _read_text(path)
    first = text.lstrip().partition("\n")[0]
    delimiter = next((c for c in ",;\t" if c in first), ",")
    try:
        rows = [
            row
            for row in csv.reader(io.StringIO(text), delimiter=delimiter)
            if "".join(row).strip() or len(row) > 1
        ]
    except csv.Error as error:
        raise BadInstance(f"{path} is not CSV: {error}") from None
    if rows and not any(_meant_as_number(cell) for cell in rows[0]):
        rows = rows[1:]
    if not rows:
        raise BadInstance(f"{path}: no points")
    width = len(rows[0])
    if width < 2:
        raise BadInstance(f"{path}: at least two columns are needed, inputs and then y")
    for at, row in enumerate(rows, start=1):
        if len(row) != width:
            raise BadInstance(f"{path}: point {at} has {len(row)} cells, the first has {width}")
    try:
        fields = {"name": Path(path).stem, **fields}
        return Instance(X=[row[:-1] for row in rows], y=[row[-1] for row in rows], **fields)  # type: ignore[arg-type]
    except BadInstance as error:
        raise BadInstance(f"{path}: {error}") from None


def write_csv(instance: Instance, path: str | Path) -> None:
    """Write the points as CSV; `read_csv` gives the same X and y back, to the last bit."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(_csv_rows(instance))


def _csv_rows(instance: Instance) -> Iterator[list[str]]:
    yield [f"x{j + 1}" for j in range(instance.n_features)] + ["y"]
    for x, label in zip(instance.X_exact.tolist(), instance.y_exact.tolist(), strict=True):
        yield [spell(value) for value in (*x, label)]


def _meant_as_number(cell: str) -> bool:
    """Whether a cell is a number, or tries to be one ("nan", "1/0"): then it is no column name."""
    try:
        float(cell)
    except ValueError:
        return "/" in cell and cell.replace("/", "").strip(" +-").isdigit()
    return True
