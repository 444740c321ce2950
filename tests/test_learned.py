"""Activations with learned parameters: every derivative against 50 digits, and training as PyTorch's PReLU does it."""

import mpmath
import pytest
import torch
from hypothesis import given, strategies as st
from torch.autograd import gradcheck, gradgradcheck

import actlab
from actlab import catalogue
from actlab.activations import BLOCKS
from actlab.formula import exact, parse

NAMES = [name for name, fact in catalogue.facts().items() if fact.learned]
WITH_PARAMETERS = [(name, wrt) for name, block in BLOCKS.items() for wrt in block.derivatives if wrt != "x"]
POINTS = [0.0, 1e-8, -1e-8, 1e-3, -1e-3, *[k / 4 + 0.03 for k in range(-48, 48, 3)], 20.0, -20.0, 88.7, -88.7, -104.0]
FAR = [104.0, 1e3, -1e3, 1e4, -1e4]


def defaults(name: str) -> tuple[float, ...]:
    return tuple(catalogue.facts()[name].parameters.values())


@pytest.mark.parametrize("name, wrt", WITH_PARAMETERS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_derivatives_of_parameters_against_fifty_digits(name, wrt, dtype):
    facts = catalogue.facts()[name]
    truth = exact.Exact(parse(facts.formula), {k: float(v) for k, v in facts.parameters.items()})
    kinks = exact.kinks(facts, dict(facts.parameters))
    x = torch.tensor([p for p in POINTS + FAR if all(abs(p - kink) > 1e-9 for kink in kinks)], dtype=dtype)
    parameters = defaults(name)
    got = BLOCKS[name].slope(wrt, x, BLOCKS[name].value(x, *parameters), parameters).expand(x.shape)
    points = x.tolist()
    eps = torch.finfo(dtype).eps
    for point, value, true in zip(points, got.tolist(), truth.slopes(points, wrt=wrt), strict=True):
        if abs(true) > torch.finfo(dtype).max:
            assert value == (float("inf") if true > 0 else float("-inf"))
            continue
        steep = abs(true) + abs(point)  # what rounding x and the parameters to this dtype may do
        limit = 64 * eps * (1 + steep) * (1 + abs(point))
        assert abs(mpmath.mpf(value) - true) <= limit, (point, value, true)


@pytest.mark.parametrize("name", NAMES)
def test_gradcheck_in_all_arguments_away_from_the_start(name):
    facts = catalogue.facts()[name]
    values = [float(v) * 1.1 + 0.07 for v in facts.parameters.values()]
    kinks = exact.kinks(facts, dict(zip(facts.parameters, values, strict=True)))
    points = [p for p in (-3.3, -1.6, -0.4, 0.3, 0.9, 2.2) if all(abs(p - kink) > 1e-2 for kink in kinks)]
    x = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    parameters = [torch.tensor([v], dtype=torch.float64, requires_grad=True) for v in values]
    assert gradcheck(BLOCKS[name], (x, *parameters))
    assert gradgradcheck(BLOCKS[name], (x, *parameters))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_nothing_is_nan_however_far(name, dtype):
    largest = torch.finfo(dtype).max
    x = torch.tensor([0.0, -0.0, *FAR, largest, -largest, torch.finfo(dtype).tiny], dtype=dtype, requires_grad=True)
    parameters = [torch.tensor(float(v), dtype=dtype, requires_grad=True) for v in defaults(name)]
    y = BLOCKS[name](x, *parameters)
    (slope,) = torch.autograd.grad(y, x, torch.ones_like(y), create_graph=True)
    assert not y.isnan().any() and not slope.isnan().any()
    if slope.requires_grad:
        (second,) = torch.autograd.grad(slope.sum(), x, allow_unused=True, materialize_grads=True)
        assert not second.isnan().any()


@pytest.mark.parametrize("name", NAMES)
def test_one_value_a_channel(name):
    module = getattr(actlab.nn, catalogue.facts()[name].module)(3)
    with torch.no_grad():
        for place, parameter in enumerate(module.parameters()):
            parameter += 0.01 * torch.arange(3) * (place + 1)
    for shape in ((4, 3), (2, 3, 5), (2, 3, 4, 2)):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
        y = module(x)
        y.sum().backward()
        for channel in range(3):
            alone = [
                p[channel].item() if (p := dict(module.named_parameters()).get(n)) is not None else getattr(module, n)
                for n in catalogue.facts()[name].parameters
            ]
            torch.testing.assert_close(y[:, channel], BLOCKS[name](x[:, channel], *alone))
        assert all(parameter.grad.shape == (3,) for parameter in module.parameters())


@pytest.mark.large
@pytest.mark.parametrize("name", NAMES)
def test_initial_values_reset_dtype_and_compile(name):
    facts = catalogue.facts()[name]
    cls = getattr(actlab.nn, facts.module)
    module = cls(dtype=torch.float64)
    start = {n: p.clone() for n, p in module.named_parameters()}
    assert [p.item() for p in start.values()] == [facts.parameters[n] for n in facts.learned]
    assert all(p.dtype == torch.float64 for p in start.values())
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01)
    x = torch.linspace(-2.1, 2.2, 12, dtype=torch.float64)
    module(x).square().sum().backward()
    optimizer.step()
    assert any(not torch.equal(p, start[n]) for n, p in module.named_parameters())
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), module(x))
    module.reset_parameters()
    assert all(torch.equal(p, start[n]) for n, p in module.named_parameters())
    if name != "prelu":
        first = facts.learned[0]
        other = cls(**{first: 0.625})
        assert getattr(other, first).item() == 0.625 and f"{first}=0.625" in repr(other)
        with pytest.raises(TypeError, match="takes"):
            cls(slope_of_nothing=1.0)


