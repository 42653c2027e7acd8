"""init as pid 1 of a jail, without the daemon."""

import errno
import os
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain
from random import Random
from types import MappingProxyType
from uuid import uuid4

import psutil
import pytest

from sandbox.init import control
from sandbox.init.protocol import INIT, PROTOCOL, InitReport, Kind, Stage, Step
from sandbox.jail import kit, nsjail, view
from sandbox.jail.kit import JailKit
from sandbox.wire.types import File
from tests.sandbox.test_daemon import gone
from tests.support.jails import a_kit
from tests.support.waiting import wait_until

SECONDS_TO_END = 10
FIRST_BAY = 400
"""Far from those of daemons, so that their uids, and so their processes, are not counted here."""
AT_ONCE = 10

HARMLESS = {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH}
STOPPING = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
DEADLY = [number for number in range(1, 65) if number not in HARMLESS | STOPPING | {32, 33}]
"""32 and 33 are libc's own."""


@pytest.fixture(scope="module")
def jail_kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JailKit]:
    folder = tmp_path_factory.mktemp("init")
    yield a_kit(folder)
    shutil.rmtree(kit.folder_of(folder))


@dataclass(slots=True)
class Started:
    """A jail that nothing watches: only its control socket ends it."""

    control: socket.socket
    process: subprocess.Popen[bytes]

    @classmethod
    def now(
        cls, jail_kit: JailKit, bay: int = FIRST_BAY, wrapper: tuple[str, ...] = ()
    ) -> "Started":
        control, inner = socket.socketpair()
        supply, taken_from = socket.socketpair()
        control.settimeout(SECONDS_TO_END)
        with inner, supply, taken_from, view.file_of(jail_kit, bay=0, disk_mib=16) as seen:
            socket.send_fds(supply, [b"j"], [inner.fileno()])
            inherited = [seen.fileno(), taken_from.fileno()]
            command = nsjail.command(jail_kit, bay=bay, view=inherited[0], supply=inherited[1])
            once = ["-Mo" if flag == "-Mr" else flag for flag in command]
            process = subprocess.Popen([*wrapper, *once], pass_fds=inherited)
            return cls(control, process)

    def hear(self) -> InitReport:
        report = control.receive_report(self.control)
        assert report, "init is gone"
        return report

    def run(self, stage: Stage) -> InitReport:
        """Run it to its end."""
        with null_streams() as streams:
            control.send_stage(self.control, stage, streams)
        if (report := self.hear()).kind == Kind.STARTED:
            report = self.hear()
        return report

    def has_ended_program(self) -> bool:
        """Whether a program has ended that init has not yet waited for."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        return any(each.status() == psutil.STATUS_ZOMBIE for each in below)

    def hang_up(self) -> None:
        self.control.close()
        self.process.wait(SECONDS_TO_END)


@pytest.fixture
def started(jail_kit: JailKit) -> Iterator[Started]:
    started = Started.now(jail_kit)
    assert started.hear().kind == Kind.READY
    yield started
    started.hang_up()


@contextmanager
def null_streams() -> Iterator[list[int]]:
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    yield [null] * 3
    os.close(null)


def shell(
    script: str,
    *arguments: str,
    wall_seconds: float = 60,
    files: tuple[File, ...] = (),
    env: Mapping[str, str] = MappingProxyType({}),
) -> Stage:
    return Stage(
        argv=["/bin/sh", "-c", script, "sh", *arguments],
        env={"PATH": "/usr/bin:/bin", **env},
        files=files,
        wall_seconds=wall_seconds,
        rlimits={},
    )


def test_it_says_its_protocol_without_arguments() -> None:
    assert subprocess.run([INIT], check=False).returncode == PROTOCOL


def test_a_command_that_it_tethers_ends_with_its_parent() -> None:
    parent = subprocess.Popen(
        ["/bin/sh", "-c", f"{INIT} $$ /bin/sleep 600 & echo $!; wait"], stdout=subprocess.PIPE
    )
    assert parent.stdout
    tethered = psutil.Process(int(parent.stdout.readline()))
    wait_until(lambda: tethered.name() == "sleep")

    parent.kill()

    wait_until(gone([tethered]))
    parent.communicate()


def test_a_command_whose_parent_is_gone_already_is_not_started() -> None:
    said = subprocess.run([INIT, "1", "/bin/echo", "started"], capture_output=True, check=False)

    assert (said.returncode, said.stdout) == (1, b"")


def test_every_exit_code(started: Started) -> None:
    """One stage after the other in one jail."""
    codes = [os.WEXITSTATUS(started.run(shell(f"exit {code}")).status) for code in range(256)]

    assert codes == list(range(256))


def test_every_signal(jail_kit: JailKit) -> None:
    """Also those that the service itself ignores, as after nohup."""
    started = Started.now(jail_kit, wrapper=("env", "--ignore-signal=HUP,INT,QUIT"))
    assert started.hear().kind == Kind.READY

    statuses = [started.run(shell(f"kill -{number} $$")).status for number in DEADLY]

    started.hang_up()

    assert [os.WIFSIGNALED(status) for status in statuses] == [True] * len(DEADLY)
    assert [os.WTERMSIG(status) for status in statuses] == DEADLY


def test_a_stopped_program_is_not_an_ended_one(started: Started) -> None:
    report = started.run(shell("kill -STOP $$; exit 3", wall_seconds=0.2))

    assert report.timed_out
    assert os.WTERMSIG(report.status) == signal.SIGKILL


def test_the_last_one_s_status_is_not_the_program_s(started: Started) -> None:
    """Orphans end after their parent, in several ways."""
    report = started.run(shell("(sleep 0.05; kill -SEGV $$) & (exit 9) & exit 4"))

    assert os.WEXITSTATUS(report.status) == 4


def test_cpu_time_of_the_whole_tree(started: Started) -> None:
    """Children that were waited for, and orphans, which init reaps."""
    burn = "python3 -S -c 'import time\nwhile time.process_time() < 0.1: pass'"

    waited_for = started.run(shell(f"{burn} & {burn} & wait")).cpu_us
    orphan = started.run(shell(f"({burn}; kill -KILL $$) & sleep 60")).cpu_us

    assert 200_000 <= waited_for < 350_000
    assert 100_000 <= orphan < 200_000


def test_the_wall_limit_kills_all_of_it(started: Started) -> None:
    report = started.run(shell("trap '' TERM; setsid sleep 600 & sleep 600", wall_seconds=0.2))

    assert report.timed_out
    assert os.WTERMSIG(report.status) == signal.SIGKILL
    assert 200_000 <= report.wall_us < 60_000_000


def test_it_kills_when_it_is_told_to(started: Started) -> None:
    with null_streams() as streams:
        control.send_stage(started.control, shell("sleep 600 & sleep 600"), streams)
    assert started.hear().kind == Kind.STARTED

    control.send_kill(started.control)

    report = started.hear()
    assert not report.timed_out
    assert os.WTERMSIG(report.status) == signal.SIGKILL


def test_the_next_stage_meets_nothing_of_the_last_one(started: Started) -> None:
    started.run(shell("setsid sleep 600 & setsid sleep 600 & exit 0"))

    report = started.run(shell("set -- /proc/[0-9]*; exit $#"))

    assert os.WEXITSTATUS(report.status) == 1  # itself: hidepid=2 hides init


AHEAD = "printf a >&0; printf b >&0; [ \"$(cat)\" = 'the task' ] && ulimit -t && ls && exit 7"


def start_ahead(started: Started, script: str = AHEAD) -> None:
    with null_streams() as streams:
        control.send_stage(started.control, replace(shell(script), starts_ahead=True), streams)


def task(content: bytes, **facts: object) -> Stage:
    rlimits = {resource.RLIMIT_CPU: (5, 6)}
    stage = Stage(argv=(), env={}, files=(), wall_seconds=60, rlimits=rlimits, task=content)
    return replace(stage, **facts)  # type: ignore[arg-type]  # names that a test gives


def test_a_program_that_was_started_ahead_gets_its_task(started: Started) -> None:
    """Its files are there by then, and its limits are those of the task."""
    start_ahead(
        started, AHEAD.replace("ulimit -t", '[ "$(ulimit -t)" = 5 ]').replace("ls", "ls it")
    )
    assert [started.hear().kind for _ in range(2)] == [Kind.STARTED, Kind.READY]

    done = started.run(task(b"the task", files=(File("it", b""),)))

    assert (done.kind, os.WEXITSTATUS(done.status)) == (Kind.DONE, 7)
    assert os.WEXITSTATUS(started.run(shell("exit 9")).status) == 9


def test_the_time_of_what_was_started_ahead_begins_with_its_task(started: Started) -> None:
    start_ahead(started, "printf a >&0; sleep 1; printf b >&0; cat; sleep 60")
    assert [started.hear().kind for _ in range(2)] == [Kind.STARTED, Kind.READY]

    sent_at = time.monotonic()
    done = started.run(task(b"", wall_seconds=0.2))

    assert done.timed_out
    assert 200_000 <= done.wall_us < (time.monotonic() - sent_at) * 1_000_000


@pytest.mark.parametrize("script", ["exit 1", "printf a >&0; exit 1", "kill -9 $$"])
def test_a_program_that_ends_while_it_starts_is_reported(started: Started, script: str) -> None:
    start_ahead(started, script)

    while (report := started.hear()).kind == Kind.STARTED:
        pass

    assert (report.kind, report.step) == (Kind.FAILED, Step.HAND_OVER)


@pytest.mark.parametrize("script", [None, "printf ab >&0; exit 1"])
def test_a_task_for_no_program_is_reported(started: Started, script: str | None) -> None:
    if script:
        start_ahead(started, script)
        assert [started.hear().kind for _ in range(2)] == [Kind.STARTED, Kind.READY]
        wait_until(started.has_ended_program)

    report = started.run(task(b"the task"))

    assert (report.kind, report.step) == (Kind.FAILED, Step.HAND_OVER)


UNREAD = "printf ab >&0; kill -STOP $$; cat"


def stopped_before_its_task(started: Started, **facts: object) -> psutil.Process:
    """A program that has been sent its task, and has not read it."""
    start_ahead(started, UNREAD)
    assert [started.hear().kind for _ in range(2)] == [Kind.STARTED, Kind.READY]
    below = psutil.Process(started.process.pid).children(recursive=True)
    (program,) = (each for each in below if each.name() == "sh")
    wait_until(lambda: program.status() == psutil.STATUS_STOPPED)
    with null_streams() as streams:
        control.send_stage(started.control, task(b"the task", **facts), streams)
    assert started.hear().kind == Kind.STARTED
    return program


def test_a_program_that_is_killed_before_it_has_read_its_task_is_reported(
    started: Started,
) -> None:
    """As the kernel does when the machine's memory is used up."""
    program = stopped_before_its_task(started)

    program.kill()

    report = started.hear()
    assert (report.kind, report.step) == (Kind.FAILED, Step.HAND_OVER)
    assert report.status == errno.ECONNRESET


