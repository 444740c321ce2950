"""Modules with a state, that act differently in training, or made for one width: each network has one of its own.

Legend: m networks, B samples, H units, P inputs of an activation in a network, L learned parameters.
"""

import copy
import dataclasses
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.parameter import UninitializedBuffer, is_lazy

from actlab.activations.applied import ByAutograd
from actlab.errors import UserError

WIDTH = 64  # of the layer that a module is tried in, where none is known
_SAMPLES = 8

State = dict[str, Tensor]


@dataclasses.dataclass(frozen=True)
class ByModule(ByAutograd):
    """A module, as it is before the first batch. As a function it is in evaluation, for curves and costs."""

    module: torch.nn.Module = dataclasses.field(kw_only=True)  # made for the layer's width
    given: torch.nn.Module = dataclasses.field(kw_only=True)  # as it was named
    label: str = dataclasses.field(kw_only=True)

    def copies(self, learned_mL: Tensor) -> "Copies":
        """One for each network; what they learn are the rows, which an optimizer may change."""
        modules = [_copied(self.module).to(learned_mL.device, learned_mL.dtype) for _ in learned_mL]
        return Copies(modules, learned_mL, self.label)

    def as_module(self, learned: Tensor | None = None, state: State | None = None) -> torch.nn.Module:
        module = _copied(self.module)
        if learned is not None:
            torch.nn.utils.vector_to_parameters(learned, _learned(module))
        put_back(module, state or {})
        return module


class Copies:
    """The modules of a slice's networks in a hidden layer."""

    def __init__(self, modules: Sequence[torch.nn.Module], learned_mL: Tensor, label: str) -> None:
        self.modules, self.label = list(modules), label
        for module, row in zip(self.modules, learned_mL, strict=True):
            _bind(module, row)

    def forward(self, z_mBH: Tensor, *, training: bool) -> tuple[Tensor, Any]:
        """y, and what the way back needs; network by network, in the mode of a training step or of an evaluation."""
        leaves = [z.detach().requires_grad_(training) for z in z_mBH]
        outputs = []
        with torch.set_grad_enabled(training):
            for module, z in zip(self.modules, leaves, strict=True):
                _set_mode(module, training)
                # a clone: a module that works in place must not change what autograd holds
                outputs.append(self._told(module, z.clone()))
        if outputs[0].shape != z_mBH[0].shape:
            raise UserError(f"{self.label} turns {tuple(z_mBH[0].shape)} into {tuple(outputs[0].shape)} in a network.")
        return torch.stack([y.detach() for y in outputs]), (leaves, outputs)

    def through(self, gradient_mBH: Tensor, saved: Any) -> None:
        """dL/dz from dL/dy, in place: of a whole batch, for an output may depend on all of it."""
        for gradient, z, y in zip(gradient_mBH, *saved, strict=True):
            (slope,) = self._told(torch.autograd.grad, y, z, gradient, materialize_grads=True)
            gradient.copy_(slope)

    def backward_learned(self, saved: Any, gradient_mBH: Tensor) -> Tensor:
        """The loss's gradient with respect to each learned parameter, (m, L), from dL/dy."""
        rows = []
        for module, y, gradient in zip(self.modules, saved[1], gradient_mBH, strict=True):
            learned = list(_learned(module))
            slopes = self._told(torch.autograd.grad, y, learned, gradient, retain_graph=True, materialize_grads=True)
            rows.append(torch.cat([slope.flatten() for slope in slopes]))
        return torch.stack(rows)

    def states(self) -> list[State]:
        return [state_of(module) for module in self.modules]

    def restore(self, states: Sequence[State], chosen: Sequence[bool] | None = None) -> None:
        """Take over the states of these networks, or of those chosen."""
        for place, (module, state) in enumerate(zip(self.modules, states, strict=True)):
            if chosen is None or chosen[place]:
                put_back(module, state)

    def bound(self, learned_mL: Tensor) -> "Copies":
        """The same modules and states anew, learning other rows."""
        return Copies([_copied(m).to(learned_mL.device) for m in self.modules], learned_mL, self.label)

    def _told(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return _told(self.label, "while a network was trained", call, *arguments, **options)


def _copied(module: torch.nn.Module) -> torch.nn.Module:
    """A deep copy; of a buffer without a shape, which refuses to be copied, a new one."""
    shapeless = [buffer for buffer in module.buffers() if is_lazy(buffer)]
    return copy.deepcopy(module, {id(b): UninitializedBuffer(device=b.device, dtype=b.dtype) for b in shapeless})


def state_of(module: torch.nn.Module) -> State:
    """What a module keeps beside what it learns: buffers, and parameters that ask for no gradient."""
    return {name: tensor.detach().clone() for name, tensor in _kept(module)}


def put_back(module: torch.nn.Module, state: State) -> None:
    """Set what a module keeps; a shape may differ from that at its start."""
    for name, tensor in state.items():
        path, _, leaf = name.rpartition(".")
        owner = module.get_submodule(path)
        if leaf in owner._parameters:
            owner._parameters[leaf].data = tensor.clone()
        else:
            owner._buffers[leaf] = tensor.clone()


def _kept(module: torch.nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from module.named_buffers()
    yield from ((name, p) for name, p in module.named_parameters() if not p.requires_grad)


def _learned(module: torch.nn.Module) -> Iterator[torch.nn.Parameter]:
    return (p for p in module.parameters() if p.requires_grad)


def _bind(module: torch.nn.Module, row: Tensor) -> None:
    """Let what a module learns lie in this row."""
    learned = list(_learned(module))
    for parameter, piece in zip(learned, row.split([p.numel() for p in learned]), strict=True):
        parameter.data = piece.view(parameter.shape)


def _set_mode(module: torch.nn.Module, training: bool) -> None:
    if module.training != training:
        module.train(training)


class _Evaluated:
    """A module at its start, in evaluation, as a function of elements and one flat row of what it learns."""

    def __init__(self, module: torch.nn.Module, width: int) -> None:
        self.module, self.width = module, width

    def __call__(self, z_P: Tensor, row: Tensor) -> Tensor:
        module = _copied(self.module).to(z_P.dtype).eval()
        learned = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        pieces = row.to(z_P.dtype).split([p.numel() for _, p in learned])
        named = {name: piece.view(p.shape) for (name, p), piece in zip(learned, pieces, strict=True)}
        y_PH = torch.func.functional_call(module, named, (z_P.unsqueeze(1).expand(-1, self.width).clone(),))
        return y_PH[:, 0]  # of its first unit, where units differ


def needs_its_own(module: torch.nn.Module) -> bool:
    """Whether it is more than one function of elements and learned parameters, whatever batch, width and mode."""
    if any(isinstance(part, LazyModuleMixin) for part in module.modules()) or next(_kept(module), None) is not None:
        return True
    x = torch.linspace(-3, 3, WIDTH + 1)
    try:
        evaluated, trained = (_copied(module).float().train(mode) for mode in (False, True))
        ys = [part(x.clone()) for part in (evaluated, trained, trained)]
        return not all(_same(ys[0], y) for y in ys) or _attributes(trained) != _attributes(module)
    except (Exception, SystemExit):  # a width, or a number of axes, that it is not made for
        return True


def by_module(module: torch.nn.Module, label: str, width: int = WIDTH) -> ByModule:
    """A module made for a layer of this width. UserError, with the reason, where it cannot be used."""
    made = _copied(module).float()
    order = torch.randperm(_SAMPLES * width, generator=torch.Generator().manual_seed(0))
    x_BH = torch.linspace(-3, 3, _SAMPLES * width)[order].view(_SAMPLES, width)
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]), torch.enable_grad():
        warnings.simplefilter("ignore")  # what torch has to say about a thing that is about to be refused confuses
        torch.manual_seed(0)
        _Probe(_with_shapes(made, x_BH, label), x_BH, label).all()
    values = [p.detach().flatten() for p in _learned(made)]
    initial = torch.cat(values).tolist() if values else []
    return ByModule(_Evaluated(made, width), initial, module=made, given=module, label=label)


