"""The battery's own parts: kinks found in values, limits, verdicts, the command."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

import actlab
from actlab import catalogue
from actlab.checks import check
from actlab.checks.battery.discovery import activations_in
from actlab.checks.battery.findings import Finding, Verdict, junit, words_of
from actlab.checks.battery.kinks import find_kinks, one_sided
from actlab.checks.battery.limits import compare, compare_relative, tolerance
from actlab.checks.battery.registry import CHECKS
from actlab.checks.battery.sampling import every, extremes, strata
from actlab.errors import UserError
from actlab.testing import assert_activation

FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


@pytest.mark.large
@settings(max_examples=60, deadline=None)
@given(
    bends=st.lists(
        st.tuples(st.integers(-90, 90).map(lambda k: k / 8), st.sampled_from([-2.0, -0.5, -0.02, 0.01, 0.3, 1.0, 4.0])),
        max_size=4,
        unique_by=lambda bend: bend[0],
    ),
    smooth=st.sampled_from(["zero", "sin", "tanh", "cube", "bell"]),
)
def test_kinks_are_found_where_they_were_put(bends, smooth):
    curves = {
        "zero": lambda x: 0 * x,
        "sin": lambda x: np.sin(3 * x),
        "tanh": lambda x: np.tanh(5 * x),
        "cube": lambda x: x**3 / 50,
        "bell": lambda x: np.exp(-4 * x * x),
    }

    def f(x):
        return curves[smooth](x) + sum(size * np.maximum(x - at, 0) for at, size in bends)

    assert find_kinks(f) == pytest.approx(sorted(at for at, _ in bends), abs=1e-5)


def test_jumps_are_found_too():
    assert find_kinks(lambda x: np.where(x > 1, x, 0.0)) == pytest.approx([1.0], abs=1e-5)
    assert find_kinks(lambda x: np.where(np.abs(x) > 0.5, x, 0.0)) == pytest.approx([-0.5, 0.5], abs=1e-5)


def test_one_sided_limits():
    left, right = one_sided(lambda x: np.where(x > 2, np.exp(x), np.sin(x)), 2.0)
    assert (left, right) == (pytest.approx(np.cos(2), abs=1e-6), pytest.approx(np.exp(2), abs=1e-5))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_a_rightly_rounded_result_is_within_every_limit(dtype):
    """Infinity and zero too, where the truth is beyond the dtype."""
    points = np.concatenate([np.linspace(-12, 12, 97), extremes(dtype)])
    with np.errstate(all="ignore"):
        true = points * points * np.sign(points)
        errors = compare(points, torch.as_tensor(true).to(dtype), true, 2 * true, dtype)
    assert (errors.excess <= 1).all()


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_an_error_of_twice_the_limit_is_beyond_it(dtype):
    points = np.linspace(1, 2, 9)
    true = np.ones(9)
    off = torch.ones(9, dtype=torch.float64) + 8 * tolerance(dtype)
    assert (compare(points, off.to(dtype), true, np.zeros(9), dtype).excess > 1).all()


def test_relative_errors_count_where_the_truth_is_normal_and_not_below():
    points = np.array([-20.0, -100.0, 1.0])
    true = np.array([2e-9, 3.7e-44, 1.0])
    errors = compare_relative(points, torch.tensor([0.0, 0.0, 1.0]), true, np.zeros(3), torch.float32)
    assert (errors.excess > 1).tolist() == [True, False, False]


def test_every_number_of_the_16_bit_dtypes_is_there():
    assert len(every(torch.float16)) == 2 * (2**15 - 2**10)
    assert len(every(torch.bfloat16)) == 2 * (2**15 - 2**7)
    assert len(every(torch.float16).unique()) == len(every(torch.float16)) - 1, "0 and -0 are one number"


def test_the_strata_reach_every_exponent_of_float32():
    _, exponents = torch.frexp(strata()[strata() > 0])
    assert exponents.min() <= -148 and exponents.max() == 128
    assert len(exponents.unique()) >= 254


@pytest.mark.parametrize("name", catalogue.facts())
def test_the_catalogue_passes(name):
    """As its module, where it has one: what is learned is a tensor. What compiles is left to test_activations."""
    module = catalogue.lookup(name).module
    verdict = check(getattr(actlab.nn, module) if module else name, quick=True)
    assert verdict.passed, str(verdict)
    of_the_block = check(name, only=["undeclared_kinks", "parameters", "inplace", "kept_numbers"])
    assert of_the_block.passed, str(of_the_block)


@pytest.mark.parametrize("name", [name for name, facts in catalogue.facts().items() if facts.learned])
def test_what_is_learned_for_each_channel_passes(name):
    module = getattr(actlab.nn, catalogue.lookup(name).module)(6)
    about = ["shapes", "parameters", "dtype", "autocast", "training", "kept_numbers", "state_dict"]
    verdict = check(module, width=6, channels=True, only=about)
    assert verdict.passed and all(f.outcome == "pass" for f in verdict.findings), str(verdict)


@pytest.mark.parametrize("gate", [item.module for item in catalogue.GATING if item.module != "Maxout"])
def test_gates_pass_what_is_asked_of_rows(gate):
    make = getattr(actlab.nn, gate)
    verdict = check(make(dim=-1) if gate == "CReLU" else make, elementwise=False, quick=True)
    assert verdict.passed, str(verdict)


class Half(torch.nn.Module):
    """tanh that saves itself the trouble of half precision: a wrong dtype comes out."""

    def forward(self, x):
        return torch.tanh(x.float())


def test_a_verdict_tells_what_where_and_how_to_mend():
    verdict = check(Half, quick=True)
    assert not verdict.passed and not verdict.passes(["portability"])
    finding = verdict.finding("dtype")
    assert (finding.outcome, finding.severity) == ("fail", "wrong")
    assert "float32" in finding.says and ".to(x.dtype)" in finding.mend and finding.where == "float64"
    assert verdict.identity.startswith("equals tanh")
    assert json.loads(verdict.as_json())["passed"] is False
    assert "dtype" in str(verdict)


def test_junit_is_read_by_others():
    verdicts = [check("relu", quick=True), check(Half, quick=True)]
    root = ElementTree.fromstring(junit(verdicts))
    suites = {suite.get("name"): suite for suite in root}
    assert suites["relu"].get("failures") == "0"
    assert int(suites["Half"].get("failures")) == len(verdicts[1].failures)
    assert {case.get("name") for case in suites["Half"] if case.find("failure") is not None} == {
        f.check for f in verdicts[1].failures
    }


def test_allowing_portability_lets_only_that_pass():
    def finding(severity, outcome):
        return Finding(check=severity, severity=severity, outcome=outcome)

    def verdict(*findings):
        return Verdict(label="-", identity="", truth="", findings=findings, properties=None, seconds=0.0)

    portable = verdict(finding("portability", "fail"), finding("note", "note"))
    assert not portable.passed and portable.passes(["portability"])
    assert not verdict(finding("wrong", "fail")).passes(["portability"])


def test_every_check_says_what_it_is_for():
    assert all(
        entry.summary.endswith(".") and entry.severity in ("wrong", "portability", "note") for entry in CHECKS.values()
    )


def test_an_error_in_a_check_of_ours_is_not_a_finding(monkeypatch):
    from actlab.checks.battery.truth import Truth

    def broken(self, points):
        raise NameError("ours")

    monkeypatch.setattr(Truth, "sample", broken)
    with pytest.raises(NameError, match="ours"):
        check("tanh", quick=True)


def test_assert_activation():
    assert assert_activation(torch.nn.Softsign(), quick=True, allow=["tails"]).label == "Softsign"
    with pytest.raises(AssertionError, match=r"dtype: fail.*Mend: Return"):
        assert_activation(Half(), quick=True)
    with pytest.raises(UserError, match=r"There is no check 'vlaue'\. Did you mean 'value'"):
        check("relu", only=["vlaue"])


def test_what_cannot_be_called_is_refused():
    for thing in (torch.nn.Linear, torch.nn.Bilinear(1, 1, 1), lambda x: None, lambda x: 1 / 0, int):
        with pytest.raises(UserError):
            check(thing)
    with pytest.raises(UserError, match="not-elementwise"):
        check(torch.nn.GLU())
    assert check(torch.nn.GLU(), elementwise=False, quick=True).passed


def test_what_is_made_for_one_width_is_told_how_to_be_checked(actlab_command):
    slopes = torch.nn.PReLU(6)
    for thing in (slopes, torch.nn.Sequential(torch.nn.BatchNorm1d(6), torch.nn.ReLU())):
        with pytest.raises(UserError, match=r"--width 6 .*--channels"):
            check(thing)
    with pytest.raises(UserError, match="width is 0"):
        check("relu", width=0)
    bare = check(slopes, width=6, channels=True, only=["value", "shapes", "vmap", "saved_bytes"])
    assert bare.identity == "equals prelu" and bare.passed
    rows = check(torch.nn.Softmax(dim=1), width=10, channels=True, elementwise=False, quick=True)
    assert rows.passed, str(rows)


def straight_through(x):
    return x + (torch.round(x) - x).detach()


@pytest.mark.large
def test_a_declared_gradient_is_what_is_checked():
    slopes = ["derivative", "gradcheck", "kinks"]
    undeclared = check(straight_through, quick=True)
    assert {f.check for f in undeclared.failures} >= {"derivative", "gradcheck"}
    assert "--gradient" in undeclared.finding("derivative").mend
    assert undeclared.properties is None, "nothing is computed from a wrong f'"
    declared = check(straight_through, gradient="1", quick=True)
    assert declared.properties.monotone == "increasing" and not declared.properties.strictly
    assert declared.passed and "against 1, as declared" in declared.truth, str(declared)
    other = check(straight_through, gradient="exp(-k*x**2) where k=2", only=slopes)
    assert [f.outcome for f in other.findings] == ["fail", "fail", "skip"]


@pytest.mark.large
def test_what_has_no_number_somewhere_is_told_where():
    one, many = check("x*log(Abs(x))", only=["finite"]), check("log(x)", only=["finite", "gradcheck"])
    (at_zero,), (half, gradient) = one.findings, many.findings
    assert at_zero.where == "x = 0" and "f(0) is nan" in at_zero.says and "Piecewise" in at_zero.mend
    assert "from -" in half.says and "log(1 + Abs(x))" in half.mend and gradient.outcome == "pass"
    root = check("sign(x)*sqrt(Abs(x))", only=["finite"]).finding("finite")
    assert root.outcome == "note" and "infinite at x = 0" in root.says


def test_bytes_kept_on_ctx_are_counted():
    from mutants import SquareOnContext, TanhLeaks

    assert [check(f, only=["saved_bytes"]).findings[0].measured for f in (SquareOnContext, TanhLeaks)] == [4, 4]


def test_a_check_needs_no_source():
    made = eval("lambda x: torch.where(x > 0, x, torch.expm1(x).detach())", {"torch": torch})
    verdict = check(made, quick=True)
    assert verdict.label == "lambda" and verdict.finding("derivative").outcome == "fail"
    assert check(torch.func.vmap(eval("lambda x: x * x")), quick=True, only=["value"]).passed


@pytest.mark.large
def test_a_failed_derivative_names_the_command_that_prints_the_right_one():
    @actlab.activation(formula="x*exp(a*x)", kinks=())
    def mine(x, a=-1.0):
        return x * torch.exp(a * x)

    mine.derivative(lambda x, a: torch.exp(a * x))
    for what, formula in ((mine, "x*exp(a*x) where a=-1"), (half_slope, "tanh(x)")):
        verdict = check(what, quick=True)
        assert f'actlab derive "{formula}"' in verdict.finding("derivative").mend
        assert verdict.properties is None, "nothing is computed from a wrong f'"


def half_slope(x):
    y = torch.tanh(x)
    return y + (y / 2 - y / 2).detach() - (y / 2) + (y / 2).detach()


def test_every_callable_of_a_file_is_taken_or_named(tmp_path):
    (tmp_path / "mine.py").write_text(
        SOURCE
        + """
