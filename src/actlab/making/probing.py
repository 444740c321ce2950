"""What a user's code does, seen before it is trained: refused where it cannot stand in a network, with the reason.

Legend: B samples, H units.
"""

import collections
import copy
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.parameter import UninitializedBuffer, is_lazy

from actlab.errors import UserError

WIDTH = 64  # of the layer in which a thing is tried, where none is known
_SAMPLES = 8
_COUNTING = (int, float, list, tuple, dict, set, collections.deque, Tensor)
_LONGEST = 200  # characters of a message that are shown
_BUFFER = "Keep it in a buffer: self.register_buffer(name, tensor)."

State = dict[str, Tensor | None]


def probe(module: torch.nn.Module, label: str, width: int = WIDTH) -> None:
    """UserError, with the reason, where a module cannot stand in a hidden layer of this width."""
    # what torch has to say about a thing that is about to be refused confuses
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]), torch.enable_grad():
        warnings.simplefilter("ignore")
        _Probe(module, a_batch(width), label).all()


def a_batch(width: int) -> Tensor:
    """Values in no order, (B, H): their mean is not 0, for that would hide what depends on it."""
    order = torch.randperm(_SAMPLES * width, generator=torch.Generator().manual_seed(0))
    return values(_SAMPLES * width)[order].view(_SAMPLES, width)


def values(count: int) -> Tensor:
    """From -2.3 to 4.1, and -20 and 20."""
    return torch.cat([torch.linspace(-2.3, 4.1, count - 2), torch.tensor([-20.0, 20.0])])


def guarded(label: str, call: Callable[..., Any], *arguments: Any, where: str = "", **options: Any) -> Any:
    """What a user's code gives. UserError, in a sentence, whatever it raises."""
    try:
        return call(*arguments, **options)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        text = (str(error).strip().splitlines() or ["no message"])[0].rstrip(".")
        # cut at a word: a long address, say, would hide the rest
        shown = f"{text}." if len(text) <= _LONGEST else f"{text[:_LONGEST].rpartition(' ')[0] or text[:_LONGEST]} …"
        x = arguments[0] if arguments else None
        on = f"on {x.numel()} {str(x.dtype).removeprefix('torch.')} values" if isinstance(x, Tensor) else "when called"
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
        raise UserError(f"{label} failed {where or on}: {type(error).__name__}: {shown}{hint}") from None


def materialised(module: torch.nn.Module, label: str, x: Tensor) -> torch.nn.Module:
    """The module, or of a lazy one a copy with the shapes that this input gives it, and nothing else set up by it."""
    tensors = [*module.named_parameters(), *module.named_buffers()]
    before = {name: tensor for name, tensor in tensors if not is_lazy(tensor)}
    if len(before) == len(tensors):
        return module
    made, mode = copied(module).eval(), module.training
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]), torch.no_grad():
        warnings.simplefilter("ignore")  # that lazy modules are new
        torch.manual_seed(0)
        guarded(label, made, x.clone())
        for name, tensor in [*made.named_parameters(), *made.named_buffers()]:
            if name in before:
                tensor.copy_(before[name])
    return made.train(mode)


def begun(module: torch.nn.Module, x: Tensor) -> torch.nn.Module:
    """The module, or of one that its first batch sets up, whichever that is, a copy after this batch."""
    try:
        looked, before = copied(module).eval(), state_of(module)
        looked(x.clone())
    except (Exception, SystemExit):  # told by what is asked of it next
        return module
    pairs = [(before.get(name), value) for name, value in state_of(looked).items()]
    changed = any(one is not other if one is None or other is None else not same(one, other) for one, other in pairs)
    return looked.train(module.training) if changed else module


