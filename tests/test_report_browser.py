"""The report in a real browser, without a network."""

import math
import os
import shutil

import pytest
from test_report import fake_run

from actlab.experiment import Run
from actlab.report import draw, hiplot_pages

CHROME = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # Chromium itself asks for its maker's hosts: it finds none
]
NASTY = "a<img src=x onerror=alert(1)>.py:f"

pytestmark = [
    pytest.mark.large,
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROME is None and os.environ.get("REQUIRE_BROWSER") != "1", reason="no Chromium"),
]


@pytest.fixture(scope="module")
def browser():
    assert CHROME is not None, "REQUIRE_BROWSER=1, and there is no Chromium"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROME, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The folder of a report in which one name is an attack, and one trial has diverged."""
    folder = tmp_path_factory.mktemp("browser")
    (folder / NASTY.removesuffix(":f")).write_text("def f(x):\n    return x\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run = fake_run(folder / "run", ("relu", "tanh", NASTY), seeds=5, epochs=4, diverged=[("tanh", 2)])
        return draw(run).parent


@pytest.fixture
def visit(browser):
    """Opens a page; afterwards there must have been no complaint, no dialogue and no request."""
    said, asked, contexts = [], [], []

    def opened(file, ready, **options):
        contexts.append(browser.new_context(offline=True, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append((message.type, message.text)))
        page.on("pageerror", lambda error: said.append(("error", str(error))))
        page.on("dialog", lambda dialog: (said.append(("dialog", dialog.message)), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        page.wait_for_selector(ready)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


READY = "html[data-ready=yes]"


def test_page_shows_table_and_charts(visit, report):
    page = visit(report / "index.html", READY, viewport={"width": 1200, "height": 900})
    assert page.locator("#results").is_visible()
    assert page.locator("#conclusion").inner_text().startswith("On MNIST, with 5 seeds")
    assert page.locator("#results tbody tr").nth(2).locator("td").first.inner_text().strip() == NASTY
    for name in ("accuracy", "loss", "function", "derivative", "differences"):
        assert page.locator(f"[data-chart={name}] .main-svg").first.is_visible()
    assert page.locator("img[src='x']").count() == 0


def test_names_choose_what_is_drawn(visit, report):
    page = visit(report / "index.html", READY, viewport={"width": 1200, "height": 900})
    lines = page.locator("[data-chart=accuracy] .scatterlayer .trace:visible")
    before = lines.count()
    page.get_by_role("button", name="tanh").click()
    assert 0 < lines.count() < before
    page.get_by_role("button", name="none").click()
    assert lines.count() == 0
    page.get_by_role("button", name="all").click()
    assert lines.count() == before


def test_hover_tells_the_values(visit, report):
    page = visit(report / "index.html", READY, viewport={"width": 1200, "height": 900})
    chart = page.locator("[data-chart=accuracy]")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("[data-chart=accuracy] .hoverlayer .legendtext, [data-chart=accuracy] .hovertext")
    assert "validation" in chart.locator(".hoverlayer").text_content()


@pytest.mark.parametrize(("width", "scheme"), [(400, "dark"), (1200, "light")])
def test_page_fits_its_window(visit, report, width, scheme):
    phone = {"is_mobile": True, "has_touch": True} if width < 600 else {}
    page = visit(report / "index.html", READY, viewport={"width": width, "height": 800}, color_scheme=scheme, **phone)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}[scheme]


@pytest.fixture(scope="module")
def hiplot(report):
    return report / hiplot_pages.draw_hiplot(Run(report.parent), report)


def test_hiplot_says_at_which_epoch_the_best_validation_came(visit, hiplot):
    page = visit(hiplot, "g.dimension", viewport={"width": 1300, "height": 900})
    assert "of 60 entries" in page.locator(".dataTables_info").inner_text()
    curves = Run(hiplot.parents[1]).curves
    best = curves.loc[curves["valid_accuracy"].idxmax()]
    cells = page.locator(".dataTable tbody tr").first.locator("td").all_inner_texts()
    assert cells[2] == best["activation"].translate(str.maketrans("<>", "‹›"))
    assert [int(cells[1]), int(cells[4])] == [best["seed"], best["epoch"]]
    assert page.locator("img[src='x']").count() == 0
    assert page.get_by_text("nan/inf/null").count() > 0  # where what diverged lies


def test_hiplot_leaves_a_line_a_trial(visit, hiplot):
    """Dragging over "kept" on the last axis."""
    page = visit(hiplot, "g.dimension", viewport={"width": 1300, "height": 900})
    axis = page.locator("g.dimension", has_text=hiplot_pages.WHICH)
    tick, line = (axis.locator(what).first.bounding_box() for what in (f"text={hiplot_pages.KEPT}", ".overlay"))
    x, y, middle = line["x"] + line["width"] / 2, tick["y"], line["y"] + line["height"] / 2
    page.mouse.move(x, y + math.copysign(40, middle - y))  # from within the axis to beyond its end, where the tick is
    page.mouse.down()
    page.mouse.move(x, y - math.copysign(40, middle - y), steps=8)
    page.mouse.up()
    page.wait_for_function("document.querySelector('.dataTables_info').innerText.includes('of 15 entries')")
