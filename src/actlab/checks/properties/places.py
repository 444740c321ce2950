"""Where something holds: fixed points, and regions in which a gradient vanishes."""

import math
from typing import Any

import numpy as np

from actlab.checks.properties.grid import FAR, NEAR, REACH, Function, Interval, rounded, runs

FLAT = 0.1  # below this |f'| a gradient vanishes
_MOST = 7  # this many fixed points or intervals are listed, nearest to 0 first


def fixed_points(f: Function, slope: Function) -> list[float | Interval]:
    """Roots of f(x) - x in [-50, 50], and intervals on which f(x) = x; an end at +-50 goes on to infinity."""

    def gap(x: np.ndarray) -> np.ndarray:
        return f(x) - x

    values = gap(NEAR)
    zero = np.abs(values) <= 1e-13 * (1 + np.abs(NEAR))
    intervals: list[Interval] = []
    for first, last in runs(zero):
        if last - first < 2:  # one or two points are roots, found below
            continue
        ends_left, ends_right = first > 0, last < len(NEAR) - 1
        outside = [NEAR[first] - 0.125] * ends_left + [NEAR[last] + 0.125] * ends_right
        # rounding makes what only comes near x equal to it: a true interval is left by a visible step
        if not outside or (np.abs(gap(np.array(outside))) > 1e-6).all():
            start = _edge(gap, NEAR[first - 1], NEAR[first]) if ends_left else -math.inf
            end = _edge(gap, NEAR[last + 1], NEAR[last]) if ends_right else math.inf
            intervals.append((_joined(start), _joined(end)))
    cross = ~zero[:-1] & ~zero[1:] & (values[:-1] * values[1:] < 0)
    roots = _roots(gap, NEAR[:-1][cross], NEAR[1:][cross])
    touch_slope = slope(NEAR) - 1
    touch = ~zero[:-1] & ~zero[1:] & (touch_slope[:-1] * touch_slope[1:] < 0) & (np.abs(values[:-1]) < 1e-3)
    touching = _roots(lambda x: slope(x) - 1, NEAR[:-1][touch], NEAR[1:][touch])
    roots = np.concatenate([roots, touching])
    roots = roots[np.abs(gap(roots)) <= 1e-9 * (1 + np.abs(roots))] if len(roots) else roots
    singles = []
    if f(np.zeros(1))[0] == 0:
        singles = [0.0]
        roots = roots[np.abs(roots) > 1e-4]  # f(x) - x is lost in rounding around it
    singles = [x for x in singles if not any(low <= x <= high for low, high in intervals)]
    for root in (rounded(float(x)) for x in roots):
        inside = any(low - 1e-6 <= root <= high + 1e-6 for low, high in intervals)
        if not inside and not any(abs(root - other) < 1e-6 for other in singles):
            singles.append(root)
    return [*singles, *intervals]


def _joined(x: float) -> float:
    """Where two pieces join smoothly, rounding hides the last digits of the place: 2.0000004 is 2."""
    x = float(x)
    return round(x, 3) + 0.0 if math.isfinite(x) and abs(x - round(x, 3)) < 2e-4 else x


def _edge(gap: Function, outside: float, inside: float) -> float:
    """The end of an interval of zeros, between a point outside it and one inside."""
    for _ in range(60):
        middle = (outside + inside) / 2
        if abs(gap(np.array([middle]))[0]) <= 1e-13 * (1 + abs(middle)):
            inside = middle
        else:
            outside = middle
    return inside


def _roots(function: Function, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """One root of each bracket, by halving all of them at once."""
    low, high = low.copy(), high.copy()
    if not len(low):
        return low
    sign = np.sign(function(low))
    for _ in range(54):
        middle = (low + high) / 2
        left = np.sign(function(middle)) == sign
        low, high = np.where(left, middle, low), np.where(left, high, middle)
    return (low + high) / 2


def vanishing(slope: Function) -> list[float | Interval]:
    """Intervals on which |f'| < 0.1; an end at +-50 goes on to infinity where everything further out does."""

    def above(x: np.ndarray) -> np.ndarray:
        return np.nan_to_num(np.abs(slope(x)) - FLAT, nan=1.0, posinf=1.0)

    near = slope(NEAR)
    flat = np.abs(near) < FLAT
    stretches = np.array(runs(flat), dtype=int).reshape(-1, 2)
    inner = NEAR[stretches]
    # a steep f' passes through 0 between two points of the grid
    steep = ~flat[:-1] & ~flat[1:] & (near[:-1] * near[1:] < 0)
    middle = _roots(slope, NEAR[:-1][steep], NEAR[1:][steep])
    through = above(middle) < 0 if len(middle) else np.zeros(0, bool)
    left = np.concatenate([NEAR[np.maximum(stretches[:, 0] - 1, 0)], NEAR[:-1][steep][through]])
    right = np.concatenate([NEAR[np.minimum(stretches[:, 1] + 1, len(NEAR) - 1)], NEAR[1:][steep][through]])
    low = _roots(above, left, np.concatenate([inner[:, 0], middle[through]]))
    high = _roots(above, np.concatenate([inner[:, 1], middle[through]]), right)
    if flat[0]:
        low[0] = -math.inf if _all_flat(slope(-FAR)) else -REACH
    if flat[-1]:
        high[len(stretches) - 1] = math.inf if _all_flat(slope(FAR)) else REACH
    ends = [(rounded(a), rounded(b)) for a, b in zip(low, high, strict=True) if b - a > 1e-9]
    return sorted(ends)


def _all_flat(values: np.ndarray) -> bool:
    return bool((np.abs(values[np.isfinite(values)]) < FLAT).all())


def undefined(f: Function) -> list[float | Interval]:
    """Intervals on which f is NaN; an end at +-50 goes on to infinity where it is NaN further out, too."""

    def outside(x: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(f(x)), -1.0, 1.0)

    found: list[float | Interval] = []
    for first, last in runs(np.isnan(f(NEAR))):
        low, high = NEAR[[max(first - 1, 0)]], NEAR[[min(last + 1, len(NEAR) - 1)]]
        start, end = _roots(outside, low, NEAR[[first]])[0], _roots(outside, NEAR[[last]], high)[0]
        if first == 0:
            start = -math.inf if np.isnan(f(-FAR)).all() else -REACH
        if last == len(NEAR) - 1:
            end = math.inf if np.isnan(f(FAR)).all() else REACH
        found.append((rounded(start), rounded(end)))
    return found


def widest(found: list[Any]) -> tuple[list, int]:
    """The widest intervals, of equal ones those nearest to 0, in order; and how many more there are."""
    kept = sorted(found, key=lambda ends: (-round(ends[1] - ends[0], 6), _distance(ends)))[:_MOST]
    return sorted(kept), len(found) - len(kept)


def nearest(found: list[float | Interval]) -> tuple[list, int]:
    """Those nearest to 0, in order, and how many more there are."""
    kept = sorted(sorted(found, key=_distance)[:_MOST], key=lambda item: item[0] if isinstance(item, tuple) else item)
    return kept, len(found) - len(kept)


def _distance(item: float | Interval) -> float:
    if isinstance(item, tuple):
        return 0.0 if item[0] <= 0 <= item[1] else min(abs(item[0]), abs(item[1]))
    return abs(item)
