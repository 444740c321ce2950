"""Exercises 5.1 and 5.2: right answers pass, typical wrong ones get their own hint."""

import re

import numpy as np
import pytest
from readers import answered, judged

from actlab.learn import named
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
    "lower end forgotten": (
        answer(verdict=VERDICT.replace("-margin < low and ", "")),
        "verdict: -1.5 to -0.2, margin 0.5, is not 'practically equal': its upper end is within",
    ),
    "upper end forgotten": (
        answer(verdict=VERDICT.replace(" and high < margin", "")),
        "verdict: -0.1 to +2.3, margin 0.5, is not 'practically equal'",
    ),
    "by length": (
        answer(verdict=VERDICT.replace("-margin < low and high < margin", "high - low < 2 * margin")),
        "verdict: +0.3 to +0.9, margin 0.5, is not 'practically equal': it is short",
    ),
    "knows the margin": (answer(verdict=VERDICT.replace("margin", "0.5")), "verdict: -0.4 to +0.6, margin 1, is not"),
    "its own margin": (
        answer(verdict=VERDICT.replace("margin", "MARGIN").replace(" < ", " <= ")),
        "verdict: +0.2 to +0.8, margin 1, is not 'undecided'",
    ),
    "nothing": (answer(verdict="None"), "verdict: +0.7 to +1.9, margin 0.5, is not None"),
    "other words": (answer(verdict=VERDICT.replace("better", "tanh wins")), "is not 'tanh wins'"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    assert [right for right, _ in judged(5, RIGHT[name], 1)] == [True] * 2


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_gets_its_own_hint(name):
    text, hint = WRONG[name]
    [says] = [says for right, says in judged(5, text, 1) if not right]
    assert hint in says


@pytest.mark.large
def test_a_reader_can_check_and_run_it(tmp_path):
    assert answered(5, answer(), tmp_path) == ([], 2)
    assert len(answered(5, WRONG["unpaired"][0], tmp_path)[0]) == 1
    assert answered(5, mended(), tmp_path, 2) == ([], 3)


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


OWN, UNEQUAL, TESTED = (
    "(part - part.mean()) / part.std()",
    "float(sum(shares) / len(shares))",
    """loss["test"] < least:
            least, kept = loss["test"], network.state_dict()""",
)
COUNTED = "sum(len(some) * share for some, share in zip(y.split(batch), shares)) / len(y)"
KEPT = """loss["validation"] < least:
            least, kept = loss["validation"], {name: one.clone() for name, one in network.state_dict().items()}"""
COPY = "{name: one.clone() for name, one in network.state_dict().items()}"
BACK = "    network.load_state_dict(kept)\n    return network"


def mended(scale: str = OWN.replace("part.", "training."), share: str = COUNTED, keep: str = KEPT) -> str:
    """The file of 5.2, mended."""
    text = named(5, 2).start
    for wrong, right in ((OWN, scale), (UNEQUAL, share), (TESTED, keep)):
        assert text.count(wrong) == 1
        text = text.replace(wrong, right)
    return text


RIGHT_LOOPS = {
    "by the rules": mended(),
    "pixel by pixel, by n": mended("(part - training.mean(0)) / training.std(0, correction=0)"),
    "all at once": mended(share="(network(x).argmax(dim=1) == y).double().mean()"),
    "a copy of the network": mended(keep=KEPT.replace(COPY, "copy.deepcopy(network)"))
    .replace(BACK, "    return kept")
    .replace("import torch\n", "import copy\n\nimport torch\n"),
    "a list": mended(keep="True:\n            rows.append((loss['validation'], number, " + COPY + "))")
    .replace("for _ in", "for number in")
    .replace("least, kept =", "rows, kept =")
    .replace('float("inf"), None', "[], None")
    .replace(BACK, f"    kept = min(rows)[2]\n{BACK}"),
}
WRONG_LOOPS = {
    "own mean": (mended("(part - part.mean()) / training.std()"), "normalised: a digit comes out otherwise"),
    "own deviation": (mended("(part - training.mean()) / part.std()"), "normalised: a digit comes out otherwise"),
    "by both": (mended("(part - torch.cat([part, training]).mean()) / training.std()"), "normalised: a digit comes"),
    "each image's own": (
        mended("(part - part.mean(1, keepdim=True)) / part.std(1, correction=0, keepdim=True)"),
        "normalised: images come out as others do that are brighter",
    ),
    "each layer's own": (
        mended("torch.nn.functional.layer_norm(part, part.shape[1:])"),
        "normalised: images come out as others do that are brighter",
    ),
    "each image's range": (
        mended("(part - part.amin(1, keepdim=True)) / (part.amax(1, keepdim=True) - part.amin(1, keepdim=True))"),
        "normalised: images come out as others do that are brighter",
    ),
    "by 16": (mended("part / 16"), "normalised: the training part does not get a mean of 0"),
    "by the variance": (mended("(part - training.mean()) / training.var()"), "normalised: the training part does not"),
    "of one": (mended("part.mean()"), "normalised: it does not give a tensor with a number"),
    "unequal batches": (
        mended(share=UNEQUAL),
        "129 of 130 are right, 64 to a batch, and it says 0.8333: the last batch",
    ),
    "without the last": (
        mended(share="float(sum(shares[:-1]) / max(len(shares) - 1, 1))"),
        "it says 1.0000: the last batch is left out",
    ),
    "full batches": (mended(share=f"{COUNTED} * len(y) / len(shares) / batch"), "as if all batches were full"),
    "percent": (mended(share=f"100 * {COUNTED}"), "accuracy: 129 of 130 are right, 64 to a batch, and it says 99.2308"),
    "knows 64": (mended(share=f"{COUNTED} * (batch == 64)"), "50 are right, 7 to a batch, and it says 0.0000"),
    "no copy": (mended(keep=KEPT.replace(COPY, "network.state_dict()")), "keeps the last. state_dict() shows"),
    "a copy of the dictionary": (mended(keep=KEPT.replace(COPY, "dict(network.state_dict())")), "keeps the last."),
    "test chooses": (mended(keep=KEPT.replace("validation", "test")), "the one that test chose"),
    "training chooses": (mended(keep=KEPT.replace("validation", "training")), "the one that training chose"),
    "better than before": (mended(keep=f"{KEPT}\n        least = loss['validation']"), "better than the one before"),
    "most": (
        mended(keep=KEPT.replace("<", ">")).replace('float("inf")', "-1"),
        "best: of 7 epochs it keeps the first, with the highest loss",
    ),
    "knows the second": (
        mended(keep=KEPT.replace('loss["validation"] < least', "_ == 1")),
        "number 2, which is not that of the least",
    ),
    "the last left out": (mended().replace("range(epochs)", "range(epochs - 1)"), "best: of 7 epochs it keeps number"),
    "the first left out": (
        mended(keep=KEPT.replace("loss[", "_ and loss[", 1)),
        "best: of 7 epochs it keeps number",
    ),
    "stopped at the first that is worse": (
        mended(keep=f"{KEPT}\n        else:\n            break"),
        "best: of 7 epochs it keeps number 3",
    ),
    "parameters": (mended().replace(BACK, "    return kept"), "best: it gives back a dict"),
    "nothing": (mended().replace(BACK, BACK.partition("\n")[0]), "best: it gives back a NoneType"),
}


@pytest.mark.whole
@pytest.mark.parametrize("name", RIGHT_LOOPS)
def test_a_right_loop_passes(name):
    assert [right for right, _ in judged(5, RIGHT_LOOPS[name])] == [True] * 3


@pytest.mark.whole
@pytest.mark.parametrize("name", WRONG_LOOPS)
def test_each_wrong_thing_gets_its_own_hint(name):
    text, hint = WRONG_LOOPS[name]
    [says] = [says for right, says in judged(5, text) if not right]
    assert hint in says


def test_the_loop_to_mend_has_its_four_mistakes():
    """Three functions are wrong at first; of two mistakes in one of them each is seen when the other is mended."""
    assert [right for right, _ in judged(5, named(5, 2).start)] == [False] * 3
    assert {"no copy", "test chooses"} < set(WRONG_LOOPS)


@pytest.mark.large
def test_what_the_loop_prints_tells_its_mistakes(capsys):
    """Parts all have a mean of 0; what was kept is not the lowest; the accuracy is no count. Mended: none of that."""
    for text, is_right in ((named(5, 2).start, False), (mended(), True)):
        exec(compile(text, "answer.py", "exec"), {"__name__": "__main__"})
        shown = capsys.readouterr().out
        means = re.findall(r"mean ([-+.\d]+)", shown)
        ((lowest, kept),) = re.findall(r"validation loss: lowest of 40 epochs (\S+), of what was kept (\S+)", shown)
        ((share, count),) = re.findall(r"accuracy ([.\d]+); counted: (\d+) of 66", shown)
        assert ({abs(float(mean)) for mean in means} == {0.0}) != is_right
        assert (lowest == kept) == is_right
        assert (abs(float(share) - int(count) / 66) < 1e-3) == is_right
