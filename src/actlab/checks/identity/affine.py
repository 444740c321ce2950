"""Functions that are an entry up to scale and shift: found by correlation, refined, then held everywhere."""

import dataclasses
import math
from collections.abc import Callable, Iterator

import numpy as np

from actlab.activations import BLOCKS
from actlab.checks.identity.bank import EQUAL, GRID, SHORT, Entry, agree, sampled, stretched

_REFINED = 60  # so many of the best starts are refined
_STEEPEST = 40.0  # stretched further, every smooth bend looks like a kink


@dataclasses.dataclass(frozen=True)
class Affine:
    """a * g(b x + c) + d."""

    entry: Entry
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
            return f"the constant {self.d + 0.0:.6g}"
        inner = _line(self.b, "x", self.c)
        shown = _line(self.a, "x" if name == "identity" else f"{name}({inner})", self.d)
        return f"{name} up to input and output scale and shift: {shown}"

    @property
    def simplicity(self) -> tuple[float, int, float]:
        """Few numbers first, then a short formula, then small numbers; a tie is left to the catalogue's order."""
        a, b, c, d = self.a, self.b, self.c, self.d
        count = (a != 1) + (abs(b) != 1) + 1.5 * (b < 0) + (c != 0) + (d != 0)
        size = abs(math.log(abs(a) or 1)) + abs(math.log(abs(b))) + abs(c) + abs(d)
        return count, len(BLOCKS[self.entry.name].facts.formula), round(size, 6)


def _line(scale: float, of: str, offset: float) -> str:
    """`scale of + offset`, without what says nothing."""
    text = of if scale == 1 else f"-{of}" if scale == -1 else f"{scale:.6g} {of}"
    return text if offset == 0 else f"{text} {'-' if offset < 0 else '+'} {abs(offset):.6g}"


def affine_matches(values: np.ndarray, short: np.ndarray) -> list[Affine]:
    """Every entry that f is up to scale and shift, on [-10, 10] to a millionth of its span, and then everywhere.

    `values` are those of f on GRID, `short` those on SHORT.
    """
    if not np.isfinite(short).all():
        return []
    identity = Entry("identity")
    if np.ptp(short) == 0:
        return [Affine(identity, 0.0, 1.0, 0.0, float(short[0]), 0.0, math.nan)]
    straight = _projected(identity, 1.0, 0.0, short)
    if straight.error <= EQUAL * np.ptp(short):  # any function with a straight piece would do: say the plainest
        return [straight] if _holds(straight, values) else []
    labels, rows = stretched()
    centred = short - short.mean()
    match = np.abs(rows @ (centred / np.linalg.norm(centred)).astype(np.float32))
    found = (refined for start in _starts(labels, match) for refined in _refined(*start, short))
    return [match for match in found if match.error <= EQUAL * np.ptp(short) and _holds(match, values)]


def _starts(labels: list[tuple[Entry, float, float]], match: np.ndarray) -> Iterator[tuple[Entry, float, float]]:
    """The best row of each entry, then the second best of those that match best."""
    first: dict[Entry, int] = {}
    second: dict[Entry, int] = {}
    for place in np.argsort(-match):
        if match[place] < 0.97:
            break
        entry = labels[place][0]
        (second if entry in first else first).setdefault(entry, place)
    for place in [*list(first.values())[:_REFINED], *list(second.values())[: _REFINED // 4]]:
        yield labels[place]


def _refined(entry: Entry, b: float, c: float, short: np.ndarray) -> Iterator[Affine]:
    """The best fit from this start, and the same with b or c held at the plain numbers near it."""

    def residual(point: np.ndarray) -> np.ndarray:
        *_, left = _fit(entry, point[0], point[1], short)
        return np.nan_to_num(left, nan=1e6, posinf=1e6, neginf=-1e6)

    free = _least_squares(residual, np.array([b, c]), 20)
    if np.abs(residual(free)).max() > 1e-4 * np.ptp(short) or not 1 / _STEEPEST < abs(free[0]) < _STEEPEST:
        return
    free = _least_squares(residual, free, 60)
    sign = math.copysign(1.0, free[0])
    plain = _plain(free[0]), _plain(free[1])
    # where stretching is the same as scaling (relu) any b fits: then 1 is the plainest; where g is odd, b > 0 is
    for point in ((1.0, 0.0), (-1.0, 0.0), (sign, free[1] / abs(free[0])), (-sign, -free[1] / abs(free[0])), plain,
                  (-plain[0], -plain[1]), (plain[0], 0.0), tuple(free)):  # fmt: skip
        match = _projected(entry, _plain(point[0]), _plain(point[1]), short)
        if np.isfinite(match.error):
            yield match


def _least_squares(residual: Callable[[np.ndarray], np.ndarray], point: np.ndarray, steps: int) -> np.ndarray:
    """The point that so many steps of Levenberg and Marquardt lead to: SciPy's is not in the light install."""
    left, damping = residual(point), 1e-3
    for _ in range(steps):
        widths = np.diag(1.5e-8 * np.maximum(1.0, np.abs(point)))
        slopes = np.stack([(residual(point + width) - left) / width.sum() for width in widths], axis=1)
        square = slopes.T @ slopes
        held = damping * np.diag(square) + 1e-14 * square.trace() + 1e-300  # some stretch without effect (relu)
        step = np.linalg.solve(square + np.diag(held), -slopes.T @ left)
        tried = residual(point + step)
        gained = 1 - tried @ tried / max(left @ left, 1e-300)
        if gained > 0:
            point, left, damping = point + step, tried, damping / 10
        else:
            damping *= 10
        if np.abs(step).max() <= 1e-15 * np.abs(point).max() or 0 < gained < 1e-6:  # this is as near as it comes
            break
    return point


def _projected(entry: Entry, b: float, c: float, short: np.ndarray) -> Affine:
    a, d, residual = _fit(entry, b, c, short)
    place = int(np.abs(residual).argmax())
    a, d = _plain(a), _plain(d)
    gap = np.abs(short - (a * sampled(entry, b * SHORT + c) + d))
    return Affine(entry, a, float(b), float(c), d, float(gap.max()), float(SHORT[place]))


def _fit(entry: Entry, b: float, c: float, short: np.ndarray) -> tuple[float, float, np.ndarray]:
    """The best a and d for these b and c, and what is left."""
    g = sampled(entry, b * SHORT + c)
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


def _holds(match: Affine, values: np.ndarray) -> bool:
    """Whether the match goes on outside [-10, 10]: a clipped function is no relu, though it looks like one there."""
    reference = match.a * sampled(match.entry, match.b * GRID + match.c) + match.d
    return agree(values, reference, 1e-4)
