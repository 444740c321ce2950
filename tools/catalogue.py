"""What is written from the blocks: the torch-free index of the catalogue, and stubs with each function and class."""

import dataclasses
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from actlab import functional
from actlab.activations import BLOCKS
from actlab.nn import elementwise, gating, learned

HOUSE = Path(__file__).parents[1] / "src" / "actlab"
FAMILIES = (  # the order of `actlab list`
    "linear", "rectified", "clipped", "shrinkage", "exponential", "soft", "sigmoidal", "gated", "oscillating", "bell",
    "learned",
)  # fmt: skip
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
