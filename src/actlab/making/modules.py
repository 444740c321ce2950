"""Modules with a state, that act differently in training, or made for one width: each network has one of its own.

Legend: m networks, B samples, H units, P inputs of an activation in a network, L learned parameters.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.utils import vector_to_parameters

from actlab.errors import UserError
from actlab.making import probing
from actlab.making.applied import ByAutograd


@dataclasses.dataclass(frozen=True)
class ByModule(ByAutograd):
    """A module, as it is before the first batch. As a function it is in evaluation, for curves and costs."""

    module: torch.nn.Module = dataclasses.field(kw_only=True)  # made for the layer's width
    label: str = dataclasses.field(kw_only=True)

    def copies(self, learned_mL: Tensor) -> "Copies":
        """One for each network; what they learn are the rows, which an optimizer may change."""
        modules = [probing.copied(self.module).to(learned_mL.device, learned_mL.dtype) for _ in learned_mL]
        return Copies(modules, learned_mL, self.label)

    def as_module(self, learned: Tensor | None = None, state: probing.State | None = None) -> torch.nn.Module:
        module = probing.copied(self.module)
        if learned is not None:
            vector_to_parameters(learned, probing.learned_by(module))
        probing.put_back(module, state or {})
        return module


class Copies:
    """The modules of a slice's networks in a hidden layer."""

    def __init__(self, modules: Sequence[torch.nn.Module], learned_mL: Tensor, label: str) -> None:
        self.modules, self.label = list(modules), label
        for module, row in zip(self.modules, learned_mL, strict=True):
            vector_to_parameters(row, probing.learned_by(module))  # which lie in the row from now on

    def forward(self, z_mBH: Tensor, *, training: bool, slopes: bool) -> tuple[Tensor, Any]:
        """y, and what the way back needs where `slopes` are wanted; network by network, in a step's mode or not."""
        leaves = [z.detach().requires_grad_(slopes) for z in z_mBH]
        outputs = []
        with torch.set_grad_enabled(slopes):
            for module, z in zip(self.modules, leaves, strict=True):
                if module.training != training:
                    module.train(training)
                # a clone: a module that works in place must not change what autograd holds
                outputs.append(self._told(module, z.clone()))
        if outputs[0].shape != z_mBH[0].shape:
            raise UserError(f"{self.label} turns {tuple(z_mBH[0].shape)} into {tuple(outputs[0].shape)} in a network.")
        return torch.stack([y.detach() for y in outputs]), (leaves, outputs)

    def through(self, gradient_mBH: Tensor, saved: Any, *, again: bool = False) -> None:
        """dL/dz from dL/dy, in place: of a whole batch, for an output may depend on all of it. `again`: more follow."""
        for gradient, z, y in zip(gradient_mBH, *saved, strict=True):
            (slope,) = self._told(torch.autograd.grad, y, z, gradient, retain_graph=again, materialize_grads=True)
            gradient.copy_(slope)

    def backward_learned(self, saved: Any, gradient_mBH: Tensor) -> Tensor:
        """The loss's gradient with respect to each learned parameter, (m, L), from dL/dy."""
        rows = []
        for module, y, gradient in zip(self.modules, saved[1], gradient_mBH, strict=True):
            wanted = list(probing.learned_by(module))
            slopes = self._told(torch.autograd.grad, y, wanted, gradient, retain_graph=True, materialize_grads=True)
            rows.append(torch.cat([slope.flatten() for slope in slopes]))
        return torch.stack(rows)

    def states(self) -> list[probing.State]:
        return [probing.state_of(module) for module in self.modules]

    def restore(self, states: Sequence[probing.State], chosen: Sequence[bool] | None = None) -> None:
        """Take over the states of these networks, or of those chosen."""
        for place, (module, state) in enumerate(zip(self.modules, states, strict=True)):
            if chosen is None or chosen[place]:
                probing.put_back(module, state)

    def bound(self, learned_mL: Tensor) -> "Copies":
        """The same modules and states anew, learning other rows."""
        return Copies([probing.copied(m).to(learned_mL.device) for m in self.modules], learned_mL, self.label)

    def _told(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return probing.guarded(self.label, call, *arguments, where="while a network was trained", **options)


def saved(module: torch.nn.Module) -> dict[str, Tensor]:
    """What a run's file holds of a module, by the names that follow its place."""
    parameters = [p.flatten() for p in probing.learned_by(module)]
    state = {f"state.{name}": tensor for name, tensor in probing.state_of(module).items() if tensor is not None}
    return state | ({"learned": torch.cat(parameters)} if parameters else {})


class _Evaluated:
    """A module at its start, in evaluation, as a function of elements and one flat row of what it learns."""

    def __init__(self, module: torch.nn.Module, width: int) -> None:
        self.module, self.width = module, width

    def __call__(self, z_P: Tensor, row: Tensor) -> Tensor:
        module = probing.copied(self.module).to(z_P.dtype).eval()
        learned = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        pieces = row.to(z_P.dtype).split([p.numel() for _, p in learned])
        named = {name: piece.view(p.shape) for (name, p), piece in zip(learned, pieces, strict=True)}
        y_PH = torch.func.functional_call(module, named, (z_P.unsqueeze(1).expand(-1, self.width).clone(),))
        return y_PH[:, 0]  # of its first unit, where units differ


def needs_its_own(module: torch.nn.Module) -> bool:
    """Whether it is more than one function of elements and learned parameters, whatever batch, width and mode."""
    if (
        any(isinstance(part, LazyModuleMixin) for part in module.modules())
        or next(probing.kept(module), None) is not None
    ):
        return True
    try:
        evaluated, trained = (probing.copied(module).float().train(mode) for mode in (False, True))
        for x in map(
            probing.values, (probing.WIDTH + 1, probing.WIDTH + 33, probing.WIDTH + 1)
        ):  # two sizes, of which a width is not both
            if not probing.same(evaluated(x.clone()), trained(x.clone())):
                return True
        return probing.numbers_of(trained) != probing.numbers_of(probing.copied(module).float())
    except (Exception, SystemExit):  # a width, or a number of axes, that it is not made for
        return True


def by_module(module: torch.nn.Module, label: str, width: int = probing.WIDTH) -> ByModule:
    """A module made for a layer of this width."""
    made = probing.materialised(probing.copied(module).float(), label, probing.a_batch(width)).train()
    initial = probing.numbers_in(probing.learned_by(made))
    return ByModule(_Evaluated(made, width), initial, module=made, label=label)
