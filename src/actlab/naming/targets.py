"""What a person writes where an activation is named, read without torch.

`relu`, `leaky_relu(0.2)`, `mine.py:swoosh`, `torch.nn:GELU`, a formula such as `x * tanh(softplus(x))`, a Python
callable; `relu/tanh` names one for each hidden layer, a formula then in quotes: `relu/'x*tanh(x)'`; `mine=x*tanh(x)`
gives a formula a name. The identity is what a trial's key depends on: names, parameters and version in the catalogue,
the name and a hash of the source, or the formula as it is written without needless spaces.
"""

import ast
import dataclasses
import importlib.util
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from actlab import catalogue
from actlab.errors import UserError, legible
from actlab.formula import ABSENT, RESERVED, clause, is_code
from actlab.naming.paths import path_of
from actlab.naming.sources import description, fingerprint, name_of, packed

_LONGEST = 10_000  # characters of a text
# no pattern gives back what it took (*+, ++), which takes time by the square of a text's length or more

_CALL = re.compile(r"\s*+([\w-]++)\s*+(\(.*\))?\s*+", re.DOTALL)
_FILE = re.compile(r"\s*+(?P<path>.+\.py):(?P<name>[\w.]+)\s*+")
_CALL_PIECE = re.compile(r"(\s*+([\w-]++)\s*+(?:\([^()]*\))?\s*+)(?:/|$)")
_FILE_PIECE = re.compile(r"(.+?\.py:[\w.]+\s*)(?:/|$)")
_ANY_PIECE = re.compile(r"([^/]*)(?:/|$)")
_QUOTED = re.compile(r"\s*+(['\"])([^'\"]*)\1\s*+")
_QUOTED_PIECE = re.compile(r"(['\"])([^'\"]*)\1")
_QUOTED_LAYER = re.compile(r"\s*((?:[A-Za-z]\w*\s*=\s*)?(['\"])[^'\"]*\2)\s*(?:/|$)", re.ASCII)
_X = re.compile(r"(?<![\w.])(?:\d++(?:\.\d*+)?|\.\d++)?x(?!\w)", re.ASCII)  # 2x is meant as a formula, too
_CALL_OF_NAME = re.compile(r"(?<![A-Za-z])[A-Za-z]\w*+\s*+\([^()]*(?<![\w.])(?!nan\b|inf\b)[A-Za-z]\w*", re.ASCII)
_GIVEN = re.compile(r"(?<![A-Za-z])[A-Za-z]\w*+\s*+=(?!=)", re.ASCII)
_NAMED = re.compile(r"\s*(?P<name>[A-Za-z]\w*)\s*=(?!=)\s*(?P<formula>.*)", re.ASCII | re.DOTALL)
_HELD = re.compile(r"(?P<name>\w+)#(?P<hash>[0-9a-f]{12})")
_NUMBER = re.compile(r"(?=\D*\d)[\d\s.()*/+-]++|\s*pi\s*", re.ASCII)
_MOST_BYTES = 2**28  # of a packed callable
_MODULE = re.compile(r"\s*(?P<path>[A-Za-z_][\w.]*):(?P<name>[\w.]+)\s*")


@dataclasses.dataclass(frozen=True)
class Target:
    """One activation as it was named: how it is shown, what identifies it, and where to find it.

    >>> target = parse("leaky_relu(0.2)")
    >>> target.kind, target.name, target.arguments, target.files
    ('catalogue', 'leaky_relu', (('negative_slope', 0.2),), {})
    """

    kind: str  # "catalogue", "file", "module", "formula" or "callable"
    text: str  # what finds it again, as experiment.toml keeps it
    label: str  # what tables show
    identity: str  # what a trial's key depends on
    path: str = ""  # the file, the dotted name of the module, or the formula with its parameters
    name: str = ""  # in the catalogue, or inside the file or module
    arguments: tuple[tuple[str, float], ...] = ()  # that were given, by name
    # what was named, as it was then: a file; a callable packed, b"" where it cannot be
    source: bytes = dataclasses.field(default=b"", repr=False, compare=False)
    object: Any = dataclasses.field(default=None, compare=False)  # itself
    description: str = dataclasses.field(default="", repr=False, compare=False)  # of a callable

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | ({"object": None} if self.source else {})

    @property
    def files(self) -> dict[str, bytes]:
        """What a run keeps of it, by name: enough to run it again, and to read what it was."""
        name = self.identity.rpartition("#")[2]
        if self.kind == "file":
            return {f"{name}.py": self.source}
        if self.kind != "callable" or not self.description:
            return {}
        packed_ = {f"{name}.{sys.implementation.cache_tag}.pickle": self.source} if self.source else {}
        return packed_ | {f"{name}.txt": self.description.encode("utf-8", "surrogateescape")}


