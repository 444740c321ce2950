"""Parts that several blocks share, in forms that lose neither a tail nor a second derivative."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

SLOPE_OF_ERF = 2 / math.sqrt(math.pi)  # at 0
FAR = 1e9  # where a factor beside it has long vanished; its fourth power is still finite in float32


def fade(x: Tensor) -> Tensor:
    """e^-|x|, of which all that is made of a sigmoid can be: it never overflows, and no tail is lost. Not by abs: its
    slope at 0 is 0, where here it is the left one, of what is taken there, so that higher derivatives are right.
    """
    return torch.exp(torch.where(x > 0, -x, x))


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + e^-x); torch.sigmoid is 0 on the far left as soon as e^-x overflows, though x e^x is not."""
    faded = fade(x)
    return torch.where(x > 0, 1.0, faded) / (1 + faded)


def gated(x: Tensor, z: Tensor) -> Tensor:
    """x s(z), s the sigmoid: one exponential, one division."""
    faded = fade(z)
    return torch.where(z > 0, x, x * faded) / (1 + faded)


def sigmoid_and_slope(x: Tensor) -> tuple[Tensor, Tensor]:
    """s(x) and s'(x) = s(x) s(-x)."""
    faded = fade(x)
    inverse = 1 / (1 + faded)
    return torch.where(x > 0, inverse, faded * inverse), faded * inverse * inverse


def sigmoid_slope(x: Tensor) -> Tensor:
    return sigmoid_and_slope(x)[1]


def silu_slope(x: Tensor) -> Tensor:
    """(x s(x))' = s(x) + x s'(x), s the sigmoid; clamped so that no infinity meets a zero."""
    gate, slope = sigmoid_and_slope(x)
    return gate + x.clamp(-FAR, FAR) * slope


def softplus(x: Tensor) -> Tensor:
    """log(1 + e^x); x itself from 40 on, where the two are equal in float64."""
    return torch.nn.functional.softplus(x, 1.0, 40.0)


def sech2(x: Tensor) -> Tensor:
    """tanh'(x) = 1 / cosh(x)^2 = 4 s'(2 x), s the sigmoid: 1 - tanh(x)^2 would cancel, and cosh is slow."""
    return 4 * sigmoid_slope(2 * x)


def erf_slope(x: Tensor) -> Tensor:
    """erf'(x) = 2 e^(-x^2) / sqrt(pi); 0 in every dtype from 30 on."""
    return SLOPE_OF_ERF * torch.exp(-(x.clamp(-30, 30) ** 2))


def normal_distribution(x: Tensor) -> Tensor:
    """P(x), the probability that a standard normal is below x; 1 + erf would cancel on the left."""
    return 0.5 * torch.erfc(-math.sqrt(0.5) * x)


def normal_density(x: Tensor) -> Tensor:
    """p(x) = P'(x); of what is clamped, so that x^2 does not overflow."""
    return torch.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))


def gelu_slope(x: Tensor) -> Tensor:
    """(x P(x))' = P(x) + x p(x), p the normal density."""
    near = x.clamp(-40, 40)
    return normal_distribution(near) + near * normal_density(near)


def sin(x: Tensor) -> Tensor:
    """The sine of a product; where it has overflowed nothing is known of its phase, and any may be taken."""
    return torch.sin(_finite(x))


def cos(x: Tensor) -> Tensor:
    """The cosine of a product, as above."""
    return torch.cos(_finite(x))


def _finite(x: Tensor) -> Tensor:
    largest = torch.finfo(x.dtype).max
    return x.clamp(-largest, largest)


def hypot1(x: Tensor) -> Tensor:
    """sqrt(1 + x^2): x^2 does not overflow where it is clamped, |x| is the root there; half of torch.hypot's time."""
    far = torch.finfo(x.dtype).max ** 0.5 / 2
    near = x.clamp(-far, far)
    return torch.maximum(torch.sqrt(1 + near * near), x.abs())


def sinc_value(x: Tensor, wave: Tensor | None = None) -> Tensor:
    """sin(x) / x, 1 at 0, where no derivative is taken by autograd: near 0 that would cancel. `wave` is sin(x)."""
    wave = sin(x) if wave is None else wave
    one = torch.ones_like(x)
    return torch.where(x == 0, one, wave / torch.where(x == 0, one, x))


def sinc(x: Tensor) -> Tensor:
    """sin(x) / x, 1 at 0; near it by its series, whose derivatives of any order are finite."""
    small = x.abs() < _SMALL
    away = torch.where(small, torch.ones_like(x), x)
    return torch.where(small, _series(x.clamp(-_SMALL, _SMALL), _SINC), sin(away) / away)


def sinc_slope(x: Tensor) -> Tensor:
    """(cos x - sin(x) / x) / x, 0 at 0; near it by its series, where the difference would cancel."""
    small = x.abs() < _SMALL
    near = x.clamp(-_SMALL, _SMALL)
    inverse = 1 / torch.where(small, torch.ones_like(x), x)
    away = (torch.cos(x) - torch.sin(x) * inverse) * inverse
    return torch.where(small, near * _series(near, _SINC_SLOPE), away)


_EXPM1 = tuple(1 / math.factorial(n) for n in range(1, 13))  # of x^(n - 1)


def expm1(x: Tensor, grown: Tensor) -> Tensor:
    """e^x - 1 for x <= 0, where `grown`, e^x, is there already: by its series near 0, where the difference cancels."""
    near = x.clamp(-0.25, 0)
    coefficients = _EXPM1 if x.dtype == torch.float64 else _EXPM1[:7]  # what is left out is below eps / 20
    return torch.where(x > -0.25, horner(near, coefficients) * near, grown - 1)


_SMALL = 0.5
_SINC = tuple((-1) ** n / math.factorial(2 * n + 1) for n in range(10))  # of x^(2n)
_SINC_SLOPE = tuple(2 * n * (-1) ** n / math.factorial(2 * n + 1) for n in range(1, 11))  # of x^(2n - 1)


def _series(x: Tensor, coefficients: tuple[float, ...]) -> Tensor:
    """The sum of c_n x^(2n), for |x| <= _SMALL."""
    if x.dtype != torch.float64:
        coefficients = coefficients[:4]  # the next term is below 2e-8 of the first
    return horner(x * x, coefficients)


def horner(x: Tensor, coefficients: Sequence[float]) -> Tensor:
    """The sum of c_n x^n."""
    total = torch.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total
