"""What the playground weighs by part, how near its numbers are to Python's, and what it takes to draw and to train.

    python studies/play.py           # some minutes; writes records/play.json, and the last section of docs/play.md

Numbers are computed in Node, times measured in Chromium, without a network, the file opened from disk: n times anew.
"""

import argparse
import datetime
import gzip
import json
import math
import sys
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from formulas import FORMULAS  # noqa: E402
from javascript import ran  # noqa: E402
from test_play_numbers import CURVES  # noqa: E402
from test_report_browser import CHROME  # noqa: E402
from test_written import POINTS  # noqa: E402

from actlab import catalogue  # noqa: E402
from actlab.checks.explain.show import shown  # noqa: E402
from actlab.engine.machine import environment  # noqa: E402
from actlab.formula import Exact, kinks, parse, read  # noqa: E402
from actlab.making import portable  # noqa: E402
from actlab.play import page  # noqa: E402
from actlab.play.packing import scripts  # noqa: E402

RECORD, PAGE = ROOT / "records" / "play.json", ROOT / "docs" / "play.md"
MEASURED = "## What it weighs, and how fast and right it is"  # above it the page is written by hand
LIMIT = 600_000  # bytes
GENERATED = ("language/catalogue", "language/helpers", "numbers/coefficients")
ALLOWED = 64  # steps, as tests/test_written.py has it


def sizes() -> list[dict[str, Any]]:
    """Bytes of each part; the sum is the file."""
    packed = scripts(lambda name: (resources.files("actlab.play") / name).read_text(encoding="utf-8"))
    modules = {name: len(text.encode()) for script in packed for name, text in script.items() if name}
    found: dict[str, int] = {}
    for module, size in modules.items():
        part = "generated: catalogue, coefficients" if module in GENERATED else module.rpartition("/")[0] or "main"
        found[part] = found.get(part, 0) + size
    found["style"] = len((resources.files("actlab.play") / "style.css").read_text(encoding="utf-8").encode())
    whole = page().encode()
    found["html"] = len(whole) - sum(found.values())
    rows = [{"part": part, "bytes": size} for part, size in found.items()]
    return [*rows, {"part": "all", "bytes": len(whole), "gzip": len(gzip.compress(whole)), "modules": modules}]


def steps(ours: float, theirs: float, x: float, slope: float) -> float:
    """How far two values lie apart, in doubles' steps: at 1, at the value, at what a step of x changes it by."""
    if ours == theirs or (math.isnan(ours) and math.isnan(theirs)):
        return 0.0
    return abs(ours - theirs) / (2.0**-52 * (1 + abs(theirs) + abs(x * slope)))


def compared(asked: list[dict[str, Any]], wanted: list[Any], breaks: list[Any], what: str) -> list[dict[str, Any]]:
    """Value, slope and second derivative of functions beside Python's value and slope and 50 digits of the second."""
    points = [*POINTS, *np.linspace(-30, 30, 1201).tolist()]
    rows = {
        key: {"what": what, "of": key, "functions": len(asked), "n": 0, "largest": 0.0} for key in ("f", "f'", "f''")
    }

    def told(key: str, far: float, name: str, x: float, ours: float, theirs: float) -> None:
        rows[key]["n"] += 1
        if not far <= rows[key]["largest"]:
            rows[key] |= {"largest": far, "at": {"function": name, "x": x, "page": ours, "python": theirs}}

    curves = ran(CURVES, {"points": points, "asked": asked})
    for one, item, found, bends in zip(asked, wanted, curves, breaks, strict=True):
        off = [at for at, point in enumerate(points) if all(abs(point - bend) > 1e-7 for bend in bends)]
        for key, ours, above, theirs in (("f", "value", "slope", item.value), ("f'", "slope", "second", item.slope)):
            true = theirs(np.array(points)).tolist()
            for at in off:
                far = steps(found[ours][at], true[at], points[at], found[above][at])
                told(key, far, one["text"], points[at], found[ours][at], true[at])
        exact = Exact(parse(one["formula"]), one["values"])
        for at in (at for at in off if at < len(POINTS)):
            true = float(exact.slopes([points[at]], order=2)[0])
            if math.isfinite(true):
                far = abs(found["second"][at] - true) / (1 + abs(true))
                told("f''", far, one["text"], points[at], found["second"][at], true)
    return list(rows.values())


def values() -> list[dict[str, Any]]:
    facts = list(catalogue.facts().values())
    asked = [{"text": one.name, "formula": one.formula, "values": one.parameters} for one in facts]
    found = compared(asked, [shown(one.name) for one in facts], [kinks(one, {}) for one in facts], "the catalogue")
    readings = [read(text, given) for text, given in FORMULAS]
    sound = [portable(one) for one in readings]
    asked = [
        {"text": str(one), "formula": str(one.node), "values": one.parameters, "sound": form}
        for one, form in zip(readings, sound, strict=True)
    ]
    wanted = [shown(str(one)) for one in readings]
    return found + compared(
        asked, wanted, [form["kinks"] for form in sound], "formulas, by the form that Python embeds"
    )


