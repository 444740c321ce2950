"""Around a step of training: between forward and backward, when a result is dropped, at the second step."""

import gc
import weakref
from collections.abc import Callable

import torch
from torch import Tensor

from actlab.checks.battery.findings import WRONG
from actlab.checks.battery.registry import check, fail, failing, skip
from actlab.checks.battery.subject import Subject

_KEEP = "Keep inputs and outputs with ctx.save_for_backward(...), which sees to it; never as ctx.x, on self or a class."
_TRAIN = "Look at what forward does under `if self.training`: a division by a statistic of one value, a logarithm."


@check(WRONG)
def kept_numbers(s: Subject) -> None:
    """Between forward and backward input or output is changed in place, or another call is made: no other gradient."""
    f = s.raw()
    expected = _gradient(f, s, lambda x, y: None)
    if expected is None:
        skip("it has no gradient")
    between: dict[str, Callable[[Tensor, Tensor], object]] = {
        "the output is changed in place, as in y += x": lambda x, y: y.add_(1),
        "the input is changed in place": lambda x, y: x.add_(1),
        "another call is made": lambda x, y: f(x.detach() * -0.5 + 0.25),
    }
    for words, event in between.items():
        try:
            got = _gradient(f, s, event)
        except RuntimeError:
            continue  # autograd has noticed, and refuses
        assert got is not None, "a call has a gradient, and the next one has none"
        if not torch.allclose(got, expected, rtol=1e-5, atol=1e-6, equal_nan=True):
            gap = (got - expected).abs().max().item()
            says = f"The gradient is another one when, before backward, {words}; nothing is said."
            fail(says, _KEEP, measured=gap, limit=0.0)


def _gradient(f: Callable[[Tensor], Tensor], s: Subject, event: Callable[[Tensor, Tensor], object]) -> Tensor | None:
    leaf = (s.grid() + 0.01).requires_grad_()
    x = leaf * 1.0
    torch.manual_seed(0)
    y = f(x)
    if not y.requires_grad:
        return None
    with torch.no_grad():
        event(x, y)
    return torch.autograd.grad(y, leaf, torch.linspace(0.5, 1, y.numel()).reshape(y.shape), materialize_grads=True)[0]


@check(WRONG)
def released(s: Subject) -> None:
    """Input and output of a call are freed with the last reference to them."""
    f = s.raw()

    def call() -> list[weakref.ref[Tensor]]:
        x = s.grid().requires_grad_() * 1.0
        return [weakref.ref(x), weakref.ref(f(x))]

    calls = [call() for _ in range(3)]  # the last one may be kept, to look at
    for name, refs in zip(("input", "output"), zip(*calls, strict=True), strict=True):
        if sum(ref() is not None for ref in refs) > 1:
            gc.collect()
            later = "" if sum(ref() is not None for ref in refs) > 1 else " before Python collects garbage"
            fail(f"The {name} of each call is kept: its memory is never freed{later}.", _KEEP)


@check(WRONG, needs=("module", "float32"))
def training(s: Subject) -> None:
    """Two steps of training, forward, backward and update: they work, and give numbers where evaluation does."""
    with torch.no_grad():
        sound = s.raw()(s.grid()).isfinite()
    module = s.copied().float().train()
    for step in ("first", "second"):
        leaf = s.grid().requires_grad_()
        module.zero_grad()
        mend = "Statistics are kept without their graph: self.scale = (...).detach(), in a buffer."
        with failing(f"The {step} step of training fails", mend):
            torch.manual_seed(0)
            y = module(leaf * 1.0)
            if y.requires_grad:
                y.sum().backward()
        if (sound & ~y.detach().isfinite()).any():
            says = "In training mode f is no number where it is one in evaluation."
            fail(says, _TRAIN, where=f"{step} step")
        learned = {name: p for name, p in module.named_parameters() if p.grad is not None}
        for name, tensor in {"x": leaf, **learned}.items():
            if sound.all() and tensor.grad is not None and not tensor.grad.isfinite().all():
                fail(f"In training mode the gradient by {name} is no number.", _TRAIN, where=f"{step} step")
        with torch.no_grad():
            for parameter in learned.values():
                assert parameter.grad is not None
                parameter.sub_(1e-3 * parameter.grad)
