"""What a run's numbers look like: differences with their intervals, curves by epoch, rates, predictions, looks."""

import functools
import math
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np

from actlab.experiment import Run
from actlab.report.curves import (
    MOST_BANDS,
    Curve,
    Quantity,
    arm_colours,
    colours,
    curves_of,
    is_log,
    not_told_apart,
    predicted,
    shortened,
)
from actlab.report.svg import Drawing, Frame, Scale, area, dots, element, group, limits, path, text, width_of
from actlab.results import Summary, Tuning
from actlab.stats import LEAST_PAIRS, Comparison, Table, Unit, compare, more_seeds, paired_differences

WIDTH = 440.0
TRAIN_SAID = "running mean over the epoch, each sample before its update"
VALID_SAID = "after the epoch"
_LINE = 62  # letters below a forest
_ROW = 46.0  # of an arm in a forest
_FAR = 12.0  # so many times further than half of the arms reach is cut off
_MOST_POINTS = 7500  # of seeds drawn one by one
_LEAST_LOOKS, _MOST_LOOKS = 5, 40
_LOOKED = 2000  # comparisons, of all looks


def forest(
    comparisons: Sequence[Comparison], values: Table, arms: Sequence[str], metric: str, unit: Unit
) -> Drawing | None:
    """The difference of each arm from the baseline: a dot a seed, the interval, the margin shaded, a badge."""
    if not comparisons:
        return None
    tint, baseline, margin = colours(list(arms)), comparisons[0].baseline, unit.scale * comparisons[0].margin
    pairs = {
        item.name: {seed: unit.scale * d for seed, d in paired_differences(values[baseline], values[item.name]).items()}
        for item in comparisons
    }
    reach = _reach(comparisons, pairs, unit, margin)
    word = unit.word and f", {'percentage points' if unit.word == Unit.word else unit.word}"
    told = textwrap.wrap(f"{unit.against(metric)} that of {shortened(baseline)}{word}", _LINE)
    told.append("to the right is better" + "; shaded: too little to matter" * bool(margin))
    foot = 22.0 + 16 * len(told)
    height = _ROW * len(comparisons) + 4 + foot
    frame = Frame.of(WIDTH, height, reach, (len(comparisons), 0), left=10, right=10, top=4, bottom=foot)
    parts = [frame.axes(y_ticks=[])]
    if margin:
        left, right = frame.x.at(max(-margin, reach[0])), frame.x.at(min(margin, reach[1]))
        parts.insert(0, element("rect", x=left, y=4, width=right - left, height=frame.y.start - 4, class_="shade"))
    parts += [element("path", d=f"M{frame.x.at(0):.1f} 4V{frame.y.start:.1f}", class_="axis")]
    every = sum(map(len, pairs.values())) <= _MOST_POINTS
    for place, item in enumerate(comparisons):
        parts.append(_arm(frame, frame.y.at(place), item, pairs[item.name], unit, tint[item.name], every))
    said = [text(WIDTH / 2, frame.y.start + 32 + 16 * n, line, anchor="middle", class_="soft")
            for n, line in enumerate(told)]  # fmt: skip
    label = f"{unit.against(metric)} that of {baseline}. " + "; ".join(
        f"{item.name}: {unit.difference(item.difference)}, interval {unit.span(item.low, item.high)}, "
        f"{_badge(item, unit)}" for item in comparisons
    )  # fmt: skip
    return Drawing(WIDTH, height, label, (*parts, *said))


def forest_of(summary: Summary) -> Drawing | None:
    """The differences that a run's comparisons found."""
    arms = list(summary.table["arm"])
    return forest(summary.comparisons, summary.values, arms, summary.metric, summary.measure.unit)


def _badge(item: Comparison, unit: Unit) -> str:
    """The verdict, and what would settle it."""
    lost = f"; {item.diverged} of {item.seeds} diverged" if item.diverged else ""
    return unit.stated(item.verdict) + (f": {more_seeds(item.further)}" if item.further else "") + lost


