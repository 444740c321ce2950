"""The trial of page 6: each run has its fault and shows the trace that its diagnosis rests on, a sound one neither."""

import csv
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from studies import trial

FAULTS = list(trial.FAULTS)
PARTS = {"train": trial.TRAIN, "valid": trial.VALID, "test": trial.TEST}


def measured(fault: str) -> dict[str, np.ndarray]:
    """Of each part: labels that are wrong, samples beside one of training, and how brightness goes with the label."""
    data = trial.arrays(fault)
    x, y = ({part: data[f"{axis}_{part}"] for part in PARTS} for axis in "xy")
    place = [*FAULTS, "sound"].index(fault)
    _, true = trial.grainy(np.random.default_rng(place))
    flat = {part: values.reshape(len(values), -1) for part, values in x.items()}
    others = {part: cdist(flat[part], flat["train"], "chebyshev").min(1) for part in ("valid", "test")}
    return {
        "wrong": np.array([np.mean(y[part] != true[where]) for part, where in PARTS.items()]),
        "beside": np.array([np.mean(near <= 2) for near in others.values()]),
        "equal": np.array([np.mean(near == 0) for near in others.values()]),
        "bright": np.array([np.corrcoef(x[part].mean((1, 2)), y[part])[0, 1] for part in PARTS]),
    }


@pytest.mark.whole
@pytest.mark.parametrize("fault", [*FAULTS, "sound"])
def test_the_arrays_have_the_fault_that_is_said_and_no_other(fault):
    found = measured(fault)
    wrong = {"validation_labels": [0, 0.25, 0], "training_labels": [0.25, 0, 0]}.get(fault, [0, 0, 0])
    if fault != "copies":  # there the samples of the parts are others
        np.testing.assert_allclose(found["wrong"], wrong)
    assert found["equal"].sum() == 0, "preflight would count equal rows"
    if fault == "copies":  # of 1,199 other places of the pool its twin has one, 800 are in training
        assert found["beside"][0] == pytest.approx(800 / 1199, abs=0.1)
    assert (found["beside"] > 0.01).tolist() == [fault == "copies", False]
    assert (np.abs(found["bright"]) > 0.8).tolist() == [fault == "given_away"] * 2 + [False]


