"""The playground where people are hard on it: odd parameters, what is steep or far out, broken addresses."""

import math

import pytest
from javascript import ran, with_node

from actlab.checks.properties.measure import properties

pytestmark = with_node

SAID = """
const { measureFunction } = await import("./measures.js"), { sentences } = await import("./curves/words.js");
return data.map((text) => {
  const found = measureFunction({ text, low: -6, high: 6 });
  return { ...found, words: sentences(text, found, found.lost).filter(Boolean) };
});
"""


def test_kinks_of_other_parameters_and_far_out():
    """elu has a kink unless alpha is 1; a formula may have its only one at 40; what overflows has none."""
    kinks = {
        "elu": [],
        "elu(0.5)": [0],
        "elu(-1)": [0],
        "hardtanh(-2, 3)": [-2, 3],
        "softplus(0)": [],
        "leaky_relu(1)": [],
        "max(0, x - 40)": [40],
        "max(x, -100)": [-100],
        "where(x > 30, 1, 0)": [30],
    }
    for (text, places), found in zip(kinks.items(), ran(SAID, list(kinks)), strict=True):
        assert [kink["x"] for kink in found["kinks"]] == pytest.approx(places), text


@pytest.mark.large
def test_kinks_are_at_most_500_and_the_nearest():
    kinks = (
        'const { made, understood } = await import("./numbers/functions.js");'
        "return data.map((text) => made(understood(text)).kinks);"
    )
    many = "+".join(f"sign(sin({n}*x))" for n in (40, 39, 38, 37, 31))
    alone, found = ran(kinks, ["where(x == 1, 5, x)", many])
    assert alone == [1] and 100 < len(found) <= 500 and found == sorted(found)
    assert min(found, key=abs) == 0 and max(map(abs, found)) < 20


def test_means_of_what_is_steep_beside_0():
    """In closed form: E f'^2 of tanh(ax), a large, is 4a/3 of the density at 0; exp(-ax^2) by Gauss's integral."""
    density = 1 / math.sqrt(2 * math.pi)
    steep, bell, large, plain, level = ran(
        SAID, ["tanh(1e6*x)", "exp(-x**2*1e8)", "1e10*tanh(x)", "(1 - cos(x))/x**2", "1e-16*x"]
    )
    assert steep["slopeSecond"] == pytest.approx(4e6 / 3 * density, rel=1e-4) and steep["second"] == pytest.approx(1)
    assert bell["mean"] == pytest.approx(1 / math.sqrt(1 + 2e8), rel=1e-8)
    assert bell["second"] == pytest.approx(1 / math.sqrt(1 + 4e8), rel=1e-8)
    assert large["mean"] == 0
    assert plain["slopeSecond"] == pytest.approx(0.00483, rel=1e-2)  # digits that cancel beside 0 count for nothing
    assert level["second"] == pytest.approx(1e-32)
    assert properties(lambda x: 1e10 * x, lambda x: 0 * x + 1e10).mean == 0


@pytest.mark.large
def test_no_pole_where_a_grid_misses_an_oscillation_and_no_range_of_lost_digits():
    waves, sums, ramps = ran(SAID, ["sin(exp(x))", "(1 + x) - x", "relu(x) + relu(x - 1) - 2*relu(x - 2)"])
    assert waves["kinks"] == [] and (waves["lowest"]["value"], waves["highest"]["value"]) == (-1, 1)
    assert (sums["lowest"]["value"], sums["highest"]["value"], sums["monotone"]) == (1, 1, "constant")
    assert (ramps["highest"]["value"], ramps["monotone"]) == (3, "increasing")


WORDS = {
    "softplus(0)": "softplus(0) is a finite number for no x.",
    "exp(x)": "Its gradient vanishes (|f′| < 0.1) at x < -2.3. Its gradient explodes (|f′| > 10) at x > 2.3.",
    "snake(0)": "snake(0) is undefined for every x.",
    "1e200*x*1e200": "1e200*x*1e200 runs from -inf to inf, without a kink.",
    "x**0.5": "x**0.5 is undefined for x < 0; elsewhere it runs from 0 to inf, increasing, without a kink.",
    "sin(1e3*x)": "so many more places that not all are found.",
}


