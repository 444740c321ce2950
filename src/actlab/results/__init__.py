"""What a run says, in numbers and words: tables, verdicts, costs, endings, LaTeX; judging others' tables."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
