"""From an idea to an answer: the battery, what it is near to, its card, and networks beside a baseline on digits."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actlab import naming
from actlab.checks import Verdict, check, explain
from actlab.errors import UserError
from actlab.experiment import DATABASE, Run, made, refuse_links
from actlab.report import Idea, draw_idea
from actlab.results import Summary, summarise
from actlab.running import Progress
from actlab.workflows.comparison import compare, refuse_early
from actlab.workflows.watched import usual

if TYPE_CHECKING:
    from actlab.checks import Shown

SEEDS = 20


@dataclasses.dataclass(frozen=True, eq=False)
class Tried:
    """All that `actlab try` found; `page` shows it."""

    verdict: Verdict
    item: "Shown"
    run: Run | None  # None where it cannot be trained, or is the baseline itself; `untrained` says why
    untrained: str
    page: Path

    @property
    def summary(self) -> Summary | None:
        return None if self.run is None else summarise(self.run)


def attempt(
    what: str | Callable[..., Any], *, baseline: str = "relu", data: str = "digits", seeds: int = SEEDS,
    out: str | Path | None = None, data_dir: str | Path | None = None, workers: int | None = None,
    progress: Progress | None = None, command: str | None = None, **settings: Any,
) -> Tried:  # fmt: skip
    """Check an activation, find what it is near to, train it beside `baseline`, and leave one page.

    `out` is the folder of the page and the run, by default runs/try-<name>; `settings` are other fields of Experiment.
    UserError for what cannot be used.
    """
    progress = progress or usual()
    target = explain.one(what)
    is_baseline = target.identity == naming.parse(baseline).identity
    folder = naming.path_of(out) if out is not None else Path("runs") / f"try-{_file_name(target.label)}"
    asked = settings | {"data": data, "seeds": seeds, "data_dir": data_dir, "progress": progress}
    refuse_early(baseline, out=folder / "page", **asked)  # the mistakes of the command, not of the idea
    run, untrained = None, ""
    if is_baseline:
        untrained = f"It is {baseline} itself: name another one with --baseline to see them side by side."
    else:
        try:
            refuse_early(baseline, what, out=folder / "page", **asked)
        except UserError as error:
            untrained = str(error)
    # a folder keeps to one idea: its page and its networks belong together
    if not untrained:
        refuse_early(baseline, what, out=folder / "run", **asked)
    elif (folder / "run" / DATABASE).exists():
        raise UserError(f"{folder} holds the page and the networks of another idea: choose another folder with --out.")
    made(folder)
    refuse_links(folder)
    progress.say("The battery ...")
    verdict = check(what, inductor=False)
    item = explain.shown(what)
    drawn = explain.sketches([item] if is_baseline else [explain.shown(baseline), item])
    if not untrained:
        # an idea that cannot learn is shown to be one: what preflight finds is said, and stops nothing
        run = compare(baseline, what, out=folder / "run", workers=workers, command=command, force=True, **asked)
    summary = None if run is None else summarise(run)
    link = None if run is None else os.path.relpath(run.path / "report" / "index.html", folder)
    nearest = [(near.name, near.distance, near.where) for near in explain.what_it_is(item).nearest]
    rows = [*explain.fact_rows(item), *(verdict.properties.as_rows() if verdict.properties else [])]
    idea = Idea(target.label, verdict.as_dict(), nearest, rows, drawn, summary, link, untrained, command or "")
    return Tried(verdict, item, run, untrained, draw_idea(idea, folder / "index.html"))


def _file_name(label: str) -> str:
    kept = "".join(c if c.isalnum() else "-" for c in label)
    return "-".join(part for part in kept.split("-") if part)[:60] or "idea"
