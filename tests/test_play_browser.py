"""The playground in a real browser, opened from disk, without a network."""

import dataclasses
import math
import os
import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from PIL import Image
from test_report_browser import CHROME, PHONE, browser as browser, visit as visit

from actlab import UserError, functional
from actlab.formula import parse
from actlab.play import embedded, page as whole

pytestmark = [
    pytest.mark.large,
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROME is None and os.environ.get("REQUIRE_BROWSER") != "1", reason="no Chromium"),
]
LAPTOP, SMALL = {"width": 1280, "height": 720}, {"width": 360, "height": 640}
DRAWN = "#curves[data-drawn] .curve-plot"


@dataclasses.dataclass
class Address:
    """A file with a hash, as `visit` opens it."""

    file: Path
    hash: str = ""

    def as_uri(self) -> str:
        return self.file.as_uri() + self.hash


@pytest.fixture(scope="module")
def playground(tmp_path_factory):
    file = tmp_path_factory.mktemp("play") / "playground.html"
    file.write_text(whole(), encoding="utf-8")
    return file


@pytest.fixture
def opened(visit, playground):
    """Opens the page at an address, and waits until it is drawn."""

    def at(hash="", **options):
        return visit(Address(playground, hash), DRAWN, **({"viewport": LAPTOP} | options))

    return at


def field(page, at=0):
    return page.locator("input.formula").nth(at)


def typed(page, text, at=0):
    """Types, and waits until all is drawn and measured anew."""
    field(page, at).fill(text)
    page.wait_for_function("(text) => document.querySelector('#curves').dataset.drawn.includes(text)", arg=text)


def measured(page, text):
    page.wait_for_function("(text) => document.querySelector('#curves').dataset.measured === text", arg=text)


def numbers(page, row=0):
    """x, and f, f', f'' there as the table beside the plot has them."""
    x = page.locator(".values thead th").first.inner_text().removeprefix("x = ")
    return [float(one) for one in [x, *page.locator(".values tbody tr").nth(row).locator("td").all_inner_texts()]]


def known(f, x):
    """The same by autograd."""
    at = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    value = f(at)
    (slope,) = torch.autograd.grad(value, at, create_graph=True)
    second = torch.autograd.grad(slope, at)[0] if slope.requires_grad else torch.zeros(())
    return [x, value.item(), slope.item(), second.item()]


def test_the_first_screen_has_field_curve_and_button(opened):
    for size in (LAPTOP, SMALL):
        page = opened(viewport=size)
        for what in ("input.formula", "#curves button.go", ".curve-plot"):
            box = page.locator(what).first.bounding_box()
            assert box["y"] >= 0 and box["y"] + box["height"] <= size["height"], (size, what)
        assert page.locator("#curves button.go").inner_text() == "Train beside relu"
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
        assert page.evaluate("location.hash") == "" and page.locator("#told").is_hidden()


def test_what_is_typed_is_drawn_and_told(opened):
    page = opened()
    for text, f in (
        ("x*sin(x)", lambda x: x * torch.sin(x)),
        ("gelu", torch.nn.functional.gelu),
        ("swish_beta(2)", lambda x: x * torch.sigmoid(2 * x)),
        ("max(x, a*x) where a=0.1", lambda x: torch.maximum(x, 0.1 * x)),
    ):
        before = page.locator(".line.o0 > path").first.get_attribute("d")
        typed(page, text)
        assert page.locator(".line.o0 > path").first.get_attribute("d") != before
        assert numbers(page) == pytest.approx(known(f, 1.0), rel=1e-3, abs=1e-9), text
        assert page.locator("#curves .stale").count() == 0
    measured(page, text)
    words = page.locator("#curves .answer").inner_text()
    assert words.endswith(
        "runs from -inf to inf, increasing, with a kink at 0 (slope 0.1 on its left, 1 on its right)."
    )
    assert page.locator(".kink").count() == 1
    typed(page, "hardtanh")
    measured(page, "hardtanh")
    assert page.locator("rect.flat").count() == 2 and "vanishes (|f′| < 0.1) at x < -1 and x > 1" in (
        page.locator("#curves .sentences").inner_text()
    )
    page.locator("#curves figcaption summary").click()
    rows = page.locator("#curves figcaption tbody tr").all_inner_texts()
    assert "kink\ta kink at -1 (slope 0 on its left, 1 on its right)" in [row.strip() for row in rows]
    assert [row.split() for row in rows if row.startswith("0.5")] == [["0.5", "0.5", "1", "0"]]
    assert page.title() == "hardtanh - actlab playground"


