"""The self-gated family: x times a function of x between 0 and 1, made of exponentials. `gated_by_erf` has the rest."""

import torch
from torch import Tensor

from actlab.activations.core import activation, aten
from actlab.activations.parts import FAR, gated, sech2, sigmoid, sigmoid_slope, silu_slope


@activation(
    formula="x/(1 + exp(-x))",
    range="[-0.278, inf)",
    module="SiLU",
    inplace=True,
    aliases=("swish", "swish_1"),
    namesakes=("swish in Echo has beta = 1.25: swish_beta(1.25) here",),
    reference="Hendrycks, Gimpel 2016, arXiv:1606.08415; Elfwing, Uchibe, Doya 2017, arXiv:1702.03118",
    checked="PyTorch 2.13's torch.nn.SiLU, which names both papers, opened 2026-11-23",
)
def silu(x: Tensor) -> Tensor:
    """Sigmoid linear unit: x gated by its own sigmoid (s).

    f(x)  = x s(x)
    df/dx = s(x) (1 + x s(-x))
    """
    return gated(x, x)


silu.differentiate(x=silu_slope)
silu.native(
    forward=aten.silu.out, backward=lambda gradient, x, out: aten.silu_backward.grad_input(gradient, x, grad_input=out)
)


@activation(
    formula="x/(1 + exp(-1.702*x))",
    range="[-0.164, inf)",
    module="QuickGELU",
    aliases=("gelu_quick",),
    reference="Hendrycks, Gimpel 2016, arXiv:1606.08415",
    checked="transformers' QuickGELUActivation (src/transformers/activations.py), opened 2026-11-23; the paper: no",
)
def quick_gelu(x: Tensor) -> Tensor:
    """GELU by a sigmoid (s), within 0.02 of it: what CLIP was trained with.

    f(x)  = x s(1.702 x)
    df/dx = s(1.702 x) (1 + 1.702 x s(-1.702 x))
    """
    return gated(x, 1.702 * x)


quick_gelu.differentiate(x=lambda x: silu_slope(1.702 * x))


@activation(
    formula="beta*x/(1 + exp(-x))",
    range="[-0.278 beta, inf)",
    namesakes=("ESwish in torch-activation 1's classical part is e^-x s(x) = s(-x): a falling sigmoid",),
    reference="Alcaide 2018, E-swish: Adjusting Activations to Different Network Depths, arXiv:1801.07145",
    checked="eswish in Echo (default 1.75), ESwish in torch-activation's adaptive part (1.5), opened 2026-11-23; "
    "the paper: no",
)
def e_swish(x: Tensor, beta: float | Tensor = 1.5) -> Tensor:
    """E-swish: SiLU times a constant, between 1 and 2 where it is meant to be used (s the sigmoid).

    f(x)     = beta x s(x)
    df/dx    = beta s(x) (1 + x s(-x))
    df/dbeta = x s(x)
    """
    return beta * gated(x, x)


e_swish.differentiate(x=lambda x, beta: beta * silu_slope(x), beta=lambda x: gated(x, x))


@activation(
    formula="x*tanh(log(1 + exp(x)))",
    range="[-0.309, inf)",
    inplace=True,
    reference="Misra 2019, arXiv:1908.08681",
    checked="PyTorch 2.13's torch.nn.Mish, which names the paper, opened 2026-11-23",
)
def mish(x: Tensor) -> Tensor:
    """Mish: x gated by the tanh (t) of its softplus (p).

        f(x)  = x t(p(x))
        df/dx = t(p(x)) + x s(x) (1 - t(p(x))^2),   s the sigmoid

    tanh(log(1 + e^x)) is taken as n / (n + 2) with n = e^x (e^x + 2): one exponential, no cancellation.
    """
    return x * _mish_gate(x)


@mish.derivative(wrt="x")
def _(x):
    near = x.clamp(-FAR, FAR)
    gate = _mish_gate(near)
    return gate + near * torch.sigmoid(near) * (1 - gate) * (1 + gate)


def _gate(inner: Tensor) -> Tensor:
    """tanh(log(1 + inner))."""
    n = inner * (inner + 2)
    return n / (n + 2)


def _mish_gate(x: Tensor) -> Tensor:
    return _gate(torch.exp(x.clamp(max=20)))  # beyond 20 the gate is 1 in float64 too


