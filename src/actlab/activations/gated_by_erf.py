"""The self-gated family, where the gate is made of the normal distribution or the error function."""

import math

import torch
from torch import Tensor

from actlab.activations.core import activation
from actlab.activations.parts import (
    erf_slope,
    gated,
    gelu_slope,
    normal_density,
    normal_distribution,
    sigmoid_and_slope,
    softplus,
)

_TANH_SCALE = math.sqrt(2 / math.pi)
_CUBIC = 0.044715


@activation(
    formula="x*(1 + erf(x/sqrt(2)))/2",
    range="[-0.170, inf)",
    module="GELU",
    reference="Hendrycks, Gimpel 2016, arXiv:1606.08415",
    checked="PyTorch 2.13's torch.nn.functional.gelu, which names the paper, opened 2026-11-23",
)
def gelu(x: Tensor) -> Tensor:
    """Gaussian error linear unit: x times the probability (P) that a standard normal is below x.

        f(x)  = x P(x)
        df/dx = P(x) + x p(x),   p the normal density

    P by erfc: 1 + erf cancels on the left, where in float32 nothing would be left of it below -5.6.
    """
    return x * normal_distribution(x)


gelu.differentiate(x=gelu_slope)


def _gelu_backward(gradient: Tensor, x: Tensor, *, out: Tensor) -> Tensor:
    near = x.clamp(-40, 40)
    density = (near * -0.5).mul_(near).exp_()
    twice = (near * -math.sqrt(0.5)).erfc_().addcmul_(density, near, value=2 / math.sqrt(2 * math.pi))
    return torch.mul(gradient, twice.mul_(0.5), out=out)


gelu.native(  # not ATen's kernels: by 1 + erf they lose both value and slope on the left
    forward=lambda x, out: torch.mul(x, -math.sqrt(0.5), out=out).erfc_().mul_(0.5).mul_(x),
    backward=_gelu_backward,
    passes=(4, 9),
)


@activation(
    formula="x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))/2",
    range="[-0.170, inf)",
    module="",
    aliases=("gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate"),
    namesakes=("gelu in JAX means this one unless it is told otherwise; in PyTorch and Keras the one by erf",),
    reference="Hendrycks, Gimpel 2016, arXiv:1606.08415",
    checked="PyTorch 2.13's torch.nn.functional.gelu, which names the paper; transformers' activations.py, 2026-11-23",
    oracle=lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
)
def gelu_tanh(x: Tensor) -> Tensor:
    """GELU by a hyperbolic tangent (t), the approximation many language models were trained with.

    u     = sqrt(2/pi) (x + 0.044715 x^3)
    f(x)  = x (1 + t(u)) / 2                      = x s(2u),  s the sigmoid
    df/dx = s(2u) (1 + x s(-2u) 2 du/dx)
    """
    return gated(x, _twice_inner(x))  # 1 + tanh cancels on the left; the sigmoid of 2u does not


@gelu_tanh.derivative(wrt="x")
def _(x):
    near = x.clamp(-30, 30)  # beyond, the sigmoid of -2u is 0 in every dtype, and must not meet x^3 as infinity
    inner = _twice_inner(near)
    slope = 2 * _TANH_SCALE * (1 + 3 * _CUBIC * near**2)
    gate, gate_slope = sigmoid_and_slope(inner)
    return gate + near * slope * gate_slope


def _twice_inner(x: Tensor) -> Tensor:
    return 2 * _TANH_SCALE * x * (1 + _CUBIC * x * x)


def _gelu_tanh(x: Tensor, *, out: Tensor) -> Tensor:
    near = x.clamp(-30, 30)
    square = near * near
    torch.mul(near, 2 * _TANH_SCALE, out=out).addcmul_(square, near, value=2 * _TANH_SCALE * _CUBIC)
    return out.sigmoid_().mul_(x)


def _gelu_tanh_backward(gradient: Tensor, x: Tensor, *, out: Tensor) -> Tensor:
    near = x.clamp(-30, 30)
    square = near * near
    inner = (near * (2 * _TANH_SCALE)).addcmul_(square, near, value=2 * _TANH_SCALE * _CUBIC)
    steepness = torch.sub(inner, near, alpha=4 / 3 * _TANH_SCALE, out=square)  # a third of x times inner's derivative
    gate = inner.sigmoid()
    steepness.mul_(inner.neg_().sigmoid_())
    return torch.mul(gradient, torch.addcmul(gate, gate, steepness, value=3, out=steepness), out=out)