def _with_shapes(module: torch.nn.Module, x_BH: Tensor, label: str) -> torch.nn.Module:
    """Let lazy parts take their shapes, and nothing else that a first batch may set up."""
    tensors = [*module.named_parameters(), *module.named_buffers()]
    before = {name: tensor.detach().clone() for name, tensor in tensors if not is_lazy(tensor)}
    if len(before) < len(tensors):
        _told(label, _on(x_BH), module.eval(), x_BH.clone())
        with torch.no_grad():
            for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
                if name in before:
                    tensor.copy_(before[name])
    return module.train()


class _Probe:
    """What a module does with a batch, seen in copies, so that nothing of it is begun."""

    def __init__(self, module: torch.nn.Module, x_BH: Tensor, label: str) -> None:
        self.module, self.x_BH, self.label = module, x_BH, label

    def all(self) -> None:
        """Refuse what cannot stand in a network, each with its reason."""
        for training, mode in ((True, "training"), (False, "evaluation")):
            y_BH = self._refuse_other_results(training, mode)
            refuse_result(y_BH, self.x_BH, self.label)
        self._refuse_lost_state()
        self._refuse_failing_steps()
        self._refuse_mixing()

    def call(self, module: torch.nn.Module, x_BH: Tensor, seed: int = 0) -> Any:
        torch.manual_seed(seed)
        return _told(self.label, _on(x_BH), module, x_BH.clone())

    def _refuse_other_results(self, training: bool, mode: str) -> Tensor:
        y, again, other = (self.call(self._copy(training), self.x_BH, seed) for seed in (0, 0, 1))
        if isinstance(y, Tensor) and not _same(y, again):
            raise UserError(
                f"{self.label} gives different results for the same input, and not by torch's random numbers: it keeps "
                f"a state outside of itself, which no checkpoint and no saved network would hold. {_BUFFER}"
            )
        if isinstance(y, Tensor) and not _same(y, other):
            raise UserError(
                f"{self.label} draws random numbers in {mode}: a random activation cannot be paired by its seed."
            )
        return y

    def _refuse_lost_state(self) -> None:
        """What buffers and parameters hold must be all that a first step leaves to the second."""
        called, fresh = self._copy(True), self._copy(True)
        parameters = list(called.parameters())
        self.call(called, self.x_BH)
        if any(one is not other for one, other in zip(parameters, called.parameters(), strict=True)):
            raise UserError(f"{self.label} replaces a parameter when it is called: change it in place.")
        numbers, before = _attributes(called), _attributes(self.module)
        moved = [name for name, value in numbers.items() if name in before and before[name] != value]
        for mine, theirs in zip(fresh.parameters(), called.parameters(), strict=True):
            mine.data = theirs.detach().clone()
        put_back(fresh, state_of(called))
        if moved or not _same(self.call(called, self.x_BH), self.call(fresh, self.x_BH)):
            where = f"in {', '.join(moved)}, " if moved else ""
            raise UserError(
                f"{self.label} keeps a state {where}which is no buffer, so that no checkpoint and no saved network "
                f"would hold it. {_BUFFER}"
            )

    def _refuse_mixing(self) -> None:
        """In evaluation a result must be that of its own input; in training it may depend on the batch."""
        begun = self._copy(True)
        self.call(begun, self.x_BH)
        y_BH = self.call(begun.eval(), self.x_BH)
        samples = f"{self.label}: in evaluation the result for a sample changes with the others of its batch."
        units = f"{self.label} is not elementwise: the result for one input changes when others change."
        for places, why in ((slice(0, None, 2), samples), ((slice(None), slice(0, None, 2)), units)):
            moved_BH = self.x_BH.clone()
            moved_BH[places] += 1.0
            kept = moved_BH == self.x_BH
            if not _same(self.call(begun, moved_BH)[kept], y_BH[kept], rtol=1e-6, atol=1e-7):
                raise UserError(why)

    def _refuse_failing_steps(self) -> None:
        module = self._copy(True)
        for step in ("first", "second"):
            leaf = self.x_BH.clone().requires_grad_()
            y = _told(self.label, f"at the {step} step of training", module, leaf.clone())
            if not y.requires_grad:
                raise UserError(f"{self.label} has no gradient: its output does not depend on its input for autograd.")
            _told(self.label, f"in the {step} backward pass", y.sum().backward)  # through all that it hangs on

    def _copy(self, training: bool) -> torch.nn.Module:
        return _copied(self.module).train(training)


