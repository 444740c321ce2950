"""The page of `actlab show --out card.html`, and a run's functions, in a real browser without a network."""

import re

import numpy as np
import pytest
from test_report_browser import READY, browser, pytestmark, visit

from actlab.checks.explain.show import shown, sketches
from actlab.report import draw_card

assert browser and visit and pytestmark, "fixtures of theirs"
SIZES = {400: {"viewport": {"width": 400, "height": 800}}, 1200: {"viewport": {"width": 1200, "height": 850}}}
HOSTILE = "<img src=x onerror=alert(1)> \"'&" + "long" * 50


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    one, two, three = sketches([shown(name) for name in ("silu", "relu", "leaky_relu")])
    object.__setattr__(three, "label", HOSTILE)
    return draw_card([one, two, three], tmp_path_factory.mktemp("card") / "card.html")


def told(page):
    lines = page.locator("#tip > div").all_inner_texts()
    return float(lines[0].removeprefix("x = ")), dict(line.rsplit(" ", 1) for line in lines[1:])


def test_the_mouse_shows_values_of_all_functions(visit, card):
    page = visit(card, READY, **SIZES[1200])
    s = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    oracles = (lambda x: x * s(x), lambda x: s(x) * (1 + x * (1 - s(x))))
    for place, oracle in enumerate(oracles):
        box = page.locator("svg.drawing").nth(place).bounding_box()
        for share in (0.2, 0.43, 0.71, 0.95):
            page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.4 * box["height"])
            here = (share * 340 - 44) / 284 * 10 - 5  # the place that the mouse is at
            page.wait_for_function(
                f"Math.abs({here} - parseFloat(document.querySelector('#tip').innerText.slice(4))) < 0.06"
            )
            x, values = told(page)
            assert float(values["silu"]) == pytest.approx(oracle(x), rel=1e-3)
            assert float(values["relu"]) == (max(x, 0), float(x > 0))[place]
            assert len(values) == 3 and any(name.startswith("<img src=x") for name in values)


def test_keys_and_buttons(visit, card):
    page = visit(card, READY, **SIZES[1200])
    page.locator("svg.drawing").first.focus()
    page.keyboard.press("End")
    x, values = told(page)
    assert x == 5 and values["relu"] == "5"
    page.get_by_role("button", name="relu", exact=True).click()
    page.locator("svg.drawing").first.focus()
    page.keyboard.press("Home")
    assert set(told(page)[1]) & {"silu", "relu"} == {"silu"}
    lines = page.locator("svg.drawing >> nth=1").locator("g[data-arm]:visible")
    assert lines.count() == 2


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_on_a_phone_and_a_laptop(visit, card, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(card, READY, color_scheme=scheme, **SIZES[width])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}[scheme]
    ink = page.evaluate("getComputedStyle(document.querySelector('svg.drawing text.title')).fill")
    bright = np.mean([int(part) for part in re.findall(r"\d+", ink)])
    assert (bright > 128) == (scheme == "dark"), "words of a drawing are read on either paper"
    widths = page.evaluate("[...document.querySelectorAll('svg.drawing')].map(d => d.getBoundingClientRect().width)")
    assert len(widths) == 3 and min(widths) * 12 / 340 > 11, "pixels of the small letters"
    found = Axe().run(page).response["violations"]
    serious = [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in ("serious", "critical")]
    assert serious == []


def test_it_is_small_and_right_without_a_script(browser, card):
    assert card.stat().st_size < 200_000
    context = browser.new_context(java_script_enabled=False, offline=True, **SIZES[1200])
    try:
        page = context.new_page()
        page.goto(card.as_uri())
        assert page.locator("svg.drawing g[data-arm]:visible").count() == 9
        assert page.locator(".chips").is_visible(), "without buttons that work, still the names of the lines"
        page.emulate_media(media="print")
        assert page.locator(".chips").is_visible()
        assert "relu and" in page.locator("main").inner_text()
    finally:
        context.close()