class _Probe:
    """What a module does with a batch, seen in copies, so that nothing of it is begun."""

    def __init__(self, module: torch.nn.Module, x_BH: Tensor, label: str) -> None:
        self.module, self.x_BH, self.label = module, x_BH, label

    def all(self) -> None:
        """Refuse what cannot stand in a network, each with its reason."""
        for training in (True, False):
            self._refuse_results(training)
        self._refuse_lost_state()
        self._refuse_failing_steps()
        self._refuse_mixing()

    def call(self, module: torch.nn.Module, x_BH: Tensor, seed: int = 0) -> Any:
        torch.default_generator.manual_seed(seed)  # torch.manual_seed writes a traceback for CUDA each time
        return guarded(self.label, module, x_BH.clone(), where=f"in a hidden layer of {x_BH.shape[1]}")

    def _refuse_results(self, training: bool) -> None:
        """A result must be decided by the input, and be a tensor of its shape and dtype."""
        y, again, other = (self.call(self._copy(training), self.x_BH, seed) for seed in (0, 0, 1))
        if not isinstance(y, Tensor):
            raise UserError(f"{self.label} returns {type(y).__name__}, not a tensor.")
        if not same(y, again):
            raise UserError(
                f"{self.label} gives different results for the same input, and not by torch's random numbers: it keeps "
                f"a state outside of itself, which no checkpoint and no saved network would hold. {_BUFFER}"
            )
        if not same(y, other):
            mode = "training" if training else "evaluation"
            raise UserError(
                f"{self.label} draws random numbers in {mode}: a random activation cannot be paired by its seed."
            )
        if y.shape != self.x_BH.shape:
            raise UserError(
                f"{self.label} turns {tuple(self.x_BH.shape)} values into a tensor of shape {tuple(y.shape)}: it "
                "changes the width, and only elementwise activations can be compared this way."
            )
        if y.dtype != self.x_BH.dtype:
            raise UserError(
                f"{self.label} turns {self.x_BH.dtype} into {y.dtype}: an activation keeps its input's dtype."
            )

    def _refuse_lost_state(self) -> None:
        """What buffers and parameters hold must be all that a first step leaves to the second."""
        called, fresh = self._copy(True), self._copy(True)
        parameters = list(called.parameters())
        self.call(called, self.x_BH)
        if any(one is not other for one, other in zip(parameters, called.parameters(), strict=True)):
            raise UserError(f"{self.label} replaces a parameter when it is called: change it in place.")
        numbers, before = numbers_of(called), numbers_of(self.module)
        moved = [name for name, value in numbers.items() if name in before and before[name] != value]
        for mine, theirs in zip(fresh.parameters(), called.parameters(), strict=True):
            mine.data = theirs.detach().clone()
        put_back(fresh, state_of(called))
        other_BH = 1.5 * self.x_BH + 0.5
        lost = any(
            not same(self.call(called.train(mode), other_BH), self.call(fresh.train(mode), other_BH))
            for mode in (True, False)
        )
        if moved or lost:
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
        for places, why in (((slice(None), slice(0, None, 2)), units), (slice(0, None, 2), samples)):
            moved_BH = self.x_BH.clone()
            moved_BH[places] += 1.0
            kept = moved_BH == self.x_BH
            if not same(self.call(begun, moved_BH)[kept], y_BH[kept], rtol=1e-6, atol=1e-7):
                raise UserError(why)

    def _refuse_failing_steps(self) -> None:
        module = self._copy(True)
        for step in ("first", "second"):
            leaf = self.x_BH.clone().requires_grad_()
            y = guarded(self.label, module, leaf.clone(), where=f"at the {step} step of training")
            if not y.requires_grad:
                raise UserError(f"{self.label} has no gradient: its output does not depend on its input for autograd.")
            guarded(self.label, y.sum().backward, where=f"in the {step} backward pass")  # through all that it hangs on

    def _copy(self, training: bool) -> torch.nn.Module:
        return copied(self.module).train(training)


def numbers_of(module: torch.nn.Module) -> dict[str, str]:
    """What a module and its parts count or collect in plain attributes, by their names; as text, where nan is nan."""
    ours = vars(torch.nn.Module()).keys()
    return {
        f"{path}.{name}".lstrip("."): repr(value.tolist() if isinstance(value, Tensor) else value)
        for path, part in module.named_modules()
        for name, value in vars(part).items()
        if name not in ours and isinstance(value, _COUNTING) and not isinstance(value, torch.Size)
    }


def same(one: Tensor, other: Tensor, rtol: float = 0.0, atol: float = 0.0) -> bool:
    return one.shape == other.shape and torch.allclose(one, other, rtol=rtol, atol=atol, equal_nan=True)


def copied(module: torch.nn.Module) -> torch.nn.Module:
    """A deep copy; of a buffer without a shape, which refuses to be copied, a new one."""
    shapeless = [buffer for buffer in module.buffers() if is_lazy(buffer)]
    return copy.deepcopy(module, {id(b): UninitializedBuffer(device=b.device, dtype=b.dtype) for b in shapeless})  # pyright: ignore[reportCallIssue]  # torch's stub lacks both


def state_of(module: torch.nn.Module) -> State:
    """What a module keeps beside what it learns: buffers, and parameters that ask for no gradient."""
    return {name: None if tensor is None else tensor.detach().clone() for name, tensor in kept(module)}


def put_back(module: torch.nn.Module, state: State) -> None:
    """Set what a module keeps; a shape may differ from that at its start."""
    for name, tensor in state.items():
        path, _, leaf = name.rpartition(".")
        owner = module.get_submodule(path)
        parameter = owner._parameters.get(leaf)
        mine = owner._buffers.get(leaf) if parameter is None else parameter
        moved = tensor if tensor is None else tensor.to(tensor.device if mine is None else mine.device, copy=True)
        if parameter is None:
            owner._buffers[leaf] = moved
        elif moved is not None:
            parameter.data = moved


def kept(module: torch.nn.Module) -> Iterator[tuple[str, Tensor | None]]:
    """Buffers, also those that are not there yet, and what asks for no gradient."""
    for path, part in module.named_modules():
        yield from ((f"{path}.{name}".lstrip("."), tensor) for name, tensor in part._buffers.items())
    yield from ((name, p) for name, p in module.named_parameters() if not p.requires_grad)


def learned_by(module: torch.nn.Module) -> Iterator[torch.nn.Parameter]:
    return (p for p in module.parameters() if p.requires_grad)


def numbers_in(parameters: Iterable[Tensor]) -> list[float]:
    return [number for p in parameters for number in p.detach().flatten().tolist()]
