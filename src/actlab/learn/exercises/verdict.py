"""Exercise 5.1. Told apart: unpaired, deviation for standard error, n for n - 1, a verdict by mean or by 0 alone."""

import itertools
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

_BASE, _OTHER = np.array([[91.2, 95.8, 93.1, 97.0, 94.4, 96.3], [91.9, 96.0, 94.0, 97.1, 95.3, 96.2]])
_GAP = "the gap is still there: put an expression in the place of the dots."
_SINGLE = "that is with the deviation of single differences. Their mean scatters less: divide by √n."
_APART = "that is for two groups with no seed in common. Yours are pairs: take the deviation of d."
_SMALL = "0 is outside, but all of it is within the margins: so small does not matter."
_CASES = (  # an interval, its verdict for a margin of 0.5, and what another has overlooked
    (0.7, 1.9, "better", "all of it is above the margin."),
    (-1.6, -0.6, "worse", "all of it is below minus the margin."),
    (-0.1, 2.3, "undecided", "its middle is above the margin, its lower end below 0: ask both ends, not mean or 0."),
    (-0.2, 0.3, "practically equal", "all of it is within the margins, on both sides."),
    (0.1, 0.4, "practically equal", _SMALL),
    (-0.4, -0.1, "practically equal", _SMALL),
    (-1.5, 1.3, "undecided", "its middle is within the margins, its ends are not: nothing is known yet."),
    (0.2, 1.5, "undecided", "0 is outside, but the difference may be smaller than the margin, or larger."),
    (-1.5, -0.2, "undecided", "its upper end is within the margins, its lower end is not."),
    (0.3, 0.9, "undecided", "it is short, but the margin lies in it: where it lies counts, not how long it is."),
)


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """Differences and interval of two tables, then verdicts; it ends where nothing behind can be judged."""
    for n, t in ((6, 2.5706), (4, 3.1824)):
        base, other, d = _BASE[:n], _OTHER[:n], (_OTHER - _BASE)[:n]
        lists = [(-d, "the signs are turned."), (abs(d), "they have lost their signs."), (d.mean(), "only their mean.")]
        s, apart = d.std(ddof=1), ((base.var(ddof=1) + other.var(ddof=1)) / n) ** 0.5
        wrong = {s: _SINGLE, d.std(): _SINGLE, apart: _APART, apart * (1 - 1 / n) ** 0.5: _APART}
        wrong |= {s / n: "it is divided by n. Divide the deviation by √n.", s**2 / n: "the root is missing."}
        wrong[d.std() / n**0.5] = "NumPy's std divides by n. As the mean is guessed, too, divide by n - 1: ddof=1."
        wrong[1.96 / t * s / n**0.5] = "1.96 is for many pairs. With few it is t, from the table T."
        ends = [np.array([d.mean() - t * e, d.mean() + t * e]) for e in (s / n**0.5, *wrong)]
        known = zip(ends[1:], wrong.values(), strict=True)
        for name, true, mistakes in (("differences", d, lists), ("interval", ends[0], known)):
            if says := _wrong(getattr(module, name), base.copy(), other.copy(), true, mistakes):
                yield False, f"{name}: {says}"
                return
    wider = f"Without the pairs the standard error would be {apart * n**0.5 / s:.0f} times as large."
    yield True, f"differences and interval: t standard errors to each side of the mean difference. {wider}"
    for margin, (low, high, true, why) in itertools.product((0.5, 1.0), _CASES):
        low, high = 2 * margin * low, 2 * margin * high
        if (given := module.verdict(low, high, margin)) != true:
            why = _GAP if given is ... else f"{low:+g} to {high:+g}, margin {margin:g}, is not {given!r}: {why}"
            yield False, f"verdict: {why}"
            return
    yield True, f"verdict: {len(_CASES)} intervals, with two margins, as their ends and the margin say."


def _wrong(function: Any, base: np.ndarray, other: np.ndarray, true: np.ndarray, known: Any) -> str:
    """In words; nothing, if it is right."""
    if (got := function(base, other)) is ...:
        return _GAP
    for one, says in ((true, ""), *known):
        if np.shape(got) == np.shape(one) and np.allclose(got, one, rtol=0, atol=1e-3):
            return says
    return f"off by {abs(got - true).max():.2g}." if np.shape(got) == true.shape else f"its shape is not {true.shape}."
