"""What the page's script might get wrong without anyone noticing, in a real browser."""

import pytest
from test_report import fake_run
from test_report_browser import NASTY, READY, WIDE, browser, pytestmark, report, visit  # noqa: F401

from actlab.report import draw
from actlab.report.curves import arm_colours

TAB = "a\tb.py:f"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("traps")
    (folder / "a\tb.py").write_text("def f(x):\n    return x\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        made = fake_run(folder / "run", ("relu", "tanh", TAB), seeds=5, epochs=4)
        draw(made)
        return made


def test_an_activation_is_hidden_everywhere_and_comes_back(visit, run):  # noqa: F811
    page = visit(run.path / "report" / "index.html", READY, viewport=WIDE)
    marks = page.locator("[data-arm=tanh]:not(button)")
    assert marks.count() > 4, "in both curves, and in both drawings of lines"
    button = page.get_by_role("button", name="tanh")
    for pressed in ("false", "true"):
        button.click()
        assert button.get_attribute("aria-pressed") == pressed
        shown = marks.evaluate_all("found => found.map((mark) => getComputedStyle(mark).display !== 'none')")
        assert set(shown) == {pressed == "true"}


def test_a_tip_has_each_name_in_its_colour_a_tab_or_not(visit, run):  # noqa: F811
    page = visit(run.path / "report" / "index.html", READY, viewport=WIDE)
    page.locator("#curves-accuracy svg.drawing").focus()
    page.keyboard.press("End")
    rows = page.locator("#tip > div")
    assert rows.count() == 4 and rows.first.inner_text() == "epoch 4"
    for place, (name, colour) in enumerate(arm_colours(run).items(), start=1):
        said = rows.nth(place).evaluate("row => [row.textContent, row.querySelector('.dot').style.background]")
        assert said[0].startswith(f"{name} 9") and said[1] == f"rgb{tuple(bytes.fromhex(colour[1:]))}"
    page.get_by_role("button", name="a b.py:f").click()
    page.locator("#curves-accuracy svg.drawing").focus()
    page.keyboard.press("End")
    assert rows.count() == 3 and "b.py" not in page.locator("#tip").inner_text()


def test_arrows_pass_over_what_is_hidden(visit, run):  # noqa: F811
    page = visit(run.path / "report" / "index.html", READY, viewport=WIDE)
    page.get_by_role("button", name="relu").first.click()
    page.locator("#trials-drawn svg.drawing").focus()
    for key in ("Home", *["ArrowRight"] * 20):
        page.keyboard.press(key)
        assert "activation" in page.locator("#tip").inner_text() and "relu" not in page.locator("#tip").inner_text()


def test_folds_open_for_paper_and_close_again(visit, run):  # noqa: F811
    page = visit(run.path / "report" / "index.html", READY, viewport=WIDE)
    folds = page.locator("details.print")
    opened = [folds.evaluate_all("found => found.map((fold) => fold.open)")]
    for event in ("beforeprint", "afterprint"):
        page.evaluate(f"dispatchEvent(new Event('{event}'))")
        opened.append(folds.evaluate_all("found => found.map((fold) => fold.open)"))
    assert opened[0] == opened[2] and not all(opened[0]) and all(opened[1])


def test_what_a_tip_says_is_no_markup(visit, report):  # noqa: F811
    page = visit(report / "index.html", READY, viewport=WIDE)
    said, tags = page.evaluate("""() => {
      const said = [], tags = new Set(), tip = document.querySelector("#tip");
      for (const mark of document.querySelectorAll("svg [data-tip]")) {
        mark.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, clientX: 9, clientY: 9 }));
        said.push(tip.textContent);
        tip.querySelectorAll("*").forEach((part) => tags.add(part.tagName));
      }
      return [said, [...tags].sort()];
    }""")
    assert tags == ["DIV", "SPAN"] and sum(NASTY in text for text in said) > 20
