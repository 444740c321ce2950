"""What an activation is like, measured: range, shape, slope, fixed points, moments, and what depth does to a gradient.

Everything is sampled in float64 from f and f' alone, on a grid that meets no kink, on points far out, and by quadrature;
so a property is a measurement, not a proof. Values that are not finite far out are left aside.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]
Interval = tuple[float, float]

FLAT = 0.1  # below this |f'| a gradient vanishes
KEEPS = 0.01  # chi this near to 1 neither explodes nor vanishes
REACH = 50.0  # fixed points and vanishing regions are looked for in [-50, 50]
_MOST = 7  # this many fixed points or intervals are listed, nearest to 0 first
_NEAR = np.sort(np.concatenate([np.arange(-REACH, REACH, 0.01) + 0.00314159, np.zeros(1)]))
_CENTRE = _NEAR[np.abs(_NEAR) <= 12]
_DECADES = 10.0 ** np.array([2, 3, 4, 6, 8, 12, 16, 24, 30])
_FAR = _DECADES[:, None] * np.linspace(1, 2.7, 24)  # several a decade: what oscillates shows its size
_NORMAL_REACH = 14.0  # beyond it the normal density is below 1e-43


@dataclasses.dataclass(frozen=True)
class Extreme:
    """The lowest or highest value: where it is taken, or (`taken` False) that it is only approached there."""

    value: float
    at: float
    taken: bool


@dataclasses.dataclass(frozen=True)
class Kink:
    """Where f bends (its slope jumps) or jumps itself."""

    x: float
    jump: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Properties:
    """What `properties` measured. Infinite numbers say unbounded; NaN that a number does not exist.

    `depth` and `chi`: in a deep, wide network whose weights keep the activations' mean square at 1 (variance gain^2 over
    the number of inputs, z normal), the mean square of a gradient is multiplied by chi = gain^2 E f'^2 at each layer.
    """

    lowest: Extreme
    highest: Extreme
    monotone: str  # "increasing", "decreasing", "constant" or "neither"
    strictly: bool
    parity: str  # "odd", "even" or "neither"
    at_zero: float  # f(0)
    zero_centred: bool  # |E f| < 1e-6 for x normal
    bounded: str  # "both", "below", "above" or "no"
    lipschitz: float
    lipschitz_at: float
    fixed_points: tuple[float | Interval, ...]
    more_fixed_points: int  # of those in [-50, 50] that are not listed
    kinks: tuple[Kink, ...]
    vanishing: tuple[Interval, ...]  # where |f'| < 0.1
    more_vanishing: int
    mean: float
    second: float
    slope_second: float
    gain: float
    chi: float
    depth: str  # "explodes", "vanishes" or "keeps"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: what is not finite as text, "inf", "-inf" or "nan"."""
        return _plain(dataclasses.asdict(self))

    def as_rows(self) -> list[tuple[str, str]]:
        """Name and text of each property, as a card shows them."""
        strictly = "strictly " if self.strictly else ""
        return [
            ("range", self.range),
            ("monotone", f"{strictly}{self.monotone}" if self.monotone != "neither" else "no"),
            ("symmetry", self.parity if self.parity != "neither" else "none"),
            ("bounded", {"both": "yes", "no": "no"}.get(self.bounded, f"{self.bounded} only")),
            ("zero-centred", f"{'yes' if self.zero_centred else 'no'}; f(0) = {_number(self.at_zero)}"),
            ("steepest", self._steepest()),
            ("kinks", ", ".join(f"{_number(k.x)}{' (a jump)' if k.jump else ''}" for k in self.kinks) or "none"),
            ("fixed points", _listed(self.fixed_points, self.more_fixed_points)),
            ("|f'| < 0.1", _listed(self.vanishing, self.more_vanishing)),
            (
                "at N(0, 1)",
                f"E f = {_number(self.mean)}, E f^2 = {_number(self.second)}, E f'^2 = {_number(self.slope_second)}",
            ),
            ("gain", f"1/sqrt(E f^2) = {_number(self.gain)}"),
            ("depth", self._depth()),
        ]

    @property
    def range(self) -> str:
        """An interval, with where its ends are taken or approached."""
        parts = []
        for end, sign in ((self.lowest, "-"), (self.highest, "")):
            if math.isinf(end.value):
                parts.append(f"unbounded {'below' if sign else 'above'}")
            elif end.taken:
                parts.append(f"{_number(end.value)} at x = {_number(end.at)}")
            else:
                parts.append(f"{_number(end.value)} as x -> {_number(end.at)}")
        return (
            f"from {parts[0]} to {parts[1]}".replace("from unbounded", "unbounded")
            .replace("below to unbounded above", "below and above")
            .replace(" to unbounded", ", unbounded")
        )

    def _steepest(self) -> str:
        if math.isinf(self.lipschitz):
            jumps = any(kink.jump for kink in self.kinks)
            return f"no Lipschitz constant: {'f jumps' if jumps else '|f_| grows without end'}".replace("f_", "f'")
        return f"Lipschitz constant {_number(self.lipschitz)}, near x = {_number(self.lipschitz_at)}"

    def _depth(self) -> str:
        if not math.isfinite(self.chi):
            return "not known: its moments do not exist"
        told = {"explodes": "a gradient explodes", "vanishes": "a gradient vanishes"}
        return f"{told.get(self.depth, 'a gradient keeps its size')}: at this gain its mean square is multiplied by {_number(self.chi)} a layer"


