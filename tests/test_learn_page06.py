"""Exercise 6.2: right looks pass, typical wrong ones get their own hint. (6.1 is in test_learn.py.)"""

import pytest
from readers import answered, judged

from actlab.learn import named

DIFFER = "np.abs(x_train.mean(axis=0) - x_valid.mean(axis=0)).max() > 0.3 * x_train.std()"
SHARED = "sum((x_train == row).all(axis=1).any() for row in x_valid)"
NEAREST = "np.array([y_train[((x_train - row) ** 2).sum(axis=1).argmin()] for row in x_valid])"
OFF = f"({NEAREST} == y_valid).mean() < 0.5"
WITHIN = "np.array([y_train[((x_train - row) ** 2).sum(axis=1).argsort()[1]] for row in x_train])"
KNN = "__import__('sklearn.neighbors').neighbors.KNeighborsClassifier(3).fit(x_train, y_train)"


def answer(differ: str = DIFFER, shared: str = SHARED, off: str = OFF) -> str:
    """The exercise's own file with its gaps filled in, as a reader does it."""
    text = named(6, 2).start
    for gap in (differ, shared, off):
        head, dots, rest = text.partition("return ...")
        assert dots
        text = f"{head}return {gap if gap != '...' else 'Ellipsis'}{rest}"
    return text


RIGHT = {
    "by NumPy": answer(),
    "sets": answer(shared="len({row.tobytes() for row in x_train} & {row.tobytes() for row in x_valid})"),
    "three neighbours": answer(off=f"bool({KNN}.score(x_valid, y_valid) < 0.7)"),
    "deviations of means": answer(
        "max(abs(x_train.mean(0) - x_valid.mean(0)) / np.sqrt(x_train.var(0) / len(x_train) + x_valid.var(0) / "
        "len(x_valid) + 1e-3)) > 6"
    ),
    "scribbles": answer().replace(f"    return {DIFFER}", f"    found = {DIFFER}\n    x_valid *= 0\n    return found"),
}
WRONG = {
    "over all pixels": (
        answer("abs(x_train.mean() - x_valid.mean()) > 0.1 * x_train.std()"),
        "parts_differ: it says False. Validation's digits stand on their heads.",
    ),
    "ends alone": (
        answer("x_train.min() != x_valid.min() or x_train.max() != x_valid.max()"),
        "parts_differ: it says False. Validation's digits stand on their heads.",
    ),
    "no chance": (
        answer(DIFFER.replace("0.3 * x_train.std()", "0")),
        "parts_differ: it says True. Both were drawn from one drawer, 1000 and 700 digits.",
    ),
    "no chance with fewer": (
        answer(DIFFER.replace("0.3", "0.15")),
        "parts_differ: it says True. Both were drawn from one drawer, 500 and 300 digits.",
    ),
    "never": (answer("False"), "parts_differ: it says False. Validation's digits stand"),
    "how much": (answer(DIFFER.partition(" >")[0]), "parts_differ: it gives a float64; True or False is asked"),
    "heads alone": (
        answer(f"{DIFFER} and x_valid.max() == x_train.max() == 16"),
        "parts_differ: it says False. Validation's pixels go from 0 to 1",
    ),
    "place for place": (
        answer(shared="(x_train[: len(x_valid)] == x_valid[: len(x_train)]).all(axis=1).sum()"),
        "shared: it says 0. 40 rows of validation are rows of training, in other places",
    ),
    "pairs": (
        answer(shared="(x_train[:, None] == x_valid).all(axis=2).sum()"),
        "shared: it says 80. 40 are; each stands twice in training",
    ),
    "single pixels": (answer(shared="np.isin(x_valid, x_train).sum()"), "That single pixels are equal says nothing"),
    "whether": (answer(shared=f"bool({SHARED})"), "shared: it gives a bool; a count is asked"),
    "counts of labels": (
        answer(off="(abs(np.bincount(y_train) / len(y_train) - np.bincount(y_valid) / len(y_valid)) > 0.1).any()"),
        "labels_off: it says False. Training's are shuffled. Shuffled labels are as many",
    ),
    "means of each digit": (
        answer(
            off="max(abs(x_train[y_train == c].mean(0) - x_valid[y_valid == c].mean(0)).sum() for c in range(10)) > 70"
        ),
        "labels_off: it says False. In both parts they are shuffled",
    ),
    "one knows less than the other": (
        answer(off=f"abs(({NEAREST} == y_valid).mean() - ({WITHIN} == y_train).mean()) > 0.3"),
        "labels_off: it says False. Training's are shuffled",
    ),
    "training alone": (
        answer(off=f"({WITHIN} == y_train).mean() < 0.5"),
        "labels_off: it says False. Validation's alone are shuffled",
    ),
    "as bad as guessing": (
        answer(off=f"abs(({NEAREST} == y_valid).mean() - 0.1) < 0.05"),
        "labels_off: it says False. In validation a 3 is called 4",
    ),
    "no mistake allowed": (answer(off=OFF.replace("0.5", "1")), "labels_off: it says True. All labels are right"),
    "none": (answer(off="None"), "labels_off: it gives a NoneType; True or False is asked"),
}
SMALL = {"over all pixels", "place for place", "counts of labels"}


@pytest.mark.parametrize("name", RIGHT)
def test_right_looks_pass(name):
    assert [right for right, _ in judged(6, RIGHT[name])] == [True] * 3


@pytest.mark.whole
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.large] * (n not in SMALL)) for n in WRONG])
def test_a_wrong_look_gets_its_own_hint(name):
    text, hint = WRONG[name]
    [says] = [says for right, says in judged(6, text) if not right]
    assert hint in says


def test_three_gaps():
    found = judged(6, named(6, 2).start)
    assert len(found) == 3 and all(": the gap is still there" in says and not right for right, says in found)


@pytest.mark.large
def test_a_reader_can_check_and_run_it(tmp_path, capsys):
    """What the file prints: sound data, and the tutorial's, whose labels no neighbour knows any more."""
    assert answered(6, answer(), tmp_path, 2) == ([], 3)
    exec(compile(answer(), "answer.py", "exec"), {"__name__": "__main__"})
    right, wrong = capsys.readouterr().out.splitlines()
    assert right.endswith("parts differ: False; shared samples: 0; labels off: False")
    assert "parts differ: True; shared samples: 0" in wrong
