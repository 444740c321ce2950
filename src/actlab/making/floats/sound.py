"""Forms that floats compute well: identities that keep a formula's meaning and lose its overflow and cancellation.

`smooth` applies the identities that also serve derivatives; `sound` adds those for the value alone. Each rule takes a
node whose parts are already rewritten and gives a better one, or None.
"""

from collections.abc import Callable, Iterable
from itertools import permutations

from actlab.formula import ONE, TRUE, TWO, ZERO, Apply, Node, Number, minus, negative, over, plus, power, rebuild, times
from actlab.making.floats.normal import (
    CAP,
    Factors,
    below_cap,
    exponential_term,
    factors,
    one_plus_exp,
    product,
    put,
    summed,
    terms,
)

_LARGEST = 20_000  # nodes, shared ones counted each time
_LEAST = -40  # softplus(u) is exp(u) below, to the last digit


def smooth(node: Node) -> Node:
    """The tree rewritten until nothing changes.

    >>> from actlab.formula import parse
    >>> [str(smooth(parse(text))) for text in ("x/(1 + exp(-x))", "log(1 + exp(x))", "x*(1 + erf(x))/2")]
    ['x*sigmoid(x)', 'softplus(x)', 'x*erfc(-x)/2']
    """
    for _ in range(8):
        changed = rebuild(node, _improved)
        if changed == node or changed.size > _LARGEST:
            break
        node = changed
    return node


def sound(node: Node) -> Node:
    """`smooth`, and what helps a value but would not help a derivative taken from it."""
    return smooth(rebuild(smooth(node), lambda part: _first(part, (_root_sum,))))


def _improved(node: Node) -> Node:
    for _ in range(8):
        before, node = node, _first(node, _RULES.get(node.op, ()))
        if node == before:
            break
    return node


def _first(node: Node, rules: Iterable[Callable[[Node], Node | None]]) -> Node:
    for rule in rules:
        better = rule(node)
        if better is not None and better != node:
            return better
    return node


# sums


def _scaled(term: Node) -> tuple[Node, Node]:
    """A term as number and rest: 2*tanh(u) is (2, tanh(u))."""
    if term.op == "*" and term.arguments[0].op == "number":
        number, rest = term.arguments
        return number, rest
    return (term, ONE) if term.op == "number" else (ONE, term)


def _cancelled(node: Node) -> Node | None:
    """a + b - a is b."""
    parts = terms(node)
    for i, (sign, term) in enumerate(parts):
        for j in range(i):
            if parts[j] == (-sign, term):
                return summed(_without(parts, i, j))
    return None


def _gathered(node: Node) -> Node | None:
    """Whole numbers of a sum are added up: 1 + x + 1 is x + 2."""
    parts = terms(node)
    numbers = [s * t.value for s, t in parts if isinstance(t.value, int)]
    if len(numbers) < 2:
        return None
    rest = [(s, t) for s, t in parts if not isinstance(t.value, int)]
    total = sum(numbers)
    return summed([*rest, (1 if total >= 0 else -1, Number(abs(total)))] if total else rest)


def _pairs(node: Node) -> Node | None:
    """Two terms that cancel far out or near 0, as one function: 1 + erf(u), 1 - tanh(u), exp(u) - 1."""
    parts = terms(node)
    for (i, (sign, term)), (j, (other, number)) in permutations(enumerate(parts), 2):
        factor, function = _scaled(term)
        if number == factor and function.op in _WITH_ONE:
            better = _WITH_ONE[function.op](function.arguments[0], sign * other)
            if better is not None:
                return summed([*_without(parts, i, j), (other, times(factor, better))])
    return None


def _without(parts: list[tuple[int, Node]], *places: int) -> list[tuple[int, Node]]:
    return [part for k, part in enumerate(parts) if k not in places]


