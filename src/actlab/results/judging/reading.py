"""A table as it stands: names and columns, from a file or a frame. No cell becomes another type by guess."""

import codecs
import csv
import io
import itertools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actlab import data
from actlab.errors import UserError, did_you_mean, extra
from actlab.experiment import content, free_memory

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
_MOST, _MOST_CELLS = 100_000_000, 10_000_000  # bytes of a table, and its cells
_TEXT, _CELL = 25, 80  # bytes of memory that a byte of text and a cell may take
_FEWER = "Keep the columns that are compared, or those of one task."
_DELIMITERS = {",": "','", ";": "';'", "\t": "a tab", "|": "'|'"}
_NO_SEED = ("nan", "none", "null", "na", "n/a", "<na>")  # nobody calls a seed so; groups may be
_ROUNDED = re.compile(r"-?\d(\.\d+)?e\+\d+")  # a whole number that was a float: from 1e16 on others are written alike


@dataclass(frozen=True, eq=False)
class Sheet:
    """Columns in their order; a name may stand twice, and is refused once it is asked for."""

    name: str
    names: list[str]
    columns: list[list[Any]]

    def column(self, name: str) -> list[Any]:
        if name not in self.names:
            raise UserError(
                f"There is no column {name!r} in {self.name}.{did_you_mean(name, self.names)} It has: "
                f"{', '.join(self.names)}. Name others with --group, --seed, --metric; --wide: each group is a column."
            )
        if self.names.count(name) > 1:
            raise UserError(f"{self.name} has {self.names.count(name)} columns {name!r}: rename or drop all but one.")
        return self.columns[self.names.index(name)]


def read(given: Any) -> Sheet:
    """A file, or a frame of pandas, polars or Arrow; no row is left out."""
    if isinstance(given, str | Path):
        return _file(Path(given))
    if hasattr(given, "collect"):  # polars, lazily
        given = given.collect()
    if hasattr(given, "iloc"):
        levels = [level for level in given.index.names if level is not None and level not in given.columns]
        pairs = [(level, given.index.get_level_values(level).tolist()) for level in levels]
        pairs += [(name, given.iloc[:, place].tolist()) for place, name in enumerate(given.columns)]
    elif hasattr(given, "get_columns"):
        pairs = [(column.name, column.to_list()) for column in given.get_columns()]
    elif hasattr(given, "to_pydict"):
        pairs = given.to_pydict().items()
    else:
        kind = f"{type(given).__module__}.{type(given).__qualname__}".removeprefix("builtins.")
        raise UserError(f"judge takes a DataFrame or a file, not {kind}.")
    return _sheet("the table", pairs)


def names_of(values: list[Any]) -> list[str | None]:
    """What cells say, as text; None where they say nothing."""
    return [None if is_missing(value) else str(value).strip() for value in values]


def is_missing(value: Any) -> bool:
    return not value.strip() if isinstance(value, str) else data.is_missing(value)


def seeds_of(values: list[Any], column: str, name: str) -> list[Any]:
    """Seeds as they are written: whole numbers where all of them are, otherwise texts. None: no seed.

    >>> seeds_of([0.0, "1", float("nan"), 2**60 + 1], "seed", "the table"), seeds_of(["07", "7"], "seed", "the table")
    ([0, 1, None, 1152921504606846977], ['07', '7'])
    """
    texts = [text and re.sub(r"(?<=\d)\.0+$", "", text) for text in names_of(values)]
    texts = [None if text is None or text.lower() in _NO_SEED else text for text in texts]
    if rounded := next((text for text in texts if text and _ROUNDED.fullmatch(text)), None):
        raise UserError(
            f"Column {column!r} of {name} holds {rounded}: a seed that was rounded to a float, as others may have been "
            "to the same one. Where the table is made, keep the column as text or whole numbers (pandas: Int64)."
        )
    whole = all(re.fullmatch(r"-?(0|[1-9][0-9]{0,999})", text) for text in texts if text is not None)
    return [int(text) if whole and text is not None else text for text in texts]


def melted(sheet: Sheet, group: str, seed: str, metric: str, kept: list[str]) -> Sheet:
    """A table with a column for each group, or for each seed where the groups are rows, with a row for each run."""
    across, down = (seed, group) if group in sheet.names else (group, seed)
    rows = sheet.column(down)
    wide = [name for name in sheet.names if name not in (down, *kept) and is_named(name)]
    if not wide:
        raise UserError(f"{sheet.name} has no column beside {', '.join((down, *kept))}: there are no results in it.")
    pairs = [
        (across, [name for name in wide for _ in rows]),
        *((name, sheet.column(name) * len(wide)) for name in (down, *kept)),
        (metric, [value for name in wide for value in sheet.column(name)]),
    ]
    return _sheet(sheet.name, pairs)


def is_named(column: str) -> bool:
    """An index that was written as a column has no name; pandas reads that as Unnamed: 0."""
    return bool(column) and not column.startswith("Unnamed: ")


def _sheet(name: str, pairs: Iterable[tuple[Any, list[Any]]]) -> Sheet:
    """Names as text; those of several levels as Optuna writes them flat, params_activation."""
    pairs = list(pairs)
    flat = ["_".join(filter(None, map(str, key))) if isinstance(key, tuple) else str(key) for key, _ in pairs]
    return Sheet(name, flat, [column for _, column in pairs])


