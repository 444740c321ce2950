"""The command line: parse, call one function, print. What is slow to import is imported inside the commands."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
