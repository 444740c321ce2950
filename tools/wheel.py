"""Build the sdist and the wheel, look into them, and use the wheel in bare environments: light, and with [lab]."""

import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
CONSTRAINTS = ROOT / "constraints.txt"
COMMANDS = {
    "": (["list"], ["check", "relu", "--quick"]),
    "[lab]": (
        ["list"],
        ["check", "relu", "--quick"],
        ["try", "tanh", "--data", "digits", "--seeds", "2", "--workers", "1", "--quiet"],
    ),
}


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """A command's output; what it says where it fails ends this script."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def built() -> Path:
    """The wheel, with the sdist beside it, after twine has read both."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", DIST, ROOT)
    files = sorted(DIST.iterdir())
    run(sys.executable, "-m", "twine", "check", "--strict", *files)
    [wheel] = [file for file in files if file.suffix == ".whl"]
    return wheel


def lacking(wheel: Path) -> list[str]:
    """What of the source is not in the wheel."""
    source = ROOT / "src"
    kinds = ("*.py", "*.pyi", "*.html", "*.txt", "py.typed", "*.json")
    wanted = {file.relative_to(source).as_posix() for kind in kinds for file in (source / "actlab").rglob(kind)}
    return sorted(wanted - set(zipfile.ZipFile(wheel).namelist()))


def used(wheel: Path, extra: str, folder: Path) -> str:
    """Install the wheel where nothing else is, and run what this extra promises; returns what was brought."""
    venv.create(folder / "env", with_pip=True)
    binaries = folder / "env" / "bin"
    run(binaries / "python", "-m", "pip", "install", "-q", "-c", CONSTRAINTS, f"{wheel}{extra}", cwd=folder)
    for command in COMMANDS[extra]:
        run(binaries / "actlab", *command, cwd=folder)
    return run(binaries / "python", "-m", "pip", "list", "--format", "freeze", cwd=folder)


def main() -> None:
    wheel = built()
    if missing := lacking(wheel):
        sys.exit(f"{wheel.name} lacks {', '.join(missing)}.")
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, all files")
    for extra, commands in COMMANDS.items():
        with tempfile.TemporaryDirectory() as folder:
            brought = used(wheel, extra, Path(folder)).split()
        if not extra and any(name.startswith(("scipy", "pandas", "vl")) for name in brought):
            sys.exit(f"The light install brings {' '.join(brought)}.")
        print(f"actlab{extra}: {len(brought)} packages; {', '.join(words[0] for words in commands)} run")


if __name__ == "__main__":
    main()
