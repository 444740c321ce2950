"""Formulas: text -> tree -> derivative, exact numbers, kinks. Neither torch nor SymPy, and nothing is executed."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