def kind(verdict: str) -> str:
    """The class of a verdict's colour; "" for those that have none."""
    kinds = {"better": "better", "worse": "worse", "practically equal": "equal"}
    found = next((found for begins, found in kinds.items() if verdict.startswith(begins)), "")
    return f"{found} slight" if "slightly" in verdict else found


def _reach(
    comparisons: Sequence[Comparison], pairs: Mapping[str, Mapping[int, float]], unit: Unit, margin: float
) -> tuple[float, float]:
    """The ends of the axis: all that is to be seen, but an arm far from all others does not squeeze these."""
    ends = {
        item.name: np.array([*pairs[item.name].values(), unit.scale * item.low, unit.scale * item.high, 0.0])
        for item in comparisons
    }
    far = {name: float(np.nanmax(np.abs(found))) for name, found in ends.items()}
    usual = max(float(np.median([*far.values()])), 2 * margin) if len(far) > 2 else math.inf
    shown = [found for name, found in ends.items() if far[name] <= _FAR * usual]
    return limits([*shown, np.array([-1.3 * margin, 1.3 * margin])], 0.04)


def _arm(
    frame: Frame, top: float, item: Comparison, pairs: Mapping[int, float], unit: Unit, colour: str, every: bool
) -> str:  # fmt: skip
    """Name and badge on a line, dots (`every` seed's) and interval below it."""
    said, word, middle = _badge(item, unit), unit.word and f" {unit.word}", top + 32
    room = WIDTH - 34 - width_of(said)
    most = max(8, int(room / width_of("x")))
    name = item.name  # arms of one activation differ at the end
    if len(name) > most:
        name = f"{name[: most // 2]}…{name[-((most - 1) // 2) :]}"
    parts = [
        element("circle", cx=16, cy=top + 11, r=5, class_="fill", style=f"color:{colour}"),
        text(27, top + 16, name, class_="over"),
        text(WIDTH - 10, top + 16, said, anchor="end", class_=kind(item.verdict) or "soft"),
    ]
    low, mean, high = (unit.scale * value for value in (item.low, item.difference, item.high))
    if pairs and not frame.x.low <= mean <= frame.x.high:
        sign, edge = ("◄ ", frame.x.start + 2) if mean < frame.x.low else ("► ", frame.x.end - 2)
        anchor = "start" if sign == "◄ " else "end"
        parts.append(text(edge, middle + 4, f"{sign}{unit.difference(item.difference)}{word}", anchor=anchor))
        return group(*parts)
    for place, (seed, value) in enumerate(pairs.items() if every else ()):
        if frame.x.low <= value <= frame.x.high:
            down = middle + (place / max(1, len(pairs) - 1) - 0.5) * 11 * (len(pairs) > 1)
            tip = f"{item.name}, seed {seed}: {unit.difference(value / unit.scale)}{word}"
            parts.append(element("circle", cx=frame.x.at(value), cy=down, r=3.5, class_="dot", data_tip=tip,
                                 style=f"color:{colour}"))  # fmt: skip
    if pairs:
        tip = f"{item.name}: {unit.difference(item.difference)}{word}"
        if math.isfinite(low + high):
            ends = [frame.x.at(float(np.clip(end, frame.x.low, frame.x.high))) for end in (low, high)]
            tip += f", 95% interval {unit.span(item.low, item.high)}: {unit.stated(item.verdict)}"
            parts.append(element("path", d=f"M{ends[0]:.1f} {middle:.1f}H{ends[1]:.1f}", class_="rule", data_tip=tip))
        at, ends = frame.x.at(mean), [*pairs.values(), *(end for end in (low, high) if math.isfinite(end))]
        for sign, edge, end, beyond in (("◄", "start", min(ends), min(ends) < frame.x.low),
                                        ("►", "end", max(ends), max(ends) > frame.x.high)):  # fmt: skip
            if beyond:  # what is cut off is not hidden
                tip_there = f"{item.name}: as far as {unit.difference(end / unit.scale)}{word}"
                parts.append(text(getattr(frame.x, edge), middle + 4, sign, anchor=edge, data_tip=tip_there))
        parts.append(element("path", d=f"M{at - 5:.1f} {middle:.1f}l5 -5l5 5l-5 5Z", class_="mark", data_tip=tip))
    return group(*parts)


