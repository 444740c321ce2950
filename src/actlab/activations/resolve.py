"""From a name to an activation that a stack can train: found, probed, with its gradient and what it learns.

An elementwise callable of a user's is probed before it is used: shape, dtype, the same result twice, no element that
depends on another. Without a derivative of its own its gradient is taken by autograd.
"""

import copy
import dataclasses
import importlib
import inspect
import linecache
import sys
import types
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from actlab.activations import BLOCKS
from actlab.activations.core import Activation, from_file, in_file
from actlab.errors import UserError, did_you_mean
from actlab.targets import Target, parse

_PROBE = 64


@dataclasses.dataclass(frozen=True)
class ByHand:
    """A block, applied through its own value and derivatives: what they say is what trains."""

    block: Activation
    constants: tuple[float, ...]  # all parameters in order; where learned, the initial value
    learned: tuple[int, ...]  # positions of the learned ones
    gradient: str = "by hand"

    @property
    def initial(self) -> list[float]:
        return [self.constants[i] for i in self.learned]

    @property
    def by_rows(self) -> bool:
        """Whether ATen's own kernels apply: they write where they are told, whatever its strides."""
        return self.block.kernels is not None and not self.learned

    @property
    def needs_input(self) -> bool:
        """Whether the derivatives need z, or the output alone."""
        if self.by_rows:
            return self.block.kernels.saves == "x"
        return any("x" in names for names in self.block.wants.values())

    def rows(self, z: Tensor, y: Tensor, gradient: Tensor) -> tuple[Callable[[], Any], Callable[[], Any]]:
        """Operations on these tensors, of any strides: y = f(z), and the gradient times f'(z), in place."""
        kernels = self.block.kernels
        saved = z if kernels.saves == "x" else y
        forward = partial(kernels.forward, z, *self.constants, out=y)
        return forward, partial(kernels.backward, gradient, saved, *self.constants, out=gradient)

    def forward(self, z_MP: Tensor, learned_ML: Tensor) -> tuple[Tensor, Any]:
        """y = f(z), and what the derivatives need."""
        parameters = self._parameters(learned_ML)
        y_MP = self.block.value(z_MP, *parameters)
        return y_MP, (z_MP, y_MP, parameters)

    def backward(self, saved: Any) -> Tensor:
        """df/dx for each element."""
        return self.block.slope("x", *saved)

    def through(self, gradient_MP: Tensor, saved: Any) -> None:
        """dL/dz = dL/dy f'(z), in place."""
        if self.by_rows:
            z, y, _ = saved
            self.rows(z, y, gradient_MP)[1]()
        else:
            gradient_MP.mul_(self.backward(saved))

    def backward_learned(self, saved: Any, upstream_MP: Tensor) -> Tensor:
        """The loss's gradient with respect to each learned parameter, (M, L)."""
        names = list(self.block.facts.parameters)
        slopes = [self.block.slope(names[i], *saved) for i in self.learned]
        return torch.stack([(upstream_MP * slope).sum(dim=1) for slope in slopes], dim=1)

    def _parameters(self, learned_ML: Tensor) -> tuple[Any, ...]:
        values: list[Any] = list(self.constants)
        for column, position in enumerate(self.learned):
            values[position] = learned_ML[:, column : column + 1]  # (M, 1): one for each network
        return tuple(values)


@dataclasses.dataclass(frozen=True)
class ByAutograd:
    """Any elementwise callable. Networks are taken one by one, so that each has parameters of its own."""

    function: Callable[..., Tensor]  # (z, flat parameters) -> y
    initial: list[float]
    gradient: str = "by autograd"
    by_rows = False
    needs_input = True

    def forward(self, z_MP: Tensor, learned_ML: Tensor) -> tuple[Tensor, Any]:
        with torch.enable_grad():
            # a clone in between: a callable that works in place must not change what autograd holds
            leaves = [z.detach().requires_grad_() for z in z_MP]
            learned = [row.detach().requires_grad_() for row in learned_ML]
            outputs = [self.function(z.clone(), row) for z, row in zip(leaves, learned, strict=True)]
        return torch.stack([y.detach() for y in outputs]), (leaves, learned, outputs)

    def backward(self, saved: Any) -> Tensor:
        leaves, _, outputs = saved
        rows = []
        for z, y in zip(leaves, outputs, strict=True):
            (slope,) = torch.autograd.grad(y, z, torch.ones_like(y), retain_graph=True, materialize_grads=True)
            rows.append(slope)
        return torch.stack(rows)

    def through(self, gradient_MP: Tensor, saved: Any) -> None:
        gradient_MP.mul_(self.backward(saved))

    def backward_learned(self, saved: Any, upstream_MP: Tensor) -> Tensor:
        _, learned, outputs = saved
        rows = []
        for row, y, upstream in zip(learned, outputs, upstream_MP, strict=True):
            (slope,) = torch.autograd.grad(y, row, upstream, retain_graph=True, materialize_grads=True)
            rows.append(slope)
        return torch.stack(rows)

    def as_module(self, learned: Tensor | None = None) -> torch.nn.Module:
        """The callable as a module of its own, its parameters set to `learned`."""
        if isinstance(self.function, _Flat):
            module = copy.deepcopy(self.function.module)
            if learned is not None:
                torch.nn.utils.vector_to_parameters(learned, module.parameters())
            return module
        return Called(self.function)


class Called(torch.nn.Module):
    """A callable without parameters, as a module."""

    def __init__(self, function: "_Unlearned") -> None:
        super().__init__()
        self.function = function

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input, None)

    def _get_name(self) -> str:
        return name_of(self.function.function)


