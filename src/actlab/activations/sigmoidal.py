"""The sigmoidal family: bounded, S-shaped."""

import torch
from torch import Tensor

from actlab.activations.core import activation


@activation(
    family="sigmoidal",
    formula="1/(1 + exp(-x))",
    range="(0, 1)",
    module="Sigmoid",
    aliases=("logistic",),
    reference="Rumelhart, Hinton, Williams 1986, Learning representations by back-propagating errors, Nature 323",
    checked="formula in PyTorch 2.13's torch.nn.Sigmoid, opened 2026-11-23; the paper: no",
    oracle=torch.nn.functional.sigmoid,
)
def sigmoid(x: Tensor) -> Tensor:
    """Logistic sigmoid: from 0 to 1.

        f(x)  = 1 / (1 + e^-x)
        df/dx = f(x) f(-x)

    The derivative is taken from x: f (1 - f) would be 0 in float32 beyond x = 17, where it is still 4e-8.
    """
    return torch.sigmoid(x)


@sigmoid.derivative(wrt="x")
def _(x):
    return torch.sigmoid(x) * torch.sigmoid(-x)


@activation(
    family="sigmoidal",
    formula="tanh(x)",
    range="(-1, 1)",
    module="Tanh",
    reference="LeCun, Bottou, Orr, Müller 1998, Efficient BackProp",
    checked="formula in PyTorch 2.13's torch.nn.Tanh, opened 2026-11-23; the paper: no",
    oracle=torch.nn.functional.tanh,
)
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent: from -1 to 1, zero-centred.

    f(x)  = (e^x - e^-x) / (e^x + e^-x)
    df/dx = 1 - f(x)^2, from the saved output
    """
    return torch.tanh(x)


@tanh.derivative(wrt="x")
def _(y):
    return 1 - y * y
