"""Around a step of training: between forward and backward, when a result is dropped, at the second step."""

import gc
import weakref
from collections.abc import Callable

import torch
from torch import Tensor

from actlab.battery.findings import WRONG, Finding
from actlab.battery.registry import check, failed, passed, skipped
from actlab.battery.subject import Subject

_KEEP = "Keep inputs and outputs with ctx.save_for_backward(...), which sees to it; never as ctx.x, on self or a class."


@check(WRONG)
def kept_numbers(s: Subject) -> Finding:
    """Between forward and backward input or output is changed in place, or another call is made: no other gradient."""
    f = s.raw()
    expected = _gradient(f, s, lambda x, y: None)
    if expected is None:
        return skipped("it has no gradient")
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
        if not torch.allclose(got, expected, rtol=1e-5, atol=1e-6, equal_nan=True):
            gap = (got - expected).abs().max().item()
            says = f"The gradient is another one when, before backward, {words}; nothing is said."
            return failed(says, _KEEP, measured=gap, limit=0.0)
    return passed()


def _gradient(f: Callable[[Tensor], Tensor], s: Subject, event: Callable[[Tensor, Tensor], object]) -> Tensor | None:
    leaf = (s.grid() + 0.01).requires_grad_()
    x = leaf * 1.0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        y = f(x)
    if not y.requires_grad:
        return None
    with torch.no_grad():
        event(x, y)
    return torch.autograd.grad(y, leaf, torch.linspace(0.5, 1, y.numel()).reshape(y.shape), materialize_grads=True)[0]


@check(WRONG)
def released(s: Subject) -> Finding:
    """Input and output of a call are freed with the last reference to them."""
    f = s.raw()

    def call() -> list[weakref.ref[Tensor]]:
        x = s.grid().requires_grad_() * 1.0
        return [weakref.ref(x), weakref.ref(f(x))]

    calls = [call() for _ in range(3)]  # the last one may be kept, to look at
    for place, name in enumerate(("input", "output")):
        if sum(refs[place]() is not None for refs in calls) > 1:
            gc.collect()
            later = "" if sum(refs[place]() is not None for refs in calls) > 1 else " before Python collects garbage"
            return failed(f"The {name} of each call is kept: its memory is never freed{later}.", _KEEP)
    return passed()


@check(WRONG, needs=("module", "float32"))
def training(s: Subject) -> Finding:
    """Two steps of training, forward, backward and update: they work, and give numbers where evaluation does."""
    with torch.no_grad():
        sound = s.raw()(s.grid()).isfinite()
    module = s.copied().float().train()
    for step in ("first", "second"):
        leaf = s.grid().requires_grad_()
        module.zero_grad()
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                y = module(leaf * 1.0)
            if y.requires_grad:
                y.sum().backward()
        except Exception as error:
            says = f"The {step} step of training fails: {type(error).__name__}: {' '.join(str(error).split())[:120]}"
            return failed(says, "Statistics are kept without their graph: self.scale = (...).detach(), in a buffer.")
        if (sound & ~y.detach().isfinite()).any():
            return failed(
                "In training mode f is no number where it is one in evaluation.", _TRAIN, where=f"{step} step"
            )
        learned = {name: p for name, p in module.named_parameters() if p.grad is not None}
        for name, tensor in {"x": leaf, **learned}.items():
            if sound.all() and tensor.grad is not None and not tensor.grad.isfinite().all():
                return failed(f"In training mode the gradient by {name} is no number.", _TRAIN, where=f"{step} step")
        with torch.no_grad():
            for parameter in learned.values():
                parameter.sub_(1e-3 * parameter.grad)
    return _training_slopes(s)


_TRAIN = "Look at what forward does under `if self.training`: a division by a statistic of one value, a logarithm."


def _training_slopes(s: Subject) -> Finding:
    """The gradient in training mode against differences, at the same random numbers; where it is elementwise there."""
    if not s.is_elementwise or s.truth.gradient is not None or not s.takes(torch.float64):
        return passed()

    def at(x: Tensor) -> Tensor:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return s.copied().double().train()(x * 1.0)

    x = s.grid().double() + 0.01
    change = torch.ones_like(x)
    change[len(x) // 2 :, ::2] = 0  # neighbours in the batch and in the row
    if not torch.allclose(at(x + change)[change == 0], at(x)[change == 0], equal_nan=True):
        return passed()  # statistics of the batch, which may be meant as constants
    leaf = x.clone().requires_grad_()
    with torch.random.fork_rng(devices=[]):
        y = at(leaf)
        torch.manual_seed(1)  # what is drawn in backward is drawn anew
        if not y.requires_grad:
            return passed()
        (got,) = torch.autograd.grad(y.sum(), leaf, materialize_grads=True)
    h = 1e-6
    with torch.no_grad():
        true = (at(x + h) - at(x - h)) / (2 * h)
    plain, slope = s.value_and_slope(x, torch.float64)
    clear = (y.detach() != plain) | ~torch.isclose(got, slope)  # what is as in evaluation other checks have seen
    for kink in s.kinks:
        clear &= (x - kink).abs() > 1e-3
    error = torch.where(clear & true.isfinite(), (got - true).abs(), 0.0)
    if (error <= 1e-3 * (1 + true.abs().nan_to_num())).all():
        return passed()
    place = int(error.nan_to_num(nan=torch.inf).argmax())
    return failed(
        f"In training mode f' is {got.flatten()[place]:.4g}; by differences it is {true.flatten()[place]:.4g}.",
        "What is drawn at random in forward is kept for backward: ctx.save_for_backward(mask).",
        where=f"x = {x.flatten()[place]:.4g}",
    )
