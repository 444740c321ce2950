"""The rectified family: straight lines that bend at zero."""

import torch
from torch import Tensor

from actlab.activations.core import activation


@activation(
    family="rectified",
    formula="Piecewise((x, x > 0), (0, True))",
    kinks=(0.0,),
    range="[0, inf)",
    module="ReLU",
    inplace=True,
    reference="Nair, Hinton 2010, Rectified Linear Units Improve Restricted Boltzmann Machines, ICML",
    checked="abstract at mlanthology.org (nair2010icml-rectified); PyTorch 2.13's torch.nn.ReLU, 2026-11-23",
    oracle=torch.nn.functional.relu,
)
def relu(x: Tensor) -> Tensor:
    """Rectified linear unit: the positive part of its input.

        f(x)  = x  if x > 0,  0  otherwise
        df/dx = 1  if x > 0,  0  otherwise

    Kink: at 0 the left derivative, 0, as PyTorch takes it.
    """
    return x.clamp(min=0)


@relu.derivative(wrt="x")
def _(x):
    return (x > 0).to(x.dtype)


@activation(
    family="rectified",
    formula="Piecewise((x, x > 0), (negative_slope*x, True))",
    kinks=(0.0,),
    range="(-inf, inf)",
    module="LeakyReLU",
    inplace=True,
    reference="Maas, Hannun, Ng 2013, Rectifier Nonlinearities Improve Neural Network Acoustic Models, ICML workshop",
    checked="a review of the paper (S.-H. Tsang, Medium); PyTorch 2.13's torch.nn.LeakyReLU, 2026-11-23",
    oracle=torch.nn.functional.leaky_relu,
)
def leaky_relu(x: Tensor, negative_slope: float | Tensor = 0.01) -> Tensor:
    """Leaky rectified linear unit: a small slope in place of zero on the left.

        f(x)               = x  if x > 0,  negative_slope x  otherwise
        df/dx              = 1  if x > 0,  negative_slope    otherwise
        df/dnegative_slope = 0  if x > 0,  x                 otherwise

    Kink: at 0 the left derivative, negative_slope, as PyTorch takes it.
    """
    return torch.where(x > 0, x, negative_slope * x)


@leaky_relu.derivative(wrt="x")
def _(x, negative_slope):
    return torch.where(x > 0, torch.ones_like(x), negative_slope)


@leaky_relu.derivative(wrt="negative_slope")
def _(x):
    return x.clamp(max=0)


@activation(
    family="rectified",
    formula="Piecewise((x, x > 0), (weight*x, True))",
    kinks=(0.0,),
    range="(-inf, inf)",
    module="PReLU",
    learned=("weight",),
    reference="He, Zhang, Ren, Sun 2015, Delving Deep into Rectifiers, arXiv:1502.01852",
    checked="PyTorch 2.13's torch.nn.PReLU, opened 2026-11-23; the paper: no",
    oracle=torch.nn.functional.prelu,
)
def prelu(x: Tensor, weight: float | Tensor = 0.25) -> Tensor:
    """Parametric rectified linear unit: the slope on the left is learned.

        f(x)       = x  if x > 0,  weight x  otherwise
        df/dx      = 1  if x > 0,  weight    otherwise
        df/dweight = 0  if x > 0,  x         otherwise

    Kink: at 0 the left derivative, weight, as PyTorch takes it.
    """
    return torch.where(x > 0, x, weight * x)


@prelu.derivative(wrt="x")
def _(x, weight):
    return torch.where(x > 0, torch.ones_like(x), weight)


@prelu.derivative(wrt="weight")
def _(x):
    return x.clamp(max=0)
