"""The elementwise activations as modules: one line a class, made from the function of the same block."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from actlab import functional
from actlab.activations import BLOCKS
from actlab.nn.code import Module


class Elementwise(Module):
    """An activation as a module. A parameter given as a torch.nn.Parameter is trained; a tensor becomes a buffer."""

    _function: Callable[..., Tensor]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        bound = inspect.signature(type(self)).bind(*args, **kwargs)
        bound.apply_defaults()
        self._names = tuple(bound.arguments)
        for name, value in bound.arguments.items():
            if isinstance(value, Tensor) and not isinstance(value, torch.nn.Parameter):
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)

    def forward(self, input: Tensor) -> Tensor:
        return type(self)._function(input, *[getattr(self, name) for name in self._names])

    def extra_repr(self) -> str:
        values = {name: getattr(self, name) for name in self._names}
        if not values.get("inplace", True):
            del values["inplace"]
        return ", ".join(f"{name}={value}" for name, value in values.items())


def _module(function: Callable[..., Tensor]) -> type[Elementwise]:
    facts = BLOCKS[function.__name__].facts
    _, *parameters = inspect.signature(function).parameters.values()
    return type(
        facts.module,
        (Elementwise,),
        {
            "_function": staticmethod(function),
            "facts": facts,
            "__signature__": inspect.Signature(parameters),
            "__module__": "actlab.nn",  # with the name below: what pickle looks up, whatever file the class is in
            "__qualname__": facts.module,
            "__doc__": function.__doc__,
        },
    )


class Identity(Module):
    """The identity; like torch.nn.Identity it takes any arguments and ignores them."""

    facts = BLOCKS["identity"].facts

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return functional.identity(input)


class GELU(Module):
    """Gaussian error linear unit: x P(x); `approximate="tanh"` for its approximation."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return functional.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


# linear
BentIdentity = _module(functional.bent_identity)
Symlog = _module(functional.symlog)
Asinh = _module(functional.asinh)

# rectified
ReLU = _module(functional.relu)
LeakyReLU = _module(functional.leaky_relu)
VeryLeakyReLU = _module(functional.very_leaky_relu)
RReLU = _module(functional.rrelu)
Threshold = _module(functional.threshold)
ThresholdedReLU = _module(functional.thresholded_relu)
ShiftedReLU = _module(functional.shifted_relu)
Absolute = _module(functional.absolute)
ReLUSquared = _module(functional.relu_squared)

# clipped
Heaviside = _module(functional.heaviside)
Hardsigmoid = _module(functional.hardsigmoid)
Hardtanh = _module(functional.hardtanh)
ReLU6 = _module(functional.relu6)
BReLU = _module(functional.brelu)
Hardswish = _module(functional.hardswish)
HardMish = _module(functional.hard_mish)

# shrinkage
Tanhshrink = _module(functional.tanhshrink)
Softshrink = _module(functional.softshrink)
Hardshrink = _module(functional.hardshrink)

# exponential
ELU = _module(functional.elu)
CELU = _module(functional.celu)
SELU = _module(functional.selu)
ISRLU = _module(functional.isrlu)
SoftExponential = _module(functional.soft_exponential)
ELiSH = _module(functional.elish)
HardELiSH = _module(functional.hard_elish)

# soft
Softplus = _module(functional.softplus)
LogSigmoid = _module(functional.logsigmoid)
Squareplus = _module(functional.squareplus)
SparsePlus = _module(functional.sparse_plus)
SmeLU = _module(functional.smelu)
SqrtSoftplus = _module(functional.sqrt_softplus)

# sigmoidal
Sigmoid = _module(functional.sigmoid)
Tanh = _module(functional.tanh)
LeCunTanh = _module(functional.lecun_tanh)
PenalizedTanh = _module(functional.penalized_tanh)
Softsign = _module(functional.softsign)
Arctan = _module(functional.arctan)
Erf = _module(functional.erf)
ISRU = _module(functional.isru)
SQNL = _module(functional.sqnl)
Laplace = _module(functional.laplace)

# gated
SiLU = _module(functional.silu)
Mish = _module(functional.mish)
QuickGELU = _module(functional.quick_gelu)
ESwish = _module(functional.e_swish)
TanhExp = _module(functional.tanh_exp)
Logish = _module(functional.logish)
Smish = _module(functional.smish)
Gish = _module(functional.gish)
CoLU = _module(functional.colu)
LiSHT = _module(functional.lisht)
FTSwish = _module(functional.ftswish)
Serf = _module(functional.serf)
Phish = _module(functional.phish)
SMU = _module(functional.smu)

# oscillating
Sine = _module(functional.sine)
GCU = _module(functional.gcu)
Sinc = _module(functional.sinc)

# bell
Gaussian = _module(functional.gaussian)
MexicanHat = _module(functional.mexican_hat)

__all__ = sorted(  # every module class above
    name for name, thing in list(vars().items()) if isinstance(thing, type) and issubclass(thing, torch.nn.Module)
)
