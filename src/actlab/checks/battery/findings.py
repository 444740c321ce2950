"""What a check says: a Finding, and all of them together, a Verdict. No torch here."""

import dataclasses
import json
import re
import textwrap
from collections.abc import Collection
from typing import Any
from xml.etree import ElementTree

from actlab.checks.properties.record import Properties, plain
from actlab.errors import legible

WRONG, PORTABILITY, NOTE = "wrong", "portability", "note"
PASS, FAIL, SKIP = "pass", "fail", "skip"


def words_of(error: BaseException) -> str:
    """An error in its first line, in whole words that end, without the sentence that sends one to a page."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = re.sub(r"(?<=[.!?]) [^.!?]*https?://\S+", "", lines[0]) if lines else "no message"
    text = textwrap.shorten(text, 220, placeholder=" ...").rstrip(" ,:")
    return f"{type(error).__name__}: {text}{'' if text.endswith(('.', '!', '?')) else '.'}"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One check's outcome: what was measured, the limit, the input that shows it, and how to mend it.

    `outcome` is "pass", "fail", "note" (informs, never fails) or "skip" (with the reason in `says`).
    `severity` is "wrong" (numbers, gradients, state), "portability" (vmap, compile, meta, double backward) or "note".
    `measured` and `limit` are numbers where there are some, `where` is the input, `mend` what to change.

    >>> print(Finding("fail", "NaN becomes 0.", "Let it through.", check="nan", severity="wrong", where="x = nan"))
    nan: fail. at x = nan. NaN becomes 0. Mend: Let it through.
    """

    check: str = dataclasses.field(default="", kw_only=True)
    severity: str = dataclasses.field(default="", kw_only=True)
    outcome: str
    says: str = ""
    measured: float | None = dataclasses.field(default=None, kw_only=True)
    limit: float | None = dataclasses.field(default=None, kw_only=True)
    where: str = dataclasses.field(default="", kw_only=True)
    mend: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values; a number that JSON lacks as text."""
        return plain(dataclasses.asdict(self))

    def __str__(self) -> str:
        measured = "" if self.measured is None else f" measured {self.measured:.3g}"
        limit = "" if self.limit is None else f", limit {self.limit:.3g}"
        where = f" at {self.where}" if self.where else ""
        mend = f" Mend: {self.mend}" if self.mend and self.outcome == FAIL else ""
        numbers = f"{measured}{limit}{where}"
        return f"{self.check}: {self.outcome}.{numbers and f'{numbers}.'} {self.says}{mend}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the battery found about one activation.

    `identity` says what it is ("equals silu"), `truth` what it was measured against, `properties` what it is like (None
    where it could not be sampled), `findings` every check's outcome, `label` its name, `seconds` how long it took.

    >>> from actlab import check
    >>> verdict = check("tanh", quick=True, only=["value", "nan"])
    >>> print(verdict)
    tanh: equals tanh. 2 checks passed, 0 failed.
    >>> verdict.finding("nan").outcome, verdict.passes(allow=["portability"]), verdict.failures_but(["nan"])
    ('pass', True, ())
    """

    label: str
    identity: str
    truth: str
    findings: tuple[Finding, ...]
    properties: Properties | None
    seconds: float

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings of what failed."""
        return tuple(f for f in self.findings if f.outcome == FAIL)

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    def failures_but(self, allow: Collection[str] = ()) -> tuple[Finding, ...]:
        """The failures whose severity and name are not in `allow`."""
        return tuple(f for f in self.failures if f.severity not in allow and f.check not in allow)

    def passes(self, allow: Collection[str] = ()) -> bool:
        """Whether nothing failed but what has a severity, or a name, in `allow`."""
        return not self.failures_but(allow)

    def finding(self, check: str) -> Finding:
        """The finding of a `check`, by its name; StopIteration where it did not run."""
        return next(f for f in self.findings if f.check == check)

    def as_dict(self) -> dict[str, Any]:
        """What `actlab check --json` prints."""
        return {
            "label": self.label,
            "identity": self.identity,
            "truth": self.truth,
            "passed": self.passed,
            "seconds": round(self.seconds, 3),
            "findings": [f.as_dict() for f in self.findings],
            "properties": self.properties.as_dict() if self.properties is not None else None,
        }

    def as_json(self) -> str:
        """The same as text."""
        return json.dumps(self.as_dict(), allow_nan=False)

    @property
    def said(self) -> str:
        """What it is, and how many checks passed, in a line."""
        count = sum(f.outcome == PASS for f in self.findings)
        return f"{self.label}: {self.identity.rstrip('.')}. {count} checks passed, {len(self.failures)} failed."

    def __repr__(self) -> str:
        names = ", ".join(f.check for f in self.failures)
        return f"{self.said[:-1]}: {names}." if names else self.said

    def __str__(self) -> str:
        return "\n".join([self.said, *(f"  {f}" for f in self.failures)])


def junit(
    verdicts: Collection[Verdict],
    allow: Collection[str] = (),
    unusable: Collection[tuple[str, str]] = (),
    left: Collection[tuple[str, str]] = (),
) -> str:
    """The verdicts as JUnit XML: a test suite an activation, a test case a check.

    `unusable` are names of what could not be checked, and why: an error each; `left` of what is no activation: skipped.
    """
    root = ElementTree.Element("testsuites", name="actlab check")
    for verdict in verdicts:
        cases = [f for f in verdict.findings if f.severity != NOTE]
        failed = verdict.failures_but(allow)
        suite = ElementTree.SubElement(
            root, "testsuite", name=legible(verdict.label), tests=str(len(cases)), failures=str(len(failed)),
            skipped=str(sum(f.outcome == SKIP for f in cases)), time=f"{verdict.seconds:.3f}",
        )  # fmt: skip
        for finding in cases:
            case = ElementTree.SubElement(suite, "testcase", classname=legible(verdict.label), name=finding.check)
            if finding in failed:
                ElementTree.SubElement(case, "failure", message=legible(str(finding)), type=finding.severity)
            elif finding.outcome == SKIP:
                ElementTree.SubElement(case, "skipped", message=legible(finding.says))
    for kind, count, named in (("error", "errors", unusable), ("skipped", "skipped", left)):
        for name, why in ((legible(name), why) for name, why in named):
            suite = ElementTree.SubElement(root, "testsuite", {"name": name, "tests": "1", count: "1"})
            case = ElementTree.SubElement(suite, "testcase", classname=name, name="usable")
            ElementTree.SubElement(case, kind, message=legible(why))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"
