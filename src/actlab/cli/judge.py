"""`actlab judge`: verdicts on results that people have already."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from actlab.cli.app import app
from actlab.cli.options import parse_number


@app.command(epilog="Example: actlab judge results.csv --baseline relu --metric test_accuracy --margin 0.1")
def judge(
    results: Annotated[Path, Argument(help="a .csv, .tsv, .json, .jsonl or .parquet file: a row a run")],
    baseline: Annotated[str | None, Option(help="what the others are compared with", show_default="the first")] = None,
    group: Annotated[str, Option(help="the column that names what is compared")] = "activation",
    seed: Annotated[str, Option(help="the column that pairs results")] = "seed",
    metric: Annotated[
        str | None, Option(help="the column that is compared", show_default="the only other one of numbers")
    ] = None,
    task: Annotated[str | None, Option(help="a column of tasks, each compared by itself")] = None,
    margin: Annotated[
        str | None, Option(metavar="NUMBER", help="the smallest difference that matters, in the unit shown")
    ] = None,
    lower_is_better: Annotated[bool, Option("--lower-is-better", help="the metric is a loss")] = False,
    unit: Annotated[
        str | None, Option(help="share (of one), percent, or a word", show_default="by the metric's name")
    ] = None,
    state: Annotated[
        str | None, Option(help="a column of states: only finished runs count", show_default="state or status")
    ] = None,
    failed_diverged: Annotated[bool, Option("--failed-diverged", help="failed runs count as diverged")] = False,
    wide: Annotated[bool, Option("--wide", help="each group is a column of results")] = False,
    out: Annotated[Path | None, Option(help="write a page: file.html")] = None,
    as_json: Annotated[bool, Option("--json", help="the result as one JSON object on standard output")] = False,
) -> None:
    """Compare groups of results with a baseline, paired by seed: verdicts with intervals, for a table from anywhere."""
    from actlab.results import judge as decide

    with _bar() as progress:
        found = decide(
            results, baseline=baseline, group=group, seed=seed, metric=metric, task=task, state=state, unit=unit,
            margin=parse_number("--margin", margin) or 0.0, lower_is_better=lower_is_better, wide=wide,
            failed_diverged=failed_diverged, progress=progress,
        )  # fmt: skip
    if out is not None:
        from actlab.report import draw_judgement

        draw_judgement(found, out)
    print(json.dumps(found.as_json()) if as_json else found)
    if out is not None and not as_json:
        print(f"\nPage: {out}")


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[float], None]]:
    """A bar on standard error for what takes longer than a second, in a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console, began = Console(stderr=True), time.monotonic()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        place = bar.add_task("comparing", total=1.0, visible=False)
        yield lambda share: bar.update(place, completed=share, visible=time.monotonic() > began + 1)
