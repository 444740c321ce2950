"""The playground says in words what cannot be measured, and what is there instead of a number."""

import pytest
from test_play_browser import measured, opened as opened, playground as playground, pytestmark as pytestmark, typed
from test_report_browser import browser as browser, visit as visit


def said(page, figure):
    return page.locator(f"figure[aria-label='{figure}'] .sentences").inner_text()


@pytest.mark.parametrize(
    ("text", "curve", "depth"),
    [
        ("exp(-1/x)", "exp(-1/x) runs from 0 to inf, with a pole at 0.", "undecided, no gain keeps"),
        ("sqrt(abs(x))", "(slope -inf on its left, inf on its right)", "undecided: its mean square does not exist"),
        ("log(x)", "log(x) is undefined for x < 0; elsewhere", "no gain keeps"),
    ],
)
def test_sentences_and_shades(opened, text, curve, depth):
    page = opened()
    typed(page, text)
    measured(page, text)
    assert curve in said(page, "The function and its slopes")
    page.wait_for_function("(one) => document.querySelector('#depth .sentences').innerText.includes(one)", arg=depth)
    assert (page.locator(".curve-plot rect.none").count() == 1) == (text == "log(x)")
    assert page.locator(".curve-plot rect.lost").count() == 0


def test_a_measurement_that_fails_is_said(opened):
    page = opened()
    page.evaluate("""() => { Worker.prototype.postMessage = function () {
      setTimeout(() => this.onmessage({ data: { failed: { message: "a planted fault" } } }));
    }; }""")
    typed(page, "tanh(x)/2")
    measured(page, "tanh(x)/2")
    assert said(page, "The function and its slopes") == "tanh(x)/2 could not be measured: a planted fault"
    page.wait_for_function("() => document.querySelector('#depth .sentences').innerText.includes('a planted fault')")


def test_what_depth_does_is_never_that_of_another_function(opened):
    page = opened("#v=1&f=x*tahn(x);relu")
    page.locator("#judge .answer", has_text="has a mistake").wait_for()
    page.wait_for_timeout(2000)  # longer than measuring relu takes: nothing comes
    assert page.locator("#depth .sentences").inner_text().strip() == ""
    typed(page, "x*tanh(x)")
    page.wait_for_function("() => document.querySelector('#depth .sentences').innerText.includes('each layer')")
