"""The sigmoidal family: bounded, S-shaped."""

import math

import torch
from torch import Tensor

from actlab.activations.core import activation, aten
from actlab.activations.parts import sech2, sigmoid_slope


@activation(
    formula="1/(1 + exp(-x))",
    range="(0, 1)",
    aliases=("logistic",),
    reference="Rumelhart, Hinton, Williams 1986, Learning representations by back-propagating errors, Nature 323",
    checked="formula in PyTorch 2.13's torch.nn.Sigmoid, opened 2026-11-23; the paper: no",
)
def sigmoid(x: Tensor) -> Tensor:
    """Logistic sigmoid: from 0 to 1.

        f(x)  = 1 / (1 + e^-x)
        df/dx = f(x) f(-x)

    The derivative is taken from x: f (1 - f) would be 0 in float32 beyond x = 17, where it is still 4e-8.
    """
    return torch.sigmoid(x)


sigmoid.differentiate(x=sigmoid_slope)
sigmoid.native(
    forward=aten.sigmoid.out,
    # f (1 - f) at -|x|, where nothing cancels: the same, as the slope is even
    backward=lambda gradient, x, out: aten.sigmoid_backward.grad_input(
        gradient, x.abs().neg_().sigmoid_(), grad_input=out
    ),
    passes=(1, 4),
)


