"""What is measured: the loss that networks are trained on, and the metric by which they are compared."""

import math
from dataclasses import dataclass

from actlab.stats import NOTHING, Unit

CURVES = ("train_loss", "train_metric", "valid_loss", "valid_metric")  # what is measured after each epoch


@dataclass(frozen=True)
class Metric:
    """A value with a name, a unit, a direction, a way to be shown, and a least difference that matters."""

    name: str  # in experiment.toml, and in the names of columns: valid_NAME
    words: str  # in sentences and headers
    unit: Unit  # of a difference, and which side is better
    limits: tuple[float, float]  # between which every value lies
    margin: float  # the least difference that matters, where neither the user nor the data set has another

    @property
    def is_share(self) -> bool:
        """Whether values are fractions, shown in per cent, and each test example is right or wrong."""
        return self.unit.scale == 100.0

    def text(self, value: float) -> str:
        """A `value` as it is shown.

        >>> METRICS["accuracy"].text(0.97824), METRICS["mean_squared_error"].text(0.4821), METRICS["r2"].text(math.nan)
        ('97.82%', '0.4821', '–')
        """
        return f"{self._number(value)}{'%' * self.is_share}" if math.isfinite(value) else NOTHING

    def between(self, mean: float, low: float, high: float) -> str:
        """A `mean` and its interval from `low` to `high`, as they are shown.

        >>> METRICS["accuracy"].between(0.9, 0.89, 0.91)
        '90.00% [89.00, 91.00]'
        """
        interval = f" [{self._number(low)}, {self._number(high)}]" if math.isfinite(low) else ""
        return self.text(mean) + interval

    def _number(self, value: float) -> str:
        return f"{self.unit.scale * value:.{self.unit.digits}f}"

    def named(self, column: str) -> str:
        """A `column` of the database under the metric's own name.

        >>> METRICS["r2"].named("best_valid_metric"), METRICS["r2"].named("test_loss")
        ('best_valid_r2', 'test_loss')
        """
        return column.removesuffix("metric") + self.name if column.endswith("_metric") else column

    @property
    def curves(self) -> tuple[str, ...]:
        """CURVES under the metric's own name."""
        return tuple(map(self.named, CURVES))

    def improvement(self, value: float) -> float:
        """The `value` such that more of it is better: what comparisons compare.

        >>> METRICS["accuracy"].improvement(0.9), METRICS["mean_squared_error"].improvement(0.4)
        (0.9, -0.4)
        """
        return -value if self.unit.better == "lower" else value


METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", Unit(), (0.0, 1.0), 0.001),
        Metric(
            "mean_squared_error",
            "mean squared error",
            Unit(1.0, "of the target's variance", 4, "lower"),  # targets are standardised on the training part
            (0.0, math.inf),
            0.01,
        ),
        Metric("r2", "R²", Unit(1.0, "", 4, "higher"), (-math.inf, 1.0), 0.01),
    )
}


@dataclass(frozen=True)
class Loss:
    """What is trained on."""

    name: str
    words: str
    targets: str  # what it takes: "classes" or "numbers"
    metrics: tuple[str, ...]  # that go with it; the first is the default


LOSSES = {
    loss.name: loss
    for loss in (
        Loss("cross_entropy", "cross-entropy", "classes", ("accuracy",)),
        Loss("mean_squared_error", "mean squared error", "numbers", ("mean_squared_error", "r2")),
    )
}


def loss_for(targets: str) -> Loss:
    """The loss for targets of this kind.

    >>> loss_for("numbers").name
    'mean_squared_error'
    """
    return next(loss for loss in LOSSES.values() if loss.targets == targets)
