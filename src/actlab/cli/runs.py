"""`actlab report`, `export` and `runs`: what was trained."""

import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from actlab.cli.app import RunFolder, app
from actlab.errors import UserError


@app.command(epilog="Example: actlab report runs/mnist-1a2b3c4d")
def report(
    run: RunFolder,
    hiplot: Annotated[
        bool, Option("--hiplot", help="with a HiPlot page of all trials and epochs, to filter by dragging")
    ] = False,
) -> None:
    """Draw a run's report again, without training."""
    from actlab.report import draw

    page = draw(run, hiplot)
    print(page)
    if hiplot:
        print(page.with_name("hiplot.html"))


@app.command(epilog="Example: actlab export runs/mnist-1a2b3c4d --format csv")
def export(
    run: RunFolder,
    format: Annotated[str, Option(help="csv, json or parquet; latex: the verdicts, with booktabs")] = "csv",
    out: Annotated[Path | None, Option(help="folder of the files", show_default="RUN/export")] = None,
) -> None:
    """Write a run's tables (trials, curves, times, costs) as files, or its verdicts as a table for a paper."""
    from actlab import experiment

    if out is None:
        experiment.refuse_links(run)
    if format == "latex":
        from actlab.results import summarise, write_latex

        print(write_latex(summarise(experiment.Run(run)), experiment.made(out or run / "export")))
        return
    for file in experiment.export(experiment.Run(run), format, out or run / "export"):
        print(file)


@app.command(epilog="Example: actlab runs")
def runs(folder: Annotated[Path, Argument(help="where to look")] = Path("runs")) -> None:
    """List the runs in a folder, oldest first, a line each."""
    from actlab.experiment import list_runs, status

    if not folder.is_dir() and folder != Path("runs"):
        raise UserError(f"There is no folder {folder}.")
    found = list_runs(folder)
    if not found:
        print(f"There are no runs in the folder {str(folder)!r}.", file=sys.stderr)
    for path in found:
        try:
            print(status(path))
        except UserError as error:
            print(f"{path}  cannot be read: {error}", file=sys.stderr)
