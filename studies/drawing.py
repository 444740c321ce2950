# ruff: noqa: E501
"""Which library draws pages and files: the same three figures by each, in one page that needs nothing else.

    pip install altair bokeh plotly        # beside actlab[test], in an environment of its own
    python studies/drawing.py              # about 4 minutes; writes records/drawing.json and docs/drawing.md

Figures: differences with intervals and a dot a seed, validation accuracy by epoch with bands, parallel coordinates of all
trials. Numbers are made up; 30 and 2,001 trials. Chromium opens each page in turns.
"""

import argparse
import datetime
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from test_report import fake_run  # noqa: E402

from actlab.engine.machine import environment  # noqa: E402
from actlab.experiment import Run  # noqa: E402
from actlab.report import figures, parallel  # noqa: E402
from actlab.report.curves import arm_colours, colours, quantities  # noqa: E402
from actlab.report.svg import sheet  # noqa: E402
from actlab.results import summarise  # noqa: E402
from actlab.stats import paired_differences  # noqa: E402

RECORD, PAGE = ROOT / "records" / "drawing.json", ROOT / "docs" / "drawing.md"
ARMS = ("relu", "tanh", "leaky_relu")
TINT = colours(ARMS)
AXES = ("seed", "best_epoch", "final_train_loss", "final_valid_accuracy", "best_valid_accuracy", "test_accuracy")
ROUNDS = 7
READY = {  # something of the last figure
    "own SVG": "html[data-ready=yes]",
    "Altair": ".vega-embed svg .mark-line path",
    "Plotly": ".parcoords .axis",
    "Bokeh": ".bk-Column",
}
PACKAGES = {"own SVG": ["vl-convert-python"], "Altair": ["altair", "vl-convert-python", "narwhals", "jsonschema"],
            "Plotly": ["plotly", "narwhals", "matplotlib"], "Bokeh": ["bokeh", "matplotlib"]}  # fmt: skip


def own(run: Run) -> str:
    summary = summarise(run)
    buttons = "".join(f'<button type="button" data-arm="{arm}" aria-pressed="true" style="--tint:{colour}">{arm}</button>'
                      for arm, colour in arm_colours(run).items())  # fmt: skip
    lines = parallel.trials_drawing(run)
    drawn = (
        figures.forest(summary.comparisons, summary.values, ARMS, summary.metric, summary.measure.unit),
        figures.curve_drawing(run, quantities(run)["accuracy"]),
    )
    styles = "".join(sheet(name) for name in ("colours.css", "page.css", "drawing.css", "figures.css", "parallel.css"))
    scripts = "".join(f"<script>{sheet(name)}</script>" for name in ("parallel.js", "figures.js"))
    shown = "".join(drawing.__html__() for drawing in drawn if drawing)
    shown += f'<div class="scroll" tabindex="0" role="region" aria-label="trials">{lines.drawing.__html__()}</div>'
    return _page(f"<style>{styles}</style>", f'<div class="chips">{buttons}</div>{shown}{scripts}')


def _page(head: str, body: str) -> str:
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>drawn</title>{head}</head>'
            f"<body><main><h1>drawn</h1>{body}</main></body></html>")  # fmt: skip


