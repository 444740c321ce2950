"""Any text as a formula: read, written again, read again; where it is plain arithmetic Python agrees with the tree."""

import math
import operator
import random
import re

from studies.fuzz import written_formulas

from actlab.formula import clause
from actlab.formula.grammar import LARGEST
from actlab.formula.nodes import Node

TITLE = "any text read as a formula: a tree that is written and read again, or one line"
MODULES = ("formula/grammar.py", "formula/clause.py", "formula/nodes.py", "formula/notation.py", "errors.py")
SEEDS = written_formulas.SEEDS
SECONDS, BYTES = 1.0, 2**28
MENDED: tuple[str, ...] = (
    "e**2 that arises where a formula of the catalogue is filled in with e is exp(2), as it is when it is written",
    "an error echoed the whole of a formula or of what stands behind where, with its control characters and lines",
    "a formula's tokens took time by the square of its length",
)

_ARITHMETIC = re.compile(r"[0-9x+*/(). -]*")
_INTEGER = re.compile(r"(?<![\w.])(\d+\.?\d*|\.\d+)")
_OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow}


def make(chance: random.Random) -> str:
    return written_formulas.text(chance)


def run(text: str) -> None:
    reading = clause.read(text)
    assert reading.node.size <= LARGEST, f"a tree of {reading.node.size} parts"
    again = clause.read(str(reading))
    assert again == reading, f"{reading} is read as {again}"
    if _ARITHMETIC.fullmatch(text):
        _as_python(text, reading.node)


def _as_python(text: str, node: Node) -> None:
    """Python's own grammar says what plain arithmetic means."""
    code = _INTEGER.sub(lambda match: repr(float(match[0])), " ".join(text.split()))
    for x in (1.7, -0.3):
        try:
            with_python = eval(code, {"x": x})  # of digits, x and signs alone
            ours = _value(node, x)
        except (ArithmeticError, ValueError):
            continue
        if isinstance(with_python, complex) or isinstance(ours, complex):
            continue
        close = math.isclose(with_python, ours, rel_tol=1e-9, abs_tol=1e-12)
        assert close or not math.isfinite(with_python), f"{with_python} by Python, {ours} by the tree"


def _value(node: Node, x: float) -> float:
    if node.op == "number":
        return float(node.value)
    if node.op == "name":
        return x
    values = [_value(part, x) for part in node.arguments]
    return -values[0] if node.op == "neg" else _OPERATORS[node.op](*values)
