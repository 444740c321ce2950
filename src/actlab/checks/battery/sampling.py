"""The inputs at which an activation is judged. All are float32 numbers, so that one truth serves two dtypes."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

CENTRE = 12.0  # what is nearer to 0 is the centre, the rest the tails
_NEAR_ZERO = (1e-38, 1e-30, 1e-20, 1e-12, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05)
_TAILS = (
    13, 15, 17, 18.5, 20, 20.5, 25, 30, 36, 40, 50, 60, 75, 80, 85, 87, 88, 88.5, 88.7, 88.8, 89, 90, 95, 100, 103,
    104, 105, 120, 150, 200, 300, 500, 700, 709, 710, 745, 746, 1e3, 1e4,
)  # fmt: skip
_SEED = 0


@cache
def centre() -> np.ndarray:
    """[-12, 12]: a grid, points drawn between, and what lies near 0; -0 and 0 too."""
    drawn = np.random.default_rng(_SEED).uniform(-CENTRE, CENTRE, 60)
    near = np.array(_NEAR_ZERO)
    return _float32(np.arange(-CENTRE, CENTRE + 0.01, 0.125), drawn, near, -near, [0.0, -0.0])


@cache
def tails() -> np.ndarray:
    """Beyond the centre, to +-1e4."""
    return _float32(_TAILS, -np.array(_TAILS))


def extremes(dtype: torch.dtype) -> np.ndarray:
    """The dtype's largest number, three quarters of it, its smallest normal and subnormal ones, with both signs."""
    info = torch.finfo(dtype)
    values = np.array([info.max, 0.75 * info.max, info.tiny, info.smallest_normal * info.eps])
    return np.concatenate([values, -values])


@cache
def every(dtype: torch.dtype) -> Tensor:
    """Every finite number of a 16-bit dtype."""
    bits = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    values = bits.view(dtype)
    return values[torch.isfinite(values)]


@cache
def strata() -> Tensor:
    """float32: 48 numbers of every exponent and sign, the powers of two and their neighbours among them."""
    drawn = np.random.default_rng(_SEED).integers(0, 2**23, size=(255, 44), dtype=np.int64)
    edges = np.tile(np.array([0, 1, 2**23 - 1, 2**22]), (255, 1))
    mantissas = np.concatenate([edges, drawn], axis=1)
    bits = (np.arange(255)[:, None] << 23) | mantissas
    positive = bits.astype(np.int32).view(np.float32).ravel()
    return torch.from_numpy(np.concatenate([positive, -positive]))


def _float32(*parts: object) -> np.ndarray:
    values = np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])
    return values.astype(np.float32).astype(np.float64)
