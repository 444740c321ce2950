"""What identifies a Python callable: its source, and all that it holds.

Two functions with the same text are still different where their defaults, what they close over, the functions they call
or the tensors of a module differ; results of one must never be taken for those of the other. What cannot be told apart
is refused.
"""

import functools
import hashlib
import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

from actlab.errors import UserError

_PLAIN = (type(None), bool, int, float, complex, str, bytes)


def fingerprint(thing: Callable[..., Any]) -> bytes:
    """Bytes that are equal for equal callables, of this process or another."""
    digest = hashlib.sha256()
    for part in _describe(thing, set()):
        digest.update(part.encode("utf-8", "surrogateescape"))
        digest.update(b"\0")
    return digest.digest()


def _describe(thing: Any, seen: set[int]) -> Iterator[str]:
    """The thing as texts, from the outside in; `seen` ends circles."""
    if isinstance(thing, _PLAIN):
        yield repr(thing)
    elif id(thing) in seen:
        yield "seen"
    else:
        seen.add(id(thing))
        yield from _describe_held(thing, seen)


def _describe_held(thing: Any, seen: set[int]) -> Iterator[str]:
    if isinstance(thing, tuple | list):
        yield type(thing).__name__
        for item in thing:
            yield from _describe(item, seen)
    elif isinstance(thing, dict):
        yield "dict"
        for key, value in thing.items():
            yield from _describe(key, seen)
            yield from _describe(value, seen)
    elif isinstance(thing, functools.partial):
        yield from _describe((thing.func, thing.args, thing.keywords), seen)
    elif isinstance(thing, types.FunctionType):
        yield from _describe_function(thing, seen)
    elif isinstance(thing, types.MethodType):
        yield from _describe((thing.__func__, thing.__self__), seen)
    elif isinstance(thing, types.ModuleType):
        yield thing.__name__
    elif isinstance(thing, types.BuiltinFunctionType) or type(thing).__name__ == "builtin_function_or_method":
        yield f"{thing.__module__}.{thing.__qualname__}"
    elif isinstance(thing, type):
        yield _source(thing)
    elif hasattr(thing, "facts") and hasattr(thing, "derivatives"):  # a block: its derivatives are part of what it is
        yield from _describe((thing.value, thing.derivatives, tuple(thing.facts.parameters.items())), seen)
    elif hasattr(thing, "state_dict"):  # a module: its class, its settings, its tensors
        yield _class_of(thing)
        yield repr(thing)
        yield from _describe(dict(thing.state_dict()), seen)
    elif hasattr(thing, "detach") and hasattr(thing, "numpy"):  # a tensor
        array = thing.detach().cpu().float().numpy()
        yield f"{thing.dtype} {tuple(thing.shape)} {hashlib.sha256(array.tobytes()).hexdigest()}"
    elif callable(thing) and hasattr(thing, "__dict__"):
        yield _source(type(thing))
        yield from _describe(vars(thing), seen)
    else:
        raise UserError(
            f"An activation holds {type(thing).__name__}, which cannot be told from another one: keep numbers, tensors "
            "and functions in it, or write it in a file and name it file.py:name."
        )


def _describe_function(function: types.FunctionType, seen: set[int]) -> Iterator[str]:
    code = function.__code__
    yield _source(function)
    if function.__name__ == "<lambda>":  # two on one line have one source
        yield f"{code.co_code.hex()} {code.co_names} {[c for c in code.co_consts if isinstance(c, _PLAIN)]}"
    yield from _describe((function.__defaults__ or (), function.__kwdefaults__ or {}), seen)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        yield name
        yield from _describe(cell.cell_contents, seen)
    for name in code.co_names:  # what it takes from its own module: constants, and functions beside it
        value = function.__globals__.get(name)
        beside = isinstance(value, types.FunctionType) and value.__module__ == function.__module__
        if name in function.__globals__ and (beside or isinstance(value, _PLAIN)):
            yield name
            yield from _describe(value, seen)


def _class_of(module: Any) -> str:
    """A class that actlab made of a block has no source of its own: the block's name and version stand for it."""
    facts = getattr(type(module), "facts", None)
    if type(module).__module__ == "actlab.nn" and facts is not None:
        return f"actlab.nn.{type(module).__name__}@{facts.version}"
    return _source(type(module))


def _source(thing: Any) -> str:
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        name = getattr(thing, "__name__", type(thing).__name__)
        raise UserError(
            f"The source of {name} cannot be read, so that its results could not be told from those of another "
            "function: define it in a file or a notebook cell."
        ) from None
