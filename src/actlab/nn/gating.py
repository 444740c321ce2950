"""Modules that change the width: gated linear units, maxout and CReLU. They are no elementwise activations.

A gated unit halves its input, so that a layer before it needs twice as many outputs. A feed-forward block with one has
three matrices of d x h where an ordinary one has two: at equal numbers of parameters its h is 2/3 of the other's.
Compare them at that width. What is known of each is in `catalogue.GATING`, readable without torch.

>>> import torch, actlab
>>> block = torch.nn.Sequential(torch.nn.Linear(12, 2 * 32), actlab.nn.SwiGLU(), torch.nn.Linear(32, 12))
>>> plain = torch.nn.Sequential(torch.nn.Linear(12, 48), actlab.nn.SiLU(), torch.nn.Linear(48, 12))
>>> [sum(layer.weight.numel() for layer in network[::2]) for network in (block, plain)]
[1152, 1152]
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from actlab import functional
from actlab.catalogue import GATING, documented
from actlab.nn.code import Module


class _Gated(Module):
    """a * gate(b), where a and b are the two halves of the input along `dim`: the second half is the gate."""

    _gate: Callable[[Tensor], Tensor]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        known = next(entry for entry in GATING if entry.module == cls.__name__)
        doc, *example = inspect.cleandoc(cls.__doc__ or "").partition(">>>")
        args = {"dim": "the dimension that is halved: first a, then b, its gate. Default: -1."}
        shape, raises = (
            "2n along dim in, n out; of any floating-point dtype.",
            "in forward ValueError for an odd size of dim.",
        )
        cls.__doc__ = documented(known, doc.rstrip(), args, ["".join(example)], Shape=shape, Raises=raises)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() == 0 or input.size(self.dim) % 2:
            size = input.size(self.dim) if input.dim() else "none"
            raise ValueError(
                f"{type(self).__name__} halves dimension {self.dim}, whose size must be even, not {size}: "
                "give the layer before it twice the outputs that are wanted."
            )
        value, gate = input.chunk(2, self.dim)
        return value * type(self)._gate(gate)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class GLU(_Gated):
    """Gated linear unit: one half, gated by the sigmoid (s) of the other; torch.nn.GLU.

        f(a, b) = a s(b),   df/da = s(b),   df/db = a s(b) s(-b)

    >>> import torch, actlab
    >>> actlab.nn.GLU()(torch.tensor([1.0, 2.0, 0.0, 100.0]))
    tensor([0.5000, 2.0000])
    """

    _gate = staticmethod(functional.sigmoid)


class BilinearGLU(_Gated):
    """The bilinear unit: the product of both halves, without any activation. (torch.nn.Bilinear is another thing.)

        f(a, b) = a b,   df/da = b,   df/db = a

    >>> import torch, actlab
    >>> actlab.nn.BilinearGLU()(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    tensor([3., 8.])
    """

    _gate = staticmethod(functional.identity)


class ReGLU(_Gated):
    """ReGLU: one half, gated by the ReLU of the other.

        f(a, b) = a max(0, b),   df/da = max(0, b),   df/db = a if b > 0, 0 otherwise

    >>> import torch, actlab
    >>> actlab.nn.ReGLU()(torch.tensor([1.0, 2.0, -3.0, 4.0]))
    tensor([0., 8.])
    """

    _gate = staticmethod(functional.relu)


class GEGLU(_Gated):
    """GEGLU: one half, gated by the GELU (g, by erf) of the other.

        f(a, b) = a g(b),   df/da = g(b),   df/db = a g'(b)

    >>> import torch, actlab
    >>> actlab.nn.GEGLU()(torch.tensor([1.0, 2.0, 0.0, 1.0]))
    tensor([0.0000, 1.6827])
    """

    _gate = staticmethod(functional.gelu)


class SwiGLU(_Gated):
    """SwiGLU: one half, gated by the SiLU (g) of the other; most of today's language models.

        f(a, b) = a g(b),   df/da = g(b),   df/db = a g'(b)

    >>> import torch, actlab
    >>> actlab.nn.SwiGLU()(torch.tensor([1.0, 2.0, 0.0, 1.0]))
    tensor([0.0000, 1.4621])
    """

    _gate = staticmethod(functional.silu)


class CReLU(Module):
    """Concatenated ReLU: the positive and the negative part beside each other, so that nothing is lost.

        f(x) = [max(0, x), max(0, -x)] along `dim`;   derivatives 1 if x > 0 and -1 if x < 0, at 0 both 0

    Args:
        dim: the dimension along which both parts are put. Default: 1.

    Shape: n along `dim` in, 2n out; of any floating-point dtype.
    Raises: TypeError for an input that is no floating-point tensor.
    Source: Shang, Sohn, Almeida, Lee 2016, Concatenated Rectified Linear Units, arXiv:1603.05201.
    Checked: no.

    >>> import torch, actlab
    >>> actlab.nn.CReLU()(torch.tensor([[1.0, -2.0]]))
    tensor([[1., 0., 0., 2.]])
    """

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return torch.cat([functional.relu(input), functional.relu(-input)], self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Maxout(torch.nn.Module):
    """Maxout: a linear layer with several pieces for each output, of which the largest is taken.

        f(x)_i = max over k of (W_ik x + b_ik)

    The gradient goes to the largest piece; where several are equal, to the first, as torch.max(dim) has it.
    `linear` holds out_features * pieces rows, the pieces of one output beside each other.

    Args:
        in_features, out_features: sizes of the last dimension, of the input and of the output.
        pieces: how many linear functions the largest is taken of. Default: 2.
        bias, device, dtype: as torch.nn.Linear's.

    Shape: (..., in_features) in, (..., out_features) out; of the layer's dtype.
    Raises: ValueError for less than one piece.
    Source: Goodfellow, Warde-Farley, Mirza, Courville, Bengio 2013, Maxout Networks, arXiv:1302.4389.
    Checked: no.

    >>> import torch, actlab
    >>> maxout = actlab.nn.Maxout(2, 1, pieces=3)
    >>> with torch.no_grad():
    ...     _ = maxout.linear.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]))
    ...     _ = maxout.linear.bias.zero_()
    >>> maxout(torch.tensor([[2.0, 5.0], [-1.0, -3.0]])).tolist()
    [[5.0], [4.0]]
    """

    def __init__(
        self, in_features: int, out_features: int, pieces: int = 2, bias: bool = True,
        device: torch.device | str | None = None, dtype: torch.dtype | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if pieces < 1:
            raise ValueError(f"Maxout takes at least 1 piece, not {pieces}")
        self.in_features: int = in_features
        self.out_features: int = out_features
        self.pieces: int = pieces
        self.linear: torch.nn.Linear = torch.nn.Linear(
            in_features, out_features * pieces, bias=bias, device=device, dtype=dtype
        )

    def forward(self, input: Tensor) -> Tensor:
        return self.linear(input).unflatten(-1, (self.out_features, self.pieces)).max(dim=-1).values

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, pieces={self.pieces}"


__all__ = ["GEGLU", "GLU", "BilinearGLU", "CReLU", "Maxout", "ReGLU", "SwiGLU"]