def test_a_program_that_has_read_its_task_ends_as_any_other(started: Started) -> None:
    program = stopped_before_its_task(started)

    program.resume()

    assert started.hear().kind == Kind.DONE


def test_the_wall_limit_holds_before_the_task_was_read(started: Started) -> None:
    stopped_before_its_task(started, wall_seconds=0.2)

    report = started.hear()

    assert report.kind == Kind.DONE
    assert report.timed_out


def test_a_task_that_the_program_does_not_take_at_once_is_reported(started: Started) -> None:
    start_ahead(started, "printf ab >&0; sleep 60")
    assert [started.hear().kind for _ in range(2)] == [Kind.STARTED, Kind.READY]

    report = started.run(task(bytes(8 << 20)))

    assert (report.kind, report.step) == (Kind.FAILED, Step.HAND_OVER)


@pytest.mark.parametrize(
    "script", ["sleep 60", "printf a >&0; sleep 60", "printf ab >&0; sleep 60"]
)
def test_when_the_service_goes_away_what_was_started_ahead_ends(
    jail_kit: JailKit, script: str
) -> None:
    started = Started.now(jail_kit)
    assert started.hear().kind == Kind.READY
    start_ahead(started, script)
    processes = psutil.Process(started.process.pid).children(recursive=True)

    started.hang_up()

    wait_until(gone(processes))


