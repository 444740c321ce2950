"""Every planted mistake is caught by the check that is named for it; what is right passes everything."""

import pytest
from mutants import MUTANTS
from right_ones import RIGHT

from actlab.battery import CHECKS, check

COMPILES = {"compile", "inductor", "export"}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda planted: planted.name)
def test_a_planted_mistake_is_caught(mutant):
    verdict = check(mutant.make(), reference=mutant.reference, only=[mutant.caught_by])
    finding = verdict.finding(mutant.caught_by)
    assert finding.outcome == "fail", f"{mutant.why}: {finding}"
    assert finding.says and (finding.mend or finding.severity == "note")


@pytest.mark.parametrize("planted", RIGHT, ids=lambda planted: planted.name)
def test_what_is_right_passes(planted):
    verdict = check(planted.make(), reference=planted.reference, inductor=False)
    assert verdict.passed, str(verdict)


def test_every_check_that_can_fail_has_a_mutant():
    fallible = {name for name, entry in CHECKS.items() if entry.severity != "note"} - {"inductor"}
    assert fallible == {mutant.caught_by for mutant in MUTANTS}
    assert len(MUTANTS) >= 40
