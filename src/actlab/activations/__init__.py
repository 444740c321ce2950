"""The catalogue: one block an activation, one file a family. This loads torch; `actlab.catalogue` does not."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
