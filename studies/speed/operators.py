"""What an activation costs: forward and backward of each beside PyTorch's own, in turns, in one thread.

What PyTorch has is called as a person calls it, eagerly, at 16 million elements (memory) and at 16 thousand (what a
call costs), and compiled. What PyTorch has not is compiled, beside a compiled function of PyTorch's of like arithmetic:
eagerly each of its steps is a pass over memory, and there is nothing to compare that with.
"""

import re
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from studies.speed.picture import Line, lines
from studies.speed.record import markdown
from torch import Tensor

from actlab import functional
from actlab.activations import BLOCKS, Activation
from actlab.checks.battery.costs import bytes_saved
from actlab.report.svg import Drawing

NAME = "operators"
TITLE = "Activations beside PyTorch's own"

Function = Callable[[Tensor], Tensor]

LARGE, SMALL = 2**24, 2**14
ROUNDS = 7
_CALLS = 20  # of the small ones in a round; their median is one measurement
_COMPILED_CALLS = 5
_MOST = {"eager": 1.1, "compiled": 1.2}
_CALL_SECONDS = 40e-6
TRUER = {  # where the numbers of PyTorch's own are worse than the formula's, and ours cost more for it
    "gelu": "value and slope keep their digits on the left; PyTorch's are 0 from -6 on",
    "gelu_tanh": "value and slope keep their digits on the left; PyTorch's slope is NaN where x^3 overflows",
    "sigmoid": "the slope keeps its digits on the right; PyTorch's is 0 from 17 on",
    "hardswish": "the value does not overflow",
    "tanhshrink": "the value keeps its digits around 0; PyTorch's is 0 at 1e-4",
    "identity": "the output is memory of its own; torch.nn.Identity returns its input",
}


def measure(quick: bool) -> dict[str, Any]:
    """Every activation that PyTorch has, eagerly; every one, compiled."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        large, rounds, most = (2**18, 2, 2) if quick else (LARGE, ROUNDS, len(BLOCKS))
        twins = [block for block in BLOCKS.values() if block.oracle is not None]
        others = [block for block in BLOCKS.values() if block.oracle is None]
        rows = [row for block in twins for row in _eager(block, large, rounds)]
        rows += [_compiled(block, large // 4, rounds) for block in (*others[:most], *twins[:most])]
    finally:
        torch.set_num_threads(threads)
    return {
        "rows": rows,
        "n": rounds,
        "interval": "smallest to largest ratio of n rounds, each of ours and then theirs",
        "limits": (
            f"Asked: eagerly at most {_MOST['eager']} times PyTorch's own at 16 million elements, at 16 thousand at "
            f"most {_CALL_SECONDS * 1e6:.0f} microseconds more; compiled, where PyTorch has it not, at most "
            f"{_MOST['compiled']} times a function of PyTorch's of like arithmetic; no more bytes saved for backward. "
            "Where PyTorch's own is less true, correctness wins and the ratio is given. float32, one thread, forward "
            "and backward, default parameters."
        ),
    }


def _eager(block: Activation, large: int, rounds: int) -> Iterator[dict[str, Any]]:
    ours, theirs = _pair(block)
    saved = {"bytes": round(bytes_saved(ours), 1), "peer_bytes": round(bytes_saved(theirs), 1)}
    for elements, calls in ((large, 1), (SMALL, _CALLS)):
        yield _row(block.name, "eager", "", elements, _in_turns(ours, theirs, elements, rounds, calls)) | saved


def _pair(block: Activation, peer: Function | None = None) -> tuple[Function, Function]:
    """Ours, by the function that people call, and PyTorch's own with equal parameters, or a peer."""
    values = list(block.facts.parameters.values())
    oracle = block.oracle
    if block.facts.learned and oracle is not None:
        values = [torch.tensor([value], requires_grad=True) for value in values]
    function = getattr(functional, block.name)
    theirs = peer if oracle is None else lambda x: oracle(x, *values)
    assert theirs is not None, block.name
    return (lambda x: function(x, *values)), theirs


def _compiled(block: Activation, elements: int, rounds: int) -> dict[str, Any]:
    peer = "" if block.oracle is not None else peer_of(block.facts.formula)
    ours, theirs = _pair(block, PEERS.get(peer))
    torch.compiler.reset()  # one function's graphs must not use up the next one's share of recompilations
    ours = torch.compile(ours, fullgraph=True)
    if peer not in _UNCOMPILED:
        theirs = torch.compile(theirs, fullgraph=True)
    return _row(block.name, "compiled", peer, elements, _in_turns(ours, theirs, elements, rounds, _COMPILED_CALLS))


_UNCOMPILED = ("hardtanh",)  # Inductor (torch 2.13) stores its comparisons one by one, at ten times the cost


