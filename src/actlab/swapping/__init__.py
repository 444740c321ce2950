"""Activations of a finished model replaced by others, in place."""

from actlab.swapping.calls import Call
from actlab.swapping.replace import Held, Report, swap

__all__ = ["Call", "Held", "Report", "swap"]