_WITH_ONE: dict[str, Callable[[Node, int], Node | None]] = {  # 1 + sign*function(u)
    "erf": lambda u, sign: Apply("erfc", negative(u) if sign > 0 else u),
    "tanh": lambda u, sign: times(TWO, Apply("sigmoid", times(TWO if sign > 0 else -TWO, u))),
    "sigmoid": lambda u, sign: Apply("sigmoid", negative(u)) if sign < 0 else None,
    "exp": lambda u, sign: negative(Apply("expm1", u)) if sign < 0 else None,
    "cos": lambda u, sign: times(TWO, power(Apply("cos" if sign > 0 else "sin", over(u, TWO)), 2)),
    "cosh": lambda u, sign: times(
        TWO if sign > 0 else -TWO, power(Apply("cosh" if sign > 0 else "sinh", over(u, TWO)), 2)
    ),
}


def _centred_sigmoid(node: Node) -> Node | None:
    """2*sigmoid(u) - 1 is tanh(u/2); sigmoid(u) - 1/2 half of it."""
    parts = terms(node)
    for (i, (sign, term)), (j, (other, number)) in permutations(enumerate(parts), 2):
        factor, function = _scaled(term)
        value = _as_number(number)
        if function.op == "sigmoid" and other == -sign and value is not None and _as_number(factor) == 2 * value:
            half = times(number, Apply("tanh", over(function.arguments[0], TWO)))
            return summed([*_without(parts, i, j), (sign, half)])
    return None


def _as_number(node: Node) -> float | None:
    if node.op == "/" and {a.op for a in node.arguments} == {"number"}:
        return node.arguments[0].value / node.arguments[1].value  # type: ignore[operator]
    return node.value if node.op == "number" else None  # type: ignore[return-value]


def _hyperbolic(node: Node) -> Node | None:
    """exp(u) ± exp(-u)."""
    parts = terms(node)
    if len(parts) != 2 or any(term.op != "exp" for _, term in parts):
        return None
    (first, left), (second, right) = parts
    u = left.arguments[0]
    if negative(u) != right.arguments[0]:
        return None
    both = times(TWO, Apply("cosh" if first == second else "sinh", u))
    return both if first > 0 else negative(both)


# products


def _multiplied(node: Node) -> Node | None:
    """A product by its factors: what belongs together is brought together."""
    sign, found = factors(node)
    before = dict(found)
    for rule in (_signs, _exponentials, _logistic, _hyperbolic_ratio, _over_exponentials):
        changed = rule(found)
        if changed is not None:
            more, found = factors(product(1, changed))
            sign *= more
    better = product(sign, found)
    return better if found != before or better.size < node.size else None


def _signs(found: Factors) -> Factors | None:
    """sign(u)*sign(u) is 1: where it is not, at 0, it stands in a derivative, beside what vanishes there."""
    for base, exponent in found.items():
        if base.op == "sign":
            u, size = base.arguments[0], Apply("abs", base.arguments[0])
            if abs(exponent) > 1:
                return put(found, {base: -2 if exponent > 0 else 2})
            if found.get(u, 0) > 0:
                return put(found, {base: -exponent, u: -1, size: 1})
            if found.get(size, 0) > 0:
                return put(found, {base: -exponent, size: -1, u: 1})
    return None


def _exponentials(found: Factors) -> Factors | None:
    """exp(u)*exp(v) is exp(u + v), 1/exp(u) is exp(-u)."""
    bases = [base for base in found if base.op == "exp"]
    if not bases or (len(bases) == 1 and found[bases[0]] == 1):
        return None
    total = ZERO
    for base in bases:
        total = plus(total, times(Number(found[base]), base.arguments[0]))
    rest = {base: exponent for base, exponent in found.items() if base.op != "exp"}
    return rest if total == ZERO else put(rest, {Apply("exp", total): 1})


def _logistic(found: Factors) -> Factors | None:
    """1/(1 + exp(u)) is sigmoid(-u); exp(u)*sigmoid(-u) is sigmoid(u); expm1(u)*sigmoid(-u) is tanh(u/2)."""
    for base, exponent in found.items():
        if exponent < 0 and (u := one_plus_exp(base)) is not None:
            return put(found, {base: -exponent, Apply("sigmoid", negative(u)): -exponent})
        if base.op == "sigmoid" and exponent > 0:
            u = negative(base.arguments[0])
            if found.get(Apply("exp", u), 0) > 0:
                return put(found, {base: -1, Apply("exp", u): -1, Apply("sigmoid", u): 1})
            if found.get(Apply("expm1", u), 0) > 0:
                return put(found, {base: -1, Apply("expm1", u): -1, Apply("tanh", over(u, TWO)): 1})
    return None


