"""Stacks of networks trained together, on one device: a stack and arrays in, curves and parameters out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
