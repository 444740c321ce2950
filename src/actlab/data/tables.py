"""Tables, as CSV files or data frames: a column with the classes or numbers to learn, every other one a feature."""

import csv
import io
import numbers
import re
import warnings
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from actlab.data.labels import is_missing, some
from actlab.errors import UserError, did_you_mean, extra
from actlab.experiment import content, free_memory

FILES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_CELL = 80  # bytes of memory that reading a cell takes at most, beside twice the text
_MANY = "There is no room for all of it in memory: give fewer rows or columns."
_BEFORE = re.compile(r"\A([^\S\n]*\n)*(sep=.\s*\n)?([^\S\n]*\n)*")  # Excel's line; what it says the next one shows
_SEPARATORS = {",": "','", ";": "';'", "\t": "a tab", "|": "'|'"}
_WHOLE = re.compile(r"[+-]?(0|[1-9][0-9]{0,999})")  # Python refuses to read longer ones
NUMBER = re.compile(r"(nan|[+-]?(0|[1-9][0-9]*|(?=\.[0-9]))(\.[0-9]*)?(e[+-]?[0-9]+)?)", re.IGNORECASE)


def is_frame(value: Any) -> bool:
    """Whether this is a table of named columns, whichever package made it."""
    return hasattr(value, "columns") and hasattr(value, "__getitem__")


def read(path: Path, target: str, quantity: bool = False) -> tuple[Any, list[str]]:
    """A CSV file as a data frame, and in words what was left out of it.

    Separated by commas, semicolons (then 1,5 may be 1.5), tabs or bars, whichever makes most of the first line. The
    target is read as it is written: "None" and "NA" may be classes, and 1,0 too unless it is known to be a quantity.

    Raises:
        UserError: no such file, or none that can be read.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path}. Needed is a CSV file whose first line names its columns.")
    with extra("lab", "pandas"):
        import pandas
    separator, file = ",", content(path, free_memory() / 3, _MANY)
    try:
        head = file[: file.find(b"\n", 1 << 16) + 1 or None]  # with the whole of the first line
        encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        text = head.decode(encoding, "replace")
        rest = _BEFORE.sub("", text)
        separator = _separator(rest, path)
        if 2 * len(file) + _CELL * sum(file.count(end) for end in (separator.encode(), b"\n", b"\r")) > free_memory():
            raise UserError(f"{path} has {len(file) / 1e6:,.0f} MB of text. {_MANY}")
        decimal = "," if separator == ";" and not re.search(r"\d\.\d", text) else "."
        _need_each_once(rest.splitlines()[0], separator, path)
        how = {"sep": separator, "encoding": encoding, "skipinitialspace": True, "index_col": False}
        how["skiprows"] = text.removesuffix(rest).count("\n")
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of rows that are longer than the first line
            frame = pandas.read_csv(io.BytesIO(file), decimal=decimal, na_values=["?"], low_memory=False, **how)
            if target in frame:
                how |= {"usecols": [target], "dtype": str, "keep_default_na": False}
                texts = pandas.read_csv(io.BytesIO(file), **how)
                frame[target] = _labels(texts[target].str.strip().tolist(), decimal, quantity)
    except UserError:
        raise
    except UnicodeDecodeError:
        raise UserError(f"{path} is neither UTF-8 nor UTF-16 with its mark: save it as UTF-8.") from None
    except (ValueError, MemoryError, Warning) as problem:
        why = " ".join(str(problem).split())
        raise UserError(f"{path} cannot be read as a table with {separator!r} between columns: {why}.") from None
    index = frame.columns[0]
    counts = frame[index].dtype.kind in "iuf" and bool((frame[index].diff()[1:] == 1).all())
    if index == "Unnamed: 0" and counts:  # in sorted files it gives the class away
        return frame.drop(columns=index), [f"The column of {path} without a name counts the rows and is left out."]
    return frame, []


def _need_each_once(first: str, separator: str, path: Path) -> None:
    """Names that differ: pandas numbers those that stand twice, in time by the square of their number."""
    try:
        names = next(csv.reader([first], delimiter=separator, skipinitialspace=True))
    except csv.Error as error:
        raise UserError(f"The first line of {path} cannot be read: {error}.") from None
    if twice := [name for name, count in Counter(names).items() if name and count > 1]:
        raise UserError(f"{path} has several columns called {some(twice)}: give each a name of its own.")


def _separator(text: str, path: Path) -> str:
    """What stands between the names of the first line."""
    if not text.strip():
        raise UserError(f"{path} is empty. Needed is a CSV file whose first line names its columns.")
    first = text.splitlines()[0]
    bare = re.sub(r'"[^"]*"', "", first)  # within quotes nothing separates
    found = [each for each in _SEPARATORS if bare.count(each) == max(map(bare.count, _SEPARATORS))]
    if 1 < len(found) < len(_SEPARATORS):  # all of them: a single column
        raise UserError(
            f"The first line of {path} is {first[:60]!r}: {' and '.join(_SEPARATORS[each] for each in found)} may each "
            "stand between its columns. Write the file with one of them, and names that hold the other in quotes."
        )
    return found[0]


def arrays_of(frame: Any, target: Any, where: str) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """x, of every column but one, and y, of that one; and the names of x's. UserError where there is no such column."""
    names = list(map(str, frame.columns))
    listed = f"Its columns are {some(names, 20)}."
    if any(re.match(r"-?\d+\.\d", name) for name in names):
        listed += " If these are values: the first line of a file has to name the columns."
    if target in (None, ""):
        raise UserError(
            f"{where} is a table: --target COLUMN (target=) names the column of its classes, or of the numbers "
            f"that are to be learned. {listed}"
        )
    if str(target) not in names:
        raise UserError(f"{where} has no column {str(target)!r}.{did_you_mean(str(target), names)} {listed}")
    if len(names) == 1:
        raise UserError(f"{where} has no column beside {target}: there is nothing to learn from.")
    y = np.asarray(frame[frame.columns[names.index(str(target))]])
    return {"x": matrix(frame, where, but=str(target)), "y": y}, tuple(name for name in names if name != str(target))


