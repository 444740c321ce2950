"""What went on inside the networks, drawn: a panel a hidden layer, or of deep networks maps of layer by epoch."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from actlab.experiment import DataFrame, Run, inside
from actlab.report.curves import MOST_BANDS, arm_colours, not_told_apart, shortened
from actlab.report.figures import WIDTH, legend_of
from actlab.report.svg import Drawing, Frame, Scale, area, dots, element, group, path, rotated, text, width_of
from actlab.results import by_layer

MOST_PANELS = 6  # hidden layers; more are drawn as maps
_MOST_EPOCHS, _MOST_CELLS = 40, 1200  # of a panel; of all maps of a measure
_FAR = 1e4  # so many times the median is cut off: networks about to diverge
_APART = 20.0  # pixels from a number of an axis to the next
_LEFT = 50.0


@dataclass(frozen=True)
class Measure:
    """What is drawn of each layer."""

    column: str
    title: str
    axis: str
    says: str
    colour: str  # of maps
    is_log: bool = False

    def words(self, value: float, digits: int = 2) -> str:
        if not self.is_log:
            return f"{value:.3g}%"
        said = f"{value:.{digits}g}" if value >= 0.01 or value == 0 else f"{value:.{digits - 1}e}"
        return re.sub("e([+-])0*", lambda found: "e" + found[1].strip("+"), said)


MEASURES = (
    Measure("dead", "Dead units", "dead units, %", f"Units with |f'| < {inside.DEAD:g} on the whole probe.", "#d55e00"),
    Measure("saturated", "Saturated values", "saturated values, %",
            f"Values with |f'| < {inside.SATURATED:g}; of relu and its like half are so by design.", "#d55e00"),
    Measure("gradient_z", "Gradient by layer", "size of dL/dz", "Root mean square of dL/dz.", "#2b8cc4", True),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Layers:
    """A measure over seeds; arrays of arms, layers and epochs, NaN where there is no number."""

    measure: Measure
    arms: list[str]
    layers: list[int]
    epochs: list[int]
    low: np.ndarray
    mean: np.ndarray
    high: np.ndarray
    networks: np.ndarray  # that were measured
    lost: np.ndarray  # of these, without a number

    @classmethod
    def of(cls, table: DataFrame, measure: Measure) -> "Layers":
        arms, layers = [*dict.fromkeys(table["arm"])], sorted(set(table["layer"]))
        rows = [*product(arms, layers)]

        def array(column: str) -> np.ndarray:
            wide = table.pivot(index=["arm", "layer"], columns="epoch", values=column).reindex(rows)
            return wide.to_numpy(dtype=np.float64).reshape(len(arms), len(layers), -1)

        scale = 1.0 if measure.is_log else 100.0
        low, mean, high = (scale * array(measure.column + part) for part in ("_low", "", "_high"))
        networks, lost = (np.nan_to_num(array(name)) for name in ("networks", "lost"))
        return cls(measure, arms, layers, sorted(set(table["epoch"])), low, mean, high, networks, lost)

    def at_most(self, epochs: int) -> "Layers":
        """With so many epochs: the later ones sparser, the first and the last among them."""
        count = len(self.epochs)
        if count <= epochs:
            return self
        kept = np.unique(np.geomspace(1, count, max(2, epochs)).round().astype(int)) - 1
        parts = (part[:, :, kept] for part in (self.low, self.mean, self.high, self.networks, self.lost))
        return Layers(self.measure, self.arms, self.layers, [self.epochs[n] for n in kept], *parts)

    @property
    def numbers(self) -> np.ndarray:
        """All that can be drawn."""
        values = np.concatenate([self.low, self.mean, self.high], axis=None)
        return values[np.isfinite(values) & ((values > 0) | (not self.measure.is_log))]

    @property
    def limits(self) -> tuple[float, float]:
        if self.measure.is_log:
            return self.numbers.min() / 1.3, min(self.numbers.max(), _FAR * np.median(self.numbers)) * 1.3
        return 0.0, min(100.0, max(10.0, 1.05 * self.numbers.max()))

    def said(self, arm: int, layer: int, epoch: int) -> str:
        """Its value in words; nothing where it was not measured."""
        place = arm, layer, epoch
        if np.isnan(self.mean[place]):
            return "diverged" if self.lost[place] else ""
        low, mean, high = (self.measure.words(part[place]) for part in (self.low, self.mean, self.high))
        lost = f", {self.lost[place]:.0f} of {self.networks[place]:.0f} diverged" if self.lost[place] else ""
        return mean + (f" ({low} to {high})" if low != high else "") + lost

    @property
    def caption(self) -> str:
        deep, told = len(self.layers) > MOST_PANELS, f"{self.measure.says} Epoch 0: the start."
        if self.networks.max() > 1:
            bands = not deep and len(self.arms) <= MOST_BANDS
            told += " Means over seeds" + ("; bands: lowest to highest." if bands else ".")
        if deep:
            return told
        return told + not_told_apart(self.arms, Scale(*self.limits, 0, 1, self.measure.is_log)(self.mean))

    @property
    def label(self) -> str:
        """What is to be seen, to those who do not see it."""
        told = f"{self.measure.title} by hidden layer and epoch. At epoch {self.epochs[-1]}, layer by layer: "
        return told + "; ".join(f"{arm} {', '.join(self.said(n, layer, -1) for layer in range(len(self.layers)))}"
                                for n, arm in enumerate(self.arms))  # fmt: skip


def inside_drawings(run: Run, *, legend: bool = False) -> list[tuple[str, str, Drawing]]:
    """Title, caption and drawing of each measure; none of a run without measurements."""
    table, tint, found = by_layer(run), arm_colours(run), []
    for measure in MEASURES if len(table) else ():
        seen = Layers.of(table, measure)
        if len(seen.numbers):
            deep = len(seen.layers) > MOST_PANELS
            drawing = _maps(seen, tint) if deep else _panels(seen.at_most(_MOST_EPOCHS), tint, legend)
            found.append((measure.title, seen.caption, drawing))
    return found


def _panels(seen: Layers, tint: Mapping[str, str], legend: bool) -> Drawing:
    """A panel a layer, a line an arm."""
    names, top = legend_of(seen.arms, tint) if legend else ("", 0.0)
    count, x = len(seen.layers), np.log2(1 + np.array(seen.epochs))
    columns = 2 if count in (2, 4) else min(3, count)
    wide, tall, parts = (WIDTH - _LEFT) / columns, 150.0 if count <= columns else 125.0, [names]
    for n, layer in enumerate(seen.layers):
        row, column = divmod(n, columns)
        left, head = _LEFT + column * wide, top + row * tall
        frame = Frame.of(left + wide, head + tall, (0, x[-1]), seen.limits, left=left, right=20, top=head + 24,
                         bottom=24, log_y=seen.measure.is_log)  # fmt: skip
        y_ticks = [(y, seen.measure.words(y, 1).strip("%") if not column else "") for y in frame.y.ticks(4)]
        tips = ["\n".join([f"layer {layer}, epoch {epoch}", *(
            f"{arm}\t{said}" for a, arm in enumerate(seen.arms) if (said := seen.said(a, n, at))
        )]) for at, epoch in enumerate(seen.epochs)]  # fmt: skip
        lines = [_line(frame, seen, (arm, n), x, tint[name]) for arm, name in enumerate(seen.arms)]
        parts += [frame.axes(x_ticks=_ticks(x, seen.epochs, frame.x(x)), y_ticks=y_ticks),
                  frame.inside(frame.columns(x, tips), *lines),
                  text((frame.x.start + frame.x.end) / 2, head + 16, f"layer {layer}", anchor="middle")]  # fmt: skip
    return _titled(parts, seen, seen.measure.axis, top, top + tall * -(-count // columns))


def _line(frame: Frame, seen: Layers, place: tuple[int, int], x: np.ndarray, colour: str) -> str:
    low, mean, high = (frame.y(part[place]) for part in (seen.low, seen.mean, seen.high))
    known = np.isfinite(mean)
    x, low, mean, high = frame.x(x)[known], low[known], mean[known], high[known]
    band = area(x, low, high, class_="band") if len(seen.arms) <= MOST_BANDS else ""
    points = dots(x, mean, 2, class_="fill") if len(x) <= 12 else ""
    return group(band, path(x, mean), points, data_arm=seen.arms[place[0]], style=f"color:{colour}")


def _maps(seen: Layers, tint: Mapping[str, str]) -> Drawing:
    """A panel an arm, a row a layer, a cell an epoch measured: the stronger its colour, the more."""
    count, layers = len(seen.arms), len(seen.layers)
    seen = seen.at_most(_MOST_CELLS // (count * layers))
    columns, cells, measure = min(3, count), np.arange(len(seen.epochs)), seen.measure
    wide, high = (WIDTH - _LEFT) / columns, float(np.clip(200 / layers, 4, 14))
    tall, step = high * layers + 48, -(-layers // 5)
    shade = Scale(*seen.limits, 0.08, 1, measure.is_log)
    parts = []
    for n, arm in enumerate(seen.arms):
        row, column = divmod(n, columns)
        left, head = _LEFT + column * wide, row * tall
        frame = Frame.of(left + wide, head + tall, (0, len(cells)), (layers + 0.5, 0.5), left=left, right=20,
                         top=head + 24, bottom=24)  # fmt: skip
        marks = [_cell(frame, seen, (n, layer, at), shade) for layer in range(layers) for at in cells.tolist()]
        numbers = [text(frame.x.at(at), frame.y.start + 16, said, anchor="middle", class_="soft")
                   for at, said in _ticks(cells + 0.5, seen.epochs, frame.x(cells))]  # fmt: skip
        if column == 0:
            numbers += [text(left - 6, frame.y.at(layer) + 4, str(layer), anchor="end", class_="soft")
                        for layer in {1, *range(step, layers + 1, step)}]  # fmt: skip
        dot = element("circle", cx=left + 5, cy=head + 12, r=5, class_="fill", style=f"color:{tint[arm]}")
        name = text(left + 15, head + 16, shortened(arm, int((wide - 24) / width_of("x"))))
        parts.append(group(*numbers, group(*marks, fill=measure.colour), dot, name, data_arm=arm))
    return _titled(parts, seen, "hidden layer", 0, tall * -(-count // columns), _key(shade, measure))


def _cell(frame: Frame, seen: Layers, place: tuple[int, int, int], shade: Scale) -> str:
    arm, layer, at = place
    if not (said := seen.said(*place)):
        return ""
    strength = shade.at(seen.mean[place]) if np.isfinite(seen.mean[place]) else 0.0
    size = {"width": frame.x.at(1) - frame.x.at(0) - 0.5, "height": frame.y.at(2) - frame.y.at(1) - 0.5}
    tip = f"{seen.arms[arm]}\tlayer {seen.layers[layer]}, epoch {seen.epochs[at]}: {said}"
    return element("rect", x=frame.x.at(at), y=frame.y.at(layer + 0.5), **size, data_tip=tip,
                   fill_opacity=f"{np.clip(strength, 0, 1):.2f}")  # fmt: skip


def _key(shade: Scale, measure: Measure) -> str:
    """Which colour stands for what."""
    found, left = [text(_LEFT, 14, measure.axis, class_="soft")], _LEFT + width_of(measure.axis, 12) + 12
    for value in shade.ticks(4):
        found.append(element("rect", x=left, y=3, width=14, height=14, fill=measure.colour,
                             fill_opacity=f"{shade.at(value):.2f}"))  # fmt: skip
        found.append(text(left + 19, 14, said := measure.words(value, 1), class_="soft"))
        left += 34 + width_of(said, 12)
    return group(*found)


def _ticks(places: np.ndarray, epochs: Sequence[int], pixels: np.ndarray) -> list[tuple[float, str]]:
    """Numbers of epochs that do not touch each other, the first and the last among them."""
    kept = [0]
    for n, epoch in enumerate(epochs):
        if epoch & (epoch - 1) == 0 and min(pixels[n] - pixels[kept[-1]], pixels[-1] - pixels[n]) >= _APART:
            kept.append(n)
    return [(float(places[n]), str(epochs[n])) for n in dict.fromkeys([*kept, len(epochs) - 1])]


def _titled(parts: Sequence[str], seen: Layers, axis: str, top: float, foot: float, key: str = "") -> Drawing:
    """With what the axes are, and the key of the colours."""
    titles = (rotated(13, (top + foot) / 2, axis),
              text((_LEFT + WIDTH - 20) / 2, foot + 10, "epoch", anchor="middle", class_="soft"))  # fmt: skip
    below = group(key, transform=f"translate(0 {foot + 20:.1f})") if key else ""
    return Drawing(WIDTH, foot + (44 if key else 18), seen.label, (*parts, *titles, below))
