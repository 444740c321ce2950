"""The catalogue: one block an activation, one file a family. This loads torch; `actlab.catalogue` does not."""

from actlab.activations import exponential, gated, linear, rectified, sigmoidal
from actlab.activations.core import BLOCKS, Activation, activation
from actlab.catalogue import lookup

__all__ = ["BLOCKS", "Activation", "activation", "exponential", "gated", "get", "linear", "rectified", "sigmoidal"]


def get(name: str) -> Activation:
    """The block of a catalogue name or alias.

    >>> get("Swish").name
    'silu'
    """
    return BLOCKS[lookup(name).name]
