"""What is written from the blocks: the torch-free index of the catalogue, examples, and stubs with all there is."""

import dataclasses
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from actlab import functional
from actlab.activations import BLOCKS
from actlab.catalogue import Facts
from actlab.formula import Exact, parse
from actlab.nn import elementwise, gating, learned

HOUSE = Path(__file__).parents[1] / "src" / "actlab"
FAMILIES = (  # the order of `actlab list`
    "linear", "rectified", "clipped", "shrinkage", "exponential", "soft", "sigmoidal", "gated", "oscillating", "bell",
    "learned",
)  # fmt: skip
POINTS = (-2.0, -0.5, 0.0, 1.0, 3.0)  # of an example, but where others show more
ELSEWHERE = {
    "acon_c": (-2.0, -0.5, 0.0, 0.5, 3.0),
    "gaussian": (-2.0, -0.5, 0.0, 1.0, 1.5),
    "hardsigmoid": (-4.0, -1.0, 0.0, 1.0, 4.0),
    "hardswish": (-4.0, -1.0, 0.0, 1.0, 4.0),
    "hard_mish": (-3.0, -1.5, -0.5, 0.0, 2.0),
    "relu6": (-2.0, 0.0, 3.0, 6.0, 8.0),
    "sine": (-0.1, -0.05, 0.0, 0.02, 0.05),
    "softplus": (-1.0, -0.5, 0.0, 1.0, 12.0),
    "srelu": (-2.0, -0.5, 0.5, 1.0, 3.0),
    "sqnl": (-3.0, -1.0, 0.0, 1.0, 3.0),
}
GIVEN = {  # what an example of a function gives; that of its module is of the parameters that it begins with
    "heaviside": {"values": 0.5}, "hardtanh": {"min_val": -0.25, "max_val": 2.0}, "brelu": {"upper": 2.0},
    "elu": {"alpha": 2.0}, "celu": {"alpha": 2.0}, "isrlu": {"alpha": 4.0}, "soft_exponential": {"alpha": 1.0},
    "e_swish": {"beta": 2.0}, "ftswish": {"threshold": -0.5}, "smu": {"alpha": 0.01, "mu": 2.5},
    "swish_beta": {"beta": 2.0}, "acon_c": {"p2": 0.0}, "sinlu": {"b": 2.0}, "erf_act": {"alpha": 1.0},
    "pserf": {"gamma": 1.0, "delta": 1.0}, "xielu": {"alpha_n": 0.4}, "snake": {"a": 2.0},
    "star_relu": {"s": 1.0, "b": 0.0}, "apl": {"a1": -0.5}, "pelu": {"b": 2.0}, "mpelu": {"alpha": 2.0},
    "rational": {"a0": 0.5}, "srelu": {"a_l": 0.25}, "leaky_relu": {"negative_slope": 0.2},
    "prelu": {"weight": 0.1}, "rrelu": {"lower": 0.1, "upper": 0.3}, "threshold": {"threshold": 0.5, "value": -1.0},
    "thresholded_relu": {"theta": 0.5}, "softshrink": {"lambd": 1.5}, "hardshrink": {"lambd": 1.5},
    "sine": {"omega": 10.0}, "isru": {"alpha": 4.0}, "laplace": {"mu": 0.0, "sigma": 1.0},
    "penalized_tanh": {"a": 0.5}, "softplus": {"beta": 2.0}, "squareplus": {"b": 1.0}, "smelu": {"beta": 1.0},
}  # fmt: skip
MINUS = {  # zeros that come out as -0: a formula does not tell these apart
    ("hard_mish", 0, 0), ("hard_elish", 0, 0), ("hardswish", 0, 0), ("softshrink", 0, 1), ("sinc", 1, 2),
    ("gaussian", 1, 2), ("mexican_hat", 1, 2),
}  # fmt: skip
NUMBER = "float | Tensor"
FUNCTIONS = """from collections.abc import Callable
from typing import Any

from torch import Tensor

def functional(block: Any) -> Callable[..., Tensor]: ...
def along_channels(parameter: Tensor, input: Tensor) -> Tensor: ...
"""
MODULES = """from typing import Any

import torch
from torch import Tensor

from actlab.catalogue import Facts
from actlab.nn.code import Module

MODULES: dict[str, type[Module]]

class {base}(Module):
    facts: Facts
    def __init__(self, {takes}) -> None: ...
    def forward(self, input: Tensor) -> Tensor: ...
"""


