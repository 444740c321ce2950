"""Several rooms in a row: compare, try, confirm, reproduce, load a model."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
