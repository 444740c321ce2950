"""Kernels of ATen's beside the formulas, and the eager path: pieces, forward mode, what is saved."""

import math

import pytest
import torch
from studies.speed import operators

import actlab
from actlab.activations import BLOCKS, bridge
from actlab.activations.core import Activation, activation
from actlab.checks.battery.costs import bytes_saved
from actlab.formula.exact import kinks

WITH_KERNELS = [name for name, block in BLOCKS.items() if block.kernels]
# of value and slope, relative to 1 + |result| + what a rounding of x does: the two take other steps of rounding
LIMIT = {torch.float32: 1e-6, torch.float64: 2e-15}
GRID = torch.cat(
    [
        torch.linspace(-30, 30, 4001, dtype=torch.float64),
        *[s * torch.logspace(-40, 38, 157, dtype=torch.float64) for s in (1, -1)],
        torch.tensor([0.0, -0.0, 88.0, -88.0, 104.0, -104.0, 700.0, -700.0]),
    ]
)


def settings(block: Activation) -> list[tuple[float, ...]]:
    """The defaults, and two settings off them."""
    default = tuple(block.facts.parameters.values())
    return [default, tuple(1.3 * v + 0.05 for v in default), tuple(0.4 * v for v in default)]


def off(got: torch.Tensor, true: torch.Tensor, steepness: torch.Tensor) -> torch.Tensor:
    """How far, in the units of LIMIT."""
    assert got.dtype == true.dtype
    scale = 1 + true.abs() + steepness.abs().nan_to_num(0, 0, 0)
    return torch.where(got == true, 0.0, (got - true).abs() / scale)


@pytest.mark.parametrize("name", WITH_KERNELS)
@pytest.mark.parametrize("dtype", LIMIT)
def test_kernels_are_the_formulas(name, dtype):
    """Value and slope over the whole range, tails too, written to strided memory and over the gradient itself."""
    block = BLOCKS[name]
    kernels = block.kernels
    x = GRID.to(dtype)
    gradient = torch.linspace(-2, 2, len(x), dtype=dtype)
    for values in settings(block):
        y, out = block.value(x, *values), torch.full((len(x), 2), math.nan, dtype=dtype)[:, 0]
        slope = block.slope("x", x, y, values)
        assert kernels.forward(x, *values, out=out) is out
        assert off(out, y, x * slope).max() <= LIMIT[dtype], x[off(out, y, x * slope).argmax()]
        saved = {"x": x, "y": out, "nothing": None}[kernels.saves]
        held = torch.stack([gradient, gradient], dim=1)
        product = held[:, 0]
        assert kernels.backward(product, saved, *values, out=product) is product
        assert torch.equal(held[:, 1], gradient)
        assert off(product, gradient * slope, slope).max() <= LIMIT[dtype], x[
            off(product, gradient * slope, slope).argmax()
        ]
        if kernels.fresh is not None:
            assert torch.equal(kernels.fresh(gradient, saved, *values), product)


def test_what_is_written_few_passes_is_named_so():
    """A single pass is one kernel of ATen's; what takes more is run in pieces, and in float32 for half precision."""
    for name in WITH_KERNELS:
        kernels = BLOCKS[name].kernels
        for function, passes, given in (
            (kernels.forward, kernels.passes[0], lambda x: (x,)),
            (kernels.backward, kernels.passes[1], lambda x: (x + 1, x)),
        ):
            x = torch.linspace(-2, 2, 64)
            tensors, values = given(x), BLOCKS[name].facts.parameters.values()
            with torch.profiler.profile() as profile:
                function(*tensors, *values, out=torch.empty_like(x))
            ignored = ("aten::empty", "aten::as_strided", "aten::item", "aten::_local", "aten::to", "aten::_to")
            top = [e for e in profile.events() if e.cpu_parent is None and not e.name.startswith(ignored)]
            assert (len(top) == 1) == (passes == 1), (name, [e.name for e in top])


