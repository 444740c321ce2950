"""What a formula truly is at a point, to more digits than any float holds.

Each value is an interval that holds the truth, as Arb computes it, with more and more bits until the interval is below
1e-33 of the value: what cancels, such as 1 + erf(x) far left, costs bits, never digits of the answer.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import flint
from flint import arb
from mpmath import libmp, mp, mpf

from actlab.catalogue import Facts
from actlab.errors import UserError
from actlab.formula.derivative import differentiate
from actlab.formula.grammar import parse
from actlab.formula.nodes import ARITHMETIC, COMPARISONS, Node, X, postorder

BITS = (256, 640, 1400, 4000, 15_000)
_WANTED = 110  # bits of the answer that are certain: 33 digits
_BESIDE = mpf(10) ** -50  # how far beside a kink, relative, its one-sided slopes are taken
_NAN = mpf("nan")

_ZERO, _ONE, _INF = arb(0), arb(1), arb("inf")
_UNKNOWN = _ZERO.union(_ONE)  # of a condition, which is 1 where it holds and 0 where it does not
_TINY = arb(2) ** -1200  # 0 in every dtype
_HUGE = arb(2) ** 4096  # exp of it is not computed

_EDGED = {"min", "max", "sign", "abs", "relu", *COMPARISONS}  # a piece ends where both are equal, or the one is 0
_PARTIAL = {"log", "log1p", "atanh"}  # whose derivative is defined where they are not

Interval = arb | None  # None: undefined


class Exact:
    """The truth of a formula with its parameters: values and derivatives as mpmath numbers.

    >>> from actlab.formula import parse
    >>> gelu = Exact(parse("x*(1 + erf(x/sqrt(2)))/2"))
    >>> mp.nstr(gelu.values([-37.0])[0], 11), mp.nstr(gelu.slopes([0.0])[0], 5)
    ('-2.1184613523e-298', '0.5')

    nan where the formula is undefined, or where 15,000 bits do not settle it.
    """

    def __init__(self, node: Node, parameters: Mapping[str, float] | None = None) -> None:
        self.node = node
        self.parameters = {name: float(value) for name, value in (parameters or {}).items()}
        missing = sorted(node.names - set(self.parameters))
        if missing:
            raise UserError(f"{node} needs a value for {', '.join(missing)}.")
        self._partial = any(part.op in _PARTIAL for part in postorder(node))
        self._derived: dict[tuple[str, int], _Program] = {}

    def values(self, points: Iterable[float]) -> list[Any]:
        """f at each point."""
        return [self._program("x", 0).settled(_as_mpf(point)) for point in points]

    def slopes(self, points: Iterable[float], wrt: str = "x", order: int = 1) -> list[Any]:
        """The derivative at each point; at 0 of x/(1 + abs(x)), where pieces meet smoothly, that of both sides.

        Order 0 is f itself.
        """
        if order == 0:
            return self.values(points)
        program = self._program(wrt, order)
        return [self._slope(program, _as_mpf(point)) for point in points]

    def _program(self, wrt: str, order: int) -> "_Program":
        if (wrt, order) not in self._derived:
            node = differentiate(self._program(wrt, order - 1).node, wrt) if order else self.node
            self._derived[wrt, order] = _Program(node, self.parameters)
        return self._derived[wrt, order]

    def _slope(self, program: "_Program", point: Any) -> Any:
        if self._partial and mp.isnan(self._program("x", 0).settled(point)):
            return _NAN
        value = program.settled(point)
        if not (program.met_tie or mp.isnan(value)) or mp.isnan(self._program("x", 0).settled(point)):
            return value
        step = _BESIDE * max(abs(point), mpf(1))
        with mp.workprec(2000):
            left, right = point - step, point + step
        below, above = program.settled(left), program.settled(right)
        if mp.isnan(below) or mp.isnan(above):
            return value
        near = mpf(10) ** -30 * max(abs(below), abs(above), mpf(10) ** -10)
        if abs(below - above) > near:  # a kink
            return value if min(below, above) <= value <= max(below, above) else below
        if abs(above) > max(1, abs(program.settled(point + step * mpf(10) ** 25)) * 3 / 2):  # a root begins here
            return mp.sign(above) * mp.inf
        return value if abs(value - above) <= near else above


def kinks(facts: Facts, parameters: Mapping[str, float]) -> tuple[float, ...]:
    """Where f is not differentiable or jumps, with the parameters put in.

    >>> from actlab.catalogue import lookup
    >>> kinks(lookup("relu"), {})
    (0.0,)
    """
    given = {**facts.parameters, **parameters}
    found = (Exact(parse(kink), given).values([0.0])[0] if isinstance(kink, str) else kink for kink in facts.kinks)
    return tuple(sorted(set(map(float, found))))


def _as_mpf(point: Any) -> Any:
    return point if isinstance(point, mpf) else mpf(float(point))


def _as_arb(number: Any) -> arb:
    """The same number: an mpf keeps its sign apart."""
    mantissa, exponent = number.man_exp
    return arb((int(mp.sign(number)) * mantissa, exponent)) if mp.isfinite(number) else arb(float(number))


class _Program:
    """A tree as a list of steps, so that what is shared is computed once a point."""

    def __init__(self, node: Node, parameters: Mapping[str, float]) -> None:
        self.node = node
        place = {part: i for i, part in enumerate(postorder(node))}
        self.steps = [(part.op, tuple(place[a] for a in part.arguments)) for part in place]
        fixed = [part for part in place if part.op in ("number", "name") and part != X]
        self.constants = {place[part]: arb(parameters.get(part.value, part.value)) for part in fixed}
        self.met_tie = False  # whether the last point lay on the edge of a piece, of sign or of abs

    def settled(self, point: Any) -> Any:
        """The value at a point, with as many bits as that takes."""
        if mp.isnan(point):
            return _NAN
        for bits in BITS:
            with flint.ctx.workprec(bits):
                value = self.run(_as_arb(point))
                if value is None:
                    return _NAN
                if value.is_exact() and not value.is_finite():
                    return mpf(float(value))
                if value.rel_accuracy_bits() >= _WANTED or abs(value) < _TINY:
                    return mp.make_mpf(libmp.from_man_exp(*map(int, value.mid().man_exp())))
        return _NAN

    def run(self, point: arb) -> Interval:
        self.met_tie = False
        found: list[Interval] = []
        for i, (op, places) in enumerate(self.steps):
            if op in ("number", "name"):
                found.append(self.constants.get(i, point))
            else:
                found.append(self.step(op, [found[place] for place in places]))
        return found[-1]

    def step(self, op: str, parts: list[Any]) -> Interval:
        if op == "Piecewise":
            return _piece(parts)
        if None in parts:
            return (_ONE if op == "!=" else _ZERO) if op in COMPARISONS else None
        if op in _EDGED:
            one, other = (*parts, _ZERO)[:2]
            self.met_tie |= not (one < other or one > other)
        return _RULES[op](*parts)


def _piece(parts: list[Interval]) -> Interval:
    for value, holds in zip(parts[::2], parts[1::2], strict=True):
        if holds == 0:
            continue
        return value if holds == 1 else arb("nan")  # undecided: with more bits it may be
    return None


def _comparison(holds: Callable[[arb, arb], bool], fails: Callable[[arb, arb], bool]) -> Callable[[arb, arb], arb]:
    """Both say yes only where that is certain."""
    return lambda a, b: _ONE if holds(a, b) else _ZERO if fails(a, b) else _UNKNOWN


def _within(function: Callable[[arb], arb], low: float, high: float = float("inf")) -> Callable[[arb], Interval]:
    """A monotone function that ends where it is still finite: an interval that reaches over the end is cut there."""

    def rule(u: arb) -> Interval:
        if u < low or u > high:
            return None
        if (u >= low and u <= high) or u.is_nan():
            return function(u)
        return function(u.lower().max(arb(low))).union(function(u.upper().min(arb(high))))

    return rule


def _power(base: arb, exponent: arb) -> Interval:
    if base == 0 and exponent < 0:
        return None
    whole = exponent.unique_fmpz()  # of 6/3, and of 1/3*3, which is not exactly 1
    if whole is None:
        return _within(lambda u: u**exponent, 0)(base)
    even = _within(lambda u: u ** arb(whole - whole % 2), 0)(abs(base))
    assert even is not None
    return even * base if whole % 2 else even


def _growing(function: Callable[[arb], arb]) -> Callable[[arb], arb]:
    """A function that grows as exp does: infinite where it is not computed."""
    return lambda u: _INF if u > _HUGE else function(u)


_exp = _growing(arb.exp)


def _softplus(u: arb) -> arb:
    return u.max(_ZERO) + _exp(-abs(u)).log1p()


def _finite(u: arb) -> arb:
    return u.max(-_HUGE).min(_HUGE)


_RULES = ARITHMETIC | {
    "<": _comparison(operator.lt, operator.ge),
    "<=": _comparison(operator.le, operator.gt),
    ">": _comparison(operator.gt, operator.le),
    ">=": _comparison(operator.ge, operator.lt),
    "==": _comparison(operator.eq, operator.ne),
    "!=": _comparison(operator.ne, operator.eq),
    "True": lambda: _ONE,
    "not": lambda a: 1 - a,
    "and": arb.min,
    "or": arb.max,
    "min": arb.min,
    "max": arb.max,
    "pi": arb.pi,
    "e": arb.const_e,
    "/": lambda a, b: None if b == 0 else a / b,  # no sign of infinity: x/0 is undefined
    "**": _power,
    "abs": abs,
    "sign": arb.sgn,
    "relu": lambda u: u.max(_ZERO),
    "exp": _exp,
    "expm1": _growing(arb.expm1),
    "sinh": lambda u: u.sgn() * _growing(arb.sinh)(abs(u)),
    "cosh": lambda u: _growing(arb.cosh)(abs(u)),
    "log": lambda u: None if u <= 0 else u.log(),
    "log1p": lambda u: None if u <= -1 else u.log1p(),
    "sqrt": _within(arb.sqrt, 0),
    "atanh": lambda u: None if u <= -1 or u >= 1 else u.atanh(),
    "acosh": _within(arb.acosh, 1),
    "asin": _within(arb.asin, -1, 1),
    "acos": _within(arb.acos, -1, 1),
    "erf": lambda u: _finite(u).erf(),
    "erfc": lambda u: _finite(u).erfc(),
    "sigmoid": lambda u: 1 / (1 + _exp(-u)),
    "softplus": _softplus,
    "logsigmoid": lambda u: -_softplus(-u),
}
_RULES |= {name: getattr(arb, name) for name in ("sin", "cos", "tan", "tanh", "asinh", "atan")}
