"""No activation at all: what a network does without non-linearity."""

import torch
from torch import Tensor

from actlab.activations.core import activation


@activation(
    family="linear",
    formula="x",
    range="(-inf, inf)",
    module="Identity",
    aliases=("linear", "none"),
    reference="PyTorch documentation, torch.nn.Identity",
    checked="PyTorch 2.13's torch.nn.Identity, opened 2026-11-23",
    oracle=torch.nn.Identity(),
)
def identity(x: Tensor) -> Tensor:
    """The identity: a deep network with it is a linear one, and shows what non-linearity gives at all.

    f(x)  = x
    df/dx = 1
    """
    return x.clone()  # an output of its own, so that changing it does not change the input


@identity.derivative(wrt="x")
def _(x):
    return torch.ones_like(x)
