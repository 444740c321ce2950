"""What a planted activation is, and the lists that tests/mutants.py and tests/right_ones.py fill."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch


@dataclass(frozen=True)
class Planted:
    """An activation with a known fault, or a right one that a hasty check might reject."""

    name: str
    make: Callable[[], object]  # a callable, nn.Module instance, autograd Function class or @activation block
    caught_by: str  # the name of the check that should fail; "" for a right one
    reference: (
        str | None
    )  # what it is meant to be: a catalogue name or a formula; None where the object itself shows it
    why: str
    options: dict[str, Any] = field(default_factory=dict)  # what `check` is told beside: width, channels, gradient


MUTANTS: list[Planted] = []
RIGHT: list[Planted] = []


def wrong(caught_by: str, why: str, reference: str | None = None, **options: Any) -> Callable[[Any], Any]:
    """Enter what stands below into MUTANTS."""
    return partial(_enter, MUTANTS, caught_by, why, reference, options)


def right(why: str, reference: str | None = None, **options: Any) -> Callable[[Any], Any]:
    """Enter what stands below into RIGHT."""
    return partial(_enter, RIGHT, "", why, reference, options)


def _enter(
    into: list[Planted], caught_by: str, why: str, reference: str | None, options: dict[str, Any], thing: Any
) -> Any:
    is_module = isinstance(thing, type) and issubclass(thing, torch.nn.Module)
    name = getattr(thing, "__name__", None) or thing.name
    assert name not in {p.name for p in (*MUTANTS, *RIGHT)}, name
    into.append(Planted(name, thing if is_module else lambda: thing, caught_by, reference, why, options))
    return thing


class Modern(torch.autograd.Function):
    """The form that works under vmap and compile; those below write forward(x) and backward alone."""

    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0], output)