def test_a_mistake_is_underlined_and_said_as_python_says_it(opened):
    page = opened()
    drawn = page.locator(".line.o0 > path").first.get_attribute("d")
    for text, marked in (
        ("x*tahn(x)", "tahn"),
        ("x*", " "),
        ("2x", "x"),
        ("x ^ 2", "^"),
        ("(x", "("),
        ("x*é", "é"),
        ("np.tanh(x)", "np."),
    ):
        typed(page, text)
        with pytest.raises(UserError) as refused:
            parse(text)
        assert page.locator("#curves .wrong").inner_text().startswith(str(refused.value).split("\n")[0]), text
        assert page.locator(".mirror mark").text_content() == marked, text
        assert field(page).get_attribute("aria-invalid") == "true"
        assert page.locator(".line.stale").count() == 2, text
        assert page.locator(".line.o0 > path").first.get_attribute("d") == drawn
    typed(page, "x*tahn(x)")
    mark, box = page.locator(".mirror mark").bounding_box(), field(page).bounding_box()
    assert box["x"] < mark["x"] < mark["x"] + mark["width"] < box["x"] + box["width"]
    page.get_by_role("button", name="Write x*tanh(x)").click()
    assert field(page).input_value() == "x*tanh(x)" and page.locator("#curves .wrong").is_hidden()
    assert field(page).get_attribute("aria-invalid") == "false" and page.locator("#curves .stale").count() == 0
    typed(page, "x*sigmoid(beta*x)")
    page.get_by_role("button", name="Write x*sigmoid(beta*x) where beta=1").click()
    assert page.get_by_role("slider", name="beta").count() == 1


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("torch.relu(x)", "relu(x)"),
        ("nn.GELU()", "GELU"),
        ("lambda x: x*2", "x*2"),
        ("f(x)=x**2", "x**2"),
        ("y = x**2", "x**2"),
        ("x>0 ? x : 0", "where(x>0, x, 0)"),
        ("x if x>0 else a*x where a=0.1", "where(x>0, x, a*x) where a=0.1"),
        ("g = |x|", "g = abs(x)"),
        ("2x + x^2", "2*x + x**2"),
        ("a*x + b where a=2", "a*x + b where a=2, b=1"),
        ("x*tahn(x)", "x*tanh(x)"),
        ("floor(x)", ""),
        ("round(x)", ""),
        ("softmax(x)", ""),
        ("5", ""),
    ],
)
def test_a_mistake_has_a_button_that_mends_it_where_it_can(opened, text, written):
    page = opened()
    typed(page, text)
    words = page.locator("#curves .wrong").inner_text()
    assert "--param" not in words and "actlab list" not in words
    buttons = page.locator("#curves .wrong button")
    assert buttons.all_inner_texts() == ([f"Write {written}"] if written else [])
    if written:
        buttons.click()
        assert field(page).input_value() == written and page.locator("#curves .wrong").is_hidden()


def test_an_address_that_is_pasted_into_the_field_is_opened(opened):
    for pasted in ("#v=1&f=gelu;tanh&x=-3,3", "file:///C:/ada/playground.html#v=1&f=gelu;tanh&x=-3,3"):
        page = opened()
        field(page).fill(pasted)
        page.wait_for_function("() => document.querySelector('#curves').dataset.drawn === 'gelu;tanh'")
        assert [field(page, at).input_value() for at in (0, 1)] == ["gelu", "tanh"]
        assert page.locator(".curve-plot").get_attribute("aria-valuemax") == "3"
        field(page).fill(pasted)  # where it is open already
        assert field(page).input_value() == "gelu" and page.locator("#curves .wrong").first.is_hidden()