def curve_drawing(run: Run, quantity: Quantity, *, legend: bool = False) -> Drawing | None:
    """The metric or the loss by epoch: training dashed, validation solid, a band of the seeds where few are shown."""
    curves, tint = curves_of(run, quantity), arm_colours(run)
    if not curves:
        return None
    last = max(int(valid.epochs[-1]) for _, valid in curves)
    log = is_log(curves, quantity)
    names, top = legend_of([valid.arm for _, valid in curves], tint) if legend else ("", 0.0)
    frame = Frame.of(
        WIDTH, 300 + top, (0.5, last + 0.5) if last < 3 else (0, last), _limits(curves, log), top=12 + top, log_y=log
    )
    few = len(curves) <= MOST_BANDS
    every = sum(train.seeds * len(train.epochs) for train, _ in curves) <= _MOST_POINTS
    drawn = [
        group(
            *_curve(frame, train, "training", "train thin", few, every),
            *_curve(frame, valid, "validation", "valid", few, every),
            data_arm=valid.arm, style=f"color:{tint[valid.arm]}",
        )
        for train, valid in curves
    ]  # fmt: skip
    epochs = range(1, last + 1)
    hits = frame.columns(epochs, [_tip(epoch, curves, quantity) for epoch in epochs])
    axes = frame.axes("epoch", quantity.axis, whole=True)
    ends = "; ".join(f"{valid.arm} ends at {quantity.said(valid.mean[-1])}" for _, valid in curves)
    label = f"{quantity.title}, {last} epochs. Validation: {ends}."
    return Drawing(WIDTH, 300 + top, label, (axes, names, frame.inside(hits, *drawn)))


def _limits(curves: Sequence[tuple[Curve, Curve]], log: bool) -> tuple[float, float]:
    """Of the vertical axis: lines and bands."""
    shown = np.concatenate([v for pair in curves for curve in pair for v in (curve.mean, curve.low, curve.high)])
    known = shown[np.isfinite(shown) & ((shown > 0) | (not log))]
    return (float(known.min()) / 1.15, float(known.max()) * 1.15) if log else limits([known], 0.04)


def _curve(frame: Frame, curve: Curve, part: str, kind: str, band: bool, every: bool) -> list[str]:
    x, found = frame.x(curve.epochs), []
    if curve.seeds > 1:
        if band and part == "validation":
            found.append(area(x, frame.y(curve.low), frame.y(curve.high), class_="band"))
        if every:
            seeds = [path(x, frame.y(values), class_=f"thin {kind}", data_tip=f"{curve.arm}\tseed {seed}, {part}")
                     for seed, values in curve.each.items()]  # fmt: skip
            found.append(group(*seeds, class_="seeds"))
    found.append(path(x, frame.y(curve.mean), class_=kind))
    if len(curve.epochs) < 3:
        mark = "ring" if part == "training" else "fill"
        found.append(dots(x, frame.y(curve.mean), 4, class_=mark))
    return found


def _tip(epoch: int, curves: Sequence[tuple[Curve, Curve]], quantity: Quantity) -> str:
    lines = [f"epoch {epoch}"]
    for train, valid in curves:
        for at in np.flatnonzero(valid.epochs == epoch):
            low, mean, high, trained = (
                quantity.said(values[at]) for values in (valid.low, valid.mean, valid.high, train.mean)
            )
            spread = f" ({low} to {high})" if valid.seeds > 1 else ""
            lines.append(f"{valid.arm}\t{mean}{spread}, training {trained}")
    return "\n".join(lines)


