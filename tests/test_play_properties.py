"""What the playground measures of a function, beside what Python measures of the same."""

import math

import numpy as np
import pytest
import torch
from formulas import FORMULAS
from javascript import ran, with_node

from actlab import catalogue
from actlab.checks.explain.show import shown
from actlab.checks.properties.measure import properties
from actlab.checks.properties.places import vanishing, widest
from actlab.formula import edges, read

pytestmark = with_node

MEASURED = """
const { properties } = await import("./properties/properties.js");
const many = (one) => (xs, out) => { for (let n = 0; n < xs.length; n++) out[n] = one(xs[n]); };
const closures = (value, slope, kinks) => ({ values: many(value), slopes: many(slope), kinks });
"""
NUMBERS = {
    "mean": "mean",
    "second": "second",
    "slopeSecond": "slope_second",
    "gain": "gain",
    "chi": "chi",
    "atZero": "at_zero",
    "lipschitz": "lipschitz",
}
WORDS = {
    "depth": "depth",
    "zeroCentred": "zero_centred",
    "bounded": "bounded",
    "monotone": "monotone",
    "strictly": "strictly",
    "parity": "parity",
    "moreFixedPoints": "more_fixed_points",
    "moreVanishing": "more_vanishing",
    "moreUndefined": "more_undefined",
}
PLACES = {"fixedPoints": "fixed_points", "vanishing": "vanishing", "undefined": "undefined"}

