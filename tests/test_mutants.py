"""Every planted mistake is caught by the check that is named for it; what is right passes everything."""

import pytest
from mutants import MUTANTS, TutorialLeakyReLU, TutorialReLU, tutorial_tanh
from right_ones import RIGHT

from actlab.checks import check
from actlab.checks.battery.registry import CHECKS

COMPILES = {"compile", "inductor", "export"}


FIRST = {mutant.caught_by: mutant for mutant in reversed(MUTANTS)}  # one of each check, for the small size


@pytest.mark.whole
@pytest.mark.parametrize(
    "mutant",
    [pytest.param(m, id=m.name, marks=() if FIRST[m.caught_by] is m else pytest.mark.large) for m in MUTANTS],
)
def test_a_planted_mistake_is_caught(mutant):
    verdict = check(mutant.make(), reference=mutant.reference, **mutant.options, only=[mutant.caught_by])
    finding = verdict.finding(mutant.caught_by)
    assert finding.outcome == "fail", f"{mutant.why}: {finding}"
    assert finding.says and (finding.mend or finding.severity == "note")


@pytest.mark.parametrize("planted", RIGHT, ids=lambda planted: planted.name)
def test_what_is_right_passes(planted):
    verdict = check(planted.make(), reference=planted.reference, **planted.options, inductor=False)
    assert verdict.passed, str(verdict)


def test_every_check_that_can_fail_has_a_mutant():
    fallible = {name for name, entry in CHECKS.items() if entry.severity != "note"} - {"inductor"}
    assert fallible == {mutant.caught_by for mutant in MUTANTS}
    assert len(MUTANTS) >= 40


SWEEPS = {"float16", "bfloat16", "float32"}


@pytest.mark.parametrize(
    ("layer", "meant", "fails"),
    [
        (TutorialReLU, "relu", {"vmap", "vmap_grad"}),
        (tutorial_tanh, "tanh", {"tails", "gradient_tails"} | SWEEPS),
        (TutorialLeakyReLU, "leaky_relu", {"kinks", "vmap", "vmap_grad"}),
    ],
)
def test_the_tutorials_layers_fail_where_they_should_and_nowhere_else(layer, meant, fails):
    verdict = check(layer, reference=meant, inductor=False)
    assert {f.check for f in verdict.failures} == fails, str(verdict)


def test_the_tutorials_relu_is_right_at_its_kink_and_unlike_pytorch():
    finding = check(TutorialReLU, only=["kinks"]).finding("kinks")
    assert finding.outcome == "pass" and "f'(0) = 1 (PyTorch takes 0)" in finding.says


def test_the_tutorials_tanh_is_not_a_number_from_89_on():
    finding = check(tutorial_tanh, only=["tails"]).finding("tails")
    dtype, _, x = finding.where.partition(", x = ")
    assert dtype == "float32" and 88 < abs(float(x)) < 90 and "nan" in finding.says
