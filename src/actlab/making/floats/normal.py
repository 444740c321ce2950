"""Reading trees: a sum as its terms, a product as its factors, and how large a part can become."""

from collections.abc import Iterable
from fractions import Fraction
from functools import reduce
from math import inf, prod

from actlab.formula import ONE, ZERO, Apply, Node, Number, X, minus, negative, over, plus, power, times

CAP = 40  # beyond, tanh(e^u) and exp(-e^u) are flat in every dtype; the square of e^40 is still finite in float32
Factors = dict[Node, int]  # base -> whole exponent


def terms(node: Node) -> list[tuple[int, Node]]:
    """A sum as signs and terms."""
    if node.op in "+-" and len(node.arguments) == 2:
        left, right = node.arguments
        sign = 1 if node.op == "+" else -1
        return terms(left) + [(sign * s, term) for s, term in terms(right)]
    if node.op == "neg":
        return [(-s, term) for s, term in terms(node.arguments[0])]
    return [(-1, -node)] if node.op == "number" and node.value < 0 else [(1, node)]


def summed(parts: Iterable[tuple[int, Node]]) -> Node:
    node = ZERO
    for sign, term in sorted(parts, key=lambda part: -part[0]):  # what is added comes first
        node = plus(node, term) if sign > 0 else minus(node, term)
    return node


def factors(node: Node) -> tuple[int, Factors]:
    """A product as sign and powers: -a*b/c**2 is (-1, {a: 1, b: 1, c: -2})."""
    found: Factors = {}

    def gather(part: Node, exponent: int) -> int:
        if part.op == "neg":
            return (-1) ** exponent * gather(part.arguments[0], exponent)
        if part.op in ("*", "/"):
            left, right = part.arguments
            return gather(left, exponent) * gather(right, exponent if part.op == "*" else -exponent)
        if part.op == "**" and part.arguments[1].op == "number" and isinstance(part.arguments[1].value, int):
            return gather(part.arguments[0], exponent * part.arguments[1].value)
        if part.op == "number" and part.value < 0:
            return (-1) ** exponent * gather(-part, exponent)
        found[part] = found.get(part, 0) + exponent
        return 1

    sign = gather(node, 1)
    return sign, {base: exponent for base, exponent in found.items() if exponent and base != ONE}


def product(sign: int, found: Factors) -> Node:
    numbers = {base: exponent for base, exponent in found.items() if isinstance(base.value, int) and base != ZERO}
    ratio = prod((Fraction(base.value) ** exponent for base, exponent in numbers.items()), start=Fraction(1))
    if max(ratio.numerator, ratio.denominator) < 2**53:
        whole = {Number(ratio.numerator): 1, Number(ratio.denominator): -1}
        found = whole | {base: exponent for base, exponent in found.items() if base not in numbers}
    numbers_first = sorted(found.items(), key=lambda item: item[0].op != "number")
    above = reduce(times, (power(base, exponent) for base, exponent in numbers_first if exponent > 0), ONE)
    below = reduce(times, (power(base, -exponent) for base, exponent in numbers_first if exponent <= 0), ONE)
    if found.get(X) == 1 and below != ONE and "x" not in below.symbols:
        # (g/2)*x, not (x*g)/2: x near the largest number must not be doubled first
        node = times(product(1, put(found, {X: -1})), X)
    else:
        node = over(above, below)
    return node if sign > 0 else negative(node)


def put(found: Factors, changes: dict[Node, int]) -> Factors:
    new = found | {base: found.get(base, 0) + exponent for base, exponent in changes.items()}
    return {base: exponent for base, exponent in new.items() if exponent}


def one_plus_exp(node: Node) -> Node | None:
    """u, of 1 + exp(u)."""
    parts = terms(node)
    grows = [term.arguments[0] for sign, term in parts if sign > 0 and term.op == "exp"]
    return grows[0] if len(parts) == 2 and (1, ONE) in parts and grows else None


def exponential_term(node: Node) -> tuple[Node, Node] | None:
    """node*exp(-max(v, 0)) and -max(v, 0) of a sum that holds one exp(v) of something that grows."""
    parts = terms(node)
    for i, (sign, term) in enumerate(parts):
        own_sign, own = factors(term)
        bases = [base for base in own if base.op == "exp" and own[base] == 1]
        if len(parts) > 1 and len(bases) == 1 and "x" in bases[0].symbols and not below_cap(bases[0].arguments[0]):
            v = bases[0].arguments[0]
            least = Apply("min", v, ZERO)
            down = minus(least, v)
            raised = product(own_sign, put(own, {bases[0]: -1, Apply("exp", least): 1}))
            rest = [(s, times(t, Apply("exp", down))) for k, (s, t) in enumerate(parts) if k != i]
            return summed([*rest, (sign, raised)]), down
    return None


def below_cap(u: Node) -> bool:
    """Whether u is small already: min(v, 40), min(v, 0) - v, -abs(v), -v**2."""
    return _most(u) <= CAP


def _most(u: Node) -> float:
    """A bound of u from above, for all x, as far as one is seen."""
    if u.op == "number":
        return u.value  # type: ignore[return-value]
    if u.op == "min":
        return min(map(_most, u.arguments))
    if u.op in ("sigmoid", "tanh", "erf", "sin", "cos"):
        return 1.0
    if u.op == "neg":
        return 0.0 if _positive(u.arguments[0]) else inf
    if u.op in "*/":
        sign, found = factors(u)
        return 0.0 if sign < 0 and all(_positive(base) or n % 2 == 0 for base, n in found.items()) else inf
    return _most_of_sum(terms(u)) if u.op in "+-" else inf


def _most_of_sum(parts: list[tuple[int, Node]]) -> float:
    for i, (sign, term) in enumerate(parts):
        if sign > 0 and term.op == "min":  # min(v, 0) - v is at most 0
            for v in term.arguments:
                rest, gone = parts[:i] + parts[i + 1 :], terms(negative(v))
                if all(part in rest for part in gone):
                    return _most_of_sum([part for part in rest if part not in gone]) if len(rest) > len(gone) else 0.0
    return sum(_most(term if sign > 0 else negative(term)) for sign, term in parts)


def _positive(node: Node) -> bool:
    if node.op == "number":
        return node.value > 0  # type: ignore[operator]
    if node.op in "*/" and len(node.arguments) == 2:
        return all(map(_positive, node.arguments))
    return node.op in ("abs", "softplus", "exp", "sqrt", "cosh", "sigmoid", "pi") or (
        node.op == "**" and node.arguments[1].op == "number" and node.arguments[1].value % 2 == 0  # type: ignore[operator]
    )
