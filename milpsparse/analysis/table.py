"""Tables of a results folder: CSV for programs, Markdown for people, LaTeX for papers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from milpsparse.analysis.cells import LEGEND, instance_table
from milpsparse.analysis.outcomes import available, failed
from milpsparse.analysis.rankings import ranking_warnings
from milpsparse.analysis.rows import read_rows
from milpsparse.analysis.summary import summary
from milpsparse.analysis.text_tables import inert, plain, to_latex, to_markdown
from milpsparse.errors import BadInput
from milpsparse.harness import store

if TYPE_CHECKING:
    import pandas as pd

CSV_COLUMNS = """
instance objective method termination verdict primal_bound dual_bound evidence generic_bound gap
gap_int exact max_residual bound bound_used bound_active n_neurons n_parameters
claimed_primal_bound claimed_dual_bound node_count n_rows n_cols n_binaries n_nonzeros
build_time_s solve_time_s wall_time_s check_time_s time_limit_s seed perm threads solver
solver_version fail_reason instance_sha256
""".split()

CAPTION = """\
`proved` and `claimed` count optimal runs; `said`, those that the method itself calls optimal;
`best`, runs whose verified value is the best of all; `wins`, instances where none is faster to
solve; `refuted`, lower bounds above a verified network. Times are wall seconds, unsolved runs
charged the limit (sgm10, sgm1: shifted geometric means with shifts 10 s and 1 s) or ten limits
(PAR10); a wrong answer costs ten limits everywhere; `said_sgm10_s` believes every claim. Refused
instances are no part of the means. Heuristics solve only where a theorem closes the gap.
"""
PD = """\
`pd_integral`: mean primal-dual integral by the solver's own words, from 0 (both bounds met at once)
to 1 (no bounds, or a wrong claim).
"""
REFUSED = "In rankings, an instance that a method refuses is unsolved by it."


def write_tables(
    folder: Path, prefix: Path | None = None, rows: pd.DataFrame | None = None
) -> list[Path]:
    """Write PREFIX.csv, PREFIX-summary.csv, PREFIX.md and PREFIX.tex of a results folder.

    Returns their paths. The prefix is tables/<testset> in the folder, if none is given; `rows` are
    those of the folder, where they have been read before.
    """
    rows = of_testset(read_rows(folder) if rows is None else rows, folder)
    plan = store.read_plan(folder)
    name = Path(str(plan.get("testset", "all"))).stem
    prefix = prefix or folder / "tables" / name
    prefix.parent.mkdir(parents=True, exist_ok=True)
    order = ["instance", "objective", "method", "seed", "perm"]
    ends = (".csv", "-summary.csv", ".md", ".tex")
    paths = [prefix.with_name(prefix.name + end) for end in ends]
    inert(rows.sort_values(order)[CSV_COLUMNS]).to_csv(paths[0], index=False, float_format="%.10g")
    headline = _summary(rows)
    inert(headline).to_csv(paths[1], index=False, float_format="%.4g")
    left = len(set(plan.get("keys", [])) - set(rows["task_key"]))
    tables = {o: instance_table(rows, o) for o in objective_order(rows)}
    paths[2].write_text(_page(rows, headline, tables, name, left), encoding="utf-8")
    paths[3].write_text(_latex(headline, tables, name), encoding="utf-8")
    return paths


def markdown(rows: pd.DataFrame, name: str, left: int = 0) -> str:
    """The whole page: provenance, summary, one table an objective, wrong claims by name."""
    tables = {objective: instance_table(rows, objective) for objective in objective_order(rows)}
    return _page(rows, _summary(rows), tables, name, left)


def objective_table(rows: pd.DataFrame, objective: str) -> str:
    """Instances down, methods across, in Markdown."""
    return to_markdown(instance_table(rows, objective))


def of_testset(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The rows on the instances and under the time limit of the folder's last plan.

    Methods add up over runs; of several rows of one method the latest counts.
    """
    plan = store.read_plan(folder)
    if "instances" in plan:
        rows = rows[rows["instance"].isin(plan["instances"])]
    if "limits" in plan:
        rows = rows[rows["time_limit_s"].isin(plan["limits"])]
    if rows.empty:
        raise BadInput(f"{folder} has no rows yet: milpsparse run --out {folder}")
    same = ["instance", "objective", "method", "time_limit_s", "threads", "seed", "perm"]
    return rows.drop_duplicates(same, keep="last")


