"""Several runs in one pod: each finds what the first one found, whatever those before it did."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from app.domain.pod import Pod, Run
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS, MAX_LIMITS
from app.domain.report import Limit
from app.domain.submission import File
from app.infrastructure.kubernetes import input
from app.infrastructure.kubernetes.transcript import parse_transcript
from sandbox.languages.commands import ENV
from tests.pod.local_pod import SPECS, Ended, LocalPod, a_pod, signal_container
from tests.pod.test_ends import stages_that_start
from tests.support.sandbox_daemon import a_run
from tests.support.waiting import wait_until

WORK = ENV["HOME"]
"""The working folder of a program, in pods as in jails."""
C_LIMITS = replace(DEFAULT_COMPILE_LIMITS, memory_mib=DEFAULT_LIMITS.memory_mib)


def a_pod_of(source: str, runs: Sequence[Run], language: str = "bash", **facts: object) -> Pod:
    given = {"wall_seconds": 600.0, "compile_limits": C_LIMITS} | facts
    return replace(a_pod(source, language), runs=tuple(runs), **given)  # type: ignore[arg-type]  # facts that a test gives


def start(folder: Path, pod: Pod, *continues: str) -> LocalPod:
    stages = input.stages(pod, SPECS[pod.language])
    return LocalPod.start(folder, stages, continues=continues)


def printed(ended: Ended) -> list[bytes | None]:
    return [run.stdout if run else None for run in ended.output.runs]


DEEP = 'import os\nfor _ in range(9_000): os.mkdir("d"), os.chdir("d")'
LEAVES = {
    "files": "touch x /tmp/x /dev/shm/x; mkdir -p a/b /tmp/.a/.b; rm main.sh",
    "links": "ln -s /etc/passwd link; ln main.sh hard; mkfifo fifo; ln -s main.sh /tmp/link",
    "folders without permissions": "mkdir -p a/b/c /tmp/d/e; chmod 0 a/b/c a/b a /tmp/d",
    "names that a removal uses": "mkdir -p .0/.1/.2 .1/x .4/.4/.4 a/b/c/d; touch .2 .3 a/b/f",
    "many files": "mkdir many; cd many; seq 3000 | xargs touch; seq -f d%g 300 | xargs mkdir",
    "a deep folder": f"exec python3 -Sc '{DEEP}'",
    "no working folder": f"cd /; rm -rf {WORK} /box/tmp /box/shm; touch {WORK}",
    "a process": f"(trap '' TERM HUP; while :; do touch {WORK}/y; done) & sleep 0.1",
    "a stopped process": "(kill -STOP $BASHPID) & sleep 0.1",
}
LOOKS = (
    "sleep 0.05; cd /box && find /box /tmp/ /dev/shm/ | sort; umask; set /proc/[0-9]*; echo $#\n"
)


@pytest.mark.parametrize("what", LEAVES)
def test_nothing_of_a_run_is_left_for_the_next(folder: Path, what: str) -> None:
    ended = start(folder, a_pod_of(f"{LOOKS}cd {WORK}; {LEAVES[what]}", [a_run()] * 3)).wait()

    first, second, third = printed(ended)
    assert first
    assert f"{WORK}/main.sh".encode() in first
    assert (second, third) == (first, first)


@pytest.mark.parametrize("size", [100, 400_000])
def test_stdin_that_runs_share_reaches_each(folder: Path, size: int) -> None:
    first, second = b"x" * size, b"y" * size
    texts = (first, second, first, b"", second, b"", first)
    pod = a_pod_of("sha256sum", [a_run(stdin=text) for text in texts])
    content = input.stages(pod, SPECS["bash"])
    assert len(content) < 3 * size + 20_000

    ended = start(folder, pod).wait()

    assert printed(ended) == [sha256(text).hexdigest().encode() + b"  -\n" for text in texts]


SHARED = """
import ctypes, fcntl, os, resource
libc = ctypes.CDLL(None)
def look():
    kept = libc.shmget(0x1234, 1, 0), libc.semget(0x1234, 1, 0), libc.msgget(0x1234, 0)
    flags = [(fcntl.fcntl(1, f), fcntl.fcntl(1, fcntl.F_GETPIPE_SZ)) for f in (1, 3, 9, 11)]
    return kept, flags, os.umask(0o22), sorted(os.listdir("/box")), os.listxattr("/box")
