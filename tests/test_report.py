"""The page: well formed, closed to the network, and with the numbers of the tables."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
import shutil
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import milpsparse as ms
from milpsparse import library
from milpsparse.analysis.outcomes import best_bounds
from milpsparse.analysis.rows import read_rows
from milpsparse.analysis.table import write_tables
from milpsparse.harness import store
from milpsparse.instance_files import to_json
from milpsparse.known import Fact, Known
from milpsparse.network import from_exact, from_json
from milpsparse.report import charts, shelf, text
from milpsparse.report.index import anchor
from milpsparse.report.networks import picture
from milpsparse.report.page import write_report
from milpsparse.report.trajectory import frame_of, trajectory

VOID = {"meta", "link", "input", "br", "hr", "img"}
EVIL = "\"><img src=x onerror=alert(1)></script><script>alert('1')</script>{{ 7*7 }} & {% raw %}"


class Page(HTMLParser):
    """A page taken apart: its elements, each with its tag, attributes, text and path."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.open, self.elements = [], []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names))
        element = {"tag": tag, "at": dict(attributes), "text": "", "inside": [*self.open]}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag, inside=None, **attributes):
        """Elements of a tag with these attributes, in document order."""
        return [
            e
            for e in self.elements
            if e["tag"] == tag
            and all(
                e["at"].get(k.rstrip("_").replace("_", "-")) == v for k, v in attributes.items()
            )
            and (inside is None or inside in e["inside"])
        ]

    def table(self, table):
        """The body of a table, each line as the words of its cells."""
        body = next(e for e in self.all("tbody", inside=table))
        return [
            [" ".join(c["text"].split()) for c in self.elements if c["tag"] in ("td", "th")
             and row in c["inside"]]
            for row in self.all("tr", inside=body)
        ]  # fmt: skip


@pytest.fixture(scope="module")
def source(small_run):
    return write_report(small_run).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


@pytest.fixture
def results(small_run, tmp_path):
    return shutil.copytree(small_run, tmp_path / "results")


def rewrite(folder, change):
    """Change the stored rows by a function of each."""
    rows = [change(row) for row in store.lines(folder / store.RUNS)]
    (folder / store.RUNS).write_bytes(b"".join(map(store.to_line, rows)))


def part_of(page, name):
    return next(iter(page.all("details", id=anchor(name))))


# --- the page ---------------------------------------------------------------------------------


def test_tags_match_and_no_id_is_there_twice(page):
    ids = [e["at"]["id"] for e in page.elements if "id" in e["at"]]
    assert len(ids) == len(set(ids)) > 10


def test_links_lead_to_places_on_the_page(page):
    ids = {e["at"].get("id") for e in page.elements}
    links = [e["at"]["href"] for e in page.all("a")]
    assert len(links) > 10
    assert {link.removeprefix("#") for link in links} <= ids


def test_nothing_comes_from_elsewhere(page, source):
    assert "http:" not in source
    assert "https:" not in source
    assert "url(" not in source
    assert "@import" not in source
    for element in page.elements:
        for name, value in element["at"].items():
            assert name not in ("src", "srcset", "action", "formaction", "style")
            assert not name.startswith("on")
            if name == "href":
                assert value.startswith(("#", "data:"))


