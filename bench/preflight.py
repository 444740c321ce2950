"""What preflight says of MNIST through the right pipeline and through the published one, and of their curves.

    python bench/preflight.py           # some minutes; writes bench/records/preflight.json and docs/preflight.md

The published pipeline is that of the tutorial behind this project: floats read as bytes, each part by its own mean.
"""

import datetime
import json
import tempfile
import time
from pathlib import Path

from actlab.data import load
from actlab.machine import environment
from actlab.preflight import preflight
from actlab.report.summary import summarise
from actlab.run import compare
from actlab.spec import Experiment

RECORD = Path(__file__).parent / "records" / "preflight.json"
PAGE = Path(__file__).parents[1] / "docs" / "preflight.md"
ACTIVATIONS = ("relu", "tanh", "leaky_relu")
CASES = [("standard", "standard"), ("standard", "tutorial"), ("published", "standard"), ("published", "tutorial")]
EPOCHS, SEEDS = 25, 2


def command(pipeline: str, split: str) -> str:
    given = [f"--pipeline {pipeline}"] * (pipeline != "standard") + [f"--split {split}"] * (split != "standard")
    return " ".join(["actlab preflight --data mnist", *given])


def looked(pipeline: str, split: str) -> dict:
    """The findings of one case, and how long they took."""
    dataset = load("mnist", pipeline=pipeline, split=split)
    experiment = Experiment.from_dict({"activations": list(ACTIVATIONS), "data": "mnist", "content": dataset.content})
    began = time.perf_counter()
    found = preflight(dataset, experiment)
    return {
        "command": command(pipeline, split),
        "pipeline": pipeline,
        "split": split,
        "seconds": round(time.perf_counter() - began, 1),
        "findings": [finding.as_dict() for finding in found],
    }


def ended(pipeline: str, folder: Path) -> dict:
    """What the tutorial's own training ends in, by the curves."""
    settings = {"data": "mnist", "pipeline": pipeline, "split": "tutorial", "seeds": SEEDS, "epochs": EPOCHS}
    run = compare(*ACTIVATIONS, out=folder / pipeline, report=False, keep="none", force=True, **settings)
    endings = summarise(run).as_json()["endings"]
    return {
        "command": f"actlab compare --data mnist --pipeline {pipeline} --split tutorial --seeds {SEEDS} --force",
        "pipeline": pipeline,
        "endings": endings,
    }


def page(record: dict) -> str:
    """docs/preflight.md."""
    tables = [part for case in record["cases"] for part in _table(case)]
    endings = [
        f"| {case['pipeline']} | {arm} | {found['state']} | {found['says']} |"
        for case in record["trained"]
        for arm, found in case["endings"].items()
    ]
    where = record["environment"]
    return "\n".join([
        _BEGINNING,
        *tables,
        "",
        "## After training",
        "",
        f"The tutorial's own comparison, {EPOCHS} epochs, {SEEDS} seeds, on both kinds of inputs:",
        "",
        "| pipeline | activation | its curves say | figures |",
        "| --- | --- | --- | --- |",
        *endings,
        "",
        f"Measured on {record['date']} with actlab {where['actlab']}, torch {where['torch']}, {where['cpu']}: "
        "[this record](../bench/records/preflight.json) of `python bench/preflight.py`.",
        "",
    ])  # fmt: skip


def _table(case: dict) -> list[str]:
    counts = {level: sum(f["level"] == level for f in case["findings"]) for level in ("error", "warning")}
    rows = [
        f"| {f['level']} | {f['check']} | {f['about'] or 'all'} | {f['says']} |"
        for f in case["findings"]
        if f["level"] != "ok" or f["check"] == "alike"
    ]
    return [
        "",
        f"`{case['command']}`: {counts['error']} errors, {counts['warning']} warnings, {len(case['findings'])} findings. "
        "Those that are not ok, and whether the parts look alike:",
        "",
        "| level | check | about | found |",
        "| --- | --- | --- | --- |",
        *rows,
    ]


_BEGINNING = """# Before training

`actlab preflight` looks at data and networks before time is spent; `actlab compare` does the same by itself and stops at
an error, unless `--force` says to go on. What it found is kept with the run, in its report and in `--json`. `actlab
doctor` looks at the machine.

| check | what | warning | error |
| --- | --- | --- | --- |
| finite | NaN and infinite values | | any |
| labels | whole numbers from 0 to below the number of classes | | any other |
| balance | samples of each class | the most frequent has 10 times the rarest; a class not in validation or test | a class not in training |
| constant | features that never change (a note) | | every sample the same |
| scale | mean and deviation of the training inputs | mean above .5, deviation below .25 or above 4; a feature 30 times the middle one | either above 20 |
| duplicates | rows equal to one of an earlier part; equal rows with several labels | above 1% | above 20% |
| alike | AUC of a random forest that has to tell a part from the training part, on 1,000 samples of each | above .65 | above .9 |
| start | loss at the start, against ln(classes) | above 3 times | not finite |
| gradients | root mean square gradient of each layer | the weakest below 1e-4 of the strongest | none, or not finite |
| dead | hidden units that are flat for all of 512 samples | above half of a layer | above 95% |
| by heart | 32 samples learned with Adam in 300 steps | below 90% | no better than one class for all |

With few samples chance alone moves an AUC: it has to be above .5 by three of its deviations as well. A file that holds
NaN, or labels that skip a class, is refused when it is read, whatever `--force` says: no network can be shown it.

After training the mean curves of each activation are told apart, by the first rule that holds:

| state | rule |
| --- | --- |
| diverged | a value that is not finite; or a training loss that ends above ln(classes) and above its start |
| validation inputs do not look like training inputs | in the first epoch training is 5 points above chance, and in every epoch validation's accuracy above chance is below three quarters of training's |
| overfitting | validation accuracy ends 15 points below training's; or 5 points below, with a validation loss a tenth above its least |
| underfitting | training loss ends above half of ln(classes) |
| fine | none of these |

## MNIST, through the right pipeline and the published one"""


def main() -> None:
    cases = [looked(*case) for case in CASES]
    with tempfile.TemporaryDirectory() as folder:
        trained = [ended(pipeline, Path(folder)) for pipeline in ("standard", "published")]
    record = {
        "command": "python bench/preflight.py",
        "date": datetime.date.today().isoformat(),
        "environment": environment("cpu"),
        "cases": cases,
        "trained": trained,
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(record), encoding="utf-8")
    print(f"Record: {RECORD}, {PAGE}")


if __name__ == "__main__":
    main()