print(look(), flush=True)
made = [libc.shmget(0x1234, 4096, 0o1000), libc.semget(0x1234, 1, 0o1000)]
made.append(libc.msgget(0x1234, 0o1000))
assert min(made) >= 0
fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 4096)
fcntl.fcntl(1, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND)
fcntl.fcntl(1, fcntl.F_SETOWN, os.getpid())
fcntl.fcntl(1, 10, 12)
os.umask(0o777)
try:
    os.setxattr("/box", "user.left", b"x")
except OSError:
    pass
"""


def test_nothing_of_a_run_is_left_outside_of_files(folder: Path) -> None:
    """System V's objects, and what descriptors of the same FIFO share."""
    ended = start(folder, a_pod_of(SHARED, [a_run()] * 3, "python")).wait()

    first, *others = printed(ended)
    assert first, ended.output
    assert others == [first, first]
    assert [run and run.exit_code for run in ended.report.runs] == [0, 0, 0], ended.output


OWN_PROGRAM = """
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void) {
    printf("%d %d\\n", access("left", F_OK), access("main.c", F_OK));
    chmod("/proc/self/exe", 0777);
    if (!truncate("/box/program", 0) || !truncate("/podline/channel/program", 0)) puts("ESCAPED");
    unlink("/podline/channel/program");
    unlink("/box/program");
    symlink("/bin/true", "/box/program");
    return rename("main.c", "left");
}
"""


def test_a_program_can_not_change_itself_for_the_next_run(folder: Path) -> None:
    ended = start(folder, a_pod_of(OWN_PROGRAM, [a_run()] * 3, "c")).wait()

    assert printed(ended) == [b"-1 0\n"] * 3
    assert ended.report.compile
    assert ended.report.compile.exit_code == 0


MAKES = (
    "mkdir -p /box/program/a/b; cd /box/program; echo classes > a/b/c; ln -s /etc/passwd link; "
    "mkfifo fifo; (echo '#!/bin/sh'; echo 'cat /box/program/a/b/c; rm -r /box/program/a 2>&-; "
    f"ls /box/program {WORK}') > run; chmod +x run; touch {WORK}/left /tmp/left"
)


def test_a_folder_of_compiled_files_is_kept_as_a_whole(folder: Path) -> None:
    """As Java's classes are, in packages. Links and FIFOs are left out."""
    run = ["/box/program/run"]

    ended = LocalPod.start(folder, stages_that_start(["/bin/sh", "-c", MAKES], run, run)).wait()

    assert [each and each.exit_code for each in ended.report.runs] == [0, 0], ended.output
    assert printed(ended) == [f"classes\n/box/program:\na\nrun\n\n{WORK}:\n".encode()] * 2


