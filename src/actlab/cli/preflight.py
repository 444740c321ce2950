"""`actlab preflight` and `actlab doctor`: what is wrong before any time is spent."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from actlab.cli.app import Learn, Param, app
from actlab.cli.compare import Names
from actlab.cli.options import Data, Hidden, Loss, Standardise, Target, filled, parse_hidden, parse_number, parse_split
from actlab.errors import UserError

if TYPE_CHECKING:
    from actlab.preflight import Finding

AsJson = Annotated[bool, Option("--json", help="the findings as one JSON object")]


@app.command(epilog="Example: actlab preflight relu tanh --data measured.npz --hidden 64")
def preflight(
    names: Names = None,
    data: Data = None,
    target: Target = None,
    loss: Loss = None,
    split: Annotated[str | None, Option(help="standard, tutorial or resplit", show_default="standard")] = None,
    resplit: Annotated[bool, Option("--resplit", help="the split of the first seed: --split resplit")] = False,
    standardise: Standardise = None,
    pipeline: Annotated[str | None, Option(help="standard, features or published", show_default="standard")] = None,
    hidden: Hidden = None,
    init: Annotated[str | None, Option(help="pytorch or gain, or both", show_default="pytorch")] = None,
    param: Param = None,
    learn: Learn = None,
    spec: Annotated[Path | None, Option(help="an experiment.toml; other options replace what it says")] = None,
    data_dir: Annotated[Path | None, Option(help="where the data files are; also ACTLAB_DATA")] = None,
    as_json: AsJson = False,
) -> None:
    """Look at data and networks before training: what would make the result mean something else than it seems to.

    The status is 0 where nothing is an error, 1 where something is.
    """
    from actlab import data as sets
    from actlab.experiment import Experiment, loss_for
    from actlab.making import resolve
    from actlab.preflight import preflight as look

    named = filled(names or [], param, learn)
    wanted = vars(Experiment.read(spec)) if spec else {}
    given = {
        "activations": named or None,
        "data": data,
        "target": target or (data and ""),  # that of a spec goes with its data
        "split": parse_split(split, resplit),
        "pipeline": pipeline,
        "standardise": standardise,
        "hidden": parse_hidden(hidden),
        "initialisation": None if init is None else init.split(","),
    }
    wanted |= {name: value for name, value in sets.named(given)[0].items() if value is not None}
    experiment = Experiment.from_dict({"data": "auto"} | wanted)
    for layers in experiment.layers.values():  # wrong names are told before anything is fetched
        for layer in layers:
            resolve(layer)
    name, note = (experiment.data, "") if experiment.data != "auto" else sets.resolve_auto(data_dir=data_dir)
    if note:
        print(f"Looking at {name}, {note}.", file=sys.stderr)
    seed = experiment.seeds[0]
    dataset = sets.load(
        name,
        target=experiment.target,
        loss=loss or ("" if data else wanted.get("loss", "")),  # that of a spec goes with its data
        split=experiment.split,
        pipeline=experiment.pipeline,
        seed=seed,
        data_dir=data_dir,
    )
    for line in dataset.said:
        print(line, file=sys.stderr)
    learned = loss_for(dataset.targets)
    experiment = dataclasses.replace(experiment, loss=learned.name, metric=learned.metrics[0])
    split_told = f"resplit by seed {seed}" if dataset.pool else experiment.split
    told = f"{dataset.title}, split {split_told}, pipeline {experiment.pipeline}: {len(dataset.train.y)} samples"
    _tell(look(dataset, experiment), f"{told} to train on.", as_json)


@app.command(epilog="Example: actlab doctor --json")
def doctor(
    timeout: Annotated[str, Option(metavar="SECONDS", help="how long to wait for the network")] = "2",
    as_json: AsJson = False,
) -> None:
    """Look at this machine: Python and torch, device, cores, memory, extras, data, and mirrors.

    The status is 0 where nothing is an error, 1 where something is.
    """
    from actlab.preflight import doctor as look

    seconds = parse_number("--timeout", timeout) or 0.0
    if not 0 < seconds <= 60:
        raise UserError(f"--timeout is {timeout}; it must be above 0 and at most 60 seconds.")
    _tell(look(seconds), "This machine:", as_json)


def _tell(findings: "Sequence[Finding]", title: str, as_json: bool) -> None:
    """The findings, a line each, and a status of 1 where one is an error."""
    counts = {level: sum(f.level == level for f in findings) for level in ("error", "warning", "note")}
    if as_json:
        print(json.dumps({"counts": counts, "findings": [f.as_dict() for f in findings]}, allow_nan=False))
    else:
        print(title)
        for finding in findings:
            print(finding)
        print(", ".join(f"{n} {level}{'' if n == 1 else 's'}" for level, n in counts.items()) + ".")
    raise typer.Exit(1 if counts["error"] else 0)
