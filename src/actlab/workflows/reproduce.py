"""The published tutorial, done again: on its inputs, on right ones, and why its conclusion did not follow."""

from pathlib import Path
from typing import Any

import torch

from actlab.experiment import METRICS, DataFrame, Run
from actlab.report import draw_tutorial
from actlab.running import Progress
from actlab.stats import mean_interval
from actlab.workflows.comparison import compare

ACTIVATIONS = ("relu", "tanh", "leaky_relu")
_CURVES = METRICS["accuracy"].curves
PUBLISHED = {  # what the tutorial printed: activation and epoch -> its figures, accuracies as fractions
    ("relu", 25): (1.182, 0.5817, 5.460, 0.1582),
    ("tanh", 5): (1.454, 0.5214, 3.997, 0.1710),
    ("leaky_relu", 5): (1.461, 0.5176, 3.837, 0.1700),
}


def tutorial(
    *, seeds: int, epochs: int, out: Path, data_dir: Path | None, workers: int | None, progress: Progress
) -> str:
    """Train both pipelines and tell, as text, what the tutorial measured and what it concluded."""
    runs = {}
    for pipeline in ("published", "standard"):
        progress.say("Inputs as published:" if pipeline == "published" else "Right inputs:")
        runs[pipeline] = compare(
            *ACTIVATIONS, data="mnist", pipeline=pipeline, split="tutorial", learning_rate=[0.01], seeds=seeds,
            epochs=epochs, out=out / pipeline, data_dir=data_dir, workers=workers, progress=progress,
            force=pipeline == "published",  # its inputs are the point
        )  # fmt: skip
    parts = [
        'The figures of the tutorial "ReLU" by Erick Platero, and its networks trained again (means, 95% intervals)',
        *_figures(runs["published"], runs["standard"]),
        "",
        "What the images were: normalised floats, of whose bytes the first 784 were read as pixels - the top seven",
        "rows of each image, four bytes a number, train and validation each by its own mean and deviation.",
        "",
        'Why "tanh is best" did not follow',
        *_best_epochs(runs["published"]),
        "",
        *shallow_copy(),
        "",
        *unused_backward(),
    ]
    said = "\n".join(parts)
    both = {"The inputs as published": runs["published"], "Right inputs": runs["standard"]}
    return f"{said}\n\nReport: {draw_tutorial(said, both, out / 'index.html')}"


def _figures(published: Run, right: Run) -> list[str]:
    lines = [f"{'':24}{'train loss':>18}{'train acc. %':>18}{'valid loss':>18}{'valid acc. %':>18}"]
    last = int(max(published.curves["epoch"]))
    for name, epoch in [*PUBLISHED, *((name, last) for name in ACTIVATIONS if (name, last) not in PUBLISHED)]:
        if epoch > last:
            continue
        lines.append(f"{name}, epoch {epoch}")
        if (name, epoch) in PUBLISHED:
            lines.append(_row("published", [*map(_shown, _CURVES, PUBLISHED[name, epoch])]))
        lines.append(_row("published inputs", _measured(published.curves, name, epoch)))
        lines.append(_row("right inputs", _measured(right.curves, name, epoch)))
    return lines


def _row(title: str, cells: list[str]) -> str:
    return f"  {title:22}" + "".join(f"{cell:>18}" for cell in cells)


def _measured(curves: DataFrame, name: str, epoch: int) -> list[str]:
    rows = curves.loc[(curves["activation"] == name) & (curves["epoch"] == epoch)]
    cells = []
    for measure in _CURVES:
        interval = mean_interval(rows[measure].to_numpy())
        half = (interval.high - interval.low) / 2
        spread = "" if half != half else f" ± {_shown(measure, half)}"
        cells.append(_shown(measure, interval.mean) + spread)
    return cells


def _shown(measure: str, value: float) -> str:
    return f"{100 * value:.2f}" if measure.endswith("accuracy") else f"{value:.3f}"


def _best_epochs(run: Run) -> list[str]:
    """The tutorial let its test set choose the best of 25 noisy epochs, once: how that choice scatters over seeds."""
    curves = run.curves.dropna(subset=["valid_accuracy"])
    best = curves.loc[curves.groupby(["activation", "seed"])["valid_accuracy"].idxmax()]
    table = best.pivot(index="seed", columns="activation", values="valid_accuracy")
    wins = table.idxmax(axis=1).value_counts()
    lines = [
        f"1. The test set chose the epoch, out of {run.experiment.epochs} noisy ones. On the published inputs, over "
        f"{len(table)} seeds:",
        f"   {'':12}{'has the best epoch':>20}{'which epoch':>16}{'its valid acc. %':>20}{'at the last epoch':>20}",
    ]
    for name in ACTIVATIONS:
        mine = best.loc[best["activation"] == name]
        last = curves.loc[(curves["activation"] == name) & (curves["epoch"] == run.experiment.epochs), "valid_accuracy"]
        lines.append(
            f"   {name:12}{f'{wins.get(name, 0)} of {len(table)} seeds':>20}"
            f"{f'{mine.epoch.min()} to {mine.epoch.max()}':>16}{_range(mine['valid_accuracy']):>20}{_range(last):>20}"
        )
    return lines


def _range(values: Any) -> str:
    return f"{100 * values.min():.1f} to {100 * values.max():.1f}"


def shallow_copy() -> list[str]:
    """Run the tutorial's bookkeeping: `dict.copy()` copies the dictionary, not the lists in it."""
    tanh = {"valid_accuracy": []}
    leaky_relu = tanh.copy()
    tanh["valid_accuracy"].append("a tanh row")
    leaky_relu["valid_accuracy"].append("a leaky ReLU row")
    rows = tanh["valid_accuracy"]
    return [
        "2. Its results were mixed up: `history.copy()` is shallow, so tanh and leaky ReLU filled the same lists.",
        f"   One row added to each gives tanh {len(rows)} rows: {', '.join(rows)}.",
    ]


def unused_backward() -> list[str]:
    """Run its way of calling tanh: `Function.forward(...)` instead of `Function.apply(...)` skips the backward."""
    calls = []

    class Tanh(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            e, inverse = torch.exp(x), torch.exp(-x)
            y = (e - inverse) / (e + inverse)
            if ctx is not None:
                ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, *gradients):
            calls.append("backward")
            (y,) = ctx.saved_tensors
            return gradients[0] * (1 - y * y)

    x = torch.tensor([0.5], requires_grad=True)
    Tanh.forward(None, x).backward()
    as_written = len(calls)
    Tanh.apply(x).backward()
    return [
        "3. Its hand-written backward of tanh never ran: it called forward directly, and autograd went its own way.",
        f"   Calls of backward in one step: {as_written} as it was written, {len(calls) - as_written} by Tanh.apply.",
    ]
