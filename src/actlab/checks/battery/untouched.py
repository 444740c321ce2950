"""A check changes nothing: not the module that was given, and not what torch is set to; nor is it changed by that."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.parameter import is_lazy


@contextmanager
def usual_settings() -> Iterator[None]:
    """Gradients on, no inference mode, no autocast, float32 by default: a verdict does not depend on who asks."""
    before = torch.get_default_dtype()
    logged = logging.root.manager.disable
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast("cpu", enabled=False):
        torch.set_default_dtype(torch.float32)
        logging.disable(logging.WARNING)  # compilers trace by the page into the log of who asks
        try:
            yield
        finally:
            torch.set_default_dtype(before)
            logging.disable(logged)


@contextmanager
def as_it_was(thing: Any) -> Iterator[None]:
    """A module is given back with the mode, attributes, tensors and gradients that it had."""
    modules = list(thing.modules()) if isinstance(thing, torch.nn.Module) else []
    kept = [(owner, {k: dict(v) if isinstance(v, dict) else v for k, v in vars(owner).items()}) for owner in modules]
    tensors = [t for owner in modules[:1] for t in (*owner.parameters(), *owner.buffers()) if not is_lazy(t)]
    gradients = [(tensor, tensor.grad) for tensor in tensors]
    held = [*tensors, *(gradient for _, gradient in gradients if gradient is not None)]
    states = [(tensor, tensor.data, tensor.data.clone()) for tensor in held]
    try:
        yield
    finally:
        for owner, before in kept:
            _put_back(vars(owner), before)
        for tensor in tensors:
            tensor.grad = None  # a gradient is of its tensor's dtype at each moment
        for tensor, data, numbers in states:
            tensor.data = data
            data.copy_(numbers)
        for tensor, gradient in gradients:
            tensor.grad = gradient


def _put_back(now: dict[str, Any], before: dict[str, Any]) -> None:
    """The dictionaries themselves stay, for others may hold them."""
    for name in [name for name in now if name not in before]:
        del now[name]
    for name, value in before.items():
        if isinstance(value, dict) and isinstance(now.get(name), dict):
            now[name].clear()
            now[name].update(value)
        else:
            now[name] = value