def matrix(frame: Any, where: str, but: str | None = None) -> np.ndarray:
    """The columns as float64 (samples, features). UserError names those that are no numbers, or lack some."""
    names = list(map(str, frame.columns))
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise UserError(f"{where} has several columns called {some(twice)}: give each a name of its own.")
    columns = {str(name): np.asarray(frame[name]) for name in frame.columns if str(name) != but}
    found = {name: real(values) for name, values in columns.items()}
    if other := [name for name, values in found.items() if values is None]:
        raise UserError(
            f"{len(other)} of {len(columns)} feature columns of {where} hold no numbers: {some(other)} (such as "
            f"{str(columns[other[0]][0])!r}). Drop them, or make columns of 0 and 1: "
            f"pandas.get_dummies(frame, columns={other[:5]}, dtype=float)."
        )
    x = np.column_stack([values for values in found.values() if values is not None])
    if (bad := ~np.isfinite(x)).any():
        lacking = [f"{name} ({count})" for name, count in zip(found, bad.sum(axis=0), strict=True) if count]
        raise UserError(
            f"{bad.any(axis=1).sum()} of {len(x)} rows of {where} have a value missing or infinite, in column "
            f"{some(lacking)}. Drop those rows or fill them (frame.dropna(), frame.fillna(...)): actlab does neither "
            "on its own."
        )
    return x


def real(values: np.ndarray) -> np.ndarray | None:
    """As float64, NaN what is missing, infinite what is beyond floats; None where these are no real numbers."""
    if values.dtype.kind == "O":
        kept = [np.nan if is_missing(value) else value for value in values.ravel()]
        if not all(isinstance(value, numbers.Real | Decimal) for value in kept):
            return None
        try:
            return np.array(kept, np.float64).reshape(values.shape)
        except OverflowError:
            kept = [value if abs(value) < 2**1023 else np.inf for value in kept]
            return np.array(kept, np.float64).reshape(values.shape)
    with np.errstate(invalid="ignore"):  # of a NaN that signals
        return values.astype(np.float64) if values.dtype.kind in "buif" else None


def _labels(texts: list[str], decimal: str, quantity: bool) -> list[Any]:
    """Numbers where each is written as a number is, None for gaps; 007 is another label than 7."""
    written = [text.replace(decimal, ".") for text in texts if text]
    whole = [re.sub(r"\.0*$", "", text) for text in written]
    as_whole = all(map(_WHOLE.fullmatch, whole))
    named = as_whole and not quantity and any(decimal in text for text in texts if decimal != ".")  # 1,0 and 2,0
    if named or not all(map(NUMBER.fullmatch, written)):
        return [text or None for text in texts]
    numbers = map(int, whole) if as_whole else map(float, written)
    return [next(numbers) if text else None for text in texts]
