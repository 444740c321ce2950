"""Exercise 5.2. Told apart: each part's own scale, batches that count alike, no copy, an epoch that test chose."""

from collections.abc import Iterator
from functools import partial
from types import ModuleType
from typing import Any

import torch

_NEAR = 1e-6
_LOSSES = {  # seven epochs; each part has its least in another one, and none in the last
    "training": [3.0, 2.0, 1.0, 0.5, 0.6, 0.7, 0.9],
    "validation": [6.0, 1.0, 2.0, 2.5, 1.5, 4.0, 5.0],
    "test": [3.5, 2.0, 0.5, 1.5, 2.0, 1.0, 2.5],
}
_KEPT = {
    1: "the first, with the highest loss. It is to be the one with the least.",
    3: "the one that test chose. Test is to judge; what it has chosen it cannot judge any more.",
    4: "the one that training chose. Training falls on and on. Who has not learned from these samples, and may choose?",
    5: "the last that was better than the one before it. It is to be the best of all.",
    7: "the last. state_dict() shows the network's own parameters, in which training goes on: kept is what is copied.",
}


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """The three functions, each by itself."""
    for look in (_normalised, _accuracy, _best):
        name = look.__name__.removeprefix("_")
        says = look(getattr(module, name))
        yield not says, f"{name}: {says or 'right, on tables of the check as well.'}"


def _normalised(function: Any) -> str:
    for training in (base := torch.arange(48, dtype=torch.float64).reshape(12, 4).sin(), 40 + 9 * base[:9]):
        part = 1.5 * training[:6] + 2
        given, first, own = (function(one.clone(), training.clone()) for one in (part, part[:2], training))
        if not isinstance(given, torch.Tensor) or given.shape != part.shape:
            return "it does not give a tensor with a number for each pixel."
        if not torch.allclose(given[:2], first):
            return "a digit comes out otherwise if others stand beside it in its part. Whose mean and deviation is it?"
        if torch.allclose(given, own[:6]):
            return "images come out as others do that are brighter and have more contrast: each by its own numbers."
        if not (own.mean().abs() < _NEAR and abs(own.std() - 1) < 0.1):  # pixel by pixel, or by n, is as right
            return "the training part does not get a mean of 0 and a deviation of 1."
    return ""


def _accuracy(function: Any) -> str:
    for n, wrong, batch in ((130, 1, 64), (128, 32, 64), (10, 5, 64), (50, 1, 7)):
        y = torch.arange(n) % 3
        right = (torch.arange(n) < n - wrong).double()  # the last are wrong
        x = torch.eye(3, dtype=torch.float64)[(y + 1 - right.long()) % 3]
        shares, true = [one.mean() for one in right.split(batch)], n - wrong
        known = (
            (true / n, ""),
            (100 * true / n, "that is in percent. A share is asked, from 0 to 1."),
            (sum(shares) / len(shares), f"the last batch has {n % batch}, and counts as a full one."),
            (true / len(shares) / batch, "it divides as if all batches were full."),
            (sum(shares[:-1]) / max(len(shares) - 1, 1), "the last batch is left out."),
        )
        given = float(function(torch.nn.Identity(), x, y, batch))
        case = f"{true} of {n} are right, {batch} to a batch, and it says {given:.4f}"
        says = next((says for one, says in known if abs(given - one) < _NEAR), f"it should be {true / n:.4f}.")
        if says:
            return f"{case}: {says}"
    return ""


def _best(function: Any) -> str:
    epochs = range(1, len(_LOSSES["test"]) + 1)
    for first, step in ((0, 1), (0, -1), (1, 1), (1, -1)):  # behind `first` the least is that of an end
        lists = {part: (values[first:] + values[:first])[::step] for part, values in _LOSSES.items()}
        torch.nn.init.zeros_((network := torch.nn.Linear(1, 1)).weight)
        kept = function(network, _train, partial(_losses, lists), len(epochs))
        if not isinstance(kept, torch.nn.Linear):
            return f"it gives back a {type(kept).__name__}; the network is asked, with the parameters that were kept."
        epoch = _epoch(kept)
        if epoch != min(epochs, key=lambda number: lists["validation"][number - 1]):
            why = None if first or step < 0 else _KEPT.get(epoch)
            return f"of {len(epochs)} epochs it keeps {why or f'number {epoch}, which is not that of the least loss.'}"
    return ""


def _train(network: torch.nn.Linear) -> None:
    with torch.no_grad():
        network.weight += 1  # after epoch n it is n


def _epoch(network: torch.nn.Linear) -> int:
    return round(network.weight.item())


def _losses(lists: dict[str, list[float]], network: torch.nn.Linear) -> dict[str, float]:
    return {part: values[_epoch(network) - 1] for part, values in lists.items()}
