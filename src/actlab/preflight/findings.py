"""What a check before training says: a Finding; and the refusal to go on where one is an error."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from actlab.errors import UserError

OK, NOTE, WARNING, ERROR = LEVELS = ("ok", "note", "warning", "error")


@dataclass(frozen=True)
class Finding:
    """One check's outcome: its figure, and a line that says what it means and what to do.

    A note informs; a warning is worth a look; an error means that what is trained would not mean what it seems to.

    >>> print(Finding("scale", "warning", 78.6, "the inputs have standard deviation 78.6."))
    warning  scale: the inputs have standard deviation 78.6.
    """

    check: str  # its name
    level: str  # "ok", "note", "warning" or "error"
    measured: float | str  # the figure, or a name
    says: str  # what it means and what to do
    about: str = ""  # the part of the data, or the activation, where it is about one

    def as_dict(self) -> dict[str, Any]:
        """Plain values; a number that JSON lacks as text."""
        infinite = isinstance(self.measured, float) and not math.isfinite(self.measured)
        return asdict(self) | ({"measured": str(self.measured)} if infinite else {})

    def __str__(self) -> str:
        about = f" ({self.about})" if self.about else ""
        return f"{self.level:<8} {self.check}{about}: {self.says}"


def refuse(findings: Sequence[Finding], force: bool = False) -> None:
    """Stop where there is an error among the findings, unless that is what is wanted.

    Raises:
        UserError: all errors, the warnings beside them, and how to go on in spite of them.
    """
    errors = [finding for finding in findings if finding.level == ERROR]
    if not errors or force:
        return
    warnings = [finding for finding in findings if finding.level == WARNING]  # one of them may be the cause
    told = [f"{f.check}{f', {f.about}' if f.about else ''}: {f.says}" for f in (*errors, *warnings)]
    listed = " ".join(f"({i}) {'' if i <= len(errors) else 'warning, '}{says}" for i, says in enumerate(told, 1))
    count = "An error was" if len(errors) == 1 else f"{len(errors)} errors were"
    advice = "Mend this, or go on all the same with --force (force=True)."
    raise UserError(f"{count} found before training. {listed} {advice}")
