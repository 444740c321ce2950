"""The drawings of a run: marks lie where its rows say, nothing is hidden, files and page have the same drawing."""

import io
import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, strategies as st
from PIL import Image
from test_report import fake_run, rows_of

from actlab.report import draw_tutorial, figures
from actlab.report.curves import quantities
from actlab.report.svg import Drawing, Scale, element, text
from actlab.results import summarise
from actlab.stats import more_seeds

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("figures") / "run", diverged=[("leaky_relu", 3)])


def forest_of(run):
    summary = summarise(run)
    arms = list(summary.table["arm"])
    return figures.forest(summary.comparisons, summary.values, arms, summary.metric, summary.measure.unit)


def parsed(drawing: Drawing) -> ET.Element:
    return ET.fromstring(drawing.as_file)


def of_class(root, name):
    return [node for node in root.iter() if name in (node.get("class") or "").split()]


def scale_of(root, across=True) -> tuple[float, float]:
    """Pixels to numbers, from two of the axis' own ticks: slope and start."""
    [axes] = [node for node in root if node.get("aria-hidden")]
    words = [node for node in axes if node.tag == SVG + "text" and not node.get("transform")]
    words = [node for node in words if node.get("text-anchor") == ("middle" if across else "end")]
    ticks = []
    for node in words:
        try:
            ticks.append((float(node.get("x" if across else "y")) - (0 if across else 4), float(node.text)))
        except ValueError:  # the title
            continue
    (x0, v0), (x1, v1) = ticks[0], ticks[-1]
    return (v1 - v0) / (x1 - x0), v0 - x0 * (v1 - v0) / (x1 - x0)


def test_a_forest_has_each_seed_and_the_interval_where_they_are(run):
    root = parsed(forest_of(run))
    slope, start = scale_of(root)
    found = dict(rows_of(run, "SELECT activation || seed, test_metric FROM trials WHERE status = 'finished'"))
    expected = sorted(100 * (found[f"{arm}{s}"] - found[f"relu{s}"]) for arm in ("tanh", "leaky_relu")
                      for s in range(10) if f"{arm}{s}" in found)  # fmt: skip
    dots = sorted(start + slope * float(node.get("cx")) for node in of_class(root, "dot"))
    assert len(dots) == 19 and np.allclose(dots, expected, atol=abs(slope))
    drawn = [list(map(float, re.findall(r"-?[\d.]+", node.get("d")))) for node in of_class(root, "rule")]
    for item, (left, _, right) in zip(summarise(run).comparisons, drawn, strict=True):
        ends = [100 * item.low, 100 * item.high]
        assert np.allclose([start + slope * left, start + slope * right], ends, atol=abs(slope))
    [margin] = of_class(root, "shade")
    wide = abs(slope) * float(margin.get("width"))
    assert wide == pytest.approx(200 * summarise(run).comparisons[0].margin, abs=2 * abs(slope))


def test_a_forest_says_each_verdict_and_what_would_settle_it(run):
    words = [node.text for node in parsed(forest_of(run)).iter(SVG + "text")]
    for item in summarise(run).comparisons:
        [said] = [text for text in words if text.startswith(item.verdict)]
        assert item.name in words
        assert (more_seeds(item.further or 1) in said) == bool(item.further)
        assert (f"{item.diverged} of 10 diverged" in said) == bool(item.diverged)


def test_an_arm_far_away_does_not_squeeze_the_others(tmp_path):
    effects = {"relu": 0.0, "tanh": 0.001, "elu": -0.001, "sigmoid": -0.8}
    run = fake_run(tmp_path / "run", tuple(effects), effects=effects)
    root = parsed(forest_of(run))
    slope, start = scale_of(root)
    assert abs(start + slope * 440) < 5 and abs(start) < 5
    assert len(of_class(root, "dot")) == 20, "the far one is told in words"
    [far] = [item for item in summarise(run).comparisons if item.name == "sigmoid"]
    assert f"◄ {100 * far.difference:.2f} points" in [node.text for node in root.iter(SVG + "text")]


def test_curves_are_where_the_means_are(run):
    root = parsed(figures.curve_drawing(run, quantities(run)["accuracy"]))
    slope, start = scale_of(root, across=False)
    for name, part, kind in (("tanh", "valid", "valid"), ("leaky_relu", "train", "train")):
        [arm] = [node for node in root.iter() if node.get("data-arm") == name]
        [line] = [node for node in arm if (node.get("class") or "").split()[:1] == [kind]]
        drawn = np.array(re.findall(r"[ML]([\d.]+) ([\d.]+)", line.get("d")), float)
        query = (f"SELECT AVG({part}_metric) FROM curves JOIN trials USING (key) WHERE trials.activation = '{name}' "
                 "AND status = 'finished' GROUP BY epoch ORDER BY epoch")  # fmt: skip
        means = [100 * mean for (mean,) in rows_of(run, query)]
        assert np.allclose(start + slope * drawn[:, 1], means, atol=abs(slope))
        seeds = 9 if name == "leaky_relu" else 10
        singles = [node for node in of_class(arm, "seeds") for node in node if part[:5] in node.get("data-tip")]
        assert len(singles) == seeds
    assert [node.get("data-arm") for node in root.iter() if node.get("data-arm")] == ["relu", "tanh", "leaky_relu"]
    tips = [node.get("data-tip").split("\n") for node in of_class(root, "hit")]
    assert (
        len(tips) == 25 and tips[4][0] == "epoch 5" and [line.split("\t")[0] for line in tips[4][1:]] == run.activations
    )


