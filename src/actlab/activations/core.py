"""A block of the catalogue: value and derivatives beside each other, the facts, and ATen's kernels where they do."""

import dataclasses
import inspect
import sys
from collections.abc import Callable
from typing import Any

from torch import Tensor

from actlab import targets
from actlab.activations.bridge import bridge
from actlab.catalogue import Facts

BLOCKS: dict[str, "Activation"] = {}


@dataclasses.dataclass(frozen=True)
class Kernels:
    """A block in few passes over memory, by ATen's own kernels, for parameters that are numbers; tested equal to the
    formulas, and named only where they are as true as those.
    """

    forward: Callable[..., Tensor]  # forward(x, *parameters, out=y); y is not x
    backward: Callable[..., Tensor]  # backward(gradient, saved, *parameters, out=gradient f'(x)); also in place
    saves: str  # "x", "y" or "nothing": what `backward` is given
    passes: tuple[int, int] = (1, 1)  # forward and backward; what is a single kernel rounds half precision once itself
    fresh: Callable[..., Tensor] | None = None  # backward(gradient, saved, *parameters), where that spares a pass
    # for parameters that are tensors: forward(x, *parameters), backward(gradient, x, *parameters) with all products
    together: tuple[Callable[..., Tensor], Callable[..., tuple[Tensor, ...]]] | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Activation:
    """An activation function: value, derivatives, and the facts that checks, tests and tables read.

    Called with a tensor it computes the value, and its hand-written derivatives are what autograd uses.
    `value` and `derivatives[name]` are plain functions of tensors, for code that needs no autograd.

    >>> import torch
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
    # the differentiable form, made on first use, when all derivatives are known; last, the one that people call
    apply: list[Callable[..., Tensor]]
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

    def native(self, **given: Any) -> None:
        """Name ATen's kernels for this block, by the fields of `Kernels`."""
        kernels = Kernels(**given)
        assert kernels.saves in ("x", "y", "nothing")
        object.__setattr__(self, "kernels", kernels)

    def slope(self, wrt: str, x: Tensor, y: Tensor, parameters: tuple[Any, ...]) -> Tensor:
        """df/dwrt at `x`, given `y` = f(x), without autograd."""
        given = dict(zip(self.facts.parameters, parameters, strict=True), x=x, y=y)
        return self.derivatives[wrt](*(given[name] for name in self.wants[wrt]))

    @property
    def __name__(self) -> str:
        return self.name

    def __copy__(self) -> "Activation":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Activation":
        return self

    def __reduce__(self) -> str | tuple[Any, ...]:
        """The catalogue's blocks pickle by name, a user's like any function: where they are defined, or as file.py."""
        if BLOCKS.get(self.name) is self:
            return _block, (self.name,)
        if where := in_file(self):
            return from_file, where
        if "<locals>" in self.__qualname__:
            raise TypeError(f"{self.name} is defined inside a function, where pickle cannot find it: move it out.")
        return self.__qualname__

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
            self.apply.extend([bridge(self), self])
        return self.apply[0]


def _block(name: str) -> Activation:
    import actlab.activations  # the families enter their blocks when they are imported

    assert actlab.activations
    return BLOCKS[name]


def in_file(thing: Any) -> tuple[Any, ...]:
    """What `from_file` finds again, in any process, of what a file of a user's defines; () of other things."""
    scope = getattr(getattr(thing, "value", thing), "__globals__", {})
    name = getattr(thing, "__qualname__", "")
    known = "__source__" in scope and scope.get(name) is thing
    return (scope["__name__"], scope["__file__"], name, scope["__source__"]) if known else ()


def from_file(module: str, path: str, name: str, source: bytes) -> Any:
    """What a file of this source defines by this name, whatever has become of the file."""
    from actlab.activations.resolve import locate  # which resolves blocks

    if getattr(sys.modules.get(module), "__source__", None) == source:
        return getattr(sys.modules[module], name)
    return locate(targets.from_source(f"{path}:{name}", path, path, name, source))[0]


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
        vars(block).update(__doc__=doc, __module__=value.__module__, __qualname__=value.__qualname__)
        if value.__module__.startswith("actlab."):  # a user's block is no part of the catalogue
            assert block.name not in BLOCKS, f"two activations are called {block.name}"
            BLOCKS[block.name] = block
        return block

    return make