def _mish(x: Tensor, *, out: Tensor) -> Tensor:
    n = x.clamp(max=20).exp_()
    torch.add(n, 2, out=out)
    n.mul_(out)
    return torch.div(n, torch.add(n, 2, out=out), out=out).mul_(x)


def _mish_backward(gradient: Tensor, x: Tensor, *, out: Tensor) -> Tensor:
    """n/m + 4 x e^x (e^x + 1) / m^2, with m = n + 2, 1 - t^2 = 4 (e^x + 1)^2 / m^2 and s = e^x / (e^x + 1)."""
    near = x.clamp(-FAR, 20)
    grown = near.exp()
    n = (grown + 2).mul_(grown)
    m = n + 2
    near.mul_(4).mul_(torch.sub(n, grown, out=grown)).div_(m)
    return torch.mul(gradient, near.add_(n).div_(m), out=out)


mish.native(forward=_mish, backward=_mish_backward, passes=(6, 9))  # half the time of ATen's


@activation(
    formula="x*tanh(exp(x))",
    range="[-0.353, inf)",
    aliases=("telu",),
    namesakes=("TeLU is also x tanh(ELU(x)) elsewhere, with a learned factor as LearnableTeLU",),
    reference="Liu, Di 2020, TanhExp, arXiv:2003.09855; as TeLU: arXiv:2402.02790",
    checked="TanhExp in torch-activation (classical/sigmoid_weighted.py), opened 2026-11-23; the papers: no",
)
def tanh_exp(x: Tensor) -> Tensor:
    """TanhExp, also called TeLU: x gated by the tanh (t) of its exponential.

        f(x)  = x t(e^x)
        df/dx = t(e^x) + x e^x / cosh(e^x)^2

    The exponential is clamped where the gate is 1 in float64: else the derivative is infinity times 0 from 88.7 on.
    """
    return x * torch.tanh(torch.exp(x.clamp(max=4)))


@tanh_exp.derivative(wrt="x")
def _(x):
    near = x.clamp(max=3.5)
    grown = torch.exp(near)
    return torch.tanh(grown) + near * (grown * sech2(grown))


@activation(
    formula="x*log(1 + 1/(1 + exp(-x)))",
    range="[-0.253, inf)",
    reference="Zhu, Zeng, Liu, Zhou 2021, Logish: A new nonlinear nonmonotonic activation function, Neurocomputing 458",
    checked="Logish in torch-activation (classical/sigmoid_weighted.py), opened 2026-11-23; the paper: no",
)
def logish(x: Tensor) -> Tensor:
    """Logish: x gated by log(1 + s), s its sigmoid; the slope on the right is log 2.

    f(x)  = x log(1 + s(x))
    df/dx = log(1 + s(x)) + x s(x) s(-x) / (1 + s(x))
    """
    return x * torch.log1p(sigmoid(x))


@logish.derivative(wrt="x")
def _(x):
    near = x.clamp(-FAR, FAR)
    gate = torch.sigmoid(near)
    return torch.log1p(gate) + near * sigmoid_slope(near) / (1 + gate)


@activation(
    formula="x*tanh(log(1 + 1/(1 + exp(-x))))",
    range="[-0.250, inf)",
    namesakes=("Smish in torch-activation has a scale and a slope of the sigmoid; at their defaults it is this one",),
    reference="Wang, Ren, Wang 2022, Smish: A Novel Activation Function for Deep Learning Methods, Electronics 11",
    checked="Smish in torch-activation (classical/sigmoid_weighted.py), opened 2026-11-23; the paper: no",
)
def smish(x: Tensor) -> Tensor:
    """Smish: x gated by tanh(log(1 + s)), s its sigmoid; the slope on the right is 0.6.

        g     = s (s + 2) / (s (s + 2) + 2)             = tanh(log(1 + s))
        f(x)  = x g
        df/dx = g + x (1 - g^2) s(x) s(-x) / (1 + s)

    Without logarithm and tanh nothing cancels.
    """
    return x * _gate(sigmoid(x))


@smish.derivative(wrt="x")
def _(x):
    near = x.clamp(-FAR, FAR)
    inner = torch.sigmoid(near)
    gate = _gate(inner)
    return gate + near * sigmoid_slope(near) * (1 - gate) * (1 + gate) / (1 + inner)