def _horner(x: Tensor, coefficients: tuple[float, ...]) -> Tensor:
    """The polynomial with these coefficients, the highest power's first."""
    total = coefficients[0] * x + coefficients[1]
    for coefficient in coefficients[2:]:
        total = total * x + coefficient
    return total


PEERS: dict[str, Function] = {  # several in one where PyTorch has no single function that takes the same steps
    "elu": torch.nn.functional.elu,
    "elu(x) sigmoid(x)": lambda x: torch.nn.functional.elu(x) * torch.sigmoid(x),
    "silu(exp(x))": lambda x: torch.nn.functional.silu(torch.exp(x)),
    "erfc": torch.erfc,  # 1 + erf is taken by it, for the digits on the left
    "x erfc(x)": lambda x: x * torch.erfc(x),
    "x tanh(x erfc(x))": lambda x: x * torch.tanh(x * torch.erfc(x)),
    "gelu_tanh": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
    "sin(x) sigmoid(x)": lambda x: torch.sin(x) * torch.sigmoid(x),
    "sinc": torch.sinc,
    "hardtanh": torch.nn.functional.hardtanh,
    "log1p": lambda x: torch.log1p(x.abs()),
    "mish": torch.nn.functional.mish,
    "polynomial quotient": lambda x: (
        _horner(x, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)) / (1 + (x * _horner(x, (0.1, 0.2, 0.3, 0.4))).abs())
    ),
    "silu": torch.nn.functional.silu,
    "softplus": torch.nn.functional.softplus,
    "sqrt(softplus)": lambda x: torch.sqrt(torch.nn.functional.softplus(x)),
    "hardswish": torch.nn.functional.hardswish,
    "sin": torch.sin,
    "tanh": torch.tanh,
    "hypot": lambda x: torch.hypot(x, torch.ones_like(x)),
}


def peer_of(formula: str) -> str:
    """A function of PyTorch's that takes as many steps of the same kind, by what stands in a formula; where there is
    none the shortest composition that does. Two exponentials are two steps, whether side by side or one in the other.

    >>> peer_of("x*erf(log(1 + exp(x)))"), peer_of("x/(1 + exp(-1.702*x))"), peer_of("x + (sqrt(x**2 + 1) - 1)/2")
    ('mish', 'silu', 'hypot')
    >>> peer_of("Piecewise((0, x <= 0), (upper, x >= upper), (x, True))"), peer_of("x*tanh(x)"), peer_of("sin(omega*x)")
    ('hardtanh', 'gelu_tanh', 'sin')
    >>> peer_of("(exp(x) - 1)/(1 + exp(-x))"), peer_of("exp(-exp(x))"), peer_of("x*tanh(x*(1 + erf(x)))")
    ('elu(x) sigmoid(x)', 'silu(exp(x))', 'x tanh(x erfc(x))')
    """
    named = re.findall(r"\b(erf|exp|tanh|log|sin|cos|sqrt|softplus)\(", formula)
    steps = set(named) - {"sqrt"}
    several = {("exp", "sin"): "sin(x) sigmoid(x)", ("erf", "tanh"): "x tanh(x erfc(x))"}
    if len(steps) > 1:
        return several.get(tuple(sorted(steps)), "mish")
    return _peer_of_one(formula, steps.pop(), "sqrt" in named) if steps else _peer_of_none(formula, "sqrt" in named)


def _peer_of_none(formula: str, root: bool) -> str:
    if root:
        return "hypot"
    if "Piecewise" in formula:
        return "hardtanh"
    return "polynomial quotient" if re.search(r"\*\*.*/\(.*\*\*", formula) else "hardswish"


def _peer_of_one(formula: str, step: str, root: bool) -> str:
    times_x = re.search(r"\bx\*(erf|tanh)\(", formula) is not None  # then the step is taken again in the backward pass
    return {
        "exp": _peer_of_exponentials(formula),
        "tanh": "gelu_tanh" if times_x else "tanh",
        "erf": "x erfc(x)" if times_x else "erfc",
        "log": "log1p" if "Piecewise" in formula else "softplus",
        "softplus": "sqrt(softplus)" if root else "softplus",
        "sin": "sinc" if "sin(x)/x" in formula else "sin",
        "cos": "sin",
    }[step]


def _peer_of_exponentials(formula: str) -> str:
    exponents = _exponents(formula)
    if any("exp(" in exponent for exponent in exponents):
        return "silu(exp(x))"
    if len(exponents) > 1:
        return "elu(x) sigmoid(x)"
    return "elu" if "Piecewise" in formula else "silu"


def _exponents(formula: str) -> set[str]:
    """What stands in the brackets of each exp.

    >>> sorted(_exponents("exp(-(x + exp(x))) + exp(x)"))
    ['-(x + exp(x))', 'x']
    """
    found = set()
    for start in (match.end() for match in re.finditer(r"\bexp\(", formula)):
        end, depth = start, 1
        while depth:
            depth += {"(": 1, ")": -1}.get(formula[end], 0)
            end += 1
        found.add(formula[start : end - 1])
    return found


