"""The oscillating family: functions that come back to the same values again and again."""

import torch
from torch import Tensor

from actlab.activations.core import activation
from actlab.activations.parts import cos, sin, sinc_slope, sinc_value


@activation(
    formula="sin(omega*x)",
    range="[-1, 1]",
    aliases=("sin", "siren"),
    namesakes=("Sine in torch-activation has omega = pi: sine(3.14159265) here",),
    reference="Sitzmann, Martel, Bergman, Lindell, Wetzstein 2020, SIREN, arXiv:2006.09661",
    checked="Sine in torch-activation (classical/trig.py), opened 2026-11-23; the paper: no",
)
def sine(x: Tensor, omega: float | Tensor = 30.0) -> Tensor:
    """Sine, with the frequency 30 of sinusoidal representation networks; they need initial weights of their own.

    f(x)      = sin(omega x)
    df/dx     = omega cos(omega x)
    df/domega = x cos(omega x)
    """
    return sin(omega * x)


sine.differentiate(x=lambda x, omega: omega * cos(omega * x), omega=lambda x, omega: x * cos(omega * x))


@activation(
    formula="x*cos(x)",
    module="GCU",
    aliases=("growing_cosine_unit",),
    reference="Noel, Arunkumar, Trivedi, Dutta 2021, Growing Cosine Unit, arXiv:2108.12943",
    checked="GCU in torch-activation (classical/trig.py), opened 2026-11-23; the paper: no",
)
def gcu(x: Tensor) -> Tensor:
    """Growing cosine unit: one neuron of it can learn XOR.

    f(x)  = x cos(x)
    df/dx = cos(x) - x sin(x)
    """
    return x * torch.cos(x)


gcu.differentiate(x=lambda x: torch.cos(x) - x * torch.sin(x))


@activation(
    formula="Piecewise((1, x**2 <= 0), (sin(x)/x, True))",
    range="[-0.217, 1]",
    namesakes=(
        "torch.sinc and Sinc in torch-activation are the normalised one, sin(pi x) / (pi x)",
        "numpy.sinc is the normalised one too",
    ),
    reference="none known as an activation; the cardinal sine of signal processing",
    checked="torch.sinc's documentation and torch-activation's classical/trig.py, for the normalised one, 2026-11-23",
)
def sinc(x: Tensor) -> Tensor:
    """The cardinal sine, unnormalised: zero at every multiple of pi but 0.

        f(x)  = sin(x) / x,   1 at 0
        df/dx = (cos(x) - f(x)) / x,   0 at 0

    Near 0 both are taken by their series: no division by zero, and none of the difference cancels.
    """
    return sinc_value(x)


sinc.differentiate(x=sinc_slope)
