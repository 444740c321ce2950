"""Exercise 3.2. Told apart: a gate that is another function's, or never closes; what is kept that need not be."""

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import torch

from actlab.learn.exercises.leaky_relu import backward, judged, wrong

_X = torch.tensor([-3.0, -1.2, -0.5, 0.3, 0.7, 2.4], dtype=torch.float64)
_DY = torch.tensor([2.0, -1.1, 0.5, 4.0, 3.3, -2.0], dtype=torch.float64)  # nowhere 1
_ALONE = "that is the slope alone. dL/dx is dy, what comes in, times the slope, element by element."
_HARD = (_X.abs() < 1).double()
_OF_HARD = (
    (_HARD, _ALONE),
    (_DY, "the gate is open everywhere. Where x is beyond 1, what exactly is y? y itself never is beyond 1."),
    (_DY * (_X > 0), "that is ReLU's gate. Between -1 and 0 the slope is 1, too."),
    (_DY * (_X < 1), "it is open below -1, where y stands still. There are two corners."),
    (_DY * (_X > -1), "it is open above 1, where y stands still. There are two corners."),
    (_DY - _DY * _HARD, "the gate is upside down: closed between -1 and 1, and open where y stands still."),
)
_OF_ABS = (
    (_X.sign(), _ALONE),
    (_DY, "its slope is 1 everywhere. y is 2 where x is 2, and where x is -2: can what is kept tell the two apart?"),
    (_DY * (_X > 0), "left of 0 nothing goes back, as in ReLU. There y grows when x falls: what is the slope?"),
    (-_DY * _X.sign(), "the sides are exchanged: where x is above 0, y grows with it."),
    (_DY * _X, "it multiplies dy by x. The slope is the same however far from 0 x is."),
)
_WAYS = (
    ("HardTanh", "hardtanh", 0, _DY * _HARD, _OF_HARD, "What is kept anyway, and shows where x was cut off?"),
    ("Abs", "abs(x)", 1, _DY * _X.sign(), _OF_ABS, "How many answers are there to what backward has to ask about x?"),
)


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """Of each what goes back, then what is kept; where all that is right, what only the battery thinks of."""
    ready = 0
    for name, _, most, true, known, hint in _WAYS:
        says = _wrong_gradient(getattr(module, name), true, known)
        yield not says, f"{name}, backward: {says or 'what comes in, times the slope.'}"
        if not says:
            says = _too_much(getattr(module, name), most, hint)
            yield not says, f"{name}, kept: {says or f'bytes a number beside y: at most {most}.'}"
        ready += not says
    if ready == len(_WAYS):
        for name, reference, *_ in _WAYS:
            yield from judged(getattr(module, name), reference, f"{name}, battery")


def _wrong_gradient(function: Any, true: torch.Tensor, known: Sequence[tuple[torch.Tensor, str]]) -> str:
    try:
        return wrong(backward(function, _X, _DY), true, _X, "dL/dx, dy times the slope,", known)
    except TypeError as error:
        if "ellipsis" in str(error):
            return "the gap in setup_context is still there: put a tensor in the place of the dots."
        raise


def _too_much(function: Any, most: int, hint: str) -> str:
    """What is kept that need not be, or where nobody sees it; nothing, if it is as little as it can be."""
    x = torch.randn(64, 128, requires_grad=True)
    bytes: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        bytes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = function.apply(x)
    bytes.pop(y.untyped_storage().data_ptr(), None)
    number = sum(bytes.values()) / x.numel()
    hidden = [
        name
        for name, value in vars(y.grad_fn).items()
        if hasattr(value, "__len__") and not isinstance(value, torch.Size)
    ]
    if hidden:
        return f"ctx.{hidden[0]} is kept outside save_for_backward, where autograd neither sees nor frees it."
    if number > most:
        return f"bytes a number beside y: {number:g}; {most} will do. {hint}"
    return ""