def _hyperbolic_ratio(found: Factors) -> Factors | None:
    """sinh/cosh is tanh; what is left of 1/cosh, by sigmoids and exp(-|u|), which neither overflow nor cancel."""
    for base, exponent in found.items():
        if base.op == "cosh" and exponent < 0:
            u = base.arguments[0]
            if found.get(Apply("sinh", u), 0) > 0:
                return put(found, {base: 1, Apply("sinh", u): -1, Apply("tanh", u): 1})
            double = times(TWO, u)
            if exponent <= -2:
                parts = {Apply("sigmoid", double): 1, Apply("sigmoid", negative(double)): 1}
                return put(found, {base: 2, Number(4): 1} | parts)
            size = Apply("abs", u)
            soft = Apply("sigmoid", times(TWO, size))
            return put(found, {base: 1, TWO: 1, Apply("exp", negative(size)): 1, soft: 1})
    return None


def _over_exponentials(found: Factors) -> Factors | None:
    """1/(c + d*exp(v)): above and below times exp(-v) where v > 0, so that nothing overflows."""
    for base, exponent in found.items():
        if exponent < 0 and (split := exponential_term(base)) is not None:
            low, down = split
            return put(found, {base: -exponent, low: exponent, Apply("exp", down): -exponent})
    return None


# functions


def _log(node: Node) -> Node | None:
    u = node.arguments[0]
    if u.op == "sigmoid":
        return negative(Apply("softplus", negative(u.arguments[0])))
    sign, found = factors(u)
    for base, exponent in found.items():
        if sign > 0 and exponent == 1 and base.op in ("cosh", "exp"):
            v = base.arguments[0]
            own = minus(minus(Apply("softplus", times(TWO, v)), v), Apply("log", TWO)) if base.op == "cosh" else v
            rest = product(1, {key: value for key, value in found.items() if key != base})
            return own if rest == ONE else plus(own, Apply("log", rest))
    if (v := one_plus_exp(u)) is not None:
        return Apply("softplus", v)
    parts = terms(u)
    first = next((part for part in parts if part[1].op == "number" and part[0] > 0), None)
    number = None if first is None else first[1].value
    rest = [part for part in parts if part is not first]
    if len(parts) > 1 and number == 1:
        return Apply("log1p", summed(rest))
    if number == 2 and len(rest) == 1 and rest[0][0] < 0 and rest[0][1].op == "exp":
        return Apply("log1p", negative(Apply("expm1", rest[0][1].arguments[0])))
    # log(c + d*exp(v)) is max(v, 0) + log(c*exp(-max(v, 0)) + d*exp(min(v, 0)))
    split = exponential_term(u)
    return None if split is None else minus(Apply("log", split[0]), split[1])


def _log1p(node: Node) -> Node | None:
    u = node.arguments[0]
    if u.op == "exp":
        return Apply("softplus", u.arguments[0])
    split = exponential_term(plus(ONE, u))
    return None if split is None else minus(Apply("log1p", minus(split[0], ONE)), split[1])


def _exp(node: Node) -> Node | None:
    u = node.arguments[0]
    if u.op == "log":
        return u.arguments[0]
    if u.op == "neg" and u.arguments[0].op == "softplus":
        return Apply("sigmoid", negative(u.arguments[0].arguments[0]))
    return plus(ONE, Apply("exp", u.arguments[0])) if u.op == "softplus" else None


def _sqrt(node: Node) -> Node | None:
    u = node.arguments[0]
    if u.op == "exp":
        return Apply("exp", over(u.arguments[0], TWO))
    if u.op == "**" and u.arguments[1] == TWO:
        return Apply("abs", u.arguments[0])
    if u.op == "sigmoid":
        return Apply("exp", negative(over(Apply("softplus", negative(u.arguments[0])), TWO)))
    if u.op == "softplus":  # it underflows long before its root does
        v, least = u.arguments[0], Number(_LEAST)
        if not (v.op == "max" and v.arguments[1] == least):
            near = Apply("sqrt", Apply("softplus", Apply("max", v, least)))
            return Apply("Piecewise", Apply("exp", over(v, TWO)), Apply("<=", v, least), near, TRUE)
    return None