TYPED = """(text) => new Promise((done) => {
  const field = document.querySelector("input.formula"), begun = performance.now();
  performance.clearMarks();
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  const look = () => {
    const [mark] = performance.getEntriesByName("drawn");
    if (mark) done(mark.startTime - begun); else setTimeout(look, 1);
  };
  look();
})"""
FIRST = "() => performance.getEntriesByName('drawn')[0]?.startTime"
FRAMES = "() => performance.getEntriesByName('actlab frame').map((one) => one.duration)"


def times(count: int, frames: int) -> tuple[list[dict[str, Any]], str]:
    """Milliseconds in Chromium: to the first curve, from a key to its curve, and of work in a frame of training."""
    from playwright.sync_api import sync_playwright

    first, keys, work = [], [], []
    texts = [
        f"{text.replace('x', f'({n + 1}/7*x)', 1)}" for n, text in enumerate(["x*tanh(x)", "x/(1 + exp(-x))"] * 10)
    ]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "playground.html"
        file.write_text(page(), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=CHROME)
        for _ in range(count):
            context = browser.new_context(offline=True, viewport={"width": 1280, "height": 720})
            opened = context.new_page()
            opened.goto(file.as_uri())
            opened.wait_for_selector("#curves[data-drawn] .curve-plot")
            first.append(opened.evaluate(FIRST))
            context.close()
        opened = browser.new_context(offline=True, viewport={"width": 1280, "height": 720}).new_page()
        opened.goto(file.as_uri())
        opened.wait_for_selector("#curves[data-drawn] .curve-plot")
        keys = [opened.evaluate(TYPED, text) for text in texts]
        opened.get_by_role("button", name="Train beside relu").first.click()
        while len(work) < frames:
            opened.wait_for_timeout(500)
            work = opened.evaluate(FRAMES)
        version = f"Chromium {browser.version}"
        browser.close()
    rows = [("to the first curve, from the start of loading", first), ("from a key to its curve", keys)]
    return [
        row(what, ms) for what, ms in [*rows, ("work in a frame, two networks 2-8-8-1 side by side", work)]
    ], version


def row(what: str, ms: list[float]) -> dict[str, Any]:
    median, low, high = (round(float(one), 1) for one in np.percentile(ms, [50, 5, 95]))
    told = {"what": what, "n": len(ms), "median": median, "from": low, "to": high, "largest": round(max(ms), 1)}
    print(told, flush=True)
    return told | {"over_8_ms": sum(one > 8 for one in ms)}


def section(record: dict[str, Any]) -> str:
    """What docs/play.md says of the record."""
    *parts, whole = record["sizes"]
    kilobytes = f"One file of **{whole['bytes'] / 1000:.0f} kB** ({whole['gzip'] / 1000:.0f} kB compressed)"
    lines = [f"{MEASURED}\n", f"{kilobytes}, of {LIMIT // 1000} that it may be:\n", "| part | kB |", "|---|---:|"]
    lines += [f"| {one['part']} | {one['bytes'] / 1000:.1f} |" for one in parts]
    lines += [
        "\nIts numbers beside Python's own, and f'' beside 50 digits, at inputs to ±10,000, kinks left out:\n",
        "| of | functions | numbers | largest difference | where |",
        "|---|---:|---:|---|---|",
    ]
    for one in record["values"]:
        unit = "" if one["of"] == "f''" else f" of {ALLOWED} steps"
        where = f"`{one['at']['function']}` at x = {one['at']['x']:g}" if "at" in one else ""
        cells = [f"{one['of']}, {one['what']}", one["functions"], f"{one['n']:,}", f"{one['largest']:.2g}{unit}", where]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += [
        "\nA step is that of doubles, 2^-52, at 1, at the number, and at what such a step of x changes it by;",
        "f'' differs by so much of 1 + abs(f''). Milliseconds, of n the middle one and 5% to 95%:\n",
        "| what | ms | 5% to 95% | largest | n |",
        "|---|---:|---|---:|---:|",
    ]
    for one in record["times"]:
        cells = [one["what"], one["median"], f"{one['from']} to {one['to']}", one["largest"], one["n"]]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    machine, frames = record["environment"], record["times"][-1]
    lines.append(
        f"\nOf {frames['n']} frames {frames['over_8_ms']} took more than 8 ms. {machine['cpu']}, "
        f"{machine['cores']} cores, {record['browser']}; record: [play.json](../records/play.json), "
        f"by `{record['command']}`.\n"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loads", type=int, default=20, help="how often the page is opened")
    parser.add_argument("--frames", type=int, default=600, help="frames of training that are measured")
    given = parser.parse_args()
    measured, browser = times(given.loads, given.frames)
    record = {
        "command": " ".join(["python", "studies/play.py", *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "environment": environment("cpu"),
        "browser": browser,
        "sizes": sizes(),
        "times": measured,
        "values": values(),
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    by_hand = PAGE.read_text(encoding="utf-8").partition(MEASURED)[0].rstrip()
    PAGE.write_text(f"{by_hand}\n\n{section(record)}", encoding="utf-8")
    print(f"Record: {RECORD}")


if __name__ == "__main__":
    main()
