"""Exercise 5.1: right answers pass, typical wrong ones get their own hint."""

import re
from types import ModuleType

import numpy as np
import pytest

from actlab.learn import checked, named
from actlab.learn.exercises import verdict as exercise
from actlab.stats import mean_interval

DIFFERENCES = "other - baseline"
ERROR = "d.std(ddof=1) / np.sqrt(len(d))"
VERDICT = (
    '"better" if low > margin else "worse" if high < -margin else '
    '"practically equal" if -margin < low and high < margin else "undecided"'
)
APART = "np.sqrt((baseline.var(ddof={0}) + other.var(ddof={0})) / len(d))"


def answer(differences: str = DIFFERENCES, error: str = ERROR, verdict: str = VERDICT) -> str:
    """The exercise's own file with its gaps filled in, as a reader does it."""
    text = named(5).start
    ends = f"d.mean() - T[len(d)] * {error}, d.mean() + T[len(d)] * {error}" if error != "..." else "..."
    for gap in (differences, ends, verdict):
        head, dots, rest = text.partition(" ...")
        assert dots
        text = f"{head} {gap}{rest}" if gap != "..." else f"{head} Ellipsis{rest}"
    return text


def findings(text: str) -> list[tuple[bool, str]]:
    module = ModuleType("answer")
    exec(compile(text, "answer.py", "exec"), module.__dict__)
    return list(exercise.check(module))


RIGHT = {
    "by the rules": answer(),
    "by sums": answer(
        "np.array([b - a for a, b in zip(baseline, other)])",
        "(((d - d.mean()) ** 2).sum() / (len(d) - 1) / len(d)) ** 0.5",
    ),
    "a list": answer("[b - a for a, b in zip(baseline, other)]").replace(
        "    d = differences(baseline, other)", "    d = np.array(differences(baseline, other))"
    ),
    "scribbles": answer().replace("    d = ", "    d = 0 * baseline\n    baseline += d\n    d = "),
    "ends that touch": answer(verdict=VERDICT.replace("<", "<=").replace(" > ", " >= ")),
}
WRONG = {
    "gap": (named(5).start, "differences: the gap is still there"),
    "gap in the error": (answer(error="..."), "interval: the gap is still there"),
    "gap in the verdict": (answer(verdict="..."), "verdict: the gap is still there"),
    "turned": (answer("baseline - other"), "differences: the signs are turned"),
    "no signs": (answer("abs(baseline - other)"), "differences: they have lost their signs"),
    "mean": (answer("np.mean(other - baseline)"), "differences: only their mean"),
    "another shape": (answer("(other - baseline)[1:]"), "differences: its shape is not (6,)"),
    "a ratio": (answer("other / baseline"), "differences: off by"),
    "unpaired": (answer(error=APART.format(1)), "interval: that is for two groups"),
    "unpaired, by n": (answer(error=APART.format(0)), "interval: that is for two groups"),
    "deviation": (answer(error="d.std(ddof=1)"), "interval: that is with the deviation of single differences"),
    "deviation, by n": (answer(error="d.std()"), "interval: that is with the deviation of single differences"),
    "by n": (answer(error="d.std() / np.sqrt(len(d))"), "interval: NumPy's std divides by n"),
    "no root": (answer(error="d.std(ddof=1) / len(d)"), "interval: it is divided by n"),
    "squared": (answer(error="d.var(ddof=1) / len(d)"), "interval: the root is missing"),
    "nan": (answer(error="np.nan"), "interval: off by nan"),
    "1.96": (answer().replace("T[len(d)]", "1.96"), "interval: 1.96 is for many pairs"),
    "knows six": (answer(error=f"{ERROR} * np.sqrt(len(d) / 6)"), "interval: off by"),
    "by the mean": (
        answer(verdict=re.sub("low|high", "(low + high) / 2", VERDICT)),
        "verdict: -0.1 to +2.3, margin 0.5, is not 'better': its middle is above",
    ),
    "by the sign of the mean": (
        answer(verdict='"better" if low + high > 0 else "worse"'),
        "verdict: -0.1 to +2.3, margin 0.5, is not 'better': its middle is above",
    ),
    "by 0 alone": (
        answer(verdict='"better" if low > 0 else "worse" if high < 0 else "undecided"'),
        "verdict: -0.2 to +0.3, margin 0.5, is not 'undecided': all of it is within",
    ),
    "0 first": (
        answer(verdict=VERDICT.replace("low > margin", "low > 0")),
        "is not 'better': 0 is outside, but all of it is within the margins",
    ),
    "equal where not different": (
        answer(verdict='"better" if low > margin else "worse" if high < -margin else "practically equal"'),
        "verdict: -0.1 to +2.3, margin 0.5, is not 'practically equal'",
    ),
    "other words": (answer(verdict=VERDICT.replace("better", "tanh wins")), "is not 'tanh wins'"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    assert [right for right, _ in findings(RIGHT[name])] == [True] * 2


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_gets_its_own_hint(name):
    text, hint = WRONG[name]
    [says] = [says for right, says in findings(text) if not right]
    assert hint in says


@pytest.mark.large
def test_a_reader_can_check_and_run_it(tmp_path):
    file = tmp_path / "mine.py"
    for text, right in ((answer(), True), (WRONG["unpaired"][0], False)):
        file.write_text(text, encoding="utf-8")
        assert all(one.right for one in checked(named(5), file)) == right


def test_the_tables_of_the_exercise_are_right():
    """Against the interval that the project itself makes; and the file's own table has a verdict only if paired."""
    spaces = {}
    for name, text in (("right", answer()), ("unpaired", WRONG["unpaired"][0])):
        exec(compile(text, "answer.py", "exec"), space := {"__name__": "answer"})
        relu, tanh = space["ACCURACY"].values()
        spaces[name] = *(ends := space["interval"](relu, tanh)), space["verdict"](*ends, space["MARGIN"])
    found = mean_interval(tanh - relu)
    np.testing.assert_allclose(spaces["right"][:2], (found.low, found.high), atol=1e-4)
    assert (spaces["right"][2], spaces["unpaired"][2]) == ("practically equal", "undecided")
    for n, t in space["T"].items():
        d = np.arange(n, dtype=float)
        reach = mean_interval(d).high - d.mean()
        np.testing.assert_allclose(reach, t * d.std(ddof=1) / np.sqrt(n), rtol=1e-4)
