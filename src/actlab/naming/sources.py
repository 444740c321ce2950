"""What identifies a Python callable, its source and all that it holds; and the callable as bytes, to take elsewhere.

Two functions with the same text are still different where their defaults, what they close over, what they take from
their module or the settings and tensors of a module differ; results of one must never be taken for those of the other.
What cannot be told apart is refused.
"""

import copyreg
import functools
import hashlib
import inspect
import io
import pickle
import sys
import sysconfig
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from actlab.errors import UserError, extra

_PLAIN = (type(None), bool, int, float, complex, str, bytes, range)
_PARTS = ("_parameters", "_buffers", "_modules")  # of a module
_HOOKS = ("_forward_hooks", "_forward_pre_hooks")
_PACKAGES = {"site-packages", "dist-packages"}
_MOVED = {  # names in what older runs have packed
    ("actlab.activations.core", "_block"): ("actlab.activations.blocks", "get"),
    ("actlab.activations.written", "written"): ("actlab.making.written", "written"),
}
_OURS = (sysconfig.get_path("stdlib"), str(Path(__file__).parents[1]))


def description(thing: Callable[..., Any]) -> str:
    """A text that is equal for equal callables, of this process or another: their source, and what they hold.

    Raises: UserError where that cannot be known.
    """
    try:
        return "\n".join(_describe(thing, {}))
    except UserError:
        raise
    except Exception as error:  # an attribute or a repr of the user's
        name = getattr(type(thing), "__name__", "It")
        raise UserError(f"{name} cannot be looked at: {type(error).__name__}: {error}") from None


def name_of(thing: Any) -> str:
    """What a callable is called: a partial by what it calls, an autograd Function's apply by its class, and a method
    that any class has by that.
    """
    if isinstance(thing, functools.partial):
        return name_of(thing.func)
    if isinstance(thing, types.MethodType) and thing.__name__ in ("apply", "forward", "__call__"):
        return name_of(thing.__self__)
    if isinstance(thing, type):
        return thing.__name__
    places = ((thing, "name"), (thing, "__name__"), (type(thing), "__name__"))  # "name": of a scripted one its class
    names = (getattr(*place, None) for place in places)
    return next(name for name in names if isinstance(name, str) and name).strip("<>")  # a lambda is called <lambda>


def fingerprint(content: bytes) -> str:
    """The short name of a source or a description."""
    return hashlib.sha256(content).hexdigest()[:12]


def packed(thing: Any) -> bytes:
    """A callable as bytes that this version of Python reads in any process, its own source with it; b"": it cannot be.

    What is imported from an installed package goes by its name.
    """
    with extra("lab", "cloudpickle"):
        import cloudpickle

    class Packer(cloudpickle.Pickler):
        def reducer_override(self, obj: Any) -> Any:
            if (inner := _made_of(obj)) is not None:
                return _itself, (inner,)
            if hasattr(type(obj), "by_value") and obj.by_value:  # a block, which may be named in its own code
                made = copyreg.__newobj__  # pyright: ignore[reportAttributeAccessIssue]  # which typeshed leaves out
                return made, (type(obj),), obj.__getstate__()
            return super().reducer_override(obj)

    known = cloudpickle.list_registry_pickle_by_value()
    own = [module for module in list(sys.modules.values()) if _is_own(module) and module.__name__ not in known]
    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        Packer(buffer := io.BytesIO()).dump(thing)
        return buffer.getvalue()
    except Exception:
        return b""
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)


def unpacked(content: bytes) -> Any:
    """The callable that was packed."""
    return _Unpickler(io.BytesIO(content)).load()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return super().find_class(*_MOVED.get((module, name), (module, name)))


def _itself(thing: Any) -> Any:
    return thing


def _made_of(thing: Any) -> Any:
    """The function that was compiled, scripted or given a cache: it computes the same."""
    if isinstance(thing, functools._lru_cache_wrapper):
        return thing.__wrapped__
    if isinstance(thing, types.FunctionType) or type(thing).__name__ == "ScriptFunction":
        return getattr(thing, "_torchdynamo_inline", None)
    return None