def test_lines_that_lie_on_each_other_are_told(tmp_path):
    run = fake_run(tmp_path / "run", ("relu", "tanh"), seeds=3, epochs=5, effects={"relu": 0, "tanh": -0.02})
    quantity = quantities(run)["accuracy"]
    assert "lie on each other" not in figures.curves_said(run, quantity)
    for part in ("valid", "train"):
        assert "lie on each other" not in figures.curves_said(run, quantity), "one of two lines is no arm"
        run.curves[f"{part}_accuracy"] = run.curves.groupby("epoch")[f"{part}_accuracy"].transform("mean")
    assert "relu and tanh lie on each other." in figures.curves_said(run, quantity)


@pytest.mark.parametrize("case", [{"seeds": 1}, {"seeds": 2, "epochs": 1}, {"seeds": 2, "epochs": 2},
                                  {"diverged": [("tanh", s) for s in range(4)], "seeds": 4, "epochs": 3}])  # fmt: skip
def test_short_and_lost_runs_have_curves(tmp_path, case):
    run = fake_run(tmp_path / "run", **case)
    drawing = figures.curve_drawing(run, quantities(run)["loss"], legend=True)
    assert "nan" not in drawing.as_file.lower() and "inf" not in drawing.as_file
    assert len(of_class(parsed(drawing), "hit")) == case.get("epochs", 25)


def test_nothing_trained_has_nothing_to_draw(tmp_path):
    run = fake_run(tmp_path / "run", planned=30)
    assert figures.curve_drawing(run, quantities(run)["loss"]) is None and forest_of(run) is None


def test_looks_show_the_sequential_interval(tmp_path):
    run = fake_run(tmp_path / "run", ("relu", "tanh"), seeds=12, epochs=2, max_seeds=20)
    summary = summarise(run)
    drawing = figures.looks_drawing(summary, "tanh")
    tips = [node.get("data-tip") for node in of_class(parsed(drawing), "hit")]
    [item] = summary.comparisons
    unit = summary.measure.unit
    assert len(tips) == 8 and tips[0].startswith("5 seeds: ")
    assert (
        tips[-1]
        == f"12 seeds: {unit.difference(item.difference)} {unit.bracketed(item.low, item.high)}, {item.verdict}"
    )
    assert figures.looks_drawing(summarise(fake_run(tmp_path / "fixed", ("relu", "tanh"), seeds=12)), "tanh") is None


@pytest.mark.large
def test_a_drawing_is_a_picture_in_three_kinds_of_file(run, tmp_path):
    drawing = forest_of(run)
    for ending, begin in (("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF")):
        drawing.save(tmp_path / f"f.{ending}")
        assert (tmp_path / f"f.{ending}").read_bytes().startswith(begin)
    image = Image.open(io.BytesIO((tmp_path / "f.png").read_bytes()))
    assert image.size == (880, round(2 * drawing.height)) and image.getpixel((1, 1))[:3] == (255, 255, 255)
    assert (0x2B, 0x8C, 0xC4) not in {c[:3] for _, c in image.getcolors(1 << 20)}, "relu has no row"
    assert any(c[:3] == (0xD5, 0x5E, 0x00) for _, c in image.getcolors(1 << 20)), "tanh's own colour"
    assert "var(" not in drawing.as_file


def test_what_is_said_is_no_markup():
    nasty = '<script>alert("1")</script>&\n'
    assert ET.fromstring(text(1, 2, nasty)).text == nasty
    assert ET.fromstring(element("circle", data_tip=nasty)).get("data-tip") == nasty


@given(
    st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.booleans(), st.integers(2, 9)
)  # fmt: skip
def test_ticks_lie_within_and_are_few_and_round(low, span, is_log, most):
    low, high = (abs(low) + 1e-3, (abs(low) + 1e-3) * (1 + span)) if is_log else (low, low + span)
    if not high > low or (not is_log and high - low < 1e-9 * abs(high)):
        return
    scale = Scale(low, high, 0, 100, is_log)
    ticks = scale.ticks(most)
    room = 1e-6 * (high - low)
    assert all(low - room <= tick <= high + room for tick in ticks) and len(ticks) <= 3 * most + 3
    places = scale(np.array(ticks))
    assert np.all(np.diff(places) > 0) and (not len(places) or (places[0] > -0.1 and places[-1] < 100.1))
    if is_log and len(ticks) > 3:
        assert all(math.isclose(10 ** round(math.log10(t)), t, rel_tol=1e-9) or high / low < 101 for t in ticks)


def test_the_tutorials_page_has_both_runs_beside_each_other(tmp_path):
    runs = {name: fake_run(tmp_path / name, seeds=2, epochs=2, split="tutorial", has_test=False) for name in ("a", "b")}
    page = draw_tutorial("x < 1", runs, tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.count('class="drawing"') == 4 and "x &lt; 1" in page
    assert re.findall(r'href="([^"]*index.html)"', page) == ["a/report/index.html", "b/report/index.html"]
