"""`actlab show --out`, `actlab list`, and functions of runs: drawings that hold what they should at their scale.

What a drawing says is read back from its SVG: its own ticks give the scale, its paths are followed piece by piece.
"""

import json
import re
import struct
import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from test_report import fake_run

from actlab import catalogue
from actlab.checks.explain.show import shown, sketches
from actlab.errors import UserError
from actlab.report.functions import alike, arms_of, fed, run_shapes, sketched
from actlab.report.shapes import card_drawing, draw_card, overview_drawing, run_drawings, shape_drawings
from actlab.report.svg import Frame

HOSTILE = "<script>alert(1)</script> $x$ \"'&\n" + "long" * 50


def drawn(*names):
    return sketches([shown(name) for name in names])


def pieces_of(d):
    """Of a path, for each stroke of the pen, the four points of each cubic piece; a straight line is one too."""
    strokes, end = [], np.zeros(2)
    for pen, numbers in re.findall("([MLC])([^MLC]*)", d):
        to = np.array(numbers.split(), float).reshape(-1, 2)
        if pen == "M":
            strokes.append([])
        else:
            strokes[-1].append([end, *(to if pen == "C" else (end + (to[0] - end) * n / 3 for n in (1, 2, 3)))])
        end = to[-1]
    return [np.array(pieces) for pieces in strokes]


def points_of(d):
    """Places along each stroke, 1/50 of a piece apart, and the ends of its pieces."""
    t = np.linspace(0, 1, 51)[:, None]
    weights = np.stack([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3])
    return [
        ((weights * pieces.transpose(1, 0, 2)[:, :, None].transpose(1, 0, 2, 3)).sum(axis=1).reshape(-1, 2),
         np.concatenate([pieces[:1, 0], pieces[:, 3]]))
        for pieces in pieces_of(d)
    ]  # fmt: skip


def far(points, line):
    """How far the points lie from a line through others."""
    a, b = line[:-1], line[1:]
    step = b - a
    size = np.maximum((step**2).sum(axis=1), 1e-12)
    found = []
    for point in points:
        t = np.clip(((point - a) * step).sum(axis=1) / size, 0, 1)
        found.append(np.sqrt((((a + t[:, None] * step) - point) ** 2).sum(axis=1).min()))
    return np.array(found)


class Panel:
    """One drawing, read back from its SVG."""

    def __init__(self, drawing):
        self.root = ElementTree.fromstring(drawing.__html__())
        soft = [text for text in self.root.iter("text") if text.get("class") == "soft"]
        ticks = {"middle": [], "end": []}
        for text in soft:
            if re.fullmatch(r"-?[\d.]+(e-?\d+)?", text.text):
                ticks[text.get("text-anchor")].append(
                    (float(text.get("x")), float(text.get("y")) - 4, float(text.text))
                )
        self.across = np.polyfit([x for x, _, _ in ticks["middle"]], [value for *_, value in ticks["middle"]], 1)
        self.up = np.polyfit([y for _, y, _ in ticks["end"]], [value for *_, value in ticks["end"]], 1)
        self.ticks = [value for *_, value in ticks["end"]]
        inner = list(self.root.iter("svg"))[1:]
        self.left, self.top, self.width, self.height = (
            float(inner[-1].get(name)) for name in ("x", "y", "width", "height")
        )
        self.right = self.left + self.width

    def at(self, places):
        """Pixels to numbers."""
        places = np.asarray(places, float).reshape(-1, 2)
        return np.column_stack([np.polyval(self.across, places[:, 0]), np.polyval(self.up, places[:, 1])])

    @property
    def curves(self):
        """Colour, width and strokes of each function."""
        groups = [g for g in self.root.iter("g") if "color:" in g.get("style", "")]
        return [
            (g.get("style").removeprefix("color:"), float(p.get("style").removeprefix("stroke-width:")),
             points_of(p.get("d")))
            for g in groups for p in g if (p.get("style") or "").startswith("stroke-width")
        ]  # fmt: skip

    def inside(self, points):
        return points[(points[:, 1] > self.top) & (points[:, 1] < self.top + self.height)]

    def circles(self, kind):
        found = [c for c in self.root.iter("circle") if c.get("class") == kind]
        return {tuple(self.at([float(c.get("cx")), float(c.get("cy"))])[0].round(1) + 0.0) for c in found}

    def spans(self, kind):
        """Left and right ends of rectangles."""
        found = [(float(r.get("x")), float(r.get("width"))) for r in self.root.iter("rect") if r.get("class") == kind]
        return {tuple(self.at([[x, 0], [x + wide, 0]])[:, 0].round(2) + 0.0) for x, wide in found}

    @property
    def dashed(self):
        found = [p.get("d") for p in self.root.iter("path") if "dashed" in (p.get("class") or "")]
        return {float(self.at(points_of(d)[0][1])[0, 0].round(1) + 0.0) for d in found}

    @property
    def tips(self):
        """x -> what is shown there."""
        said = [rect.get("data-tip") for rect in self.root.iter("rect") if rect.get("data-tip")]
        return {float(tip.partition("\n")[0].removeprefix("x = ")): tip.partition("\n")[2] for tip in said}


