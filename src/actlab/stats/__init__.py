"""Paired comparisons: values by arm and seed in, estimates with interval and verdict out. No torch."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
