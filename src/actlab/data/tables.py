"""Tables, as CSV files or data frames: a column with the classes, every other one a feature."""

import csv
import gzip
import io
import numbers
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from actlab.data.labels import is_missing
from actlab.errors import UserError, did_you_mean

FILES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_EMPTY = frozenset(("", "na", "n/a", "nan", "null", "none", "?"))
_TRUTH = {"true": "1", "false": "0"}

Columns = list[tuple[str, np.ndarray]]  # in order; of text an array of objects


def is_frame(value: Any) -> bool:
    """Whether this is a table of named columns, whichever package made it."""
    return hasattr(value, "columns") and hasattr(value, "__getitem__")


def columns_of(frame: Any, where: str) -> Columns:
    """The columns of a data frame of pandas, polars, ..."""
    names = [str(name) for name in frame.columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"{where} has several columns called {', '.join(twice)}: give each a name of its own.")
    return [(str(name), np.asarray(frame[name])) for name in frame.columns]


def read(path: Path, target: str) -> tuple[Columns, list[str]]:
    """The columns of a CSV file, features as numbers where they are numbers, and what was left out, in words.

    Separated by commas, semicolons (then 1,5 may be 1.5) or tabs, whichever the first line has most of.

    Raises:
        UserError: no such file, no text, no names in the first line, or a line of another length.
    """
    text = _text(path)
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    commas = separator == ";" and not re.search(r"(^|[;\n])\s*-?\d*\.\d", text)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        rows = [[field.strip() for field in row] for row in lines if row]
    except csv.Error as problem:
        raise UserError(f"{path} is not a whole CSV file: line {lines.line_num}, {problem}.") from None
    names, rows = (rows[0], rows[1:]) if rows else ([], [])
    if not rows or len(names) < 2:
        held = f"{len(rows)} rows and {len(names)} columns"
        raise UserError(f"{path} has {held}, separated by {separator!r}; needed are samples, features and a class.")
    if all(_number(name) for name in names):
        raise UserError(f"The first line of {path} must name the columns; it holds {', '.join(names[:3])}, ...")
    for place, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise UserError(f"Row {place} of {path} has {len(row)} fields, the first line names {len(names)} columns.")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"{path} has several columns called {', '.join(twice)}: give each a name of its own.")
    fields = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    said = []
    if "" in fields and fields[""] in ([str(start + i) for i in range(len(rows))] for start in (0, 1)):
        del fields[""]  # the index that pandas and R write: in sorted files it gives the class away
        said = [f"The column of {path} without a name counts the rows and is left out."]
    return [
        (name, _labels(texts) if name == target else _values(texts, commas)) for name, texts in fields.items()
    ], said


def arrays_of(columns: Columns, target: Any, where: str) -> dict[str, np.ndarray]:
    """x, of every column but one, and y, of that one.

    Raises:
        UserError: no column of this name; or features that are no numbers.
    """
    names = [name for name, _ in columns]
    how = "name the column that holds the classes with --target COLUMN (target=)"
    listed = f"it has {', '.join(names[:20])}{', ...' if len(names) > 20 else ''}"
    if target in (None, ""):
        raise UserError(f"{where} is a table: {how}; {listed}.")
    if str(target) not in names:
        raise UserError(f"{where} has no column {str(target)!r}.{did_you_mean(str(target), names)} To {how}; {listed}.")
    features = [column for column in columns if column[0] != str(target)]
    return {"x": matrix(features, where), "y": dict(columns)[str(target)]}


def matrix(columns: Columns, where: str) -> np.ndarray:
    """The features as float64 (samples, features).

    Raises:
        UserError: the columns that are no numbers, and those with values missing.
    """
    found = {name: real(values) for name, values in columns}
    if other := {name: values for name, values in columns if found[name] is None}:
        held = ", ".join(f"{name} ({_example(values)})" for name, values in list(other.items())[:5])
        more = ", ..." if len(other) > 5 else ""
        raise UserError(
            f"{len(other)} of {len(columns)} feature columns of {where} hold no numbers: {held}{more}. Drop them, or "
            f"make columns of 0 and 1: pandas.get_dummies(frame, columns={list(other)[:5]}, dtype=float)."
        )
    if not found:
        raise UserError(f"{where} has no feature column beside the target: there is nothing to learn from.")
    x = np.column_stack(list(found.values()))
    if (bad := ~np.isfinite(x)).any():
        lacking = [f"{name} ({count})" for name, count in zip(found, bad.sum(axis=0), strict=True) if count]
        raise UserError(
            f"{bad.any(axis=1).sum()} of {len(x)} rows of {where} have a value missing or infinite, in column "
            f"{', '.join(lacking[:5])}{', ...' if len(lacking) > 5 else ''}. Drop those rows or fill them "
            "(frame.dropna(), frame.fillna(...)): actlab does neither on its own."
        )
    return x


def real(values: np.ndarray) -> np.ndarray | None:
    """As float64, with NaN for what is missing; None where these are no real numbers."""
    if values.dtype.kind == "O":
        kept = [None if is_missing(value) else value for value in values.ravel()]
        if not all(value is None or isinstance(value, numbers.Real | Decimal) for value in kept):
            return None
        return np.array([np.nan if value is None else float(value) for value in kept]).reshape(values.shape)
    return values.astype(np.float64) if values.dtype.kind in "buif" else None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix.lower() == ".gz" else content
    except FileNotFoundError:
        raise UserError(f"There is no file {path}. Needed is a CSV file whose first line names its columns.") from None
    except (OSError, EOFError) as problem:
        raise UserError(f"{path} cannot be read: {problem}.") from None
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as problem:
        raise UserError(f"{path} is no text in UTF-8 (see byte {problem.start}): save it as UTF-8.") from None


def _labels(texts: list[str]) -> np.ndarray:
    """Numbers where all are numbers, else the text as it is written: "None" and "NA" may be classes."""
    if all(map(_number, texts)):
        return np.array(texts, float)
    return np.array([text or None for text in texts], object)


def _values(texts: list[str], commas: bool) -> np.ndarray:
    kept = [None if text.lower() in _EMPTY else _TRUTH.get(text.lower(), text) for text in texts]
    if commas:
        kept = [text and re.sub(r"^([+-]?\d*),(\d+)", r"\1.\2", text) for text in kept]
    if all(text is None or _number(text) for text in kept):
        return np.array([np.nan if text is None else float(text) for text in kept])
    return np.array(kept, object)


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _example(values: np.ndarray) -> str:
    if values.dtype.kind != "O":
        return f"{values.dtype}"
    return f"such as {next(value for value in values if not isinstance(value, numbers.Real | None))!r}"