def properties(f: Function, slope: Function, kinks: Sequence[float] | None = None) -> Properties:
    """Measure a function and its derivative, both of float64 arrays; kinks are looked for unless they are given.

    >>> relu = properties(lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0, kinks=(0.0,))
    >>> relu.bounded, relu.lipschitz, relu.fixed_points, round(relu.gain, 6), relu.depth
    ('below', 1.0, ((0.0, inf),), 1.414214, 'keeps')
    """
    with np.errstate(all="ignore"):
        return _measure(_quiet(f), _quiet(slope), kinks)


def _measure(f: Function, slope: Function, given: Sequence[float] | None) -> Properties:
    near, far = f(_NEAR), {sign: f(sign * _FAR) for sign in (-1, 1)}
    near_slope, far_slope = slope(_NEAR), {sign: slope(sign * _FAR) for sign in (-1, 1)}
    kinks = _found_kinks(f, slope) if given is None else tuple(Kink(float(k), _jumps(f, float(k))) for k in given)
    highest = _highest(f, near, far)
    mirrored = _highest(lambda x: -f(x), -near, {sign: -values for sign, values in far.items()})
    lowest = dataclasses.replace(mirrored, value=0.0 - mirrored.value)
    steepest = _highest(
        lambda x: np.abs(slope(x)), np.abs(near_slope), {sign: np.abs(v) for sign, v in far_slope.items()}
    )
    mean, second, slope_second = _moments(f, slope, [kink.x for kink in kinks])
    gain = 1 / math.sqrt(second) if second > 0 else math.nan
    chi = gain * gain * slope_second
    fixed, more_fixed = _nearest(_fixed_points(f, slope, near))
    vanishing, more_vanishing = _nearest(_vanishing(slope, near_slope, far_slope))
    monotone, strictly = _monotone(near, near_slope, far)
    return Properties(
        lowest=lowest,
        highest=highest,
        monotone=monotone,
        strictly=strictly,
        parity=_parity(f),
        at_zero=float(f(np.zeros(1))[0]),
        zero_centred=abs(mean) < 1e-6,
        bounded=_bounded(lowest, highest),
        lipschitz=math.inf if any(kink.jump for kink in kinks) else steepest.value,
        lipschitz_at=steepest.at,
        fixed_points=tuple(fixed),
        more_fixed_points=more_fixed,
        kinks=kinks,
        vanishing=tuple(vanishing),
        more_vanishing=more_vanishing,
        mean=mean,
        second=second,
        slope_second=slope_second,
        gain=gain,
        chi=chi,
        depth="keeps" if abs(chi - 1) <= KEEPS else "explodes" if chi > 1 else "vanishes",
    )


# range


def _highest(f: Function, near: np.ndarray, far: dict[int, np.ndarray]) -> Extreme:
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
        return Extreme(_rounded(value), sign * math.inf, False)
    return Extreme(_rounded(value), _rounded(x), True)


def _peak(f: Function, near: np.ndarray) -> tuple[float, float]:
    """The highest point of the grid that is nearest to 0, then refined between its neighbours."""
    value = near.max()
    top = near >= value - 1e-13 * (1 + abs(value))
    # an oscillation reaches its height at many places, each missed by a little
    local = (near >= np.append(-np.inf, near[:-1])) & (near >= np.append(near[1:], -np.inf))
    places = np.flatnonzero(top | (local & (near >= value - 1e-4 * (1 + abs(value)))))
    place = places[np.abs(_NEAR[places]).argmin()]
    low, high = _NEAR[max(place - 1, 0)], _NEAR[min(place + 1, len(_NEAR) - 1)]
    best_x, best = _NEAR[place], near[place]
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


