"""The exponential family: straight on the right, saturating or soft on the left."""

import math

import torch
from torch import Tensor

from actlab.activations.core import activation, aten
from actlab.activations.parts import FAR, expm1, fade, horner, hypot1


@activation(
    formula="Piecewise((x, x > 0), (alpha*(exp(x) - 1), True))",
    range="(-alpha, inf)",
    module="ELU",
    inplace=True,
    reference="Clevert, Unterthiner, Hochreiter 2016, arXiv:1511.07289",
    checked="PyTorch 2.13's torch.nn.ELU, which names the paper, opened 2026-11-23",
)
def elu(x: Tensor, alpha: float | Tensor = 1.0) -> Tensor:
    """Exponential linear unit: the identity above zero, a saturating exponential below.

        f(x)      = x   if x > 0,  alpha (e^x - 1)  otherwise
        df/dx     = 1   if x > 0,  alpha e^x        otherwise
        df/dalpha = 0   if x > 0,  e^x - 1          otherwise

    Kink: none at alpha = 1; otherwise at 0 the left derivative, alpha, as PyTorch takes it.
    """
    return torch.where(x > 0, x, alpha * torch.expm1(x.clamp(max=0)))  # clamp: no inf in the branch not taken


elu.differentiate(
    x=lambda x, alpha: torch.where(x > 0, torch.ones_like(x), alpha * torch.exp(x.clamp(max=0))),
    alpha=lambda x: torch.expm1(x.clamp(max=0)),
)
elu.native(
    forward=lambda x, alpha, out: aten.elu.out(x, alpha, 1, 1, out=out),
    backward=lambda gradient, x, alpha, out: aten.elu_backward.grad_input(
        gradient, alpha, 1, 1, False, x, grad_input=out
    ),
)


@activation(
    formula="Piecewise((x, x > 0), (alpha*(exp(x/alpha) - 1), True))",
    range="(-alpha, inf)",
    module="CELU",
    inplace=True,
    reference="Barron 2017, Continuously Differentiable Exponential Linear Units, arXiv:1704.07483",
    checked="PyTorch 2.13's torch.nn.CELU, which names the paper, opened 2026-11-23; the paper: no",
)
def celu(x: Tensor, alpha: float | Tensor = 1.0) -> Tensor:
    """Continuously differentiable ELU: slope 1 on both sides of zero, whatever alpha is.

        f(x)      = x   if x > 0,  alpha (e^(x/alpha) - 1)             otherwise
        df/dx     = 1   if x > 0,  e^(x/alpha)                         otherwise
        df/dalpha = 0   if x > 0,  e^(x/alpha) - 1 - x/alpha e^(x/alpha)  otherwise

    No kink. Domain: alpha > 0.
    """
    return torch.where(x > 0, x, alpha * torch.expm1(x.clamp(max=0) / alpha))


celu.differentiate(x=lambda x, alpha: torch.exp(x.clamp(max=0) / alpha))


@celu.derivative(wrt="alpha")
def _(x, alpha):
    scaled = x.clamp(max=0) / alpha
    return torch.expm1(scaled) - scaled * torch.exp(scaled)


celu.native(
    forward=lambda x, alpha, out: aten.elu.out(x, alpha, 1, 1 / alpha, out=out),
    backward=lambda gradient, x, alpha, out: aten.elu_backward.grad_input(
        gradient, alpha, 1, 1 / alpha, False, x, grad_input=out
    ),
)


_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


@activation(
    formula=f"Piecewise(({_SELU_SCALE}*x, x > 0), ({_SELU_SCALE}*{_SELU_ALPHA}*(exp(x) - 1), True))",
    kinks=(0.0,),
    range="(-1.758, inf)",
    module="SELU",
    inplace=True,
    reference="Klambauer, Unterthiner, Mayr, Hochreiter 2017, Self-Normalizing Neural Networks, arXiv:1706.02515",
    checked="PyTorch 2.13's torch.nn.SELU, which names the paper, opened 2026-11-23; the paper: no",
)
def selu(x: Tensor) -> Tensor:
    """Scaled ELU: with s = 1.0507 and a = 1.6733 deep networks keep mean 0 and variance 1.

        f(x)  = s x  if x > 0,  s a (e^x - 1)  otherwise
        df/dx = s    if x > 0,  s a e^x        otherwise

    It needs initial weights of variance 1/inputs (and AlphaDropout in place of dropout) to do so.
    Kink: at 0 the left derivative, s a = 1.758, as PyTorch takes it.
    """
    return torch.where(x > 0, _SELU_SCALE * x, _SELU_SCALE * _SELU_ALPHA * torch.expm1(x.clamp(max=0)))


@selu.derivative(wrt="x")
def _(x):
    left = _SELU_SCALE * _SELU_ALPHA * torch.exp(x.clamp(max=0))
    return torch.where(x > 0, torch.full_like(x, _SELU_SCALE), left)