def _is_own(module: Any) -> bool:
    """Whether a module is the user's: neither of an installed package, nor of Python, nor of actlab."""
    name, file = getattr(module, "__name__", ""), getattr(module, "__file__", None)
    if not isinstance(file, str) or not isinstance(name, str) or sys.modules.get(name) is not module:
        return False
    return name.partition(".")[0] not in ("actlab", "__main__") and not _is_installed(file)


@functools.cache
def _is_installed(file: str) -> bool:
    path = Path(file).resolve()
    return bool(_PACKAGES & set(path.parts)) or str(path).startswith(_OURS)


def _describe(thing: Any, seen: dict[int, Any]) -> Iterator[str]:
    """The thing as texts, from the outside in; `seen` ends circles, and holds all, so that no id comes again."""
    if isinstance(thing, _PLAIN):
        yield repr(thing)
    elif id(thing) in seen and not isinstance(thing, tuple):  # equal tuples may be one object or two
        yield "seen"
    else:
        seen[id(thing)] = thing
        yield from _describe_held(thing, seen)


def _describe_held(thing: Any, seen: dict[int, Any]) -> Iterator[str]:
    kind = type(thing).__name__
    if isinstance(thing, tuple | list | set | frozenset):
        yield kind
        for item in thing if isinstance(thing, tuple | list) else sorted(thing, key=repr):  # a set has no order
            yield from _describe(item, seen)
    elif isinstance(thing, dict):
        yield "dict"
        for key, value in thing.items():
            yield from _describe(key, seen)
            yield from _describe(value, seen)
    elif isinstance(thing, functools.partial):
        yield from _describe((thing.func, thing.args, thing.keywords), seen)
    elif (inner := _made_of(thing)) is not None:
        yield from _describe(inner, seen)
    elif isinstance(thing, types.FunctionType):
        yield from _describe_function(thing, seen)
    elif isinstance(thing, types.MethodType):
        yield from _describe((thing.__func__, thing.__self__), seen)
    elif isinstance(thing, types.ModuleType):
        yield thing.__name__
    elif isinstance(thing, types.BuiltinFunctionType):
        yield f"{thing.__module__}.{thing.__qualname__}"
    elif isinstance(thing, type):
        yield from _describe_class(thing, seen)
    elif hasattr(thing, "facts") and hasattr(thing, "derivatives"):  # a block: its derivatives are part of what it is
        yield from _describe((thing.value, thing.derivatives, tuple(thing.facts.parameters.items())), seen)
    elif hasattr(thing, "state_dict") and hasattr(thing, "code"):  # a scripted module
        yield thing.code
        yield from _describe(dict(thing.state_dict()), seen)
    elif hasattr(thing, "detach") and hasattr(thing, "numpy"):  # a tensor
        yield f"{kind} {thing.dtype}" + " frozen" * ("Parameter" in kind and not thing.requires_grad)
        if "Uninitialized" not in kind:
            yield from _describe(thing.detach().cpu().double().numpy(), seen)
    elif hasattr(thing, "tobytes") and hasattr(thing, "shape"):  # an array
        yield f"{thing.dtype} {tuple(thing.shape)} {hashlib.sha256(thing.tobytes()).hexdigest()}"
    elif hasattr(thing, "state_dict"):  # a module: its class, its settings, its tensors
        yield from _describe_class(type(thing), seen)
        torchs = vars(sys.modules["torch"].nn.Module()).keys() if "torch" in sys.modules else ()
        kept = {name: value for name, value in vars(thing).items() if name not in torchs}
        own = {name: value for name, value in kept.items() if type(value).__name__ != "RemovableHandle"}
        yield from _describe(own | {name: vars(thing)[name] for name in _PARTS}, seen)
        yield from _describe([list(vars(thing)[name].values()) for name in _HOOKS], seen)
    elif callable(thing) and hasattr(thing, "__dict__"):
        yield from _describe_class(type(thing), seen)
        yield from _describe(vars(thing), seen)
    elif " at 0x" not in repr(thing):
        yield f"{type(thing).__qualname__} {thing!r}"
    else:
        raise UserError(
            f"An activation holds {kind}, which cannot be told from another one: keep numbers, tensors "
            "and functions in it, or write it in a file and name it file.py:name."
        )


