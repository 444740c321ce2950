"""The live figures of docs/learn: how they are made, and in a browser what they say, to hand, keyboard and eye."""

import json
import math
import os
import re
from itertools import pairwise

import pytest
import torch
from test_report_browser import CHROME, PHONE, browser as browser, visit as visit
from tools import learn

from actlab import functional

LIVE = learn.PAGES / "live"
NAMES = ["backwards_point", "depth", "relu_gate"]
GRID = [s * x for x in (0, 1e-320, 1e-8, 0.5, 1, 2.99, 3.01, 4, 8, 19.9, 20.1, 30, 89, 700) for s in (1.0, -1.0)]
seen = [
    pytest.mark.large,
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROME is None and os.environ.get("REQUIRE_BROWSER") != "1", reason="no Chromium"),
]


def in_a_browser(test):
    for mark in seen:
        test = mark(test)
    return test


def test_a_live_figure_is_made_of_its_parts_and_its_data(tmp_path, monkeypatch):
    monkeypatch.setattr(learn, "LIVE", tmp_path)
    (tmp_path / "frame.html").write_text("<h1>{{ title }}</h1>{{ read(name + '.js') }}\n{{ data }}\n", encoding="utf-8")
    (tmp_path / "one.js").write_text("const x = 0.25;", encoding="utf-8")
    source = tmp_path / "01-small.md"
    source.write_text('A {{ 1 + 1 }}\n\n```python hidden live=one title="T t"\n{"x": 1 / 3, "s": "</x>"}\n```\n')
    page = learn.made(source)
    assert str(page).endswith("A 2\n\n")
    made = page.files["live/one.html"]
    assert str(made) == '<h1>T t</h1>const x = 0.25;\n{"x": 0.3333333333333333, "s": "\\u003c/x>"}\n'
    for old, new, is_same in (
        ("", "", True),
        ("0.3333333333333333", "0.3333333333333111", True),
        ("0.3333333333333333", "0.34", False),
        ("0.25", "0.2500001", False),  # the script's number is no measured one
        ("T t", "T", False),
    ):
        assert (not made.differs(str(made).replace(old, new, 1))) == is_same, (old, new)


def test_each_live_figure_has_its_link_and_needs_nothing_else():
    linked = [
        name for page in learn.PAGES.glob("*.md") for name in re.findall(r"\]\(live/(\w+)\.html\)", page.read_text())
    ]
    assert sorted(linked) == sorted(file.stem for file in LIVE.iterdir()) == NAMES
    for name in NAMES:
        text = (LIVE / f"{name}.html").read_text(encoding="utf-8")
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|\bsrc=|\bimport\b", text)
        assert "default-src 'none'" in text


@in_a_browser
def test_values_and_slopes_are_those_of_actlab(visit):
    page = visit(LIVE / "backwards_point.html", "#plot circle")
    found = page.evaluate(
        "(xs) => Object.entries(curves_js.CURVES).map(([name, { f, slope }]) => [name, xs.map(f), xs.map(slope)])", GRID
    )
    assert len(found) == page.locator("#f option").count() == 8
    for name, values, slopes in found:
        x = torch.tensor(GRID, dtype=torch.float64, requires_grad=True)
        y = getattr(functional, name)(x)
        (slope,) = torch.autograd.grad(y.sum(), x)
        for ours, known in ((values, y.detach()), (slopes, slope)):
            # 1 - y**2, which torch takes for tanh's slope, is right to a few 1e-16, and no better
            torch.testing.assert_close(torch.tensor(ours, dtype=torch.float64), known, rtol=1e-12, atol=5e-16)
        far = torch.tensor([-30.0], dtype=torch.float64)
        value = values[GRID.index(-30.0)]
        assert value == pytest.approx(getattr(functional, name)(far).item(), rel=1e-12, abs=0), name


