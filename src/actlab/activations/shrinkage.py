"""The shrinkage family: what is near zero becomes zero, or nearly so."""

import torch
from torch import Tensor

from actlab.activations.core import activation, aten


@activation(
    formula="x - tanh(x)",
    aliases=("tanh_shrink",),
    reference="PyTorch documentation, torch.nn.Tanhshrink",
    checked="PyTorch 2.13's torch.nn.Tanhshrink, opened 2026-11-23; no paper is known",
)
def tanhshrink(x: Tensor) -> Tensor:
    """Tanh shrink: what tanh leaves of its input; x^3 / 3 around zero.

        f(x)  = x - tanh(x)
        df/dx = tanh(x)^2

    The difference cancels around 0 (in float32 nothing is left of it at 1e-4). Within [-0.4, 0.4] it is taken from
    Lambert's continued fraction tanh(x) = x d / (d + x^2), d = 3 + x^2/(5 + x^2/(7 + ...)): f(x) = x x^2 / (d + x^2),
    where nothing cancels.
    """
    near = x.clamp(-_NEAR, _NEAR)
    square = near * near
    fraction = square / _deepest(x) + (_deepest(x) - 2)
    for odd in range(_deepest(x) - 4, 2, -2):
        fraction = square / fraction + odd
    return torch.where(x.abs() < _NEAR, near * (square / (fraction + square)), x - torch.tanh(x))


@tanhshrink.derivative(wrt="x")
def _(x):
    saturated = torch.tanh(x)
    return saturated * saturated


def _tanhshrink(x: Tensor, *, out: Tensor) -> Tensor:
    """What is near and what is away, 0 elsewhere, each by its own form: a mask is slow where it is not fused."""
    away = aten.hardshrink(x, _NEAR)
    near = x.clamp(-_NEAR, _NEAR).sub_(away.clamp(-_NEAR, _NEAR))
    square = near * near
    fraction = (square * (1 / _deepest(x))).add_(_deepest(x) - 2)
    for odd in range(_deepest(x) - 4, 2, -2):
        torch.div(square, fraction, out=fraction).add_(odd)
    near.mul_(square.div_(fraction.add_(square)))
    return torch.sub(away, torch.tanh(away, out=fraction), out=out).add_(near)


_NEAR = 0.4  # where x - tanh(x) has lost four bits


def _deepest(x: Tensor) -> int:
    """Where the fraction may be cut off: what is left out is below the rounding within _NEAR."""
    return 13 if x.dtype == torch.float64 else 7


def _tanhshrink_backward(gradient: Tensor, x: Tensor, *, out: Tensor) -> Tensor:
    saturated = torch.tanh(x)
    return torch.mul(gradient, saturated.mul_(saturated), out=out)


tanhshrink.native(forward=_tanhshrink, backward=_tanhshrink_backward, passes=(16, 3))


@activation(
    formula="Piecewise((x - lambd, x > lambd), (x + lambd, x < -lambd), (0, True))",
    kinks=("-lambd", "lambd"),
    aliases=("soft_shrink", "soft_threshold"),
    reference="Donoho, Johnstone 1994, Ideal spatial adaptation by wavelet shrinkage, Biometrika 81",
    checked="formula in PyTorch 2.13's torch.nn.Softshrink, opened 2026-11-23; the paper: no",
)
def softshrink(x: Tensor, lambd: float | Tensor = 0.5) -> Tensor:
    """Soft shrinkage: everything moved towards zero by lambd, and what is nearer becomes zero.

        f(x)       = x - lambd  if x > lambd,  x + lambd  if x < -lambd,  0  otherwise
        df/dx      = 1          if |x| > lambd,                           0  otherwise
        df/dlambd  = -1         if x > lambd,  1          if x < -lambd,  0  otherwise

    Kinks: at -lambd and lambd the inner derivative, 0, as PyTorch takes it. Domain: lambd >= 0.
    """
    return x - x.clamp(min=-lambd).clamp(max=lambd)


softshrink.differentiate(
    x=lambda x, lambd: (x.abs() > lambd).to(x.dtype), lambd=lambda x, lambd: -x.sign() * (x.abs() > lambd).to(x.dtype)
)
softshrink.native(
    forward=aten.softshrink.out,
    backward=lambda gradient, x, lambd, out: aten.softshrink_backward.grad_input(gradient, x, lambd, grad_input=out),
)


@activation(
    formula="Piecewise((0, Abs(x) <= lambd), (x, True))",
    kinks=("-lambd", "lambd"),
    range="(-inf, -lambd), {0} and (lambd, inf)",
    aliases=("hard_shrink", "hard_threshold"),
    reference="Donoho, Johnstone 1994, Ideal spatial adaptation by wavelet shrinkage, Biometrika 81",
    checked="formula in PyTorch 2.13's torch.nn.Hardshrink and keras3's activation_hard_shrink, opened 2026-11-23; "
    "the paper: no",
)
def hardshrink(x: Tensor, lambd: float = 0.5) -> Tensor:
    """Hard shrinkage: what is nearer to zero than lambd becomes zero, the rest stays.

        f(x)  = 0  if |x| <= lambd,  x  otherwise
        df/dx = 0  if |x| <= lambd,  1  otherwise

    Jumps: at -lambd and lambd; there the derivative is the inner one, 0, as PyTorch takes it. With respect to lambd
    the derivative is 0 but for the jumps: lambd cannot be trained. Domain: lambd >= 0.
    """
    return torch.where(x.abs() <= lambd, 0.0, x)  # in this order a NaN stays one


hardshrink.differentiate(x=lambda x, lambd: (x.abs() > lambd).to(x.dtype))
hardshrink.native(
    forward=aten.hardshrink.out,
    backward=lambda gradient, x, lambd, out: aten.hardshrink_backward.grad_input(gradient, x, lambd, grad_input=out),
)
