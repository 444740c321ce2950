"""How settings were chosen: accuracy over the learning rate, and what order one rate for all would have given."""

import dataclasses
import math
from functools import cached_property
from typing import Any

from actlab.experiment import GRID, TUNING_SEEDS, WORDS, Experiment, Run, Setting, Tried, chosen, said, tried
from actlab.naming import exact
from actlab.results.numbers import NO_TEST, number, percent, short
from actlab.stats import count, listed

_SPAN_POINTS = 12.0
CHOSEN_HEADERS = ("activation", "setting", "mean validation loss", "validation accuracy")


@dataclasses.dataclass(frozen=True)
class Tuning:
    """What was tried on the tuning seeds, and what each activation was trained with because of it."""

    experiment: Experiment
    tried: list[Tried]

    @property
    def names(self) -> list[str]:
        return self.experiment.labels

    @property
    def rates(self) -> list[float]:
        return sorted(self.experiment.learning_rate)

    def setting(self, name: str) -> Setting:
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
    def limits(self) -> tuple[float, float]:
        """Of an axis of accuracies, in per cent: what is far below the best would flatten all that matters."""
        shown = [100 * item.accuracy for tried in self.by_rate.values() for item in tried.values() if not item.diverged]
        top = max(shown, default=100.0)
        low = max(min(shown, default=0.0), top - _SPAN_POINTS)
        room = 0.06 * max(top - low, 0.1)
        return low - room, top + room

    def order(self, rate: float | None) -> list[str]:
        """The activations by mean validation accuracy with one rate for all; None: each with its own setting."""
        found = {name: self._at(name, rate) for name in self.names}
        reached = {name: item.accuracy for name, item in found.items() if item and math.isfinite(item.accuracy)}
        return sorted(reached, key=lambda name: -reached[name])

    def _at(self, name: str, rate: float | None) -> Tried | None:
        if rate is not None:
            return self.by_rate[name].get(rate)
        return next((t for t in self.tried if (t.activation, t.setting) == (name, self.setting(name))), None)

    @property
    def chosen_rows(self) -> list[list[str]]:
        """The chosen settings as text, in the order of CHOSEN_HEADERS."""
        rows = []
        for name in self.names:
            item = self._at(name, None)
            shown = [number(item.loss), percent(item.accuracy)] if item else [NO_TEST] * 2
            rows.append([name, said(self.experiment, self.setting(name)), *shown])
        return rows

    @property
    def rate_headers(self) -> list[str]:
        return ["learning rate", *self.names, "order"]

    @property
    def rate_rows(self) -> list[list[str]]:
        """The accuracy of each activation with each rate, and the order that it would give; then each with its own."""
        rows = []
        for rate in [*self.rates, None]:
            found = [self._at(name, rate) for name in self.names]
            shown = [
                NO_TEST if item is None
                else f"{item.diverged} of {item.seeds} diverged" if item.diverged
                else percent(item.accuracy)
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
        return {
            "seeds": list(TUNING_SEEDS),
            "chosen": {name: dict(self.setting(name)) for name in self.names},
            "tried": [
                {"activation": t.activation, **t.setting, "diverged": t.diverged}
                | {"valid_loss": t.loss, "valid_accuracy": t.accuracy}
                for t in self.tried
            ],
            "order_at_one_rate": {exact(rate): self.order(rate) for rate in self.rates},
            "order_at_own": self.order(None),
        }


def tuning_of(run: Run) -> Tuning | None:
    """How a run's settings were chosen; None where they were given."""
    if not run.experiment.tuned or run.tuning is None:
        return None
    return Tuning(run.experiment, tried(run.tuning.trials))