def test_a_range_is_looked_at_nearer_and_a_wrong_one_is_told(opened):
    page = opened("#v=1&f=tanh")
    measured(page, "tanh")
    plot = page.locator(".curve-plot")
    ends = lambda: [float(plot.get_attribute(f"aria-value{end}")) for end in ("min", "max")]  # noqa: E731
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 50)
    at = float(plot.get_attribute("aria-valuenow"))
    page.mouse.wheel(0, 60)  # scrolls, as everywhere
    page.wait_for_function("() => scrollY > 0")
    assert ends() == [-6, 6]
    page.evaluate("scrollTo(0, 0)")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -40)
    page.keyboard.up("Control")
    page.wait_for_function("() => document.querySelector('.curve-plot').getAttribute('aria-valuemax') !== '6'")
    low, high = ends()
    assert high - low == pytest.approx(12 * math.exp(-0.4), rel=1e-3)
    assert (at - low) / (high - low) == pytest.approx((at + 6) / 12, abs=0.02)
    plot.dblclick(position={"x": 100, "y": 50})
    page.wait_for_function("() => document.querySelector('.curve-plot').getAttribute('aria-valuemax') === '6'")
    plot.focus()
    page.keyboard.press("+")
    page.wait_for_function("() => location.hash.includes('x=')")
    assert ends()[1] - ends()[0] == pytest.approx(6)
    page.keyboard.press("-")
    page.keyboard.press("0")
    page.wait_for_function("() => location.hash === '#v=1&f=tanh'")
    page.locator("#curves .ranges > summary").click()
    page.get_by_label("x from").fill("10")
    page.get_by_label("x from").press("Enter")
    told = page.locator(".ranges .problem")
    assert told.inner_text() == "x from 10 to 6: the second must be the larger one, such as x from 6 to 10."
    page.get_by_label("x from").fill("-1")
    page.get_by_label("x from").press("Enter")
    assert told.is_hidden() and ends() == [-1, 6]


def test_the_catalogue_is_found_by_name_alias_and_summary(opened):
    page = opened()
    options = page.locator("#curves [role=option]")
    for words, name in (("gel", "gelu"), ("swis", "silu"), ("straight", None)):
        field(page).fill(words)
        if name:
            assert options.first.locator("b").inner_text() == name or name in options.locator("b").all_inner_texts()
        else:
            assert options.count() > 0
    field(page).fill("")
    field(page).press("ArrowDown")
    assert options.count() == 81
    field(page).press("Escape")
    assert options.count() == 0 or not options.first.is_visible()
    field(page).fill("hard_tan")
    field(page).press("ArrowDown")
    assert options.first.get_attribute("aria-selected") == "true"
    field(page).press("Enter")
    assert field(page).input_value() == "hardtanh" and page.locator("#curves .wrong").is_hidden()


def test_functions_are_laid_over_each_other_and_taken_away(opened):
    page = opened()
    for text in ("relu", "tanh", "x**2"):
        page.get_by_role("button", name="Lay another over it").click()
        page.wait_for_function("() => getSelection().toString() || document.activeElement.selectionEnd > 0")
        if text == "x**2":
            assert field(page, 3).input_value() == "gelu"  # each time another one
            page.keyboard.type(text)  # in the place of what is there
        assert field(page, page.locator("input.formula").count() - 1).input_value() == text
    page.wait_for_function("() => document.querySelector('#curves').dataset.drawn.includes('x**2')")
    assert page.locator(".values tbody tr").count() == 4
    look = "getComputedStyle(one).color + one.querySelector('.mark').getAttribute('d').replace(/[^A-Za-z]/g, '')"
    assert len(set(page.locator(".line.o0").evaluate_all(f"(all) => all.map((one) => {look})"))) == 4
    paths = "[...document.querySelectorAll('.line.c0 > path:first-child')]"
    dashes = f"{paths}.map((one) => getComputedStyle(one).strokeDasharray)"
    assert len(set(page.evaluate(dashes))) == 2
    assert numbers(page, 2) == pytest.approx(known(torch.tanh, 1.0), rel=1e-3)
    page.get_by_role("button", name="Take function 3 away").click()
    page.wait_for_function("() => document.querySelectorAll('.values tbody tr').length === 3")
    assert [field(page, at).input_value() for at in range(3)] == ["x*tanh(softplus(x))", "relu", "x**2"]
    page.get_by_label("f″").check()
    assert page.locator(".line.o2").count() == 3
    page.get_by_label("f′", exact=True).uncheck()
    assert page.locator(".line.o1").count() == 0


