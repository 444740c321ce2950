"""A share and how well so many trials know it."""

import math


def share(hits: int, of: int) -> dict[str, float]:
    """A share and Wilson's 95% interval.

    >>> {name: round(value, 3) for name, value in share(5, 100).items()}
    {'share': 0.05, 'low': 0.022, 'high': 0.112, 'n': 100}
    """
    z, p = 1.959964, hits / of
    middle, reach = p + z * z / (2 * of), z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return {
        "share": p,
        "low": (middle - reach) / (1 + z * z / of),
        "high": (middle + reach) / (1 + z * z / of),
        "n": of,
    }
