"""Right activations in many styles, some of which look suspicious: the battery must let every one of them pass."""

import math
from functools import partial
from typing import ClassVar

import torch
import torch.nn.functional as F
from planted import RIGHT, Modern, Planted, right
from torch import nn
from torch.autograd import Function

from actlab import activation

SYMLOG = "Piecewise((log(1 + x), x > 0), (-log(1 - x), True))"  # its slope at 0 is 1

for _name, _make, _reference in (
    ("torch_relu", nn.ReLU, "relu"),
    ("torch_relu6", nn.ReLU6, "Max(Min(x, 6), 0)"),
    ("torch_leaky_relu", partial(nn.LeakyReLU, 0.2), "leaky_relu(0.2)"),
    ("torch_elu", nn.ELU, "elu"),
    ("torch_elu_2", partial(nn.ELU, 2.0), "elu(2)"),
    ("torch_sigmoid", nn.Sigmoid, "sigmoid"),
    ("torch_tanh", nn.Tanh, "tanh"),
    ("torch_silu", nn.SiLU, "silu"),
    ("torch_softsign", nn.Softsign, "x/(1 + Abs(x))"),
    ("torch_hardtanh", nn.Hardtanh, "Max(Min(x, 1), -1)"),
    ("torch_softshrink", nn.Softshrink, "sign(x)*Max(Abs(x) - 1/2, 0)"),
    ("torch_prelu", nn.PReLU, None),
):
    RIGHT.append(Planted(_name, _make, "", _reference, "PyTorch's own, without a known fault"))


# functions


@right("clamp takes slope 1 at 0: between the one-sided limits", "relu")
def relu_by_clamp(x):
    return x.clamp(min=0)


@right("maximum takes slope 1/2 at 0: between the one-sided limits", "relu")
def relu_by_maximum(x):
    return torch.maximum(x, torch.zeros_like(x))


@right("slope (1 + 0.01)/2 at 0", "leaky_relu")
def leaky_by_maximum(x):
    return torch.maximum(x, 0.01 * x)


@right("a jump: no derivative at 0.5, and none is asked for", "Piecewise((x, Abs(x) > 1/2), (0, True))")
def hard_shrink(x):
    return torch.where(torch.abs(x) <= 0.5, 0 * x, x)


@right("exactly 0 outside (-1, 1), and smooth", "Piecewise(((1 - x**2)**2, Abs(x) < 1), (0, True))")
def compact_bump(x):
    inner = x.clamp(-1, 1)
    return ((1 - inner) * (1 + inner)) ** 2


@right("a clamped exponent in the branch not taken", "elu")
def elu_clamped(x):
    return torch.where(x > 0, x, torch.expm1(x.clamp(max=0)))


@right("the erf's complement keeps the left tail; a Python constant", "gelu")
def gelu_by_erfc(x):
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    return (0.5 * wide * torch.erfc(wide * -math.sqrt(0.5))).to(x.dtype)


@right("log1p on both sides of 0, where the slope is 1", SYMLOG)
def symlog_in_two(x):
    return torch.where(x < 0, -torch.log1p(-x.clamp(max=0)), torch.log1p(x.clamp(min=0)))


@right("e^x clamped where tanh is 1 anyway", "x*tanh(exp(x))")
def tanhexp_clamped(x):
    return x * torch.tanh(torch.exp(x.clamp(max=10)))


@right("not monotone, unbounded, an oscillation", "x + sin(x)**2")
def snake(x):
    return x + torch.sin(x).square()


@right("an overflow to infinity that is right: e^-inf is 0", "exp(-x**2)")
def gaussian(x):
    return torch.exp(-x * x)


@right("a default parameter", "leaky_relu(0.3)")
def leaky_with_default(x, slope=0.3):
    return torch.where(x > 0, x, slope * x)


@right("refuses inplace=True", "tanh")
def tanh_refuses_inplace(x, inplace=False):
    if inplace:
        raise ValueError("not in place")
    return torch.tanh(x)


# autograd Functions