_BUFFER = "Keep it in a buffer: self.register_buffer(name, tensor)."


def refuse_result(y: Any, x: Tensor, label: str) -> None:
    """UserError where a result cannot be an activation's: no tensor, or of another shape or dtype than its input."""
    if not isinstance(y, Tensor):
        raise UserError(f"{label} returns {type(y).__name__}, not a tensor.")
    if y.shape != x.shape:
        raise UserError(
            f"{label} turns {tuple(x.shape)} values into a tensor of shape {tuple(y.shape)}: it changes the width, "
            "and only elementwise activations can be compared this way."
        )
    if y.dtype != x.dtype:
        raise UserError(f"{label} turns {x.dtype} into {y.dtype}: an activation keeps its input's dtype.")


def _attributes(module: torch.nn.Module) -> dict[str, int | float]:
    """The numbers that a module and its parts hold as plain attributes, by their names."""
    ours = vars(torch.nn.Module()).keys()
    return {
        f"{path}.{name}".lstrip("."): value
        for path, part in module.named_modules()
        for name, value in vars(part).items()
        if name not in ours and isinstance(value, int | float)
    }


def _same(one: Tensor, other: Tensor, rtol: float = 0.0, atol: float = 0.0) -> bool:
    return one.shape == other.shape and torch.allclose(one, other, rtol=rtol, atol=atol, equal_nan=True)


def _on(x_BH: Tensor) -> str:
    return f"in a hidden layer of {x_BH.shape[1]}"


def _told(label: str, where: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call what is a user's: whatever it raises becomes a sentence."""
    try:
        return call(*arguments, **options)
    except (Exception, SystemExit) as error:
        text = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else "no message"
        hint = ""
        if "backward through the graph a second time" in text:
            hint = " What is kept from one step to the next must be detached: x.detach()."
        elif "more than 1 value per channel" in text:
            hint = " The last batch of an epoch has one sample: take another --batch-size."
        elif "must match" in text or "shape" in text or "size" in text:
            hint = (
                " With a parameter for each feature it fits one width: give each hidden layer that width (--hidden), "
                "name another for each layer (one/other), or make it a lazy module."
            )
        raise UserError(f"{label} failed {where}: {type(error).__name__}: {text}.{hint}") from None
