"""Activations of people's own: found, probed, refused with the reason."""

import functools
import pickle

import pytest
import torch

from actlab import catalogue
from actlab.activations import BLOCKS
from actlab.errors import UserError
from actlab.making.probing import guarded
from actlab.making.resolution import locate, resolve
from actlab.naming.sources import unpacked
from actlab.naming.targets import parse
from actlab.nn import as_module

SOURCE = '''
import torch
from actlab import activation

@activation(family="mine", formula="x*x", range="[0, inf)", reference="-", checked="-")
def square(x, scale=2.0):
    """Square, scaled."""
    return scale * x * x

@square.derivative(wrt="x")
def _(x, scale):
    return 2 * scale * x

@activation(family="mine", formula="x", range="R", reference="-", checked="-")
def bare(x):
    """No derivative."""
    return x

@activation(family="mine", formula="x", range="R", reference="-", checked="-")
def flat_slope(x):
    """Its derivative is a number, not a tensor."""
    return x + 0

@flat_slope.derivative(wrt="x")
def _(x):
    return 1.0

def doubled(x):
    return 2 * torch.tanh(x)

def in_place(x):
    return x.mul_(3)

class Learned(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Parameter(torch.tensor([0.5, 2.0]))
    def forward(self, x):
        return self.a[0] * x + self.a[1] * torch.sigmoid(x)

class Old(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (x > 0)

def centred(x): return x - x.mean()
def noisy(x): return x + torch.randn_like(x)
def wide(x): return torch.cat([x, -x])
def half(x): return x.half()
def broken(x): raise RuntimeError("no")
def flat(x): return x.detach()
def not_tensor(x): return 3
def two(x, y): return x + y
number = 3
'''


