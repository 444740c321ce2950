"""The language of formulas in JavaScript: trees, refusals, derivatives, steps and blocks, word for word as Python's."""

import functools
import re

import pytest
from formulas import FORMULAS
from hypothesis import HealthCheck, given, settings, strategies as st
from javascript import ran, with_node
from test_formula import WRONG
from wrong_formulas import EDGES, REFUSED, REFUSED_CLAUSES

from actlab import catalogue
from actlab.errors import UserError
from actlab.formula import differentiate, parse, read
from actlab.formula.nodes import UNARY
from actlab.making import code
from actlab.making.floats.forms import Forms, forms
from actlab.making.symbolic import steps

pytestmark = with_node

CATALOGUE = catalogue.facts().values()
RIGHT = [text for text, _ in FORMULAS] + [fact.formula for fact in CATALOGUE] + EDGES

# formulas as texts, at random

SPACES = st.sampled_from(["", "", "", " ", "  ", "\t", "\n", "\u00a0"])
PLAIN = ["0", "1", "2", "3", "10", "0.5", ".25", "1.", "1e3", "2.5e-7", "1e22", "0.1", "9007199254740993", "1e-320"]
NUMBERS = st.sampled_from(PLAIN) | st.floats(0, 1e9, allow_nan=False).map(repr)
ATOMS = st.sampled_from(["x", "x", "x", "beta", "gamma_2", "pi", "e", "E"]) | NUMBERS
WORDS = st.sampled_from([*UNARY, "Abs", "ln", "arctan", "logistic"])
SIGNS = st.sampled_from("+-*/")
COMPARED = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def joined(*parts):
    """The parts with spaces between them."""
    spaced = [one for part in parts for one in (SPACES, st.just(part) if isinstance(part, str) else part)]
    return st.tuples(*spaced, SPACES).map("".join)


def conditions(values):
    simple = joined("(", values, COMPARED, values, ")")
    named = joined(st.sampled_from(["Gt", "Le", "Eq", "Ne"]), "(", values, ",", values, ")")
    one = simple | named | joined("(", values, "<", values, "<=", values, ")")
    both = joined(one, st.sampled_from([" and ", " or ", "&", "|"]), one)
    return one | both | joined("not ", one) | joined("And(", one, ",", one, ")") | joined("Not(", one, ")")


def called(values):
    """Calls of the catalogue's functions, with parameters by place and by name."""

    def call(fact):
        names = list(fact.parameters)
        word = st.sampled_from([fact.name, fact.name.upper(), *fact.aliases])
        value = st.sampled_from(["1", "2", "0.5", "-1", "beta", "1/3"])
        by_place = joined(word, "(", values, *(part for _ in names[:2] for part in (",", value)), ")")
        by_name = joined(word, "(", values, *(part for name in names[-2:] for part in (",", f"{name}=", value)), ")")
        return joined(word, "(", values, ")") | by_place | by_name

    return st.sampled_from(list(CATALOGUE)).flatmap(call)


def larger(values):
    holds = conditions(values)
    return (
        joined("(", values, SIGNS, values, ")")
        | joined(values, SIGNS, values)
        | joined(WORDS, "(", values, ")")
        | joined("-", values)
        | joined("(", values, ")", "**", st.sampled_from(["2", "3", "-1", "0.5", "(1/2)", "-2"]))
        | joined(st.sampled_from(["min", "max", "Max"]), "(", values, ",", values, ")")
        | joined("clip(", values, ",", "-1", ",", "beta", ")")
        | joined("where", "(", holds, ",", values, ",", values, ")")
        | joined("Piecewise((", values, ",", holds, "),(", values, ",", holds, "),(", values, ",", "True))")
        | called(values)
    )


FORMULA = st.recursive(ATOMS, larger, max_leaves=8)
CLAUSE = st.sampled_from(
    ["", "", " where beta=1.5", "where beta=1/3 learned, gamma_2 = -2e-5", " where gamma_2=0*-1,beta=1e22 learned"]
)
WHOLE = st.tuples(FORMULA, CLAUSE).map("".join)

# what both know: Unicode's newest characters are letters in the one and nothing yet in the other
LETTERS = st.text(st.characters(max_codepoint=0x2FFF, exclude_categories=("Cn", "Cs")), max_size=40)
STRAY = st.text(
    "x0123456789.+-*/()<>=,&|^ beta_expiwhrPcs\n\t'\"[]{}:;\\$@!~#?%`\u00e9\u03b2\u00a0\u2028\u00d7\U0001f600"
)


