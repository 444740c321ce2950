"""A trial of docs/learn, page 6: four broken runs that it does not show, for readers with the page and without it.

    python studies/trial.py --out FOLDER --truth FILE     # about 40 s: what readers get, and apart from it what is true
    python studies/trial.py --answers FILE                # writes records/trial.json

Each run has one fault, made in its arrays (trial_faults.json); `sound` has none, for comparison.
Answers are a list of {"reader": "a", "page": false, "answers": {"run-1": {"fault": "...", "why": "...", "sure": 80}}}.
Words decide whether a fault is named; "score" beside "fault" is taken where a person has judged instead.
"""

import argparse
import contextlib
import datetime
import html
import itertools
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import actlab
from actlab.engine.machine import environment

RECORD = Path(__file__).parents[1] / "records" / "trial.json"
SETTINGS = {"seeds": 3, "epochs": 20, "learning_rate": 0.05, "batch_size": 16, "hidden": [64]}
TRAIN, VALID, TEST = slice(0, 800), slice(800, 1200), slice(1200, None)
SHADES = " .:-=+*#%@"
SCORES = ("right", "near", "wrong")
Arrays = tuple[np.ndarray, np.ndarray]


def grainy(rng: np.random.Generator) -> Arrays:
    """Digits in a new order, with grain: so hard that a sound run leaves room for a fault to show."""
    x, y = load_digits(return_X_y=True)
    order = rng.permutation(len(x))
    return np.clip(np.rint(x[order].reshape(-1, 8, 8) + rng.normal(4, 5, (len(x), 8, 8))), 0, 24), y[order]


def sound(rng: np.random.Generator) -> Arrays:
    return grainy(rng)


def mislabelled(rng: np.random.Generator, part: slice, share: float = 0.25) -> Arrays:
    x, y = grainy(rng)
    wrong = np.arange(len(y))[part]
    wrong = rng.choice(wrong, round(share * len(wrong)), replace=False)
    y[wrong] = (y[wrong] + rng.integers(1, 10, len(wrong))) % 10
    return x, y


def validation_labels(rng: np.random.Generator) -> Arrays:
    return mislabelled(rng, VALID)


def training_labels(rng: np.random.Generator) -> Arrays:
    return mislabelled(rng, TRAIN)


def copies(rng: np.random.Generator) -> Arrays:
    """600 digits, each twice with a little noise, and only then cut into training and validation."""
    x, y = grainy(rng)
    pool = rng.permutation(np.tile(np.arange(600), 2))
    x, y = np.concatenate([x[pool], x[TEST]]), np.concatenate([y[pool], y[TEST]])
    return np.clip(x + rng.integers(-1, 2, x.shape), 0, 24), y


def given_away(rng: np.random.Generator) -> Arrays:
    """The background of a digit is as bright as its label is large; in test as another one's."""
    x, y = grainy(rng)
    told = y.copy()
    told[TEST] = rng.permutation(told[TEST])
    return x + told[:, None, None], y


# What is wrong with each run, what shows it; patterns of which one in an answer is enough for "right", or "near".
FAULTS = json.loads(Path(__file__).with_name("trial_faults.json").read_text(encoding="utf-8"))
RUNS = {f"run-{place}": fault for place, fault in enumerate(FAULTS, 1)}


def arrays(fault: str) -> dict[str, np.ndarray]:
    """The data of a run."""
    x, y = globals()[fault](np.random.default_rng([*RUNS.values(), "sound"].index(fault)))
    return {
        f"{axis}_{name}": values[part]
        for name, part in {"train": TRAIN, "valid": VALID, "test": TEST}.items()
        for axis, values in (("x", x), ("y", y))
    }


def trained(fault: str, folder: Path, **settings) -> actlab.Run:
    """The run, trained in `folder`; its data have a name that all share."""
    np.savez(folder / "scans.npz", **arrays(fault))
    with contextlib.chdir(folder):  # the report says how data and folder were called
        return actlab.compare("relu", data="scans.npz", out=folder / "run", **SETTINGS | {"report": False} | settings)


def curves(run: actlab.Run) -> str:
    """Means over the seeds: losses, and how many in a hundred are right."""
    kinds = ["train_loss", "train_accuracy", "valid_loss", "valid_accuracy"]
    means = run.curves.groupby("epoch")[kinds].mean()
    rows = [f"{epoch},{a:.3f},{100 * b:.1f},{c:.3f},{100 * d:.1f}" for epoch, a, b, c, d in means.itertuples()]
    return "\n".join(["epoch,training loss,training right %,validation loss,validation right %", *rows, ""])


