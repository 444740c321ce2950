"""The playground's verdict in a browser: the answer, the inputs that show it, while somebody types, for all."""

import os

import pytest
from test_play_browser import LAPTOP, SMALL, field, opened as opened, playground as playground
from test_report_browser import CHROME, browser as browser, visit as visit

pytestmark = [
    pytest.mark.large,
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROME is None and os.environ.get("REQUIRE_BROWSER") != "1", reason="no Chromium"),
]


def judged(page, text):
    """The answer, once the worker has given it for this text."""
    page.wait_for_function(
        "(text) => document.querySelector('#judge').dataset.judged === text", arg=text, timeout=120_000
    )
    return page.locator("#judge .answer").inner_text()


def rows(page):
    return [row.locator("th, td").all_inner_texts() for row in page.locator("#judge .findings tbody tr").all()]


def test_the_answer_in_a_sentence_and_the_input_that_shows_it(opened):
    page = opened()
    assert judged(page, "x*tanh(softplus(x))") == "Nothing wrong found. It equals mish."
    assert page.locator("#judge .findings").count() == 0
    assert "the formula as it stands" in page.locator("#judge .soft").first.inner_text()
    for text, shown, answer in (
        ("log(1+exp(x))", "log(1 + exp(x))", "In float32 it overflows to inf from x = 88.8 on"),
        ("1/x", "1/x", "f(0) is inf: one such input ends a training. Not finite on "),
        ("sin(1/x)", "sin(1/x)", "f(0) is NaN: one such input ends a training. It is near none of the catalogue."),
        ("x*sigmoid(a*x) where a=1.5", "x*sigmoid(a*x) where a=1.5", "Nothing wrong found. It equals swish_beta(1.5)."),
        (
            "tan(x)",
            "tan(x)",
            "It has poles at x = ±1.571, ±4.712, ±7.854, ±11 and 24 more between -50 and 50: an input",
        ),
        ("Mish", "mish", "Nothing wrong found."),
    ):
        field(page).fill(text)
        assert judged(page, shown).startswith(answer)
        if text == "log(1+exp(x))":
            assert rows(page)[0] == ["f, float32", "from x = 88.8 on", "88.8", "inf", "88.8", "exp(x) is inf"]
            assert page.locator("#judge .command code").inner_text() == 'actlab check "log(1 + exp(x))"'
    assert "the sound form of actlab" in page.locator("#judge .soft").first.inner_text()
    assert page.locator("#judge .command code").inner_text() == "actlab check mish"


def test_a_mistake_is_not_judged_and_typing_on_asks_for_the_last_alone(opened):
    page = opened()
    judged(page, "x*tanh(softplus(x))")
    field(page).fill("x*tanh(")
    page.locator("#judge").get_by_text("The first function has a mistake").wait_for()
    assert page.locator("#judge .command").is_hidden() and page.locator("#judge .findings").count() == 0
    for text in ("tan", "tanh(x", "tanh(x)", "tanh(x)*2", "tanh(x)*2 + 1"):
        field(page).fill(text)
    answer = judged(page, "tanh(x)*2 + 1")
    assert answer == "Nothing wrong found. It is tanh up to input and output scale and shift: 2 tanh(x) + 1."


def test_derivation_and_python_are_there_to_copy(opened):
    page = opened("#v=1&f=x*tanh(x)")
    judged(page, "x*tanh(x)")
    page.get_by_text("Its derivative in steps").click()
    page.locator("#judge pre").nth(1).wait_for()
    steps = page.locator("#judge .derivation li").all_inner_texts()
    assert steps[-1].startswith("Product rule, (u v)' = u' v + u v': (x*tanh(x))' = tanh(x) + x/cosh(x)**2")
    plain, python = page.locator("#judge pre").all_inner_texts()
    assert plain.strip() == "import torch\n\n\ndef f(x):\n    return x * torch.tanh(x)"
    assert "return x * torch.tanh(x)" in python and '@formula.derivative(wrt="x")' in python
    field(page).fill("relu")
    judged(page, "relu")
    assert "torch.where" in page.locator("#judge pre").last.inner_text()
    button = page.get_by_role("button", name="Copy the command").first
    button.scroll_into_view_if_needed()
    assert button.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALL, LAPTOP], ids=["phone", "laptop"])
def test_it_fits_and_can_be_read_by_all(opened, size, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = opened("#v=1&f=sqrt(x**2)", viewport=size, color_scheme=scheme)
    assert judged(page, "sqrt(x**2)").startswith("In float32 its slope is NaN at x = 0")
    page.evaluate("() => document.querySelectorAll('#judge details').forEach((fold) => { fold.open = true; })")
    page.locator("#judge .derivation li").first.wait_for()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= size["width"]
    found = Axe().run(page, "#judge").response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []
