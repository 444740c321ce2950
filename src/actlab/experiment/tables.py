"""A run's tables as files that other programs read."""

from pathlib import Path

from actlab.errors import UserError, need_extra, one_of
from actlab.experiment.store import Run

FORMATS = ("csv", "json", "parquet")
TABLES = ("trials", "curves", "times", "costs")


def made(folder: Path) -> Path:
    """The folder, which is there now."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be made: {error.strerror or error}.") from None
    return folder


def export(run: Run, kind: str, folder: Path) -> list[Path]:
    """Write every table of a run; returns the files. NaN is an empty field in CSV, null elsewhere."""
    if kind not in FORMATS:
        raise one_of("format", kind, (*FORMATS, "latex"))
    made(folder)
    files = []
    for name in TABLES:
        frame = getattr(run, name)
        file = folder / f"{name}.{kind}"
        if kind == "csv":
            frame.to_csv(file, index=False)
        elif kind == "json":
            frame.to_json(file, orient="records", indent=1, double_precision=15)
        else:
            try:
                frame.to_parquet(file, index=False)
            except ImportError:
                raise need_extra("parquet", "pyarrow") from None
        files.append(file)
    return files
