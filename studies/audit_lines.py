"""One line of shell for each finding of the audit, which shows it without actlab wherever that can be."""

import re
from typing import Any

from audit_targets import Candidate

_PLACE = re.compile(r"(float64|float32|float16|bfloat16), x = (\S+)")
_GRADCHECK = "-9.7, -4.2, -2.6, -1.37, -0.83, -0.31, 0.27, 0.64, 0.93, 1.71, 2.45, 7.3"
_LINES = {
    "gradcheck": f"print(torch.autograd.gradcheck(f.double(), torch.tensor([[{_GRADCHECK}]], dtype=torch.float64, "
    "requires_grad=True), atol=1e-5, rtol=1e-4))",
    "gradgradcheck": f"print(torch.autograd.gradgradcheck(f.double(), torch.tensor([[{_GRADCHECK}]], "
    "dtype=torch.float64, requires_grad=True), atol=1e-5, rtol=1e-4))",
    "constants": "print({k: v for k, v in vars(f).items() if k[0] != '_'})",
    "input_kept": "x = torch.linspace(-3, 3, 8); y = x.clone(); f(y); print(torch.equal(x, y))",
    "deterministic": "x = torch.linspace(-3, 3, 64); print(torch.equal(f(x), f(x)))",
    "pickle": "import pickle; print(pickle.loads(pickle.dumps(f)))",
    "deepcopy": "import copy; print(copy.deepcopy(f))",
    "meta": "print(f.to('meta')(torch.zeros(8, 8, device='meta', requires_grad=True) * 1))",
    "vmap": "print(torch.func.vmap(f)(torch.linspace(-3, 3, 32).reshape(4, 8)))",
    "vmap_grad": "x = torch.linspace(-3, 3, 32).reshape(4, 8); "
    "print(torch.func.vmap(torch.func.grad(lambda row: f(row).sum()))(x))",
    "compile": "x = torch.linspace(-3, 3, 32, requires_grad=True); "
    "print(torch.compile(f, fullgraph=True, backend='aot_eager')(x * 1))",
}


def line(candidate: Candidate, finding: dict[str, Any]) -> str:
    """A command that prints what a finding says, or the error that it names."""
    seed = "torch.manual_seed(0); " if candidate.starts_at_random() else ""
    start = f"{candidate.imports}; {seed}f = {candidate.code}.eval(); "
    return f'python -c "{start}{_shows(candidate, finding)}"'


def _shows(candidate: Candidate, finding: dict[str, Any]) -> str:
    check, where, says = finding["check"], finding["where"], finding["says"]
    place = _PLACE.fullmatch(where)
    if place is not None and not says.startswith("Under autocast"):
        dtype, number = f"torch.{place[1]}", place[2]
        # by way of float64: the largest float32 number, in decimals, is a little above itself
        x = f"x = torch.full((64,), float('{number}'), dtype=torch.float64).to({dtype})"
        if says.startswith(("f' ", "f'(")):
            return f"{x}.requires_grad_(); f.to({dtype})(x * 1).sum().backward(); print(x.grad[0].item())"
        return f"{x}; print(f.to({dtype})(x)[0].item())"
    if check == "dtype" and where:
        x = f"torch.linspace(-2, 2, 16, dtype=torch.{where}, requires_grad=True)"
        return f"x = {x}; y = f.to(torch.{where})(x * 1); print(y.dtype); y.sum().backward()"
    if check == "shapes" and where.startswith("shape "):
        return f"print(f(torch.zeros({where.removeprefix('shape ')})).shape)"
    if check == "meta" and where != "meta":
        check = ""
    reference = f", reference='{candidate.reference}'" if candidate.reference else ""
    return _LINES.get(check) or f"import actlab; print(actlab.check(f{reference}, only=['{finding['check']}']))"
