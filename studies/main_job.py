"""Time the main job as a person starts it: `actlab compare`, process start, data, training, report, all included.

    python studies/main_job.py --repeat 3

Two sizes on MNIST, split tutorial, 25 epochs: the tutorial itself (relu, tanh, leaky_relu, 1 seed) and 10 seeds of it.
Each repetition is a new folder and a new process. Writes records/main_job.json and prints the table.
"""

import argparse
import datetime
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from actlab.engine.machine import environment

RECORD = Path(__file__).parents[1] / "records" / "main_job.json"
JOBS = {"the tutorial: 3 activations, 1 seed": 1, "30 networks: 3 activations, 10 seeds": 10}
LIMITS = {1: 40, 10: 240}  # seconds, on two cores


def once(seeds: int) -> tuple[float, dict]:
    """Seconds of one run, and its result."""
    command = [sys.executable, "-m", "actlab", "compare", "relu", "tanh", "leaky_relu", "--data", "mnist"]
    command += ["--split", "tutorial", "--seeds", str(seeds), "--epochs", "25", "--quiet", "--json"]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        done = subprocess.run([*command, "--out", f"{folder}/run"], check=True, capture_output=True, text=True)
        return time.perf_counter() - began, json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    rows = []
    for title, seeds in JOBS.items():
        runs = [once(seeds) for _ in range(repeat)]
        seconds = sorted(round(run[0], 1) for run in runs)
        accuracy = {row["name"]: round(row["final_valid_accuracy"], 5) for row in runs[-1][1]["activations"]}
        row = {"job": title, "n": repeat, "seconds": seconds, "median": statistics.median(seconds)}
        rows.append(row | {"limit": LIMITS[seeds], "final_valid_accuracy": accuracy})
        print(f"{title}: median {row['median']} s of {repeat} ({seconds[0]} to {seconds[-1]})")
        print(f"  final validation accuracy: {accuracy}")
    record = {
        "command": " ".join(["python", "studies/main_job.py", *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "environment": environment("cpu"),
        "interval": "smallest to largest of n repetitions",
        "rows": rows,
    }
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"Record: {RECORD}")


if __name__ == "__main__":
    main()
