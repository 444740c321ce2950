"""A run's report: a page, pictures, HiPlot pages and tables. Neither torch nor Ray is needed to draw it.

store.Run -> summary (the table, the comparisons) -> plots, interactive, hiplot_pages -> page
"""

from pathlib import Path

from actlab.report.summary import Summary, summarise
from actlab.store import Run

__all__ = ["Summary", "draw", "summarise"]


def draw(run: Run) -> Path:
    """Write the report of a run, finished or not, into its folder `report`; returns the path of index.html."""
    from actlab.report import hiplot_pages, page, plots

    folder = run.path / "report"
    folder.mkdir(exist_ok=True)
    summary = summarise(run)
    plots.draw_plots(run, summary, folder)
    hiplot = hiplot_pages.draw_hiplot(run, folder) if hiplot_pages.is_installed() else None
    tables = {"table.csv": summary.table, "trials.csv": run.trials, "curves.csv": run.curves}
    for name, table in tables.items():
        table.to_csv(folder / name, index=False)
    return page.draw_page(run, summary, folder, hiplot, list(tables))