def files() -> dict[Path, str]:
    """Every file, and what stands in it."""
    return {
        HOUSE / "catalogue.json": _index(),
        HOUSE / "examples.json": json.dumps({name: _examples(block.facts) for name, block in BLOCKS.items()}, indent=1)
        + "\n",
        HOUSE / "functional.pyi": FUNCTIONS
        + "".join(f"def {name}{_taken(f)} -> Tensor: ...\n" for name, f in _functions()),
        HOUSE / "nn" / "elementwise.pyi": _classes(elementwise, "Elementwise", "*args: Any, **kwargs: Any"),
        HOUSE / "nn" / "learned.pyi": _classes(
            learned, "Learned", "num_parameters: int = 1, *, device: Any = None, dtype: Any = None, **values: float"
        ),
        HOUSE / "nn" / "__init__.pyi": _door(),
    }


def _index() -> str:
    blocks = sorted(BLOCKS.values(), key=lambda block: FAMILIES.index(block.facts.family))
    entries = {block.name: dataclasses.asdict(block.facts) for block in blocks}
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


def _examples(facts: Facts) -> dict[str, list[str]]:
    """The doctests of a function and of its module: the numbers are the formula's, to 33 digits, not the function's."""
    given = GIVEN.get(facts.name, {})
    points = list(ELSEWHERE.get(facts.name, POINTS))
    exact = Exact(parse(facts.formula), facts.parameters | given)
    passed = ", ".join(["x", *(f"{name}={value}" for name, value in given.items())])
    if facts.name == "prelu":  # whose weight is a tensor, as PyTorch has it
        passed = f"x, torch.tensor([{given['weight']}])"
    function = [
        ">>> import torch, actlab",
        f">>> x = torch.tensor({points}, requires_grad=True)",
        f">>> y = actlab.functional.{facts.name}({passed})",
        ">>> y.detach()",
        _printed(facts.name, 0, exact.values(points)),
        ">>> y.sum().backward()",
        ">>> x.grad",
        _printed(facts.name, 1, exact.slopes(points)),
    ]
    module = [
        ">>> import torch, actlab",
        f">>> f = actlab.nn.{facts.module}()",
        f">>> f(torch.tensor({points})){'.detach()' if facts.learned else ''}",
        _printed(facts.name, 0, Exact(parse(facts.formula), facts.parameters).values(points)),
    ]
    return {"function": function, "module": module}


def _printed(name: str, order: int, values: list[Any]) -> str:
    """As PyTorch prints these values."""
    signed = [-0.0 if (name, order, place) in MINUS else float(value) for place, value in enumerate(values)]
    return repr(torch.tensor(signed))


def _functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    return ((name, getattr(functional, name)) for name in BLOCKS)


def _taken(thing: Callable[..., Any]) -> str:
    """What it takes, as a stub says it."""
    types = {bool: "bool", int: "int", float: NUMBER, str: "str", type(None): "Any"}
    parts = []
    for parameter in inspect.signature(thing).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not any(part == "*" for part in parts):
            parts.append("*")
        if parameter.default is parameter.empty:
            parts.append({parameter.VAR_POSITIONAL: "*args: Any", parameter.VAR_KEYWORD: "**kwargs: Any"}.get(
                parameter.kind, f"{parameter.name}: Tensor"
            ))  # fmt: skip
        else:
            parts.append(f"{parameter.name}: {types[type(parameter.default)]} = {parameter.default!r}")
    return f"({', '.join(parts)})"


def _classes(module: Any, base: str, takes: str) -> str:
    text = MODULES.format(base=base, takes=takes)
    for name, made in module.MODULES.items():
        parent = base if issubclass(made, getattr(module, base)) else "Module"
        text += f"\nclass {name}({parent}):\n    def __init__{_taken(made).replace('(', '(self, ', 1)} -> None: ...\n"
        text += "    def forward(self, input: Tensor) -> Tensor: ...\n"
    return text.replace("(self, )", "(self)")


def _door() -> str:
    names = {
        "elementwise": ["Elementwise", *elementwise.MODULES],
        "gating": gating.__all__,
        "learned": ["Learned", *learned.MODULES],
        "stacked": ["Block", "as_module"],
    }
    rows = [f"from .{file} import {', '.join(f'{name} as {name}' for name in sorted(names[file]))}" for file in names]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    for file, text in files().items():
        file.write_text(text, encoding="utf-8")
