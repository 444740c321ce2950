"""What is said of a run while it goes on, in a terminal and in a notebook."""

import dataclasses
import time

from actlab.experiment import CURVES, METRICS, Metric
from actlab.running.run import Begun
from actlab.running.work import Epoch
from actlab.stats import count


@dataclasses.dataclass
class Pace:
    """How far it is, in epochs of a network, and how long the rest takes."""

    total: int
    done: int = 0
    began: float = dataclasses.field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def __str__(self) -> str:
        return f"{self.done / self.total:.0%} done, about {duration(self.seconds * (self.total / self.done - 1))} left."


def plan_said(begun: Begun) -> str:
    e = begun.experiment
    where = f"{begun.title}, {e.reason}" if e.reason else begun.title
    arms = 1 if e.tuned else len(e.points)
    settings = f" x {arms} settings" if arms > 1 else ""
    total = begun.missing + begun.finished
    if not begun.missing:
        return f"{begun.path}: all {begun.finished} networks are trained already."
    known = [f"{begun.finished} are trained already"] if begun.finished else []
    known += [f"{begun.resumed} go on from a checkpoint"] if begun.resumed else []
    already = f" ({'; '.join(known)})" if known else ""
    networks = count(total, "network") + already
    how = count(begun.workers, "process") if begun.workers > 1 else f"this process, {begun.device}"
    if begun.where:
        how = f"{count(begun.workers, 'slot')} of a {begun.where}"
    shape = f"hidden layers {'-'.join(map(str, e.hidden))}" if e.hidden else "no hidden layer"
    rates = "as chosen" if e.tuned else ", ".join(f"{rate:g}" for rate in e.learning_rate)
    return (
        f"On {where}: {', '.join(e.labels)}{settings} x {count(len(e.seeds), 'seed')} = {networks}; {shape}, "
        f"{e.optimizer}, learning rate {rates}, {count(e.epochs, 'epoch')}, in {how}: about "
        f"{duration(begun.seconds)}, at most {begun.bytes / 1e9:.1f} GB of memory."
    )


def epoch_said(epoch: Epoch, metric: str) -> str:
    """The means over the networks of a stack."""
    mean = dict(zip(CURVES, epoch.measured.mean(axis=0), strict=True))
    valid = measured_said(METRICS[metric], mean["valid_metric"])
    return f"epoch {epoch.epoch}/{epoch.epochs}  loss {mean['train_loss']:.3f}  valid {valid}"


def measured_said(metric: Metric, value: float) -> str:
    """accuracy 97.82%; nan as it is."""
    return f"{metric.words} {metric.unit.scale * value:.{metric.unit.digits}f}{'%' * metric.is_share}"


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(3), duration(95), duration(7500)
    ('3 s', '1 min 35 s', '2 h 5 min')
    """
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
