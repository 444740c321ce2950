"""A run's tables as files that other programs read."""

from pathlib import Path

from actlab.errors import extra, one_of
from actlab.experiment.disk import told, write_by
from actlab.experiment.run import Run

_OPTIONS = {  # of pandas' to_csv, to_json and to_parquet
    "csv": {"index": False},
    "json": {"orient": "records", "indent": 1, "double_precision": 15},
    "parquet": {"index": False},
}
TABLES = ("trials", "curves", "times", "costs")


def made(folder: Path) -> Path:
    """The folder, which is there now."""
    with told(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def export(run: Run, kind: str, folder: Path) -> list[Path]:
    """Write every table of a run; returns the files. NaN is an empty field in CSV, null elsewhere."""
    if kind not in _OPTIONS:
        raise one_of("format", kind, (*_OPTIONS, "latex"))
    made(folder)
    files = []
    for name in TABLES:
        files.append(folder / f"{name}.{kind}")
        write = getattr(getattr(run, name), f"to_{kind}")
        with extra("parquet", "pyarrow"):
            write_by(files[-1], lambda handle, write=write: write(handle, **_OPTIONS[kind]))
    return files
