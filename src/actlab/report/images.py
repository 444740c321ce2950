"""Pictures of samples: those first trained on, which class is taken for which, and where activations differ."""

import base64
import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actlab.experiment import Run
from actlab.report.curves import arm_colours, shortened
from actlab.report.svg import Drawing, Frame, element, group, path, rotated, text, width_of
from actlab.results import answers, confusions, right_shares, with_arms
from actlab.stats import listed

_WIDTH, _COLUMNS = 440.0, 8
_LABEL = 15.0  # height of a line of text
_SIDE = 48  # pixels: larger images are made smaller, so that a page stays small
_ROWS, _FEATURES = 32, 1000  # of samples that are no images
_MOST_TARGETS = 2  # written beside a sample
_MOST_CELLS, _MOST_BARS = 2000, 800  # of all drawings of a kind: a page stays small
_BAR = 6.0  # from one to the next
_Box = tuple[float, float, float, float]  # left, top, width, height
# dark to bright, as viridis
_RAMP = np.array([(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)])


@dataclass(frozen=True)
class Pictures:
    """Drawings by arm ("": of all), what they say in a sentence, and how they are read."""

    drawings: dict[str, Drawing]
    said: str
    caption: str


def samples_drawing(run: Run) -> Drawing | None:
    """The first training samples, before the pipeline, with their labels or targets."""
    arrays = run.artefact("samples")
    if len(arrays.get("images", ())) == 0:
        return None
    images, labels = arrays["images"], [_written(label) for label in arrays["labels"]]
    what = "label" if run.metric.is_share else "target"
    if images.ndim == 2:
        return _rows(images[:_ROWS], labels, what)
    picture, places, height = _tiles(images, 0)
    said = [_label(label, place) for label, place in zip(labels, places, strict=True)]
    return Drawing(_WIDTH, height, f"The first {len(images)} training samples, each with its {what}.", (picture, *said))


