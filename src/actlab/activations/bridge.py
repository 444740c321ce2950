"""The only autograd code: a block (value, derivatives, kernels) becomes a function that PyTorch can differentiate.

Three autograd Functions are made from each block, because torch (2.13) wants different things of them: `torch.func`
wants `setup_context`, a rule for vmap and, for forward mode and hessians, a `jvp`; `torch.compile(fullgraph=True)`
refuses a Function that has a `jvp`; and `setup_context` costs a look at a signature, 20 microseconds, at each call,
which the plain eager call need not pay.
Dynamo traces closures over functions and tuples, not over objects of ours: hence closures, not methods.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch._C._functorch import TransformType
from torch._functorch.pyfunctorch import retrieve_all_functorch_interpreters
from torch.overrides import handle_torch_function, has_torch_function_unary

if TYPE_CHECKING:
    from actlab.activations.core import Activation

_HALVES = (torch.float16, torch.bfloat16)
PIECE = 2**16  # elements a thread works on at once: a handful of temporaries stays in a core's cache


def check_input(name: str, x: object) -> None:
    """A clear error for what is not a floating-point tensor, nor stands for one, such as the Proxy of torch.fx."""
    if not isinstance(x, Tensor):
        if has_torch_function_unary(x):
            return
        raise TypeError(f"{name} takes a torch.Tensor, not {type(x).__name__}: torch.tensor(x, dtype=torch.float32)")
    if not x.is_floating_point():
        raise TypeError(f"{name} takes a floating-point tensor, not {x.dtype}: convert it, for example with x.float()")


def bridge(block: Activation) -> Callable[..., Tensor]:
    """The differentiable form of a block: f(x, *parameters)."""
    name = block.name
    value = block.value
    oracle = block.oracle
    known_as = block.apply
    order = ("x", *block.facts.parameters)
    derivatives = tuple(block.derivatives.get(wrt) for wrt in order)
    wants = tuple(block.wants.get(wrt, ()) for wrt in order)
    keeps_output = not any("x" in names for names in wants)  # then the output is saved in place of the input

    def forward(x, *parameters):
        if x.dtype in _HALVES:  # like ATen: computed in float32, rounded once
            return value(x.float(), *[_as_float(p) for p in parameters]).to(x.dtype)
        return value(x, *parameters)

    def setup_context(ctx, inputs, output):
        x, *parameters = inputs
        tensors = [p for p in parameters if isinstance(p, Tensor)]
        ctx.save_for_backward(output if keeps_output else x, *tensors)
        ctx.save_for_forward(output if keeps_output else x, *tensors)
        ctx.constants = [None if isinstance(p, Tensor) else p for p in parameters]

    def slopes(saved, tensors, constants, needed) -> list[Any]:
        """The derivative for each needed argument, in the dtype of the computation; None for the others."""
        if saved.dtype in _HALVES:
            saved = saved.float()
        rest = iter(tensors)
        parameters = [_as_float(next(rest)) if c is None else c for c in constants]
        given = dict(zip(order[1:], parameters, strict=True), x=saved, y=saved)
        if not keeps_output and any("y" in names for names in wants):
            given["y"] = value(saved, *parameters)
        return [
            derivative(*[given[n] for n in names]) if use and derivative is not None else None
            for derivative, names, use in zip(derivatives, wants, needed, strict=True)
        ]

    def backward(ctx, gradient):
        saved, *tensors = ctx.saved_tensors or (gradient,)  # of the identity nothing is saved
        if torch.compiler.is_compiling() and saved.device.type == "cpu":
            saved = _not_before(saved, gradient)
        slope = slopes(saved, tensors, ctx.constants, ctx.needs_input_grad)
        upstream = gradient.float() if gradient.dtype in _HALVES else gradient
        return tuple(None if s is None else (upstream * s).to(gradient.dtype) for s in slope)

    def jvp(ctx, *tangents):
        saved, *tensors = ctx.saved_tensors or (tangents[0],)
        slope = slopes(saved, tensors, ctx.constants, [t is not None for t in tangents])
        terms = [t * s.to(t.dtype) for t, s in zip(tangents, slope, strict=True) if t is not None]
        return sum(terms[1:], start=terms[0])

    members = {
        "generate_vmap_rule": True,
        "forward": staticmethod(forward),
        "setup_context": staticmethod(setup_context),
        "backward": staticmethod(backward),
    }
    traced = type(f"{name}_traced", (torch.autograd.Function,), members)
    transformed = type(f"{name}_transformed", (torch.autograd.Function,), members | {"jvp": staticmethod(jvp)})
    eager = _eager(block, keeps_output, forward, slopes, backward, jvp)

    def differentiable(x, *parameters):
        if not isinstance(x, Tensor) or not x.is_floating_point():
            check_input(name, x)
            return handle_torch_function(known_as[-1], (x,), x, *parameters)
        # a parameter is expanded before the Function, so that autograd's own rule for expand sums its gradient
        for parameter, derivative, wrt in zip(parameters, derivatives[1:], order[1:], strict=True):
            if derivative is None and isinstance(parameter, Tensor) and parameter.requires_grad:
                raise TypeError(f"{name} has no derivative with respect to {wrt}: give it as a number")
        # and is given the input's dtype, but for halves, which are computed in float32: the output is of the input's
        parameters = [
            (p if x.dtype in _HALVES else p.to(x.dtype)).expand(x.shape) if isinstance(p, Tensor) else p
            for p in parameters
        ]
        if torch.compiler.is_compiling():
            needed = torch.is_grad_enabled() and any(
                isinstance(t, Tensor) and t.requires_grad for t in (x, *parameters)
            )
            # without a gradient to take Dynamo inlines the forward of a Function, and trips over its arguments
            return traced.apply(x, *parameters) if needed else forward(x, *parameters)
        if torch._C._are_functorch_transforms_active():  # what torch.autograd.Function.apply itself asks
            # of a Function's jvp forward mode takes no derivative, and would say 0: the value's own steps have them
            around = [each.key() for each in retrieve_all_functorch_interpreters()]
            return (forward if around.count(TransformType.Jvp) > 1 else transformed.apply)(x, *parameters)
        if torch._C._is_tracing():  # torch.jit.trace, and the exporter upon it, can save torch's own steps alone
            given = any(isinstance(p, Tensor) for p in parameters)
            return (forward if given or oracle is None else oracle)(x, *parameters)
        return eager.apply(x, *parameters)

    differentiable.__name__ = differentiable.__qualname__ = name
    return differentiable


def _eager(
    block: Activation, keeps_output: bool, forward: Callable, slopes: Callable, backward: Callable, jvp: Callable
) -> type[torch.autograd.Function]:
    """The Function of the plain eager call: by ATen's kernels where the block names them, in few passes elsewhere."""
    kernels = block.kernels
    together = kernels and kernels.together
    single_forward = kernels and kernels.passes[0] == 1 and kernels.forward
    single_backward = kernels and kernels.passes[1] == 1 and (kernels.fresh or partial(_fresh, kernels.backward))
    saves = kernels.saves if kernels is not None else "y" if keeps_output else "x"
    assert saves == "nothing" or (saves == "y") == keeps_output, f"{block.name}: its kernels save {saves}"
    known = [wrt in block.derivatives for wrt in ("x", *block.facts.parameters)]
    rest = (None,) * len(block.facts.parameters)

    def fits(x, tensors):  # ATen's kernels take one dtype; under autocast the input is half, what is learned is not
        return len(tensors) == len(rest) and all(t.dtype == x.dtype for t in tensors)

    def value_of(constants, x, *tensors, out=None):
        if kernels is None or tensors:
            given = iter(tensors)
            result = forward(x, *[next(given) if c is None else c for c in constants])
        else:
            wide = x.float() if x.dtype in _HALVES else x
            if out is not None and wide is x:
                return kernels.forward(x, *constants, out=out)
            result = kernels.forward(wide, *constants, out=torch.empty_like(wide)).to(x.dtype)
        return result if out is None else out.copy_(result)

    def product_of(index, constants, gradient, saved, *tensors, out=None):
        """The gradient times f' by the argument at this place."""
        if gradient.dtype in _HALVES:
            wide = product_of(index, constants, gradient.float(), saved.float(), *map(_as_float, tensors))
            return wide.to(gradient.dtype) if out is None else out.copy_(wide)
        if kernels is None or tensors:
            slope = slopes(saved, tensors, constants, [place == index for place in range(len(known))])[index]
            return (gradient * slope).to(gradient.dtype) if out is None else torch.mul(gradient, slope, out=out)
        return kernels.backward(gradient, saved, *constants, out=torch.empty_like(saved) if out is None else out)

    def eager_forward(ctx, x, *parameters):
        tensors = [p for p in parameters if isinstance(p, Tensor)]
        ctx.constants = [None if isinstance(p, Tensor) else p for p in parameters] if tensors else parameters
        if single_forward and not tensors:
            y = single_forward(x, *parameters, out=torch.empty_like(x))
        elif together and fits(x, tensors):
            y = together[0](x, *tensors)
        else:
            y = _in_pieces(value_of, (ctx.constants,), x, *tensors)
        kept = (y if keeps_output else x, *tensors) if saves != "nothing" else ()
        ctx.save_for_backward(*kept)
        ctx.save_for_forward(*kept)
        return y

    def eager_backward(ctx, gradient):
        if torch.is_grad_enabled():  # a gradient of the gradient will be asked for: by what autograd can follow
            return backward(ctx, gradient)
        saved, *tensors = ctx.saved_tensors or (gradient,)
        if single_backward and not tensors:
            return single_backward(gradient, saved, *ctx.constants), *rest
        if together and fits(saved, tensors):
            return together[1](gradient, saved, *tensors)
        return tuple(
            _in_pieces(product_of, (index, ctx.constants), gradient, saved, *tensors) if use and known[index] else None
            for index, use in enumerate(ctx.needs_input_grad)
        )

    members = {
        "forward": staticmethod(eager_forward),
        "backward": staticmethod(eager_backward),
        "jvp": staticmethod(jvp),
    }
    return type(f"{block.name}_eager", (torch.autograd.Function,), members)


