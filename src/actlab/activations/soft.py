"""The soft family: smooth versions of ReLU, and what is made of them."""

import torch
from torch import Tensor

from actlab.activations.core import activation, aten
from actlab.activations.parts import fade


@activation(
    formula="Piecewise((x, beta*x > threshold), (log(1 + exp(beta*x))/beta, True))",
    kinks=("threshold/beta",),
    range="(0, inf)",
    reference="Dugas, Bengio, Bélisle, Nadeau, Garcia 2001, Incorporating Second-Order Functional Knowledge, NIPS 13",
    checked="Wikipedia's Softplus (a copy), which quotes the paper; PyTorch 2.13's torch.nn.Softplus, 2026-11-23",
)
def softplus(x: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """Softplus: a smooth ReLU, the integral of the sigmoid.

    f(x)  = log(1 + e^(beta x)) / beta   (x where beta x > threshold, as in PyTorch: off by at most 2e-9 / beta)
    df/dx = sigmoid(beta x)              (1 where beta x > threshold)

    Jump: at threshold / beta, by as much as the identity is off there.
    """
    scaled = beta * x
    # max(s, 0) + log1p(e^-|s|): nothing overflows, and the left tail keeps its digits
    soft = (scaled.clamp(min=0) + torch.log1p(torch.exp(-scaled.abs()))) / beta
    return torch.where(scaled > threshold, x, soft)


@softplus.derivative(wrt="x")
def _(x, beta, threshold):
    scaled = beta * x
    return torch.where(scaled > threshold, torch.ones_like(x), torch.sigmoid(scaled))


softplus.native(
    forward=aten.softplus.out,
    backward=lambda gradient, x, beta, threshold, out: aten.softplus_backward.grad_input(
        gradient, x, beta, threshold, grad_input=out
    ),
)


@activation(
    formula="-log(1 + exp(-x))",
    range="(-inf, 0)",
    module="LogSigmoid",
    aliases=("log_sigmoid",),
    reference="PyTorch documentation, torch.nn.LogSigmoid",
    checked="PyTorch 2.13's torch.nn.LogSigmoid, opened 2026-11-23; no paper is known",
)
def logsigmoid(x: Tensor) -> Tensor:
    """Logarithm of the sigmoid: softplus turned round in both directions.

        f(x)  = -log(1 + e^-x)
        df/dx = sigmoid(-x)

    log(sigmoid(x)) would be -inf in float32 below -104; min(x, 0) - log1p(e^-|x|) keeps all digits.
    """
    return x.clamp(max=0) - torch.log1p(torch.exp(-x.abs()))


logsigmoid.differentiate(x=lambda x: torch.sigmoid(-x))


# softplus at beta = -1 is log(1 + e^-x) / -1; from 40 on log(1 + e^x) is x in float64 too
logsigmoid.native(
    forward=lambda x, out: aten.softplus.out(x, -1, 40, out=out),
    backward=lambda gradient, x, out: aten.softplus_backward.grad_input(gradient, x, -1, 40, grad_input=out),
)


@activation(
    formula="(x + sqrt(x**2 + b))/2",
    range="(0, inf)",
    reference="Barron 2021, Squareplus: A Softplus-Like Algebraic Rectifier, arXiv:2112.11687",
    checked="jax.nn.squareplus's page, which names the paper, opened 2026-11-23; the paper: no",
)
def squareplus(x: Tensor, b: float | Tensor = 4.0) -> Tensor:
    """Squareplus: a smooth ReLU made of a square root alone.

        f(x)  = (x + r) / 2,  r = sqrt(x^2 + b)
        df/dx = (1 + x / r) / 2 = f(x) / r
        df/db = 1 / (4 r)

    x + r cancels on the left; there f is taken as b / (2 (r - x)), its slope as b / (2 r (r - x)). Domain: b > 0.
    """
    _, half_sum = _squareplus_parts(x, b)
    return torch.where(x > 0, half_sum, (b / 4) / half_sum)


@squareplus.derivative(wrt="x")
def _(x, b):
    root, half_sum = _squareplus_parts(x, b)
    left = (b / 4) / (half_sum * root)
    return torch.where(x > 0, 1 - left, left)


squareplus.differentiate(b=lambda x, b: 0.25 / _squareplus_parts(x, b)[0])


def _squareplus_parts(x: Tensor, b: float | Tensor) -> tuple[Tensor, Tensor]:
    """r and (r + |x|) / 2. x^2 does not overflow where it is clamped; |x| is the root there."""
    size = torch.where(x > 0, x, -x)  # not by abs, whose slope at 0 is that of neither side
    far = torch.finfo(x.dtype).max ** 0.5 / 2
    near = size.clamp(max=far)
    root = torch.maximum(torch.sqrt(near * near + b), size)
    return root, root / 2 + size / 2


@activation(
    formula="Piecewise((0, x <= -1), (x, x >= 1), ((x + 1)**2/4, True))",
    range="[0, inf)",
    reference="jax documentation, jax.nn.sparse_plus; Blondel, Martins, Niculae 2019, Learning with Fenchel-Young "
    "Losses, arXiv:1901.02324",
    checked="formula on jax.nn.sparse_plus's page and keras3's, opened 2026-11-23; the paper: no",
)
def sparse_plus(x: Tensor) -> Tensor:
    """Sparse plus: a parabola between zero and the identity. The same as SmeLU with beta = 1.

        f(x)  = 0  if x <= -1,  x  if x >= 1,  (x + 1)^2 / 4  otherwise
        df/dx = 0  if x <= -1,  1  if x >= 1,  (x + 1) / 2    otherwise

    No kink.
    """
    return _smooth_bend(x, 1.0)


sparse_plus.differentiate(x=lambda x: (x.clamp(-1, 1) + 1) / 2)


@activation(
    formula="Piecewise((0, x <= -beta), (x, x >= beta), ((x + beta)**2/(4*beta), True))",
    range="[0, inf)",
    module="SmeLU",
    aliases=("smooth_relu",),
    reference="Shamir, Lin, Coviello 2020, Smooth activations and reproducibility in deep networks, arXiv:2010.09931",
    checked="abstract and introduction of the paper (ar5iv), opened 2026-11-23; its formula: no; beta = 2 is ours",
)
def smelu(x: Tensor, beta: float | Tensor = 2.0) -> Tensor:
    """Smooth ReLU: a parabola of half-width beta between zero and the identity.

        f(x)     = 0  if x <= -beta,  x  if x >= beta,  (x + beta)^2 / (4 beta)      otherwise
        df/dx    = 0  if x <= -beta,  1  if x >= beta,  (x + beta) / (2 beta)        otherwise
        df/dbeta = 0  if x <= -beta,  0  if x >= beta,  (1 - (x / beta)^2) / 4       otherwise

    No kink. Domain: beta > 0.
    """
    return _smooth_bend(x, beta)


smelu.differentiate(x=lambda x, beta: (x.clamp(min=-beta).clamp(max=beta) + beta) / (2 * beta))


@smelu.derivative(wrt="beta")
def _(x, beta):
    ratio = (x / beta).clamp(-1, 1)
    return (1 - ratio) * (1 + ratio) / 4


def _smooth_bend(x: Tensor, beta: float | Tensor) -> Tensor:
    above = x.clamp(min=-beta).clamp(max=beta) + beta
    return torch.where(x >= beta, x, above * (above / (4 * beta)))


_FAR_LEFT = -20.0  # below it log(1 + e^x) = e^x - e^2x/2 in float64 too
_LEAST = 1e-9  # below it 1 - e^(-y^2) is y^2 in float64 too


@activation(
    formula="sqrt(softplus(x))",
    range="(0, inf)",
    aliases=("sqrtsoftplus",),
    reference="Hugging Face transformers, ACT2FN['sqrtsoftplus'] (the router of DeepSeek-V4)",
    checked="formula in public code that registers sqrtsoftplus in ACT2FN, opened 2026-11-23; transformers' own: no",
)
def sqrt_softplus(x: Tensor) -> Tensor:
    """Square root of softplus: e^(x/2) on the left, a square root on the right.

        f(x)  = sqrt(p),  p = log(1 + e^x)
        df/dx = sigmoid(x) / (2 sqrt(p))

    Where e^x is below the smallest number of the dtype, f is not: all is made of h = e^(-|x|/2), and f far left is its
    series in h. The slope is taken from f, by sigmoid(x) = 1 - e^-p. The composition's gradient is 0/0 far left.
    """
    half = fade(x / 2)
    faded = half * half
    soft = x.clamp(min=0) + torch.log1p(faded)
    left = half * (1 - faded / 4)
    return torch.where(x < _FAR_LEFT, left, soft.clamp(min=_LEAST).sqrt())


@sqrt_softplus.derivative(wrt="x")
def _(y):
    kept = y.clamp(min=_LEAST)
    return torch.where(y < _LEAST, y / 2, torch.expm1(-kept * kept) / (-2 * kept))
