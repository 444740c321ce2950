"""`swap`: another activation in every place where a model holds one."""

import dataclasses
import fnmatch
import functools
import inspect
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from actlab import catalogue, naming
from actlab.errors import UserError, did_you_mean
from actlab.making import ByModule, construct, copied, guarded, locate, resolve
from actlab.nn import as_module
from actlab.swapping.calls import Call, calls_in_a_pass, calls_in_code, is_call_of
from actlab.swapping.known import matches, title
from actlab.swapping.lost import losses, move_hooks, undone
from actlab.swapping.places import Site, sites_in

Where = str | re.Pattern[str] | int | Sequence[int] | None


@dataclasses.dataclass(frozen=True)
class Held:
    """An activation in a model: the dotted name of its place, what is there and, if it was replaced, what was.

    >>> print(Held("encoder.act", "Mish", was="ReLU"))
    encoder.act: ReLU -> Mish
    """

    name: str
    is_now: str  # the class or function
    was: str = ""  # nothing: it was left
    why: str = ""  # it was left though it is called like an activation

    def __str__(self) -> str:
        change = f"{self.was} -> " if self.was else ""
        return f"{self.name or '(the model itself)'}: {change}{self.is_now}{f' ({self.why})' if self.why else ''}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """What `swap` `replaced`, which activations it `left`, the `calls` of functions that it cannot replace, what is no
    activation though its name is one's (`unlike`), and what was lost with the old ones or will be (`notes`).

    >>> report = swap(torch.nn.Sequential(torch.nn.ReLU(inplace=True)), "ReLU", "prelu")
    >>> report.replaced
    (Held(name='0', is_now='PReLU', was='ReLU', why=''),)
    """

    replaced: tuple[Held, ...]
    left: tuple[Held, ...]
    calls: tuple[Call, ...]
    unlike: tuple[Held, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        called = "Called as functions, out of reach (hold a module instead: self.act = torch.nn.ReLU()):"
        parts = [
            (f"Replaced {_count(len(self.replaced))}:", self.replaced),
            (f"Left {_count(len(self.left))}:", self.left),
            ("Left, not taken for activations:", self.unlike),
            (called, self.calls),
            ("Note:", self.notes),
        ]
        return "\n".join("\n".join([head, *(f"  {item}" for item in items)]) for head, items in parts if items)


def swap(model: torch.nn.Module, old: Any, new: Any = None, *, where: Where = None, example: Any = None) -> Report:
    """Replace activations of a model, in place, and say what was replaced, what was lost and what is out of reach.

    What is learned starts anew, on the model's device and in its dtype; what was shared stays shared; hooks stay.

    Args:
        model: any torch.nn.Module, but for one that torch.jit has compiled.
        old: a class, a class's name ("ReLU"), a catalogue name, a function (F.relu), or "any"; several in a list; or a
            dict of old to new.
        new: what names an activation elsewhere ("mish", "leaky_relu(0.2)", "mine.py:f", a formula, a function), what
            makes a module without arguments (a class, a partial), or an instance, which is copied for every place.
        where: a glob on the dotted name ("encoder.*"), a compiled regular expression, or numbers of the activations
            that match, in the model's order; by default everywhere.
        example: the model's input, a tensor of the shape that it takes, a tuple of arguments or a dict of them: one
            forward pass finds the calls that are out of reach, instead of reading code.

    Returns:
        A Report, which prints as below.

    Raises:
        UserError: nothing is replaced, with the activations that the model has; or `new` makes no activation.

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
    if isinstance(model, torch.jit.ScriptModule):
        raise UserError("The model is compiled by torch.jit, which fixes its code: swap before scripting or tracing.")
    makers = _wishes(old, new)
    sites, layers = sites_in(model, tuple(makers))
    unlike = tuple(Held(site.name, title(site.thing), why=site.why) for site in sites if site.why)
    sites = [site for site in sites if not site.why]
    chosen = _chosen(sites, makers, where)
    calls = calls_in_code(layers)
    if not chosen:
        raise UserError(_nothing(model, sites, unlike, makers, where, calls))
    shared: dict[int, torch.nn.Module] = {}
    replaced = []
    notes = []
    for site, kind in chosen:
        was = title(site.thing)
        notes += losses(site.name, site.thing)
        fresh = _put(site, makers[kind], shared)
        replaced.append(Held(site.name, title(fresh), was))
        if site.name.endswith("]") and next(fresh.parameters(), None) is not None:
            notes.append(f"{site.name}: .to(), parameters() and state_dict() do not look there; use a ModuleList.")
    notes += undone(model)
    if example is not None:
        activations = {id(module) for module in (*shared.values(), *(site.thing for site in sites))}
        try:
            calls = calls_in_a_pass(model, example, activations)
        except Exception as error:
            notes.append(f"The model fails on the example: {type(error).__name__}: {error}. Its code was read instead.")
    touched = {held.name for held in replaced}
    left = tuple(Held(site.name, title(site.thing)) for site in sites if site.name not in touched)
    out_of_reach = tuple(call for call in calls if any(is_call_of(call, kind) for kind in makers))
    return Report(replaced=tuple(replaced), left=left, calls=out_of_reach, unlike=unlike, notes=tuple(notes))


def _wishes(old: Any, new: Any) -> dict[Any, Callable[[], torch.nn.Module]]:
    """What to replace, one by one, each with what makes the new one."""
    if isinstance(old, Mapping) == (new is not None):
        raise UserError("swap takes what to replace and by what: swap(model, 'ReLU', 'mish'), or a dict of old to new.")
    found = {}
    for kinds, wish in old.items() if isinstance(old, Mapping) else [(old, new)]:
        make = _maker(wish)
        for kind in kinds if isinstance(kinds, tuple | list | set | frozenset) else [kinds]:
            if isinstance(kind, torch.nn.Module):
                kind = type(kind)
            if not isinstance(kind, str) and not callable(kind):
                raise UserError(f"What to replace is a class, a name, a function or 'any', not {kind!r}.")
            found[kind] = make
    return found


