"""The list of checks: each a small function that declares its severity and what it needs."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn

import torch

from actlab.checks.battery.findings import FAIL, NOTE, PASS, SKIP, Finding, words_of
from actlab.checks.battery.subject import Subject
from actlab.making import Written

NEEDS: dict[str, tuple[Callable[[Subject], bool], str]] = {  # whether it has it, and what is said where it has not
    "elementwise": (lambda s: s.is_elementwise, "it is not elementwise"),
    "float64": (lambda s: s.takes(torch.float64), "it does not compute in float64"),
    "float32": (lambda s: s.takes(torch.float32), "it does not compute in float32"),
    "module": (lambda s: s.is_module, "it is no module"),
    # of a formula no kinks are declared
    "block": (lambda s: s.block is not None and not isinstance(s.block, Written), "nothing is declared about it"),
}


@dataclasses.dataclass(frozen=True)
class Check:
    """A named check: a Subject in, a Finding out; None where nothing is wrong."""

    name: str
    severity: str
    needs: tuple[str, ...]
    slow: bool
    summary: str
    run: Callable[[Subject], Finding | None]


CHECKS: dict[str, Check] = {}


def check(severity: str, *, needs: tuple[str, ...] = (), slow: bool = False) -> Callable[[Any], Any]:
    """Enter a function into the battery, under its own name, in the order of definition."""

    def enter(function: Callable[[Subject], Finding | None]) -> Callable[[Subject], Finding | None]:
        assert set(needs) <= set(NEEDS), needs
        name = function.__name__.rstrip("_")
        summary = (function.__doc__ or "").splitlines()[0]
        CHECKS[name] = Check(name, severity, needs, slow, summary, function)
        return function

    return enter


passed, failed, noted, skipped = (partial(Finding, outcome) for outcome in (PASS, FAIL, NOTE, SKIP))


class Found(Exception):
    """What a check has found, and thereby ends with."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding


def fail(says: str, mend: str = "", **numbers: Any) -> NoReturn:
    """End the check: this is wrong."""
    raise Found(failed(says, mend, **numbers))


def skip(says: str) -> NoReturn:
    """End the check, for this reason, without a judgement."""
    raise Found(skipped(says))


@contextmanager
def failing(
    says: str, mend: str | Callable[[], str] = "", outcome: Callable[..., Finding] = failed, **numbers: Any
) -> Iterator[None]:
    """An error of what is checked ends the check, as a finding of these words and its own."""
    try:
        yield
    except Exception as error:
        advice = mend if isinstance(mend, str) else mend()
        raise Found(outcome(f"{says}: {words_of(error)}", advice, **numbers)) from None