def test_relatives_meet_where_the_papers_say_they_do():
    x = torch.linspace(-6, 6, 101, dtype=torch.float64)
    f = actlab.functional
    torch.testing.assert_close(f.swish_beta(x, 1.0), torch.nn.functional.silu(x))
    torch.testing.assert_close(f.swish_beta(x, 0.0), x / 2)
    torch.testing.assert_close(f.acon_c(x, 1.0, 0.0, 1.7), f.swish_beta(x, 1.7))
    torch.testing.assert_close(f.pserf(x, 1.0, 1.0), f.serf(x))
    torch.testing.assert_close(f.sinlu(x, 0.0, 3.0), f.silu(x))
    torch.testing.assert_close(f.smu(x, 0.0, 0.5**0.5), torch.nn.functional.gelu(x))
    torch.testing.assert_close(f.smu(x, 0.25, 1e6), torch.nn.functional.leaky_relu(x, 0.25))
    torch.testing.assert_close(f.pelu(x, 1.0, 1.0), torch.nn.functional.elu(x))
    torch.testing.assert_close(f.mpelu(x, 1.3, 1.0), torch.nn.functional.elu(x, 1.3))
    torch.testing.assert_close(f.apl(x, -0.3, 0.0, 0.0, 5.0), torch.nn.functional.leaky_relu(x, 0.3))
    torch.testing.assert_close(f.star_relu(x, 1.0, 0.0), torch.relu(x) ** 2)
    torch.testing.assert_close(f.snake(x, 0.0), x)
    torch.testing.assert_close(f.rational(x, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), x)
    torch.testing.assert_close(f.lisht(x), f.lisht(-x))
    torch.testing.assert_close(f.quick_gelu(x), torch.nn.functional.gelu(x), atol=0.021, rtol=0)
    torch.testing.assert_close(f.sinc(x), torch.sinc(x / torch.pi))


def test_the_rational_start_is_the_fit_that_it_says():
    x = torch.linspace(-3, 3, 20_001, dtype=torch.float64)
    gap = (actlab.functional.rational(x) - torch.nn.functional.gelu(x)).abs().max().item()
    assert gap <= 0.0027
    assert "within 0.0027" in catalogue.facts()["rational"].domain


def test_star_relu_starts_at_mean_zero_and_variance_one():
    z = torch.linspace(-12, 12, 48_001, dtype=torch.float64)
    density = torch.exp(-0.5 * z * z) / (2 * torch.pi) ** 0.5
    y = actlab.functional.star_relu(z)
    assert torch.trapezoid(y * density, z).item() == pytest.approx(0, abs=1e-9)
    assert torch.trapezoid(y * y * density, z).item() == pytest.approx(1, abs=1e-9)


numbers = st.floats(-4, 4, allow_subnormal=False)


@given(x=numbers, q=st.tuples(numbers, numbers, numbers, numbers), a=st.tuples(*[numbers] * 6))
def test_a_rational_is_its_quotient_on_both_sides_of_one(x, q, a):
    top = sum(c * x**k for k, c in enumerate(a))
    bottom = 1 + abs(sum(c * x ** (k + 1) for k, c in enumerate(q)))
    size = sum(abs(c * x**k) for k, c in enumerate(a))
    bends = sum(abs(c * x ** (k + 1)) for k, c in enumerate(q))
    got = BLOCKS["rational"](torch.tensor(x, dtype=torch.float64), *a, *q).item()
    assert got == pytest.approx(top / bottom, rel=1e-9, abs=1e-13 * (1 + size) * (1 + bends))


@given(a=st.floats(-1e-3, 1e-3), x=st.floats(-50, 50))
def test_snake_passes_through_a_equal_to_zero(a, x):
    parameter = torch.tensor(a, dtype=torch.float64, requires_grad=True)
    y = BLOCKS["snake"](torch.tensor(x, dtype=torch.float64), parameter)
    y.backward()
    assert y.item() == pytest.approx(x + (mpmath.sin(a * x) ** 2 / a if a else 0), abs=1e-9)
    assert parameter.grad.isfinite()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_learned_may_have_another_dtype_than_the_input(name):
    """Under autocast the input is half; in double precision a parameter may have stayed behind."""
    module = getattr(actlab.nn, catalogue.facts()[name].module)(4)
    for inputs in (torch.bfloat16, torch.float16, torch.float32, torch.float64):
        for learned in (torch.float32, torch.float64):
            x = torch.randn(3, 4, generator=torch.Generator().manual_seed(0)).to(inputs).requires_grad_()
            y = module.to(learned)(x)
            y.sum().backward()
            assert y.dtype == x.grad.dtype == inputs
            assert all(p.grad.dtype == learned for p in module.parameters())
            module.zero_grad()
