"""E f, E f^2 and E f'^2 at N(0, 1), by Gauss-Legendre in cells halved until they settle, or are seen not to."""

import math
from collections.abc import Sequence

import numpy as np

from actlab.checks.properties.grid import Function

_REACH = 37  # the normal density is above 1e-298 as far as here
_TAIL = 9  # what is not finite further out weighs below 1e-18, unless f grows as fast as the density falls
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_ROUNDS, _MOST = 40, 2000  # how often cells are halved, and how many at once
_SETTLED, _WEIGHTY = 1e-11, 1e-6  # shares of the whole
_SHRINKS = 0.95  # by this the largest open cell shrinks at least when it is halved, where a moment exists


@np.errstate(all="ignore")
def moments(f: Function, slope: Function, kinks: Sequence[float] = ()) -> tuple[float, float, float]:
    """Each of them: inf where it is infinite, nan where it does not exist.

    >>> moments(lambda x: 1 / x, lambda x: -1 / x**2)
    (nan, inf, inf)
    """
    far = np.arange(15, _REACH + 1)
    edges = np.unique(np.concatenate([-far, np.arange(-14, 14.5, 0.5), far, np.asarray(kinks, float)]))
    edges = edges[np.abs(edges) <= _REACH]
    low, high = edges[:-1], edges[1:]
    now, size, broken = _cells(f, slope, low, high)
    done, whole, largest, open_ = np.zeros(3), size.sum(axis=1), [], np.zeros((3, 0), bool)
    ends = _outermost(broken, low, high) & (size > _WEIGHTY * whole[:, None])
    up, down = ((np.where(ends, size + sign * now, 0)).sum(axis=1) for sign in (1, -1))
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
        before, (now, size, _) = now, _cells(f, slope, low, high)
        halves = now[:, : len(middle)] + now[:, len(middle) :]
        settled = ~(np.abs(halves - before) > _SETTLED * whole[:, None] + 1e-14) | ~np.isfinite(halves)
        keep = ~settled.all(axis=0)
        done = done + halves[:, ~keep].sum(axis=1)
        low, high, now, size, open_ = (np.compress(np.tile(keep, 2), one, axis=-1)
                                       for one in (low, high, now, size, np.tile(~settled, 2)))  # fmt: skip
        whole = np.where(size.sum(axis=1) > whole, size.sum(axis=1), whole)
        largest.append(np.where(open_, size, 0).max(axis=1, initial=0))
        if not 0 < len(low) <= _MOST:
            break
    few = max(1, len(largest) // 3)
    late, earlier = (np.median(one, axis=0) for one in (largest[-few:], largest[-2 * few : -few] or largest))
    endless = open_.any(axis=1) & (late >= earlier * _SHRINKS**few)
    up, down = (one + np.where(open_, size + sign * now, 0).sum(axis=1) for one, sign in ((up, 1), (down, -1)))
    one_sided = np.minimum(up, down) <= 1e-3 * np.maximum(up, down)
    infinite = np.where(one_sided, np.where(up > down, math.inf, -math.inf), math.nan)
    mean, second, slope_second = np.where(endless | ends.any(axis=1), infinite, done + now.sum(axis=1)).tolist()
    return 0.0 if abs(mean) < 1e-12 * max(1.0, whole[0]) else mean, second, slope_second


def _cells(f: Function, slope: Function, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, ...]:
    """The integrals of each cell, those of their absolute values, and whether it is left out: broken, far out."""
    half = (high - low)[:, None] / 2
    x = (high + low)[:, None] / 2 + half * _NODES
    density = half * _WEIGHTS * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    values, slopes = f(x), slope(x)
    terms = np.stack([values, values * values, slopes * slopes])
    broken = np.any(~np.isfinite(terms) & (np.abs(x) > _TAIL), axis=2)
    terms = np.where(broken[:, :, None], 0.0, terms) * density
    return terms.sum(axis=2), np.abs(terms).sum(axis=2), broken


def _outermost(broken: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The last whole cells far out, on either side."""
    ends = np.zeros(broken.shape, bool)
    for row, left_out in zip(ends, broken, strict=True):
        left, right = np.flatnonzero(~left_out & (high <= -_TAIL)), np.flatnonzero(~left_out & (low >= _TAIL))
        row[np.concatenate([left[:1], right[-1:]])] = True
    return ends