# f, f' and kinks, as both languages have them
BOTH = {
    "relu": ("Math.max(x, 0)", "Number(x > 0)", [0.0], lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
    "tanh": ("Math.tanh(x)", "1 - Math.tanh(x) ** 2", [], np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "waves": (
        "Math.sin(30 * x)", "30 * Math.cos(30 * x)", [],
        lambda x: np.sin(30 * x), lambda x: 30 * np.cos(30 * x),
    ),
    "snake": (
        "x + Math.sin(x) ** 2", "1 + Math.sin(2 * x)", [],
        lambda x: x + np.sin(x) ** 2, lambda x: 1 + np.sin(2 * x),
    ),
    "square": ("x * x", "2 * x", [0.0], np.square, lambda x: 2 * x),
    "cube": ("x ** 3", "3 * x * x", [], lambda x: x**3, lambda x: 3 * x * x),
    "fall": ("-Math.atan(x)", "-1 / (1 + x * x)", [], lambda x: -np.arctan(x), lambda x: -1 / (1 + x * x)),
    "pole": ("1 / (x - 1)", "-1 / (x - 1) ** 2", [], lambda x: 1 / (x - 1), lambda x: -1 / (x - 1) ** 2),
    "even pole": (
        "1 / (x - 0.3) ** 2", "-2 / (x - 0.3) ** 3", [],
        lambda x: 1 / (x - 0.3) ** 2, lambda x: -2 / (x - 0.3) ** 3,
    ),
    "poles": ("Math.tan(x)", "1 / Math.cos(x) ** 2", [], np.tan, lambda x: 1 / np.cos(x) ** 2),
    "one side": (
        "Math.max(1 / x, 0)", "x > 0 ? -1 / x ** 2 : 0", [0.0],
        lambda x: np.maximum(1 / x, 0), lambda x: np.where(x > 0, -1 / x**2, 0),
    ),
    "essential": (
        "Math.exp(-1 / x)", "Math.exp(-1 / x) / x ** 2", [],
        lambda x: np.exp(-1 / x), lambda x: np.exp(-1 / x) / x**2,
    ),
    "gap": (
        "x / (Math.exp(x) - 1)", "(Math.exp(x) - 1 - x * Math.exp(x)) / (Math.exp(x) - 1) ** 2", [],
        lambda x: x / (np.exp(x) - 1), lambda x: (np.exp(x) - 1 - x * np.exp(x)) / (np.exp(x) - 1) ** 2,
    ),
    "cusp": (
        "Math.sqrt(Math.abs(x))", "Math.sign(x) * 0.5 / Math.sqrt(Math.abs(x))", [0.0],
        lambda x: np.sqrt(np.abs(x)), lambda x: np.sign(x) * 0.5 / np.sqrt(np.abs(x)),
    ),
    "log pole": (
        "Math.log(Math.abs(x - 1))", "1 / (x - 1)", [1.0],
        lambda x: np.log(np.abs(x - 1)), lambda x: 1 / (x - 1),
    ),
    "half": ("Math.log(x)", "1 / x", [], np.log, lambda x: 1 / x),
    "entropy": ("x * Math.log(x)", "1 + Math.log(x)", [], lambda x: x * np.log(x), lambda x: 1 + np.log(x)),
    "trembling": (
        "Math.sin(1 / x)", "-Math.cos(1 / x) / x ** 2", [],
        lambda x: np.sin(1 / x), lambda x: -np.cos(1 / x) / x**2,
    ),
    "tails": (
        "Math.exp(x * x)", "2 * x * Math.exp(x * x)", [],
        lambda x: np.exp(x * x), lambda x: 2 * x * np.exp(x * x),
    ),
    "root": ("Math.sqrt(x)", "0.5 / Math.sqrt(x)", [0.0], np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "nowhere": ("NaN", "NaN", [], lambda x: x * np.nan, lambda x: x * np.nan),
    "two": ("2", "0", [], lambda x: 0 * x + 2, np.zeros_like),
    "power": ("Math.exp(x)", "Math.exp(x)", [], np.exp, np.exp),
    "bell": (
        "Math.exp(-x * x)", "-2 * x * Math.exp(-x * x)", [],
        lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x),
    ),
    "shrink": (
        "Math.abs(x) > 0.5 ? x : 0", "Number(Math.abs(x) > 0.5)", [-0.5, 0.5],
        lambda x: np.where(np.abs(x) > 0.5, x, 0), lambda x: (np.abs(x) > 0.5) * 1.0,
    ),
    "clip": (
        "Math.min(Math.max(x, -1), 1)", "Number(Math.abs(x) < 1)", [-1.0, 1.0],
        lambda x: np.clip(x, -1, 1), lambda x: (np.abs(x) < 1) * 1.0,
    ),
    "stair": ("Math.floor(x)", "0", [float(n) for n in range(-14, 15)], np.floor, np.zeros_like),
    "bend": (
        "x > 0 ? 2 * x : x", "x > 0 ? 2 : 1", [0.0, 3.0],
        lambda x: np.where(x > 0, 2 * x, x), lambda x: np.where(x > 0, 2.0, 1.0),
    ),
}  # fmt: skip


def where_defined(f, slope):
    return lambda x: np.where(np.isnan(f(x)), np.nan, slope(x))


def differences(found, python, slope):
    """Where what JavaScript measured is other than Python's; and the largest difference of a number."""
    wrong, largest = [], 0.0

    def beside(key, ours, theirs, room=1e-9):
        nonlocal largest
        if ours == theirs or (math.isnan(ours) and math.isnan(theirs)):
            return
        gap = abs(ours - theirs) / max(1, abs(theirs))
        if not gap <= room:
            wrong.append((key, ours, theirs))
        elif key in NUMBERS:
            largest = max(largest, gap)

    for key, name in NUMBERS.items():
        beside(key, found[key], getattr(python, name))
    beside("lipschitzAt", abs(found["lipschitzAt"]), abs(python.lipschitz_at), 1e-6)  # either side, where f' is even
    for key, name in WORDS.items():
        if found[key] != getattr(python, name):
            wrong.append((key, found[key], getattr(python, name)))
    for key in ("lowest", "highest"):
        end = getattr(python, key)
        beside(key, found[key]["value"], end.value)
        beside(f"{key} at", found[key]["at"], end.at, 1e-6)
        if found[key]["taken"] != end.taken:
            wrong.append((key, found[key], end))
    steep, more = widest(vanishing(lambda x: 1 / np.asarray(slope(x), dtype=np.float64)))
    if python.undefined or any(kink.steep for kink in python.kinks):  # around which the grid is too wide
        ends = np.concatenate([*found["exploding"], []])
        steep, more = found["exploding"], found["moreExploding"]
        inner = [end for end in ends if abs(end) < 50 and not any(end in gap for gap in python.undefined)]
        assert np.abs(slope(np.array(inner))) == pytest.approx(np.full(len(inner), 10), rel=1e-4)
    regions = {key: getattr(python, name) for key, name in PLACES.items()} | {"exploding": steep}
    if found["moreExploding"] != more:
        wrong.append(("moreExploding", found["moreExploding"], more))
    for key, theirs in regions.items():
        ours, flat = found[key], [list(one) if isinstance(one, tuple) else one for one in theirs]
        if [np.ndim(one) for one in ours] != [np.ndim(one) for one in flat]:
            wrong.append((key, ours, flat))
            continue
        for one, other in zip(map(np.atleast_1d, ours), map(np.atleast_1d, flat), strict=True):
            for end, known in zip(one.tolist(), other.tolist(), strict=True):
                beside(key, end, known, 1e-7)  # where f' lies flat, the last digits of a place are rounding's
    ours = [(kink["x"], kink["jump"], kink["pole"], kink["steep"]) for kink in found["kinks"]]
    if ours != [(kink.x, kink.jump, kink.pole, kink.steep) for kink in python.kinks]:
        wrong.append(("kinks", found["kinks"], python.kinks))
    return wrong, largest


@np.errstate(all="ignore")
def test_functions_written_in_both_languages():
    written = ", ".join(f"closures((x) => {f}, (x) => {slope}, {bends})" for f, slope, bends, *_ in BOTH.values())
    found = ran(f"{MEASURED} return [{written}].map(properties);")
    for (name, (*_, bends, f, slope)), ours in zip(BOTH.items(), found, strict=True):
        assert differences(ours, properties(f, slope, bends), where_defined(f, slope))[0] == [], name
    told = {
        name: [(kink["value"], kink["left"], kink["right"]) for kink in ours["kinks"]]
        for name, ours in zip(BOTH, found, strict=True)
    }
    assert told["relu"] == [(0, 0, 1)] and told["bend"] == [(0, 1, 2)] and told["square"] == []
    assert told["shrink"] == [(0, 1, 0), (0, 0, 1)]
    assert found[list(BOTH).index("cube")]["exploding"] == [
        [-math.inf, pytest.approx(-math.sqrt(10 / 3))],
        [pytest.approx(math.sqrt(10 / 3)), math.inf],
    ]


SAID = """
const { made, understood } = await import("./numbers/functions.js");
const { properties } = await import("./properties/properties.js");
const { sentences } = await import("./curves/words.js");
const { lostIn, regionsIn, sampled } = await import("./curves/sampling.js");
"""
TRUE_OF = {
    "exp(-1/x)": (["from 0 to inf, with a pole at 0.", "mean is infinite", "no gain keeps it"], ["NaN"]),
    "x/(exp(x) - 1)": (["is undefined at 0; elsewhere it runs from 0 to inf, decreasing"], ["NaN", "explodes"]),
    "1/x": (["-inf to inf, with a pole at 0.", "mean does not exist", "mean square is infinite (no gain"], ["kink"]),
    "tan(x)": (["with poles at -1.57, 1.57", "and in 29 more places"], ["kink", "vanishes"]),
    "exp(x**2)": (["mean is infinite", "that of its slope is infinite"], ["e+"]),
    "sqrt(abs(x))": (
        ["slope -inf on its left, inf on its right", "explodes", "-0.0025 to 0.0025", "slope is infinite"],
        [],
    ),
    "log(x)": (
        ["is undefined for x < 0; elsewhere", "vanishes (|f′| < 0.1) at x > 10.", "at 0 to 0.1."],
        ["digits", "NaN"],
    ),
    "x**0.5": (["is undefined for x < 0; elsewhere it runs from 0 to inf, increasing"], ["digits", "NaN"]),
    "x*log(x)": (["is undefined for x < 0; elsewhere it runs from -0.368 to inf"], ["digits", "NaN", "x <  0.1"]),
    "sqrt(1 - x**2)": (["is undefined for x < -1 and x > 1; elsewhere it runs from 0 to 1"], ["digits", "e-8"]),
    "log(-1 - x**2)": (["is undefined for every x."], ["vanishes"]),
    "sin(1/x)": (["x < -3.08", "x > 3.08", "and in 16 more places", "slope is infinite"], ["slope NaN"]),
    "x*sin(x)": (["-0.05 to 0.05", "and in 29 more places"], ["kink at"]),
    "relu(1/x)": (["with a pole at 0."], ["e-20", "jump"]),
    "log(abs(x))": (["with a pole at 0."], ["kink at", "1e6"]),
    "exp(exp(x))/exp(exp(x))": ([], ["undefined"]),  # NaN, since its parts overflow
}


def test_what_is_said_is_true_of_poles_gaps_and_infinite_moments():
    found = ran(
        f"{SAID} return data.map((text) => {{ const curve = made(understood(text));"
        ' return sentences(text, properties(curve), lostIn(curve, -5, 8)).filter(Boolean).join("\\n"); });',
        list(TRUE_OF),
    )
    for text, words in zip(TRUE_OF, found, strict=True):
        wanted, unwanted = TRUE_OF[text]
        assert not [one for one in wanted if one not in words] + [one for one in unwanted if one in words], words


def test_what_is_drawn_and_shaded():
    """f' of log is drawn where log is; regions of the shown range are those of the samples, however narrow."""
    log, wave = ran(
        f"{SAID} return ['log(x)', 'sin(1/x)'].map((text) => {{ const curve = made(understood(text));"
        " return { ...regionsIn(curve, -4, 4, 800), slopes: sampled(curve, 1, -4, 4, 800) }; });"
    )
    assert log["none"] == [[-4, pytest.approx(-0.005)]] and log["flat"] == []
    xs, ys = np.array(log["slopes"]["xs"]), np.array(log["slopes"]["ys"])
    assert np.isnan(ys[xs < 0]).all() and np.isfinite(ys[xs > 0]).all()
    xs = np.linspace(-4, 4, 801)
    with np.errstate(all="ignore"):
        slope = np.where(xs == 0, np.nan, np.cos(1 / xs) / xs**2)
    for key, holds in (("flat", np.abs(slope) < 0.1), ("steep", np.abs(slope) > 10)):
        inside = np.array([any(low < x < high for low, high in wave[key]) for x in xs])
        assert (inside == holds)[(xs != 0) & (np.abs(xs) < 4)].all(), key


def test_moments_that_do_not_exist_leave_depth_undecided():
    depth = ran(
        f"{SAID} const {{ depthOf, gradientInWords }} = await import('./properties/depth.js');"
        " return ['1/x', 'sqrt(abs(x))', 'log(x)'].map((text) => { const curve = made(understood(text));"
        " const { isKept, factor } = depthOf(curve, 5, 'gain');"
        " return [isKept, gradientInWords(factor), properties(curve).depth]; });"
    )
    assert [kept for kept, *_ in depth] == [False, True, False]
    assert all("undecided" in words and word == "undecided" for _, words, word in depth)


def test_nodes_and_weights():
    counts = [1, 2, 5, 16]
    found = ran('const { legendre } = await import("./properties/moments.js"); return data.map(legendre);', counts)
    for count, one in zip(counts, found, strict=True):
        nodes, weights = np.polynomial.legendre.leggauss(count)
        np.testing.assert_allclose(one["nodes"], nodes, atol=3e-16)
        np.testing.assert_allclose(one["weights"], weights, rtol=1e-14)


DEEP = (
    MEASURED
    + """
const { depthOf, gradientInWords } = await import("./properties/depth.js");
const found = (curve, layers, start, width) => {
  const one = depthOf(curve, layers, start, width);
  return { ...one, words: gradientInWords(one.factor) };
};
const relu = closures((x) => Math.max(x, 0), (x) => Number(x > 0), [0]);
const tanh = closures(Math.tanh, (x) => 1 - Math.tanh(x) ** 2, []);
"""
)


def test_depth_of_relu_in_closed_form():
    """E relu(sqrt(q) z)^2 is q/2, E relu'^2 is 1/2: PyTorch's weights, of variance 1/3, leave 1/6 a layer."""
    torchs, gains, own, one = ran(
        f'{DEEP} return [[30, "pytorch"], [30, "gain"], [4, 3], [1, "pytorch"]].map((how) => found(relu, ...how));'
    )
    assert torchs["signals"] == pytest.approx([6 ** (-layer / 2) for layer in range(1, 31)], rel=1e-9)
    assert torchs["gradients"] == pytest.approx([6 ** ((layer - 30) / 2) for layer in range(1, 31)], rel=1e-9)
    assert torchs["factor"] == pytest.approx(1 / math.sqrt(6)) and torchs["words"].endswith("size by 0.408.")
    assert gains["signals"] == pytest.approx([math.sqrt(0.5)] * 30) and gains["gradients"] == pytest.approx([1] * 30)
    assert gains["words"] == "Each layer keeps the gradient's size."
    assert own["signals"] == pytest.approx([math.sqrt(0.5 * 4.5**n) for n in range(4)])
    assert one["gradients"] == [1] and one["factor"] == pytest.approx(1 / math.sqrt(6))


def test_depth_where_sizes_leave_the_floats():
    """Signals of x^2 and exp run to 0 or to infinity within a few layers: said, and never an endless loop."""
    square, power = ran(
        f"{DEEP} return [closures((x) => x * x, (x) => 2 * x, []), closures(Math.exp, Math.exp, [])]"
        f'.map((curve) => found(curve, 30, "pytorch"));'
    )
    assert square["signals"][-1] == 0 and square["gradients"][0] == 0 and "size by 0." in square["words"]
    assert not math.isfinite(power["signals"][-1]) or power["signals"][-1] > 1
    assert "undecided" in power["words"] or "size by" in power["words"]


@pytest.mark.large
@pytest.mark.parametrize("start", ["pytorch", "gain"])
def test_depth_of_a_wide_network(start):
    """2000 units a layer, as PyTorch draws them or with the gain: sizes are those of the limit within 5%."""
    layers, width = 12, 2000
    found, gain = ran(
        f'{DEEP} const {{ properties: measured }} = await import("./properties/properties.js");'
        f'return [found(tanh, {layers}, "{start}", {width}), measured(tanh).gain];'
    )
    torch.manual_seed(0)
    x, met, signals = torch.randn(200, width), [], []
    for layer in range(layers):
        one = torch.nn.Linear(width, width)
        if start == "gain":
            torch.nn.init.normal_(one.weight, std=(gain if layer else 1) / math.sqrt(width))
            torch.nn.init.zeros_(one.bias)
        met.append(one(x).detach().requires_grad_() if layer == 0 else one(x))
        met[-1].retain_grad()
        x = torch.tanh(met[-1])
        signals.append(x.square().mean().sqrt().item())
    (x * torch.randn_like(x)).sum().backward()
    gradients = [z.grad.square().mean().sqrt().item() for z in met]
    assert found["signals"] == pytest.approx(signals, rel=0.05)
    assert found["gradients"] == pytest.approx([one / gradients[-1] for one in gradients], rel=0.05)


READINGS = [read(text, parameters) for text, parameters in FORMULAS]
CURVES = """
const { made, understood } = await import("./numbers/functions.js");
const { properties } = await import("./properties/properties.js");
const measured = (text) => {
  const curve = made(understood(text));
  return { ...properties(curve), form: curve.form };
};
"""
# What is other of the plain form, which the page has of what is typed, than of the sound one: nan far out, digits lost.
PLAIN = {
    "x*exp(x)/(1 + exp(x))": {"bounded", "highest"},
    "(x + sqrt(x**2 + 4))/2": {"monotone", "strictly"},
    "sqrt(log(1 + exp(x)))": {"lipschitz", "lipschitzAt", "lowest", "lowest at", "vanishing", "exploding"},
}


@np.errstate(all="ignore")
def same_properties(names, readings):
    """All that is measured is Python's; returns the largest difference of a number."""
    texts, worst = [*names, *map(str, readings)], 0.0
    found = ran(f"{CURVES} return data.map(measured);", texts)
    for text, one, reading in zip(texts, found, [None] * len(names) + readings, strict=True):
        wanted = shown(text)
        python = wanted.measured if reading is None else properties(wanted.value, wanted.slope, edges(reading))
        wrong, largest = differences(one, python, where_defined(wanted.value, wanted.slope))
        assert one["form"] == ("sound" if reading is None else "plain")
        assert {key for key, *_ in wrong} == PLAIN.get(text, set()), (text, wrong)
        worst = max(worst, largest)
    return worst


def test_some_of_the_catalogue_and_some_formulas():
    assert same_properties(["leaky_relu", "gelu", "hardshrink"], READINGS[-6:-5]) < 1e-9


@pytest.mark.large
def test_the_whole_catalogue_and_all_formulas():
    worst = same_properties(list(catalogue.facts()), READINGS)
    assert len(catalogue.facts()) == 81 and len(READINGS) == 53
    print(f"134 functions, largest difference of a number {worst:.1e}")
    assert worst < 1e-9


def same_edges(readings):
    """Each place within the last digits that doubles leave, in the same order."""
    found = ran(
        'const { edges } = await import("./numbers/breaks.js"), { read } = await import("./language/clause.js");'
        "return data.map((text) => edges(read(text)));",
        [str(reading) for reading in readings],
    )
    for reading, places in zip(readings, found, strict=True):
        assert places == pytest.approx(edges(reading), abs=1e-12), str(reading)


def test_kinks_of_some_formulas():
    more = [
        "max(x, x**2 - 1)",
        "abs(x - 1/3)*x",
        "sign(x**2 - 2)",
        "abs(x**2)",
        "relu(1/x)",
        "abs(1/x - 2)",
        "where(x < pi, 1, x) + relu(x + 7)",
    ]
    same_edges([*(read(text) for text in more), *READINGS[-16::8]])


@pytest.mark.large
def test_kinks_of_all_formulas():
    same_edges([*READINGS, *(read(fact.formula, fact.parameters) for fact in catalogue.facts().values())])