selu.native(
    forward=lambda x, out: aten.elu.out(x, _SELU_ALPHA, _SELU_SCALE, 1, out=out),
    backward=lambda gradient, x, out: aten.elu_backward.grad_input(
        gradient, _SELU_ALPHA, _SELU_SCALE, 1, False, x, grad_input=out
    ),
)


@activation(
    formula="Piecewise((x, x > 0), (x/sqrt(1 + alpha*x**2), True))",
    range="(-1/sqrt(alpha), inf)",
    module="ISRLU",
    reference="Carlile, Delamarter, Kinney, Marti, Whitney 2017, Improving Deep Learning by Inverse Square Root Linear "
    "Units, arXiv:1710.09967",
    checked="echoAI's ISRLU, which names the paper, opened 2026-11-23; the paper: no",
)
def isrlu(x: Tensor, alpha: float | Tensor = 1.0) -> Tensor:
    """Inverse square root linear unit: shaped like ELU, without an exponential.

        f(x)      = x  if x > 0,  x r         otherwise,   r = 1 / sqrt(1 + alpha x^2)
        df/dx     = 1  if x > 0,  r^3         otherwise
        df/dalpha = 0  if x > 0,  -(x r)^3/2  otherwise

    No kink: slope and curvature agree at 0. Domain: alpha > 0.
    """
    negative = x.clamp(max=0)
    return x.clamp(min=0) + negative / hypot1(alpha**0.5 * negative)  # one of the two is 0


isrlu.differentiate(x=lambda x, alpha: (1 / hypot1(alpha**0.5 * x.clamp(max=0))) ** 3)


@isrlu.derivative(wrt="alpha")
def _(x, alpha):
    negative = x.clamp(max=0)
    return -0.5 * (negative / hypot1(alpha**0.5 * negative)) ** 3


@activation(
    formula="Piecewise(((exp(alpha*x) - 1)/alpha + alpha, alpha > 0), "
    "(-log(1 - alpha*(x + alpha))/alpha, alpha < 0), (x, True))",
    range="(alpha - 1/alpha, inf) for alpha > 0",
    domain="for alpha < 0 only x > 1/alpha - alpha, and NaN elsewhere",
    reference="Godfrey, Gashler 2015, A continuum among logarithmic, linear, and exponential functions, and its "
    "potential to improve generalization in neural networks, arXiv:1602.01321",
    checked="formula in echoAI's Keras layer soft_exponential, opened 2026-11-23; the paper: no; alpha = 0.5 is ours",
)
def soft_exponential(x: Tensor, alpha: float | Tensor = 0.5) -> Tensor:
    """Soft exponential: from a logarithm (alpha = -1) by the identity (0) to an exponential (1).

        f(x)      = (e^(alpha x) - 1)/alpha + alpha  if alpha > 0,  x  if alpha = 0,
                    -log(1 - alpha (x + alpha))/alpha                  if alpha < 0
        df/dx     = e^(alpha x)                      if alpha >= 0,  1 / (1 - alpha (x + alpha))  if alpha < 0
        df/dalpha = x^2 g(alpha x) + 1               if alpha >= 0,  with g(t) = (t e^t - e^t + 1) / t^2
                    (x + alpha)^2 h(u) + 1/(1 - u)   if alpha < 0,   with h(u) = (log(1 - u) + u/(1 - u)) / u^2,
                                                                     u = alpha (x + alpha)

    Domain: for alpha < 0 the logarithm ends at x = 1/alpha - alpha, and f is NaN below. For alpha > 0 the value
    overflows where alpha x > 88 in float32: keep alpha small.
    """
    alpha = alpha + torch.zeros_like(x)
    growing = torch.expm1(alpha * x) / _nonzero(alpha) + alpha
    flattening = -torch.log1p(-alpha * (x + alpha)) / _nonzero(alpha)
    return torch.where(alpha > 0, growing, torch.where(alpha < 0, flattening, x))


@soft_exponential.derivative(wrt="x")
def _(x, alpha):
    alpha = alpha + torch.zeros_like(x)
    rising, falling = alpha.clamp(min=0), alpha.clamp(max=0)  # 0 in the branch not taken: both are 1 there
    return torch.where(alpha >= 0, torch.exp(rising * x), 1 / (1 - falling * (x + falling)))


@soft_exponential.derivative(wrt="alpha")
def _(x, alpha):
    alpha = alpha + torch.zeros_like(x)
    grows = alpha >= 0
    right, left = torch.where(grows, x, 0.0), torch.where(grows, 0.0, x + alpha)  # 0 in the branch not taken
    return torch.where(grows, _growth(right, alpha.clamp(min=0)) + 1, _flattening(left, alpha.clamp(max=0)))