def _fresh(backward: Callable[..., Tensor], gradient: Tensor, saved: Tensor, *constants: float) -> Tensor:
    return backward(gradient, saved, *constants, out=torch.empty_like(saved))


def _in_pieces(function: Callable[..., Tensor], constants: tuple, *tensors: Tensor) -> Tensor:
    """function(*constants, *tensors), elementwise; of large tensors piece by piece, so that what it makes on its way
    stays in the cache: fresh memory and passes over it are what several elementary steps cost.
    """
    size = PIECE * torch.get_num_threads()
    first = tensors[0]
    if first.numel() < 4 * size or first.device.type != "cpu" or type(first) not in (Tensor, torch.nn.Parameter):
        return function(*constants, *tensors)
    try:
        flat = [tensor.view(-1).split(size) for tensor in tensors]
    except RuntimeError:  # strides that are no line
        return function(*constants, *tensors)
    out = first.new_empty(first.shape)
    for piece, *parts in zip(out.view(-1).split(size), *flat, strict=True):
        function(*constants, *parts, out=piece)
    return out


def _not_before(saved: Tensor, gradient: Tensor) -> Tensor:
    """`saved`, in a form that a compiler cannot work on before the gradient is there. Else Inductor (torch 2.13) takes
    the comparisons of a slope into the forward pass and stores their bits, which on a CPU it does one by one: that
    made relu thirteen times as slow as uncompiled.
    """
    return torch.where(gradient == gradient, saved, saved)


def _as_float(parameter: Any) -> Any:
    return parameter.float() if isinstance(parameter, Tensor) and parameter.dtype in _HALVES else parameter
