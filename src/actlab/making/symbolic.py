"""The derivation of a formula, step by step, and SymPy's word on the result.

SymPy gets a tree built object by object: no text of a user's ever reaches it.
"""

import contextlib
import operator
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import sympy

from actlab.formula import ARITHMETIC, Apply, Name, Node, constant, differentiate, outer, pieces, postorder
from actlab.making.code import spelled
from actlab.making.floats.sound import smooth

_SECONDS = 3.0
_U = Name("u")


class _Late(BaseException):
    """The deadline has passed; no Exception, which SymPy would catch."""


def to_sympy(node: Node) -> Any:
    """The tree as a SymPy expression in real symbols.

    >>> from actlab.formula import parse
    >>> to_sympy(parse("x*tanh(softplus(x))"))
    x*tanh(log(exp(x) + 1))
    """
    node = spelled(node)
    built: dict[Node, Any] = {}
    for part in postorder(node):
        built[part] = _build(part, [built[argument] for argument in part.arguments])
    return built[node]


def _build(node: Node, inner: list[Any]) -> Any:
    if node.op == "number":
        return sympy.Integer(node.value) if isinstance(node.value, int) else sympy.Float(repr(node.value))
    if node.op == "name":
        return sympy.Symbol(str(node.value), real=True)
    if node.op == "Piecewise":
        return sympy.Piecewise(*zip(inner[::2], inner[1::2], strict=True))
    if node.op in _CONSTANTS:
        return _CONSTANTS[node.op]
    return (_OPERATORS.get(node.op) or getattr(sympy, node.op))(*inner)


_OPERATORS = ARITHMETIC | {"**": operator.pow, "<": sympy.Lt, "<=": sympy.Le, ">": sympy.Gt, ">=": sympy.Ge}
_CONSTANTS = {"pi": sympy.pi, "True": sympy.true}


def derivative(node: Node, wrt: str = "x", seconds: float = _SECONDS) -> str:
    """SymPy's derivative as text, simplified where that ends before the deadline.

    >>> from actlab.formula import parse
    >>> derivative(parse("x**2*exp(x)"))
    'x*(x + 2)*exp(x)'
    """
    found = ""
    with contextlib.suppress(_Late), _deadline(seconds):
        plain = sympy.diff(to_sympy(node), sympy.Symbol(wrt, real=True))
        if plain.has(sympy.DiracDelta, sympy.Heaviside, sympy.Derivative, sympy.Subs):
            plain = to_sympy(differentiate(node, wrt))
        found = str(plain)
        found = min(str(sympy.simplify(plain)), found, key=len)
    return found or str(smooth(differentiate(node, wrt)))


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise _Late after some seconds. Elsewhere than in the main thread, where no alarm rings, at once."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        raise _Late

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise _Late

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def steps(node: Node, wrt: str = "x") -> list[str]:
    """The derivation as a teacher writes it: each rule with what it gives, inner parts first.

    >>> from actlab.formula import parse
    >>> print("\\n".join(steps(parse("x*tanh(2*x)"))))
    Constant factor: (2*x)' = 2
    Chain rule, tanh(u) with u = 2*x: tanh'(u) = 1/cosh(u)**2, times u' = 2: (tanh(2*x))' = 2/cosh(2*x)**2
    Product rule, (u v)' = u' v + u v': (x*tanh(2*x))' = tanh(2*x) + x*(2/cosh(2*x)**2)
    """
    parts = [part for part in postorder(node) if wrt in part.symbols and part.op != "name" and not part.is_condition]
    return list(dict.fromkeys(f"{_rule(part, wrt)}: ({part})' = {differentiate(part, wrt)}" for part in parts))


def _rule(node: Node, wrt: str) -> str:
    """The name of the rule that gives a node's derivative, with what it needs."""
    depends = [argument for argument in node.arguments if wrt in argument.symbols]
    if node.op in ("+", "-"):
        return "Sum rule" if len(depends) == 2 else "A constant falls away"
    if node.op in ("*", "neg"):
        return "Product rule, (u v)' = u' v + u v'" if len(depends) == 2 else "Constant factor"
    if node.op == "/":
        return "Quotient rule, (u/v)' = (u' - (u/v) v')/v" if node.arguments[1] in depends else "Constant factor"
    if node.op in ("min", "max"):
        return f"Piece by piece, {'the greater' if node.op == 'max' else 'the smaller'} decides"
    if node.op == "Piecewise":
        return f"Piece by piece, {sum(1 for _ in pieces(node))} pieces"
    u = node.arguments[0]
    if node.op == "**":
        exponent = node.arguments[1]
        shown = outer(Apply("**", _U, exponent))
        return f"Power rule, u**{exponent} with u = {u}: {shown}, times u' = {differentiate(u, wrt)}"
    shown = outer(Apply(node.op, _U))
    if u.op == "name":
        return f"Known, {node.op}'({u}) = {outer(node)}" if constant(shown) is None else "Known"
    return f"Chain rule, {node.op}(u) with u = {u}: {node.op}'(u) = {shown}, times u' = {differentiate(u, wrt)}"
