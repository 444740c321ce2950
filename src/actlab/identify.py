"""What a function is: equal to one of the catalogue, equal up to scale and shift, or nearest to one.

A linear layer before and one after absorb scale and shift: such functions train alike. Functions are compared by fingerprint, their values in float64 on a grid. G points of the grid, E entries of the
catalogue with settings of their parameters, S scales and shifts of the input.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import torch

from actlab import targets
from actlab.activations import BLOCKS
from actlab.errors import UserError

Function = Callable[[np.ndarray], np.ndarray]

_EQUAL = 1e-6
_OFF = 0.00137  # no kink or jump that people choose is met: what f is there does not change what it is
_WIDE = np.linspace(-30, 30, 1201) + _OFF
_TAILS = np.array([-1e4, -1e3, -100.0, 100.0, 1e3, 1e4])
_GRID = np.concatenate([_WIDE, _TAILS])
_TAIL_STARTS = 25.0  # from here on, what is not finite is a broken tail, not another function
_CLOSE = np.linspace(-5, 5, 1001) + _OFF
_SHORT = np.linspace(-6, 6, 121) + _OFF
_SCALES = tuple(sign * 2 ** (k / 2) for k in range(-6, 7) for sign in (1, -1))
_STEEPEST = 40.0  # stretched further, every smooth bend looks like a kink
_SHIFTS = tuple(np.linspace(-4, 4, 33))
_REFINED = 40  # so many of the best starts are refined
# settings that people use beside the defaults, by the parameter's name
_USUAL = {
    "negative_slope": (0.1, 0.2, 0.25, 0.3, 1 / 3, 11 / 48),
    "weight": (0.01, 0.1, 0.2),
    "alpha": (0.25, 0.5, 0.75, 1.0, 1.5, 2.0),
    "beta": (0.5, 0.75, 1.0, 1.25, 1.5, 1.702, 2.0),
    "lambd": (0.25, 0.5, 1.0),
    "theta": (0.0, 0.5, 1.0),
    "omega": (1.0, 30.0),
    "omega0": (1.0, 30.0),
    "a": (0.5, 1.0, 2.0),
    "b": (1.0, 4.0),
}


@dataclasses.dataclass(frozen=True)
class Near:
    """An entry of the catalogue and the largest difference from it on [-5, 5]."""

    name: str
    distance: float
    where: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Identity:
    """What a function is. `kind`: "equals", "affine" (scale * name(stretch * x + shift) + offset), or "nearest"."""

    kind: str
    name: str  # in the catalogue
    parameters: dict[str, float]
    text: str
    distance: float | None  # of "nearest", on [-5, 5]; of "affine" what rounding left on [-6, 6]; None: f is not finite
    where: float | None
    affine: tuple[float, float, float, float] | None = None  # scale, stretch, shift, offset
    also: tuple[str, ...] = ()  # other entries that are the same function
    nearest: tuple[Near, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Same:
    """Another name of a function: `kind` "equals" or "affine", and the sentence that says how."""

    kind: str
    label: str
    text: str


@dataclasses.dataclass(frozen=True)
class _Entry:
    """A catalogue activation at one setting of its parameters."""

    name: str
    parameters: tuple[tuple[str, float], ...]  # those that differ from the defaults

    @property
    def label(self) -> str:
        given = ", ".join(f"{key}={targets.exact(value)}" for key, value in self.parameters)
        return targets.label(f"{self.name}({given})" if given else self.name)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        block = BLOCKS[self.name]
        values = block.facts.parameters | dict(self.parameters)
        with torch.no_grad():
            return block.value(torch.from_numpy(x), *values.values()).numpy()


def identify(f: Function, parameters: Mapping[str, float] | None = None) -> Identity:
    """Say which function of the catalogue f is, or is nearest to; f takes and gives float64 arrays.

    `parameters` are also tried on every entry that has parameters of these names.

    >>> identify(lambda x: x / (1 + np.exp(-x))).text
    'equals silu'
    >>> identify(lambda x: 3 * np.tanh(2 * x + 1) - 2).text
    'tanh up to input and output scale and shift: 3 tanh(2 x + 1) - 2'
    """
    with np.errstate(all="ignore"):
        values = _values(f, _GRID)
        close = _values(f, _CLOSE)
        short = _values(f, _SHORT)
        entries = _entries() + _given(parameters or {})
        known = (f, values, short)
        nearest = _nearest(entries, close)
        equal = _equal(entries, values)
        if equal:
            return _as_equal(equal, nearest)
        affine = _affine(*known)
    if affine:
        return min(affine, key=_simplicity).as_identity(nearest)
    if not nearest:
        return Identity(kind="nearest", name="", parameters={}, text="not finite on [-5, 5]", distance=None, where=None)
    first = nearest[0]
    entry = next(entry for entry in entries if entry.label == first.name)
    text = f"nearest {first.name}: largest difference {first.distance:.3g} on [-5, 5], at x = {first.where:.3g}"
    if first.distance <= _EQUAL:
        text = f"{first.name} on [-5, 5], but not beyond{_beyond(values, _known(entry, 'wide'))}"
    return Identity(
        kind="nearest",
        name=entry.name,
        parameters=dict(entry.parameters),
        text=text,
        distance=first.distance,
        where=first.where,
        nearest=nearest,
    )


def same_as(name: str) -> list[Same]:
    """The other entries of the catalogue that are this function, exactly or up to scale and shift.

    >>> [same.text for same in same_as("swish") if same.label == "sigmoid"]
    []
    >>> [same.text for same in same_as("tanh") if same.label == "sigmoid"]
    ['sigmoid up to input and output scale and shift: 2 sigmoid(2 x) - 1']
    """
    target = targets.parse(name)
    if target.kind != "catalogue":
        raise UserError(f"--same-as takes a name of the catalogue, not {name!r}: `actlab list` shows them.")
    own = _Entry(target.name, target.arguments)
    settings = BLOCKS[own.name].facts.parameters | dict(own.parameters)
    with np.errstate(all="ignore"):
        values = _values(own, _GRID)
        equal = [
            entry
            for entry in _equal(_entries() + _with_values(tuple(settings.values())), values)
            if entry.name != own.name
        ]
        affine = _affine(own, values, _values(own, _SHORT))
    taken = {own.name, *(entry.name for entry in equal)}
    best: dict[str, _Affine] = {}
    for match in affine:
        name = match.entry.name
        if name not in taken and (name not in best or _simplicity(match) < _simplicity(best[name])):
            best[name] = match
    found = [Same("equals", entry.label, f"equals {entry.label}") for entry in _one_each(equal)]
    return found + [Same("affine", match.entry.label, match.text) for match in best.values()]


# the bank


@cache
def _entries() -> list[_Entry]:
    """Every elementwise activation at its defaults, in the catalogue's order, then at usual settings."""
    names = [name for name in BLOCKS if _is_elementwise(name)]
    usual = [
        _Entry(name, _setting(name, {key: value}))
        for name in names
        for key in BLOCKS[name].facts.parameters
        for value in _USUAL.get(key, ())
    ]
    return list(dict.fromkeys([*(_Entry(name, ()) for name in names), *usual]))


