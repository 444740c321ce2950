"""Files of a run's folder, which anybody may have made: how much is read is known before it is, and nothing is run."""

import io
import json
import math
import os
import struct
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from actlab.errors import UserError
from actlab.experiment.bounded import content

MOST_TEXT, MOST_BYTES = 1 << 24, 1 << 29  # of a text, of the arrays in a file
_DIRECTORY = 1 << 22  # bytes of an archive's list of contents: some ten thousand arrays
_KINDS = "biufU"  # what arrays hold: truths, numbers, texts


def refuse_links(folder: Path) -> None:
    """Refuse to write into a folder that has links out of it: what is written through one would be somewhere else."""
    whole = Path(os.path.realpath(folder))
    for place, names, files in os.walk(folder):
        for item in (Path(place, name) for name in (*names, *files)):
            if item.is_symlink() and not Path(os.path.realpath(item)).is_relative_to(whole):
                raise UserError(f"{item} is a link out of {folder}, so nothing is written there. Remove it.")


def json_of(file: Path) -> Any:
    """What a file of JSON says; UserError where it says nothing."""
    return json_said(content(file, MOST_TEXT, "It is none of actlab's."), str(file))


def json_said(text: str | bytes, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} is not JSON: {error}.") from None


def arrays_of(file: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, by name."""
    packed = content(file, MOST_BYTES, "It is none of actlab's.")
    try:
        _refuse_many(packed[-42:])
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            items = archive.infolist()
            if (size := sum(item.file_size for item in items)) > MOST_BYTES:
                raise ValueError(f"its arrays would take {size:,} bytes, more than {MOST_BYTES:,}")
            return {item.filename.removesuffix(".npy"): array_of(_unpacked(archive, item)) for item in items}
    except Exception as why:  # a damaged archive makes zipfile raise almost anything
        raise UserError(f"{file} is damaged, or no file of arrays: {why}.") from None


def _refuse_many(end: bytes) -> None:
    """An archive whose list of contents alone would fill the memory; what NumPy writes ends with that list's size."""
    if b"PK\6\7" in end[:20] or end[-22:-18] != b"PK\5\6" or struct.unpack("<I", end[-10:-6])[0] > _DIRECTORY:
        raise ValueError("its list of contents is none that NumPy writes")


def _unpacked(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> bytes:
    with archive.open(item) as member:  # no more than it says: `archive.read` unpacks all there is before it looks
        return member.read(item.file_size)


def array_of(packed: bytes) -> np.ndarray:
    """The array in the bytes of an .npy file, all of which they hold; ValueError for others."""
    stream = io.BytesIO(packed)
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"an array of format {version}")
    try:
        shape, is_fortran, dtype = readers[version](stream)
    except Exception as why:  # NumPy has it parsed by Python, after a look at Python 2's way
        raise ValueError(f"an array whose header cannot be read: {why}") from None
    if dtype.kind not in _KINDS or dtype.itemsize == 0 or dtype.subdtype is not None:
        raise ValueError(f"an array of {dtype}, where truths, numbers or text are expected")
    held = len(packed) - stream.tell()
    if any(not 0 <= side <= MOST_BYTES for side in shape) or math.prod(shape) * dtype.itemsize != held:
        raise ValueError(f"an array of {shape} x {dtype.itemsize} bytes in {held} bytes")
    values = np.frombuffer(packed, dtype, offset=stream.tell()).astype(dtype.newbyteorder("="))
    if dtype.kind == "U" and values.size and values.view(np.uint32).max() > sys.maxunicode:
        raise ValueError("text with characters that there are not")
    return values.reshape(shape, order="F" if is_fortran else "C")


_MOST_COUNTED = 10_000_000  # of classes, of samples: what counts them takes as much
_NUMBERS, _WHOLE, _TEXT = "biuf", "biu", "U"
_KEPT = {  # of artefacts: what each array holds, and how many axes it may have
    "samples": {
        "images": (_NUMBERS, (2, 3, 4, 5)), "labels": (_NUMBERS + _TEXT, (1, 2)), "licence": (_TEXT, (0,)),
        "classes": (_WHOLE, (0,)), "valid_samples": (_WHOLE, (0,)), "outputs": (_WHOLE, (0,)), "targets": (_TEXT, (0,)),
        "class_names": (_TEXT, (1,)), "target_mean": (_NUMBERS, (1,)), "target_deviation": (_NUMBERS, (1,)),
        "pool_labels": (_NUMBERS, (1, 2)), "sizes": (_WHOLE, (1,)),
        "test_labels": (_NUMBERS, (1, 2)), "valid_labels": (_NUMBERS, (1, 2)),
    },
    "disagreements": {"images": (_NUMBERS, (3, 4, 5)), "index": (_WHOLE, (1,)), "label": (_WHOLE, (1,))},
}  # fmt: skip


def unfit(name: str, arrays: Mapping[str, np.ndarray], of_classes: bool) -> str:
    """Which array of an artefact is not as actlab keeps it; or ""."""
    if name == "functions":
        return _unfit_functions(arrays)
    for key, (kinds, axes) in _KEPT.get(name, {}).items():
        if key in arrays and (arrays[key].dtype.kind not in kinds or arrays[key].ndim not in axes):
            return key
    counted = [key for key in ("index", "label", "classes", "outputs", "sizes") if key in arrays]
    known = [key for key in ("test_labels", "pool_labels", "valid_labels") if key in arrays]
    wrong = [key for key in counted + known * of_classes if not is_counted(arrays[key])]
    if not of_classes and name == "samples":
        one = (arrays.get("outputs", np.array(1)).item(),)
        wrong += [key for key in known if arrays[key].shape[1:] != one or not np.isfinite(arrays[key]).all()]
        wrong += [key for key in ("target_mean", "target_deviation") if key not in arrays or arrays[key].shape != one]
    if name == "samples" and (arrays.get("targets", np.array("classes")) == "classes") != of_classes:
        wrong.append("targets")
    if "sizes" in arrays and arrays["sizes"].shape not in ((0,), (3,)):
        wrong.append("sizes")
    beside = ("labels",) if name == "samples" else ("index", "label")
    if "images" in arrays and any(len(arrays.get(key, ())) != len(arrays["images"]) for key in beside):
        wrong.append("images")
    return wrong[0] if wrong else ""


def is_counted(values: np.ndarray) -> bool:
    """Whether values are whole numbers that something can be counted by, such as classes."""
    return values.dtype.kind in _WHOLE and (values.size == 0 or (values.min() >= 0 and values.max() < _MOST_COUNTED))


def _unfit_functions(arrays: Mapping[str, np.ndarray]) -> str:
    x = arrays.get("x", np.arange(9.0))
    if x.ndim != 1 or len(x) < 9 or not np.isfinite(x).all() or not (np.diff(x) > 0).all():
        return "x"
    for name, values in arrays.items():
        twin = name[1:] if name.startswith("df/") else f"d{name}"
        if name != "x" and (twin not in arrays or values.shape != x.shape or values.dtype.kind != "f"):
            return name
    return ""
