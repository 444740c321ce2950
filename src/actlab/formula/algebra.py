"""Building trees with the simplifications that one sees at a glance: nothing plus 0, nothing times 1."""

from actlab.formula.nodes import ARITHMETIC, TRUE, Apply, Node, Number

ZERO, ONE, TWO = Number(0), Number(1), Number(2)


def plus(left: Node, right: Node) -> Node:
    if left == ZERO:
        return right
    if right == ZERO:
        return left
    if right.op == "neg":
        return minus(left, right.arguments[0])
    if left.op == "neg":
        return minus(right, left.arguments[0])
    if right.op == "number" and right.value < 0:  # type: ignore[operator]
        return minus(left, -right)
    return _folded("+", left, right)


def minus(left: Node, right: Node) -> Node:
    if right == ZERO:
        return left
    if left == ZERO:
        return negative(right)
    if left == right:
        return ZERO
    if right.op == "neg":
        return plus(left, right.arguments[0])
    if right.op == "number" and right.value < 0:  # type: ignore[operator]
        return plus(left, -right)
    return _folded("-", left, right)


def negative(node: Node) -> Node:
    if node.op == "neg":
        return node.arguments[0]
    if node.op == "-":
        return minus(node.arguments[1], node.arguments[0])
    if node.op in "*/" and node.arguments[0].op == "number":
        return Apply(node.op, -node.arguments[0], node.arguments[1])
    return Apply("neg", node)


def times(left: Node, right: Node) -> Node:
    """The product; a number comes first, signs come out."""
    if ZERO in (left, right):
        return ZERO
    for one, other in ((left, right), (right, left)):
        if one == ONE:
            return other
        if one == -ONE:
            return negative(other)
    if left.op == "neg":
        return negative(times(left.arguments[0], right))
    if right.op == "neg":
        return negative(times(left, right.arguments[0]))
    if right.op == "number" and left.op != "number":
        left, right = right, left
    numbers = right.op == "*" and [part.op == "number" for part in right.arguments]
    if left.op == "number" and numbers == [True, False]:
        return times(_folded("*", left, right.arguments[0]), right.arguments[1])
    if right.op == "/" and right.arguments[0] == ONE:
        return over(left, right.arguments[1])
    return _folded("*", left, right)


def over(left: Node, right: Node) -> Node:
    if right == ZERO:  # undefined, and stays so
        return Apply("/", left, right)
    if left == ZERO:
        return ZERO
    if right == ONE:
        return left
    if left == right:
        return ONE
    if left.op == "neg":
        return negative(over(left.arguments[0], right))
    if left.op == right.op == "number":
        ratio = left.value / right.value  # type: ignore[operator]
        if ratio.is_integer():
            return Number(ratio)
    return Apply("/", left, right)


def power(base: Node, exponent: Node | float) -> Node:
    n = exponent if isinstance(exponent, Node) else Number(exponent)
    if n == ZERO:
        return ONE
    return base if n == ONE else Apply("**", base, n)


def piecewise(*arguments: Node) -> Node:
    """Value, condition, value, condition, ...; one value where all are the same."""
    same = len(set(arguments[::2])) == 1 and arguments[-1] == TRUE
    return arguments[0] if same else Apply("Piecewise", *arguments)


def _folded(op: str, left: Node, right: Node) -> Node:
    """Whole numbers are computed; other numbers would be rounded."""
    if left.op == right.op == "number" and isinstance(left.value, int) and isinstance(right.value, int):
        result = ARITHMETIC[op](left.value, right.value)
        if abs(result) < 2**53:
            return Number(result)
    return Apply(op, left, right)
