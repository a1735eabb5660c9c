"""The page in a browser: headless Chromium clicks through it."""

from __future__ import annotations

import os
import re
import shutil

import pytest

from milpsparse.harness import store
from milpsparse.report.index import anchor
from milpsparse.report.page import write_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
if CHROMIUM is None:
    pytest.skip("Chromium is not installed: apt-get install chromium", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
expect = playwright.expect


@pytest.fixture(scope="module")
def browser():
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as tool:
        chromium = tool.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(small_run, tmp_path_factory):
    """The page of the run, with times from milliseconds to seconds, whatever the machine."""
    folder = tmp_path_factory.mktemp("spread") / "results"
    shutil.copytree(small_run, folder)
    rows = list(store.lines(folder / store.RUNS))
    names = sorted({row["instance"] for row in rows})
    spread = [row | {"wall_time_s": 0.02 * 8 ** names.index(row["instance"])} for row in rows]
    (folder / store.RUNS).write_bytes(b"".join(map(store.to_line, spread)))
    return write_report(folder).as_uri()


@pytest.fixture
def visit(browser, address):
    """Open the page; at the end, nothing was asked for and nothing was complained about."""
    contexts, complaints, requests = [], [], []

    def open_page(fragment="", **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address + fragment)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    seen = [url for url in requests if not url.startswith("data:")]
    assert {url.partition("#")[0] for url in seen} == {address}


def column(page, table, at):
    """The visible cells of a column, counted from 1."""
    cells = page.locator(f"{table} tbody tr:visible > :nth-child({at})")
    return [" ".join(cell.split()) for cell in cells.all_text_contents()]


def seconds(text):
    """A time such as "12 ms"."""
    value, unit = text.split()
    return float(value) * {"ms": 1e-3, "s": 1.0}[unit]


def overflows(page):
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_headers_sort_numbers_as_numbers_and_missing_ones_last(visit):
    page = visit()
    head = page.locator("#index th", has_text=re.compile("^time$"))
    head.get_by_role("button").click()
    times = column(page, "#index", 11)
    known = [t for t in times if t != "–"]
    assert list(map(seconds, known)) == sorted(map(seconds, known))
    assert len({t.split()[1] for t in known}) == 2  # s and ms
    assert times == known + ["–"] * times.count("–")
    expect(head).to_have_attribute("aria-sort", "ascending")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    times = column(page, "#index", 11)
    assert [t for t in times if t != "–"] == sorted(known, key=seconds, reverse=True)
    assert times[-1] == "–" or "–" not in times


def test_the_library_opens_and_sorts(visit):
    page = visit()
    page.locator("#library summary").click()
    page.locator("#all-instances thead tr:last-child th").nth(2).get_by_role("button").click()
    points = [int(cell.replace(",", "")) for cell in column(page, "#all-instances", 3)]
    assert points == sorted(points)
    assert len(points) > 200


def test_names_sort_by_the_keyboard_alone(visit):
    page = visit()
    table = "table.methods >> nth=0"
    button = page.locator(table).locator("th button", has_text="method")
    button.focus()
    page.keyboard.press("Enter")
    names = page.locator(table).locator("tbody th").all_text_contents()
    assert names == sorted(names)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "proved"
    page.keyboard.press("Space")
    proved = page.locator(table).locator("tbody tr > :nth-child(2)").all_text_contents()
    assert list(map(int, proved)) == sorted(map(int, proved))


def test_the_index_is_filtered_by_words_objective_and_status(visit):
    page = visit()
    expect(page.locator("#shown")).to_have_text("8 of 8 shown")
    page.get_by_label("Search").fill("UNIFORM d2")
    assert column(page, "#index", 1) == ["uniform_n6_d2_s1"] * 2
    page.get_by_label("Objective").select_option("l1")
    assert column(page, "#index", 6) == ["l1"]
    expect(page.locator("#shown")).to_have_text("1 of 8 shown")
    page.get_by_label("Search").fill("")
    page.get_by_label("Objective").select_option("")
    page.get_by_label("Status").select_option("proved")
    proved = column(page, "#index", 9)
    assert 0 < len(proved) < 8
    assert all(words.startswith("proved") for words in proved)
    page.get_by_label("Search").fill("no such instance")
    expect(page.locator("#shown")).to_have_text("0 of 8 shown")


def test_a_link_opens_the_part_of_its_instance(visit):
    page = visit()
    part = page.locator("#" + anchor("peak_plateau"))
    assert not part.evaluate("part => part.open")
    page.locator("#index a", has_text="peak_plateau").first.click()
    expect(part.locator("svg.drawing").first).to_be_in_viewport()
    expect(part.locator(".formula").first).to_contain_text("relu(x + 1)")
    page.locator("#close-all").click()
    assert not part.evaluate("part => part.open")
    page.locator("#index a", has_text="peak_plateau").first.click()  # the fragment is there already
    expect(part.locator("svg.drawing").first).to_be_in_viewport()


def test_the_address_of_a_part_opens_it(visit):
    page = visit("#" + anchor("uniform_n6_d3_s0"))
    part = page.locator("#" + anchor("uniform_n6_d3_s0"))
    expect(part.locator(".path").first).to_be_visible()
    run = part.locator(".runs details").first
    run.locator("summary").click()
    expect(run).to_contain_text("milpsparse replay")


def test_dark_follows_the_system_and_the_button(visit):
    light, dark = visit(color_scheme="light"), visit(color_scheme="dark")
    paper = background(light), background(dark)
    assert paper[0] != paper[1]
    button = light.get_by_role("button", name="Theme")
    expect(button).to_have_text("Theme: auto")
    button.click()
    button.click()
    expect(button).to_have_text("Theme: dark")
    assert background(light) == paper[1]
    light.reload()
    expect(button).to_have_text("Theme: dark")
    light.emulate_media(media="print")
    assert background(light) == paper[0]


def test_a_phone_scrolls_tables_not_the_page(visit):
    page = visit(viewport={"width": 360, "height": 740}, has_touch=True)
    page.locator("#open-all").click()
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert not overflows(page)
    tables = page.locator(".scroll").evaluate_all(
        "all => all.map(t => t.scrollWidth > t.clientWidth)"
    )
    assert any(tables)


def test_it_reads_without_scripts(visit):
    page = visit(java_script_enabled=False)
    for control in ("#theme", ".filters", ".actions"):
        expect(page.locator(control)).to_be_hidden()
    part = page.locator("#" + anchor("peak_plateau"))
    part.locator("summary").first.click()
    expect(part.locator("svg.drawing").first).to_be_visible()


def test_scripts_of_others_do_not_run(small_run, browser, tmp_path):
    """Even if text were not escaped: the policy of the page lets only its own script run."""
    source = write_report(small_run).read_text(encoding="utf-8")
    planted = "<main id='main'><script>window.taken = 1</script><img src=x onerror='taken = 1'>"
    (tmp_path / "planted.html").write_text(source.replace('<main id="main">', planted))
    page = browser.new_page()
    page.goto((tmp_path / "planted.html").as_uri())
    assert page.evaluate("window.taken") is None
    page.close()


def test_what_prints_are_the_open_parts_without_controls(visit):
    page = visit("#" + anchor("peak_plateau"))
    page.emulate_media(media="print")
    expect(page.locator("#theme")).to_be_hidden()
    expect(page.locator("#" + anchor("peak_plateau"))).to_be_visible()
    expect(page.locator("#" + anchor("uniform_n6_d3_s0"))).to_be_hidden()
    assert page.pdf(format="A4").startswith(b"%PDF")