class Held(str):
    """The text of a callable in experiment.toml, `wave#0123456789ab`, that carries what it names."""

    target: Target


def held(what: Any, sources: Path | None = None) -> Any:
    """A callable as a text that carries it; of a text that a run kept, with what is in the run's `sources`."""
    if callable(what):
        target = parse(what)
    elif sources is not None and isinstance(what, str) and (match := _HELD.fullmatch(what)):
        file = sources / f"{match['hash']}.{sys.implementation.cache_tag}.pickle"
        target = dataclasses.replace(parse(what), source=_kept(file))
    else:
        return what
    text = Held(target.text)
    text.target = target
    return text


def _kept(file: Path) -> bytes:
    is_one = file.is_file() and file.stat().st_size <= _MOST_BYTES
    return file.read_bytes() if is_one else b""


def parse(what: str | Callable[..., Any] | Target, *, kept: bool = True) -> Target:
    """One activation, by text or as a callable; `kept`: as what results are kept of, which must be told from others.

    >>> parse("leaky_relu(0.2)").identity
    'leaky_relu(negative_slope=0.2)'
    >>> parse("Leaky_ReLU(negative_slope=0.01)").identity
    'leaky_relu'
    >>> parse("x * sigmoid( beta*x ) where beta = 1.5").identity
    "'x*sigmoid(beta*x) where beta=1.5'"
    >>> parse("ripple = x + sin(x)").label
    'ripple'
    """
    if isinstance(what, Target | Held):
        return what if isinstance(what, Target) else what.target
    if not isinstance(what, str):
        return _from_callable(what, kept)
    _need_short(what)
    if match := _FILE.fullmatch(what):
        return _from_file(match["path"], match["name"])
    if match := _MODULE.fullmatch(what):
        return _from_module(match["path"], match["name"])
    if match := _HELD.fullmatch(what):
        return Target("callable", what, match["name"], what, name=match["name"])
    if is_code(what) or _NUMBER.fullmatch(what):
        return _from_formula(what)  # which says how it is written here
    if match := _NAMED.fullmatch(what):
        return _from_named(match["name"], match["formula"])
    if match := _QUOTED.fullmatch(what):
        return _from_formula(match[2])
    if is_formula(what):
        return _from_formula(what)
    if match := _CALL.fullmatch(what):
        return _from_catalogue(match[1], match[2] or "")
    if not what.strip():
        raise UserError("An activation needs a name, for example relu. `actlab list` shows the catalogue.")
    raise UserError(
        f"{what!r} names no activation. Write a name (relu), a name with parameters (leaky_relu(0.2)), "
        "file.py:name, package.module:Name, or a formula of x (x * tanh(softplus(x))); "
        "`actlab list` shows the catalogue."
    )


def is_formula(text: str) -> bool:
    """Whether a text is meant as a formula: it holds x, or a function of something other than numbers.

    >>> [is_formula(text) for text in ("x/(1 + abs(x))", "relu/leaky_relu(0.2)", "mine.py:x", "foo(z)")]
    [True, False, False, True]
    """
    _need_short(text)
    if ":" in text or _QUOTED_PIECE.search(text):
        return is_code(text)
    call, formula = _CALL.fullmatch(text), _GIVEN.sub("", text)
    known = call is not None and catalogue.is_name(call[1])
    return bool(_X.search(formula) or (not known and _CALL_OF_NAME.search(formula)))


def _need_short(text: str) -> None:
    if len(text) > _LONGEST:
        raise UserError(f"What names an activation has at most {_LONGEST:,} characters, this {len(text):,}: {text}")


