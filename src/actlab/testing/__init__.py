"""For other people's test suites: one assertion that an activation is sound, and `pytest --actlab mine.py`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
