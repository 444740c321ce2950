"""Activations that a model calls in its own code, or that torch's layers compute inside: nothing holds them, so that
they are found by reading the code, or by watching one forward pass.
"""

import ast
import dataclasses
import inspect
import linecache
import os
import sys
import textwrap
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from actlab.swapping.known import catalogue_name, is_listed, name_of

_METHODS = ("relu", "sigmoid", "tanh")  # of a tensor, without arguments
_GATES = "sigmoid/tanh"
_FUSED: dict[str, str] = dict.fromkeys(("lstm", "lstm_cell", "gru", "gru_cell"), _GATES)
_FUSED |= {f"rnn_{name}{cell}": name for name in ("tanh", "relu") for cell in ("", "_cell")}
_NOT_THE_MODELS = tuple(f"{Path(file).parent}{os.sep}" for file in (torch.__file__, Path(__file__).parent))
ANY = "?"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Call:
    """A call such as `F.relu(x)` in a module's code: out of reach, with the place to change it.

    >>> print(Call(name="relu", text="F.relu(x)", file="net.py", line=7, class_="Net", modules=("encoder", "decoder")))
    F.relu(x) at net.py:7, in Net (encoder and 1 more)
    """

    name: str  # torch's name of the function; several with slashes between; "?" where only running would tell
    text: str  # the call as it is written
    file: str  # "" for what a layer of torch's computes inside
    line: int  # in the file, from 1
    class_: str  # or the function
    modules: tuple[str, ...]  # dotted names in the model whose code this is

    def __str__(self) -> str:
        first = self.modules[0] or "the model itself"
        more = f" and {len(self.modules) - 1} more" if len(self.modules) > 1 else ""
        place = f" at {self.file}:{self.line}, in {self.class_}" if self.file else ""
        return f"{self.text}{place} ({first}{more})"


def calls_in_code(layers: Iterable[tuple[str, torch.nn.Module]]) -> tuple[Call, ...]:
    """Calls of activation functions in the code of these modules and of functions they hold; in the graph of a
    torch.fx.GraphModule; and what torch's recurrent layers compute inside.
    """
    found: list[Call] = []
    owners: dict[Any, list[str]] = {}
    for name, module in layers:
        if isinstance(module, torch.nn.RNNBase | torch.nn.RNNCellBase):
            kind = type(module).__name__
            inside = getattr(module, "nonlinearity", "")
            text = f"{kind}(nonlinearity={inside!r})" if inside else f"the gates of {kind}"
            found.append(Call(name=inside or _GATES, text=text, file="", line=0, class_=kind, modules=(name,)))
        own = [thing for thing in vars(module).values() if inspect.isfunction(thing)]
        own += [type(module).forward] if isinstance(module, torch.fx.GraphModule) else []  # made of its graph
        for thing in (*type(module).__mro__, *own):
            if (thing.__module__ or "graph").split(".")[0] not in ("torch", "actlab", "builtins"):
                owners.setdefault(thing, []).append(name)
    found += [call for thing, names in owners.items() for call in _in_text(thing, tuple(names))]
    # a lambda is read in its class and by itself
    return tuple({(call.file or call.modules, call.line, call.text): call for call in reversed(found)}.values())[::-1]


def _in_text(thing: Any, names: tuple[str, ...]) -> list[Call]:
    """The calls in the source of a class or function."""
    try:
        lines, first = inspect.getsourcelines(thing)
        file = inspect.getsourcefile(thing) or "?"
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return []  # made in a session or by a compiler: there is no text to read
    scope = getattr(thing, "__globals__", None) or vars(sys.modules.get(thing.__module__, object()))
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    kept = [node.value for node in assigned if isinstance(node.targets[0], ast.Attribute)]
    found = []
    for node in (part for part in ast.walk(tree) if isinstance(part, ast.Call)):
        name = _activation(node, scope)
        if name is not None and not (node in kept and _is_getattr(node)):  # what is kept is looked for elsewhere
            line, text = first + node.lineno - 1, _short(ast.unparse(node))
            found.append(Call(name=name, text=text, file=file, line=line, class_=thing.__name__, modules=names))
    return found


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _activation(node: ast.Call, scope: dict[str, Any]) -> str | None:
    """The name of the activation that is called; None where it is something else."""
    if _is_getattr(node):
        owner, attribute = _value(node.args[0], scope), node.args[1]
        if not isinstance(attribute, ast.Constant):
            return ANY if owner is torch.nn.functional else None  # of torch itself people take dtypes by name
        node = ast.Call(ast.Attribute(node.args[0], str(attribute.value)), [], [])
    called = _value(node.func, scope)
    if is_listed(called):
        return name_of(called)
    if not isinstance(node.func, ast.Attribute):
        return None
    owner = node.func.value
    # the result of something, or a local name: a tensor, if it has no arguments
    unknown = _value(owner, scope) is None and not (isinstance(owner, ast.Name) and owner.id in ("self", "cls"))
    name = node.func.attr.rstrip("_")
    return name if unknown and name in _METHODS and not node.args and not node.keywords else None


def _is_getattr(node: ast.Call) -> bool:
    return ast.unparse(node.func) == "getattr" and len(node.args) > 1


def _value(node: ast.AST, scope: dict[str, Any]) -> Any:
    """What a dotted name stands for in a module's scope; None where that cannot be told."""
    if isinstance(node, ast.Name):
        return scope.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _value(node.value, scope)
        return getattr(owner, node.attr, None) if owner is not None else None
    return None


def calls_in_a_pass(model: torch.nn.Module, example: Any, held: set[int]) -> tuple[Call, ...]:
    """The calls of one forward pass in evaluation mode, without those that come from the modules `held`, by id."""
    given = (example,) if isinstance(example, torch.Tensor) else example
    was = [(module, module.training) for module in model.modules()]
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    watching = _Watching(model, held)
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad(), watching:
            model.eval()(**given) if isinstance(given, dict) else model(*given)
    finally:
        for module, training in was:
            module.training = training
        for buffer, value in buffers:
            buffer.copy_(value)
    return tuple(watching.found.values())


class _Watching(TorchFunctionMode):
    def __init__(self, model: torch.nn.Module, held: set[int]) -> None:
        super().__init__()
        self.names = {id(module): name for name, module in model.named_modules()}
        self.held = held
        self.found: dict[tuple[Any, ...], Call] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = name_of(func) if is_listed(func) else _FUSED.get(getattr(func, "__name__", ""))
        frames = [frame for frame, _ in traceback.walk_stack(sys._getframe(1))] if name is not None else []
        around = [id(frame.f_locals.get("self")) for frame in frames]
        if name is not None and not self.held.intersection(around):
            code = next((f for f in frames if not f.f_code.co_filename.startswith(_NOT_THE_MODELS)), frames[0])
            file, line, function = code.f_code.co_filename, code.f_lineno, code.f_code.co_qualname
            module = next((self.names[owner] for owner in around if owner in self.names), "")
            text = _short(linecache.getline(file, line).strip() or name)
            call = Call(name=name, text=text, file=file, line=line, class_=function, modules=(module,))
            self.found[name, file, line] = call
        return func(*args, **(kwargs or {}))


def is_call_of(call: Call, old: Any) -> bool:
    """Whether a call is one of what was to be replaced."""
    if old == "any" or call.name == ANY:
        return True
    name = old.__name__ if isinstance(old, type) else old
    wanted = catalogue_name(name) if isinstance(name, str) else name_of(old)
    return wanted is not None and wanted in [catalogue_name(name) or name for name in call.name.split("/")]
