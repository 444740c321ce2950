"""actlab makes, checks and compares activation functions for neural networks.

Importing it computes nothing and loads no torch: what needs torch is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_FUNCTIONS = (
    "elu", "gelu", "gelu_tanh", "identity", "leaky_relu", "mish", "prelu", "relu", "sigmoid", "silu", "softplus", "tanh",
)  # fmt: skip
_HOMES = {
    **dict.fromkeys(_FUNCTIONS, "actlab.functional"),
    "Activation": "actlab.activations.core",
    "activation": "actlab.activations.core",
    "Experiment": "actlab.spec",
    "Run": "actlab.store",
    "Trial": "actlab.spec",
    "UserError": "actlab.errors",
    "check": "actlab.battery",
    "compare": "actlab.run",
    "judge": "actlab.judging",
    "load_model": "actlab.loading",
    "load_run": "actlab.store",
    "summarise": "actlab.report",
    "swap": "actlab.swapping",
}
_MODULES = ("functional", "nn")

__all__ = ["__version__", *_HOMES, *_MODULES]

if TYPE_CHECKING:
    from actlab import functional, nn
    from actlab.activations.core import Activation, activation
    from actlab.battery import check
    from actlab.errors import UserError
    from actlab.functional import (
        elu,
        gelu,
        gelu_tanh,
        identity,
        leaky_relu,
        mish,
        prelu,
        relu,
        sigmoid,
        silu,
        softplus,
        tanh,
    )  # fmt: skip
    from actlab.judging import judge
    from actlab.loading import load_model
    from actlab.report import summarise
    from actlab.run import compare
    from actlab.spec import Experiment, Trial
    from actlab.store import Run, load_run
    from actlab.swapping import swap


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _MODULES:
        return import_module(f"actlab.{name}")
    raise AttributeError(f"module 'actlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
