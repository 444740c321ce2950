"""The learned family, where the pieces are lines or exponentials."""

import torch
from torch import Tensor

from actlab.activations.core import activation


@activation(
    formula="Max(0, x) + a1*Max(0, b1 - x) + a2*Max(0, b2 - x)",
    kinks=(0.0, "b1", "b2"),
    module="APL",
    learned=("a1", "b1", "a2", "b2"),
    aliases=("aplu",),
    reference="Agostinelli, Hoffman, Sadowski, Baldi 2014, Learning Activation Functions, arXiv:1412.6830",
    checked="APLU in torch-activation, for two hinges, opened 2026-11-23; the paper: no",
)
def apl(
    x: Tensor, a1: float | Tensor = -0.2, b1: float | Tensor = 0.0, a2: float | Tensor = 0.1, b2: float | Tensor = -1.0
) -> Tensor:
    """Adaptive piecewise linear unit with two hinges: ReLU, and on the left slopes and places of bends are learned.

        f(x)    = max(0, x) + a1 max(0, b1 - x) + a2 max(0, b2 - x)
        df/dx   = [x > 0] - a1 [x <= b1] - a2 [x <= b2]
        df/da_i = max(0, b_i - x),   df/db_i = a_i [x <= b_i]

    Kinks: at 0, b1 and b2 the left derivative. The start is ours: slope 0.2 below 0, 0.1 below -1.
    """
    return x.clamp(min=0) + a1 * (b1 - x).clamp(min=0) + a2 * (b2 - x).clamp(min=0)


apl.differentiate(
    x=lambda x, a1, b1, a2, b2: (x > 0).to(x.dtype) - a1 * (x <= b1).to(x.dtype) - a2 * (x <= b2).to(x.dtype),
    a1=lambda x, b1: (b1 - x).clamp(min=0),
    b1=lambda x, a1, b1: a1 * (x <= b1).to(x.dtype),
    a2=lambda x, b2: (b2 - x).clamp(min=0),
    b2=lambda x, a2, b2: a2 * (x <= b2).to(x.dtype),
)


@activation(
    formula="Piecewise((a*x/b, x > 0), (a*(exp(x/b) - 1), True))",
    range="(-a, inf)",
    module="PELU",
    learned=("a", "b"),
    namesakes=("PeLU is also ELU times one learned number elsewhere",),
    reference="Trottier, Giguère, Chaib-draa 2016, Parametric Exponential Linear Unit, arXiv:1605.09332",
    checked="implementations that name the paper and start at 1, 1, opened 2026-11-23; the paper: no",
)
def pelu(x: Tensor, a: float | Tensor = 1.0, b: float | Tensor = 1.0) -> Tensor:
    """Parametric ELU: where it saturates, and how fast, is learned; a and b are to stay above 0.

        f(x)  = a x / b       if x > 0,  a (e^(x/b) - 1)            otherwise
        df/dx = a / b         if x > 0,  (a / b) e^(x/b)            otherwise
        df/da = x / b         if x > 0,  e^(x/b) - 1                otherwise
        df/db = -a x / b^2    if x > 0,  -(a x / b^2) e^(x/b)       otherwise

    No kink: both slopes at 0 are a / b.
    """
    return torch.where(x > 0, a / b * x, a * torch.expm1(_left(x) / b))


pelu.differentiate(
    x=lambda x, a, b: a / b * torch.exp(_left(x) / b),
    a=lambda x, b: torch.where(x > 0, x / b, torch.expm1(_left(x) / b)),
    b=lambda x, a, b: x * torch.exp(_left(x) / b) * (-a / b / b),
)


@activation(
    formula="Piecewise((x, x > 0), (alpha*(exp(beta*x) - 1), True))",
    range="(-alpha, inf) for beta > 0",
    module="MPELU",
    learned=("alpha", "beta"),
    reference="Li, Fan, Li, Wu, Ming 2016, Improving Deep Neural Network with Multiple Parametric Exponential Linear "
    "Units, arXiv:1606.00305",
)
def mpelu(x: Tensor, alpha: float | Tensor = 1.0, beta: float | Tensor = 1.0) -> Tensor:
    """Multiple parametric ELU: ELU at 1, 1; near PReLU where beta is small.

        f(x)      = x  if x > 0,  alpha (e^(beta x) - 1)  otherwise
        df/dx     = 1  if x > 0,  alpha beta e^(beta x)   otherwise
        df/dalpha = 0  if x > 0,  e^(beta x) - 1          otherwise
        df/dbeta  = 0  if x > 0,  alpha x e^(beta x)      otherwise

    Kink: none where alpha beta is 1; otherwise at 0 the left derivative, alpha beta.
    """
    return torch.where(x > 0, x, alpha * torch.expm1(beta * _left(x)))


mpelu.differentiate(
    x=lambda x, alpha, beta: torch.where(x > 0, torch.ones_like(x), alpha * beta * torch.exp(beta * _left(x))),
    alpha=lambda x, beta: torch.expm1(beta * _left(x)),
)


@mpelu.derivative(wrt="beta")
def _(x, alpha, beta):
    left = _left(x)
    return alpha * left * torch.exp(beta * left)


def _left(x: Tensor) -> Tensor:
    return x.clamp(max=0)
