"""Compiled programs are received from a jail that nobody trusts."""

import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.daemon.entries import NotReceived
from sandbox.daemon.programs import Made, Programs, TooLarge
from sandbox.daemon.recorder import Recorder
from sandbox.wire.types import Stream

END, FOLDER, PLAIN, EXECUTABLE = range(4)
A_PROGRAM = ((EXECUTABLE, b"program", b"#!"),)
A_FOLDER = (
    (FOLDER, b"program", b""),
    (FOLDER, b"program/a", b""),
    (PLAIN, b"program/a/Main.class", b"1"),
    (EXECUTABLE, b"program/\xff", b"22"),
)


def entry(kind: int, path: bytes, content: bytes, size: int | None = None) -> bytes:
    size = len(content) if size is None else size
    return struct.pack("<IIQ", kind, len(path), size) + path + content


def received(programs: Programs, sent: bytes) -> Made | None:
    """What comes of it if init sends this and ends."""
    source, sink = os.pipe()

    def send() -> None:
        with open(sink, "wb") as writer:
            try:
                writer.write(sent)
                writer.flush()
            except BrokenPipeError:
                writer.raw.close()

    sender = threading.Thread(target=send)
    sender.start()
    try:
        return programs.receive(source)
    finally:
        os.close(source)
        sender.join()


def whole(*entries: tuple[int, bytes, bytes]) -> bytes:
    return b"".join(entry(*each) for each in entries) + entry(END, b"", b"")


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path / "programs", 2)


def tree(folder: Path) -> dict[str, tuple[bytes, int] | None]:
    """The mode and content of each file, and None for each folder."""
    return {
        str(path.relative_to(folder)): None
        if path.is_dir()
        else (path.read_bytes(), path.stat().st_mode & 0o777)
        for path in sorted(folder.rglob("*"))
    }


def test_a_file_and_a_folder_are_shown_read_only(programs: Programs) -> None:
    shown = programs.shown / "0"
    first, second = received(programs, whole(*A_PROGRAM)), received(programs, whole(*A_FOLDER))
    assert first
    assert second

    programs.show(first, 0)
    assert tree(shown) == {"program": (b"#!", 0o555)}
    programs.show(second, 0)
    assert tree(shown) == {
        "program": None,
        "program/a": None,
        "program/a/Main.class": (b"1", 0o444),
        "program/\udcff": (b"22", 0o555),
    }
    assert (shown / "program" / "a").stat().st_mode & 0o777 == 0o755
    assert tree(programs.shown / "1") == {}


def test_what_is_hidden_or_discarded_is_gone(programs: Programs) -> None:
    made = received(programs, whole(*A_FOLDER))
    assert made
    programs.show(made, 0)
    programs.discard(made)
    assert "program/a/Main.class" in tree(programs.shown / "0"), "the bay still shows it"
    programs.hide(0)

    assert tree(programs.shown / "0") == {}
    assert not made.folder.exists()


def test_a_compiler_that_made_nothing_leaves_nothing(programs: Programs, tmp_path: Path) -> None:
    assert received(programs, whole()) is None
    assert_nothing_left(tmp_path)


def assert_nothing_left(tmp_path: Path) -> None:
    assert list((tmp_path / "programs" / "received").iterdir()) == []


@pytest.mark.parametrize(
    "path",
    [
        *(b"", b"/", b"/etc/passwd", b"..", b"../x", b"program/../x", b"program/..", b"program/."),
        *(b"program//x", b"program/", b"other", b"programs", b"program\0", b"program/a\0b"),
        b"program/" + b"x" * 5000,
    ],
)
@pytest.mark.parametrize("kind", [FOLDER, PLAIN])
def test_a_path_never_leads_out_of_its_folder(
    programs: Programs, tmp_path: Path, kind: int, path: bytes
) -> None:
    sent = whole((FOLDER, b"program", b""), (kind, path, b""))
    with pytest.raises(NotReceived):
        received(programs, sent)
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"x",
        entry(EXECUTABLE, b"program", b"#!"),
        entry(EXECUTABLE, b"program", b"#!", size=3),
        entry(9, b"program", b""),
        struct.pack("<IIQ", PLAIN, 4000, 0) + b"program",
    ],
    ids=["nothing", "part of an entry", "no end", "part of a file", "unknown", "part of a path"],
)
def test_what_breaks_off_is_not_kept(programs: Programs, tmp_path: Path, sent: bytes) -> None:
    with pytest.raises(NotReceived):
        received(programs, sent)
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize(
    "sent",
    [
        lambda: entry(PLAIN, b"program", b"", size=1 << 40),
        lambda: entry(PLAIN, b"program", b"", size=(1 << 64) - 1),
        lambda: (
            entry(FOLDER, b"program", b"")
            + b"".join(entry(PLAIN, b"program/%d" % number, b"") for number in range(10_001))
        ),
    ],
    ids=["sparse", "largest", "many"],
)
def test_what_is_too_large_is_not_kept(
    programs: Programs, tmp_path: Path, sent: Callable[[], bytes]
) -> None:
    with pytest.raises(TooLarge):
        received(programs, sent())
    assert_nothing_left(tmp_path)


