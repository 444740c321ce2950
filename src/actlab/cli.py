"""The command line: parse, call one function, print. What is slow to import is imported inside the commands."""

import contextlib
import json
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from actlab.errors import UserError, did_you_mean

_INTERRUPTED = 130

app = typer.Typer(
    name="actlab",
    help="Make, check and compare activation functions for neural networks.",
    epilog="Example: actlab compare relu tanh gelu --seeds 5",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...",
        help="relu, leaky_relu(0.2), relu/tanh (one for each hidden layer), file.py:name or package.module:Name",
        show_default="relu tanh leaky_relu",
    ),
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="a run's folder")]


def _version(wanted: bool) -> None:
    if wanted:
        from actlab import __version__

        print(f"actlab {__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="say it and stop")
    ] = False,
) -> None:
    """Make, check and compare activation functions for neural networks."""


@app.command(epilog="Example: actlab compare relu tanh gelu --data digits --seeds 20 --lr 0.03,0.1")
def compare(
    names: Names = None,
    data: Annotated[
        str | None, typer.Option(help="auto, mnist, fashion_mnist, kmnist, digits, or a file.npz", show_default="auto")
    ] = None,
    seeds: Annotated[str | None, typer.Option(help="a count, or a list: 0,1,2", show_default="10")] = None,
    epochs: Annotated[str | None, typer.Option(metavar="INTEGER", show_default="25")] = None,
    lr: Annotated[
        str | None, typer.Option(help="learning rate, or several: 0.01,0.1", show_default="of the data set")
    ] = None,
    hidden: Annotated[
        str | None, typer.Option(help="units of the hidden layers, or none", show_default="128,64")
    ] = None,
    batch_size: Annotated[str | None, typer.Option(metavar="INTEGER", show_default="64")] = None,
    optimizer: Annotated[str | None, typer.Option(help="sgd, momentum or adamw", show_default="sgd")] = None,
    schedule: Annotated[str | None, typer.Option(help="constant or cosine", show_default="constant")] = None,
    weight_decay: Annotated[str | None, typer.Option(help="one or several", show_default="0")] = None,
    dropout: Annotated[str | None, typer.Option(help="one or several", show_default="0")] = None,
    init: Annotated[str | None, typer.Option(help="pytorch or gain, or both", show_default="pytorch")] = None,
    split: Annotated[
        str | None,
        typer.Option(help="standard, or tutorial (no test set: it is used for validation)", show_default="standard"),
    ] = None,
    pipeline: Annotated[
        str | None, typer.Option(help="standard, or published (a tutorial's faulty inputs)", show_default="standard")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="stacked, or plain: the loop as one writes it by hand", show_default="stacked")
    ] = None,
    spec: Annotated[Path | None, typer.Option(help="an experiment.toml; other options replace what it says")] = None,
    out: Annotated[
        Path | None, typer.Option(help="the run's folder; continued if it exists", show_default="runs/<data>-<key>")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="where the data files are; also ACTLAB_DATA")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    workers: Annotated[str | None, typer.Option(metavar="INTEGER", help="processes", show_default="one a core")] = None,
    keep: Annotated[str, typer.Option(help="parameters to keep: best (by validation loss) or none")] = "best",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="a line for each network and epoch")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the result as one JSON object on standard output")] = False,
) -> None:
    """Train networks with each activation, paired by seed, and say which serves best.

    The same command continues what was interrupted. Without names: relu, tanh and leaky_relu.
    """
    from actlab import run as runs
    from actlab.terminal import Terminal

    run = runs.compare(
        *(names or []),
        spec=spec,
        out=out,
        data_dir=data_dir,
        device=device,
        workers=_whole("--workers", workers),
        keep=keep,
        progress=Terminal(quiet=quiet, verbose=verbose),
        command=shlex.join(["actlab", *sys.argv[1:]]),
        data=data,
        seeds=None if seeds is None else _seeds(seeds),
        epochs=_whole("--epochs", epochs),
        learning_rate=_numbers("--lr", lr),
        hidden=_hidden(hidden),
        batch_size=_whole("--batch-size", batch_size),
        optimizer=optimizer,
        schedule=schedule,
        weight_decay=_numbers("--weight-decay", weight_decay),
        dropout=_numbers("--dropout", dropout),
        initialisation=None if init is None else init.split(","),
        split=split,
        pipeline=pipeline,
        engine=engine,
    )
    _print_result(run, as_json)


@app.command("list", epilog="Example: actlab list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="all facts as JSON")] = False) -> None:
    """List the catalogue: name, what it is, kinks, what is learned, other names."""
    import dataclasses

    from actlab import catalogue

    facts = catalogue.facts().values()
    if as_json:
        print(json.dumps([dataclasses.asdict(fact) for fact in facts], indent=1, ensure_ascii=False))
        return
    width = max(len(fact.name) for fact in facts)
    for fact in facts:
        notes = [f"kink at {', '.join(f'{k:g}' for k in fact.kinks)}"] if fact.kinks else []
        notes += [f"learned: {', '.join(fact.learned)}"] if fact.learned else []
        notes += [f"also {', '.join(fact.aliases)}"] if fact.aliases else []
        print(f"{fact.name:<{width}}  {fact.summary}" + (f"  [{'; '.join(notes)}]" if notes else ""))


@app.command(epilog="Example: actlab show relu --gradient")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="one activation")],
    gradient: Annotated[bool, typer.Option("--gradient", help="follow a gradient through it in numbers")] = False,
) -> None:
    """Show an activation: its facts, or with --gradient how a gradient passes through it.

    With --gradient the status is 1 where the hand-written derivative disagrees with autograd or finite differences.
    """
    from actlab import show as shows

    if not gradient:
        print(shows.card(name))
        return
    example = shows.gradient_example(name)
    print(example.render())
    raise typer.Exit(0 if example.agrees else 1)


