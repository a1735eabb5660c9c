"""What the command pstar does: p* with what proves it, as text, JSON and a drawing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from milpsparse import library
from milpsparse.commands.common import OK, derive
from milpsparse.commands.human import count
from milpsparse.errors import BadInput, Unsupported
from milpsparse.extreme.pstar import VertexThreshold, has_theory
from milpsparse.extreme.pstar import pstar as threshold
from milpsparse.instance import Instance
from milpsparse.theory.threshold import Piece, Threshold, lp_path


def pstar(
    data: str,
    *,
    width: float,
    objective: str,
    skip: bool | None,
    count_bias: bool | None,
    as_json: bool,
    plot: str | None,
) -> int:
    """Compute, print and draw p*, and of one input the lp path."""
    from milpsparse.plot import refuse_file

    instance = derive(library.find(data), None, skip, count_bias)
    if plot:
        refuse_file(plot)  # now, not after minutes
    found = threshold(instance, width, objective)
    if isinstance(found, VertexThreshold):
        return _by_vertices(instance, found, as_json, plot, _with_skip(instance, width))
    try:
        pieces, note = lp_path(instance, width), ""
    except Unsupported as error:
        pieces, note = [], str(error)
    if as_json:
        click.echo(json.dumps(theory_json(instance, found, objective, pieces), indent=1))
    else:
        click.echo(theory_text(instance, found, pieces, note))
    if plot and not pieces:
        raise BadInput(f"cannot draw the path: {note}")
    if plot:
        from milpsparse.path_plot import plot_path

        plot_path(instance, found, pieces, plot)
    return OK


def _with_skip(instance: Instance, width: float) -> Threshold | None:
    """p* of one input as theory has it, with a skip connection, where the data have none."""
    twin = instance if instance.skip else instance.replace(skip=True)
    if not has_theory(twin):
        return None
    try:
        return threshold(twin, width)
    except Unsupported:
        return None


def _by_vertices(
    instance: Instance,
    found: VertexThreshold,
    as_json: bool,
    plot: str | None,
    with_skip: Threshold | None,
) -> int:
    if as_json:
        click.echo(json.dumps(vertices_json(instance, found, with_skip), indent=1))
    else:
        click.echo(vertices_text(instance, found, with_skip))
    if plot and not found.sparsest:
        raise BadInput(f"nothing to draw: {found.why or 'the labels need no neuron'}")
    if plot:
        from milpsparse.path_plot import plot_least

        plot_least(instance, found, plot)
    return OK


def theory_text(
    instance: Instance, found: Threshold, pieces: Sequence[Piece], note: str, most: int = 30
) -> str:
    """p* of one input with its interval, and the pieces of the path."""
    lines = [f"{instance.name}: {count(instance.n_samples, 'point')}, one input, with skip"]
    lines.append(f"p*        {_value(found)}")
    if found.low == found.high:
        lines[-1] += ": at every p below, all minimizers have the fewest neurons"
    lines += _tangency(found)
    for at, piece in enumerate(pieces[:most]):
        ways = count(piece.number, "minimizer")
        size = count(piece.knots, "neuron")
        head = "path" if at == 0 else ""
        between = f"{float(piece.low):.10g} < p < {float(piece.high):.10g}"
        lines.append(f"{head:<9} {between}: {size}, {ways}")
    if len(pieces) > most:
        lines.append(f"          ... {len(pieces) - most} more pieces (--json has all)")
    if note:
        lines.append(f"path      not computed: {note}")
    return "\n".join(lines)


def vertices_text(
    instance: Instance, found: VertexThreshold, with_skip: Threshold | None = None
) -> str:
    """p*, what its extremes alone prove, and how many vertices there were."""
    skip = "skip connection" if instance.skip else "no skip connection"
    biases = "biases counted" if instance.count_bias else "biases not counted"
    inputs = count(instance.n_features, "input")
    lines = [f"{instance.name}: {count(instance.n_samples, 'point')}, {inputs}, {skip}, {biases}"]
    if found.why:
        lines.append(f"p*        at least {float(found.low):.4g}; {found.why}")
    else:
        fewest = count(found.fewest, found.objective.removesuffix("s"))
        lines.append(f"p*        {_value(found)}")
        lines.append(f"          at every p below, all minimizers have {fewest}, the fewest")
        lines += _tangency(found)
    if found.smallest is not None and found.largest is not None:
        extremes = f"r = {float(found.smallest):.4g}, R = {float(found.largest):.4g}"
        alone = f"p* >= {float(found.lower_bound):.4g} = ln(1 + 1/s) / ln(R/r)"
        lines.append(f"extremes  s = {found.fewest}, {extremes}: they alone prove {alone}")
    if found.n_fits is not None:
        kept = len(found.sparsest) + len(found.others)
        fit = f"{found.n_fits:,} of {found.n_sets:,} sets of the {found.n_rays} rays fit"
        lines.append(f"vertices  all, in rationals: {fit}; {kept} may be least for some p")
    if with_skip is not None:
        lines.append(f"with skip {_value(with_skip)} (--skip has more)")
    return "\n".join(lines)


def _value(found: Threshold) -> str:
    low, high = float(found.low), float(found.high)
    if low == high:
        return f"{low:g}"
    return f"{found.value:.10g}, certified in [{low:.12g}, {high:.12g}]"


def _tangency(found: Threshold) -> list[str]:
    text = "          a minimizer that only touches there could not be excluded"
    return [text] if found.tangency else []


def theory_json(
    instance: Instance, found: Threshold, objective: str, pieces: Sequence[Piece]
) -> dict[str, Any]:
    """p* and the path as plain values; jumps are the absolute changes of slope at the knots."""
    return {
        **_head(instance, found, objective, "interval"),
        "path": [
            {
                "low": float(piece.low),
                "high": float(piece.high),
                "neurons": piece.knots,
                "minimizers": piece.number,
                "jumps": [float(jump) for jump in piece.jumps],
            }
            for piece in pieces
        ],
    }


def vertices_json(
    instance: Instance, found: VertexThreshold, with_skip: Threshold | None = None
) -> dict[str, Any]:
    """p* and what is known of the vertices as plain values."""
    proved = "lower_bound" if found.why else "interval"
    twin = None if with_skip is None else [float(with_skip.low), float(with_skip.high)]
    return {
        **_head(instance, found, found.objective, proved),
        "why": found.why,
        "lower_bound": float(found.lower_bound),
        "fewest": found.fewest,
        "smallest": None if found.smallest is None else float(found.smallest),
        "largest": None if found.largest is None else float(found.largest),
        "n_rays": found.n_rays,
        "n_sets": found.n_sets,
        "n_fits": found.n_fits,
        "sparsest": [[float(v) for v in sizes] for sizes in found.sparsest],
        "others": [[float(v) for v in sizes] for sizes in found.others],
        "pstar_with_skip": twin,
    }


def _head(instance: Instance, found: Threshold, objective: str, proved: str) -> dict[str, Any]:
    return {
        "schema": 1,
        "instance": instance.name,
        "instance_sha256": instance.sha256,
        "skip": instance.skip,
        "count_bias": instance.count_bias,
        "objective": objective,
        "proved": proved,
        "pstar": [float(found.low), float(found.high)],
        "tangency": found.tangency,
    }