def with_parameters(text: str, values: Mapping[str, float], learn: frozenset[str] = frozenset()) -> str:
    """A text with the parameters given for the formulas in it that have them.

    >>> with_parameters("x*sigmoid(beta*x)", {"beta": 1.5}, frozenset(["beta"]))
    'x*sigmoid(beta*x) where beta=1.5 learned'
    """
    if is_formula(text):
        name, formula = apart(text)
        return f"{name}={clause.read(formula, values, learn)}".removeprefix("=")
    return _QUOTED_PIECE.sub(lambda match: f"'{clause.read(match[2], values, learn)}'", text)


def formula_parameters(text: str) -> frozenset[str]:
    """The names of the parameters of the formulas in a text."""
    found = [apart(text)[1]] if is_formula(text) else [match[2] for match in _QUOTED_PIECE.finditer(text)]
    return frozenset().union(*(clause.parameters(part) for part in found))


def apart(text: str) -> tuple[str, str]:
    """The name that a formula is given, or "", and the formula."""
    match = _NAMED.fullmatch(text)
    return (match["name"], match["formula"]) if match else ("", text)


def parse_layers(what: str | Callable[..., Any], *, kept: bool = True) -> tuple[Target, ...]:
    """One activation, or one for each hidden layer: `relu/tanh`.

    >>> [target.label for target in parse_layers("relu/leaky_relu(0.2)")]
    ['relu', 'leaky_relu(0.2)']
    """
    targets = tuple(parse(part, kept=kept) for part in _parts(what))
    found = {target.identity: target.label for target in targets}
    if twice := [label for label, times in Counter(found.values()).items() if times > 1]:
        raise UserError(f"Two layers would both be shown as {twice[0]}, and are not alike: give one another name.")
    return targets


def shown(what: str | Callable[..., Any]) -> str:
    """What tables show for a text, without a look at the source that it names: that may be gone.

    >>> shown("relu/gone.py:f"), shown("wave#0123456789ab")
    ('relu/gone.py:f', 'wave')
    """
    names = []
    for part in _parts(what):
        match = (_FILE.fullmatch(part) or _MODULE.fullmatch(part)) if isinstance(part, str) else None
        names.append(_file_label(match["path"], match["name"]) if match else parse(part).label)
    return _joined(names)


def code_in(what: Any) -> list[str]:
    """The files, modules and packed callables that a text names: what is run to make it.

    >>> code_in("relu/mine.py:f"), code_in("x*tanh(x)"), code_in("wave#0123456789ab")
    (['mine.py:f'], [], ['wave#0123456789ab'])
    """
    patterns = (_FILE, _MODULE, _HELD)
    return [str(part) for part in _parts(what) if isinstance(part, str) and any(p.fullmatch(part) for p in patterns)]


def _parts(what: Any) -> list[Any]:
    """What is written for each layer, or for all: split at slashes, but not in a file's path or a formula in quotes."""
    if not isinstance(what, str) or isinstance(what, Held) or is_formula(what):
        return [what]
    parts, rest = [], what
    while rest:
        match = _QUOTED_LAYER.match(rest) or _CALL_PIECE.match(rest)
        if match is None or (match.re is _CALL_PIECE and not catalogue.is_name(match[2])):
            match = _FILE_PIECE.match(rest) or _ANY_PIECE.match(rest)
        assert match is not None
        parts.append(match[1])
        rest = rest[match.end() :]
    return parts if parts and not what.endswith("/") else [*parts, ""]


def identity(targets: tuple[Target, ...]) -> str:
    """The identity of a network's activations: one where all layers have the same."""
    return _joined([target.identity for target in targets])


def _joined(names: list[str]) -> str:
    return names[0] if len(set(names)) == 1 else "/".join(names)


def split_identity(activation_identity: str) -> list[str]:
    """The identities of the layers: the slashes of a formula, which stands in quotes, are its own.

    >>> split_identity("relu/'x/(1 + abs(x))'")
    ['relu', "'x/(1 + abs(x))'"]
    """
    return re.findall(r"(?:'[^']*'|[^/'])+", activation_identity)