def seen(data: dict[str, np.ndarray]) -> str:
    """The first 16 training inputs, standardised as the network sees them, each with its label."""
    x, pictures = data["x_train"], []
    for image, label in zip((x[:16] - x.mean()) / x.std(), data["y_train"], strict=False):
        grey = np.clip((image + 1.5) * 3, 0, len(SHADES) - 1).astype(int)
        pictures.append([f"label {label}".ljust(18), *("".join(2 * SHADES[g] for g in row) + "  " for row in grey)])
    rows = ["\n".join(map("".join, zip(*pictures[at : at + 4], strict=True))) for at in range(0, 16, 4)]
    return "\n\n".join([f"-1.5 and below to +1.5 and above: '{SHADES}'", *rows, ""])


def words(page: str) -> str:
    """What a page says, without its drawing."""
    page = re.sub(r"<(script|style).*?</\1>|\s+", " ", page, flags=re.DOTALL)
    page = re.sub(r"</(p|h\d|tr|li|div|figcaption|summary|table|pre)>", "\n", page)
    lines = (re.sub(r" +", " ", html.unescape(re.sub(r"<[^>]+>", " ", line))).strip() for line in page.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def hand_out(fault: str, folder: Path) -> None:
    """What a reader gets of a run: its report, and the same for who has no browser."""
    with tempfile.TemporaryDirectory() as temporary:
        run = trained(fault, Path(temporary), report=True)
        page = next(run.path.rglob("index.html"))
        shutil.copytree(page.parent, folder / "report", dirs_exist_ok=True)
        (folder / "report.txt").write_text(words(page.read_text(encoding="utf-8")), encoding="utf-8")
        (folder / "curves.csv").write_text(curves(run), encoding="utf-8")
        (folder / "inputs.txt").write_text(seen(arrays(fault)), encoding="utf-8")


def score(fault: str, answer: dict) -> str:
    """right, near or wrong: by a person where one has said so, else by the words of the fault that was named."""
    if answer.get("score"):
        return SCORES[SCORES.index(answer["score"])]
    named = re.sub(r"\s+", " ", answer["fault"].lower())
    found = (kind for kind in SCORES[:2] if any(re.search(p, named) for p in FAULTS[fault][kind]))
    return next(found, "wrong")


def counted(readers: list[dict]) -> dict:
    """Scores of each answer and run, and whether the page made a difference: by exact permutation of the readers."""
    scored = [
        one | {"scores": {run: score(fault, one["answers"][run]) for run, fault in RUNS.items()}} for one in readers
    ]
    both = {"without": [one for one in scored if not one["page"]], "with": [one for one in scored if one["page"]]}
    runs = {
        run: {"fault": FAULTS[fault]["says"]}
        | {
            kind: {which: sum(one["scores"][run] == which for one in some) for which in SCORES}
            for kind, some in both.items()
        }
        for run, fault in RUNS.items()
    }
    hits = [sum(which == "right" for which in one["scores"].values()) for one in both["without"] + both["with"]]
    without, n = len(both["without"]), len(hits)
    of, p = len(RUNS), None
    told = " and ".join(
        f"{sum(part)} of {of * len(part)} {kind} the page"
        for kind, part in (("without", hits[:without]), ("with", hits[without:]))
        if part
    )
    if without and sum(hits[:without]) == of * without:  # then no page can help: readers with it need not be asked
        verdict = "Readers without the page name them all: the trial shows nothing of the page."
    elif without in (0, n):
        verdict = "There is nobody to compare them with."
    else:
        gaps = [_gap(hits, chosen) for chosen in itertools.combinations(range(n), without)]
        gap = gaps[0]  # the readers without the page come first
        p = sum(abs(other) >= abs(gap) - 1e-9 for other in gaps) / len(gaps)
        verdict = f"p = {p:.2f}; with so few readers it cannot be below {(1 + (2 * without == n)) / len(gaps):.2f}."
    return {
        "readers": {kind: len(some) for kind, some in both.items()},
        "says": f"Faults named right: {told}. {verdict}",
        "p": p,
        "runs": runs,
        "answers": scored,
    }


def _gap(hits: list[int], chosen: tuple[int, ...]) -> float:
    """Right answers a reader: the others' mean minus that of the chosen."""
    others = [hit for place, hit in enumerate(hits) if place not in chosen]
    return float(np.mean(others) - np.mean([hits[place] for place in chosen]))


def main() -> None:
    parser = argparse.ArgumentParser(description="The trial of page 6.")
    parser.add_argument("--out", type=Path, help="what readers get")
    parser.add_argument("--truth", type=Path, help="what is true: keep it away from them")
    parser.add_argument("--answers", type=Path, help="what they said; writes the record")
    given = parser.parse_args()
    if given.out:
        for name, fault in RUNS.items():
            hand_out(fault, given.out / name)
            print(given.out / name)
    if given.truth:
        truth = {name: FAULTS[fault] for name, fault in RUNS.items()}
        given.truth.write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    if given.answers:
        record = {
            "command": "python studies/trial.py --answers FILE",
            "date": datetime.date.today().isoformat(),
            "environment": environment("cpu"),
            "python": sys.version.split()[0],
            **counted(json.loads(given.answers.read_text(encoding="utf-8"))),
        }
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        print(record["says"])


if __name__ == "__main__":
    main()
