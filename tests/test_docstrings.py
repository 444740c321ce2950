"""The catalogue's docstrings say what is needed to use a thing, and their examples would notice a wrong one."""

import doctest
import inspect
import itertools
import re

import torch

import actlab
from actlab import catalogue, functional, nn
from actlab.activations import BLOCKS
from actlab.catalogue import lookup
from actlab.formula.exact import kinks

FUNCTIONS = {name: getattr(functional, name) for name in [*catalogue.facts(), "along_channels"]}
MODULES = {f"nn.{name}": getattr(nn, name) for name in nn.__all__}
NOT = {  # what a docstring need not say, and why
    "along_channels": {"Raises", "Source"},  # it checks nothing, and nobody published it
    "nn.Elementwise": {"Source"}, "nn.Learned": {"Source"},  # base classes
    "nn.Block": {"Source"}, "nn.as_module": {"Source", "Raises"},  # of whatever a stack applies
}  # fmt: skip
TYPES = re.compile(r"\b(dtype|floating-point|float16)\b")


def said(doc: str) -> dict[str, str]:
    """The sections that a line begins, `Args:` and `Source: text`, with what stands there."""
    found = re.findall(r"^([A-Z][a-z]+):(.*(?:\n {4}.*)*)", inspect.cleandoc(doc), re.MULTILINE)
    return {name: text.strip() for name, text in found if text.strip()}


def described(args: str) -> dict[str, str]:
    """Arguments and what is said of them."""
    lines = re.findall(r"^ *([\w, ]+): (.+)", args, re.MULTILINE)
    return {name: text for names, text in lines for name in names.split(", ")}


def examples(doc: str) -> list[doctest.Example]:
    return doctest.DocTestParser().get_examples(doc)


def lacking(name: str, doc: str, takes: dict[str, inspect.Parameter]) -> list[str]:
    """What a docstring of the catalogue does not say."""
    lacks, sections = [], said(doc)
    first = doc.splitlines()[0] if doc else ""
    args = described(sections.get("Args", ""))
    if not re.fullmatch(r"[A-Za-z].{10,118}[.)]", first):
        lacks.append("one line")
    lacks += [f"argument {one}" for one in takes.keys() ^ args.keys()]
    for one, parameter in takes.items():
        default = parameter.default
        told = re.search(r"Default: ([^ ]+)\.$", args.get(one, ""))
        shown = f"{default:.6g}" if isinstance(default, float) else repr(default)
        if told and default is not parameter.empty and default is not None and told[1] != shown:
            lacks.append(f"default of {one}")
    gives = sections.get("Returns", "") + sections.get("Shape", "")
    lacks += [] if re.search(r"\bshape|\bany;|\bin, ", gives) else ["shape"]
    lacks += [] if TYPES.search(gives + args.get("input", "")) else ["dtype"]
    lacks += [one for one in ("Raises", "Source") if one not in sections and one not in NOT.get(name, ())]
    lines = "".join(example.source for example in examples(doc))
    if not any(example.want for example in examples(doc)) or not re.search(rf"\b{name.split('.')[-1]}\b", lines):
        lacks.append("example")
    return lacks + missing_mathematics(name, doc)


def missing_mathematics(name: str, doc: str) -> list[str]:
    """Of an activation: its formula, each derivative it has, and where it bends or jumps."""
    known = vars(MODULES.get(name) or FUNCTIONS[name]).get("facts")
    if known is None:
        return []
    wanted = {"f(x)": r"^ *f\(x\) +=", "df/dx": r"^ *df/dx +="}
    for one in BLOCKS[known.name].derivatives:
        stem = re.sub(r"\d+$", "", one)  # df/da_i stands for those by a1 and a2
        wanted[f"df/d{one}"] = rf"df/d\w*,? ?d?{one}\b|df/d{one}\b|df/d{stem}_\w\b|, d{one}\b"
    if known.kinks:
        wanted["kink"] = r"\b([Kk]inks?|[Jj]umps?)\b"
    return [what for what, pattern in wanted.items() if not re.search(pattern, doc, re.MULTILINE)]


def takes(thing) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(thing).parameters)


ALL = FUNCTIONS | MODULES


def test_nothing_is_missing_from_a_docstring_of_the_catalogue():
    lacks = {name: lacking(name, inspect.getdoc(thing), takes(thing)) for name, thing in ALL.items()}
    assert {name: what for name, what in lacks.items() if what} == {}