def _is_elementwise(name: str) -> bool:
    try:
        values = _Entry(name, ())(_SHORT)
    except Exception:  # a block of another kind: it changes the width, or wants more than one tensor
        return False
    return values.shape == _SHORT.shape


def _setting(name: str, given: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """In the entry's order, without what is its default."""
    own = BLOCKS[name].facts.parameters
    return tuple((key, float(given[key])) for key in own if key in given and given[key] != own[key])


def _given(parameters: Mapping[str, float]) -> list[_Entry]:
    """Each entry that has parameters of these names, with them."""
    names = [entry.name for entry in _entries() if not entry.parameters]
    found = (_Entry(name, _setting(name, parameters)) for name in names)
    return [entry for entry in found if entry.parameters]


def _with_values(values: tuple[float, ...]) -> list[_Entry]:
    """Each entry of one parameter, at these values of it."""
    names = [entry.name for entry in _entries() if not entry.parameters]
    single = [name for name in names if len(BLOCKS[name].facts.parameters) == 1]
    return [
        _Entry(name, _setting(name, dict.fromkeys(BLOCKS[name].facts.parameters, value)))
        for name, value in product(single, values)
    ]


@cache
def _bank(grid: str) -> dict[_Entry, np.ndarray]:
    points = {"wide": _GRID, "close": _CLOSE}[grid]
    return {entry: _values(entry, points) for entry in _entries()}


def _known(entry: _Entry, grid: str) -> np.ndarray:
    """The values of an entry, from the bank where it holds them."""
    bank = _bank(grid)
    return bank[entry] if entry in bank else _values(entry, {"wide": _GRID, "close": _CLOSE}[grid])


@cache
def _stretched() -> tuple[list[tuple[_Entry, float, float]], np.ndarray]:
    """Entry, stretch and shift of each row, and the rows (E * S, G): centred, of length 1, in float32."""
    pairs = list(product(_SCALES, _SHIFTS))
    inputs = np.concatenate([b * _SHORT + c for b, c in pairs])
    labels, rows = [], []
    for entry in (entry for entry in _entries() if not entry.parameters):
        block = _values(entry, inputs).reshape(len(pairs), -1)
        block = block - block.mean(axis=1, keepdims=True)
        size = np.linalg.norm(block, axis=1, keepdims=True)
        usable = (np.isfinite(size) & (size > 1e-9)).ravel()
        rows.append((block[usable] / size[usable]).astype(np.float32))
        labels += [(entry, b, c) for (b, c), use in zip(pairs, usable, strict=True) if use]
    return labels, np.concatenate(rows)


def _values(f: Function, x: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(f(x.copy()), dtype=np.float64)


# equal, and near


def _equal(entries: list[_Entry], values: np.ndarray) -> list[_Entry]:
    """The entries that f equals wherever both are numbers; a tail of f's that is not finite does not count."""
    return [entry for entry in entries if _agree(values, _known(entry, "wide"), _EQUAL)]


def _agree(values: np.ndarray, reference: np.ndarray, limit: float) -> bool:
    asked = np.isfinite(reference)
    broken_tail = ~np.isfinite(values) & (np.abs(_GRID) >= _TAIL_STARTS)
    asked &= ~broken_tail
    if asked.sum() < len(_GRID) / 4:
        return False
    gap = np.abs(values[asked] - reference[asked])
    return bool((gap <= limit * (1 + np.abs(reference[asked]))).all())  # False for NaN


def _one_each(entries: list[_Entry]) -> list[_Entry]:
    """The first setting of each name."""
    return list({entry.name: entry for entry in reversed(entries)}.values())[::-1]


def _as_equal(equal: list[_Entry], nearest: tuple[Near, ...]) -> Identity:
    first, *others = _one_each(equal)
    return Identity(
        kind="equals",
        name=first.name,
        parameters=dict(first.parameters),
        text=f"equals {first.label}",
        distance=0.0,
        where=None,
        also=tuple(entry.label for entry in others),
        nearest=nearest,
    )


def _beyond(values: np.ndarray, reference: np.ndarray) -> str:
    """The difference that is nearest to 0."""
    gap = np.abs(values - reference)
    wrong = np.flatnonzero(~(gap <= _EQUAL * (1 + np.abs(reference))))
    place = wrong[np.abs(_GRID[wrong]).argmin()]
    return f": at x = {_GRID[place]:.4g} it is {values[place]:.4g}, not {reference[place]:.4g}"


def _nearest(entries: list[_Entry], values: np.ndarray, count: int = 5) -> tuple[Near, ...]:
    """The nearest names, each at its best setting."""
    best: dict[str, Near] = {}
    if not np.isfinite(values).all():
        return ()
    for entry in entries:
        gap = np.abs(values - _known(entry, "close"))
        place = int(gap.argmax())
        if np.isfinite(gap[place]) and (entry.name not in best or gap[place] < best[entry.name].distance):
            best[entry.name] = Near(entry.label, float(gap[place]), float(round(_CLOSE[place] - _OFF, 6)))
    return tuple(sorted(best.values(), key=lambda near: near.distance)[:count])


# equal up to scale and shift


@dataclasses.dataclass(frozen=True)
class _Affine:
    """a * g(b x + c) + d."""

    entry: _Entry
    a: float
    b: float
    c: float
    d: float
    error: float
    where: float

    @property
    def text(self) -> str:
        name = self.entry.label
        if self.a == 0:
            return f"the constant {self.d:.6g}"
        inner = _line(self.b, "x", self.c)
        shown = _line(self.a, f"({inner})" if name == "identity" and inner != "x" else inner, self.d)
        if name != "identity":
            shown = _line(self.a, f"{name}({inner})", self.d)
        return f"{name} up to input and output scale and shift: {shown}"

    def as_identity(self, nearest: tuple[Near, ...]) -> Identity:
        return Identity(
            kind="affine",
            name=self.entry.name,
            parameters=dict(self.entry.parameters),
            text=self.text,
            distance=self.error,
            where=None if math.isnan(self.where) else self.where,
            affine=(self.a, self.b, self.c, self.d),
            nearest=nearest,
        )


def _line(scale: float, of: str, offset: float) -> str:
    """`scale of + offset`, without what says nothing."""
    text = of if scale == 1 else f"-{of}" if scale == -1 else f"{scale:.6g} {of}"
    return text if offset == 0 else f"{text} {'-' if offset < 0 else '+'} {abs(offset):.6g}"


def _simplicity(match: _Affine) -> tuple[float, float]:
    """Few numbers first, then small ones; a tie is left to the catalogue's order."""
    a, b, c, d = match.a, match.b, match.c, match.d
    count = (a != 1) + (abs(b) != 1) + 1.5 * (b < 0) + (c != 0) + (d != 0)
    size = abs(math.log(abs(a) or 1)) + abs(math.log(abs(b))) + abs(c) + abs(d)
    return count, round(size, 6)


def _affine(f: Function, values: np.ndarray, short: np.ndarray) -> list[_Affine]:
    """Every entry that f is up to scale and shift, on [-6, 6] to a millionth of its span, and then everywhere."""
    if not np.isfinite(short).all():
        return []
    identity = next(entry for entry in _entries() if entry.name == "identity")
    if np.ptp(short) == 0:
        return [_Affine(identity, 0.0, 1.0, 0.0, float(short[0]), 0.0, math.nan)]
    straight = _projected(identity, 1.0, 0.0, short)
    if straight.error <= _EQUAL * np.ptp(short):  # any function with a straight piece would do: say the plainest
        return [straight] if _holds(straight, values) else []
    labels, rows = _stretched()
    centred = short - short.mean()
    match = np.abs(rows @ (centred / np.linalg.norm(centred)).astype(np.float32))
    found = []
    for entry, b, c in _starts(labels, match):
        for refined in _refined(entry, b, c, short):
            if refined.error <= _EQUAL * np.ptp(short) and _holds(refined, values):
                found.append(refined)
    return found


def _starts(labels: list[tuple[_Entry, float, float]], match: np.ndarray) -> Iterator[tuple[_Entry, float, float]]:
    """The best rows, at most two of an entry."""
    used: dict[_Entry, int] = {}
    for place in np.argsort(-match)[:4000]:
        entry, b, c = labels[place]
        if match[place] < 0.98 or sum(used.values()) >= _REFINED:
            return
        if used.get(entry, 0) < 2:
            used[entry] = used.get(entry, 0) + 1
            yield entry, b, c


def _refined(entry: _Entry, b: float, c: float, short: np.ndarray) -> Iterator[_Affine]:
    """The best fit from this start, and the same with b or c held at the plain numbers near it."""
    from scipy.optimize import least_squares

    def residual(point: np.ndarray) -> np.ndarray:
        fit = _fit(entry, point[0], point[1], short)
        return np.nan_to_num(fit[2], nan=1e6, posinf=1e6, neginf=-1e6)

    free = least_squares(residual, [b, c], xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=60).x
    if np.abs(residual(free)).max() > 1e-4 * np.ptp(short) or not 1 / _STEEPEST < abs(free[0]) < _STEEPEST:
        return
    sign = math.copysign(1.0, free[0])
    plain = _plain(free[0]), _plain(free[1])
    # where stretching is the same as scaling (relu) any b fits: then 1 is the plainest; where g is odd, b > 0 is
    for point in ((1.0, 0.0), (-1.0, 0.0), (sign, free[1] / abs(free[0])), (-sign, -free[1] / abs(free[0])), plain,
                  (-plain[0], -plain[1]), (plain[0], 0.0), tuple(free)):  # fmt: skip
        match = _projected(entry, _plain(point[0]), _plain(point[1]), short)
        if np.isfinite(match.error):
            yield match


def _projected(entry: _Entry, b: float, c: float, short: np.ndarray) -> _Affine:
    a, d, residual = _fit(entry, b, c, short)
    place = int(np.abs(residual).argmax())
    a, d = _plain(a), _plain(d)
    gap = np.abs(short - (a * _values(entry, b * _SHORT + c) + d))
    return _Affine(entry, a, float(b), float(c), d, float(gap.max()), float(_SHORT[place]))


def _fit(entry: _Entry, b: float, c: float, short: np.ndarray) -> tuple[float, float, np.ndarray]:
    """The best a and d for these b and c, and what is left."""
    g = _values(entry, b * _SHORT + c)
    centred = g - g.mean()
    size = centred @ centred
    a = float(centred @ (short - short.mean()) / size) if size > 0 else 0.0
    d = float(short.mean() - a * g.mean())
    return a, d, short - (a * g + d)


def _plain(value: float) -> float:
    """The number of few digits that this one misses by rounding alone."""
    near = float(f"{value:.4g}")
    near = 0.0 if abs(near) < 1e-7 else near
    return near if abs(value - near) <= 2e-8 * max(1.0, abs(value)) else float(value)


def _holds(match: _Affine, values: np.ndarray) -> bool:
    """Whether the match goes on outside [-6, 6]: a clipped function is no relu, though it looks like one there."""
    reference = match.a * _values(match.entry, match.b * _GRID + match.c) + match.d
    return _agree(values, reference, 1e-4)
