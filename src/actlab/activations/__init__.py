"""The catalogue: one block an activation, one file a family. This loads torch; `actlab.catalogue` does not."""

from actlab.activations import (
    bell,
    clipped,
    exponential,
    gated,
    gated_by_erf,
    learned,
    learned_piecewise,
    learned_rational,
    linear,
    oscillating,
    rectified,
    shrinkage,
    sigmoidal,
    soft,
)
from actlab.activations.core import BLOCKS, Activation, activation
from actlab.catalogue import lookup

__all__ = [
    "BLOCKS",
    "Activation",
    "activation",
    "bell",
    "clipped",
    "exponential",
    "gated",
    "gated_by_erf",
    "get",
    "learned",
    "learned_piecewise",
    "learned_rational",
    "linear",
    "oscillating",
    "rectified",
    "shrinkage",
    "sigmoidal",
    "soft",
]


def get(name: str) -> Activation:
    """The block of a catalogue name or alias.

    >>> get("Swish").name
    'silu'
    """
    return BLOCKS[lookup(name).name]
