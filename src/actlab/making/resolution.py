"""From a name to an activation that a stack can train: found, probed, with its gradient and what it learns.

A callable of a user's is probed before it is used. Without a derivative of its own its gradient is taken by autograd.
"""

import dataclasses
import importlib
import inspect
import linecache
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from actlab.activations import BLOCKS, Activation
from actlab.errors import UserError, did_you_mean
from actlab.making.applied import Applied, ByAutograd, ByHand, Called, Flat, Unlearned
from actlab.making.modules import by_module, needs_its_own
from actlab.making.probing import WIDTH, guarded, numbers_in, probe
from actlab.naming import Target, path_of, unpacked


def locate(target: Target) -> tuple[Any, dict[str, float]]:
    """What a target names, as it is, and the parameters given with it; nothing is probed."""
    if target.kind == "formula":
        from actlab.making.written import written

        return written(target.path), {}
    if target.kind == "catalogue":
        return BLOCKS[target.name], dict(target.arguments)
    return (_held(target) if target.kind == "callable" else _find(target)), {}


def _held(target: Target) -> Any:
    """The callable itself, or what was packed of it."""
    if target.object is not None:
        return target.object
    try:
        return unpacked(target.source)
    except Exception as error:
        why = f" ({type(error).__name__}: {error})" if target.source else ""
        raise UserError(
            f"{target.label} was a callable of the Python that made this run, which this one cannot read again{why}: "
            f"its text is kept in the run's folder as sources/{target.identity.rpartition('#')[2]}.txt. Hand it over "
            "once more, or write it in a file and name it file.py:name."
        ) from None


def resolve(target: Target, width: int = WIDTH) -> Applied:
    """The activation that a target names, ready to train in a hidden layer of this width.

    Raises:
        UserError: it cannot be used, with the reason.
    """
    thing, given = locate(target)
    if isinstance(thing, Activation):
        return _by_hand(thing, given)
    found = _by_autograd(thing, target.label, width)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a compiler's, of its own doing
        _, saved = found.forward(torch.linspace(-3, 3, WIDTH).reshape(1, -1), torch.tensor([found.initial]))
        guarded(target.label, found.backward, saved, where="in its backward pass")
    (_, _, (y,)) = saved
    return dataclasses.replace(found, gradient="by hand") if has_own_backward(y) else found


def has_own_backward(y: Tensor) -> bool:
    """Whether autograd meets a backward that somebody wrote, on the way back from a result."""
    waiting, seen = [y.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, torch.autograd.function.BackwardCFunction):
            return True
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [following for following, _ in node.next_functions]
    return False


def _by_hand(block: Activation, given: dict[str, float]) -> ByHand:
    if "x" not in block.derivatives:
        raise UserError(f"{block.name} has no derivative with respect to x: add one with @{block.name}.derivative().")
    for name in block.facts.learned:
        if name not in block.derivatives:
            raise UserError(
                f"{block.name} learns {name}, but has no derivative for it: @{block.name}.derivative(wrt={name!r})."
            )
    values = block.facts.parameters | given
    learned = tuple(list(values).index(name) for name in block.facts.learned if name not in given)
    applied = ByHand(block, tuple(values.values()), learned)
    if block.name not in BLOCKS or BLOCKS[block.name] is not block:
        probe(Called(lambda z: block(z, *applied.constants)), block.name)  # whose own gradient may be none: surrogates
        _probe_slope(applied)
    return applied


def _probe_slope(applied: ByHand) -> None:
    """The derivative of a block of a user's must be a tensor like its input; whether it is right is for the checks."""
    z = torch.linspace(-3, 3, WIDTH).unsqueeze(0)
    name = applied.block.name
    _, saved = applied.forward(z, torch.tensor([applied.initial]))
    slope = guarded(f"The derivative of {name}", applied.backward, saved, where=f"on {WIDTH} values")
    if not isinstance(slope, Tensor) or slope.shape != z.shape or slope.dtype != z.dtype:
        what = f"{slope.dtype} of shape {tuple(slope.shape)}" if isinstance(slope, Tensor) else type(slope).__name__
        raise UserError(
            f"The derivative of {name} gives {what}: it must give a tensor of its input's shape and dtype, "
            "for example torch.ones_like(x)."
        )


def _by_autograd(thing: Any, label: str, width: int) -> ByAutograd:
    if isinstance(thing, type) and issubclass(thing, torch.autograd.Function):
        return _from_function(thing.apply, label, width)
    if isinstance(thing, type) and issubclass(thing, torch.nn.Module):
        thing = construct(thing, label)
    if isinstance(thing, torch.nn.Module):
        return guarded(label, _from_module, thing, label, width, where="when it was copied")
    if not callable(thing):
        raise UserError(f"{label} is {type(thing).__name__}, not something that can be called.")
    try:
        inspect.signature(thing).bind(None)
    except TypeError as error:
        raise UserError(f"{label} must be callable with the input alone ({error}).") from None
    except ValueError:  # a builtin without a signature: the probe will tell
        pass
    return _from_function(thing, label, width)


def construct(cls: Callable[[], Any], label: str) -> Any:
    """An instance of a module class. A start drawn at random is the same for all, whoever asks and wherever."""
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return cls()
    except (Exception, SystemExit) as error:
        raise UserError(
            f"{label}() cannot be made without arguments ({type(error).__name__}: {error}): "
            "name an instance of it instead."
        ) from None


def _from_module(module: torch.nn.Module, label: str, width: int) -> ByAutograd:
    if needs_its_own(module):
        applied = by_module(module, label, width)
        probe(applied.module, label, width)
        return applied
    probe(module, label, width)
    flat = Flat(module)
    return ByAutograd(flat, numbers_in(flat.module.parameters()))


def _from_function(function: Callable[..., Any], label: str, width: int) -> ByAutograd:
    called = Unlearned(function, label)
    probe(Called(called), label, width)
    return ByAutograd(called, [])


def _find(target: Target) -> Any:
    """The object inside the file or module that a target names."""
    if target.kind == "file":
        found = load_file(target)
    else:
        try:
            found = importlib.import_module(target.path)
        except (Exception, SystemExit) as error:
            raise UserError(f"{target.path} cannot be imported: {type(error).__name__}: {error}") from None
    for part in target.name.split("."):
        names = [name for name in dir(found) if not name.startswith("_")]
        if not hasattr(found, part):
            near = did_you_mean(part, names)
            shown = "" if near or len(names) > 20 else f" It holds: {', '.join(names) or 'nothing'}."
            raise UserError(f"{target.path} holds no {part!r}.{near}{shown}")
        found = getattr(found, part)
    return found


def load_file(target: Target) -> Any:
    """Run the source that the target carries: the one that its identity is a hash of."""
    path = path_of(target.path)
    name = f"actlab_user_{path.stem}"
    module = types.ModuleType(name)
    module.__file__ = str(path)
    vars(module)["__source__"] = target.source
    # inspect finds the text here, though the file may have changed
    lines = target.source.decode("utf-8", "replace").splitlines(keepends=True)
    linecache.cache[str(path)] = (len(target.source), None, lines, str(path))
    sys.modules[name] = module  # dataclasses and pickle look a module up by its name
    sys.path.insert(0, str(path.resolve().parent))  # what lies beside it can be imported, as when it is run
    try:
        exec(compile(target.source, str(path), "exec"), vars(module))
    except (Exception, SystemExit) as error:
        raise UserError(f"{path} cannot be run: {type(error).__name__}: {error}") from None
    finally:
        sys.path.pop(0)
    return module
