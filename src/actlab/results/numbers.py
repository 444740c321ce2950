"""How numbers are written in tables and on pages."""

import math

from actlab.stats import Interval, Unit

NO_TEST = "–"
POINTS = Unit()


def percent(value: float, digits: int = 2) -> str:
    """
    >>> percent(0.97824), percent(float("nan"))
    ('97.82%', '–')
    """
    return f"{100 * value:.{digits}f}%" if math.isfinite(value) else NO_TEST


def points(value: float) -> str:
    """
    >>> points(-0.00127), points(float("nan"))
    ('-0.13', '–')
    """
    if not math.isfinite(value):
        return NO_TEST
    text = f"{100 * value:+.2f}"
    return "0.00" if float(text) == 0 else text


def number(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else NO_TEST


def interval_text(found: Interval) -> str:
    """
    >>> interval_text(Interval(0.9, 0.89, 0.91, 5))
    '90.00% [89.00, 91.00]'
    """
    if not math.isfinite(found.low):
        return percent(found.mean)
    return f"{percent(found.mean)} [{100 * found.low:.2f}, {100 * found.high:.2f}]"


def span(low: float, high: float) -> str:
    return f"{points(low)} to {points(high)}" if math.isfinite(low) and math.isfinite(high) else NO_TEST


def p_text(p: float) -> str:
    """
    >>> p_text(0.00001), p_text(0.0312), p_text(float("nan"))
    ('< 0.0001', '0.0312', '–')
    """
    if not math.isfinite(p):
        return NO_TEST
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"
