"""The report in a real browser, without a network."""

import math
import os
import re
import shutil

import pytest
from test_report import fake_run

from actlab import load_run
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
        page.set_default_timeout(120_000)  # two Chromiums and their pages share two slow cores
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


WIDE = {"width": 1200, "height": 850}
PHONE = {"viewport": {"width": 400, "height": 800}, "is_mobile": True, "has_touch": True}


def test_the_first_screen_answers(visit, report):
    page = visit(report / "index.html", READY, viewport=WIDE)
    assert page.locator("#conclusion").inner_text().startswith("On MNIST, with 5 seeds")
    for what in ("#conclusion", "#forest svg", "#answer"):
        box = page.locator(what).first.bounding_box()
        assert box["y"] + box["height"] < 850, what
    assert page.locator("#answer th").count() == 5
    assert page.locator("#answer tbody tr").nth(2).locator("td").first.inner_text().strip() == NASTY
    assert not page.locator("#results").is_visible()
    page.get_by_text("All columns").click()
    assert page.locator("#results").is_visible() and page.locator("#differences").is_visible()
    assert page.locator("img[src='x']").count() == 0
    assert (report / "index.html").stat().st_size < 1_500_000


def test_names_choose_what_is_drawn(visit, report):
    page = visit(report / "index.html", READY, viewport=WIDE)
    lines = page.locator("#curves-accuracy g[data-arm] > path.valid:visible")
    assert lines.count() == 3
    page.get_by_role("button", name="tanh").click()
    assert lines.count() == 2 and page.locator("#curves-loss g[data-arm] > path.valid:visible").count() == 2
    page.get_by_role("button", name="tanh").press("Enter")
    assert lines.count() == 3
    page.get_by_role("button", name="tanh").click(modifiers=["Shift"])
    assert lines.count() == 1
    page.get_by_role("button", name="none").click()
    assert lines.count() == 0
    page.get_by_role("button", name="all").click()
    assert lines.count() == 3


def test_the_mouse_and_the_arrows_tell_the_values(visit, report):
    page = visit(report / "index.html", READY, viewport=WIDE)
    chart, tip = page.locator("#curves-accuracy svg.drawing"), page.locator("#tip")
    chart.scroll_into_view_if_needed()
    assert not tip.is_visible()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.75)
    known = load_run(report.parent).curves.query("epoch == 4 and activation == 'relu'")["valid_accuracy"].mean()
    assert tip.inner_text().startswith("epoch 4") and f"relu {100 * known:.2f} (" in tip.inner_text()
    page.get_by_role("button", name="relu").first.click()
    chart.focus()
    page.keyboard.press("Home")
    assert tip.inner_text().startswith("epoch 1") and "tanh" in tip.inner_text() and "relu" not in tip.inner_text()
    page.keyboard.press("ArrowRight")
    assert tip.inner_text().startswith("epoch 2")
    page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_a_seed_is_seen_alone(visit, report):
    page = visit(report / "index.html", READY, viewport=WIDE)
    seeds = page.locator("#curves-accuracy .seeds path:visible")
    assert seeds.count() == 0
    page.get_by_role("button", name="relu").first.hover()
    assert seeds.count() == 10, "five of training, five of validation"
    page.locator("#forest circle.dot").nth(1).hover(force=True)
    assert re.search("seed 1: [-+]", page.locator("#tip").inner_text())


@pytest.mark.parametrize(("width", "scheme"), [(400, "dark"), (400, "light"), (1200, "dark"), (1200, "light")])
def test_page_fits_its_window_and_can_be_read_by_all(visit, report, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    size = PHONE if width < 600 else {"viewport": WIDE}
    page = visit(report / "index.html", READY, color_scheme=scheme, **size)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}[scheme]
    for verdict in page.locator("#answer td[data-label=verdict]").all():
        box = verdict.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, "what decides is in the window"
    page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    found = Axe().run(page).response["violations"]
    serious = [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in ("serious", "critical")]
    assert serious == []


def test_on_paper_it_is_light_and_whole(visit, report):
    page = visit(report / "index.html", READY, viewport=WIDE, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("#chips").is_visible() and page.locator("#forest svg").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.get_by_text("We compared 2 activation functions with relu").is_visible()


def test_without_scripts_all_is_there(visit, report):
    page = visit(report / "index.html", "#forest svg", viewport=WIDE, java_script_enabled=False)
    assert page.locator("#curves-accuracy g[data-arm] > path.valid").count() == 3
    assert not page.locator("#chips").is_visible()


@pytest.fixture(scope="module")
def hiplot(report):
    return report / hiplot_pages.draw_hiplot(load_run(report.parent), report)


def test_hiplot_says_at_which_epoch_the_best_validation_came(visit, hiplot):
    page = visit(hiplot, "g.dimension", viewport={"width": 1300, "height": 900})
    assert "of 60 entries" in page.locator(".dataTables_info").inner_text()
    curves = load_run(hiplot.parents[1]).curves
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
