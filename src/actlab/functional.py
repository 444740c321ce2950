"""The catalogue as functions, in PyTorch's manner: its names, orders, defaults and options where it has the function.

>>> import torch, actlab
>>> x = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
>>> y = actlab.functional.elu(x, alpha=2.0)
>>> y.sum().backward()
>>> x.grad
tensor([0.2707, 2.0000, 1.0000])
"""

import inspect
from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.overrides import handle_torch_function

from actlab.activations import BLOCKS, Activation
from actlab.activations.bridge import check_input


def functional(block: Activation) -> Callable[..., Tensor]:
    """A plain function of a block: the input, its parameters in order, and `inplace` where PyTorch has it."""
    facts = block.facts
    compute = block.differentiable
    names = (*facts.parameters, *(["inplace"] if facts.inplace else []))
    defaults = (*facts.parameters.values(), *([False] if facts.inplace else []))
    count = len(facts.parameters)
    takes_inplace = facts.inplace

    def function(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if len(args) > len(names):
            raise TypeError(f"{facts.name}() takes {1 + len(names)} positional arguments, {1 + len(args)} were given")
        values = [*args, *defaults[len(args) :]]
        for key, value in kwargs.items():
            if key not in names[len(args) :]:
                raise TypeError(
                    f"{facts.name}() got an unexpected argument {key!r}; it takes: input, {', '.join(names)}"
                )
            values[names.index(key)] = value
        if takes_inplace and values[-1]:
            check_input(facts.name, input)
            # the clone is what autograd may save: the input itself is about to be overwritten
            return input.copy_(compute(input.clone(), *values[:count]))
        return compute(input, *values[:count])

    function.__name__ = function.__qualname__ = facts.name
    # a code object of its own: torch.compile counts recompilations by it
    function.__code__ = function.__code__.replace(co_name=facts.name)
    function.facts = facts
    block.apply.append(function)
    function.__doc__ = block.__doc__
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    function.__signature__ = inspect.Signature(  # what help() and editors show
        [
            inspect.Parameter("input", positional, annotation=Tensor),
            *(inspect.Parameter(n, positional, default=d) for n, d in zip(names, defaults, strict=True)),
        ],
        return_annotation=Tensor,
    )
    return function


def along_channels(parameter: Tensor, input: Tensor) -> Tensor:
    """A parameter of one value, or of one for each channel (dimension 1), in a shape that broadcasts to the input.

    >>> import torch
    >>> along_channels(torch.ones(3), torch.zeros(2, 3, 4, 4)).shape
    torch.Size([1, 3, 1, 1])
    """
    if not isinstance(input, Tensor):  # a stand-in: how many dimensions it has is not known yet
        return handle_torch_function(along_channels, (input,), parameter, input)
    if parameter.numel() == 1:
        return parameter.reshape([1] * input.dim())
    return parameter.reshape(1, -1, *[1] * (input.dim() - 2))


# linear
identity = functional(BLOCKS["identity"])
bent_identity = functional(BLOCKS["bent_identity"])
symlog = functional(BLOCKS["symlog"])
asinh = functional(BLOCKS["asinh"])

# rectified
relu = functional(BLOCKS["relu"])
leaky_relu = functional(BLOCKS["leaky_relu"])
_prelu = functional(BLOCKS["prelu"])
very_leaky_relu = functional(BLOCKS["very_leaky_relu"])
rrelu = functional(BLOCKS["rrelu"])
threshold = functional(BLOCKS["threshold"])
thresholded_relu = functional(BLOCKS["thresholded_relu"])
shifted_relu = functional(BLOCKS["shifted_relu"])
srelu = functional(BLOCKS["srelu"])
absolute = functional(BLOCKS["absolute"])
relu_squared = functional(BLOCKS["relu_squared"])

# clipped
heaviside = functional(BLOCKS["heaviside"])
hardsigmoid = functional(BLOCKS["hardsigmoid"])
hardtanh = functional(BLOCKS["hardtanh"])
relu6 = functional(BLOCKS["relu6"])
brelu = functional(BLOCKS["brelu"])
hardswish = functional(BLOCKS["hardswish"])
hard_mish = functional(BLOCKS["hard_mish"])

# shrinkage
tanhshrink = functional(BLOCKS["tanhshrink"])
softshrink = functional(BLOCKS["softshrink"])
hardshrink = functional(BLOCKS["hardshrink"])

# exponential
elu = functional(BLOCKS["elu"])
celu = functional(BLOCKS["celu"])
selu = functional(BLOCKS["selu"])
isrlu = functional(BLOCKS["isrlu"])
soft_exponential = functional(BLOCKS["soft_exponential"])
elish = functional(BLOCKS["elish"])
hard_elish = functional(BLOCKS["hard_elish"])

# soft
softplus = functional(BLOCKS["softplus"])
logsigmoid = functional(BLOCKS["logsigmoid"])
squareplus = functional(BLOCKS["squareplus"])
sparse_plus = functional(BLOCKS["sparse_plus"])
smelu = functional(BLOCKS["smelu"])
sqrt_softplus = functional(BLOCKS["sqrt_softplus"])

# sigmoidal
sigmoid = functional(BLOCKS["sigmoid"])
tanh = functional(BLOCKS["tanh"])
lecun_tanh = functional(BLOCKS["lecun_tanh"])
penalized_tanh = functional(BLOCKS["penalized_tanh"])
softsign = functional(BLOCKS["softsign"])
arctan = functional(BLOCKS["arctan"])
erf = functional(BLOCKS["erf"])
isru = functional(BLOCKS["isru"])
sqnl = functional(BLOCKS["sqnl"])
laplace = functional(BLOCKS["laplace"])

# gated
silu = functional(BLOCKS["silu"])
_gelu = functional(BLOCKS["gelu"])
gelu_tanh = functional(BLOCKS["gelu_tanh"])
mish = functional(BLOCKS["mish"])
quick_gelu = functional(BLOCKS["quick_gelu"])
e_swish = functional(BLOCKS["e_swish"])
tanh_exp = functional(BLOCKS["tanh_exp"])
logish = functional(BLOCKS["logish"])
smish = functional(BLOCKS["smish"])
gish = functional(BLOCKS["gish"])
colu = functional(BLOCKS["colu"])
lisht = functional(BLOCKS["lisht"])
ftswish = functional(BLOCKS["ftswish"])
serf = functional(BLOCKS["serf"])
phish = functional(BLOCKS["phish"])
smu = functional(BLOCKS["smu"])

# oscillating
sine = functional(BLOCKS["sine"])
gcu = functional(BLOCKS["gcu"])
sinc = functional(BLOCKS["sinc"])

# bell
gaussian = functional(BLOCKS["gaussian"])
mexican_hat = functional(BLOCKS["mexican_hat"])

# learned
swish_beta = functional(BLOCKS["swish_beta"])
acon_c = functional(BLOCKS["acon_c"])
sinlu = functional(BLOCKS["sinlu"])
erf_act = functional(BLOCKS["erf_act"])
pserf = functional(BLOCKS["pserf"])
xielu = functional(BLOCKS["xielu"])
snake = functional(BLOCKS["snake"])
star_relu = functional(BLOCKS["star_relu"])
apl = functional(BLOCKS["apl"])
pelu = functional(BLOCKS["pelu"])
mpelu = functional(BLOCKS["mpelu"])
rational = functional(BLOCKS["rational"])


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """Gaussian error linear unit: x P(x), P the standard normal distribution function.

    `approximate="tanh"` takes the approximation by a hyperbolic tangent (`gelu_tanh`).
    """
    if approximate == "none":
        return _gelu(input)
    if approximate == "tanh":
        return gelu_tanh(input)
    raise ValueError(f"gelu: approximate is 'none' or 'tanh', not {approximate!r}")


gelu.facts = BLOCKS["gelu"].facts
BLOCKS["gelu"].apply.append(gelu)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Parametric rectified linear unit: x above zero, weight x elsewhere.

    `weight` holds one value, or one for each channel: dimension 1 of an input of two or more dimensions.
    """
    check_input("prelu", input)
    if not isinstance(input, Tensor):
        return handle_torch_function(prelu, (input,), input, weight)
    channels = input.size(1) if input.dim() > 1 else 1
    if weight.numel() not in (1, channels):
        raise ValueError(
            f"prelu: weight has {weight.numel()} values, the input {channels} channels; 1 is always allowed"
        )
    return _prelu(input, along_channels(weight, input))


prelu.facts = BLOCKS["prelu"].facts
