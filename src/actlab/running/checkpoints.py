"""Stacks in training, on disk: what a crash may cost is the work since the last checkpoint.

Beside NAME.pt, the state, stands NAME.json: the keys of the stack's trials and the epochs done, readable without torch.
"""

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import torch

from actlab.engine import Stack, Trainer
from actlab.experiment import json_of, write_by, write_text
from actlab.running.processes import sigint_held

_SECONDS = 20.0  # of training between two checkpoints


@dataclasses.dataclass(frozen=True)
class Saved:
    """A checkpoint: whose it is, and how far it got."""

    keys: tuple[str, ...]
    done: int  # epochs


def saved(folder: Path) -> list[Saved]:
    """The checkpoints in a folder. One that cannot be read is removed: its stack is begun anew."""
    found = []
    for file in sorted(folder.glob("*.json")):
        try:
            entry = json_of(file)
            assert file.with_suffix(".pt").is_file()
            keys = tuple(entry["keys"])
            assert len(keys) == len({*keys}) > 0
            found.append(Saved(keys, int(entry["done"])))
        except (OSError, ValueError, KeyError, TypeError, AssertionError, OverflowError):
            remove(folder, file.stem)
    return found


def remove(folder: Path, name: str) -> None:
    for suffix in ("json", "pt"):
        (folder / f"{name}.{suffix}").unlink(missing_ok=True)


class Checkpoints:
    """The checkpoint of one stack."""

    def __init__(self, folder: Path, stack: Stack) -> None:
        self.folder, self.name, self.keys = folder, stack.name, stack.keys
        self._last = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """The state to continue from; None where there is none, or none that can be read."""
        try:
            file = self.folder / f"{self.name}.pt"
            assert file.is_file()  # no pipe, which would be waited for
            state = torch.load(file, weights_only=True, map_location="cpu")
            assert state["keys"] == self.keys
            return state
        except Exception:  # there is no file, or whatever a damaged one makes torch raise
            remove(self.folder, self.name)
            return None

    def maybe_save(self, trainer: Trainer) -> None:
        """Save if the last time is long enough ago."""
        if time.monotonic() - self._last < _SECONDS:
            return
        state = trainer.state() | {"keys": self.keys}
        with sigint_held():  # in the middle of it torch would raise an error of its own
            write_by(self.folder / f"{self.name}.pt", lambda handle: torch.save(state, handle))
            write_text(self.folder / f"{self.name}.json", json.dumps({"keys": self.keys, "done": trainer.done}))
        self._last = time.monotonic()
