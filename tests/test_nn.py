"""The modules: like PyTorch's, found by pickle under actlab.nn, and the ones that change the width."""

import copy
import pickle
import sys
import warnings

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

import actlab
from actlab import catalogue
from actlab.activations import BLOCKS
from actlab.errors import UserError
from actlab.making.resolution import resolve
from actlab.naming.targets import parse
from actlab.nn import as_module

MODULES = {fact.module: fact for fact in catalogue.facts().values() if fact.module}
HALVES = {  # an independent oracle of each gate
    "GLU": torch.sigmoid,
    "BilinearGLU": lambda b: b,
    "ReGLU": torch.nn.functional.relu,
    "GEGLU": torch.nn.functional.gelu,
    "SwiGLU": torch.nn.functional.silu,
}
GATED = {name: getattr(actlab.nn, name) for name in HALVES}
CHANGING = {**GATED, "CReLU": actlab.nn.CReLU, "Maxout": lambda: actlab.nn.Maxout(6, 3, pieces=3)}


def inputs(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64).to(dtype)


@pytest.fixture(autouse=True)
def same_weights():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("name", actlab.nn.__all__)
def test_every_name_is_found_where_pickle_looks(name):
    thing = getattr(actlab.nn, name)
    if isinstance(thing, type) and hasattr(thing, "facts"):
        assert pickle.loads(pickle.dumps(thing)) is thing
        assert thing.__name__ == name


@pytest.mark.parametrize("name", MODULES)
def test_a_module_computes_what_its_block_does_and_says_so_after_a_journey(name):
    facts = MODULES[name]
    module = getattr(actlab.nn, name)()
    x = inputs(4, 3, dtype=torch.float32)
    expected = BLOCKS[facts.name](x, *facts.parameters.values())
    for twin in (module, copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        torch.testing.assert_close(twin(x), expected)
        assert repr(twin) == repr(module)
    assert module.double()(x.double()).dtype == torch.float64
    assert [n for n, _ in module.named_parameters()] == list(facts.learned)
    assert getattr(torch.nn, name, None) is not type(module)


def test_no_name_of_the_catalogue_means_two_things():
    owners = {}
    for facts in catalogue.facts().values():
        for name in {facts.name, *facts.aliases, facts.module} - {""}:
            plain = name.lower().replace("_", "").replace("-", "")
            assert owners.setdefault(plain, facts.name) == facts.name, name
    assert not {entry.module.lower() for entry in catalogue.GATING} & owners.keys()


@pytest.mark.parametrize("dim", [-1, 0, 1])
@pytest.mark.parametrize("name", GATED)
def test_gated_units_multiply_the_first_half_by_the_gate_of_the_second(name, dim):
    x = inputs(4, 6, 2)
    a, b = x.narrow(dim, 0, x.size(dim) // 2), x.narrow(dim, x.size(dim) // 2, x.size(dim) // 2)
    torch.testing.assert_close(GATED[name](dim)(x), a * HALVES[name](b))
    if name == "GLU":
        torch.testing.assert_close(GATED[name](dim)(x), torch.nn.functional.glu(x, dim))


@pytest.mark.parametrize("name", CHANGING)
def test_gradients_of_first_and_second_order(name):
    module = CHANGING[name]().double()
    x = inputs(5, 6).requires_grad_()
    assert x.detach().abs().min() > 1e-3, "off the kinks"
    weights = tuple(module.parameters())
    names = [n for n, _ in module.named_parameters()]

    def call(z, *values):
        return torch.func.functional_call(module, dict(zip(names, values, strict=True)), (z,))

    assert gradcheck(call, (x, *weights))
    assert gradgradcheck(call, (x, *weights))


@pytest.mark.parametrize("name", CHANGING)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_the_dtype_is_kept(name, dtype):
    x = inputs(5, 6, dtype=dtype).requires_grad_()
    y = CHANGING[name]().to(dtype)(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == dtype


@pytest.mark.parametrize("name", CHANGING)
def test_transforms_and_compile(name):
    module = CHANGING[name]().double()
    if name == "CReLU":
        module = actlab.nn.CReLU(dim=-1).double()
    x = inputs(5, 6)
    torch.testing.assert_close(torch.vmap(module)(x), module(x))
    per_row = torch.vmap(torch.func.grad(lambda row: module(row).sum()))(x)
    leaf = x.clone().requires_grad_()
    (whole,) = torch.autograd.grad(module(leaf).sum(), leaf)
    torch.testing.assert_close(per_row, whole)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    (other,) = torch.autograd.grad(compiled(leaf).sum(), leaf)
    torch.testing.assert_close(other, whole)


@pytest.mark.parametrize("name", CHANGING)
def test_pickle_copy_and_state(name):
    module = CHANGING[name]()
    x = inputs(5, 6, dtype=torch.float32)
    fresh = CHANGING[name]()
    fresh.load_state_dict(module.state_dict())
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module)), fresh):
        assert torch.equal(twin(x), module(x))
        assert repr(twin) == repr(module)


