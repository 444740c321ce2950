"""Two things that go wrong inside networks, each made to happen and looked at: dying ReLU and vanishing gradients.

    ACTLAB_DATA=... python studies/examples.py      # some minutes on two cores; build/examples holds the runs
    python studies/examples.py dying                # one part of it

Writes records/examples.json, docs/examples.md and its pictures in docs/images, with the parts that are there.
"""

import argparse
import datetime
import json
import math
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from actlab.engine.machine import environment
from actlab.experiment import Run
from actlab.report.inside import inside_drawings
from actlab.report.svg import beside
from actlab.results import RULES, by_layer, inside_said, summarise

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "build" / "examples"
RECORD = ROOT / "records" / "examples.json"
PAGE = ROOT / "docs" / "examples.md"
IMAGES = ROOT / "docs" / "images"

NARROW = ["relu", "leaky_relu", "elu", "--data", "mnist", "--hidden", ",".join(["16"] * 12), "--init", "gain"]
DEEP = ["tanh", "relu", "sigmoid", "--data", "mnist", "--hidden", ",".join(["32"] * 20), "--epochs", "3"]
DRAWN = [f"{name}{part}" for name in ("dead", "saturated", "gradient_z") for part in ("", "_low", "_high")]


@dataclass(frozen=True)
class Part:
    title: str
    question: str
    answer: str  # a test holds it to the record
    given: list[str]  # to `actlab compare`
    shown: list[str]  # titles of the drawings


PARTS = {
    "dying": Part(
        "Dying ReLU",
        "12 narrow layers and a learning rate of 0.2, which is high for them. A unit of relu that one step has pushed "
        "below zero for all inputs has no gradient that would bring it back. Does it happen, and do leaky_relu, with a "
        "slope of 0.01 there, or elu do better?",
        "It does: at the end most of relu's units are dead, and its networks are right half as often as elu's, whose "
        "units live. leaky_relu is no way out here: its units live, too, but most of its networks diverge.",
        [*NARROW, "--lr", "0.2", "--epochs", "5"],
        ["Dead units", "Gradient by layer"],
    ),
    "dying_slower": Part(
        "The same at a tenth of the rate",
        "Is it the rate?",
        "It is: few units die, and all three learn. elu is still better; relu and leaky_relu cannot be told apart.",
        [*NARROW, "--lr", "0.02", "--epochs", "5"],
        ["Dead units", "Gradient by layer"],
    ),
    "vanishing": Part(
        "Vanishing gradients",
        "20 layers, started as PyTorch starts them. On its way back the gradient is multiplied by weights and slopes "
        "twenty times. How much of it arrives at the first layer? (`--force`, for preflight finds it before time is "
        "spent, and stops.)",
        "Next to nothing, and none of the three learns.",
        [*DEEP, "--lr", "0.03", "--force"],
        ["Gradient by layer", "Saturated values"],
    ),
    "vanishing_gain": Part(
        "The same with weights that match the activation",
        "`--init gain` makes the weights as large as the activation's slope asks for. For which of the three is that "
        "enough?",
        "For tanh and relu, which learn and cannot be told apart. Not for sigmoid.",
        [*DEEP, "--lr", "0.03", "--init", "gain", "--force"],
        ["Gradient by layer", "Saturated values"],
    ),
}


def train(part: str, workers: str | None) -> float:
    """Train a part anew, as a person would; the seconds that it took."""
    shutil.rmtree(RUNS / part, ignore_errors=True)
    command = [sys.executable, "-m", "actlab", "compare", *PARTS[part].given, "--out", str(RUNS / part)]
    began = time.perf_counter()
    subprocess.run(command + (["--workers", workers] if workers else []), check=True)
    return time.perf_counter() - began


