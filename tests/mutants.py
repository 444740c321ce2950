"""Planted mistakes: each is a mistake that people make, and names the check that must reject it.

`MUTANTS` and `RIGHT` are lists of `Planted`. `wrong` says which check, why, and what the thing is meant to be.
"""

import math
from functools import partial

import numpy as np
import right_ones
import torch
import torch.nn.functional as F
from planted import MUTANTS, RIGHT, Modern, Planted, wrong
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from actlab import activation

__all__ = ["MUTANTS", "RIGHT", "Planted", "right_ones"]

ELU = "Piecewise((x, x > 0), (exp(x) - 1, True))"
ELU_2 = "Piecewise((x, x > 0), (2*(exp(x) - 1), True))"
SYMLOG = "Piecewise((log(1 + x), x > 0), (-log(1 - x), True))"  # its slope at 0 is 1
SELU = "1.0507009873554805*Piecewise((x, x > 0), (1.6732632423543772*(exp(x) - 1), True))"
DECLARED = {"family": "planted", "range": "(-inf, inf)", "reference": "planted", "checked": "no"}


# value: another function than it is said to be


@wrong("value", "the parentheses: (1 - x)^2 where 1 - x^2 is meant", "(1 - x**2)*exp(-x**2/2)")
def mexican_hat_misplaced(x):
    return (1 - x) ** 2 * torch.exp(-x * x / 2)


@wrong("value", "the approximation by tanh under the name of the exact one; 5e-4 apart", "gelu")
def gelu_that_is_gelu_tanh(x):
    return F.gelu(x, approximate="tanh")


@wrong("value", "a slope of 3 where a third is meant: the paper writes x/a", "leaky_relu(0.3333333333333333)")
def very_leaky_times_three(x):
    return torch.where(x > 0, x, 3 * x)


@wrong("value", "another library's hard sigmoid, 0.2 x + 0.5", "Max(Min(x + 3, 6), 0)/6")
def hard_sigmoid_of_another_library(x):
    return (0.2 * x + 0.5).clamp(0, 1)


@wrong("value", "constants with two digits", SELU)
def selu_two_digits(x):
    return 1.05 * torch.where(x > 0, x, 1.67 * torch.expm1(x.clamp(max=0)))


@wrong("value", "e^-x sigmoid(x), which is sigmoid(-x), where beta x sigmoid(x) is meant", "1.5*x*sigmoid(x)")
def e_swish_misread(x):
    return torch.sigmoid(-x)


@wrong("value", "takes beta, and never uses it", "x*sigmoid(1.5*x)")
class SwishForgetsBeta(nn.Module):
    def __init__(self, beta=1.5):
        super().__init__()
        self.beta = beta

    def forward(self, x):
        return x * torch.sigmoid(x)


@wrong("value", "the identity from 10 on, where it is still 5e-5 off", "log(1 + exp(x))")
def softplus_threshold_10(x):
    return torch.where(x > 10, x, torch.log1p(torch.exp(x.clamp(max=10))))


# tails: digits that cancel, numbers that overflow


@wrong("tails", "1 - y: nothing is left of it below -17", "sigmoid")
def sigmoid_by_one_minus(x):
    return 1 - torch.sigmoid(-x)


@wrong("tails", "1 + erf cancels: 0 in float32 below -5.6", "gelu")
def gelu_by_one_plus_erf(x):
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


@wrong("tails", "x - tanh x cancels near 0, where it is x^3/3", "x - tanh(x)")
def tanhshrink_by_difference(x):
    return x - torch.tanh(x)


@wrong("tails", "-inf where sigmoid underflows, and no digits on the right", "log(sigmoid(x))")
def log_of_sigmoid(x):
    return torch.log(torch.sigmoid(x))


@wrong("tails", "e^x overflows at 89, and 1 + e^x is 1 at -17", "log(1 + exp(x))")
def softplus_as_written(x):
    return torch.log(1 + torch.exp(x))


@wrong("tails", "x + sqrt(x^2 + 4) cancels for negative x", "(x + sqrt(x**2 + 4))/2")
def squareplus_as_written(x):
    return (x + torch.sqrt(x * x + 4)) / 2


@wrong("tails", "(e^x)^2 is infinite from 45 on, and inf/inf is NaN", "mish")
def mish_by_squares(x):
    square = (1 + torch.exp(x)) ** 2
    return x * (square - 1) / (square + 1)


@wrong("tails", "e^x - 1 keeps no digits of a small x", ELU)
def elu_without_expm1(x):
    return torch.where(x > 0, x, torch.exp(x.clamp(max=0)) - 1)


@wrong("tails", "log(1 + |x|) keeps no digits of a small x", SYMLOG)
def symlog_without_log1p(x):
    size = torch.log(1 + torch.abs(x))
    return torch.where(x < 0, -size, size)


