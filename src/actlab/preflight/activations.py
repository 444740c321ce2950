"""What the battery says of activations that are not of the catalogue: whose backward nobody has tested."""

from actlab.checks import WRONG, Finding as Failure, check
from actlab.experiment import Experiment
from actlab.making import ByModule, resolve
from actlab.preflight.findings import ERROR, WARNING, Finding

# all numbers of a dtype, of which a training meets few; other dtypes; what becomes of it afterwards
_ELSEWHERE = ("float16", "bfloat16", "float32", "dtype", "autocast", "pickle")


def check_activations(experiment: Experiment) -> list[Finding]:
    """An error where a check says "wrong", a warning where the activation is only hard to carry elsewhere."""
    found: dict[tuple[str, str], Finding] = {}  # once, whatever the widths of its layers
    seen = set()
    for target, units in experiment.placed:
        width = units if isinstance(resolve(target, units), ByModule) else None  # one made for a width: at each
        if target.kind == "catalogue" or (target.identity, width) in seen:
            continue
        seen.add((target.identity, width))
        failures = check(target, quick=True, width=width).failures
        wrong = [f for f in failures if f.severity == WRONG and f.check not in _ELSEWHERE]
        for level, some in ((ERROR, wrong), (WARNING, [f for f in failures if f not in wrong])):
            if some:
                found.setdefault((target.label, level), Finding("battery", level, len(some), _told(some), target.label))
    return list(found.values())


def _told(failures: list[Failure]) -> str:
    first = failures[0]
    where = f" at {first.where}" if first.where else ""
    names = ", ".join(failure.check for failure in failures)
    return f"{names} failed. {first.check}{where}: {first.says} {first.mend}".strip()
