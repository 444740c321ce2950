"""Names, formulas and facts of the catalogue, readable without torch.

`catalogue.json` and `examples.json` beside this file are written from the blocks by `make catalogue`; a test holds
them equal.
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
    function that is only an approximation may be used; `surrogate` is the formula of the gradient where that is meant
    not to be the derivative (a step that learns; "1" is straight through).

    >>> leaky = facts()["leaky_relu"]
    >>> leaky.formula, leaky.parameters, leaky.kinks, leaky.range
    ('Piecewise((x, x > 0), (negative_slope*x, True))', {'negative_slope': 0.01}, (0.0,), '(-inf, inf)')
    """

    name: str
    summary: str  # a line
    family: str  # the part of the catalogue that it stands in
    formula: str
    parameters: dict[str, float]  # and their defaults
    kinks: tuple[float | str, ...] = ()
    range: str
    reference: str  # where it was published
    checked: str = "no"
    module: str = ""  # its name in actlab.nn
    inplace: bool = False  # whether PyTorch's function of this name takes inplace
    learned: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()  # other names of the same
    namesakes: tuple[str, ...] = ()
    domain: str = ""
    surrogate: str = ""
    version: int = 1  # raised when the numbers change: results of different versions are different trials


@dataclasses.dataclass(frozen=True, kw_only=True)
class GatedModule:
    """What is known of a module that changes the width: no elementwise function, and no part of a comparison.

    `formula` is in words: a and b are the halves of the input; `widths` says how many values go in and come out.
    """

    module: str
    summary: str
    formula: str
    widths: str = "2n in, n out"
    reference: str
    checked: str = "no"
    namesakes: tuple[str, ...] = ()


_DAUPHIN = "Dauphin, Fan, Auli, Grangier 2016, Language Modeling with Gated Convolutional Networks, arXiv:1612.08083"
_SHAZEER = "Shazeer 2020, GLU Variants Improve Transformer, arXiv:2002.05202"

GATING = (  # modules of actlab.nn
    GatedModule(
        module="GLU",
        summary="Gated linear unit: one half, gated by the sigmoid of the other.",
        formula="a * sigmoid(b)",
        reference=_DAUPHIN,
        checked="PyTorch 2.13's torch.nn.GLU, which names the paper, opened 2026-11-23",
    ),
    GatedModule(
        module="BilinearGLU",
        summary="Bilinear unit: the product of both halves.",
        formula="a * b",
        reference=f"{_DAUPHIN}; {_SHAZEER}",
        namesakes=("torch.nn.Bilinear is a learned bilinear form of two inputs",),
    ),
    *(
        GatedModule(
            module=module,
            summary=f"One half, gated by the {gate} of the other.",
            formula=f"a * {gate.lower()}(b)",
            reference=_SHAZEER,
            checked="torch-activation's classical/glu.py, opened 2026-11-23; the paper: no",
            namesakes=("in torch-activation the first half is the gate; here it is the second, as in torch.nn.GLU",),
        )
        for module, gate in (("ReGLU", "ReLU"), ("GEGLU", "GELU"), ("SwiGLU", "SiLU"))
    ),
    GatedModule(
        module="CReLU",
        summary="Concatenated ReLU: the positive and the negative part beside each other.",
        formula="[max(0, x), max(0, -x)]",
        widths="n in, 2n out",
        reference="Shang, Sohn, Almeida, Lee 2016, Concatenated Rectified Linear Units, arXiv:1603.05201",
    ),
    GatedModule(
        module="Maxout",
        summary="A linear layer with several pieces for each output, of which the largest is taken.",
        formula="max over k of (W_ik x + b_ik)",
        widths="in_features in, out_features out",
        reference="Goodfellow, Warde-Farley, Mirza, Courville, Bengio 2013, Maxout Networks, arXiv:1302.4389",
    ),
)


@cache
def facts() -> dict[str, Facts]:
    """Facts of every catalogue activation, by name, in the catalogue's order.

    >>> facts()["relu"].kinks
    (0.0,)
    """
    entries: dict[str, dict[str, Any]] = _read("catalogue.json")
    for entry in entries.values():
        entry |= {key: tuple(value) for key, value in entry.items() if isinstance(value, list)}
    return {name: Facts(**entry) for name, entry in entries.items()}


def _read(name: str) -> Any:
    return json.loads(resources.files("actlab").joinpath(name).read_text(encoding="utf-8"))


@cache
def examples() -> dict[str, dict[str, list[str]]]:
    """The lines of a doctest of each "function" and "module", by name; the numbers are the formula's."""
    return _read("examples.json")


def documented(of: Facts | GatedModule, doc: str, args: dict[str, str], example: list[str], **said: str) -> str:
    """The docstring of what the catalogue has: what it is, arguments, what is `said` besides, source and example."""
    said |= {"Source": f"{of.reference.rstrip('.')}.", "Checked": f"{of.checked}."}
    parts = ["Args:", *(f"    {name}: {text}" for name, text in args.items()), ""] if args else []
    return "\n".join([doc, "", *parts, *(f"{key}: {text}" for key, text in said.items()), "", *example])


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
    if is_name(name):
        return facts()[by_any_name()[_plain(name)]]
    for entry in GATING:
        if _plain(name) == _plain(entry.module):
            raise UserError(
                f"{entry.module} is no elementwise function: {entry.widths}. It stands in a network as the module "
                f"actlab.nn.{entry.module}, and cannot be compared or checked as an activation."
            )
    raise UserError(
        f"There is no activation {name!r}.{did_you_mean(name, [*facts(), *by_any_name()])} "
        "See `actlab list`, or give your own as file.py:name or package.module:Name."
    )