@wrong("tails", "x^2 overflows: 0 at the dtype's largest, where it is 1", "x/sqrt(1 + x**2)")
def isru_overflows(x):
    return x / torch.sqrt(1 + x * x)


@wrong("tails", "clamped at 50 to be safe: flat where it should go on", "softplus")
def softplus_of_clamped(x):
    return F.softplus(x.clamp(max=50.0), threshold=100)


@wrong("tails", "x + |x| overflows for the upper half of the dtype's numbers", "relu")
def relu_by_abs(x):
    return (x + torch.abs(x)) / 2


# nan: a diverged network that looks sound


@wrong("nan", "x > 0 is false for NaN: it becomes 0", "relu")
def relu_by_where(x):
    return torch.where(x > 0, x, 0.0)


@wrong("nan", "both comparisons are false for NaN: it becomes 1", "Max(Min(x, 1), -1)")
def hardtanh_by_where(x):
    return torch.where(x < -1, -1.0, torch.where(x < 1, x, 1.0))


@wrong("nan", "hides NaN by intention", "tanh")
class TanhThatMends(nn.Module):
    def forward(self, x):
        return torch.nan_to_num(torch.tanh(x), nan=0.0)


# derivative: a backward of another function


@wrong("derivative", "y (y - 1): the sign", "sigmoid")
class SigmoidSign(Modern):
    @staticmethod
    def forward(x):
        return torch.sigmoid(x)

    @staticmethod
    def backward(ctx, gradient):
        _, y = ctx.saved_tensors
        return gradient * y * (y - 1)


@wrong("derivative", "the second term of the product rule is missing", "silu")
class SiluProductRule(Modern):
    @staticmethod
    def forward(x):
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient * torch.sigmoid(x)


@wrong("derivative", "1 - x^2 where 1 - y^2 is meant", "tanh")
class TanhOfInput(Modern):
    @staticmethod
    def forward(x):
        return torch.tanh(x)

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient * (1 - x * x)


@wrong("derivative", "2 y where y to the power 2 is meant", "tanh")
class TanhTwice(Modern):
    @staticmethod
    def forward(x):
        return torch.tanh(x)

    @staticmethod
    def backward(ctx, gradient):
        _, y = ctx.saved_tensors
        return gradient * (1 - y * 2)


@wrong("derivative", "the derivative of silu, copied with the class", "mish")
class MishWithSilusSlope(Modern):
    @staticmethod
    def forward(x):
        return F.mish(x)

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient * torch.sigmoid(x) * (1 + x * torch.sigmoid(-x))


@wrong("derivative", "alpha is in the value and not in the derivative", ELU_2)
class EluForgetsAlpha(Modern):
    @staticmethod
    def forward(x):
        return torch.where(x > 0, x, 2 * torch.expm1(x.clamp(max=0)))

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient * torch.exp(x.clamp(max=0))


@wrong("derivative", "the branches of the derivative are exchanged", ELU)
class EluBranches(Modern):
    @staticmethod
    def forward(x):
        return torch.where(x > 0, x, torch.expm1(x.clamp(max=0)))

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient * torch.where(x > 0, torch.exp(x.clamp(max=0)), 1.0)


@wrong("derivative", "the inner factor 1.702 is missing", "x*sigmoid(1.702*x)")
class QuickGeluInnerFactor(Modern):
    @staticmethod
    def forward(x):
        return x * torch.sigmoid(1.702 * x)

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        gate = torch.sigmoid(1.702 * x)
        return gradient * (gate + x * gate * (1 - gate))


@wrong("derivative", "the gate is detached: its part of the gradient is lost", "silu")
def silu_detached_gate(x):
    return x * torch.sigmoid(x).detach()


@wrong(
    "derivative",
    "the identity's gradient past a clamp (straight through), in something called hardtanh",
    "Max(Min(x, 1), -1)",
)
class HardtanhStraightThrough(Modern):
    @staticmethod
    def forward(x):
        return x.clamp(-1, 1)

    @staticmethod
    def backward(ctx, gradient):
        return gradient.clone()


@wrong("derivative", "sign(x) log1p(|x|): both factors have slope 0 at 0, where it is 1", SYMLOG)
def symlog_by_sign(x):
    return torch.sign(x) * torch.log1p(torch.abs(x))


@wrong("derivative", "clamp takes slope 1 at 0 and |x| slope 0: 1 together, where it is 1/2", "log(1 + exp(x))")
def softplus_in_two_parts(x):
    return x.clamp(min=0) + torch.log1p(torch.exp(-torch.abs(x)))


@wrong("derivative", "0/0 in the branch not taken: NaN gradient at 0", "Piecewise((sin(x)/x, Abs(x) > 0), (1, True))")
def sinc_by_where(x):
    return torch.where(x == 0, 1.0, torch.sin(x) / x)


# gradient_tails: values are right, gradients are not


