"""Exercise 6.2. Told apart: what means over all pixels hide, what chance does, places for rows, counts for labels."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from actlab.data import load

_COUNTS = "Shuffled labels are as many of each digit as before. What ties a label to its sample is what it looks like."


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """The three looks, each by itself, on several pairs of parts; the first that is wrong is told."""
    for name, cases in (("parts_differ", _differ()), ("shared", _shared()), ("labels_off", _off())):
        function, says = getattr(module, name), ""
        for parts, true, why in cases:
            given = function(*(part.copy() for part in parts))
            says = says or _wrong(given, true, why)
        yield not says, f"{name}: {says or 'right, on data of the check as well.'}"


def _wrong(given: Any, true: bool | int, why: str) -> str:
    if given is Ellipsis:
        return "the gap is still there: put an expression in the place of the dots."
    kinds = (bool, np.bool_) if isinstance(true, bool) else (int, np.integer)
    if not isinstance(given, kinds) or (isinstance(given, bool) and kinds[0] is int):
        return f"it gives a {type(given).__name__}; {'True or False' if kinds[0] is bool else 'a count'} is asked."
    return "" if given == true else f"it says {given}. {why}"


def _parts(train: int, valid: int) -> tuple[np.ndarray, ...]:
    pool = load("digits", split="resplit").pool
    assert pool is not None
    x, y = pool.x.reshape(len(pool.x), -1), pool.y
    order = np.random.default_rng(3).permutation(len(x))
    cuts = order[:train], order[train : train + valid]
    return x[cuts[0]], y[cuts[0]], x[cuts[1]], y[cuts[1]]


def _differ() -> Iterator[tuple[tuple[np.ndarray, ...], bool, str]]:
    for sizes in ((1000, 700), (500, 300)):
        x, _, other, _ = _parts(*sizes)
        chance = np.abs(x.mean(0) - other.mean(0)).max() / x.std()
        drawn = f"Both were drawn from one drawer, {sizes[0]} and {sizes[1]} digits. By chance the means of a pixel"
        yield (x, other), False, f"{drawn} differ by up to {chance:.2f} of the deviation of all."
        same = "Over all pixels mean and deviation are as before; look at each pixel by itself, axis=0."
        yield (x, other[:, ::-1]), True, f"Validation's digits stand on their heads. {same}"
        yield (x, other / 16), True, "Validation's pixels go from 0 to 1, training's from 0 to 16."
        yield (x, 16 - other), True, "Validation's digits are light on dark, training's dark on light."
        floats = [((part - part.mean()) / part.std()).astype(np.float32) for part in (x, other)]
        seen = tuple(part.view(np.uint8)[:, :64].astype(float) for part in floats)
        yield seen, True, "Each was normalised by its own mean, and its floats' bytes were read, as in the tutorial."


def _shared() -> Iterator[tuple[tuple[np.ndarray, ...], int, str]]:
    x, _, other, _ = _parts(500, 300)
    yield (x, other), 0, "No row of validation is a row of training. That single pixels are equal says nothing."
    both = np.concatenate([other[:40], x])
    yield (both, other[::-1]), 40, "40 rows of validation are rows of training, in other places: compare each with all."
    twice = np.concatenate([both, both])
    yield (twice, other), 40, "40 are; each stands twice in training, and is still one of validation."
    yield (x[:100], x), 100, "All of training stands in validation, 100 rows, and 400 more that it has not seen."


def _off() -> Iterator[tuple[tuple[np.ndarray, ...], bool, str]]:
    x, y, other, z = _parts(500, 300)
    shuffled = np.random.default_rng(0).permutation
    yield (x, y, other, z), False, "All labels are right."
    yield (x, shuffled(y), other, z), True, f"Training's are shuffled. {_COUNTS}"
    yield (x, y, other, shuffled(z)), True, f"Validation's alone are shuffled: ask both parts. {_COUNTS}"
    yield (x, shuffled(y), other, shuffled(z)), True, f"In both parts they are shuffled. {_COUNTS}"
    yield (x, y, other, (z + 1) % 10), True, "In validation a 3 is called 4, a 4 is called 5, and so on."
