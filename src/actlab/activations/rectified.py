"""The rectified family: straight lines that bend at zero."""

import torch
from torch import Tensor

from actlab.activations.core import activation, aten


@activation(
    formula="Piecewise((x, x > 0), (0, True))",
    kinks=(0.0,),
    range="[0, inf)",
    module="ReLU",
    inplace=True,
    reference="Nair, Hinton 2010, Rectified Linear Units Improve Restricted Boltzmann Machines, ICML",
    checked="abstract at mlanthology.org (nair2010icml-rectified); PyTorch 2.13's torch.nn.ReLU, 2026-11-23",
)
def relu(x: Tensor) -> Tensor:
    """Rectified linear unit: the positive part of its input.

        f(x)  = x  if x > 0,  0  otherwise
        df/dx = 1  if x > 0,  0  otherwise

    Kink: at 0 the left derivative, 0, as PyTorch takes it.
    """
    return x.clamp(min=0)


# y > 0 where x > 0: the output is saved, which the next layer keeps anyway
relu.differentiate(x=lambda y: (y > 0).to(y.dtype))
relu.native(
    forward=lambda x, out: torch.clamp(x, 0, out=out),
    backward=lambda gradient, y, out: aten.threshold_backward.grad_input(gradient, y, 0, grad_input=out),
    saves="y",
)


@activation(
    formula="Piecewise((x, x > 0), (negative_slope*x, True))",
    kinks=(0.0,),
    module="LeakyReLU",
    inplace=True,
    reference="Maas, Hannun, Ng 2013, Rectifier Nonlinearities Improve Neural Network Acoustic Models, ICML workshop",
    checked="a review of the paper (S.-H. Tsang, Medium); PyTorch 2.13's torch.nn.LeakyReLU, 2026-11-23",
)
def leaky_relu(x: Tensor, negative_slope: float | Tensor = 0.01) -> Tensor:
    """Leaky rectified linear unit: a small slope in place of zero on the left.

        f(x)               = x  if x > 0,  negative_slope x  otherwise
        df/dx              = 1  if x > 0,  negative_slope    otherwise
        df/dnegative_slope = 0  if x > 0,  x                 otherwise

    Kink: at 0 the left derivative, negative_slope, as PyTorch takes it.
    """
    return torch.where(x > 0, x, negative_slope * x)


leaky_relu.differentiate(
    x=lambda x, negative_slope: torch.where(x > 0, torch.ones_like(x), negative_slope),
    negative_slope=lambda x: x.clamp(max=0),
)


def _leaky_backward(gradient: Tensor, x: Tensor, slope: float, out: Tensor) -> Tensor:
    return aten.leaky_relu_backward.grad_input(gradient, x, slope, False, grad_input=out)


leaky_relu.native(forward=aten.leaky_relu.out, backward=_leaky_backward)


@activation(
    formula="Piecewise((x, x > 0), (weight*x, True))",
    kinks=(0.0,),
    module="PReLU",
    learned=("weight",),
    reference="He, Zhang, Ren, Sun 2015, Delving Deep into Rectifiers, arXiv:1502.01852",
    checked="PyTorch 2.13's torch.nn.PReLU, opened 2026-11-23; the paper: no",
)
def prelu(x: Tensor, weight: float | Tensor = 0.25) -> Tensor:
    """Parametric rectified linear unit: the slope on the left is learned.

        f(x)       = x  if x > 0,  weight x  otherwise
        df/dx      = 1  if x > 0,  weight    otherwise
        df/dweight = 0  if x > 0,  x         otherwise

    Kink: at 0 the left derivative, weight, as PyTorch takes it.
    """
    return torch.where(x > 0, x, weight * x)


prelu.differentiate(x=lambda x, weight: torch.where(x > 0, torch.ones_like(x), weight), weight=lambda x: x.clamp(max=0))
prelu.native(
    forward=aten.leaky_relu.out, backward=_leaky_backward, together=(aten._prelu_kernel, aten._prelu_kernel_backward)
)