def confusion_drawings(run: Run) -> Pictures | None:
    """Which class the networks of each arm take for which, and which two they confuse most; None of numbers."""
    every = confusions(run)
    if not every:
        return None
    classes = len(next(iter(every.values())))
    tables = dict(list(every.items())[: _MOST_CELLS // classes**2])
    wrong = {arm: table - np.diag(np.diag(table)) for arm, table in tables.items()}
    darkest = max(float(np.max(table / _rows_of(tables[arm]))) for arm, table in wrong.items())
    trials = with_arms(run)
    seeds = trials.loc[trials["status"] == "finished", "arm"].value_counts()
    names = _class_names(run, classes)
    drawn, pairs, of = {}, {}, " of their test examples"
    for arm, table in tables.items():
        both = np.triu(wrong[arm] + wrong[arm].T)
        first, other = np.unravel_index(both.argmax(), both.shape)
        if both.max():
            share = 100 * both.max() / table[[first, other]].sum()
            pairs.setdefault(f"{names[first]} and {names[other]}", []).append(f"{shortened(arm)} ({share:.1f}%{of})")
            of = ""
        drawn[arm] = _matrix(arm, table, names, darkest, int(seeds[arm]))
    told = "; ".join(f"{pair} by {listed(arms)}" for pair, arms in pairs.items())
    said = f"Most often confused: {told}." if told else "There is no error."
    left = f" Drawn: the first {len(drawn)} of {len(every)} activations." * (len(drawn) < len(every))
    return Pictures(drawn, said, f"Rows: true classes, each 100%. Red: errors, on one scale for all.{left}")


def disagreements_drawing(run: Run) -> Pictures | None:
    """The test images on which activations differ most, and on how many they do; None where none are kept."""
    kept, shares = run.artefact("disagreements"), right_shares(run)
    count = min(len(kept.get("images", ())), _MOST_BARS // max(1, len(shares)))
    if not count or len(shares) < 2:
        return None
    images, index, label = (kept[name][:count] for name in ("images", "index", "label"))
    said, tint = answers(run, index), arm_colours(run)
    names = _class_names(run, 1 + max(int(classes.max()) for classes in (label, *said.values())))
    picture, places, height = _tiles(images, 8 + _BAR * len(said))
    bottoms = np.array([top + high for _, top, _, high in places])
    lefts = _WIDTH / _COLUMNS * (np.arange(count) % _COLUMNS) + 3
    wide = _WIDTH / _COLUMNS - 6
    parts = [picture, *(_label(names[true], place) for true, place in zip(label, places, strict=True))]
    tips = [[f"{names[true]}, test image {place}"] for true, place in zip(label, index, strict=True)]
    for place, (arm, classes) in enumerate(said.items()):
        right = classes == label
        y = np.repeat(bottoms + 3 + _BAR * (place + 0.5), 3)
        ends = [np.stack([lefts, lefts + wide * part, np.full(count, np.nan)], axis=1).ravel()
                for part in (1, right.mean(axis=0))]  # fmt: skip
        bars = (path(x, y, style=f"stroke-width: 4; opacity: {o}") for x, o in zip(ends, (0.25, 1), strict=True))
        parts.append(group(*bars, data_arm=arm, style=f"color: {tint[arm]}"))
        for tip, own, is_right in zip(tips, classes.T, right.T, strict=True):
            others = Counter(own[~is_right].tolist()).most_common(3)
            wrong = "".join(f", {many} said {names[other]}" for other, many in others)
            tip.append(f"{arm}\t{is_right.sum()} of {len(own)} right{wrong}")
    for tip, left, (_, top, _, high) in zip(tips, lefts, places, strict=True):
        parts.append(element("rect", x=left, y=top - _LABEL, width=wide, height=high + _LABEL + 3 + _BAR * len(said),
                             class_="hit", data_tip="\n".join(tip)))  # fmt: skip
    values = np.array([*shares.values()])
    split = ((values > 0.5).any(axis=0) & (values < 0.5).any(axis=0)).sum()
    of = f"{values.shape[1]:,} test images"
    told = f"On {split:,} of {of} most seeds of one activation are right and most of another wrong."
    caption = (
        f"The {count} on which they differ most, with their labels. Bars: the share of seeds that are right, from the "
        f"top {listed([*map(shortened, said)])}. Among so many images some differ by luck."
    )
    drawing = Drawing(_WIDTH, height, f"{count} test images on which activations differ.", tuple(parts))
    return Pictures({"": drawing}, told, caption)


def png(pixels: np.ndarray) -> bytes:
    """A PNG file of uint8 (height, width, channels): grey, grey and alpha, colours, or colours and alpha."""
    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # before each row how it is filtered: not at all
    rows[:, 1:] = pixels.reshape(height, -1)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, (0, 4, 2, 6)[channels - 1], 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def as_pixels(images: np.ndarray) -> np.ndarray:
    """uint8 (n, height, width, 1 or 3), dark to bright over all of them, large ones made smaller."""
    if images.ndim == 4 and images.shape[1] in (1, 3) and images.shape[-1] not in (1, 3):
        images = np.moveaxis(images, 1, -1)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        images = images.reshape(*images.shape[:2], -1, 1)
    images = np.nan_to_num(images.astype(np.float64), posinf=0, neginf=0)
    count, *sides, channels = images.shape
    high, wide = (min(side, -(-max(sides) // _SIDE)) for side in sides)  # so many pixels become one
    images = images[:, : sides[0] // high * high, : sides[1] // wide * wide]
    images = images.reshape(count, sides[0] // high, high, sides[1] // wide, wide, channels).mean(axis=(2, 4))
    low, top = images.min(), images.max()
    return np.rint(255 * (images - low) / (top - low or 1)).astype(np.uint8)


def _tiles(images: np.ndarray, below: float) -> tuple[str, list[_Box], float]:
    """All images in one, each below a line of text and above some more room; each one's box; the height."""
    pixels = as_pixels(images)
    count, high, wide, channels = pixels.shape
    cell = max(wide, -(-high // 2))
    gap = max(1, round(0.05 * cell))
    width = cell + 2 * gap
    scale = _WIDTH / (_COLUMNS * width)
    above, height = round(_LABEL / scale + 0.5), round((_LABEL + below) / scale + 0.5) + high + gap
    rows = -(-count // _COLUMNS)
    mosaic = np.zeros((rows * height, _COLUMNS * width, channels + 1), np.uint8)  # where nothing stands, transparent
    places = []
    for place, image in enumerate(pixels):
        row, column = divmod(place, _COLUMNS)
        top, left = row * height + above, column * width + (width - wide) // 2
        mosaic[top : top + high, left : left + wide, :-1] = image
        mosaic[top : top + high, left : left + wide, -1] = 255
        places.append((left * scale, top * scale, wide * scale, high * scale))
    return _image(mosaic, 0, 0, _WIDTH, rows * height * scale), places, rows * height * scale


def _image(pixels: np.ndarray, x: float, y: float, width: float, height: float) -> str:
    address = f"data:image/png;base64,{base64.b64encode(png(pixels)).decode()}"
    return element("image", href=address, x=x, y=y, width=width, height=height, preserveAspectRatio="none",
                   style="image-rendering: pixelated")  # fmt: skip


def _label(said: str, box: _Box) -> str:
    left, top, width, _ = box
    shown = shortened(said, 6)
    tip = said if shown != said else None
    return text(left + width / 2, top - 4, shown, anchor="middle", class_="soft", data_tip=tip)


def _matrix(arm: str, table: np.ndarray, names: list[str], darkest: float, seeds: int) -> Drawing:
    count, shares = len(table), table / _rows_of(table)
    shown = [shortened(name, 12) for name in names]
    longest = max(width_of(name, 12) for name in shown)
    left = longest + 30
    wide = (_WIDTH - left - 6) / count
    high, top = min(wide, 30.0), 28.0
    upright = longest > wide
    end = top + count * high
    height = end + (longest + 10 if upright else 16) + 20
    parts = [text(left, 17, shortened(arm), class_="ink title")]
    for place, name in enumerate(shown):
        x, y = left + (place + 0.5) * wide, top + (place + 0.5) * high + 4
        parts.append(text(left - 6, y, name, anchor="end", class_="soft"))
        if upright:
            parts.append(rotated(x + 4, end + 6, name, anchor="end"))
        else:
            parts.append(text(x, end + 15, name, anchor="middle", class_="soft"))
    for row, column in np.argwhere(table > 0).tolist():
        share, mean = shares[row, column], f", mean over {seeds} seeds" * (seeds > 1)
        x, y = left + column * wide, top + row * high
        of = f"{table[row, column]:,.1f}".removesuffix(".0") + f" of {table[row].sum():,.0f}"
        tip = f"true {names[row]}, said {names[column]}: {100 * share:.1f}% ({of}{mean})"
        dark = None if row == column else f"fill-opacity: {0.08 + 0.52 * share / darkest:.2f}"
        parts.append(element("rect", x=x, y=y, width=wide - 1, height=high - 1, class_="error" if dark else "shade",
                             style=dark, data_tip=tip))  # fmt: skip
        if wide > 28 and share >= 0.0005:
            parts.append(text(x + wide / 2, y + high / 2 + 4, f"{100 * share:.1f}", anchor="middle", class_="cell"))
    middle = (left + _WIDTH) / 2
    parts.append(text(middle, height - 6, "said, % of each true class", anchor="middle", class_="soft"))
    parts.append(rotated(13, (top + end) / 2, "true"))
    return Drawing(_WIDTH, height, f"Confusion matrix of {arm}: which class is taken for which.", tuple(parts))


def _rows_of(table: np.ndarray) -> np.ndarray:
    """How many examples each class has; a class without any has no errors."""
    return np.maximum(table.sum(axis=1, keepdims=True), 1e-9)


def _class_names(run: Run, count: int) -> list[str]:
    named = [shortened(" ".join(str(name).split())) for name in run.artefact("samples").get("class_names", ())]
    return [*named, *map(str, range(len(named), count))]


def _rows(samples: np.ndarray, labels: Sequence[str], what: str) -> Drawing:
    """Samples that are no images: a row each, every feature dark to bright over its own values."""
    values = np.nan_to_num(samples.astype(np.float64), posinf=0, neginf=0)
    count, features = values.shape
    each = -(-features // _FEATURES)
    values = np.add.reduceat(values, np.arange(0, features, each), axis=1)
    low, span = values.min(axis=0), np.ptp(values, axis=0)
    share = (values - low) / np.where(span > 0, span, 1)
    steps = np.linspace(0, 1, len(_RAMP))
    pixels = np.stack([np.rint(np.interp(share, steps, colour)) for colour in _RAMP.T], axis=-1).astype(np.uint8)
    left, height = 92.0, 13.0 * count + 56
    frame = Frame.of(_WIDTH, height, (0.5, features + 0.5), (count + 0.5, 0.5), left=left)
    ticks = [(float(n), str(n)) for n in dict.fromkeys(max(1, round(n)) for n in frame.x.ticks(6))]
    names = [(place, shortened(label, 10)) for place, label in enumerate(labels[:count], start=1)]
    axes = frame.axes("feature, each dark to bright: low to high", x_ticks=ticks, y_ticks=names, y_title=what)
    x, y = frame.x, frame.y
    picture = _image(pixels, x.start, y.end, x.end - x.start, y.start - y.end)
    label = f"The first {count} training samples, a row each, with their {what}s; every feature dark to bright."
    return Drawing(_WIDTH, height, label, (axes, picture))


def _written(label: np.ndarray) -> str:
    """A class, or numbers with as many digits as there is room for."""
    if label.ndim == 0 and not isinstance(label, np.floating):
        return " ".join(str(label).split())
    shown = [f"{number:.3g}" for number in np.ravel(label)]
    return " ".join([*shown[:_MOST_TARGETS], *["…"] * (len(shown) > _MOST_TARGETS)])
