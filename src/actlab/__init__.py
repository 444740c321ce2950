"""actlab makes, checks and compares activation functions for neural networks.

Importing it computes nothing and loads no torch: what needs torch is loaded when it is first used.
"""

import sys

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]

if "IPython" in sys.modules:  # what is shown there shows itself
    from actlab.report import register

    register()