@activation(
    formula="Piecewise((x, x > 0), (x/3, True))",
    kinks=(0.0,),
    module="VeryLeakyReLU",
    reference="Graham 2014, Spatially-sparse convolutional neural networks, arXiv:1409.6070",
    checked="formula in a public implementation (VeryLeakyReLUNode, slope 1/3), opened 2026-11-23; the paper: no",
    namesakes=("torch-activation's VLReLU has slope 3 in place of 1/3",),
)
def very_leaky_relu(x: Tensor) -> Tensor:
    """Very leaky rectified linear unit: slope 1/3 on the left, fixed.

        f(x)  = x  if x > 0,  x / 3  otherwise
        df/dx = 1  if x > 0,  1 / 3  otherwise

    Kink: at 0 the left derivative, 1/3, as PyTorch's leaky ReLU takes it.
    """
    return torch.where(x > 0, x, x / 3)


very_leaky_relu.differentiate(x=lambda x: torch.where(x > 0, torch.ones_like(x), 1 / 3))
very_leaky_relu.native(
    forward=lambda x, out: aten.leaky_relu.out(x, 1 / 3, out=out),
    backward=lambda gradient, x, out: _leaky_backward(gradient, x, 1 / 3, out),
)


@activation(
    formula="Piecewise((x, x > 0), (x*(lower + upper)/2, True))",
    kinks=(0.0,),
    module="RReLU",
    reference="Xu, Wang, Chen, Li 2015, Empirical Evaluation of Rectified Activations in Convolutional Network, "
    "arXiv:1505.00853",
    checked="PyTorch 2.13's torch.nn.RReLU, which names the paper, opened 2026-11-23",
    namesakes=("torch.nn.RReLU in training draws each negative slope at random; this one is its evaluation form",),
)
def rrelu(x: Tensor, lower: float | Tensor = 1 / 8, upper: float | Tensor = 1 / 3) -> Tensor:
    """Randomized leaky ReLU in its evaluation form: the mean slope, 11/48, on the left; nothing is random here.

        f(x)              = x  if x > 0,  s x  otherwise,   s = (lower + upper) / 2
        df/dx             = 1  if x > 0,  s    otherwise
        df/dlower, dupper = 0  if x > 0,  x/2  otherwise

    In PyTorch's training mode s is drawn for each element between lower and upper. A function that gives another result
    for the same input cannot be paired or checked, so that mode is not offered, in training neither.

    Kink: at 0 the left derivative, s, as PyTorch takes it.
    """
    return torch.where(x > 0, x, (lower + upper) / 2 * x)


rrelu.differentiate(x=lambda x, lower, upper: torch.where(x > 0, torch.ones_like(x), (lower + upper) / 2))


@rrelu.derivative(wrt="lower")
@rrelu.derivative(wrt="upper")
def _(x):
    return x.clamp(max=0) / 2


rrelu.native(
    forward=lambda x, lower, upper, out: aten.leaky_relu.out(x, (lower + upper) / 2, out=out),
    backward=lambda gradient, x, lower, upper, out: _leaky_backward(gradient, x, (lower + upper) / 2, out),
)


@activation(
    formula="Piecewise((x, x > threshold), (value, True))",
    kinks=("threshold",),
    range="{value} and (threshold, inf)",
    inplace=True,
    reference="PyTorch documentation, torch.nn.Threshold",
    checked="PyTorch 2.13's torch.nn.Threshold, opened 2026-11-23",
)
def threshold(x: Tensor, threshold: float = 1.0, value: float | Tensor = 0.0) -> Tensor:
    """Threshold: the input above a threshold, a fixed value elsewhere. PyTorch has no defaults; here 1 and 0.

        f(x)      = x  if x > threshold,  value  otherwise
        df/dx     = 1  if x > threshold,  0      otherwise
        df/dvalue = 0  if x > threshold,  1      otherwise

    Jump: at the threshold, unless value equals it; there the derivative is the left one, 0, as PyTorch takes it. With
    respect to the threshold the derivative is 0 but for the jump: it cannot be trained.
    """
    return torch.where(x <= threshold, value, x)  # in this order a NaN stays one


