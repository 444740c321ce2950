"""A learned quotient of polynomials, which can take nearly any shape where it was fitted."""

import torch
from torch import Tensor

from actlab.activations.core import activation

_POWERS = range(6)


@activation(
    family="learned",
    formula="(a0 + a1*x + a2*x**2 + a3*x**3 + a4*x**4 + a5*x**5)/(1 + Abs(q1*x + q2*x**2 + q3*x**3 + q4*x**4))",
    range="(-inf, inf)",
    module="Rational",
    learned=(*(f"a{k}" for k in _POWERS), *(f"q{k}" for k in _POWERS[1:5])),
    aliases=("pau", "pade"),
    namesakes=(
        "Rational in rational_activations is by default its version A, 1 + |q1 x| + |q2 x^2| + ... below; "
        "this one is its version B",
    ),
    reference="Molina, Schramowski, Kersting 2019, Padé Activation Units, arXiv:1907.06732",
    checked="rational_activations' rational_pytorch_functions.py (versions A to D), opened 2026-11-23; the paper: no",
    domain="[-3, 3]: fitted to gelu there (within 0.0027); outside it leaves gelu, for x/2 + 3.66 on both sides",
)
def rational(
    x: Tensor,
    a0: float | Tensor = 0.0,
    a1: float | Tensor = 0.5,
    a2: float | Tensor = 0.41081,
    a3: float | Tensor = 0.147235,
    a4: float | Tensor = 0.036587,
    a5: float | Tensor = 0.005,
    q1: float | Tensor = 0.0,
    q2: float | Tensor = 0.29447,
    q3: float | Tensor = 0.0,
    q4: float | Tensor = 0.01,
) -> Tensor:
    """Padé activation unit: a learned quotient of degrees 5 and 4, safe as its denominator (D) is never below 1.

        f(x)     = P / D,   P = a0 + a1 x + ... + a5 x^5,   Q = q1 x + ... + q4 x^4,   D = 1 + |Q|
        df/dx    = (P' - f sign(Q) Q') / D
        df/da_k  = x^k / D,   df/dq_k = -f sign(Q) x^k / D

    Beyond 1 the quotient is taken in t = 1/x, P / x^5 over D / x^4, so that no power overflows.
    Kinks: where Q changes its sign, which it does nowhere at the start. The start is a fit to gelu: x/2 plus an even
    function with q4 = 0.01 held, by least squares on 400 Chebyshev points of [-3, 3], reweighted 400 times towards the
    smallest largest error.
    """
    _, top, bottom, _ = _quotient(x, (a0, a1, a2, a3, a4, a5), (q1, q2, q3, q4))
    return torch.where(_inside(x), top / bottom, x * (top / bottom))


@rational.derivative(wrt="x")
def _(x, a0, a1, a2, a3, a4, a5, q1, q2, q3, q4):
    a, q = (a0, a1, a2, a3, a4, a5), (q1, q2, q3, q4)
    point, top, bottom, sign = _quotient(x, a, q)
    # beyond 1 both are divided by x^4, and f by x: the powers of t that are left are those of the other end
    inner = _polynomial(point, tuple(k * a[k] for k in (1, 2, 3, 4, 5)))
    outer = _polynomial(point, tuple(k * a[k] for k in (5, 4, 3, 2, 1)))
    inner_q = _polynomial(point, tuple((k + 1) * q[k] for k in (0, 1, 2, 3)))
    outer_q = _polynomial(point, tuple((k + 1) * q[k] for k in (3, 2, 1, 0)))
    inside = _inside(x)
    rise = torch.where(inside, inner, outer)
    fall = sign * torch.where(inside, inner_q, outer_q)
    return (rise - top / bottom * fall) / bottom


def _numerator_slope(power):
    def slope(x, q1, q2, q3, q4):
        point, _, bottom, _ = _quotient(x, (0.0,) * 6, (q1, q2, q3, q4))
        if power == 5:
            return torch.where(_inside(x), point**5, x) / bottom
        return torch.where(_inside(x), point**power, point ** (4 - power)) / bottom

    return slope


def _denominator_slope(power):
    def slope(x, a0, a1, a2, a3, a4, a5, q1, q2, q3, q4):
        point, top, bottom, sign = _quotient(x, (a0, a1, a2, a3, a4, a5), (q1, q2, q3, q4))
        powers = torch.where(_inside(x), point**power, x * point ** (4 - power))
        return -(top / bottom) * sign * powers / bottom

    return slope


for _power in _POWERS:
    rational.derivative(wrt=f"a{_power}")(_numerator_slope(_power))
for _power in _POWERS[1:5]:
    rational.derivative(wrt=f"q{_power}")(_denominator_slope(_power))


def _inside(x: Tensor) -> Tensor:
    return ~(x.abs() > 1)  # where x is NaN too: then the result is


def _quotient(x: Tensor, a: tuple, q: tuple) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The point, P, D and sign(Q) up to 1; beyond it t = 1/x, P / x^5, D / x^4 and sign(Q)."""
    inside = _inside(x)
    point = torch.where(inside, x, 1 / torch.where(inside, torch.ones_like(x), x))
    top = torch.where(inside, _polynomial(point, a), _polynomial(point, a[::-1]))
    bend = torch.where(inside, _polynomial(point, (0.0, *q)), _polynomial(point, q[::-1]))
    one = torch.where(inside, torch.ones_like(x), point**4)
    return point, top, one + bend.abs(), bend.sign()


def _polynomial(x: Tensor, coefficients: tuple) -> Tensor:
    """c0 + c1 x + c2 x^2 + ..."""
    total = torch.zeros_like(x)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total
