"""All families, which enter their blocks when they are imported. A family's name is its file's, up to a _."""

from actlab.activations import (  # noqa: F401
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
from actlab.activations.core import BLOCKS, Activation
from actlab.catalogue import lookup


def get(name: str) -> Activation:
    """The block of a catalogue name or alias.

    >>> get("Swish").name
    'silu'
    """
    return BLOCKS[lookup(name).name]