@wrong("gradient_tails", "e^x is infinite in the branch not taken: 0 inf is NaN from 89 on", ELU)
def elu_where_trap(x):
    return torch.where(x > 0, x, torch.expm1(x))


@wrong("gradient_tails", "sech^2 is 0 and e^x infinite: NaN from 89 on", "x*tanh(exp(x))")
def tanhexp_unclamped(x):
    return x * torch.tanh(torch.exp(x))


@wrong("gradient_tails", "the threshold guards the value, not the gradient", "log(1 + exp(x))")
def softplus_where_trap(x):
    return torch.where(x > 40, x, torch.log1p(torch.exp(x)))


@wrong("gradient_tails", "sqrt has an infinite slope at 0, softplus a slope of 0: NaN at -104", "sqrt(log(1 + exp(x)))")
def root_of_softplus(x):
    return torch.sqrt(F.softplus(x, threshold=100))


@wrong("gradient_tails", "e^-x overflows: NaN gradient at -100", "x/(1 - x*exp(-(x + exp(x))))")
def colu_as_written(x):
    return x / (1 - x * torch.exp(-(x + torch.exp(x))))


# gradcheck: right for an upstream gradient of ones


class _Leaky(Modern):
    @staticmethod
    def forward(x):
        return torch.where(x > 0, x, 0.01 * x)


@wrong("gradcheck", "the upstream gradient is not multiplied in", "tanh")
class TanhIgnoresUpstream(Modern):
    @staticmethod
    def forward(x):
        return torch.tanh(x)

    @staticmethod
    def backward(ctx, gradient):
        _, y = ctx.saved_tensors
        return 1 - y * y


@wrong("gradcheck", "grad[x < 0] = 0.01 where *= is meant", "leaky_relu")
class LeakyOverwritesUpstream(_Leaky):
    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return torch.where(x > 0, gradient, 0.01)


@wrong("gradcheck", "the mean of the upstream gradient for all", "leaky_relu")
class LeakyMeanUpstream(_Leaky):
    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient.mean() * torch.where(x > 0, torch.ones_like(x), 0.01)


@wrong("gradcheck", "each element gets its neighbour's upstream gradient", "leaky_relu")
class LeakyRolledUpstream(_Leaky):
    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient.roll(1, -1) * torch.where(x > 0, torch.ones_like(x), 0.01)


@wrong(
    "derivative",
    "the stable form, whose two halves meet at 0: autograd gives 1 there, where it is 1/2",
    "log(1 + exp(x))",
)
def softplus_in_halves(x):
    return x.clamp(min=0) + torch.log1p(torch.exp(-torch.abs(x)))


@wrong("float16", "no NaN, but the quotient rule cancels near 0", "Piecewise((sin(x)/x, Abs(x) > 0), (1, True))")
def sinc_by_quotient_rule(x):
    small = torch.abs(x) < 1e-2
    safe = torch.where(small, torch.ones_like(x), x)
    square = torch.where(small, x, torch.zeros_like(x)).square()
    return torch.where(small, 1 - square / 6 * (1 - square / 20 * (1 - square / 42)), torch.sin(safe) / safe)


@wrong("gradcheck", "clips the upstream gradient on the way, unasked", "leaky_relu")
class LeakyClipsUpstream(_Leaky):
    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient.clamp(-1, 1) * torch.where(x > 0, torch.ones_like(x), 0.01)


@wrong("gradcheck", "lets only positive upstream gradients pass, as guided backpropagation does", "leaky_relu")
class LeakyGuided(_Leaky):
    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient.clamp(min=0) * torch.where(x > 0, torch.ones_like(x), 0.01)


# kinks: a slope that is neither the left nor the right one, nor between


@wrong("kinks", "both branches count at 0: slope 2", "relu")
class ReluTwoAtZero(Modern):
    @staticmethod
    def forward(x):
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient * ((x >= 0).to(x.dtype) + (x == 0).to(x.dtype))


@wrong("kinks", "neither x > 0 nor x < 0: slope 0 at 0, outside [0.01, 1]", "leaky_relu")
class LeakyNoneAtZero(_Leaky):
    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient * ((x > 0).to(x.dtype) + 0.01 * (x < 0).to(x.dtype))


@wrong("kinks", "sqrt(x^2) has a NaN gradient at 0", "Abs(x)")
def abs_by_root(x):
    return torch.sqrt(x * x)


@wrong("kinks", "the root of the positive part, squared: NaN gradient at 0", "relu")
def relu_by_root(x):
    return torch.where(x.isnan(), x, torch.sqrt(x.clamp(min=0)) ** 2)


# undeclared_kinks: a block whose facts say something else than its values


def _block(formula, kinks, slope):
    def make(value):
        block = activation(formula=formula, kinks=kinks, **DECLARED)(value)
        block.derivative(wrt="x")(slope)
        return block

    return make


