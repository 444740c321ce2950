"""The fingerprints of the catalogue: its values in float64 on fixed grids, computed once a process.

G points of a grid, E entries of the catalogue with settings of their parameters, S scales and shifts of the input.
"""

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from itertools import product

import numpy as np
import torch

from actlab import naming
from actlab.activations import BLOCKS

Function = Callable[[np.ndarray], np.ndarray]

EQUAL = 1e-6
OFF = 0.00137  # no kink or jump that people choose is met: what f is there does not change what it is
_WIDE = np.linspace(-30, 30, 1201) + OFF
_TAILS = np.array([-1e4, -1e3, -100.0, 100.0, 1e3, 1e4])
GRID = np.concatenate([_WIDE, _TAILS])
_TAIL_STARTS = 25.0  # from here on, what is not finite is a broken tail, not another function
_KEPT = 4096  # arrays of the bank: more than there are entries
CLOSE = np.linspace(-5, 5, 1001) + OFF
ROUND = np.round(CLOSE - OFF, 6)  # where people put poles
SHORT = np.linspace(-10, 10, 161) + OFF
_SCALES = tuple(sign * 2 ** (k / 2) for k in range(-6, 7) for sign in (1, -1))
_SHIFTS = tuple(np.linspace(-4, 4, 33))
# settings that people use beside the defaults, by the parameter's name
_USUAL = {
    "negative_slope": (0.1, 0.2, 0.25, 0.3, 1 / 3, 11 / 48),
    "weight": (0.01, 0.1, 0.2),
    "alpha": (0.25, 0.5, 0.75, 1.0, 1.5, 2.0),
    "beta": (0.5, 0.75, 1.0, 1.25, 1.5, 1.702, 2.0),
    "lambd": (0.25, 0.5, 1.0),
    "theta": (0.0, 0.5, 1.0),
    "omega": (1.0, 30.0),
    "omega0": (1.0, 30.0),
    "a": (0.5, 1.0, 2.0),
    "b": (1.0, 4.0),
}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A catalogue activation at one setting of its parameters."""

    name: str
    parameters: tuple[tuple[str, float], ...] = ()  # those that differ from the defaults

    @property
    def label(self) -> str:
        given = ", ".join(f"{key}={naming.exact(value)}" for key, value in self.parameters)
        return naming.label(f"{self.name}({given})" if given else self.name)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        block = BLOCKS[self.name]
        values = block.facts.parameters | dict(self.parameters)
        try:
            with torch.no_grad():
                return block.value(torch.from_numpy(x), *values.values()).numpy()
        except (ArithmeticError, NotImplementedError, RuntimeError, TypeError, ValueError):
            return np.full(x.shape, np.nan)  # a parameter outside of its domain


@cache
def entries() -> list[Entry]:
    """Every elementwise activation at its defaults, in the catalogue's order, then at usual settings."""
    usual = [
        Entry(name, _setting(name, {key: value}))
        for name in BLOCKS
        for key in BLOCKS[name].facts.parameters
        for value in _USUAL.get(key, ())
    ]
    return list(dict.fromkeys([*map(Entry, BLOCKS), *usual]))


def _setting(name: str, given: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """In the entry's order, without what is its default."""
    own = BLOCKS[name].facts.parameters
    return tuple((key, float(given[key])) for key in own if key in given and given[key] != own[key])


def with_parameters(parameters: Mapping[str, float]) -> list[Entry]:
    """Each entry that has parameters of these names, with them."""
    found = (Entry(name, _setting(name, parameters)) for name in BLOCKS)
    return [entry for entry in found if entry.parameters]


def with_values(values: tuple[float, ...]) -> list[Entry]:
    """Each entry of one parameter, at these values of it."""
    single = [name for name in BLOCKS if len(BLOCKS[name].facts.parameters) == 1]
    return [
        Entry(name, _setting(name, dict.fromkeys(BLOCKS[name].facts.parameters, value)))
        for name, value in product(single, values)
    ]


@lru_cache(_KEPT)
def values_of(entry: Entry, grid: str) -> np.ndarray:
    """The values of an entry on "wide", which is GRID, or on "close"."""
    return sampled(entry, {"wide": GRID, "close": CLOSE}[grid])


@cache
def stretched() -> tuple[list[tuple[Entry, float, float]], np.ndarray]:
    """Entry, stretch and shift of each row, and the rows (E * S, G): centred, of length 1, in float32."""
    pairs = list(product(_SCALES, _SHIFTS))
    inputs = np.concatenate([b * SHORT + c for b, c in pairs])
    labels, rows = [], []
    for entry in map(Entry, BLOCKS):
        block = sampled(entry, inputs).reshape(len(pairs), -1)
        block = block - block.mean(axis=1, keepdims=True)
        size = np.linalg.norm(block, axis=1, keepdims=True)
        usable = (np.isfinite(size) & (size > 1e-9)).ravel()
        rows.append((block[usable] / size[usable]).astype(np.float32))
        labels += [(entry, b, c) for (b, c), use in zip(pairs, usable, strict=True) if use]
    return labels, np.concatenate(rows)


def sampled(f: Function, x: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(f(x.copy()), dtype=np.float64)


def agree(values: np.ndarray, reference: np.ndarray, limit: float) -> bool:
    broken_tail = ~np.isfinite(values) & (np.abs(GRID) >= _TAIL_STARTS)
    asked = np.isfinite(reference) & ~broken_tail
    if asked.sum() < len(GRID) / 4:
        return False
    gap = np.abs(values[asked] - reference[asked])
    return bool((gap <= limit * (1 + np.abs(reference[asked]))).all())  # False for NaN
