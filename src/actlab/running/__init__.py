"""What is missing of an experiment is planned, trained in one process or several, and stored as it finishes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
