"""What every store of blobs does."""

import errno
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app.domain.blob import PIECE_BYTES, Blob
from app.infrastructure.folder.blobs import FolderBlobs
from app.infrastructure.memory.blobs import MemoryBlobs
from app.infrastructure.mongo.blobs import MongoBlobs
from app.infrastructure.mongo.connection import Connection
from app.infrastructure.mongo.documents import PieceDocument
from app.ports import Blobs
from tests.contracts.conftest import TIMEOUT
from tests.support.mongo_server import MongoServer

LARGE = bytes(range(256)) * (3 * PIECE_BYTES // 256) + b"end"
MIB = 1024 * 1024


@pytest.fixture(params=["memory", "folder", "mongo"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blobs]:
    """An empty store of blobs, of each kind in turn."""
    if request.param == "memory":
        yield MemoryBlobs()
    elif request.param == "folder":
        yield FolderBlobs(tmp_path / "blobs")
    else:
        server: MongoServer = request.getfixturevalue("mongo_server")
        connection = Connection(server.url(f"blobs-{abs(hash(request.node.nodeid)):x}"), timeout=5)
        yield MongoBlobs(connection)
        connection.close()


def content(blobs: Blobs, execution_id: str, blob: Blob, *where: int) -> bytes | None:
    pieces = blobs.read(execution_id, blob, *where)
    return None if pieces is None else b"".join(pieces)


def test_contents_are_read_as_they_were_stored(blobs: Blobs) -> None:
    blob = blobs.put("a", [LARGE[:7], LARGE[7:]])
    assert blob == Blob(sha256(LARGE).hexdigest(), len(LARGE))
    assert content(blobs, "a", blob) == LARGE


def test_several_are_stored_in_their_order(blobs: Blobs) -> None:
    first, again, second = blobs.put_each("a", ([content] for content in (b"1", b"1", LARGE)))
    assert (first, content(blobs, "a", first)) == (again, b"1")
    assert content(blobs, "a", second) == LARGE


def test_several_files_take_one_sync_each_and_one_per_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def sync(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))

    monkeypatch.setattr(os, "fsync", sync)
    FolderBlobs(tmp_path / "blobs").put_each("a", [[b"1"], [b"2"], [b"3"]])
    *files, folder, all_folders = synced
    assert len({Path(file).parent for file in files}) == 1
    assert len(set(files)) == 3
    assert (folder, all_folders) == (str(tmp_path / "blobs/a"), str(tmp_path / "blobs"))


def test_many_pieces_are_in_order(blobs: Blobs) -> None:
    many = b"".join(bytes([number]) * PIECE_BYTES for number in range(18)) + b"end"
    blob = blobs.put("a", [many])
    assert content(blobs, "a", blob) == many


def test_nothing_is_something_too(blobs: Blobs) -> None:
    blob = blobs.put("a", [])
    assert content(blobs, "a", blob) == b""
    assert blobs.owners("", "b", 9) == ["a"]


@pytest.mark.parametrize(
    ("start", "size"),
    [(0, 1), (5, 0), (PIECE_BYTES - 1, 2), (len(LARGE) - 1, 9), (len(LARGE), 9)],
)
def test_a_part_is_read(blobs: Blobs, start: int, size: int) -> None:
    blob = blobs.put("a", [LARGE])
    assert content(blobs, "a", blob, start, size) == LARGE[start : start + size]
    assert content(blobs, "a", blob, start) == LARGE[start:]


def test_pieces_are_small(blobs: Blobs) -> None:
    pieces = blobs.read("a", blobs.put("a", [LARGE]))
    assert pieces is not None
    assert max(len(piece) for piece in pieces) <= PIECE_BYTES


def test_the_same_contents_are_stored_once(blobs: Blobs) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: blobs.put("a", [LARGE]), range(8)))) == 1
    assert blobs.owners("", "b", 9) == ["a"]


def test_what_is_missing(blobs: Blobs) -> None:
    blob = blobs.put("a", [b"1"])
    assert blobs.read("b", blob) is None
    assert blobs.read("a", Blob(sha256(b"2").hexdigest(), 1)) is None
    assert blobs.owners("a", "b", 9) == []


def test_executions_do_not_share_blobs(blobs: Blobs) -> None:
    """So removing one takes nothing from the others, whose ids may begin with its id."""
    owners = ["a", "a0", "a1", "b"]
    made = {owner: blobs.put(owner, [b"1"]) for owner in owners}
    blobs.delete(["a", "never"])
    assert blobs.read("a", made["a"]) is None
    assert [content(blobs, owner, made[owner]) for owner in owners[1:]] == [b"1"] * 3


