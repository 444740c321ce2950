"""Numbers below the smallest normal one are taken for zero while a stack is trained.

A processor needs a hundred times as long for them, and training is full of them: the means of AdamW for a unit that is
dead, the softmax of a class that is out of the question. They weigh nothing: below 1e-38 in float32.
"""

import contextlib
from collections.abc import Iterator

import torch

_SMALL = torch.tensor([2.0**-1022], dtype=torch.float64)  # the smallest normal number


@contextlib.contextmanager
def flushed() -> Iterator[None]:
    """In this thread, and as before afterwards. Nothing happens on processors that torch cannot tell to do so."""
    before = is_flushing()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def is_flushing() -> bool:
    """Whether this thread takes denormal numbers for zero.

    >>> with flushed():
    ...     print(is_flushing() == torch.set_flush_denormal(True))
    True
    """
    return bool((_SMALL * 0.5 == 0).item())