def test_an_odd_width_is_refused_in_words():
    with pytest.raises(ValueError, match="SwiGLU halves dimension -1, whose size must be even, not 3"):
        actlab.nn.SwiGLU()(torch.ones(2, 3))
    with pytest.raises(ValueError, match="must be even, not none"):
        actlab.nn.GLU()(torch.ones(()))


def test_crelu_keeps_both_signs():
    x = inputs(2, 3, 4)
    y = actlab.nn.CReLU()(x)
    assert y.shape == (2, 6, 4)
    torch.testing.assert_close(y[:, :3] - y[:, 3:], x)
    zero = torch.zeros(1, 1, requires_grad=True)
    actlab.nn.CReLU()(zero).sum().backward()
    assert zero.grad.item() == 0


def test_maxout_against_plain_loops_and_with_ties():
    module = actlab.nn.Maxout(4, 2, pieces=3).double()
    x = inputs(5, 4)
    weight, bias = module.linear.weight, module.linear.bias
    for row in range(5):
        for output in range(2):
            pieces = [(weight[3 * output + k] @ x[row] + bias[3 * output + k]).item() for k in range(3)]
            assert module(x)[row, output].item() == pytest.approx(max(pieces))
    with torch.no_grad():
        weight.zero_()  # equal to the last bit, in whatever order it is summed
        bias.zero_()
    module(x).sum().backward()
    assert (bias.grad.view(2, 3) == torch.tensor([5.0, 0.0, 0.0])).all(), "the first of equals takes the gradient"
    with pytest.raises(ValueError, match="at least 1 piece"):
        actlab.nn.Maxout(4, 2, pieces=0)


def test_the_torch_free_list_of_modules_that_change_the_width_is_complete():
    assert {entry.module for entry in catalogue.GATING} == set(CHANGING)
    for entry in catalogue.GATING:
        with pytest.raises(UserError, match=f"{entry.module} is no elementwise function.*actlab.nn.{entry.module}"):
            parse(entry.module.lower())
    with pytest.raises(UserError, match="changes the width"):
        resolve(parse(actlab.nn.GLU()))


def test_what_a_stack_trained_becomes_the_module_of_its_name():
    module = as_module(resolve(parse("acon_c")), torch.tensor([1.5, 0.5, 2.0]))
    assert isinstance(module, actlab.nn.AconC)
    assert {n: p.tolist() for n, p in module.named_parameters()} == {"p1": [1.5], "p2": [0.5], "beta": [2.0]}
    fixed = as_module(resolve(parse("acon_c(p1=2)")), torch.tensor([0.5, 2.0]))
    torch.testing.assert_close(
        fixed(torch.tensor([3.0])), BLOCKS["acon_c"](torch.tensor([3.0]), 2.0, 0.5, 2.0), check_stride=False
    )
    assert repr(as_module(resolve(parse("smu(0.5)")))) == "SMU(alpha=0.5, mu=1.0)"


def test_a_module_stands_for_its_name_only_where_it_computes_the_same():
    assert parse(actlab.nn.Snake()).identity == "snake"
    assert parse(actlab.nn.XIELU(beta=0.4)).identity == "xielu(beta=0.4)"
    others = [
        actlab.nn.Snake(a=2.0),
        actlab.nn.Snake(a=3.0),
        actlab.nn.PReLU(init=0.1),
        actlab.nn.ELU(torch.nn.Parameter(torch.tensor(0.5))),
        actlab.nn.LeakyReLU(torch.tensor(0.2)),
    ]
    identities = {parse(other).identity for other in others}
    assert len(identities) == len(others) and not identities & catalogue.facts().keys()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_what_is_about_to_be_trained_starts_where_a_stack_starts(dtype):
    """In float64 too: 0.85 rounded to float32 on the way would be another start."""
    for name in ("pserf", "pserf(gamma=2)", "prelu"):
        applied = resolve(parse(name))
        start = torch.nn.utils.parameters_to_vector(as_module(applied, dtype=dtype).parameters())
        assert torch.equal(start, torch.tensor(applied.initial, dtype=dtype))


