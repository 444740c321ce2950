"""A run's report in its folder: page, pictures, tables."""

from pathlib import Path
from typing import Any

from actlab.errors import require
from actlab.experiment import Run, made, refuse_links, told, write_by
from actlab.report import figures, hiplot_pages, images, inside, page, parallel, shapes
from actlab.report.curves import arm_colours, quantities
from actlab.report.svg import Drawing, beside
from actlab.results import RULES, Summary, inside_said, summarise, with_arms


def draw(run: str | Path | Run, hiplot: bool = False) -> Path:
    """Write the report of a run, or of its folder, finished or not, into `report` there; the path of index.html.

    `hiplot` adds a HiPlot page; without it that of an earlier report goes.
    """
    if hiplot:
        require("hiplot", ["hiplot"])
    run = run if isinstance(run, Run) else Run(run)
    refuse_links(run.path)
    folder = made(run.path / "report")
    with told(folder):
        for old in [*folder.glob("hiplot*.html"), *folder.glob("samples.png")]:  # of earlier versions
            old.unlink(missing_ok=True)
    added = [hiplot_pages.draw_hiplot(run, folder)] if hiplot else []
    summary = summarise(run)
    pictures = pictures_of(run, summary)
    for name, drawing in pictures.items():
        drawing.save(folder / name)
    tables = {"table.csv": summary.table, "trials.csv": run.trials, "curves.csv": run.curves}
    for name, table in tables.items():
        write_by(folder / name, lambda handle, table=table: table.to_csv(handle, index=False))
    return page.draw_page(run, summary, folder, parts_of(run, summary), [*added, *tables, *pictures])


def part_of(run: Run, summary: Summary) -> tuple[Run, Summary]:
    """What is drawn: of very many activations the best alone, as a run and a summary of these."""
    if not summary.shown_said:
        return run, summary
    trials, found = with_arms(run), Run(run.path)
    trials = trials.loc[trials["arm"].isin(summary.shown)]
    order = trials["arm"].map({arm: place for place, arm in enumerate(summary.shown)})
    found.trials = trials.loc[order.sort_values(kind="stable").index].reset_index(drop=True)
    found.curves, found.inside = (table.loc[table["key"].isin(trials["key"])] for table in (run.curves, run.inside))
    found.times, found.costs = run.times, run.costs
    return found, summary.only(summary.shown)


def parts_of(run: Run, summary: Summary) -> dict[str, Any]:
    """What the page shows, drawn."""
    run, summary = part_of(run, summary)
    curves = {
        name: (quantity.title, drawing, figures.curves_said(run, quantity))
        for name, quantity in quantities(run).items()
        if (drawing := figures.curve_drawing(run, quantity))
    }
    looks = (figures.looks_drawing(summary, item.name) for item in summary.comparisons)
    return {
        "shown": summary,
        "tint": arm_colours(run),
        "forest": figures.forest_of(summary),
        "curves": curves,
        "looks": [drawing for drawing in looks if drawing],
        "rates": figures.tuning_drawing(summary.tuning, arm_colours(run)),
        "predicted": figures.predicted_drawings(run),
        "inside": inside.inside_drawings(run),
        "inside_said": inside_said(run),
        "rules": RULES,
        "lines": {"trials": parallel.trials_drawing(run), "epochs": parallel.epochs_drawing(run)},
        "shapes": shapes.run_drawings(run),
        "samples": images.samples_drawing(run),
        "confusions": images.confusion_drawings(run),
        "disagreements": images.disagreements_drawing(run),
    }


def pictures_of(run: Run, summary: Summary) -> dict[str, Drawing]:
    """The same as files, by name: each stands alone, with a legend."""
    run, summary = part_of(run, summary)
    predicted = [*figures.predicted_drawings(run).values()]
    layers = [drawing for *_, drawing in inside.inside_drawings(run, legend=True)]
    drawn = shapes.run_drawings(run)
    found = {
        **{f"{name}.png": figures.curve_drawing(run, q, legend=True) for name, q in quantities(run).items()},
        "differences.png": figures.forest_of(summary),
        "tuning.png": figures.tuning_drawing(summary.tuning, arm_colours(run), legend=True),
        "predicted.png": beside(predicted, min(3, len(predicted))) if predicted else None,
        "inside.png": beside(layers, 1) if layers else None,
        "functions.png": drawn and _named(drawn),
    }
    return {name: drawing for name, drawing in found.items() if drawing}


def _named(drawn: shapes.Shapes) -> Drawing:
    """The panels beside each other, below the names of whose lines they are."""
    panels = beside(drawn.drawings, 3)
    names, height = figures.legend_of([*drawn.tint], drawn.tint, panels.width)
    return beside([Drawing(panels.width, height, ", ".join(drawn.tint), (names,)), panels], 1)
