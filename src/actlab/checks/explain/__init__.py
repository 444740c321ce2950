"""An activation explained: its card, the arrays of its picture, a gradient followed through it in numbers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
