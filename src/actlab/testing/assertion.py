"""One assertion that an activation is sound.

>>> import torch
>>> assert_activation(torch.nn.Tanh(), quick=True).passed
True
"""

import logging
from collections.abc import Callable, Collection
from typing import Any

from actlab.checks import Verdict, check


def assert_activation(
    what: str | Callable[..., Any], *, reference: str | Callable[..., Any] | None = None, allow: Collection[str] = (),
    **options: Any,
) -> Verdict:  # fmt: skip
    """Assert that an activation passes the battery; AssertionError lists what failed, where, and how to mend it.

    `allow` names checks, or "portability", that may fail. Everything else is as in `actlab.check`.

    >>> import torch
    >>> assert_activation(lambda x: torch.where(x > 0, x, 0.0), quick=True)
    Traceback (most recent call last):
    AssertionError: lambda: ...
    """
    __tracebackhide__ = True  # pytest shows the caller's line
    logging.getLogger("torch.__trace").propagate = False  # else pytest shows hundreds of its lines under a failure
    verdict = check(what, reference=reference, **options)
    if not verdict.passes(allow):
        raise AssertionError(str(verdict))
    return verdict
