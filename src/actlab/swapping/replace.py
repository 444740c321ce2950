"""`swap`: another activation in every place where a model holds one."""

import copy
import dataclasses
import fnmatch
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from actlab import catalogue, targets
from actlab.activations.resolve import resolve
from actlab.errors import UserError, did_you_mean
from actlab.nn import as_module
from actlab.swapping.calls import Call, functional_calls, is_call_of
from actlab.swapping.known import is_activation, is_function, matches, title

Where = str | re.Pattern[str] | int | Sequence[int] | None


@dataclasses.dataclass(frozen=True)
class Held:
    """An activation in a model: the dotted name of its place, what is there and, if it was replaced, what was."""

    name: str
    is_now: str
    was: str = ""

    def __str__(self) -> str:
        return f"{self.name or '(the model itself)'}: {self.was + ' -> ' if self.was else ''}{self.is_now}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """What `swap` replaced, which activations it left, and the calls of functions that it cannot replace."""

    replaced: tuple[Held, ...]
    left: tuple[Held, ...]
    calls: tuple[Call, ...]

    def __str__(self) -> str:
        parts = [_section(f"Replaced {_count(len(self.replaced))}:", self.replaced)]
        if self.left:
            parts.append(_section(f"Left {_count(len(self.left))}:", self.left))
        if self.calls:
            head = "Called as functions, out of reach (hold a module instead: self.act = torch.nn.ReLU()):"
            parts.append(_section(head, self.calls))
        return "\n".join(parts)


@dataclasses.dataclass(frozen=True)
class _Site:
    """A place that holds an activation: a submodule, or a function kept as an attribute."""

    name: str
    owner: torch.nn.Module | None  # None: the model itself is the activation
    key: str
    thing: Any


def swap(model: torch.nn.Module, old: Any, new: Any = None, *, where: Where = None) -> Report:
    """Replace activations of a model, in place, and say what was replaced.

    `old` is a class, a class's name ("ReLU"), a catalogue name, or "any"; or a dict of old to new. `new` is what names
    an activation elsewhere ("mish", "leaky_relu(0.2)", "mine.py:f", a formula), a torch.nn.Module class, or an
    instance, which is copied for every place. `where` limits the places: a glob on the dotted name ("encoder.*"), a
    compiled regular expression, or numbers of the activations that match, in the model's order. What is learned
    starts anew in every place, on the model's device and in its dtype; what was shared stays shared.

    Raises: UserError where nothing is replaced, with the activations that the model has.

    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1), torch.nn.Tanh())
    >>> print(swap(model, "ReLU", "mish"))
    Replaced 1 activation:
      1: ReLU -> Mish
    Left 1 activation:
      3: Tanh
    >>> model[1]
    Mish()
    """
    if not isinstance(model, torch.nn.Module):
        raise UserError(f"swap takes a torch.nn.Module, not {type(model).__name__}.")
    if isinstance(old, torch.nn.Module):
        old = type(old)
    wishes = dict(old) if isinstance(old, Mapping) else {old: new}
    if isinstance(old, Mapping) == (new is not None):
        raise UserError("swap takes what to replace and by what: swap(model, 'ReLU', 'mish'), or a dict of old to new.")
    makers = {kind: _maker(wish) for kind, wish in wishes.items()}
    sites = _sites(model, tuple(wishes))
    chosen = _chosen(sites, wishes, where)
    calls = functional_calls(model)
    if not chosen:
        raise UserError(_nothing(model, sites, wishes, where, calls))
    shared: dict[int, torch.nn.Module] = {}
    replaced = []
    for site, kind in chosen:
        was = title(site.thing)
        replaced.append(Held(site.name, _put(model, site, makers[kind], shared), was))
    touched = {held.name for held in replaced}
    left = tuple(Held(site.name, title(site.thing)) for site in sites if site.name not in touched)
    out_of_reach = tuple(call for call in calls if any(is_call_of(call, kind) for kind in wishes))
    return Report(replaced=tuple(replaced), left=left, calls=out_of_reach)


def _sites(model: torch.nn.Module, wanted: tuple[Any, ...]) -> list[_Site]:
    """Every place that holds an activation, in the model's order. What is shared has several places."""

    def counts(module: torch.nn.Module) -> bool:
        return is_activation(module) or any(kind != "any" and matches(module, kind) for kind in wanted)

    def within(owner: torch.nn.Module, prefix: str) -> Iterator[_Site]:
        for key, thing in vars(owner).items():
            if is_function(thing):
                yield _Site(prefix + key, owner, key, thing)
        for key, child in owner._modules.items():
            if child is not None and counts(child):
                yield _Site(prefix + key, owner, key, child)  # what is inside an activation belongs to it
            elif child is not None:
                yield from within(child, f"{prefix}{key}.")

    return [_Site("", None, "", model)] if counts(model) else list(within(model, ""))


