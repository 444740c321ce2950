"""Where a model holds activations: as submodules, as functions kept as attributes, and inside lists, dicts and partials
that it keeps.
"""

import copy
import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch

from actlab.making import Called
from actlab.nn import Block
from actlab.swapping.known import is_function, is_meant, name_of, why_not

_OWN = frozenset(vars(torch.nn.Module()))
Put = Callable[[Any], None]
Layers = list[tuple[str, torch.nn.Module]]


@dataclasses.dataclass(frozen=True, eq=False)
class Site:
    """A place that holds an activation; or what has the name of one and is none, with the reason."""

    name: str
    thing: Any
    above: tuple[torch.nn.Module, ...] = ()  # the modules around it, the nearest first; none: it is the model itself
    put: Put | None = None
    why: str = ""


def sites_in(model: torch.nn.Module, wanted: tuple[Any, ...]) -> tuple[list[Site], Layers]:
    """Every place that holds an activation, in the model's order, and the modules between: what is shared has several
    places. What is inside an activation belongs to it.
    """
    layers: Layers = []
    # by its name too, since a small model may do what an activation does
    if any(is_meant(model, kind) for kind in wanted) or (_is_named(model) and not why_not(model)):
        return [Site("", model)], layers
    return list(_within(model, "", (model,), wanted, layers)), layers


def _is_named(module: torch.nn.Module) -> bool:
    return isinstance(module, Block | Called) or name_of(module) not in (None, "identity")


def _within(
    owner: torch.nn.Module, prefix: str, above: tuple[torch.nn.Module, ...], wanted: tuple[Any, ...], layers: Layers
) -> Iterator[Site]:
    layers.append((prefix.removesuffix("."), owner))
    attributes = {key: value for key, value in vars(owner).items() if key not in _OWN} | owner._modules
    for attribute, value in attributes.items():
        put_attribute = functools.partial(_set, owner, attribute)
        for name, thing, put in list(_inside(value, prefix + attribute, put_attribute)):
            if not isinstance(thing, torch.nn.Module):
                if is_function(thing):
                    yield Site(name, thing, above, put)
            elif isinstance(thing, torch.jit.ScriptModule):
                yield Site(name, thing, above, why="compiled by torch.jit: swap before that")
            elif all(thing is not module for module in above):  # or it is a child that knows its parent
                why = "" if any(is_meant(thing, kind) for kind in wanted) else why_not(thing)
                if not why or (_is_named(thing) and not type(thing).__module__.startswith("torch.")):
                    yield Site(name, thing, above, put, why)
                if why:
                    yield from _within(thing, f"{name}.", (thing, *above), wanted, layers)


def _set(owner: torch.nn.Module, attribute: str, fresh: Any) -> None:
    if attribute == "activation" and hasattr(owner, "activation_relu_or_gelu"):
        # or torch's fast path would go on with the old one; torch's stub knows tensors and modules alone
        owner.activation_relu_or_gelu = 0  # pyright: ignore[reportArgumentType]
    setattr(owner, attribute, fresh)  # a function kept as an attribute goes: a module has another home


def _inside(value: Any, name: str, put: Put, depth: int = 0) -> Iterator[tuple[str, Any, Put]]:
    """Modules and functions in a value, through lists, tuples, dicts and partials, each with what puts another there:
    into a copy, since others may hold the same list.
    """
    if isinstance(value, functools.partial) and not is_function(value):
        parts = dict(enumerate(value.args)) | value.keywords
    elif isinstance(value, list | tuple | dict) and depth < 4:  # a list may hold itself
        parts = dict(value) if isinstance(value, dict) else dict(enumerate(value))
    else:
        if callable(value):
            yield name, value, put
        return

    def put_part(key: Any, fresh: Any) -> None:
        parts[key] = fresh
        put(_remade(value, parts))

    for key, part in list(parts.items()):
        yield from _inside(part, f"{name}[{key!r}]", functools.partial(put_part, key), depth + 1)


def _remade(value: Any, parts: dict[Any, Any]) -> Any:
    if isinstance(value, functools.partial):
        named = {key: parts[key] for key in value.keywords}
        return functools.partial(value.func, *map(parts.get, range(len(value.args))), **named)
    if isinstance(value, dict):
        twin = copy.copy(value)
        twin.update(parts)
        return twin
    return type(value)(*parts.values()) if hasattr(value, "_fields") else type(value)(parts.values())
