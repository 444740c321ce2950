"""What of a file is checked where no name is given: whatever may be an activation, and what can be called besides."""

import ast
import inspect
from typing import Any

import torch
from torch import Tensor

from actlab.activations import Activation
from actlab.errors import UserError
from actlab.making import guarded, load_file
from actlab.naming import parse


def activations_in(path: str) -> tuple[list[str], dict[str, str]]:
    """What a file of a user's defines itself and what can stand in a network; and what else can be called, with why
    it is none: for `actlab check file.py`.
    """
    target = parse(f"{path}:_")
    module, nodes = load_file(target), list(ast.walk(ast.parse(target.source)))
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {alias.asname or alias.name for node in imports for alias in node.names}
    made = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    made |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    taken, left = [], {}
    for name, thing in vars(module).items():
        own = name in made or getattr(thing, "__module__", None) == module.__name__
        if name.startswith("_") or name in imported or not own or not callable(thing):
            continue
        if (why := _unfit(thing)) is None:
            taken.append(name)
        elif why:
            left[name] = why
    return taken, left


def _unfit(thing: Any) -> str | None:
    """Why something that can be called is no activation; None where it may be one, "" where nobody would take it so."""
    if isinstance(thing, Activation | torch.nn.Module):
        return None
    if isinstance(thing, type):
        if issubclass(thing, torch.nn.Module | torch.autograd.Function):
            return None
        return "A class, but no torch.nn.Module: name an instance." if "__call__" in vars(thing) else ""
    try:
        given = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        given = None
    if given is None or any(p.kind is p.VAR_POSITIONAL for p in given):
        try:  # a builtin, what is scripted, Function.apply: a call tells
            found = guarded("it", thing, torch.linspace(-3, 3, 64))
        except UserError as error:
            return str(error)
        return None if isinstance(found, Tensor) else f"It gives {type(found).__name__}, not a tensor."
    needed = [p for p in given if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    if len(needed) == 1 and needed[0].kind is not needed[0].KEYWORD_ONLY:
        return None
    return f"It takes {len(needed) or 'no'} argument{'s' * (len(needed) != 1)}, an activation one."
