"""Every block of the catalogue, against independent oracles. No test names an activation except a regression test."""

import copy
import math
import pickle
import re
from functools import cache

import pytest
import torch
from tools import catalogue as written_from_blocks
from torch.autograd import gradcheck, gradgradcheck

import actlab
from actlab import catalogue
from actlab.activations import BLOCKS
from actlab.activations.core import Activation, activation
from actlab.formula import parse
from actlab.formula.exact import Exact, kinks

NAMES = list(BLOCKS)
DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-6, torch.float16: 2e-3, torch.bfloat16: 1.6e-2}
WRONG_IN_TORCH = {"hardsigmoid": 1e-7}  # PyTorch 2.13's gradient in float64 is 1/6 rounded to float32
SPECIAL = [0, 1e-8, 1e-3, 0.5, 1, 3, 6, 8.9, 17, 30, 88, 104, 1e4]
# where mistakes show: around zero, where exp overflows and underflows, where x * x overflows, at both ends of a dtype
TELLING = [0, 1e-8, 1e-4, 1e-3, 0.02, 0.3, 20, 20.5, 50, 88.7, 104, 170, 1e3, 1e4, 1e20, 1e30, 3e38, 1e-40]


def arguments(block: Activation) -> tuple[float, ...]:
    return tuple(block.facts.parameters.values())


def other_arguments(block: Activation) -> tuple[float, ...]:
    """Parameters off their defaults, where what a default hides (a factor 1, a 0) shows."""
    return tuple(1.3 * value + 0.05 for value in arguments(block))


def given(block: Activation, values: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(block.facts.parameters, values, strict=True))


def native(block: Activation, x: torch.Tensor) -> torch.Tensor:
    if block.facts.learned:
        return block.oracle(x, *[x.new_tensor([value]) for value in arguments(block)])
    return block.oracle(x, *arguments(block))


def off_kinks(block: Activation, points: list[float], values: tuple[float, ...], distance: float) -> list[float]:
    """Points away from kinks, further than what float32 makes of a kink."""
    found = kinks(block.facts, given(block, values))
    return [p for p in points if all(abs(p - k) > distance for k in found)]


def both_signs(points: list[float]) -> list[float]:
    return [*points, *[-p for p in points]]


def points_of(block: Activation, values: tuple[float, ...]) -> list[float]:
    """Exactly float32 numbers, so that every dtype is judged by the same truth."""
    beside = [k + s for k in kinks(block.facts, given(block, values)) for s in (-1e-3, 1e-3)]
    chosen = [*torch.linspace(-12, 12, 49).tolist(), *both_signs(TELLING), *beside]
    return off_kinks(block, torch.tensor(chosen, dtype=torch.float32).tolist(), values, 1e-6)


@cache
def truth(name: str, values: tuple[float, ...]) -> tuple[torch.Tensor, ...]:
    """Points, and value, slope and curvature there, from 33 certain digits."""
    block = BLOCKS[name]
    exact = Exact(parse(block.facts.formula), given(block, values))
    x = points_of(block, values)
    rows = (x, exact.values(x), exact.slopes(x), exact.slopes(x, order=2))
    return tuple(torch.tensor([float(number) for number in row], dtype=torch.float64) for row in rows)


