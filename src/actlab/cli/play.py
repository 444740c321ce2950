"""`actlab play`: the playground, one page that needs nothing but a browser."""

import webbrowser
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from actlab.cli.app import Learn, Param, app
from actlab.cli.options import filled


@app.command(epilog='Example: actlab play "x * sigmoid(beta*x) where beta=1.5"')
def play(
    formula: Annotated[
        str | None, Argument(metavar="[FORMULA]", help='of x, in quotes: "x * tanh(softplus(x))"; or a name')
    ] = None,
    param: Param = None,
    learn: Learn = None,
    out: Annotated[Path, Option(metavar="FILE", help="the page")] = Path("playground.html"),
    no_open: Annotated[bool, Option("--no-open", help="write it, and open no browser")] = False,
) -> None:
    """Write the playground, and open it: any formula drawn, judged, and trained beside relu, in one offline page.

    With a FORMULA it begins with that, in the form that floats compute well, which the page alone cannot find.
    """
    from actlab.experiment import made, write_text
    from actlab.play import embedded, page

    begun = None if formula is None else embedded(filled([formula], param, learn)[0])
    made(out.parent)
    written = page(begun)
    write_text(out, written)
    print(f"Wrote {out}, {len(written.encode()) / 1000:.0f} kB: it opens offline, in any browser.")
    if not no_open and not webbrowser.open(out.resolve().as_uri()):
        print("No browser could be opened from here: open the file yourself.")
