"""A polynomial where a formula loses its digits near 0: x - tanh(x), sin(x)/x, sqrt(1 + x**2) - 1.

The polynomial is fitted at 50 digits to f(x)/x**k through Chebyshev points, where f vanishes as x**k; it is used only
where the formula in floats was seen to be wrong and the polynomial to be right.
"""

from collections.abc import Mapping

from mpmath import mp, mpf

from actlab.formula import TRUE, Apply, Exact, Node, Number, X, power, substitute, times

SMALL = (1e-8, -1e-8, 1e-5, -1e-5, 1e-3, -1e-3, 0.01, -0.01, 0.04, -0.04)  # where digits are lost, if they are
_RADII = (0.5, 0.25, 0.125)
_DEGREE = 24
_NEAR = mpf(2) ** -56  # relative error of the polynomial


def near_zero(exact: Node, rest: Node, parameters: Mapping[str, float], order: int, wrt: str = "x") -> Node | None:
    """`rest` with a polynomial of the truth near 0, or None where f is no power series there.

    `exact` is the formula, `order` the order of its derivative that `rest` computes.
    """
    truth = Exact(exact, parameters)
    for radius in _RADII:
        polynomial = _fit(truth, radius, order, wrt)
        if polynomial is not None:
            inside = Apply("<", Apply("abs", X), Number(radius))
            near = Apply("min", Apply("max", X, Number(-radius)), Number(radius))  # its powers must not overflow
            return Apply("Piecewise", substitute(polynomial, {"x": near}), inside, rest, TRUE)
    return None


def _fit(exact: Exact, radius: float, order: int, wrt: str) -> Node | None:
    with mp.workdps(60):
        points = [radius * mp.cos(mp.pi * (2 * i + 1) / (2 * _DEGREE + 2)) for i in range(_DEGREE + 1)]
        points = [point if point else mpf(10) ** -9 for point in points]
        wanted = exact.slopes(points, wrt, order)
        tests = [mpf(radius) * t / 10 for t in (-9.9, -7, -4, -1, -0.01, 0.01, 1, 4, 7, 9.9)]
        beside = exact.slopes(tests, wrt, order)
        tiny = exact.slopes([mpf("1e-6"), mpf("1e-7")], wrt, order)
        if not all(mp.isfinite(value) for value in (*wanted, *beside, *tiny)) or 0 in tiny:
            return None
        vanishing = round(float(mp.log10(abs(tiny[0] / tiny[1]))))
        if vanishing < 0:
            return None
        scaled = [value / point**vanishing for value, point in zip(wanted, points, strict=True)]
        with mp.workdps(90):  # of which solving loses 30
            powers = mp.matrix([[point**k for k in range(_DEGREE + 1)] for point in points])
            coefficients = list(mp.lu_solve(powers, mp.matrix(scaled)))
        for point, value in zip(tests, beside, strict=True):
            if abs(mp.polyval(coefficients[::-1], point) * point**vanishing - value) > _NEAR * abs(value):
                return None
        least = mpf(10) ** -18 * max(map(abs, coefficients))
        kept = [float(c) if abs(c) * mpf(radius) ** i > least else 0.0 for i, c in enumerate(coefficients)]
    return _horner(kept, vanishing)


def _horner(coefficients: list[float], vanishing: int) -> Node:
    """x**k*(c0 + x*(c1 + ...)), in x**2 where only even powers are left."""
    while coefficients and coefficients[-1] == 0:
        coefficients.pop()
    even = not any(coefficients[1::2])
    step = power(X, 2) if even else X
    used = coefficients[::2] if even else coefficients
    node: Node = Number(used[-1])
    for coefficient in reversed(used[:-1]):
        node = Apply("*", step, node)
        node = Apply("+", Number(coefficient), node) if coefficient else node
    return times(power(X, vanishing), node)
