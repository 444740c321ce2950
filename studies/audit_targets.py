"""What the audit looks at: every activation class of PyTorch and of five packages, each as code that makes it."""

import dataclasses
import importlib
import importlib.abc
import importlib.machinery
import inspect
import types
import warnings
from collections.abc import Iterator
from typing import Any

import torch

# arguments where the defaults do not suffice
ARGUMENTS = {
    ("torch.nn", "Threshold"): "0.1, 20",
    ("torch.nn", "MultiheadAttention"): "8, 2",
}
_SHAPED = "1"  # torch-activation's parameters for every place: one for all

# what a class is meant to be, where its library says so: names of actlab's catalogue
REFERENCES = {
    "torch.nn": {
        "CELU": "celu", "ELU": "elu", "GELU": "gelu", "Hardshrink": "hardshrink", "Hardsigmoid": "hardsigmoid",
        "Hardswish": "hardswish", "Hardtanh": "hardtanh", "LeakyReLU": "leaky_relu", "LogSigmoid": "logsigmoid",
        "Mish": "mish", "ReLU": "relu", "ReLU6": "relu6", "RReLU": "rrelu", "SELU": "selu", "SiLU": "silu",
        "Sigmoid": "sigmoid", "Softplus": "softplus", "Softshrink": "softshrink", "Softsign": "softsign",
        "Tanh": "tanh", "Tanhshrink": "tanhshrink",
    },
    "timm": {
        "Swish": "silu", "SwishMe": "silu", "Mish": "mish", "MishMe": "mish", "Sigmoid": "sigmoid", "Tanh": "tanh",
        "HardSwish": "hardswish", "HardSwishMe": "hardswish", "HardSigmoid": "hardsigmoid",
        "HardSigmoidMe": "hardsigmoid", "HardMish": "hard_mish", "HardMishMe": "hard_mish", "GELU": "gelu",
        "GELUTanh": "gelu_tanh", "QuickGELU": "quick_gelu",
    },
    "transformers": {
        "gelu": "gelu", "gelu_new": "gelu_tanh", "gelu_python": "gelu", "gelu_pytorch_tanh": "gelu_tanh",
        "gelu_python_tanh": "gelu_tanh", "gelu_accurate": "gelu_tanh", "hardswish": "hardswish", "linear": "identity",
        "leaky_relu": "leaky_relu", "mish": "mish", "quick_gelu": "quick_gelu", "relu": "relu", "relu6": "relu6",
        "relu2": "relu_squared", "sigmoid": "sigmoid", "silu": "silu", "sqrtsoftplus": "sqrt_softplus",
        "swish": "silu", "tanh": "tanh",
    },
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A class of a package: the imports and the expression that make one of it."""

    package: str
    name: str
    imports: str
    code: str
    reference: str | None = None

    def make(self, seed: int = 0) -> torch.nn.Module:
        scope: dict[str, Any] = {}
        exec(self.imports, scope)
        torch.manual_seed(seed)
        return eval(self.code, scope)

    def starts_at_random(self) -> bool:
        """Whether what it is made with is drawn: then a command that makes it names the seed."""
        states = [list(module.state_dict().values()) for module in (self.make(0), self.make(1))]
        return any(not torch.equal(one, two) for one, two in zip(*states, strict=True))


def _torch() -> Iterator[tuple[str, str, str]]:
    from torch.nn.modules import activation

    for name in sorted(activation.__all__):
        yield name, "import torch", f"torch.nn.{name}({ARGUMENTS.get(('torch.nn', name), '')})"


def _timm() -> Iterator[tuple[str, str, str]]:
    without_torchvision()
    for place in ("activations", "activations_me"):
        module = importlib.import_module(f"timm.layers.{place}")
        for name in _classes(module):
            yield name, f"import torch, timm.layers.{place} as a", f"a.{name}()"


def _transformers() -> Iterator[tuple[str, str, str]]:
    from transformers.activations import ACT2FN

    for name in ACT2FN:
        yield name, "import torch; from transformers.activations import ACT2FN", f"ACT2FN[{name!r}]"


def _torch_activation() -> Iterator[tuple[str, str, str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = importlib.import_module("torch_activation")
    for name in _classes(module, own=False):
        needs = inspect.signature(getattr(module, name)).parameters.get("input_shape")
        given = _SHAPED if needs is not None and needs.default is needs.empty else ""
        yield name, "import torch, torch_activation", f"torch_activation.{name}({given})"


def _actix() -> Iterator[tuple[str, str, str]]:
    module = importlib.import_module("actix.activations_torch")
    for name in _classes(module):
        yield name, "import torch, actix.activations_torch as a", f"a.{name}()"


def _torchact() -> Iterator[tuple[str, str, str]]:
    module = importlib.import_module("torchact.nn")
    for name in sorted(module.__all__):
        yield name, "import torch, torchact.nn", f"torchact.nn.{name}()"


PACKAGES = {
    "torch.nn": _torch,
    "timm": _timm,
    "transformers": _transformers,
    "torch-activation": _torch_activation,
    "actix": _actix,
    "torchact": _torchact,
}


def _classes(module: types.ModuleType, *, own: bool = True) -> list[str]:
    return sorted(
        name
        for name, thing in vars(module).items()
        if isinstance(thing, type) and issubclass(thing, torch.nn.Module) and not name.startswith("_")
        if not own or thing.__module__ == module.__name__
    )


def without_torchvision() -> bool:
    """Whether torchvision, which timm imports and its activations do not use, had to be replaced by empty classes."""
    try:
        importlib.import_module("torchvision")
        return any(isinstance(finder, _StandIn) for finder in importlib.sys.meta_path)
    except Exception:  # also a torchvision that does not fit this torch
        for name in [n for n in importlib.sys.modules if n.split(".")[0] == "torchvision"]:
            del importlib.sys.modules[name]
        importlib.sys.meta_path.insert(0, _StandIn())
        return True


class _Empty(type):
    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


class _Module(types.ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Empty(name, (), {})


class _StandIn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules called torchvision in which every name is an empty class."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        found = name.split(".")[0] == "torchvision"
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if found else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass
