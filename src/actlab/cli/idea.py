"""`actlab try`: from an idea to an answer."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from actlab.cli.app import Learn, Param, app
from actlab.cli.options import DATA, Details, Loss, MetricName, Standardise, Target, filled, parse_whole
from actlab.running import processes


@app.command("try", epilog='Example: actlab try "x * tanh(softplus(x))"')
def try_(
    target: Annotated[str, Argument(metavar="TARGET", help="a formula in quotes, a name, file.py:name, ...")],
    param: Param = None,
    learn: Learn = None,
    baseline: Annotated[str, Option(help="what it is trained beside")] = "relu",
    data: Annotated[str, Option(help=DATA)] = "digits",
    column: Target = None,
    loss: Loss = None,
    metric: MetricName = None,
    standardise: Standardise = None,
    seeds: Annotated[str, Option(metavar="INTEGER", help="networks of each")] = "20",
    out: Annotated[Path | None, Option(help="folder of the page", show_default="runs/try-<name>")] = None,
    data_dir: Annotated[Path | None, Option(help="where the data files are; also ACTLAB_DATA")] = None,
    workers: Annotated[str | None, Option(metavar="INTEGER", help="processes", show_default="one a core")] = None,
    as_json: Annotated[bool, Option("--json", help="the answer as one JSON object")] = False,
    details: Details = False,
    quiet: Annotated[bool, Option("--quiet", "-q", help="no progress")] = False,
) -> None:
    """Check an activation, find what it is near to, train it beside relu on digits, and show it all on one page.

    The status is 0 whatever is found; `actlab check` says by its status whether it is sound.
    """
    with processes.sigint_held():
        from actlab.cli.terminal import Terminal, said
        from actlab.workflows import attempt

    tried = attempt(
        filled([target], param, learn)[0], baseline=baseline, data=data, target=column, loss=loss, metric=metric,
        standardise=standardise, seeds=parse_whole("--seeds", seeds) or 0, out=out, data_dir=data_dir,
        workers=parse_whole("--workers", workers), progress=Terminal(quiet=quiet),
        command=shlex.join(["actlab", *sys.argv[1:]]),
    )  # fmt: skip
    summary = tried.summary
    if as_json:
        told = {"check": tried.verdict.as_dict(), "page": str(tried.page), "untrained": tried.untrained}
        told["cost"] = summary.cost_said if summary else ""
        print(json.dumps(told | {"comparison": summary.as_json() if summary else None}, allow_nan=False))
        return
    print(tried.verdict)
    print()
    print(said(summary, details) if summary else f"Not trained. {tried.untrained}")
    if summary and summary.cost_said and details:
        print(summary.cost_said)
    print(f"Page: {tried.page}")