def _page(
    rows: pd.DataFrame,
    headline: pd.DataFrame,
    tables: dict[str, pd.DataFrame],
    name: str,
    left: int,
) -> str:
    parts = [f"# Results on the test set {plain(name)}", _provenance(rows)]
    parts += [f"**Incomplete: {left} tasks of the run have no row yet.**"] if left else []
    warnings = ranking_warnings(rows)
    refused = [REFUSED] if warnings and headline["refused"].any() else []
    caption = CAPTION + (PD if "pd_integral" in headline else "")
    parts += ["## Summary", caption, to_markdown(headline), *warnings, *refused]
    for objective, table in tables.items():
        parts += [f"## {plain(objective)}", to_markdown(table)]
    parts += ["## Wrong claims", _failures(rows), "## How to read the tables", LEGEND]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def _latex(headline: pd.DataFrame, tables: dict[str, pd.DataFrame], name: str) -> str:
    """The same tables, to be \\input where booktabs is loaded."""
    parts = ["% \\usepackage{booktabs}", to_latex(headline, f"Results on the test set {name}.")]
    parts += [to_latex(table, f"{name}, {objective}.") for objective, table in tables.items()]
    return "\n\n".join(parts) + "\n"


def _summary(rows: pd.DataFrame) -> pd.DataFrame:
    """The summary of all methods; primal-dual integrals where solvers tell bounds."""
    table = summary(rows)
    return table.drop(columns="pd_integral") if table["pd_integral"].isna().all() else table


def objective_order(rows: pd.DataFrame) -> list[str]:
    """The objectives of the rows, counts first."""
    order = ["neurons", "parameters", "l1", "group_l2"]
    found = list(rows["objective"].unique())
    return sorted(found, key=lambda o: (order.index(o) if o in order else 9, o))


def _provenance(rows: pd.DataFrame) -> str:
    """How many runs, under which limits, where, by which solvers."""
    limits = ", ".join(f"{t:g} s" for t in sorted(rows["time_limit_s"].unique()))
    note = (
        " (limits differ: means compare unlike runs)" if rows["time_limit_s"].nunique() > 1 else ""
    )
    said = (
        f"{len(rows)} runs, time limit {limits}{note}, {int(rows['threads'].max())} thread(s) each"
    )
    machines = "; ".join(sorted(map(plain, rows["machine"].dropna().unique())))
    used = rows.dropna(subset=["solver", "solver_version"]).groupby("solver")["solver_version"]
    solvers = ", ".join(f"{plain(s)} {plain(v)}" for s, v in used.first().items())
    python = ", ".join(sorted(map(plain, rows["python"].dropna().unique())))
    parts = [said + (f", on {machines}" if machines else "")]
    parts += [f"Solvers: {solvers}"] if solvers else []
    parts += [f"Python {python}"] if python else []
    return ". ".join(parts) + "."


def _failures(rows: pd.DataFrame) -> str:
    """Every claim that did not hold, by name; and what is better than was known."""
    wrong = available(rows)[failed(available(rows))]
    lines = [
        f"- {_named(r)}: {r['verdict']}: {plain(r['fail_reason'])}" for _, r in wrong.iterrows()
    ]
    news = rows[rows["verdict"] == "better"]
    lines += [f"- news: {_named(r)}: {plain(r['fail_reason'])}" for _, r in news.iterrows()]
    return "\n".join(lines) or "None."


def _named(run: pd.Series[Any]) -> str:
    return f"{plain(run['instance'])}, {plain(run['objective'])}, {plain(run['method'])}"