def _file(path: Path) -> Sheet:
    suffix = (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{path} is no table that can be read: {', '.join(SUFFIXES)}, and .gz of these.")
    most = min(_MOST, free_memory() / _TEXT)
    held = content(path, most, _FEWER)
    if suffix == ".parquet":
        return _sheet(str(path), _parquet(held, path, most))
    text = _decoded(held, path)
    pairs = _delimited(text, path) if suffix in (".csv", ".tsv") else _json(text, suffix == ".jsonl", path)
    return _sheet(str(path), pairs)


def _decoded(held: bytes, path: Path) -> str:
    encoding = "utf-16" if held.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = held.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UserError(f"{path} is neither UTF-8 nor UTF-16 with its mark: save it as UTF-8.")
    return text


def _delimited(text: str, path: Path) -> Iterable[tuple[str, list[str]]]:
    text = re.sub(r"\A\s*(sep=.\s*\n)?\s*", "", text)  # Excel's first line; what it says the next one shows
    if not text:
        return []
    widths = {each: _width(text, each) for each in _DELIMITERS}
    found = [each for each, width in widths.items() if width == max(widths.values())]
    if len(found) > 1:
        raise UserError(
            f"The first line of {path} is {text.splitlines()[0][:60]!r}: names of columns are expected, "
            f"with one of {', '.join(_DELIMITERS.values())} between them."
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=found[0], skipinitialspace=True)
    names, rows = [name.strip() for name in next(reader)], []
    _need_few(len(names) * max(map(text.count, "\r\n")), path)
    try:
        for row in reader:
            if row and len(row) != len(names) and (len(row) < len(names) or any(row[len(names) :])):
                raise UserError(
                    f"Line {reader.line_num} of {path} has {len(row)} fields with {_DELIMITERS[found[0]]} between "
                    f"them, the first line {len(names)}: is it cut off, or does a field need quotes, such as a decimal "
                    "comma?"
                )
            if row:
                rows.append(row[: len(names)])
    except csv.Error as error:
        raise UserError(f"Line {reader.line_num} of {path} cannot be read: {error}.") from None
    return [(name, [row[place] for row in rows]) for place, name in enumerate(names)]


def _width(text: str, delimiter: str) -> int:
    """How many fields the first line has; none where one of them is longer than a field may be."""
    try:
        return len(next(csv.reader(io.StringIO(text), delimiter=delimiter)))
    except csv.Error:
        return 0


def _json(text: str, lines: bool, path: Path) -> Iterable[tuple[str, list[Any]]]:
    try:
        given = [json.loads(line) for line in text.split("\n") if line.strip()] if lines else json.loads(text)
    except RecursionError:
        raise UserError(f"{path} has lists in lists, too deep to be read. A table is a list of objects.") from None
    except ValueError as error:
        raise UserError(f"{path} cannot be read as JSON: {error}.") from None
    if isinstance(given, list) and all(isinstance(row, dict) for row in given):
        names = dict.fromkeys(itertools.chain(*given))
        _need_few(len(names) * len(given), path)
        return [(name, [row.get(name) for row in given]) for name in names]
    columns = given.items() if isinstance(given, dict) else []
    columns = [(name, [*column.values()] if isinstance(column, dict) else column) for name, column in columns]
    if columns and all(isinstance(column, list) and len(column) == len(columns[0][1]) for _, column in columns):
        return columns
    raise UserError(f"{path} is no table: a list of objects is expected, one for each run.")


def _need_few(cells: int, path: Path) -> None:
    """Before they are made: a few bytes of a file may stand for any number of cells."""
    if cells > (most := min(_MOST_CELLS, free_memory() / _CELL)):
        raise UserError(f"{path} has {cells:,} cells; a table of at most {most:,.0f} is judged. {_FEWER}")


def _parquet(held: bytes, path: Path, most: float) -> Iterable[tuple[str, list[Any]]]:
    with extra("parquet", "pyarrow"):
        from pyarrow import ArrowException, BaseExtensionType, compute, parquet, types
    call = compute.call_function
    try:
        file = parquet.ParquetFile(io.BytesIO(held))
        stored = {column.path: column for column in map(file.schema.column, range(len(file.schema)))}
        flat = [field for field in file.schema_arrow if not types.is_nested(field.type)]
        texts = [f.name for f in flat if stored[f.name].physical_type == "BYTE_ARRAY" and not types.is_decimal(f.type)]
        flat = [f for f in flat if f.name not in texts or not isinstance(f.type, BaseExtensionType)]  # JSON
        _need_few(file.metadata.num_rows * len(flat), path)
        sizes = [file.metadata.row_group(place).total_byte_size for place in range(file.metadata.num_row_groups)]
        sizes += [stored[field.name].length * file.metadata.num_rows for field in flat]  # of values of one length
        if sum(sizes) > most:
            raise UserError(f"{path} has more than {most / 1e6:,.0f} MB unpacked. {_FEWER}")
        # as a dictionary a text that stands in each of many rows is in memory once
        file = parquet.ParquetFile(io.BytesIO(held), read_dictionary=texts)
        table = file.read([field.name for field in flat])
        for name, column in zip(table.column_names, table.columns, strict=True):
            if types.is_dictionary(column.type):
                sizes = [call("take", [call("binary_length", [c.dictionary]), c.indices]) for c in column.chunks]
                if sum(call("sum", [each]).as_py() or 0 for each in sizes) > most:
                    raise UserError(f"{path} has more than {most / 1e6:,.0f} MB of text in column {name!r}. {_FEWER}")
        columns = zip(table.column_names, table.columns, strict=True)
        return [(name, column.to_pylist()) for name, column in columns if not name.startswith("__index_level_")]
    except (ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path} cannot be read as Parquet: {error}.") from None