@pytest.mark.large
def test_what_is_said_of_what_is_hardly_a_function():
    for (text, words), found in zip(WORDS.items(), ran(SAID, list(WORDS)), strict=True):
        said = " ".join(found["words"])
        assert words in said and "NaN" not in said and "-0 " not in said, text


def test_depth_whose_product_is_no_double():
    factor = ran(
        'const { measureDepth } = await import("./measures.js");'
        'return measureDepth({ text: "x + 1e16", layers: 30, starts: ["gain"] })[0].factor;'
    )
    assert factor == pytest.approx(1e-16)


@pytest.mark.large
def test_a_jump_is_not_judged_within_a_rounding_of_it():
    judged = 'const { judgeFunction } = await import("./judging/verdict.js");'
    texts = ["where(x > pi, x, 2*x)", "sign(x - 0.3)*x", "where(x > 0.1, x, where(x > 0.05, 0, x))"]
    found = ran(f"{judged} return data.map((text) => judgeFunction({{ text }}, () => {{}}).findings);", texts)
    assert [[one for one in findings if one["kind"] == "digits"] for findings in found] == [[], [], []]


def test_addresses_of_nothing_and_of_much():
    read = 'const { fromHash } = await import("./page/state.js");'
    fields = "{ f: { default: 1, read: (words) => words.length < 3 ? words : undefined, write: String } }"
    told = ran(
        f"{read} return data.map((hash) => fromHash(hash, {fields}));",
        ["#v=1" + "&" * 15000, "#v=1&f=2&&f=3&", "#v=1" + "&g=1" * 100, "#v=1&__proto__=1&constructor=2"],
    )
    assert [one["values"]["f"] for one in told] == [1, "3", 1, 1]
    assert told[0]["told"] == told[1]["told"] == ""
    assert told[2]["told"].count("g") == 12 and "88 more could not be read" in told[2]["told"]
    assert "__proto__, constructor could not be read" in told[3]["told"]


@pytest.mark.large
def test_a_form_that_breaks_far_out_is_still_the_function_that_it_is():
    """exp(x^2) is beyond a double from 26.7 on: beyond 25 what is no number is a broken tail, not another function."""
    judged = 'const { judgeFunction } = await import("./judging/verdict.js");'
    texts = ["tanh(x)*exp(x**2)/exp(x**2)", "tanh(x)*exp(x**2 + 150)/exp(x**2 + 150)"]
    broken, other = ran(
        f"{judged} return data.map((text) => judgeFunction({{ text }}, () => {{}}).identity.kind);", texts
    )
    assert (broken, other) == ("equals", "nearest")


def test_a_picture_has_a_little_room_above_and_below():
    code = (
        'const { heightOf } = await import("./curves/sampling.js"); return data.map((ys) => heightOf([{ ys }], -6, 6));'
    )
    found = ran(code, [[-1, 0, 1], [2, 3], [5, 1e9, -math.inf], [math.nan], [7, 7]])
    assert found[0] == pytest.approx([-1.12, 1.12]) and found[1] == pytest.approx([-0.18, 3.18])
    assert found[2] == pytest.approx([-0.36, 6.36]) and found[3] == [-1, 1] and found[4][0] < found[4][1]


def test_numbers_of_an_address_have_limits():
    least_most = {
        "steps": (10, 20000), "batch": (1, 400), "seed": (0, 999999), "rate": (1e-5, 1000), "noise": (0, 0.5),
    }  # fmt: skip
    odd = ["", "nan", "inf", "-1", "1e999", "0x10", "9007199254740992", "1,2", "٣", "1.5.2"]
    asked = {key: [*map(str, ends), *odd] for key, ends in least_most.items()}
    code = 'const { TRAIN_FIELDS } = await import("./trainer/train_fields.js");'
    read = "Object.entries(data).map(([key, texts]) => texts.map((text) => TRAIN_FIELDS[key].read(text) ?? null))"
    for (key, (least, most)), got in zip(least_most.items(), ran(f"{code} return {read};", asked), strict=True):
        assert got == [least, most] + [None] * len(odd), key
        beyond = [str(least / 2 if key == "rate" else least - 1), str(2 * most)]
        (found,) = ran(f"{code} return {read};", {key: beyond})
        assert found == [None, None], key
