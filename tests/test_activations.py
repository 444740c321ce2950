"""Every block of the catalogue, against independent oracles. No test names an activation except a regression test."""

import copy
import dataclasses
import json
import pickle
import subprocess
import sys
from importlib import resources

import mpmath
import pytest
import sympy
import torch
from torch.autograd import gradcheck, gradgradcheck

import actlab
from actlab import catalogue
from actlab.activations import BLOCKS
from actlab.activations.core import Activation, activation

NAMES = list(BLOCKS)
SPECIAL = [
    0.0,
    -0.0,
    1e-8,
    -1e-8,
    1e-3,
    -1e-3,
    0.5,
    -0.5,
    1,
    -1,
    3,
    -3,
    8.9,
    -8.9,
    17,
    -17,
    30,
    -30,
    88,
    -88,
    104,
    -104,
    1e4,
    -1e4,
]
TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-6, torch.float16: 2e-3, torch.bfloat16: 1.6e-2}


def arguments(block: Activation) -> tuple:
    return tuple(block.facts.parameters.values())


def native(block: Activation, x: torch.Tensor) -> torch.Tensor:
    if block.facts.learned:
        return block.oracle(x, *[x.new_tensor([value]) for value in arguments(block)])
    return block.oracle(x, *arguments(block))


def off_kinks(block: Activation, points: list[float]) -> list[float]:
    return [p for p in points if all(abs(p - k) > 1e-3 for k in block.facts.kinks)]


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_value_and_gradient_agree_with_torch(name, dtype):
    block = BLOCKS[name]
    grid = torch.cat([torch.linspace(-12, 12, 2001), torch.tensor(SPECIAL)]).to(dtype)
    ours, theirs = grid.clone().requires_grad_(), grid.clone().requires_grad_()
    y, expected = block(ours, *arguments(block)), native(block, theirs)
    assert y.dtype == dtype
    weight = torch.linspace(0.5, 1.5, len(grid)).to(dtype)
    y.backward(weight)
    expected.backward(weight)
    tolerance = TOLERANCE[dtype]
    torch.testing.assert_close(y, expected, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=tolerance, atol=2 * tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_value_and_derivative_against_two_hundred_digits(name):
    block = BLOCKS[name]
    symbols = sympy.symbols(["x", *block.facts.parameters])
    formula = sympy.sympify(block.facts.formula, locals={s.name: s for s in symbols})
    point = dict(zip(symbols[1:], arguments(block), strict=True))
    points = off_kinks(block, SPECIAL)
    x = torch.tensor(points, dtype=torch.float64)
    y = block.value(x, *arguments(block))
    slope = block.slope("x", x, y, arguments(block))
    with mpmath.workdps(200):  # 1 + erf(x) on the left needs more than 50 digits to keep any
        for got, expression, absolute in ((y, formula, 1e-150), (slope, sympy.diff(formula, symbols[0]), 1e-15)):
            exact = sympy.lambdify(symbols[0], expression.subs(point), "mpmath")
            for at, value in zip(points, got.tolist(), strict=True):
                assert value == pytest.approx(float(exact(mpmath.mpf(at))), rel=1e-9, abs=absolute), (expression, at)


@pytest.mark.parametrize("name", NAMES)
def test_gradcheck_and_gradgradcheck_off_the_kinks(name):
    block = BLOCKS[name]
    points = off_kinks(block, [-11.0, -4.2, -1.3, -0.31, 0.27, 0.9, 2.4, 7.5, 15.0])
    x = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    learned = [torch.tensor([0.3], dtype=torch.float64, requires_grad=True) for _ in block.facts.learned]
    rest = arguments(block)[len(learned) :]
    assert gradcheck(lambda x, *p: block(x, *p, *rest), (x, *learned))
    assert gradgradcheck(lambda x, *p: block(x, *p, *rest), (x, *learned))


@pytest.mark.parametrize("name", [n for n in NAMES if set(BLOCKS[n].derivatives) - {"x"}])
def test_parameters_given_as_tensors_get_gradients(name):
    block = BLOCKS[name]
    x = torch.tensor([[-2.0, -0.5, 0.7], [1.5, -3.0, -0.1]], dtype=torch.float64, requires_grad=True)
    values = [torch.full((3,), float(v), dtype=torch.float64, requires_grad=True) for v in arguments(block)]
    assert gradcheck(block, (x, *values))


@pytest.mark.parametrize("name", NAMES)
def test_kinks_take_a_value_between_the_one_sided_limits(name):
    block = BLOCKS[name]
    for kink in block.facts.kinks:
        x = torch.tensor([kink - 1e-9, kink, kink + 1e-9], dtype=torch.float64)
        left, at, right = block.slope("x", x, block.value(x, *arguments(block)), arguments(block)).tolist()
        assert min(left, right) <= at <= max(left, right)


def test_kinks_as_pytorch_takes_them():
    zero = torch.zeros(1)
    assert BLOCKS["relu"].slope("x", zero, zero, ()) == 0
    assert BLOCKS["leaky_relu"].slope("x", zero, zero, (0.3,)) == pytest.approx(0.3)
    assert BLOCKS["elu"].slope("x", zero, zero, (2.0,)) == 2


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_far_out_nothing_is_nan(name, dtype):
    x = torch.tensor([-1e4, -200, -89, 89, 200, 1e4], dtype=dtype, requires_grad=True)
    y = BLOCKS[name](x, *arguments(BLOCKS[name]))
    y.sum().backward()
    assert not y.isnan().any() and not x.grad.isnan().any()


@pytest.mark.parametrize("name", NAMES)
def test_nan_in_nan_out(name):
    assert BLOCKS[name](torch.tensor([float("nan"), 1.0]), *arguments(BLOCKS[name])).isnan().tolist() == [True, False]


@pytest.mark.parametrize("name", NAMES)
def test_functional_transforms(name):
    block = BLOCKS[name]
    x = torch.tensor(off_kinks(block, [-3.0, -0.4, 0.3, 2.0]), dtype=torch.float64)

    def f(z):
        return block(z, *arguments(block))

    expected = block.slope("x", x, f(x), arguments(block))
    torch.testing.assert_close(torch.vmap(torch.func.grad(f))(x), expected)
    torch.testing.assert_close(torch.func.jvp(f, (x,), (torch.ones_like(x),))[1], expected)
    second = torch.vmap(torch.func.hessian(f))(x)
    torch.testing.assert_close(second, torch.vmap(torch.func.grad(torch.func.grad(f)))(x))


@pytest.mark.parametrize("name", [n for n in NAMES if n != "prelu"])
def test_compiles_without_graph_breaks(name):
    function = getattr(actlab.functional, name)
    x = torch.tensor([-2.0, -0.3, 0.4, 3.0], requires_grad=True)
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    expected = torch.autograd.grad(function(x).sum(), x)[0]
    torch.testing.assert_close(torch.autograd.grad(compiled(x).sum(), x)[0], expected)


def test_prelu_compiles_with_its_weight():
    module = actlab.nn.PReLU(3)
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    grads = [torch.autograd.grad(f(x).sum(), (x, module.weight)) for f in (module, compiled)]
    torch.testing.assert_close(grads[0], grads[1])


@pytest.mark.parametrize("name", NAMES)
def test_integers_are_refused_with_a_way_out(name):
    with pytest.raises(TypeError, match=r"floating-point.*int64.*x\.float\(\)"):
        BLOCKS[name](torch.tensor([1, 2]), *arguments(BLOCKS[name]))
    with pytest.raises(TypeError, match=r"takes a torch.Tensor, not float"):
        BLOCKS[name](1.0, *arguments(BLOCKS[name]))


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4, 5)], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_shape_and_input_are_kept(name, shape):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    before = x.clone()
    assert BLOCKS[name](x, *arguments(BLOCKS[name])).shape == x.shape
    assert torch.equal(x, before)


