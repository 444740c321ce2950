"""Exercise 1.1. Told apart: the other order of a product, a bias forgotten, a pair between which no unit changes."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

W1, B1 = np.array([[1.0, -2.0], [0.5, 1.5]]), np.array([1.0, -0.5])
W2, B2 = np.array([[2.0, 1.0], [-1.0, 0.5]]), np.array([0.25, -1.0])
_OTHER = np.cos(np.arange(12.0)).reshape(4, 3), np.arange(4.0), np.sin(np.arange(8.0)).reshape(2, 4), np.array([0.3, 2])
_NEAR = 1e-6
_GAP = "the gap is still there: put an expression in the place of the dots."
_THROUGH = "b1 went through W1. It is added behind W1, so only W2 meets it."
_FOR_W = (
    (W1 @ W2, "the other order: x meets W1 first, so W1 stands next to x, on the right: (...) @ x."),
    ((W2 @ W1).T, "it is turned, rows for columns. Here x stands on the right, and nothing is to be turned."),
    (W2 * W1, "`*` goes element by element. A layer behind a layer is a matrix product: `@`."),
)
_FOR_B = (
    (B2, "the first layer's bias is forgotten. b1 goes through the second layer, too."),
    (B1 + B2, "b1 is added as it is. It goes through the second layer: what becomes of it there?"),
    (W2 @ B1, "the second layer's own bias is forgotten."),
    (W1 @ B1 + B2, _THROUGH),
    (W2 @ W1 @ B1 + B2, _THROUGH),
    (W1 @ B2 + B1, "the other order: it is the second layer that is applied to what the first gives."),
    (W2.T @ B1 + B2, "W2 is turned: a vector on its left meets its columns. It is to stand on W2's right."),
)


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """W, then b, then both for layers of other shapes, then the pair."""
    for hints, (w1, b1, w2, b2) in (((_FOR_W, _FOR_B), (W1, B1, W2, B2)), (((), ()), _OTHER)):
        given = module.collapse(w1.copy(), b1.copy(), w2.copy(), b2.copy())
        for name, one, true, known in zip("Wb", given, (w2 @ w1, w2 @ b1 + b2), hints, strict=True):
            other = "other numbers than the two layers have, one behind the other."
            if np.shape(one) != true.shape:
                other = f"of the shape {np.shape(one)}; the two layers, one behind the other, have {true.shape}."
            mistakes = (says for mistake, says in known if _equal(one, mistake))
            says = "" if _equal(one, true) else _GAP if one is Ellipsis else next(mistakes, other)
            yield not says, f"{name}, layers {w1.shape} and {w2.shape}: {says or 'does what both layers do.'}"
            if says:
                return
    says = _pair(module.P, module.Q)
    yield not says, f"P and Q: {says or 'halfway between them is not the mean. No linear layer does that.'}"


def _pair(*pair: Any) -> str:
    """Why two inputs do not show that the network with relu is no linear layer; nothing, if they do."""
    if any(np.shape(one) != (2,) for one in pair):
        words = "an input has two numbers, as [0.5, -3]; one of these has not."
        return _GAP if any(one is Ellipsis for one in pair) else words
    p, q = (np.asarray(one, dtype=float) for one in pair)
    at_p, at_q, halfway = (W2 @ np.maximum(W1 @ x + B1, 0) + B2 for x in (p, q, (p + q) / 2))
    if np.abs(halfway - (at_p + at_q) / 2).max() > _NEAR * (1 + np.abs([at_p, at_q]).max()):
        return ""
    if np.array_equal(p, q):
        return "they are the same point, and halfway is it, too. Take two."
    units = f"W1 @ x + b1 is {np.round(W1 @ p + B1, 3)} at P and {np.round(W1 @ q + B1, 3)} at Q: no unit changes its"
    return f"{units} sign. All the way relu is x or 0, and the network one linear layer. Find two where one does."


def _equal(given: Any, one: np.ndarray) -> bool:
    return given is not Ellipsis and np.shape(given) == one.shape and np.allclose(given, one, rtol=0, atol=_NEAR)
