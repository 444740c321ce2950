"""The page of `actlab reproduce tutorial`: what was published beside what its networks do on both inputs."""

from collections.abc import Mapping
from pathlib import Path

from actlab.experiment import Run, write_text
from actlab.report.curves import arm_colours, quantities
from actlab.report.figures import curve_drawing
from actlab.report.svg import sheet
from actlab.report.templates import template
from actlab.results import summarise
from actlab.stats import listed


def draw_tutorial(said: str, runs: Mapping[str, Run], file: Path) -> Path:
    """Write the page: both runs' curves beside each other, then all figures; `runs` by the words for their inputs."""
    sides = [
        {
            "title": title,
            "reached": f"Validation accuracy ends at {_reached(run)}.",
            "conclusion": summarise(run).conclusion,
            "curves": [(q.title, drawn) for q in quantities(run).values() if (drawn := curve_drawing(run, q))],
            "page": f"{run.path.relative_to(file.parent).as_posix()}/report/index.html",
        }
        for title, run in runs.items()
    ]
    tint = arm_colours(next(iter(runs.values())))
    write_text(file, template("tutorial.html").render(said=said, sides=sides, tint=tint, sheet=sheet))
    return file


def _reached(run: Run) -> str:
    """Of each activation, in the mean over seeds."""
    rows = run.trials.groupby("activation", sort=False)
    return listed([f"{own['final_valid_accuracy'].mean():.1%} with {name}" for name, own in rows])