def _chosen(sites: list[Site], wishes: Mapping[Any, Any], where: Where) -> list[tuple[Site, Any]]:
    """The sites to change, each with the wish that it meets first."""
    first = [(site, next((kind for kind in wishes if matches(site.thing, kind)), None)) for site in sites]
    wanted = [(site, kind) for site, kind in first if kind is not None]
    if where is None:
        return wanted
    if isinstance(where, str | re.Pattern):
        fits = where.search if isinstance(where, re.Pattern) else re.compile(fnmatch.translate(where)).match
        return [(site, kind) for site, kind in wanted if fits(site.name)]
    numbers = [where] if isinstance(where, int) else list(where)
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in numbers):
        raise UserError("where is a glob ('encoder.*'), a compiled regular expression, or numbers such as [0, -1].")
    if beyond := [n for n in numbers if not -len(wanted) <= n < len(wanted)]:
        names = ", ".join(f"{n} is {site.name!r}" for n, (site, _) in enumerate(wanted))
        raise UserError(f"where={beyond[0]} is beyond those that match: {names or 'none'}.")
    places = {n % len(wanted) for n in numbers}
    return [pair for place, pair in enumerate(wanted) if place in places]


def _maker(new: Any) -> Callable[[], torch.nn.Module]:
    """What makes the new activation, once for every place."""
    if isinstance(new, torch.nn.Module):
        guarded(title(new), copied, new, where="when it was copied")
        return lambda: copied(new)
    if isinstance(new, type) and issubclass(new, torch.autograd.Function):
        new = new.apply
    is_class = isinstance(new.func if isinstance(new, functools.partial) else new, type)
    if is_class or _takes(new):
        of_x = not is_class and _takes(new, None)  # *arguments: what it does with none of them tells nothing
        try:
            made = construct(new, title(new))
        except UserError:
            if not of_x:
                raise
            made = None
        if isinstance(made, torch.nn.Module):
            return new
        if not of_x:
            raise UserError(f"{title(new)}() makes {type(made).__name__}: the new one takes a tensor, or is a module.")
    target = naming.parse(new, kept=False)
    applied = resolve(target)
    if isinstance(applied, ByModule):  # as it was named: made for no width yet, and never called
        thing, _ = locate(target)
        return thing if isinstance(thing, type) else lambda: copied(thing)
    return lambda: as_module(applied)


def _takes(new: Any, *given: Any) -> bool:
    """Whether it is called with these arguments: with none, as `lambda: torch.nn.ELU(2.0)` is."""
    try:
        inspect.signature(new).bind(*given)
    except (TypeError, ValueError):
        return False
    return True


def _put(site: Site, make: Callable[[], torch.nn.Module], shared: dict[int, torch.nn.Module]) -> torch.nn.Module:
    """Put a new activation in a place, on the device and in the dtype of what is nearest above it.

    What is found at several places is replaced by one new module at all of them.
    """
    old = site.thing
    is_module = isinstance(old, torch.nn.Module)
    key = id(old) if is_module else id(site)
    if key not in shared:
        nearest = (tensor for near in site.above for tensor in (*near.parameters(), *near.buffers()))
        like = next((tensor for tensor in nearest if tensor.is_floating_point()), None)
        fresh = make() if like is None else make().to(device=like.device, dtype=like.dtype)
        shared[key] = fresh.train((old if is_module else site.above[0]).training)
        if is_module:
            move_hooks(old, shared[key])
    if site.put is not None:
        site.put(shared[key])
    else:  # the model itself becomes it, so that whoever holds the model holds the new one
        old.__class__ = type(shared[key])
        vars(old).clear()
        vars(old).update(vars(shared[key]))
    return shared[key]


def _nothing(
    model: torch.nn.Module, sites: list[Site], unlike: tuple[Held, ...], wishes: Mapping[Any, Any], where: Where,
    calls: tuple[Call, ...],
) -> str:  # fmt: skip
    """The message for a swap that replaces nothing: what the model has instead."""
    kinds = Counter(title(site.thing) for site in sites)
    wanted = ", ".join(repr(kind) if isinstance(kind, str) else title(kind) for kind in wishes)
    at = "" if where is None else f" at {(where.pattern if isinstance(where, re.Pattern) else where)!r}"
    text = f"{type(model).__name__} holds no {wanted}{at}."
    if kinds:
        near = "".join(did_you_mean(kind, kinds) for kind in wishes if isinstance(kind, str) and kind not in kinds)
        held = ", ".join(f"{kind} ({count})" if count > 1 else kind for kind, count in kinds.items())
        first = f", first at {sites[0].name or 'the top'}" if where is not None else ""
        text += f"{near} It holds: {held}{first}."
    else:
        text += " It holds no activation at all."
    unknown = [k for k in wishes if isinstance(k, str) and k != "any" and k not in kinds and not catalogue.is_name(k)]
    if unknown and not kinds:
        text += did_you_mean(unknown[0], catalogue.facts())
    if unlike:
        text += f" {unlike[0]}; the class itself replaces it all the same."
    if calls:
        text += f" It calls {calls[0]}: out of reach; hold a module instead (self.act = torch.nn.ReLU())."
    return text


def _count(number: int) -> str:
    return f"{number} activation{'s' if number != 1 else ''}"