def test_arguments_environment_and_files_arrive_as_they_are(started: Started) -> None:
    files = (File("a/b/c.txt", b"\0\xff"), File("-n", b"x"))
    script = 'test "$1" = "a b\n\\"" && test "$ODD" = "=ä" && test -f ./-n && wc -c < a/b/c.txt'

    assert started.run(shell(script, 'a b\n"', env={"ODD": "=ä"}, files=files)).status == 0


def names_below(processes: Sequence[psutil.Process]) -> Iterator[str]:
    for child in chain.from_iterable(each.children(recursive=True) for each in processes):
        with suppress(psutil.NoSuchProcess):  # it has just ended
            yield child.name()


def test_large_files_arrive_and_take_no_memory_of_init(started: Started) -> None:
    pattern = bytes(range(251)) * 20_000
    files = tuple(File(name, pattern + name.encode()) for name in ("a/1", "2", "3"))
    sums = "".join(f"{sha256(file.content).hexdigest()}  {file.name}\n" for file in files)
    checks = shell("sha256sum -c sums && sleep 600", files=(*files, File("sums", sums.encode())))
    with null_streams() as streams:
        control.send_stage(started.control, checks, streams)
    assert started.hear().kind == Kind.STARTED
    inits = [
        process
        for process in psutil.Process(started.process.pid).children(recursive=True)
        if process.cmdline()[:1] == ["init"]
    ]
    wait_until(lambda: "sleep" in names_below(inits))
    assert max(each.memory_info().rss for each in inits) < 1 << 20
    control.send_kill(started.control)
    started.hear()