def _in_turns(ours: Function, theirs: Function, elements: int, rounds: int, calls: int) -> list[tuple[float, float]]:
    """Seconds of a forward and backward of each, round by round, after one that warms up (and compiles)."""
    x = torch.randn(elements, generator=torch.Generator().manual_seed(0)).requires_grad_()
    upstream = torch.ones(elements)
    times = [[statistics.median(_seconds(f, x, upstream) for _ in range(calls)) for f in (ours, theirs)]
             for _ in range(rounds + 1)]  # fmt: skip
    return [(mine, other) for mine, other in times[1:]]


def _seconds(function: Function, x: Tensor, upstream: Tensor) -> float:
    start = time.perf_counter()
    function(x).backward(upstream)
    seconds = time.perf_counter() - start
    x.grad = None
    return seconds


def _row(name: str, kind: str, peer: str, elements: int, times: list[tuple[float, float]]) -> dict[str, Any]:
    ratios = [mine / other for mine, other in times]
    return {
        "activation": name,
        "kind": kind,
        "peer": peer or "its own",
        "elements": elements,
        "seconds": statistics.median(mine for mine, _ in times),
        "peer_seconds": statistics.median(other for _, other in times),
        "more_seconds": statistics.median(mine - other for mine, other in times),
        "ratio": statistics.median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
        "bytes": None,
        "peer_bytes": None,
    }


def missed(row: dict[str, Any]) -> bool:
    """Whether a row is above what was asked; the reason, where there is one, is in TRUER."""
    if row["elements"] == SMALL:
        return row["more_seconds"] > _CALL_SECONDS
    if row["kind"] == "compiled" and row["peer"] == "its own":
        return False  # nothing was asked
    return row["ratio"] > _MOST[row["kind"]]


def table(record: dict[str, Any]) -> str:
    rows = record["rows"]
    small = {row["activation"]: row for row in rows if row["kind"] == "eager" and row["elements"] == SMALL}
    eager = [
        [
            row["activation"],
            _milliseconds(row),
            _ratio(row),
            f"{small[row['activation']]['seconds'] * 1e6:.0f} ({small[row['activation']]['more_seconds'] * 1e6:+.0f})",
            f"{row['bytes']:g} ({row['peer_bytes']:g})",
            TRUER.get(row["activation"], ""),
        ]
        for row in rows
        if row["kind"] == "eager" and row["elements"] != SMALL
    ]
    compiled = [
        [row["activation"], row["peer"], _milliseconds(row), _ratio(row), TRUER.get(row["activation"], "")]
        for row in rows
        if row["kind"] == "compiled"
    ]
    large = f"{max(row['elements'] for row in rows):,}"
    return "\n\n".join(
        [
            f"Eager, beside PyTorch's own (in brackets). Milliseconds and ratio at {large} elements, microseconds at "
            f"{SMALL:,}, bytes saved for backward an element; bold is above what was asked.",
            markdown(["activation", "ms", "ratio", "microseconds (more)", "bytes", "what more is paid for"], eager),
            "Compiled, beside a compiled function of PyTorch's (in brackets), its own or one of like arithmetic, at a "
            f"quarter as many; hardtanh uncompiled, which is ten times as fast. {_count_missed(rows)}",
            markdown(["activation", "beside", "ms", "ratio", "what more is paid for"], compiled),
        ]
    )


def _count_missed(rows: list[dict[str, Any]]) -> str:
    asked = [row for row in rows if row["kind"] == "compiled" and row["peer"] != "its own"]
    above = sum(map(missed, asked))
    return f"{above} of {len(asked)} that PyTorch has not are above {_MOST['compiled']}."


def _milliseconds(row: dict[str, Any]) -> str:
    return f"{row['seconds'] * 1e3:.1f} ({row['peer_seconds'] * 1e3:.1f})"


def _ratio(row: dict[str, Any]) -> str:
    text = f"{row['ratio']:.2f}"
    return f"{f'**{text}**' if missed(row) else text} ({row['lowest']:.2f} to {row['highest']:.2f})"


def plot(record: dict[str, Any]) -> Drawing:
    """The ratio of each activation, eager and compiled, and what was asked."""
    rows, series = [row for row in record["rows"] if row["elements"] != SMALL], {}
    for kind in ("eager", "compiled"):
        ratios = sorted(row["ratio"] for row in rows if row["kind"] == kind)
        shares = [(place + 0.5) / len(ratios) for place in range(len(ratios))]
        series[kind] = Line(ratios, shares, asked=_MOST[kind])
    said = "times PyTorch's, forward and backward: its own, or one of like arithmetic (dashed: asked)"
    return lines(series, said, "share of activations up to here", x_ticks=(0.1, 0.2, 0.5, 1, 2, 5))
