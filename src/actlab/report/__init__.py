"""A run's report: a page, pictures, HiPlot pages and tables. Neither torch nor Ray is needed to draw it.

store.Run -> summary (the table, the comparisons) -> plots, interactive, hiplot_pages -> page
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
