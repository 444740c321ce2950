"""Batched matrix products whose bits do not depend on how many networks there are.

MKL treats every matrix of a batch alike, with one exception, found by comparing bytes: a batch of one whose product has
a dimension of 1 (a last batch of one sample, a layer of one unit) goes to a matrix-vector kernel with other rounding.
Such a product is computed twice over, as a batch of two, and the first is kept; it is rare and small.

Without AVX-512 its kernels also go by how a matrix lies in memory, and so by its place in a stack, unless it is told
before its first product to give the same bits whatever the place ("conditional numerical reproducibility").
"""

import os
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

os.environ.setdefault("MKL_CBWR", "AUTO")  # here, in the one room that multiplies; workers inherit it

TOLD_LATE = (
    "This process multiplied matrices before actlab was loaded, so that results may differ in their last bits from "
    "those of other runs: set MKL_CBWR=AUTO before Python starts, or name two --workers."
)

Operation = Callable[[], object]


def hold() -> bool:
    """Whether products have the same bits wherever their factors lie: not if MKL multiplied before it was told."""
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(4, 2, 65, generator=generator), torch.randn(4, 65, 33, generator=generator)
    return torch.equal(torch.bmm(a[1:3].clone(), b[1:3].clone()), torch.bmm(a, b)[1:3])  # 33 x 65: off 64 bytes


def _lonely_vector(a: Tensor, b: Tensor) -> bool:
    return a.shape[0] == 1 and 1 in (a.shape[1], a.shape[2], b.shape[2])


def product(a: Tensor, b: Tensor, out: Tensor) -> Operation:
    """out = a b for each network, as an operation on these tensors: what is decided by shapes is decided once."""
    if _lonely_vector(a, b):
        a, b = a.expand(2, -1, -1), b.expand(2, -1, -1)
        return lambda: out.copy_(torch.bmm(a, b)[:1])
    return partial(torch.bmm, a, b, out=out)


def accumulation(total: Tensor, a: Tensor, b: Tensor, beta: float = 1.0) -> Operation:
    """total = beta total + a b for each network, in place."""
    if _lonely_vector(a, b):
        a, b = a.expand(2, -1, -1), b.expand(2, -1, -1)
        return lambda: total.copy_(total.repeat(2, 1, 1).baddbmm_(a, b, beta=beta)[:1])
    return partial(total.baddbmm_, a, b, beta=beta)