def mistakes(name: str, value, slope, dtype: torch.dtype, values: tuple[float, ...]) -> list[str]:
    """What a value and a slope, functions of x, get wrong in this dtype.

    Allowed: 32 eps of the result and of what a rounding of x does to it; and at most 1e-3 of the value, however small.
    """
    x, true_value, true_slope, curvature = truth(name, values)
    limits = torch.finfo(dtype)
    input = x.to(dtype)
    found = []
    for what, got, true, steepness in (
        ("value", value(input), true_value, true_slope),
        ("slope", slope(input), true_slope, curvature),
    ):
        assert got.dtype == dtype
        error = (got.double() - true).abs()
        scale = 1 + (x * steepness).abs().nan_to_num(0, 0, 0)
        right = error <= 32 * limits.eps * (scale + true.abs())
        if what == "value":
            normal = (true.abs() > limits.tiny) & (true.abs() < limits.max)
            condition = 2 * limits.eps * (scale - 1)  # what rounding x alone does: sin(30 x) far out
            right &= ~normal | (error <= 1e-3 * true.abs() + condition)
        right |= got == true.to(dtype)  # the truth, rounded: an infinity too
        found += [f"{what} at {x[i]:g}: {got[i]:g}, true {true[i]:g}" for i in (~right).nonzero().flatten().tolist()]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_value_and_derivative_are_true(name):
    block = BLOCKS[name]
    for dtype, values in (
        (torch.float64, arguments(block)),
        (torch.float32, arguments(block)),
        (torch.float64, other_arguments(block)),
    ):
        assert not mistakes(
            name,
            lambda x, values=values: block.value(x, *values),
            lambda x, values=values: block.slope("x", x, block.value(x, *values), values),
            dtype,
            values,
        )


