"""The learned family: shapes with parameters that are trained with the weights. `learned_rational` has one more."""

import torch
from torch import Tensor

from actlab.activations.core import activation
from actlab.activations.parts import (
    FAR,
    cos,
    erf_slope,
    fade,
    gated,
    sigmoid_and_slope,
    sigmoid_slope,
    silu_slope,
    sin,
    sinc,
    sinc_value,
    softplus,
)


@activation(
    formula="x/(1 + exp(-beta*x))",
    range="[-0.278 / beta, inf) for beta > 0",
    learned=("beta",),
    namesakes=("swish in Echo has beta = 1.25, Swish in torch-activation and most others 1",),
    reference="Ramachandran, Zoph, Le 2017, Searching for Activation Functions, arXiv:1710.05941",
    checked="swish in Echo, Swish in torch-activation (adaptive/sigmoid_weighted.py), opened 2026-11-23; the paper: no",
)
def swish_beta(x: Tensor, beta: float | Tensor = 1.0) -> Tensor:
    """Swish with a learned slope of its sigmoid (s): x/2 at beta 0, SiLU at 1, ReLU in the limit.

    f(x)     = x s(beta x)
    df/dx    = s(beta x) (1 + beta x s(-beta x))
    df/dbeta = x^2 s(beta x) s(-beta x)
    """
    return gated(x, beta * x)


swish_beta.differentiate(x=lambda x, beta: silu_slope(beta * x))


@swish_beta.derivative(wrt="beta")
def _(x, beta):
    near = x.clamp(-FAR, FAR)
    return near * near * sigmoid_slope(beta * near)


@activation(
    formula="(p1 - p2)*x/(1 + exp(-beta*(p1 - p2)*x)) + p2*x",
    learned=("p1", "p2", "beta"),
    reference="Ma, Zhang, Liu, Sun 2020, Activate or Not: Learning Customized Activation, arXiv:2009.04759",
    checked="the authors' code (nmaac/acon, acon.py), which names the paper and draws p1, p2 from N(0, 1), 2026-11-23",
)
def acon_c(x: Tensor, p1: float | Tensor = 1.0, p2: float | Tensor = 0.25, beta: float | Tensor = 1.0) -> Tensor:
    """ACON-C: a smooth maximum of the lines p1 x and p2 x; beta switches between their mean (0) and the maximum.

        d       = p1 - p2,   h = s(beta d x) (1 + beta d x s(-beta d x)),   s the sigmoid
        f(x)    = d x s(beta d x) + p2 x            = x (p1 s(beta d x) + p2 s(-beta d x))
        df/dx   = d h + p2
        df/dp1  = x h,   df/dp2 = x (1 - h),   df/dbeta = (d x)^2 s(beta d x) s(-beta d x)

    The authors draw p1 and p2 from N(0, 1); here they start at 1 and 1/4.
    """
    scaled = beta * (p1 - p2) * x
    faded = fade(scaled)
    return x * (torch.where(scaled > 0, p1 + p2 * faded, p2 + p1 * faded) / (1 + faded))


acon_c.differentiate(
    x=lambda x, p1, p2, beta: (p1 - p2) * silu_slope(beta * ((p1 - p2) * x)) + p2,
    p1=lambda x, p1, p2, beta: x * silu_slope(beta * ((p1 - p2) * x)),
)


@acon_c.derivative(wrt="p2")
def _(x, p1, p2, beta):
    return x * silu_slope(-beta * ((p1 - p2) * x))  # 1 - h(z) = h(-z)


@acon_c.derivative(wrt="beta")
def _(x, p1, p2, beta):
    gap = ((p1 - p2) * x).clamp(-FAR, FAR)
    return gap * gap * sigmoid_slope(beta * gap)


@activation(
    formula="(x + a*sin(b*x))/(1 + exp(-x))",
    range="[-0.497, inf) at the start",
    module="SinLU",
    learned=("a", "b"),
    namesakes=("torch-activation has two: this one, and one in its adaptive part that starts at a = 0.5",),
    reference="Paul, Bandyopadhyay, Yoon, Geem, Sarkar 2022, SinLU, Mathematics 10, doi:10.3390/math10030337",
    checked="SinLU in torch-activation, which names the paper, opened 2026-11-23; the paper: no",
)
def sinlu(x: Tensor, a: float | Tensor = 1.0, b: float | Tensor = 1.0) -> Tensor:
    """Sinu-sigmoidal linear unit: x and a learned sine, gated by the sigmoid (s) of x.

    f(x)  = (x + a sin(b x)) s(x)
    df/dx = (1 + a b cos(b x)) s(x) + (x + a sin(b x)) s(x) s(-x)
    df/da = sin(b x) s(x),   df/db = a x cos(b x) s(x)
    """
    return gated(x + a * sin(b * x), x)


