"""Steps run one after the other: called one by one, or captured once in a CUDA graph and replayed.

A captured step cannot be told which step it is. It reads its row of the tables at a cursor that lies on the device and
moves on by itself, so that between two epochs the host only says "again".
"""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from actlab.engine.batches import Row

Step = Callable[[Row, int], None]  # a row of the tables, and its number: 0 where that is not known

_WARM_UP = 3  # calls before a capture, as PyTorch's notes on CUDA graphs ask for


class OneByOne:
    """Each step is called with its row of the tables."""

    def run(self, step: Step, tables: dict[str, Tensor], rows: range) -> Iterator[int]:
        names = list(tables)
        by_step = zip(*(table[rows.start : rows.stop].unbind(0) for table in tables.values()), strict=True)
        for n, row in zip(rows, by_step, strict=True):
            step(dict(zip(names, row, strict=True)), n)
            yield n


class Cursor:
    """Rows at a cursor: what a graph is captured from. `held` is everything that a step changes."""

    def __init__(self, held: Callable[[], Iterable[Tensor]]) -> None:
        self.held = held
        self.tables: dict[str, Tensor] = {}
        self.at = torch.zeros(0)
        self.again: Callable[[], None] | None = None

    def run(self, step: Step, tables: dict[str, Tensor], rows: range) -> Iterator[int]:
        if not rows:
            return
        if not self.tables:
            self.tables = {name: table.clone() for name, table in tables.items()}
            self.at = torch.zeros(1, dtype=torch.int64, device=next(iter(tables.values())).device)
        for name, table in tables.items():  # they keep their place in memory: a graph knows nothing but addresses
            self.tables[name].copy_(table)
        if self.again is None:
            self.again = self._captured(step)
        self.at.fill_(rows.start)
        for n in rows:
            self.again()
            yield n

    def _once(self, step: Step) -> None:
        step({name: torch.index_select(table, 0, self.at)[0] for name, table in self.tables.items()}, 0)
        self.at.add_(1)

    def _captured(self, step: Step) -> Callable[[], None]:
        if self.at.device.type != "cuda":
            return lambda: self._once(step)
        kept = [tensor.clone() for tensor in self.held()]
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UP):
                self.at.zero_()
                self._once(step)
        torch.cuda.current_stream().wait_stream(aside)
        self.at.zero_()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._once(step)
        for tensor, before in zip(self.held(), kept, strict=True):  # warming up has trained
            tensor.copy_(before)
        return graph.replay
