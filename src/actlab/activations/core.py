"""A block of the catalogue: value and derivatives beside each other, the facts, and ATen's kernels where they do."""

import dataclasses
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from actlab.activations.bridge import bridge
from actlab.catalogue import Facts
from actlab.errors import UserError, need_one_of
from actlab.naming import packed, unpacked

BLOCKS: dict[str, "Activation"] = {}
aten = torch.ops.aten  # for `native`


@dataclasses.dataclass(frozen=True)
class Kernels:
    """A block in few passes over memory, by ATen's own kernels, for parameters that are numbers; tested equal to the
    formulas, and named only where they are as true as those.
    """

    forward: Callable[..., Tensor]  # forward(x, *parameters, out=y); y is not x
    backward: Callable[..., Tensor]  # backward(gradient, saved, *parameters, out=gradient f'(x)); also in place
    saves: str = "x"  # or "y", or "nothing": what `backward` is given
    passes: tuple[int, int] = (1, 1)  # forward and backward; what is a single kernel rounds half precision once itself
    fresh: Callable[..., Tensor] | None = None  # backward(gradient, saved, *parameters), where that spares a pass
    # for parameters that are tensors: forward(x, *parameters), backward(gradient, x, *parameters) with all products
    together: tuple[Callable[..., Tensor], Callable[..., tuple[Tensor, ...]]] | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Activation:
    """An activation function: value, derivatives, and the facts that checks, tests and tables read.

    Called with a tensor it computes the value, and its hand-written derivatives are what autograd uses.
    `value` and `derivatives[name]` are plain functions of tensors, for code that needs no autograd; `facts` is what is
    known of it, `oracle` another's function of the same values, `apply` the differentiable form. x is of any shape and
    floating dtype, and so is what comes back; parameters are numbers, or tensors that broadcast to x.

    >>> import torch
    >>> from actlab.activations import get
    >>> leaky, x = get("leaky_relu"), torch.tensor([-2.0, 3.0])
    >>> leaky(x, 0.5), leaky.derivatives["x"](x, 0.5)
    (tensor([-1.,  3.]), tensor([0.5000, 1.0000]))
    >>> leaky.name, leaky.bind(), leaky.slope("negative_slope", x, leaky(x), (0.5,))
    ('leaky_relu', (0.01,), tensor([-2.,  0.]))
    """

    facts: Facts
    value: Callable[..., Tensor]
    derivatives: dict[str, Callable[..., Tensor]]  # called with what `wants[name]` says, parameters by position
    wants: dict[str, tuple[str, ...]]  # what each is called with
    oracle: Callable[..., Tensor] | None
    # the differentiable form, made on first use, when all derivatives are known; last, the one that people call
    apply: list[Callable[..., Tensor]]
    kernels: Kernels | None = None  # ATen's, of actlab's own

    @property
    def name(self) -> str:
        """What it is called."""
        return self.facts.name

    def derivative(
        self, function: Callable[..., Tensor] | str | None = None, /, *, wrt: str = "x"
    ) -> Callable[..., Any]:
        """Register a `function` as the derivative with respect to the input or a parameter, `wrt`.

        Its arguments say what it needs: `x` the input, `y` the output (saved in place of the input), and every
        parameter of the value by its name. Tensors of x's shape and dtype go in; one that broadcasts to it comes out.

        Raises: UserError for what the value does not take.

        >>> @activation(formula="alpha*x**2")
        ... def square(x, alpha=1.0):
        ...     return alpha * x * x
        >>> @square.derivative("alpha")
        ... def by_alpha(x):
        ...     return x * x
        >>> square.wants, square.slope("alpha", torch.tensor([3.0]), torch.tensor([9.0]), (1.0,))
        ({'alpha': ('x',)}, tensor([9.]))
        """

        wrt = function if isinstance(function, str) else wrt
        need_one_of(f"derivative of {self.name} with respect to", wrt, ["x", *self.facts.parameters])
        if not callable(function):
            return partial(self.derivative, wrt=wrt)
        names = tuple(inspect.signature(function).parameters)
        for name in names:
            need_one_of(f"argument of a derivative of {self.name}", name, ["x", "y", *self.facts.parameters])
        self.apply.clear()  # made of the derivative it had, if it was called already
        self.derivatives[wrt] = function
        self.wants[wrt] = names
        return function

    def differentiate(self, /, **functions: Callable[..., Tensor]) -> None:
        """Register `functions` of one expression each, as `derivative` does, of tensors of x's shape and dtype.

        >>> @activation(formula="x**2")
        ... def square(x):
        ...     return x * x
        >>> square.differentiate(x=lambda x: 2 * x)
        >>> square.derivatives["x"](torch.tensor([3.0]))
        tensor([6.])
        """
        for wrt, function in functions.items():
            self.derivative(function, wrt=wrt)

    def native(self, **given: Any) -> None:
        """Name ATen's kernels for this block, `given` by the fields of `Kernels`; for actlab's own blocks alone."""
        kernels = Kernels(**given)
        assert kernels.saves in ("x", "y", "nothing")
        object.__setattr__(self, "kernels", kernels)

    def slope(self, wrt: str, x: Tensor, y: Tensor, parameters: tuple[Any, ...]) -> Tensor:
        """df/d`wrt` at `x`, given `y` = f(x) and all `parameters`, without autograd; of x's shape and dtype."""
        given = dict(zip(self.facts.parameters, parameters, strict=True), x=x, y=y)
        return self.derivatives[wrt](*(given[name] for name in self.wants[wrt]))

    def __repr__(self) -> str:
        given = "".join(f", {name}={value:g}" for name, value in self.facts.parameters.items())
        return f"<Activation {self.name}(x{given}): {self.facts.summary}>"

    @property
    def __name__(self) -> str:
        return self.name

    @property
    def by_value(self) -> bool:
        """Whether all of it is packed, as no name finds it."""
        return BLOCKS.get(self.name) is not self

    def __reduce__(self) -> str | tuple[Any, ...]:
        """The catalogue's blocks pickle by name, a user's with all that they are."""
        if not self.by_value:
            return self.name  # where its module holds it
        if not (content := packed(self)):
            raise TypeError(f"{self.name} holds what cannot be pickled: name it file.py:{self.name}")
        return unpacked, (content,)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"apply": []}

    def __copy__(self) -> "Activation":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Activation":
        return self  # nothing in it changes: compiled code sees the same object again

    def __call__(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return self.differentiable(x, *self.bind(*args, **kwargs))

    def bind(self, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """All parameters in order, defaults filled in, from `args` and `kwargs`; TypeError for others, as of a call."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        takes = [inspect.Parameter(name, kind, default=value) for name, value in self.facts.parameters.items()]
        bound = inspect.Signature(takes).bind(*args, **kwargs)
        bound.apply_defaults()
        return tuple(bound.arguments.values())

    @property
    def differentiable(self) -> Callable[..., Tensor]:
        """f(x, *all parameters) with the hand-written gradient: works under vmap, torch.func and torch.compile.

        x is of any shape and floating dtype; so is what comes back.
        """
        if not self.apply:
            self.apply.extend([bridge(self), self])
        return self.apply[0]


_OWN = {"family": "one's own", "range": "?", "reference": "none"}
_EXAMPLE = '@activation(formula="x*sin(x)"), and below it def ripple(x): return x * torch.sin(x)'


def activation(
    function: Any = None, /, *, oracle: Callable[..., Tensor] | None = None, **facts: Any
) -> Callable[[Callable[..., Tensor]], Activation]:
    """Make an Activation of the function that computes its value; actlab's own enter the catalogue.

    Of these what goes without saying is left out: that nothing bounds its range, that its module is called as it is
    itself (BentIdentity), and that its oracle is PyTorch's function of this name.

    Args:
        function: nothing: `@activation` needs the formula, in brackets.
        oracle: a function of the same values by other hands.
        facts: the fields of `Facts` that a signature and a docstring do not say: `formula`, in SymPy's notation, which
            checks measure against in 50 digits; `kinks`, `surrogate`, `learned`, `reference`, ...

    Returns:
        What makes an Activation of a function: of x, a tensor of any shape and floating dtype, and of numbers that have
        defaults; its result has x's shape and dtype. The derivative comes next, by `.derivative`.

    Raises:
        UserError: a fact that there is not, no formula, or a function that is none of x and numbers.

    >>> @activation(formula="x*tanh(x)")
    ... def lisht(x):
    ...     return x * torch.tanh(x)
    >>> @lisht.derivative("x")
    ... def slope(x):
    ...     return torch.tanh(x) + x / torch.cosh(x) ** 2
    >>> x = torch.tensor([-1.0, 0.0, 1.0], requires_grad=True)
    >>> lisht(x).detach(), torch.autograd.grad(lisht(x).sum(), x)[0]
    (tensor([0.7616, 0.0000, 0.7616]), tensor([-1.1816,  0.0000,  1.1816]))
    """
    allowed = [field.name for field in dataclasses.fields(Facts)]
    for name in facts:
        need_one_of("fact of an activation", name, allowed)
    if function is not None or "formula" not in facts:
        raise UserError(f"@activation needs the formula that the checks measure against: {_EXAMPLE}.")

    def make(value: Callable[..., Tensor]) -> Activation:
        first, *parameters = inspect.signature(value).parameters.values()
        if first.name != "x":
            raise UserError(f"{value.__name__} takes {first.name} first: the input of an activation is called x.")
        for p in parameters:
            if p.default is p.empty or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
                raise UserError(f"{value.__name__} takes {p}: a parameter has a number by default, {p.name}=1.0.")
        doc = inspect.getdoc(value) or ""
        ours = str(value.__module__).startswith("actlab.")  # a user's block is no part of the catalogue
        known: dict[str, Any] = dict(_OWN)
        name, of_torch = value.__name__, None
        if ours:
            family = value.__module__.split(".")[-1].split("_")[0]  # its file's name, up to a _
            module = "".join(word.capitalize() for word in name.split("_"))
            known = {"family": family, "module": module, "range": "(-inf, inf)"}
            of_torch = getattr(torch.nn.functional, name, None)
        known |= {"summary": (doc or facts["formula"]).splitlines()[0]} | facts
        told = Facts(name=name, parameters={p.name: p.default for p in parameters}, **known)
        block = Activation(told, value, derivatives={}, wants={}, oracle=oracle or of_torch, apply=[])
        vars(block).update(__doc__=doc, __module__=value.__module__, __qualname__=value.__qualname__)
        if ours:
            assert block.name not in BLOCKS, f"two activations are called {block.name}"
            BLOCKS[block.name] = block
        return block

    return make
