"""What autograd makes of it: gradcheck, double backward, parameters, and the choice at a kink."""

import math
import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.autograd import gradcheck as torch_gradcheck, gradgradcheck as torch_gradgradcheck

from actlab.checks.battery.findings import PORTABILITY, WRONG, Finding
from actlab.checks.battery.kinks import one_sided
from actlab.checks.battery.registry import check, fail, failed, failing, passed, skip
from actlab.checks.battery.subject import Subject, near_any
from actlab.checks.battery.truth import Declared
from actlab.formula import kinks as kinks_at

_POINTS = (-9.7, -4.2, -2.6, -1.37, -0.83, -0.31, 0.27, 0.64, 0.93, 1.71, 2.45, 7.3)
_CLEAR = 0.02  # gradcheck's points keep this distance from a kink
_MANY = 300  # numbers, of which a whole Jacobian by differences takes long
_BETWEEN = 1e-4  # how far outside the one-sided limits rounding may put a derivative


@check(WRONG, needs=("float64",))
def gradcheck(s: Subject) -> Finding:
    """torch.autograd.gradcheck: the gradient follows the upstream gradient, element by element."""
    says = ""
    if s.truth.gradient is not None and s.is_elementwise:
        _as_declared(s, s.truth.gradient)
        says = "The gradient is the upstream one times what is declared, element by element."
    else:
        _checked(torch_gradcheck, s, "The backward pass")
    _scales(s)
    return passed(says)


def _as_declared(s: Subject, gradient: Declared) -> None:
    """Of a gradient that is no derivative: each element's is its upstream gradient times what is declared."""
    leaf = _clear_points(s)
    y = s.fresh(torch.float64)(leaf.clone())
    upstream = torch.linspace(-1, 2, y.numel(), dtype=y.dtype).reshape(y.shape)
    (got,) = torch.autograd.grad(y, leaf, upstream, materialize_grads=True)
    if not torch.allclose(got, upstream * gradient.at(leaf.detach()), rtol=1e-6, atol=1e-9):
        fail("The gradient is not the upstream one times what is declared.", "grad_input = grad_output * g(x).")


def _scales(s: Subject) -> None:
    """k times the upstream gradient gives k times the gradient: gradcheck itself takes ones alone."""
    leaf = _clear_points(s)
    y = s.fresh(torch.float64)(leaf.clone())
    if not y.requires_grad:
        return
    upstream = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)
    (once,) = torch.autograd.grad(y, leaf, upstream, retain_graph=True, materialize_grads=True)
    for factor in (2.0**20, 2.0**-20, -1.0):  # they change no rounding; -1 tells what keeps one sign alone
        (many,) = torch.autograd.grad(y, leaf, factor * upstream, retain_graph=True, materialize_grads=True)
        if not torch.allclose(many, factor * once, rtol=1e-9, atol=1e-290, equal_nan=True):
            fail(
                f"{factor:g} times the upstream gradient does not give {factor:g} times the gradient.",
                "grad_input = grad_output * f'(x): do not clip or normalise what comes from above, of either sign.",
            )


@check(PORTABILITY, needs=("float64",))
def gradgradcheck(s: Subject) -> None:
    """torch.autograd.gradgradcheck: a gradient of the gradient, as gradient penalties need it."""
    _checked(torch_gradgradcheck, s, "The double backward pass")


@check(WRONG, needs=("float64",))
def parameters(s: Subject) -> None:
    """The gradient of what is learned, against differences."""
    x = (_rows_of_points(s) if s.by_feature else _clear_points(s)).detach()
    block = s.block
    if block is not None:
        for name in block.facts.learned:
            if name not in block.derivatives:
                fail(f"{name} is learned, and has no derivative.", f"Add @block.derivative(wrt={name!r}).")
        names = [n for n in block.facts.parameters if n in block.derivatives]
        if not names:
            skip("it has no parameter with a derivative")
        starts = tuple(torch.tensor([s.settings[n]], dtype=torch.float64, requires_grad=True) for n in names)

        def of_block(*values: Tensor) -> Tensor:
            return block(x, *(s.settings | dict(zip(names, values, strict=True))).values())

        _agrees(of_block, starts, f"The derivative by {', '.join(names)}")
        return
    if not s.is_module or not any(p.requires_grad for p in s.thing.parameters()):
        skip("it learns nothing")
    if s.truth.gradient is not None:
        skip("a gradient is declared: that of what is learned cannot be taken by differences")
    module = s.copied().double().eval()
    names = [n for n, p in module.named_parameters() if p.requires_grad]
    # a little beside their start, which may lie on a kink: clamp(a, 1, 10) at 1, relu(x + 0)
    values = [(p.detach() * 1.01 + 0.003).requires_grad_() for p in module.parameters() if p.requires_grad]

    def of_module(*values: Tensor) -> Tensor:
        return torch.func.functional_call(module, dict(zip(names, values, strict=True)), (x,))

    _agrees(of_module, tuple(values), f"The gradient of {', '.join(names)}")


