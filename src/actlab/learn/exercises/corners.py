"""Exercise 1.2. Told apart: a hidden layer behind which no line is enough, and why; a last layer that draws another."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

_CORNERS = np.array([[0.0, 0], [1, 1], [0, 1], [1, 0]])  # two blue ones, two orange ones
_PAIRS = ((0, 2), (0, 3), (1, 2), (1, 3))  # of two colours
_NEAR = 1e-9


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """The hidden layer, by where it moves the corners; then the last one, by what it says of them."""
    given: list[np.ndarray] = []
    for part, shapes, wrong, right in (
        ("hidden layer", {"W1": (2, 2), "b1": (2,)}, wrong_places, "behind it a straight line is enough."),
        ("last layer", {"W2": (2,), "b2": ()}, _wrong_outputs, "below 0 at the blue corners, above 0 at the orange."),
    ):
        for name, shape in shapes.items():
            if one := _no_numbers(getattr(module, name), shape):
                yield False, f"{name}: {one}"
                return
            given.append(np.asarray(getattr(module, name), dtype=float).reshape(shape))
        says = wrong(*given)
        yield not says, f"{part}: {says or right}"
        if says:
            return


def _no_numbers(given: Any, shape: tuple[int, ...]) -> str:
    if given is Ellipsis:
        return "the gap is still there: put numbers in the place of the dots."
    try:
        numbers = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        return f"these are no numbers of the shape {shape}."
    if numbers.size != np.prod(shape) or (len(shape) == 2 and numbers.shape != shape):
        return f"it has the shape {numbers.shape}; two units need {shape}."
    return "" if (np.abs(numbers) <= 1e6).all() else "choose numbers from -1e6 to 1e6: small ones will do."


def wrong_places(w1: np.ndarray, b1: np.ndarray) -> str:
    """Why no line is enough behind relu; nothing, where one is."""
    z = _CORNERS @ w1.T + b1
    places = z.clip(min=0)
    ways = np.array([places[orange] - places[blue] for blue, orange in _PAIRS])
    turns = np.sort(np.arctan2(*ways.T))
    gap = np.diff(turns, append=turns[0] + 2 * np.pi).max()
    if gap > np.pi + _NEAR and np.abs(ways).max(axis=1).min() > _NEAR:
        return ""  # some direction is on the way from every blue one to every orange one
    for unit in np.flatnonzero((z <= 0).all(axis=0)):
        return f"unit {unit + 1} is 0 at all four corners: it says nothing, and the other one alone is not enough."
    if (z >= 0).all():
        return "W1 @ x + b1 is nowhere below 0 at the corners: relu changes nothing there, and all is one linear layer."
    for (blue, orange), way in zip(_PAIRS, ways, strict=True):
        if np.abs(way).max() <= _NEAR:
            both = f"{_told(_CORNERS[blue])} and {_told(_CORNERS[orange])} are both at {_told(places[blue])} behind it."
            return f"{both} Their colours differ, and nothing that comes later can tell them apart."
    went = ", ".join(f"{_told(corner)} is at {_told(place)}" for corner, place in zip(_CORNERS, places, strict=True))
    return f"{went}. No straight line parts the colours there. Which two corners would have to come together?"


def _wrong_outputs(w1: np.ndarray, b1: np.ndarray, w2: np.ndarray, b2: np.ndarray) -> str:
    out = (_CORNERS @ w1.T + b1).clip(min=0) @ w2
    blue, orange = out[:2].max(), out[2:].min()
    if blue + b2 < -_NEAR and orange + b2 > _NEAR:
        return ""
    if blue < orange - _NEAR:
        ends = f"{blue:g} at most, orange to {orange:g} at least, which is right. b2 makes them {blue + b2:g}"
        return f"W2 brings blue to {ends} and {orange + b2:g}: the first is to be below 0, the second above."
    if out[:2].min() > out[2:].max() + _NEAR:
        return "W2 has both blue corners above both orange ones: it is the right line, with its sides exchanged."
    went = ", ".join(f"{_told(corner)} {value:g}" for corner, value in zip(_CORNERS, out, strict=True))
    return f"W2 does not have both orange corners above both blue ones: {went}. No b2 mends that: it shifts all alike."


def _told(place: np.ndarray) -> str:
    return f"({place[0]:g}, {place[1]:g})"
