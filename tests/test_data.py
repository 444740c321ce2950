"""Data sets: what arrives is whole, split fairly, the same everywhere; what is wrong is said."""

import gzip
import hashlib
import http.server
import os
import socket
import struct
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from actlab import data
from actlab.data import fetch, idx, pipelines, sets, split
from actlab.data.dataset import Defaults
from actlab.errors import UserError
from actlab.experiment.split import stratified

needs_mnist = pytest.mark.skipif(
    not os.environ.get("ACTLAB_DATA") or not fetch.search(Path(os.environ["ACTLAB_DATA"]), sets.MNIST),
    reason="the environment variable ACTLAB_DATA names no folder with MNIST",
)


# Small stand-ins for the IDX sets, with true hashes


def idx_bytes(array):
    return struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim, *array.shape) + array.tobytes()


def fake_set(name="mnist", *, seed=0, train=120, test=40, side=28, hashed=True):
    """An IdxSet of random images in which every class is as frequent, and the bytes of its four files."""
    rng = np.random.default_rng(seed)
    arrays = []
    for samples in (train, test):
        arrays.append(rng.integers(0, 256, (samples, side, side), dtype=np.uint8))
        arrays.append(rng.permutation(np.arange(samples) % 10).astype(np.uint8))
    real = sets.SETS[name]
    contents = {file.name: idx_bytes(array) for file, array in zip(real.files, arrays, strict=True)}
    files = tuple(
        sets.IdxFile(
            name=file.name,
            shape=array.shape,
            content="sha256:" + hashlib.sha256(contents[file.name]).hexdigest() if hashed else "",
            gz_sha256=hashlib.sha256(gzip.compress(contents[file.name], mtime=0)).hexdigest(),
        )
        for file, array in zip(real.files, arrays, strict=True)
    )
    fake = sets.IdxSet(real.name, real.title, real.folder, real.licence, real.mirrors, files)
    return fake, contents, arrays


def with_mirrors(fake, mirrors):
    return sets.IdxSet(fake.name, fake.title, fake.folder, fake.licence, tuple(mirrors), fake.files)


def write(folder, contents, *, compressed=True, level=9):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        if compressed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, level, mtime=0))
        else:
            (folder / name).write_bytes(content)
    return folder