def test_methods_of_modules_are_those_that_pytorch_documents():
    own = {method for thing in MODULES.values() for method in vars(thing) if inspect.isfunction(vars(thing)[method])}
    assert {method for method in own if not method.startswith("_")} == {"forward", "extra_repr", "reset_parameters"}


def test_what_a_docstring_lacks_is_found():
    """Each planted docstring without one part, and no more than that part is missed."""
    doc = functional.elu.__doc__
    planted = {
        "one line": doc.partition("\n")[2],
        "argument alpha": re.sub(r"\n    alpha: .*", "", doc),
        "default of alpha": doc.replace("Default: 1.", "Default: 2."),
        "shape": re.sub(r"\nReturns: .*", "", doc),
        "Raises": re.sub(r"\nRaises: .*", "\nRaises:", doc),
        "Source": re.sub(r"\nSource: .*", "", doc),
        "dtype": re.sub(r"floating-point tensor of|float16|dtype", "", doc),
        "example": doc.partition(">>>")[0],
        "df/dalpha": re.sub(r"\n *df/dalpha.*", "", doc),
        "df/dx": re.sub(r"\n *df/dx.*", "", doc),
        "f(x)": re.sub(r"\n *f\(x\).*", "", doc),
    }
    assert lacking("elu", doc, takes(functional.elu)) == []
    assert {what: lacking("elu", text, takes(functional.elu)) for what, text in planted.items()} == {
        what: [what] for what in planted
    }
    bent = functional.relu.__doc__
    assert lacking("relu", bent.replace("Kink", "Then"), takes(functional.relu)) == ["kink"]
    assert lacking("elu", doc, takes(functional.celu) | {"beta": takes(functional.elu)["alpha"]}) == ["argument beta"]


def failures(name: str, thing) -> int:
    """How many of its examples a thing fails, run as the suite runs them."""
    runner = doctest.DocTestRunner(verbose=False)
    test = doctest.DocTestParser().get_doctest(inspect.getdoc(thing), {}, name, None, 0)
    return runner.run(test, out=lambda _: None).failed


def test_modules_do_what_their_examples_say():
    """The suite's own search for doctests finds them only once they are loaded."""
    assert [name for name, thing in MODULES.items() if failures(name, thing)] == []


class Mistaken(torch.autograd.Function):
    """Its input times one factor, the gradient times another."""

    @staticmethod
    def forward(ctx, y, value, slope):
        ctx.slope = slope
        return y * value

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.slope, None, None


def off(function, value, slope):
    return lambda *args, **kwargs: Mistaken.apply(function(*args, **kwargs), value, slope)


def test_an_example_notices_a_value_or_a_slope_that_is_off_by_one_percent(monkeypatch):
    passed = []
    for name in catalogue.facts():
        right = getattr(functional, name)
        for by in ((1.0, 1.0), (1.01, 1.0), (1.0, 1.01)):
            with monkeypatch.context() as patch:
                patch.setattr(functional, name, off(right, *by))
                if not failures(name, right):
                    passed.append((name, *by))
    flat = ("heaviside", 1.0, 1.01)  # its slope is 0
    assert set(passed) == {flat, *((name, 1.0, 1.0) for name in catalogue.facts())}


def test_examples_show_both_sides_of_each_kink_and_another_value_of_a_parameter():
    for name, facts in catalogue.facts().items():
        text = "\n".join(catalogue.examples()[name]["function"])
        points = [float(one) for one in re.findall(r"-?\d+\.\d+", text.partition("x = ")[2].partition("]")[0])]
        call = re.search(rf"y = actlab.functional.{name}\(x(?:, )?(.*)\)$", text, re.MULTILINE)[1]
        given = {key: float(value) for key, value in re.findall(r"(\w+)=([-\d.]+)", call)}
        if name == "prelu":
            given = {"weight": float(re.search(r"\[(.+)\]", call)[1])}
        assert bool(given) == bool(facts.parameters), name
        assert all(value != facts.parameters[key] for key, value in given.items()), name
        places = kinks(facts, given)
        assert all(min(points) < place < max(points) for place in places), name
        for left, right in itertools.pairwise(places):
            assert any(left < point < right for point in points), (name, left, right)


def test_help_is_that_of_the_docstring(capsys):
    help(actlab.functional.elu)
    help(actlab.nn.ELU)
    shown = capsys.readouterr().out
    for thing in (actlab.functional.elu, actlab.nn.ELU):
        for line in filter(None, thing.__doc__.splitlines()):
            assert line in shown
    assert lookup("elu").reference in shown