@right("slope 1 at 0, chosen by hand", "relu")
class ReluOneAtZero(Modern):
    @staticmethod
    def forward(x):
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient * (x >= 0).to(x.dtype)


@right("the derivative by the output", "sigmoid")
class SigmoidByOutput(Modern):
    @staticmethod
    def forward(x):
        return torch.sigmoid(x)

    @staticmethod
    def backward(ctx, gradient):
        _, y = ctx.saved_tensors
        return gradient * (y * (1 - y))


@right("computes in float32 for halves, both ways", "silu")
class SiluInFloat32(Modern):
    @staticmethod
    def forward(x):
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        return (wide * torch.sigmoid(wide)).to(x.dtype)

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        return (gradient * (torch.sigmoid(wide) * (1 + wide * torch.sigmoid(-wide)))).to(x.dtype)


# blocks


@right("a block that declares its kink")
@activation(
    formula="Piecewise((x, x > 0), (0.1*x, True))", kinks=(0.0,), family="right", range="(-inf, inf)",
    reference="right", checked="no",
)  # fmt: skip
def leaky_block(x):
    """A leaky ReLU of slope 0.1."""
    return torch.where(x > 0, x, 0.1 * x)


@leaky_block.derivative(wrt="x")
def _(x):
    return torch.where(x > 0, torch.ones_like(x), 0.1)


@right("a block with a learned parameter")
@activation(
    formula="x/(1 + exp(-beta*x))", learned=("beta",), family="right", range="(-inf, inf)", reference="right",
    checked="no",
)  # fmt: skip
def swish_block(x, beta=1.5):
    """A swish with a learned beta."""
    return x * torch.sigmoid(beta * x)


@swish_block.derivative(wrt="x")
def _(x, beta):
    scaled = (beta * x).clamp(-1e3, 1e3)  # no inf for the largest x, where the sigmoid is 0
    return torch.sigmoid(scaled) * (1 + scaled * torch.sigmoid(-scaled))


@swish_block.derivative(wrt="beta")
def _(x, beta):
    return x * x * torch.sigmoid(beta * x) * torch.sigmoid(-beta * x)


# modules


@right("a learned slope, used as it is")
class LearnedSwish(nn.Module):
    def __init__(self, beta=1.5):
        super().__init__()
        self.beta = nn.Parameter(torch.tensor(beta))

    def forward(self, x):
        return x * torch.sigmoid(self.beta * x)


@right("a buffer that moves with the module", "x*sigmoid(1.5*x)")
class SwishWithBuffer(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("beta", torch.tensor(1.5))

    def forward(self, x):
        return x * torch.sigmoid(self.beta * x)


@right("dropout in training only", "tanh")
class TanhWithDropout(nn.Module):
    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.3)

    def forward(self, x):
        return self.dropout(torch.tanh(x))


@right("inplace, by PyTorch's own", "relu")
class ReluInplace(nn.Module):
    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def forward(self, x):
        return F.relu(x, inplace=self.inplace)


@right("inplace, marked for autograd, by the output", "leaky_relu(0.1)")
class LeakyMarked(nn.Module):
    class Overwrite(Function):
        @staticmethod
        def forward(x):
            return x.copy_(torch.where(x > 0, x, 0.1 * x))

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.mark_dirty(inputs[0])
            ctx.save_for_backward(output)

        @staticmethod
        def backward(ctx, gradient):
            (y,) = ctx.saved_tensors
            return gradient * torch.where(y > 0, torch.ones_like(y), 0.1)

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def forward(self, x):
        return self.Overwrite.apply(x) if self.inplace else torch.where(x > 0, x, 0.1 * x)


@right("a method as gate: it pickles", "silu")
class GateByMethod(nn.Module):
    def forward(self, x):
        return x * self.gate(x)

    def gate(self, x):
        return torch.sigmoid(x)


@right("submodules, one after the other", "tanh")
class TanhTwiceRemoved(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Identity(), nn.Tanh())

    def forward(self, x):
        return self.inner(x)


