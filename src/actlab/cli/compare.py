"""`actlab compare` and `actlab reproduce`: what trains."""

import json
import shlex
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from actlab.cli import options
from actlab.cli.app import Learn, Param, app
from actlab.errors import UserError, need_one_of
from actlab.running import processes

if TYPE_CHECKING:
    from actlab.experiment import Run

Names = Annotated[
    list[str] | None,
    Argument(
        metavar="[NAME]...",
        help="relu, leaky_relu(0.2), relu/tanh (one for each hidden layer), file.py:name, package.module:Name, "
        "or a formula in quotes: 'x * tanh(softplus(x))'",
        show_default="relu tanh leaky_relu",
    ),
]


@app.command(epilog="Example: actlab compare relu tanh gelu --data digits --seeds 20 --lr 0.03,0.1,0.3")
def compare(
    names: Names = None,
    data: options.Data = None,
    target: options.Target = None,
    seeds: Annotated[str | None, Option(help="a count, or a list: 0,1,2", show_default="10")] = None,
    epochs: Annotated[str | None, Option(metavar="INTEGER", show_default="25")] = None,
    lr: Annotated[
        str | None,
        Option(
            help="learning rate; of several each activation gets its best", show_default="of the data set; adamw 0.001"
        ),
    ] = None,
    tune: Annotated[bool, Option("--tune", help="choose each activation's learning rate from the usual ones")] = False,
    hidden: options.Hidden = None,
    batch_size: Annotated[str | None, Option(metavar="INTEGER", show_default="64")] = None,
    optimizer: Annotated[str | None, Option(help="sgd, momentum or adamw", show_default="sgd")] = None,
    schedule: Annotated[str | None, Option(help="constant or cosine", show_default="constant")] = None,
    weight_decay: Annotated[str | None, Option(help="one, or several to choose from", show_default="0")] = None,
    dropout: Annotated[str | None, Option(help="one, or several to choose from", show_default="0")] = None,
    init: Annotated[
        str | None, Option(help="pytorch or gain, or pytorch,gain to choose from", show_default="pytorch")
    ] = None,
    loss: options.Loss = None,
    metric: options.MetricName = None,
    split: Annotated[
        str | None,
        Option(help="standard, tutorial (no test set: it is used for validation) or resplit", show_default="standard"),
    ] = None,
    resplit: Annotated[
        bool, Option("--resplit", help="each seed trains and tests on a split of its own: --split resplit")
    ] = False,
    standardise: options.Standardise = None,
    pipeline: Annotated[
        str | None,
        Option(help="standard, features, or published (a tutorial's faulty inputs)", show_default="standard"),
    ] = None,
    engine: Annotated[
        str | None, Option(help="stacked, or plain: the loop as one writes it by hand", show_default="stacked")
    ] = None,
    baseline: Annotated[str | None, Option(help="what the others are compared with", show_default="the first")] = None,
    margin: Annotated[
        str | None,
        Option(
            metavar="NUMBER",
            help="the smallest difference that matters: in points of accuracy, else in the metric's unit",
            show_default="of the data set",
        ),
    ] = None,
    until_decided: Annotated[
        bool, Option("--until-decided", help="add seeds until every comparison is decided")
    ] = False,
    max_seeds: Annotated[
        str | None, Option(metavar="INTEGER", help="with --until-decided: no more than these", show_default="60")
    ] = None,
    confirm: Annotated[bool, Option("--confirm", help="then train the leader and the baseline on fresh seeds")] = False,
    mixed: Annotated[
        bool, Option("--mixed", help="compare networks of one seed although machines of different kinds trained them")
    ] = False,
    force: Annotated[bool, Option("--force", help="train although preflight finds an error")] = False,
    param: Param = None,
    learn: Learn = None,
    spec: Annotated[Path | None, Option(help="an experiment.toml; other options replace what it says")] = None,
    out: Annotated[
        Path | None, Option(help="the run's folder; continued if it exists", show_default="runs/<data>-<key>")
    ] = None,
    data_dir: Annotated[Path | None, Option(help="where the data files are; also ACTLAB_DATA")] = None,
    device: Annotated[str, Option(help="auto, cpu or cuda")] = "auto",
    workers: Annotated[str | None, Option(metavar="INTEGER", help="processes", show_default="measured")] = None,
    stack_size: Annotated[
        str | None, Option(metavar="INTEGER", help="networks trained together", show_default="measured")
    ] = None,
    memory: Annotated[
        str | None, Option(metavar="SIZE", help="of all processes: 8GB", show_default="half of the machine's")
    ] = None,
    keep: Annotated[str, Option(help="parameters to keep: best (by validation loss) or none")] = "best",
    inside: Annotated[
        str | None,
        Option(
            help="measure hidden layers at epochs 0, 1, 2, 4, 8, ... and the last, or at every", show_default="doubling"
        ),
    ] = None,
    no_inside: Annotated[bool, Option("--no-inside", help="measure no hidden layers")] = False,
    verbose: Annotated[bool, Option("--verbose", "-v", help="a line for each network and epoch")] = False,
    quiet: Annotated[bool, Option("--quiet", "-q", help="no progress")] = False,
    details: options.Details = False,
    as_json: Annotated[bool, Option("--json", help="the result as one JSON object on standard output")] = False,
) -> None:
    """Train networks with each activation, paired by seed, and say which serves best.

    The same command continues what was interrupted. Without names: relu, tanh and leaky_relu.
    """
    most_workers = options.parse_whole("--workers", workers)
    with processes.sigint_held():  # while torch is loaded a Ctrl-C is lost, or ends in an abort
        if most_workers != 1:
            processes.prepare("actlab.cli.entry")  # it loads torch while this process does
        from actlab import workflows
        from actlab.cli.terminal import Terminal
        from actlab.stats import LEAST_PAIRS

    if max_seeds is not None and not until_decided:
        raise UserError("--max-seeds bounds --until-decided: name both, or only --seeds.")
    most_seeds = options.parse_whole("--max-seeds", "60" if max_seeds is None else max_seeds) or 0
    if most_seeds < LEAST_PAIRS:  # 0 would switch it off
        raise UserError(f"--max-seeds is {most_seeds}; a verdict takes {LEAST_PAIRS} seeds at least.")
    how: dict[str, Any] = {
        "data_dir": data_dir, "device": device, "workers": most_workers, "memory": memory, "keep": keep, "force": force,
        "stack_size": options.parse_whole("--stack-size", stack_size),
        "inside": options.parse_inside(inside, no_inside), "progress": Terminal(quiet=quiet, verbose=verbose),
        "command": shlex.join(["actlab", *sys.argv[1:]]),
    }  # fmt: skip
    run = workflows.compare(
        *options.filled(names or [], param, learn), spec=spec, out=out, tune=tune, **how, data=data, target=target,
        seeds=options.parse_seeds(seeds), epochs=options.parse_whole("--epochs", epochs), optimizer=optimizer,
        learning_rate=options.parse_numbers("--lr", lr), hidden=options.parse_hidden(hidden), schedule=schedule,
        batch_size=options.parse_whole("--batch-size", batch_size),
        weight_decay=options.parse_numbers("--weight-decay", weight_decay),
        dropout=options.parse_numbers("--dropout", dropout), initialisation=None if init is None else init.split(","),
        loss=loss, metric=metric, split=options.parse_split(split, resplit), pipeline=pipeline, standardise=standardise,
        engine=engine, baseline=baseline, margin=options.parse_number("--margin", margin),
        max_seeds=most_seeds if until_decided else None, mixed=mixed or None,
    )  # fmt: skip
    again = None
    if confirm:
        from actlab.workflows import confirm as train_again

        again = train_again(run, **how)
    _print_result(run, as_json, again, confirm, details)