@pytest.mark.parametrize(
    ("name", "naive"),
    [
        ("tanhshrink", lambda x: x - torch.tanh(x)),
        ("logsigmoid", lambda x: torch.log(torch.sigmoid(x))),
        ("softplus", lambda x: torch.log(1 + torch.exp(x))),
        ("squareplus", lambda x: (x + torch.sqrt(x * x + 4)) / 2),
        ("isru", lambda x: x / torch.sqrt(1 + x * x)),
        ("bent_identity", lambda x: x + (torch.sqrt(x * x + 1) - 1) / 2),
        ("laplace", lambda x: 0.5 * (1 + torch.erf((x - math.sqrt(0.5)) * math.sqrt(2 * math.pi)))),
        ("sqrt_softplus", lambda x: torch.nn.functional.softplus(x).sqrt()),
        ("elish", lambda x: torch.where(x > 0, x, torch.exp(x) - 1) / (1 + torch.exp(-x))),
        ("symlog", lambda x: x.sign() * torch.log(1 + x.abs())),
        ("hardswish", lambda x: x * (x + 3).clamp(0, 6) / 6),
        ("gelu", lambda x: 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_the_truth_finds_what_cancels_and_overflows(name, naive):
    block = BLOCKS[name]
    values = arguments(block)
    found = mistakes(name, naive, lambda x: block.slope("x", x, block.value(x, *values), values), torch.float32, values)
    assert found and all("value" in line for line in found)


@pytest.mark.parametrize("x", [-88.9, -90.0, -91.5])
def test_a_gate_keeps_its_tail_where_the_exponential_has_overflowed(x):
    """x s(x) is a normal number there, x / (1 + e^-x) is 0."""
    point = torch.tensor([x])
    assert (point / (1 + torch.exp(-point))).item() == 0
    assert BLOCKS["silu"].value(point).item() == pytest.approx(x * math.exp(x), rel=1e-4, abs=0)
    assert BLOCKS["sigmoid"].slope("x", -point, point, ()).item() == pytest.approx(math.exp(x), rel=1e-4, abs=0)


@pytest.mark.parametrize("name", NAMES)
def test_the_engines_tiny_numbers_change_nothing(name):
    """Training takes denormal numbers as zero: that must move no value by more than such numbers are."""
    block = BLOCKS[name]
    x = torch.cat([torch.linspace(-120, 120, 481), torch.tensor(both_signs([1e-30, 1e-37, 1e4, 1e30, 3e38]))])

    def both() -> tuple[torch.Tensor, torch.Tensor]:
        y = block.value(x, *arguments(block))
        return y, block.slope("x", x, y, arguments(block)).expand(x.shape)

    expected = both()
    if not torch.set_flush_denormal(True):
        pytest.skip("this CPU has no such setting")
    try:
        got = both()
    finally:
        torch.set_flush_denormal(False)
    torch.testing.assert_close(got, expected, rtol=1e-6, atol=1e-35, equal_nan=True)


@pytest.mark.parametrize("name", [n for n in NAMES if BLOCKS[n].oracle])
def test_value_and_gradient_agree_with_torch(name):
    """On kinks too: there PyTorch's choice is ours."""
    block = BLOCKS[name]
    for dtype, tolerance in TOLERANCE.items():
        grid = torch.cat([torch.linspace(-12, 12, 2001), torch.tensor(both_signs(SPECIAL))]).to(dtype)
        ours, theirs = grid.clone().requires_grad_(), grid.clone().requires_grad_()
        y, expected = block(ours, *arguments(block)), native(block, theirs)
        assert y.dtype == dtype
        weight = torch.linspace(0.5, 1.5, len(grid)).to(dtype)
        y.backward(weight)
        expected.backward(weight)
        torch.testing.assert_close(y, expected, rtol=tolerance, atol=tolerance)
        tolerance = max(tolerance, WRONG_IN_TORCH.get(name, 0))
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=tolerance, atol=2 * tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_gradcheck_and_gradgradcheck_off_the_kinks(name):
    """With every parameter that has a derivative as a tensor that wants its gradient."""
    block = BLOCKS[name]
    points = off_kinks(block, [-11.0, -4.2, -1.3, -0.31, 0.27, 0.9, 2.4, 7.5, 15.0], arguments(block), 1e-3)
    x = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    wanted = [p for p in block.facts.parameters if p in block.derivatives]
    tensors = [torch.tensor([block.facts.parameters[p]], dtype=torch.float64, requires_grad=True) for p in wanted]

    def f(x, *tensors):
        return block(x, **dict(zip(wanted, tensors, strict=True)))

    assert gradcheck(f, (x, *tensors))
    assert gradgradcheck(f, (x, *tensors))


@pytest.mark.parametrize("name", [n for n in NAMES if set(BLOCKS[n].derivatives) - {"x"}])
def test_derivatives_with_respect_to_parameters_are_true(name):
    block = BLOCKS[name]
    values = other_arguments(block)
    exact = Exact(parse(block.facts.formula), given(block, values))
    points = off_kinks(block, [-7.3, -2.1, -0.6, -0.05, 0.04, 0.7, 1.9, 5.5], values, 1e-3)
    x = torch.tensor(points, dtype=torch.float64)
    for wrt in set(block.derivatives) - {"x"}:
        true = torch.tensor([float(s) for s in exact.slopes(points, wrt=wrt)], dtype=torch.float64)
        got = block.slope(wrt, x, block.value(x, *values), values)
        torch.testing.assert_close(got.expand(x.shape), true, rtol=1e-12, atol=1e-13, msg=lambda m, w=wrt: f"{w}: {m}")


@pytest.mark.parametrize("name", [n for n in NAMES if set(BLOCKS[n].derivatives) - {"x"}])
def test_parameters_may_differ_across_a_tensor(name):
    block = BLOCKS[name]
    x = torch.tensor([[-2.0, -0.53, 0.7], [1.5, -3.2, -0.13]], dtype=torch.float64, requires_grad=True)
    values = [
        torch.full((3,), float(v), dtype=torch.float64, requires_grad=True) if p in block.derivatives else v
        for p, v in block.facts.parameters.items()
    ]
    assert gradcheck(lambda x, *values: block(x, *values), (x, *values))


@pytest.mark.parametrize("name", NAMES)
def test_kinks_take_a_value_between_the_one_sided_limits(name):
    block = BLOCKS[name]
    for values in (arguments(block), other_arguments(block)):
        for kink in kinks(block.facts, given(block, values)):
            x = torch.tensor([kink - 1e-9, kink, kink + 1e-9], dtype=torch.float64)
            left, at, right = block.slope("x", x, block.value(x, *values), values).tolist()
            assert min(left, right) - 1e-8 <= at <= max(left, right) + 1e-8


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_nan_in_value_gradients_and_second_derivative(name):
    """Up to the largest number of each dtype, which overflows to infinity at most; and NaN stays NaN."""
    block = BLOCKS[name]
    for dtype in DTYPES:
        limits = torch.finfo(dtype)
        ends = [limits.max, limits.tiny, limits.smallest_normal / 4, *kinks(block.facts, block.facts.parameters)]
        x = torch.tensor(both_signs([*SPECIAL, 89, 200, 1e30, *ends]), dtype=dtype)
        x = x[x.isfinite()].requires_grad_()
        y = block(x, *arguments(block))
        (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        second = torch.zeros_like(x)
        if slope.requires_grad:
            (second,) = torch.autograd.grad(slope.sum(), x, materialize_grads=True)
        for what in (y, slope, second):
            assert not what.isnan().any(), (dtype, x[what.isnan()])
        assert block(torch.tensor([math.nan, 1.0], dtype=dtype), *arguments(block)).isnan().tolist() == [True, False]
        wanted = {
            p: torch.full_like(x, v, requires_grad=True)
            for p, v in block.facts.parameters.items()
            if p in block.derivatives
        }
        if wanted:
            y = block(x, **wanted)
            for what in torch.autograd.grad(y.sum(), list(wanted.values())):
                assert not what.isnan().any(), (dtype, x[what.isnan()])


@pytest.mark.parametrize("name", NAMES)
def test_every_half_precision_number(name):
    """All 65,536 of both kinds, value and gradient: computed in float32 and rounded once, next to float64's."""
    block = BLOCKS[name]
    bits = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    edges = [k for k in kinks(block.facts, block.facts.parameters) if k]
    for dtype in (torch.float16, torch.bfloat16):
        x = bits.view(dtype)
        x = x[x.isfinite()]
        for edge in edges:  # a kink such as .7 is another number in float32
            x = x[(x.double() - edge).abs() > 1e-6 * abs(edge)]
        x.requires_grad_()
        wide = x.detach().double().requires_grad_()
        y, true = block(x, *arguments(block)), block(wide, *arguments(block))
        y.sum().backward()
        (slope,) = torch.autograd.grad(true.sum(), wide, create_graph=True)
        curvature = torch.zeros_like(wide)
        if slope.requires_grad:
            (curvature,) = torch.autograd.grad(slope.sum(), wide, materialize_grads=True)
        # what is derived from the output is derived from the rounded output
        from_output = torch.finfo(dtype).eps if "y" in block.wants["x"] else 0
        for got, expected, steepness, loss in ((y, true, slope, 0), (x.grad, slope, curvature, from_output)):
            single = 1e-6 * (1 + (wide * steepness).abs().nan_to_num(0, 0, 0))
            error = (got.double() - expected).abs()
            near = error <= single + loss + torch.finfo(dtype).eps * expected.abs()
            near |= got == expected.to(dtype)
            assert near.all(), (dtype, x[~near][:5], got[~near][:5], expected[~near][:5])


@pytest.mark.parametrize("name", NAMES)
def test_functional_transforms(name):
    block = BLOCKS[name]
    x = torch.tensor(off_kinks(block, [-3.3, -0.4, 0.3, 2.1], arguments(block), 1e-3), dtype=torch.float64)

    def f(z):
        return block(z, *arguments(block))

    expected = block.slope("x", x, f(x), arguments(block))
    torch.testing.assert_close(torch.vmap(torch.func.grad(f))(x), expected)
    torch.testing.assert_close(torch.func.jvp(f, (x,), (torch.ones_like(x),))[1], expected)
    second = torch.vmap(torch.func.hessian(f))(x)
    twice = torch.vmap(torch.func.grad(torch.func.grad(f)))(x)
    torch.testing.assert_close(second, twice)
    torch.testing.assert_close(torch.vmap(torch.func.jacfwd(torch.func.jacfwd(f)))(x), twice)


@pytest.mark.large
@pytest.mark.parametrize("name", NAMES)
def test_compiles_without_graph_breaks(name):
    """With gradients, and where none is wanted. All share one process: none may use up another's recompilations."""
    facts = BLOCKS[name].facts
    function = getattr(actlab.functional, name)
    values = [torch.tensor([v]) if p in facts.learned else v for p, v in facts.parameters.items()]
    given = values if facts.learned else []
    x = torch.tensor([-2.0, -0.3, 0.4, 3.3], requires_grad=True)
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    expected = function(x, *given)
    y = compiled(x, *given)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(torch.autograd.grad(y.sum(), x), torch.autograd.grad(expected.sum(), x))
    with torch.no_grad():
        torch.testing.assert_close(compiled(x, *given), expected)


@pytest.mark.large
def test_prelu_compiles_with_its_weight():
    module = actlab.nn.PReLU(3)
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    grads = [torch.autograd.grad(f(x).sum(), (x, module.weight)) for f in (module, compiled)]
    torch.testing.assert_close(grads[0], grads[1])


@pytest.mark.parametrize("name", NAMES)
def test_manners(name):
    """What is no float tensor is refused with a way out; shapes and the input are kept; blocks pickle by name."""
    block = BLOCKS[name]
    with pytest.raises(TypeError, match=r"floating-point.*int64.*x\.float\(\)"):
        block(torch.tensor([1, 2]), *arguments(block))
    with pytest.raises(TypeError, match=r"takes a torch.Tensor, not float"):
        block(1.0, *arguments(block))
    for shape in [(), (0,), (3,), (2, 3, 4, 5)]:
        x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
        before = x.clone()
        y = block(x, *arguments(block))
        assert y.shape == x.shape
        assert torch.equal(x, before)
        y.zero_()
        assert torch.equal(x, before), "the output is the input"
    assert pickle.loads(pickle.dumps(block)) is block
    x = torch.ones(2, requires_grad=True)
    assert "eager" in type(block(x, *arguments(block)).grad_fn).__name__, "an alias of torch's"


MODULES = [f.module for f in catalogue.facts().values() if f.module]
NEEDED = {"Threshold": (1.0, 0.0)}  # what PyTorch's module has no default for


@pytest.mark.parametrize("name", MODULES)
def test_modules(name):
    """Like PyTorch's where it has one; copied and pickled whole; any dtype."""
    ours = getattr(actlab.nn, name)()
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    if hasattr(torch.nn, name):
        theirs = getattr(torch.nn, name)(*NEEDED.get(name, ())).eval()
        assert repr(ours).replace("lambd=", "") == repr(theirs)  # PyTorch prints the shrinks' lambd without its name
        assert ours.state_dict().keys() == theirs.state_dict().keys()
        torch.testing.assert_close(ours(x), theirs(x))
    assert repr(ours).startswith(f"{name}(")
    for twin in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert repr(twin) == repr(ours)
        assert torch.equal(twin(x), ours(x))
    assert ours.double()(x.double()).dtype == torch.float64


def test_modules_with_arguments():
    assert repr(actlab.nn.LeakyReLU(0.2, inplace=True)) == repr(torch.nn.LeakyReLU(0.2, inplace=True))
    assert repr(actlab.nn.Softplus(beta=2)) == "Softplus(beta=2, threshold=20.0)"
    assert repr(actlab.nn.GELU("tanh")) == repr(torch.nn.GELU("tanh"))
    assert repr(actlab.nn.PReLU(3)) == repr(torch.nn.PReLU(3))
    with pytest.raises(TypeError):
        actlab.nn.ReLU(slope=1)
    trained = actlab.nn.ELU(torch.nn.Parameter(torch.tensor(0.5)))
    trained(torch.tensor([-1.0])).sum().backward()
    assert trained.alpha.grad.item() == pytest.approx(-0.6321206)
    assert list(actlab.nn.LeakyReLU(torch.tensor(0.1)).state_dict()) == ["negative_slope"]


@pytest.mark.parametrize("name", [n for n, f in catalogue.facts().items() if f.inplace])
def test_inplace_is_honoured_with_the_right_gradient(name):
    function, twin = getattr(actlab.functional, name), getattr(torch.nn.functional, name)
    grads = []
    for f in (function, twin):
        leaf = torch.tensor([-2.0, -0.3, 0.4, 3.0], requires_grad=True)
        x = leaf * 1.0
        assert f(x, *arguments(BLOCKS[name]), inplace=True) is x
        x.sum().backward()
        grads.append(leaf.grad)
    torch.testing.assert_close(*grads)
    with pytest.raises(RuntimeError, match="in-place"):
        function(torch.ones(2, requires_grad=True), *arguments(BLOCKS[name]), inplace=True)


def test_signatures_are_pytorchs():
    x = torch.tensor([-1.0, 2.0])
    torch.testing.assert_close(actlab.leaky_relu(x, 0.2), torch.nn.functional.leaky_relu(x, 0.2))
    torch.testing.assert_close(actlab.elu(x, alpha=0.5), torch.nn.functional.elu(x, alpha=0.5))
    torch.testing.assert_close(actlab.gelu(x, approximate="tanh"), torch.nn.functional.gelu(x, approximate="tanh"))
    weight = torch.tensor([0.1, 0.2])
    image = torch.randn(2, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(actlab.prelu(image, weight), torch.nn.functional.prelu(image, weight))
    for call in (
        lambda: actlab.relu(x, slope=1),
        lambda: actlab.relu(x, False, 3),
        lambda: actlab.elu(x, 1.0, alpha=2.0),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(ValueError, match="'none' or 'tanh'"):
        actlab.gelu(x, approximate="fast")
    with pytest.raises(ValueError, match="3 values, the input 2 channels"):
        actlab.prelu(image, torch.ones(3))


def test_tanh_saves_its_output():
    y = actlab.tanh(torch.tensor([0.5], requires_grad=True))
    assert y.grad_fn.saved_tensors[0].item() == y.item()


def test_a_wrong_derivative_is_used_and_found():
    """The bridge takes the hand-written derivative, not autograd's: a planted mistake must show."""

    @activation(family="test", formula="x**2", range="[0, inf)", reference="-", checked="-")
    def planted(x):
        """Square."""
        return x * x

    @planted.derivative(wrt="x")
    def _(x):
        return 3 * x

    x = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.grad(planted(x), x)[0].item() == 6
    assert "planted" not in BLOCKS, "a user's block is no part of the catalogue"
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        gradcheck(planted, x)


WRITTEN = written_from_blocks.files()


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.name)
def test_what_is_written_from_the_blocks_is_theirs(file):
    """The torch-free index, and the stubs of functions and modules."""
    assert file.read_text(encoding="utf-8") == WRITTEN[file], "run `make catalogue`"


def test_a_parameter_without_a_derivative_is_refused_where_it_would_not_train():
    beta = torch.tensor(1.5, requires_grad=True)
    with pytest.raises(TypeError, match="softplus has no derivative with respect to beta"):
        actlab.softplus(torch.ones(2), beta)
    assert actlab.softplus(torch.ones(2), beta.detach()).shape == (2,)


def test_kinks_as_pytorch_takes_them():
    zero = torch.zeros(1)
    assert BLOCKS["relu"].slope("x", zero, zero, ()) == 0
    assert BLOCKS["leaky_relu"].slope("x", zero, zero, (0.3,)) == pytest.approx(0.3)
    assert BLOCKS["elu"].slope("x", zero, zero, (2.0,)) == 2
    assert BLOCKS["selu"].slope("x", zero, zero, ()).item() == pytest.approx(1.7580993)
    assert BLOCKS["absolute"].slope("x", zero, zero, ()) == 0
    ends = torch.tensor([-3.0, 3.0])
    assert BLOCKS["hardswish"].slope("x", ends, ends, ()).tolist() == [0, 1]
    assert BLOCKS["hardsigmoid"].slope("x", ends, ends, ()).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda x: actlab.functional.sparse_plus(x), lambda x: actlab.functional.smelu(x, 1.0)),
        (lambda x: actlab.functional.very_leaky_relu(x), lambda x: actlab.leaky_relu(x, 1 / 3)),
        (lambda x: actlab.functional.rrelu(x), lambda x: actlab.leaky_relu(x, 11 / 48)),
        (lambda x: actlab.functional.relu6(x), lambda x: actlab.functional.hardtanh(x, 0.0, 6.0)),
        (lambda x: actlab.functional.brelu(x, 6.0), lambda x: actlab.functional.relu6(x)),
        (lambda x: actlab.functional.hardswish(x), lambda x: x * actlab.functional.hardsigmoid(x)),
        (lambda x: actlab.functional.thresholded_relu(x, 0.3), lambda x: actlab.functional.threshold(x, 0.3, 0.0)),
        (lambda x: actlab.functional.celu(x), lambda x: actlab.elu(x)),
        (lambda x: actlab.functional.logsigmoid(x), lambda x: -actlab.softplus(-x)),
        (lambda x: actlab.functional.sqrt_softplus(x) ** 2, lambda x: actlab.softplus(x)),
        (lambda x: actlab.functional.squareplus(x) - actlab.functional.squareplus(-x), lambda x: x),
        (lambda x: actlab.functional.tanhshrink(x) + actlab.tanh(x), lambda x: x),
        (lambda x: actlab.functional.softshrink(x) + actlab.functional.hardtanh(x, -0.5, 0.5), lambda x: x),
        (lambda x: actlab.functional.shifted_relu(x), lambda x: actlab.relu(x + 1) - 1),
        (lambda x: actlab.functional.srelu(x, 9.0, 1.0, 0.0, 0.2), lambda x: actlab.leaky_relu(x, 0.2)),
        (lambda x: actlab.functional.soft_exponential(x, 0.0), lambda x: x),
        (lambda x: actlab.functional.soft_exponential(x, 1.0), lambda x: torch.exp(x)),
        (lambda x: torch.sinh(actlab.functional.asinh(x)), lambda x: x),
        (lambda x: actlab.functional.arctan(torch.tan(x / 9)), lambda x: x / 9),
        (lambda x: actlab.functional.laplace(x, 0.0, 0.5**0.5), lambda x: (1 + actlab.functional.erf(x)) / 2),
    ],
)
def test_identities_between_activations(one, other):
    """Value, gradient and second derivative."""
    results = []
    for function in (one, other):
        x = torch.linspace(-4.03, 4.01, 61, dtype=torch.float64, requires_grad=True)
        y = function(x) + 0 * x
        (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        (second,) = torch.autograd.grad((slope + 0 * x).sum(), x)
        results.append(torch.stack([y, slope, second]))
    torch.testing.assert_close(*results, rtol=1e-8, atol=1e-8)  # softplus takes no threshold here: |x| < 20


def test_symlog_keeps_its_gradient_at_zero():
    x = torch.zeros(1, requires_grad=True)
    composed = x.sign() * torch.log1p(x.abs())
    assert torch.autograd.grad(composed.sum(), x)[0] == 0
    assert torch.autograd.grad(actlab.functional.symlog(x).sum(), x)[0] == 1


def test_rrelu_is_not_random_even_in_training():
    module = actlab.nn.RReLU().train()
    x = torch.linspace(-3, 3, 101)
    assert torch.equal(module(x), module(x))


def test_heaviside_takes_the_value_that_is_given_at_zero_and_does_not_train():
    x = torch.tensor([-0.5, -0.0, 0.0, 2.0], requires_grad=True)
    y = actlab.functional.heaviside(x, 0.5)
    torch.testing.assert_close(y, torch.heaviside(x.detach(), torch.tensor(0.5)))
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("alpha", [-0.7, -1e-2, -1e-5, -1e-12, 0.0, 1e-12, 1e-5, 1e-2, 0.7])
def test_soft_exponential_is_smooth_through_alpha_zero(alpha):
    block = BLOCKS["soft_exponential"]
    points = [-3.5, -1.1, -0.01, 0.0, 0.02, 0.6, 0.7, 2.5] if alpha >= 0 else [-0.6, -0.01, 0.0, 0.3, 1.2, 4.0]
    x = torch.tensor(points, dtype=torch.float64)
    y = block.value(x, alpha)
    exact = Exact(parse(block.facts.formula), {"alpha": alpha})
    torch.testing.assert_close(y, torch.tensor([float(v) for v in exact.values(points)], dtype=torch.float64))
    got = block.slope("alpha", x, y, (alpha,))
    if alpha:
        true = torch.tensor([float(v) for v in exact.slopes(points, wrt="alpha")], dtype=torch.float64)
    else:
        true = 1 + x * x / 2  # the limit from both sides
    torch.testing.assert_close(got, true, rtol=1e-11, atol=1e-12)


def test_soft_exponential_is_undefined_outside_its_domain():
    edge = 1 / -0.5 + 0.5
    assert actlab.functional.soft_exponential(torch.tensor([edge - 0.1, edge + 0.1]), -0.5).isnan().tolist() == [
        True,
        False,
    ]


def test_no_two_activations_answer_to_one_name():
    owners: dict[str, set[str]] = {}
    for name, fact in catalogue.facts().items():
        for alias in (name, fact.module, *fact.aliases):
            owners.setdefault(alias.lower().replace("_", ""), set()).add(name)
    assert {alias: names for alias, names in owners.items() if alias and len(names) > 1} == {}


@pytest.mark.parametrize("name", NAMES)
def test_facts_are_whole(name):
    facts = BLOCKS[name].facts
    assert parse(facts.formula).names <= set(facts.parameters)
    assert all(isinstance(value, float) for value in facts.parameters.values())
    assert facts.range and facts.reference and facts.checked
    assert set(facts.learned) <= set(facts.parameters)
    assert all(map(math.isfinite, kinks(facts, facts.parameters)))


def ends_of_range(block: Activation) -> list[tuple[float, float]]:
    """Both ends of the stated range and the rounding they are given with, where it is one interval."""
    found = re.fullmatch(r"[\[(]([^{} ]+), ([^{} ]+)[\])]", block.facts.range)
    ends = []
    for text in found.groups() if found else ():
        number = float(text) if "inf" in text else float(Exact(parse(text), block.facts.parameters).values([0.0])[0])
        decimals = re.fullmatch(r"-?\d+\.(\d+)", text)
        ends.append((number, 10.0 ** -len(decimals[1]) if decimals else 1e-6))
    return ends


@pytest.mark.parametrize("name", [n for n in NAMES if ends_of_range(BLOCKS[n])])
def test_values_fill_the_stated_range(name):
    block = BLOCKS[name]
    far = torch.logspace(1, 8, 2001, dtype=torch.float64)
    y = block.value(torch.cat([torch.linspace(-12, 12, 48001, dtype=torch.float64), far, -far]), *arguments(block))
    for (end, rounding), reached in zip(ends_of_range(block), (y.min().item(), y.max().item()), strict=True):
        assert abs(reached) > 10 if math.isinf(end) else abs(reached - end) <= rounding


def test_a_derivative_that_is_mended_is_the_one_that_runs():
    """As in a notebook: the block has been called already."""

    @activation(formula="x**2")
    def square(x):
        return x * x

    x = torch.tensor([3.0], requires_grad=True)
    square.differentiate(x=lambda x: x)
    assert torch.autograd.grad(square(x), x)[0].item() == 3
    square.differentiate(x=lambda x: 2 * x)
    assert torch.autograd.grad(square(x), x)[0].item() == 6