def _power(node: Node) -> Node | None:
    base, exponent = node.arguments
    if exponent == ONE:
        return base
    if base.op == "exp":
        return Apply("exp", times(exponent, base.arguments[0]))
    if exponent.op == "number" and exponent.value == 0.5:
        return Apply("sqrt", base)
    return power(base.arguments[0], 2) if base.op == "abs" and exponent == TWO else None


def _least(node: Node) -> Node | None:
    """min(0, a*expm1(x/a)) is decided by x, whose sign does not underflow as x/a may."""
    u, v = node.arguments if node.arguments[1] != ZERO else node.arguments[::-1]
    sign, found = factors(v)
    inner = [base for base in found if base.op == "expm1" and found[base] == 1]
    if u != ZERO or sign < 0 or len(inner) != 1:
        return None
    decides = product(*factors(product(1, put(found, {inner[0]: -1, inner[0].arguments[0]: 1}))))
    return None if decides.names else Apply("Piecewise", v, Apply("<=", decides, ZERO), ZERO, TRUE)


def _even(node: Node) -> Node | None:
    u = node.arguments[0]
    return Apply(node.op, u.arguments[0]) if u.op in ("neg", "abs") else None


def _odd(node: Node) -> Node | None:
    u = node.arguments[0]
    return negative(Apply(node.op, u.arguments[0])) if u.op == "neg" else None


def _capped(node: Node) -> Node | None:
    """exp inside a function that is flat where exp is large: it need not overflow."""

    def cap(part: Node) -> Node:
        if part.op != "exp" or "x" not in part.symbols or below_cap(part.arguments[0]):
            return part
        return Apply("exp", Apply("min", part.arguments[0], Number(CAP)))

    inner = rebuild(node.arguments[0], cap)
    return None if inner == node.arguments[0] else Apply(node.op, inner)


def _root_sum(node: Node) -> Node | None:
    """u + sqrt(u**2 + c), which cancels for u < 0, is c/(sqrt(u**2 + c) - u) there; sqrt(w) - k likewise."""
    if node.op not in "+-":
        return None
    parts = terms(node)
    if len(parts) != 2:
        return None
    for (first, root), (second, u) in (parts, parts[::-1]):
        if root.op != "sqrt" or first < 0:
            continue
        inside = terms(root.arguments[0])
        square = Number(u.value**2) if u.op == "number" else power(u, 2)  # type: ignore[operator]
        if (1, square) not in inside or len(inside) < 2:
            continue
        rest = summed([part for part in inside if part != (1, square)])
        signed = u if second > 0 else negative(u)
        mended = over(rest, minus(root, signed))
        if u.op == "number":
            return mended if second < 0 else None
        return Apply("Piecewise", node, Apply(">=", signed, ZERO), mended, TRUE)
    return None


_RULES: dict[str, tuple[Callable[[Node], Node | None], ...]] = {
    "min": (_least,),
    "neg": (lambda node: negative(node.arguments[0]),),
    "**": (_power,),
    "log": (_log,),
    "log1p": (_log1p,),
    "exp": (_exp, _capped),
    "sqrt": (_sqrt,),
    "logsigmoid": (lambda node: negative(Apply("softplus", negative(node.arguments[0]))),),
    **dict.fromkeys(("+", "-"), (_gathered, _cancelled, _pairs, _hyperbolic, _centred_sigmoid)),
    **dict.fromkeys(("*", "/"), (_multiplied,)),
    **dict.fromkeys(("cosh", "cos", "abs"), (_even,)),
    **dict.fromkeys(("sinh", "asinh"), (_odd,)),
    **dict.fromkeys(("tanh", "erf", "atan"), (_odd, _capped)),
    **dict.fromkeys(("sigmoid", "erfc", "expm1"), (_capped,)),
}
