"""A trained network out of a run, as a plain torch module."""

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral
from pathlib import Path
from typing import Any

import torch

from actlab.errors import UserError, need_one_of
from actlab.experiment import DATABASE, MOST_TEXT, Run, content, trial_from_row
from actlab.making import Applied, State, resolve
from actlab.naming import Held, Target, from_source, held, label, parse
from actlab.nn import as_module
from actlab.workflows.asked import say_code

_MOST = 2**29  # numbers of one network


def load_model(run: str | Path | Run, activation: Any, seed: int = 0, **settings: Any) -> torch.nn.Sequential:
    """The best parameters of a trial in a plain torch.nn.Sequential: Linear, activation, Linear, ...

    Args:
        run: a Run, or its folder.
        activation: as tables show it, or the callable.
        seed: of the trial.
        settings: learning_rate and others, where several were tried.

    Returns:
        A network in evaluation mode, on the CPU, in the experiment's dtype: (n, features) in, (n, classes or targets)
        out. It takes inputs as the run's pipeline makes them: `actlab.data.load`, with the seed in the split "resplit".

    Raises:
        UserError: the run has no such trial, or kept no parameters.

    >>> network = load_model("runs/wave", "relu", seed=2)
    >>> [type(layer).__name__ for layer in network], network(torch.zeros(3, 2)).shape
    (['Linear', 'ReLU', 'Linear'], torch.Size([3, 2]))
    """
    run = run if isinstance(run, Run) else Run(run)
    activation = parse(activation, kept=False).label if callable(activation) else activation
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise UserError(f"seed is a whole number, not {seed!r}.")
    rows = run.trials.loc[(run.trials["activation"] == activation) & (run.trials["seed"] == seed)]
    for name, value in settings.items():
        need_one_of("column of trials", name, list(rows.columns))
        rows = rows.loc[rows[name] == value]
    if len(rows) != 1:
        known = ", ".join(run.activations)
        raise UserError(
            f"{run.path} has {len(rows)} trials of {activation!r} with seed {seed}. It holds {known}; "
            f"seeds {sorted(set(run.trials['seed']))}. Name learning_rate= too where several were tried."
        )
    row = rows.iloc[0]
    if not isinstance(row["parameters"], str):
        raise UserError(f"{run.path} has no parameters of {activation}, seed {seed}: unfinished, or --keep none.")
    trial = trial_from_row(row["spec"])
    if len(trial.activations) != len(trial.hidden):
        raise UserError(f"{run.path / DATABASE}: {activation} names {len(trial.activations)} layers of a network.")
    file = run.path / "parameters" / Path(row["parameters"]).name  # whatever folder the database says: none outside
    say_code(run.path, [label(name) for name in trial.activations if "#" in name])  # first: to look it up may run it
    targets = [_target(run, identity) for identity in trial.activations]
    layers = [resolve(target, units) for target, units in zip(targets, trial.hidden, strict=True)]
    named = _tensors(file, row["key"] + "/", getattr(torch, trial.dtype))
    try:
        return _sequential(trial.hidden, layers, named)
    except (KeyError, RuntimeError, ValueError, TypeError, IndexError) as error:
        why = f"there is no {error}" if isinstance(error, KeyError) else str(error).partition("\n")[0]
        raise UserError(f"{file} does not hold the network of {activation}, seed {seed}: {why}.") from None


def _tensors(file: Path, prefix: str, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """What a file holds of a trial."""
    from safetensors import SafetensorError, safe_open

    if not file.is_file():
        raise UserError(f"There is no file {file}: the run's parameters are not here any more.")
    try:
        with safe_open(file, framework="pt") as held:
            names = [name for name in held.keys() if name.startswith(prefix)]  # noqa: SIM118
            numbers = sum(math.prod(held.get_slice(name).get_shape()) for name in names)
            if numbers > _MOST:
                raise UserError(f"{file} would hold {numbers:,} numbers of one network, more than {_MOST:,}.")
            found = {name.removeprefix(prefix): held.get_tensor(name) for name in names}
    except (SafetensorError, OSError, RuntimeError, ValueError, TypeError, OverflowError) as error:
        raise UserError(f"{file} cannot be read: {error}.") from None
    wrong = [name for name, tensor in found.items() if ".state." not in name and tensor.dtype != dtype]
    if wrong:
        raise UserError(f"{file} holds {wrong[0]!r} as {found[wrong[0]].dtype}, where the run has {dtype}.")
    return found


def _sequential(
    hidden: Sequence[int], applied: Sequence[Applied], named: dict[str, torch.Tensor]
) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    units = [named["0.weight"].shape[1], *hidden, named[f"{2 * len(hidden)}.weight"].shape[0]]
    for place, (before, after) in enumerate(pairwise(units)):
        linear = torch.nn.Linear(before, after, dtype=named["0.weight"].dtype)
        linear.load_state_dict({name: named[f"{2 * place}.{name}"] for name in ("weight", "bias")})
        layers.append(linear)
        if place < len(hidden):
            prefix = f"{2 * place + 1}."
            kept = {name.removeprefix(prefix): tensor for name, tensor in named.items() if name.startswith(prefix)}
            learned = kept.pop("learned", None)
            if (0 if learned is None else learned.numel()) != len(applied[place].initial):
                raise ValueError(f"{prefix}learned is not what {applied[place]} learns")
            state: State = {name.removeprefix("state."): tensor for name, tensor in kept.items()}
            layers.append(as_module(applied[place], learned, state=state))
    return torch.nn.Sequential(*layers).eval()


def _target(run: Run, identity: str) -> Target:
    """What was trained under an identity: a user's file from the copy that the run keeps, the rest by its name."""
    shown, _, source_hash = identity.partition("#")
    copy = run.path / "sources" / f"{source_hash}.py"
    try:
        if re.fullmatch("[0-9a-f]{12}", source_hash) and copy.is_file():
            file, _, name = shown.rpartition(":")
            source = content(copy, MOST_TEXT, "It is no source of an activation.")
            found = from_source(shown, file, str(copy), name, source)
            if found.identity == identity:  # else it is not what was trained
                return found
        known = held(identity, run.path / "sources")
        target = parse(known if isinstance(known, Held) or "'" in identity else label(identity))
    except UserError:
        target = None
    if target is None or target.identity != identity:
        raise UserError(f"{run.path} was trained with {shown}, whose source is not here any more as it was then.")
    return target
