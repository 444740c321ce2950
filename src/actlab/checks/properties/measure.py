"""f and f' in, a record of what was measured out."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from actlab.checks.properties.grid import Function, on_any_shape
from actlab.checks.properties.moments import moments
from actlab.checks.properties.places import fixed_points, nearest, undefined, vanishing, widest
from actlab.checks.properties.record import Properties
from actlab.checks.properties.shape import bounded, highest, kinks_of, monotone, parity

KEEPS = 0.01  # chi this near to 1 neither explodes nor vanishes


@np.errstate(all="ignore")
def properties(f: Function, slope: Function, kinks: Sequence[float] | None = None) -> Properties:
    """Measure a function and its derivative, both of float64 arrays.

    Kinks are looked for in [-12, 12] unless they are given; of those given, what is smooth is left out (elu has a kink
    unless alpha is 1).

    >>> relu = properties(lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0, kinks=(0.0,))
    >>> relu.bounded, relu.lipschitz, relu.fixed_points, round(relu.gain, 6), relu.depth
    ('below', 1.0, ((0.0, inf),), 1.414214, 'keeps')
    """
    f = on_any_shape(f)
    slope = _where_defined(f, on_any_shape(slope))
    found = kinks_of(f, slope, kinks)
    mirrored = highest(lambda x: -f(x))
    bottom, top = dataclasses.replace(mirrored, value=0.0 - mirrored.value), highest(f)
    steepest = highest(lambda x: np.abs(slope(x)))
    mean, second, slope_second = moments(f, slope, [*(kinks or ()), *(kink.x for kink in found)])
    gain = 1 / math.sqrt(second) if 0 < second < math.inf else math.nan
    chi = gain * gain * slope_second
    fixed, more_fixed = nearest(fixed_points(f, slope))
    flat, more_flat = widest(vanishing(slope))
    gaps, more_gaps = nearest(undefined(f))
    direction, strictly = monotone(f)
    return Properties(
        lowest=bottom, highest=top, bounded=bounded(bottom, top), monotone=direction, strictly=strictly,
        parity=parity(f), at_zero=float(f(np.zeros(1))[0]), zero_centred=abs(mean) < 1e-6,
        lipschitz=math.inf if any(kink.jump or kink.pole for kink in found) else steepest.value,
        lipschitz_at=steepest.at,
        fixed_points=tuple(fixed), more_fixed_points=more_fixed, kinks=found,
        vanishing=tuple(flat), more_vanishing=more_flat, undefined=tuple(gaps), more_undefined=more_gaps,
        mean=mean, second=second, slope_second=slope_second, gain=gain, chi=chi,
        depth=_depth(chi),
    )  # fmt: skip


def _where_defined(f: Function, slope: Function) -> Function:
    """1/x is no slope of log(x) where that is not defined."""
    return lambda x: np.where(np.isnan(f(x)), math.nan, slope(x))


def _depth(chi: float) -> str:
    if not math.isfinite(chi):
        return "undecided"
    return "keeps" if abs(chi - 1) <= KEEPS else "explodes" if chi > 1 else "vanishes"
