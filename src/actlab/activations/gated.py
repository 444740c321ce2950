"""The self-gated family: x times a bounded function of x."""

import math

import torch
from torch import Tensor

from actlab.activations.core import activation

_SQRT_HALF = math.sqrt(0.5)
_DENSITY = 1 / math.sqrt(2 * math.pi)  # of the standard normal at 0
_TANH_SCALE = math.sqrt(2 / math.pi)
_CUBIC = 0.044715


@activation(
    family="gated",
    formula="x/(1 + exp(-x))",
    range="[-0.278, inf)",
    module="SiLU",
    inplace=True,
    aliases=("swish", "swish_1"),
    reference="Hendrycks, Gimpel 2016, arXiv:1606.08415; Elfwing, Uchibe, Doya 2017, arXiv:1702.03118",
    checked="PyTorch 2.13's torch.nn.SiLU, which names both papers, opened 2026-11-23",
    oracle=torch.nn.functional.silu,
)
def silu(x: Tensor) -> Tensor:
    """Sigmoid linear unit: x gated by its own sigmoid (s).

    f(x)  = x s(x)
    df/dx = s(x) (1 + x s(-x))
    """
    return x * torch.sigmoid(x)


@silu.derivative(wrt="x")
def _(x):
    return torch.sigmoid(x) * (1 + x * torch.sigmoid(-x))


@activation(
    family="gated",
    formula="x*(1 + erf(x/sqrt(2)))/2",
    range="[-0.170, inf)",
    module="GELU",
    reference="Hendrycks, Gimpel 2016, arXiv:1606.08415",
    checked="PyTorch 2.13's torch.nn.functional.gelu, which names the paper, opened 2026-11-23",
    oracle=torch.nn.functional.gelu,
)
def gelu(x: Tensor) -> Tensor:
    """Gaussian error linear unit: x times the probability (P) that a standard normal is below x.

        f(x)  = x P(x)
        df/dx = P(x) + x p(x),   p the normal density

    P by erfc: 1 + erf cancels on the left, where in float32 nothing would be left of it below -5.6.
    """
    return 0.5 * x * torch.erfc(-_SQRT_HALF * x)


@gelu.derivative(wrt="x")
def _(x):
    return 0.5 * torch.erfc(-_SQRT_HALF * x) + x * (_DENSITY * torch.exp(-0.5 * x * x))


@activation(
    family="gated",
    formula="x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))/2",
    range="[-0.170, inf)",
    aliases=("gelu_new",),
    reference="Hendrycks, Gimpel 2016, arXiv:1606.08415",
    checked="PyTorch 2.13's torch.nn.functional.gelu, which names the paper, opened 2026-11-23",
    oracle=lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
)
def gelu_tanh(x: Tensor) -> Tensor:
    """GELU by a hyperbolic tangent (t), the approximation many language models were trained with.

    u     = sqrt(2/pi) (x + 0.044715 x^3)
    f(x)  = x (1 + t(u)) / 2                      = x s(2u),  s the sigmoid
    df/dx = s(2u) (1 + x s(-2u) 2 du/dx)
    """
    return x * torch.sigmoid(_twice_inner(x))  # 1 + tanh cancels on the left; the sigmoid of 2u does not


@gelu_tanh.derivative(wrt="x")
def _(x):
    inner = _twice_inner(x)
    # clamped: beyond 30 the sigmoid of -2u is 0 in every dtype, and x^3 must not meet it as infinity
    slope = 2 * _TANH_SCALE * (1 + 3 * _CUBIC * x.clamp(-30, 30) ** 2)
    return torch.sigmoid(inner) * (1 + x.clamp(-30, 30) * torch.sigmoid(-inner) * slope)


def _twice_inner(x: Tensor) -> Tensor:
    return 2 * _TANH_SCALE * x * (1 + _CUBIC * x * x)


@activation(
    family="gated",
    formula="x*tanh(log(1 + exp(x)))",
    range="[-0.309, inf)",
    module="Mish",
    inplace=True,
    reference="Misra 2019, arXiv:1908.08681",
    checked="PyTorch 2.13's torch.nn.Mish, which names the paper, opened 2026-11-23",
    oracle=torch.nn.functional.mish,
)
def mish(x: Tensor) -> Tensor:
    """Mish: x gated by the tanh (t) of its softplus (p).

        f(x)  = x t(p(x))
        df/dx = t(p(x)) + x s(x) (1 - t(p(x))^2),   s the sigmoid

    tanh(log(1 + e^x)) is taken as n / (n + 2) with n = e^x (e^x + 2): one exponential, no cancellation.
    """
    return x * _mish_gate(x)


@mish.derivative(wrt="x")
def _(x):
    gate = _mish_gate(x)
    return gate + x * torch.sigmoid(x) * (1 - gate) * (1 + gate)


def _mish_gate(x: Tensor) -> Tensor:
    grown = torch.exp(x.clamp(max=20))  # beyond 20 the gate is 1 in float64 too
    n = grown * (grown + 2)
    return n / (n + 2)
