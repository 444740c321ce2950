"""The house: imports go down, one third-party package has one address, files stay small."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1] / "src" / "actlab"
FILES = {".".join(p.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__"): p for p in HOUSE.rglob("*.py")}

# every room, from the ground up: a room may import from lower floors and from its own neighbours named here
FLOORS = [
    {"errors"},
    {"catalogue", "sources", "streams", "processes"},
    {"formula"},
    {"targets"},
    {"spec", "activations", "stats", "data", "disk"},
    {"store", "looked", "functional", "products", "batches", "replay", "denormals"},
    {"nn", "optimizers", "models", "executors", "export", "judging", "properties", "tuning"},
    {"train", "loading", "identify", "swapping"},
    {"show", "plain", "costs", "machine", "checkpoints", "battery", "sharing"},
    {"report", "work", "plan", "testing", "gradient", "preflight"},
    {"entries"},
    {"run"},
    {"reproduce", "terminal", "tryout", "confirm", "bench"},
    {"cli"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
NEIGHBOURS = {("models", "optimizers")}  # the type of a slice, for the type checker alone, goes the other way

ADDRESSES = {
    "matplotlib": {"report"},
    "plotly": {"report"},
    "jinja2": {"report"},
    "hiplot": {"report"},
    "typer": {"cli"},
    "rich": {"terminal", "cli"},
    "pooch": {"data"},
    "requests": {"data"},
    "sklearn": {"data"},
    "scipy": {"stats", "identify"},
    "threadpoolctl": {"stats"},
    "sympy": {"formula"},
    "mpmath": {"formula"},
    "sqlite3": {"store", "disk"},
    "tomli_w": {"spec"},
    "safetensors": {"work", "loading"},
    "cloudpickle": {"sources"},
    "jax": {"bench"},
}


def room(module: str) -> str:
    return module.split(".")[0]


def imports(path: Path, *, for_types: bool = False) -> set[str]:
    """Every module that a file imports; what is for type checkers alone only if asked."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set()
    if not for_types:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                skipped |= {id(inner) for part in node.body for inner in ast.walk(part)}
    found = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path.name}: imports are absolute"
            if node.module == "actlab":
                found |= {f"actlab.{alias.name}" for alias in node.names if f"{alias.name}" in FLOOR}
            else:
                found.add(node.module)
    return found


def test_every_room_has_a_floor():
    assert {room(name) for name in FILES if name != "__init__"} == set(FLOOR)


@pytest.mark.parametrize("name", [name for name in FILES if name != "__init__"])
def test_imports_only_go_down(name):
    here = room(name)
    for module in imports(FILES[name]):
        if module.startswith("actlab."):
            there = module.split(".")[1]
            lower = FLOOR[there] < FLOOR[here]
            assert there == here or lower or (here, there) in NEIGHBOURS, f"{name} imports {module}"


@pytest.mark.parametrize("package", ADDRESSES)
def test_a_package_has_one_address(package):
    users = {room(name) for name, path in FILES.items() if package in {room(m) for m in imports(path)}}
    assert users and users <= ADDRESSES[package]


@pytest.mark.parametrize(
    "name", ["spec", "store", "stats", "report", "catalogue", "targets", "data", "cli", "show", "export"]
)
def test_no_torch_where_none_is_needed(name):
    code = f"import sys, actlab.{name}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_help_and_list_load_nothing_slow():
    """The cause of a slow start, not the clock."""
    slow = {"torch", "numpy", "scipy", "pandas", "matplotlib", "plotly", "sklearn", "hiplot", "pooch"}
    for command in (["--help"], ["list"], ["compare", "--help"]):
        code = f"""
import sys
sys.argv = ["actlab", *{command}]
from actlab.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
bad = {slow} & set(sys.modules)
assert not bad, bad
"""
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_files_stay_small():
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in FILES.items()}
    assert {name: n for name, n in lines.items() if n > 450} == {}


def test_the_public_names():
    import actlab

    assert sorted(actlab.__all__) == sorted(
        [
            "__version__", "elu", "gelu", "gelu_tanh", "identity", "leaky_relu", "mish", "prelu", "relu", "sigmoid",
            "silu", "softplus", "tanh", "Activation", "activation", "Experiment", "Run", "Trial", "UserError",
            "check", "compare", "judge", "load_model", "load_run", "summarise", "swap", "functional", "nn",
        ]
    )  # fmt: skip
    for name in actlab.__all__:
        assert getattr(actlab, name) is not None
    assert "compare" in dir(actlab)
    with pytest.raises(AttributeError, match="no attribute 'rleu'"):
        _ = actlab.rleu
