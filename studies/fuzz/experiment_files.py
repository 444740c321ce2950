"""Any bytes as experiment.toml: an experiment that is written and read again, or one line."""

import random
from pathlib import Path

from studies.fuzz import inputs

from actlab.experiment import Experiment

TITLE = "experiment.toml: an experiment that is written and read again, or one line"
MODULES = ("experiment/spec.py", "experiment/bounded.py")
SECONDS, BYTES = 5.0, 2**28
MENDED = (
    "lists in lists, deep, ended in RecursionError",
    "a name of 100,000 parts took gigabytes and minutes: the parser's memory goes by the square of their number",
    "numbers of more than 4,300 digits, or beyond 1e308 where a fraction is meant, ended in errors of Python's",
    "choices whose product is 10^9 trials were begun: more than 1,000,000 are refused before they are made",
    "a margin_used that is nan made an experiment another one each time that it was read",
    "a file with UTF-8's mark, as Windows writes it, was refused",
    "a pipe or a device in place of a file was waited for, or read without end",
)

_KEYS = (
    "activations", "seeds", "learning_rate", "weight_decay", "dropout", "initialisation", "data", "data_note", "target",
    "content", "baseline", "margin", "margin_used", "max_seeds", "tuned", "pipeline", "split", "hidden", "optimizer",
    "momentum", "betas", "epsilon", "schedule", "batch_size", "epochs", "loss", "metric", "dtype", "engine",
)  # fmt: skip
_VALUES = (
    "1", "0", "-1", "10", "0.5", "nan", "inf", "-inf", "-0.0", "true", "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z",
    "9223372036854775807", "9223372036854775808", "1" + "0" * 400, "9" * 5000, "0x" + "f" * 5000, "1_000", "1e308",
    "1e400", '""', '"relu"', "'tanh'", '"x*sigmoid(x)"', '"\\u001b[31m"', '"\\ud800"', '"""a\nb"""', "[]", "[1, 2]",
    "[0.1, 0.01]", "[nan, nan]", '["relu", "tanh"]', '["relu", "ReLU"]', '["relu/tanh"]', "[[1]]", "[1, 'a']", "{}",
    "{a = 1}", "{a.b.c = 1}", "100000", "1000000", "[1000000000]", "[65536, 65536]", '"cross_entropy"', '"adamw"',
    '"mean_squared_error"', '"r2"', '"plain"', '"gain"', '["gain", "pytorch"]', "[0.9, 0.99]", '"file.py:f"', '"../x"',
)  # fmt: skip
_FITTING = {
    "activations": '["relu", "tanh"]', "seeds": "[0, 1, 2]", "learning_rate": "[0.1, 0.01]", "hidden": "[16]",
    "epochs": "5", "optimizer": '"momentum"', "data": '"digits"',"margin": "0.5", "max_seeds": "10",
    "dropout": "[0.1]",
    "tuned": "{relu = {learning_rate = 0.1, weight_decay = 0.0, dropout = 0.0, initialisation = 'pytorch'}}",
}  # fmt: skip
_FITTING |= {"loss": '"mean_squared_error"', "metric": '"r2"', "split": '"resplit"', "dtype": '"float64"'}


def make(chance: random.Random) -> bytes:
    lines = [f"{key} = {value}" for key, value in _FITTING.items() if chance.random() < 0.4]
    for _ in range(chance.choice((0, 1, 1, 2))):
        key = chance.choice((*_KEYS, *_KEYS, "epoch", "lr", '"a\\nb"', "''", "a.b", "tuned.relu.dropout", "é"))
        lines.append(
            chance.choice(("{} = {}",) * 8 + ("[{}]\na = {}", "[[{}]]\nb = {}")).format(key, chance.choice(_VALUES))
        )
    chance.shuffle(lines)
    text = chance.choice(("\n", "\n", "\r\n")).join(lines)
    return text.encode(chance.choice(("utf-8",) * 9 + ("utf-8-sig", "utf-16", "latin-1")), "ignore")


def change(chance: random.Random, given: bytes) -> bytes:
    """A value in place of another."""
    lines = given.split(b"\n")
    place = chance.randrange(len(lines))
    lines[place] = lines[place].partition(b"=")[0] + b"= " + chance.choice(_VALUES).encode()
    return b"\n".join(lines)[: inputs.LONGEST]


_MANY = ",".join(f"0.{k:04}" for k in range(1, 2000)).encode()
SEEDS = [
    b"", Experiment().to_toml().encode(), Experiment(activations=("relu",), seeds=(3,)).to_toml().encode(),
    b"seeds=" + b"[" * 10**5, b"a" + b".a" * 10**5 + b"=1", b"x=" + b"{a=" * 10**4, b"[" + b"a." * 10**5 + b"a]",
    b'x={"a"' + b'."a"' * 10**5 + b"=1}", b"epochs=" + b"9" * 5000, b"hidden=[" + b"1," * 10**4 + b"]",
    b"seeds=100000\nlearning_rate=[" + _MANY + b"]\nweight_decay=[" + _MANY + b"]",
    b"optimizer='" + b"a" * 10**6 + b"'",
    b"".join(b"k%d=1\n" % k for k in range(10**4)), b"x=1\n" * 10**5, b"".join(b"[a%d]\n" % k for k in range(10**4)),
    b"[a.b.c.d.e.f.g.h]\n" * 10**4, b"[[a]]\n" * 10**5, b'"' * 10**6, b"'''" + b"a." * 10**5, b"#" * 10**6,
    b"seeds=[" + b",".join(b"%d" % k for k in range(20000)) + b"]",
]  # fmt: skip


def run(given: bytes) -> None:
    path = Path("experiment.toml")
    path.write_bytes(given)
    found = Experiment.read(path)
    assert len(found.points) * len(found.seeds) * len(found.activations) <= 10**6 or found.tuned
    again = Experiment.from_toml(found.to_toml())
    assert again == found, "another experiment when it is read again"
