"""ZIP files of clients of Judge0: what is taken of them, and what is refused."""

import io
import struct
import zipfile
from contextlib import suppress
from typing import Final
from zipfile import ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.doors.judge0.archive import NotUsable, Room, archive_of, files_in
from app.domain.policy import InputMaxima
from app.domain.submission import File
from tests.support.cpu import least_cpu_seconds

MAXIMA: Final = InputMaxima(files=8, files_bytes=64 * 1024)
LINK: Final = 0o120777 << 16


def files_of(archive: bytes, maxima: InputMaxima = MAXIMA) -> tuple[File, ...]:
    return files_in(archive, maxima, Room(1_000_000))


def zipped(*entries: tuple[str | ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with ZipFile(sink, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return sink.getvalue()


def refused(archive: bytes, maxima: InputMaxima = MAXIMA) -> str:
    with pytest.raises(NotUsable) as error:
        files_of(archive, maxima)
    return str(error.value)


NAMES = st.text("abc.-_ü", min_size=1, max_size=8).map(lambda name: f"x{name}")


@given(st.dictionaries(NAMES, st.binary(max_size=200), min_size=1, max_size=8))
def test_the_files_of_an_archive_are_those_put_in(contents: dict[str, bytes]) -> None:
    files = tuple(File(*each) for each in contents.items())
    assert files_of(archive_of(files)) == files


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for archive in (content, b"PK\3\4" + content, content + zipped(("a", b"b"))):
        with suppress(NotUsable):
            files_of(archive)


@given(st.data())
def test_a_damaged_archive_is_read_or_refused(data: st.DataObject) -> None:
    archive = bytearray(zipped(("a.txt", b"hello" * 9), ("b/c.txt", b"x")))
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    with suppress(NotUsable):
        files_of(bytes(archive))


def test_folders_and_leading_slashes_are_dropped() -> None:
    archive = zipped(("src/", b""), ("/src/a.py", b"1"), ("./b.py", b"2"))
    assert files_of(archive) == (File("src/a.py", b"1"), File("b.py", b"2"))


def test_of_one_name_the_first_file_counts() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        archive = zipped(("a", b"1"), ("a", b"2"))
    assert files_of(archive) == (File("a", b"1"),)


def test_too_many_files() -> None:
    many = [(f"f{index}", b"") for index in range(9)]
    assert refused(zipped(*many)) == "has more than 8 files"
    assert len(files_of(zipped(*many[:8]))) == 8
    assert "entries" in refused(zipped(*((f"folder{index}/", b"") for index in range(99))))


def test_a_bomb_is_refused_as_soon_as_it_is_too_large() -> None:
    archive = zipped(("bomb", b"\0" * 50_000_000))
    assert len(archive) < 100_000

    def refuse() -> None:
        assert refused(archive) == "has more than 65536 bytes, once extracted"

    assert least_cpu_seconds(refuse, times=3, enough=0.05) < 0.05


def test_all_files_count_together() -> None:
    halves = [("a", b"x" * 32 * 1024), ("b", b"x" * 32 * 1024)]
    assert len(files_of(zipped(*halves))) == 2
    assert "extracted" in refused(zipped(*halves, ("c", b"x")))


def test_archives_of_one_request_share_its_room() -> None:
    room = Room(100)
    small, large = zipped(("a", b"x" * 60)), zipped(("a", b"x" * 50_000))
    assert files_in(small, MAXIMA, room)
    with pytest.raises(NotUsable, match="other submissions"):
        files_in(small, MAXIMA, room)

    def refuse() -> None:
        with pytest.raises(NotUsable, match="other submissions"):
            files_in(large, MAXIMA, room)

    assert least_cpu_seconds(refuse, times=3) < 0.01
    assert room.left == 0


def test_entries_that_overlap() -> None:
    """Each would be read again, however small the archive is."""
    archive = bytearray(zipped(("a", bytes(range(256))), ("b", b""), method=zipfile.ZIP_STORED))
    second = archive.rfind(b"PK\1\2")
    struct.pack_into("<II", archive, second + 20, 256, 256)
    struct.pack_into("<I", archive, second + 42, 0)
    assert refused(bytes(archive)) == "has entries that overlap"


def test_a_directory_of_very_many_entries_is_not_read() -> None:
    entry = ZipInfo("x")
    archive = bytearray(zipped((entry, b"")))
    start = archive.find(b"PK\1\2")
    end = archive.find(b"PK\5\6")
    central = bytes(archive[start:end]) * 100_000
    forged = archive[:start] + central + archive[end:]
    tail = len(forged) - 22
    struct.pack_into("<II", forged, tail + 12, len(central), start)

    def refuse() -> None:
        assert "entries" in refused(bytes(forged))

    assert least_cpu_seconds(refuse, times=3, enough=0.05) < 0.05


def test_zip64_is_refused() -> None:
    sink = io.BytesIO()
    with ZipFile(sink, "w") as archive:
        for index in range(70_000):
            archive.writestr(ZipInfo(f"{index}"), b"")
    assert "ZIP64" in refused(sink.getvalue())


def test_links_and_other_special_files() -> None:
    link = ZipInfo("link")
    link.external_attr = LINK
    assert "links" in refused(zipped((link, b"/etc/passwd")))


def test_other_compressions_and_encryption() -> None:
    assert "compression" in refused(zipped(("a", b"b"), method=zipfile.ZIP_LZMA))
    archive = bytearray(zipped(("a", b"b")))
    archive[archive.rfind(b"PK\1\2") + 8] |= 1
    assert refused(bytes(archive)) == "is encrypted"


@pytest.mark.parametrize("archive", [b"x", b"PK", b"not a zip", b"PK\5\6", b"\0" * 22])
def test_what_is_no_zip_file(archive: bytes) -> None:
    assert "not a valid ZIP file" in refused(archive)
