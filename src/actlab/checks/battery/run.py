"""All checks in order: an activation in, a Verdict out."""

import dataclasses
import time
import warnings
from collections.abc import Callable, Collection
from typing import Any

import torch

from actlab import naming
from actlab.checks.battery import autograd, costs, dtypes, numbers, shapes, state, steps, transforms
from actlab.checks.battery.findings import FAIL, NOTE, PASS, Finding, Verdict, words_of
from actlab.checks.battery.registry import CHECKS, NEEDS, Check, Found, failed, noted, passed, skipped
from actlab.checks.battery.subject import Subject
from actlab.checks.battery.untouched import as_it_was, usual_settings
from actlab.checks.properties.measure import properties
from actlab.checks.properties.record import Properties
from actlab.errors import need_one_of
from actlab.formula import Reading

_ROOMS = (shapes, numbers, autograd, dtypes, steps, state, transforms, costs)
_MEND = "The operation in the message refuses what it is given: look for a dtype, a shape or a device that is fixed."
_UNKNOWN = {True: "unknown: it cannot be sampled in float64", False: "a function of whole rows"}
_OF_SLOPE = ("derivative", "gradient_tails", "gradcheck")
# as a reader looks for them
ORDERED = tuple(entry for room in _ROOMS for entry in CHECKS.values() if entry.run.__module__ == room.__name__)


def check(
    what: str | Callable[..., Any] | naming.Target, *, reference: str | Callable[..., Any] | None = None,
    gradient: str | None = None, elementwise: bool = True, width: int | None = None, channels: bool = False,
    inductor: bool = True, quick: bool = False, exhaustive: bool = False, only: Collection[str] = (),
    progress: Callable[[str], None] = lambda name: None,
) -> Verdict:  # fmt: skip
    """Put an activation through the battery: values and gradients against the truth, dtypes, shapes, state, compiling.

    Args:
        what: a catalogue name, "file.py:name", "package.module:Name", a formula, or the thing itself: any callable that
            takes a floating tensor of any shape and returns one of the same, torch.nn.Module class or instance,
            autograd Function or block.
        reference: what it is meant to be, a catalogue name or a formula.
        gradient: the formula of its gradient where that is no derivative (a surrogate; "1" is straight through).
        elementwise: False lets whole rows count.
        width, channels: how many features it is made for, in the last dimension or, with `channels`, in dimension 1.
        inductor, quick: without `inductor` that compiler is left out; `quick` leaves out all that compiles.
        exhaustive: takes all 2^32 float32 numbers.
        only: names of the checks to run.
        progress: is told the name of each check before it runs.

    Returns:
        A Verdict: `passed`, `failures` with the input that shows each, `identity`, `properties`.

    Raises:
        UserError: it is not found or cannot be called, or a name in `only` is none of a check's.

    >>> verdict = check("relu", quick=True, only=["value", "kinks"])
    >>> verdict.passed, verdict.identity
    (True, 'equals relu')
    """
    start = time.perf_counter()
    for name in only:
        need_one_of("check", name, CHECKS)
    target = _one(what)
    named = None if reference is None else naming.parse(reference, kept=False)
    with warnings.catch_warnings(), usual_settings(), as_it_was(target.object):
        warnings.simplefilter("ignore")  # what torch has to say about an activation is said as a finding
        subject = Subject(
            target, reference=named, gradient=gradient, elementwise=elementwise, width=width, channels=channels
        )
        # made outside of the checks, which compare with it, so that a failure of ours is never a finding
        if subject.is_elementwise and subject.truth.exact is not None:
            _ = subject.truth.centre, subject.truth.tails
        findings = []
        for entry in ORDERED:
            left_out = (entry.slow and quick) or (entry.name == "inductor" and not inductor)
            if entry.name in only or not (only or left_out):
                progress(entry.name)
                findings.append(_run(entry, subject))
        if exhaustive:
            found = dtypes.exhaustive(subject, lambda share: progress(f"all float32 numbers, {share:.1%}"))
            findings.append(dataclasses.replace(found, check="float32_exhaustive", severity="wrong"))
        wrong_slope = any(f.check == "derivative" and f.outcome == FAIL for f in findings)
        about = None if only or wrong_slope else _properties(subject)
        identity = subject.identity
    return Verdict(
        label=subject.label,
        identity=_UNKNOWN[elementwise] if identity is None else identity.text,
        truth=subject.truth.words if elementwise else "itself",
        findings=tuple(findings),
        properties=about,
        seconds=time.perf_counter() - start,
    )


def _one(what: str | Callable[..., Any] | naming.Target) -> naming.Target:
    if isinstance(what, torch.nn.Module) or (isinstance(what, type) and issubclass(what, torch.nn.Module)):
        name = getattr(what, "__name__", None) or type(what).__name__
        return naming.Target("callable", name, name, name, name=name, object=what)  # itself, not the block it applies
    return naming.parse(what, kept=False)


def _run(entry: Check, subject: Subject) -> Finding:
    needs = (NEEDS[name] for name in entry.needs)
    lacking = next((says for has, says in needs if not has(subject)), "")
    try:
        with torch.random.fork_rng(devices=[]):
            found = skipped(lacking) if lacking else entry.run(subject) or passed()
    except Found as ended:
        found = ended.finding
    except Exception as error:
        found = (noted if entry.severity == NOTE else failed)(words_of(error), _MEND)
    says = found.says or (entry.summary if found.outcome == PASS else "")
    mend = found.mend
    if found.outcome == FAIL and entry.name in _OF_SLOPE and (exact := subject.truth.exact) is not None:
        mend += f' `actlab derive "{Reading(exact.node, exact.parameters, ())}"` prints the right one.'
    return dataclasses.replace(found, check=entry.name, severity=entry.severity, says=says, mend=mend.strip())


def _properties(subject: Subject) -> Properties | None:
    """What it is like, sampled in float64; None where it cannot be."""
    if not subject.is_elementwise or not subject.takes(torch.float64):
        return None
    try:
        return properties(
            subject.in_float64, lambda x: subject.value_and_slope(x, torch.float64)[1].numpy(), kinks=subject.kinks
        )
    except Exception:
        return None
