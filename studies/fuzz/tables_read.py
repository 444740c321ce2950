"""Tables as people export them, and as nobody should: made as text or Parquet, and then spoiled."""

import io
import json
import random
from typing import Any

CELLS = (
    "0", "1", "2.5", "-3", "nan", "inf", "1e308", "-1e308", "1e400", "1e-320", "", " ", "NA", "None", "?", "0.5%",
    "1,5", "1.234,5", "007", "1e16", "True", "2020-01-01", "٣", "²", "½", "0x10", "+1", "--1", "\ufeff1",
    "9" * 400,    "8" * 5000,
    "relu", "tanh", "a\u202eb", "\x1b[31m", "<b>", "=1+1", "1j", "\r", '"', "9007199254740993", "18446744073709551616",
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1", "cp1252")


def cell(chance: random.Random, usual: Any, odd: float) -> Any:
    return chance.choice(CELLS) if chance.random() < odd else usual


def text(chance: random.Random, names: list[str], rows: list[list[Any]]) -> bytes:
    """With one of the separators, quotes, line ends and encodings that there are, seldom in a wrong place."""
    between, ends = chance.choice((",", ",", ";", "\t", "|")), chance.choice(("\n", "\n", "\r\n", "\r"))
    lines = []
    for row in [names, *rows]:
        cells = [str(one) for one in row]
        if chance.random() < 0.02:
            cells = chance.choice((cells[:-1], [*cells, "1"], cells * 3, []))
        needs = (between, '"', "\n", "\r")
        quoted = ['"' + one.replace('"', '""') + '"' if any(sign in one for sign in needs) else one for one in cells]
        lines.append(between.join(cells if chance.random() < 0.02 else quoted))
    written = chance.choice(("", "", "", "", "sep=;\n", "\n\n", "\x00")) + ends.join(lines) + chance.choice(("", ends))
    encoding = chance.choice(ENCODINGS) if chance.random() < 0.2 else "utf-8"
    return written.encode(encoding, "ignore")


def as_json(chance: random.Random, names: list[str], rows: list[list[Any]], lines: bool) -> bytes:
    """A list of objects, columns, or what is neither."""
    objects = [dict(zip(names, row, strict=False)) for row in rows]
    if chance.random() < 0.1 and objects:
        odd = ([1], {"a": 1}, None, True, 10**400, "\ud800", [[[]]], 1e308, float("nan"))
        objects[chance.randrange(len(objects))][chance.choice(names)] = chance.choice(odd)
    if lines:
        return "\n".join(map(json.dumps, objects)).encode()
    columns = {name: [row.get(name) for row in objects] for name in names}
    made: Any = objects if chance.random() < 0.7 else columns
    if chance.random() < 0.1:
        made = chance.choice((1, None, [objects], {"a": objects}, {"a": 1}, [], {}, [{}], {"a": {"b": 1}}))
    return json.dumps(made).encode()


def as_parquet(chance: random.Random, names: list[str], rows: list[list[Any]]) -> bytes:
    """Columns of the types that there are."""
    import pyarrow
    from pyarrow import parquet

    arrays = []
    for place in range(len(names)):
        values = [row[place] if place < len(row) else None for row in rows]
        try:
            array = pyarrow.array(values)
        except (pyarrow.ArrowException, OverflowError, UnicodeError):
            array = pyarrow.array([str(value).encode("utf-8", "ignore").decode() for value in values])
        arrays.append(_typed(chance, array) if chance.random() < 0.2 else array)
    try:
        table = pyarrow.table(arrays, names=names)
        kept = io.BytesIO()
        how = chance.choice(("snappy", "gzip", "zstd", "none", "brotli"))
        parquet.write_table(table, kept, compression=how, use_dictionary=chance.random() < 0.7)
    except (pyarrow.ArrowException, ValueError, UnicodeError):
        return b"PAR1PAR1"
    return kept.getvalue()


def _typed(chance: random.Random, array: Any) -> Any:
    import pyarrow

    types = (
        pyarrow.large_string(), pyarrow.binary(), pyarrow.decimal128(30, 2), pyarrow.timestamp("ns"), pyarrow.date64(),
        pyarrow.duration("us"), pyarrow.float16(), pyarrow.bool_(), pyarrow.time64("ns"), pyarrow.int8(),
    )  # fmt: skip
    try:
        return chance.choice(
            (
                lambda: array.dictionary_encode(),
                lambda: pyarrow.array([[value] for value in array.to_pylist()]),
                lambda: pyarrow.array([{"a": value} for value in array.to_pylist()]),
                lambda: array.cast(chance.choice(types)),
                lambda: pyarrow.array([b"\xff\xfe"] * len(array)),
                lambda: pyarrow.nulls(len(array)),
            )
        )()
    except pyarrow.ArrowException:
        return array
