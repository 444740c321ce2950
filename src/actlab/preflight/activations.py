"""What the battery says of activations that are not of the catalogue: whose backward nobody has tested."""

from actlab.activations.modules import ByModule
from actlab.activations.resolve import resolve
from actlab.battery import check
from actlab.battery.findings import WRONG
from actlab.battery.findings import Finding as Failure
from actlab.preflight.findings import ERROR, WARNING, Finding
from actlab.spec import Experiment
from actlab.targets import Target


def check_activations(experiment: Experiment) -> list[Finding]:
    """An error where a check says "wrong", a warning where the activation is only hard to carry elsewhere."""
    found = []
    for target, units in experiment.placed:
        failures = () if target.kind == "catalogue" else _failures(target, units)
        wrong = [f for f in failures if f.severity == WRONG]
        for level, some in ((ERROR, wrong), (WARNING, [f for f in failures if f not in wrong])):
            if some:
                where = f" at {some[0].where}" if some[0].where else ""
                says = (
                    f"{', '.join(f.check for f in some)} failed. {some[0].check}{where}: {some[0].says} {some[0].mend}"
                )
                found.append(Finding("battery", level, len(some), says.strip(), target.label))
    return found


def _failures(target: Target, units: int) -> list[Failure]:
    made = isinstance(resolve(target, units), ByModule)  # for layers of one width
    return check(target, quick=True, width=units if made else None).failures
