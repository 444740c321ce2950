"""Confirm findings of the audit that are drawn at random, without actlab: plain torch beside formulas at 200 digits.

    python studies/audit_confirm.py

The formulas are written by hand from each class's source. Writes records/audit_confirmed.json.
"""

import contextlib
import copy
import io
import json
import random
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath as mp
import torch
from audit_targets import Candidate, without_torchvision
from mpmath import mpf

RECORDS = Path(__file__).parents[1] / "records"
SEED, COUNT = 20261123, 50
HOW = (
    "numbers against the class's formula, written by hand from its source and evaluated with mpmath at 200 digits; the "
    "rest by doing in plain torch what the check says fails."
)
mp.mp.dps = 200


def _sigmoid(x: mpf) -> mpf:
    return 1 / (1 + mp.exp(-x))


def _softplus(x: mpf) -> mpf:
    return mp.log(1 + mp.exp(x)) if x < 1000 else x


def _elu(x: mpf) -> mpf:
    return x if x >= 0 else mp.expm1(x)


def _hcaf(x: mpf) -> mpf:
    c = 4 * _sigmoid(x) * (1 - _sigmoid(x))
    for _ in range(2):
        c = 4 * c * (1 - c)
    return c


def _combination(x: mpf) -> mpf:
    gate = _sigmoid(x)
    return gate * (x if x >= 0 else mpf(0.01) * x) + (1 - gate) * _elu(x)


def _chebyshev(x: mpf) -> mpf:
    return mpf("0.1") * (1 + x + (2 * x**2 - 1) + (4 * x**3 - 3 * x))


def _frac_prelu(x: mpf) -> mpf:
    size = mp.sqrt(abs(x) + mpf("1e-6")) / mp.gamma(mpf("1.5"))
    return size if x > 0 else -size / 4 if x < 0 else mpf(0)


FORMULAS: dict[str, Callable[[mpf], mpf]] = {
    "SvELU": _elu, "EDELU": _elu, "PFELU": _elu, "PSvELU": _elu, "PSELU": _elu,
    "FracPReLU": _frac_prelu,
    "HCAF": _hcaf,
    "AdaptiveHyperbolicLogarithmTorch": lambda x: mp.asinh(x) + mp.log(mpf("0.5") + x**2 + mpf("1e-7")),
    "ChPAF": _chebyshev,
    "UAF": lambda x: _softplus((x + 1) / 2 + x**2 / 2) - _softplus(x - 1) + mpf("0.5"),
    "ReSP": lambda x: mp.log1p(mp.exp(x)) if x < 0 else mpf(1.7) * x + mp.log(2),
    "SAU": lambda x: x,
    "hardswish": lambda x: x * min(max(x + 3, 0), 6) / 6,
    "Binary": lambda x: mpf(1) if x >= 0 else mpf(0),
    "SaRa": lambda x: x if x >= 0 else x / (1 + mp.exp(-x)),
    "AdaptiveCombination2": _combination,
    "Polyexp": lambda x: x**2 + x + mp.exp(-(x**2)),
    "SoftTanh": lambda x: 2 * x / mp.sqrt(1 + 4 * x**2),
    "ArandaOrdaz": lambda x: 1 - (1 + 2 * mp.exp(x)) ** mpf("-0.5"),
    "SoftsignPlus": lambda x: x / (1 + mp.sqrt(x**2 + mpf("1e-6"))),
    "AdaptiveRationalSoftsignTorch": lambda x: x / (1 + x**2),
    "SquarePlus": lambda x: (x + mp.sqrt(x**2 + mpf("1e-6"))) / 2,
    "LogExponentialActivationTorch": lambda x: mp.sign(x) * mp.log(
        1 + mp.exp(abs(x) - 1 / (abs(x) + mpf("1e-7"))) + mpf("1e-7")
    ),
    "EIS": lambda x: x / (1 + mp.exp(-x)),
    "SPOCU": lambda x: _spocu(x + mpf("0.5")) - _spocu(mpf("0.5")),
    "GeneralizedHarmonicSwishTorch": lambda x: x * _sigmoid(x) * mp.sin(x**2),
    "SSU": lambda x: mp.sin(mp.pi * (x - mp.pi)) / (x - mp.pi),
    "ARBF": lambda x: mp.exp(-((x - mpf("1.5410")) ** 2) / (2 * mpf("0.2934") ** 2)),
    "TruG": lambda x: mp.exp(-(x**2) / 2),
    "OPAU": lambda x: x,
    "PSSiLU": lambda x: x * (2 * _sigmoid(x) - 1),
}  # fmt: skip


def _spocu(x: mpf) -> mpf:
    return x**3 * (x**5 - 2 * x**4 + 2)


def _slope(f: Callable[[mpf], mpf], x: mpf, side: int = 0) -> mpf:
    h = mpf(10) ** -60 * max(1, abs(x))
    if side:
        gap = h * mpf(10) ** -20
        return (f(x + side * (h + gap)) - f(x + side * gap)) / (side * h)
    return (f(x + h) - f(x - h)) / (2 * h)


def draw(record: dict[str, Any]) -> list[dict[str, Any]]:
    found = [
        {"package": row["package"], "name": row["name"], "imports": _imports(finding), "code": row["code"]} | finding
        for row in record["rows"]
        for finding in row.get("findings", [])
    ]
    return random.Random(SEED).sample(found, COUNT)


