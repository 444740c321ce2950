"""One assertion that an activation is sound."""

import logging
from collections.abc import Callable, Collection
from typing import Any

from actlab.checks import Verdict, check


def assert_activation(
    what: str | Callable[..., Any], *, reference: str | Callable[..., Any] | None = None, allow: Collection[str] = (),
    **options: Any,
) -> Verdict:  # fmt: skip
    """Assert that an activation passes the battery.

    Args:
        what, reference: as in `actlab.check`: what is checked, and what it is meant to be.
        allow: names of checks, or "portability", that may fail.
        options: the other arguments of `actlab.check`.

    Returns:
        The Verdict.

    Raises:
        AssertionError: what failed, at which input, and how to mend it.
        UserError: it cannot be checked at all.

    >>> import torch
    >>> assert_activation(torch.nn.Tanh(), only=["value", "nan"]).passed
    True
    >>> assert_activation(lambda x: torch.where(x > 0, x, 0.0), only=["value", "nan"])
    Traceback (most recent call last):
    AssertionError: lambda: equals relu. 1 checks passed, 1 failed.
      nan: fail. at float64, x = nan. NaN becomes 0. Mend: ...
    """
    __tracebackhide__ = True  # pytest shows the caller's line
    logging.getLogger("torch.__trace").propagate = False  # else pytest shows hundreds of its lines under a failure
    verdict = check(what, reference=reference, **options)
    if not verdict.passes(allow):
        raise AssertionError(str(verdict))
    return verdict