TOO_MUCH = {
    "a hole": "truncate -s 1T sparse",
    "one file with many names": "head -c 9999 /dev/zero >f; for i in $(seq 200); do ln f f$i; done",
    "many files": "seq 10001 | xargs touch",
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_what_is_too_large_is_no_program(folder: Path, what: str) -> None:
    makes = f"mkdir /box/program; cd /box/program; {TOO_MUCH[what]}"

    ended = LocalPod.start(folder, stages_that_start(["/bin/sh", "-c", makes], ["/x"])).wait()

    assert ended.exit_code == 0
    assert ended.report.compile
    assert ended.report.compile.exit_code == 0
    assert ended.report.runs == ()
    assert ended.report.message


def test_output_above_a_cap_is_not_the_next_run_s(folder: Path) -> None:
    limits = replace(DEFAULT_LIMITS, output_kib=1)
    source = "head -c $(cat) /dev/zero | tr '\\0' x"
    sizes = [1024, 60_000, 3, 1025, 1_000_000, 5]
    runs = [a_run(stdin=str(size).encode(), limits=limits) for size in sizes]

    ended = start(folder, a_pod_of(source, runs)).wait()

    assert [text and len(text) for text in printed(ended)] == [min(size, 1024) for size in sizes]
    assert [run and run.stopped_by for run in ended.report.runs] == [
        Limit.OUTPUT if size > 1024 else None for size in sizes
    ]


def test_all_runs_share_what_a_log_can_hold(folder: Path) -> None:
    source = "head -c 1048576 /dev/zero"
    runs = [a_run(limits=replace(DEFAULT_LIMITS, output_kib=MAX_LIMITS.output_kib))] * 7

    ended = start(folder, a_pod_of(source, runs)).wait()

    assert [len(text or b"") >> 20 for text in printed(ended)] == [1] * 5 + [0] * 2
    assert [run and run.stopped_by for run in ended.report.runs] == [None] * 5 + [Limit.OUTPUT] * 2
    assert len(ended.log) < 10 << 20


def test_very_many_runs_and_what_each_of_them_costs(folder: Path) -> None:
    runs = [a_run(stdin=str(number).encode()) for number in range(200)]

    ended = start(folder, a_pod_of("cat", runs)).wait()

    transcript = parse_transcript(ended.log)
    assert ended.end.report is None
    assert len(ended.message) < 4096
    assert transcript.end
    assert transcript.end.report
    assert [run and run.exit_code for run in transcript.end.report.runs] == [0] * 200
    assert transcript.output
    assert [run and int(run.stdout) for run in transcript.output.runs] == list(range(200))
    assert transcript.end.ended_at
    assert transcript.end.began_at
    assert transcript.end.ended_at - transcript.end.began_at < 10_000_000


def test_main_that_is_gone_leaves_the_runs_before_it_and_says_what_is_left(folder: Path) -> None:
    """As when the kernel kills the whole container for the memory of one run."""
    runs = [a_run(stdin=word) for word in (b"1", b"2", b"stay", b"4", b"5")]
    pod = start(folder, a_pod_of("read -r how; echo $how; [ $how != stay ] || sleep 600", runs))
    wait_until(lambda: b"c3RheQo=" in pod.log)

    signal_container(pod.main)

    ended = pod.wait()
    assert ended.exit_code == 0
    assert ended.end.vanished
    assert (ended.end.runs, ended.end.left) == (3, 2)
    assert printed(ended) == [b"1\n", b"2\n", b"stay\n"]
    assert [run and run.stopped_by for run in ended.report.runs] == [None, None, Limit.MEMORY]


def test_a_pod_continues_after_the_runs_of_another_one(folder: Path) -> None:
    """The program is compiled again, and time that was used counts."""
    source = "#include <stdio.h>\nint main(void) { return getchar() - 48; }"
    long = replace(DEFAULT_LIMITS, wall_seconds=6)
    runs = [a_run(stdin=b"%d" % n, limits=long if n == 4 else DEFAULT_LIMITS) for n in range(6)]
    pod = a_pod_of(source, [replace(run, limits=DEFAULT_LIMITS) for run in runs], "c")
    runs[3] = replace(runs[3], limits=replace(DEFAULT_LIMITS, wall_seconds=1))

    (folder / "all").mkdir(mode=0o755)
    ended = start(folder / "all", pod, "3", "1000").wait()
    (folder / "some").mkdir(mode=0o755)
    few = start(folder / "some", replace(pod, runs=tuple(runs), wall_seconds=10), "3", "8000000")
    skipped = few.wait()

    assert [run and run.exit_code for run in ended.report.runs] == [None] * 3 + [3, 4, 5]
    assert ended.report.compile
    assert [run and run.exit_code for run in skipped.report.runs] == [None] * 3 + [3, None, None]


def test_files_of_a_run_replace_those_of_the_pod(folder: Path) -> None:
    pod = a_pod_of("cat data other 2>/dev/null", [])
    files = (*pod.files, File("data", b"all"))
    own = (File("data", b"one"),)
    runs = (a_run(files=own), a_run(), a_run(files=(File("other", b"!"),)))

    ended = start(folder, replace(pod, files=files, runs=runs)).wait()

    assert printed(ended) == [b"one", b"all", b"all!"]
