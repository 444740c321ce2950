"""What goes with an old activation, and what brings it back."""

import functools
from collections.abc import Iterator
from typing import Any

import torch
from torch.nn.parameter import is_lazy

from actlab.swapping.known import HOOKS, hooks_of_others

_CALL_HOOKS = [name for name in HOOKS if "state_dict" not in name]


def _if_held(held: dict[int, Any], key: int, *given: Any) -> Any:
    """What a hook gives, as long as it is in the dict of its handle: whoever holds that can still remove it."""
    return held[key](*given) if key in held else None


def move_hooks(old: torch.nn.Module, fresh: torch.nn.Module) -> None:
    """The hooks of a call go over, after the new one's own, in the dict that they are in where that has none."""
    for name in _CALL_HOOKS:
        held, own = vars(old)[name], vars(fresh)[name]
        moved = hooks_of_others(old, held)
        if not own and (held is True or moved == (held or {})):
            vars(fresh)[name] = held
            continue
        for key, hook in moved.items():
            own[key] = hook if hook is True else functools.partial(_if_held, held, key)


def losses(name: str, thing: Any) -> Iterator[str]:
    """What is lost with an activation, in words."""
    if not isinstance(thing, torch.nn.Module):
        return
    shown, held = name or "the model itself", vars(thing)
    if numbers := sum(tensor.numel() for tensor in thing.parameters() if not is_lazy(tensor)):
        yield f"{shown}: what it learned is lost, {numbers} number{'s' * (numbers > 1)}; make the optimizer anew."
    if "forward" in held:
        yield f"{shown}: the forward put in place of its own, as accelerate does, is lost."
    if any(held[hook] for hook in HOOKS if hook not in _CALL_HOOKS):
        yield f"{shown}: hooks on its state_dict are lost."
    if moved := sum(
        len(hooks_of_others(thing, held[hook])) for hook in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
    ):
        yield f"{shown}: {moved} hook{'s' * (moved > 1)} moved to the new module."


def undone(model: torch.nn.Module) -> Iterator[str]:
    """What makes the model anew from its configuration, with the old activations: Hugging Face's, and Lightning's."""
    for module in model.modules():
        for maker in ("from_pretrained", "load_from_checkpoint"):
            if hasattr(type(module), maker):
                config = vars(module).get("config")
                fields = getattr(config, "__dict__", {}).items()
                named = [f"{key} = {value!r}" for key, value in fields if "act" in key and isinstance(value, str)]
                says = f", whose configuration says {', '.join(named)}" if named else ""
                yield (
                    f"{type(module).__name__}.{maker} makes the model anew{says}: the old activations with the new "
                    "weights. Swap again after loading."
                )
                return
