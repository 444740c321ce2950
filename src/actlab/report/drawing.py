"""A run's report in its folder: table, comparisons, pictures, pages."""

from pathlib import Path

from actlab.experiment import Run
from actlab.report import hiplot_pages, page, plots
from actlab.results import summarise


def draw(run: str | Path | Run) -> Path:
    """Write the report of a run, or of its folder, finished or not, into `report` there; the path of index.html."""
    run = run if isinstance(run, Run) else Run(run)
    folder = run.path / "report"
    folder.mkdir(exist_ok=True)
    summary = summarise(run)
    pictures = plots.draw_plots(run, summary, folder)
    hiplot = hiplot_pages.draw_hiplot(run, folder) if hiplot_pages.is_installed() else None
    tables = {"table.csv": summary.table, "trials.csv": run.trials, "curves.csv": run.curves}
    for name, table in tables.items():
        table.to_csv(folder / name, index=False)
    return page.draw_page(run, summary, folder, pictures, list(tables), hiplot)
