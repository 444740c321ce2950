"""Formulas as people write them, as machines do, and as nobody should: made by a grammar, and then spoiled."""

import random

from actlab import catalogue
from actlab.formula.grammar import FUNCTIONS
from actlab.formula.nodes import UNARY

NAMES = ("x", "x", "x", "x", "alpha", "beta", "pi", "e", "E", "a1", "True", "lambda", "y", "torch")
ODD_NUMBERS = (
    "0", "1", "2", "3", "0.5", "1e3", "1e-3", ".5", "2.", "1e308", "1e309", "1e-320", "9007199254740993", "64", "65",
    "1/3",
    "0.1", "123456789012345678901234567890", "1e-5", "-0", "1000",
)  # fmt: skip
_COMPARED = ("<", "<=", ">", ">=", "==", "!=")
_FOREIGN = (
    "torch.relu(x)", "lambda x: x", "x if x > 0 else 0", "x > 0 ? x : 0", "def f(x): return x", "x^2", "|x|", "2x",
    "x²",
    "√x", "np.maximum(x, 0)", "Math.exp(x)", "ReLU()(x)", "x.pow(2)", "F.gelu(x)", "[x]", "tanh x", "softmax(x)",
)  # fmt: skip
SEEDS = [
    "x*sigmoid(beta*x) where beta=1.5 learned", "Piecewise((x, x > 0), (alpha*(exp(x) - 1), True)) where alpha=1",
    "where(x > 0 and x < 1 or not x >= 3, x, -x)", "clip(x, -1, 1)", "max(x, 0, x/2) - min(x, 1)", "9**9**9", "x**64",
    "x**-64",
    "x**65", "((((x**64)**64)**64)**64)", "gelu(x) + elu(x, 2) + leaky_relu(x, negative_slope=0.2)",
    "softplus(x, 2, 30)",
    "And(Eq(x, 0), Not(Ne(x, 1)))", "where(Or(x > 1, x < -1), 0, 1)", "1e400*x", "1e-400*x", "x" * 1000, "(" * 100_000,
    "-" * 100_000 + "x", "x" + "+x" * 50_000, "exp(" * 100_000, "x*" * 1000, "x**" * 1000, "\u0445*2", "x where beta=1",
    "x*beta", "x*beta where beta=1e31", "x*beta where beta=1/0", "x*beta where beta=", "x where", "where where where",
    "",
    " ", "5", "tanh(" * 49 + "x" + ")" * 49, "x/0", "0/0*x", "log(-1)*x", "sin(1e308*x)", "exp(exp(exp(exp(x))))",
    *_FOREIGN,
]  # fmt: skip


def formula(chance: random.Random, depth: int = 0, odd: float = 0.05) -> str:
    """A value; mostly one that can be read: `odd` is the share of what cannot."""
    kind = chance.randrange(12)
    if depth > 4 or kind < 3:
        if chance.random() < 0.75:
            return chance.choice(NAMES if chance.random() < odd else ("x", "x", "x", "alpha", "beta", "pi", "e"))
        return chance.choice(ODD_NUMBERS if chance.random() < odd else ("0", "1", "2", "0.5", "3", "1e-3", ".1", "100"))
    one = formula(chance, depth + 1, odd)
    if kind < 7:
        other = formula(chance, depth + 1, odd)
        operator = chance.choice((" + ", " - ", "*", "/", "**"))
        if operator == "**" and chance.random() > odd:
            one, other = f"({one})", chance.choice(("2", "3", "0.5", "-1", "(1/3)", "64", "-2.5", "0"))
        text = f"{one}{operator if chance.random() > odd else chance.choice((' ', '^', '=='))}{other}"
        return f"({text})" if chance.random() < 0.6 else text
    if kind == 7:
        return "-" + one if chance.random() > odd else chance.choice(("+", "--", "not ", "!", "~")) + one
    if kind == 8:
        word = chance.choice(("where({1}, {0}, {2})", "Piecewise(({0}, {1}), ({2}, True))"))
        word = "Piecewise(({0}, {1}))" if chance.random() < odd else word
        return word.format(one, condition(chance, depth + 1, odd), formula(chance, depth + 1, odd))
    return call(chance, one, depth, odd)


def call(chance: random.Random, one: str, depth: int, odd: float) -> str:
    facts = catalogue.facts()
    name = chance.choice((*UNARY, "min", "max", "clip", *facts))
    if chance.random() < odd:
        name = chance.choice((*FUNCTIONS, "tahn", "softmax", "floor", "__import__", "eval"))
    count = 1 if name in UNARY else {"min": 2, "max": 2, "clip": 3}.get(name, 0)
    if chance.random() < odd:
        count = chance.randrange(4)
    given = [one, *(formula(chance, depth + 2, odd) for _ in range(count - 1))]
    if name in facts and name not in UNARY and chance.random() < 0.5:
        given += [f"{key}={chance.choice(('0.5', '2', '-1', '0', '1/3', 'beta'))}" for key in facts[name].parameters]
    return f"{name}({', '.join(given)})"


def condition(chance: random.Random, depth: int, odd: float) -> str:
    one = f"{formula(chance, depth + 1, odd)} {chance.choice(_COMPARED)} {formula(chance, depth + 1, odd)}"
    kind = chance.randrange(8)
    if kind > 3 or depth > 4:
        return one
    other = condition(chance, depth + 1, odd)
    return (f"{one} and {other}", f"not {other}", f"({one}) | ({other})", f"And({one}, {other})")[kind]


def text(chance: random.Random, odd: float | None = None) -> str:
    """A formula with values for its parameters, or without."""
    odd = chance.choice((0.0, 0.0, 0.02, 0.2)) if odd is None else odd
    made = formula(chance, 0, odd)
    if chance.random() < odd:
        made = chance.choice(_FOREIGN).replace("x", made)
    names = [name for name in ("alpha", "beta", "a1") if name in made or chance.random() < odd]
    if names and chance.random() > odd:
        numbers = ODD_NUMBERS if odd else ("1", "0.5", "-2", "1/3", "1e-3", "7.25", "0")
        values = [f"{name}={chance.choice(numbers)}{chance.choice(('', '', ' learned'))}" for name in names]
        made += f" where {', '.join(values)}"
    return made
