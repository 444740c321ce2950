"""What a formula truly is at a point, to more digits than any float holds.

Each value is computed with a bound of its error, and with more and more bits until the bound is below 1e-33 of the
value: what cancels, such as 1 + erf(x) far left, costs bits, never digits of the answer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath
from mpmath import mp, mpf

from actlab.catalogue import Facts
from actlab.errors import UserError
from actlab.formula.derivative import differentiate
from actlab.formula.grammar import parse
from actlab.formula.nodes import COMPARISONS, Node, postorder

BITS = (256, 640, 1400, 4000, 15_000)
_WANTED = 110  # bits of the answer that are certain: 33 digits
_TINY = -1200  # log2 of what is 0 in every dtype
_LARGE = 32  # log2 of an argument beyond which mpmath's exp of a whole number, a power of e, takes long
_HUGE = 4096  # log2 of an argument beyond which exp and sin are not computed
_BESIDE = mpf(10) ** -50  # how far beside a kink, relative, its one-sided slopes are taken

_NAN, _INF = mpf("nan"), mpf("inf")
# log2 of an absolute error is a whole number: exp(1e38) needs more digits of it than a float has
_EXACT, _UNKNOWN = -(1 << 15_000), 1 << 8000
_LOST = 1 << 7000  # what is above is unknown, times whatever
_FAR = 1 << 5000
_ROUNDED = -(1 << 7000)  # no error but the rounding, which is added where a step ends

_PARTIAL = {"log", "log1p", "atanh"}  # whose derivative is defined where they are not

Ball = tuple[Any, int]  # a number (or bool), and log2 of a bound of its absolute error


class Exact:
    """The truth of a formula with its parameters: values and derivatives as mpmath numbers.

    >>> from actlab.formula import parse
    >>> gelu = Exact(parse("x*(1 + erf(x/sqrt(2)))/2"))
    >>> mpmath.nstr(gelu.values([-37.0])[0], 11), mpmath.nstr(gelu.slopes([0.0])[0], 5)
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

    def values(self, points: Sequence[float]) -> list[Any]:
        """f at each point."""
        program = self._program("x", 0)
        return [program.settled(_as_mpf(point)) for point in points]

    def slopes(self, points: Sequence[float], wrt: str = "x", order: int = 1) -> list[Any]:
        """The derivative at each point; at 0 of x/(1 + abs(x)), where pieces meet smoothly, that of both sides."""
        program = self._program(wrt, order)
        return [self._slope(program, _as_mpf(point)) for point in points]

    def _program(self, wrt: str, order: int) -> "_Program":
        if (wrt, order) not in self._derived:
            node = differentiate(self._node(wrt, order - 1), wrt) if order else self.node
            self._derived[wrt, order] = _Program(node, self.parameters)
        return self._derived[wrt, order]

    def _node(self, wrt: str, order: int) -> Node:
        return self._program(wrt, order).node

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
    found = []
    for kink in facts.kinks:
        if isinstance(kink, str):
            found.append(float(Exact(parse(kink), {**facts.parameters, **parameters}).values([0.0])[0]))
        else:
            found.append(float(kink))
    return tuple(sorted(set(found)))


def _as_mpf(point: Any) -> Any:
    return point if isinstance(point, mpf) else mpf(float(point))


