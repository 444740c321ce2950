"""Derivatives of trees by the chain rule, piece by piece where a function has pieces."""

from actlab.formula.algebra import ONE, TWO, ZERO, minus, negative, over, piecewise, plus, power, times
from actlab.formula.nodes import PI, TRUE, Apply, Node, Number, pieces, postorder


def differentiate(node: Node, wrt: str = "x") -> Node:
    """The derivative with respect to x or a parameter. At a kink it is one between the one-sided limits.

    >>> from actlab.formula import parse
    >>> str(differentiate(parse("x*sigmoid(beta*x)"), "beta"))
    'x*(sigmoid(beta*x)*sigmoid(-(beta*x))*x)'
    """
    done: dict[Node, Node] = {}
    for part in postorder(node):
        if not part.is_condition:
            done[part] = _derivative(part, wrt, done)
    return done[node]


def _derivative(node: Node, wrt: str, done: dict[Node, Node]) -> Node:
    if wrt not in node.symbols:
        return ZERO
    if node.op == "name":
        return ONE
    if node.op == "Piecewise":
        return piecewise(*(part for value, condition in pieces(node) for part in (done[value], condition)))
    inner = node.arguments[0]
    if node.op == "neg":
        return negative(done[inner])
    if node.op in ("min", "max"):
        return _extreme(node, wrt, done)
    if node.op not in ("+", "-", "*", "/"):
        return times(outer(node), done[inner])
    u, v = node.arguments
    du, dv = done[u], done[v]
    if node.op == "+":
        return plus(du, dv)
    if node.op == "-":
        return minus(du, dv)
    if node.op == "*":
        return plus(times(du, v), times(u, dv))
    return over(minus(du, times(node, dv)), v)  # (u' - f v')/v: no square of v that overflows


def _extreme(node: Node, wrt: str, done: dict[Node, Node]) -> Node:
    """Of max and min: that of the greater or smaller; where both are equal, the one from the left.

    So it is always one of the two sides, and right where several meet smoothly: max(x, 0) + min(x, 0) is x.
    """
    u, v = node.arguments
    if wrt not in u.symbols:
        u, v = v, u
    falls = done[u].op == "neg" or (done[u].op == "number" and done[u].value < 0)  # type: ignore[operator]
    signs = (">=", "<") if falls else (">", "<=")
    return piecewise(done[u], Apply(signs[node.op == "min"], u, v), done[v], TRUE)


def outer(node: Node) -> Node:
    """The derivative of a function at its argument, without the chain: cos(u) for sin(u)."""
    u = node.arguments[0]
    if node.op == "**":
        n = node.arguments[1]
        less = Number(n.value - 1) if n.op == "number" else Apply("-", n, ONE)  # type: ignore[operator]
        return times(n, power(u, less))
    return _OUTER[node.op](node, u)


def _gauss(u: Node) -> Node:
    return times(over(TWO, Apply("sqrt", PI)), Apply("exp", negative(power(u, 2))))


_OUTER = {
    "exp": lambda f, u: f,
    "log": lambda f, u: over(ONE, u),
    "log1p": lambda f, u: over(ONE, plus(ONE, u)),
    "expm1": lambda f, u: Apply("exp", u),
    "sqrt": lambda f, u: over(ONE, times(TWO, f)),
    "abs": lambda f, u: Apply("sign", u),
    "sign": lambda f, u: ZERO,
    "sin": lambda f, u: Apply("cos", u),
    "cos": lambda f, u: negative(Apply("sin", u)),
    "tan": lambda f, u: plus(ONE, power(f, 2)),
    "sinh": lambda f, u: Apply("cosh", u),
    "cosh": lambda f, u: Apply("sinh", u),
    "tanh": lambda f, u: over(ONE, power(Apply("cosh", u), 2)),
    "asinh": lambda f, u: over(ONE, Apply("sqrt", plus(ONE, power(u, 2)))),
    "acosh": lambda f, u: over(ONE, times(Apply("sqrt", minus(u, ONE)), Apply("sqrt", plus(u, ONE)))),
    "atanh": lambda f, u: over(ONE, minus(ONE, power(u, 2))),
    "asin": lambda f, u: over(ONE, Apply("sqrt", minus(ONE, power(u, 2)))),
    "acos": lambda f, u: over(-ONE, Apply("sqrt", minus(ONE, power(u, 2)))),
    "atan": lambda f, u: over(ONE, plus(ONE, power(u, 2))),
    "erf": lambda f, u: _gauss(u),
    "erfc": lambda f, u: negative(_gauss(u)),
    "sigmoid": lambda f, u: times(f, Apply("sigmoid", negative(u))),
    "softplus": lambda f, u: Apply("sigmoid", u),
    "logsigmoid": lambda f, u: Apply("sigmoid", negative(u)),
    "relu": lambda f, u: piecewise(ONE, Apply(">", u, Number(0)), ZERO, TRUE),
}