@app.command(epilog="Example: actlab reproduce tutorial")
def reproduce(
    what: Annotated[str, Argument(metavar="tutorial", help="the published experiment")],
    seeds: Annotated[str, Option(metavar="INTEGER", help="networks for each activation and pipeline")] = "20",
    epochs: Annotated[str, Option(metavar="INTEGER", help="25 as published")] = "25",
    out: Annotated[Path, Option(help="folder of the two runs")] = Path("runs/tutorial"),
    data_dir: Annotated[Path | None, Option(help="where the data files are; also ACTLAB_DATA")] = None,
    workers: Annotated[str | None, Option(metavar="INTEGER", help="processes", show_default="one a core")] = None,
    quiet: Annotated[bool, Option("--quiet", "-q", help="no progress")] = False,
) -> None:
    """Train the published tutorial's networks on its inputs and on right ones, beside its published numbers."""
    with processes.sigint_held():
        from actlab import workflows
        from actlab.cli.terminal import Terminal

    need_one_of("published experiment", what, ("tutorial",))
    counts = {"seeds": options.parse_whole("--seeds", seeds), "epochs": options.parse_whole("--epochs", epochs)}
    few = options.parse_whole("--workers", workers)
    print(workflows.tutorial(**counts, out=out, data_dir=data_dir, workers=few, progress=Terminal(quiet=quiet)))


def _print_result(run: "Run", as_json: bool, again: "Run | None", confirm: bool, details: bool) -> None:
    from actlab.cli.terminal import said
    from actlab.results import summarise
    from actlab.workflows import confirmed

    summary, anew = summarise(run), again and summarise(again)
    if as_json:
        told = summary.as_json()
        activations = [{"name": row.pop("arm"), **row} for row in told.pop("table")]
        about = {"run": str(run.path), "environment": run.environments[-1]}
        if confirm:
            told["confirmation"] = anew and anew.as_json()
        print(json.dumps(about | {"activations": activations} | told, allow_nan=False))
        return
    print(said(summary, details))
    if confirm:
        nobody = "Nothing that learned is ahead of the baseline: there is nothing to confirm."
        print(textwrap.fill(confirmed(anew) if anew else nobody, 100))
    print(f"Report: {run.path / 'report' / 'index.html'}")
    if again is not None:
        print(f"Of the fresh seeds: {again.path / 'report' / 'index.html'}")
