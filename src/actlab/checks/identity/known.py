"""What a function is, said in a sentence; and which entries of the catalogue are the same function."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from actlab import naming
from actlab.activations import BLOCKS
from actlab.checks.identity import bank
from actlab.checks.identity.affine import Affine, affine_matches
from actlab.errors import UserError


@dataclasses.dataclass(frozen=True)
class Near:
    """An entry of the catalogue and the largest difference from it on [-5, 5]."""

    name: str
    distance: float
    where: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Identity:
    """What a function is. `kind`: "equals", "affine" (scale * name(stretch * x + shift) + offset), or "nearest"."""

    kind: str
    name: str  # in the catalogue
    parameters: dict[str, float]
    text: str
    distance: float | None  # "nearest": on [-5, 5]; "affine": what rounding left on [-10, 10]; None: f is not finite
    where: float | None
    affine: tuple[float, float, float, float] | None = None  # scale, stretch, shift, offset
    also: tuple[str, ...] = ()  # other entries that are the same function
    nearest: tuple[Near, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Same:
    """Another name of a function, and the sentence that says how it is the same."""

    name: str
    text: str


def identify(f: bank.Function, parameters: Mapping[str, float] | None = None) -> Identity:
    """Say which function of the catalogue f is, or is nearest to; f takes and gives float64 arrays.

    `parameters` are also tried on every entry that has parameters of these names.

    >>> identify(lambda x: x / (1 + np.exp(-x))).text
    'equals silu'
    >>> identify(lambda x: 3 * np.tanh(2 * x + 1) - 2).text
    'tanh up to input and output scale and shift: 3 tanh(2 x + 1) - 2'
    """
    with np.errstate(all="ignore"):
        values = bank.sampled(f, bank.GRID)
        asked = bank.entries() + bank.with_parameters(parameters or {})
        endless = np.isinf(bank.sampled(f, bank.ROUND)).any()  # beside a pole nothing is nearest
        nearest = () if endless else _nearest(asked, bank.sampled(f, bank.CLOSE), values)

        def found(kind: str, entry: bank.Entry, text: str, **more: Any) -> Identity:
            settings = dict(entry.parameters)
            return Identity(kind=kind, name=entry.name, parameters=settings, text=text, nearest=nearest, **more)

        if equal := _one_each(_equal(asked, values)):
            first, *others = equal
            also = tuple(entry.label for entry in others)
            return found("equals", first, f"equals {first.label}", distance=0.0, where=None, also=also)
        if affine := affine_matches(values, bank.sampled(f, bank.SHORT)):
            best = min(affine, key=lambda match: match.simplicity)
            where = None if math.isnan(best.where) else best.where
            numbers = (best.a, best.b, best.c, best.d)
            return found("affine", best.entry, best.text, distance=best.error, where=where, affine=numbers)
    if not nearest:
        return Identity(kind="nearest", name="", parameters={}, text="not finite on [-5, 5]", distance=None, where=None)
    near = nearest[0]
    entry = next(entry for entry in asked if entry.label == near.name)
    text = f"nearest {near.name}: largest difference {near.distance:.3g} on [-5, 5], at x = {near.where:.3g}"
    if near.distance <= bank.EQUAL:
        text = f"{near.name} on [-5, 5], but not beyond{_beyond(values, bank.values_of(entry, 'wide'))}"
    return found("nearest", entry, text, distance=near.distance, where=near.where)


def same_as(name: str) -> list[Same]:
    """The other entries of the catalogue that are this function, exactly or up to scale and shift.

    >>> [same.text for same in same_as("swish") if same.name == "sigmoid"]
    []
    >>> [same.text for same in same_as("tanh") if same.name == "sigmoid"]
    ['sigmoid up to input and output scale and shift: 2 sigmoid(2 x) - 1']
    """
    target = naming.parse(name)
    if target.kind != "catalogue":
        raise UserError(f"--same-as takes a name of the catalogue, not {name!r}: `actlab list` shows them.")
    own = bank.Entry(target.name, target.arguments)
    settings = BLOCKS[own.name].facts.parameters | dict(own.parameters)
    with np.errstate(all="ignore"):
        values = bank.sampled(own, bank.GRID)
        equal = _one_each(_equal(bank.entries() + bank.with_values(tuple(settings.values())), values))
        affine = affine_matches(values, bank.sampled(own, bank.SHORT))
    taken = {own.name, *(entry.name for entry in equal)}
    best: dict[str, Affine] = {}
    for match in affine:
        name = match.entry.name
        if name not in taken and (name not in best or match.simplicity < best[name].simplicity):
            best[name] = match
    found = [Same(entry.name, f"equals {entry.label}") for entry in equal if entry.name != own.name]
    return found + [Same(name, match.text) for name, match in best.items()]


def _equal(asked: list[bank.Entry], values: np.ndarray) -> list[bank.Entry]:
    """The entries that f equals wherever both are numbers; a tail of f's that is not finite does not count."""
    return [entry for entry in asked if bank.agree(values, bank.values_of(entry, "wide"), bank.EQUAL)]


def _one_each(found: list[bank.Entry]) -> list[bank.Entry]:
    """The first setting of each name."""
    first: dict[str, bank.Entry] = {}
    for entry in found:
        first.setdefault(entry.name, entry)
    return list(first.values())


def _beyond(values: np.ndarray, reference: np.ndarray) -> str:
    """The largest difference, on [-30, 30] if there is one, else further out."""
    gap = np.nan_to_num(np.abs(values - reference) / (1 + np.abs(reference)), nan=np.inf)
    inside = np.where(np.abs(bank.GRID) <= 31, gap, 0)
    place = int((inside if inside.max() > bank.EQUAL else gap).argmax())
    return f": at x = {bank.GRID[place]:.4g} it is {values[place]:.4g}, not {reference[place]:.4g}"


def _nearest(asked: list[bank.Entry], close: np.ndarray, wide: np.ndarray, count: int = 5) -> tuple[Near, ...]:
    """The nearest names on [-5, 5], each at its best setting; of equal ones first those that go on longest."""
    if not np.isfinite(close).all():
        return ()
    best: dict[str, tuple[float, float, Near]] = {}
    for entry in asked:
        gap = np.abs(close - bank.values_of(entry, "close"))
        place = int(gap.argmax())
        if not np.isfinite(gap[place]):
            continue
        beyond = 0.0
        if gap[place] <= bank.EQUAL:
            reference = bank.values_of(entry, "wide")
            beyond = float(np.mean(~(np.abs(wide - reference) <= bank.EQUAL * (1 + np.abs(reference)))))
        near = Near(entry.label, float(gap[place]), float(round(bank.CLOSE[place] - bank.OFF, 6)))
        rank = (0.0 if near.distance <= bank.EQUAL else near.distance, beyond, near)
        if entry.name not in best or rank[:2] < best[entry.name][:2]:
            best[entry.name] = rank
    ranked = sorted(best.values(), key=lambda rank: rank[:2])
    return tuple(near for *_, near in ranked[:count])