@app.command(epilog="Example: actlab report runs/mnist-1a2b3c4d")
def report(run: RunFolder) -> None:
    """Draw a run's report again, without training."""
    from actlab.report import draw
    from actlab.store import Run

    print(draw(Run(run)))


@app.command(epilog="Example: actlab export runs/mnist-1a2b3c4d --format csv")
def export(
    run: RunFolder,
    format: Annotated[str, typer.Option(help="csv, json or parquet")] = "csv",
    out: Annotated[Path | None, typer.Option(help="folder of the files", show_default="RUN/export")] = None,
) -> None:
    """Write a run's tables (trials, curves, times, costs) as files."""
    from actlab import export as exports
    from actlab.store import Run

    for file in exports.export(Run(run), format, out or run / "export"):
        print(file)


@app.command(epilog="Example: actlab runs")
def runs(folder: Annotated[Path, typer.Argument(help="where to look")] = Path("runs")) -> None:
    """List the runs in a folder, oldest first, a line each."""
    from actlab.store import list_runs, status

    if not folder.is_dir() and folder != Path("runs"):
        raise UserError(f"There is no folder {folder}.")
    found = list_runs(folder)
    if not found:
        print(f"No runs in {folder}.", file=sys.stderr)
    for path in found:
        try:
            print(status(path))
        except UserError as error:
            print(f"{path}  cannot be read: {error}", file=sys.stderr)


@app.command(epilog="Example: actlab reproduce tutorial")
def reproduce(
    what: Annotated[str, typer.Argument(metavar="tutorial", help="the published experiment")],
    seeds: Annotated[str, typer.Option(metavar="INTEGER", help="networks for each activation and pipeline")] = "20",
    epochs: Annotated[str, typer.Option(metavar="INTEGER", help="25 as published")] = "25",
    out: Annotated[Path, typer.Option(help="folder of the two runs")] = Path("runs/tutorial"),
    data_dir: Annotated[Path | None, typer.Option(help="where the data files are; also ACTLAB_DATA")] = None,
    workers: Annotated[str | None, typer.Option(metavar="INTEGER", help="processes", show_default="one a core")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress")] = False,
) -> None:
    """Train the published tutorial's networks on its inputs and on right ones, beside its published numbers."""
    from actlab import reproduce as reproduces
    from actlab.errors import one_of
    from actlab.terminal import Terminal

    if what != "tutorial":
        raise one_of("published experiment", what, ("tutorial",))
    print(
        reproduces.tutorial(
            seeds=_whole("--seeds", seeds),
            epochs=_whole("--epochs", epochs),
            out=out,
            data_dir=data_dir,
            workers=_whole("--workers", workers),
            progress=Terminal(quiet=quiet),
        )
    )


def main() -> None:
    """Run a command; a user's mistake is one line on standard error and status 2."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a character must not lose a result
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except UserError as error:
        code = _fail(str(error))
    except typer.TyperException as error:
        code = _fail(_usage(error))
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has had enough
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        code = _fail(f"{error.filename or 'The system'}: {error.strerror or error}.")
    if code == _INTERRUPTED:  # which is also how the parser passes Ctrl-C on
        print("\nStopped. All but the last seconds is kept: the same command continues.", file=sys.stderr)
    sys.exit(code or 0)


_OPTIONS = {
    "learning_rate": "--lr", "batch_size": "--batch-size", "weight_decay": "--weight-decay", "data_dir": "--data-dir",
}  # fmt: skip


def _fail(text: str) -> int:
    if "--spec" not in sys.argv:  # settings by the names that were typed
        for name, option in _OPTIONS.items():
            text = re.sub(rf"\b{name}\b", option, text)
    print(f"actlab: {' '.join(text.split())}", file=sys.stderr)
    return 2


def _usage(error: Any) -> str:
    """A parser's complaint in one line, with the nearest command or option."""
    text = error.format_message().strip()
    context = getattr(error, "ctx", None)
    if "No such command" in text and context is not None:
        names = list(context.command.commands)
        given = text.split("'")[1] if "'" in text else ""
        return f"There is no command {given!r}.{did_you_mean(given, names)} Allowed: {', '.join(names)}."
    path = context.command_path if context is not None else "actlab"
    return f"{text.rstrip('.')}. See `{path} --help`."


def _numbers(option: str, text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"{option} is {text!r}; it must be a number, or several with commas: 0.01,0.1.") from None


def _whole(option: str, text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        raise UserError(f"{option} is {text!r}; it must be a whole number.") from None


def _seeds(text: str) -> int | list[int]:
    try:
        values = [int(part) for part in text.removesuffix(",").split(",")]
    except ValueError:
        values = []
    if not values:
        raise UserError(f"--seeds is {text!r}; it must be a count such as 10, or a list such as 0,1,2.")
    return values if "," in text else values[0]


def _hidden(text: str | None) -> list[int] | None:
    if text is None:
        return None
    if text == "none":
        return []
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"--hidden is {text!r}; it must be units a layer, such as 128,64, or none.") from None


def _print_result(run: Any, as_json: bool) -> None:
    from actlab.report import summarise

    summary = summarise(run)
    if as_json:
        told = summary.as_json()
        activations = [{"name": row.pop("arm"), **row} for row in told.pop("table")]
        about = {"run": str(run.path), "environment": run.environments[-1]}
        print(json.dumps(about | {"activations": activations} | told, allow_nan=False))
        return
    print(summary.as_text())
    print(f"Report: {run.path / 'report' / 'index.html'}")


if __name__ == "__main__":
    main()