MODULES = [f.module for f in catalogue.facts().values() if f.module]


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_like_torchs(name):
    ours, theirs = getattr(actlab.nn, name)(), getattr(torch.nn, name)()
    assert repr(ours) == repr(theirs)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ours(x), theirs(x))
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
        assert f(x, inplace=True) is x
        x.sum().backward()
        grads.append(leaf.grad)
    torch.testing.assert_close(*grads)
    with pytest.raises(RuntimeError, match="in-place"):
        function(torch.ones(2, requires_grad=True), inplace=True)


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


def test_ours_is_never_an_alias_of_torchs():
    for name in NAMES:
        x = torch.ones(2, requires_grad=True)
        assert "eager" in type(BLOCKS[name](x, *arguments(BLOCKS[name])).grad_fn).__name__


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


def test_the_torch_free_index_equals_the_blocks():
    facts = {name: dataclasses.asdict(block.facts) for name, block in BLOCKS.items()}
    assert json.loads(json.dumps(facts)) == json.loads(
        resources.files("actlab").joinpath("catalogue.json").read_text(encoding="utf-8")
    ), "run `make catalogue`"


def test_facts_are_read_without_torch():
    code = (
        "import sys, actlab.catalogue; actlab.catalogue.lookup('Swish');"
        "bad = {'torch', 'numpy'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "prelu"])
def test_compiles_where_no_gradient_is_wanted(name):
    """Inference: under no_grad, inference_mode and with frozen inputs."""
    function = getattr(actlab.functional, name)
    x = torch.tensor([-2.0, -0.3, 0.4, 3.0])
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), function(x))
    with torch.no_grad():
        torch.testing.assert_close(compiled(x.requires_grad_()), function(x))


def test_many_compiled_functions_do_not_exhaust_one_cache():
    x = torch.ones(3, requires_grad=True)
    for name in NAMES:
        if name != "prelu":
            torch.compile(getattr(actlab.functional, name), fullgraph=True, backend="aot_eager")(x)


def test_a_parameter_without_a_derivative_is_refused_where_it_would_not_train():
    beta = torch.tensor(1.5, requires_grad=True)
    with pytest.raises(TypeError, match="softplus has no derivative with respect to beta"):
        actlab.softplus(torch.ones(2), beta)
    assert actlab.softplus(torch.ones(2), beta.detach()).shape == (2,)


@pytest.mark.parametrize("name", NAMES)
def test_blocks_of_the_catalogue_pickle_by_name(name):
    assert pickle.loads(pickle.dumps(BLOCKS[name])) is BLOCKS[name]