def test_more_than_a_stage_can_have_is_reported(started: Started) -> None:
    with null_streams() as streams:
        socket.send_fds(started.control, [head((24 << 20) + 1)], streams)

    assert started.hear().status == errno.EPROTO


def head(body_bytes: int) -> bytes:
    return struct.pack("<4Q", 60_000_000, 0, 0, body_bytes)


def record(tag: bytes, content: bytes) -> bytes:
    return struct.pack("<cI", tag, len(content)) + content + b"\0"


LONG = struct.pack("<cI", b"A", 1000)
BROKEN = {
    "no record": (b"", Step.RECEIVE, errno.EPROTO),
    "an unknown tag": (record(b"Z", b""), Step.RECEIVE, errno.EPROTO),
    "a record that ends too late": (LONG + b"x\0", Step.RECEIVE, errno.EPROTO),
    "a record without its end": (struct.pack("<cI", b"A", 1) + b"xy", Step.RECEIVE, errno.EPROTO),
    "half a record": (b"A\0", Step.RECEIVE, errno.EPROTO),
    "a limit that is none": (record(b"R", b"x"), Step.RECEIVE, errno.E2BIG),
    "a peak that is none": (record(b"P", b"x"), Step.RECEIVE, errno.E2BIG),
    "too many arguments": (record(b"A", b"x") * 513, Step.RECEIVE, errno.E2BIG),
    "a file without content": (record(b"F", b"name"), Step.WRITE_FILES, errno.EPROTO),
    "a file whose name has no end": (record(b"F", b"x" * 9000), Step.WRITE_FILES, errno.EPROTO),
    "a file that ends too late": (
        struct.pack("<cI", b"F", 1000) + b"name\0content\0",
        Step.RECEIVE,
        errno.EPROTO,
    ),
    "a file without its end": (
        struct.pack("<cI", b"F", 12) + b"name\0contentx",
        Step.RECEIVE,
        errno.EPROTO,
    ),
    "a file twice": (record(b"F", b"name\0") * 2, Step.WRITE_FILES, errno.EEXIST),
    "a program that is not there": (record(b"A", b"/x"), Step.EXECUTE, errno.ENOENT),
    "a program that is a folder": (record(b"A", b"/usr"), Step.EXECUTE, errno.EACCES),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_stage_is_reported_and_nothing_runs(started: Started, what: str) -> None:
    body, step, error = BROKEN[what]
    with null_streams() as streams:
        socket.send_fds(started.control, [head(len(body)), body], streams)

    report = started.hear()

    assert (report.kind, report.step, report.status) == (Kind.FAILED, step, error)
    assert control.receive_report(started.control) is None


@pytest.mark.parametrize(("body_bytes", "streams"), [(2**40, 3), (10, 0), (10, 2)])
def test_a_broken_head_is_reported(started: Started, body_bytes: int, streams: int) -> None:
    with null_streams() as null:
        socket.send_fds(started.control, [head(body_bytes)], null[:streams])

    assert started.hear().status == errno.EPROTO


class Moments:
    """When the service may end."""

    def __init__(self, started: Started, mark: str, random: Random) -> None:
        self._started = started
        self._random = random
        self._stage = shell("(setsid sleep 600 &) ; sleep 600 & sleep 600", mark)
        self._brief = shell("(setsid sleep 600 &) ; exit 3", mark)

    def while_the_jail_is_set_up(self) -> None:
        self._pause(0.03)

    def before_a_stage(self) -> None:
        self._started.hear()
        self._pause(0.001)

    def in_the_middle_of_a_stage(self) -> None:
        self._started.hear()
        body = b"".join(record(b"A", argument.encode()) for argument in self._stage.argv)
        with null_streams() as streams:
            socket.send_fds(self._started.control, [head(len(body))], streams)
        self._started.control.sendall(body[: self._random.randrange(len(body))])
        self._pause(0.001)

    def while_a_program_starts(self) -> None:
        self._send(self._stage)
        self._pause(0.003)

    def while_a_program_runs(self) -> None:
        self._send(self._stage)
        self._started.hear()
        self._pause(0.005)

    def while_a_program_ends(self) -> None:
        self._send(self._brief)
        self._started.hear()
        self._pause(0.004)

    def after_a_program(self) -> None:
        self._started.hear()
        self._started.run(self._brief)

    def _send(self, stage: Stage) -> None:
        self._started.hear()
        with null_streams() as streams:
            control.send_stage(self._started.control, stage, streams)

    def _pause(self, at_most: float) -> None:
        select.select([], [], [], self._random.uniform(0, at_most))


MOMENTS = [name for name in vars(Moments) if not name.startswith("_")]


@pytest.mark.parametrize(
    "tries", [8 * len(MOMENTS), pytest.param(70 * len(MOMENTS), marks=pytest.mark.long)]
)
def test_when_the_service_goes_away_at_any_moment_nothing_is_left(
    jail_kit: JailKit, tries: int
) -> None:
    """Nothing kills it: the closed socket alone must end everything."""
    mark = uuid4().hex

    def try_once(number: int) -> None:
        started = Started.now(jail_kit, FIRST_BAY + number % AT_ONCE)
        with closing(started.control):
            getattr(Moments(started, mark, Random(number)), MOMENTS[number % len(MOMENTS)])()
        started.process.wait(SECONDS_TO_END)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for tried in [pool.submit(try_once, number) for number in range(tries)]:
            tried.result()

    lines = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert not [line for line in lines if mark in line]


def test_it_is_linked_with_nothing() -> None:
    """So it runs in any image, whatever libc the image has."""
    said = subprocess.run(["readelf", "-ld", INIT], capture_output=True, text=True)

    if said.returncode:
        pytest.skip("there is no readelf")
    assert "INTERP" not in said.stdout
    assert "NEEDED" not in said.stdout
    assert INIT.stat().st_size < 1 << 20