def test_the_policy_allows_this_style_and_this_script_only(page):
    policy = page.all("meta", http_equiv="Content-Security-Policy")[0]["at"]["content"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for tag in ("style", "script"):
        (element,) = page.all(tag)
        digest = base64.b64encode(hashlib.sha256(element["text"].encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"


def test_the_same_rows_give_the_same_bytes(small_run, source):
    assert write_report(small_run).read_text(encoding="utf-8") == source


def test_the_index_has_every_instance_with_the_values_of_the_tables(page, small_run):
    bounds = best_bounds(read_rows(small_run))
    (table,) = page.all("table", id="index")
    lines = {(line[0], line[5]): line for line in page.table(table)}
    assert set(lines) == set(bounds.index)
    for at, known in bounds.iterrows():
        assert float(lines[at][6]) == pytest.approx(known["best"], rel=1e-5)
        if not np.isnan(known["proved"]):
            assert float(lines[at][7]) == pytest.approx(known["proved"], rel=1e-5)


def test_the_methods_have_the_numbers_of_the_summary(page, small_run, tmp_path):
    csv = write_tables(small_run, tmp_path / "t")[1]
    summary = pd.read_csv(csv).set_index(["objective", "method"])
    shown = 0
    means = ["sgm10_s", "sgm1_s", "par10_s", "said_sgm10_s", "pd_integral"]
    for objective, table in zip(["neurons", "l1"], page.all("table", class_="sortable methods"),
                                strict=True):  # fmt: skip
        for method, *cells in page.table(table):
            line = summary.loc[(objective, method)]
            counts = ["proved", "claimed", "best", "wins", "said", "failures", "refuted", "runs"]
            counts += ["refused", "timeouts"]
            assert list(map(int, cells[:10])) == [line[name] for name in counts]
            for cell, name in zip(cells[10:], means, strict=True):
                value = np.nan if cell == text.NONE else float(cell)
                known = line.get(name, np.nan)
                assert value == pytest.approx(known, rel=1e-2, nan_ok=True)
            shown += 1
    assert shown == len(summary)


def test_every_run_has_a_line_with_claims_and_verified_values_apart(page, small_run):
    rows = read_rows(small_run)
    for name, part in rows.groupby("instance"):
        lines = [
            line
            for table in page.all("table", inside=part_of(page, name), class_="runs")
            for line in page.table(table)
        ]
        taken = part[part["termination"] != "not_available"]
        assert len(lines) == len(taken)
        for key, row in taken.set_index("task_key").iterrows():
            (line,) = [line for line in lines if key in line[0]]
            assert line[0].startswith(row["method"])
            assert line[1] == text.number(row["primal_bound"])
            assert line[4] == text.number(row["claimed_primal_bound"])
            assert line[6] == row["claimed_termination"].replace("_", " ")
        refused = part[part["termination"] == "not_available"]
        said = part_of(page, name)["text"]
        assert all(row["raw_status"] in said for _, row in refused.iterrows())


def test_each_instance_has_its_data_and_its_network(page):
    for name in ("peak_plateau", "uniform_n6_d2_s1", "uniform_n6_d3_s0"):
        part, instance = part_of(page, name), ms.load(name)
        points = page.table(page.all("table", inside=part, class_="points")[0])
        assert [[float(cell) for cell in line[1:]] for line in points] == np.column_stack(
            [instance.X, instance.y]
        ).tolist()
        assert instance.sha256 in part["text"]
        assert len(page.all("table", inside=part, class_="path")) == 2
        drawn = page.all("svg", inside=part, class_="chart drawing")
        assert len(drawn) == (2 if instance.n_features < 3 else 0)
        for svg in drawn:
            assert len(page.all("circle", inside=svg)) == instance.n_samples


def test_what_the_library_knows_of_an_instance_is_there(page):
    part = part_of(page, "planted_n8_d1_k2_s0")["text"]
    assert "Tags: discrete_labels, one_input, planted, neurons easy" in part
    assert "neurons opt 2" in part
    assert '"params"' in part


def test_the_commands_on_the_page_repeat_the_run(page, small_run, call):
    said = [pre["text"] for pre in page.all("pre")]
    (command,) = [text for text in said if text.startswith("milpsparse run")]
    words = shlex.split(command)
    words[words.index("DIR")] = str(small_run)
    _, out, _ = call(*words[1:], "--dry-run")
    count = len(list(store.lines(small_run / store.RUNS)))
    assert out == f"{count} tasks: {count} done before, 0 to run\n"


# --- hostile and broken rows ------------------------------------------------------------------


def test_text_of_instances_and_solvers_stays_text(results):
    peak = ms.load("peak_plateau")
    evil = ms.Instance(
        X=peak.X,
        y=peak.y,
        bound=7.0,
        skip=True,
        name=EVIL,
        family=EVIL,
        provenance={EVIL: EVIL},
        known=[{"objective": "neurons", "status": "unkn", "evidence": EVIL}],
    )
    store.instance_file(results, evil.sha256).parent.mkdir(exist_ok=True)
    store.instance_file(results, evil.sha256).write_text(to_json(evil), encoding="utf-8")
    identity = {"instance": EVIL, "instance_sha256": evil.sha256, "family": EVIL}
    words = ["raw_status", "fail_reason", "dual_bound_reason", "machine", "python", "git_sha",
             "evidence", "solver", "solver_version", "claimed_termination", "verdict"]  # fmt: skip

    def change(row):
        if row["instance"] != "peak_plateau":
            return row
        refused = row["termination"] == "not_available"
        said = dict.fromkeys(words, EVIL) | ({} if refused else {"termination": EVIL})
        return row | identity | said | {"method": row["method"] + EVIL}

    rewrite(results, change)
    (results / store.PLAN).unlink()
    source = write_report(results).read_text(encoding="utf-8")
    page = Page(source)
    assert [len(page.all(tag)) for tag in ("script", "style", "img", "iframe")] == [1, 1, 0, 0]
    assert not [e for e in page.elements if any(name.startswith("on") for name in e["at"])]
    assert "<img src=x" not in source
    part = part_of(page, EVIL)
    for place in ("h3", "table", "dl", "p", "details"):
        assert any(EVIL in e["text"] for e in page.all(place, inside=part)), place
    (table,) = page.all("table", id="index")
    assert " ".join(EVIL.split()) in {line[0] for line in page.table(table)}


def test_text_that_is_no_unicode_is_no_failure(results):
    rewrite(results, lambda row: row | {"raw_status": "\ud800"})
    assert "<dd>?</dd>" in write_report(results).read_text(encoding="utf-8")


def test_wrong_claims_and_contradictions_stand_there_by_name(results):
    def lie(row):
        if (row["instance"], row["objective"]) != ("uniform_n6_d3_s0", "neurons"):
            return row
        if row["method"] == "coordinate_start":
            return row | {"claimed_dual_bound": 4.0, "claimed_dual_bound_scope": "all"}
        if row["method"] == "neuron_big_m@highs":
            return row | {"verdict": "fail_objective_value", "fail_reason": "claims 1"}
        if row["method"] == "univariate":
            return row | {"termination": "error", "verdict": "fail_abort", "fail_reason": "died"}
        return row

    rewrite(results, lie)
    page = Page(write_report(results).read_text(encoding="utf-8"))
    (section,) = page.all("section", id="wrong")
    lines = {line[2]: line for line in page.table(page.all("table", inside=section)[0])}
    assert lines["neuron_big_m@highs"][3:] == ["fail_objective_value", "claims 1"]
    assert lines["coordinate_start"][3] == "fail_dual_bound"
    assert len(lines) == 2
    assert [line[2:] for line in page.table(page.all("table", inside=section)[1])] == [
        ["univariate", "fail_abort", "died"]
    ]
    said = page.all("section", id="summary")[0]["text"]
    assert "2 wrong claims. 1 run without an answer." in said
    assert "activation_search has a verified 3" in lines["coordinate_start"][4]
    (table,) = page.all("table", id="index")
    wrong = {(line[0], line[5]): line[-1] for line in page.table(table)}
    assert wrong["uniform_n6_d3_s0", "neurons"] == "3"
    assert wrong["peak_plateau", "neurons"] == ""
    chips = [e["text"] for e in page.all("span", inside=part_of(page, "uniform_n6_d3_s0"))]
    assert "wrong" in chips


def test_details_of_many_instances_are_left_out_and_it_is_said(results):
    page = Page(write_report(results, most_rows=1).read_text(encoding="utf-8"))
    assert len(page.all("details", class_="part")) == 1
    assert "Details of 1 of 4 instances" in page.all("section", id="parts")[0]["text"]
    (table,) = page.all("table", id="index")
    assert len(page.table(table)) == 8


def test_an_instance_that_has_changed_is_shown_without_data(results):
    rewrite(results, lambda row: row | {"instance_sha256": "0" * 64})
    page = Page(write_report(results).read_text(encoding="utf-8"))
    assert "its hash differs" in part_of(page, "peak_plateau")["text"]
    assert page.all("table", class_="path") == []


def test_a_network_that_cannot_be_read_is_said(results):
    rewrite(results, lambda row: row | ({"network": {"signs": [2]}} if row["network"] else {}))
    page = Page(write_report(results).read_text(encoding="utf-8"))
    assert "The stored network cannot be read" in part_of(page, "peak_plateau")["text"]


def test_what_a_reader_must_know_is_said(results):
    plan = store.read_plan(results)
    plan["keys"].append("missing")
    (results / store.PLAN).write_text(json.dumps({**plan, "limits": [20.0, 30.0]}))
    changed = {"machine": "another", "git_dirty": True, "git_sha": "f00", "time_limit_s": 30.0}
    rewrite(results, lambda row: row | (changed if row["method"] == "univariate" else {}))
    said = Page(write_report(results).read_text(encoding="utf-8")).all("section", id="summary")
    for words in ("1 task of the run", "limits differ", "several machines", "not committed"):
        assert words in said[0]["text"]


def test_the_command_writes_the_page_or_says_why_not(results, call, refused):
    code, out, _ = call("report", results)
    assert (code, out) == (0, f"{results / 'report.html'}\n")
    assert "holds no results" in refused("report", results.parent)
    (results / "report.html").unlink()
    (results / "report.html").mkdir()
    assert "cannot write" in refused("report", results)


# --- drawings ---------------------------------------------------------------------------------


def test_axes_map_ends_to_ends_and_ticks_lie_between():
    rising = charts.Axis(1.0, 100.0, 200.0, log=True)
    assert [rising(v) for v in (1, 10, 100, 0.5, 1000)] == [0, 100, 200, 0, 200]
    assert [t.label for t in rising.ticks(3)] == ["1", "10", "100"]
    assert [t.label for t in charts.Axis(1.0, 9.0, 90.0, log=True).ticks()] == list("1248")
    falling = charts.Axis(-1.0, 1.0, 50.0, upwards=True)
    assert [falling(v) for v in (-1, 0, 1)] == [50, 25, 0]
    assert [t.label for t in falling.ticks(4)] == ["−1", "−0.5", "0", "0.5", "1"]
    assert charts.Axis(2.0, 2.0, 10.0)(2.0) == 0


def test_steps_are_right_continuous():
    axes = charts.Axis(0.0, 10.0, 10.0), charts.Axis(0.0, 1.0, 1.0, upwards=True)
    assert charts.steps(axes, [0, 2, 5, 6], [0, 0.5, 0.5, 1], 9) == "M0 1H2V0.5H6V0H9"


def test_a_trajectory_follows_the_trace_and_ends_at_the_checked_value():
    row = {"trace": [[0.1, 5, None], [1.0, 4, 2.0]], "wall_time_s": 10.0, "time_limit_s": 100.0,
           "primal_bound": 3.0, "claimed_dual_bound": 2.5}  # fmt: skip
    frame = frame_of([row], 3.0)
    drawn = trajectory(row, frame)
    x, y = frame.x, frame.y
    heights = [y(v) for v in (5, 4, 3)]
    assert heights == sorted(heights)
    assert drawn.primal == (f"M{x(0.1):g} {y(5):g}H{x(1):g}V{y(4):g}H{x(10):g}V{y(3):g}H{x(10):g}")
    assert drawn.dual.startswith(f"M{x(1):g} {y(2):g}")
    assert drawn.value == (x(10), y(3))
    assert drawn.bound == (x(10), y(2.5))
    silent = trajectory({**row, "trace": None, "primal_bound": np.nan}, frame)
    assert (silent.primal, silent.dual, silent.value) == ("", "", None)
    untimed = trajectory({**row, "wall_time_s": np.nan, "time_limit_s": np.nan}, frame)
    assert untimed.value == (x(1), y(3))
    assert frame_of([{**row, "time_limit_s": np.nan}], np.nan).best is None


def test_the_curve_goes_through_the_data_with_its_knots_marked():
    peak = ms.load("peak_plateau")
    network = ms.solve(peak, method="univariate").network
    shown = picture(peak, network)
    assert shown.formula == "f(x) = relu(x + 1) - relu(2 x - 1) + relu(x - 2)"
    curve = [tuple(map(float, pair.split())) for pair in
             shown.chart.lines[0].path.removeprefix("M").split("L")]  # fmt: skip
    for x, y, _ in shown.chart.points:
        assert np.interp(x, *zip(*curve, strict=True)) == pytest.approx(y, abs=0.2)
    places = [shown.chart.x(t) for t, _ in network.knots()]
    assert [x for x, _ in shown.chart.marks] == places


def test_folds_lie_where_a_neuron_switches():
    instance = ms.Instance(X=[[0, 0], [2, 1], [1, 2]], y=[0, 1, 2], bound=9)
    path = [[1, 2, -3], [0, 1, -1], [1, 0, 50]]  # the last one switches outside
    chart = picture(instance, from_exact([1, 1, -1], path, 2)).chart
    assert len(chart.lines) == 2
    for line, (w1, w2, b) in zip(chart.lines, path, strict=False):
        for pair in re.findall(r"[\d.]+ [\d.]+", line.path):
            px, py = map(float, pair.split())
            x1 = chart.x.low + px / chart.x.length * (chart.x.high - chart.x.low)
            x2 = chart.y.high - py / chart.y.length * (chart.y.high - chart.y.low)
            assert w1 * x1 + w2 * x2 + b == pytest.approx(0, abs=0.03)


def test_the_table_of_parameters_is_the_network_less_what_is_not_used():
    d, used = 40, [3, 7]
    path = np.zeros((2, d + 1), dtype=object)
    path[0, used], path[1, 7], path[1, d] = [Fraction(1, 3), Fraction(-2)], Fraction(5), Fraction(1)
    shown = picture(ms.Instance(X=np.eye(d), y=np.zeros(d), bound=9), from_exact([1, -1], path, d))
    assert shown.inputs == ["x4", "x8", "bias"]
    assert [(sign, [c.text for c in cells]) for sign, cells in shown.neurons] == [
        ("+", ["0.3333", "−2", "·"]),
        ("−", ["·", "5", "1"]),
    ]
    assert shown.neurons[0][1][0].exact == "1/3"
    assert shown.left_out == "Left out: 38 of 40 inputs, which no neuron uses."


def test_networks_of_many_neurons_are_shortened_and_it_is_said():
    n = 2000
    x = np.arange(n, dtype=float)[:, None]
    path = np.column_stack([np.ones(n), -x[:, 0] + 0.5])
    shown = picture(ms.Instance(X=x, y=x[:, 0], bound=1e9), from_exact(np.ones(n), path, 1))
    assert shown.chart is None
    assert "Not drawn" in shown.not_drawn
    assert shown.formula.endswith("… and 1984 more neurons")
    assert shown.left_out == "Left out: 1984 neurons."


def test_the_best_network_is_drawn(page, small_run):
    best = {}
    for row in store.latest(small_run).values():
        if row["objective"] == "l1" and row["instance"] == "uniform_n6_d3_s0" and row["exact"]:
            best[row["primal_bound"]] = from_json(row["network"], 3)
    tables = page.all("table", inside=part_of(page, "uniform_n6_d3_s0"), class_="path")
    entries = [
        abs(float(cell.replace("−", "-")))
        for line in page.table(tables[1])
        for cell in line[1:]
        if cell != "·"
    ]
    assert sum(entries) == pytest.approx(min(best), rel=1e-3)


def test_the_library_is_there_with_every_instance_and_its_known_values(page):
    table = next(iter(page.all("table", id="all-instances")))
    rows = [e for e in page.elements if e["tag"] == "tr" and table in e["inside"]]
    cells = [[e["text"] for e in page.elements if row in e["inside"]] for row in rows]
    assert len(cells) == 2 + len(library.index()["instances"])
    peak = next(found for found in cells if found[0] == "peak_plateau")
    assert {"3", "theorem"} <= set(peak)
    assert shelf._value(Known("neurons")) == shelf.Value("–", "–", "")
    some = Fact(5, "proof", ""), Fact(7, "generic", "")
    open_one = Known("neurons", Fact(7, "network", ""), some[0], generic=some[1])
    assert shelf._value(open_one) == shelf.Value("7", "5", "generic")
