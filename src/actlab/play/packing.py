"""Modules of JavaScript into one page: two scripts, each of them one scope, what is imported before what imports it.

The first is all that worker.js reaches, and a worker's source too; the second what main.js needs beyond it.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from importlib import resources
from typing import Any

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+\.js)";\n', re.MULTILINE)
_TOP = re.compile(r"^(export )?(?:async )?(?:function\*?|class|const|let) (\w+|[\[{][^=]*[\]}])", re.MULTILINE)
_BAD = re.compile(r"</script|<!--|^import\b|^export (?!(?:async )?(?:function|class|const)\b)", re.MULTILINE | re.I)


def scripts(read: Callable[[str], str]) -> list[dict[str, str]]:
    """The modules of each script by name, in their order, with its first line and its last."""
    exports: dict[str, set[str]] = {}
    tops: dict[str, str] = {}

    def follow(module: str, into: dict[str, str]) -> dict[str, str]:
        bare = _IMPORT.sub("", read(module))
        if found := _BAD.search(bare):
            raise ValueError(f"{module} has {found[0]!r}, which cannot be packed.")
        exports[module] = set()
        for exported, declared in _TOP.findall(bare):
            for name in re.findall(r"\w+", declared):
                if name in tops:
                    raise ValueError(f"{module} declares {name} at its top, as {tops[name]} does: rename one.")
                tops[name] = module
                exports[module] |= {name} if exported else set()
        for listed, other in _IMPORT.findall(read(module)):
            if other not in exports:
                follow(other, into)
            if missing := {name.strip() for name in listed.split(",")} - exports[other] - {""}:
                raise ValueError(f"{module} imports {min(missing)}, which {other} does not export.")
        into[module] = re.sub(r"^export ", "", bare, flags=re.MULTILINE)
        return into

    pure, shown = follow("worker.js", {}), follow("main.js", {})
    names = ", ".join(sorted(set().union(*(exports[module] for module in pure))))
    return [
        {"first": 'const actlab = (() => {\n"use strict";\n', **pure, "last": f"return {{ {names} }};\n}})();\n"},
        {"first": f'(() => {{\n"use strict";\nconst {{ {names} }} = actlab;\n', **shown, "last": "})();\n"},
    ]


def page(made: Any = None) -> str:
    """The whole page; `made` is what Python knows of the formula that it begins with."""
    read = lambda name: (resources.files("actlab.play") / name).read_text(encoding="utf-8")  # noqa: E731
    pure, shown = ("".join(script.values()) for script in scripts(read))
    parts = {"pure": pure, "shown": shown, "style": read("style.css"), "made": json.dumps(made).replace("<", r"\u003c")}
    for name in ("pure", "shown", "style"):
        parts[f"{name}_hash"] = f"'sha256-{base64.b64encode(hashlib.sha256(parts[name].encode()).digest()).decode()}'"
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: parts[found[1]], read("page.html"))
