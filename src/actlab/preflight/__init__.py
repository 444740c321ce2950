"""What is wrong with the data or the networks, found before any time is spent on training.

inputs      finite, not constant, on a usable scale, alike in all parts, equal rows in one part only
labels      whole numbers from 0, an example of each class
targets     in their place where they are numbers: finite, varying, not of a few samples, alike in all parts
networks    loss, gradients and dead units at the start; a few samples learned by heart
look        all of them
before      what a run does with them
doctor      the machine

What a training ended in, told from its curves, is `stats.diagnosis`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
