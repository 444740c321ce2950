"""Data sets as plain arrays: mnist, fashion_mnist, kmnist, digits, or an .npz file of your own.

name -> Source (raw arrays) -> Cut (raw parts) -> Part (float32 inputs, int64 labels)

sets, fetch, idx    the IDX sets: where they come from, how they get here, how they are checked
npz                 a file of the user's
split               which sample goes where
resplit             a split for each seed, from all samples
pipelines           what is done to the pixels
dataset             these steps in order
"""

from actlab.data.dataset import Dataset, Defaults, Part, Pool, defaults, load, margin_points, names, resolve_auto

__all__ = ["Dataset", "Defaults", "Part", "Pool", "defaults", "load", "margin_points", "names", "resolve_auto"]
