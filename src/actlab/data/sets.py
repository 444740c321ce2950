"""The three sets in IDX files: mirrors, sizes, hashes, licences. Facts only.

Two hashes are kept for a file. `content` is of the bytes inside the gzip file, so that a copy compressed anew is as
good as the original. `gz_sha256` is of the file as published; it is used only where no `content` is known.

- MNIST: SHA-256 of the content, computed from the canonical files.
- Fashion-MNIST: MD5 of the content. No SHA-256 of the content could be found published; several independent projects
  agree on these MD5 sums. They detect damage and mix-ups; a file forged on purpose is another matter.
- KMNIST: no hash of the content could be found. A .gz file must be the published one, byte for byte; of an unpacked
  file only size, header and label range can be checked, and that it is not one of the other two sets.
"""

import hashlib
from dataclasses import dataclass

CLASSES = 10


@dataclass(frozen=True)
class IdxFile:
    """One file, by its name without .gz; `content` is "sha256:...", "md5:..." or "" when unknown."""

    name: str
    shape: tuple[int, ...]
    content: str
    gz_sha256: str


@dataclass(frozen=True)
class IdxSet:
    """Training images, training labels, test images, test labels, and where to get them."""

    name: str
    title: str
    folder: str  # as torchvision calls it
    licence: str
    mirrors: tuple[str, ...]  # tried in this order
    files: tuple[IdxFile, IdxFile, IdxFile, IdxFile]


def is_content(file: IdxFile, data: bytes) -> bool:
    """Whether these are the bytes of this file, by the hash that is known of its content."""
    algorithm, _, expected = file.content.partition(":")
    return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest() == expected


def owner(data: bytes) -> str:
    """The title of the set that has a file with exactly this content, or "".

    The sets use the same file names, so a file in the wrong folder is an easy mistake.
    """
    for idx_set in SETS.values():
        if any(file.content and is_content(file, data) for file in idx_set.files):
            return idx_set.title
    return ""


def _files(*hashes: tuple[str, str]) -> tuple[IdxFile, IdxFile, IdxFile, IdxFile]:
    """The four files of a set shaped like MNIST, from their (content, gz_sha256)."""
    images_train, labels_train, images_test, labels_test = hashes
    return (
        IdxFile("train-images-idx3-ubyte", (60_000, 28, 28), *images_train),
        IdxFile("train-labels-idx1-ubyte", (60_000,), *labels_train),
        IdxFile("t10k-images-idx3-ubyte", (10_000, 28, 28), *images_test),
        IdxFile("t10k-labels-idx1-ubyte", (10_000,), *labels_test),
    )


MNIST = IdxSet(
    name="mnist",
    title="MNIST",
    folder="MNIST",
    licence="CC BY-SA 3.0 as Keras' documentation states it; copyright Yann LeCun and Corinna Cortes",
    # The original site, yann.lecun.com, is left out: it has refused downloads for years.
    mirrors=("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    files=_files(
        (
            "sha256:ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        (
            "sha256:65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        (
            "sha256:0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        (
            "sha256:ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
)

FASHION_MNIST = IdxSet(
    name="fashion_mnist",
    title="Fashion-MNIST",
    folder="FashionMNIST",
    licence="MIT; copyright Zalando SE",
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    files=_files(
        ("md5:f4a8712d7a061bf5bd6d2ca38dc4d50a", "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        ("md5:9018921c3c673c538a1fc5bad174d6f9", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        ("md5:8181f5470baa50b63fa0f6fddb340f0a", "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        ("md5:15d484375f8d13e6eb1aabb0c3f46965", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
)

KMNIST = IdxSet(
    name="kmnist",
    title="KMNIST",
    folder="KMNIST",
    licence=(
        'CC BY-SA 4.0; "KMNIST Dataset" (created by CODH), adapted from "Kuzushiji Dataset" '
        "(created by NIJL and others), doi:10.20676/00000341"
    ),
    mirrors=("https://codh.rois.ac.jp/kmnist/dataset/kmnist/", "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"),
    files=_files(
        ("", "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
        ("", "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
        ("", "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
        ("", "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
    ),
)

SETS: dict[str, IdxSet] = {idx_set.name: idx_set for idx_set in (MNIST, FASHION_MNIST, KMNIST)}
