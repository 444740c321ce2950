"""A check changes nothing, does not depend on what torch is set to, and survives what an activation may do."""

import json
import math

import pytest
import torch
from torch import nn

from actlab.checks import check

FEW = ["gradcheck", "autocast", "derivative", "float32", "inplace", "deepcopy", "state_dict", "dtype"]


class Counting(nn.Module):
    """Learns a slope, drops some, and counts its calls."""

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(0.3))
        self.register_buffer("scale", torch.tensor(1.0))
        self.dropout = nn.Dropout(0.2)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return self.dropout(torch.where(x > 0, x, self.slope * x)) * self.scale


class Uncopied(Counting):
    """Refuses to be copied, so that the checks must use the one there is."""

    def __deepcopy__(self, memo):
        raise TypeError("one of a kind")


@pytest.mark.parametrize("kind", [Counting, Uncopied])
def test_the_module_that_is_given_stays_as_it_was(kind):
    module = kind().train()
    module.slope.grad = torch.tensor(7.0)
    slope, scale = module.slope, module.scale
    check(module, quick=True)
    assert module.training and module.dropout.training and module.calls == 0
    assert module.slope is slope and module.scale is scale
    assert slope.dtype == scale.dtype == torch.float32 and slope.device.type == "cpu"
    assert slope.item() == pytest.approx(0.3) and scale.item() == 1 and slope.grad.item() == 7


@pytest.mark.parametrize(
    "surroundings",
    [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cpu", dtype=torch.bfloat16)],
    ids=["no_grad", "inference_mode", "autocast"],
)
def test_the_verdict_does_not_depend_on_where_it_is_asked_for(surroundings):
    with surroundings():
        modes = (torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_autocast_enabled("cpu"))
        verdict = check("silu", only=FEW)
        after = (torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_autocast_enabled("cpu"))
        assert after == modes
    assert verdict.passed, verdict


def test_nor_on_the_default_dtype():
    torch.set_default_dtype(torch.float64)
    try:
        verdict = check("silu", only=FEW)
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert verdict.passed, verdict


def test_infinity_under_autocast_where_it_is_infinity_without_is_right():
    """exp(exp(x)) overflows in every dtype from 4.5 on."""
    verdict = check("exp(exp(x))", only=["autocast"])
    assert verdict.passed, verdict


@pytest.mark.parametrize("formula", ["1e300*x", "x + 1e300", "x/(1e300 + Abs(x))"])
def test_constants_beyond_float32_are_computed_with(formula):
    assert check(formula, only=["value", "nan"]).findings


@pytest.mark.large
def test_depth_beyond_the_largest_number_is_told():
    told = dict(check("1e7*sin(1e7*x)", quick=True).properties.as_rows())["depth"]
    assert "1e+7" in told and "50 layers" in told and not math.isnan(len(told))


QUITS = """
import sys
import torch
def leaves(x):
    sys.exit(7)
def talks(x):
    print("here", x.shape)
    return torch.tanh(x)
"""


def test_what_ends_the_program_is_refused_in_a_line(tmp_path, actlab_command):
    (tmp_path / "quits.py").write_text(QUITS)
    (tmp_path / "at_once.py").write_text("import sys\nsys.exit(5)\n")
    for target in ("quits.py:leaves", "at_once.py", "at_once.py:f"):
        result = actlab_command("check", target, "--quick", cwd=tmp_path)
        assert result.returncode == 2 and "SystemExit" in result.stderr and result.stderr.count("\n") == 1, target


def test_a_file_that_fails_does_not_stop_the_others(tmp_path, actlab_command):
    (tmp_path / "broken.py").write_text("import nothing_of_this_name\n")
    (tmp_path / "empty.py").write_text("")
    result = actlab_command(
        "check", "relu", "broken.py", "empty.py", "tanh", "--only", "value", "--junit", "j.xml", cwd=tmp_path
    )
    assert result.returncode == 2
    assert "broken.py: cannot be checked. " in result.stdout and "empty.py: cannot be checked. " in result.stdout
    assert "pass  relu" in result.stdout and "pass  tanh" in result.stdout and "2 of 4 pass" in result.stdout
    report = (tmp_path / "j.xml").read_text()
    assert report.count("<error") == 2 and "nothing_of_this_name" in report


def test_a_report_that_cannot_be_written_is_refused_before_the_checks(tmp_path, actlab_command):
    result = actlab_command("check", "relu", "tanh", "--junit", "no/such/folder/j.xml", cwd=tmp_path)
    assert result.returncode == 2 and result.stdout == "" and "no/such/folder" in result.stderr


def test_what_an_activation_prints_is_not_in_the_json(tmp_path, actlab_command):
    (tmp_path / "quits.py").write_text(QUITS)
    result = actlab_command("check", "quits.py:talks", "--only", "value", "--json", cwd=tmp_path)
    assert json.loads(result.stdout)["label"] == "quits.py:talks" and "here" in result.stderr


def test_exp_of_large_whole_numbers_is_exact():
    from mpmath import mp, mpf

    from actlab.formula import Exact, parse

    points = [2.0**40, -(2.0**40), 2.0**33 + 1 / 3]
    for u, ours in zip(points, Exact(parse("exp(x)")).values(points), strict=True):
        with mp.workprec(900):
            assert abs(ours / mp.exp(u) - 1) < mpf(10) ** -33


def test_try_refuses_before_the_battery_what_is_no_fault_of_the_idea(tmp_path, actlab_command):
    for options, words in [(("--seeds", 0), "seeds is 0"), (("--data", "nosuch"), "no data set 'nosuch'")]:
        result = actlab_command("try", "silu", *options, "-q", "--out", "here", cwd=tmp_path)
        assert result.returncode == 2 and words in result.stderr and result.stdout == ""
        assert not (tmp_path / "here").exists()


@pytest.mark.large
def test_a_folder_of_try_keeps_to_one_idea(tmp_path, actlab_command):
    def attempt(*arguments):
        return actlab_command("try", *arguments, "--seeds", 1, "-q", "--out", "here", cwd=tmp_path)

    assert attempt("silu").returncode == 0
    page = (tmp_path / "here" / "index.html").read_text()
    for arguments in (("tanh",), ("relu",)):
        result = attempt(*arguments)
        assert result.returncode == 2 and "another" in result.stderr, arguments
        assert (tmp_path / "here" / "index.html").read_text() == page
    assert attempt("silu").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--name", "import os"), "cannot be the name"),
        (("--name", "class"), "cannot be the name"),
        (("--learn", "bta"), "no parameter 'bta'"),
        (("--param", "bta=2"), "no parameter 'bta'"),
    ],
)
def test_derive_refuses_names_that_nothing_has(arguments, words, actlab_command):
    result = actlab_command("derive", "x*sigmoid(beta*x) where beta=1.5", "--unchecked", *arguments)
    assert result.returncode == 2 and words in result.stderr and result.stdout == ""
