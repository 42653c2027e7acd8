"""Files that hostile programs leave to whoever collects them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.domain.artifact import ArtifactMaxima, Collected
from app.domain.pod import Observation, Phase
from app.domain.policy import DEFAULT_LIMITS
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, a_run, language, wait_for_end

NOT_A_FILE = "it is not a regular file, or can't be read"
LARGE = replace(DEFAULT_LIMITS, disk_mib=256, memory_mib=512)


Run = Callable[..., Observation]


@pytest.fixture
def run(hostile_sandbox: SandboxDaemon) -> Run:
    def run(source: str, *patterns: str, **facts: object) -> Observation:
        limits = facts.pop("limits", DEFAULT_LIMITS)
        pod = a_pod(
            language(hostile_sandbox.runtime, "python"),
            source,
            artifacts=patterns or ("*", "!main.py"),
            runs=(a_run(limits=limits),),
            **facts,
        )
        observation = wait_for_end(hostile_sandbox.runtime, pod)
        assert observation.phase is Phase.ENDED, observation.message
        return observation

    return run


def collected(observation: Observation) -> Collected:
    assert observation.collected is not None
    return observation.collected


def contents(sandbox: SandboxDaemon, observation: Observation) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for index, file in enumerate(collected(observation).files):
        found[file.name] = b""
        while part := sandbox.runtime.artifact(observation.name, index, len(found[file.name])):
            found[file.name] += part
        assert len(found[file.name]) == file.size
    return found


def left_out(observation: Observation) -> dict[str | None, str]:
    return {each.name: each.reason for each in collected(observation).left_out}


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


def test_no_link_is_followed(run: Run, hostile_sandbox: SandboxDaemon) -> None:
    ended = run(LINKS)
    assert contents(hostile_sandbox, ended) == {"folder/a": b"kept", "hard": LINKS.encode()}
    assert left_out(ended) == dict.fromkeys(
        ("folder/up", "loop", "passwd", "program", "root"), NOT_A_FILE
    )


def test_a_working_folder_that_became_a_link(run: Run) -> None:
    ended = run('import os\nos.rename("/box/work", "/box/gone")\nos.symlink("/etc", "/box/work")')
    assert collected(ended) == Collected()


def test_a_working_folder_that_was_removed(run: Run) -> None:
    ended = run('import shutil\nshutil.rmtree("/box/work", ignore_errors=True)')
    assert collected(ended) == Collected()


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


def test_nothing_waits_for_what_is_no_file(run: Run) -> None:
    ended = run(SPECIAL)
    assert collected(ended).files == ()
    assert left_out(ended) == dict.fromkeys(("closed", "fifo", "shut", "socket"), NOT_A_FILE)


SPARSE = """
import os
os.truncate(os.open("huge", os.O_CREAT | os.O_RDWR), 1 << 40)
os.truncate(os.open("holes", os.O_CREAT | os.O_RDWR), 7 << 20)
os.truncate(os.open("more", os.O_CREAT | os.O_RDWR), 2 << 20)
open("small", "w").write("x")
"""


def test_sparse_files(run: Run, hostile_sandbox: SandboxDaemon) -> None:
    ended = run(SPARSE)
    assert contents(hostile_sandbox, ended) == {"holes": bytes(7 << 20), "small": b"x"}
    room = ArtifactMaxima().bytes - (7 << 20)
    assert left_out(ended) == {
        "huge": f"it has {1 << 40} bytes; {room} of {ArtifactMaxima().bytes} are left for it",
        "more": f"it has {2 << 20} bytes; {room} of {ArtifactMaxima().bytes} are left for it",
    }


NAMES = r"""
import os
for name in (b"\xff\xfe", b"new\nline", b"\x1b[31m", "\u202egnp.exe", "\u00e4.txt"):
    open(name, "w").close()
os.makedirs("/".join(["n" * 200] * 6))
open("/".join(["n" * 200] * 6) + "/a", "w").close()
"""


def test_names(run: Run) -> None:
    ended = run(NAMES)
    assert [file.name for file in collected(ended).files] == ["ä.txt"]
    found = left_out(ended)
    bad = "its name is not UTF-8, or has characters that control a terminal"
    assert {name for name, reason in found.items() if reason == bad} == {
        "\ufffd\ufffd",
        "new\ufffdline",
        "\ufffd[31m",
        "\ufffdgnp.exe",
    }
    (long,) = set(found.values()) - {bad}
    assert long == "its name has 1207 bytes; at most 1024 are allowed"


MANY = """
for number in range({}):
    open(f"{{number:06}}", "w").close()
"""


def test_many_files(run: Run) -> None:
    ended = run(MANY.format(1000))
    assert [file.name for file in collected(ended).files] == [f"{n:06}" for n in range(64)]
    reasons = collected(ended).left_out
    assert (len(reasons), reasons[-1].name, reasons[-1].reason) == (65, None, "872 more files")


def test_more_files_than_are_looked_at(run: Run) -> None:
    ended = run(MANY.format(60_000), limits=LARGE)
    assert len(collected(ended).files) == 64
    *_, counted, not_all = collected(ended).left_out
    assert counted.reason.endswith("more files")
    assert "too many files" in not_all.reason


DEEP = """
import os
for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
"""


def test_deep_folders(run: Run) -> None:
    assert "too deep folders" in left_out(run(DEEP))[None]


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


def test_files_that_change_until_the_end(run: Run, hostile_sandbox: SandboxDaemon) -> None:
    ended = run(GROWING)
    found = contents(hostile_sandbox, ended)
    assert len(found) <= 1
    assert set(b"".join(found.values())) <= {0}


@pytest.mark.parametrize(
    "end",
    [
        "raise SystemExit(3)",
        "import os; os.kill(0, 9)",
        "while True: pass",
        "x = bytearray(1 << 30)",
        "while True: print('x' * 4096)",
    ],
)
def test_whatever_the_outcome(run: Run, hostile_sandbox: SandboxDaemon, end: str) -> None:
    limits = replace(DEFAULT_LIMITS, wall_seconds=1)
    ended = run(f'open("a", "w").write("kept")\n{end}', limits=limits)
    assert contents(hostile_sandbox, ended) == {"a": b"kept"} or left_out(ended) == {
        None: "a limit ended the program's sandbox, and its files with it"
    }


def test_a_program_that_filled_its_memory_with_files(run: Run) -> None:
    source = 'file = open("a", "wb")\nwhile True: file.write(bytes(1 << 16))'
    ended = run(source, limits=replace(DEFAULT_LIMITS, memory_mib=64, disk_mib=256))
    assert collected(ended).left_out


def test_no_files_of_a_program_that_does_not_compile(hostile_sandbox: SandboxDaemon) -> None:
    pod = a_pod(language(hostile_sandbox.runtime, "c"), "x", artifacts=("*",))
    assert wait_for_end(hostile_sandbox.runtime, pod).collected is None