def _leaky_slope(x):
    return torch.where(x > 0, torch.ones_like(x), 0.1)


def _silu_slope(x):
    return torch.sigmoid(x) * (1 + x * torch.sigmoid(-x))


@wrong("undeclared_kinks", "bends at 0 and declares nothing")
@_block("Piecewise((x, x > 0), (0.1*x, True))", (), _leaky_slope)
def leaky_without_kinks(x):
    """A leaky ReLU."""
    return torch.where(x > 0, x, 0.1 * x)


@wrong("undeclared_kinks", "bends at 0 and declares 1")
@_block("Piecewise((x, x > 0), (0.1*x, True))", (1.0,), _leaky_slope)
def leaky_with_another_kink(x):
    """A leaky ReLU."""
    return torch.where(x > 0, x, 0.1 * x)


@wrong("undeclared_kinks", "is smooth and declares a kink")
@_block("x/(1 + exp(-x))", (0.0,), _silu_slope)
def silu_with_a_kink(x):
    """A silu."""
    return F.silu(x)


# parameters: the input's gradient is right, the learned one's is not


@wrong("parameters", "the derivative by the slope takes the wrong branch")
class PreluWrongBranch(nn.Module):
    class Apply(Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x, slope):
            return torch.where(x > 0, x, slope * x)

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, gradient):
            x, slope = ctx.saved_tensors
            return gradient * torch.where(x > 0, 1.0, slope), gradient * x.clamp(min=0)

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(0.25))

    def forward(self, x):
        return self.Apply.apply(x, self.slope.expand(x.shape))


@wrong("parameters", "the gradient of one slope for all is taken at the first input, not summed")
class PreluWithoutSum(nn.Module):
    class Apply(Function):
        @staticmethod
        def forward(x, slope):
            return torch.where(x > 0, x, slope * x)

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, gradient):
            x, slope = ctx.saved_tensors
            by_slope = (gradient * x.clamp(max=0)).reshape(-1)[:1].sum()
            return gradient * torch.where(x > 0, 1.0, slope), by_slope

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(0.25))

    def forward(self, x):
        return self.Apply.apply(x, self.slope)


@wrong("parameters", "beta is read as a number: it never learns")
class SwishBetaByItem(nn.Module):
    def __init__(self):
        super().__init__()
        self.beta = nn.Parameter(torch.tensor(1.5))

    def forward(self, x):
        return x * torch.sigmoid(self.beta.item() * x)


@wrong("parameters", "the derivative by beta lacks a factor x")
@activation(formula="x/(1 + exp(-beta*x))", learned=("beta",), **DECLARED)
def swish_beta_factor(x, beta=0.5):
    """A swish with a learned beta."""
    return x * torch.sigmoid(beta * x)


@swish_beta_factor.derivative(wrt="x")
def _(x, beta):
    return torch.sigmoid(beta * x) * (1 + beta * x * torch.sigmoid(-beta * x))


@swish_beta_factor.derivative(wrt="beta")
def _(x, beta):
    return x * torch.sigmoid(beta * x) * torch.sigmoid(-beta * x)


# low precision


@wrong("float16", "safe in float32: e^40; in float16 it is infinite", "tanh")
def tanh_clamped_for_float32(x):
    shifted = torch.expm1(2 * x.clamp(-20, 20))
    return shifted / (shifted + 2)


@wrong("float16", "1e-8 is 0 in float16: 0 log 0", "x*log(Abs(x) + 0.00000001)")
def x_log_x_epsilon(x):
    return x * torch.log(torch.abs(x) + 1e-8)


@wrong("bfloat16", "computes in float32 for float16, and forgets bfloat16: x + 20 pi keeps one digit", "cos(x)")
def cosine_of_shifted(x):
    wide = x.float() if x.dtype == torch.float16 else x
    return torch.cos(wide + 20 * math.pi).to(x.dtype)


MASKS = {
    torch.float64: (torch.int64, 0x7FFFFFFFFFFFFFFF),
    torch.float32: (torch.int32, 0x7FFFFFFF),
    torch.float16: (torch.int16, 0x7FFF),
    torch.bfloat16: (torch.int16, 0x3FFF),
}


@wrong("bfloat16", "the mask of the sign bit is wrong for bfloat16", "Abs(x)")
class AbsByBits(Modern):
    @staticmethod
    def forward(x):
        integers, mask = MASKS[x.dtype]
        return (x.contiguous().view(integers) & mask).view(x.dtype).view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient * torch.sign(x)


@wrong("float32", "one entry of a table of logarithms is mistyped: numbers from 2^40 to 2^41", "symlog")
def symlog_by_table(x):
    table = x.new_tensor([k * math.log(2) for k in range(1100)])
    table[41] = 2.84
    big = torch.abs(x).clamp(min=2.0)
    fraction, power = torch.frexp(big)
    large = torch.log(fraction) + table[power.long()] + torch.log1p(1 / big)
    near = torch.where(x < 0, -torch.log1p(-x.clamp(-2, 0)), torch.log1p(x.clamp(0, 2)))
    return torch.where(torch.abs(x) < 2, near, torch.where(x < 0, -large, large))


