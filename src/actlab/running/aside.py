"""Stacks that failed again and again: told at once, kept with their tracebacks, and said at the end."""

from collections.abc import Callable
from pathlib import Path

from actlab.errors import UserError
from actlab.experiment import write_text
from actlab.running.crossing import said, trace
from actlab.running.work import Task
from actlab.stats import count

FILE = "set_aside.txt"


class Aside:
    """What was set aside in this session of a run."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.file, self.say = folder / FILE, say
        self._texts: list[str] = []
        self._networks = 0
        self.file.unlink(missing_ok=True)  # what was set aside before is tried again

    def add(self, task: Task, error: BaseException) -> None:
        self.say(f"Set aside after three tries: {task.told()}. {said(error)}")
        self._texts.append(f"{task.told()}\n\n{trace(error)}")
        self._networks += len(task.stack.trials)
        write_text(self.file, "\n".join(self._texts))

    def refuse(self) -> None:
        """UserError where something was set aside."""
        if self._texts:
            were = "was" if self._networks == 1 else "were"
            raise UserError(
                f"{count(self._networks, 'network')} failed three times and {were} set aside, the others are trained: "
                f"{self.file} has the tracebacks. The same command tries them again; `actlab report` shows the others."
            )
