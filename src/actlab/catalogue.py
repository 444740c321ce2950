"""Names, formulas and facts of the catalogue, readable without torch.

`catalogue.json` beside this file is written from the blocks by `make catalogue`; a test holds the two equal.
"""

import dataclasses
import json
from functools import cache
from importlib import resources
from typing import Any

from actlab.errors import UserError, did_you_mean


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of an activation: data that checks, tests and tables read.

    `formula` is in SymPy's notation, with x and the parameters; `kinks` are the inputs where f is not differentiable or
    jumps: numbers, or formulas of the parameters ("-lambd"); `range` is an interval in words; `learned` names the
    parameters that training changes unless they are given; `checked` says which page was opened to confirm formula and
    reference, and when; `namesakes` what others call by this name though it is another function; `domain` where a
    function that is only an approximation may be used.
    """

    name: str
    summary: str
    family: str
    formula: str
    parameters: dict[str, float]
    kinks: tuple[float | str, ...] = ()
    range: str
    reference: str
    checked: str
    module: str = ""
    inplace: bool = False  # whether PyTorch's function of this name takes inplace
    learned: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    namesakes: tuple[str, ...] = ()
    domain: str = ""
    version: int = 1  # raised when the numbers change: results of different versions are different trials


@cache
def facts() -> dict[str, Facts]:
    """Facts of every catalogue activation, by name, in the catalogue's order.

    >>> facts()["relu"].kinks
    (0.0,)
    """
    text = resources.files("actlab").joinpath("catalogue.json").read_text(encoding="utf-8")
    return {name: _from_json(entry) for name, entry in json.loads(text).items()}


def _from_json(entry: dict[str, Any]) -> Facts:
    return Facts(**{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()})


@cache
def by_any_name() -> dict[str, str]:
    """Every name and alias, lower case and without punctuation, to the catalogue name.

    >>> by_any_name()["leakyrelu"], by_any_name()["swish"]
    ('leaky_relu', 'silu')
    """
    found: dict[str, str] = {}
    for name, fact in facts().items():
        for alias in (name, fact.module, *fact.aliases):
            if alias:
                found.setdefault(_plain(alias), name)
    return found


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def is_name(name: str) -> bool:
    """Whether the catalogue has this name or alias."""
    return _plain(name) in by_any_name()


def lookup(name: str) -> Facts:
    """The facts of a name or alias, in any capitalisation.

    >>> lookup("ReLU").name
    'relu'
    >>> lookup("rleu")
    Traceback (most recent call last):
    actlab.errors.UserError: There is no activation 'rleu'. Did you mean 'relu'? See `actlab list`, ...
    """
    found = by_any_name().get(_plain(name))
    if found is None:
        raise UserError(
            f"There is no activation {name!r}.{did_you_mean(name, facts())} "
            "See `actlab list`, or give your own as file.py:name or package.module:Name."
        )
    return facts()[found]
