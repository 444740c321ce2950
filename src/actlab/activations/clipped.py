"""The clipped family: straight lines cut off on one side or both, and x times such a line."""

import torch
from torch import Tensor

from actlab.activations.core import activation, aten


@activation(
    formula="Piecewise((1, x > 0), (0, x < 0), (values, True))",
    kinks=(0.0,),
    range="{0, values, 1}",
    aliases=("step", "binary_step"),
    reference="McCulloch, Pitts 1943, A logical calculus of the ideas immanent in nervous activity, "
    "Bulletin of Mathematical Biophysics 5",
    checked="formula in PyTorch 2.13's torch.heaviside, opened 2026-11-23; the paper: no",
)
def heaviside(x: Tensor, values: float = 0.0) -> Tensor:
    """Heaviside step: nothing below zero, one above it, `values` at zero (as torch.heaviside names it).

        f(x)  = 1  if x > 0,  0  if x < 0,  values  at 0
        df/dx = 0

    It does not train: its derivative is 0 everywhere, so that nothing below it receives a gradient. Jump: at 0.
    """
    step = torch.where(x > 0, torch.ones_like(x), torch.where(x < 0, torch.zeros_like(x), values))
    return torch.where(x == x, step, x)  # a NaN stays one


heaviside.differentiate(x=lambda x: torch.zeros_like(x))


@activation(
    formula="Piecewise((0, x <= -3), (1, x >= 3), ((x + 3)/6, True))",
    kinks=(-3.0, 3.0),
    range="[0, 1]",
    inplace=True,
    aliases=("hard_sigmoid",),
    reference="Howard, Sandler, Chu and others 2019, Searching for MobileNetV3, arXiv:1905.02244",
    checked="PyTorch 2.13's torch.nn.Hardsigmoid, jax.nn.hard_sigmoid's page, opened 2026-11-23; the paper: no",
    namesakes=(
        "BinaryConnect's hard sigmoid (arXiv:1511.00363) is clip((x + 1)/2, 0, 1)",
        "Keras before version 3 had clip(0.2 x + 0.5, 0, 1)",
    ),
)
def hardsigmoid(x: Tensor) -> Tensor:
    """Hard sigmoid: a straight line from 0 at -3 to 1 at 3, cut off beyond.

        f(x)  = 0  if x <= -3,  1  if x >= 3,  (x + 3) / 6  otherwise
        df/dx = 0  if x <= -3,  0  if x >= 3,  1 / 6        otherwise

    Kinks: at -3 and 3 the outer derivative, 0, as PyTorch takes it.
    """
    return (x + 3).clamp(0, 6) / 6


hardsigmoid.differentiate(x=lambda x: (x.abs() < 3).to(x.dtype) / 6)


def _hardsigmoid_backward(gradient: Tensor, x: Tensor, *, out: Tensor) -> Tensor:
    if x.dtype == torch.float64:  # there the 1/6 of hardsigmoid_backward is rounded to float32
        return aten.hardtanh_backward.grad_input(gradient, x, -3, 3, grad_input=out).div_(6)
    return aten.hardsigmoid_backward.grad_input(gradient, x, grad_input=out)


hardsigmoid.native(forward=aten.hardsigmoid.out, backward=_hardsigmoid_backward)


@activation(
    formula="Piecewise((min_val, x <= min_val), (max_val, x >= max_val), (x, True))",
    kinks=("min_val", "max_val"),
    range="[min_val, max_val]",
    inplace=True,
    aliases=("hard_tanh",),
    reference="Collobert 2004, Large Scale Machine Learning, thesis, Université Paris VI",
    checked="PyTorch 2.13's torch.nn.Hardtanh, opened 2026-11-23; the thesis: no",
)
def hardtanh(x: Tensor, min_val: float | Tensor = -1.0, max_val: float | Tensor = 1.0) -> Tensor:
    """Hard tanh: the identity, cut off below min_val and above max_val.

        f(x)       = min_val  if x <= min_val,  max_val  if x >= max_val,  x  otherwise
        df/dx      = 0        if x <= min_val,  0        if x >= max_val,  1  otherwise
        df/dmin_val = 1  if x <= min_val,       df/dmax_val = 1  if x >= max_val

    Kinks: at both ends the outer derivative, 0, as PyTorch takes it (torch.clamp and jax.nn.hard_tanh take 1).
    """
    return x.clamp(min=min_val).clamp(max=max_val)


hardtanh.differentiate(
    x=lambda x, min_val, max_val: torch.logical_and(x > min_val, x < max_val).to(x.dtype),
    min_val=lambda x, min_val: (x <= min_val).to(x.dtype),
    max_val=lambda x, max_val: (x >= max_val).to(x.dtype),
)
hardtanh.native(
    forward=aten.hardtanh.out,
    backward=lambda gradient, x, low, high, out: aten.hardtanh_backward.grad_input(
        gradient, x, low, high, grad_input=out
    ),
)


