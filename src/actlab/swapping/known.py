"""Which modules and functions are activations, and what they are called."""

from collections.abc import Callable
from typing import Any

import torch

from actlab import catalogue
from actlab.nn.elementwise import Elementwise
from actlab.nn.learned import Learned

# modules of other libraries that hold activations and little else
_LIBRARIES = (
    "torch.nn.modules.activation", "transformers.activations", "timm.layers.activations", "timm.layers.activations_me",
)  # fmt: skip
_NO_ACTIVATIONS = {"MultiheadAttention", "Softmax", "Softmax2d", "LogSoftmax", "Softmin", "GLU"}
# what torch.nn.functional calls an activation of single numbers; each with an underscore where it works in place
FUNCTIONS = (
    "relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "selu", "celu", "gelu", "silu", "mish", "hardswish",
    "hardsigmoid", "hardtanh", "sigmoid", "tanh", "logsigmoid", "softplus", "softsign", "tanhshrink", "hardshrink",
    "softshrink", "threshold",
)  # fmt: skip


def is_activation(module: torch.nn.Module) -> bool:
    """Whether a module applies an activation and nothing else. Identity does not count: it is a placeholder."""
    kind = type(module)
    if isinstance(module, Elementwise | Learned):
        return True
    if kind.__name__ in _NO_ACTIVATIONS or isinstance(module, torch.nn.Identity):
        return False
    if kind.__module__ in _LIBRARIES:
        return True
    leaf = next(module.children(), None) is None
    return leaf and name_of(module) not in (None, "identity")


def is_function(thing: Any) -> bool:
    """Whether it is a function of torch's or actlab's that applies an activation."""
    if isinstance(thing, torch.nn.Module | type) or not callable(thing):
        return False
    if isinstance(getattr(thing, "facts", None), catalogue.Facts):
        return True
    name = getattr(thing, "__name__", "").rstrip("_")
    return name in FUNCTIONS and (getattr(torch.nn.functional, name) is thing or getattr(torch, name, None) is thing)


def title(thing: Any) -> str:
    """What a report calls it: a class by its name, a function by its own."""
    return type(thing).__name__ if isinstance(thing, torch.nn.Module) else thing.__name__


def name_of(thing: torch.nn.Module | Callable[..., Any]) -> str | None:
    """The catalogue's name of a module or function, if its own name says one.

    >>> name_of(torch.nn.GELU()), name_of(torch.nn.GELU("tanh")), name_of(torch.nn.functional.relu)
    ('gelu', 'gelu_tanh', 'relu')
    """
    torch_layer = type(thing).__module__.startswith("torch.nn.modules.")
    if torch_layer and type(thing).__module__ != _LIBRARIES[0] and not isinstance(thing, torch.nn.Identity):
        return None  # torch.nn.Linear and Bilinear are layers, whatever the catalogue calls by these names
    facts = getattr(thing, "facts", None) or getattr(thing, "_facts", None)
    found = facts.name if isinstance(facts, catalogue.Facts) else catalogue_name(title(thing))
    return "gelu_tanh" if found == "gelu" and getattr(thing, "approximate", "none") == "tanh" else found


def catalogue_name(name: str) -> str | None:
    """The catalogue's name of a name that others use: `NewGELUActivation`, `relu_`, `Swish`."""
    for candidate in (name, name.rstrip("_"), name.removesuffix("Activation")):
        if candidate and catalogue.is_name(candidate):
            return catalogue.lookup(candidate).name
    return None


def matches(thing: torch.nn.Module | Callable[..., Any], old: str | type) -> bool:
    """Whether an activation is what was asked for: a class exactly, a class's or function's name, a catalogue name."""
    if isinstance(old, type):
        return type(thing) is old
    if old == "any" or title(thing) == old:  # "GELU" is the class, whatever its argument; "gelu" is one of the two
        return True
    known = name_of(thing)
    return known is not None and catalogue.is_name(old) and known == catalogue.lookup(old).name