def _tables(run: Run) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Dots and intervals of the differences; curves; trials."""
    summary = summarise(run)
    base = summary.values[ARMS[0]]
    dots = pd.DataFrame([(arm, seed, 100 * d) for arm in ARMS[1:]
                         for seed, d in paired_differences(base, summary.values[arm]).items()],
                        columns=["arm", "seed", "difference"])  # fmt: skip
    spans = pd.DataFrame([(c.name, 100 * c.low, 100 * c.difference, 100 * c.high) for c in summary.comparisons],
                         columns=["arm", "low", "mean", "high"])  # fmt: skip
    curves = (
        100 * run.curves.groupby(["activation", "epoch"])["valid_accuracy"].agg(["mean", "min", "max"])
    ).reset_index()
    return dots, spans, curves, run.trials[["activation", *AXES]].astype(dict.fromkeys(AXES, float))


def altair(run: Run) -> str:
    import altair as alt

    alt.data_transformers.disable_max_rows()
    dots, spans, curves, trials = _tables(run)
    tint = alt.Color("arm:N", scale=alt.Scale(domain=list(TINT), range=list(TINT.values())), legend=None)
    forest = (
        alt.Chart(dots)
        .mark_circle()
        .encode(x="difference:Q", y="arm:N", color=tint, tooltip=["arm", "seed", "difference"])
    )
    forest += alt.Chart(spans).mark_rule().encode(x="low:Q", x2="high:Q", y="arm:N")
    choose = alt.selection_point(fields=["activation"], bind="legend")
    colour = alt.Color("activation:N", scale=alt.Scale(domain=list(TINT), range=list(TINT.values())))
    shown = alt.condition(choose, alt.value(1), alt.value(0.05))
    lines = alt.Chart(curves).mark_line().encode(x="epoch:Q", y=alt.Y("mean:Q").scale(zero=False), color=colour,
                                                 opacity=shown, tooltip=["activation", "epoch", "mean"])  # fmt: skip
    band = alt.Chart(curves).mark_area(opacity=0.16).encode(x="epoch:Q", y="min:Q", y2="max:Q", color=colour)
    scaled = trials.copy()
    scaled[list(AXES)] = (scaled[list(AXES)] - scaled[list(AXES)].min()) / (
        scaled[list(AXES)].max() - scaled[list(AXES)].min()
    )
    long = scaled.reset_index().melt(["index", "activation"])
    coordinates = (
        alt.Chart(long).mark_line(strokeWidth=0.6).encode(x="variable:N", y="value:Q", detail="index:N", color=colour)
    )
    chart = (forest & (band + lines).add_params(choose) & coordinates)  # fmt: skip
    return chart.to_html(inline=True, embed_options={"renderer": "svg", "actions": False})


def plotly(run: Run) -> str:
    import plotly.graph_objects as go
    from plotly.offline import get_plotlyjs

    dots, spans, curves, trials = _tables(run)
    forest, lines = go.Figure(), go.Figure()
    for arm in ARMS[1:]:
        own_dots, span = dots[dots["arm"] == arm], spans[spans["arm"] == arm].iloc[0]
        forest.add_scatter(x=own_dots["difference"], y=[arm] * len(own_dots), mode="markers", marker_color=TINT[arm])
        forest.add_scatter(
            x=[span["low"], span["mean"], span["high"]], y=[arm] * 3, mode="lines+markers", line_color="#000"
        )
    for arm, curve in curves.groupby("activation", sort=False):
        x = [*curve["epoch"], *curve["epoch"][::-1]]
        lines.add_scatter(x=x, y=[*curve["max"], *curve["min"][::-1]], fill="toself", line_width=0, showlegend=False,
                          fillcolor=TINT[arm], opacity=0.2)  # fmt: skip
        lines.add_scatter(x=curve["epoch"], y=curve["mean"], line_color=TINT[arm], name=arm)
    place = trials["activation"].map({arm: n for n, arm in enumerate(ARMS)})
    scale = [[n / 2, TINT[arm]] for n, arm in enumerate(ARMS)]
    coordinates = go.Figure(go.Parcoords(line={"color": place, "colorscale": scale},
                                         dimensions=[{"label": name, "values": trials[name]} for name in AXES]))  # fmt: skip
    parts = "".join(figure.to_html(full_html=False, include_plotlyjs=False) for figure in (forest, lines, coordinates))
    return _page(f"<script>{get_plotlyjs()}</script>", parts)


def bokeh(run: Run) -> str:
    from bokeh.embed import file_html
    from bokeh.layouts import column
    from bokeh.plotting import figure
    from bokeh.resources import INLINE

    dots, spans, curves, trials = _tables(run)
    forest = figure(height=220, y_range=list(ARMS[1:]), tooltips=[("difference", "@x")])
    forest.scatter(
        dots["difference"].tolist(), dots["arm"].tolist(), color=[TINT[arm] for arm in dots["arm"]], alpha=0.6
    )
    forest.segment(
        spans["low"].tolist(), spans["arm"].tolist(), spans["high"].tolist(), spans["arm"].tolist(), line_width=2
    )
    lines = figure(height=320, tooltips=[("mean", "@y")])
    for arm, curve in curves.groupby("activation", sort=False):
        lines.varea(curve["epoch"].tolist(), curve["min"].tolist(), curve["max"].tolist(), color=TINT[arm], alpha=0.16)
        lines.line(curve["epoch"].tolist(), curve["mean"].tolist(), color=TINT[arm], legend_label=arm, line_width=2)
    lines.legend.click_policy = "hide"
    scaled = (trials[list(AXES)] - trials[list(AXES)].min()) / (trials[list(AXES)].max() - trials[list(AXES)].min())
    coordinates = figure(height=320, x_range=list(AXES), output_backend="svg")
    coordinates.multi_line([list(AXES)] * len(scaled), scaled.to_numpy().tolist(),
                           color=[TINT[arm] for arm in trials["activation"]], line_width=0.6)  # fmt: skip
    return file_html(column(forest, lines, coordinates), INLINE, "drawn")


DRAWN: dict[str, Callable[[Run], str]] = {"own SVG": own, "Altair": altair, "Plotly": plotly, "Bokeh": bokeh}


def opened(browser: Any, file: Path, ready: str, **options: Any) -> dict[str, Any]:
    """Milliseconds until its last figure is there, what it says on the console, what it asks for."""
    context, said, asked = browser.new_context(offline=True, **options), [], []
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_selector(ready, state="attached")
    took = page.evaluate(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
    )
    found = {"milliseconds": took, "errors": len(said),
             "requests": sum(not url.startswith(("file:", "data:", "blob:")) for url in asked)}  # fmt: skip
    if options.get("color_scheme") == "dark":
        from axe_playwright_python.sync_playwright import Axe

        bad = Axe().run(page).response["violations"]
        found["findings"] = sorted(v["id"] for v in bad if v["impact"] in ("serious", "critical"))
        found["dark"] = page.evaluate("getComputedStyle(document.body).backgroundColor") not in (
            "rgba(0, 0, 0, 0)", "rgb(255, 255, 255)")  # fmt: skip
        page.keyboard.press("Tab")
        stops = "[...document.querySelectorAll('a[href],button,input,select,[tabindex=\"0\"]')].length"
        found["reached_by_tab"] = page.evaluate(stops)
    context.close()
    return found


def installed(names: list[str]) -> float:
    """Megabytes of packages on disk."""
    files = [file.locate() for name in names for file in metadata.files(name) or []]
    return sum(Path(file).stat().st_size for file in files if Path(file).is_file()) / 1e6


def measured() -> list[dict[str, Any]]:
    from playwright.sync_api import sync_playwright
    from test_report_browser import CHROME, FLAGS

    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROME, args=FLAGS)
        for seeds in (10, 667):
            run, files, builds = fake_run(Path(folder) / f"run{seeds}", ARMS, seeds=seeds), {}, {}
            for name, draw in DRAWN.items():
                draw(run)  # what is loaded once
                began = time.perf_counter()
                files[name] = Path(folder) / f"{seeds}-{name.split()[0]}.html"
                files[name].write_text(draw(run), encoding="utf-8")
                builds[name] = time.perf_counter() - began
            times: dict[str, list[float]] = {name: [] for name in DRAWN}
            for number in range(-1, ROUNDS):
                for name in [*DRAWN][:: 1 if number % 2 else -1]:
                    found = opened(browser, files[name], READY[name])
                    times[name] += [found["milliseconds"]] * (number >= 0)
            for name, file in files.items():
                seen = opened(browser, file, READY[name], color_scheme="dark")
                rows.append({
                    "by": name, "trials": 3 * seeds, "megabytes": file.stat().st_size / 1e6, "python_seconds": builds[name],
                    "milliseconds": statistics.median(times[name]), "fastest": min(times[name]), "slowest": max(times[name]),
                    "without_script": _marks_without_script(browser, file), "installed_megabytes": installed(PACKAGES[name]),
                    **{key: value for key, value in seen.items() if key != "milliseconds"},
                })  # fmt: skip
        browser.close()
    return rows


def _marks_without_script(browser: Any, file: Path) -> int:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    count = page.locator("svg path, svg circle").count()
    context.close()
    return count


def text(record: dict[str, Any]) -> str:
    rows = record["rows"]
    said = "\n".join(
        f"| {r['by']} | {r['trials']:,} | {r['megabytes']:.2f} | {r['milliseconds']:.0f} ({r['fastest']:.0f} to "
        f"{r['slowest']:.0f}) | {r['python_seconds']:.2f} | {', '.join(r['findings']) or 'none'} | {r['reached_by_tab']} | "
        f"{'yes' if r['dark'] else 'no'} | {'all' if r['without_script'] > 20 else 'nothing'} | {r['installed_megabytes']:.0f} |"
        for r in rows
    )  # fmt: skip
    return f"""# What draws the pages