def panels(*names, **how):
    return [Panel(drawing) for drawing in shape_drawings(drawn(*names), **how).drawings]


def silu(x):
    s = 1 / (1 + np.exp(-x))
    return x * s, s * (1 + x * (1 - s)), s * (1 - s) * (2 + x * (1 - 2 * s))


def test_the_three_panels_are_f_and_its_derivatives():
    for place, panel in enumerate(panels("silu")):
        [(_, _, [(dense, _)])] = panel.curves
        x, y = panel.at(dense).T
        assert x[0] == pytest.approx(-5, abs=0.02) and x[-1] == pytest.approx(5, abs=0.02)
        assert np.abs(y - silu(x)[place]).max() < 0.4 * abs(panel.up[0]), "in pixels; its ticks are rounded too"


NASTY = {
    "sine": (lambda x: np.sin(20 * x), ()),
    "grows": (np.exp, ()),
    "corner": (np.abs, (0.0,)),
    "saw": (lambda x: 4 * np.abs(x - np.round(x)), (*np.arange(-5, 5.5, 0.5),)),
    "pole": (lambda x: np.where(np.abs(x) > 1e-9, 1 / np.where(x, x, 1), np.nan), ()),
    "step": (lambda x: np.where(x == 0, np.nan, np.sign(x)), ()),
    "steep": (lambda x: np.tanh(200 * x), ()),
    "noise": (lambda x: np.random.default_rng(1).standard_normal(len(x)), ()),
    "root": (lambda x: np.sqrt(np.where(x >= 0, x, np.nan)), ()),
    "flat": (np.zeros_like, ()),
}