class _Program:
    """A tree as a list of steps, so that what is shared is computed once a point."""

    def __init__(self, node: Node, parameters: Mapping[str, float]) -> None:
        self.node = node
        order = postorder(node)
        place = {part: i for i, part in enumerate(order)}
        self.steps = [(part.op, part.value, tuple(place[a] for a in part.arguments)) for part in order]
        self.constants: dict[int, Ball] = {}
        for i, part in enumerate(order):
            if part.op == "number":
                self.constants[i] = (mpf(part.value), _EXACT)
            elif part.op == "name" and part.value != "x":
                self.constants[i] = (mpf(parameters[str(part.value)]), _EXACT)
        self.met_tie = False  # whether the last point lay on the edge of a piece, of sign or of abs

    def settled(self, point: Any) -> Any:
        """The value at a point, with as many bits as that takes."""
        if mp.isnan(point):
            return _NAN
        needed = 0
        for bits in BITS:
            if bits < needed:
                continue
            with mp.workprec(bits):
                value, error = self.run(point, bits)
            size = _size(value)
            if size == _UNKNOWN:  # nan or infinite
                if error < _LOST:
                    return value
            elif error <= size - _WANTED or max(error, size) < _TINY:
                return value
            elif value != 0 and error < _FAR:  # beyond it the bound says nothing: more bits will tell
                needed = min(bits + error - max(size, _TINY) + _WANTED, BITS[-1] + 1)
        return _NAN

    def run(self, point: Any, bits: int) -> Ball:
        self.met_tie = False
        found: list[Ball] = []
        for i, (op, _, places) in enumerate(self.steps):
            if i in self.constants:
                found.append(self.constants[i])
            elif op == "name":
                found.append((point, _EXACT))
            else:
                found.append(self.step(op, [found[place] for place in places], bits))
        return found[-1]

    def step(self, op: str, balls: list[Ball], bits: int) -> Ball:
        if op in COMPARISONS:
            return self.compare(op, *balls)
        if op in _LOGIC:
            return _LOGIC[op](*balls)
        if op == "Piecewise":
            return _piece(balls)
        if op in ("min", "max"):
            (low, _), (high, _) = balls
            if mp.isnan(low) or mp.isnan(high):
                return _NAN, max(balls[0][1], balls[1][1])
            less, error = self.compare("<", *balls)
            chosen = balls[0] if less == (op == "min") else balls[1]
            return (chosen[0], max(balls[0][1], balls[1][1])) if error > _EXACT else chosen
        if op in ("sign", "abs", "relu") and balls[0][0] == 0:
            self.met_tie = True
        try:
            value, error = _RULES[op](*balls)
        except (ValueError, ZeroDivisionError, mpmath.libmp.ComplexResult, OverflowError):
            return _NAN, max((ball[1] for ball in balls), default=_EXACT)
        if isinstance(value, mpmath.mpc):
            return _NAN, error
        if error == _EXACT:
            return value, error
        return value, min(max(error, _size(value) - bits) + 2, _UNKNOWN)

    def compare(self, op: str, left: Ball, right: Ball) -> Ball:
        """A comparison is certain where the two are further apart than their errors, or exactly equal."""
        (a, ea), (b, eb) = left, right
        if mp.isnan(a) or mp.isnan(b):
            return op == "!=", _EXACT
        if a == b:
            self.met_tie = True
        result = {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b}[op]
        error = max(ea, eb)
        if error == _EXACT or mp.isinf(a) or mp.isinf(b) or _size(a - b) - 1 > error + 1:
            return result, _EXACT
        return result, _UNKNOWN


def _size(value: Any) -> int:
    """log2 of the magnitude, rounded up; below everything for 0."""
    if value == 0:
        return _EXACT
    return int(mp.mag(value)) if mp.isfinite(value) else _UNKNOWN


def _piece(balls: list[Ball]) -> Ball:
    uncertain = False
    for value, (holds, error) in zip(balls[::2], balls[1::2], strict=True):
        uncertain = uncertain or error > _EXACT
        if holds:
            return (value[0], _UNKNOWN) if uncertain else value
    return _NAN, _EXACT


_LOGIC: dict[str, Callable[..., Ball]] = {
    "True": lambda: (True, _EXACT),
    "not": lambda a: (not a[0], a[1]),
    "and": lambda a, b: (a[0] and b[0], max(a[1], b[1])),
    "or": lambda a, b: (a[0] or b[0], max(a[1], b[1])),
}


def _sum(a: Ball, b: Ball, sign: int = 1) -> Ball:
    (u, eu), (v, ev) = a, b
    if eu == ev == _EXACT and _short(u) and _short(v):
        return (mp.fadd if sign > 0 else mp.fsub)(u, v, exact=True), _EXACT
    return u + v if sign > 0 else u - v, max(eu, ev, _ROUNDED) + 1


def _product(a: Ball, b: Ball) -> Ball:
    (u, eu), (v, ev) = a, b
    if eu == ev == _EXACT and _short(u) and _short(v):
        return mp.fmul(u, v, exact=True), _EXACT
    if (u == 0 and eu == _EXACT and mp.isfinite(v)) or (v == 0 and ev == _EXACT and mp.isfinite(u)):
        return mpf(0), _EXACT
    return u * v, max(_add(eu, _size(v)), _add(ev, _size(u)), _add(eu, ev), _ROUNDED) + 2


