"""Exercise 2.1. Told apart: a factor or a way forgotten, f of a sum split into two, a sum over what it must not be."""

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

A, _B, _STEP, _NEAR = 1.5, np.array([-1.0, 0.5, 0.3]), 1e-5, 1e-6
_X = np.array([[0.8, -0.3, 1.5], [-2.0, 0.1, 0.4], [0.6, 1.1, -0.7], [-1.4, 0.9, -0.2]])
_DY = np.array([[2.0, -1.5, 0.5], [3.0, -0.7, -2.0], [-1.2, 0.4, 1.7], [0.6, 2.5, -0.8]])  # nowhere 1


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """dx, then db, then both on a batch of another shape, against what is measured."""
    x, b, dy, slope = _X, _B, _DY, np.cosh(A * _X + _B) ** -2  # of tanh
    by_f, by_g = dy * slope, dy * np.cos(x)
    split = "f has its slope taken at another place, as if f of a sum could be split. f meets A * x + b: take it there."
    for_dx = (
        (by_f + by_g, "the inner factor is missing. When x moves by a little, A * x + b moves by A times that."),
        (dy * A * np.cosh(A * x) ** -2 + by_g, split),
        (dy * A * np.cosh(x) ** -2 + by_g, split),
        (A * by_f, "x goes two ways, through f and through g. What comes back by g is missing."),
        (A * slope + np.cos(x), "what comes in is missing: times dy, element by element."),
        *((way + np.cos(x), "dy is missing on g's way. It comes in on both.") for way in (A * by_f, by_f)),
        (A * by_f * np.cos(x), "the two ways are multiplied. What comes back by one and by the other is added."),
        (A * (by_f + by_g), "A is too much on g's way: g meets x itself."),
    )
    for_db = (
        (by_f, "it has the shape of x. Each number of b is used in every row: add the rows up, axis=0."),
        (by_f.sum(1), "it is summed over the wrong axis: one number a row. b has one a column: axis=0."),
        (by_f.mean(0), "that is the mean over the rows. What comes by each row is added, not averaged."),
        (A * by_f.sum(0), "A is too much: it multiplies x alone. When b moves by a little, A * x + b moves as much."),
        ((A * by_f + by_g).sum(0), "that is dx, summed. b is not multiplied by A, and does not go through g."),
        ((dy * np.cosh(b) ** -2).sum(0), split),
    )
    for known, (x, b, dy) in (((for_dx, for_db), (_X, _B, _DY)), (((), ()), (_X[:2, :2], _B[:2], _DY[:2, :2]))):
        given = module.backward(x.copy(), b.copy(), dy.copy())
        for name, one, true, mistakes in zip(("dx", "db"), given, _measured(x, b, dy), known, strict=True):
            says = _wrong(one, true, mistakes)
            yield not says, f"{name}, {len(x)} rows: {says or 'L moves as it says, with each number moved a little.'}"
            if says:
                return


def _measured(x: np.ndarray, b: np.ndarray, dy: np.ndarray) -> Iterator[np.ndarray]:
    """How L = sum(dy * y) moves with each number of x, and of b, moved a little up and down."""
    for at, is_x in ((x, True), (b, False)):
        steps = _STEP * np.eye(at.size).reshape(-1, at.size // len(b), len(b))
        up, down = ((x + s, b) if is_x else (x, b + s) for s in (steps, -steps))
        moved = [(dy * (np.tanh(A * x_ + b_) + np.sin(x_))).sum((1, 2)) for x_, b_ in (up, down)]
        yield ((moved[0] - moved[1]) / (2 * _STEP)).reshape(at.shape)


def _wrong(given: Any, true: np.ndarray, known: Sequence[tuple[np.ndarray, str]]) -> str:
    """What is wrong in words; nothing, if it is right."""
    if given is Ellipsis:
        return "the gap is still there: put an expression in the place of the dots."
    for one, says in ((true, ""), *known):
        if np.shape(given) == one.shape and np.allclose(given, one, rtol=0, atol=_NEAR):
            return says
    if np.shape(given) != true.shape:
        return f"it has the shape {np.shape(given)}; the right one is {true.shape}."
    return f"it is off by up to {np.abs(given - true).max():.2g}."
