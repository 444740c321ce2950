"""The application that the commands enter, and what they share."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

app = typer.Typer(
    name="actlab",
    epilog="Example: actlab compare relu tanh gelu --seeds 5",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Param = Annotated[list[str] | None, Option(help="a parameter of the formulas: beta=1.5", show_default=False)]
Learn = Annotated[
    list[str] | None, Option(help="a parameter of the formulas that training changes", show_default=False)
]
RunFolder = Annotated[Path, Argument(metavar="RUN", help="a run's folder")]


def _version(wanted: bool) -> None:
    if wanted:
        from actlab import __version__

        print(f"actlab {__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    version: Annotated[bool, Option("--version", callback=_version, is_eager=True, help="say it and stop")] = False,
) -> None:
    """Make, check and compare activation functions for neural networks."""