@sinlu.derivative(wrt="x")
def _(x, a, b):
    scaled = b * x
    gate, slope = sigmoid_and_slope(x)
    return (1 + a * b * cos(scaled)) * gate + (x.clamp(-FAR, FAR) + a * sin(scaled)) * slope


sinlu.differentiate(a=lambda x, b: gated(sin(b * x), x), b=lambda x, a, b: a * cos(b * x) * (x * torch.sigmoid(x)))


@activation(
    formula="x*erf(alpha*exp(beta*x))",
    range="[-0.405, inf) at the start",
    learned=("alpha", "beta"),
    namesakes=("ErfAct in torch-activation starts at alpha = 1, beta = 0.5",),
    reference="Biswas, Kumar, Banerjee, Pandey 2021, ErfAct and Pserf, arXiv:2109.04386",
    checked="ErfAct in torch-activation (adaptive/sigmoid_weighted.py), opened 2026-11-23; the paper: no",
)
def erf_act(x: Tensor, alpha: float | Tensor = 0.75, beta: float | Tensor = 0.75) -> Tensor:
    """ErfAct: x gated by the error function of a learned exponential.

        u         = alpha e^(beta x)
        f(x)      = x erf(u)
        df/dx     = erf(u) + beta x u erf'(u)
        df/dalpha = x e^(beta x) erf'(u),   df/dbeta = x^2 u erf'(u)

    The exponent is clamped where erf'(u) has vanished: else infinity would meet zero.
    """
    return x * torch.erf(alpha * _grown(x, beta))


@erf_act.derivative(wrt="x")
def _(x, alpha, beta):
    near = x.clamp(-FAR, FAR)
    u = (alpha * _grown(near, beta)).clamp(-30, 30)
    return torch.erf(u) + u * erf_slope(u) * beta * near


@erf_act.derivative(wrt="alpha")
def _(x, alpha, beta):
    near = x.clamp(-FAR, FAR)
    grown = _grown(near, beta)
    return grown * erf_slope(alpha * grown) * near


@erf_act.derivative(wrt="beta")
def _(x, alpha, beta):
    near = x.clamp(-FAR, FAR)
    u = (alpha * _grown(near, beta)).clamp(-30, 30)
    return u * erf_slope(u) * near * near


def _grown(x: Tensor, rate: float | Tensor) -> Tensor:
    return torch.exp((rate * x).clamp(max=40))


@activation(
    formula="x*erf(gamma*log(1 + exp(delta*x)))",
    range="[-0.506, inf) at the start",
    learned=("gamma", "delta"),
    namesakes=("PSerf in torch-activation starts at 1, 1, where it is Serf",),
    reference="Biswas, Kumar, Banerjee, Pandey 2021, ErfAct and Pserf, arXiv:2109.04386",
    checked="PSerf in torch-activation (adaptive/sigmoid_weighted.py), opened 2026-11-23; the paper: no",
)
def pserf(x: Tensor, gamma: float | Tensor = 1.25, delta: float | Tensor = 0.85) -> Tensor:
    """Parametric Serf: x gated by the error function of a learned softplus.

    u         = gamma p(delta x),   p(z) = log(1 + e^z),   s = p' the sigmoid
    f(x)      = x erf(u)
    df/dx     = erf(u) + gamma delta x s(delta x) erf'(u)
    df/dgamma = x p(delta x) erf'(u),   df/ddelta = gamma x^2 s(delta x) erf'(u)
    """
    return x * torch.erf(gamma * softplus(delta * x))


@pserf.derivative(wrt="x")
def _(x, gamma, delta):
    scaled = (delta * x).clamp(-FAR, FAR)
    u = gamma * softplus(scaled)
    return torch.erf(u) + erf_slope(u) * gamma * torch.sigmoid(scaled) * scaled


@pserf.derivative(wrt="gamma")
def _(x, gamma, delta):
    near = x.clamp(-FAR, FAR)
    soft = softplus(delta * near)
    return erf_slope(gamma * soft) * soft * near


@pserf.derivative(wrt="delta")
def _(x, gamma, delta):
    near = x.clamp(-FAR, FAR)
    scaled = delta * near
    return erf_slope(gamma * softplus(scaled)) * gamma * torch.sigmoid(scaled) * near * near


