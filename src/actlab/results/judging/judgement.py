"""What a table of results says: comparisons, in words, as a frame, as JSON."""

import functools
import math
import platform
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from actlab import __version__
from actlab.stats import LEAST_PAIRS, Comparison, Unit, best_lies, conclusion, correction, methods, note, pairs_of

if TYPE_CHECKING:
    import pandas as pd

SELECTION = "as it was given"


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a table of results says, task by task ("" where there is one task).

    `frame` has a row a comparison: comparison, against, pairs, difference, low and high (simultaneous 95%), plain_low
    and plain_high (Student's 95%, of this comparison alone), p (corrected), improvement (share of pairs in which it is
    better, ties counted half), verdict, direction (which values are better), note.
    """

    tables: dict[str, dict[str, dict[Any, float]]]
    comparisons: dict[str, list[Comparison]]
    best: dict[str, list[str]]  # among which arms the best one lies, of tasks where that was asked
    metric: str
    unit: Unit
    subject: str
    told: tuple[str, ...]  # what was found in the table, and what was done about it
    group: str = "activation"  # what is compared

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Those of `frame`."""
        scaled = ("difference", "low", "high", "plain_low", "plain_high")
        return [
            ({"task": task} if len(self.tables) > 1 else {})
            | {"comparison": c.name, "against": c.baseline, "pairs": c.n}
            | {name: self.unit.scale * getattr(c, name) for name in scaled}
            | {"p": c.p, "improvement": c.improvement, "verdict": c.verdict}
            | {"direction": f"{self.unit.better} is better", "note": note(c, self.unit)}
            for task, found in self.comparisons.items()
            for c in found
        ]

    @property
    def frame(self) -> "pd.DataFrame":
        import pandas as pd

        return pd.DataFrame(self.rows)

    @functools.cached_property
    def conclusion(self) -> str:
        said = [
            conclusion(table, self.comparisons[task], subject=task or self.subject, metric=self.metric, unit=self.unit,
                       advice=f"{LEAST_PAIRS} pairs are needed for a verdict")
            for task, table in self.tables.items()
        ]  # fmt: skip
        best = [
            f"{best_lies(names, task and f'on {task}')}."
            for task, names in self.best.items()
            if any(math.isfinite(c.low) for c in self.comparisons[task])
        ]
        return " ".join([*said, *best])

    @property
    def caption(self) -> str:
        every = [c for found in self.comparisons.values() for c in found]
        margin = f"; margin {self.unit.size(every[0].margin)}" if every[0].margin else ""
        how = f"{self.metric}, {SELECTION}; intervals: {correction(every)}{margin}"
        return f"n = {pairs_of(every)} of seeds; {how}; {_versions()}."

    @property
    def methods(self) -> str:
        every = [c for found in self.comparisons.values() for c in found]
        thing = "activation function" if self.group == "activation" else f"other {self.group}"
        return methods(every, subject=self.subject, metric=self.metric, selection="", unit=self.unit, shared="",
                       thing=thing, when="", versions=_versions())  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        return {
            "metric": self.metric,
            "unit": self.unit.word,
            "direction": f"{self.unit.better} is better",
            "conclusion": self.conclusion,
            "caption": self.caption,
            "methods": self.methods,
            "told": list(self.told),
            "comparisons": [{name: _plain(value) for name, value in row.items()} for row in self.rows],
        }

    @property
    def headers(self) -> list[str]:
        """Of `text_rows`, with the unit."""
        unit = f", {self.unit.word}" if self.unit.word else ""
        task = ["task"] if len(self.tables) > 1 else []
        intervals = ("simultaneous 95% interval", "plain 95% t interval")
        return [*task, "comparison", "against", "pairs", f"difference{unit}", *intervals, "verdict", "note"]

    @property
    def text_rows(self) -> list[list[str]]:
        """The comparisons as text."""
        write = self.unit.difference
        return [
            ([task] if len(self.tables) > 1 else [])
            + [
                c.name, c.baseline, str(c.n), write(c.difference) if c.n else "–",
                *(f"{write(low)} to {write(high)}" if math.isfinite(low) else "–"
                  for low, high in ((c.low, c.high), (c.plain_low, c.plain_high))),
                self.unit.stated(c.verdict), note(c, self.unit),
            ]
            for task, found in self.comparisons.items()
            for c in found
        ]  # fmt: skip

    def __str__(self) -> str:
        rows = [self.headers, *self.text_rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        told, said = ("\n".join(textwrap.fill(text, 100) for text in texts)
                      for texts in (self.told, (self.conclusion, self.caption)))  # fmt: skip
        return "\n\n".join(filter(None, (told, "\n".join(lines), said)))


def _versions() -> str:
    return f"actlab {__version__}, numpy {np.__version__}, python {platform.python_version()}"


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
