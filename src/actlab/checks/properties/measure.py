"""f and f' in, a record of what was measured out."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from actlab.checks.properties.grid import Function, on_any_shape
from actlab.checks.properties.places import fixed_points, nearest, vanishing
from actlab.checks.properties.record import Kink, Properties
from actlab.checks.properties.shape import bounded, found_kinks, highest, is_kink, jumps, monotone, parity

KEEPS = 0.01  # chi this near to 1 neither explodes nor vanishes
_NORMAL_REACH = 14.0  # beyond it the normal density is below 1e-43
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


@np.errstate(all="ignore")
def properties(f: Function, slope: Function, kinks: Sequence[float] | None = None) -> Properties:
    """Measure a function and its derivative, both of float64 arrays.

    Kinks are looked for in [-12, 12] unless they are given; of those given, what is smooth is left out (elu has a kink
    unless alpha is 1).

    >>> relu = properties(lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0, kinks=(0.0,))
    >>> relu.bounded, relu.lipschitz, relu.fixed_points, round(relu.gain, 6), relu.depth
    ('below', 1.0, ((0.0, inf),), 1.414214, 'keeps')
    """
    f, slope = on_any_shape(f), on_any_shape(slope)
    if kinks is None:
        found = found_kinks(f, slope)
    else:
        found = tuple(Kink(x, jumps(f, x)) for x in map(float, kinks) if is_kink(f, slope, x))
    mirrored = highest(lambda x: -f(x))
    bottom, top = dataclasses.replace(mirrored, value=0.0 - mirrored.value), highest(f)
    steepest = highest(lambda x: np.abs(slope(x)))
    mean, second, slope_second = _moments(f, slope, [kink.x for kink in found])
    gain = 1 / math.sqrt(second) if second > 0 else math.nan
    chi = gain * gain * slope_second
    fixed, more_fixed = nearest(fixed_points(f, slope))
    flat, more_flat = nearest(vanishing(slope))
    direction, strictly = monotone(f)
    return Properties(
        lowest=bottom, highest=top, bounded=bounded(bottom, top), monotone=direction, strictly=strictly,
        parity=parity(f), at_zero=float(f(np.zeros(1))[0]), zero_centred=abs(mean) < 1e-6,
        lipschitz=math.inf if any(kink.jump for kink in found) else steepest.value, lipschitz_at=steepest.at,
        fixed_points=tuple(fixed), more_fixed_points=more_fixed, kinks=found,
        vanishing=tuple(flat), more_vanishing=more_flat,
        mean=mean, second=second, slope_second=slope_second, gain=gain, chi=chi,
        depth="keeps" if abs(chi - 1) <= KEEPS else "explodes" if chi > 1 else "vanishes",
    )  # fmt: skip


def _moments(f: Function, slope: Function, kinks: Sequence[float]) -> tuple[float, float, float]:
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


def _integrals(f: Function, slope: Function, edges: np.ndarray) -> np.ndarray:
    half = np.diff(edges)[:, None] / 2
    x = ((edges[1:] + edges[:-1])[:, None] / 2 + half * _NODES).ravel()
    density = (half * _WEIGHTS).ravel() * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    rows = []
    for values in (f(x), f(x) ** 2, slope(x) ** 2):
        broken_tail = ~np.isfinite(values) & (np.abs(x) > 9)  # all of it weighs less than 1e-18
        rows.append(np.sum(np.where(broken_tail, 0.0, values) * density))
    return np.array(rows)