@activation(
    formula="x*log(2 - exp(-exp(x)))",
    range="[-0.278, inf)",
    reference="Kaytan, Aydilek, Yeroğlu 2023, Gish: a novel activation function for image classification",
    checked="Gish in torch-activation (classical/sigmoid_weighted.py), opened 2026-11-23; the paper: no",
)
def gish(x: Tensor) -> Tensor:
    """Gish: x gated by log(1 + q), q = 1 - e^(-e^x) the Gompertz curve; the slope on the right is log 2.

    f(x)  = x log(1 + q(x))
    df/dx = log(1 + q(x)) + x e^x e^(-e^x) / (1 + q(x))
    """
    return x * torch.log1p(-torch.expm1(-torch.exp(x.clamp(max=7))))


@gish.derivative(wrt="x")
def _(x):
    near = x.clamp(-FAR, 7)  # e^(-e^7) is 0 in every dtype
    grown = torch.exp(near)
    curve = -torch.expm1(-grown)
    return torch.log1p(curve) + near * (grown * torch.exp(-grown)) / (1 + curve)


@activation(
    formula="x/(1 - x*exp(-(x + exp(x))))",
    range="[-0.377, inf)",
    module="CoLU",
    reference="Vagerwal 2021, Deeper Learning with CoLU Activation, arXiv:2112.12078",
    checked="CoLU in torch-activation (classical/sigmoid_weighted.py), opened 2026-11-23; the paper: no",
)
def colu(x: Tensor) -> Tensor:
    """Collapsing linear unit: x on the right, vanishing on the left.

        w     = e^(x + e^x)
        f(x)  = x / (1 - x / w)                     = x w / (w - x)
        df/dx = g (1 + x (1 - x (1 + e^x)) / (w - x)),   g = w / (w - x)

    By w nothing overflows on the left, where 1/w is e^|x|; on the right w is clamped where the gate g is 1.
    """
    _, _, grown, gap = _colu_parts(x)
    return x * (grown / gap)


@colu.derivative(wrt="x")
def _(x):
    near, inner, grown, gap = _colu_parts(x)
    inverse = 1 / gap
    return grown * inverse * (1 + near * inverse * (1 - near * (1 + inner)))


def _colu_parts(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    near = x.clamp(-FAR, 3.8)
    inner = torch.exp(near)
    grown = torch.exp(near + inner)
    return near, inner, grown, grown - near


@activation(
    formula="x*tanh(x)",
    range="[0, inf)",
    module="LiSHT",
    reference="Roy, Manna, Dubey, Chaudhuri 2019, LiSHT, arXiv:1901.05894",
    checked="tfa.activations.lisht's documentation, which names the paper, and LiSHT in torch-activation, 2026-11-23",
)
def lisht(x: Tensor) -> Tensor:
    """Linearly scaled hyperbolic tangent: even, so that both signs of x give the same.

    f(x)  = x tanh(x)
    df/dx = tanh(x) + x / cosh(x)^2
    """
    return x * torch.tanh(x)


@lisht.derivative(wrt="x")
def _(x):
    near = x.clamp(-40, 40)
    return torch.tanh(near) + near * sech2(near)


@activation(
    formula="Piecewise((x/(1 + exp(-x)) + threshold, x > 0), (threshold, True))",
    kinks=(0.0,),
    range="[threshold, inf)",
    module="FTSwish",
    namesakes=("fts in Echo is the same without the threshold: ftswish(0) here",),
    reference="Chieng, Wahid, Ong, Perla 2018, Flatten-T Swish, arXiv:1812.06247",
    checked="fts in Echo, which leaves the threshold out, opened 2026-11-23; the paper: no",
)
def ftswish(x: Tensor, threshold: float | Tensor = -0.2) -> Tensor:
    """Flatten-T swish: SiLU on the right, a constant on the left (s the sigmoid).

        f(x)          = x s(x) + threshold     if x > 0,  threshold  otherwise
        df/dx         = s(x) (1 + x s(-x))     if x > 0,  0          otherwise
        df/dthreshold = 1

    Kink: at 0 the left derivative, 0; the right one is 1/2.
    """
    positive = x.clamp(min=0)
    return positive * torch.sigmoid(positive) + threshold


ftswish.differentiate(
    x=lambda x: torch.where(x > 0, silu_slope(x), torch.zeros_like(x)), threshold=lambda x: torch.ones_like(x)
)
