"""Batched matrix products whose bits do not depend on how many networks there are.

MKL treats every matrix of a batch alike, with one exception, found by comparing bytes: a batch of one whose product has
a dimension of 1 (a last batch of one sample, a layer of one unit) goes to a matrix-vector kernel with other rounding.
Such a product is computed twice over, as a batch of two, and the first is kept; it is rare and small.
"""

import torch
from torch import Tensor


def _lonely_vector(a: Tensor, b: Tensor) -> bool:
    return a.shape[0] == 1 and 1 in (a.shape[1], a.shape[2], b.shape[2])


def product(a: Tensor, b: Tensor, out: Tensor) -> Tensor:
    """out = a b for each network."""
    if _lonely_vector(a, b):
        return out.copy_(torch.bmm(a.expand(2, -1, -1), b.expand(2, -1, -1))[:1])
    return torch.bmm(a, b, out=out)


def accumulate(total: Tensor, a: Tensor, b: Tensor, beta: float = 1.0) -> Tensor:
    """total = beta total + a b for each network, in place."""
    if _lonely_vector(a, b):
        twice = total.repeat(2, 1, 1).baddbmm_(a.expand(2, -1, -1), b.expand(2, -1, -1), beta=beta)
        return total.copy_(twice[:1])
    return total.baddbmm_(a, b, beta=beta)
