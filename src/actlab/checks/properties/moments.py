"""Moments of f and f' at N(0, 1), by quadrature."""

import math
from collections.abc import Sequence

import numpy as np

from actlab.checks.properties.grid import Function

_NORMAL_REACH = 14.0  # beyond it the normal density is below 1e-43


def moments(f: Function, slope: Function, kinks: Sequence[float]) -> tuple[float, float, float]:
    """E f, E f^2 and E f'^2 at N(0, 1): Gauss-Legendre between the kinks, halved until nothing changes."""
    edges = np.unique(np.concatenate([np.arange(-_NORMAL_REACH, _NORMAL_REACH + 0.5, 0.5), np.asarray(kinks, float)]))
    edges = edges[np.abs(edges) <= _NORMAL_REACH]
    now = _integrals(f, slope, edges)
    for _ in range(4):
        edges = np.sort(np.concatenate([edges, (edges[1:] + edges[:-1]) / 2]))
        before, now = now, _integrals(f, slope, edges)
        if np.allclose(before, now, rtol=1e-10, atol=1e-12, equal_nan=True):
            break
    mean, second, slope_second = now.tolist()
    return 0.0 if abs(mean) < 1e-12 else mean, second, slope_second


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


def _integrals(f: Function, slope: Function, edges: np.ndarray) -> np.ndarray:
    half = np.diff(edges)[:, None] / 2
    x = ((edges[1:] + edges[:-1])[:, None] / 2 + half * _NODES).ravel()
    density = (half * _WEIGHTS).ravel() * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    rows = []
    for values in (f(x), f(x) ** 2, slope(x) ** 2):
        broken_tail = ~np.isfinite(values) & (np.abs(x) > 9)  # all of it weighs less than 1e-18
        rows.append(np.sum(np.where(broken_tail, 0.0, values) * density))
    return np.array(rows)
