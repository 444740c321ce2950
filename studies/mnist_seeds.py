"""Page 5 of docs/learn: relu, tanh and leaky_relu on MNIST, what each of 20 seeds said.

python studies/mnist_seeds.py    # about 10 minutes on two cores; build/mnist_seeds holds the run, so it may be stopped
"""

import dataclasses
import datetime
import json
from pathlib import Path

import actlab
from actlab.engine.machine import environment

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "records" / "mnist_seeds.json"
ARMS = ("relu", "tanh", "leaky_relu")
SEEDS, EPOCHS = 20, 25


def main() -> None:
    out = ROOT / "build" / "mnist_seeds"
    run = actlab.compare(*ARMS, data="mnist", seeds=SEEDS, epochs=EPOCHS, out=out, report=False)
    found = actlab.summarise(run)
    record = {
        "command": "python studies/mnist_seeds.py",
        "date": datetime.date.today().isoformat(),
        "environment": environment("cpu"),
        "same_as": f"actlab compare {' '.join(ARMS)} --seeds {SEEDS} --data mnist --epochs {EPOCHS}",
        "interval": "95% by Student's t for one pair alone (plain_low), simultaneous for all comparisons (low)",
        "margin": run.experiment.margin_used,
        "learning_rate": run.experiment.learning_rate[0],
        "test_samples": len(run.test_labels(0)),
        "conclusion": found.conclusion,
        "caption": found.caption,
        "test_accuracy": {arm: [found.values[arm][seed] for seed in run.experiment.seeds] for arm in ARMS},
        "comparisons": [dataclasses.asdict(one) for one in found.comparisons],
    }
    RECORD.write_text(json.dumps(record, indent=1, default=str) + "\n", encoding="utf-8")
    print(found.conclusion)


if __name__ == "__main__":
    main()
