"""The reference as Markdown: the API from signatures, stubs and docstrings, the command line from its help."""

import ast
import dataclasses
import importlib
import inspect
import re
from itertools import groupby
from pathlib import Path
from typing import Any

import typer
from tools import public

import actlab
import actlab.testing
from actlab import catalogue, functional, nn
from actlab.cli.entry import app

SOURCE = Path(actlab.__file__).parent
SAID = r"^(Returns|Shape|Raises|Source|Checked|Kinks?|Jump|Domain): "  # lines of a docstring, by their first word
FENCE = "`" * 3
FILES = {  # of actlab.nn
    "elementwise": "Elementwise", "learned": "With learned parameters",
    "gating": "Of other widths", "stacked": "Out of stacks",
}  # fmt: skip


def signatures(stub: str) -> dict[str, str]:
    """What a stub says, by name: of a class, what makes one."""
    found = {}
    for node in ast.parse((SOURCE / stub).read_text(encoding="utf-8")).body:
        makes = [inner for inner in getattr(node, "body", ()) if getattr(inner, "name", "") == "__init__"]
        if isinstance(node, ast.FunctionDef) and node.returns:
            found[node.name] = f"({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}"
        elif isinstance(node, ast.ClassDef) and makes:
            found[node.name] = f"({ast.unparse(makes[0].args).removeprefix('self').removeprefix(', ')})"
    return found


def names_of(module: Any) -> list[str]:
    """What a module lists as public."""
    return [name for name in module.__all__ if name != "__version__"]


def signature(of: Any) -> str:
    """Its arguments and types, these without their modules."""
    text = re.sub(r"<function .* at 0x\w+>|<factory>", "...", str(inspect.signature(of)))
    text = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z])", "", text)
    return re.sub(r"^\((?:self|cls)(?:, /)?(?:, |(?=\)))", "(", text)


def escaped(text: str) -> str:
    """Words of a docstring: what Markdown would read as its own is kept, but for code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*_<\[\]$|])", r"\\\1", part) for part in parts)


def prose(doc: str) -> str:
    """A docstring as Markdown: formulas and examples as code, what is listed under a heading as a list.

    >>> prose("One.\\n\\nf(x) = 2 x\\ndf/dx = 2\\n\\nArgs:\\n    x: a number,\\n        or two.").splitlines()
    ['One.', '', '```text', 'f(x) = 2 x', 'df/dx = 2', '```', '', '**Args**', '', '- `x`: a number, or two.']
    """
    parts = []
    apart = re.sub(SAID, r"\n\g<0>", inspect.cleandoc(doc), flags=re.MULTILINE)
    for paragraph in re.split(r"\n\s*\n", apart):
        lines = paragraph.splitlines()
        if paragraph.startswith(">>>"):
            parts.append(f"{FENCE}pycon\n{paragraph}\n{FENCE}")
        elif re.fullmatch(r"[A-Z]\w+:", lines[0]) and len(lines) > 1:
            items = re.sub(r"\n {5,}", " ", "\n".join(lines[1:])).splitlines()
            listed = [escaped(re.sub(r"^ *([\w, ]+): ", r"- `\1`: ", item)) for item in items]
            parts.append(f"**{lines[0][:-1]}**\n\n" + "\n".join(listed))
        elif paragraph.startswith("    ") or (len(lines) > 1 and all(re.match(r"\S+\s+= ", line) for line in lines)):
            parts.append(f"{FENCE}text\n{inspect.cleandoc(paragraph)}\n{FENCE}")
        else:
            parts.append(re.sub(SAID, r"**\1:** ", escaped(paragraph), flags=re.MULTILINE))
    return "\n\n".join(parts)


def entry(kind: str, name: str, takes: str, text: str, depth: int = 3, options: str = "") -> str:
    """A thing of Python's, in the directive that Sphinx indexes."""
    fence = "`" * (depth + 1)
    return f"{fence}{{py:{kind}}} {name}{takes}\n{options}\n{text}\n{fence}"


def members(of: type) -> str:
    """The public methods and properties of a class, inherited ones too, that say what they do."""
    parts = []
    for name, value in public.members(of).items():
        function = public.member_function(value)
        doc = inspect.getdoc(function)
        if doc and inspect.isfunction(value if not isinstance(value, classmethod | staticmethod) else function):
            options = f":{type(value).__name__}:\n" if value is not function else ""
            parts.append(entry("method", name, signature(function), prose(doc), options=options))
        elif doc:
            parts.append(entry("property", name, "", prose(doc)))
    return "\n\n".join(parts)


def fields(of: type) -> str:
    """The fields of a dataclass about which a comment in its file says what its docstring does not."""
    told = [item for base in public.bases(of) if dataclasses.is_dataclass(of) for item in public.fields(base).items()]
    listed = [f"- `{name}`: {escaped(comment)}" for name, (_, comment) in told if comment]
    return "\n".join(["**Fields**\n", *listed]) if listed else ""


def described(name: str, of: Any, takes: str = "") -> str:
    """A public function or class, with what its stub says that it takes."""
    text = prose(of.__doc__ or "")
    if inspect.isclass(of):
        takes = takes or ("" if issubclass(of, Exception) else signature(of).removesuffix(" -> None"))
        return entry("class", name, takes, f"{text}\n\n{fields(of)}\n\n{members(of)}", 5)
    return entry("function", name, takes or signature(of), text)


