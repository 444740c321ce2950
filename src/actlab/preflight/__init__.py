"""What is wrong with the data or the networks, found before any time is spent on training.

inputs      finite, not constant, on a usable scale, alike in all parts, equal rows in one part only
labels      whole numbers from 0, an example of each class
networks    loss, gradients and dead units at the start; a few samples learned by heart
look        all of them
before      what a run does with them
doctor      the machine

What a training ended in, told from its curves, is `stats.diagnosis`.
"""

from actlab.preflight.before import look_before
from actlab.preflight.findings import LEVELS, Finding, refuse
from actlab.preflight.look import preflight
from actlab.stats.diagnosis import Diagnosis, diagnose

__all__ = ["LEVELS", "Diagnosis", "Finding", "diagnose", "look_before", "preflight", "refuse"]