# around a step


@right("an intermediate result on ctx: neither input nor output", "relu")
class ReluWithMask(Modern):
    @staticmethod
    def forward(x):
        return x.clamp(min=0)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.mask = inputs[0] > 0

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.mask


@right("keeps the last output, to look at")
class TanhWatched(nn.Module):
    last: ClassVar[dict] = {}

    def forward(self, x):
        y = torch.tanh(x)
        self.last["y"] = y
        return y


@right("a running scale, detached, in a buffer", "silu")
class EmaDetached(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("scale", torch.ones(()))

    def forward(self, x):
        if self.training:
            self.scale = 0.9 * self.scale + 0.1 * x.detach().abs().mean()
        return x * torch.sigmoid(x / self.scale)


@right("overflows on both sides, and nowhere else")
def hyperbolic_cosine(x):
    return torch.exp(x) + torch.exp(-x)


# widths, scales, channels


@right("a scale of shape (1,)")
class ScaledByOne(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.full((1,), 0.5))

    def forward(self, x):
        return torch.tanh(x * self.scale)


class _Slopes(nn.Module):
    def __init__(self, shape, low=0.25, high=0.25):
        super().__init__()
        count = math.prod(shape)
        self.slope = nn.Parameter(torch.linspace(low, high, count).reshape(shape))

    def forward(self, x):
        return torch.where(x > 0, x, self.slope * x)


for _name, _make, _why, _options in (
    ("slopes_64", partial(_Slopes, (64,)), "a slope a feature", {"width": 64}),
    ("slopes_6_rows", partial(_Slopes, (6,), 0.1, 0.9), "other slopes a feature", {"width": 6, "elementwise": False}),
    ("slopes_channels", partial(_Slopes, (6, 1)), "a slope a channel, of (N, C, T)", {"width": 6, "channels": True}),
    ("torch_prelu_6", partial(nn.PReLU, 6), "PyTorch's own, with channels", {"width": 6, "channels": True}),
    ("batch_norm", lambda: nn.Sequential(nn.BatchNorm1d(6), nn.Tanh()), "batch norm inside", {"width": 6}),
    (
        "batch_norm_images",
        lambda: nn.Sequential(nn.BatchNorm2d(3), nn.ReLU()),
        "batch norm of images",
        {"width": 3, "channels": True, "elementwise": False},
    ),
):
    RIGHT.append(Planted(_name, _make, "", None, _why, _options))


# gradients that are no derivatives, by intention, and roots


@right("a step forward, a fast sigmoid backward", gradient="1/(1 + 25*Abs(x))**2")
class Spike(Modern):
    @staticmethod
    def forward(x):
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient / (1 + 25 * x.abs()) ** 2


@right("rounded, and straight through by detach", gradient="1")
def round_through(x):
    return x + (torch.round(x) - x).detach()


@right("a declared gradient that jumps", gradient="Piecewise((1, Abs(x) <= 1), (0, True))")
class SignThrough(Modern):
    @staticmethod
    def forward(x):
        return torch.sign(x)

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient * torch.where(x.isnan(), x, (x.abs() <= 1).to(x.dtype))


@right("a block that declares its surrogate")
@activation(
    formula="Piecewise((1, x > 0), (0, True))", surrogate="exp(-(sharp*x)**2)", kinks=(0.0,), family="right",
    range="[0, 1]", reference="right", checked="no",
)  # fmt: skip
def spike_block(x, sharp=2.0):
    """A step whose gradient is a bell."""
    return torch.where(x.isnan(), x, (x > 0).to(x.dtype))


@spike_block.derivative(wrt="x")
def _(x, sharp):
    return torch.exp(-(sharp * x).square())


for _formula in ("sign(x)*Abs(x)**(1/3)", "sign(x)*sqrt(Abs(x))", "sign(x)*Abs(x)**0.9", "exp(x)"):
    RIGHT.append(Planted(_formula, partial(str, _formula), "", None, "a formula's own roots and overflows"))
