"""What is true: a formula at 50 digits where one is known, otherwise the function itself in float64."""

import dataclasses
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from actlab import catalogue
from actlab.activations import BLOCKS, Activation
from actlab.checks.battery import sampling
from actlab.formula import Exact, Reading, edges, kinks as kinks_at, parse, read
from actlab.making import ByHand, compiled, resolve

if TYPE_CHECKING:
    from actlab.checks.battery.subject import Subject

_STEP = 1e-3  # of the differences that stand in for a derivative: with extrapolation good to about 1e-10
_INFERRED = 1e-6  # how closely an activation equals the one it is recognised as


@dataclasses.dataclass(frozen=True, eq=False)
class Truth:
    """Values and slopes that can be relied on.

    `words` says where they come from; `slack` widens the limits to what the source is worth: an activation that was
    recognised equals its namesake to 1e-6, and differences are no derivative.
    """

    words: str
    exact: Exact | None
    reference_values: Callable[[np.ndarray], np.ndarray]  # float64, vectorised
    kinks: tuple[float, ...]
    value_slack: float = 0.0
    slope_slack: float = 0.0
    block_and_parameters: tuple[Activation, tuple[float, ...]] | None = None
    gradient: "Declared | None" = None  # what is meant where f' is not: surrogates, straight-through

    @property
    def guessed(self) -> bool:
        """Whether nobody declared what it is: recognised by its values, or judged against itself."""
        return self.slope_slack > 0

    @cached_property
    def centre(self) -> "Sample":
        return self.sample(sampling.centre())

    @cached_property
    def tails(self) -> "Sample":
        return self.sample(sampling.tails())

    @cached_property
    def ends(self) -> "dict[torch.dtype, Sample]":
        """Truth at the ends of a dtype; kept, for huge arguments are the slowest at 50 digits."""
        return {dtype: self.sample(sampling.extremes(dtype)) for dtype in (torch.float64, torch.float32)}

    def sample(self, points: np.ndarray) -> "Sample":
        """Truth at these points. The curvature only sets a scale, so a rough one will do."""
        if self.gradient is not None:
            value = self.reference_values(points) if self.exact is None else _floats(self.exact.values(points))
            exact = self.gradient.exact
            return Sample(points, value, _floats(exact.values(points)), _floats(exact.slopes(points)))
        if self.exact is None:
            return _by_differences(self.reference_values, points)
        value, slope = (_floats(numbers) for numbers in (self.exact.values(points), self.exact.slopes(points)))
        return Sample(points, value, slope, _floats(self.exact.slopes(points, order=2)))

    def wide(self, x: Tensor) -> tuple[np.ndarray, np.ndarray] | None:
        """Value and slope in float64 of the formula's own block: for sweeps, where 50 digits would take too long.

        Not of what was recognised: where its values are small it may be another function after all (x/(1e-3 + |x|)).
        """
        if self.block_and_parameters is None or self.guessed:
            return None
        block, parameters = self.block_and_parameters
        x = x.to(torch.float64)
        y = block.value(x, *parameters)
        return y.numpy(), block.slope("x", x, y, parameters).expand(x.shape).numpy()


@dataclasses.dataclass(frozen=True, eq=False)
class Declared:
    """The gradient that is meant, by its formula; `kinks` are where it jumps."""

    reading: Reading

    @cached_property
    def exact(self) -> Exact:
        return Exact(self.reading.node, self.reading.parameters)

    @cached_property
    def kinks(self) -> tuple[float, ...]:
        def gap(x: float) -> float:
            below, above = self.exact.values([x - 1e-9, x + 1e-9])
            return abs(float(above - below))

        return tuple(x for x in edges(self.reading) if not gap(x) <= 1e-6)

    def at(self, x: Tensor) -> Tensor:
        """The gradient at x, in its dtype."""
        value = compiled(self.reading.node, tuple(self.reading.parameters))(x, *self.reading.parameters.values())
        return torch.as_tensor(value, dtype=x.dtype).expand(x.shape)


@dataclasses.dataclass(frozen=True, eq=False)
class Sample:
    """Truth at some points, float64."""

    points: np.ndarray
    value: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray


def truth_of(subject: "Subject") -> Truth:
    """The best truth there is, and the gradient that is declared, if one is."""
    text = subject.gradient or (subject.block.facts.surrogate if subject.block is not None else "")
    found = _truth_of(subject)
    if not text:
        return found
    try:
        float(text)
    except ValueError:
        reading = read(text, subject.settings)
    else:
        reading = Reading(parse(text), {}, ())  # a number: 1 is straight through
    words = f"{found.words}; its gradient against {text}, as declared"
    return dataclasses.replace(found, words=words, gradient=Declared(reading))


def _truth_of(subject: "Subject") -> Truth:
    """The reference that was named, the facts of a block or of a module of actlab's, what it equals, or itself."""
    if subject.reference is not None:
        applied = resolve(subject.reference)
        if isinstance(applied, ByHand):
            parameters = dict(zip(applied.block.facts.parameters, applied.constants, strict=True))
            return _from_facts(applied.block.facts, parameters, f"{subject.reference.label}, as named", applied.block)
    if subject.block is not None:
        return _from_facts(subject.block.facts, subject.settings, "its formula", subject.block)
    facts = vars(subject.class_).get("facts")
    if subject.is_module and isinstance(facts, catalogue.Facts) and set(facts.parameters) <= set(subject.settings):
        return _from_facts(facts, {name: subject.settings[name] for name in facts.parameters}, "its formula")
    identity = subject.identity
    if identity is not None and identity.kind == "equals":
        facts = BLOCKS[identity.name].facts
        parameters = facts.parameters | dict(identity.parameters)
        words = f"the formula of {identity.name}, which it equals to 1e-6"
        return _from_facts(facts, parameters, words, slack=_INFERRED)
    return Truth("itself in float64", None, subject.in_float64, (), 0.0, 1e-6)


def _from_facts(
    facts: catalogue.Facts, parameters: dict[str, float], words: str, block: Activation | None = None,
    slack: float = 0.0,
) -> Truth:  # fmt: skip
    exact = Exact(parse(facts.formula), parameters)
    found = block or BLOCKS.get(facts.name)
    values = tuple((facts.parameters | parameters).values())
    kept = None if found is None else (found, values)

    def reference(x: np.ndarray) -> np.ndarray:
        if found is None:
            return _floats(exact.values(x))
        return found.value(torch.as_tensor(x, dtype=torch.float64), *values).numpy()

    return Truth(f"{words}, at 50 digits", exact, reference, kinks_at(facts, parameters), slack, slack, kept)


def _by_differences(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> Sample:
    """Central differences, extrapolated once (Richardson)."""
    with np.errstate(all="ignore"):
        wide = (f(x + _STEP) - f(x - _STEP)) / (2 * _STEP)
        narrow = (f(x + _STEP / 2) - f(x - _STEP / 2)) / _STEP
        curvature = (f(x + _STEP) - 2 * f(x) + f(x - _STEP)) / _STEP**2
        return Sample(x, f(x), (4 * narrow - wide) / 3, curvature)


def _floats(numbers: list) -> np.ndarray:
    return np.array([float(number) for number in numbers])