import functools
from torch import relu
from torch.nn.functional import *

def _scaled(x, k): return k * x
scripted = torch.jit.script(good)
half = functools.partial(_scaled, k=0.5)
cached = functools.lru_cache(good)
mapped = torch.func.vmap(good)
alias = torch.tanh
class Called:
    def __call__(self, x): return 2 * x
instance = Called()
method = instance.__call__
number = 3
class Settings: pass
def nothing(): return 1
"""
    )
    taken, left = activations_in(str(tmp_path / "mine.py"))
    assert taken == ["good", "bad", "Scaled", "scripted", "half", "cached", "mapped", "alias", "instance", "method"]
    assert set(left) == {"two", "Called", "nothing"}
    assert "2 arguments" in left["two"] and "instance" in left["Called"] and "no argument" in left["nothing"]
    root = ElementTree.fromstring(junit([], left=left.items()))
    assert [case.find("skipped").get("message") for case in root.iter("testcase")] == [*left.values()]


SOURCE = """
import torch

def good(x):
    return torch.tanh(x)

def bad(x):
    return x.float()

class Scaled(torch.nn.Module):
    def forward(self, x):
        return 2 * torch.tanh(x)

def two(x, y):
    return x + y
"""


def test_the_command(tmp_path, actlab_command):
    file = tmp_path / "mine.py"
    file.write_text(SOURCE)
    done = actlab_command("check", file, "--quick", "--junit", tmp_path / "out.xml")
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [
        ["pass", "mine.py:good"], ["FAIL", "mine.py:bad"], ["pass", "mine.py:Scaled"],
    ]  # fmt: skip
    assert lines[3].endswith("mine.py:two: not checked. It takes 2 arguments, an activation one.")
    assert lines[4].startswith("2 of 3 pass.")
    assert len(ElementTree.parse(tmp_path / "out.xml").getroot()) == 4
    one = actlab_command("check", f"{file}:Scaled", "--quick")
    assert one.returncode == 0 and "tanh up to input and output scale and shift" in one.stdout
    told = actlab_command("check", f"{file}:bad", "--quick", "--json", "--allow", "dtype")
    verdict = json.loads(told.stdout)
    assert told.returncode == 1 and verdict["label"] == "mine.py:bad", "more than dtype is wrong with it"
    failed = ",".join(f["check"] for f in verdict["findings"] if f["outcome"] == "fail")
    assert actlab_command("check", f"{file}:bad", "--quick", "--allow", failed).returncode == 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "Name an activation"),
        (["rleu"], "Did you mean 'relu'"),
        (["relu", "--allow", "portable"], "Did you mean 'portability'"),
        (["relu", "--only", "kink"], "Did you mean 'kinks'"),
        (["torch.nn:Linear"], "cannot be made without arguments"),
        (["nowhere.py"], "no file"),
    ],
)
def test_mistakes_are_told_in_a_line(args, words, actlab_command):
    done = actlab_command("check", *args)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr


def test_one_that_cannot_be_checked_does_not_stop_the_others(actlab_command):
    done = actlab_command("check", "torch.nn:Linear", "relu", "--quick")
    assert done.returncode == 2
    assert "torch.nn:Linear: cannot be checked" in done.stdout and "pass  relu" in done.stdout


def test_the_public_function():
    assert actlab.check is check and actlab.check("identity", quick=True).passed


def test_a_mistake_in_a_formula_is_pointed_at(actlab_command):
    done = actlab_command("check", "x * tahn(x)")
    words, formula, mark = done.stderr.splitlines()
    assert done.returncode == 2 and "Did you mean 'tanh'" in words
    assert formula[mark.index("^") :].startswith("tahn(x)")


class Step(torch.autograd.Function):
    """A spike and its surrogate gradient, in the form of old tutorials."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient / (1 + 25 * x.abs()) ** 2


