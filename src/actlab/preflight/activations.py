"""What the battery says of activations that are not of the catalogue: whose backward nobody has tested."""

from actlab.battery import check
from actlab.battery.findings import WRONG
from actlab.preflight.findings import ERROR, WARNING, Finding
from actlab.spec import Experiment


def check_activations(experiment: Experiment) -> list[Finding]:
    """An error where a check says "wrong", a warning where the activation is only hard to carry elsewhere."""
    found = []
    for target in experiment.all_targets.values():
        failures = () if target.kind == "catalogue" else check(target, quick=True).failures
        wrong = [f for f in failures if f.severity == WRONG]
        for level, some in ((ERROR, wrong), (WARNING, [f for f in failures if f not in wrong])):
            if some:
                where = f" at {some[0].where}" if some[0].where else ""
                says = (
                    f"{', '.join(f.check for f in some)} failed. {some[0].check}{where}: {some[0].says} {some[0].mend}"
                )
                found.append(Finding("battery", level, len(some), says.strip(), target.label))
    return found
