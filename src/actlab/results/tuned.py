"""How settings were chosen: the metric over the learning rate, and what order one rate for all would have given."""

import dataclasses
import math
from collections.abc import Collection
from functools import cached_property
from typing import Any

from actlab.experiment import (
    GRID,
    METRICS,
    TUNING_SEEDS,
    WORDS,
    Experiment,
    Metric,
    Run,
    Setting,
    Tried,
    chosen,
    said,
    tried,
)
from actlab.naming import exact
from actlab.results.columns import is_the_loss
from actlab.results.numbers import NO_TEST, number, short
from actlab.stats import count, listed

_SPAN = 0.12  # of an axis of the metric: 12 points of accuracy


@dataclasses.dataclass(frozen=True)
class Tuning:
    """What was `tried` on the tuning seeds, and what each activation of `experiment` was trained with because of it.

    >>> setting = {"learning_rate": 0.1, "weight_decay": 0.0, "dropout": 0.0, "initialisation": "pytorch"}
    >>> grid = Experiment(activations=("relu",), learning_rate=(0.1, 1.0), tuned={"relu": setting})
    >>> other = setting | {"learning_rate": 1.0}
    >>> found = Tuning(grid, [Tried("relu", setting, 0.1, 0.97, 3, 0), Tried("relu", other, 0.3, 0.9, 3, 0)])
    >>> found.setting("relu")["learning_rate"], found.points("relu"), found.order(0.1)
    (0.1, {0.1: 97.0, 1.0: 90.0}, ['relu'])
    """

    experiment: Experiment
    tried: list[Tried]

    def only(self, names: Collection[str]) -> "Tuning":
        """Of the activations of these `names` alone.

        >>> grid = Experiment(activations=("relu", "tanh"), learning_rate=(0.1, 1.0))
        >>> Tuning(grid, []).only(["tanh"]).experiment.activations
        ('tanh',)
        """
        e = self.experiment
        activations = tuple(what for what, name in zip(e.activations, e.labels, strict=True) if name in names)
        kept = {name: setting for name, setting in e.tuned.items() if name in names}
        part = dataclasses.replace(e, activations=activations, tuned=kept)
        return Tuning(part, [item for item in self.tried if item.activation in names])

    @property
    def names(self) -> list[str]:
        """The activations as tables show them."""
        return self.experiment.labels

    @property
    def rates(self) -> list[float]:
        """The learning rates that were tried, the lowest first."""
        return sorted(self.experiment.learning_rate)

    @property
    def metric(self) -> Metric:
        """What settings are shown by."""
        return METRICS[self.experiment.metric]

    def setting(self, name: str) -> Setting:
        """What the activation `name` was trained with."""
        return self.experiment.tuned[name]

    @cached_property
    def by_rate(self) -> dict[str, dict[float, Tried]]:
        """Activation -> learning rate -> the best of what was tried with it."""
        return {
            name: {
                rate: chosen(found)[name]
                for rate in self.rates
                if (found := [t for t in self.tried if (t.activation, t.setting["learning_rate"]) == (name, rate)])
            }
            for name in self.names
        }

    @property
    def axis(self) -> str:
        """The title of an axis of the metric."""
        return f"validation {self.metric.words}{', %' * self.metric.is_share}"

    @property
    def limits(self) -> tuple[float, float]:
        """Of an axis of the metric, as it is shown: what is far from the best would flatten all that matters."""
        points = [point for name in self.names for point in self.points(name).values()]
        scale = self.metric.unit.scale
        low, high = min(points, default=0.0), max(points, default=scale)
        if self.metric.unit.better == "lower":
            high = min(high, low + _SPAN * scale)
        else:
            low = max(low, high - _SPAN * scale)
        room = 0.06 * max(high - low, 0.001 * scale)
        return low - room, high + room

    def points(self, name: str) -> dict[float, float]:
        """Learning rate -> the metric as it is shown, of the activation `name`; without what diverged."""
        scale = self.metric.unit.scale
        return {rate: scale * item.metric for rate, item in self.by_rate[name].items() if not item.diverged}

    def order(self, rate: float | None) -> list[str]:
        """The activations, the best first, by the metric of validation with one `rate` for all; None: each with its own
        setting.
        """
        found = {name: self._at(name, rate) for name in self.names}
        better = self.metric.improvement
        reached = {name: better(item.metric) for name, item in found.items() if item and math.isfinite(item.metric)}
        return sorted(reached, key=lambda name: -reached[name])

    def _at(self, name: str, rate: float | None) -> Tried | None:
        if rate is not None:
            return self.by_rate[name].get(rate)
        return next((t for t in self.tried if (t.activation, t.setting) == (name, self.setting(name))), None)

    @property
    def chosen_table(self) -> list[list[str]]:
        """The chosen settings as text: headers, then a row an activation."""
        rows = [["activation", "setting", "mean validation loss", f"validation {self.metric.words}"]]
        for name in self.names:
            item = self._at(name, None)
            shown = [number(item.loss), self.metric.text(item.metric)] if item else [NO_TEST] * 2
            rows.append([name, said(self.experiment, self.setting(name)), *shown])
        width = 3 if is_the_loss(self.experiment) else 4  # what is the loss is shown once
        return [row[:width] for row in rows]

    @property
    def rate_table(self) -> list[list[str]]:
        """Headers; the metric of each with each rate, and the order that it would give; then each with its own."""
        rows = [["learning rate", *self.names, "order"]]
        for rate in [*self.rates, None]:
            found = [self._at(name, rate) for name in self.names]
            shown = [
                NO_TEST if item is None
                else f"{item.diverged} of {item.seeds} diverged" if item.diverged
                else self.metric.text(item.metric)
                for item in found
            ]  # fmt: skip
            rows.append(["its own" if rate is None else exact(rate), *shown, " > ".join(self.order(rate)) or NO_TEST])
        return rows

    @property
    def sentence(self) -> str:
        """What was chosen, and who would lead with one rate for all."""
        settings = "; ".join(f"{name} {said(self.experiment, self.setting(name))}" for name in self.names)
        told = f"Each with its own setting, chosen on {count(len(TUNING_SEEDS), 'other seed')}: {settings}."
        leaders: dict[str, list[str]] = {}
        for rate in self.rates:
            if order := self.order(rate):
                leaders.setdefault(order[0], []).append(exact(rate))
        if len(self.names) < 2 or len(self.rates) < 2 or not leaders:
            return told
        first = listed([f"{name} at {listed(rates)}" for name, rates in leaders.items()])
        return f"{told} On those seeds, with one learning rate for all, would lead: {first}."

    @property
    def selection(self) -> str:
        """How a setting was chosen, for a caption."""
        names = [name for name in GRID if len(getattr(self.experiment, name)) > 1]
        tried = {name: ", ".join(map(short, getattr(self.experiment, name))) for name in names}
        what = listed([f"{WORDS[name]} (of {values})" for name, values in tried.items()])
        said = f"{what} chosen for each activation by mean validation loss over {len(TUNING_SEEDS)} other seeds"
        shared = self.experiment.split == "resplit"
        return said + (", which split the same samples, tested ones among them" if shared else "")

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "seeds": list(TUNING_SEEDS),
            "chosen": {name: dict(self.setting(name)) for name in self.names},
            "tried": [
                {"activation": t.activation, **t.setting, "diverged": t.diverged}
                | {"valid_loss": t.loss, self.metric.named("valid_metric"): t.metric}
                for t in self.tried
            ],
            "order_at_one_rate": {exact(rate): self.order(rate) for rate in self.rates},
            "order_at_own": self.order(None),
        }


def tuning_of(run: Run) -> Tuning | None:
    """How a run's settings were chosen; None where they were given."""
    if not run.experiment.tuned or run.tuning is None:
        return None
    return Tuning(run.experiment, tried(run.tuning.trials, run.experiment))
