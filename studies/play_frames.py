"""How much work a frame of the playground's training is, in Node and in Chromium.

    python studies/play_frames.py       # a minute; on a machine that does nothing else

Two networks 2-8-8-1, batches of 32, five steps a frame, surfaces of 48 x 48 points by halves: all that the page does in
an animation frame. On the clock, and as the thread's own time, in which nothing else counts that the machine was doing.
Writes records/play_frames.json.
"""

import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from actlab.play import page

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "records" / "play_frames.json"
FUNCTIONS = ("tanh", "mish", "gelu", "x*tanh(softplus(x))")
SECONDS = 6
STEPS = """
const { dataOf } = await import("./training/sets2d.js");
const { createPair, stepPair } = await import("./training/training.js");
const { sideOf } = await import("./training/seeds.js");
const settings = { widths: [8, 8], start: "pytorch", rate: 0.01, rule: "adam", batch: 32, seed: 1 };
const found = {};
for (const name of JSON.parse(process.argv[1])) {
  const data = dataOf({ set: "spirals", noise: 0.1, seed: 1, drawn: [] });
  const pair = createPair(settings, data, [name, "relu"].map((one) => sideOf(one, [one, one], "pytorch")));
  found[name] = Array.from({ length: 800 }, () => {
    const begun = performance.now();
    stepPair(pair, 5);
    return performance.now() - begun;
  }).slice(200);
}
console.log(JSON.stringify(found));
"""


def told(times: list[float]) -> dict:
    quantiles = {f"p{q}": round(float(np.percentile(times, q)), 3) for q in (50, 95, 99)}
    return {"n": len(times), **quantiles}


def in_node() -> dict:
    command = ["node", "--input-type=module", "-e", STEPS, "--", json.dumps(FUNCTIONS)]
    done = subprocess.run(command, cwd=ROOT / "src/actlab/play", capture_output=True, text=True, check=True)
    return {name: told(times) for name, times in json.loads(done.stdout).items()}


def in_chromium() -> tuple[dict, str]:
    from playwright.sync_api import sync_playwright

    chrome, found = shutil.which("chromium") or shutil.which("google-chrome"), {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "playground.html"
        file.write_text(page(), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chrome, args=["--no-sandbox"])
        for name in FUNCTIONS:
            opened = browser.new_page(viewport={"width": 1280, "height": 900})
            opened.goto(f"{file.as_uri()}#v=1&f={name}")
            opened.wait_for_selector("#train[data-ready=yes]")
            opened.wait_for_timeout(1000)
            opened.get_by_role("button", name="Train beside relu").click()
            opened.wait_for_timeout(1000)
            browser.start_tracing(page=opened, categories=["devtools.timeline"])
            opened.wait_for_timeout(1000 * SECONDS)
            events = json.loads(browser.stop_tracing())["traceEvents"]
            frames = [one for one in events if one["name"] == "FireAnimationFrame" and "tdur" in one]
            found[name] = {
                "clock": told([one["dur"] / 1000 for one in frames]),
                "thread": told([one["tdur"] / 1000 for one in frames]),
            }
            opened.close()
        version = browser.version
        browser.close()
    return found, version


def main() -> None:
    load = os.getloadavg()[0]
    chromium, version = in_chromium()
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    record = {
        "command": "python " + " ".join(["studies/play_frames.py", *sys.argv[1:]]),
        "environment": {
            "commit": commit.stdout.strip(),
            "date": datetime.date.today().isoformat(),
            "cpu": cpu(),
            "cores": os.cpu_count(),
            "load_before": round(load, 2),
        },
        "node": subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip(),
        "chromium": version,
        "what": "milliseconds: of five steps of both networks in Node, of all work of a frame in Chromium",
        "node_five_steps": in_node(),
        "chromium_frame": chromium,
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=1))


def cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()