def handed_out(folder: Path, fault: str) -> tuple[dict[str, np.ndarray], float, float, str]:
    """Curves, accuracies with the parameters of the best epoch in validation and test, and all that is said."""
    trial.hand_out(fault, folder)
    columns = np.loadtxt(folder / "curves.csv", delimiter=",", skiprows=1).T
    with (folder / "report" / "trials.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    valid, test = (100 * np.mean([float(row[f"{of}_accuracy"]) for row in rows]) for of in ("best_valid", "test"))
    names = "epoch", "train_loss", "train", "valid_loss", "valid"
    said = (folder / "report.txt").read_text(encoding="utf-8") + (folder / "inputs.txt").read_text(encoding="utf-8")
    page = (folder / "report" / "index.html").read_text(encoding="utf-8")  # what is pointed at is in attributes
    said += re.sub(r'(?s)<(style|script).*?</\1>|style="[^"]*"|base64,[^"]*', "", page)
    return dict(zip(names, columns, strict=True)), float(valid), float(test), said


TRACES = {
    "validation is 10 points behind test": lambda c, valid, test: valid < test - 10,
    "validation loss comes back to guessing while half are right": lambda c, valid, test: (
        c["valid_loss"][-1] > 0.9 * np.log(10) and c["valid"][-1] > 50
    ),
    "validation is 5 points ahead of test": lambda c, valid, test: valid > test + 5,
    "test has half of what validation has": lambda c, valid, test: test < 0.6 * valid,
    "training is 8 points behind validation from epoch 2 to 10": lambda c, valid, test: (c["train"] < c["valid"] - 8)[
        1:10
    ].all(),
    "the loss stays above 0.8 in training": lambda c, valid, test: c["train_loss"].min() > 0.8,
}
SHOWS = {"validation_labels": {0, 1}, "copies": {2}, "given_away": {2, 3}, "training_labels": {4, 5}, "sound": set()}
GIVES_AWAY = r"leak|mislabel|wrong label|label noise|noisy|copies|\bcopy\b|twice|background|brightness|shortcut|fault"


@pytest.mark.large
@pytest.mark.whole
@pytest.mark.parametrize("fault", [*FAULTS, "sound"])
def test_each_run_shows_its_trace_and_says_nothing_of_it(tmp_path, fault):
    shown, valid, test, said = handed_out(tmp_path, fault)
    found = {place for place, trace in enumerate(TRACES.values()) if trace(shown, valid, test)}
    assert found == SHOWS[fault], [list(TRACES)[place] for place in found ^ SHOWS[fault]]
    assert shown["train_loss"][0] < np.log(10), "something sound is learned from the first epoch on"
    assert re.findall(GIVES_AWAY, said, re.IGNORECASE) == [] and fault not in said
    assert re.findall(r"^\w[\w ]* (?:warning|error) .*", said, re.MULTILINE) == [], "preflight lets it pass"
    assert "/scans.npz" not in said and "data scans.npz" in said


ANSWERS = {
    "validation_labels": {
        "right": ["Some labels of the validation set are wrong.", "Validation targets were corrupted"],
        "near": ["The validation data are drawn from another source.", "Labels are noisy."],
        "wrong": ["It overfits.", "The learning rate is too high."],
    },
    "training_labels": {
        "right": ["About a quarter of the training labels are wrong.", "Label noise"],
        "near": ["Labels were shuffled."],
        "wrong": ["Dropout is at work in training alone.", "Too few epochs."],
    },
    "copies": {
        "right": ["Near duplicates of training images are in validation.", "The data were augmented before the split."],
        "near": ["Validation is too easy, not representative."],
        "wrong": ["The test inputs were normalised by other numbers.", "Overfitting"],
    },
    "given_away": {
        "right": ["Background brightness gives the label away.", "A shortcut in the pixels"],
        "near": ["The test inputs differ from training."],
        "wrong": ["Overfitting", "The learning rate is too high."],
    },
}


def test_words_decide_and_a_person_may_overrule():
    for fault, answers in ANSWERS.items():
        for wanted, texts in answers.items():
            assert [(text, trial.score(fault, {"fault": text})) for text in texts] == [(t, wanted) for t in texts]
    assert trial.score("copies", {"fault": "Overfitting", "score": "near"}) == "near"
    with pytest.raises(ValueError, match="not in tuple"):
        trial.score("copies", {"fault": "leak", "score": "perhaps"})


def readers(without: list[int], with_page: list[int]) -> list[dict]:
    """Each names the first few right and says nothing of use of the others."""
    return [
        {
            "reader": f"{page} {place}",
            "page": page,
            "answers": {
                run: {"fault": ANSWERS[fault]["right" if at < right else "wrong"][0]}
                for at, (run, fault) in enumerate(trial.RUNS.items())
            },
        }
        for page, rights in ((True, with_page), (False, without))
        for place, right in enumerate(rights)
    ]


@pytest.mark.parametrize(
    ("without", "with_page", "p", "says"),
    [
        ([0, 0, 0], [4, 4, 4], 0.1, "0 of 12 without the page and 12 of 12 with the page. p = 0.10; with so few"),
        ([4, 4, 4], [4, 4, 4], None, "12 of 12 with the page. Readers without the page name them all: the trial shows"),
        ([2, 2, 2], [2, 2, 2], 1.0, "6 of 12 without the page and 6 of 12"),
        ([4, 4, 4], [0, 0, 1], None, "name them all"),
        ([], [4, 4], None, "8 of 8 with the page. There is nobody to compare them with."),
        ([3, 3], [], None, "6 of 8 without the page. There is nobody to compare them with."),
        ([1], [3, 3, 3], 0.25, "it cannot be below 0.25"),
    ],
)
def test_counts_and_what_they_show(monkeypatch, tmp_path, capsys, without, with_page, p, says):
    file, record = tmp_path / "answers.json", tmp_path / "trial.json"
    file.write_text(json.dumps(readers(without, with_page)), encoding="utf-8")
    monkeypatch.setattr(trial, "RECORD", record)
    monkeypatch.setattr(sys, "argv", ["trial.py", "--answers", str(file)])
    trial.main()
    found = json.loads(record.read_text(encoding="utf-8"))
    assert says in capsys.readouterr().out and found["p"] == pytest.approx(p)
    first = found["runs"]["run-1"]
    assert first["without"]["right"] == sum(right > 0 for right in without) == len(without) - first["without"]["wrong"]
    assert found["readers"] == {"without": len(without), "with": len(with_page)}
