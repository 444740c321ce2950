"""What people hold of results and activations: a run with its plots and its report, cards of activations."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actlab import experiment
from actlab.errors import UserError, one_of

if TYPE_CHECKING:
    from actlab.checks import Shown
    from actlab.report.svg import Drawing


class Run(experiment.Run):
    __doc__ = experiment.Run.__doc__

    def plot(self, kind: str = "metric") -> "Drawing":
        """A drawing of its page, which shows itself in a notebook; `.save(file)` writes .svg, .png or .pdf.

        `kind`: "metric" or "loss", by epoch; "differences" from the baseline; and what else this run has, such as
        "functions", "inside", "tuning", "predicted". Raises: UserError for what it has not.

        >>> load_run("runs/wave").plot("differences")
        <Drawing: ...identity...>
        """
        from actlab.report.curves import quantities
        from actlab.report.drawing import pictures_of
        from actlab.results import summarise

        found = {name.removesuffix(".png"): drawing for name, drawing in pictures_of(self, summarise(self)).items()}
        wanted = next(iter(quantities(self))) if kind == "metric" else kind
        if wanted not in found:
            raise one_of("plot of this run", kind, dict.fromkeys(["metric", *found]))
        return found[wanted]

    def report(self, *, hiplot: bool = False) -> Path:
        """Draw its page again; the path of it. `hiplot`: with a HiPlot page beside it."""
        from actlab.report.drawing import draw

        return draw(self, hiplot)


def load_run(path: str | Path) -> Run:
    """Open a run that `compare` left, or the command: finished or not, it can be read.

    Args:
        path: its folder.

    Returns:
        A Run: tables as pandas DataFrames, the rest as arrays.

    Raises:
        UserError: there is no run in the folder; `actlab runs` lists those that there are.

    >>> run = load_run("runs/wave")
    >>> run.trials.groupby("activation")["seed"].count().to_dict()
    {'identity': 5, 'relu': 5}
    >>> len(run.curves), run.experiment.epochs
    (300, 30)
    """
    return Run(path)


@dataclass(frozen=True, eq=False)
class Cards:
    """Activations beside each other: text in a terminal, drawings as well in a notebook.

    `items`: a Shown for each, in the order of `show`.

    >>> print(str(show("identity")).partition("formula")[0])
    identity
      The identity: a deep network with it is a linear one, and shows what non-linearity
      gives at all.
    <BLANKLINE>
      f(x)  = x
      df/dx = 1
    <BLANKLINE>
    <BLANKLINE>
    """

    items: "tuple[Shown, ...]"

    def __repr__(self) -> str:
        from actlab.checks import explain

        return "\n\n".join(explain.card(item) for item in self.items)

    def save(self, file: str | Path) -> Path:
        """Draw f, f' and f'' of all into `file`: .svg, .png, .pdf or .html; UserError for another ending.

        >>> show("silu", "gelu").save("card.svg").name
        'card.svg'
        """
        from actlab.checks import explain
        from actlab.report.shapes import draw_card

        return draw_card(explain.sketches(self.items), Path(file))


def show(*activations: str | Callable[..., Any]) -> Cards:
    """Facts, properties and pictures of activations.

    Args:
        activations: names, `name(parameter)`, formulas, `file.py:name`, callables; one or more.

    Returns:
        Cards, which print as text and show themselves in a notebook; `.save(file)` draws them.

    Raises:
        UserError: nothing is named, or what is cannot be found or sampled.

    >>> [item.label for item in show("swish", "x * tanh(softplus(x))").items]
    ['silu', 'x*tanh(softplus(x))']
    """
    from actlab.checks import explain

    if not activations:
        raise UserError('Name what is to be shown: actlab.show("silu", "gelu").')
    return Cards(tuple(explain.shown(what) for what in activations))
