"""Fuzzing finds what is planted, and what it was given is as safe as it says. Long form: records/fuzz.json."""

import json
import random

import pytest
from studies.fuzz import inputs, lines, refusal
from studies.fuzz.driver import fuzz


@pytest.mark.large
def test_every_planted_mistake_is_found():
    found = fuzz("tests.hostile_planted", executions=14, seconds=600)
    kinds = {fault["kind"] for fault in found["faults"]}
    assert kinds == {"died", "UserError", "ZeroDivisionError", "TooLong", "MemoryError", "AssertionError", "SystemExit"}
    died = [fault for fault in found["faults"] if fault["kind"] == "died"]
    assert len(died) == 1 and json.loads(died[0]["input"]) == "die and more" and "status -9" in died[0]["at"]
    small = [json.loads(fault["input"]) for fault in found["faults"] if fault["kind"] == "ZeroDivisionError"]
    assert small == ["crash"] and found["count"] == 14


def test_what_is_unclear_in_a_refusal():
    assert not refusal.unclear("There is no x.") and not refusal.unclear("At 1:\n    x+\n      ^")
    for words in ("", " ", "one\ntwo", "a\x1b[2J", "a\u202eb", "x" * 3000, "a\tb"):
        assert refusal.unclear(words), words


@pytest.mark.parametrize("what", ["text \ud800", b"\x00\xff", ["--seeds", "9\x1b"]], ids=["text", "bytes", "words"])
def test_inputs_are_kept_exactly_and_changed_alike(what):
    assert inputs.unpacked(inputs.packed(what)) == what
    made = [inputs.changed(random.Random(seed), what, [what]) for seed in range(300)]
    assert made == [inputs.changed(random.Random(seed), what, [what]) for seed in range(300)]
    assert {type(one) for one in made} == {type(what)} and len({str(one) for one in made}) > 100
    assert inputs.smaller(what, lambda one: what[-1:] == one[-1:], 100) == what[-1:]


def test_lines_are_those_that_ran():
    from actlab.errors import did_you_mean

    steps = lines.Steps(lines.files_of(("errors.py",)))
    with steps.traced() as taken:
        did_you_mean("rleu", ["relu"])
    steps.seen |= taken
    assert {file for file, *_ in taken} == {"errors.py"} and 0 < steps.covered < steps.lines
    assert steps.covered + sum(map(len, steps.missed().values())) == steps.lines


@pytest.mark.large
@pytest.mark.parametrize(
    ("target", "executions"), [("formulas_read", 4000), ("activation_names", 1000), ("command_lines", 57)]
)
def test_hostile_text_in_short(target, executions):
    """The same inputs each time; the seconds only end a hang."""
    found = fuzz(target, executions=executions, seconds=1200)
    assert found["count"] == executions and not found["faults"], found["faults"]
    assert found["covered"] > found["lines"] / 3
