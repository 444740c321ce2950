"""State: what a module keeps must travel with it, and copies must be copies."""

import copy
import io
import pickle
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from actlab.checks.battery.findings import WRONG, Finding
from actlab.checks.battery.registry import check, fail, failing, noted, passed
from actlab.checks.battery.subject import Subject

_BUFFER = "Keep it with self.register_buffer(name, tensor), or as a Python number; what is learned as nn.Parameter."


@check(WRONG, needs=("module",))
def constants(s: Subject) -> None:
    """No tensor is kept where .to(), .half() and state_dict() lose it; training changes nothing they do not save."""
    for owner, module in s.thing.named_modules():
        lost = next(_tensors(vars(module), ""), None)
        if lost is not None:
            name = f"{owner}.{lost}".lstrip(".")
            fail(f"self.{name} is a plain tensor: .to(), .half() and state_dict() pass it by.", _BUFFER)
    if changed := _changed_by_training(s):
        says = f"A forward pass in training mode changes self.{changed}, which state_dict() does not save."
        fail(says, _BUFFER)


@check(WRONG, needs=("module",))
def state_dict(s: Subject) -> None:
    """A state_dict loaded into a new one gives the same numbers."""
    trained, other = s.copied(), s.copied()
    with torch.no_grad():
        for place, parameter in enumerate(trained.parameters()):
            if parameter.is_floating_point():
                parameter.mul_(1.25).add_(0.0625 * (place + 1))
    stored = io.BytesIO()
    torch.save(trained.state_dict(), stored)
    stored.seek(0)
    other.load_state_dict(torch.load(stored))
    _same(trained, other, s, "after load_state_dict", "Keep every number that forward uses in state_dict.")


@check(WRONG)
def pickle_(s: Subject) -> Finding:
    """It survives pickle, as torch.save and worker processes use it."""
    if not s.is_module:
        try:
            pickle.dumps(s.thing)
        except Exception as error:
            way = f"name it file.py:{s.block.name}" if s.block is not None else "define it at the top of a file"
            return noted(f"It cannot be pickled ({type(error).__name__}): {way}.")
        return passed()
    mend = "No lambdas or local functions as attributes: a method, or a function of the file."
    with failing("It cannot be pickled", mend):
        twin = pickle.loads(pickle.dumps(s.copied()))
    _same(s.copied(), twin, s, "after pickle", "Let __getstate__ and __reduce__ keep everything.")
    return passed()


@check(WRONG, needs=("module",))
def deepcopy(s: Subject) -> None:
    """copy.deepcopy gives an equal one that shares nothing."""
    mend = "Let __init__ keep no open files, generators or results of a computation with gradients."
    with failing("It cannot be copied", mend):
        original = copy.deepcopy(s.thing)
        twin = copy.deepcopy(original)
    _same(s.thing, twin, s, "in a copy", "Let __deepcopy__ take everything, or leave it out.")
    changed = [t for t in (*twin.parameters(), *twin.buffers()) if t.is_floating_point()]
    before = [t.detach().clone() for t in changed]
    x = s.grid()
    with torch.no_grad():
        first = original.eval()(x.clone())
        for tensor in changed:
            tensor.add_(0.5)
        second = original(x.clone())
        for tensor, kept in zip(changed, before, strict=True):  # what is shared is given back as it was
            tensor.copy_(kept)
    if not torch.allclose(first, second, rtol=0, atol=0, equal_nan=True):
        fail("Changing a copy's parameters changes the original.", "Let __deepcopy__ copy tensors: x.clone().")


def _same(first: Any, second: Any, s: Subject, when: str, mend: str) -> None:
    x = s.grid()
    with torch.no_grad():
        one, two = first.eval()(x.clone()), second.eval()(x.clone())
    if not torch.allclose(one, two, rtol=0, atol=0, equal_nan=True):
        gap = (one - two).abs().max().item()
        fail(f"The numbers are other ones {when}.", mend, measured=gap, limit=0.0)


def _tensors(value: Any, path: str) -> Iterator[str]:
    """Paths of tensors in plain attributes, in lists and dicts too, not in parameters, buffers or submodules."""
    if isinstance(value, Tensor):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            if not (path == "" and key in ("_parameters", "_buffers", "_modules")):
                yield from _tensors(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            yield from _tensors(item, f"{path}[{place}]")


def _changed_by_training(s: Subject) -> str | None:
    """A plain number or unsaved buffer that a forward pass in training mode changes."""
    module = s.copied().train()
    saved = set(module.state_dict())

    def unsaved() -> dict[str, Any]:
        found = {name: tensor.clone() for name, tensor in module.named_buffers() if name not in saved}
        for key, value in vars(module).items():
            if isinstance(value, int | float):
                found[key] = torch.tensor(float(value))
        return found

    try:
        before = unsaved()
        module(s.grid())
    except Exception:
        return None  # what fails in training mode is not this check's to say
    after = unsaved()
    return next((n for n, v in before.items() if not torch.equal(v, after.get(n, v))), None)