MINE = """
import torch, actlab

@actlab.activation(formula="x*sin(alpha*x)", family="mine", range="R", reference="me", checked="no")
def ripple(x, alpha=2.0):
    'A ripple.'
    return x * torch.sin(alpha * x)

@ripple.derivative()
def _(x, alpha):
    return torch.sin(alpha * x) + alpha * x * torch.cos(alpha * x)

def wave(x):
    return x * torch.sin(x)
"""


@pytest.mark.parametrize("name", ["ripple", "wave", "x*sin(x)", "swish_beta(1.5)"])
def test_ones_own_is_called_by_its_name_copied_saved_and_loaded_anywhere(name, tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    what = f"{tmp_path / 'mine.py'}:{name}" if name in ("ripple", "wave") else name
    module, x = as_module(resolve(parse(what))), inputs(5, 6)
    resolve(parse(f"{tmp_path / 'mine.py'}:wave"))  # another load of the same file
    assert repr(module).startswith(name.partition("(")[0]) and list(module.state_dict()) == []
    saved = pickle.dumps(module)
    (tmp_path / "mine.py").unlink()
    sys.modules.pop("actlab_user_mine", None)  # as in another process
    for twin in (copy.copy(module), copy.deepcopy(module), pickle.loads(saved)):
        assert torch.equal(twin(x), module(x)) and repr(twin) == repr(module)


def test_a_block_from_inside_a_function_is_copied_and_saved():
    @actlab.activation(formula="x**2")
    def local(x):
        """A square."""
        return x * x

    local.derivative(lambda x: 2 * x)
    x = inputs(3)
    assert copy.deepcopy(local) is local
    assert torch.equal(pickle.loads(pickle.dumps(local))(x), x * x)


@pytest.mark.parametrize(
    "make",
    [
        actlab.nn.Mish, lambda: actlab.nn.ReLU(inplace=True), actlab.nn.GELU, lambda: actlab.nn.PReLU(6),
        lambda: actlab.nn.SwishBeta(6), actlab.nn.SwiGLU, actlab.nn.CReLU,
        lambda: as_module(resolve(parse("x*sin(x)"))),
    ],
)  # fmt: skip
def test_traced_by_torch_fx_and_torch_jit_and_told_by_script(make, tmp_path):
    module, x = make(), inputs(5, 6, dtype=torch.float32)
    if not isinstance(module, actlab.nn.SwiGLU):  # which looks at sizes, as torch.fx cannot
        traced = torch.fx.symbolic_trace(torch.nn.Sequential(torch.nn.Identity(), module))
        torch.testing.assert_close(traced(x.clone()), module(x.clone()))
        assert torch.equal(copy.deepcopy(traced)(x.clone()), traced(x.clone()))
        if type(module).__name__ != "Block":
            assert torch.equal(pickle.loads(pickle.dumps(traced))(x.clone()), traced(x.clone()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sizes as constants, and that torch.jit is old
        torch.jit.save(torch.jit.trace(module, x.clone()), tmp_path / "saved.pt")
        again = torch.jit.load(tmp_path / "saved.pt")
        torch.testing.assert_close(again(3 * x), module(3 * x))
        with pytest.raises(UserError, match=r"torch.jit.script cannot read .*torch.jit.trace"):
            torch.jit.script(torch.nn.Sequential(module))


def test_what_stands_for_a_tensor_is_handed_the_function_that_people_call():
    class Asked:
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            return function

    assert actlab.functional.mish(Asked()) is actlab.functional.mish
    assert actlab.functional.prelu(Asked(), torch.ones(1)) is actlab.functional.prelu
    assert actlab.functional.gelu(Asked()) is actlab.functional.gelu
    with pytest.raises(TypeError, match="not list"):
        actlab.functional.mish([1.0])