threshold.differentiate(
    x=lambda x, threshold: (x > threshold).to(x.dtype), value=lambda x, threshold: (x <= threshold).to(x.dtype)
)
threshold.native(
    forward=aten.threshold.out,
    backward=lambda gradient, x, threshold, value, out: aten.threshold_backward.grad_input(
        gradient, x, threshold, grad_input=out
    ),
)


@activation(
    formula="Piecewise((x, x > theta), (0, True))",
    kinks=("theta",),
    range="{0} and (theta, inf)",
    module="ThresholdedReLU",
    reference="Konda, Memisevic, Krueger 2014, Zero-bias autoencoders and the benefits of co-adapting features, "
    "arXiv:1402.3337",
    checked="PyTorch 2.13's torch.nn.Threshold, which is this at value 0, opened 2026-11-23; the paper: no",
    oracle=lambda x, theta: torch.nn.functional.threshold(x, theta, 0.0),
)
def thresholded_relu(x: Tensor, theta: float = 1.0) -> Tensor:
    """Thresholded rectified linear unit: the input above theta, zero elsewhere.

        f(x)  = x  if x > theta,  0  otherwise
        df/dx = 1  if x > theta,  0  otherwise

    Jump: from 0 to theta; at theta the derivative is the left one, 0, as PyTorch's Threshold takes it. With respect to
    theta the derivative is 0 but for the jump: theta cannot be trained.
    """
    return torch.where(x <= theta, 0.0, x)


thresholded_relu.differentiate(x=lambda x, theta: (x > theta).to(x.dtype))
thresholded_relu.native(
    forward=lambda x, theta, out: aten.threshold.out(x, theta, 0, out=out),
    backward=lambda gradient, x, theta, out: aten.threshold_backward.grad_input(gradient, x, theta, grad_input=out),
)


@activation(
    formula="Piecewise((x, x > -1), (-1, True))",
    kinks=(-1.0,),
    range="[-1, inf)",
    module="ShiftedReLU",
    reference="Clevert, Unterthiner, Hochreiter 2016, arXiv:1511.07289 (as SReLU)",
    checked="torch-activation's ShiftedReLU, which names the paper, opened 2026-11-23; the paper: no",
    namesakes=("others' ShiftedReLU is max(0, x - shift), with shifts of 0.1 or 0.5",),
)
def shifted_relu(x: Tensor) -> Tensor:
    """Shifted rectified linear unit: ReLU moved down and left by one, so that its mean is nearer to zero.

        f(x)  = x  if x > -1,  -1  otherwise
        df/dx = 1  if x > -1,   0  otherwise

    Kink: at -1 the left derivative, 0, as PyTorch takes it for ReLU.
    """
    return x.clamp(min=-1)


shifted_relu.differentiate(x=lambda x: (x > -1).to(x.dtype))
shifted_relu.native(
    forward=lambda x, out: aten.clamp_min.out(x, -1, out=out),
    backward=lambda gradient, x, out: aten.threshold_backward.grad_input(gradient, x, -1, grad_input=out),
)