@pytest.fixture
def mine(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(SOURCE)
    return lambda name: parse(f"{file}:{name}")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("bare", "has no derivative"),
        ("flat_slope", "derivative of flat_slope gives float"),
        ("centred", "not elementwise"),
        ("noisy", "draws random numbers"),
        ("wide", "changes the width"),
        ("half", "keeps its input's dtype"),
        ("broken", "RuntimeError: no"),
        ("flat", "has no gradient"),
        ("not_tensor", "returns int"),
        ("two", "callable with the input alone"),
        ("number", "not something that can be called"),
        ("doubbled", "Did you mean 'doubled'"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(mine, name, told):
    with pytest.raises(UserError, match=told):
        resolve(mine(name))


@pytest.mark.parametrize(
    "module", ["torch.nn:Softmax", "torch.nn:Dropout", "torch.nn:GLU", "torch.nn:Linear", "torch:pi"]
)
@pytest.mark.filterwarnings("ignore:Implicit dimension choice")
def test_torch_things_that_are_no_activation(module):
    with pytest.raises(UserError):
        resolve(parse(module))


TRUTH = {
    "square": lambda x: 2 * x * x,
    "doubled": lambda x: 2 * torch.tanh(x),
    "in_place": lambda x: 3 * x,
    "Learned": lambda x: 0.5 * x + 2 * torch.sigmoid(x),
    "Old": torch.relu,
}


@pytest.mark.parametrize("name", TRUTH)
def test_value_and_slope_of_ones_own(mine, name):
    applied = resolve(mine(name))
    z = torch.linspace(-2, 2, 64).reshape(2, 32)
    before = z.clone()
    learned = torch.tensor([applied.initial] * 2)
    y, saved = applied.forward(z, learned)
    slope = applied.backward(saved)
    assert torch.equal(z, before), "the input of an in-place callable is kept"
    leaf = z.clone().requires_grad_()
    expected = TRUTH[name](leaf)
    torch.testing.assert_close(y, expected.detach())
    torch.testing.assert_close(slope, torch.autograd.grad(expected.sum(), leaf)[0])


def test_learned_parameters_of_a_module_have_one_set_a_network(mine):
    applied = resolve(mine("Learned"))
    z = torch.linspace(-2, 2, 64).reshape(2, 32)
    learned = torch.tensor([[0.5, 2.0], [1.0, -1.0]])
    y, saved = applied.forward(z, learned)
    torch.testing.assert_close(y[1], z[1] - torch.sigmoid(z[1]))
    upstream = torch.ones_like(z)
    applied.backward(saved)
    gradient = applied.backward_learned(saved, upstream)
    torch.testing.assert_close(gradient, torch.stack([z.sum(1), torch.sigmoid(z).sum(1)], dim=1))


def test_the_gradient_is_named(mine):
    assert resolve(mine("square")).gradient == "by hand"
    assert resolve(mine("doubled")).gradient == "by autograd"
    assert "square" not in catalogue.facts()


@pytest.mark.parametrize("name", [*catalogue.facts(), "leaky_relu(0.3)", "prelu(0.1)", "softplus(2)", "torch.nn:PReLU"])
def test_as_module_computes_the_same(name):
    applied = resolve(parse(name))
    x = torch.linspace(-3, 3, 32)
    learned = torch.full((len(applied.initial),), 0.7) if applied.initial else None
    module = as_module(applied, learned)
    y, _ = applied.forward(x.unsqueeze(0), learned.unsqueeze(0) if applied.initial else torch.zeros(1, 0))
    torch.testing.assert_close(module(x).detach(), y[0])
    assert repr(module)


def test_modules_of_ones_own_pickle(mine):
    applied = resolve(mine("Learned"))
    assert pickle.loads(pickle.dumps(targets_of(mine))) == targets_of(mine)
    assert torch.equal(as_module(applied, torch.tensor([1.0, 0.0]))(torch.ones(3)), torch.ones(3))


def targets_of(mine):
    return mine("Learned")


def test_the_source_that_was_named_is_the_one_that_runs(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def f(x):\n    return 2 * x\n")
    target = parse(f"{file}:f")
    file.write_text("def f(x):\n    return 5 * x\n")
    y, _ = resolve(target).forward(torch.ones(1, 32), torch.zeros(1, 0))
    assert y[0, 0] == 2


def test_a_module_with_a_random_start_has_one_start(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "import torch\nclass R(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.w = torch.nn.Parameter(torch.randn(1))\n    def forward(self, x):\n        return self.w * x\n"
    )
    before = torch.random.get_rng_state()
    starts = [resolve(parse(f"{file}:R")).initial for _ in range(2)]
    assert starts[0] == starts[1]
    assert torch.equal(torch.random.get_rng_state(), before)


def test_what_lies_beside_a_file_can_be_imported(tmp_path):
    (tmp_path / "helper_of_mine.py").write_text("SLOPE = 3.0\n")
    (tmp_path / "mine.py").write_text("import helper_of_mine\ndef f(x):\n    return helper_of_mine.SLOPE * x\n")
    y, _ = resolve(parse(f"{tmp_path}/mine.py:f")).forward(torch.ones(1, 32), torch.zeros(1, 0))
    assert y[0, 0] == 3


def test_ours_and_torchs_are_taken_as_what_they_are():
    import actlab

    for thing, identity in [
        (actlab.relu, "relu"),
        (actlab.nn.ReLU, "relu"),
        (actlab.nn.ReLU(), "relu"),
        (actlab.nn.LeakyReLU(0.2), "leaky_relu(negative_slope=0.2)"),
        (actlab.nn.Identity(), "identity"),
        (actlab.gelu, "gelu"),
        (actlab.prelu, "prelu"),
    ]:
        assert parse(thing).identity == identity
    assert parse(torch.relu).label == "relu" and parse(torch.relu).identity != "relu"
    assert resolve(parse(torch.tanh)).gradient == "by autograd"


OTHERS = """
import torch
class Late(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clamp(min=0)
    @staticmethod
    def backward(ctx, g):
        raise ValueError("never written")
class Lazy(torch.nn.modules.lazy.LazyModuleMixin, torch.nn.Module):
    cls_to_become = None
    def __init__(self):
        super().__init__()
        self.a = torch.nn.UninitializedParameter()
    def initialize_parameters(self, x):
        if self.has_uninitialized_params():
            self.a.materialize((1,))
            self.a.data.fill_(0.25)
    def forward(self, x):
        return torch.where(x > 0, x, self.a * x)
class NeverCopied(torch.nn.Module):
    def __deepcopy__(self, memo):
        raise RuntimeError("no copies")
    def forward(self, x):
        return torch.tanh(x)
class Unmade(torch.nn.Module):
    def __init__(self):
        raise OSError("no disk")
class Inside(torch.nn.Module):
    def forward(self, x):
        return Old.apply(x) + x
def few(x):
    assert len(x) < 100, "too many"
    return torch.tanh(x)
"""


@pytest.fixture
def others(tmp_path):
    (tmp_path / "others.py").write_text(SOURCE + OTHERS)
    return lambda name: parse(f"{tmp_path}/others.py:{name}")


def test_whatever_of_a_users_fails_is_told_in_a_sentence(others):
    for name, told in [("Late", "backward.*never written"), ("NeverCopied", "no copies"), ("Unmade", "no disk")]:
        with pytest.raises(UserError, match=told):
            resolve(others(name))
    with pytest.raises(UserError, match="few failed on 128 float32 values: AssertionError: too many"):
        resolve(others("few")).forward(torch.zeros(1, 128), torch.zeros(1, 0))  # as in training


def test_a_long_message_of_a_users_is_cut_at_a_word():
    def call(x):
        raise OSError(f"nothing at https://example.org/{'a' * 300} (404)")

    with pytest.raises(UserError, match=r"f failed when called: OSError: nothing at …$"):
        guarded("f", call, 1)


def test_lazy_modules_are_shown_an_input(others):
    applied = resolve(others("Lazy"))
    assert applied.initial == [0.25]
    assert torch.equal(as_module(applied)(torch.tensor([-4.0, 2.0])), torch.tensor([-1.0, 2.0]))


def test_a_backward_of_ones_own_is_by_hand_wherever_it_stands(others):
    assert {resolve(others(name)).gradient for name in ("Old", "Inside", "square")} == {"by hand"}


def test_facts_and_derivatives_that_there_are_not_are_refused():
    from actlab import activation

    @activation(formula="x*x")
    def bare(x):
        return x * x

    assert bare.facts.summary == "x*x" and bare.derivative(lambda x: 2 * x) is bare.derivatives["x"]
    for wrong, told in [
        (lambda: activation(lambda x: x), "needs the formula"),
        (lambda: activation(), "needs the formula"),
        (lambda: activation(formla="x"), "Did you mean 'formula'"),
        (lambda: activation(formula="x")(lambda z: z), "is called x"),
        (lambda: activation(formula="a*x")(lambda x, a: a * x), "a=1.0"),
        (lambda: bare.derivative(wrt="y"), "'y'. Allowed: x"),
        (lambda: bare.derivative("z"), "'z'. Allowed: x"),
        (lambda: bare.derivative(lambda x, beta: x), "'beta'. Allowed: x, y"),
    ]:
        with pytest.raises(UserError, match=told):
            wrong()


def scripted(x):
    return torch.tanh(x)


def test_a_callable_goes_by_what_it_calls(mine):
    old = locate(mine("Old"))[0]
    leaky = functools.partial(torch.nn.functional.leaky_relu, negative_slope=0.2)
    named = {"Old": (old, old.apply), "leaky_relu": (leaky,), "GELU": (torch.nn.GELU().forward,)}
    named |= {"tanh": (torch.tanh,), "scripted": (torch.jit.script(scripted),)}
    for name, things in named.items():
        assert {parse(thing, kept=False).label for thing in things} == {name}
    assert parse(old.apply).identity.startswith("Old#")


def test_what_older_runs_have_packed_is_found_where_it_is_now():
    """Pickles name modules: these are as they were written before the files moved."""
    assert unpacked(b"cactlab.activations.core\n_block\n(Vrelu\ntR.") is BLOCKS["relu"]
    assert unpacked(b"cactlab.activations.written\nwritten\n(Vx*tanh(x)\ntR.").formula_text == "x*tanh(x)"
