"""Which modules and functions are activations: by what they do to numbers, not by what they are called alone."""

import functools
import inspect
from typing import Any

import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from actlab import catalogue
from actlab.activations import BLOCKS
from actlab.making import Called, Unlearned, copied, probe
from actlab.naming import name_of as own_name
from actlab.nn import GELU, Block, Elementwise, Learned

_MODULES = "torch.nn.modules.activation"
_NO_ACTIVATIONS = {"MultiheadAttention", "Softmax", "Softmax2d", "LogSoftmax", "Softmin", "GLU"}
# what torch.nn.functional has of the catalogue; each with an underscore where it works in place
FUNCTIONS = tuple(name for name in BLOCKS if hasattr(torch.nn.functional, name))
_HOMES = (torch.nn.functional, torch, torch.Tensor, torch.ops.aten)
_WRITTEN = [(name, written) for name in FUNCTIONS for written in (name, f"{name}_")]
TORCH = {getattr(home, w): name for name, w in _WRITTEN for home in _HOMES if hasattr(home, w)}
TORCH |= {thing.default: name for thing, name in TORCH.items() if isinstance(thing, torch._ops.OpOverloadPacket)}
TORCH |= {torch.special.expit: "sigmoid"}
HOOKS = tuple(name for name in vars(torch.nn.Module()) if "hook" in name)
_MOST = 2**20  # numbers that a module may hold to be tried: what holds more is a layer


def why_not(module: torch.nn.Module) -> str:
    """Why a module is no activation; "" where it is one: by its class, or by what it does to numbers."""
    if _is_known_class(module) or isinstance(module, Block | Called):
        return ""
    if type(module).__module__.startswith("torch."):
        return "a layer of torch's"
    if any(why_not(child) for child in module.children()):
        return "it holds layers"
    if next(module.parameters(), None) is not None and name_of(module) is None:
        return "it learns, and its name is none of an activation's"
    answer = _response(module)
    return answer if isinstance(answer, str) else ""


def is_function(thing: Any) -> bool:
    """Whether it is a function that applies an activation: torch's, actlab's, or one's own that is called like one."""
    named = is_listed(thing.func if isinstance(thing, functools.partial) else thing)
    # what else can be called may do anything
    own = inspect.isfunction(thing) or isinstance(thing, torch.jit.ScriptFunction)
    if name_of(thing) == "identity" or not (named or (own and name_of(thing) is not None)):
        return False
    return named or not isinstance(_response(thing), str)


def is_listed(thing: Any) -> bool:
    """Whether it is a function of torch's or actlab's that applies an activation."""
    try:
        return thing in TORCH or (_has_facts(thing) and not isinstance(thing, torch.nn.Module | type))
    except TypeError:  # what has no hash is no function
        return False


def _has_facts(thing: Any) -> bool:
    return isinstance(getattr(thing, "facts", None), catalogue.Facts)


def title(thing: Any) -> str:
    """What a report calls it: a class by its name, a function by its own."""
    return thing._get_name() if isinstance(thing, torch.nn.Module) else own_name(thing)


def name_of(thing: Any) -> str | None:
    """The catalogue's name of a module or function, if its own name or a base class's says one.

    >>> name_of(torch.nn.GELU()), name_of(torch.nn.GELU("tanh")), name_of(torch.nn.functional.relu)
    ('gelu', 'gelu_tanh', 'relu')
    """
    if isinstance(thing, Block | Called):
        return name_of(thing.block if isinstance(thing, Block) else thing.function.function)
    if isinstance(thing, functools.partial):
        tanh = thing.keywords.get("approximate") == "tanh"
        return "gelu_tanh" if tanh and thing.func is torch.nn.functional.gelu else name_of(thing.func)
    if _has_facts(thing):
        return thing.facts.name if catalogue.facts().get(thing.facts.name) == thing.facts else None
    if not isinstance(thing, torch.nn.Module):
        return TORCH[thing] if is_listed(thing) else catalogue_name(title(thing))
    found = next((name for name in map(_class_name, type(thing).__mro__) if name is not None), None)
    return "gelu_tanh" if found == "gelu" and getattr(thing, "approximate", "none") == "tanh" else found


def _class_name(kind: type) -> str | None:
    layer = kind.__module__.startswith("torch.") and kind.__module__ != _MODULES and kind is not torch.nn.Identity
    return None if layer else catalogue_name(kind.__name__)  # torch.nn.Linear is a layer, whatever `linear` names here