def curves_said(run: Run, quantity: Quantity) -> str:
    """What the lines are, and which of them lie on each other."""
    curves = curves_of(run, quantity)
    if not curves:
        return ""
    short = len(curves[0][1].epochs) < 3
    said = f"{'Full dots' if short else 'Solid'}: validation. {'Rings' if short else 'Dashed'}: training."
    if max(valid.seeds for _, valid in curves) > 1:
        said += " Means over seeds" + ("; bands: lowest to highest." if len(curves) <= MOST_BANDS else ".")
    is_far = is_log(curves, quantity)
    scale = Scale(*_limits(curves, is_far), 0, 1, is_far)
    shown = curves if len(curves) <= MOST_BANDS else []
    places = [np.concatenate([scale(train.mean), scale(valid.mean)]) for train, valid in shown]
    return said + not_told_apart([valid.arm for _, valid in shown], places)


def tuning_drawing(tuning: Tuning | None, tint: Mapping[str, str], *, legend: bool = False) -> Drawing | None:
    """The metric of validation over the learning rate; a ring around what was chosen."""
    if tuning is None or len(tuning.rates) < 2:
        return None
    names, top = legend_of(tuning.names, tint) if legend else ("", 0.0)
    rates = np.array(tuning.rates)
    room = (rates[-1] / rates[0]) ** 0.05
    frame = Frame.of(WIDTH, 280 + top, (rates[0] / room, rates[-1] * room), tuning.limits, top=12 + top, log_x=True)
    digits, parts, tips = tuning.metric.unit.digits, [], [[f"learning rate {rate:g}"] for rate in rates]
    for name in tuning.names:
        points = tuning.points(name)
        x, y = np.array([*points]), np.array([*points.values()])
        marks = [dots(frame.x(x), frame.y(y), 3, class_="fill")]
        own = tuning.setting(name)["learning_rate"]
        if own in points:
            left, down = frame.x.at(own), frame.y.at(points[own])
            marks.append(element("circle", cx=left, cy=down, r=7, class_="circled"))
        parts.append(group(frame.line(x, y), *marks, data_arm=name, style=f"color:{tint[name]}"))
        for rate, tip in zip(rates, tips, strict=True):
            lost = "diverged" if rate in tuning.by_rate[name] else "not tried"
            said = f"{points[rate]:.{digits}f}" if rate in points else lost
            tip.append(f"{name}\t{said}{', chosen' if rate == own else ''}")
    hits = frame.columns(tuning.rates, ["\n".join(tip) for tip in tips])
    axes = frame.axes("learning rate", tuning.axis, x_ticks=[(rate, f"{rate:g}") for rate in rates])
    chosen = ", ".join(f"{name} {tuning.setting(name)['learning_rate']:g}" for name in tuning.names)
    label = f"{tuning.axis} by learning rate; chosen: {chosen}"
    return Drawing(WIDTH, 280 + top, label, (axes, names, frame.inside(hits, *parts)))


def predicted_drawings(run: Run) -> dict[str, Drawing]:
    """What a network of each arm predicts for the test samples, over what is true; none of classes."""
    panels, tint, found = predicted(run), arm_colours(run), {}
    both = limits([values for _, true, said in panels.values() for values in (true, said)])
    for arm, (seed, true, said) in panels.items():
        frame = Frame.of(WIDTH, 340, both, both, top=30)
        marks = dots(frame.x(true), frame.y(said), 2.5, class_="dot")
        right = frame.line(np.array(both), np.array(both), class_="axis")
        title = text(WIDTH / 2, 18, f"{shortened(arm)}, seed {seed}", anchor="middle", class_="ink title")
        inside = frame.inside(right, group(marks, style=f"color:{tint[arm]}"))
        label = f"{arm}, seed {seed}: predicted over true targets of {len(true)} test samples"
        found[arm] = Drawing(WIDTH, 340, label, (title, frame.axes("true", "predicted"), inside))
    return found