def answer(part: str, seconds: float) -> dict:
    """What a finished part says, in numbers and words."""
    run, asked = Run(RUNS / part), PARTS[part]
    told, table = summarise(run).as_json(), by_layer(run)
    ends = table.loc[table["epoch"].isin([0, table["epoch"].max()])]
    return {
        "part": part,
        "command": " ".join(["actlab", "compare", *asked.given]),
        "seconds": round(seconds, 1),
        "n": len(run.experiment.seeds),
        "trained": run.environments[-1] | {"command": None},
        "inside": inside_said(run),
        **{name: told[name] for name in ("conclusion", "best_among", "caption", "comparisons")},
        "table": [{name: row[name] for name in ("arm", "n", "diverged", "test_accuracy", "test_accuracy_low",
                                                "test_accuracy_high")} for row in told["table"]],
        "layers": [
            {"arm": arm, "epoch": int(epoch), **{name: [*map(_short, rows[name])] for name in DRAWN}}
            for (arm, epoch), rows in ends.groupby(["arm", "epoch"], sort=False)
        ],
    }  # fmt: skip


def _short(value: float) -> float | None:
    return float(f"{value:.3g}") if math.isfinite(value) else None


def draw(part: str) -> None:
    drawn = {title: drawing for title, _, drawing in inside_drawings(Run(RUNS / part), legend=True)}
    file = IMAGES / f"{part}.png"
    beside([drawn[title] for title in PARTS[part].shown], columns=2).save(file)
    Image.open(file).convert("RGB").quantize(64).save(file, optimize=True)  # a tenth of the bytes


def page(record: dict) -> str:
    """docs/examples.md."""
    lines = [
        "# Two things that go wrong inside networks",
        "",
        "Each is made to happen on MNIST with 10 seeds, by a command of less than three minutes on two cores, and "
        "looked at: `report/index.html` in the run's folder shows the same pictures, `run.inside` holds the numbers. "
        "How to read a verdict: [verdicts](verdicts.md).",
    ]
    for part in record["parts"]:
        asked = PARTS[part["part"]]
        lines += ["", f"## {asked.title}", "", asked.question, "", "```sh", part["command"], "```", ""]
        lines += [asked.answer, "", part["conclusion"], "", *(f"- {sentence}" for sentence in part["inside"]), ""]
        lines += ["| activation | trials | diverged | test accuracy |", "|---|---|---|---|"]
        lines += [f"| {row['arm']} | {row['n']} | {row['diverged']} | {_accuracy(row)} |" for row in part["table"]]
        lines += ["", f"![{' and '.join(asked.shown).lower()}, by hidden layer and epoch](images/{part['part']}.png)"]
        where = part["trained"]
        lines += ["", f"{where['started'][:10]}, commit {where['commit']}, {where['cpu']}, {part['seconds']:.0f} s."]
    lines += ["", "## What is said", "", RULES, "", f"[Record](../records/{RECORD.name}) of `{record['command']}`, "
              f"{record['date']}: {record['interval']}."]  # fmt: skip
    return "\n".join(lines) + "\n"


def _accuracy(row: dict) -> str:
    mean, low, high = (row[f"test_accuracy{part}"] for part in ("", "_low", "_high"))
    if mean is None:
        return "–"
    return f"{100 * mean:.2f}%" + (f" [{100 * low:.2f}, {100 * high:.2f}]" if low is not None else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all by default")
    parser.add_argument("--workers", help="processes; by default measured")
    given = parser.parse_args()
    known = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {"parts": []}
    found = {part["part"]: part for part in known["parts"]}
    seconds = {part: train(part, given.workers) for part in given.parts or PARTS}
    about = environment("cpu")  # before a file is changed
    for part in seconds:
        found[part] = answer(part, seconds[part])
        draw(part)
    record = {
        "command": "python studies/examples.py",
        "date": datetime.date.today().isoformat(),
        "environment": about,
        "interval": "95% intervals of means over seeds; of what is inside the lowest and the highest seed",
        "parts": [found[part] for part in PARTS if part in found],
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(record), encoding="utf-8")
    print(f"Record: {RECORD}, {PAGE}")


if __name__ == "__main__":
    main()