@pytest.fixture(autouse=True)
def own_places(request, monkeypatch, tmp_path):
    """No test reads or writes the user's cache, and none asks a proxy for 127.0.0.1."""
    monkeypatch.setenv("ACTLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    if "real" not in request.node.name:
        monkeypatch.delenv("ACTLAB_DATA", raising=False)


@pytest.fixture
def fake(monkeypatch):
    """A small MNIST: (set, contents, arrays); no mirror answers."""
    made = fake_set()
    monkeypatch.setitem(sets.SETS, "mnist", with_mirrors(made[0], [f"http://127.0.0.1:{closed_port()}/"]))
    return made


def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def server(answers, status=200):
    """A server on this machine that sends `answers[file name]`; yields its address and the list of paths asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.rsplit("/", 1)[-1]
            asked.append(f"{self.command} {name}")
            body = answers.get(name, b"")
            self.send_response(status if name in answers else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}/", asked
        finally:
            running.shutdown()
            thread.join()


def gzipped(contents):
    return {f"{name}.gz": gzip.compress(content) for name, content in contents.items()}


def files_under(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# Names and options


def test_names_and_defaults():
    assert data.names() == ("mnist", "fashion_mnist", "kmnist", "digits", "diabetes")
    assert data.defaults("kmnist") == Defaults(learning_rate=0.01, margin=0.001)
    assert data.defaults("digits") == Defaults(learning_rate=0.1, margin=0.006)
    assert data.defaults("diabetes") == Defaults(learning_rate=0.03, margin=0.01)
    assert data.defaults("some/own.npz") == Defaults(learning_rate=0.01, margin=0.001)


@pytest.mark.parametrize("call", [data.load, data.defaults])
def test_unknown_name_is_told_the_nearest(call):
    with pytest.raises(UserError, match=r"no data set 'mnits'\. Did you mean 'mnist'\? Allowed: .*\.npz"):
        call("mnits")


def test_a_folder_is_told_what_is_allowed_in_its_place(tmp_path):
    with pytest.raises(UserError, match=r"' is a folder, no data set: .* --data-dir\. Allowed: mnist,"):
        data.load(tmp_path)


def test_unknown_split_and_pipeline():
    with pytest.raises(UserError, match=r"split 'standrad'\. Did you mean 'standard'"):
        data.load("digits", split="standrad")
    with pytest.raises(UserError, match=r"pipeline 'publishd'\. Did you mean 'published'"):
        data.load("digits", pipeline="publishd")


def test_every_set_states_title_licence_and_mirrors():
    for name, idx_set in sets.SETS.items():
        assert idx_set.name == name
        assert idx_set.licence
        assert idx_set.title
        assert len(idx_set.mirrors) >= 2
        assert all(mirror.endswith("/") for mirror in idx_set.mirrors)
        assert all(len(file.gz_sha256) == 64 for file in idx_set.files)
    assert '"KMNIST Dataset" (created by CODH), adapted from "Kuzushiji Dataset"' in sets.KMNIST.licence


# Splits


@settings(deadline=None)  # a busy machine is no failure
@given(
    counts=st.lists(st.integers(5, 60), min_size=1, max_size=12),
    one_in=st.integers(3, 12),
    shuffle=st.integers(0, 2**32 - 1),
)
def test_stratified_is_exact_disjoint_and_in_proportion(counts, one_in, shuffle):
    y = np.random.default_rng(shuffle).permutation(np.repeat(np.arange(len(counts)), counts))
    small = max(1, len(y) // one_in)
    sizes = (len(y) - small, small)
    parts = stratified(y, sizes)
    assert tuple(map(len, parts)) == sizes
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(y)))
    for part, size in zip(parts, sizes, strict=True):
        share = np.bincount(y[part], minlength=len(counts))
        assert np.all(np.abs(share - np.array(counts) * size / len(y)) < 1 + 1e-9)
    assert np.bincount(y[parts[0]], minlength=len(counts)).min() >= 1


def test_stratified_mixes_the_classes():
    y = np.repeat(np.arange(10), 100)
    for part in stratified(y, (600, 200, 200)):
        assert np.unique(y[part][:20]).size > 5
        assert np.unique(y[part][-20:]).size > 5
        assert not np.array_equal(part, np.sort(part))


def test_stratified_never_takes_the_last_sample_of_a_class():
    y = np.array([0] * 10 + [1, 2, 3, 4, 5])
    train, valid = stratified(y, (10, 5))
    assert set(y[train]) == {0, 1, 2, 3, 4, 5}
    assert len(valid) == 5


def test_the_split_is_fixed_for_good():
    """Results on disk are compared with new ones only if the parts are the same: this must never need a change."""
    digits = data.load("digits")
    assert digits.valid.y[:20].tolist() == [3, 7, 6, 9, 3, 5, 5, 8, 6, 1, 6, 8, 7, 3, 0, 2, 7, 3, 2, 7]


# digits


def test_digits_standard():
    digits = data.load("digits")
    assert [len(part.y) for part in (digits.train, digits.valid, digits.test)] == [1078, 359, 360]
    assert (digits.name, digits.title, digits.classes, digits.shape) == ("digits", "digits", 10, (8, 8))
    assert digits.images.shape == (64, 8, 8)
    assert digits.images.max() == 16
    assert np.array_equal(digits.labels, digits.train.y[:64])
    for part in (digits.train, digits.valid, digits.test):
        assert part.x.dtype == np.float32
        assert part.y.dtype == np.int64
        assert part.x.flags.c_contiguous
        assert part.x.flags.writeable
        assert part.y.flags.writeable
        assert np.abs(np.bincount(part.y) - len(part.y) / 10).max() < 4


def test_standard_pipeline_uses_the_training_part_only():
    from sklearn.datasets import load_digits

    digits = data.load("digits")
    raw = load_digits()
    train, valid, test = stratified(raw.target, (1078, 359, 360))
    mean = raw.images[train].mean()
    std = raw.images[train].std()
    for part, index in ((digits.train, train), (digits.valid, valid), (digits.test, test)):
        assert np.array_equal(part.y, raw.target[index])
        np.testing.assert_array_equal(part.x, ((raw.data[index] - mean) / std).astype(np.float32))
    assert abs(digits.train.x.astype(float).mean()) < 1e-7
    assert abs(digits.train.x.astype(float).std() - 1) < 1e-6
    assert abs(digits.test.x.astype(float).mean()) > 1e-6


def test_digits_tutorial_joins_training_and_validation():
    standard, tutorial = data.load("digits"), data.load("digits", split="tutorial")
    assert tutorial.test is None
    assert np.array_equal(tutorial.train.y, np.concatenate((standard.train.y, standard.valid.y)))
    assert np.array_equal(tutorial.valid.y, standard.test.y)
    assert tutorial.content == standard.content


def test_published_is_for_mnist_like_sets_only():
    with pytest.raises(UserError, match=r"uint8 images of 28 x 28 only, 'digits' has float64 of 8 x 8"):
        data.load("digits", pipeline="published")


# Pipelines on uint8 images


def test_uint8_statistics_are_exact():
    x = np.random.default_rng(1).integers(0, 256, (50, 7), dtype=np.uint8)
    for ddof in (0, 1):
        wide = x.astype(np.float64)
        np.testing.assert_allclose(pipelines.mean_and_std(x, ddof), (wide.mean(), wide.std(ddof=ddof)), rtol=1e-14)


def test_blocks_do_not_show(monkeypatch):
    raw = np.random.default_rng(2).integers(0, 256, (37, 28, 28), dtype=np.uint8)
    cut = split.Cut(raw, np.zeros(37, np.int64), raw)
    (whole,) = pipelines.apply("standard", [cut])
    monkeypatch.setattr(pipelines, "BLOCK_VALUES", 784 * 5)
    (blocks,) = pipelines.apply("standard", [cut])
    assert np.array_equal(whole, blocks)
    assert np.array_equal(whole, ((raw.reshape(37, -1) - raw.mean()) / raw.std()).astype(np.float32))


def published_by_hand(images, file):
    """The published inputs by the other way: pack each float, and let PIL read the first 784 bytes."""
    mean = np.float32(file.astype(np.float64).mean())
    std = np.float32(file.astype(np.float64).std(ddof=1))
    rows = []
    for image in images:
        floats = [(np.float32(value) - mean) / std for value in image.ravel()]
        packed = struct.pack("<784f", *floats)
        picture = Image.frombytes("L", (28, 28), packed[:784])
        rows.append(np.asarray(picture).ravel().astype(np.float32) / np.float32(255))
    return np.stack(rows)


def test_published_pipeline_is_the_tutorials(fake, tmp_path):
    _, contents, arrays = fake
    folder = write(tmp_path / "here", contents)
    found = data.load("mnist", pipeline="published", data_dir=folder)
    train, valid = stratified(arrays[1], (110, 10))
    assert np.array_equal(found.train.x[:5], published_by_hand(arrays[0][train[:5]], arrays[0]))
    assert np.array_equal(found.valid.x[:5], published_by_hand(arrays[0][valid[:5]], arrays[0]))
    assert np.array_equal(found.test.x[:5], published_by_hand(arrays[2][:5], arrays[2]))
    assert found.train.x.shape == (110, 784)
    assert found.train.x.dtype == np.float32
    assert np.array_equal(found.images, arrays[0][train[:64]])
    tutorial = data.load("mnist", pipeline="published", split="tutorial", data_dir=folder)
    assert np.array_equal(tutorial.train.x[:5], published_by_hand(arrays[0][:5], arrays[0]))
    assert np.array_equal(tutorial.valid.x, found.test.x)


# The real MNIST


@pytest.mark.large
@needs_mnist
def test_real_mnist():
    mnist = data.load("mnist")
    assert [part.x.shape for part in (mnist.train, mnist.valid, mnist.test)] == [
        (55_000, 784),
        (5_000, 784),
        (10_000, 784),
    ]
    assert mnist.content == "363afaee86368ce8399e797cb0df4fa689787f34f1929491976c6d10ed431065"
    assert (mnist.title, mnist.classes, mnist.shape, mnist.images.dtype) == ("MNIST", 10, (28, 28), np.uint8)
    assert abs(mnist.train.x.mean(dtype=np.float64)) < 1e-6
    assert abs(mnist.train.x.std(dtype=np.float64) - 1) < 1e-6
    counts = [np.bincount(part.y) for part in (mnist.train, mnist.valid)]
    assert np.abs(counts[0] - (counts[0] + counts[1]) * 55 / 60).max() < 1
    assert counts[0].sum() + counts[1].sum() == 60_000
    assert np.bincount(mnist.test.y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    np.testing.assert_allclose(mnist.images[0].ravel().astype(float), mnist.train.x[0] * 78.56 + 33.31, atol=0.1)


@pytest.mark.large
@needs_mnist
def test_real_mnist_parts_are_the_training_file_in_another_order():
    raw = data.load("mnist", split="tutorial", pipeline="published")
    cut = data.load("mnist", pipeline="published")
    assert raw.test is None
    assert raw.train.x.shape == (60_000, 784)
    train, valid = stratified(raw.train.y, (55_000, 5_000))
    assert np.array_equal(cut.train.x, raw.train.x[train])
    assert np.array_equal(cut.valid.x, raw.train.x[valid])
    assert np.array_equal(cut.valid.y, raw.train.y[valid])
    assert np.array_equal(cut.test.x, raw.valid.x)
    assert not set(train) & set(valid)


@pytest.mark.large
@needs_mnist
def test_real_mnist_published_by_hand():
    folder = Path(os.environ["ACTLAB_DATA"])
    paths = fetch.search(folder, sets.MNIST)
    found = data.load("mnist", split="tutorial", pipeline="published")
    for part, number in ((found.train, 0), (found.valid, 2)):
        raw = idx.read(paths[number], sets.MNIST.files[number], "MNIST")
        assert np.array_equal(part.x[:3], published_by_hand(raw[:3], raw))


@pytest.mark.large
@needs_mnist
def test_real_mnist_unpacked_is_the_same(tmp_path):
    for path in fetch.search(Path(os.environ["ACTLAB_DATA"]), sets.MNIST):
        content = path.read_bytes()
        (tmp_path / path.name.removesuffix(".gz")).write_bytes(
            gzip.decompress(content) if path.suffix == ".gz" else content
        )
    assert data.load("mnist", data_dir=tmp_path).content == data.load("mnist").content


# Where files are looked for


@pytest.mark.parametrize("place", ["MNIST/raw", "mnist", "MNIST", "."])
@pytest.mark.parametrize("compressed", [True, False])
def test_layouts(fake, tmp_path, place, compressed):
    _, contents, arrays = fake
    write(tmp_path / "here" / place, contents, compressed=compressed)
    found = data.load("mnist", data_dir=tmp_path / "here")
    assert (len(found.train.y), len(found.valid.y), len(found.test.y)) == (110, 10, 40)
    assert np.array_equal(found.test.y, arrays[3])


def test_order_argument_environment_cache(fake, tmp_path, monkeypatch):
    _, contents, _ = fake
    calls = []
    monkeypatch.setattr(fetch, "_download_all", lambda *args: calls.append(args))
    write(tmp_path / "cache" / "mnist", contents)
    paths = fetch.obtain(sets.SETS["mnist"], data_dir=None, download=True)
    assert paths[0].is_relative_to(tmp_path / "cache")
    (tmp_path / "lacks it").mkdir()
    monkeypatch.setenv("ACTLAB_DATA", str(tmp_path / "lacks it"))
    paths = fetch.obtain(sets.SETS["mnist"], data_dir=None, download=True)
    assert paths[0].is_relative_to(tmp_path / "cache")
    monkeypatch.setenv("ACTLAB_DATA", str(write(tmp_path / "env", contents)))
    paths = fetch.obtain(sets.SETS["mnist"], data_dir=None, download=True)
    assert paths[0].is_relative_to(tmp_path / "env")
    argument = write(tmp_path / "argument", contents)
    paths = fetch.obtain(sets.SETS["mnist"], data_dir=argument, download=True)
    assert paths[0].is_relative_to(argument)
    assert not calls


def test_explicit_folder_without_the_files_is_an_error_not_a_download(fake, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty lacks it: looked for train-images-idx3-ubyte, .*MNIST.raw"):
        data.load("mnist", data_dir=tmp_path / "empty")
    with pytest.raises(UserError, match=r"nowhere does not exist"):
        data.load("mnist", data_dir=tmp_path / "nowhere")
    write(tmp_path / "half", dict(list(fake[1].items())[:3]))
    with pytest.raises(UserError, match=r"half lacks it"):
        data.load("mnist", data_dir=tmp_path / "half")


def test_no_download_when_forbidden(fake):
    with pytest.raises(UserError, match="download=False"):
        data.load("mnist", download=False)


# Damage


def test_recompressed_copy_is_as_good(fake, tmp_path):
    _, contents, _ = fake
    one = data.load("mnist", data_dir=write(tmp_path / "one", contents, level=9))
    other = data.load("mnist", data_dir=write(tmp_path / "other", contents, level=1))
    assert one.content == other.content


def damaged(tmp_path, contents, name, change, *, compressed=True):
    """Load with one file changed; the error's text, which must name the file and say what to do."""
    folder = write(tmp_path / "damaged", contents, compressed=compressed)
    path = folder / (f"{name}.gz" if compressed else name)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(UserError) as caught:
        data.load("mnist", data_dir=folder)
    text = str(caught.value)
    assert str(path) in text
    assert "Delete it and run again" in text
    assert "\n" not in text
    return text


@pytest.mark.parametrize("keep", [0.0, 0.001, 0.5, 0.999])
def test_truncated_gz(fake, tmp_path, keep):
    change = lambda content: content[: int(len(content) * keep)]  # noqa: E731
    text = damaged(tmp_path, fake[1], "train-images-idx3-ubyte", change)
    assert "expected" in text


@pytest.mark.parametrize("keep", [0, 7, 1000])
def test_truncated_raw(fake, tmp_path, keep):
    text = damaged(tmp_path, fake[1], "train-images-idx3-ubyte", lambda content: content[:keep], compressed=False)
    assert f"{keep} bytes" in text


def test_longer_raw(fake, tmp_path):
    text = damaged(tmp_path, fake[1], "t10k-labels-idx1-ubyte", lambda content: content + b"\0", compressed=False)
    assert "expected 48 bytes unpacked, found more" in text


@settings(deadline=None)  # a busy machine is no failure
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_any_flipped_bit_is_found(place, bit):
    """In the raw file and in the gzipped one: either the content differs and is refused, or it is the same."""
    made, contents, arrays = fake_set(train=10, test=10, side=2)
    file = made.files[0]

    def flipped(content):
        changed = bytearray(content)
        changed[place % len(content)] ^= 1 << bit
        return bytes(changed)

    folder = Path(os.environ["ACTLAB_CACHE"])
    folder.mkdir(exist_ok=True)
    raw, packed = folder / file.name, folder / f"{file.name}.gz"
    raw.write_bytes(flipped(contents[file.name]))
    with pytest.raises(UserError):
        idx.read(raw, file, "MNIST")
    packed.write_bytes(flipped(gzip.compress(contents[file.name], mtime=0)))
    with suppress(UserError):
        assert np.array_equal(idx.read(packed, file, "MNIST"), arrays[0])  # a flipped time stamp harms nothing


def test_wrong_magic(fake, tmp_path):
    change = lambda content: b"\0\0\x0d\x03" + content[4:]  # noqa: E731
    text = damaged(tmp_path, fake[1], "train-images-idx3-ubyte", change, compressed=False)
    assert "expected magic number 2051 (uint8, 3 axes), found 3331" in text


def test_wrong_shape(fake, tmp_path):
    change = lambda content: content[:4] + struct.pack(">I", 60) + content[8:]  # noqa: E731
    text = damaged(tmp_path, fake[1], "train-images-idx3-ubyte", change, compressed=False)
    assert "expected shape (120, 28, 28), found (60, 28, 28)" in text


def test_wrong_hash_names_both(fake, tmp_path):
    made, contents, _ = fake
    name = "t10k-images-idx3-ubyte"
    other = contents[name][:-1] + bytes([contents[name][-1] ^ 1])
    text = damaged(tmp_path, contents, name, lambda _: gzip.compress(other))
    assert made.files[2].content.removeprefix("sha256:") in text
    assert hashlib.sha256(other).hexdigest() in text


def test_a_set_without_content_hash(monkeypatch, tmp_path):
    """As KMNIST: the .gz as published, or unpacked with what can be seen from outside."""
    made, contents, arrays = fake_set("kmnist", hashed=False)
    monkeypatch.setitem(sets.SETS, "kmnist", made)
    published = data.load("kmnist", data_dir=write(tmp_path / "gz", contents))
    unpacked = data.load("kmnist", data_dir=write(tmp_path / "raw", contents, compressed=False))
    assert published.content == unpacked.content
    with pytest.raises(UserError, match=r"expected the \.gz file with SHA-256"):
        data.load("kmnist", data_dir=write(tmp_path / "again", contents, level=1))
    labels = arrays[1].copy()
    labels[3] = 17
    wrong = contents | {"train-labels-idx1-ubyte": idx_bytes(labels)}
    with pytest.raises(UserError, match=r"expected labels 0 to 9, found 17"):
        data.load("kmnist", data_dir=write(tmp_path / "labels", wrong, compressed=False))


def test_a_file_of_another_set_is_recognised(fake, monkeypatch, tmp_path):
    """The sets have the same file names; unpacked, MNIST could pass for KMNIST."""
    monkeypatch.setitem(sets.SETS, "kmnist", fake_set("kmnist", seed=1, hashed=False)[0])
    folder = write(tmp_path / "mixed", fake[1], compressed=False)
    with pytest.raises(UserError, match=r"not KMNIST's train-images-idx3-ubyte: its content is MNIST's"):
        data.load("kmnist", data_dir=folder)


# Mirrors


def test_second_mirror_serves_when_the_first_is_dead(fake, monkeypatch, tmp_path, capfd):
    made, contents, arrays = fake
    steps = []
    with server(gzipped(contents)) as (address, asked):
        monkeypatch.setitem(
            sets.SETS, "mnist", with_mirrors(made, [f"http://127.0.0.1:{closed_port()}/", f"{address}deep/"])
        )
        found = data.load("mnist", progress=lambda *step: steps.append(step))
        assert np.array_equal(found.test.y, arrays[3])
        assert len(asked) == 4
        again = data.load("mnist")
        assert len(asked) == 4  # from the cache
    assert again.content == found.content
    assert files_under(tmp_path / "cache") == sorted(gzipped(contents))
    assert {name for name, _, _ in steps} == set(gzipped(contents))
    for name, content in gzipped(contents).items():
        done = [step[1:] for step in steps if step[0] == name]
        assert done[-1] == (len(content), len(content))
        assert all(0 < part <= whole for part, whole in done)
    assert capfd.readouterr() == ("", "")


def test_mirrors_that_fail_are_named_with_the_reason(fake, monkeypatch, tmp_path):
    made, contents, _ = fake
    dead = f"http://127.0.0.1:{closed_port()}/"
    garbage = dict.fromkeys(gzipped(contents), b"<html>Welcome to the hotel</html>")
    with (
        server(garbage) as (hotel, _),
        server({}) as (empty, _),
        server(gzipped(contents), status=503) as (busy, _),
    ):
        monkeypatch.setitem(sets.SETS, "mnist", with_mirrors(made, [dead, hotel, empty, busy]))
        with pytest.raises(OSError, match="MNIST could not be had") as caught:
            data.load("mnist")
    assert isinstance(caught.value, UserError)
    text = str(caught.value)
    assert f"{dead} (no connection)" in text
    assert f"{hotel} (sent another file, expected an intact gzip file" in text
    assert f"{empty} (HTTP status 404)" in text
    assert f"{busy} (HTTP status 503)" in text
    assert "data_dir" in text
    assert files_under(tmp_path / "cache") == []


def test_a_mirror_with_the_wrong_content_leaves_nothing_behind(fake, monkeypatch, tmp_path):
    made, contents, _ = fake
    wrong = {name: content[:-1] + bytes([content[-1] ^ 1]) for name, content in contents.items()}
    with server(gzipped(wrong)) as (bad, _), server(gzipped(contents)) as (good, asked):
        monkeypatch.setitem(sets.SETS, "mnist", with_mirrors(made, [bad]))
        with pytest.raises(UserError, match=r"sent another file, expected unpacked content with SHA256"):
            data.load("mnist")
        assert files_under(tmp_path / "cache") == []
        monkeypatch.setitem(sets.SETS, "mnist", with_mirrors(made, [bad, good]))
        data.load("mnist")
    assert len(asked) == 4


def test_a_download_that_breaks_off_leaves_nothing_behind(fake, monkeypatch, tmp_path):
    made, contents, _ = fake

    class Half(dict):
        def get(self, name, default=b""):
            return Short(super().get(name, default))

    class Short(bytes):
        def __len__(self):
            return 2 * super().__len__()  # promises twice what it sends

    with server(Half(gzipped(contents))) as (address, _):
        monkeypatch.setitem(sets.SETS, "mnist", with_mirrors(made, [address]))
        monkeypatch.setattr(http.server.BaseHTTPRequestHandler, "protocol_version", "HTTP/1.0")
        with pytest.raises(UserError, match="no mirror gave train-images"):
            data.load("mnist")
    assert files_under(tmp_path / "cache") == []


def test_a_cache_that_cannot_be_written(fake, monkeypatch, tmp_path):
    made, contents, _ = fake
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ACTLAB_CACHE", str(tmp_path / "file"))
    with server(gzipped(contents)) as (address, _):
        monkeypatch.setitem(sets.SETS, "mnist", with_mirrors(made, [address]))
        with pytest.raises(UserError, match=r"cannot be stored in .* Set ACTLAB_CACHE"):
            data.load("mnist")


def test_auto_takes_mnist_when_it_is_there(fake, tmp_path):
    folder = write(tmp_path / "here", fake[1])
    assert data.resolve_auto(data_dir=folder) == ("mnist", "")


def test_auto_downloads_from_the_mirror_that_answers(fake, monkeypatch, tmp_path):
    made, contents, _ = fake
    with server(gzipped(contents)) as (address, asked):
        dead = f"http://127.0.0.1:{closed_port()}/"
        monkeypatch.setitem(sets.SETS, "mnist", with_mirrors(made, [dead, address]))
        assert data.resolve_auto() == ("mnist", "")
    assert asked[0].startswith("HEAD")
    assert data.load("mnist", download=False).title == "MNIST"


def test_auto_falls_back_to_digits_and_says_why(fake, monkeypatch, tmp_path):
    ports = [f"http://127.0.0.1:{closed_port()}/" for _ in range(2)]
    monkeypatch.setitem(sets.SETS, "mnist", with_mirrors(fake[0], ports))
    name, why = data.resolve_auto(timeout_seconds=2.0)
    assert name == "digits"
    assert why.startswith("because MNIST could not be had: no mirror gave train-images-idx3-ubyte.gz, tried ")
    assert all(f"{mirror} (no connection)" in why for mirror in ports)
    name, why = data.resolve_auto(data_dir=tmp_path / "nowhere")
    assert name == "digits"
    assert why == f"because MNIST could not be had: the folder {tmp_path / 'nowhere'} does not exist"


def test_auto_does_not_wait_for_a_mirror_that_says_nothing(fake, monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        monkeypatch.setitem(sets.SETS, "mnist", with_mirrors(fake[0], [address]))
        name, why = data.resolve_auto(timeout_seconds=0.2)
    assert name == "digits"
    assert f"{address} (no answer within 0.2 s)" in why


# A file of one's own


def arrays_of(samples=100, classes=4, seed=0, shape=(3,)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(samples, *shape)), rng.permutation(np.arange(samples) % classes)


def save(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_npz_is_cut_60_20_20(tmp_path):
    x, y = arrays_of()
    found = data.load(save(tmp_path / "own.npz", x=x, y=y))
    assert (found.name, found.title, found.classes, found.shape) == ("own", "own", 4, (3,))
    assert [len(part.y) for part in (found.train, found.valid, found.test)] == [60, 20, 20]
    assert found.images.shape == (60, 3)
    assert found.images.dtype == np.float64
    rows = {tuple(row) for row in x.round(6)}
    train = found.images.round(6)
    assert {tuple(row) for row in train} <= rows
    tutorial = data.load(tmp_path / "own.npz", split="tutorial")
    assert (len(tutorial.train.y), len(tutorial.valid.y), tutorial.test) == (80, 20, None)


def test_npz_with_given_parts(tmp_path):
    x, y = arrays_of()
    more = {"x_test": x[:30] + 9, "y_test": y[:30]}
    found = data.load(save(tmp_path / "test.npz", x=x, y=y, **more))
    assert [len(part.y) for part in (found.train, found.valid, found.test)] == [80, 20, 30]
    assert np.array_equal(found.test.y, y[:30])
    more |= {"x_valid": x[:10], "y_valid": y[:10]}
    found = data.load(save(tmp_path / "both.npz", x=x, y=y, **more))
    assert [len(part.y) for part in (found.train, found.valid, found.test)] == [100, 10, 30]
    assert np.array_equal(found.train.y, y)
    tutorial = data.load(tmp_path / "both.npz", split="tutorial")
    assert (len(tutorial.train.y), len(tutorial.valid.y), tutorial.test) == (110, 30, None)
    found = data.load(save(tmp_path / "valid.npz", x=x, y=y, x_valid=x[:10], y_valid=y[:10]))
    assert [len(part.y) for part in (found.train, found.valid, found.test)] == [80, 10, 20]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float16, np.float32, np.float64, ">f4", bool])
def test_npz_of_any_real_dtype(tmp_path, dtype):
    x, y = arrays_of(shape=(2, 3))
    found = data.load(save(tmp_path / "own.npz", x=(x * 3 + 9).astype(dtype) if dtype is not bool else x > 0, y=y))
    assert found.train.x.dtype == np.float32
    assert found.train.x.shape == (60, 6)
    np.testing.assert_allclose(found.train.x.astype(float).mean(), 0, atol=1e-6)
    np.testing.assert_allclose(found.train.x.astype(float).std(), 1, atol=1e-6)


X, Y = arrays_of(samples=500)
BAD = X.copy()
BAD[:12, 0] = np.nan
BAD[:5, 1] = np.nan
BAD[9:12, 2] = -np.inf


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, r"has no array y: it holds x\. Needed: x \(samples, features; or images\) and y .* x_train"),
        ({"images": X, "labels": Y}, r"has no array x, y: it holds images, labels"),
        ({"x": X, "y": Y, "x_test": X}, r"has no array y_test"),
        ({"x": X, "y": Y, "y_valid": Y}, r"has no array x_valid"),
        ({"x": X, "y": Y[:-3]}, r"x has 500 samples but y has 497 labels"),
        ({"x": X, "y": Y, "x_test": X, "y_test": Y[1:]}, r"x_test has 500 samples but y_test has 499 labels"),
        ({"x": X, "y": Y[:, None, None]}, r"y in .* has shape \(500, 1, 1\)"),
        ({"x": X, "y": Y, "x_test": X, "y_test": Y + 1}, r"y in .* no example of 1 of 5 classes \(4\)"),
        ({"x": X, "y": Y, "X_train": X}, r"both x and X_train"),
        ({"x": BAD, "y": Y}, r"x holds 17 NaN and 3 infinite values in 12 of 500 samples"),
        ({"x": X, "y": Y, "x_test": BAD, "y_test": Y}, r"x_test holds 17 NaN and 3 infinite"),
        ({"x": X.astype(object), "y": Y}, r"x in .* is an array of Python objects.*float32"),
        ({"x": X, "y": Y.astype(str).astype(object)}, r"y in .* is an array of Python objects.*dtype=str"),
        ({"x": X.astype(complex), "y": Y}, r"x in .* has dtype complex128"),
        ({"x": X.astype(str), "y": Y}, r"x in .* has dtype <U"),
        ({"x": X[:, 0], "y": Y}, r"x in .* has shape \(500,\)"),
        ({"x": X[:0], "y": Y[:0]}, r"x in .* is empty, of shape \(0, 3\)"),
        ({"x": X[:, :0], "y": Y}, r"is empty, of shape \(500, 0\)"),
        ({"x": X, "y": Y, "x_test": X[:, :2], "y_test": Y}, r"samples of x_test have shape \(2,\), those of x \(3,\)"),
        ({"x": X[:4], "y": np.arange(4)}, r"4 samples in 4 classes are too few"),
        ({"x": X * 0 + 3, "y": Y}, r"mean 3 and standard deviation 0"),
        ({"x": X * 1e300, "y": Y}, r"standard deviation inf"),
        ({}, r"it holds nothing"),
    ],
)
def test_npz_that_cannot_be_used(tmp_path, arrays, message):
    path = save(tmp_path / "own.npz", **arrays)
    with pytest.raises(UserError, match=message) as caught:
        data.load(path)
    assert "\n" not in str(caught.value)


