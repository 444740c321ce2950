"""What people do with an activation beside calling it: vmap, compile, meta tensors, forward mode, export."""

import contextlib
import io
import shutil
import warnings
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from actlab.checks.battery.findings import FAIL, NOTE, PORTABILITY, Finding, words_of
from actlab.checks.battery.registry import check, fail, failed, failing, noted, passed, skip
from actlab.checks.battery.subject import Subject
from actlab.making import Called, has_own_backward, same

_close = partial(same, rtol=1e-5, atol=1e-5)
_PLAIN = "Use torch operations on tensors only: no print, .item(), numpy, or Python if on a tensor's values."
# where an autograd Function is, and where none is
_VMAP = (
    "In an autograd Function write forward(x) and setup_context(ctx, inputs, output) apart, with "
    "generate_vmap_rule = True; no if, .item() or numpy on tensors.",
    "Use operations that vmap knows: torch.where instead of x[mask]; no .item(), numpy, or if on a tensor's values.",
)
_JVP = (
    "Give the autograd Function a jvp staticmethod (torch.compile refuses one: choose by "
    "torch.compiler.is_compiling()).",
    _PLAIN,
)


@check(PORTABILITY)
def meta(s: Subject) -> None:
    """It follows its input to another device: meta tensors, and the GPU where there is one."""
    for device in ("meta", *(["cuda"] if torch.cuda.is_available() else [])):
        x = s.grid()
        leaf = x.to(device).requires_grad_()
        with failing("It fails", "Make constants on x.device (x.new_tensor) or register_buffer.", where=device):
            y = s.fresh(device=device)(leaf * 1.0)
            if y.requires_grad:
                torch.autograd.grad(y.sum(), leaf, allow_unused=True)
        if y.device.type != device:
            fail(f"It returns a tensor on {y.device}.", "Make constants on x.device, or register_buffer.", where=device)
        if device != "meta" and not torch.allclose(y.cpu(), s.fresh()(x), rtol=1e-4, atol=1e-5, equal_nan=True):
            fail("The numbers are other ones there.", "Compare the two, operation by operation.", where=device)


@check(PORTABILITY)
def vmap(s: Subject) -> None:
    """torch.func.vmap gives what a loop gives."""
    f = s.fresh()
    rows = _samples(s)
    with _quiet(), failing("It fails", partial(_advice, s, _VMAP)):
        expected = torch.stack([f(row.clone()) for row in rows])
        got = torch.func.vmap(f)(rows.clone())
        across = torch.func.vmap(f, in_dims=1, out_dims=1)(rows.transpose(0, 1).contiguous())
    if not _close(got, expected) or not _close(across, expected.transpose(0, 1)):
        off = (got - expected).abs().max().item()
        fail("Its numbers are not those of a loop.", _advice(s, _VMAP), measured=off, limit=0.0)


@check(PORTABILITY)
def vmap_grad(s: Subject) -> None:
    """torch.func.vmap(torch.func.grad) gives the gradients of a loop: per-sample gradients."""
    f = s.fresh()
    rows = _samples(s)
    if not f(rows[0].clone().requires_grad_() * 1.0).requires_grad:
        skip("it has no gradient")
    with _quiet(), failing("It fails", partial(_advice, s, _VMAP)):
        got = torch.func.vmap(torch.func.grad(lambda row: f(row).sum()))(rows.clone())
    leaf = rows.clone().requires_grad_()
    y = torch.stack([f(row.clone()) for row in leaf])
    (expected,) = torch.autograd.grad(y.sum(), leaf, materialize_grads=True)
    if not _close(got, expected):
        off = (got - expected).abs().max().item()
        fail("Its gradients are not those of a loop.", _advice(s, _VMAP), measured=off, limit=0.0)


@check(PORTABILITY, slow=True)
def compile_(s: Subject) -> Finding:
    """torch.compile(fullgraph=True): no graph breaks, the same numbers and gradients."""
    s.found["compile"] = _compiled(s, "aot_eager")
    return s.found["compile"]


@check(PORTABILITY, slow=True)
def inductor(s: Subject) -> Finding:
    """Inductor's numbers, where a C++ compiler is found."""
    if shutil.which("g++") is None and shutil.which("clang++") is None:
        return noted("No C++ compiler is found: Inductor was not tried.")
    if (s.found.get("compile") or compile_(s)).outcome == FAIL:
        skip("it does not compile (see compile)")
    return _compiled(s, "inductor")


@check(NOTE)
def forward_mode(s: Subject) -> Finding:
    """Forward mode (torch.func.jvp) and forward over reverse (torch.func.hessian)."""
    f = s.fresh()
    x = torch.tensor([-1.3, -0.2, 0.4, 2.1] * 2) if s.wants_elementwise else s.grid(1)
    mend = _advice(s, _JVP)
    with _quiet(), failing("torch.func.jvp fails", mend, noted):
        torch.func.jvp(f, (x,), (torch.ones_like(x),))
    with _quiet(), failing("jvp works, torch.func.hessian fails", mend, noted):
        torch.func.hessian(lambda x: f(x).sum())(x)
    return noted("jvp and hessian work.")


@check(NOTE, slow=True)
def export(s: Subject) -> Finding:
    """torch.export."""
    f = s.fresh()
    module = f if isinstance(f, torch.nn.Module) else Called(f)
    with _quiet(), failing("torch.export fails", outcome=noted):
        program = torch.export.export(module, (_rows(s),))
        same = _close(program.module()(_rows(s)), f(_rows(s)))
    return noted("torch.export works." if same else "torch.export gives other numbers.")


def _compiled(s: Subject, backend: str) -> Finding:
    f = s.fresh()
    x = _rows(s)
    plain = x.clone().requires_grad_()
    expected = f(plain * 1.0)
    torch._dynamo.reset()  # one function's graphs must not use up the next one's share of recompilations
    leaf = x.clone().requires_grad_()
    with _quiet():
        try:
            y = torch.compile(f, fullgraph=True, backend=backend)(leaf * 1.0)
            if y.requires_grad:
                y.sum().backward()
        except Exception as error:
            return failed(f"It fails: {words_of(error)}", _PLAIN, where=backend)
        finally:
            torch._dynamo.reset()
    if not _close(y, expected):
        off = (y - expected).abs().max().item()
        return failed("Compiled, its numbers are other ones.", _PLAIN, measured=off, limit=1e-5, where=backend)
    if expected.requires_grad:
        expected.sum().backward()
        if leaf.grad is None or plain.grad is None or not _close(leaf.grad, plain.grad):
            return failed("Compiled, its gradient is another one.", _PLAIN, where=backend)
    return passed()


def _rows(s: Subject) -> Tensor:
    return s.grid(4, 3.1) + 0.01


def _samples(s: Subject) -> Tensor:
    """Several inputs beside each other: lines of what takes any shape, otherwise batches of one row."""
    return _rows(s) if s.wants_elementwise else _rows(s).unsqueeze(1)


def _advice(s: Subject, mends: tuple[str, str]) -> str:
    """The second where autograd meets no backward of somebody's own, which is written in an autograd Function."""
    return mends[not has_own_backward(s.fresh()(_rows(s).requires_grad_() * 1.0))]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Compilers and transforms warn and print; what matters comes back as a finding."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