@pytest.mark.parametrize("name", NASTY)
def test_cubic_pieces_are_never_off_by_more_than_a_third_of_a_pixel(name):
    f, corners = NASTY[name]
    x = np.linspace(-5, 5, 1601)
    frame = Frame.of(440, 300, (-5, 5), (-3, 5))
    y = f(x)
    d = ElementTree.fromstring(frame.smooth(x, y)).get("d")
    known = np.isfinite(y)
    runs = [run for run in np.split(np.arange(len(x)), np.flatnonzero(np.diff(known)) + 1) if known[run[0]]]
    strokes = points_of(d)
    assert len(strokes) == len(runs), "broken where there is no value, nowhere else"
    for (dense, ends), run in zip(strokes, runs, strict=True):
        samples = np.column_stack([frame.x(x[run]), frame.y(y[run])])
        seen = samples[(samples[:, 1] > frame.y.end) & (samples[:, 1] < frame.y.start)]
        assert far(seen[:: 1 + len(seen) // 500], dense).max() < 0.3
        within = dense[(dense[:, 1] > frame.y.end) & (dense[:, 1] < frame.y.start)]
        assert far(within[:: 1 + len(within) // 500], samples).max() < 0.3
        for corner in corners:
            assert np.abs(ends[:, 0] - frame.x.at(corner)).min() < 0.1, "a piece ends at a corner"


@pytest.mark.large
def test_the_whole_catalogue_is_drawn_as_it_is():
    for name in catalogue.facts():
        (sketch,) = drawn(name)
        for panel, y in zip(panels(name), (sketch.value, sketch.slope, sketch.curvature), strict=True):
            [(_, _, strokes)] = panel.curves
            left, down = (sketch.x - panel.across[1]) / panel.across[0], (y - panel.up[1]) / panel.up[0]
            samples = panel.inside(np.column_stack([left, down])[np.isfinite(y)])[::5]
            lines = [far(samples, dense) for dense, _ in strokes if len(dense) > 1]
            assert np.min(lines, axis=0).max(initial=0) < 0.4, name


def test_a_smooth_function_has_no_visible_corner():
    for name in ("sigmoid", "gelu"):
        for drawing in shape_drawings(drawn(name)).drawings:
            (d,) = [path.get("d") for path in Panel(drawing).root.iter("path") if "width" in (path.get("style") or "")]
            (pieces,) = pieces_of(d)
            arrives, leaves = pieces[:-1, 3] - pieces[:-1, 2], pieces[1:, 1] - pieces[1:, 0]
            turn = np.degrees(np.arctan2(arrives[:, 1], arrives[:, 0]) - np.arctan2(leaves[:, 1], leaves[:, 0]))
            assert np.abs(turn).max() < 3, "as a polygon of 12 sides it turned by 10 degrees and more"


def test_kinks_and_vanishing_regions_are_marked():
    f, slope, curvature = panels("hardtanh")
    assert f.dashed == slope.dashed == {-1.0, 1.0}
    assert f.circles("fill") == {(-1, -1), (1, 1)} and f.circles("ring") == set()
    assert slope.circles("fill") == {(-1, 0), (1, 0)}, "0 is taken"
    assert slope.circles("ring") == {(-1, 1), (1, 1)}, "1 is not"
    assert curvature.circles("fill") == set() and curvature.circles("ring") == {(-1, 0), (1, 0)}
    assert f.spans("shade") == {(-5.0, -1.0), (1.0, 5.0)}
    assert [len(strokes) for _, _, strokes in (f.curves[0], slope.curves[0])] == [1, 3], "broken where it jumps"


def test_several_have_a_colour_each_bars_and_no_dashes():
    f, slope, _ = panels("relu", "gelu", "tanh")
    colours, widths, _ = zip(*f.curves, strict=True)
    assert len(set(colours)) == 3 and list(widths) == sorted(widths, reverse=True) and len(set(widths)) == 3
    assert f.dashed == set() and f.spans("shade") == set() and f.spans("fill") == set()
    bars = slope.spans("fill")
    assert {(-5.0, 0.0), (-5.0, -1.82), (1.82, 5.0)} <= bars, "relu's and tanh's"
    assert min(slope.ticks) <= 0 and slope.up[0] < 0


def test_a_flat_line_and_infinite_values_have_limits():
    for name in ("identity", "heaviside", "torch:reciprocal"):
        for panel in panels(name):
            bottom, top = panel.at([[0, panel.top + panel.height], [0, panel.top]])[:, 1]
            assert np.isfinite(panel.ticks).all() and bottom < 0 < top and len(panel.ticks) > 2
            numbers = [float(n) for e in panel.root.iter() for key in ("d", "cx", "cy", "y", "x")
                       for n in re.findall(r"-?[\d.]+", e.get(key) or "")]  # fmt: skip
            assert np.abs(numbers).max() < 2_000, "nothing lies so far outside that a renderer gives up"
            assert any(len(panel.inside(dense)) > 20 for _, _, strokes in panel.curves for dense, _ in strokes)


def test_values_beside_the_mouse():
    for place, panel in enumerate(panels("silu", "relu")):
        assert len(panel.tips) > 60
        for x, said in panel.tips.items():
            own, other = (line.split("\t") for line in said.split("\n"))
            assert (own[0], other[0]) == ("silu", "relu")
            assert float(own[1]) == pytest.approx(silu(np.array(x))[place], rel=2e-3, abs=1e-5)
        hits = [(float(r.get("x")), float(r.get("width"))) for r in panel.root.iter("rect") if r.get("class") == "hit"]
        lefts, ends = [x for x, _ in hits[1:]], [x + wide for x, wide in hits[:-1]]
        np.testing.assert_allclose(lefts, ends, atol=1e-6, err_msg="nowhere between two of them")
        said = panel.tips[0.0].split("\n")[1]
        assert said == f"relu\t{('0', '0', '–')[place]}", "at a kink what is taken there"


def test_what_is_the_same_is_said():
    assert alike(drawn("relu", "leaky_relu")) == "relu and leaky_relu are the same for x > 0."
    assert (
        alike(drawn("relu", "tanh", "elu", "leaky_relu")).count("relu, elu and leaky_relu are the same for x > 0") == 1
    )
    assert alike(drawn("silu", "gelu", "tanh")) == "" == alike(drawn("relu"))
    assert alike(drawn("silu", "x*sigmoid(x)")).endswith("are the same everywhere.")
    assert alike(drawn("gelu", "gelu_tanh")) == "gelu and gelu_tanh lie on each other."
    assert alike(drawn("hardtanh", "identity")) == "hardtanh and identity are the same for -1 < x < 1."


FORMATS = [("png", b"\x89PNG"), ("svg", b"<svg"), ("pdf", b"%PDF"), ("html", b"<!doctype html>")]


@pytest.mark.parametrize(("ending", "start"), FORMATS)
def test_files(tmp_path, ending, start):
    sketched = drawn("relu", "tanh")
    one, two = (draw_card(sketched, tmp_path / f"{n}.{ending}").read_bytes() for n in (1, 2))
    assert one.startswith(start)
    drawing = card_drawing(sketched)
    if ending == "png":
        assert struct.unpack(">II", one[16:24]) == (round(2 * drawing.width), round(2 * drawing.height))
    if ending == "pdf":
        left, bottom, right, top = map(float, re.search(rb"/MediaBox\s*\[([^\]]*)\]", one)[1].split())
        assert (right - left) / (top - bottom) == pytest.approx(drawing.width / drawing.height, rel=0.01)
    else:
        assert one == two, "the same picture twice is the same file"
    assert len(one) < 400_000


def test_refused_files(tmp_path):
    with pytest.raises(UserError, match=r"must end with \.svg, \.png, \.pdf or \.html"):
        draw_card(drawn("relu"), tmp_path / "card.jpg")
    with pytest.raises(UserError, match="There is no folder"):
        draw_card(drawn("relu"), tmp_path / "nowhere" / "card.png")


def test_a_label_is_shown_as_it_is_and_runs_nothing(tmp_path):
    one, two = drawn("tanh", "relu")
    object.__setattr__(one, "label", HOSTILE)
    page = draw_card([one, two], tmp_path / "card.html").read_text(encoding="utf-8")
    outside = re.sub(r"<script>\n.*?</script>", "", page, flags=re.DOTALL)
    assert "&lt;script&gt;alert(1)" in outside and "<script>alert" not in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"'](?!data:)", page)
    for picture in (card_drawing([one]), card_drawing([one, two]), overview_drawing([one, two])):
        root = ElementTree.fromstring(picture.__html__())
        assert any((text.text or "").startswith("<script>alert(1)</scr") for text in root.iter("text"))
        assert list(root.iter("script")) == [] and "<script" not in picture.as_file
    panel = Panel(shape_drawings([one, two]).drawings[0])
    assert all(said.startswith(HOSTILE.replace("\n", " ") + "\t") for said in panel.tips.values())


def test_a_card_has_a_title_or_a_legend_and_a_note():
    one = [text.text for text in ElementTree.fromstring(card_drawing(drawn("relu")).__html__()).iter("text")]
    assert one[0] == "relu" and any("Dashed: a kink." in text for text in one)
    two = ElementTree.fromstring(card_drawing(drawn("relu", "elu")).__html__())
    words = " ".join(text.text for text in two.iter("text"))
    assert "Bars: |f'| < 0.1" in words and "relu and elu are the same for x > 0." in words
    dots = [c.get("style") for c in two[0] if c.tag == "circle"]
    lines = {g.get("style") for g in two.iter("g") if "color:" in (g.get("style") or "")}
    assert len(set(dots)) == 2 and set(dots) == lines


def test_an_overview_has_a_panel_each():
    names = ["relu", "gelu", "tanh", "silu", "elu"]
    drawing = overview_drawing(drawn(*names))
    root = ElementTree.fromstring(drawing.__html__())
    assert [text.text for text in root.iter("text") if text.get("class") == "title"] == names
    dashed = [path for path in root.iter("path") if path.get("class") == "train"]
    assert len(dashed) == 5 and drawing.width / drawing.height == pytest.approx(4 * 230 / (2 * 190))


# a run's functions: samples instead of functions

SAMPLED = ["relu", "leaky_relu(0.2)", "hardtanh", "hardswish", "softshrink", "elu", "tanh", "absolute", "snake"]


@pytest.mark.parametrize("name", SAMPLED)
def test_kinks_are_found_in_samples(name):
    item, x = shown(name), np.linspace(-6, 6, 601)
    value, slope = (f(x).astype(np.float32).astype(float) for f in (item.value, item.slope))
    (known,) = sketches([item])
    found = sketched(name, x.astype(np.float32).astype(float), value, slope)
    np.testing.assert_allclose(found.kinks, known.kinks, atol=1e-5)
    smooth = np.isfinite(known.curvature) & np.isfinite(np.interp(known.x, found.x, found.curvature))
    for kink, *_ in known.kinks:
        smooth &= np.abs(known.x - kink) > 0.03
    gap = np.abs(np.interp(known.x, found.x, found.curvature) - known.curvature)[smooth]
    assert np.quantile(gap, 0.99) < 2e-3 and (found.curvature[np.abs(found.x) > 5.5] < 5).all()
    inner = [ends for ends in found.vanishing if ends[0] > -5 and ends[1] < 5]
    np.testing.assert_allclose(inner, [e for e in known.vanishing if e[0] > -5 and e[1] < 5], atol=0.021)


def test_one_sided_limits_are_those_of_the_samples_beside_them():
    x = np.linspace(-6, 6, 601).astype(np.float32).astype(float)
    for at in (0.0, 0.0137):  # at a sample, and between two
        below = x <= at
        value = np.where(below, np.exp(x - at), 1 + (x - at) ** 2 - 3 * (x - at))
        slope = np.where(below, np.exp(x - at), 2 * (x - at) - 3)
        found = sketched("f", x, value, slope)
        [(kink, *taken)] = found.kinks
        here = int(np.flatnonzero(found.x == kink)[0])
        assert kink == pytest.approx(at, abs=1e-4) and (taken == [1, 1] or np.isnan(taken).all())
        np.testing.assert_allclose(found.value[[here - 1, here, here + 1]], 1, atol=2e-5 if at == 0 else 1e-3)
        np.testing.assert_allclose(found.slope[[here - 1, here + 1]], [1, -3], atol=1e-3)
        np.testing.assert_allclose(found.curvature[[here - 1, here + 1]], [1, 2], atol=0.03)


def test_nothing_is_said_of_what_no_sample_shows():
    """A jump between two samples has no value; of an older run, whose x is only near, none is known."""
    x = np.linspace(-6, 6, 601).astype(np.float32).astype(float)
    jump = sketched("step", x, (x > 0.013) * 1.0, np.zeros(601))
    [(at, *taken)] = jump.kinks
    assert 0 < at < 0.02 and np.isnan(taken).all()
    for panel in [Panel(drawing) for drawing in shape_drawings([jump]).drawings[:2]]:
        assert panel.circles("ring") == panel.circles("fill") == set() and len(panel.dashed) == 1
    near = np.linspace(-6, 6, 601)
    older = sketched("relu", near, np.maximum(near + 1.3e-7, 0), (near + 1.3e-7 > 0) * 1.0)
    [(at, *taken)] = older.kinks
    assert abs(at) < 1e-5 and np.isnan(taken).all()
    f, slope, _ = (Panel(drawing) for drawing in shape_drawings([older]).drawings)
    assert f.tips[0.0] == "relu\t0" and slope.tips[0.0] == "relu\t–" and slope.circles("fill") == set()
    assert slope.spans("shade") == {(-6.0, 0.0)}


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "gelu", "sin(5*x)", "exp(-x**2)"])
def test_what_is_smooth_has_no_kink(name):
    item, x = shown(name), np.linspace(-6, 6, 601)
    assert sketched(name, x, item.value(x), item.slope(x)).kinks == ()


def test_what_training_fed_is_summed_over_layers_and_seeds():
    def counts(**bins):
        found = np.zeros(67, "<u4")
        for place, n in bins.items():
            found[int(place[1:])] = n
        return found

    rows = [
        ("a", "relu", 0, 1, counts(_3=100)),  # the start: not the last epoch
        ("a", "relu", 4, 1, counts(_30=6, _64=1)),
        ("a", "relu", 4, 2, counts(_31=2, _66=50)),  # NaN is left out
        ("b", "relu", 4, 1, counts(_30=1)),
        ("c", "relu/tanh", 2, 1, counts(_40=5)),
        ("c", "relu/tanh", 2, 2, counts(_41=7)),
        ("d", "elu", 1, 1, counts(_66=9)),
    ]
    frame = pd.DataFrame(rows, columns=["key", "activation", "epoch", "layer", "histogram"])
    found = fed(SimpleNamespace(inside=frame))
    assert set(found) == {"relu", "tanh"}
    edges, shares = found["relu"]
    assert len(edges) == 65 and edges[0] == -8 and edges[-1] == 8
    expected = np.zeros(64)
    expected[[30, 31, 40]] = np.array([7, 2, 5]) / 15
    np.testing.assert_allclose(shares, expected)
    assert found["tanh"][1][41] == 1


def test_histograms_stand_behind_f_and_its_slope():
    edges = np.linspace(-8, 8, 65)
    shares = {name: np.zeros(64) for name in ("relu", "tanh")}
    shares["relu"][[32, 33, 60]] = 0.5, 0.2, 0.3  # the last lies outside the picture
    shares["tanh"][[20]] = 0.25
    shapes = shape_drawings(drawn("relu", "tanh"), {name: (edges, found) for name, found in shares.items()})
    assert (
        "the highest bar, 0.25 wide, has 50% of them" in shapes.caption and "Up to 75% lie outside." in shapes.caption
    )
    for place, drawing in enumerate(shapes.drawings):
        panel = Panel(drawing)
        bands = [path.get("d").rstrip("Z") for path in panel.root.iter("path") if path.get("class") == "band"]
        assert len(bands) == (2, 2, 0)[place]
        for d, found in zip(bands, shares.values(), strict=False):
            [(dense, _)] = points_of(d)
            foot = dense[:, 1].max()
            for bin_ in (20, 32, 33, 40):
                middle = (edges[bin_] + 0.125 - panel.across[1]) / panel.across[0]
                height = foot - dense[np.abs(dense[:, 0] - middle) < 1, 1].min()
                assert height == pytest.approx(0.4 * panel.height * found[bin_] / 0.5, abs=0.2)
    assert "Behind" not in shape_drawings(drawn("relu", "tanh")).caption


def test_a_function_is_hidden_with_the_arm_that_is_made_of_it_alone(tmp_path):
    run = fake_run(tmp_path / "run", ("relu", "tanh"), seeds=2, epochs=3, weight_decay=(0.0,))
    assert arms_of(run) == {"relu": "relu", "tanh": "tanh"}
    several = fake_run(tmp_path / "several", ("relu", "tanh"), seeds=2, epochs=3, weight_decay=(0.0, 0.1))
    assert arms_of(several) == {}, "two arms each"
    panel = Panel(shape_drawings(drawn("relu", "tanh"), arms={"relu": "relu, 1"}).drawings[0])
    assert {g.get("data-arm") for g in panel.root.iter("g")} - {None} == {"relu, 1"}
    assert panel.tips[0.5] == "relu, 1\t0.5\ntanh: 0.4621"


def test_a_run_is_drawn_from_what_it_keeps(tmp_path):
    run = fake_run(tmp_path / "run", ("relu", "tanh", "relu/tanh"), seeds=2, epochs=3)
    names = [sketch.label for sketch in run_shapes(run)]
    shapes = run_drawings(run)
    assert set(shapes.tint) == set(names) >= {"relu", "tanh"}
    samples = run.artefact("functions")
    for place, part in enumerate(("f", "df")):
        panel = Panel(shapes.drawings[place])
        curves = {colour: strokes for colour, _, strokes in panel.curves}
        for name in ("relu", "tanh"):
            dense = panel.inside(np.concatenate([dense for dense, _ in curves[shapes.tint[name]]]))
            x, y = panel.at(dense).T
            steady = np.abs(x) > 0.05  # relu's slope jumps between two samples
            expected = np.interp(x, samples["x"], samples[f"{part}/{name}"])
            assert np.abs(y - expected)[steady].max() < 0.5 * abs(panel.up[0])
    empty = SimpleNamespace(
        artefact=lambda name: {}, trials=run.trials, experiment=run.experiment, activations=run.activations
    )
    assert run_drawings(empty) is None


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
