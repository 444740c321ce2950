"""What is checked: any callable, module, autograd Function or block, in the dtype that a check asks for."""

import copy
import math
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from actlab.activations import BLOCKS, Activation
from actlab.checks.battery.findings import Finding, words_of
from actlab.checks.battery.kinks import find_kinks
from actlab.checks.battery.truth import Truth, truth_of
from actlab.checks.identity.known import Identity, identify
from actlab.errors import UserError
from actlab.making import begun, construct, locate, materialised
from actlab.naming import Target

_PROBE = 64
_WIDTH = 8  # of the rows of what is made for no other: even, as gates need
_TIME, _IMAGES = (4,), (2, 2)  # what follows the channels


class _Unsampled(Exception):
    """It does not compute in float64."""


class Subject:
    """One activation under the battery. `reference` is what it is meant to be, `elementwise` that it should be so.

    `width` is the number of its features, the last dimension or, with `channels`, dimension 1: what is elementwise is
    then given any points in rows of that width. `gradient` is the formula of the gradient that is meant.
    """

    def __init__(
        self, target: Target, *, reference: Target | None = None, gradient: str | None = None, elementwise: bool = True,
        width: int | None = None, channels: bool = False,
    ) -> None:  # fmt: skip
        self.label = target.label
        self.wants_elementwise = elementwise
        self.reference = reference
        self.gradient = gradient
        if width is not None and (isinstance(width, bool) or not isinstance(width, int) or width < 1):
            raise UserError(f"width is {width!r}; it must be a whole number of features, 1 or more.")
        self.by_feature = elementwise and (width is not None or channels)
        self._row: tuple[int, ...] = (width or _WIDTH, *(_TIME if channels else ()))
        self.found: dict[str, Finding] = {}  # what one check leaves for the next
        self._taken: dict[torch.dtype, bool] = {}
        thing, self.given = locate(target)
        self.is_class = isinstance(thing, type) and issubclass(thing, torch.nn.Module)
        self.thing: Any = construct(thing, self.label) if self.is_class else thing
        self.class_: Any = thing if self.is_class else type(thing)
        self.block = thing if isinstance(thing, Activation) else None
        self.is_module = isinstance(self.thing, torch.nn.Module)
        if self.is_module:
            made = materialised(self.thing, self.label, self.grid())
            self.by_feature |= elementwise and made is not self.thing  # a lazy one has taken this width
            self.thing = begun(made, self.grid())
        if isinstance(self.thing, type) and not issubclass(self.thing, torch.autograd.Function):
            raise UserError(
                f"{self.label} is a class, but no torch.nn.Module and no autograd Function: name an instance."
            )
        if not callable(self.thing):
            raise UserError(f"{self.label} is {type(self.thing).__name__}, not something that can be called.")
        if channels and not self._works(self.grid()):
            self._row = (self._row[0], *_IMAGES)
        self._refuse_unusable()

    def _refuse_unusable(self) -> None:
        told = self.by_feature or not self.wants_elementwise
        x = self.grid() if told else self.grid().flatten()
        given = f"shape {tuple(x.shape)}" if told else f"{_PROBE} float32 values"
        try:
            y = self.raw()(x)
        except (Exception, SystemExit) as error:
            hint = "" if told else self._hint()
            if isinstance(error, TypeError) and "required positional" in str(error):
                hint = " Name a function of x alone, which gives it the rest."
            raise UserError(f"{self.label} failed on {given}: {words_of(error)}{hint}") from None
        if not isinstance(y, Tensor):
            raise UserError(f"{self.label} returns {type(y).__name__}, not a tensor: nothing of it can be checked.")
        if self.wants_elementwise and y.shape != x.shape:
            raise UserError(
                f"{self.label} turns {given} into a tensor of shape {tuple(y.shape)}. What works on whole rows "
                "is checked with --not-elementwise (elementwise=False)."
            )
        if not told and not self._works(x[:-1]):
            raise UserError(f"{self.label} takes {_PROBE} values, and not {_PROBE - 1}.{self._hint()}")

    def _works(self, x: Tensor) -> bool:
        try:
            y = self.raw()(x.clone())
        except (Exception, SystemExit):
            return False
        return not self.wants_elementwise or y.shape == x.shape

    def _hint(self) -> str:
        """How to check what takes no row of 64 numbers: with a width that it takes, of those that its tensors have."""
        if not self.is_module:
            return ""
        tensors = (*self.thing.parameters(), *self.thing.buffers())
        sizes = Counter(size for tensor in tensors for size in tensor.shape if size > 1)
        shapes = [(size, *after) for size, _ in sizes.most_common() for after in ((), _TIME, _IMAGES)]
        taken = (row[0] for row in shapes if self._works(torch.linspace(-3, 3, 8 * math.prod(row)).view(8, *row)))
        width = next(taken, "N")
        asked = f"--width {width} (width={width})"
        return f" What is made for rows of one width is checked with {asked}, and --channels where dimension 1 has it."

    def rows(self, count: int) -> tuple[int, ...]:
        """The shape of so many rows as it takes them."""
        return (count, *self._row)

    def grid(self, count: int = 8, reach: float = 3.0) -> Tensor:
        """Numbers of [-reach, reach], in rows as it takes them."""
        shape = self.rows(count)
        return torch.linspace(-reach, reach, math.prod(shape)).reshape(shape)

    def fresh(self, dtype: torch.dtype | None = None, device: str | None = None) -> Callable[[Tensor], Tensor]:
        """A copy in evaluation mode, so that no check sees what another does to it; elementwise, for any shape."""
        f = self.raw(dtype, device)
        if not self.by_feature:
            return f
        return _of_first(f, self._row) if self.features_differ else _by_rows(f, self._row)

    def as_they_come(self) -> Callable[[Tensor], Tensor]:
        """A copy for values of any shape, which are features of rows as they come."""
        return _by_rows(self.raw(), self._row) if self.by_feature else self.raw()

    @cached_property
    def features_differ(self) -> bool:
        """Whether each feature has a function of its own, of which the first is then looked at."""
        with torch.no_grad():
            y = self.raw()(self.grid(1)[..., :1].expand(self.rows(1)).clone() + 2.0)
        return not torch.allclose(y, y.flatten()[0].expand_as(y), equal_nan=True)

    def raw(self, dtype: torch.dtype | None = None, device: str | None = None) -> Callable[[Tensor], Tensor]:
        """The copy itself, for rows as it takes them."""
        if self.block is not None:
            return _bound(self.block, tuple(self.settings.values()))
        if isinstance(function := self.thing, type):
            return lambda x: function.apply(x)
        if not self.is_module:
            return self.thing
        module = self.copied()
        return module.to(dtype=dtype, device=device).eval()

    def copied(self) -> torch.nn.Module:
        try:
            return copy.deepcopy(self.thing)
        except Exception:  # a finding of the check of copies; the others go on with what there is
            return construct(self.class_, self.label) if self.is_class else self.thing

    def value(self, points: np.ndarray | Tensor, dtype: torch.dtype) -> Tensor:
        """f at the points, computed in the dtype."""
        x = torch.as_tensor(points).to(dtype)
        with torch.no_grad():
            return self.fresh(dtype)(x.clone())

    def value_and_slope(self, points: np.ndarray | Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """f and what autograd says of f', computed in the dtype."""
        leaf = torch.as_tensor(points).to(dtype).clone().requires_grad_()
        y = self.fresh(dtype)(leaf.clone())  # the clone: what works in place must not meet a leaf
        if not y.requires_grad:
            return y, torch.zeros_like(leaf)
        (slope,) = torch.autograd.grad(y, leaf, torch.ones_like(y), materialize_grads=True)
        return y.detach(), slope

    def in_float64(self, x: np.ndarray) -> np.ndarray:
        """f as numpy sees it. NaN where it fails altogether."""
        return self.value(np.asarray(x, dtype=np.float64), torch.float64).to(torch.float64).numpy()

    def takes(self, dtype: torch.dtype) -> bool:
        """Whether it computes in this dtype at all, with a gradient."""
        if dtype not in self._taken:
            try:
                self.value_and_slope(self.grid(1, 1.0), dtype)
                self._taken[dtype] = True
            except Exception:
                self._taken[dtype] = False
        return self._taken[dtype]

    @cached_property
    def settings(self) -> dict[str, float]:
        """The parameters of a block, in order; of a module the plain numbers that it holds."""
        if self.block is not None:
            return self.block.facts.parameters | self.given
        if not self.is_module:
            return {}
        held = vars(self.thing).items()
        found: dict[str, float] = {k: v for k, v in held if isinstance(v, int | float) and not isinstance(v, bool)}
        tensors = (*self.thing.named_parameters(), *self.thing.named_buffers())
        return found | {name: tensor.item() for name, tensor in tensors if tensor.numel() == 1}

    @cached_property
    def identity(self) -> Identity | None:
        """What it is, by its values; None where it has none in float64, or works on whole rows."""
        if not self.wants_elementwise:
            return None

        def sampled(x: np.ndarray) -> np.ndarray:
            try:
                return self.in_float64(x)
            except Exception as error:  # the activation's own, not one of the search
                raise _Unsampled from error

        try:
            return identify(sampled, parameters=self.settings)
        except _Unsampled:
            return None

    @cached_property
    def truth(self) -> Truth:
        return truth_of(self)

    @cached_property
    def is_elementwise(self) -> bool:
        """Whether each output depends on its own input alone."""
        return self.wants_elementwise and self.dependence() is None

    def dependence(self) -> str | None:
        """How an output depends on other inputs, in words; None where it does not."""
        f = self.fresh()
        x = torch.linspace(-3, 3, _PROBE)[torch.randperm(_PROBE, generator=torch.Generator().manual_seed(0))]
        with torch.no_grad():
            y = f(x.clone())
            moved = x.clone()
            moved[::2] += 1.0
            variants = {
                "when its neighbours change": (lambda: f(moved.clone())[1::2], y[1::2]),
                "when it is alone": (lambda: torch.cat([f(v.clone()) for v in x.split(1)]), y),
                "in another shape": (lambda: f(x.reshape(4, -1).clone()).reshape(-1), y),
                "when a huge value stands beside it": (lambda: f(torch.cat([x, x.new_tensor([1e4])]))[:-1], y),
                "in another order": (lambda: f(x.flip(0)).flip(0), y),
            }
            if self.by_feature:
                rows = self.grid()
                beside = rows.clone()
                beside[:, 1:] += 1.0
                whole = self.raw()
                variants["when other features change"] = (lambda: whole(beside)[:, 0], whole(rows.clone())[:, 0])
            for words, (call, expected) in variants.items():
                try:
                    alike = torch.allclose(call(), expected, rtol=1e-4, atol=1e-5, equal_nan=True)
                except Exception as error:
                    return f"{words} ({type(error).__name__}: {error})"
                if not alike:
                    return words
        return None

    @cached_property
    def kinks(self) -> tuple[float, ...]:
        """Where f bends or jumps: what its truth declares, and what is found in its values."""
        declared = self.truth.kinks
        return tuple(sorted({*declared, *(k for k in self.found_kinks if not near_any(k, declared))}))

    @property
    def slope_kinks(self) -> tuple[float, ...]:
        """Where f' jumps, or the gradient that is declared in its place."""
        return self.truth.gradient.kinks if self.truth.gradient is not None else self.kinks

    @cached_property
    def found_kinks(self) -> tuple[float, ...]:
        return find_kinks(self.truth.reference_values)

    @cached_property
    def native(self) -> Callable[..., Tensor] | None:
        """PyTorch's function of the same meaning, at the same parameters."""
        block, given = self.block, self.given
        if block is None and self.identity is not None and self.identity.kind == "equals":
            block, given = BLOCKS[self.identity.name], self.identity.parameters
        if block is None or (oracle := block.oracle) is None or block.facts.learned:
            return None
        values = block.facts.parameters | given
        return lambda x: oracle(x, *values.values())


def near_any(point: float, others: tuple[float, ...]) -> bool:
    return any(abs(point - other) <= 1e-4 * (1 + abs(other)) for other in others)


def _bound(block: Activation, constants: tuple[float, ...]) -> Callable[[Tensor], Tensor]:
    differentiable = block.differentiable

    def function(x: Tensor) -> Tensor:
        return differentiable(x, *constants)

    function.__code__ = function.__code__.replace(co_name=block.name if block.name.isidentifier() else "function")
    return function


def _of_first(f: Callable[[Tensor], Tensor], row: tuple[int, ...]) -> Callable[[Tensor], Tensor]:
    def call(x: Tensor) -> Tensor:
        each = x.reshape(-1, *(1 for _ in row)).expand(-1, *row).contiguous()
        return f(each).reshape(-1, math.prod(row))[:, 0].reshape(x.shape)

    return call


def _by_rows(f: Callable[[Tensor], Tensor], row: tuple[int, ...]) -> Callable[[Tensor], Tensor]:
    size = math.prod(row)

    def call(x: Tensor) -> Tensor:
        count = x.numel()
        full = -(-count // size)
        filled = F.pad(x.reshape(-1), (0, full * size - count))
        return f(filled.reshape(full, *row)).reshape(-1)[:count].reshape(x.shape)

    return call
