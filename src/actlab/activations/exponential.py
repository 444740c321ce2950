"""The exponential family: straight on the right, saturating or soft on the left."""

import torch
from torch import Tensor

from actlab.activations.core import activation


@activation(
    family="exponential",
    formula="Piecewise((x, x > 0), (alpha*(exp(x) - 1), True))",
    range="(-alpha, inf)",
    module="ELU",
    inplace=True,
    reference="Clevert, Unterthiner, Hochreiter 2016, arXiv:1511.07289",
    checked="PyTorch 2.13's torch.nn.ELU, which names the paper, opened 2026-11-23",
    oracle=torch.nn.functional.elu,
)
def elu(x: Tensor, alpha: float | Tensor = 1.0) -> Tensor:
    """Exponential linear unit: the identity above zero, a saturating exponential below.

        f(x)      = x   if x > 0,  alpha (e^x - 1)  otherwise
        df/dx     = 1   if x > 0,  alpha e^x        otherwise
        df/dalpha = 0   if x > 0,  e^x - 1          otherwise

    Kink: none at alpha = 1; otherwise at 0 the left derivative, alpha, as PyTorch takes it.
    """
    return torch.where(x > 0, x, alpha * torch.expm1(x.clamp(max=0)))  # clamp: no inf in the branch not taken


@elu.derivative(wrt="x")
def _(x, alpha):
    return torch.where(x > 0, torch.ones_like(x), alpha * torch.exp(x.clamp(max=0)))


@elu.derivative(wrt="alpha")
def _(x):
    return torch.expm1(x.clamp(max=0))


@activation(
    family="exponential",
    formula="Piecewise((x, beta*x > threshold), (log(1 + exp(beta*x))/beta, True))",
    range="(0, inf)",
    module="Softplus",
    reference="Dugas, Bengio, Bélisle, Nadeau, Garcia 2001, Incorporating Second-Order Functional Knowledge, NIPS 13",
    checked="Wikipedia's Softplus (a copy), which quotes the paper; PyTorch 2.13's torch.nn.Softplus, 2026-11-23",
    oracle=torch.nn.functional.softplus,
)
def softplus(x: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """Softplus: a smooth ReLU, the integral of the sigmoid.

    f(x)  = log(1 + e^(beta x)) / beta   (x where beta x > threshold, as in PyTorch: off by at most 2e-9 / beta)
    df/dx = sigmoid(beta x)              (1 where beta x > threshold)
    """
    scaled = beta * x
    # max(s, 0) + log1p(e^-|s|): nothing overflows, and the left tail keeps its digits
    soft = (scaled.clamp(min=0) + torch.log1p(torch.exp(-scaled.abs()))) / beta
    return torch.where(scaled > threshold, x, soft)


@softplus.derivative(wrt="x")
def _(x, beta, threshold):
    scaled = beta * x
    return torch.where(scaled > threshold, torch.ones_like(x), torch.sigmoid(scaled))