@activation(
    formula="tanh(x)",
    range="(-1, 1)",
    reference="LeCun, Bottou, Orr, Müller 1998, Efficient BackProp",
    checked="formula in PyTorch 2.13's torch.nn.Tanh, opened 2026-11-23; the paper: no",
)
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent: from -1 to 1, zero-centred.

    f(x)  = (e^x - e^-x) / (e^x + e^-x)
    df/dx = 1 - f(x)^2, from the saved output
    """
    return torch.tanh(x)


tanh.differentiate(x=lambda y: 1 - y * y)
tanh.native(
    forward=torch.tanh,
    backward=lambda gradient, y, out: aten.tanh_backward.grad_input(gradient, y, grad_input=out),
    saves="y",
)


_LECUN_HEIGHT = 1.7159


@activation(
    formula="1.7159*tanh(2*x/3)",
    range="(-1.7159, 1.7159)",
    module="LeCunTanh",
    aliases=("scaled_tanh",),
    reference="LeCun, Bottou, Orr, Müller 1998, Efficient BackProp",
    checked="formula in a question about it (Cross Validated 60166), opened 2026-11-23; the paper: no",
)
def lecun_tanh(x: Tensor) -> Tensor:
    """LeCun's tanh: scaled so that f(1) = 1 and f(-1) = -1, and the curvature is greatest there.

    f(x)  = 1.7159 tanh(2 x / 3)
    df/dx = 1.7159 (2/3) sech(2 x / 3)^2
    """
    return _LECUN_HEIGHT * torch.tanh(x * (2 / 3))


lecun_tanh.differentiate(x=lambda x: _LECUN_HEIGHT * (2 / 3) * sech2(x * (2 / 3)))


@activation(
    formula="Piecewise((tanh(x), x > 0), (a*tanh(x), True))",
    kinks=(0.0,),
    range="(-a, 1)",
    aliases=("leaky_tanh",),
    reference="Xu, Huang, Li 2016, Revise Saturated Activation Functions, arXiv:1602.05980",
    checked="abstract of the paper; formula with a = 0.25 in public implementations, opened 2026-11-23",
)
def penalized_tanh(x: Tensor, a: float | Tensor = 0.25) -> Tensor:
    """Penalized tanh: tanh on the right, a quarter of it on the left.

        f(x)  = tanh(x)    if x > 0,  a tanh(x)    otherwise
        df/dx = sech(x)^2  if x > 0,  a sech(x)^2  otherwise
        df/da = 0          if x > 0,  tanh(x)      otherwise

    Kink: at 0 the left derivative, a, as PyTorch takes it for leaky ReLU.
    """
    saturated = torch.tanh(x)
    return torch.where(x > 0, saturated, a * saturated)


@penalized_tanh.derivative(wrt="x")
def _(x, a):
    slope = sech2(x)
    return torch.where(x > 0, slope, a * slope)


penalized_tanh.differentiate(a=lambda x: torch.tanh(x.clamp(max=0)))


@activation(
    formula="x/(1 + Abs(x))",
    range="(-1, 1)",
    aliases=("elliott",),
    reference="Elliott 1993, A better activation function for artificial neural networks; Turian, Bergstra, Bengio "
    "2009, Quadratic features and deep architectures for chunking, NAACL",
    checked="formula in PyTorch 2.13's torch.nn.Softsign, opened 2026-11-23; the papers: no",
)
def softsign(x: Tensor) -> Tensor:
    """Softsign: like tanh, but it reaches its limits slowly, as 1/|x|.

        f(x)  = x / (1 + |x|)
        df/dx = 1 / (1 + |x|)^2

    No kink: f'(0) = 1.
    """
    return x / (1 + x.abs())


@softsign.derivative(wrt="x")
def _(x):
    inverse = 1 / (1 + x.abs())
    return inverse * inverse


def _softsign(x: Tensor, *, out: Tensor) -> Tensor:
    torch.abs(x, out=out).add_(1)
    return torch.div(x, out, out=out)


def _softsign_backward(gradient: Tensor, x: Tensor, *, out: Tensor) -> Tensor:
    below = x.abs().add_(1)
    return torch.div(gradient, below, out=out).div_(below)


softsign.native(forward=_softsign, backward=_softsign_backward, passes=(3, 4))


@activation(
    formula="atan(x)",
    range="(-pi/2, pi/2)",
    aliases=("atan",),
    reference="PyTorch documentation, torch.atan",
    checked="PyTorch 2.13's torch.atan, opened 2026-11-23; no paper is known that proposed it first",
    oracle=torch.arctan,
)
def arctan(x: Tensor) -> Tensor:
    """Arc tangent: like tanh, with tails that fall as 1/x.

    f(x)  = atan(x)
    df/dx = 1 / (1 + x^2)
    """
    return torch.arctan(x)


arctan.differentiate(x=lambda x: 1 / (1 + x * x))
arctan.native(
    forward=torch.arctan, backward=lambda gradient, x, out: torch.div(gradient, (x * x).add_(1), out=out), passes=(1, 3)
)


@activation(
    formula="erf(x)",
    range="(-1, 1)",
    reference="PyTorch documentation, torch.special.erf",
    checked="PyTorch 2.13's torch.special.erf, opened 2026-11-23; no paper is known that proposed it first",
    oracle=torch.erf,
)
def erf(x: Tensor) -> Tensor:
    """Error function: the S-shape with the fastest tails here.

    f(x)  = 2/sqrt(pi) * the integral of e^(-t^2) from 0 to x
    df/dx = 2/sqrt(pi) e^(-x^2)
    """
    return torch.erf(x)


erf.differentiate(x=lambda x: 2 / math.sqrt(math.pi) * _bell(x))
erf.native(
    forward=torch.erf,
    backward=lambda gradient, x, out: torch.mul(gradient, (x * x).neg_().exp_(), out=out).mul_(2 / math.sqrt(math.pi)),
    passes=(1, 5),
)


def _bell(x: Tensor) -> Tensor:
    """e^(-x^2). Beyond 30 it is 0 in every dtype; clamped, so that no infinity meets that 0 in a second derivative."""
    inside = x.clamp(-30, 30)
    return torch.exp(-inside * inside)


@activation(
    formula="x/sqrt(1 + alpha*x**2)",
    range="(-1/sqrt(alpha), 1/sqrt(alpha))",
    module="ISRU",
    reference="Carlile, Delamarter, Kinney, Marti, Whitney 2017, Improving Deep Learning by Inverse Square Root Linear "
    "Units, arXiv:1710.09967",
    checked="echoAI's isru, which names the paper, opened 2026-11-23; the paper: no",
)
def isru(x: Tensor, alpha: float | Tensor = 1.0) -> Tensor:
    """Inverse square root unit: an S-shape without an exponential.

        f(x)      = x r,   r = 1 / sqrt(1 + alpha x^2)
        df/dx     = r^3
        df/dalpha = -(x r)^3 / 2

    Domain: alpha > 0. x^2 would overflow in float32 beyond 1.8e19: there sqrt(alpha) x is clamped, and f is constant.
    """
    near, root = _isru_parts(x, alpha)
    return near / root * (1 / alpha**0.5)


@isru.derivative(wrt="x")
def _(x, alpha):
    inverse = 1 / _isru_parts(x, alpha)[1]
    return inverse * inverse * inverse


@isru.derivative(wrt="alpha")
def _(x, alpha):
    near, root = _isru_parts(x, alpha)
    return -0.5 * (near / root * (1 / alpha**0.5)) ** 3


def _isru_parts(x: Tensor, alpha: float | Tensor) -> tuple[Tensor, Tensor]:
    """sqrt(alpha) x, and the root of 1 and its square."""
    far = torch.finfo(x.dtype).max ** 0.5 / 2
    near = (alpha**0.5 * x).clamp(-far, far)
    return near, torch.sqrt(1 + near * near)


@activation(
    formula="Piecewise((1, x >= 2), (-1, x <= -2), (x - x*Abs(x)/4, True))",
    range="[-1, 1]",
    module="SQNL",
    reference="Wuraola, Patel 2018, SQNL: A New Computationally Efficient Activation Function, IJCNN",
    checked="formula in echoAI's Keras layer sqnl, which names the paper, opened 2026-11-23; the paper: no",
)
def sqnl(x: Tensor) -> Tensor:
    """Square non-linearity: two parabolas from -1 at -2 to 1 at 2.

        f(x)  = x - x |x| / 4  if |x| < 2,  sign(x)  otherwise
        df/dx = 1 - |x| / 2    if |x| < 2,  0        otherwise

    No kink.
    """
    inside = x.clamp(-2, 2)
    return inside * (1 - inside.abs() / 4)


sqnl.differentiate(x=lambda x: (1 - x.abs() / 2).clamp(min=0))


_LAPLACE_MU = math.sqrt(0.5)
_LAPLACE_SIGMA = math.sqrt(0.25 / math.pi)


@activation(
    formula="(1 + erf((x - mu)/(sigma*sqrt(2))))/2",
    range="(0, 1)",
    reference="Ma, Zhou, Kong and others 2022, Mega: Moving Average Equipped Gated Attention, arXiv:2209.10655",
    checked="LaplaceActivation in a copy of transformers' activations.py, which names the paper, opened 2026-11-23; "
    "the paper: no",
    namesakes=("transformers' laplace rounds both parameters to six digits: .707107 and .282095",),
)
def laplace(x: Tensor, mu: float | Tensor = _LAPLACE_MU, sigma: float | Tensor = _LAPLACE_SIGMA) -> Tensor:
    """Laplace attention function: a normal distribution function that imitates the squared ReLU between 0 and 1.

        f(x)       = (1 + erf(z)) / 2,   z = (x - mu) / (sigma sqrt(2))
        df/dx      = e^(-z^2) / (sigma sqrt(2 pi))
        df/dmu     = -df/dx
        df/dsigma  = -(x - mu)/sigma df/dx

    By default mu = sqrt(1/2), sigma = sqrt(1/(4 pi)). By erfc(-z): 1 + erf cancels on the left. Domain: sigma > 0.
    """
    return 0.5 * torch.erfc(-_standard(x, mu, sigma))


laplace.differentiate(
    x=lambda x, mu, sigma: _bell(_standard(x, mu, sigma)) * (1 / (sigma * math.sqrt(2 * math.pi))),
    mu=lambda x, mu, sigma: -_bell(_standard(x, mu, sigma)) * (1 / (sigma * math.sqrt(2 * math.pi))),
)


@laplace.derivative(wrt="sigma")
def _(x, mu, sigma):
    standard = _standard(x, mu, sigma).clamp(-30, 30)
    return -standard * _bell(standard) / (sigma * math.sqrt(math.pi))


def _standard(x: Tensor, mu: float | Tensor, sigma: float | Tensor) -> Tensor:
    # clamped: the product does not overflow; of a number the inverse is taken once, not at each element
    return (x - mu).clamp(-1e30, 1e30) * (1 / (sigma * math.sqrt(2)))