# not ATen's kernels: by 1 + tanh they lose both on the left, and are NaN where x^3 overflows
gelu_tanh.native(forward=_gelu_tanh, backward=_gelu_tanh_backward, passes=(6, 11))


@activation(
    formula="x*erf(log(1 + exp(x)))",
    range="[-0.348, inf)",
    reference="Nag, Bhattacharyya 2021, SERF, arXiv:2108.09598",
    checked="Serf in torch-activation, which names the paper; J. D. Cook's 'Swish, mish, and serf', 2026-11-23",
)
def serf(x: Tensor) -> Tensor:
    """Serf: x gated by the error function of its softplus (p).

    f(x)  = x erf(p(x)),   p(x) = log(1 + e^x)
    df/dx = erf(p(x)) + x s(x) erf'(p(x)),   s the sigmoid
    """
    return x * torch.erf(softplus(x))


@serf.derivative(wrt="x")
def _(x):
    near = x.clamp(-1e3, 1e3)
    inner = softplus(near)
    return torch.erf(inner) + near * torch.sigmoid(near) * erf_slope(inner)


@activation(
    formula="x*tanh(x*(1 + erf(x/sqrt(2)))/2)",
    range="[0, inf)",
    reference="Naveen 2021, Phish: A Novel Hyper-Optimizable Activation Function, TechRxiv",
    checked="Phish in torch-activation (classical/sigmoid_weighted.py), opened 2026-11-23; the paper: no",
)
def phish(x: Tensor) -> Tensor:
    """Phish: x gated by the tanh of its GELU (g); both change sign at 0, so that it is never negative.

    f(x)  = x tanh(g(x)),   g(x) = x P(x)
    df/dx = tanh(g(x)) + x g'(x) / cosh(g(x))^2
    """
    return x * torch.tanh(x * normal_distribution(x))


@phish.derivative(wrt="x")
def _(x):
    near = x.clamp(-40, 40)
    below = normal_distribution(near)
    tanh = torch.tanh(near * below)
    inner_slope = below + near * normal_density(near)
    return tanh + near * inner_slope * (1 - tanh) * (1 + tanh)  # where 1 - tanh cancels it no longer counts


@activation(
    formula="((1 + alpha)*x + (1 - alpha)*x*erf(mu*(1 - alpha)*x))/2",
    module="SMU",
    namesakes=("SMU-1, the same paper's second function, smooths the absolute value by a square root",),
    reference="Biswas, Kumar, Banerjee, Pandey 2021, SMU, arXiv:2111.04682",
    checked="reimplementations that state alpha 0.25, mu 1 for classification and 0.01, 2.5 for detection, opened "
    "2026-11-23; the paper: no",
)
def smu(x: Tensor, alpha: float | Tensor = 0.25, mu: float | Tensor = 1.0) -> Tensor:
    """Smooth maximum unit: max(x, alpha x) with the absolute value smoothed by erf; GELU at alpha 0, mu sqrt(1/2).

        z        = mu (1 - alpha) x,   Q(z) = erfc(-z) / 2
        f(x)     = alpha x + (1 - alpha) x Q(z)
        df/dx    = alpha + (1 - alpha) (Q(z) + z erf'(z) / 2)
        df/dalpha = x (Q(-z) - z erf'(z) / 2),   df/dmu = ((1 - alpha) x)^2 erf'(z) / 2

    A mu of 1e6, the default of the paper's code, makes it leaky ReLU with a kink, as far as any dtype can tell.
    """
    return alpha * x + (1 - alpha) * x * (0.5 * torch.erfc(-mu * (1 - alpha) * x))


@smu.derivative(wrt="x")
def _(x, alpha, mu):
    z = (mu * (1 - alpha) * x).clamp(-30, 30)
    return alpha + (1 - alpha) * (0.5 * torch.erfc(-z) + 0.5 * z * erf_slope(z))


@smu.derivative(wrt="alpha")
def _(x, alpha, mu):
    z = (mu * (1 - alpha) * x).clamp(-30, 30)
    return x * (0.5 * torch.erfc(z) - 0.5 * z * erf_slope(z))


@smu.derivative(wrt="mu")
def _(x, alpha, mu):
    gap = ((1 - alpha) * x).clamp(-1e9, 1e9)
    return 0.5 * gap * gap * erf_slope(mu * gap)