def _chosen(sites: list[_Site], wishes: Mapping[Any, Any], where: Where) -> list[tuple[_Site, Any]]:
    """The sites to change, each with the wish that it meets first."""
    wanted = [(site, kind) for site in sites for kind in [_first(site, wishes)] if kind is not None]
    if where is None:
        return wanted
    if isinstance(where, str):
        return [(site, kind) for site, kind in wanted if fnmatch.fnmatchcase(site.name, where)]
    if isinstance(where, re.Pattern):
        return [(site, kind) for site, kind in wanted if where.search(site.name)]
    numbers = [where] if isinstance(where, int) else list(where)
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in numbers):
        raise UserError("where is a glob ('encoder.*'), a compiled regular expression, or numbers such as [0, -1].")
    if beyond := [n for n in numbers if not -len(wanted) <= n < len(wanted)]:
        names = ", ".join(f"{n} {site.name}" for n, (site, _) in enumerate(wanted))
        raise UserError(f"where={beyond[0]}: {len(wanted)} activations match, {names or 'none'}.")
    places = {n % len(wanted) for n in numbers}
    return [pair for place, pair in enumerate(wanted) if place in places]


def _first(site: _Site, wishes: Mapping[Any, Any]) -> Any:
    return next((kind for kind in wishes if matches(site.thing, kind)), None)


def _maker(new: Any) -> Callable[[], torch.nn.Module]:
    """What makes the new activation, once for every place."""
    if isinstance(new, torch.nn.Module):
        return lambda: copy.deepcopy(new)
    if isinstance(new, type) and issubclass(new, torch.nn.Module):
        try:
            new()
        except TypeError as error:
            raise UserError(
                f"{new.__name__}() cannot be made without arguments ({error}): give an instance of it, which is copied."
            ) from None
        return new
    applied = resolve(targets.parse(new))
    return lambda: as_module(applied)


def _put(
    model: torch.nn.Module, site: _Site, make: Callable[[], torch.nn.Module], shared: dict[int, torch.nn.Module]
) -> str:
    """Put a new activation in a place. What is found at several places is replaced by one new module at all of them."""
    key = id(site.thing) if isinstance(site.thing, torch.nn.Module) else id(site)
    if key not in shared:
        mode = site.thing if isinstance(site.thing, torch.nn.Module) else site.owner
        shared[key] = _like(model, site, make()).train(mode.training)
    fresh = shared[key]
    now = title(fresh)
    if site.owner is None:
        _become(site.thing, fresh)
    else:
        if hasattr(site.owner, "activation_relu_or_gelu") and site.key == "activation":
            site.owner.activation_relu_or_gelu = 0  # or torch's fast path would go on with the old one
        setattr(site.owner, site.key, fresh)  # a function kept as an attribute goes: a module has another home
    return now


def _like(model: torch.nn.Module, site: _Site, fresh: torch.nn.Module) -> torch.nn.Module:
    """On the device and in the dtype of the parameters that are nearest above it in the model."""
    path = site.name.split(".")[:-1]
    for depth in range(len(path), -1, -1):
        near = model.get_submodule(".".join(path[:depth]))
        for tensor in (*near.parameters(), *near.buffers()):
            if tensor.is_floating_point():
                return fresh.to(device=tensor.device, dtype=tensor.dtype)
    return fresh


def _become(module: torch.nn.Module, other: torch.nn.Module) -> None:
    """Turn the model itself into another module: whoever holds it holds the new one."""
    module.__class__ = type(other)
    vars(module).clear()
    vars(module).update(vars(other))


def _nothing(
    model: torch.nn.Module, sites: list[_Site], wishes: Mapping[Any, Any], where: Where, calls: tuple[Call, ...]
) -> str:
    """The message for a swap that replaces nothing: what the model has instead."""
    kinds = Counter(title(site.thing) for site in sites)
    wanted = ", ".join(kind.__name__ if isinstance(kind, type) else repr(kind) for kind in wishes)
    text = f"{type(model).__name__} holds no {wanted}" + ("" if where is None else f" at {_shown(where)}") + "."
    if kinds:
        near = "".join(did_you_mean(kind, kinds) for kind in wishes if isinstance(kind, str) and kind not in kinds)
        held = ", ".join(f"{kind} ({count})" if count > 1 else kind for kind, count in kinds.items())
        text += f"{near} It holds: {held}"
        text += f", first at {sites[0].name or 'the top'}." if where is not None else "."
    else:
        text += " It holds no activation at all."
    unknown = [k for k in wishes if isinstance(k, str) and k != "any" and k not in kinds and not catalogue.is_name(k)]
    if unknown and not kinds:
        text += did_you_mean(unknown[0], catalogue.facts())
    if calls:
        text += f" It calls {calls[0]}: out of reach; hold a module instead (self.act = torch.nn.ReLU())."
    return text


def _shown(where: Where) -> str:
    return repr(where.pattern) if isinstance(where, re.Pattern) else repr(where)


def _count(number: int) -> str:
    return f"{number} activation{'s' if number != 1 else ''}"


def _section(head: str, items: Sequence[object]) -> str:
    return "\n".join([head, *(f"  {item}" for item in items)])
