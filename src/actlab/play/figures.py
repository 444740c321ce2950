"""What figures outside of the page take from it: its modules in a script of their own, and functions as trees."""

from collections.abc import Callable
from importlib import resources
from typing import Any

from actlab import catalogue
from actlab.formula import Node, parse
from actlab.play.packing import scripts


def script(read: Callable[[str], str]) -> str:
    """The module main.js that `read` gives, and all that it imports: what `read` does not find is the page's.

    >>> "const main_js" in script({"main.js": 'import { said } from "./page/dom.js";\\n'}.__getitem__)
    True
    """

    def found(file: str) -> str:
        if file == "worker.js":  # nothing runs in one
            return ""
        try:
            return read(file)
        except (FileNotFoundError, KeyError):
            return (resources.files("actlab.play") / file).read_text(encoding="utf-8")

    return "".join(scripts(found)[1].values())


def trees(name: str) -> list[Any]:
    """Value and slope of a function of the catalogue in their sound forms: [op, part, ...], a number, or "x".

    >>> trees("silu")[0]
    ['*', 'x', ['sigmoid', 'x']]
    """
    from actlab.making import forms

    facts = catalogue.lookup(name)
    found = forms(parse(facts.formula), facts.parameters)

    def told(node: Node) -> Any:
        if node.op in ("number", "name"):
            return facts.parameters.get(node.value, node.value)
        return [node.op, *map(told, node.arguments)]

    return [told(found.value), told(found.derivatives["x"])]
