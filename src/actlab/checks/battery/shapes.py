"""Shapes, memory, neighbours: what an elementwise function owes to any tensor it is given."""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from actlab import functional
from actlab.activations import BLOCKS
from actlab.checks.battery import sampling
from actlab.checks.battery.findings import WRONG, Finding, words_of
from actlab.checks.battery.registry import check, fail, failing, passed, skip
from actlab.checks.battery.subject import Subject
from actlab.making import same

_SHAPES = ((), (0,), (3,), (2, 3), (2, 0, 3), (2, 3, 4, 5))


@check(WRONG)
def elementwise(s: Subject) -> None:
    """Each output depends on its own input alone, whatever stands beside it."""
    if not s.wants_elementwise:
        skip("it is checked as a function of whole rows")
    if words := s.dependence():
        fail(
            f"The result for an input changes {words}.",
            "Statistics of the batch, sorting and softmax make it no activation of a single number; what is meant so "
            "is checked with --not-elementwise.",
        )


@check(WRONG)
def deterministic(s: Subject) -> None:
    """The same result twice, in evaluation mode."""
    x = s.grid()
    f = s.raw()
    with torch.no_grad():
        first, second = f(x.clone()), f(x.clone())
    if not same(first, second):
        gap = (first - second).abs().max().item()
        mend = "Draw at random in training mode only: `if self.training`."
        fail("Two calls with the same input differ.", mend, measured=gap, limit=0.0)


@check(WRONG, needs=("elementwise",))
def shapes(s: Subject) -> None:
    """Any shape, 0-d and empty ones too, and any strides: the same numbers in the same shape."""
    mend = "Use elementwise operations only: no .view on what may not be contiguous, no assumption on dimensions."
    f, of_any_shape = s.raw(), s.as_they_come()
    for words, x in _layouts(s).items():
        leaf = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
        with failing("It fails", mend, where=words):
            y = f(leaf * 1.0 if x.numel() else leaf.clone())
            flat = of_any_shape(x.contiguous().flatten().clone()) if x.numel() > 1 else y
            if y.requires_grad:
                torch.autograd.grad(y.sum(), leaf, allow_unused=True)
        scaled = x.dim() == 0 and y.numel() == 1  # by what has shape (1,); no network gives 0-d inputs
        if y.shape != x.shape and not scaled:
            fail(f"It returns shape {tuple(y.shape)}.", mend, where=words)
        if not torch.allclose(y.detach().flatten(), flat.detach().flatten(), rtol=1e-5, atol=1e-6, equal_nan=True):
            fail("The numbers differ from those of the same values in a row.", mend, where=words)


def _layouts(s: Subject) -> dict[str, Tensor]:
    """Tensors of all shapes and strides that it may be given, by what is said of them."""
    generator = torch.Generator().manual_seed(0)
    allowed = [s.rows(count) for count in (0, 1, 3)] if s.by_feature else _SHAPES
    cases = {f"shape {shape}": torch.randn(shape, generator=generator) for shape in allowed}
    wide = torch.randn(s.rows(4) if s.by_feature else (2, 6, 4, 4), generator=generator)
    cases |= {
        "a transposed tensor": wide.transpose(0, -1).contiguous().transpose(0, -1),
        "every second element": wide[::2],
        "an expanded tensor": wide[:1].expand(wide.shape),
    }
    if not s.by_feature:
        cases |= {
            "a transposed tensor": wide.transpose(1, 3),
            "every second element": torch.randn(9, generator=generator)[::2],
            "channels-last memory": wide.to(memory_format=torch.channels_last),
        }
    return cases