def taken(function, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Value and gradient, the gradient from above differing from element to element."""
    y = function(x)
    return y.detach(), *torch.autograd.grad(y, x, torch.linspace(-1, 1, x.numel()).reshape(x.shape))


@pytest.mark.parametrize("name", BLOCKS)
def test_pieces_are_the_whole(name, monkeypatch):
    """The last piece is a short one; a transposed tensor is no line in memory, and is taken whole."""
    block = BLOCKS[name]
    x = torch.linspace(-9, 9, 64 * 67).reshape(64, 67).requires_grad_()
    across = x.detach().T.contiguous().T.requires_grad_()
    values = tuple(block.facts.parameters.values())
    monkeypatch.setattr(bridge, "PIECE", 2**20)
    whole = taken(lambda x: block(x, *values), x)
    pieces = []
    monkeypatch.setattr(bridge, "PIECE", 1000 // torch.get_num_threads())
    if block.kernels is None or block.kernels.passes != (1, 1):
        function = BLOCKS[name].value
        counted = Activation(block.facts, lambda *a: (pieces.append(a[0].numel()), function(*a))[1], block.derivatives,
                             block.wants, None, [])  # fmt: skip
        taken(lambda x: counted(x, *values), x)
        assert pieces[:5] == [pieces[0]] * 4 + [x.numel() - 4 * pieces[0]], "in pieces, in order"
    for leaf in (x, across):
        for got, expected in zip(taken(lambda x: block(x, *values), leaf), whole, strict=True):
            torch.testing.assert_close(got, expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", [n for n in BLOCKS if BLOCKS[n].facts.learned])
def test_pieces_with_parameters_to_learn(name, monkeypatch):
    """One value for all, and one for each column: what is not a line in memory is taken whole."""
    block = BLOCKS[name]
    x = torch.linspace(-9, 9, 64 * 67, dtype=torch.float64).reshape(64, 67)
    for shape in ((), (67,)):
        results = []
        for piece in (2**20, 1000):
            monkeypatch.setattr(bridge, "PIECE", piece // torch.get_num_threads())
            leaves = [
                torch.full(shape, v, dtype=torch.float64).requires_grad_() for v in block.facts.parameters.values()
            ]
            y = block(x, *leaves)
            results.append(
                [y, *torch.autograd.grad(y, leaves, torch.linspace(-1, 1, x.numel()).double().view(x.shape))]
            )
        torch.testing.assert_close(*results, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("name", BLOCKS)
def test_forward_mode_and_second_derivatives_of_the_eager_path(name):
    """Outside of torch.func: dual numbers, and a gradient of the gradient, of what kernels computed first."""
    block = BLOCKS[name]
    values = tuple(block.facts.parameters.values())
    x = torch.tensor([-4.1, -2.3, -0.7, 0.3, 1.2, 2.8, 7.1], dtype=torch.float64, requires_grad=True)
    tangent = torch.linspace(0.5, 2, len(x), dtype=torch.float64)
    slope = block.slope("x", x.detach(), block.value(x.detach(), *values), values)
    with torch.autograd.forward_ad.dual_level():
        dual = block(torch.autograd.forward_ad.make_dual(x.detach(), tangent), *values)
        torch.testing.assert_close(torch.autograd.forward_ad.unpack_dual(dual).tangent, slope * tangent)
    y = block(x, *values)
    (first,) = torch.autograd.grad(y, x, tangent, retain_graph=True)
    (again,) = torch.autograd.grad(y, x, tangent, create_graph=True)
    torch.testing.assert_close(first, slope * tangent)
    torch.testing.assert_close(again, first)


@pytest.mark.parametrize("name", BLOCKS)
def test_second_derivatives_where_pieces_meet(name):
    """At 0 and at every kink f'' lies between its one-sided limits: clamp's slopes at an end must not add up."""
    block = BLOCKS[name]
    values = tuple(block.facts.parameters.values())
    step = 1e-7
    for place in {0.0, *kinks(block.facts, block.facts.parameters)}:
        x = torch.tensor([place - step, place, place + step], dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(block(x, *values).sum(), x, create_graph=True)
        second = torch.zeros_like(x)
        if slope.requires_grad:
            (second,) = torch.autograd.grad(slope.sum(), x, materialize_grads=True)
        left, at, right = second.tolist()
        assert min(left, right) - 1e-4 <= at <= max(left, right) + 1e-4, (place, left, at, right)


def kept(function, x: torch.Tensor) -> int:
    """Bytes saved for backward; a storage that is saved twice is counted once."""
    storages = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        function(x)
    return sum(storages.values())


@pytest.mark.parametrize("name", [n for n in BLOCKS if BLOCKS[n].oracle])
def test_no_more_is_saved_than_pytorch_saves(name):
    block = BLOCKS[name]
    x = torch.randn(16, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    learned = [torch.tensor([v], requires_grad=True) for v in block.facts.parameters.values()]
    values = learned if block.facts.learned else tuple(block.facts.parameters.values())
    assert kept(lambda x: block(x, *values), x) <= kept(lambda x: block.oracle(x, *values), x)


def test_what_is_saved_is_counted_and_relu_saves_its_output():
    x = torch.ones(16, 8, requires_grad=True)
    assert kept(lambda x: x.exp() * x.sin(), x) == 3 * 4 * x.numel()
    y = actlab.relu(x)
    assert y.grad_fn.saved_tensors[0].data_ptr() == y.data_ptr()
    assert "relu_eager" in type(y.grad_fn).__name__


def test_a_wrong_kernel_is_used_and_found():
    """The eager call takes the kernels; a mistake in one is what the comparison above is there for."""

    @activation(family="test", formula="x**2", range="[0, inf)", reference="-", checked="-")
    def planted(x):
        """Square."""
        return x * x

    @planted.derivative(wrt="x")
    def _(x):
        return 2 * x

    planted.native(
        forward=lambda x, out: torch.mul(x, x, out=out),
        backward=lambda gradient, x, out: torch.mul(gradient, x, out=out),
        saves="x",
    )
    x = torch.tensor([3.0], requires_grad=True)
    assert torch.autograd.grad(planted(x), x)[0].item() == 3
    assert off(torch.tensor(3.0), torch.tensor(6.0), torch.tensor(2.0)) > LIMIT[torch.float32]
    with pytest.raises(AssertionError, match="its kernels save y"):
        planted.native(forward=torch.square, backward=torch.mul, saves="y")
        planted.apply.clear()
        planted(x)


def test_the_benchmark_tells_what_is_above_what_was_asked():
    row = operators._row("gelu", "eager", "", operators.LARGE, [(1.3, 1.0), (1.2, 1.0), (1.1, 1.0)])
    assert (row["ratio"], row["lowest"], row["highest"]) == (1.2, 1.1, 1.3)
    assert operators.missed(row) and not operators.missed(row | {"ratio": 1.09})
    small = row | {"elements": operators.SMALL, "more_seconds": 39e-6}
    assert not operators.missed(small) and operators.missed(small | {"more_seconds": 41e-6})
    assert not operators.missed(row | {"kind": "compiled"})
    text = operators.table({"rows": [row | {"bytes": 4, "peer_bytes": 4}, small]})
    assert "| gelu | 1200.0 (1000.0) | **1.20** (1.10 to 1.30) | 1200000 (+39) | 4 (4) | value and slope" in text


def test_the_benchmark_counts_and_times_both():
    ours, theirs = operators._pair(BLOCKS["logsigmoid"])
    assert (bytes_saved(ours), bytes_saved(theirs)) == (4, 8)
    (mine, other), *_ = operators._in_turns(ours, theirs, 64, 1, 2)
    assert mine > 0 and other > 0


def test_every_activation_has_a_peer():
    for block in BLOCKS.values():
        assert operators.peer_of(block.facts.formula) in operators.PEERS


@pytest.mark.large
@pytest.mark.parametrize("name", ["relu", "leaky_relu", "hardtanh", "softshrink", "srelu"])
def test_a_compiled_activation_saves_no_truth_values(name):
    """Inductor stores them one by one on a CPU, at ten times the cost of everything else."""
    compiled = torch.compile(getattr(actlab.functional, name), fullgraph=True)
    y = compiled(torch.linspace(-4, 4, 640).requires_grad_())
    assert {tensor.dtype for tensor in y.grad_fn.saved_tensors} == {torch.float32}
