"""From a name to an activation that a stack can train: found, probed, with its gradient and what it learns.

An elementwise callable of a user's is probed before it is used: shape, dtype, the same result twice, no element that
depends on another. Without a derivative of its own its gradient is taken by autograd.
"""

import importlib
import inspect
import linecache
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from actlab.activations import BLOCKS
from actlab.activations.applied import Applied, ByAutograd, ByHand, Flat, Unlearned
from actlab.activations.core import Activation
from actlab.activations.modules import WIDTH, by_module, needs_its_own, refuse_result
from actlab.errors import UserError, did_you_mean
from actlab.targets import Target, parse


def locate(target: Target) -> tuple[Any, dict[str, float]]:
    """What a target names, as it is, and the parameters given with it; nothing is probed."""
    if target.kind == "formula":
        from actlab.activations.written import written  # slow to load

        return written(target.text), {}
    if target.kind == "catalogue":
        return BLOCKS[target.name], dict(target.arguments)
    return (target.object if target.kind == "callable" else _find(target)), {}


def resolve(target: Target, width: int = WIDTH) -> Applied:
    """The activation that a target names, ready to train in a hidden layer of this width.

    Raises:
        UserError: it cannot be used, with the reason.
    """
    thing, given = locate(target)
    if isinstance(thing, Activation):
        return _by_hand(thing, given)
    return _by_autograd(thing, target.label, width)


def _by_hand(block: Activation, given: dict[str, float]) -> ByHand:
    if "x" not in block.derivatives:
        raise UserError(f"{block.name} has no derivative with respect to x: add one with @{block.name}.derivative().")
    for name in block.facts.learned:
        if name not in block.derivatives:
            raise UserError(
                f"{block.name} learns {name}, but has no derivative for it: @{block.name}.derivative(wrt={name!r})."
            )
    values = block.facts.parameters | given
    names = list(values)
    learned = tuple(names.index(name) for name in block.facts.learned if name not in given)
    applied = ByHand(block, tuple(values.values()), learned)
    if block.name not in BLOCKS or BLOCKS[block.name] is not block:
        _probe(lambda z: block.value(z, *applied.constants), block.name)
        _probe_slope(applied)
    return applied


def _probe_slope(applied: ByHand) -> None:
    """The derivative of a block of a user's must be a tensor like its input; whether it is right is for the checks."""
    z = torch.linspace(-3, 3, WIDTH).unsqueeze(0)
    name = applied.block.name
    try:
        _, saved = applied.forward(z, torch.tensor([applied.initial]))
        slope = applied.backward(saved)
    except Exception as error:
        raise UserError(f"The derivative of {name} failed on {WIDTH} values: {type(error).__name__}: {error}") from None
    if not isinstance(slope, Tensor) or slope.shape != z.shape or slope.dtype != z.dtype:
        what = f"{slope.dtype} of shape {tuple(slope.shape)}" if isinstance(slope, Tensor) else type(slope).__name__
        raise UserError(
            f"The derivative of {name} gives {what}: it must give a tensor of its input's shape and dtype, "
            "for example torch.ones_like(x)."
        )


def _by_autograd(thing: Any, label: str, width: int) -> ByAutograd:
    if isinstance(thing, type) and issubclass(thing, torch.autograd.Function):
        return ByAutograd(*_probed(thing.apply, [], label))
    if isinstance(thing, type) and issubclass(thing, torch.nn.Module):
        thing = _construct(thing, label)
    if isinstance(thing, torch.nn.Module):
        return _from_module(thing, label, width)
    if not callable(thing):
        raise UserError(f"{label} is {type(thing).__name__}, not something that can be called.")
    return ByAutograd(*_probed(_one_argument(thing, label), [], label))


def _probed(function: Callable[[Tensor], Tensor], initial: list[float], label: str):
    _probe(function, label)
    return Unlearned(function), initial


def _construct(cls: type, label: str) -> Any:
    """An instance of a module class. A start drawn at random is the same for all, whoever asks and wherever."""
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return cls()
    except TypeError as error:
        raise UserError(
            f"{label}() cannot be made without arguments ({error}): name an instance of it instead."
        ) from None


def _one_argument(function: Callable[..., Any], label: str) -> Callable[[Tensor], Tensor]:
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        raise UserError(f"{label} must be callable with the input alone ({error}).") from None
    except ValueError:  # a builtin without a signature: the probe will tell
        pass
    return function


