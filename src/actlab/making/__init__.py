"""From what was named to what a stack can train: probed, with its gradient and what it learns."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
