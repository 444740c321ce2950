"""Paths as people write them."""

import os
from pathlib import Path


def path_of(written: str | os.PathLike[str]) -> Path:
    """A path in which ~ is a home; as it stands where there is no such home.

    >>> path_of("mine.py").name, path_of("~nobody\\0/mine.py").name
    ('mine.py', 'mine.py')
    """
    try:
        return Path(os.path.expanduser(written))
    except ValueError:  # no user has a name with half a character or a zero byte in it
        return Path(written)
