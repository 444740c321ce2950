"""Downloads from servers that fail, lie, hold on or never end: nothing but a whole, right file gets its name."""

import contextlib
import gzip
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from tests.test_data import fake_set, files_under, gzipped, with_mirrors

from actlab import data
from actlab.data import fetch, sets
from actlab.errors import UserError


@contextlib.contextmanager
def server(answer):
    """A server on this machine: `answer(name, send)` sends the bytes of each answer; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve(connection):
            with connection, contextlib.suppress(OSError):
                asked = b""
                while b"\r\n\r\n" not in asked:
                    asked += connection.recv(4096)
                answer(asked.split()[1].decode().rpartition("/")[2], connection.sendall)

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


def head(length=None, *more):
    lines = ["HTTP/1.1 200 OK", "Connection: close", *more]
    return "\r\n".join([*lines, *([f"Content-Length: {length}"] if length is not None else []), "\r\n"]).encode()


@pytest.fixture(autouse=True)
def own_places(monkeypatch, tmp_path):
    monkeypatch.setenv("ACTLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("ACTLAB_DATA", raising=False)


def without_end(name, send):
    send(head())
    while True:
        send(bytes(1 << 16))


def said_too_long(name, send):
    send(head(10**15))
    while True:
        send(bytes(1 << 16))


def byte_by_byte(name, send):
    send(head(5000))
    while True:
        send(b"\x1f")
        time.sleep(0.02)


def silent(name, send):
    time.sleep(1000)


def redirected(to):
    def answer(name, send):
        send(f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    return answer


def odd_length(said):
    def answer(name, send):
        send(head(said) + gzipped(fake_set()[1])[name])

    return answer


def garbage(name, send):
    send(b"\xff\x00" * 3000)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (without_end, r"sent another file, of more than the [\d,]+ bytes that are expected"),
        (said_too_long, "sent another file, of 1,000,000,000,000,000 bytes where at most"),
        (byte_by_byte, "no answer within 0.5 s"),
        (silent, "no answer within 0.5 s"),
        (redirected("file:///etc/passwd"), "the download broke off"),
        (redirected("/again"), "the download broke off"),
        (odd_length(3), "sent another file, "),
        (odd_length(90_000), "the download broke off|sent another file"),
        (garbage, "no connection|the download broke off"),
    ],
)
def test_a_server_of_ill_will_is_told_and_leaves_nothing(answer, told, tmp_path):
    made, *_ = fake_set()
    with server(answer) as address, pytest.raises(UserError, match=told) as caught:
        fetch.obtain(with_mirrors(made, [address]), data_dir=None, download=True, timeout_seconds=0.5)
    assert "\n" not in str(caught.value) and files_under(tmp_path / "cache") == []
    assert list((tmp_path / "cache" / "mnist").iterdir()) == []


def test_a_file_whose_server_says_that_it_is_packed_is_taken_as_it_is(monkeypatch):
    made, contents, arrays = fake_set()
    packed = gzipped(contents)

    def answer(name, send):
        send(head(len(packed[name]), "Content-Encoding: x-gzip") + packed[name])

    with server(answer) as address:
        monkeypatch.setitem(sets.SETS, "mnist", with_mirrors(made, [address]))
        assert np.array_equal(data.load("mnist").test.y, arrays[3])


def test_a_bomb_in_place_of_a_file_is_not_unpacked(tmp_path, monkeypatch):
    bomb = gzip.compress(bytes(1 << 26))
    monkeypatch.setattr(fetch, "most_packed", lambda file: 10**9)  # as if it were short enough
    answer, told = (lambda name, send: send(head(len(bomb)) + bomb)), "sent another file, expected"
    with server(answer) as address, pytest.raises(UserError, match=told):
        fetch.obtain(with_mirrors(fake_set()[0], [address]), data_dir=None, download=True)
    assert files_under(tmp_path / "cache") == []


CHILD = """
import sys
from tests.test_data import fake_set, with_mirrors
from actlab import data
from actlab.data import sets
sets.SETS["mnist"] = with_mirrors(fake_set()[0], [sys.argv[1]])
print(data.load("mnist").content, flush=True)
"""


def child(address):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", CHILD, address], env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.large
def test_a_download_that_was_killed_is_begun_again_and_its_part_is_not_used(tmp_path):
    packed = gzipped(fake_set()[1])
    half, rest = threading.Event(), threading.Event()

    def first_half(name, send):
        send(head(len(packed[name])) + packed[name][: len(packed[name]) // 2])
        half.set()
        rest.wait(600)

    with server(first_half) as address, child(address) as process:
        assert half.wait(600)
        process.send_signal(signal.SIGKILL)
        process.wait(600)
    rest.set()
    assert not list((tmp_path / "cache" / "mnist").glob("*.gz"))
    whole = lambda name, send: send(head(len(packed[name])) + packed[name])  # noqa: E731
    with server(whole) as address, child(address) as process:
        assert process.communicate(timeout=600)[0].strip() and process.returncode == 0
    assert sorted(path.name for path in (tmp_path / "cache" / "mnist").glob("*.gz")) == sorted(packed)


@pytest.mark.large
def test_two_processes_at_once_get_the_same_whole_files(tmp_path):
    packed = gzipped(fake_set()[1])
    both, counted = threading.Event(), itertools.count(1)

    def answer(name, send):
        if next(counted) >= 2:
            both.set()
        both.wait(60)  # the first file is sent to both at once
        content = packed[name]
        for place in range(0, len(content), 8192):
            send((head(len(content)) if not place else b"") + content[place : place + 8192])

    with server(answer) as address:
        processes = [child(address) for _ in range(2)]
        said = [process.communicate(timeout=600)[0].strip() for process in processes]
    assert said[0] and said[0] == said[1] and [process.returncode for process in processes] == [0, 0]
    assert files_under(tmp_path / "cache") == sorted(packed)
