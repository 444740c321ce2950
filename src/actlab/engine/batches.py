"""What each training step of an epoch is given: samples in each seed's order, targets, and the optimizer's numbers.

Legend: T steps, S seeds, B samples of a batch, M networks, I inputs, J = I + 1, N targets of a sample.

All of it stands in tables with a row a step, made before the epoch begins: the steps ask the host for nothing.
"""

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from actlab.experiment import stream_seed

Row = dict[str, Tensor]


@dataclasses.dataclass(frozen=True)
class Segment:
    """Steps of an epoch that have batches of one size: all but the last, or the last."""

    steps: range  # of the epoch, from 0
    batch: int


class Batches:
    """The training set in batches: every seed has an order of its own, the same for all its networks."""

    def __init__(self, x_train: Tensor, y_train: Tensor, seeds: Sequence[int], batch_size: int) -> None:
        self.x, self.y, self.seeds = x_train, y_train, tuple(seeds)
        samples = len(y_train)
        self.batch = min(batch_size, samples)
        full, rest = divmod(samples, self.batch)
        self.steps = full + (rest > 0)
        self.segments = [Segment(range(full), self.batch)]
        if rest:
            self.segments.append(Segment(range(full, full + 1), rest))

    def orders(self, epoch: int) -> Tensor:
        """The epoch's permutation of the training set for each seed, (S, n)."""
        generators = [torch.Generator().manual_seed(stream_seed(seed, "order", epoch)) for seed in self.seeds]
        return torch.stack([torch.randperm(len(self.y), generator=g) for g in generators]).to(self.x.device)

    def tables(self, order_Sn: Tensor, segment: Segment, seed_of_M: Tensor) -> dict[str, Tensor]:
        """`index` (T, S B) and, for each network, `targets` (T, M, N, B) of a segment's steps."""
        steps, batch, seeds = segment.steps, segment.batch, len(self.seeds)
        first = steps.start * self.batch
        index_STB = order_Sn[:, first : first + len(steps) * batch].view(seeds, len(steps), batch)
        index_TSB = index_STB.transpose(0, 1).contiguous()
        targets_TMBN = self.y[index_TSB].index_select(1, seed_of_M)
        return {"index": index_TSB.view(len(steps), -1), "targets": targets_TMBN.transpose(2, 3)}

    def gather(self, row: Row, out: Tensor) -> None:
        """The samples of each seed's batch, (S B, I): once, whatever the number of its networks."""
        torch.index_select(self.x, 0, row["index"], out=out)


def with_ones(count: int, batch: int, x: Tensor) -> Tensor:
    """Room for x~ of `count` batches of samples like x, (count, B, J), its last column ones."""
    return x.new_ones(count, batch, x.shape[1] + 1)