def page(title: str, module: Any, parts: list[str], intro: str = "") -> str:
    """A page of a module."""
    name = module.__name__
    opened = f"{FENCE}{{py:module}} {name}\n{FENCE}\n\n{intro or prose(module.__doc__ or '')}"
    return "\n\n".join([f"# {title}", opened, *parts]) + "\n"


def top() -> str:
    """What stands in actlab itself."""
    public = {name: getattr(actlab, name) for name in names_of(actlab)}
    same = [name for name in public if name in catalogue.facts()]
    own = {name: of for name, of in public.items() if name not in same and not inspect.ismodule(of)}
    parts = [described(name, of) for name, of in sorted(own.items(), key=lambda item: item[0].lower())]
    names = ", ".join(f"`{name}`" for name in same)
    more = f"{names} are those of [actlab.functional](functional.md). "
    more += "In modules: [actlab.nn](nn.md), [actlab.testing](testing.md). What they give: [other rooms](rooms.md)."
    return page("actlab, the package", actlab, [more, *parts])


def functions() -> str:
    """actlab.functional, a section a family."""
    takes = signatures("functional.pyi")
    parts = []
    for family, facts in groupby(catalogue.facts().values(), key=lambda fact: fact.family):
        parts.append(f"## {family}\n\nRange, kinks, source and picture of each: [catalogue](../catalogue.md#{family}).")
        parts += [described(fact.name, getattr(functional, fact.name), takes[fact.name]) for fact in facts]
    return page("actlab.functional", functional, parts)


def modules() -> str:
    """actlab.nn, a section a file; of what has a function, what is the class's own."""
    takes = signatures("nn/elementwise.pyi") | signatures("nn/learned.pyi")
    parts = []
    for file, names in groupby(sorted(names_of(nn), key=lambda name: list(FILES).index(file_of(name))), key=file_of):
        parts.append(f"## {FILES[file]}\n\n{prose(importlib.import_module(f'actlab.nn.{file}').__doc__ or '')}")
        for name in sorted(names, key=str.lower):
            of = getattr(nn, name)
            text = prose(of.__doc__)
            if fact := vars(of).get("facts"):  # what it computes stands where its function does
                told = re.search(r"\*\*Args\*\*.*|\*\*Shape:.*", text, re.DOTALL)[0]
                told = re.sub(r"\*\*(Source|Checked):.*?\n\n", "", told, flags=re.DOTALL)
                text = (
                    f"{text.splitlines()[0]} Formula and source: {{py:func}}`~actlab.functional.{fact.name}`.\n\n{told}"
                )
            kind = "class" if inspect.isclass(of) else "function"
            parts.append(entry(kind, name, takes.get(name) or signature(of).removesuffix(" -> None"), text))
    return page("actlab.nn", nn, parts)


def file_of(name: str) -> str:
    """The file of actlab.nn behind whose name a module stands."""
    stub = (SOURCE / "nn" / "__init__.pyi").read_text(encoding="utf-8")
    return re.findall(rf"^from \.(\w+) import .*\b{name} as {name}\b", stub, re.MULTILINE)[0]


def testing() -> str:
    """actlab.testing."""
    parts = [described(name, getattr(actlab.testing, name)) for name in names_of(actlab.testing)]
    return page("actlab.testing", actlab.testing, parts)


def rooms() -> str:
    """What documents import from other rooms, and what public functions give, a section a room."""
    of_room: dict[str, list[str]] = {}
    for name, of in public.public().items():
        room = ".".join(name.split(".")[:-1][:2])
        if room not in ("actlab", "actlab.testing"):
            opened = [f"## {room}", f"{FENCE}{{py:currentmodule}} {room}\n{FENCE}"]
            of_room.setdefault(room, opened).append(described(name.removeprefix(f"{room}."), of))
    parts = ["\n\n".join(found) for _, found in sorted(of_room.items())]
    intro = "What pages here import from other rooms of the package, and the classes of what public functions give."
    return "\n\n".join(["# From other rooms", intro, *parts]) + "\n"


def command_line() -> str:
    """Every command: what `--help` says, as a list that fits a window of any width."""
    group = typer.main.get_command(app)
    parts = [f"# The command line\n\n{group.help} `actlab COMMAND --help` says what stands here."]
    for name, command in group.commands.items():
        context = typer.Context(command, info_name=f"actlab {name}")
        usage = command.get_usage(context).removeprefix("Usage: ")
        records = [record for one in command.get_params(context) if (record := one.get_help_record(context))]
        options = "\n\n".join(f"`{left}`\n: {escaped(right)}" for left, right in records)
        text = escaped(inspect.cleandoc(command.help))
        parts += [f"## actlab {name}", f"{FENCE}text\n{usage}\n{FENCE}", text, options]
        if command.epilog:
            parts.append(f"Example:\n\n{FENCE}sh\n{command.epilog.removeprefix('Example: ')}\n{FENCE}")
    return "\n\n".join(parts) + "\n"


PAGES = {
    "actlab": top, "functional": functions, "nn": modules, "testing": testing, "rooms": rooms, "cli": command_line,
}  # fmt: skip
