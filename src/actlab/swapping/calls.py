"""Activations that a model calls as functions in its own code: found by reading it, since nothing holds them."""

import ast
import dataclasses
import inspect
import sys
import textwrap
from typing import Any

import torch

from actlab.swapping.known import FUNCTIONS, catalogue_name

_METHODS = ("relu", "sigmoid", "tanh")  # of a tensor, without arguments


@dataclasses.dataclass(frozen=True, kw_only=True)
class Call:
    """A call such as `F.relu(x)` in a module's code: out of reach, with the place to change it."""

    name: str  # torch's name of the function
    text: str
    file: str
    line: int
    class_: str
    modules: tuple[str, ...]  # dotted names in the model whose code this is

    def __str__(self) -> str:
        first = self.modules[0] or "the model itself"
        more = f" and {len(self.modules) - 1} more" if len(self.modules) > 1 else ""
        return f"{self.text} at {self.file}:{self.line}, in {self.class_} ({first}{more})"


def functional_calls(model: torch.nn.Module) -> tuple[Call, ...]:
    """All calls of torch's activation functions in the code of the model's own classes, not in torch's."""
    owners: dict[type, list[str]] = {}
    for name, module in model.named_modules():
        for kind in type(module).__mro__:
            if kind.__module__.split(".")[0] not in ("torch", "actlab", "builtins"):
                owners.setdefault(kind, []).append(name)
    return tuple(call for kind, names in owners.items() for call in _in_class(kind, tuple(names)))


def _in_class(kind: type, names: tuple[str, ...]) -> list[Call]:
    try:
        lines, first = inspect.getsourcelines(kind)
        file = inspect.getsourcefile(kind) or "?"
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return []  # made in a session or by a compiler: there is no text to read
    scope = vars(sys.modules.get(kind.__module__, None) or object())
    found = []
    for node in ast.walk(tree):
        name = _activation(node, scope)
        if name is not None:
            text = ast.unparse(node)
            shown = text if len(text) <= 60 else text[:57] + "..."
            line = first + node.lineno - 1
            found.append(Call(name=name, text=shown, file=file, line=line, class_=kind.__name__, modules=names))
    return found


def _activation(node: ast.AST, scope: dict[str, Any]) -> str | None:
    """torch's name of the activation that a node calls; None where it calls something else."""
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Name):
        thing = scope.get(node.func.id)
        return _torch_name(thing)
    if not isinstance(node.func, ast.Attribute):
        return None
    owner = _value(node.func.value, scope)
    name = node.func.attr.rstrip("_")
    if owner in (torch, torch.nn.functional):
        return name if name in FUNCTIONS else None
    is_self = isinstance(node.func.value, ast.Name) and node.func.value.id in ("self", "cls")
    unknown = (
        owner is None and not is_self
    )  # the result of something, or a local name: a tensor, if it has no arguments
    return name if unknown and name in _METHODS and not node.args and not node.keywords else None


def _torch_name(thing: Any) -> str | None:
    name = getattr(thing, "__name__", "").rstrip("_")
    if name in FUNCTIONS and thing in (getattr(torch.nn.functional, name, None), getattr(torch, name, None)):
        return name
    return None


def _value(node: ast.AST, scope: dict[str, Any]) -> Any:
    """What a dotted name stands for in a module's scope; None where that cannot be told."""
    if isinstance(node, ast.Name):
        return scope.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _value(node.value, scope)
        return getattr(owner, node.attr, None) if owner is not None else None
    return None


def is_call_of(call: Call, old: str | type) -> bool:
    """Whether a call is one of what was to be replaced."""
    name = old.__name__ if isinstance(old, type) else old
    known = catalogue_name(call.name)
    return name == "any" or (known is not None and known == catalogue_name(name))