@activation(
    formula="Piecewise((0, x <= 0), (6, x >= 6), (x, True))",
    kinks=(0.0, 6.0),
    range="[0, 6]",
    module="ReLU6",
    inplace=True,
    reference="Krizhevsky 2010, Convolutional Deep Belief Networks on CIFAR-10, manuscript",
    checked="PyTorch 2.13's torch.nn.ReLU6; a blog that quotes the manuscript (cnblogs.com/bmsl), opened 2026-11-23",
)
def relu6(x: Tensor) -> Tensor:
    """Rectified linear unit, cut off at six.

        f(x)  = 0  if x <= 0,  6  if x >= 6,  x  otherwise
        df/dx = 0  if x <= 0,  0  if x >= 6,  1  otherwise

    Kinks: at 0 and 6 the outer derivative, 0, as PyTorch takes it.
    """
    return x.clamp(0, 6)


relu6.differentiate(x=lambda x: torch.logical_and(x > 0, x < 6).to(x.dtype))
relu6.native(
    forward=lambda x, out: aten.hardtanh.out(x, 0, 6, out=out),
    backward=lambda gradient, x, out: aten.hardtanh_backward.grad_input(gradient, x, 0, 6, grad_input=out),
)


@activation(
    formula="Piecewise((0, x <= 0), (upper, x >= upper), (x, True))",
    kinks=(0.0, "upper"),
    range="[0, upper]",
    module="BReLU",
    aliases=("bounded_relu",),
    reference="Liew, Khalil-Hani, Bakhteri 2016, Bounded activation functions for enhanced training stability of deep "
    "neural networks on visual pattern recognition problems, Neurocomputing 216",
    checked="formula in a public implementation (class BReLU, x.clamp(0, t), t = 1), opened 2026-11-23; the paper: no",
    namesakes=("echoAI's BReLU is the bipolar ReLU, which turns every other neuron round",),
)
def brelu(x: Tensor, upper: float | Tensor = 1.0) -> Tensor:
    """Bounded rectified linear unit: ReLU, cut off at `upper`.

        f(x)      = 0  if x <= 0,  upper  if x >= upper,  x  otherwise
        df/dx     = 0  if x <= 0,  0      if x >= upper,  1  otherwise
        df/dupper = 1  if x >= upper,  0  otherwise

    Kinks: at both ends the outer derivative, 0, as PyTorch takes it for relu6. Domain: upper > 0.
    """
    return x.clamp(min=0).clamp(max=upper)


brelu.differentiate(
    x=lambda x, upper: torch.logical_and(x > 0, x < upper).to(x.dtype), upper=lambda x, upper: (x >= upper).to(x.dtype)
)
brelu.native(
    forward=lambda x, upper, out: aten.hardtanh.out(x, 0, upper, out=out),
    backward=lambda gradient, x, upper, out: aten.hardtanh_backward.grad_input(gradient, x, 0, upper, grad_input=out),
)


@activation(
    formula="Piecewise((0, x <= -3), (x, x >= 3), (x*(x + 3)/6, True))",
    kinks=(-3.0, 3.0),
    range="[-0.375, inf)",
    inplace=True,
    aliases=("hard_swish", "hard_silu"),
    reference="Howard, Sandler, Chu and others 2019, Searching for MobileNetV3, arXiv:1905.02244",
    checked="PyTorch 2.13's torch.nn.Hardswish, which names the paper, opened 2026-11-23",
)
def hardswish(x: Tensor) -> Tensor:
    """Hard swish: x gated by its hard sigmoid.

        f(x)  = 0  if x <= -3,  x  if x >= 3,  x (x + 3) / 6  otherwise
        df/dx = 0  if x <= -3,  1  if x >= 3,  x / 3 + 1 / 2  otherwise

    Kinks: at -3 and 3 the outer derivatives, 0 and 1, as PyTorch 2.13 takes them (up to 2.6 it took -1/2 and 3/2).
    """
    return x * ((x + 3).clamp(0, 6) / 6)  # x times a number in [0, 1]: no overflow where f is finite


@hardswish.derivative(wrt="x")
def _(x):
    inner = x.clamp(-3, 3) / 3 + 0.5
    return torch.where(x.abs() < 3, inner, (x > 0).to(x.dtype))


hardswish.native(
    # not the hardswish kernel: its x (x + 3) overflows
    forward=lambda x, out: aten.hardsigmoid.out(x, out=out).mul_(x),
    backward=lambda gradient, x, out: aten.hardswish_backward.out(gradient, x, out=out),
    fresh=aten.hardswish_backward,  # ATen's form with `out` copies
    passes=(2, 1),
)


@activation(
    formula="Piecewise((0, x <= -2), (x, x >= 0), (x*(x + 2)/2, True))",
    kinks=(-2.0,),
    range="[-0.5, inf)",
    reference="Misra, H-Mish (github.com/digantamisra98/H-Mish); Wightman, timm",
    checked="timm's timm/layers/activations.py, which names Misra's notes, opened 2026-11-23; the notes: no",
)
def hard_mish(x: Tensor) -> Tensor:
    """Hard mish: mish made of a parabola and two straight lines.

        f(x)  = 0  if x <= -2,  x  if x >= 0,  x (x + 2) / 2  otherwise
        df/dx = 0  if x <= -2,  1  if x >= 0,  x + 1          otherwise

    Kink: at -2 the left derivative, 0, as PyTorch takes it for hardswish at -3 (timm's HardMishMe takes -1); none at 0.
    """
    return x * ((x + 2).clamp(0, 2) / 2)


hard_mish.differentiate(x=lambda x: torch.where(x > -2, x.clamp(-2, 0) + 1, torch.zeros_like(x)))