@check(WRONG, needs=("elementwise", "float64"))
def kinks(s: Subject) -> Finding:
    """At a kink the derivative lies between the one-sided limits: any such choice is right."""
    if s.truth.gradient is not None:
        skip("its gradient is declared: see derivative")
    worst, choices = None, []
    for kink in s.kinks:
        left, right = one_sided(s.truth.reference_values, kink)
        low, high = min(left, right), max(left, right)
        if np.isinf([left, right]).any():  # where f' has no end any finite choice of its sign is sound, and so is inf
            low, high = min(low, 0.0), max(high, 0.0)
        for dtype in (torch.float64, torch.float32):
            at = torch.tensor([kink], dtype=dtype)
            if at.item() != kink and dtype == torch.float32:
                continue  # the kink is no float32 number: nothing is chosen there
            got = s.value_and_slope(at, dtype)[1].item()
            outside = max(low - got, got - high)
            share = _BETWEEN if not s.truth.guessed else 10 * _BETWEEN  # a kink that was found is known to 1e-6
            sizes = sum(abs(end) for end in (low, high) if np.isfinite(end))
            if not (outside <= share * (1 + sizes) or got in (low, high)):
                name = str(dtype).removeprefix("torch.")
                worst = failed(
                    f"f' is {got:.4g}; from the left it is {left:.4g}, from the right {right:.4g}.",
                    "Choose the left limit or the right one; sign(x), abs(x) and a division by x lose the slope at 0.",
                    measured=outside, limit=0.0, where=f"{name}, x = {kink:g}",
                )  # fmt: skip
        choices.append(f"f'({kink:g}) = {got:.4g}{_as_torch(s, kink, got)}")
    if worst is not None:
        return worst
    return passed("; ".join(choices) + "." if choices else "No kinks.")


@check(WRONG, needs=("elementwise", "float64", "block"))
def undeclared_kinks(s: Subject) -> None:
    """The kinks that a block declares are those that its values have."""
    assert s.block is not None
    declared = kinks_at(s.block.facts, s.settings)
    missing = [k for k in s.found_kinks if not near_any(k, declared)]
    if missing:
        left, right = one_sided(s.truth.reference_values, missing[0])
        fail(
            f"f' jumps from {left:.4g} to {right:.4g}, and no kink is declared there.",
            f"Declare it: kinks=({', '.join(f'{k:g}' for k in (*declared, *missing))},).",
            where=f"x = {missing[0]:g}",
        )
    extra = [k for k in declared if abs(k) < 11.9 and not near_any(k, s.found_kinks)]
    if extra:
        fail(
            "A kink is declared where f' does not jump.", "Take it out of `kinks`, or look for the mistake in f.",
            where=f"x = {extra[0]:g}",
        )  # fmt: skip


def _as_torch(s: Subject, kink: float, got: float) -> str:
    """What PyTorch takes at this kink, where it has the function and takes something else."""
    if s.native is None:
        return ""
    leaf = torch.tensor([kink], dtype=torch.float64, requires_grad=True)
    theirs = torch.autograd.grad(s.native(leaf).sum(), leaf)[0].item()
    return "" if abs(theirs - got) < 1e-9 else f" (PyTorch takes {theirs:.4g})"


def _clear_points(s: Subject) -> Tensor:
    """Points off the kinks at which f is a number."""
    if not s.wants_elementwise:
        return _rows_of_points(s)
    points = np.array(_POINTS)
    if s.is_elementwise:
        for kink in {*s.kinks, *s.slope_kinks}:
            points = np.where(np.abs(points - kink) < _CLEAR, points + 2 * _CLEAR, points)
        finite = points[np.isfinite(s.in_float64(points))]  # where f is not, another check says so
        points = np.resize(finite, len(points)) if len(finite) else points
    return torch.tensor(points, dtype=torch.float64).reshape(3, 4).requires_grad_()


def _rows_of_points(s: Subject) -> Tensor:
    shape = s.rows(2)
    count = math.prod(shape)
    points = np.resize(_POINTS, count) * (1 + 0.013 * (np.arange(count) // len(_POINTS)))  # no two are equal
    return torch.tensor(points.reshape(shape)).requires_grad_()


def _checked(checker: Callable[..., object], s: Subject, what: str) -> None:
    f = s.fresh(torch.float64)
    if not f(_clear_points(s).clone()).requires_grad:
        skip("it has no gradient")
    _agrees(lambda x: f(x.clone()), (_clear_points(s),), what, checker)


def _agrees(
    f: Callable[..., Tensor], inputs: tuple[Tensor, ...], what: str, checker: Callable[..., object] = torch_gradcheck
) -> None:
    mend = (
        "grad_input = grad_output * f'(x), elementwise; every operation of backward must itself be differentiable "
        "(no .data, .detach, numpy, once_differentiable)."
    )
    with failing(f"{what} disagrees with differences, or fails", mend), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checker(f, inputs, eps=1e-6, atol=1e-5, rtol=1e-4, fast_mode=sum(x.numel() for x in inputs) > _MANY)