def _bounded(lowest: Extreme, highest: Extreme) -> str:
    below, above = math.isfinite(lowest.value), math.isfinite(highest.value)
    return {(True, True): "both", (True, False): "below", (False, True): "above", (False, False): "no"}[below, above]


# shape


def _monotone(near: np.ndarray, near_slope: np.ndarray, far: dict[int, np.ndarray]) -> tuple[str, bool]:
    """Of what is finite; strictly where no two neighbouring points of [-12, 12] have the slope 0."""
    by_size = np.argsort(_FAR.ravel())
    values = np.concatenate([far[-1].ravel()[by_size][::-1], near, far[1].ravel()[by_size]])
    values = values[np.isfinite(values)]
    steps = np.diff(values)
    slack = 1e-12 * (1 + np.abs(values[1:]))
    up, down = bool((steps >= -slack).all()), bool((steps <= slack).all())
    still = near_slope[np.abs(_NEAR) <= 12] == 0
    strictly = not (still[1:] & still[:-1]).any()
    if up and down:
        return "constant", False
    return ("increasing", strictly) if up else ("decreasing", strictly) if down else ("neither", False)


def _parity(f: Function) -> str:
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


def _jumps(f: Function, x: float) -> bool:
    """Whether f has different limits on the two sides of x."""
    gaps = []
    for step in (1e-6, 1e-9):
        left, right = f(np.array([x - step * (1 + abs(x)), x + step * (1 + abs(x))]))
        gaps.append(abs(right - left))
    return bool(gaps[1] > 1e-6 and gaps[1] > 0.5 * gaps[0])


def _found_kinks(f: Function, slope: Function) -> tuple[Kink, ...]:
    """Where f or f' still differs across a cell of [-12, 12] that has been halved to nothing."""
    low, high = _CENTRE[:-1].copy(), _CENTRE[1:].copy()
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
    return sorted({_rounded(float(x)) for x in (low + high) / 2})


# fixed points and flat regions


def _fixed_points(f: Function, slope: Function, near: np.ndarray) -> list[float | Interval]:
    """Roots of f(x) - x in [-50, 50], and intervals on which f(x) = x; an end at +-50 goes on to infinity."""

    def gap(x: np.ndarray) -> np.ndarray:
        return f(x) - x

    values = near - _NEAR
    zero = np.abs(values) <= 1e-13 * (1 + np.abs(_NEAR))
    found: list[float | Interval] = []
    for first, last in _runs(zero):
        low, high = _NEAR[first], _NEAR[last]
        if last - first < 2:
            found += [float(low)] if low == 0 or high == 0 else []
            continue
        # rounding makes what only comes near x equal to it: a true interval is left by a visible step
        before = np.abs(gap(np.array([low - 0.125]))) > 1e-6 if first > 0 else True
        after = np.abs(gap(np.array([high + 0.125]))) > 1e-6 if last < len(_NEAR) - 1 else True
        if np.all(before) and np.all(after):
            start = _edge(gap, _NEAR[first - 1], low) if first > 0 else -math.inf
            end = _edge(gap, _NEAR[last + 1], high) if last < len(_NEAR) - 1 else math.inf
            found.append((_joined(start), _joined(end)))
    cross = ~zero[:-1] & ~zero[1:] & (values[:-1] * values[1:] < 0)
    roots = _roots(gap, _NEAR[:-1][cross], _NEAR[1:][cross])
    touch_slope = slope(_NEAR) - 1
    touch = ~zero[:-1] & ~zero[1:] & (touch_slope[:-1] * touch_slope[1:] < 0) & (np.abs(values[:-1]) < 1e-3)
    touching = _roots(lambda x: slope(x) - 1, _NEAR[:-1][touch], _NEAR[1:][touch])
    roots = np.concatenate([roots, touching])
    roots = roots[np.abs(gap(roots)) <= 1e-9 * (1 + np.abs(roots))] if len(roots) else roots
    singles = [x for x in found if not isinstance(x, tuple)]
    intervals = [x for x in found if isinstance(x, tuple)]
    for root in (_rounded(float(x)) for x in roots):
        inside = any(low - 1e-6 <= root <= high + 1e-6 for low, high in intervals)
        if not inside and not any(abs(root - other) < 1e-6 for other in singles):
            singles.append(root)
    return [*singles, *intervals]


