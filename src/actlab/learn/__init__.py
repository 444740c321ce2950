"""Pages that teach, and exercises that check themselves; the pages stand in docs/learn."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
