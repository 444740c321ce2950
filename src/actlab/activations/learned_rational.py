"""A learned quotient of polynomials, which can take nearly any shape where it was fitted."""

import torch
from torch import Tensor

from actlab.activations.core import activation

_POWERS = range(6)


@activation(
    formula="(a0 + a1*x + a2*x**2 + a3*x**3 + a4*x**4 + a5*x**5)/(1 + Abs(q1*x + q2*x**2 + q3*x**3 + q4*x**4))",
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
    x: Tensor, a0: float | Tensor = 0.0, a1: float | Tensor = 0.5, a2: float | Tensor = 0.41081,
    a3: float | Tensor = 0.147235, a4: float | Tensor = 0.036587, a5: float | Tensor = 0.005, q1: float | Tensor = 0.0,
    q2: float | Tensor = 0.29447, q3: float | Tensor = 0.0, q4: float | Tensor = 0.01,
) -> Tensor:  # fmt: skip
    """Padé activation unit: a learned quotient of degrees 5 and 4, safe as its denominator (D) is never below 1.

        f(x)     = P / D,   P = a0 + a1 x + ... + a5 x^5,   Q = q1 x + ... + q4 x^4,   D = 1 + |Q|
        df/dx    = (P' - f sign(Q) Q') / D
        df/da_k  = x^k / D,   df/dq_k = -f sign(Q) x^k / D

    With m = max(1, |x|), u = x/m and v = 1/m both polynomials are taken in u and v, P / m^5 over D / m^4, so that no
    power overflows.
    Kinks: where Q changes its sign, which it does nowhere at the start. The start is a fit to gelu: x/2 plus an even
    function with q4 = 0.01 held, by least squares on 400 Chebyshev points of [-3, 3], reweighted 400 times towards the
    smallest largest error.
    """
    size, u, v = _scaled(x)
    top, bottom, _ = _quotient(u, v, (a0, a1, a2, a3, a4, a5), (q1, q2, q3, q4))
    return size * (top / bottom)


@rational.derivative(wrt="x")
def _(x, a0, a1, a2, a3, a4, a5, q1, q2, q3, q4):
    _, u, v = _scaled(x)
    top, rise = _polynomial(u, v, (a0, a1, a2, a3, a4, a5))
    bend, fall = _polynomial(u, v, (0.0, q1, q2, q3, q4))
    inverse = 1 / (v * v * v * v + bend.abs())
    return (rise - top * inverse * (bend.sign() * fall)) * inverse


def _numerator_slope(power):
    def slope(x, q1, q2, q3, q4):
        size, u, v = _scaled(x)
        _, bottom, _ = _quotient(u, v, (0.0,) * 6, (q1, q2, q3, q4))
        return (size * u**5 if power == 5 else u**power * v ** (4 - power)) / bottom

    return slope


def _denominator_slope(power):
    def slope(x, a0, a1, a2, a3, a4, a5, q1, q2, q3, q4):
        size, u, v = _scaled(x)
        top, bottom, sign = _quotient(u, v, (a0, a1, a2, a3, a4, a5), (q1, q2, q3, q4))
        return -(size * (top / bottom)) * sign * (u**power * v ** (4 - power)) / bottom

    return slope


for _power in _POWERS:
    rational.derivative(wrt=f"a{_power}")(_numerator_slope(_power))
for _power in _POWERS[1:5]:
    rational.derivative(wrt=f"q{_power}")(_denominator_slope(_power))


def _scaled(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """m, u and v. f does not depend on m, nor does any derivative that is taken through it: it stops where 1/m would
    be a denormal number, which training takes for 0, and u there at what the largest number makes of it.
    """
    size = x.abs().clamp(min=1, max=1 / (4 * torch.finfo(x.dtype).tiny))
    v = 1 / size
    return size, (x * v).clamp(-16, 16), v


def _quotient(u: Tensor, v: Tensor, a: tuple, q: tuple) -> tuple[Tensor, Tensor, Tensor]:
    """P / m^5, D / m^4 and sign(Q)."""
    bend = _polynomial(u, v, (0.0, *q))[0]
    return _polynomial(u, v, a)[0], v * v * v * v + bend.abs(), bend.sign()


def _polynomial(u: Tensor, v: Tensor, coefficients: tuple) -> tuple[Tensor, Tensor]:
    """c0 v^n + c1 u v^(n - 1) + ... + cn u^n, and its derivative by u."""
    *rest, last = coefficients
    total, slope = last * torch.ones_like(u), torch.zeros_like(u)
    power = v
    for coefficient in reversed(rest):
        slope = slope * u + total
        total = total * u + coefficient * power
        power = power * v
    return total, slope
