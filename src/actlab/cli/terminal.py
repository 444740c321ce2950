"""What a run says in a terminal: messages and a progress bar on standard error, the answer on standard output."""

import os
import sys
import time

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from actlab import running
from actlab.experiment import CURVES, METRICS
from actlab.results import Summary, is_the_loss
from actlab.running import Begun, Epoch, Pace, epoch_said, measured_said, plan_said

_COLOURS = {"better": "green", "worse": "red", "practically equal": "cyan", "undecided": "yellow"}  # others: none
_EVERY_SECONDS = 60.0  # between two lines where there is no terminal


class Terminal(running.Progress):
    """Progress of a run for people. Everything goes to standard error: standard output is for results."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet, self.verbose = quiet, verbose
        self.console = Console(stderr=True, highlight=False)
        self._bar: Progress | None = None  # of one task
        self._download = ""  # the name of what is fetched
        self._metric = METRICS["accuracy"]
        self._is_the_loss = False
        self._pace = Pace(0)
        self._said = 0.0

    def say(self, text: str) -> None:
        if not self.quiet:
            self.console.print(text, markup=False, soft_wrap=True)

    def download(self, name: str, done: int, total: int) -> None:
        if self.quiet:
            return
        if self._bar is None or self._download != name:
            self.end()
            self._bar = Progress(
                TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:.0f}%"),
                console=self.console, transient=True,
            )  # fmt: skip
            self._bar.start()
            self._bar.add_task(f"Downloading {name}", total=total or None)
            self._download = name
        self._bar.update(self._bar.task_ids[0], completed=done)

    def begin(self, begun: Begun) -> None:
        self.end()
        self._metric, self._is_the_loss = METRICS[begun.experiment.metric], is_the_loss(begun.experiment)
        if self.quiet:
            return
        self.say(plan_said(begun))
        if not begun.missing:
            return
        self._pace = Pace(begun.epochs_left)
        self._said = self._pace.began
        self._bar = Progress(
            BarColumn(bar_width=24), TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.description}", markup=False), TimeRemainingColumn(), TextColumn("left"),
            console=self.console, disable=not self.console.is_terminal,
        )  # fmt: skip
        self._bar.start()
        self._bar.add_task("starting", total=begun.epochs_left)

    def epoch(self, epoch: Epoch) -> None:
        if self.verbose:
            for name, seed, measured in zip(epoch.labels, epoch.seeds, epoch.measured, strict=True):
                values = dict(zip(CURVES, measured, strict=True))
                self.say(
                    f"{name} (seed {seed})  epoch {epoch.epoch}/{epoch.epochs}  "
                    f"train loss {values['train_loss']:.3f}{self._beside(values['train_metric'])}  "
                    f"valid loss {values['valid_loss']:.3f}{self._beside(values['valid_metric'])}  "
                    f"{epoch.seconds:.1f} s"
                )
        if self._bar is not None:
            text = epoch_said(epoch, self._metric.name)
            self._bar.update(self._bar.task_ids[0], advance=len(epoch.labels), description=text)
            self._pace.done += len(epoch.labels)
            now = time.monotonic()
            if not self.console.is_terminal and now - self._said >= _EVERY_SECONDS:
                self._said = now
                self.say(str(self._pace))

    def _beside(self, value: float) -> str:
        """The metric beside a loss, where it is another thing."""
        return "" if self._is_the_loss else f", {measured_said(self._metric, value)}"

    def end(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar, self._download = None, ""


def said(summary: Summary, details: bool) -> str:
    """A run's answer, in colour where there is a terminal; with `details` all its figures."""
    if details:
        return summary.as_text()
    return summary.in_short(_painted) if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else summary.in_short()


def _painted(verdict: str, text: str) -> str:
    return typer.style(text, fg=_COLOURS.get(verdict.partition(",")[0]), bold=True)
