from __future__ import annotations

import itertools
import json
import re
import shutil
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from milpsparse import generate, load, read_rows
from milpsparse.analysis.figures import plot_functions, write_figures
from milpsparse.analysis.outcomes import proved, solved
from milpsparse.analysis.rows import frame
from milpsparse.analysis.step_plots import draw_steps
from milpsparse.analysis.table import (
    CSV_COLUMNS,
    LEGEND,
    markdown,
    objective_table,
    of_testset,
    write_tables,
)
from milpsparse.analysis.text_tables import latex, to_latex, to_markdown
from milpsparse.construct import best_construction
from milpsparse.errors import BadInput, Unsupported
from milpsparse.harness import run, store
from milpsparse.harness.task import plan
from milpsparse.instance import Instance
from milpsparse.network import from_exact
from milpsparse.objective import parse_objective
from milpsparse.plot import plot_network

INSTANCES = ["peak_plateau", "convex_run_1_1_1", "planted_n8_d1_k2_s0"]
METHODS = ["coordinate_start", "pattern_l0@highs", "pattern_l1@highs"]
NEURONS = parse_objective("neurons")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    (folder / "three.test").write_text("\n".join(INSTANCES))
    tasks = plan(str(folder / "three.test"), METHODS, ["neurons"], time_limit_s=20.0)
    rows = list(run.run(tasks, folder / "results", testset="three.test"))
    assert [row["verdict"] for row in rows if row["verdict"].startswith("fail")] == []
    return folder / "results"


@pytest.fixture
def results(made, tmp_path):
    return shutil.copytree(made, tmp_path / "results")


def rewrite(folder, changes):
    """Change the stored rows: {(instance, method): {column: value}}."""
    path = folder / store.RUNS
    rows = [row | changes.get((row["instance"], row["method"]), {}) for row in store.lines(path)]
    path.write_bytes(b"".join(map(store.to_line, rows)))


def row(method, instance="i1", **changes):
    identity = {"instance": instance, "method": method, "objective": "neurons", "seed": 0}
    outcome = {"termination": "feasible", "verdict": "ok", "exact": True, "primal_bound": 3}
    where = {"time_limit_s": 60.0, "wall_time_s": 1.25, "threads": 1, "machine": "m", "python": "3"}
    return identity | outcome | where | changes


