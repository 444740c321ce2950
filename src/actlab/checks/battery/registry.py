"""The list of checks: each a small function that declares its severity and what it needs."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from actlab.checks.battery.findings import FAIL, NOTE, PASS, SKIP, Finding

if TYPE_CHECKING:
    from actlab.checks.battery.subject import Subject

NEEDS = {
    "elementwise": "it is not elementwise",
    "float64": "it does not compute in float64",
    "float32": "it does not compute in float32",
    "module": "it is no module",
    "block": "nothing is declared about it",
}


@dataclasses.dataclass(frozen=True)
class Check:
    """A named check: a Subject in, a Finding out."""

    name: str
    severity: str
    needs: tuple[str, ...]
    slow: bool
    summary: str
    run: "Callable[[Subject], Finding]"


CHECKS: dict[str, Check] = {}


def check(severity: str, *, needs: tuple[str, ...] = (), slow: bool = False) -> Callable[[Any], Any]:
    """Enter a function into the battery, under its own name, in the order of definition."""

    def enter(function: "Callable[[Subject], Finding]") -> "Callable[[Subject], Finding]":
        assert set(needs) <= set(NEEDS), needs
        name = function.__name__.rstrip("_")
        summary = (function.__doc__ or "").splitlines()[0]
        CHECKS[name] = Check(name, severity, needs, slow, summary, function)
        return function

    return enter


def passed(says: str = "", **numbers: Any) -> Finding:
    return Finding(outcome=PASS, says=says, **numbers)


def failed(says: str, mend: str = "", **numbers: Any) -> Finding:
    return Finding(outcome=FAIL, says=says, mend=mend, **numbers)


def noted(says: str, mend: str = "", **numbers: Any) -> Finding:
    return Finding(outcome=NOTE, says=says, mend=mend, **numbers)


def skipped(says: str) -> Finding:
    return Finding(outcome=SKIP, says=says)