class Blind(Step):
    """Of a gradient that is a number at NaN too: nothing tells."""

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * (x.abs() < 0.5)


SURROGATE = "1/(1 + 25*abs(x))**2"


def test_what_passes_says_what_is_so():
    meant = check(Step, gradient=SURROGATE, only=["nan", "gradcheck"])
    assert meant.passed and [f.says for f in meant.findings] == [
        "NaN becomes 0, as steps have it, but the gradient there is NaN, which tells.",
        "The gradient is the upstream one times what is declared, element by element.",
    ]
    for blind in (
        check(Step, only=["nan"]),
        check(Blind, gradient="Piecewise((1, Abs(x) < 0.5), (0, True))", only=["nan"]),
    ):
        assert blind.findings[0].outcome == "fail" and "NaN becomes 0." in blind.findings[0].says
    assert "NaN in gives NaN out" in check("tanh", only=["nan"]).findings[0].says


@pytest.mark.parametrize(
    ("thing", "width"),
    [
        (torch.nn.Linear(3, 3), 3),
        (torch.nn.Sequential(torch.nn.Linear(6, 24), torch.nn.GELU(), torch.nn.Linear(24, 6)), 6),
        (torch.nn.Sequential(torch.nn.Conv2d(5, 7, 3, padding=1), torch.nn.Conv2d(7, 5, 1)), 5),
        (torch.nn.BatchNorm2d(6), 6),
        (torch.nn.Linear(3, 5), "N"),
    ],
)
def test_the_width_that_is_told_is_one_that_it_takes(thing, width):
    with pytest.raises(UserError, match=rf"--width {width} \(width={width}\)"):
        check(thing)


