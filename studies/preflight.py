"""What preflight says of MNIST through the right pipeline and through the published one, and of their curves.

    python studies/preflight.py           # some minutes; writes records/preflight.json and docs/preflight.md

The published pipeline is that of the tutorial behind this project: floats read as bytes, each part by its own mean.
"""

import datetime
import json
import tempfile
import time
from pathlib import Path

from actlab.data import load
from actlab.engine.machine import environment
from actlab.experiment.spec import Experiment
from actlab.preflight import preflight
from actlab.results.summary import summarise
from actlab.workflows.comparison import compare

RECORD = Path(__file__).parents[1] / "records" / "preflight.json"
PAGE = Path(__file__).parents[1] / "docs" / "preflight.md"
ACTIVATIONS = ("relu", "tanh", "leaky_relu")
CASES = [("standard", "standard"), ("standard", "tutorial"), ("published", "standard"), ("published", "tutorial")]
EPOCHS, SEEDS = 25, 1
MEASURED = "## MNIST, through the right pipeline and the published one"  # above it the page is written by hand


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
    """docs/preflight.md: as it is down to what is measured, and that."""
    tables = [part for case in record["cases"] for part in _table(case)]
    endings = [
        f"| {case['pipeline']} | {arm} | {found['state']} | {found['says']} |"
        for case in record["trained"]
        for arm, found in case["endings"].items()
    ]
    where = record["environment"]
    by_hand = PAGE.read_text(encoding="utf-8").partition(MEASURED)[0].rstrip()
    return "\n".join([
        by_hand,
        "",
        MEASURED,
        *tables,
        "",
        "## After training",
        "",
        f"The tutorial's own comparison, {EPOCHS} epochs, seeds: {SEEDS}, on both kinds of inputs:",
        "",
        "| pipeline | activation | its curves say | figures |",
        "| --- | --- | --- | --- |",
        *endings,
        "",
        f"Measured on {record['date']} with actlab {where['actlab']}, torch {where['torch']}, {where['cpu']}: "
        "[this record](../records/preflight.json) of `python studies/preflight.py`.",
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
        f"`{case['command']}`: of {len(case['findings'])} findings {counts['error']} errors and {counts['warning']} "
        "warnings. Those that are not ok, and whether the parts look alike:",
        "",
        "| level | check | about | found |",
        "| --- | --- | --- | --- |",
        *rows,
    ]


def main() -> None:
    cases = [looked(*case) for case in CASES]
    with tempfile.TemporaryDirectory() as folder:
        trained = [ended(pipeline, Path(folder)) for pipeline in ("standard", "published")]
    record = {
        "command": "python studies/preflight.py",
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
