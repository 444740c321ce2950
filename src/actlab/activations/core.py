"""The only autograd code: a block (value, derivatives, facts) becomes a function that PyTorch can differentiate.

Two autograd Functions are made from each block, because torch (2.13) wants different things of them: `torch.func`'s
forward mode and hessians need a `jvp`, and `torch.compile(fullgraph=True)` refuses a Function that has one.
Dynamo traces closures over functions and tuples, not over objects of ours: hence closures, not methods.
"""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from actlab.catalogue import Facts

BLOCKS: dict[str, "Activation"] = {}

_HALVES = (torch.float16, torch.bfloat16)


@dataclasses.dataclass(frozen=True)
class Kernels:
    """ATen's own code for a block, one pass each way, for parameters that are numbers; tested equal to the formulas."""

    forward: Callable[..., Tensor]  # forward(x, *parameters, out=y)
    backward: Callable[..., Tensor]  # backward(gradient, saved, *parameters, out=product): gradient f'(x)
    saves: str  # "x" or "y": what `backward` is given


@dataclasses.dataclass(frozen=True, eq=False)
class Activation:
    """An activation function: value, derivatives, and the facts that checks, tests and tables read.

    Called with a tensor it computes the value, and its hand-written derivatives are what autograd uses.
    `value` and `derivatives[name]` are plain functions of tensors, for code that needs no autograd.

    >>> from actlab.activations import get
    >>> leaky = get("leaky_relu")
    >>> leaky(torch.tensor([-2.0, 3.0]), 0.5)
    tensor([-1.,  3.])
    >>> leaky.derivatives["x"](torch.tensor([-2.0, 3.0]), 0.5)
    tensor([0.5000, 1.0000])
    """

    facts: Facts
    value: Callable[..., Tensor]
    derivatives: dict[str, Callable[..., Tensor]]  # called with what `wants[name]` says, parameters by position
    wants: dict[str, tuple[str, ...]]
    oracle: Callable[..., Tensor] | None
    apply: list[Callable[..., Tensor]]  # the differentiable form; made on first use, when all derivatives are known
    kernels: Kernels | None = None

    @property
    def name(self) -> str:
        return self.facts.name

    def derivative(self, *, wrt: str = "x") -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
        """Register the derivative with respect to the input ("x") or a parameter.

        Its arguments say what it needs: `x` the input, `y` the output (saved in place of the input), and every
        parameter of the value by its name.
        """

        def register(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
            names = tuple(inspect.signature(function).parameters)
            allowed = {"x", "y", *self.facts.parameters}
            assert set(names) <= allowed, f"{self.name}: a derivative takes {sorted(allowed)}, not {names}"
            self.derivatives[wrt] = function
            self.wants[wrt] = names
            return function

        return register

    def native(self, *, forward: Callable[..., Tensor], backward: Callable[..., Tensor], saves: str) -> None:
        """Name ATen's kernels for this block; what they are given and give is told at `Kernels`."""
        assert saves in ("x", "y")
        object.__setattr__(self, "kernels", Kernels(forward, backward, saves))

    def slope(self, wrt: str, x: Tensor, y: Tensor, parameters: tuple[Any, ...]) -> Tensor:
        """df/dwrt at `x`, given `y` = f(x), without autograd."""
        given = dict(zip(self.facts.parameters, parameters, strict=True), x=x, y=y)
        return self.derivatives[wrt](*(given[name] for name in self.wants[wrt]))

    def __reduce__(self) -> tuple[Any, ...]:
        """The catalogue's blocks pickle by name; a user's, like any function made in a call, do not."""
        if BLOCKS.get(self.name) is not self:
            raise TypeError(
                f"{self.name} is no block of the catalogue and cannot be pickled: name it file.py:{self.name}"
            )
        return _block, (self.name,)

    def __call__(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return self.differentiable(x, *self.bind(*args, **kwargs))

    def bind(self, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """All parameters in order, defaults filled in."""
        bound = inspect.Signature(
            [
                inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)
                for name, default in self.facts.parameters.items()
            ]
        ).bind(*args, **kwargs)
        bound.apply_defaults()
        return tuple(bound.arguments.values())

    @property
    def differentiable(self) -> Callable[..., Tensor]:
        """f(x, *all parameters) with the hand-written gradient: works under vmap, torch.func and torch.compile."""
        if not self.apply:
            self.apply.append(_bridge(self))
        return self.apply[0]


def _block(name: str) -> Activation:
    import actlab.activations  # the families enter their blocks when they are imported

    assert actlab.activations
    return BLOCKS[name]


def activation(
    *, oracle: Callable[..., Tensor] | None = None, **facts: Any
) -> Callable[[Callable[..., Tensor]], Activation]:
    """Make an Activation of the function that computes its value; actlab's own enter the catalogue.

    `facts` are the fields of `Facts` that a signature and a docstring do not say.
    """

    def make(value: Callable[..., Tensor]) -> Activation:
        first, *parameters = inspect.signature(value).parameters.values()
        assert first.name == "x", f"{value.__name__}: the first argument of a value is x"
        doc = inspect.getdoc(value) or ""
        block = Activation(
            facts=Facts(
                name=value.__name__,
                summary=doc.splitlines()[0],
                parameters={p.name: p.default for p in parameters},
                **facts,
            ),
            value=value,
            derivatives={},
            wants={},
            oracle=oracle,
            apply=[],
        )
        object.__setattr__(block, "__doc__", doc)
        if value.__module__.startswith("actlab."):  # a user's block is no part of the catalogue
            assert block.name not in BLOCKS, f"two activations are called {block.name}"
            BLOCKS[block.name] = block
        return block

    return make


def check_input(name: str, x: object) -> None:
    """A clear error for what is not a floating-point tensor."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} takes a torch.Tensor, not {type(x).__name__}: torch.tensor(x, dtype=torch.float32)")
    if not x.is_floating_point():
        raise TypeError(f"{name} takes a floating-point tensor, not {x.dtype}: convert it, for example with x.float()")


def _bridge(block: Activation) -> Callable[..., Tensor]:
    """The differentiable form of a block: f(x, *parameters)."""
    name = block.name
    value = block.value
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

    def slopes(ctx, needed):
        """The derivative for each needed argument, in the dtype of the computation."""
        saved, *tensors = ctx.saved_tensors
        half = saved.dtype in _HALVES
        if half:
            saved = saved.float()
        rest = iter(tensors)
        parameters = [_as_float(next(rest)) if c is None else c for c in ctx.constants]
        given = dict(zip(order[1:], parameters, strict=True), x=saved, y=saved)
        if not keeps_output and any("y" in names for names in wants):
            given["y"] = value(saved, *parameters)
        return [
            derivative(*[given[n] for n in names]) if use and derivative is not None else None
            for derivative, names, use in zip(derivatives, wants, needed, strict=True)
        ]

    def backward(ctx, gradient):
        slope = slopes(ctx, ctx.needs_input_grad)
        upstream = gradient.float() if gradient.dtype in _HALVES else gradient
        return tuple(None if s is None else (upstream * s).to(gradient.dtype) for s in slope)

    def jvp(ctx, *tangents):
        slope = slopes(ctx, [t is not None for t in tangents])
        terms = [t * s.to(t.dtype) for t, s in zip(tangents, slope, strict=True) if t is not None]
        return sum(terms[1:], start=terms[0])

    members = {
        "generate_vmap_rule": True,
        "forward": staticmethod(forward),
        "setup_context": staticmethod(setup_context),
        "backward": staticmethod(backward),
    }
    traced = type(f"{name}_traced", (torch.autograd.Function,), members)
    eager = type(f"{name}_eager", (torch.autograd.Function,), members | {"jvp": staticmethod(jvp)})

    def differentiable(x, *parameters):
        check_input(name, x)
        # a parameter is expanded before the Function, so that autograd's own rule for expand sums its gradient
        for parameter, derivative, wrt in zip(parameters, derivatives[1:], order[1:], strict=True):
            if derivative is None and isinstance(parameter, Tensor) and parameter.requires_grad:
                raise TypeError(f"{name} has no derivative with respect to {wrt}: give it as a number")
        parameters = [p.expand(x.shape) if isinstance(p, Tensor) else p for p in parameters]
        if torch.compiler.is_compiling():
            needed = torch.is_grad_enabled() and any(
                isinstance(t, Tensor) and t.requires_grad for t in (x, *parameters)
            )
            # without a gradient to take Dynamo inlines the forward of a Function, and trips over its arguments
            return traced.apply(x, *parameters) if needed else forward(x, *parameters)
        return eager.apply(x, *parameters)

    differentiable.__name__ = differentiable.__qualname__ = name
    return differentiable


def _as_float(parameter: Any) -> Any:
    return parameter.float() if isinstance(parameter, Tensor) and parameter.dtype in _HALVES else parameter