def _quotient(a: Ball, b: Ball) -> Ball:
    (u, eu), (v, ev) = a, b
    if v == 0:
        return _NAN, _UNKNOWN if ev > _EXACT else _EXACT  # no sign of infinity: x/0 is undefined
    if u == 0 and eu == _EXACT:
        return (mpf(0), _EXACT) if ev < _size(v) - 1 else (_NAN, _UNKNOWN)
    if mp.isinf(v) and mp.isfinite(u):  # larger than what is computed
        return mpf(0), -_FAR
    if ev >= _size(v) - 1:
        return u / v, _UNKNOWN
    value = u / v
    return value, max(_add(eu, -_size(v)), _add(ev, _size(value) - _size(v)), _ROUNDED) + 3


def _add(error: int, size: int) -> int:
    """Exponents of a product: exact or zero stays so, whatever the other."""
    return _EXACT if min(error, size) <= _ROUNDED else error + size


def _short(value: Any) -> bool:
    """Whether sums and products of it can be kept whole."""
    return bool(mp.isfinite(value)) and (
        value == 0 or (abs(mp.mag(value)) < 3000 and value.man_exp[0].bit_length() < 3000)
    )


def _power(a: Ball, b: Ball) -> Ball:
    (u, eu), (exponent, ee) = a, b
    if ee > _EXACT and abs(exponent - mp.nint(exponent)) < mpf(2) ** -200:
        exponent, ee = mp.nint(exponent), _EXACT  # 6/3: division is not exact, but this one was
    whole = mp.isint(exponent)
    if u == 0 and exponent < 0:
        return _NAN, eu
    if u < 0 and not whole:
        return _NAN, _EXACT if eu < _size(u) - 1 else _UNKNOWN
    value = u ** (int(exponent) if whole else exponent)
    if eu == _EXACT and u == 0:
        return value, _EXACT
    if eu >= _size(u) - 1:
        return value, int(exponent * (max(eu, _size(u)) + 1)) + 1 if exponent > 0 else _UNKNOWN
    through = max(_add(eu, -_size(u)) + _size(exponent), _add(ee, 2 + abs(_size(u)).bit_length()))
    return value, max(through + _size(value), _ROUNDED) + 2


def _smooth(function: Callable[[Any], Any], slope: Callable[[Any, Any, int], int]) -> Callable[[Ball], Ball]:
    """A function whose error is its argument's times a bound of its slope: log2 of it, of (u, value, error)."""

    def rule(ball: Ball) -> Ball:
        u, error = ball
        value = function(u)
        if error == _EXACT:
            return value, (_EXACT if value == 0 and u == 0 else _ROUNDED)  # _ROUNDED: rounded, but nothing passed on
        return value, error + slope(u, value, error)

    return rule


def _exp(u: Any) -> Any:
    if _size(u) > _HUGE:
        return _INF if u > 0 else mpf(0)
    if _size(u) > _LARGE:
        with mp.workprec(mp.prec + _size(u) + 8):
            twos = int(mp.floor(u / mp.ln2))
            rest = u - twos * mp.ln2
        return mp.ldexp(mp.exp(rest), twos)
    return mp.exp(u)