def _from_module(module: torch.nn.Module, label: str, width: int) -> ByAutograd:
    if needs_its_own(module):
        return by_module(module, label, width)
    flat = Flat(module)
    values = [p.detach().float().flatten() for p in flat.module.parameters()]
    row = torch.cat(values) if values else torch.zeros(0)
    _probe(lambda z: flat(z, row.to(z.dtype)), label)
    return ByAutograd(flat, row.tolist())


def _probe(function: Callable[[Tensor], Tensor], label: str) -> None:
    """Refuse, with the reason, what cannot stand in a network as an elementwise activation."""
    with (
        warnings.catch_warnings(),
        torch.enable_grad(),
    ):  # what torch has to say about a thing that is about to be refused confuses
        warnings.simplefilter("ignore")
        _probe_quietly(function, label)


def _probe_quietly(function: Callable[[Tensor], Tensor], label: str) -> None:
    x = torch.linspace(-3, 3, WIDTH)[torch.randperm(WIDTH, generator=torch.Generator().manual_seed(0))]
    y = _call(function, x, label)
    refuse_result(y, x, label)
    if not torch.equal(_call(function, x, label), y) and not y.isnan().any():
        raise UserError(
            f"{label} gives different results for the same input. A random activation cannot be paired by its seed; "
            "one that keeps a state is to be a module that holds it in a buffer: self.register_buffer(name, tensor)."
        )
    moved = x.clone()
    moved[::2] += 1.0
    if not torch.allclose(_call(function, moved, label)[1::2], y[1::2], rtol=1e-6, atol=1e-7, equal_nan=True):
        raise UserError(f"{label} is not elementwise: the result for one input changes when others change.")
    leaf = x.clone().requires_grad_()
    out = _call(function, leaf.clone(), label)
    if not out.requires_grad:
        raise UserError(f"{label} has no gradient: its output does not depend on its input for autograd.")


def _call(function: Callable[[Tensor], Tensor], x: Tensor, label: str) -> Tensor:
    try:
        return function(x.clone())
    except (Exception, SystemExit) as error:
        raise UserError(f"{label} failed on {WIDTH} float32 values: {type(error).__name__}: {error}") from None


def _find(target: Target) -> Any:
    """The object inside the file or module that a target names."""
    module = _load_file(target) if target.kind == "file" else _import(target.path)
    found: Any = module
    for part in target.name.split("."):
        names = [name for name in dir(found) if not name.startswith("_")]
        if not hasattr(found, part):
            near = did_you_mean(part, names)
            shown = "" if near or len(names) > 20 else f" It holds: {', '.join(names) or 'nothing'}."
            raise UserError(f"{target.path} holds no {part!r}.{near}{shown}")
        found = getattr(found, part)
    return found


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise UserError(f"{name} cannot be imported: {type(error).__name__}: {error}") from None


def _load_file(target: Target) -> Any:
    """Run the source that the target carries: the one that its identity is a hash of."""
    path = Path(target.path).expanduser()
    name = f"actlab_user_{path.stem}"
    module = types.ModuleType(name)
    module.__file__ = str(path)
    # inspect finds the text here, though the file may have changed
    linecache.cache[str(path)] = (
        len(target.source),
        None,
        target.source.decode("utf-8", "replace").splitlines(keepends=True),
        str(path),
    )
    sys.modules[name] = module  # dataclasses and pickle look a module up by its name
    sys.path.insert(0, str(path.resolve().parent))  # what lies beside it can be imported, as when it is run
    try:
        exec(compile(target.source, str(path), "exec"), vars(module))
    except (Exception, SystemExit) as error:
        raise UserError(f"{path} cannot be run: {type(error).__name__}: {error}") from None
    finally:
        sys.path.pop(0)
    return module


def activations_in(path: str) -> list[str]:
    """Names of what a file of a user's defines itself and what can stand in a network: for `actlab check file.py`."""
    module = _load_file(parse(f"{path}:_"))
    return [name for name, thing in vars(module).items() if not name.startswith("_") and _could_be(thing, module)]


def _could_be(thing: Any, module: types.ModuleType) -> bool:
    if isinstance(thing, Activation):
        return thing.value.__module__ == module.__name__
    if getattr(thing, "__module__", None) != module.__name__:
        return isinstance(thing, torch.nn.Module)
    if isinstance(thing, type):
        return issubclass(thing, torch.nn.Module | torch.autograd.Function)
    if not inspect.isfunction(thing):
        return isinstance(thing, torch.nn.Module)
    needed = [
        p for p in inspect.signature(thing).parameters.values() if p.default is p.empty and p.kind < p.VAR_POSITIONAL
    ]
    return len(needed) == 1
