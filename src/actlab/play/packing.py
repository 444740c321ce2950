"""Modules of JavaScript into one page: each a scope of its own, in two scripts, the imported before the importing.

The first script is all that worker.js reaches, and a worker's source too; the second what main.js needs beyond it.
"""

import base64
import hashlib
import json
import posixpath
import re
from collections.abc import Callable
from importlib import resources
from typing import Any

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.\.?/[\w/]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?:async )?(?:function\*?|class|const|let) ([\w$]+|[\[{][^=]*[\]}])", re.MULTILINE)
_BAD = re.compile(r"</script|<!--|^import\b|^export (?!(?:async )?(?:function|class|const)\b)", re.MULTILINE | re.I)


def scripts(read: Callable[[str], str]) -> list[dict[str, str]]:
    """The modules of each script by name, in their order."""
    exports: dict[str, list[str]] = {}  # of modules that are packed

    def follow(module: str, into: dict[str, str], importing: tuple[str, ...] = ()) -> dict[str, str]:
        text = read(f"{module}.js")
        within = {place: posixpath.normpath(f"{module}/../{place}") for _, place in _IMPORT.findall(text)}
        for listed, place in _IMPORT.findall(text):
            other = within[place]
            if other in (*importing, module):
                raise ValueError(f"{module}.js imports {other}.js, which imports it.")
            if other not in exports:
                follow(other, into, (*importing, module))
            if missing := {name.strip() for name in listed.split(",")} - {*exports[other], ""}:
                raise ValueError(f"{module}.js imports {min(missing)}, which {other}.js does not export.")
        if found := _BAD.search(_IMPORT.sub("", text)):
            raise ValueError(f"{module}.js has {found[0]!r}, which cannot be packed.")
        exports[module] = [name for found in _EXPORT.findall(text) for name in re.findall(r"[\w$]+", found)]
        body = _IMPORT.sub(lambda found: f"const {{{found[1]}}} = {_scope(within[found[2]])};\n", text)
        body = re.sub(r"^export ", "", body, flags=re.MULTILINE)
        into[module] = f"const {_scope(module)} = (() => {{\n{body}return {{ {', '.join(exports[module])} }};\n}})();\n"
        return into

    return [{"": '"use strict";\n', **follow("worker", {})}, {"": '"use strict";\n', **follow("main", {})}]


def _scope(module: str) -> str:
    return f"{module.replace('/', '_')}_js"


def page(made: Any = None) -> str:
    """The whole page; `made` is what Python knows of the formula that it begins with."""
    read = lambda name: (resources.files("actlab.play") / name).read_text(encoding="utf-8")  # noqa: E731
    pure, shown = ("".join(script.values()) for script in scripts(read))
    parts = {"pure": pure, "shown": shown, "style": read("style.css"), "made": json.dumps(made).replace("<", r"\u003c")}
    for name in ("pure", "shown", "style"):
        parts[f"{name}_hash"] = f"'sha256-{base64.b64encode(hashlib.sha256(parts[name].encode()).digest()).decode()}'"
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: parts[found[1]], read("page.html"))
