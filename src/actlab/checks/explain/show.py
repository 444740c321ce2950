"""An activation on paper: the card of its facts and properties, and the arrays that its picture is drawn from.

Importing this file loads no torch.
"""

import dataclasses
import inspect
import re
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from actlab import catalogue, naming
from actlab.checks.properties.measure import properties
from actlab.checks.properties.record import Properties
from actlab.errors import UserError

if TYPE_CHECKING:
    from actlab.checks.identity.known import Identity
    from actlab.making import Applied

WIDTH = 88
_INDENT = 16
_POINTS = 1601
_STEP = 1e-3  # of the differences that f'' is drawn from: f' of a float32 module is good to 1e-7
_WAVES = 12  # more turns than these in [-5, 5] cannot be told apart
_LEAST, _MOST = 5.0, 30.0  # how far a picture reaches, unless a kink asks for more

Function = Callable[[np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True, eq=False)
class Shown:
    """One activation as plain functions of float64 arrays, with what is known and what was measured of it.

    >>> found = shown("leaky_relu(0.2)")
    >>> found.value(np.array([-1.0, 2.0])), found.slope(np.array([-1.0, 2.0])), found.measured.monotone
    (array([-0.2,  2. ]), array([0.2, 1. ]), 'increasing')
    """

    label: str  # what it is called
    facts: catalogue.Facts | None  # None where nothing is written about it
    notes: str  # the rest of its docstring: formula and derivative as one writes them, what is taken at kinks
    given: str  # its parameters and their values
    ours: bool  # whether it is of the catalogue
    value: Function  # f of an array, float64 of any shape
    slope: Function  # f' of one
    measured: Properties


@dataclasses.dataclass(frozen=True, eq=False)
class Sketch:
    """The arrays of a picture: f, f' and f'' with a gap (NaN) where they jump."""

    label: str
    x: np.ndarray
    value: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray
    kinks: tuple[tuple[float, float, float], ...]  # x, and f and f' as they are taken there
    vanishing: tuple[tuple[float, float], ...]  # where |f'| < 0.1


def shown(what: str | Callable[..., Any]) -> Shown:
    """Find an activation (a name, file.py:name, package.module:Name, a formula, a callable) and measure it."""
    from actlab.formula import kinks as kinks_at
    from actlab.making import ByHand, resolve

    target = one(what)
    applied = resolve(target)
    ours = target.kind == "catalogue"
    facts, notes, given, kinks = None, "", "", None
    if isinstance(applied, ByHand):
        facts, notes = applied.block.facts, _notes(applied.block)
        given = parameters(facts, target)
        kinks = kinks_at(facts, dict(zip(facts.parameters, applied.constants, strict=True))) if ours else None
    value, slope = _functions(applied)
    return Shown(target.label, facts, notes, given, ours, value, slope, properties(value, slope, kinks))


def card(what: str | Callable[..., Any] | Shown) -> str:
    """The facts and properties of an activation, as plain text.

    >>> text = card("ReLU")
    >>> print("\\n".join(text.splitlines()[:5]))
    relu
      Rectified linear unit: the positive part of its input.
    <BLANKLINE>
          f(x)  = x  if x > 0,  0  otherwise
          df/dx = 1  if x > 0,  0  otherwise
    >>> print("\\n".join(text.splitlines()[-4:]))
      at N(0, 1)    E f = 0.398942, E f^2 = 0.5, E f'^2 = 0.5
      gain          1/sqrt(E f^2) = 1.41421
      depth         a gradient keeps its size: at this gain its mean square is multiplied by
                    1 a layer, by 1 in 50 layers
    """
    item = what if isinstance(what, Shown) else shown(what)
    summary = item.facts.summary if item.facts else "Nothing is written about it; this is what was measured."
    head = [wrapped(item.label), wrapped(summary, "  ", "  "), ""]
    head += [_laid_out(item.notes), ""] if item.notes else []
    rows = [*fact_rows(item), *item.measured.as_rows()]
    stated = item.facts.range if item.facts else "?"
    if stated != "?":  # of a formula nothing is stated
        rows = [(name, f"{stated}; measured {text}" if name == "range" else text) for name, text in rows]
    return "\n".join(head + [wrapped(text or "none", f"  {name:<{_INDENT - 2}}", " " * _INDENT) for name, text in rows])


def as_dict(item: Shown) -> dict[str, Any]:
    """A card as plain values for JSON."""
    return {
        "label": item.label,
        "facts": dataclasses.asdict(item.facts) if item.facts else None,
        "is": None if item.ours else what_it_is(item).as_dict(),
        "properties": item.measured.as_dict(),
    }


def what_it_is(item: Shown) -> "Identity":
    """Which function of the catalogue this is, or is nearest to."""
    from actlab.checks.identity.known import identify

    return identify(item.value)


def sketches(items: Sequence[Shown]) -> list[Sketch]:
    """The arrays of one picture of all: on the same inputs, far enough out to show every kink."""
    reach = min(max(_reach(item) for item in items), _MOST)
    return [_sketch(item, reach) for item in items]


def _reach(item: Shown) -> float:
    """Far enough for every kink that can be seen; of what oscillates fast, a few waves."""
    places = [
        abs(kink.x) for kink in item.measured.kinks if kink.jump or (not kink.pole and _bend(item, kink.x) > 1e-3)
    ]
    slope = item.slope(np.linspace(-_LEAST, _LEAST, 4 * _POINTS))
    turns = int((slope[1:] * slope[:-1] < 0).sum())
    return max([_LEAST * min(1.0, _WAVES / max(turns, 1)), *(1.3 * place for place in places)])


def _bend(item: Shown, x: float) -> float:
    """How much f' changes at a kink: softplus has one, where PyTorch goes over to the identity, that nobody can see."""
    left, right = item.slope(np.array([x - 1e-6 * (1 + abs(x)), x + 1e-6 * (1 + abs(x))]))
    return float(np.nan_to_num(abs(right - left), nan=np.inf))


def _sketch(item: Shown, reach: float) -> Sketch:
    kinks = [kink for kink in item.measured.kinks if abs(kink.x) <= reach]
    at = np.array([kink.x for kink in kinks])
    beside = 1e-6 * (1 + np.abs(at))
    x = np.unique(np.concatenate([np.linspace(-reach, reach, _POINTS), at, at - beside, at + beside]))
    with np.errstate(all="ignore"):
        value, slope = item.value(x), item.slope(x)
        curvature = _curvature(item.slope, x, at)
    for kink in kinks:
        here = x == kink.x
        slope[here] = curvature[here] = np.nan
        if kink.jump or kink.pole:
            value[here] = np.nan
    taken: list[tuple[float, float, float]] = []
    if kinks:
        taken = list(zip(at.tolist(), item.value(at).tolist(), item.slope(at).tolist(), strict=True))
    clipped = [(max(low, -reach), min(high, reach)) for low, high in item.measured.vanishing]
    return Sketch(
        item.label,
        x,
        *(np.where(np.isfinite(values), values, np.nan) for values in (value, slope, curvature)),
        kinks=tuple(taken),
        vanishing=tuple((low, high) for low, high in clipped if low < high),
    )


def _curvature(slope: Function, x: np.ndarray, kinks: np.ndarray) -> np.ndarray:
    """f'' by differences of f'; near a kink those of the nearest place whose differences do not cross it."""
    for kink in kinks:
        near = np.abs(x - kink) < 2 * _STEP
        x = np.where(near, np.where(x < kink, kink - 2 * _STEP, kink + 2 * _STEP), x)
    curvature = (slope(x + _STEP) - slope(x - _STEP)) / (2 * _STEP)
    # where f' only bends, f'' jumps (elu at 0): a step far larger than those beside it is a gap, not a line
    step = np.abs(curvature[2:] - curvature[:-2])
    beside = np.maximum(step[:-4], step[4:])
    curvature[3:-3][step[2:-2] > 10 * beside + 1e-2] = np.nan
    return curvature


def one(what: str | Callable[..., Any]) -> naming.Target:
    """The one activation that is named; UserError where a name gives one for each layer."""
    first, *others = naming.parse_layers(what, kept=False)
    if others:
        raise UserError(
            f"{what} names {1 + len(others)} activations, and one activation is shown at a time: `actlab show "
            f"{first.text}`, then `actlab show {others[0].text}`."
        )
    return first


def parameters(facts: catalogue.Facts, target: naming.Target) -> str:
    """Each with its value; a learned one with the value it starts from."""
    given = dict(target.arguments)
    texts = []
    for name, default in facts.parameters.items():
        learned = " (learned; its start)" if name in facts.learned and name not in given else ""
        texts.append(f"{name} = {given.get(name, default):g}{learned}")
    return ", ".join(texts)


def wrapped(text: str, first: str = "", rest: str = "") -> str:
    """Text in lines of at most 88 columns."""
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _notes(block: Any) -> str:
    """A docstring without its first line."""
    doc = inspect.cleandoc(block.__doc__ or "")
    return textwrap.dedent("\n".join(doc.splitlines()[1:])).strip("\n")


def _laid_out(notes: str) -> str:
    """Notes within the page: formulas line by line, paragraphs of words filled anew."""
    parts: list[str] = []
    for line in notes.splitlines():
        if parts and _is_prose(line) and _is_prose(parts[-1]):
            parts[-1] += f" {line}"
        else:
            parts.append(line)
    return "\n".join(_fitted(part) for part in parts)


def _is_prose(line: str) -> bool:
    return line[:1] not in ("", " ") and not re.match(r"[\w()/]+ *=", line)


def _fitted(part: str) -> str:
    indent = " " * (2 + len(part) - len(part.lstrip()))
    if len(part) + 2 <= WIDTH:
        return f"  {part}".rstrip()
    return wrapped(part.lstrip(), indent, indent if _is_prose(part) else f"{indent}    ")


def fact_rows(item: Shown) -> list[tuple[str, str]]:
    """What is written about it; for what is not of the catalogue, which of it it is."""
    rows = [] if item.ours else [("what it is", what_it_is(item).text)]
    facts = item.facts
    if facts is None:
        return rows
    rows += [("formula", facts.formula), ("parameters", item.given)]
    rows += [("domain", facts.domain)] if facts.domain else []
    rows += [("reference", facts.reference), ("checked", facts.checked)]
    if not item.ours:
        return rows
    rows += [("aliases", ", ".join(facts.aliases))]
    rows += [("not the same", "; ".join(facts.namesakes))] if facts.namesakes else []
    return [*rows, ("module", f"actlab.nn.{facts.module}" if facts.module else "")]


def _functions(applied: "Applied") -> tuple[Function, Function]:
    """f and f' of float64 arrays, as the engine takes them."""
    import torch

    initial = torch.tensor([applied.initial], dtype=torch.float64)

    def value(x: np.ndarray) -> np.ndarray:
        y, _ = applied.forward(torch.from_numpy(x).reshape(1, -1), initial)
        return y.detach().double().reshape(x.shape).numpy()

    def slope(x: np.ndarray) -> np.ndarray:
        z = torch.from_numpy(x).reshape(1, -1)
        _, saved = applied.forward(z, initial)
        return applied.backward(saved).detach().double().expand_as(z).reshape(x.shape).numpy().copy()

    return value, slope
