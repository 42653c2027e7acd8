"""Files that hostile programs leave to whoever collects them, in a jail or a pod."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest

from app.domain.artifact import ArtifactMaxima, Collected
from app.domain.policy import DEFAULT_LIMITS
from app.domain.report import Observation, Phase
from app.ports import Runtime

NOT_A_FILE = "it is not a regular file, or can't be read"
BAD_NAME = "its name is not UTF-8, or has a backslash or characters that control a terminal"
GONE = "a limit ended the program's sandbox, and its files with it"
LARGE = replace(DEFAULT_LIMITS, disk_mib=256, memory_mib=512)
ALL = ("*", "!main.py")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a program's files."""

    collected: Collected
    contents: Mapping[str, bytes]

    @property
    def left_out(self) -> dict[str | None, str]:
        return {each.name: each.reason for each in self.collected.left_out}


Keep = Callable[..., Kept]
"""Runs a Python program that asks for ALL, with that `limits`."""


def kept_by(runtime: Runtime, observation: Observation) -> Kept:
    assert observation.phase is Phase.ENDED, observation.message
    assert observation.collected is not None
    contents: dict[str, bytes] = {}
    for index, file in enumerate(observation.collected.files):
        contents[file.name] = b""
        while part := runtime.artifact(observation.name, index, len(contents[file.name])):
            contents[file.name] += part
        assert len(contents[file.name]) == file.size
    return Kept(observation.collected, contents)


LINKS = """
import os
os.symlink("/etc/passwd", "passwd")
os.symlink("main.py", "program")
os.symlink("/", "root")
os.symlink("loop", "loop")
os.mkdir("folder")
os.symlink("../..", "folder/up")
os.link("main.py", "hard")
open("folder/a", "w").write("kept")
"""
MOVED = """
import os
os.rename("/box/work", "/box/gone")
os.symlink("/etc", "/box/work")
"""
REMOVED = """
import shutil
shutil.rmtree("/box/work", ignore_errors=True)
"""
SPECIAL = """
import os, socket
os.mkfifo("fifo")
socket.socket(socket.AF_UNIX).bind("socket")
open("closed", "w").close()
os.chmod("closed", 0)
os.mkdir("shut")
open("shut/a", "w").close()
os.chmod("shut", 0)
"""
SHUT = """
import os
open("a", "w").close()
os.chmod(".", 0)
"""
PRIVATE = """
import os
os.umask(0o077)
os.mkdir("folder")
open("folder/a", "w").write("kept")
"""
SPARSE = """
import os
os.truncate(os.open("huge", os.O_CREAT | os.O_RDWR), 1 << 40)
os.truncate(os.open("holes", os.O_CREAT | os.O_RDWR), {})
os.truncate(os.open("more", os.O_CREAT | os.O_RDWR), 2 << 20)
open("small", "w").write("x")
"""
NAMES = r"""
import os
for name in (b"\xff\xfe", b"new\nline", b"\x1b[31m", "\u202egnp.exe", "..\\a", "\u00e4.txt"):
    open(name, "w").close()
os.makedirs("/".join(["n" * 200] * 6))
open("/".join(["n" * 200] * 6) + "/a", "w").close()
"""
MANY = """
for number in range({}):
    open(f"{{number:06}}", "w").close()
"""
DEEP = """
import os
for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
"""
GROWING = """
import os, sys
if os.fork() == 0:
    with open("grows", "ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))
            os.replace("grows", "other")
            os.replace("other", "grows")
while not os.path.exists("grows"):
    pass
"""
FORGED = r"""
import os
open("a", "w").write("kept")
for line in ('{"artifacts": null}\n', '{"left_out": {}}\n', '{"end": {"fault": "forged"}}\n'):
    os.write(1, line.encode())
    os.write(2, line.encode())
if os.fork() == 0:
    while True:
        os.write(1, b"\0\0\0\0" * 64)
"""
FILLING = """
file = open("a", "wb")
while True:
    file.write(bytes(1 << 16))
"""


