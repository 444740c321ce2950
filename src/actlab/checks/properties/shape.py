"""The shape of f: its ends, where it grows, its symmetry, its kinks."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from actlab.checks.properties.grid import CENTRE, FAR, NEAR, Function, rounded, runs
from actlab.checks.properties.record import Extreme, Kink

_NO_NEARER = 1e-12  # a plain form has lost its digits beside a pole or a gap at 0
_NEARER = np.array([1e-3, 1e-5, 1e-7, 1e-9, 1e-11])  # what grows at each step by as much has no end
_AROUND = 100  # points of the grid
_NARROW = 0.5  # so far beside a pole a function may overflow


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
    if (snapped := float(f(np.array([rounded(x)]))[0])) > value:  # an end of where f is defined
        x, value = rounded(x), snapped
    if math.isinf(value) or value > 1e12:  # a pole
        return Extreme(math.inf, rounded(x), False)
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


def _peaks(near: np.ndarray) -> np.ndarray:
    before, after = np.append(-np.inf, near[:-1]), np.append(near[1:], -np.inf)
    return (near >= before) & (near >= after) & ((near > before) | (near > after))


def _peak(f: Function, near: np.ndarray) -> tuple[float, float]:
    """The highest point, nearest to 0: every high local peak of the grid, refined between its neighbours."""
    value, local = near.max(), _peaks(near)
    # the grid misses the peaks of an oscillation, some by more than others
    local &= near >= value - 0.05 * np.ptp(near[np.isfinite(near)])
    top = np.flatnonzero(near >= value - 1e-13 * (1 + abs(value)))
    places = np.append(np.flatnonzero(local), top[np.abs(NEAR[top]).argmin()])
    best_x, best, endless = _refined(f, places, near[places])
    best = np.where(endless, np.inf, best)
    if np.isposinf(best.max()):
        even = np.flatnonzero(np.isposinf(best))
    else:
        even = np.flatnonzero(best >= best.max() - 1e-12 * (1 + abs(best.max())))
    chosen = even[(np.abs(best_x[even]) - 1e-9 * (best_x[even] > 0)).argmin()]  # of two mirrored ones the right one
    return float(best_x[chosen]), float(best[chosen])


def _refined(f: Function, places: np.ndarray, best: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of peaks of the grid, where they are and how high, and whether they grow without end the nearer one comes."""
    low, high = NEAR[np.maximum(places - 1, 0)], NEAR[np.minimum(places + 1, len(NEAR) - 1)]
    best_x = NEAR[places]
    for _ in range(12):  # a finer grid around each, again and again; of a plateau the end nearest to 0
        points = np.linspace(low, high, 21, axis=1)
        points[np.abs(points) < _NO_NEARER] = 0
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
    beside = best_x + np.array([[-1.0], [1.0]]) * _NEARER[:, None, None]
    one, two, three, four, last = np.fmax(-np.inf, f(beside)).max(axis=1)
    grows = (two - one > 0.05 * (1 + np.abs(one))) & (three - two > 0.7 * (two - one))
    # of an oscillation that the grid misses, some peaks are higher than others: by little
    near = np.pad(np.nan_to_num(f(NEAR), nan=-np.inf, posinf=-np.inf), _AROUND, constant_values=-np.inf)
    around = np.lib.stride_tricks.sliding_window_view(near, 2 * _AROUND + 1).max(axis=1)[places]
    endless = np.isposinf(four) | (grows & (four - three > 0.7 * (three - two)) & (last > 1.2 * around))
    lost = ~endless & (best > last + 1e-3 * (1 + np.abs(last)))  # of digits, not a peak
    return best_x, np.where(lost, last, best), endless


def poles(f: Function) -> list[float]:
    """Where |f| grows without end in [-50, 50]."""
    near = np.abs(f(NEAR))
    infinite = runs(np.isinf(near))
    inner = [NEAR[first : last + 1] for first, last in infinite if first > 0 and last < len(NEAR) - 1]
    found = [float(part[np.abs(part).argmin()]) for part in inner if np.ptp(part) < _NARROW]
    near = np.where(np.isnan(near), -np.inf, near)
    places = np.flatnonzero(_peaks(near) & np.isfinite(near))
    x, _, endless = _refined(lambda x: np.abs(f(x)), places, near[places])
    for at in map(rounded, x[endless]):
        if not any(abs(at - other) < 0.01 for other in found):
            found.append(at)
    return found


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


def kinks_of(f: Function, slope: Function, kinks: Sequence[float] | None) -> tuple[Kink, ...]:
    """Kinks and jumps, looked for in [-12, 12] unless they are given; and poles and infinite slopes."""
    if kinks is None:
        found = found_kinks(f, slope)
    else:
        found = tuple(Kink(x, jumps(f, x)) for x in map(float, kinks) if is_kink(f, slope, x))
    infinite, steep = poles(f), poles(slope)

    def among(places: list[float], x: float) -> bool:
        return any(abs(x - other) < 1e-6 for other in places)

    def is_inside(x: float) -> bool:
        beside = np.array([x - 1e-9 * (1 + abs(x)), x + 1e-9 * (1 + abs(x))])
        return bool(np.isfinite([f(beside), slope(beside)]).all())

    told = [dataclasses.replace(kink, steep=among(steep, kink.x)) for kink in found if not among(infinite, kink.x)]
    told += [Kink(x, False, pole=True) for x in infinite]
    told += [Kink(x, False, steep=True) for x in steep if not among([kink.x for kink in told], x)]
    return tuple(sorted((kink for kink in told if kink.pole or is_inside(kink.x)), key=lambda kink: kink.x))


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
    return bool(np.isinf(close) or (close > 1e-12 and close > 0.5 * wide)) or jumps(f, x)


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
