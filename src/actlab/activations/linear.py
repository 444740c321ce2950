"""The linear family: no bound on either side, and nearly or exactly the identity around zero."""

import torch
from torch import Tensor

from actlab.activations.core import activation
from actlab.activations.parts import hypot1


@activation(
    formula="x",
    aliases=("linear", "none"),
    reference="PyTorch documentation, torch.nn.Identity",
    checked="PyTorch 2.13's torch.nn.Identity, opened 2026-11-23",
    oracle=torch.nn.Identity(),
)
def identity(x: Tensor) -> Tensor:
    """The identity: a deep network with it is a linear one, and shows what non-linearity gives at all.

    f(x)  = x
    df/dx = 1
    """
    return x.clone()  # an output of its own, so that changing it does not change the input


identity.differentiate(x=lambda x: torch.ones_like(x))
identity.native(
    forward=lambda x, out: out.copy_(x),
    backward=lambda gradient, _, out: out.copy_(gradient),
    fresh=lambda gradient, _: gradient,
    saves="nothing",
)


@activation(
    formula="x + (sqrt(x**2 + 1) - 1)/2",
    aliases=("bent_id",),
    reference="Wikipedia, Activation function, table of functions",
    checked="formula in echoAI's Keras layer bent_id, opened 2026-11-23; no paper is known",
)
def bent_identity(x: Tensor) -> Tensor:
    """Bent identity: slope 1/2 far left, 1 at zero, 3/2 far right.

        f(x)  = x + (sqrt(x^2 + 1) - 1) / 2
        df/dx = 1 + x / (2 sqrt(x^2 + 1))

    The root less one cancels around 0; it is taken as x^2 / (sqrt(x^2 + 1) + 1).
    """
    root = hypot1(x)
    return x + x * (x / (root + 1) / 2)


bent_identity.differentiate(x=lambda x: 1 + x / hypot1(x) / 2)


@activation(
    formula="Piecewise((log(1 + x), x > 0), (-log(1 - x), True))",
    reference="Hafner, Pasukonis, Ba, Lillicrap 2023, Mastering Diverse Domains through World Models, arXiv:2301.04104",
    checked="TorchRL's torchrl.objectives.symlog, which names the paper, opened 2026-11-23; the paper: no",
)
def symlog(x: Tensor) -> Tensor:
    """Symmetric logarithm: the identity around zero, a logarithm far out on both sides.

        f(x)  = sign(x) log(1 + |x|)
        df/dx = 1 / (1 + |x|)

    f'(0) = 1. Autograd through sign and abs would say 0, and nothing would train where the input is 0.
    """
    return torch.copysign(torch.log1p(x.abs()), x)


symlog.differentiate(x=lambda x: 1 / (1 + x.abs()))


@activation(
    formula="asinh(x)",
    aliases=("arcsinh",),
    reference="PyTorch documentation, torch.asinh",
    checked="PyTorch 2.13's torch.asinh, opened 2026-11-23; no paper is known that proposed it first",
    oracle=torch.asinh,
)
def asinh(x: Tensor) -> Tensor:
    """Inverse hyperbolic sine: the identity around zero, a logarithm far out on both sides.

    f(x)  = log(x + sqrt(x^2 + 1))
    df/dx = 1 / sqrt(x^2 + 1)
    """
    return torch.asinh(x)


asinh.differentiate(x=lambda x: 1 / hypot1(x))
asinh.native(
    forward=torch.asinh,
    backward=lambda gradient, x, out: torch.div(gradient, torch.hypot(x, x.new_ones(())), out=out),
    passes=(1, 3),
)