@functools.lru_cache(maxsize=1)  # all arms are compared at once, and drawn one by one
def _looks(summary: Summary) -> dict[int, dict[str, Comparison]]:
    """Number of seeds -> arm -> its comparison then; none where no seeds were added."""
    trained, found = set().union(*summary.values.values()), {}
    seeds = [seed for seed in summary.experiment.seeds if seed in trained]  # in the order in which they were added
    if not summary.experiment.max_seeds or len(seeds) <= LEAST_PAIRS:
        return {}
    first = summary.comparisons[0]
    most = min(len(seeds), max(_LEAST_LOOKS, min(_MOST_LOOKS, _LOOKED // len(summary.values))))
    for n in np.unique(np.linspace(LEAST_PAIRS, len(seeds), most).round()).astype(int).tolist():
        table = {arm: {s: v for s, v in values.items() if s in seeds[:n]} for arm, values in summary.values.items()}
        found[n] = {item.name: item for item in compare(table, first.baseline, margin=first.margin, sequential=True)}
    return found | {len(seeds): {item.name: item for item in summary.comparisons}}


def looks_drawing(summary: Summary, name: str) -> Drawing | None:
    """How one arm's difference and its interval went while seeds were added; None where they were not."""
    if not (looks := _looks(summary)):
        return None
    at, unit, found = [*looks], summary.measure.unit, [looked[name] for looked in looks.values()]
    known = found[-1]
    low, mean, high = (
        unit.scale * np.array([getattr(item, part) for item in found]) for part in ("low", "difference", "high")
    )
    margin, tint = unit.scale * known.margin, colours([*summary.table["arm"]])[name]
    frame = Frame.of(WIDTH, 240, (LEAST_PAIRS, at[-1]), limits([low, high, np.array([0, margin, -margin])]), top=30)
    top, foot = frame.y.at(margin), frame.y.at(-margin)
    tips = [f"{n} seeds: {unit.difference(item.difference)} {unit.bracketed(item.low, item.high)}, "
            f"{unit.stated(item.verdict)}" for n, item in zip(at, found, strict=True)]  # fmt: skip
    x, word = np.array(at), unit.word and f", {unit.word}"
    marks = frame.inside(
        element("rect", x=frame.x.start, y=top, width=frame.x.end - frame.x.start, height=foot - top, class_="shade"),
        element("path", d=f"M{frame.x.start:.1f} {frame.y.at(0):.1f}H{frame.x.end:.1f}", class_="axis"),
        frame.columns(at, tips),
        group(area(frame.x(x), frame.y(low), frame.y(high), class_="band"), frame.line(x, mean),
              style=f"color:{tint}"),
    )  # fmt: skip
    title = text(
        WIDTH / 2, 18, f"{shortened(name)} against {shortened(known.baseline)}", anchor="middle", class_="title"
    )
    label = f"{name}: interval by number of seeds, from {tips[0]} to {tips[-1]}"
    return Drawing(WIDTH, 240, label, (title, frame.axes("seeds", f"difference{word}", whole=True), marks))


def legend_of(names: Sequence[str], tint: Mapping[str, str], width: float = WIDTH) -> tuple[str, float]:
    """Names with their colours in rows above a drawing, and how much room they take."""
    shown, rows, left = [shortened(name, 24) for name in names], 0, 52.0
    found = []
    for name, short in zip(names, shown, strict=True):
        wide = 30 + width_of(short)
        if left + wide > width and left > 52:
            rows, left = rows + 1, 52.0
        down = 14.0 + 18 * rows
        found.append(element("circle", cx=left + 5, cy=down - 4, r=5, class_="fill", style=f"color:{tint[name]}"))
        found.append(text(left + 15, down, short))
        left += wide
    return group(*found), 18.0 * (rows + 1) + 4
