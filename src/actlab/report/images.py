"""Pictures of samples: those first trained on, which class is taken for which, and where activations differ."""

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np

from actlab.experiment import Run
from actlab.report.curves import shortened
from actlab.report.svg import Drawing, Frame, element, text

_WIDTH, _COLUMNS = 440.0, 8
_LABEL = 15.0  # height of a line of text
_SIDE = 48  # pixels: larger images are made smaller, so that a page stays small
_ROWS, _FEATURES = 32, 1000  # of samples that are no images
_MOST_TARGETS = 2  # written beside a sample
# dark to bright, as viridis
_RAMP = np.array([(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)])


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
    said = [_label(label, *place) for label, place in zip(labels, places, strict=True)]
    return Drawing(_WIDTH, height, f"The first {len(images)} training samples, each with its {what}.", (picture, *said))


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


def _tiles(images: np.ndarray, below: float) -> tuple[str, list[tuple[float, float, float]], float]:
    """All images in one, each below a line of text and above some more room; (left, top, width) of each; the height."""
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
        places.append((left * scale, top * scale, wide * scale))
    return _image(mosaic, 0, 0, _WIDTH, rows * height * scale), places, rows * height * scale


def _image(pixels: np.ndarray, x: float, y: float, width: float, height: float) -> str:
    address = f"data:image/png;base64,{base64.b64encode(png(pixels)).decode()}"
    return element("image", href=address, x=x, y=y, width=width, height=height, preserveAspectRatio="none",
                   style="image-rendering: pixelated")  # fmt: skip


def _label(said: str, left: float, top: float, width: float) -> str:
    shown = shortened(said, max(3, int(_WIDTH / _COLUMNS / 7)))
    tip = said if shown != said else None
    return text(left + width / 2, top - 4, shown, anchor="middle", class_="soft", data_tip=tip)


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