def _describe_function(function: types.FunctionType, seen: dict[int, Any]) -> Iterator[str]:
    code = function.__code__
    installed = _is_installed(code.co_filename)  # what it calls is of its package
    yield f"{function.__module__}.{function.__qualname__}" if installed else _source(code, function.__name__)
    for given in filter(None, (function.__defaults__, function.__kwdefaults__)):
        yield from _describe(given, seen)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        yield name
        yield from _describe(cell.cell_contents, seen)
    if not installed:
        yield from _describe_globals(code, function.__globals__, seen)


def _describe_globals(code: types.CodeType, names: dict[str, Any], seen: dict[int, Any]) -> Iterator[str]:
    """What a function takes from its module, and from modules of the user's that it names."""
    used = dict.fromkeys(name for inner in _codes(code) for name in inner.co_names)
    modules = [names[name] for name in used if _is_own(names.get(name))]
    for held in (names, *map(vars, modules)):
        for name in used:
            if name in held and not isinstance(held[name], types.ModuleType):
                yield name
                yield from _describe(held[name], seen)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of a function and of all functions written inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _describe_class(cls: type, seen: dict[int, Any]) -> Iterator[str]:
    """A class by what it defines, and its bases by what they do; one of an installed package by its name."""
    facts = getattr(cls, "facts", None)
    if cls.__module__ == "actlab.nn" and facts is not None:  # actlab made it of a block
        yield f"actlab.nn.{cls.__name__}@{facts.version}"
        return
    for owner in cls.__mro__:
        yield f"class {owner.__qualname__}"
        home = getattr(sys.modules.get(owner.__module__), "__file__", None)
        if owner.__module__ == "builtins" or (owner.__module__ != "__main__" and home and _is_installed(home)):
            yield owner.__module__
            continue
        for name, member in vars(owner).items():
            inner = next((getattr(member, a) for a in ("__func__", "fget", "func") if hasattr(member, a)), member)
            written = isinstance(inner, types.FunctionType)
            generated = written and name[:2] == "__" and hasattr(owner, "__dataclass_fields__")
            internal = name[:2] == "__" or name == "_abc_impl"
            if (written or not internal) and not (generated and not _has_source(inner)):
                yield name
                yield from _describe(inner, seen)


def _has_source(function: types.FunctionType) -> bool:
    try:
        return bool(inspect.getsource(function.__code__))
    except (OSError, TypeError):
        return False


def _source(code: types.CodeType, name: str) -> str:
    try:
        return _lambda(code) if code.co_name == "<lambda>" else inspect.getsource(code)
    except (OSError, TypeError, IndexError):
        raise UserError(
            f"The source of {name} cannot be read, so that its results could not be told from those of another "
            "function: define it in a file or a notebook cell."
        ) from None


def _lambda(code: types.CodeType) -> str:
    """The text of a lambda alone: what else stands in its lines is no part of it."""
    lines, _ = inspect.findsource(code)
    spans: list[Any] = [span for span in code.co_positions() if None not in span and span[2:] != (0, 0)]
    first, last = min((top, left) for top, _, left, _ in spans), max((end, right) for _, end, _, right in spans)
    text = [line.encode() for line in lines[first[0] - 1 : last[0]]]
    text[-1] = text[-1][: last[1]]
    text[0] = text[0][first[1] :]
    return f"lambda {', '.join(code.co_varnames[: code.co_argcount])}: {b''.join(text).decode()}"