@check(WRONG)
def input_kept(s: Subject) -> None:
    """Neither the input nor the upstream gradient is changed, however large: leaf or not, a view, without gradients."""
    numbers = s.grid().flatten()
    if s.is_elementwise:
        numbers = torch.cat([_everywhere(), numbers])
    rows = -(-len(numbers) // numbers.new_empty(s.rows(1)).numel())
    numbers = numbers.repeat(2)[: numbers.new_empty(s.rows(rows)).numel()].reshape(s.rows(rows))
    mend = "Work on a new tensor: no x.mul_(), no out=x, no x.data."
    f = s.raw()
    for words, make in _INPUTS.items():
        whole, x = make(numbers)
        before = whole.detach().clone()
        with torch.set_grad_enabled(words != "without gradients"):
            y = f(x)
        if not same(whole, before):
            place = ~((whole == before) | (whole.isnan() & before.isnan()))
            first = before[place][before[place].abs().argmin()].item()
            fail("The input is changed by the forward pass.", mend, where=f"{words}, x = {first:g}")
        if y.requires_grad:
            upstream = numbers.flatten().repeat(-(-y.numel() // numbers.numel()))[: y.numel()].reshape(y.shape)
            given = upstream.clone()
            torch.autograd.grad(y, x, upstream, allow_unused=True)
            if not same(upstream, given):
                fail("backward changes the gradient it is given.", "Multiply into a new tensor.", where=words)


_INPUTS: dict[str, Callable[[Tensor], tuple[Tensor, Tensor]]] = {  # the tensor that must stay, and the part given
    "no leaf": lambda x: ((mid := x.clone().requires_grad_() * 1.0), mid),
    "a view": lambda x: ((whole := torch.cat([x, x]).requires_grad_() * 1.0), whole[len(x) :]),
    "without gradients": lambda x: ((plain := x.clone()), plain),
    "a leaf": lambda x: ((leaf := x.clone().requires_grad_()), leaf),  # last: autograd refuses it without our words
}


@cache
def _everywhere() -> Tensor:
    """The centre, the tails, the ends of float32, infinity and NaN."""
    ends = [*sampling.extremes(torch.float32), np.inf, -np.inf, np.nan]
    return torch.tensor(np.concatenate([ends, sampling.tails(), sampling.centre()]), dtype=torch.float32)


@check(WRONG, needs=("elementwise",))
def inplace(s: Subject) -> Finding:
    """inplace=True is honoured with the right gradient, or refused."""
    f = _inplace_form(s)
    if f is None:
        skip("it has no inplace")
    leaf = (s.grid(2) + 0.1).requires_grad_()
    value, slope = s.value_and_slope(leaf.detach(), torch.float32)
    x = leaf * 1.0
    try:
        y = f(x)
    except (RuntimeError, TypeError, NotImplementedError, ValueError):
        return passed("It refuses.")
    mend = "Overwrite the input (x.copy_(y), ctx.mark_dirty(x)) and return it, or take no inplace argument."
    if y.data_ptr() != x.data_ptr():
        fail("inplace=True is accepted and ignored: another tensor is returned.", mend)
    if not torch.allclose(y, value, rtol=1e-6, atol=1e-6):
        fail("In place the values are other ones.", mend)
    try:
        (got,) = torch.autograd.grad(y.sum(), leaf)
    except RuntimeError as error:  # autograd noticed: refused at the last moment, but refused
        return passed(f"backward refuses: {words_of(error)}")
    if not torch.allclose(got, slope, rtol=1e-5, atol=1e-6):
        place = int((got - slope).abs().argmax())
        fail(
            f"In place f' is {got.flatten()[place]:.4g}, otherwise {slope.flatten()[place]:.4g}.",
            "Save what backward needs before it is overwritten, or compute f' from the output.",
            where=f"x = {leaf.flatten()[place].item():.3g}",
        )
    return passed("It is honoured.")


def _inplace_form(s: Subject) -> Callable[[Tensor], Tensor] | None:
    """It with inplace=True; None where it has no such option."""
    if s.block is not None:
        if not s.block.facts.inplace or BLOCKS.get(s.block.name) is not s.block:
            return None
        function = getattr(functional, s.block.name)
        return lambda x: function(x, *s.settings.values(), inplace=True)
    if s.is_module and hasattr(s.thing, "inplace"):
        module: Any = s.raw()
        module.inplace = True
        return module
    if isinstance(s.thing, type) or (s.is_module and not s.is_class):
        return None
    try:
        parameters = inspect.signature(s.class_ if s.is_module else s.thing).parameters
    except (TypeError, ValueError):
        return None
    if "inplace" not in parameters:
        return None
    return s.class_(inplace=True).eval() if s.is_module else lambda x: s.thing(x, inplace=True)
