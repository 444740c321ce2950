"""The questions that actlab was made for, answered on MNIST; what is trained already is not trained again.

    python studies/answers.py           # an hour or so on two cores; build/answers holds the runs, so it may be stopped
    python studies/answers.py given       # one part of it

Writes records/answers.json and docs/answers.md, with the parts that are there.

given:   the tutorial's question, relu, tanh or leaky_relu, at the tutorial's settings, 20 seeds.
own:     the same, each at its own best learning rate.
twenty:  20 functions of the catalogue against relu, at the tutorial's settings, all intervals together at 95%.
"""

import argparse
import datetime
import json
import subprocess
import sys
from pathlib import Path

from actlab.engine.machine import environment
from actlab.experiment import Run
from actlab.results import Summary, summarise

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "build" / "answers"
RECORD = ROOT / "records" / "answers.json"
PAGE = ROOT / "docs" / "answers.md"

TUTORIAL = ["relu", "tanh", "leaky_relu", "--seeds", "20"]
TWENTY = (
    "leaky_relu", "prelu", "relu6", "relu_squared", "star_relu", "elu", "selu", "softplus", "squareplus", "silu",
    "hardswish", "gelu", "mish", "serf", "tanh", "sigmoid", "softsign", "hardtanh", "snake", "gcu",
)  # fmt: skip
PARTS = {  # title, what `actlab compare` is given
    "given": ("relu, tanh or leaky_relu? At the tutorial's settings", TUTORIAL),
    "own": ("relu, tanh or leaky_relu? Each at its own best learning rate", [*TUTORIAL, "--tune"]),
    "twenty": ("Twenty functions against relu, at the tutorial's settings", ["relu", *TWENTY, "--seeds", "8"]),
}
_SHOWN = ("activation", "trials", "diverged", "best validation accuracy", "test accuracy")
_COMPARED = ("activation", "pairs", "difference, points", "simultaneous 95% interval", "p", "verdict", "note")


def train(part: str, workers: str | None) -> None:
    """Train what is missing of a part, as a person would."""
    command = [sys.executable, "-m", "actlab", "compare", *PARTS[part][1], "--data", "mnist", "--epochs", "25"]
    command += ["--out", str(RUNS / part)] + (["--workers", workers] if workers else [])
    subprocess.run(command, check=True)


def answer(part: str) -> dict:
    """What a finished part says, and where it was trained."""
    run = Run(RUNS / part)
    summary = summarise(run)
    told = summary.as_json()
    for row in told["table"]:
        row.pop("activation")
    return {
        "part": part,
        "title": PARTS[part][0],
        "command": " ".join(["actlab", "compare", *PARTS[part][1], "--data", "mnist", "--epochs", "25"]),
        "trained": run.environments[-1] | {"command": None},
        "shown": _picked([*summary.headers], _SHOWN, summary.rows),
        "compared": _picked([*summary.comparison_headers], _COMPARED, summary.comparison_rows),
        "rates": _rates(summary),
        **{name: told[name] for name in ("conclusion", "best_among", "caption", "methods", "comparisons", "tuning")},
    }


def _picked(headers: list[str], wanted: tuple[str, ...], rows: list[list[str]]) -> list[list[str]]:
    return [list(wanted), *([row[headers.index(name)] for name in wanted] for row in rows)]


def _rates(summary: Summary) -> list[list[str]]:
    return summary.tuning.rate_table if summary.tuning else []


def page(record: dict) -> str:
    """docs/answers.md."""
    lines = [
        "# What was asked",
        "",
        "A tutorial trained one network each with relu, tanh and leaky_relu and concluded that tanh is best. Here is "
        "the question again, on MNIST (55,000 / 5,000 / 10,000 images), 784-128-64-10, 25 epochs of SGD with batches "
        "of 64, paired by seed. How to read a verdict: [verdicts](verdicts.md).",
    ]
    for part in record["parts"]:
        lines += ["", f"## {part['title']}", "", part["conclusion"]]
        if len(part["best_among"]) > 1 or len(part["comparisons"]) > 1:
            lines += ["", f"The best lies among: {', '.join(part['best_among'])} (95%)."]
        lines += ["", *_table(part["shown"]), "", *_table(part["compared"]), "", part["caption"]]
        if part["rates"]:
            lines += ["", "Validation accuracy on the 3 tuning seeds with one learning rate for all:", ""]
            lines += _table(part["rates"])
        where = part["trained"]
        lines += ["", f"`{part['command']}`, {where['started'][:10]}, commit {where['commit']}, {where['cpu']}."]
    lines += ["", f"[Record](../records/{RECORD.name}) of `python studies/answers.py`, {record['date']}."]
    return "\n".join(lines) + "\n"


def _table(rows: list[list[str]]) -> list[str]:
    head, *body = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all by default")
    parser.add_argument("--workers", help="processes; by default measured")
    given = parser.parse_args()
    for part in given.parts or PARTS:
        train(part, given.workers)
    found = [answer(part) for part in PARTS if (RUNS / part / "run.db").is_file()]
    record = {
        "command": "python studies/answers.py",
        "date": datetime.date.today().isoformat(),
        "environment": environment("cpu"),
        "interval": "simultaneous 95% intervals over the comparisons of a part",
        "parts": found,
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(record), encoding="utf-8")
    print(f"Record: {RECORD}, {PAGE}")


if __name__ == "__main__":
    main()
