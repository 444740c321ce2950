"""What the battery says of activations that are not of the catalogue: whose backward nobody has tested."""

from collections.abc import Iterator

from actlab.checks import WRONG, Finding as Failure, check
from actlab.experiment import Experiment
from actlab.making import ByModule, resolve
from actlab.preflight.findings import ERROR, WARNING, Finding

# all numbers of a dtype, of which a training meets few; other dtypes; what becomes of it afterwards
_ELSEWHERE = ("float16", "bfloat16", "float32", "dtype", "autocast", "pickle")


def check_activations(experiment: Experiment) -> list[Finding]:
    """An error where a check says "wrong", a warning where the activation is only hard to carry elsewhere."""
    found: dict[tuple[str, str], Finding] = {}  # once, whatever the widths of its layers
    for label, failures in _failures(experiment):
        wrong = [f for f in failures if f.severity == WRONG and f.check not in _ELSEWHERE]
        for level, some in ((ERROR, wrong), (WARNING, [f for f in failures if f not in wrong])):
            if some:
                where = f" at {some[0].where}" if some[0].where else ""
                says = (
                    f"{', '.join(f.check for f in some)} failed. {some[0].check}{where}: {some[0].says} {some[0].mend}"
                )
                found.setdefault((label, level), Finding("battery", level, len(some), says.strip(), label))
    return list(found.values())


def _failures(experiment: Experiment) -> Iterator[tuple[str, list[Failure]]]:
    """What fails of each activation that is not of the catalogue; of one made for layers of a width, of each width."""
    seen = set()
    for target, units in experiment.placed:
        if target.kind != "catalogue":
            width = units if isinstance(resolve(target, units), ByModule) else None
            if (target.identity, width) not in seen:
                yield target.label, check(target, quick=True, width=width).failures
            seen.add((target.identity, width))