def split(text):
    """The cells of all lines of Markdown tables in a text."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def cells(*rows, objective="neurons"):
    """The Markdown table of rows as {(instance, column): cell}."""
    header, _, *body = split(objective_table(frame(list(rows)), objective))
    return {
        (line[0], name): cell
        for line in body
        for name, cell in zip(header[1:], line[1:], strict=True)
    }


# --- tables of a real run ---------------------------------------------------------------------


def test_the_csv_holds_every_run_as_it_was_stored(results):
    paths = write_tables(results)
    assert [p.name for p in paths] == ["three.csv", "three-summary.csv", "three.md", "three.tex"]
    table = pd.read_csv(paths[0])
    assert list(table.columns) == CSV_COLUMNS
    pairs = list(zip(table["instance"], table["method"], strict=True))
    assert pairs == sorted(itertools.product(INSTANCES, METHODS))
    rows = read_rows(results).set_index(["instance", "method"]).loc[pairs]
    for column in ("primal_bound", "dual_bound", "claimed_dual_bound", "wall_time_s"):
        assert table[column].to_numpy() == pytest.approx(
            rows[column].to_numpy(), rel=1e-9, nan_ok=True
        )
    for column in ("termination", "verdict", "evidence", "instance_sha256"):
        assert table[column].tolist() == [str(v) for v in rows[column]]


def test_tables_go_where_a_prefix_says(results, tmp_path):
    paths = write_tables(results, tmp_path / "new" / "mine")
    assert [p.name for p in paths] == ["mine.csv", "mine-summary.csv", "mine.md", "mine.tex"]
    assert {p.parent for p in paths} == {tmp_path / "new"}
    for here, there in zip(paths, write_tables(results), strict=True):
        assert here.read_bytes() == there.read_bytes()


def test_the_summary_has_primal_dual_integrals_where_solvers_tell_bounds(results):
    lines = pd.read_csv(write_tables(results)[1]).set_index("method")["pd_integral"]
    assert 0 < lines["pattern_l0@highs"] < 1
    assert np.isnan(lines["coordinate_start"])
    text = write_tables(results)[2].read_text()
    assert "`pd_integral`: mean primal-dual integral" in text
    assert "nan" not in text


def test_the_summary_counts_what_the_rows_say(results):
    lines = pd.read_csv(write_tables(results)[1]).set_index("method")
    rows = read_rows(results)
    assert sorted(lines.index) == METHODS
    for method, part in rows.groupby("method"):
        line = lines.loc[method]
        assert line["runs"] == len(INSTANCES)
        assert line["proved"] == proved(part).sum()
        assert line["claimed"] == (solved(part) & ~proved(part)).sum()
    assert lines.loc["pattern_l0@highs", "proved"] > 0


def test_the_page_names_the_run_every_instance_and_every_method(results):
    text = write_tables(results)[2].read_text()
    assert text.startswith("# Results on the test set three\n")
    assert "9 runs, time limit 20 s, 1 thread(s) each" in text
    assert LEGEND.strip() in text
    for name in INSTANCES + METHODS:
        assert name in text
    assert f"highs {read_rows(results)['solver_version'].dropna().iloc[0]}" in text.lower()


def test_tables_written_twice_are_the_same(results):
    first = [p.read_bytes() for p in write_tables(results)]
    assert [p.read_bytes() for p in write_tables(results)] == first


def test_a_changed_value_changes_every_table(results):
    before = [p.read_text() for p in write_tables(results)]
    rewrite(results, {("peak_plateau", "coordinate_start"): {"primal_bound": 7654}})
    rewrite(results, {("peak_plateau", "pattern_l0@highs"): {"wall_time_s": 19.5}})
    after = [p.read_text() for p in write_tables(results)]
    assert all("7654" in after[i] and "7654" not in before[i] for i in (0, 2))
    assert "19.5" in after[0]
    assert after[1] != before[1]


def test_a_later_check_changes_the_tables(results):
    key = next(r["task_key"] for r in store.lines(results / store.RUNS))
    row = store.latest(results)[key]
    check = {k: row[k] for k in ("schema", "task_key", "run_id")}
    check |= {"verdict": "fail_dual_bound", "fail_reason": "refuted by another"}
    (results / store.CHECKS).write_bytes(store.to_line(check))
    text = write_tables(results)[2].read_text()
    wrong = text.partition("## Wrong claims")[2]
    named = f"- {row['instance']}, neurons, {row['method']}: fail_dual_bound: refuted by another"
    assert named in wrong


def test_only_the_instances_of_the_last_plan_are_shown(results):
    kept = json.loads((results / store.PLAN).read_text()) | {"instances": INSTANCES[:1]}
    (results / store.PLAN).write_text(json.dumps(kept))
    assert set(pd.read_csv(write_tables(results)[0])["instance"]) == set(INSTANCES[:1])
    (results / store.PLAN).unlink()
    paths = write_tables(results)
    assert paths[0].name == "all.csv"
    assert len(pd.read_csv(paths[0])) == len(INSTANCES) * len(METHODS)


@pytest.mark.parametrize("write", [write_tables, write_figures])
def test_a_folder_without_results_is_refused(tmp_path, write):
    with pytest.raises(BadInput, match="milpsparse run"):
        write(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="milpsparse run"):
        write(tmp_path)
    (tmp_path / store.RUNS).write_text("")
    with pytest.raises(BadInput, match="no rows yet"):
        write(tmp_path)


# --- cells ------------------------------------------------------------------------------------


def test_a_proved_optimum_is_bold_and_a_claimed_one_is_not():
    optimal = {"termination": "optimal", "dual_bound": 3.0, "claimed_dual_bound": 3.0}
    shown = cells(
        row("a", evidence="theorem", **optimal),
        row("b", evidence="proof", **optimal),
        row("c", evidence="search", **optimal),
        row("d", evidence="claimed", **optimal),
    )
    assert {shown["i1", m] for m in "abc"} == {"**3 proved** 1.2 s"}
    assert shown["i1", "d"] == "3 claimed 1.2 s"


def test_a_run_without_optimum_shows_its_value_bound_and_limit():
    shown = cells(
        row("a", termination="time_limit", claimed_dual_bound=1.2, wall_time_s=60.4),
        row("b", termination="time_limit", primal_bound=None, exact=False, wall_time_s=60.0),
        row("c", termination="feasible", wall_time_s=0.034),
        row("d", termination="memory_limit", verdict="memlimit", primal_bound=None),
    )
    assert shown["i1", "a"] == "3 [2] time 60 s"
    assert shown["i1", "b"] == "no network time 60 s"
    assert shown["i1", "c"] == "3 0.034 s"
    assert shown["i1", "d"] == "no network 1.2 s"


def test_a_network_within_tolerance_is_marked():
    assert cells(row("a", exact=False, primal_bound=4))["i1", "a"] == "≈4 1.2 s"


def test_refused_and_missing_runs_are_dashes():
    gone = row("b", termination="not_available", verdict="unknown", primal_bound=None)
    shown = cells(row("a"), gone, row("a", "i2"))
    assert shown["i1", "b"] == shown["i2", "b"] == "–"


def test_a_failed_run_shows_its_verdict_and_no_value():
    failed = row("a", verdict="fail_objective_value", termination="feasible", primal_bound=3)
    assert cells(failed, row("b"))["i1", "a"] == "fail_objective_value 1.2 s"
    crashed = row("a", verdict="fail_abort", termination="error", primal_bound=None)
    assert cells(crashed, row("b"))["i1", "a"] == "fail_abort 1.2 s"


def test_the_bound_column_says_theorem_or_claimed():
    theorem = {"dual_bound": 2.0, "evidence": "theorem"}
    claimed = {"dual_bound": 2.4, "evidence": "claimed"}
    refuted = {"dual_bound": 9.0, "evidence": "claimed", "verdict": "fail_dual_bound"}
    shown = cells(
        row("a", "i1", **theorem),
        row("a", "i2", **theorem),
        row("b", "i2", **claimed),
        row("a", "i3", **theorem),
        row("b", "i3", **refuted),
        row("a", "i4"),
    )
    assert [shown[i, "bound"] for i in ("i1", "i2", "i3", "i4")] == ["2 t", "3 c", "2 t", ""]
    assert {shown[i, "best"] for i in ("i1", "i2", "i3", "i4")} == {"3"}


def test_generic_bounds_have_a_column_of_their_own():
    shown = cells(row("a", generic_bound=5.0, dual_bound=2.0, evidence="theorem"))
    assert (shown["i1", "generic"], shown["i1", "bound"]) == ("5", "2 t")
    norms = cells(row("a", objective="l1", generic_bound=5.0), objective="l1")
    assert ("i1", "generic") not in norms


def test_norms_keep_their_digits_and_are_not_rounded_up():
    norm = row("a", objective="l1", primal_bound=4.25, claimed_dual_bound=4.125)
    assert cells(norm, objective="l1")["i1", "a"] == "4.25 [4.125] 1.2 s"


def test_proved_and_claimed_are_counted_apart():
    optimal = {"termination": "optimal", "dual_bound": 3.0}
    data = frame(
        [
            row("a", "i1", evidence="theorem", **optimal),
            row("a", "i2", evidence="claimed", **optimal),
            row("a", "i3", evidence="claimed", **optimal),
            row("a", "i4"),
        ]
    )
    header, _, line = split(markdown(data, "mine"))[:3]  # the summary comes first
    counts = dict(zip(header, line, strict=True))
    assert (counts["proved"], counts["claimed"], counts["runs"]) == ("1", "2", "4")


def test_wrong_claims_and_news_are_listed_by_name():
    lie = row("liar", verdict="fail_dual_bound", fail_reason="claims the lower bound 4")
    news = row("finder", verdict="better", fail_reason="worth 2; the best known value was 3")
    wrong = markdown(frame([lie, news, row("c")]), "mine").partition("## Wrong claims")[2]
    assert "- i1, neurons, liar: fail_dual_bound: claims the lower bound 4" in wrong
    assert "- news: i1, neurons, finder: worth 2; the best known value was 3" in wrong
    assert "neurons, c:" not in wrong
    assert "None." in markdown(frame([row("c")]), "mine").partition("## Wrong claims")[2]


def test_orders_that_the_two_means_contradict_are_said():
    limit = {"time_limit_s": 3600.0}
    optimal = {"termination": "optimal", "evidence": "theorem"}
    a = [row("a", f"i{i}", wall_time_s=t, **limit, **optimal) for i, t in enumerate([1, 10, 100])]
    a += [row("a", "i3", wall_time_s=3600.0, termination="time_limit", **limit)]
    b = [
        row("b", f"i{i}", wall_time_s=t, **limit, **optimal)
        for i, t in enumerate([2, 8, 400, 1200])
    ]
    text = markdown(frame(a + b), "mine")
    assert "on the measure: by sgm10 a, b; by PAR2, PAR10 and solved b, a." in text
    assert "Warning" not in markdown(frame(a[:3] + b[:3]), "mine")


def test_different_limits_are_said():
    text = markdown(frame([row("a"), row("b", time_limit_s=5.0)]), "mine")
    assert "time limit 5 s, 60 s (limits differ: means compare unlike runs)" in text


def test_several_seeds_show_the_worst_run_and_how_many_are_solved():
    optimal = {"termination": "optimal", "evidence": "proof", "time_limit_s": 60.0}
    stopped = {"termination": "time_limit", "time_limit_s": 60.0, "claimed_dual_bound": 2.0}
    seeds = [row("a", seed=0, **optimal), row("a", seed=1, primal_bound=4, **stopped)]
    assert cells(*seeds)["i1", "a"] == "4 [2] time 1.2 s (1 of 2)"
    both = [row("a", perm=p, wall_time_s=t, **optimal) for p, t in [(0, 1.0), (1, 4.0)]]
    assert cells(*both)["i1", "a"] == "**3 proved** 2 s (2 of 2)"


def test_a_claim_without_a_network_is_shown_as_one():
    said = {"primal_bound": None, "claimed_primal_bound": 2.0, "claimed_dual_bound": 2.0}
    assert cells(row("a", verdict="solved_not_verified", **said))["i1", "a"] == "says 2 [2] 1.2 s"
    unknown = row("a", wall_time_s=None, claimed_primal_bound=2.0, primal_bound=None)
    assert cells(unknown)["i1", "a"] == "says 2"


def test_markdown_and_latex_hold_the_same_numbers(results):
    _, _, page, paper = (p.read_text() for p in write_tables(results))
    for name in INSTANCES:
        (line,) = (r for r in split(page) if r[0] == name)
        assert f"{latex(name)} & {' & '.join(map(latex, line[1:]))} \\\\" in paper


NASTY = ["a_b", "50% & more", "$x^2$", "{\\input{/etc/passwd}}", "~#[1]", "|a|b|", "<b>", "a\nb"]


def test_no_text_breaks_out_of_a_table():
    table = pd.DataFrame({"name": NASTY, "n|_m": range(len(NASTY))})
    lines = to_markdown(table).splitlines()
    assert len(lines) == len(NASTY) + 2
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {3}
    body = to_latex(table, "100% of_all").split("midrule\n")[1].split("\n\\bottom")[0].splitlines()
    assert len(body) == len(NASTY)
    unescaped = re.compile(
        r"(?<!\\)[%$#_{}]|\\(?![&%$#_{}]|text(?:backslash|ascii\w+|less|greater|bar))"
    )
    for line in body:
        text = line.removesuffix(r" \\").replace("{}", "").replace("{[}", "[")
        assert len(re.findall(r"(?<!\\)&", text)) == 1
        assert not unescaped.search(text.replace(r"\\", "")), line


# --- figures ----------------------------------------------------------------------------------


def is_svg(path):
    return ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def open_figures():
    import matplotlib.pyplot as plt

    return plt.get_fignums()


def test_figures_are_svg_and_the_same_when_drawn_twice(results):
    paths = write_figures(results)
    assert [p.name for p in paths] == ["profile.svg", "ecdf.svg", "gaps.svg", "peak_plateau.svg"]
    assert all(is_svg(p) for p in paths)
    first = [p.read_bytes() for p in paths]
    assert [p.read_bytes() for p in write_figures(results)] == first
    assert open_figures() == []


def test_figures_show_what_is_stored(results):
    gaps, functions = [p.read_bytes() for p in write_figures(results)][2:]
    assert all(m.encode() in gaps and m.encode() in functions for m in METHODS)
    rewrite(results, {("convex_run_1_1_1", "coordinate_start"): {"primal_bound": 50}})
    moved = [p.read_bytes() for p in write_figures(results)][2:]
    assert moved[0] != gaps
    assert moved[1] == functions
    rewrite(results, {("peak_plateau", "coordinate_start"): {"n_neurons": 4321}})
    assert b"4321 neurons" in write_figures(results)[-1].read_bytes()


def test_a_line_is_drawn_through_its_own_steps_alone():
    from matplotlib.figure import Figure

    panel = Figure().subplots()
    steps = pd.DataFrame({"a": [0.0, 0.5, 0.5, 0.5], "b": [0.0, 0.0, 0.5, 1.0]}, index=[1, 2, 4, 8])
    draw_steps(panel, steps, ["a", "b", "c"], str.upper)
    lines = {line.get_label(): line.get_xydata().tolist() for line in panel.get_lines()}
    assert lines == {
        "A": [[1, 0], [2, 0.5], [8, 0.5]],
        "B": [[1, 0], [4, 0.5], [8, 1]],
    }
    assert {line.get_drawstyle() for line in panel.get_lines()} == {"steps-post"}


def test_functions_without_a_network_are_refused(results, tmp_path):
    with pytest.raises(BadInput, match="no network for peak_plateau, parameters"):
        plot_functions(results, "peak_plateau", "parameters", tmp_path / "a.svg")


@pytest.mark.parametrize("name", ["peak_plateau", "planted_n10_d2_k2_s0", "uniform_n5_d2_s0"])
@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_networks_of_one_and_two_inputs_are_drawn(tmp_path, name, suffix):
    instance = load(name)
    network = best_construction(instance, NEURONS)
    paths = [tmp_path / "new" / f"{n}{suffix}" for n in (1, 2)]
    for path in paths:
        plot_network(instance, network, path, "a title")
    first, second = (p.read_bytes() for p in paths)
    assert first == second
    assert first.startswith(b"\x89PNG") if suffix == ".png" else b"a title" in first
    assert open_figures() == []


def test_networks_without_neurons_and_single_points_are_drawn(tmp_path):
    for d in (1, 2):
        instance = Instance(X=np.zeros((1, d)), y=[1.0], skip=True)
        network = from_exact([], [], d, [0] * d + [1])
        plot_network(instance, network, tmp_path / f"{d}.svg")
        assert is_svg(tmp_path / f"{d}.svg")


def test_three_inputs_are_refused(tmp_path):
    instance = generate("uniform", 0, N=4, d=3)
    with pytest.raises(Unsupported, match=r"one or two inputs; .* has 3"):
        plot_network(instance, best_construction(instance, NEURONS), tmp_path / "a.svg")
    assert not list(tmp_path.iterdir())


def test_files_that_cannot_be_drawn_to_are_refused(tmp_path):
    instance = load("peak_plateau")
    network = best_construction(instance, NEURONS)
    with pytest.raises(BadInput, match=r"the file ends in \.svg, \.png, \.pdf"):
        plot_network(instance, network, tmp_path / "a.txt")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BadInput, match="cannot write"):
        plot_network(instance, network, tmp_path / "file" / "a.svg")
    assert open_figures() == []


def test_a_run_under_another_time_limit_does_not_mix_into_the_table(results):
    rows = [dict(row) for row in store.latest(results).values()]
    for at, row in enumerate(rows):
        row |= {"task_key": f"other{at}", "time_limit_s": row["time_limit_s"] + 1}
    with open(results / store.RUNS, "ab") as file:
        file.writelines(map(store.to_line, rows))
    assert len(read_rows(results)) == 2 * len(rows)
    kept = of_testset(read_rows(results), results)
    assert len(kept) == len(rows)
    assert kept["time_limit_s"].nunique() == 1


def test_of_several_rows_of_one_method_the_latest_counts(results):
    first = next(iter(store.latest(results).values()))
    with open(results / store.RUNS, "ab") as file:
        file.write(store.to_line({**first, "task_key": "newer", "solver_version": "newer"}))
    kept = of_testset(read_rows(results), results)
    assert "newer" in set(kept["task_key"])
    assert first["task_key"] not in set(kept["task_key"])