def test_parameters_are_sliders_and_their_values_stand_in_the_text(opened):
    page = opened("#v=1&f=x*sigmoid(beta*x)+where+beta=1.5;leaky_relu")
    beta, slope = page.get_by_role("slider", name="beta"), page.get_by_role("slider", name="negative_slope")
    beta.fill("200")
    page.wait_for_function("() => document.querySelector('input.formula').value.includes('beta=15')")
    assert field(page).input_value() == "x*sigmoid(beta*x) where beta=15"
    assert numbers(page) == pytest.approx(known(lambda x: x * torch.sigmoid(15 * x), 1.0), rel=1e-3, abs=1e-4)
    page.get_by_label("beta, the number").fill("-2")
    assert field(page).input_value() == "x*sigmoid(beta*x) where beta=-2"
    assert numbers(page)[1] == pytest.approx(1 / (1 + math.exp(2)), rel=1e-3)
    slope.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelectorAll('input.formula')[1].value.startsWith('leaky_relu(')")
    value = float(re.findall(r"=(.*)\)", field(page, 1).input_value())[0])
    assert 0.01 < value < 0.0103 and slope.get_attribute("aria-valuetext") == f"{value:.3g}"
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "negative_slope"


def test_values_are_read_by_keys_mouse_and_finger(opened):
    for how in ("keys", "mouse", "finger"):
        page = opened("#v=1&f=silu;relu", **(PHONE if how == "finger" else {}))
        measured(page, "silu")  # and drawn anew
        plot = page.locator(".curve-plot")
        box = plot.bounding_box()
        if how == "keys":
            plot.focus()
            for key in ("Home", "PageUp", "ArrowRight", "Shift+ArrowRight", "ArrowLeft"):
                page.keyboard.press(key)
            assert numbers(page)[0] == pytest.approx(-6 + 15 * 0.1)
        elif how == "mouse":
            page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 60)
        else:
            page.touchscreen.tap(box["x"] + 0.3 * box["width"], box["y"] + 60)
        x = float(plot.get_attribute("aria-valuenow"))
        assert x < -1
        assert numbers(page) == pytest.approx(known(functional.silu, x), rel=2e-3, abs=1e-9), how
        assert numbers(page, 1)[1:] == [0, 0, 0]
        assert f"; silu: f {numbers(page)[1]:g}".replace("e-0", "e-") in plot.get_attribute("aria-valuetext")
        assert page.locator(".crosshair .dot").count() == 4


def test_the_address_holds_what_differs_and_gives_it_back(opened, playground):
    page = opened()
    typed(page, "x * sigmoid(beta*x) where beta=1.5")
    page.get_by_label("f″").check()
    page.locator("#curves .ranges > summary").click()
    page.get_by_label("x from").fill("-3")
    page.get_by_label("x from").press("Enter")
    page.get_by_label("y from").fill("-1")
    page.get_by_label("y to").fill("2.5")
    page.get_by_label("y to").press("Enter")
    page.get_by_role("button", name="Lay another over it").click()
    page.wait_for_function("() => location.hash.includes('relu')")
    hash = page.evaluate("location.hash")
    assert hash == "#v=1&f=x+*+sigmoid(beta*x)+where+beta=1.5;relu&x=-3,6&y=-1,2.5&d=012"
    again = opened(hash)
    paths = "[...document.querySelectorAll('.line path')].map((one) => one.getAttribute('d')).join()"
    assert again.evaluate(paths) == page.evaluate(paths)
    assert again.evaluate("location.hash") == hash and page.evaluate("history.length") == again.evaluate(
        "history.length"
    )
    page.evaluate("location.hash = '#v=1&f=tanh'")
    page.wait_for_function("() => document.querySelector('#curves').dataset.drawn === 'tanh'")
    assert page.locator("input.formula").count() == 1
    page.go_back()
    page.wait_for_function("() => document.querySelectorAll('input.formula').length === 2")
    assert page.evaluate(paths) == again.evaluate(paths)