class FilesOfPrograms:
    """Tests of a place to run programs, which a class that inherits them names."""

    most = ArtifactMaxima().bytes
    """That all files can have together."""

    def test_no_link_is_followed(self, keep: Keep) -> None:
        kept = keep(LINKS)
        assert kept.contents == {"folder/a": b"kept", "hard": LINKS.encode()}
        links = ("folder/up", "loop", "passwd", "program", "root")
        assert kept.left_out == dict.fromkeys(links, NOT_A_FILE)

    @pytest.mark.parametrize("source", [MOVED, REMOVED], ids=["a link", "removed"])
    def test_a_working_folder_that_is_gone(self, keep: Keep, source: str) -> None:
        assert keep(source).collected == Collected()

    def test_nothing_waits_for_what_is_no_file(self, keep: Keep) -> None:
        kept = keep(SPECIAL)
        assert kept.contents == {}
        assert kept.left_out == dict.fromkeys(("closed", "fifo", "shut", "socket"), NOT_A_FILE)

    def test_files_that_only_their_owner_may_read(self, keep: Keep) -> None:
        assert keep(PRIVATE).contents == {"folder/a": b"kept"}

    def test_sparse_files(self, keep: Keep) -> None:
        room = 1 << 20
        kept = keep(SPARSE.format(self.most - room))
        assert kept.contents == {"holes": bytes(self.most - room), "small": b"x"}
        assert kept.left_out == {
            "huge": f"it has {1 << 40} bytes; {room} of {self.most} are left for it",
            "more": f"it has {2 << 20} bytes; {room} of {self.most} are left for it",
        }

    def test_names(self, keep: Keep) -> None:
        kept = keep(NAMES)
        assert list(kept.contents) == ["ä.txt"]
        found = kept.left_out
        assert {name for name, reason in found.items() if reason == BAD_NAME} == {
            "\ufffd\ufffd",
            "new\ufffdline",
            "\ufffd[31m",
            "\ufffdgnp.exe",
            "..\\a",
        }
        (long,) = set(found.values()) - {BAD_NAME}
        assert long == "its name has 1207 bytes; at most 1024 are allowed"

    def test_many_files(self, keep: Keep) -> None:
        kept = keep(MANY.format(1000))
        assert list(kept.contents) == [f"{number:06}" for number in range(64)]
        reasons = kept.collected.left_out
        assert (len(reasons), reasons[-1].name, reasons[-1].reason) == (65, None, "872 more files")

    def test_deep_folders(self, keep: Keep) -> None:
        assert "too deep folders" in keep(DEEP).left_out[None]

    def test_a_working_folder_without_permissions(self, keep: Keep) -> None:
        kept = keep(SHUT)
        assert not kept.contents
        assert "the working folder can't be read" in kept.left_out[None]

    def test_files_that_change_until_the_end(self, keep: Keep) -> None:
        found = keep(GROWING).contents
        assert len(found) <= 1
        assert set(b"".join(found.values())) <= {0}

    def test_what_a_program_prints_is_never_taken_for_files(self, keep: Keep) -> None:
        assert keep(FORGED).contents == {"a": b"kept"}

    @pytest.mark.parametrize(
        "end",
        [
            "raise SystemExit(3)",
            "import os; os.kill(0, 9)",
            "while True: pass",
            "while True: print('x' * 4096)",
        ],
    )
    def test_whatever_the_outcome(self, keep: Keep, end: str) -> None:
        limits = replace(DEFAULT_LIMITS, wall_seconds=1)
        kept = keep(f'open("a", "w").write("kept")\n{end}', limits=limits)
        assert kept.contents == {"a": b"kept"}


class FilesInLimitedMemory(FilesOfPrograms):
    """Where memory is limited."""

    def test_more_files_than_are_looked_at(self, keep: Keep) -> None:
        kept = keep(MANY.format(60_000), limits=LARGE)
        assert len(kept.contents) == 64
        *_, counted, not_all = kept.collected.left_out
        assert counted.reason.endswith("more files")
        assert "too many files" in not_all.reason

    def test_a_program_that_uses_too_much_memory(self, keep: Keep) -> None:
        kept = keep('open("a", "w").write("kept")\nx = bytearray(1 << 30)')
        assert kept.contents == {"a": b"kept"} or kept.left_out == {None: GONE}

    def test_a_program_that_filled_its_memory_with_files(self, keep: Keep) -> None:
        limits = replace(DEFAULT_LIMITS, memory_mib=64, disk_mib=256)
        assert keep(FILLING, limits=limits).left_out
