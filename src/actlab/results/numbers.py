"""How numbers are written in tables, on pages and in JSON."""

import math
from typing import Any

from actlab.naming import exact
from actlab.stats import NOTHING

NO_TEST = NOTHING


def percent(value: float, digits: int = 2) -> str:
    """
    >>> percent(0.97824), percent(float("nan"))
    ('97.82%', '–')
    """
    return f"{100 * value:.{digits}f}%" if math.isfinite(value) else NO_TEST


def number(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else NO_TEST


def times(value: float, low: float = math.nan, high: float = math.nan) -> str:
    """
    >>> times(1.254), times(1.25, 1.2, 1.31), times(1.0, 1.0, 1.0)
    ('1.25×', '1.25× [1.20, 1.31]', '1.00×')
    """
    if not math.isfinite(value):
        return NO_TEST
    return f"{value:.2f}×" + (f" [{low:.2f}, {high:.2f}]" if low < high else "")


def short(value: float | str) -> str:
    """A setting."""
    return value if isinstance(value, str) else exact(value)


def p_text(p: float) -> str:
    """
    >>> p_text(0.00001), p_text(0.0312), p_text(float("nan"))
    ('< 0.0001', '0.0312', '–')
    """
    return "< 0.0001" if p < 0.0001 else number(p)


def aligned(rows: list[list[str]], indent: str = "") -> list[str]:
    """Lines with the cells of each column one under the other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [indent + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def plain(value: Any) -> Any:
    """As JSON can hold it: what is not a number is None.

    >>> plain({"low": float("nan"), "n": [1, 2.5]})
    {'low': None, 'n': [1, 2.5]}
    """
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if hasattr(value, "item"):  # of NumPy
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
