"""What is asked and what came out: trials and their keys, seeds, tuning, a run's folder and its tables. No torch."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
