"""Exercise 2.2. Told apart: by what a measurement is off; which wrong backwards the chosen numbers let through."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

_NEAR = 1e-5  # as the exercise's own test
_X = np.array([[0.8, -0.3, 1.5], [-1.7, 0.1, 0.4]])
_DY = np.array([[2.0, -1.5, 0.5], [3.0, -0.7, -2.0]])  # nowhere 1
FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {  # and their slopes
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "sin": (np.sin, np.cos),
    "x * x": (np.square, lambda x: 2 * x),
}
SUSPECTS: tuple[tuple[str, Callable[..., Any], str, str], ...] = (
    ("tanh", lambda f, slope, x, dy: slope(x), "forgets dy", "At which dy is the slope alone right?"),
    ("tanh", lambda f, slope, x, dy: dy * slope(f(x)), "takes the slope at y", "Where are x and tanh(x) nearly one?"),
    ("tanh", lambda f, slope, x, dy: dy * slope(dy), "takes the slope at dy", "What do X and DY have in common?"),
    ("x * x", lambda f, slope, x, dy: dy * slope(abs(x)), "loses the sign of x", "On which side of 0 is your X?"),
    ("sin", lambda f, slope, x, dy: abs(dy) * slope(x), "loses the sign of dy", "On which side of 0 is your DY?"),
    ("x * x", lambda f, slope, x, dy: dy * slope(x).flat[0], "has one slope for all", "How many places do you try?"),
    ("sin", lambda f, slope, x, dy: dy.flat[0] * slope(x), "has one dy for all", "What differs within your DY?"),
)


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """What is measured, at the check's own numbers; then at the reader's; then who gets by there."""
    for name, x, dy in (("tanh", _X, _DY), ("sin", _X[0, :2], _DY[1, :2])):
        says = _wrong(module.measured, name, x, dy)
        yield not says, f"measured, for {name} in {x.size} places: {says or 'dL/dx, by calling f alone.'}"
        if says:
            return
    try:
        x, dy = (np.array(getattr(module, name), dtype=float) for name in ("X", "DY"))
    except (TypeError, ValueError):
        gaps = [name for name in ("X", "DY") if getattr(module, name) is ...]
        yield False, f"{gaps[0]}: the gap is still there." if gaps else "X and DY: these are no arrays of numbers."
        return
    if x.shape != dy.shape or not 0 < x.size <= 1000 or not np.isfinite([x, dy]).all():
        yield False, f"X and DY: shapes {x.shape} and {dy.shape}. One shape is asked: 1 to 1000 numbers, all finite."
        return
    for name, (_, slope) in FUNCTIONS.items():
        if np.abs(dy * slope(x)).max() <= 10 * _NEAR:
            yield False, f"X and DY: what goes back through {name} is 0 everywhere: hardly a mistake would show there."
            return
        if says := _wrong(module.measured, name, x, dy):
            yield False, f"X and DY: there the right backward of {name} is called wrong. In what you measured, {says}"
            return
    missed = [(who, hint) for who, wrong, hint in _tried(x, dy) if np.abs(wrong).max() <= _NEAR]
    for who, hint in missed:
        yield False, f"X and DY: a backward that {who} gets by. {hint}"
    if not missed:
        yield True, f"X and DY: {len(SUSPECTS)} wrong backwards are caught, and {len(FUNCTIONS)} right ones pass."


def _tried(x: np.ndarray, dy: np.ndarray) -> Iterator[tuple[str, np.ndarray, str]]:
    """Each wrong backward, and by what it is wrong at these numbers."""
    for name, backward, who, hint in SUSPECTS:
        f, slope = FUNCTIONS[name]
        yield f"{who} ({name})", backward(f, slope, x, dy) - dy * slope(x), hint


def _wrong(measured: Callable[..., Any], name: str, x: np.ndarray, dy: np.ndarray) -> str:
    """What is wrong with what is measured; nothing, if it is right."""
    value, slope = FUNCTIONS[name]
    moves: list[float] = []
    ends = np.array([-np.inf, *np.sort(x, axis=None), np.inf])

    def f(at: Any) -> Any:
        at_once: Any = np.ravel(at)  # however many places are asked in one call: how far is each from the nearest of x?
        places = np.searchsorted(ends, at_once.real)
        moves.append(float(np.minimum(*(np.abs(at_once - ends[places - one]) for one in (0, 1))).max()))
        return value(at)

    given = measured(f, x.copy(), dy.copy())
    true = dy * slope(x)
    if given is Ellipsis:
        return "the gap is still there: put an expression in the place of the dots."
    given = np.asarray(given, dtype=float)
    if given.shape != x.shape:
        return f"it has the shape {given.shape}, x has {x.shape}: each number of x has a dL/dx of its own."
    off, moved = np.abs(given - true).max(), max(moves, default=0.0)
    if off <= _NEAR:
        return ""
    if np.abs(given - slope(x)).max() <= _NEAR:
        return "that is the slope of f. How much does L move, the sum of dy * f(x)?"
    if not moved:
        return f"it is off by {off:.2g}, and f was called nowhere but at x (x + 1e-20 is x, in floats). Move x."
    times = (given * true).sum() / (true * true).sum()
    if np.abs(given - times * true).max() <= 1e-3 * abs(times) and not np.abs(times - 1) < 0.01:
        return f"each is {times:.3g} times what it should be. From where to where was x moved, and in which order?"
    if moved > 1e-4:
        return f"it is off by up to {off:.2g}. x was moved by {moved:.2g}, and f bends within that: move it by less."
    return f"it is off by up to {off:.2g}. x was moved by {moved:.2g}: too little, as f is rounded. Move it by more."