@in_a_browser
def test_the_network_of_the_depth_figure_is_that_of_autograd(visit):
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    images = torch.tensor((pixels - pixels.mean()) / pixels.std())[:64]
    page = visit(LIVE / "depth.html", "#plot circle")
    asked = [("tanh", 9, None), ("gelu", 6, 1.5), ("sigmoid", 1, 3.0), ("softplus", 4, None)]
    for seed, (name, depth, gain) in enumerate(asked):
        found = page.evaluate(
            """([f, depth, gain, seed]) => {
              const { layers, signals, gradients } = main_js.network({ f, depth, gain: gain ?? undefined, seed });
              return [layers.map((one) => [Array.from(one.weights), Array.from(one.biases)]), signals, gradients];
            }""",
            [name, depth, gain, seed],
        )
        widths = [64, *[32] * depth, 10]
        layers = [
            (torch.tensor(weights, dtype=torch.float64).reshape(o, i), torch.tensor(biases, dtype=torch.float64))
            for (weights, biases), (i, o) in zip(found[0], pairwise(widths), strict=True)
        ]
        for number, (weights, biases) in enumerate(layers):  # drawn as said
            inputs = weights.shape[1]
            if gain is None:
                assert weights.abs().max() < 1 / math.sqrt(inputs) and 0 < biases.abs().max() < 1 / math.sqrt(inputs)
            size = math.sqrt(1 / 3) if gain is None else gain if number else 1
            assert weights.square().mean().sqrt().item() * math.sqrt(inputs) == pytest.approx(size, rel=0.2)
        met, y, sizes = [], images, []
        for weights, biases in layers[:-1]:
            met.append((y @ weights.T + biases).requires_grad_())
            y = getattr(functional, name)(met[-1])
            sizes.append(y.square().mean().sqrt().item())
        loss = torch.nn.functional.cross_entropy(y @ layers[-1][0].T + layers[-1][1], torch.tensor(labels[:64]))
        gradients = [dz.square().mean().sqrt().item() for dz in torch.autograd.grad(loss, met)]
        assert found[1] == pytest.approx(sizes, rel=1e-9) and found[2] == pytest.approx(gradients, rel=1e-9)


@in_a_browser
def test_the_point_is_moved_by_keys_mouse_and_finger_and_all_say_the_same(visit):
    for how in ("keys", "mouse", "finger"):
        page = visit(LIVE / "backwards_point.html", "#plot circle", **(PHONE if how == "finger" else {}))
        page.locator("summary").click()
        page.locator("#f").select_option("silu")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")  # it is drawn
        box = page.locator("#plot svg").bounding_box()
        from_x, to_x, y = box["x"] + 0.6 * box["width"], box["x"] + 0.25 * box["width"], box["y"] + 100
        if how == "keys":
            page.locator("#x").focus()
            for _ in range(3):
                page.keyboard.press("ArrowLeft")
        elif how == "mouse":
            page.mouse.move(from_x, y)
            page.mouse.down()
            page.mouse.move(to_x, y, steps=3)
            page.mouse.up()
            page.mouse.move(from_x, y)  # let go: it stays
        else:
            finger = page.context.new_cdp_session(page)
            for kind, at in (("Start", from_x), ("Move", (from_x + to_x) / 2), ("Move", to_x)):
                finger.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": [{"x": at, "y": y}]})
            finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        left, right = 44, box["width"] - 12
        expected = 0.65 if how == "keys" else -6 + 12 * (0.25 * box["width"] - left) / (right - left)
        there = "([x, near]) => Math.abs(Number(document.querySelector('#x').value) - x) <= near"
        page.wait_for_function(there, arg=[expected, 0.03 if how != "keys" else 1e-9])
        x = float(page.locator("#x").input_value())
        page.wait_for_function("(x) => document.querySelector('#plot svg').textContent.includes(x)", arg=f"x = {x:.2f}")
        at = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        value = functional.silu(at)
        (slope,) = torch.autograd.grad(value, at)
        drawn = page.locator("#plot svg").text_content()
        known = [x, value.item(), slope.item(), 2 * slope.item()]
        row = [float(one) for one in page.locator("#numbers tr[aria-current] td").all_text_contents()]
        assert row == pytest.approx(known, rel=6e-3), how
        for words in (f"y = {row[1]:g}", f"x = {x:.2f}", f"dL/dx = {row[3]:g}", f"slope {row[2]:g}"):
            assert words in drawn, how
        assert page.locator("#said .answer").inner_text().endswith(f"= {row[3]:g}")
        assert page.locator("#x").get_attribute("aria-valuetext") == f"{x:.2f}"