def catalogue_name(name: str) -> str | None:
    """The catalogue's name of a name that others use: `NewGELUActivation`, `relu_`, `Swish`."""
    for candidate in (name, name.rstrip("_"), name.removesuffix("Activation")):
        if candidate and catalogue.is_name(candidate):
            return catalogue.lookup(candidate).name
    return None


def is_meant(thing: Any, old: Any) -> bool:
    """Whether it is asked for by its class, whatever that does: a class, or a name that no activation has."""
    named = isinstance(old, str) and old != "any" and not catalogue.is_name(old)
    return type(thing) is old or (named and old in (title(thing), type(thing).__name__))


def matches(thing: Any, old: Any) -> bool:
    """Whether an activation is what was asked for: by its class or a base; by a class's name; by the catalogue's name,
    which stands for what it computes; by the function that it is.
    """
    if old == "any" or is_meant(thing, old):
        return True
    if isinstance(old, type):
        known = catalogue_name(old.__name__)
        return isinstance(thing, old) and (known is None or _is(thing, known))
    if isinstance(old, str):
        if title(thing) == old and _is_known_class(thing):
            return True  # "GELU" is the class, whatever its argument; "gelu" is one of the two
        return catalogue.is_name(old) and _is(thing, catalogue.lookup(old).name)
    known, own = name_of(old), getattr(getattr(thing, "function", None), "function", None)
    return old in (thing, own) or (known is not None and _is(thing, known))


def _is(thing: Any, known: str) -> bool:
    """Whether it is the catalogue's activation of this name: one's own where it computes the same."""
    named = name_of(thing) == known
    values = catalogue.facts()[known].parameters.values()
    if not isinstance(thing, torch.nn.Module) or _is_known_class(thing) or (named and values):
        return named
    answer = _response(thing)
    if isinstance(answer, str):
        return False
    return torch.allclose(BLOCKS[known].value(answer[0], *values), answer[1], rtol=1e-5, atol=1e-5)


def _is_known_class(thing: Any) -> bool:
    """Whether its class, not one that is made of it, is an activation of torch's or of actlab's."""
    if isinstance(thing, Elementwise | Learned | GELU):
        return type(thing).__module__.startswith("actlab.")
    return type(thing).__module__ == _MODULES and type(thing).__name__ not in _NO_ACTIVATIONS


def _response(thing: Any) -> tuple[Tensor, Tensor] | str:
    """Numbers, and what an activation makes of them in evaluation mode; of what is none, why."""
    x = torch.linspace(-8, 8, 64)
    is_module = isinstance(thing, torch.nn.Module)
    held = [*thing.parameters(), *thing.buffers()] if is_module else []
    if sum(tensor.numel() for tensor in held if not is_lazy(tensor)) > _MOST:
        return f"it holds more than {_MOST:,} numbers"
    try:
        call = _bare_copy(thing) if is_module else thing
        with torch.random.fork_rng(devices=[]):
            probe(call if is_module else Called(Unlearned(call, title(thing))), title(thing))
            y = call(x.clone()).detach()
            middle = call((x + x[-1]) / 2).detach()
            chained = list(call.children()) if is_module else []
            chain = functools.reduce(lambda z, part: part(z), chained, x.clone())
    except Exception as error:
        return str(error)
    if not y.isfinite().all():
        return "it is not finite at ordinary numbers"
    if torch.allclose(middle, (y + y[-1]) / 2, rtol=1e-4, atol=1e-4):
        return "it is linear in evaluation"
    return "it applies what it holds, one after another" if chained and torch.equal(chain, y) else (x, y)


def _bare_copy(module: torch.nn.Module) -> torch.nn.Module:
    """In evaluation mode, on the processor in float32, without hooks of others: a trial is nobody's forward pass."""
    twin = copied(module).float().cpu().eval()
    for part in twin.modules():
        for held in [vars(part).get(name, {}) for name in HOOKS]:
            for key, hook in hooks_of_others(part, held).items():
                if hook is not True:  # a mark of its kind
                    del held[key]
    return twin


def hooks_of_others(module: torch.nn.Module, held: Any) -> dict[int, Any]:
    """Of a module's hooks of one kind those that are not its own methods, which are part of it, as a lazy one's are."""
    found = held.items() if isinstance(held, dict) else ()
    return {key: hook for key, hook in found if getattr(hook, "__self__", None) is not module}
