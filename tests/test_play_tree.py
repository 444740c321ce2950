"""Trees in JavaScript: the same text as Python's."""

from formulas import FORMULAS
from javascript import ran, with_node

from actlab.formula import Node, parse

pytestmark = with_node


def told(node: Node) -> list:
    return [node.op, [told(part) for part in node.arguments], node.value]


BUILT = """
const { apply, number, name, text } = await import("./language/tree.js");
const built = ([op, parts, value]) =>
  op === "number" ? number(value) : op === "name" ? name(value) : apply(op, ...parts.map(built));
"""


def test_trees_have_pythons_text():
    trees = [parse(text) for text, _ in FORMULAS]
    assert ran(f"{BUILT} return data.map((one) => text(built(one)));", [told(tree) for tree in trees]) == [
        str(tree) for tree in trees
    ]


def test_numbers_cross_whole():
    data = {"a": [0.1, float("inf"), 5e-324, -1.5]}
    assert ran("return [data.a, 1 / 0, data.a[1] === Infinity];", data) == [data["a"], float("inf"), True]
