"""Page 7 of docs/learn: its function beside relu and its nearest relative, on digits, with 20 seeds.

python studies/own.py            # about 10 s on one core; writes records/own.json
"""

import dataclasses
import datetime
import json
import sys
import tempfile
from pathlib import Path

import torch

import actlab
from actlab.engine.machine import environment

RECORD = Path(__file__).parents[1] / "records" / "own.json"


@actlab.activation(formula="x*(1 - exp(-exp(x)))")
def knock(x):
    return -x * torch.expm1(-torch.exp(x))


@knock.derivative(wrt="x")
def _(x):
    rate = torch.exp(x)
    return -torch.expm1(-rate) + x * torch.exp(x - rate)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = actlab.compare("relu", "serf", knock, data="digits", seeds=20, out=Path(folder) / "run", report=False)
        found = actlab.summarise(run)
        arms = {arm.rpartition(":")[2]: values for arm, values in found.values.items()}
        record = {
            "command": "python studies/own.py",
            "date": datetime.date.today().isoformat(),
            "environment": environment("cpu"),
            "python": sys.version.split()[0],
            "margin": run.experiment.margin_used,
            "epochs": run.experiment.epochs,
            "learning_rate": run.experiment.learning_rate[0],
            "test_samples": len(run.test_labels(0)),
            "conclusion": found.conclusion,
            "best": found.best_said,
            "caption": found.caption,
            "cost": found.cost_said,
            "test_accuracy": {arm: [values[seed] for seed in run.experiment.seeds] for arm, values in arms.items()},
            "comparisons": [dataclasses.asdict(one) for one in found.comparisons],
            "costs": {one.name.rpartition(":")[2]: one.relative for one in found.costs},
        }
    RECORD.write_text(json.dumps(record, indent=1, default=str) + "\n", encoding="utf-8")
    print(found.conclusion)


if __name__ == "__main__":
    main()
