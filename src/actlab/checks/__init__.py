"""Whether an activation is right, and what it is: the battery, identity, properties, cards and worked gradients."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
