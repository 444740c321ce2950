"""Ranges on the axes of parallel coordinates, in a real browser: by mouse, touch and keyboard."""

import itertools
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from test_report import fake_run, rows_of
from test_report_browser import NASTY, browser, pytestmark, visit  # noqa: F401

from actlab.report.parallel import epochs_drawing, trials_drawing
from actlab.report.svg import sheet

WIDE = {"viewport": {"width": 1250, "height": 1200}}
READY = ".parallel .lines"
COUNT = "[aria-live=polite]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A page of both drawings of a run in which one name is an attack, and one trial has diverged."""
    folder = tmp_path_factory.mktemp("parallel")
    (folder / NASTY.removesuffix(":f")).write_text("def f(x):\n    return x\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run = fake_run(folder / "run", ("relu", "tanh", NASTY), diverged=[("tanh", 2)])
    styles = "".join(map(sheet, ("colours.css", "drawing.css", "parallel.css")))
    (folder / "index.html").write_text(
        f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Parallel coordinates</title>
        <meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
        <style>{styles} body {{ background: var(--paper); color: var(--ink); }}</style></head>
        <body><main><h1>Run</h1>{trials_drawing(run).__html__()}{epochs_drawing(run).__html__()}</main>
        <script>{sheet("parallel.js")}</script></body></html>""",
        encoding="utf-8",
    )
    return folder, run


@pytest.fixture
def page(visit, folder):  # noqa: F811
    return visit(folder[0] / "index.html", READY, **WIDE)


def trials(page):
    return page.locator(".parallel").nth(0)


def handle(figure, side, name):
    return figure.get_by_role("slider", name=f"{side} end of {name}", exact=True)


def place(figure, name, text):
    """Where in the window a word stands at its axis."""
    box = handle(figure, "upper", name).bounding_box()
    x = box["x"] + box["width"] / 2
    for word in figure.locator("svg text.soft").get_by_text(text, exact=True).all():
        beside = word.bounding_box()
        if min(abs(beside["x"] - x), abs(beside["x"] + beside["width"] - x)) < 20:
            return x, beside["y"] + beside["height"] / 2
    raise AssertionError(f"no {text} at {name}")


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()


def left(figure):
    """Arms of the lines that have not faded."""
    return figure.evaluate(
        "f => [...f.querySelectorAll('.lines path:not(.faded)')].map(p => p.parentElement.dataset.arm)"
    )


def said(figure):
    return figure.locator(COUNT).inner_text()


def test_mouse_makes_moves_and_clears_a_range(page, folder):
    figure = trials(page)
    assert said(figure) == "30 of 30 trials" and len(left(figure)) == 30
    assert not figure.get_by_role("button", name="clear").is_visible()
    x, y = place(figure, "activation", "tanh")
    drag(page, (x, y - 30), (x, y + 30))
    assert said(figure) == "10 of 30 trials" and set(left(figure)) == {"tanh"}
    drag(page, (x, y + 10), (x, y - 120))  # begins inside: the range moves, to the name above
    assert said(figure) == "10 of 30 trials" and set(left(figure)) == {"relu"}
    seed_x, zero = place(figure, "seed", "0")
    _, four = place(figure, "seed", "4")
    drag(page, (seed_x, four - 8), (seed_x, zero + 60))
    assert said(figure) == "5 of 30 trials" and set(left(figure)) == {"relu"}, "within both ranges"
    page.mouse.click(x, y + 80)
    assert said(figure) == "15 of 30 trials"
    page.keyboard.press("Escape")
    assert said(figure) == "30 of 30 trials"
    drag(page, (x, y - 30), (x, y + 30))
    figure.get_by_role("button", name="clear").click()
    assert len(left(figure)) == 30
    assert said(page.locator(".parallel").nth(1)) == "750 of 750 epochs", "the other drawing is left alone"


def test_mouse_pulls_a_handle(page):
    figure = trials(page)
    x, _ = place(figure, "activation", "tanh")
    box = handle(figure, "upper", "activation").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    drag(page, middle, (x, middle[1] + 20))
    assert set(left(figure)) == {"tanh", NASTY}
    assert handle(figure, "upper", "activation").get_attribute("aria-valuetext") == "tanh"


def test_numbers_chosen_are_those_of_the_run(page, folder):
    figure = trials(page)
    for name, column, tick in (("final training loss", "final_train_loss", "0.08"), ("best epoch", "best_epoch", "15")):
        x, y = place(figure, name, tick)
        drag(page, (x, y - 2), (x, y - 400))
        values = [value for (value,) in rows_of(folder[1], f"SELECT {column} FROM trials") if value is not None]
        within = sum(value > float(tick) for value in values)
        assert 0 < within < 29 and said(figure) == f"{within} of 30 trials"
        page.keyboard.press("Escape")


def test_keys_move_the_ends(page, folder):
    figure = trials(page)
    lower, upper = (handle(figure, side, "activation") for side in ("lower", "upper"))
    assert lower.get_attribute("aria-valuetext") == NASTY and upper.get_attribute("aria-valuetext") == "relu"
    lower.focus()
    page.keyboard.press("ArrowUp")
    assert lower.get_attribute("aria-valuetext") == "tanh" and said(figure) == "20 of 30 trials"
    assert NASTY not in left(figure)
    page.keyboard.press("End")
    assert set(left(figure)) == {"relu"} and lower.get_attribute("aria-valuetext") == "relu"
    upper.focus()
    page.keyboard.press("ArrowDown")
    assert set(left(figure)) == {"relu"}, "it goes no further than the other end"
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    assert set(left(figure)) == {NASTY}
    lower.focus()
    page.keyboard.press("ArrowUp")
    assert set(left(figure)) == {NASTY}, "nor does the other"
    assert lower.get_attribute("aria-valuetext") == NASTY
    page.keyboard.press("Escape")
    assert said(figure) == "30 of 30 trials"

    seeds = [row[0] for row in rows_of(folder[1], "SELECT DISTINCT seed FROM trials ORDER BY seed")]
    lower = handle(figure, "lower", "seed")
    lower.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert lower.get_attribute("aria-valuetext") == str(seeds[2]) and lower.get_attribute("aria-valuenow") == "2"
    assert said(figure) == "24 of 30 trials"
    page.keyboard.press("Home")
    assert said(figure) == "30 of 30 trials"


def test_the_lane_of_what_diverged_is_chosen_by_keys_and_mouse(page):
    figure = trials(page)
    lower, upper = (handle(figure, side, "final training loss") for side in ("lower", "upper"))
    assert lower.get_attribute("aria-valuetext") == "NaN"
    upper.focus()
    page.keyboard.press("Home")
    assert upper.get_attribute("aria-valuetext") == "NaN"
    assert said(figure) == "1 of 30 trials" and left(figure) == ["tanh"]
    page.keyboard.press("Escape")
    lower.focus()
    page.keyboard.press("ArrowUp")
    assert said(figure) == "29 of 30 trials"
    page.keyboard.press("Escape")
    x, y = place(figure, "final validation loss", "NaN")
    drag(page, (x, y - 8), (x, y + 8))
    assert said(figure) == "1 of 30 trials" and left(figure) == ["tanh"]


def test_every_axis_has_two_ends_in_the_order_of_tabs(page):
    figure = trials(page)
    names = figure.get_by_role("slider").evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")
    axes = ["activation", "seed", "best epoch", "final training loss"]
    assert names[:8] == [f"{side} end of {name}" for name in axes for side in ("upper", "lower")] and len(names) == 20
    handle(figure, "upper", "activation").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "lower end of activation"


def test_hidden_activations_do_not_count(page):
    """As the page's buttons hide them."""
    figure = trials(page)
    figure.locator("[data-arm=relu]").evaluate("group => group.classList.add('off')")
    page.wait_for_function("document.querySelector('[aria-live]').textContent === '20 of 20 trials'")
    lower = handle(figure, "lower", "activation")
    lower.focus()
    page.keyboard.press("ArrowUp")
    assert said(figure) == "10 of 20 trials"


def test_a_line_tells_its_values(page, folder):
    tip = trials(page).locator("[data-arm=tanh] path").nth(2).get_attribute("data-tip").split("\n")
    assert (
        tip[:2] == ["activation tanh", "seed 2"]
        and tip[3] == "final training loss NaN"
        and tip[-1] == "status diverged"
    )
    best = rows_of(folder[1], "SELECT best_valid_metric FROM trials WHERE activation = 'tanh' AND seed = 2")[0][0]
    assert f"best validation accuracy,\N{NO-BREAK SPACE}% {100 * best:.2f}" in tip


def test_a_finger_chooses_and_the_drawing_scrolls_in_its_region(visit, folder):  # noqa: F811
    phone = {"viewport": {"width": 400, "height": 800}, "is_mobile": True, "has_touch": True, "color_scheme": "dark"}
    page = visit(folder[0] / "index.html", READY, **phone)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    figure = trials(page)
    region = figure.get_by_role("region")
    assert region.evaluate("one => one.scrollWidth - one.clientWidth") > 300
    x, y = place(figure, "activation", "tanh")
    session = page.context.new_cdp_session(page)
    for kind, down in (("touchStart", -40), ("touchMove", 0), ("touchMove", 40), ("touchEnd", None)):
        points = [] if down is None else [{"x": x, "y": y + down}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert said(figure) == "10 of 30 trials" and set(left(figure)) == {"tanh"}
    page.touchscreen.tap(x, y)
    assert said(figure) == "30 of 30 trials"


@pytest.mark.parametrize("width", [400, 1250])
def test_names_of_axes_are_whole_and_apart(visit, folder, width):  # noqa: F811
    page = visit(folder[0] / "index.html", READY, viewport={"width": width, "height": 900})
    for figure in page.locator(".parallel").all():
        boxes = figure.evaluate("""f => {
            const whole = f.querySelector("svg").getBoundingClientRect();
            return [...f.querySelectorAll("svg text")].map(text => {
                const box = text.getBoundingClientRect();
                return {title: !text.classList.contains("soft"),
                        left: box.left - whole.left, right: whole.right - box.right,
                        top: box.top - whole.top, bottom: whole.bottom - box.bottom, from: box.left, to: box.right};
            });
        }""")
        assert all(min(box["left"], box["right"], box["top"], box["bottom"]) >= 0 for box in boxes)
        rows = {}
        for box in filter(lambda box: box["title"], boxes):
            rows.setdefault(round(box["top"]), []).append((box["from"], box["to"]))
        assert all(one[1] < other[0] for row in map(sorted, rows.values()) for one, other in itertools.pairwise(row))


def test_without_the_script_the_picture_is_whole(visit, folder):  # noqa: F811
    page = visit(folder[0] / "index.html", READY, java_script_enabled=False, **WIDE)
    assert page.get_by_role("slider").count() == 0 and page.locator(COUNT).count() == 0
    assert page.locator(".lines path").count() == 780
    assert page.get_by_role("img", name=re.compile("^Parallel coordinates of 30 trials, a line each")).is_visible()


def test_on_paper_there_is_nothing_to_pull(page):
    assert page.locator(".handle:visible").count() == 34
    page.emulate_media(media="print")
    assert not page.locator(".handle:visible, .strip:visible, .parallel button:visible").count()
    assert not page.get_by_text("Drag along").first.is_visible()
    assert page.locator(".lines path").first.is_visible() and said(trials(page)) == "30 of 30 trials"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_findings_of_axe(visit, folder, scheme):  # noqa: F811
    page = visit(folder[0] / "index.html", READY, color_scheme=scheme, **WIDE)
    handle(trials(page), "lower", "seed").focus()
    page.keyboard.press("ArrowUp")
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []
    assert Axe().run(page).response["passes"], "it has looked"
