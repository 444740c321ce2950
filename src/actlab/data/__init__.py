"""Data sets as plain arrays: mnist, fashion_mnist, kmnist, digits, or arrays or files of your own.

name -> Source (raw arrays) -> Cut (raw parts) -> Part (float32 inputs, int64 labels)

sets, fetch, idx    the IDX sets: where they come from, how they get here, how they are checked
own                 arrays of the user's, by name; labels, tables, npz: what they are made from
split               which sample goes where
resplit             a split for each seed, from all samples
pipelines           what is done to the pixels
dataset             these steps in order
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