def _joined(x: float) -> float:
    """Where two pieces join smoothly, rounding hides the last digits of the place: 2.0000004 is 2."""
    return round(x, 5) + 0.0 if math.isfinite(x) and abs(x - round(x, 5)) < 2e-6 else x


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


def _vanishing(slope: Function, near: np.ndarray, far: dict[int, np.ndarray]) -> list[float | Interval]:
    """Intervals on which |f'| < 0.1; an end at +-50 goes on to infinity where everything further out does."""
    flat = np.abs(near) < FLAT
    ends: list[float | Interval] = []
    for first, last in _runs(flat):
        low, high = _NEAR[first], _NEAR[last]
        brackets = [(first - 1, first), (last, last + 1)]
        if first > 0:
            low = _roots(lambda x: np.abs(slope(x)) - FLAT, *_bracket(brackets[0]))[0]
        elif _all_flat(far[-1]):
            low = -math.inf
        if last < len(_NEAR) - 1:
            high = _roots(lambda x: np.abs(slope(x)) - FLAT, *_bracket(brackets[1]))[0]
        elif _all_flat(far[1]):
            high = math.inf
        ends.append((_rounded(float(low)), _rounded(float(high))))
    return ends


def _bracket(places: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return _NEAR[places[0] : places[0] + 1], _NEAR[places[1] : places[1] + 1]


def _all_flat(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]
    return len(known) == 0 or bool((np.abs(known) < FLAT).all())


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """First and last place of each run of True."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1, strict=True))


def _nearest(found: list[float | Interval]) -> tuple[list, int]:
    """Those nearest to 0, in order, and how many more there are."""

    def distance(item: float | Interval) -> float:
        if isinstance(item, tuple):
            return 0.0 if item[0] <= 0 <= item[1] else min(abs(item[0]), abs(item[1]))
        return abs(item)

    kept = sorted(sorted(found, key=distance)[:_MOST], key=lambda item: item[0] if isinstance(item, tuple) else item)
    return kept, len(found) - len(kept)


# moments


def _moments(f: Function, slope: Function, kinks: Sequence[float]) -> tuple[float, float, float]:
    """E f, E f^2 and E f'^2 at N(0, 1): Gauss-Legendre between the kinks, halved until nothing changes."""
    edges = np.unique(np.concatenate([np.arange(-_NORMAL_REACH, _NORMAL_REACH + 0.5, 0.5), np.asarray(kinks, float)]))
    edges = edges[np.abs(edges) <= _NORMAL_REACH]
    before = _integrals(f, slope, edges)
    for _ in range(4):
        edges = np.sort(np.concatenate([edges, (edges[1:] + edges[:-1]) / 2]))
        now = _integrals(f, slope, edges)
        if np.allclose(before, now, rtol=1e-10, atol=1e-12, equal_nan=True):
            break
        before = now
    mean, second, slope_second = (float(value) for value in now)
    return _rounded(mean), second, slope_second


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


# numbers


def _quiet(function: Function) -> Function:
    def call(x: np.ndarray) -> np.ndarray:
        shape = np.shape(x)
        return np.asarray(function(np.ascontiguousarray(x, dtype=np.float64).ravel()), dtype=np.float64).reshape(shape)

    return call


def _rounded(value: float) -> float:
    """Without the last digits, which halving and quadrature leave: 0 is 0, and a kink at 3 is at 3."""
    return 0.0 + (round(value, 9) if math.isfinite(value) else value)


def _number(value: float) -> str:
    return f"{value:.6g}"


def _listed(items: Sequence[float | Interval], more: int) -> str:
    texts = [_interval(item) if isinstance(item, tuple) else _number(item) for item in items]
    if more:
        texts.append(f"and {more} more in [-{REACH:g}, {REACH:g}]")
    return ", ".join(texts) or "none"


def _interval(ends: Interval) -> str:
    low, high = ends
    if math.isinf(low) and math.isinf(high):
        return "everywhere"
    if math.isinf(high):
        return f"x > {_number(low)}"
    return f"x < {_number(high)}" if math.isinf(low) else f"{_number(low)} to {_number(high)}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