def confirm(row: dict[str, Any]) -> tuple[bool, str]:
    """Whether a finding is so, and what shows it."""
    module = Candidate(row["package"], row["name"], row["imports"], row["code"]).make().eval()
    place = re.fullmatch(r"(float64|float32|float16|bfloat16), x = (\S+)", row["where"])
    if row["check"] == "kinks":
        return _kink(module, row["name"], float(place[2]), getattr(torch, place[1]))
    if row["check"] == "nan":
        got = module(torch.full((4,), torch.nan, dtype=torch.float64))
        return not bool(got.isnan().any()), f"f(nan) = {got[0].item():g}"
    if place is not None:
        return _number(module, row, getattr(torch, place[1]), float(place[2]))
    return _other(module, row)


def _number(module: torch.nn.Module, row: dict[str, Any], dtype: torch.dtype, x: float) -> tuple[bool, str]:
    slope = row["says"].startswith("f'")
    leaf = torch.full((64,), x, dtype=torch.float64).to(dtype).requires_grad_()
    y = copy.deepcopy(module).to(dtype)(leaf * 1)
    if slope:
        y.sum().backward()
    got = (leaf.grad if slope else y.detach())[0].to(torch.float64).item()
    at = mpf(leaf[0].to(torch.float64).item())
    f = FORMULAS[row["name"]]
    true = _slope(f, at) if slope else f(at)
    rounded = torch.tensor(float(true), dtype=torch.float64).to(dtype).to(torch.float64).item()
    error = abs(got - rounded)
    info = torch.finfo(dtype)
    coarse = 32 * info.eps if dtype in (torch.float32, torch.float64) else 8 * info.eps
    sensitivity = abs(float(at * _slope(f, at))) if not slope else 0.0
    beyond = not error <= coarse * (1 + abs(rounded) + (sensitivity if sensitivity < 1e300 else 0.0))
    relative = row["check"] == "tails" and abs(got - float(true)) > 1e-3 * abs(float(true))
    what = "f'" if slope else "f"
    return (
        beyond or relative,
        f"{what}({float(at):.6g}) = {got:.6g} in {row['where'].split(',')[0]}, true {float(true):.6g}",
    )


def _kink(module: torch.nn.Module, name: str, at: float, dtype: torch.dtype) -> tuple[bool, str]:
    leaf = torch.full((64,), at, dtype=dtype, requires_grad=True)
    copy.deepcopy(module).to(dtype)(leaf * 1).sum().backward()
    got = leaf.grad[0].item()
    left, right = (float(_slope(FORMULAS[name], mpf(at), side)) for side in (-1, 1))
    outside = not min(left, right) <= got <= max(left, right)
    return outside, f"f'({at:g}) = {got:.4g}, from the left {left:.4g}, from the right {right:.4g}"


def _other(module: torch.nn.Module, row: dict[str, Any]) -> tuple[bool, str]:
    check, x = row["check"], torch.linspace(-3, 3, 32).reshape(4, 8)
    if check == "constants":
        name = re.match(r"self\.(\S+) is", row["says"])[1]
        kept = name in dict(module.named_buffers()) or name in dict(module.named_parameters())
        tensor = getattr(module, name)
        moved = getattr(copy.deepcopy(module).double(), name).dtype
        lost = isinstance(tensor, torch.Tensor) and not kept and moved == tensor.dtype
        return lost, f"after .double() self.{name} is {str(moved).removeprefix('torch.')}, and state_dict() lacks it"
    if check == "dtype":
        y = copy.deepcopy(module).to(getattr(torch, row["where"]))(x.to(getattr(torch, row["where"])))
        return str(y.dtype) != f"torch.{row['where']}", f"{row['where']} in, {str(y.dtype).removeprefix('torch.')} out"
    if check == "shapes" and row["where"] == "shape ()":
        shape = tuple(module(torch.tensor(0.5)).shape)
        return shape != (), f"a tensor of shape () comes out as {shape}"
    calls = {
        "meta": lambda: copy.deepcopy(module).to("meta")(x.to("meta")),
        "vmap": lambda: torch.func.vmap(module)(x),
        "vmap_grad": lambda: torch.func.vmap(torch.func.grad(lambda r: module(r).sum()))(x),
        "compile": lambda: torch.compile(module, fullgraph=True, backend="aot_eager")(x),
        "pickle": lambda: __import__("pickle").dumps(module),
    }
    try:
        calls[check]()
    except Exception as error:
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        return True, f"{type(error).__name__}: {first[:110]}"
    return False, "it works"


def _imports(finding: dict[str, Any]) -> str:
    return re.match(r'python -c "(.*?); (?:torch\.manual_seed\(0\); )?f = ', finding["reproduction"])[1]


def main() -> None:
    warnings.simplefilter("ignore")
    without_torchvision()
    record = json.loads((RECORDS / "audit.json").read_text(encoding="utf-8"))
    rows = []
    for row in draw(record):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            confirmed, shown = confirm(row)
        rows.append(
            {k: row[k] for k in ("package", "name", "check", "where", "says")}
            | {"confirmed": confirmed, "shown": shown}
        )
        print(len(rows), confirmed, row["package"], row["name"], row["check"], "|", shown)
    drawn = f"random.Random({SEED}).sample(findings, {COUNT})"
    found = {"drawn": drawn, "of": sum(len(r.get("findings", [])) for r in record["rows"]), "how": HOW, "rows": rows}
    (RECORDS / "audit_confirmed.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{sum(row['confirmed'] for row in rows)} of {len(rows)} confirmed")


if __name__ == "__main__":
    main()