@pytest.mark.parametrize(
    ("hash", "told"),
    [
        ("#v=1&f=<img src=x onerror=alert(1)>", ""),
        ("#v=1&f=%3Cscript%3Ealert(1)%3C/script%3E;</script><script>alert(1)</script>", ""),
        ("#v=1&f=" + "(" * 10_000 + "x" + ")" * 10_000, "20,007 characters"),
        ("#v=1&f=" + "(" * 3000 + "x" + ")" * 3000, ""),
        ("#v=1&f=" + "x+" * 500_000, "1,000,006 characters"),
        ("#v=1&__proto__=1&constructor=2&toString=3", "__proto__, constructor, toString could not be read"),
        ("#v=1&f=constructor;__proto__;x.constructor('alert(1)')()", ""),
        ("#v=99&f=relu", "is of version 99"),
        ("#f=relu", "names no version"),
        ("#v=1&x=3,-3&y=nan,inf&d=7", "x, y, d could not be read"),
        ("#v=1&x=-1e999,1e999", "x could not be read"),
        ("#v=1&f=relu;" * 3, ""),
        ("#%", "names no version"),
    ],
    ids=range(13),
)
def test_hostile_addresses_are_told_and_do_nothing(opened, hash, told):
    page = opened(hash)
    assert told in page.locator("#told").inner_text() and page.locator("#told").is_visible() == bool(told)
    assert page.locator("img, script:not([id]):nth-of-type(4)").count() == 0
    typed(page, "tanh")
    assert numbers(page)[1] == pytest.approx(math.tanh(1), rel=1e-3)


def test_hostile_texts_in_the_field_are_refused_in_words(opened):
    page = opened()
    for text in (
        "constructor",
        "__proto__",
        "<b>x</b>",
        "(" * 3000 + "x",
        "x" * 3999,
        "alert(1)",
        "x" + "**x" * 200,
        "x;x",
    ):
        typed(page, text)
        assert page.locator("#curves .wrong").is_visible(), text[:20]
        assert 10 < len(page.locator("#curves .wrong").inner_text()) < 600, text[:20]
    assert page.locator("#curves b:not([role] b)").count() == 0