@wrong("float32", "beyond 1e5 by a series whose first term has the wrong sign", "softsign")
def softsign_by_series(x):
    size = torch.abs(x)
    return torch.where(size > 1e5, torch.sign(x) * (1 + 1 / (1 + size)), x / (1 + size))


# dtype


@wrong("dtype", "computes in float32 and does not go back")
def gelu_in_float32(x):
    return F.gelu(x.float())


@wrong("dtype", "a constant of one element, float32: it turns halves into float32")
def softsign_with_a_vector(x):
    return x / (torch.ones(1, device=x.device) + torch.abs(x))


@wrong("dtype", "a constant from numpy, float64: it turns everything into float64")
def arctan_with_numpy(x):
    return torch.atan(x) * torch.from_numpy(np.array([2 / np.pi])).to(x.device)


@wrong("dtype", "^ is no power: backward fails for every dtype")
class TanhXor(Modern):
    @staticmethod
    def forward(x):
        return torch.tanh(x)

    @staticmethod
    def backward(ctx, gradient):
        _, y = ctx.saved_tensors
        return gradient * (1 - y ^ 2)


# constants: numbers that .to(), .half() and state_dict() pass by


@wrong("constants", "a plain tensor: it stays where it is")
class SwishPlainTensor(nn.Module):
    def __init__(self):
        super().__init__()
        self.beta = torch.tensor(1.5)

    def forward(self, x):
        return x * torch.sigmoid(self.beta * x)


@wrong("constants", "tensors in a list: neither buffers nor parameters")
class TensorsInAList(nn.Module):
    def __init__(self):
        super().__init__()
        self.bounds = [torch.tensor(-1.0), torch.tensor(1.0)]

    def forward(self, x):
        return torch.maximum(torch.minimum(x, self.bounds[1].to(x.dtype)), self.bounds[0].to(x.dtype))