@activation(
    formula="Piecewise((alpha_p*x**2 + beta*x, x > 0), (alpha_n*(exp(x) - 1 - x) + beta*x, True))",
    range="[-0.206, inf) at the start",
    module="XIELU",
    learned=("alpha_p", "alpha_n"),
    reference="Huang, Schlag 2024, Deriving Activation Functions Using Integration, arXiv:2411.13010",
    checked="transformers' XIELUActivation (src/transformers/activations.py), which names the paper, opened 2026-11-23",
)
def xielu(
    x: Tensor, alpha_p: float | Tensor = 0.8, alpha_n: float | Tensor = 0.8, beta: float | Tensor = 0.5
) -> Tensor:
    """xIELU, the integral of an expanded ELU: a parabola on the right; beta, its slope at 0, stays fixed.

        f(x)        = alpha_p x^2 + beta x            if x > 0,  alpha_n (e^x - 1 - x) + beta x  otherwise
        df/dx       = 2 alpha_p x + beta              if x > 0,  alpha_n (e^x - 1) + beta        otherwise
        df/dalpha_p = x^2  if x > 0,  0  otherwise;   df/dalpha_n = 0  if x > 0,  e^x - 1 - x  otherwise
        df/dbeta    = x

    Here alpha_p and alpha_n themselves are learned. transformers learns numbers whose softplus is alpha_p, and
    alpha_n - beta: so its alphas stay above 0 and beta, and both start at 0.8 as here.
    """
    left = x.clamp(max=0)
    right = x.clamp(min=0)
    return alpha_p * right * right + beta * right + alpha_n * torch.expm1(left) + (beta - alpha_n) * left


@xielu.derivative(wrt="x")
def _(x, alpha_p, alpha_n, beta):
    return torch.where(x > 0, 2 * alpha_p * x, alpha_n * torch.expm1(x.clamp(max=0))) + beta


@xielu.derivative(wrt="alpha_p")
def _(x):
    right = x.clamp(min=0)
    return right * right


@xielu.derivative(wrt="alpha_n")
def _(x):
    left = x.clamp(max=0)
    return torch.expm1(left) - left


xielu.differentiate(beta=lambda x: x.clone())


@activation(
    formula="x + sin(a*x)**2/a",
    learned=("a",),
    reference="Ziyin, Hartwig, Ueda 2020, Neural Networks Fail to Learn Periodic Functions, arXiv:2006.08195",
    checked="EdwardDixon/snake (snake/activations.py), which names the paper, opened 2026-11-23; the paper: no",
)
def snake(x: Tensor, a: float | Tensor = 1.0) -> Tensor:
    """Snake: x with a learned ripple, which lets a network go on periodically outside its data; monotone.

        f(x)  = x + sin(a x)^2 / a          = x (1 + sin(a x) S(a x)),   S(z) = sin(z) / z
        df/dx = 1 + sin(2 a x)
        df/da = x^2 S(a x) (2 cos(a x) - S(a x))

    By S nothing is divided by a, which training may bring to 0.
    """
    wave = sin(a * x)
    return x + x * wave * sinc_value(a * x, wave)


snake.differentiate(x=lambda x, a: 1 + sin(2 * (a * x)))


@snake.derivative(wrt="a")
def _(x, a):
    ratio = sinc(a * x)
    return x * (x * ratio) * (2 * cos(a * x) - ratio)


@activation(
    formula="Piecewise((s*x**2 + b, x > 0), (b, True))",
    range="[-0.447, inf) at the start",
    module="StarReLU",
    learned=("s", "b"),
    namesakes=("StarReLU in sail-sg/metaformer starts at s = 1, b = 0: the square of ReLU",),
    reference="Yu, Si, Zhou, Luo, Zhou, Feng, Yan, Wang 2022, MetaFormer Baselines for Vision, arXiv:2210.13452",
    checked="the authors' code (sail-sg/metaformer, metaformer_baselines.py), opened 2026-11-23; the paper: no",
)
def star_relu(x: Tensor, s: float | Tensor = 0.8944271909999159, b: float | Tensor = -0.4472135954999579) -> Tensor:
    """StarReLU: the square of ReLU, scaled and shifted; at the start of mean 0 and variance 1 for a standard normal.

    f(x)  = s max(0, x)^2 + b
    df/dx = 2 s max(0, x)
    df/ds = max(0, x)^2,   df/db = 1
    """
    positive = x.clamp(min=0)
    return s * positive * positive + b  # in this order it overflows no earlier than the result


star_relu.differentiate(x=lambda x, s: 2 * s * x.clamp(min=0), b=lambda x: torch.ones_like(x))


@star_relu.derivative(wrt="s")
def _(x):
    positive = x.clamp(min=0)
    return positive * positive