def label(activation_identity: str) -> str:
    """What tables show for an identity: without the hash of a source, and parameters by position where they can be.

    >>> label("leaky_relu(negative_slope=0.2)"), label("mine.py:swoosh#0123456789ab")
    ('leaky_relu(0.2)', 'mine.py:swoosh')
    >>> label("'x*tanh(x)'"), label("relu/'x*tanh(x)'")
    ('x*tanh(x)', "relu/'x*tanh(x)'")
    >>> label("relu/mine='x/(1 + abs(x))'")
    'relu/mine'
    """
    if match := _QUOTED.fullmatch(activation_identity):
        return match[2]
    shown = re.sub(r"\b(\w++)='[^']*'", r"\1", activation_identity)
    shown = re.sub(r"#[0-9a-f]{12}(?![^/])|@\d+(?![^(/])", "", shown)

    def positional(match: re.Match[str]) -> str:
        if not match[1]:  # a formula
            return match[0]
        names = list(catalogue.facts()[match[1]].parameters) if match[1] in catalogue.facts() else []
        pairs = [pair.split("=") for pair in match[2].split(", ")]
        if [name for name, _ in pairs] == names[: len(pairs)]:
            return f"{match[1]}({', '.join(value for _, value in pairs)})"
        return match[0]

    return re.sub(r"'[^']*'|\b(\w++)\(([^()=]*=[^()]*)\)", positional, shown)


def _from_catalogue(name: str, call: str) -> Target:
    if name.lower() in ABSENT:
        raise UserError(f"There is no activation {name!r}: {ABSENT[name.lower()]}.")
    facts = catalogue.lookup(name)
    arguments = _arguments(facts, call)
    identified = _called(f"{facts.name}@{facts.version}" if facts.version > 1 else facts.name, arguments)
    return Target("catalogue", label(identified), label(identified), identified, name=facts.name, arguments=arguments)


def _from_formula(text: str) -> Target:
    reading = clause.read(text)
    canonical = str(reading)
    arguments = tuple(reading.parameters.items())
    return Target("formula", canonical, canonical, f"'{canonical}'", canonical, str(reading.node), arguments)


def _from_named(name: str, formula: str) -> Target:
    """A formula under a name of its own."""
    if catalogue.is_name(name) or name in RESERVED or name == "x":
        raise UserError(f"{name} means something already: give the formula another name, such as my_{name}={formula}.")
    quoted = _QUOTED.fullmatch(formula)
    if not quoted and not is_formula(formula):
        raise UserError(f"{name}= gives a formula of x a name, such as {name}=x*tanh(x); {formula!r} is none.")
    found = _from_formula(quoted[2] if quoted else formula)
    text = f"{name}='{found.path}'"
    return dataclasses.replace(found, text=text, label=name, identity=text)


def _arguments(facts: catalogue.Facts, call: str) -> tuple[tuple[str, float], ...]:
    """The parameters in `(0.2, beta=1.5)` that differ from the defaults, or are learned unless given."""
    example = _called(facts.name, facts.parameters.items())
    try:
        node = ast.parse(f"f{call or '()'}", mode="eval").body
        assert isinstance(node, ast.Call)
        values = [_number(argument) for argument in node.args]
        named = {keyword.arg or "": _number(keyword.value) for keyword in node.keywords}
        assert all(math.isfinite(value) for value in (*values, *named.values()))
    except (SyntaxError, ValueError, AssertionError, OverflowError, RecursionError, MemoryError):
        raise UserError(f"{facts.name}{call}: parameters are numbers, for example {example}.") from None
    names = list(facts.parameters)
    if len(values) > len(names) or set(named) - set(names[len(values) :]):
        allowed = f"takes {', '.join(names)}" if names else "takes no parameters"
        raise UserError(f"{facts.name}{call}: {facts.name} {allowed}, for example {example}.")
    found = dict(zip(names, values, strict=False)) | named
    return tuple(
        (key, found[key])
        for key in names
        if key in found and (found[key] != facts.parameters[key] or key in facts.learned)
    )


