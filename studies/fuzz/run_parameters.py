"""A run's parameters made by a stranger: safetensors files, from which a network is made or not."""

import json
import random
import tempfile
from pathlib import Path

from studies.fuzz import stranger

from actlab.workflows import load_model

TITLE = "a run's parameters (safetensors) made by a stranger: the network that was trained, or one line"
MODULES = ("workflows/loading.py",)
SEEDS: list[bytes] = []
SECONDS, BYTES = 10.0, 2**29
MENDED = (
    "run.db named parameters anywhere on the machine, and they were read.",
    "A kept source that was not what had been trained was run.",
    "Damaged files, other shapes and kinds of numbers ended in tracebacks; learned parameters left out went unseen.",
)

_folder = Path()
_content = b""


def prepare() -> None:
    global _folder, _content
    _folder = stranger.made(Path(tempfile.mkdtemp(prefix="strangers-")) / "run")
    _content = _file().read_bytes()


def _file() -> Path:
    return _folder / "parameters" / "stack.safetensors"


def make(chance: random.Random) -> bytes:
    """The file with changes in what its header says of a tensor."""
    size = int.from_bytes(_content[:8], "little")
    said, rest = json.loads(_content[8 : 8 + size]), _content[8 + size :]
    names = sorted(said)[:4] if chance.random() < 0.7 else sorted(said)
    for _ in range(chance.choice((0, 1, 1, 2, 4))):
        _spoil(chance, said, chance.choice(names))
    head = json.dumps(said).encode()
    sizes = [len(head)] * 8 + [0, 1, 2**31, 2**63 - 1, 2**63, len(head) + 1]
    return chance.choice(sizes).to_bytes(8, "little") + head + rest[: chance.choice((None, None, None, 7, 0))]


def _spoil(chance: random.Random, said: dict[str, object], name: str) -> None:
    item = said.get(name)
    kind = chance.randrange(6)
    if not isinstance(item, dict) or kind == 0:
        said.pop(name, None)
    elif kind == 1:
        item["dtype"] = chance.choice(("F64", "F16", "BF16", "I32", "U8", "BOOL", "I64", "F8_E4M3", "C64", "odd", 3))
    elif kind == 2:
        sides = (0, 1, 2, 3, 4, 8, 12, 2**31, 2**40, 2**63, -1)
        item["shape"] = [chance.choice(sides) for _ in range(chance.randrange(4))]
    elif kind == 3:
        ends = (0, 4, 8, 12, 48, 2**40, 2**63)
        item["data_offsets"] = [chance.choice(ends), chance.choice(ends)]
    elif kind == 4:
        said[name.replace(".", chance.choice((".state.", "..", "/", "")), 1)] = said.pop(name)
    else:
        said["__metadata__"] = chance.choice(({"a": "b"}, {"a": 1}, [], "x", None))


def run(content: bytes) -> None:
    _file().write_bytes(content)
    for name in ("prelu", "relu"):
        network = load_model(_folder, name, seed=0)
        shapes = [tuple(layer.weight.shape) for layer in list(network)[::2]]
        assert [shape[0] for shape in shapes[:2]] == list(stranger.HIDDEN), shapes