def name_of(thing: Any) -> str:
    """What a callable is called: a partial by what it calls, an autograd Function's apply by its class."""
    thing = getattr(thing, "func", thing)
    thing = thing.__self__ if isinstance(thing, types.MethodType) else thing
    name = getattr(thing, "name", None) or getattr(thing, "__name__", None) or type(thing).__name__
    return str(name).strip("<>")  # a lambda is called <lambda>


Applied = ByHand | ByAutograd


def locate(target: Target) -> tuple[Any, dict[str, float]]:
    """What a target names, as it is, and the parameters given with it; nothing is probed."""
    if target.kind == "formula":
        from actlab.activations.written import written  # slow to load

        return written(target.text), {}
    if target.kind == "catalogue":
        return BLOCKS[target.name], dict(target.arguments)
    return (target.object if target.kind == "callable" else _find(target)), {}


def resolve(target: Target) -> Applied:
    """The activation that a target names, ready to train. UserError, in words, where it cannot be used."""
    thing, given = locate(target)
    if isinstance(thing, Activation):
        return _by_hand(thing, given)
    return _by_autograd(thing, target.label)


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
        probe(lambda z: block.value(z, *applied.constants), block.name)
        _probe_slope(applied)
    return applied


def _probe_slope(applied: ByHand) -> None:
    """The derivative of a block of a user's must be a tensor like its input; whether it is right is for the checks."""
    z = torch.linspace(-3, 3, _PROBE).unsqueeze(0)
    name = applied.block.name
    try:
        _, saved = applied.forward(z, torch.tensor([applied.initial]))
        slope = applied.backward(saved)
    except Exception as error:
        raise UserError(
            f"The derivative of {name} failed on {_PROBE} values: {type(error).__name__}: {error}"
        ) from None
    if not isinstance(slope, Tensor) or slope.shape != z.shape or slope.dtype != z.dtype:
        what = f"{slope.dtype} of shape {tuple(slope.shape)}" if isinstance(slope, Tensor) else type(slope).__name__
        raise UserError(
            f"The derivative of {name} gives {what}: it must give a tensor of its input's shape and dtype, "
            "for example torch.ones_like(x)."
        )


def _by_autograd(thing: Any, label: str) -> ByAutograd:
    if isinstance(thing, type) and issubclass(thing, torch.autograd.Function):
        return ByAutograd(*_probed(thing.apply, [], label))
    if isinstance(thing, type) and issubclass(thing, torch.nn.Module):
        thing = _construct(thing, label)
    if isinstance(thing, torch.nn.Module):
        return _from_module(thing, label)
    if not callable(thing):
        raise UserError(f"{label} is {type(thing).__name__}, not something that can be called.")
    return ByAutograd(*_probed(_one_argument(thing, label), [], label))


def _probed(function: Callable[[Tensor], Tensor], initial: list[float], label: str):
    probe(function, label)
    return _Unlearned(function), initial


class _Unlearned:
    """A function of its input alone, where one of input and parameters is called for; a class, so that it pickles."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self.function = function

    def __call__(self, z: Tensor, _row: Tensor | None) -> Tensor:
        return self.function(z)

    def __reduce_ex__(self, protocol: Any) -> Any:
        where = in_file(self.function)
        return (_unlearned, where) if where else super().__reduce_ex__(protocol)


def _unlearned(*where: Any) -> _Unlearned:
    return _Unlearned(from_file(*where))


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


class _Flat:
    """A module as a function of its input and one flat row of its parameters; a class, so that it pickles."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.module = copy.deepcopy(module).float()
        self.shapes = {name: p.shape for name, p in self.module.named_parameters()}

    def __call__(self, z: Tensor, row: Tensor) -> Tensor:
        if not self.shapes:
            return self.module(z)
        pieces = row.split([shape.numel() for shape in self.shapes.values()])
        named = {name: p.reshape(shape) for (name, shape), p in zip(self.shapes.items(), pieces, strict=True)}
        return torch.func.functional_call(self.module, named, (z,))


def _from_module(module: torch.nn.Module, label: str) -> ByAutograd:
    flat = _Flat(module)
    values = [p.detach().float().flatten() for p in flat.module.parameters()]
    row = torch.cat(values) if values else torch.zeros(0)
    probe(lambda z: flat(z, row.to(z.dtype)), label)
    return ByAutograd(flat, row.tolist())


def probe(function: Callable[[Tensor], Tensor], label: str) -> None:
    """Refuse, with the reason, what cannot stand in a network as an elementwise activation."""
    with warnings.catch_warnings():  # what torch has to say about a thing that is about to be refused confuses
        warnings.simplefilter("ignore")
        _probe_quietly(function, label)


def _probe_quietly(function: Callable[[Tensor], Tensor], label: str) -> None:
    x = torch.linspace(-3, 3, _PROBE)[torch.randperm(_PROBE, generator=torch.Generator().manual_seed(0))]
    y = _call(function, x, label)
    if not isinstance(y, Tensor):
        raise UserError(f"{label} returns {type(y).__name__}, not a tensor.")
    if y.shape != x.shape:
        raise UserError(
            f"{label} turns {_PROBE} values into a tensor of shape {tuple(y.shape)}: it changes the width, "
            "and only elementwise activations can be compared this way."
        )
    if y.dtype != x.dtype:
        raise UserError(f"{label} turns {x.dtype} into {y.dtype}: an activation keeps its input's dtype.")
    if not torch.equal(_call(function, x, label), y) and not y.isnan().any():
        raise UserError(f"{label} gives different results for the same input: a random activation cannot be paired.")
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
        raise UserError(f"{label} failed on {_PROBE} float32 values: {type(error).__name__}: {error}") from None


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
    module.__source__ = target.source
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