def _bounded(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """sin and cos, where their argument can be reduced."""
    return lambda u: function(u) if _size(u) <= _HUGE else _NAN


def _far(function: Callable[[Any], Any], left: Any, right: Any) -> Callable[[Any], Any]:
    """A function that is its limit far out, where exp is not computed."""
    return lambda u: function(u) if _size(u) <= _HUGE else (right if u > 0 else left)


def _sigmoid(u: Any) -> Any:
    return 1 / (1 + _exp(-u)) if u > 0 else _exp(u) / (1 + _exp(u))


def _softplus(u: Any) -> Any:
    return max(u, mpf(0)) + mp.log1p(_exp(-abs(u)))


def _log_slope(w: Any, error: int) -> int:
    """log2 of 1/|w|, or unknown where the error reaches it."""
    return -_size(w) + 2 if error < _size(w) - 1 else _UNKNOWN


def _relative(value: Any, error: int, factor: int = 0) -> int:
    """A slope of about the value itself, as of exp."""
    return _size(value) + factor + 2 if error + factor < 0 else _UNKNOWN


def _erfc_slope(u: Any, value: Any, error: int) -> int:
    far = max(_size(u), 0)
    level = _level(2)(u, value, error)
    return min(level, _relative(value, error, far) + 2) if u > 1 else level


def _inner(square: Any, error: int) -> int:
    """log2 of 1/sqrt of what must stay positive: 1 - u² for asin."""
    return -_size(square) // 2 + 3 if error < _size(square) - 2 else max(-error // 2 + 3, 0)


def _level(most: int) -> Callable[[Any, Any, int], int]:
    """A slope of at most 2**most near 0 that vanishes far out, as of tanh."""

    def slope(u: Any, value: Any, error: int) -> int:
        far = _size(u) > 6 and error < _size(u) - 2
        return min(most, 4 - int(min(abs(u) / 2, _FAR))) if far else most

    return slope


def _exp_slope(u: Any, value: Any, error: int) -> int:
    if u < 0 and _size(u) > 6 and error < _size(u) - 2:  # e^u is below e^(u/2), whatever the error
        return min(_relative(value, error), -int(min(-u / 2, _FAR)) - error)
    return _relative(value, error)


def _sign(ball: Ball) -> Ball:
    u, error = ball
    return mp.sign(u), _EXACT if error == _EXACT or error < _size(u) - 1 else _UNKNOWN


_ONE = mpf(1)
_RULES: dict[str, Callable[..., Ball]] = {
    "pi": lambda: (+mp.pi, _ROUNDED),
    "e": lambda: (+mp.e, _ROUNDED),
    "+": _sum,
    "-": lambda a, b: _sum(a, b, -1),
    "*": _product,
    "/": _quotient,
    "**": _power,
    "neg": lambda a: (mp.fneg(a[0], exact=True), a[1]),
    "abs": lambda a: (mpf(a[0]) if a[0] >= 0 else mp.fneg(a[0], exact=True), a[1]),
    "sign": _sign,
    "relu": lambda a: a if a[0] > 0 else (mpf(0), _EXACT if a[1] < _size(a[0]) - 1 else a[1]),
    "exp": _smooth(_exp, _exp_slope),
    "expm1": _smooth(lambda u: mp.expm1(u) if _size(u) < 2 else _exp(u) - 1, lambda u, v, e: max(_size(v), 0) + 3),
    "log": _smooth(lambda u: mp.log(u) if u > 0 else _NAN, lambda u, v, e: _log_slope(u, e)),
    "log1p": _smooth(lambda u: mp.log1p(u) if u > -1 else _NAN, lambda u, v, e: _log_slope(1 + u, e)),
    "sqrt": _smooth(
        lambda u: mp.sqrt(u) if u >= 0 else _NAN, lambda u, v, e: -_size(v) + 2 if e < _size(u) - 1 else -e // 2 + 2
    ),
    "sin": _smooth(_bounded(mp.sin), lambda u, v, e: 1),
    "cos": _smooth(_bounded(mp.cos), lambda u, v, e: 1),
    "tan": _smooth(_bounded(mp.tan), lambda u, v, e: 2 * max(_size(v), 0) + 3 if e < -2 else _UNKNOWN),
    "sinh": _smooth(
        lambda u: mp.sinh(u) if _size(u) <= _HUGE else mp.sign(u) * _INF, lambda u, v, e: max(_size(v), 0) + 3
    ),
    "cosh": _smooth(_far(mp.cosh, _INF, _INF), lambda u, v, e: _size(v) + 2),
    "tanh": _smooth(_far(mp.tanh, -_ONE, _ONE), _level(1)),
    "asinh": _smooth(mp.asinh, lambda u, v, e: 1),
    "acosh": _smooth(lambda u: mp.acosh(u) if u >= 1 else _NAN, lambda u, v, e: _inner(u - 1, e)),
    "atanh": _smooth(lambda u: mp.atanh(u) if abs(u) < 1 else _NAN, lambda u, v, e: _log_slope(1 - abs(u), e) + 1),
    "asin": _smooth(lambda u: mp.asin(u) if abs(u) <= 1 else _NAN, lambda u, v, e: _inner(1 - abs(u), e)),
    "acos": _smooth(lambda u: mp.acos(u) if abs(u) <= 1 else _NAN, lambda u, v, e: _inner(1 - abs(u), e)),
    "atan": _smooth(mp.atan, lambda u, v, e: 1),
    "erf": _smooth(_far(mp.erf, -_ONE, _ONE), _level(2)),
    "erfc": _smooth(_far(mp.erfc, mpf(2), mpf(0)), _erfc_slope),
    "sigmoid": _smooth(_sigmoid, lambda u, v, e: min(_level(0)(u, v, e), _relative(v, e))),
    "softplus": _smooth(_softplus, lambda u, v, e: min(1, _relative(v, e)) if u < 0 else 1),
    "logsigmoid": _smooth(lambda u: -_softplus(-u), lambda u, v, e: min(1, _relative(v, e)) if u > 0 else 1),
}