def test_all_but_some_are_deleted(blobs: Blobs) -> None:
    first, second, third = blobs.put_each("a", ([text] for text in (b"1", LARGE, LARGE + b"3")))
    other = blobs.put("a0", [b"1"])
    blobs.keep("a", [second, Blob("0" * 64, 7)])
    assert [content(blobs, "a", each) for each in (first, second, third)] == [None, LARGE, None]
    blobs.keep("a", [second])
    assert content(blobs, "a", second) == LARGE
    blobs.keep("a", [])
    blobs.keep("never", [second])
    assert blobs.owners("", "z", 9) == ["a0"]
    assert content(blobs, "a0", other) == b"1"


def test_when_something_was_stored(blobs: Blobs) -> None:
    blobs.put_each("a", [[b"1"], [LARGE]])
    assert blobs.stored_within("a", 60)
    assert not blobs.stored_within("a", -60)
    assert not blobs.stored_within("never", 60)


@pytest.mark.parametrize("text", [b"1", LARGE])
def test_storing_again_counts(blobs: Blobs, text: bytes) -> None:
    blob = blobs.put("a", [text])
    time.sleep(0.02)  # file systems count in steps of 4 ms
    since = time.monotonic()
    time.sleep(0.02)
    assert not blobs.stored_within("a", time.monotonic() - since)
    assert blobs.put("a", [text]) == blob
    assert blobs.stored_within("a", time.monotonic() - since)
    assert content(blobs, "a", blob) == text


def test_owners_are_listed_in_slices(blobs: Blobs) -> None:
    for owner in ("c", "a", "e", "b", "d"):
        for text in (b"1", b"2", b"3"):
            blobs.put(owner, [text])
    seen: list[str] = []
    while found := blobs.owners(seen[-1] if seen else "", "e", 4):
        assert len(found) <= 4
        seen += found
    assert seen == ["a", "b", "c", "d"]


class Interrupted(Exception):
    pass


def breaks_off() -> Iterator[bytes]:
    yield LARGE
    raise Interrupted


def test_an_interrupted_write_stores_nothing(blobs: Blobs) -> None:
    with pytest.raises(Interrupted):
        blobs.put("a", breaks_off())
    assert blobs.read("a", Blob(sha256(LARGE).hexdigest(), len(LARGE))) is None


WRITES = """
import sys
from pathlib import Path
from app.infrastructure.folder.blobs import FolderBlobs

def pieces():
    yield b"x" * 1000
    print("writing", flush=True)
    sys.stdin.read()

FolderBlobs(Path(sys.argv[1])).put("a", pieces())
"""


def test_a_killed_writer_leaves_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITES, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "writing\n"
        writer.kill()
    assert list((tmp_path / "a").iterdir()) == []
    blobs = FolderBlobs(tmp_path)
    blobs.keep("a", [])
    assert blobs.owners("", "z", 9) == []


@pytest.fixture
def named_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without files that have no name, as the kernel reports it."""

    def refused(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return opened(path, flags, *rest, **options)

    opened = os.open
    monkeypatch.setattr(os, "open", refused)


@pytest.mark.usefixtures("named_only")
def test_without_files_that_have_no_name(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    blob = blobs.put("a", [LARGE])
    assert content(blobs, "a", blob) == LARGE
    assert blobs.put("a", [LARGE]) == blob
    with pytest.raises(Interrupted):
        blobs.put("a", breaks_off())
    assert [path.name for path in (tmp_path / "a").iterdir()] == [blob.sha256]


@pytest.mark.usefixtures("named_only")
def test_what_a_killed_writer_left_is_found_and_deleted(tmp_path: Path) -> None:
    """It stays until then, and does not hinder the same contents."""
    blobs = FolderBlobs(tmp_path)
    blobs.put("a", [b"1"])
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "incomplete-1").write_bytes(LARGE)
    assert blobs.owners("", "c", 9) == ["a", "b"]
    blob = blobs.put("b", [LARGE])
    assert content(blobs, "b", blob) == LARGE
    blobs.keep("b", [blob])
    assert [path.name for path in (tmp_path / "b").iterdir()] == [blob.sha256]
    blobs.delete(["b"])
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_pieces_that_a_killed_writer_left_in_mongodb(mongo_server: MongoServer) -> None:
    connection = Connection(mongo_server.url("blobs-killed"), timeout=TIMEOUT)
    blobs = MongoBlobs(connection)
    blob = blobs.put("b", [LARGE])
    connection.objects(PieceDocument, id=f"b/{blob.sha256}/0").delete()
    assert blobs.read("b", blob) is None
    assert blobs.owners("", "c", 9) == ["b"]
    assert content(blobs, "b", blobs.put("b", [LARGE])) == LARGE
    blobs.delete(["b"])
    assert connection.count(PieceDocument) == 0
    connection.close()


def test_a_large_blob_is_never_in_memory(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    tracemalloc.start()
    try:
        pieces = blobs.read("a", blobs.put("a", (bytes(PIECE_BYTES) for _ in range(64))))
        assert pieces is not None
        assert sum(len(piece) for piece in pieces) == 16 * MIB
        assert tracemalloc.get_traced_memory()[1] < 2 * MIB
    finally:
        tracemalloc.stop()
