"""Activations with learned parameters as modules, like torch.nn.PReLU: one value, or one for each channel.

What is learned here must not be pulled to zero: keep it out of weight decay with an optimizer group of its own.

>>> import torch, actlab
>>> network = torch.nn.Sequential(torch.nn.Linear(3, 8), actlab.nn.PReLU(8), torch.nn.Linear(8, 2))
>>> shapes = [p for module in network if isinstance(module, actlab.nn.Learned) for p in module.parameters()]
>>> rest = [p for p in network.parameters() if all(p is not shape for shape in shapes)]
>>> optimizer = torch.optim.AdamW([{"params": rest}, {"params": shapes, "weight_decay": 0.0}])
>>> [len(group["params"]) for group in optimizer.param_groups]
[4, 1]
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from actlab import functional
from actlab.activations import BLOCKS
from actlab.catalogue import Facts
from actlab.nn.code import Module, doc_of, made_of


class Learned(Module):
    """An activation whose parameters are trained: the base class of the learned ones.

    Args:
        num_parameters: how many values of each parameter: 1, or one for each channel (dimension 1). Default: 1.
        device, dtype: of what is learned. Default: PyTorch's.
        values: initial values, by the parameter's name. Weight decay should not be applied to them.

    Shape: (batch, channels, ...), with one value any; the output has the input's shape and dtype.
    Raises: TypeError for a parameter that the activation does not have.

    >>> import actlab
    >>> module = actlab.nn.SwishBeta(4, beta=2.0)
    >>> isinstance(module, actlab.nn.Learned), module.beta.tolist()
    (True, [2.0, 2.0, 2.0, 2.0])
    """

    _function: Callable[..., Tensor]
    facts: Facts

    def __init__(self, num_parameters: int = 1, *, device: Any = None, dtype: Any = None, **values: float) -> None:
        super().__init__()
        facts = type(self).facts
        if unknown := sorted(set(values) - set(facts.parameters)):
            raise TypeError(f"{type(self).__name__}() takes {', '.join(facts.parameters)}, not {', '.join(unknown)}")
        self.num_parameters = num_parameters
        self.initial = {name: float(value) for name, value in (facts.parameters | values).items()}
        for name, value in self.initial.items():
            if name in facts.learned:
                start = torch.full((num_parameters,), value, device=device, dtype=dtype)
                self.register_parameter(name, torch.nn.Parameter(start))
            else:
                setattr(self, name, value)

    def reset_parameters(self) -> None:
        for name, parameter in self.named_parameters():
            torch.nn.init.constant_(parameter, self.initial[name])

    def forward(self, input: Tensor) -> Tensor:
        values = [getattr(self, name) for name in self.initial]
        learned = [functional.along_channels(v, input) if isinstance(v, Tensor) else v for v in values]
        return type(self)._function(input, *learned)

    def extra_repr(self) -> str:
        defaults = type(self).facts.parameters
        given = [f"{name}={value:g}" for name, value in self.initial.items() if value != defaults[name]]
        return ", ".join([f"num_parameters={self.num_parameters}", *given])


ADVICE = "\n\nWeight decay should not be applied to what is learned: it would pull it to zero."
COUNT = "how many values of each are learned: 1, or one for each channel (dimension 1). Default: 1."
WHERE = {"device, dtype": "of what is learned. Default: PyTorch's."}


def _module(function: Callable[..., Tensor]) -> type[Learned]:
    facts = BLOCKS[function.__name__].facts
    keyword = inspect.Parameter.KEYWORD_ONLY
    values = [inspect.Parameter(name, keyword, default=value) for name, value in facts.parameters.items()]
    where = [inspect.Parameter(name, keyword, default=None) for name in ("device", "dtype")]
    count = inspect.Parameter("num_parameters", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=1)
    args = {"num_parameters": COUNT}
    for name, value in facts.parameters.items():
        kind = "number to begin with; it is learned" if name in facts.learned else "number; it is not learned"
        args[name] = f"{kind}. Default: {value:.6g}."
    doc = doc_of(facts.name, args | WHERE, more=ADVICE)
    return made_of(function, Learned, [count, *values, *where], doc)


class PReLU(Learned):
    __doc__ = doc_of(
        "prelu",
        {"num_parameters": COUNT, "init": "weight to begin with; it is learned. Default: 0.25."} | WHERE,
        more=ADVICE,
        raises="; ValueError for another number of channels",
    )

    weight: torch.nn.Parameter
    _function = staticmethod(functional.prelu)
    facts = BLOCKS["prelu"].facts

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__(num_parameters, weight=init, device=device, dtype=dtype)
        self.init = init

    def forward(self, input: Tensor) -> Tensor:
        return functional.prelu(input, self.weight)  # which says what is wrong with the number of channels

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


MODULES: dict[str, type[Learned]] = {"PReLU": PReLU}
MODULES |= {
    block.facts.module: _module(getattr(functional, name))
    for name, block in BLOCKS.items()
    if block.facts.module not in MODULES and block.facts.learned
}
globals().update(MODULES)  # learned.pyi lists them, for editors and type checkers