def test_the_same_path_twice_is_not_kept(programs: Programs, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        received(programs, whole(*A_PROGRAM, *A_PROGRAM))
    assert_nothing_left(tmp_path)


def test_a_new_daemon_trusts_nothing_that_was_left(tmp_path: Path) -> None:
    first = Programs(tmp_path / "programs", 1)
    made = received(first, whole(*A_PROGRAM))
    assert made
    first.show(made, 0)

    later = Programs(tmp_path / "programs", 1)

    assert tree(later.shown) == {"0": None}
    assert_nothing_left(tmp_path)


def test_a_new_daemon_needs_no_space_for_folders(tmp_path: Path) -> None:
    """On a full disk, another process would take what removing them frees."""
    folder = tmp_path / "programs"
    Programs(folder, 2)
    before = {path: path.stat().st_ino for path in folder.rglob("*")}

    Programs(folder, 2)

    assert {path: path.stat().st_ino for path in folder.rglob("*")} == before


def test_what_is_no_folder_of_ours_is_removed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    folder = tmp_path / "programs"
    Programs(folder, 2)
    (folder / "shown" / "0").rmdir()
    (folder / "shown" / "0").symlink_to(outside)
    (folder / "received").rmdir()
    (folder / "received").touch()
    (folder / "other").symlink_to(outside)

    later = Programs(folder, 1)

    assert tree(later.shown) == {"0": None}
    assert sorted(path.name for path in folder.iterdir()) == ["received", "shown"]
    assert (folder / "received").is_dir()
    assert (outside / "file").exists()


KIB = 1024
SAID = Recorder(100)


def a_program(programs: Programs, content: bytes) -> Made:
    made = received(programs, whole((EXECUTABLE, b"program", content)))
    assert made
    return made


def test_a_program_that_is_kept_is_found_by_its_key(programs: Programs) -> None:
    assert programs.keep("key", a_program(programs, b"1"), SAID)

    assert programs.show_kept("another", 0) is None
    assert programs.show_kept("key", 0) is SAID
    assert tree(programs.shown / "0") == {"program": (b"1", 0o555)}


def test_the_first_one_of_a_key_stays(programs: Programs) -> None:
    assert programs.keep("key", a_program(programs, b"1"), SAID)
    assert not programs.keep("key", a_program(programs, b"2"), SAID)
    programs.show_kept("key", 0)
    assert tree(programs.shown / "0") == {"program": (b"1", 0o555)}


def test_those_that_were_used_last_stay(tmp_path: Path) -> None:
    programs = Programs(tmp_path / "programs", 1, bytes_kept=40 * KIB)
    for key in ("one", "two", "three"):
        assert programs.keep(key, a_program(programs, bytes(9 * KIB)), SAID)
    assert programs.show_kept("one", 0)
    assert programs.keep("four", a_program(programs, bytes(9 * KIB)), SAID)

    assert [key for key in ("one", "two", "three", "four") if programs.show_kept(key, 0)] == [
        *("one", "three", "four")
    ]
    assert len(list((tmp_path / "programs" / "received").iterdir())) == 3


def test_small_programs_are_kept_in_bounded_number(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.daemon.programs._PROGRAMS_KEPT", 2)
    for key in ("one", "two", "three"):
        assert programs.keep(key, a_program(programs, b""), SAID)

    assert [key for key in ("one", "two", "three") if programs.show_kept(key, 0)] == [
        *("two", "three")
    ]


def test_a_bay_keeps_what_makes_room(tmp_path: Path) -> None:
    programs = Programs(tmp_path / "programs", 1, bytes_kept=20 * KIB)
    programs.keep("one", a_program(programs, b"1" * 9 * KIB), SAID)
    programs.show_kept("one", 0)
    programs.keep("two", a_program(programs, b"2" * 15 * KIB), SAID)

    assert tree(programs.shown / "0") == {"program": (b"1" * 9 * KIB, 0o555)}
    assert programs.show_kept("one", 0) is None


def test_what_needs_too_much_room_is_not_kept(tmp_path: Path) -> None:
    programs = Programs(tmp_path / "programs", 1, bytes_kept=20 * KIB)
    wordy = Recorder(1 << 20)
    wordy.take(Stream.STDERR, bytes(17 * KIB))

    assert not programs.keep("large", a_program(programs, bytes(20 * KIB)), SAID)
    assert not programs.keep("wordy", a_program(programs, b""), wordy)


def test_all_can_be_forgotten(programs: Programs, tmp_path: Path) -> None:
    programs.keep("key", a_program(programs, b"1"), SAID)
    programs.forget_all()
    assert programs.show_kept("key", 0) is None
    assert_nothing_left(tmp_path)
