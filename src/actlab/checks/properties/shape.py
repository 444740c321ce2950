"""The shape of f: its ends, where it grows, its symmetry, its kinks."""

import math

import numpy as np

from actlab.checks.properties.grid import CENTRE, FAR, NEAR, Function, rounded
from actlab.checks.properties.record import Extreme, Kink


def highest(f: Function) -> Extreme:
    """The supremum: taken at the point nearest to 0, approached far out, or infinite."""
    near, far = f(NEAR), {sign: f(sign * FAR) for sign in (1, -1)}
    for sign, values in far.items():
        if _grows(values):
            return Extreme(math.inf, sign * math.inf, False)
    finite = np.where(np.isnan(near), -np.inf, near)
    if not np.isfinite(finite.max()):  # a pole at a point of the grid, or nothing that is finite
        return Extreme(math.inf if finite.max() > 0 else math.nan, float(NEAR[finite.argmax()]), False)
    x, value = _peak(f, finite)
    if value > 1e12:  # a pole
        return Extreme(math.inf, x, False)
    limits = {sign: values[np.isfinite(values)].max(initial=-np.inf) for sign, values in far.items()}
    sign = max(limits, key=limits.__getitem__)  # of equal ones the right one
    slack = 1e-12 * (1 + abs(value))
    if limits[sign] > value + slack:
        return Extreme(rounded(limits[sign]), sign * math.inf, False)
    if limits[sign] >= value - slack and not _is_taken(f, finite, x, value):
        return Extreme(rounded(value), sign * math.inf, False)
    return Extreme(rounded(value), rounded(x), True)


def _is_taken(f: Function, near: np.ndarray, x: float, value: float) -> bool:
    """Rounding makes a limit look taken; one that is taken is left by a visible step where its plateau ends."""
    place = int(np.abs(NEAR - x).argmin())
    below = np.flatnonzero(near < value - 1e-12 * (1 + abs(value)))
    left, right = below[below < place], below[below > place]
    outside = [*(NEAR[left[-1:]] - 0.125), *(NEAR[right[:1]] + 0.125)]
    return not outside or bool(np.nanmax(np.abs(f(np.array(outside)) - value)) > 1e-9)


def _peak(f: Function, near: np.ndarray) -> tuple[float, float]:
    """The highest point, nearest to 0: every high local peak of the grid, refined between its neighbours."""
    value = near.max()
    before, after = np.append(-np.inf, near[:-1]), np.append(near[1:], -np.inf)
    local = (near >= before) & (near >= after) & ((near > before) | (near > after))
    # the grid misses the peaks of an oscillation, some by more than others
    local &= near >= value - 0.05 * np.ptp(near[np.isfinite(near)])
    top = np.flatnonzero(near >= value - 1e-13 * (1 + abs(value)))
    places = np.append(np.flatnonzero(local), top[np.abs(NEAR[top]).argmin()])
    low, high = NEAR[np.maximum(places - 1, 0)], NEAR[np.minimum(places + 1, len(NEAR) - 1)]
    best_x, best = NEAR[places], near[places]
    for _ in range(12):  # a finer grid around each, again and again; of a plateau the end nearest to 0
        points = np.linspace(low, high, 21, axis=1)
        values = f(points)
        values = np.where(np.isnan(values), -np.inf, values)
        tops = np.maximum(values.max(axis=1), best)
        distance = np.where(values >= tops[:, None], np.abs(points), np.inf)
        rows = np.arange(len(points))
        better = np.isfinite(distance.min(axis=1))
        best_x = np.where(better, points[rows, distance.argmin(axis=1)], best_x)
        best = tops
        step = (high - low) / 20
        low, high = best_x - step, best_x + step
    even = np.flatnonzero(best >= best.max() - 1e-12 * (1 + abs(best.max())))
    chosen = even[(np.abs(best_x[even]) - 1e-9 * (best_x[even] > 0)).argmin()]  # of two mirrored ones the right one
    return float(best_x[chosen]), float(best[chosen])


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


def monotone(f: Function) -> tuple[str, bool]:
    """Of what is finite; strictly where f stays on no stretch of [-12, 12], but for what underflows."""
    far = np.sort(FAR.ravel())
    values = f(np.concatenate([-far[::-1], NEAR, far]))
    values = values[np.isfinite(values)]
    steps = np.diff(values)
    slack = 1e-12 * (1 + np.abs(values[1:]))
    up, down = bool((steps >= -slack).all()), bool((steps <= slack).all())
    if up and down:
        return "constant", False
    strictly = not _has_plateau(f(CENTRE))
    return ("increasing", strictly) if up else ("decreasing", strictly) if down else ("neither", False)


def _has_plateau(values: np.ndarray) -> bool:
    """Whether a stretch of equal values ends in a visibly other one 0.125 further on."""
    still = np.diff(values) == 0
    further = 12  # points of the grid
    visible = np.abs(values[further:] - values[:-further]) > 1e-9
    return bool(still.all() or (still[: len(visible)] & visible).any() or (still[further - 1 :] & visible).any())


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
    wide, close = _gaps(f, x)
    return bool(close > 1e-6 and close > 0.5 * wide)


def found_kinks(f: Function, slope: Function) -> tuple[Kink, ...]:
    """Where f or f' still differs across a cell of [-12, 12] that has been halved to nothing."""
    found: dict[float, Kink] = {}
    for function, jump in ((f, True), (slope, False)):
        for x in _bisected(function, CENTRE[:-1], CENTRE[1:]):
            if not any(abs(x - other) < 1e-6 for other in found):
                found[x] = Kink(x, jump)
    return tuple(found[x] for x in sorted(found))


def is_kink(f: Function, slope: Function, x: float) -> bool:
    """Whether f or f' has different limits on the two sides of x, however little: what is smooth has not."""
    wide, close = _gaps(slope, x)
    return bool(not np.isfinite(close) or (close > 1e-12 and close > 0.5 * wide)) or jumps(f, x)


def _gaps(function: Function, x: float) -> np.ndarray:
    """Its differences across x, at a small distance and at a much smaller one."""
    steps = np.array([1e-6, 1e-9]) * (1 + abs(x))
    return np.abs(function(x + steps) - function(x - steps))


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
