"""The shape of f: its ends, where it grows, its symmetry, its kinks."""

import math

import numpy as np

from actlab.properties.grid import CENTRE, FAR, NEAR, Function, rounded
from actlab.properties.record import Extreme, Kink


def highest(f: Function, near: np.ndarray, far: dict[int, np.ndarray]) -> Extreme:
    """The supremum: taken at the point nearest to 0, approached far out, or infinite."""
    for sign in (1, -1):
        if _grows(far[sign]):
            return Extreme(math.inf, sign * math.inf, False)
    finite = np.where(np.isnan(near), -np.inf, near)
    x, value = _peak(f, finite)
    if value == np.inf or value > 1e12:  # a pole
        return Extreme(math.inf, x, False)
    limits = {sign: np.nanmax(np.append(values[np.isfinite(values)], -np.inf)) for sign, values in far.items()}
    sign = 1 if limits[1] >= limits[-1] else -1
    slack = 1e-12 * (1 + abs(value))
    if limits[sign] > value + slack:
        return Extreme(float(limits[sign]), sign * math.inf, False)
    # rounding makes a limit look taken: a value that is taken is left again within a step, unless f is constant
    around = f(np.array([x - 0.125, x + 0.125]))
    if limits[sign] >= value - slack and np.nanmax(np.abs(around - value)) < 1e-9 and np.ptp(finite) > 0:
        return Extreme(rounded(value), sign * math.inf, False)
    return Extreme(rounded(value), rounded(x), True)


def _peak(f: Function, near: np.ndarray) -> tuple[float, float]:
    """The highest point of the grid that is nearest to 0, then refined between its neighbours."""
    value = near.max()
    top = near >= value - 1e-13 * (1 + abs(value))
    # an oscillation reaches its height at many places, each missed by a little
    local = (near >= np.append(-np.inf, near[:-1])) & (near >= np.append(near[1:], -np.inf))
    places = np.flatnonzero(top | (local & (near >= value - 1e-4 * (1 + abs(value)))))
    place = places[np.abs(NEAR[places]).argmin()]
    low, high = NEAR[max(place - 1, 0)], NEAR[min(place + 1, len(NEAR) - 1)]
    best_x, best = NEAR[place], near[place]
    for _ in range(12):  # a finer grid around the best, again and again; a plateau's end nearest to 0 wins
        points = np.linspace(low, high, 21)
        values = f(points)
        values = np.where(np.isnan(values), -np.inf, values)
        top = max(values.max(), best)
        ties = points[values >= top]
        if len(ties):
            best_x, best = ties[np.abs(ties).argmin()], top
        step = points[1] - points[0]
        low, high = best_x - step, best_x + step
    return float(best_x), float(best)


def _grows(values: np.ndarray) -> bool:
    """Whether the largest value of a decade grows from decade to decade without end."""
    if np.isposinf(values).any():
        return True
    tops = [row[np.isfinite(row)].max() for row in values if np.isfinite(row).any()]
    if len(tops) < 3:
        return False
    first, middle, last = tops[0], tops[len(tops) // 2], tops[-1]
    return bool(middle > first + 0.5 and last > middle + 0.5)


def bounded(lowest: Extreme, highest: Extreme) -> str:
    below, above = math.isfinite(lowest.value), math.isfinite(highest.value)
    return {(True, True): "both", (True, False): "below", (False, True): "above", (False, False): "no"}[below, above]


def monotone(near: np.ndarray, near_slope: np.ndarray, far: dict[int, np.ndarray]) -> tuple[str, bool]:
    """Of what is finite; strictly where no two neighbouring points of [-12, 12] have the slope 0."""
    by_size = np.argsort(FAR.ravel())
    values = np.concatenate([far[-1].ravel()[by_size][::-1], near, far[1].ravel()[by_size]])
    values = values[np.isfinite(values)]
    steps = np.diff(values)
    slack = 1e-12 * (1 + np.abs(values[1:]))
    up, down = bool((steps >= -slack).all()), bool((steps <= slack).all())
    still = near_slope[np.abs(NEAR) <= 12] == 0
    strictly = not (still[1:] & still[:-1]).any()
    if up and down:
        return "constant", False
    return ("increasing", strictly) if up else ("decreasing", strictly) if down else ("neither", False)


def parity(f: Function) -> str:
    x = np.linspace(0.00314159, 30, 1500)
    right, left = f(x), f(-x)
    known = np.isfinite(right) & np.isfinite(left)
    if not known.any():
        return "neither"
    right, left = right[known], left[known]
    slack = 1e-9 * (1 + np.abs(right))
    if (np.abs(right - left) <= slack).all():
        return "even"
    return "odd" if (np.abs(right + left) <= slack).all() else "neither"


def jumps(f: Function, x: float) -> bool:
    """Whether f has different limits on the two sides of x."""
    gaps = []
    for step in (1e-6, 1e-9):
        left, right = f(np.array([x - step * (1 + abs(x)), x + step * (1 + abs(x))]))
        gaps.append(abs(right - left))
    return bool(gaps[1] > 1e-6 and gaps[1] > 0.5 * gaps[0])


def found_kinks(f: Function, slope: Function) -> tuple[Kink, ...]:
    """Where f or f' still differs across a cell of [-12, 12] that has been halved to nothing."""
    low, high = CENTRE[:-1].copy(), CENTRE[1:].copy()
    bends = [_bisected(function, low, high) for function in (slope, f)]
    found: dict[float, Kink] = {}
    for x, jump in [(x, True) for x in bends[1]] + [(x, False) for x in bends[0]]:
        if not any(abs(x - other) < 1e-6 for other in found):
            found[x] = Kink(x, jump)
    return tuple(found[x] for x in sorted(found))


def _bisected(function: Function, low: np.ndarray, high: np.ndarray) -> list[float]:
    """The places of jumps: each cell is halved, the half with the larger difference kept."""
    at_low, at_high = function(low), function(high)
    for round_ in range(36):
        middle = (low + high) / 2
        at_middle = function(middle)
        right = np.abs(at_high - at_middle) > np.abs(at_middle - at_low)
        low, at_low = np.where(right, middle, low), np.where(right, at_middle, at_low)
        high, at_high = np.where(right, high, middle), np.where(right, at_high, at_middle)
        if round_ >= 8:  # what is smooth has shrunk a thousandfold
            gap = np.abs(at_high - at_low)
            keep = gap > 1e-4 * (1 + np.minimum(np.abs(at_low), np.abs(at_high))) * (1 if round_ > 16 else 0.01)
            low, high, at_low, at_high = low[keep], high[keep], at_low[keep], at_high[keep]
        if not len(low):
            return []
    return sorted({rounded(float(x)) for x in (low + high) / 2})