def _growth(x: Tensor, alpha: Tensor) -> Tensor:
    """x^2 g(alpha x). Around 0 the quotient cancels; there its series, the sum of (k-1) t^(k-2)/k!, k = 2, 3, ..."""
    t = alpha * x
    near = t.abs() < _NEAR
    far_t, x_near = torch.where(near, 1.0, t), torch.where(near, x, 0.0)
    low_t = far_t.clamp(max=1)  # above 1 nothing cancels, and e^t may overflow: infinity minus infinity
    rise = torch.where(far_t > 1, (far_t - 1) * torch.exp(far_t) + 1, low_t * torch.exp(low_t) - torch.expm1(low_t))
    series = x_near * x_near * horner(t.clamp(-_NEAR, _NEAR), _G)
    return torch.where(near, series, rise / torch.where(near, 1.0, alpha) ** 2)


def _flattening(x: Tensor, alpha: Tensor) -> Tensor:
    """x^2 h(u) + 1/(1 - u), u = alpha x. Around 0 by the series of h, the sum of (1 - 1/k) u^(k-2), k = 2, 3, ..."""
    u = alpha * x
    near = u.abs() < _NEAR
    far_u, x_near = torch.where(near, 0.5, u), torch.where(near, x, 0.0)
    fall = torch.log1p(-far_u) + far_u / (1 - far_u)
    series = x_near * x_near * horner(u.clamp(-_NEAR, _NEAR), _H)
    return torch.where(near, series, fall / torch.where(near, 1.0, alpha) ** 2) + 1 / (1 - u)


_NEAR = 0.02
_G = [(k - 1) / math.factorial(k) for k in range(2, 10)]
_H = [1 - 1 / k for k in range(2, 12)]


def _nonzero(alpha: Tensor) -> Tensor:
    return torch.where(alpha == 0, 1.0, alpha)


@activation(
    formula="Piecewise((x/(1 + exp(-x)), x > 0), ((exp(x) - 1)/(1 + exp(-x)), True))",
    range="[-0.172, inf)",
    module="ELiSH",
    reference="Basirat, Roth 2018, The Quest for the Golden Activation Function, arXiv:1808.00783",
    checked="formula in echoAI's Keras layer elish, opened 2026-11-23; the paper: no",
)
def elish(x: Tensor) -> Tensor:
    """Exponential linear sigmoid squashing: the right half of SiLU, and ELU gated by the sigmoid (s) on the left.

        f(x)  = x s(x)               if x > 0,  (e^x - 1) s(x)                 otherwise
        df/dx = s(x) (1 + x s(-x))   if x > 0,  s(x) (e^x + (e^x - 1) s(-x))   otherwise

    No kink: both slopes are 1/2 at 0.
    """
    faded = fade(x)
    return torch.where(x > 0, x, faded * expm1(x, faded)) / (1 + faded)


@elish.derivative(wrt="x")
def _(x):
    near = x.clamp(-FAR, FAR)
    faded = fade(near)
    inverse = 1 / (1 + faded)
    right = 1 + near * (faded * inverse)
    left = faded * (faded + (faded - 1) * inverse)
    return torch.where(x > 0, right, left) * inverse


@activation(
    formula="Piecewise((x, x >= 1), (x*(x + 1)/2, x > 0), ((exp(x) - 1)*(x + 1)/2, x > -1), (0, True))",
    kinks=(-1.0, 1.0),
    range="[-0.0997, inf)",
    module="HardELiSH",
    reference="Basirat, Roth 2018, The Quest for the Golden Activation Function, arXiv:1808.00783",
    checked="formula in the text of echoAI's Keras layer hard_elish, opened 2026-11-23; the paper: no",
    namesakes=("echoAI's Keras layer hard_elish computes e^(x - 1) where its own text says e^x - 1",),
)
def hard_elish(x: Tensor) -> Tensor:
    """Hard ELiSH: ELiSH with a straight line, h(x) = (x + 1)/2 between 0 and 1, in place of the sigmoid.

        f(x)  = x h(x)         if x > 0,  (e^x - 1) h(x)                  otherwise
        df/dx = h(x) + x h'    if x > 0,  e^x h(x) + (e^x - 1) h'         otherwise

    with h' = 1/2 in (-1, 1), 0 elsewhere. Kinks: at -1 and 1 the outer derivatives, 0 and 1, as PyTorch takes them for
    hardswish; none at 0, where both slopes are 1/2.
    """
    return (x.clamp(min=0) + torch.expm1(x.clamp(max=0))) * ((x + 1).clamp(0, 2) / 2)  # one of the two is 0


@hard_elish.derivative(wrt="x")
def _(x):
    inside = (x.abs() < 1).to(x.dtype) / 2
    line = (x + 1).clamp(0, 2) / 2
    grown = torch.exp(x.clamp(max=0))
    return grown * line + (torch.relu(x).clamp(max=1) + (grown - 1)) * inside