@activation(
    formula="Piecewise((t_r + a_r*(x - t_r), x >= t_r), (t_l + a_l*(x - t_l), x <= t_l), (x, True))",
    kinks=("t_l", "t_r"),
    module="SReLU",
    learned=("t_r", "a_r", "t_l", "a_l"),
    reference="Jin, Xu, Feng, Wei, Xiong, Yan 2015, Deep Learning with S-shaped Rectified Linear Activation Units, "
    "arXiv:1512.07030",
    checked="keras-contrib's srelu.py, which names the paper, opened 2026-11-23; the paper: no; the initial values are "
    "ours (keras-contrib begins with t_l = 0, a_r = 1, and draws the others)",
    namesakes=(
        "keras-contrib's SReLU learns the distance of t_r from t_l, not t_r itself",
        "Transformer Engine's SReLU is max(0, x)^2 (relu_squared here)",
        "ISONet's SReLU is a shifted ReLU, max(x, b) with b = -1 learned (shifted_relu here, but for the learning)",
    ),
)
def srelu(
    x: Tensor, t_r: float | Tensor = 1.0, a_r: float | Tensor = 0.5, t_l: float | Tensor = 0.0,
    a_l: float | Tensor = 0.1,
) -> Tensor:  # fmt: skip
    """S-shaped rectified linear unit: the identity between two thresholds, other slopes beyond them, all learned.

        f(x)     = t_r + a_r (x - t_r)  if x >= t_r,   t_l + a_l (x - t_l)  if x <= t_l,   x  otherwise
        df/dx    = a_r                  if x >= t_r,   a_l                  if x <= t_l,   1  otherwise
        df/dt_r  = 1 - a_r  if x >= t_r,               df/dt_l = 1 - a_l  if x <= t_l
        df/da_r  = x - t_r  if x >= t_r,               df/da_l = x - t_l  if x <= t_l

    Kinks: at t_l and t_r the outer slope. Domain: t_l <= t_r; where both hold, t_r's piece is taken.
    """
    left = torch.where(x <= t_l, t_l + a_l * (x - t_l), x)
    return torch.where(x >= t_r, t_r + a_r * (x - t_r), left)


srelu.differentiate(
    x=lambda x, t_r, a_r, t_l, a_l: torch.where(x >= t_r, a_r, torch.where(x <= t_l, a_l, torch.ones_like(x))),
    t_r=lambda x, t_r, a_r: (x >= t_r).to(x.dtype) * (1 - a_r),
    a_r=lambda x, t_r: (x - t_r).clamp(min=0),
    t_l=lambda x, t_r, t_l, a_l: torch.logical_and(x <= t_l, x < t_r).to(x.dtype) * (1 - a_l),
    a_l=lambda x, t_r, t_l: torch.where(x < t_r, (x - t_l).clamp(max=0), torch.zeros_like(x)),
)


@activation(
    formula="Abs(x)",
    kinks=(0.0,),
    range="[0, inf)",
    aliases=("abs",),
    reference="Jarrett, Kavukcuoglu, Ranzato, LeCun 2009, What is the Best Multi-Stage Architecture for Object "
    "Recognition?, ICCV",
    checked="formula in PyTorch 2.13's torch.abs, opened 2026-11-23; the paper: no",
    oracle=torch.abs,
)
def absolute(x: Tensor) -> Tensor:
    """Absolute value: full-wave rectification.

        f(x)  = |x|
        df/dx = 1  if x > 0,  -1  if x < 0,  0  at 0

    Kink: at 0 the mean of both sides, 0, as PyTorch takes it (jax takes 1).
    """
    return x.abs()


absolute.differentiate(x=lambda x: x.sign())
absolute.native(
    forward=torch.abs, backward=lambda gradient, x, out: torch.mul(gradient, x.sign(), out=out), passes=(1, 2)
)


@activation(
    formula="Piecewise((x**2, x > 0), (0, True))",
    range="[0, inf)",
    module="ReLUSquared",
    aliases=("relu2", "squared_relu"),
    reference="So, Mańke, Liu, Dai, Shazeer, Le 2021, Primer: Searching for Efficient Transformers for Language "
    "Modeling, arXiv:2109.08668",
    checked="ReLUSquaredActivation in a copy of transformers' activations.py, which names the paper, opened "
    "2026-11-23; the paper: no",
)
def relu_squared(x: Tensor) -> Tensor:
    """Squared rectified linear unit.

        f(x)  = x^2  if x > 0,  0  otherwise
        df/dx = 2 x  if x > 0,  0  otherwise

    No kink. The gradient is unbounded, and in float16 the value overflows above 255.
    """
    positive = x.clamp(min=0)
    return positive * positive


relu_squared.differentiate(x=lambda x: 2 * x.clamp(min=0))
