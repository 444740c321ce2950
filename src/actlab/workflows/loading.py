"""A trained network out of a run, as a plain torch module."""

from numbers import Integral
from pathlib import Path
from typing import Any

import torch

from actlab.errors import UserError, need_one_of
from actlab.experiment import Run, Trial, trial_from_row
from actlab.making import State, resolve
from actlab.naming import Held, Target, from_source, held, label, parse
from actlab.nn import as_module


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
    from safetensors import safe_open

    with safe_open(run.path / row["parameters"], framework="pt") as file:
        prefix = row["key"] + "/"
        named = {k.removeprefix(prefix): file.get_tensor(k) for k in file.keys() if k.startswith(prefix)}  # noqa: SIM118
    return _sequential(run, trial_from_row(row["spec"]), named)


def _sequential(run: Run, trial: Trial, named: dict[str, torch.Tensor]) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    targets = [_target(run, identity) for identity in trial.activations]
    for place in range(len(trial.hidden) + 1):
        weight = named[f"{2 * place}.weight"]
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
        linear.load_state_dict({"weight": weight, "bias": named[f"{2 * place}.bias"]})
        layers.append(linear)
        if place < len(trial.hidden):
            prefix = f"{2 * place + 1}."
            kept = {name.removeprefix(prefix): tensor for name, tensor in named.items() if name.startswith(prefix)}
            learned, applied = kept.pop("learned", None), resolve(targets[place], trial.hidden[place])
            state: State = {name.removeprefix("state."): tensor for name, tensor in kept.items()}
            layers.append(as_module(applied, learned, state=state))
    return torch.nn.Sequential(*layers).eval()


def _target(run: Run, identity: str) -> Target:
    """What was trained under an identity: a user's file from the copy that the run keeps, the rest by its name."""
    shown, _, source_hash = identity.partition("#")
    copy = run.path / "sources" / f"{source_hash}.py"
    if source_hash and copy.is_file():
        file, _, name = shown.rpartition(":")
        return from_source(shown, file, str(copy), name, copy.read_bytes())
    try:
        known = held(identity, run.path / "sources")
        target = parse(known if isinstance(known, Held) or "'" in identity else label(identity))
    except UserError:
        target = None
    if target is None or target.identity != identity:
        raise UserError(f"{run.path} was trained with {shown}, whose source is not here any more as it was then.")
    return target