def masked(x):
    return torch.zeros_like(x).masked_scatter(x > 0, x[x > 0])


def linked(x):
    raise RuntimeError("No such table. " + "It is long, " * 30 + "and more. Please see https://example.org/a.b/c")


def test_a_message_is_told_in_whole_sentences_and_the_advice_fits_what_is_there():
    names = ["vmap", "vmap_grad", "forward_mode"]
    of_function, without = (check(f, only=names, quick=True) for f in (Step, masked))
    for name in names:
        in_function, plain = of_function.finding(name), without.finding(name)
        assert in_function.says.endswith("must override the setup_context staticmethod."), in_function.says
        assert "(vmap, grad, jvp, jacrev, ...)" in str(in_function) and "Function" in in_function.mend
        assert "Function" not in plain.mend
    assert "torch.where" in without.finding("vmap").mend
    for error, words in [
        (RuntimeError("It fails.  Please see https://example.org/a.b"), "RuntimeError: It fails."),
        (ValueError("one, two,\nthree"), "ValueError: one, two."),
        (KeyError(), "KeyError: no message."),
        (TypeError("word " * 100), f"TypeError: {'word ' * 43}..."),
    ]:
        assert words_of(error) == words
    with pytest.raises(UserError, match=r"No such table\. It is long, .*is \.\.\.$"):
        check(linked)