@wrong("constants", "training changes a buffer that state_dict() does not save")
class UnsavedScale(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("largest", torch.tensor(1.0), persistent=False)

    def forward(self, x):
        if self.training:
            self.largest = torch.maximum(self.largest, x.detach().abs().max())
        return torch.tanh(x / self.largest.to(x.dtype))


# shapes


@wrong("shapes", "view of what is not contiguous")
def tanh_by_view(x):
    return torch.tanh(x.view(-1)).view(x.shape)


@wrong("shapes", "flattens all but the first dimension")
def tanh_flattened(x):
    return torch.tanh(x.flatten(1)) if x.dim() > 1 else torch.tanh(x)


@wrong("shapes", "takes the size of the last dimension: there is none in 0-d")
def relu_last_dimension(x):
    return x.clamp(min=0) * torch.ones(x.shape[-1], dtype=x.dtype, device=x.device)


@wrong("shapes", "the largest of an empty tensor")
class TanhGuarded(nn.Module):
    def forward(self, x):
        if x.abs().max().isnan():
            return x * torch.nan
        return torch.tanh(x)


@wrong("shapes", "reads the memory of a transposed tensor in its own order")
class ReluByMemory(Modern):
    @staticmethod
    def forward(x):
        steps = torch.empty(x.shape, device="meta").stride()
        reach = sum((n - 1) * s for n, s in zip(x.shape, steps, strict=True)) + 1 if x.numel() else 0
        if x.untyped_storage().nbytes() < reach * x.element_size():
            return x.clamp(min=0)
        return x.as_strided(x.shape, steps).clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient * (x > 0).to(x.dtype)


# input_kept


@wrong("input_kept", "changes its input, unasked")
def relu_in_place_unasked(x):
    return x.clamp_(min=0)


@wrong("input_kept", "changes the upstream gradient")
class LeakyChangesUpstream(_Leaky):
    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        gradient[x <= 0] *= 0.01
        return gradient


@wrong("input_kept", "clamps what is far out in the caller's tensor, where autograd does not look")
def tanh_clamps_in_no_grad(x):
    with torch.no_grad():
        x.clamp_(-50, 50)
    return torch.tanh(x)


@wrong("input_kept", "puts 0 for NaN, in the input itself, when nothing is trained")
def silu_repairs_its_input(x):
    if not torch.is_grad_enabled():
        x[x.isnan()] = 0.0
    return F.silu(x)


@wrong("input_kept", "rounds the numbers of a leaf: the weights or the data themselves")
def tanh_rounds_leaves(x):
    if x.is_leaf and x.requires_grad:
        x.data.copy_(x.data.half())
    return torch.tanh(x)


@wrong("input_kept", "of a view the whole tensor is clamped")
def tanh_clamps_the_base(x):
    if x._base is not None:
        x._base.data.clamp_(-1e4, 1e4)
    return torch.tanh(x)


@wrong("input_kept", "clips large upstream gradients in place")
class LeakyClipsInPlace(_Leaky):
    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient.clamp_(-100, 100) * torch.where(x > 0, torch.ones_like(x), 0.01)


# finite: no number where the formula has none

for _formula, _why in (
    ("x*log(Abs(x))", "0 log 0 is NaN: one exact zero"),
    ("x/Abs(x)", "0/0"),
    ("1/x", "a pole"),
    ("log(x)", "half of all inputs have no logarithm"),
    ("sqrt(10000 - x**2)", "no root beyond 100"),
):
    MUTANTS.append(Planted(_formula, partial(str, _formula), "finite", None, _why))


@wrong("finite", "a difference over x, without its value at 0; nobody has declared a formula")
def cosine_over_x(x):
    return (1 - torch.cos(x)) / x + 0.3 * x


@wrong("finite", "a logarithm of what may be 0, on one side")
def xlogx_on_the_right(x):
    positive = x.clamp(min=0)
    return positive * torch.log(positive) + 0.1 * x


# kept_numbers, released, training: around a step


@wrong("kept_numbers", "the output as an attribute of ctx: y += x behind it changes the gradient")
class TanhOnContext(Modern):
    @staticmethod
    def forward(x):
        return torch.tanh(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.y = output.detach()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * (1 - ctx.y * ctx.y)


@wrong("kept_numbers", "the input as an attribute of ctx")
class SquareOnContext(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.x = x.detach()
        return x * x

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient * ctx.x


@wrong("kept_numbers", "kept on the class: the second call overwrites what the first one needs")
class SiluOnClass(Function):
    @staticmethod
    def forward(ctx, x):
        SiluOnClass.x = x.clone()
        return F.silu(x)

    @staticmethod
    def backward(ctx, gradient):
        gate = torch.sigmoid(SiluOnClass.x)
        return gradient * gate * (1 + SiluOnClass.x * (1 - gate))


@wrong("released", "the output itself as an attribute of ctx: a circle that nothing frees")
class TanhLeaks(Modern):
    @staticmethod
    def forward(x):
        return torch.tanh(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.y = output

    @staticmethod
    def backward(ctx, gradient):
        return gradient * (1 - ctx.y * ctx.y)


@wrong("released", "keeps every output, to draw it some day")
class TanhRemembers(nn.Module):
    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        self.seen.append(torch.tanh(x))
        return self.seen[-1]


@wrong("released", "a hook that holds the tensor it hangs on")
def silu_with_a_hook(x):
    y = F.silu(x)
    if y.requires_grad:
        y.register_hook(lambda gradient: gradient * torch.ones_like(y))
    return y


@wrong("training", "running statistics keep their graph: the second step fails")
class EmaRebound(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("scale", torch.ones(()))

    def forward(self, x):
        if self.training:
            self.scale = 0.9 * self.scale + 0.1 * x.abs().mean()
        return x * torch.sigmoid(x / self.scale)


@wrong("training", "0/0 in training only")
class NanInTraining(nn.Module):
    def forward(self, x):
        return torch.tanh(x) * ((x - x) / (x - x) if self.training else 1.0)


@wrong("training", "the gradient of what is learned is infinite at its start, in training alone")
class RootOfNothing(nn.Module):
    def __init__(self):
        super().__init__()
        self.noise = nn.Parameter(torch.tensor(0.0))

    def forward(self, x):
        return torch.tanh(x) + (self.noise.abs().sqrt() if self.training else 0.0 * self.noise)


# a declared gradient


@wrong("derivative", "the surrogate lacks its square", gradient="1/(1 + 25*Abs(x))**2")
class SpikeOfAnotherSlope(Modern):
    @staticmethod
    def forward(x):
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient / (1 + 25 * x.abs())


@wrong("gradcheck", "straight through, but only what is positive above", gradient="1")
class RoundKeepsPositive(Modern):
    @staticmethod
    def forward(x):
        return torch.round(x)

    @staticmethod
    def backward(ctx, gradient):
        return gradient.clamp(min=0)


@wrong("nan", "a step whose gradient hides NaN as well", gradient="Piecewise((1, Abs(x) <= 1), (0, True))")
class SpikeInABox(Modern):
    @staticmethod
    def forward(x):
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, gradient):
        x, _ = ctx.saved_tensors
        return gradient * (x.abs() <= 1).to(x.dtype)


# rows of one width


@wrong("parameters", "a slope a feature, whose gradient is the mean over the batch", width=64)
class SlopesByMean(nn.Module):
    class Slope(Function):
        @staticmethod
        def forward(ctx, x, slope):
            ctx.save_for_backward(x, slope)
            return torch.where(x > 0, x, slope * x)

        @staticmethod
        def backward(ctx, gradient):
            x, slope = ctx.saved_tensors
            low = x <= 0
            return torch.where(low, slope * gradient, gradient), (gradient * x * low).mean(0)

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.full((64,), 0.25))

    def forward(self, x):
        return self.Slope.apply(x, self.slope)


# inplace


@wrong("inplace", "takes inplace and ignores it")
class ReluIgnoresInplace(nn.Module):
    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def forward(self, x):
        return x.clamp(min=0)


@wrong("inplace", "takes inplace and ignores it")
def tanh_ignores_inplace(x, inplace=False):
    return torch.tanh(x)


@wrong("inplace", "overwrites the numbers behind autograd's back: the gradient is that of the output")
class SiluInplaceData(nn.Module):
    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def forward(self, x):
        if not self.inplace:
            return F.silu(x)
        y = _SiluKeeps.apply(x)
        x.data.copy_(y.data)
        y.data = x.data
        return y


class _SiluKeeps(Function):
    @staticmethod
    def forward(x):
        return F.silu(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.kept = inputs[0]

    @staticmethod
    def backward(ctx, gradient):
        gate = torch.sigmoid(ctx.kept)
        return gradient * gate * (1 + ctx.kept * (1 - gate))


# elementwise


@wrong("elementwise", "the mean of the batch as threshold")
def relu_above_the_mean(x):
    return (x - x.mean()).clamp(min=0)


@wrong("elementwise", "divided by the largest of the batch")
def scaled_tanh(x):
    return torch.tanh(x / x.abs().max().clamp(min=1e-6))


@wrong("elementwise", "the k largest of a row win")
def winners_take_all(x):
    rows = x.reshape(1) if x.dim() == 0 else x
    limit = rows.topk(max(1, rows.shape[-1] // 2), dim=-1).values[..., -1:]
    return torch.where(rows >= limit, rows, rows * 0).reshape(x.shape)


@wrong("elementwise", "normalised before the gate")
class NormalisedSilu(nn.Module):
    def forward(self, x):
        return F.silu(x / (1e-5 + x.square().mean()).sqrt())


# deterministic


@wrong("deterministic", "dropout that does not look at the mode")
class ReluWithDropout(nn.Module):
    def forward(self, x):
        return F.dropout(x.clamp(min=0), 0.2)


@wrong("deterministic", "a slope at random in evaluation too")
class RandomSlope(nn.Module):
    def forward(self, x):
        return torch.where(x > 0, x, x * torch.rand_like(x))


@wrong("deterministic", "anneals with every call, in evaluation too")
class Annealed(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return torch.tanh(x * (1 + 0.01 * self.calls))


# state: what does not survive


class _LearnedSlope(nn.Module):
    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(0.25))

    def forward(self, x):
        return torch.where(x > 0, x, self.slope * x)


@wrong("state_dict", "saves under a name that loading does not look for, and does not say so")
class LosesItsName(_LearnedSlope):
    def _save_to_state_dict(self, destination, prefix, keep_vars):
        destination[prefix + "alpha"] = self.slope if keep_vars else self.slope.detach()

    def _load_from_state_dict(self, state_dict, prefix, *rest):
        state_dict.pop(prefix + "alpha", None)


@wrong("state_dict", "loads its start over what was trained")
class LoadsItsStart(_LearnedSlope):
    def load_state_dict(self, state_dict, strict=True, assign=False):
        return super().load_state_dict({name: torch.full_like(v, 0.25) for name, v in state_dict.items()})


@wrong("pickle", "a lambda as attribute")
class LambdaAttribute(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = lambda x: torch.sigmoid(x)

    def forward(self, x):
        return x * self.gate(x)


@wrong("pickle", "__reduce__ makes a new one and forgets what it was made with")
class ForgetsItsArguments(nn.Module):
    def __init__(self, beta=1.0):
        super().__init__()
        self.beta = beta

    def __reduce__(self):
        return type(self), ()

    def __deepcopy__(self, memo):
        return type(self)(self.beta)

    def forward(self, x):
        return x * torch.sigmoid(self.beta * x)


MUTANTS[-1] = Planted(
    "ForgetsItsArguments", lambda: ForgetsItsArguments(1.5), "pickle", None, "__reduce__ forgets what it was made with"
)


@wrong("deepcopy", "the copy shares its parameter with the original")
class SharesItsSlope(_LearnedSlope):
    def __deepcopy__(self, memo):
        twin = type(self)()
        twin.slope = self.slope
        return twin


@wrong("deepcopy", "the copy starts anew: what was learned is lost")
class CopiesTheStart(_LearnedSlope):
    def __deepcopy__(self, memo):
        return type(self)()


def _trained_copies_the_start():
    module = CopiesTheStart()
    module.slope.data.fill_(0.75)
    return module


MUTANTS[-1] = Planted(
    "CopiesTheStart", _trained_copies_the_start, "deepcopy", None, "the copy starts anew: what was learned is lost"
)


# autocast


@wrong("autocast", "a matrix product comes out as bfloat16, and is written into a float32 tensor")
class PolynomialByProduct(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("weights", torch.tensor([[1.0], [0.1]]))

    def forward(self, x):
        flat = x.reshape(-1)
        out = torch.zeros_like(flat)
        positive = flat >= 0
        powers = torch.stack([flat[positive], flat[positive] ** 2], dim=-1)
        out[positive] = (powers @ self.weights).squeeze(-1)
        return torch.where(flat.isnan(), flat, out).reshape(x.shape)


@wrong("autocast", "takes the GPU's half for every autocast")
class HalfUnderAutocast(nn.Module):
    def forward(self, x):
        y = torch.tanh(x)
        return y.half() if torch.is_autocast_enabled("cpu") else y


@wrong("autocast", "a matrix product of a large offset: bfloat16 keeps none of x", "sigmoid")
class OffsetByProduct(nn.Module):
    def forward(self, x):
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        pair = torch.stack([wide, torch.full_like(wide, 256.0)], dim=-1)
        shifted = (pair @ pair.new_ones(2, 1)).squeeze(-1)
        return torch.sigmoid(shifted - 256.0).to(x.dtype)


# portability


@wrong("gradgradcheck", "once_differentiable: no gradient penalties", "tanh")
class TanhOnce(Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        (y,) = ctx.saved_tensors
        return gradient * (1 - y * y)


@wrong("gradgradcheck", "saves .data: the gradient of the gradient is 0 without a word", "x**2")
class SquareOfData(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x * x

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.kept = inputs[0].data

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 2 * ctx.kept


@wrong("meta", "makes a constant on the CPU")
def leaky_on_the_cpu(x):
    slope = torch.full(x.shape, 0.01, dtype=x.dtype, device="cpu")
    return torch.where(x > 0, x, slope * x)


@wrong("meta", "goes through numpy")
class SineByNumpy(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.from_numpy(np.sin(x.detach().to(torch.float64).numpy())).to(x.dtype).reshape(x.shape)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * torch.cos(x)


@wrong("vmap", "an old-style Function: vmap refuses it", "tanh")
class TanhOldStyle(Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, gradient):
        (y,) = ctx.saved_tensors
        return gradient * (1 - y * y)


@wrong("vmap", "a branch that looks at the numbers")
def tanh_with_a_shortcut(x):
    if x.numel() and x.abs().sum() > 1e30:
        return torch.sign(x) + 0 * x
    return torch.tanh(x)


@wrong("vmap_grad", "a backward that looks at the numbers", "tanh")
class TanhSkipsZeroGradient(Modern):
    @staticmethod
    def forward(x):
        return torch.tanh(x)

    @staticmethod
    def backward(ctx, gradient):
        _, y = ctx.saved_tensors
        if not gradient.any():
            return torch.zeros_like(gradient)
        return gradient * (1 - y * y)


@wrong("compile", "prints")
def tanh_that_prints(x):
    print(end="")
    return torch.tanh(x)


@wrong("compile", "a learned number read by .item()")
class FixedSlopeByItem(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("slope", torch.tensor(0.25))

    def forward(self, x):
        return torch.where(x > 0, x, float(self.slope.item()) * x) if self.slope.item() < 1 else x


# the tutorial's three layers, in other words (its ReLU is right but for vmap)


@wrong("vmap", "the tutorial's ReLU: slope 1 at 0, which is right; an old-style Function, which vmap refuses", "relu")
class TutorialReLU(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return torch.where(x < 0, torch.zeros_like(gradient), gradient)


class TutorialTanhFunction(Function):
    """By e^x, with ^ for a power in its backward."""

    @staticmethod
    def forward(ctx, x):
        up, down = torch.exp(x), torch.exp(-x)
        y = (up - down) / (up + down)
        if ctx is not None:
            ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, gradient):
        (y,) = ctx.saved_tensors
        return gradient * (1 - y ^ 2)


@wrong("tails", "the tutorial's tanh, called without .apply: inf/inf from 89 on; its backward never runs", "tanh")
def tutorial_tanh(x: Tensor) -> Tensor:
    return TutorialTanhFunction.forward(None, x)


wrong("dtype", "the tutorial's tanh by .apply: its backward, which takes ^ for a power, fails", "tanh")(
    TutorialTanhFunction
)


@wrong("kinks", "the tutorial's leaky ReLU: slope 0 at 0, outside [0.01, 1]", "leaky_relu")
class TutorialLeakyReLU(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.max(0.01 * x, x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        slope = torch.zeros_like(x)
        slope[x > 0] = 1
        slope[x < 0] = 0.01
        return gradient * slope