def test_figures_become_files_that_stand_alone(opened, tmp_path):
    page = opened("#v=1&f=silu;tanh", color_scheme="dark")
    measured(page, "silu")
    for title, name in (("The function and its slopes", "curves"), ("What depth does", "depth")):
        for kind in ("SVG", "PNG"):
            with page.expect_download() as caught:
                page.get_by_role("button", name=f"Save {title} as {kind}").click()
            assert caught.value.suggested_filename == f"{name}.{kind.lower()}"
            caught.value.save_as(tmp_path / caught.value.suggested_filename)
        text = (tmp_path / f"{name}.svg").read_text(encoding="utf-8")
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg" and "class=" not in text and "var(" not in text
        assert root[0].get("fill") == "rgb(20, 23, 27)"
        strokes = {one.get("stroke") for one in root.iter("{http://www.w3.org/2000/svg}path")}
        lines = (
            ("rgb(121, 184, 255)", "rgb(255, 166, 87)")
            if name == "curves"
            else ("rgb(231, 234, 238)", "rgb(210, 168, 255)")
        )
        assert set(lines) <= strokes
        with Image.open(tmp_path / f"{name}.png") as image:
            assert image.width == 2 * float(root.get("width")) and len(image.convert("RGB").getcolors(1 << 24)) > 20


def test_link_command_and_file_are_there_to_be_copied(opened):
    page = opened("#v=1&f=x*sin(x);tanh&layers=8,4&rate=0.003")
    page.get_by_text("As experiment.toml").click()
    command, file = page.locator("#share pre").all_inner_texts()
    assert command == "actlab compare relu 'x*sin(x)' tanh --data digits --hidden 8,4 --lr 0.003"
    assert tomllib.loads(file) == {
        "activations": ["relu", "x*sin(x)", "tanh"],
        "data": "digits",
        "hidden": [8, 4],
        "learning_rate": 0.003,
    }
    page = opened("#v=1&f=x*sin(x)")
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.get_by_role("button", name="Copy the part from #").click()
    page.wait_for_function("() => window.copied === '#v=1&f=x*sin(x)'")
    page.get_by_role("button", name="Copy the whole address").click()
    page.wait_for_function("() => window.copied?.endsWith('playground.html#v=1&f=x*sin(x)')")
    page.locator("#share").get_by_role("button", name="Copy the command").click()
    page.wait_for_function("() => window.copied.startsWith('actlab compare relu ')")
    typed(page, "x*sni(x)")
    page.get_by_text("A command needs a function that is right").wait_for()


def test_a_formula_that_python_embedded_is_there_in_its_sound_form(visit, tmp_path):
    file = tmp_path / "one.html"
    file.write_text(whole(embedded("(exp(x) - 1)/x")), encoding="utf-8")
    page = visit(Address(file), DRAWN, viewport=LAPTOP)
    assert field(page).input_value() == "(exp(x) - 1)/x" and page.evaluate("location.hash") == ""
    measured(page, "(exp(x) - 1)/x")
    assert "digits" not in page.locator("#curves .sentences").inner_text()
    page.evaluate("location.hash = '#v=1&x=-1e-6,1e-6'")
    page.wait_for_function("() => document.querySelector('.curve-plot').getAttribute('aria-valuemax') === '0.000001'")
    assert page.locator("rect.lost").count() == 0
    assert numbers(page)[1] == pytest.approx(1 + 5e-7, rel=1e-4)


def test_digits_that_a_typed_formula_loses_are_shown(opened):
    page = opened("#v=1&f=(1-cos(x))/x**2&x=-1e-5,1e-5")
    measured(page, "(1-cos(x))/x**2")
    assert page.locator("rect.lost").count() > 0
    assert "loses digits" in page.locator("#curves .sentences").inner_text()


def test_all_can_read_it_at_any_width_and_nothing_moves_by_itself(opened):
    from axe_playwright_python.sync_playwright import Axe

    serious = []
    for scheme, size in (("light", LAPTOP), ("dark", SMALL), ("light", {"width": 320, "height": 700})):
        page = opened(
            "#v=1&f=leaky_relu;x*tahn(x);gelu&d=012", color_scheme=scheme, viewport=size, reduced_motion="reduce"
        )
        measured(page, "leaky_relu")
        for summary in page.locator("summary:visible").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        moving = (
            "[...document.querySelectorAll('*')].filter((one) => getComputedStyle(one).transitionDuration !== '0s')"
        )
        assert page.evaluate(f"{moving}.length") == 0
        serious += [
            (scheme, size["width"], one["id"], [node["html"][:200] for node in one["nodes"]][:3])
            for one in Axe().run(page).response["violations"]
        ]
    assert serious == []


def test_everything_is_reached_by_the_tab_key_and_seen_where_it_is(opened):
    page = opened("#v=1&f=leaky_relu;gelu")
    met, name = [], "const one = document.activeElement; return one.getAttribute('aria-label') ?? one.textContent"
    for _ in range(60):
        page.keyboard.press("Tab")
        met.append(page.evaluate(f"() => {{ {name}; }}"))
        if page.evaluate("document.activeElement !== document.body"):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", met[-1]
    for wanted in ("Train beside relu", "negative_slope", "x at which values are read", "Take function 2 away", "gelu"):
        assert wanted in met, wanted


def test_the_examples_are_right(opened):
    page = opened()
    for example in page.locator(".chips button").all():
        example.click()
        assert field(page).input_value() == example.inner_text() and page.locator("#curves .wrong").is_hidden()


def test_a_slow_function_holds_up_nothing_and_a_newer_question_ends_it(opened):
    def sums(terms):
        while len(terms) > 1:
            terms = [f"({''.join(pair)})" for pair in zip(terms[::2], [f"+{one}" for one in terms[1::2]], strict=True)]
        return terms[0]

    page = opened("#v=1&f=tanh")
    measured(page, "tanh")
    slow = sums([f"sign(sin({n}*x))" for n in range(30, 94)])
    typed(page, slow)
    page.wait_for_function(
        "(text) => document.querySelector('#curves').dataset.measured === text"
        " || document.querySelector('#curves .sentences').textContent.includes('is measured')",
        arg=slow,
    )
    for text in ("x*sni(x)", slow, "x*sin(x)", "tanh(x) + 3"):
        field(page).fill(text)
        page.wait_for_timeout(100)
    page.wait_for_function("() => document.querySelector('#judge').dataset.judged", timeout=120_000)
    page.get_by_text("tanh(x) + 3 runs from 2 to 4, increasing, without a kink.").wait_for(timeout=120_000)
    page.get_by_role("button", name="Try 5 to 20 seeds").click()
    page.wait_for_function("() => /seeds\\./.test(document.querySelector('#train').innerText)")
    field(page).fill("relu")
    measured(page, "relu")
    for _ in range(100):
        if len(page.workers) == 3:
            break
        page.wait_for_timeout(100)
    assert len(page.workers) == 3  # what the curve, depth and the verdict are measured in; that of seeds has ended
