"""The forms in which a formula is computed: value and derivatives, each rewritten, guarded and tried in floats."""

import dataclasses
import math
from collections.abc import Mapping

import torch
from mpmath import mp

from actlab.formula import TRUE, Apply, Exact, Node, X, differentiate
from actlab.making.floats.branches import guarded
from actlab.making.floats.far import far
from actlab.making.floats.series import SMALL, near_zero
from actlab.making.floats.sound import smooth, sound
from actlab.making.tensors import compiled


@dataclasses.dataclass(frozen=True)
class Forms:
    """Trees to compute: the value, and the derivative with respect to x and each parameter."""

    value: Node
    derivatives: dict[str, Node]


def forms(node: Node, parameters: Mapping[str, float]) -> Forms:
    """The sound forms of a formula.

    >>> from actlab.formula import parse
    >>> found = forms(parse("x/(1 + exp(-x))"), {})
    >>> str(found.value), str(found.derivatives["x"])
    ('x*sigmoid(x)', 'sigmoid(x) + x*(sigmoid(x)*sigmoid(-x))')
    """
    even = smooth(node)
    value = _with_nan(far(node, _mended(node, sound(node), parameters, 0), parameters), parameters)
    derivatives = {
        wrt: far(node, _mended(node, smooth(differentiate(even, wrt)), parameters, 1, wrt), parameters, 1, wrt)
        for wrt in ("x", *parameters)
    }
    return Forms(value, derivatives)


def _mended(node: Node, form: Node, parameters: Mapping[str, float], order: int, wrt: str = "x") -> Node:
    """The form, with a polynomial near 0 where floats lose its digits there. Parameters must be fixed for that."""
    plain = guarded(form, parameters)
    if node.names or _right_near_zero(node, plain, parameters, order, wrt):
        return plain
    better = near_zero(node, form, parameters, order, wrt)
    if better is None:
        return plain
    better = guarded(better, parameters)
    return better if _right_near_zero(node, better, parameters, order, wrt) else plain


def _right_near_zero(node: Node, form: Node, parameters: Mapping[str, float], order: int, wrt: str) -> bool:
    """Whether float64 and float32 agree with the truth near 0: relatively for a value, absolutely for a slope."""
    exact = Exact(node, parameters)
    for dtype in (torch.float64, torch.float32):
        x = torch.tensor(SMALL, dtype=dtype)
        got = compiled(form, tuple(parameters))(x, *parameters.values()).tolist()
        truth = exact.slopes(x.tolist(), wrt, order)
        limits = torch.finfo(dtype)
        for value, true in zip(got, truth, strict=True):
            if not mp.isfinite(true):
                continue
            allowed = 1e-4 * abs(true) if order == 0 else 16 * limits.eps * (1 + abs(true))
            if abs(true) > limits.tiny and not abs(value - true) <= allowed:
                return False
    return True


def _with_nan(form: Node, parameters: Mapping[str, float]) -> Node:
    """The form with nan where x is nan: a condition on nan does not hold, and would pick a piece."""
    got = compiled(form, tuple(parameters))(torch.tensor([math.nan], dtype=torch.float64), *parameters.values())
    return form if got.isnan().all() else Apply("Piecewise", X, Apply("!=", X, X), form, TRUE)