@st.composite
def mutated(draw):
    """A right formula with a few wrong keys struck."""
    text = draw(st.sampled_from(RIGHT) | WHOLE)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(text) - 1, 0)))
        text = draw(
            st.sampled_from(
                [
                    text[:at] + text[at + 1 :],
                    text[:at] + text[at : at + 2][::-1] + text[at + 2 :],
                    text[:at] + text[at : at + 1] + text[at:],
                    text[:at] + draw(STRAY.filter(bool))[:1] + text[at:],
                    text[:at] + text[at + 4 :],
                    text[:at],
                ]
            )
        )
    return text


# how both are asked


def pythons(ask, text):
    """What Python says: the tree's text, or the words of the refusal (without its picture) and where."""
    try:
        return [ask(text), None, None]
    except UserError as error:
        words = str(error).partition("\n    ")[0]
        found = re.match(r"At (?:character (\d+)|the end)", words)
        at = None if found is None else int(found[1]) - 1 if found[1] else len(text)
        return [None, words, None if at is None else len(text[:at].encode("utf-16-le")) // 2]  # JavaScript's places


ASKED = """
const { Refusal, parse } = await import("./language/parse.js");
const { read, readingText, parameterValue } = await import("./language/clause.js");
const { text } = await import("./language/tree.js");
const told = (ask) => (given) => {
  try { return [ask(given), null, null]; }
  catch (error) { if (error instanceof Refusal) return [null, error.message, error.at]; throw error; }
};
"""


def same(ask, javascript, texts):
    """Both say the same of all these texts. Positions are held by `trees`: in a clause Python counts from its part."""
    found = ran(f"{ASKED} return data.map(told((given) => {javascript}));", texts)
    for text, theirs in zip(texts, found, strict=True):
        ours = pythons(ask, text)
        assert theirs[:2] == ours[:2], text
        assert theirs[2] == ours[2] or "read" in javascript, text
    return found


trees = functools.partial(same, lambda text: str(parse(text)), "text(parse(given))")
readings = functools.partial(same, lambda text: str(read(text)), "readingText(read(given))")


def drawn(texts, count):
    """That many texts, one by one: the two languages then meet once for all of them."""
    found = []

    @settings(
        max_examples=count, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(texts)
    def keep(text):
        found.append(text)

    keep()
    return found


# trees


def test_formulas_are_the_same_trees():
    found = trees(RIGHT)
    assert all(text for text, *_ in found)


# refusals


def test_refusals_have_pythons_words_and_position():
    found = trees([text for text, *_ in WRONG] + REFUSED)
    assert sum(words is not None for _, words, _ in found) > 120
    found = readings(REFUSED_CLAUSES)
    assert sum(words is not None for _, words, _ in found) > 30


def test_what_mends_a_refusal_keeps_the_rest():
    texts = ["torch.relu(a*x) where a=2", "x^2", "2x", "sin x", "X*tanh(X)", "a*x", "a*b*x where a=2", "x;x", "x*x y"]
    code = f"{ASKED} return data.map((one) => {{ try {{ read(one); }} catch (error) {{ return error.mend; }} }});"
    wanted = [
        "relu(a*x) where a=2",
        "x**2",
        "2*x",
        "sin(x)",
        "x*tanh(x)",
        "a*x where a=1",
        "a*b*x where a=2, b=1",
        "",
        "",
    ]
    assert ran(code, texts) == wanted


def test_right_clauses_read_the_same():
    texts = [
        "x * sigmoid( beta*x )  where beta = 1.5 learned",
        "x*beta where beta=1/3",
        "x*a*b where b=-2e-5 learned, a=1e22",
        "x*beta where beta=0*-1",
        "x*beta\u00a0where\u00a0beta\u00a0=\u00a01\u00a0learned\u00a0",
        "where(x > 0, x, a)where a=1e16",
        "x*constructor*toString where constructor=1, toString=2 learned",
        "x*a where a=9007199254740992",
        "x*B*a where B=1,a=2",
        "x",
        "x + 1\u2003",
    ]
    assert all(text for text, *_ in readings(texts))


def test_a_refusal_in_a_clause_points_into_the_whole_text():
    text = "x*beta where beta=1, gamma=2"
    code = f"{ASKED} try {{ read(data); }} catch (error) {{ return data.slice(error.at, error.at + error.length); }}"
    assert ran(code, text) == " gamma=2"
    assert ran(code, "x*beta where beta=1 + $") == "$"


def test_values_and_what_is_learned_come_from_outside_too():
    code = f"{ASKED} return readingText(read(data, {{ b: 2, c: 3, constructor: 4 }}, ['b', 'c']));"
    assert ran(code, "x*a*b where a=1, b=1") == str(read("x*a*b where a=1, b=1", {"b": 2, "c": 3}, ["b", "c"]))


# derivatives, steps and blocks

DERIVED = """
const { differentiate } = await import("./language/derivative.js");
const { parse } = await import("./language/parse.js");
const { read } = await import("./language/clause.js");
const { steps } = await import("./language/steps.js");
const { block } = await import("./language/python.js");
const { names, text } = await import("./language/tree.js");
"""


def derivatives(texts):
    """Both have the same derivatives, with respect to x and to each parameter."""
    found = ran(
        f"{DERIVED} return data.map(parse).map((tree) => ['x', ...names(tree)].map((wrt) => "
        "text(differentiate(tree, wrt))));",
        texts,
    )
    for text, theirs in zip(texts, found, strict=True):
        node = parse(text)
        assert theirs == [str(differentiate(node, wrt)) for wrt in ("x", *sorted(node.names))], text


def right(texts):
    """Those that Python reads."""
    return [text for text in texts if pythons(parse, text)[0] is not None]


def test_derivatives_are_pythons():
    derivatives(RIGHT + [f"{name}(x*sin(beta*x))" for name in UNARY])


def test_steps_are_pythons():
    found = ran(f"{DERIVED} return data.map((one) => steps(parse(one)));", RIGHT)
    assert found == [steps(parse(text)) for text in RIGHT]
    learned = "x*sigmoid(beta*x)**2"
    assert ran(f"{DERIVED} return steps(parse(data), 'beta');", learned) == steps(parse(learned), "beta")


FORMS = """
const given = data.map(({ reading, value, slopes, ...other }) => block({
  ...other,
  reading: read(reading),
  value: parse(value, { limited: false }),
  slopes: Object.fromEntries(slopes.map(([wrt, one]) => [wrt, parse(one, { limited: false })])),
}));
return given;
"""


def blocks(cases):
    """Both print the same block of (reading, value, slopes, kinks, name)."""
    data, ours = [], []
    for reading, value, slopes, kinks, name in cases:
        told = {wrt: str(node) for wrt, node in slopes.items()}.items()
        data.append(
            {"reading": str(reading), "value": str(value), "slopes": list(told), "kinks": list(kinks), "name": name}
        )
        ours.append(code.block(reading, Forms(value, slopes), kinks, name))
    for asked, theirs, block in zip(data, ran(DERIVED + FORMS, data), ours, strict=True):
        assert theirs == block, asked


def plain(text, kinks=(), name="formula"):
    """A formula with its plain derivatives."""
    reading = read(text)
    slopes = {wrt: differentiate(reading.node, wrt) for wrt in ("x", *reading.parameters)}
    return reading, reading.node, slopes, kinks, name


def valued(text, value=1.5):
    """A formula with a value for each parameter."""
    names = sorted(parse(text).names)
    return f"{text} where {', '.join(f'{name}={value}' for name in names)}" if names else text


def test_blocks_are_pythons():
    named = [f"parameter_{i}" for i in range(9)]
    cases = [plain(valued(text)) for text in RIGHT]
    cases += [
        plain("x*a where a=1e-5 learned", (0.0,), "wavy"),
        plain("abs(x - 2) + x*b + c where b=2 learned, c=-1e20 learned", (-1.5, 2.0, "b/c"), "two_kinks"),
        plain(f"x*{'*'.join(named)} where {', '.join(f'{name}=1' for name in named)}"),
    ]
    blocks(cases)


def test_blocks_of_sound_forms_are_pythons():
    found = [(read(text), forms(read(text).node, read(text).parameters)) for text in SOUND]
    blocks([(reading, form.value, form.derivatives, (), "formula") for reading, form in found])


SOUND = ["x*tanh(log(1 + exp(x)))", "x*sigmoid(beta*x) where beta=1.5 learned"]

# at random


def test_random_formulas_and_mistakes_are_the_same():
    formulas = drawn(WHOLE, 60)
    readings(formulas + drawn(mutated(), 80))
    derivatives(right(formulas))


@pytest.mark.large
def test_many_formulas_and_mistakes_are_the_same():
    formulas = drawn(FORMULA, 1500)
    trees(formulas)
    texts = drawn(mutated() | LETTERS | STRAY, 2500)
    trees(texts)
    readings(texts)
    derivatives(right(formulas))
    blocks([plain(valued(text)) for text in right(formulas) if "x" in parse(text).symbols])