def _called(name: str, parameters: Iterable[tuple[str, float]]) -> str:
    values = ", ".join(f"{key}={exact(value)}" for key, value in parameters)
    return f"{name}({values})" if values else name


def exact(value: float) -> str:
    """A number in as many digits as tell it from every other: two settings never share a name.

    >>> exact(0.2), exact(2.0), exact(0.1234567891)
    ('0.2', '2', '0.1234567891')
    """
    return repr(value).removesuffix(".0")


def _number(node: ast.expr) -> float:
    value = ast.literal_eval(node)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(value)
    return float(value)


def _from_file(path: str, name: str) -> Target:
    file = path_of(path)
    try:
        found = file.is_file()
    except (OSError, ValueError):  # too long a name, or half a character in it
        found = False
    if not found:
        raise UserError(f"There is no file {path}: an activation of your own is named file.py:name.")
    try:
        source = file.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    return from_source(f"{path}:{name}", file.name, path, name, source)


def _file_label(path: str, name: str) -> str:
    shown = legible(Path(path).name).replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")  # the straight one quotes formulas
    return f"{shown}:{name}"


def from_source(text: str, shown: str, path: str, name: str, source: bytes) -> Target:
    """The target of a name inside a file of this content: it is what runs, whatever becomes of the file."""
    label = _file_label(shown, name)
    return Target("file", text, label, f"{label}#{fingerprint(source)}", path, name, source=source)


def _from_module(module: str, name: str) -> Target:
    found = _spec(module)
    if found is None:
        raise UserError(f"There is no module {module!r} to import {name} from. Is its package installed here?")
    source = Path(found.origin).read_bytes() if found.origin and Path(found.origin).is_file() else module.encode()
    shown = f"{module}:{name}"
    return Target("module", shown, shown, f"{shown}#{fingerprint(source)}", module, name)


def _spec(module: str) -> Any:
    """Where a module would be imported from; its packages are not imported for that, as importlib would do."""
    top, *inner = module.split(".")
    try:
        found = importlib.util.find_spec(top)
        for end in range(2, len(inner) + 2):
            name = ".".join(module.split(".")[:end])
            if name in sys.modules:  # as os.path is, though os is no package
                found = sys.modules[name].__spec__
                continue
            places = None if found is None else found.submodule_search_locations
            if places is None:
                return None
            specs = (finder.find_spec(name, list(places)) for finder in sys.meta_path)
            found = next((spec for spec in specs if spec is not None), None)
    except (ImportError, ValueError):
        return None
    return found


def _from_callable(thing: Callable[..., Any], kept: bool) -> Target:
    if not callable(thing):
        raise UserError(f"An activation is a name or a callable, not {thing!r}.")
    if text := getattr(thing, "formula_text", ""):
        return _from_formula(text)
    facts = getattr(thing, "facts", None)
    if isinstance(facts, catalogue.Facts) and catalogue.facts().get(facts.name) == facts:
        # a function or class stands for the defaults, a module for the parameters it was made with
        given = _settings(thing, facts) if hasattr(thing, "state_dict") and not isinstance(thing, type) else {}
        if all(isinstance(value, int | float) for value in given.values()):
            return _from_catalogue(facts.name, f"({', '.join(f'{n}={float(v)!r}' for n, v in given.items())})")
    shown = re.sub(r"\W", "", name_of(thing)) or type(thing).__name__
    if not kept:
        return Target("callable", shown, shown, shown, name=shown, object=thing)
    told = description(thing)
    text = f"{shown}#{fingerprint(told.encode('utf-8', 'surrogateescape'))}"
    return Target("callable", text, shown, text, name=shown, source=packed(thing), object=thing, description=told)


def _settings(module: Any, facts: catalogue.Facts) -> dict[str, Any]:
    """The parameters a module was made with, but for what it learns from the default on."""
    held = {name: getattr(module, name) for name in facts.parameters if hasattr(module, name)}
    for name in set(held).intersection(facts.learned):
        value = held[name]
        is_tensor = hasattr(value, "new_tensor")
        if is_tensor and value.numel() == 1 and value.item() == value.new_tensor(facts.parameters[name]).item():
            del held[name]
    return held
