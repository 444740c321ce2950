"""The bell family: functions that fade on both sides."""

import torch
from torch import Tensor

from actlab.activations.core import activation


@activation(
    formula="exp(-x**2)",
    range="(0, 1]",
    aliases=("rbf",),
    namesakes=("others put the width of a standard normal in, e^(-x^2/2)",),
    reference="Broomhead, Lowe 1988, Multivariable Functional Interpolation and Adaptive Networks, Complex Systems 2",
)
def gaussian(x: Tensor) -> Tensor:
    """Gaussian bell, the usual radial basis function.

    f(x)  = e^(-x^2)
    df/dx = -2 x e^(-x^2)
    """
    return torch.exp(-x * x)


@gaussian.derivative(wrt="x")
def _(x):
    near = x.clamp(-40, 40)  # e^-1600 is 0 in every dtype; beyond, infinity must not meet it
    return -2 * near * torch.exp(-near * near)


@activation(
    formula="(1 - x**2)*exp(-x**2/2)",
    range="[-0.446, 1]",
    aliases=("ricker",),
    namesakes=("Wave in torch-activation has its parentheses elsewhere, and is another function",),
    reference="the Ricker wavelet; Zhang, Benveniste 1992, Wavelet networks, IEEE Transactions on Neural Networks 3",
)
def mexican_hat(x: Tensor) -> Tensor:
    """Mexican hat: the second derivative of a Gaussian bell, turned over; its integral is 0.

    f(x)  = (1 - x^2) e^(-x^2/2)
    df/dx = (x^3 - 3 x) e^(-x^2/2)
    """
    near = x.clamp(-60, 60)  # e^-1800 is 0 in every dtype; beyond, x^2 would be infinity times 0
    return (1 - near) * (1 + near) * torch.exp(-0.5 * near * near)


@mexican_hat.derivative(wrt="x")
def _(x):
    near = x.clamp(-60, 60)
    return near * (near * near - 3) * torch.exp(-0.5 * near * near)
