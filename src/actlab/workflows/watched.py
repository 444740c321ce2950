"""Progress in a notebook: a line of the cell's output that is written over."""

import time

from actlab.report import Line, is_notebook
from actlab.running import Begun, Epoch, Pace, Progress, duration, epoch_said, plan_said
from actlab.stats import count

_EVERY_SECONDS = 0.25  # between two looks of the line


class Watched(Progress):
    """What is told goes into the cell's output, and stays there; how far it is, into one line."""

    def __init__(self) -> None:
        self._line, self._said = Line(), 0.0

    def say(self, text: str) -> None:
        print(text)

    def download(self, name: str, done: int, total: int) -> None:
        self._write(f"Downloading {name}: {done / total:.0%}" if total else f"Downloading {name}", done == total)

    def begin(self, begun: Begun) -> None:
        self.say(plan_said(begun))
        self._begun, self._pace, self._line = begun, Pace(begun.epochs_left), Line()

    def epoch(self, epoch: Epoch) -> None:
        self._pace.done += len(epoch.labels)
        self._write(f"{self._pace} {epoch_said(epoch, self._begun.experiment.metric)}")

    def end(self) -> None:
        if 0 < self._pace.total == self._pace.done:
            networks = count(self._begun.missing, "network")
            self._write(f"{networks} trained in {duration(self._pace.seconds)}.", True)

    def _write(self, text: str, always: bool = False) -> None:
        if always or time.monotonic() - self._said >= _EVERY_SECONDS:
            self._line.write(text)
            self._said = time.monotonic()


def usual() -> Progress:
    """What is told where nobody said to whom: a notebook's reader, else nobody."""
    return Watched() if is_notebook() else Progress()
