"""What the playground's page carries of a function: its formula, and the sound forms of value and slopes, as texts.

A form is one text of the formula language, or several with "; " between: `u1 = exp(x); x*u1` gives a part that is used
twice a name, as the page's parser reads short texts only.
"""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from actlab.catalogue import Facts
from actlab.formula import Apply, Name, Node, Reading, edges, parse, postorder
from actlab.making.floats.forms import forms

_LONG, _LARGE, _DEEP = 600, 150, 25  # characters, nodes and levels of a text that stays whole


def portable(reading: Reading) -> dict[str, Any]:
    """A formula with its parameters, as the page takes it.

    >>> from actlab.formula import read
    >>> found = portable(read("x/(1 + exp(-x))"))
    >>> found["value"], found["slopes"]
    ('x*sigmoid(x)', {'x': 'sigmoid(x) + x*(sigmoid(x)*sigmoid(-x))'})
    """
    return {
        "formula": str(reading.node),
        "parameters": reading.parameters,
        "learned": list(reading.learned),
        "kinks": list(edges(reading)),
        **_forms(reading.node, reading.parameters),
    }


def of_catalogue(facts: Facts) -> dict[str, Any]:
    """The same of an activation of the catalogue, with the facts that the page shows."""
    return {
        "name": facts.name,
        "aliases": list(facts.aliases),
        "summary": facts.summary,
        "family": facts.family,
        "formula": facts.formula,
        "parameters": facts.parameters,
        "learned": list(facts.learned),
        "kinks": list(facts.kinks),
        "range": facts.range,
        "reference": facts.reference,
        **_forms(parse(facts.formula), facts.parameters),
    }


def _forms(node: Node, parameters: Mapping[str, float]) -> dict[str, Any]:
    found = forms(node, parameters)
    return {"value": told(found.value), "slopes": {wrt: told(form) for wrt, form in found.derivatives.items()}}


def told(form: Node) -> str:
    """A tree as text; a large one with names for its parts.

    >>> node = parse("1 + x*exp(x)")
    >>> told(node)
    '1 + x*exp(x)'
    >>> for _ in range(6):
    ...     node = node * node
    >>> told(node)
    'u1 = 1 + x*exp(x); u2 = u1*u1; u3 = u2*u2; u4 = u3*u3; u5 = u4*u4; u6 = u5*u5; u6*u6'
    """
    text = str(form) if form.size <= _LARGE and form.depth <= _DEEP else ""
    return text if 0 < len(text) <= _LONG else "; ".join(_in_parts(form))


def _in_parts(form: Node) -> Iterable[str]:
    order = postorder(form)
    uses = [argument for part in order for argument in part.arguments]
    names = (name for number in count(1) if (name := f"u{number}") not in form.symbols)
    short: dict[Node, Node] = {}
    for part in order:
        inner = [short[argument] for argument in part.arguments]
        here = short[part] = Apply(part.op, *inner) if inner else part
        often = uses.count(part) > 1 and part.size > 3
        if part is not form and not part.is_condition and (often or here.depth > _DEEP or here.size > _LARGE):
            short[part] = Name(next(names))
            yield f"{short[part]} = {here}"
    yield str(short[form])
