"""`actlab show --out` and `actlab list`: pictures that hold what they should, pages that need no network."""

import json
import re

import numpy as np
import pytest

from actlab import catalogue
from actlab.checks.explain.show import shown, sketches
from actlab.errors import UserError
from actlab.report.cards import card_figure, card_page, draw_card, overview_figure


def drawn(*names):
    return sketches([shown(name) for name in names])


def line(axes, label):
    (found,) = [line for line in axes.get_lines() if line.get_label() == label]
    return found.get_data()


def test_the_three_panels_are_f_and_its_derivatives():
    figure = card_figure(drawn("silu"))
    x, y = line(figure.axes[0], "silu")
    s = 1 / (1 + np.exp(-x))
    np.testing.assert_allclose(y, x * s, atol=1e-12)
    np.testing.assert_allclose(line(figure.axes[1], "silu")[1], s * (1 + x * (1 - s)), atol=1e-12)
    np.testing.assert_allclose(line(figure.axes[2], "silu")[1], s * (1 - s) * (2 + x * (1 - 2 * s)), atol=1e-5)


def test_kinks_and_vanishing_regions_are_marked():
    figure = card_figure(drawn("hardtanh"))
    f, slope, _ = figure.axes
    dashed = {line.get_xdata()[0] for line in f.get_lines() if line.get_linestyle() == "--"}
    assert dashed == {-1.0, 1.0}
    dots = {(line.get_xdata()[0], line.get_ydata()[0], line.get_markerfacecolor() != "white")
            for line in slope.get_lines() if line.get_marker() == "o"}  # fmt: skip
    assert dots == {(-1, 0, True), (1, 0, True), (-1, 1, False), (1, 1, False)}  # 0 is taken, 1 is not
    shaded = {(patch.get_x(), patch.get_x() + patch.get_width()) for patch in f.patches}
    left, right = f.get_xlim()
    assert shaded == {(left, -1.0), (1.0, right)}


def test_several_have_a_colour_each():
    figure = card_figure(drawn("relu", "gelu", "tanh"))
    colours = [line.get_color() for line in figure.axes[0].get_lines() if line.get_label() in ("relu", "gelu", "tanh")]
    assert len(set(colours)) == 3
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["relu", "gelu", "tanh"]


def test_a_flat_line_and_infinite_values_have_limits():
    for name in ("identity", "heaviside", "torch:reciprocal"):
        for axes in card_figure(drawn(name)).axes:
            low, high = axes.get_ylim()
            assert np.isfinite([low, high]).all() and low < 0 < high


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("html", b"<!doctype html>")])
def test_files(tmp_path, ending, start):
    file = draw_card(drawn("relu", "tanh"), tmp_path / f"card.{ending}")
    assert file.read_bytes().startswith(start)


def test_the_same_picture_twice_is_the_same_file(tmp_path):
    one, two = (draw_card(drawn("relu"), tmp_path / f"{n}.svg").read_bytes() for n in (1, 2))
    assert one == two


def test_refused_files(tmp_path):
    with pytest.raises(UserError, match=r"must end with \.png, \.svg or \.html"):
        draw_card(drawn("relu"), tmp_path / "card.jpg")
    with pytest.raises(UserError, match="There is no folder"):
        draw_card(drawn("relu"), tmp_path / "nowhere" / "card.png")


def test_the_page_needs_no_network_and_shows_a_label_as_it_is(tmp_path):
    (tmp_path / "evil.py").write_text("import torch\ndef f(x):\n    return torch.tanh(x)\n")
    (sketch,) = drawn(f"{tmp_path}/evil.py:f")
    object.__setattr__(sketch, "label", "<script>alert(1)</script> $x$")
    page = card_page([sketch])
    outside = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "<title>&lt;script&gt;" in page and "alert" in outside and "<script>alert" not in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)
    assert card_figure([sketch]).get_suptitle() == sketch.label


def test_an_overview_has_a_panel_each():
    figure = overview_figure(drawn("relu", "gelu", "tanh", "silu", "elu"))
    assert [axes.get_title() for axes in figure.axes if axes.get_visible()] == ["relu", "gelu", "tanh", "silu", "elu"]


# the commands


def test_show_on_the_command_line(tmp_path, actlab_command):
    done = actlab_command("show", "silu", "leaky_relu(0.2)", "--out", "two.svg", cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "two.svg").is_file()
    assert done.stdout.startswith("silu\n") and "\nleaky_relu(0.2)\n" in done.stdout
    assert done.stdout.endswith("Picture: two.svg\n")
    told = json.loads(actlab_command("show", "torch.nn:GELU", "--json").stdout)
    assert told[0]["is"]["text"] == "equals gelu"
    assert "--out card.svg" in actlab_command("show", "relu").stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "relu", "--out", "card.jpg"], "must end with"),
        (["show", "rleu"], "Did you mean 'relu'"),
        (["show", "relu", "--gradient", "--json"], "neither --out nor --json"),
        (["list", "--family", "gatd"], "Did you mean 'gated'"),
        (["list", "--same-as", "rleu"], "Did you mean 'relu'"),
    ],
)
def test_mistakes_are_a_line(arguments, words, actlab_command):
    done = actlab_command(*arguments)
    assert done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1


@pytest.fixture
def listed(actlab_command):
    def names(*arguments):
        return [entry["name"] for entry in json.loads(actlab_command("list", "--json", *arguments).stdout)]

    return names


def test_list_filters_by_facts(listed):
    facts = catalogue.facts().values()
    assert listed() == [fact.name for fact in facts]
    kinked, smooth = listed("--kinked"), listed("--smooth")
    assert set(kinked) | set(smooth) == set(listed()) and not set(kinked) & set(smooth)
    assert "relu" in kinked and "gelu" in smooth
    assert {"sigmoid", "tanh", "relu6"} <= set(listed("--bounded")) and "relu" not in listed("--bounded")
    assert listed("--learned") == [fact.name for fact in facts if fact.learned]
    assert listed("--family", "gated") == [fact.name for fact in facts if fact.family == "gated"]
    assert listed("--bounded", "--learned", "--family", "gated") == []


@pytest.mark.large
def test_bounded_as_stated_is_bounded_as_measured(listed):
    bounded = set(listed("--bounded"))
    for name in catalogue.facts():
        assert (shown(name).measured.bounded == "both") == (name in bounded), name


def test_list_by_family(actlab_command):
    lines = actlab_command("list").stdout.splitlines()
    families = [line for line in lines if line and not line.startswith(" ")]
    assert families[:-1] == list(dict.fromkeys(fact.family for fact in catalogue.facts().values()))
    assert "change the width" in families[-1]
    assert "kink at 0" in next(line for line in lines if line.startswith("  relu "))


def test_list_of_the_same(actlab_command):
    done = actlab_command("list", "--same-as", "tanh")
    assert "2 sigmoid(2 x) - 1" in done.stdout and "gelu" not in done.stdout
    nothing = actlab_command("list", "--same-as", "gaussian")
    assert nothing.stdout == "" and "No activation of the catalogue" in nothing.stderr