def test_npz_that_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match=r"There is no file .*absent\.npz"):
        data.load(tmp_path / "absent.npz")
    bare = tmp_path / "bare.npz"
    with open(bare, "wb") as stream:
        np.save(stream, X)
    whole = save(tmp_path / "whole.npz", x=X, y=Y).read_bytes()
    cut_off = tmp_path / "cut_off.npz"
    cut_off.write_bytes(whole[: len(whole) // 2])
    empty = tmp_path / "empty.npz"
    empty.write_bytes(b"")
    for path in (bare, cut_off, empty):
        with pytest.raises(UserError, match=r"not an intact \.npz archive"):
            data.load(path)
    flipped = bytearray(whole)
    flipped[len(whole) // 4] ^= 1
    (tmp_path / "flipped.npz").write_bytes(flipped)
    with pytest.raises(UserError, match="is damaged"):
        data.load(tmp_path / "flipped.npz")


# The content hash


def test_content_is_the_arrays_not_the_file(tmp_path):
    x, y = arrays_of(shape=(4, 5))
    (tmp_path / "elsewhere").mkdir()
    plain = data.load(save(tmp_path / "plain.npz", x=x, y=y))
    np.savez_compressed(tmp_path / "elsewhere" / "packed.npz", y=y, x=np.asfortranarray(x), unrelated=np.ones(3))
    packed = data.load(tmp_path / "elsewhere" / "packed.npz", split="tutorial")
    swapped = data.load(save(tmp_path / "swapped.npz", x=x.astype(">f8"), y=y))
    assert plain.content == packed.content == swapped.content
    assert len(plain.content) == 64
    nudged = x.copy()
    nudged[3, 2, 1] += 1e-9
    others = [
        {"x": nudged, "y": y},
        {"x": x, "y": y[::-1]},
        {"x": x.reshape(100, 20), "y": y},
        {"x": x.astype(np.float32), "y": y},
        {"x": x, "y": y, "x_test": x, "y_test": y},
        {"x": x, "y": y, "x_valid": x, "y_valid": y},
    ]
    contents = {data.load(save(tmp_path / f"{number}.npz", **arrays)).content for number, arrays in enumerate(others)}
    assert len(contents | {plain.content}) == 7
