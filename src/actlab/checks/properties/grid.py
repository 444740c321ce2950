"""The points at which functions are sampled, and what is common to all measurements on them."""

import math
from collections.abc import Callable

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]
Interval = tuple[float, float]

REACH = 50.0  # fixed points and vanishing regions are looked for in [-50, 50]
# off the kinks people choose
NEAR = np.sort(np.concatenate([np.arange(-REACH, REACH, 0.01) + 0.00314159, np.zeros(1)]))
CENTRE = NEAR[np.abs(NEAR) <= 12]
_DECADES = 10.0 ** np.array([2, 3, 4, 6, 8, 12, 16, 24, 30])
FAR = _DECADES[:, None] * np.linspace(1, 2.7, 24)  # several a decade: what oscillates shows its size


def on_any_shape(function: Function) -> Function:
    def call(x: np.ndarray) -> np.ndarray:
        shape = np.shape(x)
        return np.asarray(function(np.ascontiguousarray(x, dtype=np.float64).ravel()), dtype=np.float64).reshape(shape)

    return call


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """First and last place of each run of True."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))


def rounded(value: float) -> float:
    """Without the last digits, which halving and quadrature leave: 0 is 0, and a kink at 3 is at 3."""
    return 0.0 + (round(float(value), 9) if math.isfinite(value) else float(value))
