"""Shapes, memory, neighbours: what an elementwise function owes to any tensor it is given."""

import torch
from torch import Tensor

from actlab import functional
from actlab.activations import BLOCKS
from actlab.battery.findings import WRONG, Finding
from actlab.battery.registry import check, failed, passed, skipped
from actlab.battery.subject import Subject

_SHAPES = ((), (0,), (3,), (2, 3), (2, 0, 3), (2, 3, 4, 5))


@check(WRONG)
def elementwise(s: Subject) -> Finding:
    """Each output depends on its own input alone, whatever stands beside it."""
    if not s.wants_elementwise:
        return skipped("it is checked as a function of whole rows")
    words = s.dependence()
    if words is None:
        return passed()
    return failed(
        f"The result for an input changes {words}.",
        "Statistics of the batch, sorting and softmax make it no activation of a single number; what is meant so is "
        "checked with --not-elementwise.",
    )


@check(WRONG)
def deterministic(s: Subject) -> Finding:
    """The same result twice, in evaluation mode."""
    x = torch.linspace(-3, 3, 64).reshape(8, 8)
    f = s.fresh()
    with torch.no_grad():
        first, second = f(x.clone()), f(x.clone())
    if torch.allclose(first, second, rtol=0, atol=0, equal_nan=True):
        return passed()
    return failed(
        "Two calls with the same input differ.", "Draw at random in training mode only: `if self.training`.",
        measured=(first - second).abs().max().item(), limit=0.0,
    )  # fmt: skip


@check(WRONG, needs=("elementwise",))
def shapes(s: Subject) -> Finding:
    """Any shape, 0-d and empty ones too, and any strides: the same numbers in the same shape."""
    f = s.fresh()
    generator = torch.Generator().manual_seed(0)
    cases = {f"shape {shape}": torch.randn(shape, generator=generator) for shape in _SHAPES}
    wide = torch.randn(2, 6, 4, 4, generator=generator)
    cases |= {
        "a transposed tensor": wide.transpose(1, 3),
        "every second element": torch.randn(9, generator=generator)[::2],
        "an expanded tensor": torch.randn(3, 1, generator=generator).expand(3, 4),
        "channels-last memory": wide.to(memory_format=torch.channels_last),
    }
    for words, x in cases.items():
        finding = _shape_case(f, words, x)
        if finding is not None:
            return finding
    return passed()


@check(WRONG)
def input_kept(s: Subject) -> Finding:
    """Neither the input nor the upstream gradient is changed."""
    x = torch.linspace(-3, 3, 64).reshape(8, 8)
    leaf = x.clone().requires_grad_()
    mid = leaf * 1.0
    before = mid.detach().clone()
    y = s.fresh()(mid)
    if not torch.equal(mid.detach(), before):
        return failed("The input is changed by the forward pass.", "Work on a new tensor: no x.mul_(), no out=x.")
    if y.requires_grad:
        upstream = torch.full_like(y, 0.5)
        y.backward(upstream)
        if not torch.equal(upstream, torch.full_like(upstream, 0.5)):
            return failed("backward changes the gradient it is given.", "Multiply into a new tensor.")
    return passed()


@check(WRONG, needs=("elementwise",))
def inplace(s: Subject) -> Finding:
    """inplace=True is honoured with the right gradient, or refused."""
    f = _inplace_form(s)
    if f is None:
        return skipped("it has no inplace")
    leaf = torch.linspace(-2.9, 3.1, 16).requires_grad_()
    value, slope = s.value_and_slope(leaf.detach(), torch.float32)
    x = leaf * 1.0
    try:
        y = f(x)
    except (RuntimeError, TypeError, NotImplementedError, ValueError):
        return passed("It refuses.")
    mend = "Overwrite the input (x.copy_(y), ctx.mark_dirty(x)) and return it, or take no inplace argument."
    if y.data_ptr() != x.data_ptr():
        return failed("inplace=True is accepted and ignored: another tensor is returned.", mend)
    if not torch.allclose(y, value, rtol=1e-6, atol=1e-6):
        return failed("In place the values are other ones.", mend)
    try:
        (got,) = torch.autograd.grad(y.sum(), leaf)
    except RuntimeError as error:  # autograd noticed: refused at the last moment, but refused
        return passed(f"backward refuses: {str(error)[:80]}")
    if not torch.allclose(got, slope, rtol=1e-5, atol=1e-6):
        place = int((got - slope).abs().argmax())
        return failed(
            f"In place f' is {got[place]:.4g}, otherwise {slope[place]:.4g}.",
            "Save what backward needs before it is overwritten, or compute f' from the output.",
            where=f"x = {leaf[place].item():.3g}",
        )
    return passed("It is honoured.")


def _inplace_form(s: Subject) -> object | None:
    if s.block is not None:
        if not s.block.facts.inplace or BLOCKS.get(s.block.name) is not s.block:
            return None
        function = getattr(functional, s.block.name)
        return lambda x: function(x, *s.constants, inplace=True)
    if s.is_module:
        if hasattr(s.thing, "inplace"):
            module = s.fresh()
            module.inplace = True
            return module
        if s.is_class and s.option("inplace"):
            return s.class_(inplace=True).eval()
        return None
    if not isinstance(s.thing, type) and s.option("inplace"):
        return lambda x: s.thing(x, inplace=True)
    return None


def _shape_case(f: object, words: str, x: Tensor) -> Finding | None:
    mend = "Use elementwise operations only: no .view on what may not be contiguous, no assumption on dimensions."
    leaf = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    given = leaf * 1.0 if x.numel() else leaf.clone()
    try:
        y = f(given)
        flat = f(x.contiguous().flatten().clone()) if x.numel() > 1 else None
        if y.requires_grad:
            torch.autograd.grad(y.sum(), leaf, allow_unused=True)
    except Exception as error:
        return failed(f"It fails: {type(error).__name__}: {str(error)[:160]}", mend, where=words)
    if y.shape != x.shape:
        return failed(f"It returns shape {tuple(y.shape)}.", mend, where=words)
    if flat is not None and not torch.allclose(
        y.detach().flatten(), flat.detach(), rtol=1e-5, atol=1e-6, equal_nan=True
    ):
        return failed("The numbers differ from those of the same values in a row.", mend, where=words)
    return None
