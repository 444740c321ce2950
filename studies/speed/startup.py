"""How long a person waits: for the help, for the import, and for the first training step of a comparison.

Whole processes are timed from outside, from before they are started. The first training step: `actlab compare
--verbose` prints a line after each epoch with the seconds that the epoch took; the first such line, less its seconds,
is when training began (the seconds are printed to a tenth). Python keeps its compiled files, as it does by itself.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from studies.speed.picture import bars
from studies.speed.record import markdown, summary

from actlab.report.svg import Drawing

NAME = "startup"
TITLE = "Start-up"

ROUNDS = 7
_LIMITS = {"actlab --help": 0.3, "actlab compare, to the first training step": 4.0}


def measure(quick: bool) -> dict[str, Any]:
    """Each command in turns, after a round that warms the cache of files."""
    data, rounds = ("digits", 1) if quick else ("mnist", ROUNDS)
    commands: dict[str, Callable[[], float]] = {
        "python, doing nothing": lambda: _finished("-c", "pass"),
        "actlab --help": lambda: _finished("-m", "actlab", "--help"),
        "actlab list": lambda: _finished("-m", "actlab", "list"),
        "import actlab": lambda: _finished("-c", "import actlab"),
        "import torch": lambda: _finished("-c", "import torch"),
        "actlab compare, to the first training step": lambda: _first_step(data),
    }
    if quick:
        commands = {name: command for name, command in commands.items() if name.startswith("actlab")}
    found: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds if quick else rounds + 1):
        for name, command in commands.items():
            seconds = command()
            if number or quick:
                found[name].append(seconds)
    rows = [
        {"command": name, "seconds": summary(seconds, digits=3), "asked": None if quick else _LIMITS.get(name)}
        for name, seconds in found.items()
    ]
    return {
        "rows": rows,
        "n": rounds,
        "interval": "smallest to largest of n processes",
        "limits": (
            f"The comparison is that of 30 networks on {data}, 25 epochs, as planned by actlab. Files are in the "
            "system's cache, the data set is on disk."
        ),
    }


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _finished(*arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=_environment())
    return time.perf_counter() - began


def _first_step(data: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "actlab", "compare", "--data", data, "--verbose", "--out", f"{folder}/run"]
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=_environment()
        )
        said = []
        try:
            for line in process.stderr or ():
                now = time.perf_counter()
                said.append(line)
                if (taken := epoch_seconds(line)) is not None:
                    return now - began - taken
        finally:
            process.terminate()  # its workers notice
            process.wait()
        raise RuntimeError("no epoch was told of: " + "".join(said))


def epoch_seconds(line: str) -> float | None:
    """The seconds at the end of a line about the first epoch; None for any other line.

    >>> epoch_seconds("relu (seed 0)  epoch 1/25  train loss 1.000, accuracy 60.00%  valid loss ...  2.5 s")
    2.5
    >>> epoch_seconds("On MNIST: relu x 10 seeds = 10 networks: about 9 s.")
    """
    match = re.search(r" epoch 1/\d+ .* (\d+\.\d+) s$", line.rstrip())
    return float(match[1]) if match else None


def table(record: dict[str, Any]) -> str:
    return markdown(
        ["what", "s", "asked, s"],
        [
            [
                row["command"],
                f"{row['seconds']['median']:.2f} ({row['seconds']['lowest']:.2f} to {row['seconds']['highest']:.2f})",
                f"{row['asked']:g}" if row["asked"] else "",
            ]
            for row in record["rows"]
        ],
    )


def plot(record: dict[str, Any]) -> Drawing:
    """A bar for each command, and what was asked."""
    values = {row["command"]: row["seconds"]["median"] for row in record["rows"]}
    asked = {row["command"]: row["asked"] for row in record["rows"] if row["asked"]}
    return bars(values, asked, "seconds (line: asked)")