@in_a_browser
def test_fields_take_numbers_and_tell_of_what_is_none(visit):
    page = visit(LIVE / "relu_gate.html", "#x0")
    page.locator("summary").click()
    field, told, y, dx = (page.locator(f"#{name}") for name in ("x1", "x_told1", "y1", "dx1"))
    for typed, says, value, gate in (
        ("3", "", "3", "1"),
        ("abc", "“abc” is no number. 3 stays.", "3", "1"),
        ("", "It is empty. 3 stays.", "3", "1"),
        ("1e999", "It is too large: a float ends at 1.8e308. 3 stays.", "3", "1"),
        ("<b>", "“<b>” is no number. 3 stays.", "3", "1"),
        ("1e-320", "", "1e-320", "1"),
        ("1e308", "", "1e308", "1"),
        ("-0", "", "0", "0"),
        ("0,5", "", "0.5", "1"),
        (" -2.5 ", "", "0", "0"),
    ):
        field.fill(typed)
        assert (told.inner_text(), y.inner_text()) == (says, value), typed
        assert (field.get_attribute("aria-invalid") == "true") == bool(says), typed
        assert page.locator("#gate1").inner_text() == gate and dx.inner_text() == ("-1" if gate == "1" else "0"), typed
        row = page.locator("#numbers tbody tr").nth(1).locator("td").all_inner_texts()
        assert row[1:] == [gate, value, "-1", dx.inner_text()], typed
    field.press("ArrowUp")
    assert field.input_value() == "-2.4"
    page.locator("#left").fill("0.3")  # leaky
    assert (y.inner_text(), dx.inner_text()) == ("-0.72", "-0.3")
    assert "leaky ReLU" in page.locator("#left").get_attribute("aria-valuetext")
    assert page.locator("#said").inner_text() == "1 of 4 gates are open, 3 ajar."
    page.locator("#left").fill("1")
    assert page.locator("#said").inner_text() == "4 of 4 gates are open."
    page.locator("#left").fill("0.3")
    field.fill("abc")
    field.blur()
    assert (field.input_value(), field.get_attribute("aria-invalid")) == ("-2.4", "false")
    assert told.inner_text() == "“abc” is no number. -2.4 stays."
    field.fill("2e+300")
    field.blur()
    assert (field.input_value(), told.inner_text()) == ("2e300", "")
    page.get_by_role("button", name="As it was").click()
    assert [page.locator(f"#x{n}").input_value() for n in range(4)] == ["-1.2", "0.7", "2.4", "-0.4"]


@in_a_browser
def test_the_depth_figure_answers(visit):
    page = visit(LIVE / "depth.html", "#plot circle")
    page.locator("summary").click()
    shares = {}
    for depth in ("1", "8", "40"):
        page.locator("#depth").fill(depth)
        page.wait_for_function(f"() => document.querySelectorAll('#numbers tbody tr').length === {depth}")
        first = page.locator("#numbers tbody tr").first.locator("td").all_inner_texts()
        shares[depth] = float(first[1])
        if words := re.search(
            r"gets (\S+) of .*: each layer multiplies by ([\d.]+)\.", page.locator("#said").inner_text()
        ):
            assert float(words[1]) == pytest.approx(shares[depth], rel=0.06)
            assert float(words[2]) == pytest.approx(shares[depth] ** (1 / (int(depth) - 1)), rel=0.01)
        assert bool(words) == (depth != "1")
        assert page.locator("#plot circle.back").count() == int(depth)
    assert shares["1"] == 1 > shares["8"] > 1e3 * shares["40"]
    page.get_by_label("gain-matched").check()
    page.wait_for_function(
        f"() => Number(document.querySelector('#numbers tbody td + td').textContent) > {shares['8']}"
    )
    page.locator("#gain").fill("100")
    assert page.get_by_label("gain of my own: 12").is_checked()
    page.locator("#f").select_option("relu")
    page.wait_for_function("() => Number(document.querySelector('#numbers tbody td + td').textContent) > 1e30")
    assert json.loads(page.locator("#data").text_content())["depth"] == 20


@in_a_browser
def test_all_can_read_them_at_any_width_and_nothing_moves_by_itself(visit):
    from axe_playwright_python.sync_playwright import Axe

    serious = []
    for name in NAMES:
        page = visit(LIVE / f"{name}.html", "main", color_scheme="dark", viewport={"width": 320, "height": 800})
        page.locator("summary").click()
        if name == "relu_gate":
            page.locator("#dy0").fill("abc")
            page.locator("#left").fill("0.3")
            moving = (
                "[...document.querySelectorAll('*')].filter((one) => getComputedStyle(one).transitionDuration !== '0s')"
            )
            assert page.evaluate(f"{moving}.length") > 0
            page.emulate_media(reduced_motion="reduce")
            assert page.evaluate(f"{moving}.length") == 0
        for width, scheme in ((320, "dark"), (1200, "light")):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.wait_for_function("(width) => document.documentElement.scrollWidth <= width", arg=width)
            for one in Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]:
                if one["impact"] in ("serious", "critical"):
                    serious.append((name, width, one["id"], one["nodes"][0]["html"][:150]))
    assert serious == []