actlab's figures are SVG that its own Python writes (`report/svg.py`); vl-convert, without Altair, makes PNG and PDF of the
same text. The table is why: three figures by each library, in one page that needs nothing else.

| by | trials | MB | ms until drawn (n = {record["n"]}, fastest to slowest) | s in Python | serious findings of axe, dark | stops of Tab | dark | without script | MB installed |
|---|---|---|---|---|---|---|---|---|---|
{said}

Installed: with what makes files of its figures (matplotlib for Plotly and Bokeh: their own way needs a browser). Not in the
table: a partial plotly.js is in no Python package; HiPlot draws parallel coordinates only. Lost by the choice: zooming by
a drag, and a grammar that others know; a new kind of figure has to be written. `{record["command"]}`,
{record["environment"]["cpu"]}, {record["date"]}, [records/drawing.json](../records/drawing.json).
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    if shutil.which("chromium") is None:
        sys.exit("This needs Chromium: apt-get install chromium.")
    versions = {name: metadata.version(name) for name in ("altair", "plotly", "bokeh", "vl-convert-python")}
    record = {
        "command": "python studies/drawing.py", "date": datetime.date.today().isoformat(), "n": ROUNDS,
        "interval": "fastest to slowest", "environment": environment("cpu") | versions, "rows": measured(),
    }  # fmt: skip
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(text(record), encoding="utf-8")


if __name__ == "__main__":
    main()
