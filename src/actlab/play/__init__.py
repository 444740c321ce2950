"""The playground: one page where any formula is drawn, judged and trained beside relu. Its modules are JavaScript."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
