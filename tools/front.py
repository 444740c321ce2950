"""docs/images/front.svg, README's picture: an idea is made, checked and compared. Run `python -m tools.front`.

Each part is drawn from what the code says: f and f' from the formula, what fails from the battery, seeds from a record.
"""

import json
import re
from collections import Counter

import numpy as np
import torch
from tools.learn import ROOT

import actlab
from actlab.report.svg import Drawing, Frame, dots, element, group, text

FILE = ROOT / "docs" / "images" / "front.svg"
FORMULA = "x*(1 - exp(-exp(x)))"
BLUE, ORANGE, RED = "#0b5cad", "#d55e00", "#a40e26"
PANEL, HEIGHT = 300, 358  # large letters: three panels are 400 pixels on a phone
TYPED = "font:600 21px 'Liberation Mono',Menlo,Consolas,monospace"


def plain(x: torch.Tensor) -> torch.Tensor:
    """The formula as one types it; its slope is autograd's."""
    return x * (1 - torch.exp(-torch.exp(x)))


def slopes(x: torch.Tensor) -> np.ndarray:
    x = x.clone().requires_grad_()
    return torch.autograd.grad(plain(x).sum(), x)[0].numpy()


def bold(x: float, y: float, words: str, colour: str, anchor: str = "middle", size: int = 24) -> str:
    return text(x, y, words, anchor=anchor, style=f"font-size:{size}px;font-weight:700;fill:{colour}")


def line(at: Frame, x: torch.Tensor, y: np.ndarray, colour: str, width: int) -> str:
    return group(at.smooth(x.numpy(), y, style=f"stroke-width:{width}"), style=f"color:{colour}")


def zone(at: Frame, left: float, right: float, colour: str) -> str:
    """All heights between two places, in pixels."""
    height = at.y.start - at.y.end
    style = f"color:{colour}"
    return element("rect", x=left, y=at.y.end, width=right - left, height=height, class_="band", style=style)


def frame(x: tuple[float, float], y: tuple[float, float]) -> tuple[Frame, str]:
    """Of a panel, with lines through 0."""
    at = Frame.of(PANEL, 300, x, y, left=22, right=22, top=110, bottom=26)
    across = f"M{at.x.start:g} {at.y.at(0):.1f}H{at.x.end:g}M{at.x.at(0):.1f} {at.y.end:g}V{at.y.start:g}"
    return at, element("path", d=across, class_="zero")


def panel(verb: str, asked: str, parts: tuple[str, ...], colour: str, found: str) -> str:
    """What is done, its picture, what came out."""
    under = text(PANEL / 2, 82, asked, anchor="middle", class_="soft", style="font-size:22px")
    return group(bold(PANEL / 2, 44, verb, "#1b1f24", size=34), under, *parts, bold(PANEL / 2, 338, found, colour))


def make() -> tuple[str, str]:
    x = torch.linspace(-4.6, 2.4, 400, dtype=torch.float64)
    at, zeros = frame((-4.6, 2.4), (-0.75, 2.5))
    field = element("rect", x=12, y=57, width=PANEL - 24, height=36, rx=6, class_="shade")
    lines = line(at, x, slopes(x), ORANGE, 3), line(at, x, plain(x).numpy(), BLUE, 5)
    names = (
        bold(at.x.at(1.2), at.y.at(2.1), "f", BLUE, "end"), bold(at.x.at(-0.9), at.y.at(0.6), "f ′", ORANGE, "end"),
        text(PANEL / 2, 82, FORMULA, anchor="middle", style=TYPED),
    )  # fmt: skip
    [nearest] = re.findall(r"^nearest (\w+)", actlab.check(plain, quick=True, only=["value"]).identity)
    said = f"nearest: {nearest}"
    return panel("make", "", (field, zeros, at.inside(*lines), *names), BLUE, said), said


def check() -> tuple[str, str]:
    [failed] = actlab.check(plain, quick=True, only=["gradient_tails"]).failures
    x = torch.linspace(-20, 130, 1501)
    y, (at, zeros) = slopes(x), frame((-20, 130), (-0.3, 1.5))
    start, level = at.x.at(float(x[np.isnan(y)].min())), at.y.at(1)
    cross = f"M{start - 11:.1f} {level - 11:.1f}l22 22m0 -22l-22 22"
    parts = (
        zone(at, start, at.x.end, RED), zeros, at.inside(line(at, x, y, ORANGE, 4)),
        bold(at.x.at(20), level - 12, "f ′", ORANGE), bold((start + at.x.end) / 2, at.y.start - 40, "NaN", RED),
        element("path", d=cross, style=f"color:{RED};stroke-width:6"),
    )  # fmt: skip
    said = f"f ′ is NaN at x = {float(failed.where.rpartition('=')[2]):.1f}"
    return panel("check", "how far does it hold?", parts, RED, said), said


def compare() -> tuple[str, str]:
    record = json.loads((ROOT / "records" / "own.json").read_text(encoding="utf-8"))
    [one] = (one for one in record["comparisons"] if one["name"].endswith("knock"))
    knock, relu = (np.array(record["test_accuracy"][arm]) for arm in ("knock", "relu"))
    margin, seen, places = record["margin"], Counter[float](), []
    for points in (100 * (knock - relu)).round(6).tolist():
        places.append((points, seen[points] + 0.7))
        seen[points] += 1
    (at, zeros), (across, up) = frame((-1.0, 1.0), (-3.2, 10)), np.array(places).T
    low, mean, high = (at.x.at(100 * one[name]) for name in ("low", "difference", "high"))
    down, seeds = at.y.at(-1.6), f"{one['n']} seeds"
    interval = f"M{low:.1f} {down - 9:.1f}v18m0 -9H{high:.1f}m0 -9v18"
    parts = (
        zone(at, at.x.at(-margin), at.x.at(margin), BLUE), zeros,
        group(dots(at.x(across), at.y(up), 6, class_="fill"), style=f"color:{BLUE}"),
        element("path", d=interval, style="color:#1b1f24;stroke-width:4"),
        element("circle", cx=mean, cy=down, r=7, class_="mark"),
        *(text(at.x.at(place), 298, words, anchor="middle", class_="soft", style="font-size:20px")
          for place, words in ((-margin, f"-{margin:g}"), (0, "relu"), (margin, f"+{margin:g}"))),
    )  # fmt: skip
    said = f"{one['verdict']}: {100 * one['difference']:.2f}, {100 * one['low']:+.2f} to {100 * one['high']:+.2f}"
    panelled = panel("compare", f"mended, with {seeds}", parts, BLUE, one["verdict"])
    return panelled, f"{said} points beside relu, {seeds}, margin {margin:g}"


def drawing() -> Drawing:
    panels, said = zip(make(), check(), compare(), strict=True)
    label = f"{FORMULA} is made, {said[0]}; checked, {said[1]}; mended and compared, {said[2]}."
    moved = [group(one, transform=f"translate({n * PANEL} 0)") for n, one in enumerate(panels)]
    arrows = f"M{PANEL - 8} 22l11 11l-11 11M{2 * PANEL - 8} 22l11 11l-11 11"
    return Drawing(3 * PANEL, HEIGHT, label, (*moved, element("path", d=arrows, class_="axis", style="stroke-width:4")))


if __name__ == "__main__":
    drawing().save(FILE)
