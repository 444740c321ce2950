"""A formula as a tree: numbers, names and applications. Equal trees are one object, so that common parts are shared."""

import keyword
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from operator import add, mul, neg, sub, truediv
from typing import Any
from weakref import WeakValueDictionary

ARITHMETIC: dict[str, Callable[..., Any]] = {"+": add, "-": sub, "*": mul, "/": truediv, "neg": neg}
COMPARISONS = {"<", "<=", ">", ">=", "==", "!="}
CONDITIONS = {*COMPARISONS, "and", "or", "not", "True"}
UNARY = (
    "exp", "log", "log1p", "expm1", "sqrt", "abs", "sign", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asinh",
    "acosh", "atanh", "asin", "acos", "atan", "erf", "erfc", "sigmoid", "softplus", "relu", "logsigmoid",
)  # fmt: skip
CONSTANTS = ("pi", "e", "True")
RESERVED = {"x", "y", "torch", "math", "Tensor", "activation", *keyword.kwlist}  # what a parameter cannot be called

_KNOWN: "WeakValueDictionary[tuple[Any, ...], Node]" = WeakValueDictionary()
_WHOLE = 2**53  # floats beyond are all whole: printed as floats


def _infix(op: str) -> "tuple[_Operator, _Operator]":
    """Python's operator for two nodes, and the one for a number before a node."""

    def as_node(value: "Node | float") -> "Node":
        return value if isinstance(value, Node) else Number(value)

    return lambda self, other: Apply(op, self, as_node(other)), lambda self, other: Apply(op, as_node(other), self)


_Operator = Callable[["Node", "Node | float"], "Node"]


class Node:
    """A part of a formula. Made by `parse`, by Number, Name and Apply, or by operators on other nodes.

    >>> x = Name("x")
    >>> str(2 * x + 1), (2 * x + 1) is (2 * x + 1)
    ('2*x + 1', True)
    """

    __slots__ = ("__dict__", "__weakref__", "arguments", "depth", "op", "size", "value")
    op: str  # "number", "name", an operator, or the name of a function or constant
    arguments: tuple["Node", ...]
    value: Any  # an int or float of a number, a str of a name, else None
    size: int  # how many nodes, shared ones counted each time
    depth: int  # found at once: what is too deep must be refused without a walk down

    def __new__(cls, op: str, arguments: tuple["Node", ...] = (), value: int | float | str | None = None) -> "Node":
        key = (op, arguments, value)
        found = _KNOWN.get(key)
        if found is None:
            found = super().__new__(cls)
            found.op, found.arguments, found.value = op, arguments, value
            found.size = 1 + sum(argument.size for argument in arguments)
            found.depth = 1 + max((argument.depth for argument in arguments), default=0)
            _KNOWN[key] = found
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return Node, (self.op, self.arguments, self.value)

    @cached_property
    def names(self) -> frozenset[str]:
        """The free names other than x: the parameters."""
        return self.symbols - {"x"}

    @cached_property
    def symbols(self) -> frozenset[str]:
        """All names, x among them."""
        if self.op == "name":
            return frozenset([str(self.value)])
        return frozenset().union(*(argument.symbols for argument in self.arguments))

    @property
    def is_condition(self) -> bool:
        return self.op in CONDITIONS

    def __str__(self) -> str:
        return _text(self)[0]

    def __repr__(self) -> str:
        return f"<{self}>"

    def __neg__(self) -> "Node":
        return Apply("neg", self)

    __add__, __radd__ = _infix("+")
    __sub__, __rsub__ = _infix("-")
    __mul__, __rmul__ = _infix("*")
    __truediv__, __rtruediv__ = _infix("/")
    __pow__ = _infix("**")[0]


def Number(value: float) -> Node:
    """A number; whole ones are kept as whole numbers, and there is one zero."""
    value = float(value)
    whole = value.is_integer() and abs(value) < _WHOLE
    return Node("number", (), int(value) if whole else value)


def Name(name: str) -> Node:
    """x, or a parameter."""
    return Node("name", (), name)


def Apply(op: str, *arguments: Node) -> Node:
    """An operator or function of nodes; Piecewise takes value, condition, value, condition, ..."""
    if op == "neg" and arguments[0].op == "number":
        return Number(-arguments[0].value)  # type: ignore[operator]
    if op == "**" and arguments[0].op == "e":  # written e**x, and read again as this
        return Node("exp", arguments[1:])
    return Node(op, arguments)


PI, E, TRUE, X = Apply("pi"), Apply("e"), Apply("True"), Name("x")


def pieces(node: Node) -> Iterator[tuple[Node, Node]]:
    """(value, condition) of each piece of a Piecewise."""
    return zip(node.arguments[::2], node.arguments[1::2], strict=True)


def postorder(*roots: Node) -> list[Node]:
    """Every node once, parts before wholes."""
    seen: dict[Node, None] = {}

    def visit(node: Node) -> None:
        if node not in seen:
            for argument in node.arguments:
                visit(argument)
            seen[node] = None

    for root in roots:
        visit(root)
    return list(seen)


def rebuild(node: Node, change: Callable[[Node], Node]) -> Node:
    """The tree with `change` applied to every node, parts before wholes."""
    done: dict[Node, Node] = {}
    for part in postorder(node):
        arguments = tuple(done[argument] for argument in part.arguments)
        done[part] = change(part if arguments == part.arguments else Apply(part.op, *arguments))
    return done[node]


def substitute(node: Node, values: Mapping[str, Node]) -> Node:
    """The tree with names replaced.

    >>> str(substitute(Name("x") * Name("beta"), {"beta": Number(2)}))
    'x*2'
    """
    return rebuild(node, lambda part: values.get(str(part.value), part) if part.op == "name" else part)


_LEVEL = dict.fromkeys(COMPARISONS, 4)
_LEVEL |= {"or": 1, "and": 2, "not": 3, "+": 5, "-": 5, "*": 6, "/": 6, "neg": 7, "**": 8}
_ATOM = 9


def _text(node: Node) -> tuple[str, int]:
    """The text and how tightly it binds."""
    if node.op == "number":
        return repr(node.value), _ATOM if node.value >= 0 else _LEVEL["neg"]  # type: ignore[operator]
    if node.op == "name":
        return str(node.value), _ATOM
    if node.op == "Piecewise":
        shown = ", ".join(f"({value}, {condition})" for value, condition in pieces(node))
        return f"Piecewise({shown})", _ATOM
    if node.op not in _LEVEL:
        return f"{node.op}({', '.join(map(str, node.arguments))})" if node.arguments else node.op, _ATOM
    level = _LEVEL[node.op]
    if node.op in ("neg", "not"):
        sign = "-" if node.op == "neg" else "not "
        return f"{sign}{_inside(node.arguments[0], level)}", level
    left, right = node.arguments
    if node.op == "**":
        return f"{_inside(left, level + 1)}**{_inside(right, _ATOM)}", level
    space = "" if node.op in "*/" else " "
    lowest = level + 1 if node.op in COMPARISONS else level
    after = _inside(right, level + 1)
    if after.startswith("-") and node.op not in COMPARISONS:  # x + (-2): two signs do not stand side by side
        after = f"({after})"
    return f"{_inside(left, lowest)}{space}{node.op}{space}{after}", level


def _inside(node: Node, level: int) -> str:
    text, tight = _text(node)
    return text if tight >= level else f"({text})"
