"""Tables of a results folder: CSV for programs, Markdown for people, both from stored rows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milpsparse.analysis.integral import integrals
from milpsparse.analysis.outcomes import PROVED, available, best_bounds, failed
from milpsparse.analysis.rankings import ranking_warnings
from milpsparse.analysis.rows import read_rows
from milpsparse.analysis.summary import summary
from milpsparse.errors import BadInput
from milpsparse.harness import store
from milpsparse.objective import parse_objective

if TYPE_CHECKING:
    import pandas as pd

CSV_COLUMNS = """
instance objective method termination verdict primal_bound dual_bound evidence generic_bound gap
gap_int exact max_residual bound bound_used bound_active n_neurons n_parameters
claimed_primal_bound claimed_dual_bound node_count n_rows n_cols n_binaries n_nonzeros
build_time_s solve_time_s wall_time_s check_time_s time_limit_s seed threads solver solver_version
fail_reason instance_sha256
""".split()

LEGEND = """\
A cell is the verified value, [the method's best lower bound], and the wall time. **3 proved**:
optimal, by theorem, proof or exhaustive search and an exact network. 3 claimed: optimal by the
solver's word, which nothing contradicts. time: stopped at the limit. ≈: the network fits within
1e-6 only. – : the method does not take the instance. The column `bound` holds the best lower
bound of all methods: t theorem, c claimed; `generic` holds for almost every labelling and proves
nothing about this one.
"""


def write_tables(folder: Path, prefix: Path | None = None) -> list[Path]:
    """Write PREFIX.csv, PREFIX.md and PREFIX-summary.csv of a results folder; their paths.

    The prefix is tables/<testset> in the folder, if none is given.
    """
    rows = of_testset(read_rows(folder), folder)
    name = Path(str(store.read_plan(folder).get("testset", "all"))).stem
    prefix = prefix or folder / "tables" / name
    prefix.parent.mkdir(parents=True, exist_ok=True)
    order = ["instance", "objective", "method", "seed"]
    paths = [prefix.with_name(prefix.name + end) for end in (".csv", "-summary.csv", ".md")]
    rows.sort_values(order)[CSV_COLUMNS].to_csv(paths[0], index=False, float_format="%.10g")
    _summary(rows).to_csv(paths[1], index=False, float_format="%.4g")
    left = sum(key not in set(rows["task_key"]) for key in store.read_plan(folder).get("keys", []))
    paths[2].write_text(markdown(rows, name, left), encoding="utf-8")
    return paths


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


def markdown(rows: pd.DataFrame, name: str, left: int = 0) -> str:
    """The whole page: provenance, summary, one table an objective, wrong claims by name."""
    parts = [f"# Results on the test set {name}", _provenance(rows)]
    parts += [f"**Incomplete: {left} tasks of the run have no row yet.**"] if left else []
    parts += ["## Summary", _summary_markdown(rows), "\n\n".join(ranking_warnings(rows))]
    for objective in _objective_order(rows):
        parts += [f"## {objective}", objective_table(rows, objective)]
    parts += ["## Wrong claims", _failures(rows), "## How to read the tables", LEGEND]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def _objective_order(rows: pd.DataFrame) -> list[str]:
    order = ["neurons", "parameters", "l1", "group_l2"]
    found = list(rows["objective"].unique())
    return sorted(found, key=lambda o: (order.index(o) if o in order else 9, o))


def _provenance(rows: pd.DataFrame) -> str:
    limits = ", ".join(f"{t:g} s" for t in sorted(rows["time_limit_s"].unique()))
    used = rows[rows["solver"].notna()].groupby("solver")["solver_version"].first()
    solvers = ", ".join(f"{s} {v}" for s, v in used.items())
    machines = "; ".join(sorted(rows["machine"].dropna().unique()))
    note = (
        " (limits differ: means compare unlike runs)" if rows["time_limit_s"].nunique() > 1 else ""
    )
    return (
        f"{len(rows)} runs, time limit {limits}{note}, {int(rows['threads'].max())} thread(s) "
        f"each, on {machines}. Solvers: {solvers}. Python {rows['python'].iloc[0]}."
    )


def _summary(rows: pd.DataFrame) -> pd.DataFrame:
    """The summary of all methods, with the mean primal-dual integral where solvers tell bounds."""
    areas = rows.assign(area=integrals(rows)["primal_dual_integral"]).groupby(
        ["objective", "method"]
    )["area"]
    if areas.count().sum() == 0:
        return summary(rows)
    means = areas.mean().rename("pd_integral").reset_index()
    return summary(rows).merge(means, how="left", on=["objective", "method"])


def _summary_markdown(rows: pd.DataFrame) -> str:
    text = _summary(rows)
    caption = (
        "`proved` and `claimed` count optimal runs; `best` counts runs whose verified value is the "
        "best of all. Times are wall seconds, unsolved runs charged the limit (sgm10, sgm1: "
        "shifted geometric means with shifts 10 s and 1 s) or ten limits (PAR10); a wrong answer "
        "costs ten limits everywhere. Heuristics solve only where a theorem closes the gap."
    )
    if "pd_integral" in text:
        caption += (
            " `pd_integral`: mean primal-dual integral by the solver's own words, from 0 (both "
            "bounds met at once) to 1 (no bounds, or a wrong claim)."
        )
        text["pd_integral"] = text["pd_integral"].map("{:.3g}".format).replace("nan", "")
    return caption + "\n\n" + text.to_markdown(index=False, floatfmt=".3g")


def objective_table(rows: pd.DataFrame, objective: str) -> str:
    """Instances down, methods across."""
    import pandas as pd

    part = rows[rows["objective"] == objective]
    methods = list(dict.fromkeys(part["method"]))
    bounds: dict[str, Any] = best_bounds(part).droplevel("objective").to_dict("index")  # type: ignore[assignment]
    counts = parse_objective(objective).counts
    lines = []
    for instance, group in part.groupby("instance", sort=False):
        best = bounds[str(instance)]
        line = {"instance": _plain(instance), "best": _number(best["best"])}
        line["bound"] = _bound(best["proved"], best["claimed"], counts)
        if counts:
            line["generic"] = _number(group["generic_bound"].max())
        for method in methods:
            runs = group[group["method"] == method]
            line[method] = _cell(runs.iloc[-1], counts) if len(runs) else "–"
        lines.append(line)
    return pd.DataFrame(lines).to_markdown(index=False, disable_numparse=True)


def _plain(text: Any) -> str:
    """Text that cannot break a row of a Markdown table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def _cell(row: pd.Series[Any], counts: bool) -> str:
    if row["termination"] == "not_available":
        return "–"
    time = (
        f"{row['wall_time_s']:.2g} s" if row["wall_time_s"] < 10 else f"{row['wall_time_s']:.0f} s"
    )
    if str(row["verdict"]).startswith("fail"):
        return f"{row['verdict']} {time}"
    value = _number(row["primal_bound"]) or "no network"
    if value != "no network" and not row["exact"]:
        value = "≈" + value
    if row["termination"] == "optimal":
        certain = row["evidence"] in PROVED
        return f"**{value} proved** {time}" if certain else f"{value} claimed {time}"
    dual = row["claimed_dual_bound"]
    bound = "" if math.isnan(dual) else f" [{_number(_round_up(dual, counts))}]"
    limit = " time" if row["termination"] == "time_limit" else ""
    return f"{value}{bound}{limit} {time}"


def _bound(proved: float, claimed: float, counts: bool) -> str:
    if not math.isnan(claimed) and (math.isnan(proved) or _round_up(claimed, counts) > proved):
        gain = math.isnan(proved) or claimed - proved > 1e-6 * max(1.0, abs(proved))
        if gain:
            return f"{_number(_round_up(claimed, counts))} c"
    return "" if math.isnan(proved) else f"{_number(proved)} t"


def _round_up(bound: float, counts: bool) -> float:
    return float(math.ceil(bound - 1e-6)) if counts and math.isfinite(bound) else bound


def _number(value: float) -> str:
    if value is None or math.isnan(value):
        return ""
    if math.isinf(value):
        return str(value)
    return f"{value:.0f}" if value == int(value) else f"{value:.6g}"


def _failures(rows: pd.DataFrame) -> str:
    """Every claim that did not hold, by name; and what is better than was known."""
    wrong = available(rows)[failed(available(rows))]
    lines = [
        f"- {_plain(r['instance'])}, {r['objective']}, {r['method']}: "
        f"{r['verdict']}: {_plain(r['fail_reason'])}"
        for _, r in wrong.iterrows()
    ]
    news = rows[rows["verdict"] == "better"]
    lines += [
        f"- news: {r['instance']}, {r['objective']}, {r['method']}: {r['fail_reason']}"
        for _, r in news.iterrows()
    ]
    return "\n".join(lines) or "None."
