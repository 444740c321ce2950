"""Kinks and jumps, found in the values of a function: autograd may be what is wrong, so it is not asked."""

from collections.abc import Callable

import numpy as np

_REACH = 12.0
_STEP = 1 / 128  # a power of two: grid points and their differences are exact
_NEAR, _FAR = 1e-5, 1e-4  # distances at which one-sided slopes are taken
_BEND = 1e-3  # smaller bends are not told from curvature


def find_kinks(f: Callable[[np.ndarray], np.ndarray]) -> tuple[float, ...]:
    """Inputs in [-12, 12] at which f bends (its slope jumps) or jumps itself, in order.

    >>> [round(kink, 4) for kink in find_kinks(lambda x: np.maximum(x, 0) + np.abs(x - 1.5))]
    [0.0, 1.5]
    """
    offset = _STEP * 0.37  # kinks lie at round numbers: between grid points, not on them
    x = np.arange(-_REACH, _REACH, _STEP) + offset
    with np.errstate(all="ignore"):
        slope = np.diff(f(x)) / _STEP
        bend = np.diff(slope)
        unusual = np.abs(bend - _local_median(bend, 3))  # curvature bends neighbours alike, a kink stands alone
        suspects = np.flatnonzero((unusual > 4 * _local_median(unusual, 8) + 1e-6) & np.isfinite(unusual))
        found: list[float] = []
        for place in suspects:
            kink = _zoom(f, x[place], x[place + 2])
            if kink is not None and not any(abs(kink - other) < 1e-4 for other in found):
                found.append(float(kink))
    return tuple(sorted(found))


def one_sided(f: Callable[[np.ndarray], np.ndarray], at: float) -> tuple[float, float]:
    """The limits of the slope from the left and from the right, to about 1e-6; infinite where a root begins.

    >>> one_sided(lambda x: np.sqrt(np.maximum(x, 0)), 0.0)
    (0.0, inf)
    """
    wide, close = (_one_sided(f, at, h * max(1.0, abs(at))) for h in (1e-4, 1e-6))
    grown = [abs(b) > 3 * abs(a) and abs(b) > 1 for a, b in zip(wide, close, strict=True)]  # a root's slope has no end
    left, right = (np.copysign(np.inf, b) if far else a for a, b, far in zip(wide, close, grown, strict=True))
    return float(left), float(right)


def _one_sided(f: Callable[[np.ndarray], np.ndarray], at: float, h: float) -> tuple[float, float]:
    """By extrapolated differences of second order, which never touch the kink itself."""
    gap = 1e-9 * max(1.0, abs(at))
    with np.errstate(all="ignore"):
        left = f(at - gap - h * np.arange(3))
        right = f(at + gap + h * np.arange(3))
    return (3 * left[0] - 4 * left[1] + left[2]) / (2 * h), (-3 * right[0] + 4 * right[1] - right[2]) / (2 * h)


def _local_median(values: np.ndarray, reach: int) -> np.ndarray:
    padded = np.pad(values, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return np.nanmedian(windows, axis=1)


def _zoom(f: Callable[[np.ndarray], np.ndarray], low: float, high: float) -> float | None:
    """The kink between two points, or None where the function is only curved there."""
    middle = np.float64(low)
    for _ in range(8):
        x = np.linspace(low, high, 41)
        bend = np.diff(f(x), 2)
        if not np.isfinite(bend).all():
            return None
        middle = np.float64(x[1:-1][np.abs(bend - np.median(bend)).argmax()])
        width = max((high - low) / 10, 1e-11)
        low, high = middle - width, middle + width
        if width < 1e-7:
            break
    kink = round(middle, 6) + 0.0 if abs(middle - round(middle, 6)) < 1e-6 else middle
    return kink if _is_kink(f, kink) else None


def _is_kink(f: Callable[[np.ndarray], np.ndarray], at: float) -> bool:
    """A jump in slope stays as the distance shrinks; what curvature makes of it shrinks too."""
    jumps = []
    for distance in (_NEAR, _FAR):
        left = f(at - distance * np.array([1.0, 2.0]))
        right = f(at + distance * np.array([1.0, 2.0]))
        jumps.append(abs((right[1] - right[0]) - (left[0] - left[1])) / distance)
        step = abs(right[0] - left[0])
        if distance == _NEAR and step > 1e-3 and step > 100 * abs(right[1] - right[0]):
            return True  # the value itself jumps
    size = abs(f(np.array([at + 1.0]))[0] - f(np.array([at - 1.0]))[0]) + 1e-3
    return bool(jumps[0] > _BEND * min(1.0, size) and jumps[0] > 0.5 * jumps[1])
