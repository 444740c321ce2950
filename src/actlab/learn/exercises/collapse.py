"""Exercise 1.1. Told apart: the other order of a product, a bias forgotten, a pair between which no unit opens."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

W1, B1 = np.array([[1.0, -2.0], [0.5, 1.5]]), np.array([1.0, -0.5])
W2, B2 = np.array([[2.0, 1.0], [-1.0, 0.5]]), np.array([0.25, -1.0])
_OTHER = np.cos(np.arange(12.0)).reshape(4, 3), np.arange(4.0), np.sin(np.arange(8.0)).reshape(2, 4), np.array([0.3, 2])
_NEAR = 1e-6
_GAP = "the gap is still there: put an expression in the place of the dots."


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """W, then b, then both of layers of other shapes, then the pair."""
    for_w = (
        (W1 @ W2, "the other order: x meets W1 first, so W1 stands next to x, on the right: (...) @ x."),
        ((W2 @ W1).T, "it is turned: rows for columns. Here x stands on the right, and nothing is to be turned."),
        (W2 * W1, "`*` goes element by element. A layer behind a layer is a matrix product: `@`."),
        (W2 + W1, "they are added. The second layer gets what the first gives: that is a product."),
    )
    for_b = (
        (B2, "the first layer's bias is forgotten. b1 goes through the second layer, too."),
        (B1 + B2, "b1 is added as it is. It goes through the second layer, as W1 @ x does: what becomes of it there?"),
        (W2 @ B1, "the second layer's own bias is forgotten."),
        (W2 @ W1 @ B1 + B2, "b1 went through W1. It is added behind W1, so only W2 meets it."),
        (W1 @ B2 + B1, "the other order: it is the second layer that is applied to what the first gives."),
        (W2.T @ B1 + B2, "W2 is turned: a vector on its left meets its columns. It is to stand on W2's right."),
    )
    for known, layers in (((for_w, for_b), (W1, B1, W2, B2)), (((), ()), _OTHER)):
        given = module.collapse(*(one.copy() for one in layers))
        first, bias, second, last = layers
        for name, one, true, mistakes in zip(
            "Wb", given, (second @ first, second @ bias + last), known, strict=True
        ):
            hints = (says for mistake, says in mistakes if _equal(one, mistake))
            off = f"it has the shape {np.shape(one)}, and these numbers are not those of the two layers, one by one."
            says = "" if _equal(one, true) else _GAP if one is Ellipsis else next(hints, off)
            yield not says, f"{name}, layers {first.shape} and {second.shape}: {says or 'the same as both layers.'}"
            if says:
                return
    says = _pair(module.P, module.Q)
    yield not says, f"P and Q: {says or 'halfway between them is not the mean: no linear layer does that.'}"


def _pair(*pair: Any) -> str:
    """Why two inputs do not show that the network with relu is no linear layer; nothing, if they do."""
    if Ellipsis in [type(one) if isinstance(one, np.ndarray) else one for one in pair]:
        return _GAP
    if [np.shape(one) for one in pair] != [(2,), (2,)]:
        return f"an input has two numbers, as [0.5, -3]; these have the shapes {np.shape(pair[0])}, {np.shape(pair[1])}."
    p, q = (np.asarray(one, dtype=float) for one in pair)
    out = [W2 @ np.maximum(W1 @ x + B1, 0) + B2 for x in (p, q, (p + q) / 2)]
    if np.abs(out[2] - (out[0] + out[1]) / 2).max() > _NEAR:
        return ""
    first, second = (W1 @ x + B1 for x in (p, q))
    if np.array_equal(p, q):
        return "they are the same point, and halfway is that point again. Take two."
    return (
        f"W1 @ x + b1 is {np.round(first, 3)} at P and {np.round(second, 3)} at Q: no unit changes its sign. While none "
        "does, relu is x or 0 all the way, and the network one linear layer. Find two inputs between which one does."
    )


def _equal(given: Any, one: np.ndarray) -> bool:
    return given is not Ellipsis and np.shape(given) == one.shape and np.allclose(given, one, rtol=0, atol=_NEAR)
