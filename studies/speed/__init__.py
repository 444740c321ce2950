"""Measurements against floors and peers: side by side in one run, written down with all that they depend on.

A benchmark is a module with NAME, TITLE, `measure(quick) -> dict` (rows, n, interval, limits), `table(record)` in
Markdown and `plot(record)`, a drawing. `record.py` adds command, commit, hardware and versions, and writes the files.
"""

import importlib.util
from dataclasses import dataclass


@dataclass(frozen=True)
class Benchmark:
    """What can be measured, told without importing it."""

    name: str
    sentence: str
    takes: str
    needs_mnist: bool = True

    @property
    def module(self) -> str:
        return f"studies.speed.{self.name}"


_ALL = (
    Benchmark("engine", "training stacks of networks: this engine, its floor and its peers", "15 minutes"),
    Benchmark("operators", "forward and backward of each activation beside PyTorch's own", "6 minutes", False),
    Benchmark("scaling", "1 to 1,000 networks, 1 process to one a core: cost of each, memory", "8 minutes"),
    Benchmark("startup", "from the start of a process to its help, and to the first training step", "2 minutes"),
)


def benchmarks() -> dict[str, Benchmark]:
    """Those that are here, by name."""
    return {b.name: b for b in _ALL if importlib.util.find_spec(b.module) is not None}
