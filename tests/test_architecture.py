"""The house: imports go down and through front doors, one third-party package has one address, budgets are kept."""

import ast
import functools
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import house

pytestmark = pytest.mark.xdist_group("house")  # its files are parsed once
ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "src" / "actlab"
FILES = {".".join(p.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__"): p for p in HOUSE.rglob("*.py")}
PACKAGES = {name for name, path in FILES.items() if path.name == "__init__.py"} - {"__init__"}
OUTSIDE = {"__init__", "__main__"}  # what opens the house from the street

FLOOR = {room: level for level, rooms in enumerate(house.FLOORS) for room in rooms}

ADDRESSES = {
    "jinja2": {"report"},
    "vl_convert": {"report"},
    "hiplot": {"report"},
    "typer": {"cli"},
    "rich": {"cli"},
    "pooch": {"data"},
    "requests": {"data"},
    "urllib3": {"data"},
    "sklearn": {"data"},
    "scipy": {"stats"},
    "threadpoolctl": {"stats"},
    "sympy": {"making"},
    "mpmath": {"formula", "making"},
    "flint": {"formula"},
    "sqlite3": {"experiment"},
    "tomli_w": {"experiment"},
    "safetensors": {"running", "workflows"},
    "cloudpickle": {"naming"},
    "pytest": {"testing"},
}
PUBLIC = {  # what people use, and no other room
    "activations": {"get"},
    "data": {"load", "names"},
    "cli": {"main"},
    "testing": {"assert_activation"},
}


SLOW = {"torch", "numpy", "scipy", "pandas", "vl_convert", "sklearn", "hiplot", "pooch", "requests"}


def room(module: str) -> str:
    return module.split(".")[0]


@functools.cache
def nodes_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def named(node: ast.AST, package: str) -> bool:
    """Whether it is an attribute of a room: `naming.parse`."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == package


def imports(path: Path, *, for_types: bool = False) -> set[str]:
    """Every name that a file imports, with its module before it; what is for type checkers alone only if asked."""
    nodes = nodes_of(path)
    skipped = set()
    if not for_types:
        for node in nodes:
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                skipped |= {id(inner) for part in node.body for inner in ast.walk(part)}
    found = set()
    for node in nodes:
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path.name}: imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def ours(path: Path, **how) -> set[str]:
    return {name.removeprefix("actlab.") for name in imports(path, **how) if name.startswith("actlab.")} - {
        "__version__"
    }


def door(package: str) -> set[str]:
    """What a room's stub lists."""
    nodes = nodes_of(HOUSE / package / "__init__.pyi")
    return {alias.asname for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}


def file_of(name: str) -> str | None:
    """The file that a name comes from; through doors, the one behind."""
    if name in FILES and name not in PACKAGES:
        return name
    where, _, what = name.rpartition(".")
    if where in PACKAGES and "." not in where:
        for node in nodes_of(HOUSE / where / "__init__.pyi"):
            if isinstance(node, ast.ImportFrom) and what in {alias.asname for alias in node.names}:
                return file_of(f"{where}.{node.module}.{what}") if node.module else None
    return where if where in FILES and where not in PACKAGES else None


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Sets of nodes that reach each other."""
    reached = {node: set() for node in graph}
    for node in graph:
        waiting = list(graph[node])
        while waiting:
            if (other := waiting.pop()) not in reached[node]:
                reached[node].add(other)
                waiting += graph.get(other, ())
    return [
        {node, *(o for o in reached[node] if node in reached.get(o, ()))} for node in graph if node in reached[node]
    ]


def test_every_room_has_a_floor_and_the_page_shows_it():
    assert {room(name) for name in FILES} - OUTSIDE == set(FLOOR)
    page = house.PAGE.read_text(encoding="utf-8")
    assert house.drawn(page) == page, "run `make house`"


def complaints(name: str) -> Iterator[str]:
    """What a file imports that it should not: from a floor above, or past a front door."""
    here = room(name)
    for found in ours(FILES[name], for_types=True):
        there, *rest = found.split(".")
        if there == here or here in OUTSIDE:
            continue
        if FLOOR[there] >= FLOOR[here]:
            yield f"{name} imports {found}, on a floor above"
        if there in PACKAGES and rest and (len(rest) > 1 or rest[0] not in door(there)):
            yield f"{name} enters {there} by {'.'.join(rest)}: see {there}/__init__.pyi"
        if there in PACKAGES - {"nn"} and not rest:  # as data.load
            asked = {node.attr for node in nodes_of(FILES[name]) if named(node, there)}
            yield from (f"{name} asks for {there}.{attribute}" for attribute in asked - door(there))


def test_imports_go_down_and_through_the_front_door():
    assert [text for name in FILES for text in complaints(name)] == []


@pytest.mark.parametrize("package", sorted(package for package in PACKAGES if "." not in package))
def test_a_door_lists_what_somebody_uses_and_what_is_there(package):
    module = importlib.import_module(f"actlab.{package}")
    names = door(package)
    assert all(getattr(module, name) is not None for name in names)
    users = [path for name, path in FILES.items() if room(name) != package]
    used = {found.removeprefix(f"{package}.") for path in users for found in ours(path, for_types=True)}
    used |= {node.attr for path in users for node in nodes_of(path) if named(node, package)}
    used |= {alias.asname for node in nodes_of(HOUSE / "__init__.pyi") for alias in getattr(node, "names", ())}
    if package != "nn":  # the catalogue itself
        assert names - used - PUBLIC.get(package, set()) == set()


def test_no_circle_of_files_or_rooms():
    files = {name: {f for found in ours(path) if (f := file_of(found))} for name, path in FILES.items()}
    assert circles(files) == []
    nested = {name: {room_of(f) for f in found} for name, found in files.items()}
    rooms: dict[str, set[str]] = {}
    for name, found in nested.items():
        here = room_of(name)
        rooms.setdefault(here, set()).update(r for r in found if r != here)
    apart = {
        r: {o for o in found if not o.startswith(f"{r}.") and not r.startswith(f"{o}.")} for r, found in rooms.items()
    }
    assert circles(apart) == []


def room_of(name: str) -> str:
    return name if name in PACKAGES else name.rpartition(".")[0] or name


@pytest.mark.parametrize("package", ADDRESSES)
def test_a_package_has_one_address(package):
    users = {room(name) for name, path in FILES.items() if package in {room(m) for m in imports(path)}}
    assert users and users <= ADDRESSES[package]


def test_no_torch_where_none_is_needed():
    """Everything behind these doors, loaded at once; what people pass by on their way to them loads nothing slow."""
    code = f"""
import importlib, sys
for name in ("actlab.checks.explain", "actlab.data"):
    importlib.import_module(name)
early = {SLOW} & set(sys.modules)
assert not early, early
for name in {sorted(house.WITHOUT_TORCH)}:
    room = importlib.import_module(f"actlab.{{name}}")
    [getattr(room, listed) for listed in dir(room)]
    assert "torch" not in sys.modules, name
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_budgets():
    entries = {name for name in FILES if "." not in name}
    assert len(entries) <= 25 and len(house.FLOORS) <= 10
    counts = {p: sum(room_of(name) == p and name != p for name in FILES) + 1 for p in PACKAGES}
    assert {p: n for p, n in counts.items() if n > 20} == {}
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in FILES.items()}
    assert {name: n for name, n in lines.items() if n > 450} == {}


def test_help_and_list_load_nothing_slow():
    """The cause of a slow start, not the clock."""
    for command in (["--help"], ["list"], ["compare", "--help"]):
        code = f"""
import sys
sys.argv = ["actlab", *{command}]
from actlab.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
bad = {SLOW} & set(sys.modules)
assert not bad, bad
"""
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_public_names():
    import actlab

    assert sorted(actlab.__all__) == sorted(
        [
            "__version__", "elu", "gelu", "gelu_tanh", "identity", "leaky_relu", "mish", "prelu", "relu", "sigmoid",
            "silu", "softplus", "tanh", "Activation", "activation", "Experiment", "Run", "Trial", "UserError",
            "check", "compare", "judge", "load_model", "load_run", "show", "summarise", "swap", "functional", "nn",
        ]
    )  # fmt: skip
    for name in actlab.__all__:
        assert getattr(actlab, name) is not None
    assert "compare" in dir(actlab)
    with pytest.raises(AttributeError, match="rleu"):
        _ = actlab.rleu


STUDIES = sorted((*(ROOT / "studies").rglob("*.py"), *(ROOT / "tools").glob("*.py")))


@pytest.mark.parametrize("script", STUDIES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_scripts_import_is_there(script):
    """They run seldom: a name that has moved would be found when a record is to be made anew."""
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("actlab"):
            for alias in node.names:
                if not hasattr(importlib.import_module(node.module), alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
