"""The supervisor in a separate process, with small Python programs."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from app.cli.up import leftovers
from app.cli.up.logs import MAX_BYTES
from tests.support.constants import in_processes
from tests.support.own_systemd import OwnSystemd
from tests.support.waiting import wait_until
from tests.up.supervise import Description

READY = """
import os, pathlib, signal, sys, time
def ready():
    new = pathlib.Path(sys.argv[1] + ".new")
    new.write_text(str(os.getpid()))
    new.replace(sys.argv[1] + ".ready")
def note(text):
    with open("notes", "a") as notes:
        print(text, sys.argv[1], file=notes)
"""
STEADY = (
    READY
    + """
def stop(*_):
    note("stopped")
    sys.exit()
signal.signal(signal.SIGTERM, stop)
note("started")
ready()
while True:
    signal.pause()
"""
)
BEATING = (
    READY
    + """
import time
ready()
while True:
    if not os.path.exists("hang"):
        pathlib.Path("heartbeat").touch()
    time.sleep(0.01)
"""
)
STUBBORN = READY + "signal.signal(signal.SIGTERM, signal.SIG_IGN); ready()\nwhile 1: signal.pause()"
FAILING = "import sys; sys.exit(3)"
WORDY = (
    READY
    + f"""
sys.stdout.write("x" * {MAX_BYTES + 1})
sys.stdout.flush()
ready()
signal.pause()
"""
)
PARENT = (
    READY
    + """
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
pathlib.Path("grandchild").write_text(str(child.pid))
ready()
signal.pause()
"""
)


class Supervised:
    """The supervisor's process, and what it reported."""

    def __init__(
        self,
        folder: Path,
        children: dict[str, Description],
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.up.supervise", str(folder), json.dumps(children)],
            cwd=Path(__file__).parents[2],
            env=os.environ | (variables or {}),
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def pids(self) -> dict[str, int]:
        """Waits until all children are ready."""
        word, *pairs = self.line().split()
        assert word == "ready"
        return {name: int(pid) for name, pid in (pair.split("=") for pair in pairs)}

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(by)

    def notes(self) -> list[str]:
        return (self.folder / "notes").read_text().splitlines()


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    """Starts a supervisor of the children given; nothing of it is left."""
    started: list[Supervised] = []

    def start(variables: Mapping[str, str] | None = None, **children: Description) -> Supervised:
        started.append(Supervised(tmp_path, children, variables))
        return started[-1]

    yield start
    for supervised in started:
        supervised.process.kill()
        supervised.process.communicate()


def wait_until_gone(pid: int) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    assert poll.poll(60_000), f"{pid} still runs"
    os.close(descriptor)


Supervise = Callable[..., Supervised]


def test_a_child_that_prints_much_fills_no_disk(supervise: Supervise, tmp_path: Path) -> None:
    supervise(one={"code": WORDY}).pids()
    assert (tmp_path / "one.log").stat().st_size == 0
    assert (tmp_path / "one.log.1").stat().st_size == MAX_BYTES + 1


class TestStartAndStop:
    def test_a_child_starts_when_what_it_needs_is_ready(self, supervise: Supervise) -> None:
        supervised = supervise(
            last={"code": STEADY, "needs": ["first", "second"]},
            second={"code": STEADY, "needs": ["first"]},
            first={"code": STEADY},
        )
        supervised.pids()
        assert supervised.notes() == ["started first", "started second", "started last"]

    @pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_children_stop_one_by_one_in_the_reverse_order(
        self, supervise: Supervise, by: signal.Signals
    ) -> None:
        supervised = supervise(first={"code": STEADY}, second={"code": STEADY, "needs": ["first"]})
        pids = supervised.pids()
        supervised.stop(by)
        assert supervised.line() == "stopping"
        assert supervised.process.wait(60) == 0
        assert supervised.notes()[-2:] == ["stopped second", "stopped first"]
        assert all(leftovers.start_time(pid) is None for pid in pids.values())

    def test_systemd_is_told_when_all_are_ready_and_when_it_stops(
        self, supervise: Supervise, tmp_path: Path
    ) -> None:
        with OwnSystemd(str(tmp_path / "notify")) as systemd:
            supervised = supervise(
                systemd.variables(),
                first={"code": STEADY + "assert 'NOTIFY_SOCKET' not in os.environ"},
                second={"code": STEADY, "needs": ["first"]},
            )
            supervised.pids()
            assert systemd.next() == "READY=1"
            supervised.stop()
            assert systemd.next() == "STOPPING=1"

    def test_one_that_hangs_no_longer_feeds_systemds_watchdog(
        self, supervise: Supervise, tmp_path: Path
    ) -> None:
        seconds = 2.0
        with OwnSystemd(str(tmp_path / "notify")) as systemd:
            variables = systemd.variables(seconds)
            del variables["WATCHDOG_PID"]
            supervised = supervise(variables, a={"code": STEADY})
            while systemd.next() != "READY=1":
                pass
            for _ in range(3):
                assert systemd.next() == "WATCHDOG=1"
            supervised.stop(signal.SIGSTOP)
            wait_until(lambda: not systemd.said(), every=seconds)
            supervised.stop(signal.SIGCONT)
            assert systemd.next() == "WATCHDOG=1"

    def test_it_stops_before_everything_is_ready(self, supervise: Supervise) -> None:
        supervised = supervise(
            failing={"code": FAILING}, never={"code": STEADY, "needs": ["failing"]}
        )
        assert supervised.line().startswith("died failing")
        supervised.stop()
        assert supervised.process.wait(60) == 0

    def test_children_that_are_drained_go_on_until_they_have_ended_their_work(
        self, supervise: Supervise, tmp_path: Path
    ) -> None:
        drained = tmp_path / "drained"
        drained.write_text("not yet")
        supervised = supervise(a={"code": STEADY})
        pid = supervised.pids()["a"]
        supervised.stop()
        assert supervised.line() == "draining"
        os.kill(pid, signal.SIGKILL)
        assert supervised.line().startswith("died a")
        assert supervised.line().startswith("restarted a"), "they are still supervised"
        drained.write_text("yes")
        assert supervised.line() == "stopping"
        assert supervised.process.wait() == 0

    def test_a_second_signal_ends_the_drain(self, supervise: Supervise, tmp_path: Path) -> None:
        (tmp_path / "drained").write_text("never")
        supervised = supervise(a={"code": STEADY})
        supervised.pids()
        supervised.stop()
        assert supervised.line() == "draining"
        supervised.stop()
        assert supervised.line() == "stopping"
        assert supervised.process.wait() == 0

    def test_a_child_that_does_not_stop_is_killed_at_its_deadline(
        self, supervise: Supervise
    ) -> None:
        supervised = supervise(stubborn={"code": STUBBORN, "stop_seconds": 0.2})
        pid = supervised.pids()["stubborn"]
        supervised.stop()
        assert supervised.line() == "stopping"
        assert supervised.line() == "killed stubborn"
        assert supervised.process.wait(60) == 0
        assert leftovers.start_time(pid) is None

    def test_asked_again_it_does_not_wait_for_the_deadline(self, supervise: Supervise) -> None:
        supervised = supervise(stubborn={"code": STUBBORN, "stop_seconds": 1000})
        supervised.pids()
        supervised.stop()
        assert supervised.line() == "stopping"
        supervised.stop()
        assert supervised.line() == "killed stubborn"
        assert supervised.process.wait(60) == 0


class TestDeath:
    def test_a_dead_child_starts_again(self, supervise: Supervise) -> None:
        supervised = supervise(child={"code": STEADY})
        pid = supervised.pids()["child"]
        os.kill(pid, signal.SIGKILL)
        assert supervised.line() == "died child -9 0.5"
        word, name, new_pid = supervised.line().split()
        assert (word, name) == ("restarted", "child")
        assert int(new_pid) != pid

    def test_the_others_continue(self, supervise: Supervise) -> None:
        supervised = supervise(one={"code": STEADY}, other={"code": STEADY, "needs": ["one"]})
        os.kill(supervised.pids()["one"], signal.SIGKILL)
        assert supervised.line().startswith("died one")
        assert supervised.line().startswith("restarted one")
        assert sorted(supervised.notes()) == ["started one", "started one", "started other"]

    def test_the_pause_doubles_each_time(self, supervise: Supervise) -> None:
        supervised = supervise(failing={"code": FAILING})
        lines = [supervised.line() for _ in range(3)]
        assert lines == ["died failing 3 0.5", "died failing 3 1.0", "died failing 3 2.0"]

    def test_everything_ends_if_a_child_gives_up(self, supervise: Supervise) -> None:
        supervised = supervise(steady={"code": STEADY}, other={"code": FAILING, "gives_up": 3})
        supervised.process.wait(timeout=60)
        assert supervised.process.returncode == 1
        assert supervised.line() == "", "nothing is reported as dead or started again"

    def test_what_a_dead_child_started_goes_with_it(
        self, supervise: Supervise, tmp_path: Path
    ) -> None:
        supervised = supervise(parent={"code": PARENT})
        pid = supervised.pids()["parent"]
        grandchild = int((tmp_path / "grandchild").read_text())
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(grandchild)

    def test_no_child_outlives_a_supervisor_that_is_killed(self, supervise: Supervise) -> None:
        supervised = supervise(one={"code": STEADY}, other={"code": STUBBORN})
        pids = supervised.pids()
        supervised.process.kill()
        for pid in pids.values():
            wait_until_gone(pid)


class TestHang:
    @pytest.fixture(autouse=True)
    def _often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in in_processes(supervisor__LOOK_SECONDS=0.05).items():
            monkeypatch.setenv(name, value)

    def test_a_stopped_child_is_killed_with_its_processes_and_starts_again(
        self, supervise: Supervise, tmp_path: Path
    ) -> None:
        supervised = supervise(parent={"code": PARENT}, other={"code": STEADY})
        pids = supervised.pids()
        grandchild = int((tmp_path / "grandchild").read_text())
        os.kill(pids["parent"], signal.SIGSTOP)
        assert supervised.line() == "hung parent"
        assert supervised.line() == "died parent -9 0.5"
        assert supervised.line().startswith("restarted parent ")
        wait_until_gone(grandchild)
        assert leftovers.start_time(pids["other"]) is not None

    def test_a_child_that_touches_its_file_no_more(
        self, supervise: Supervise, tmp_path: Path
    ) -> None:
        supervised = supervise(child={"code": BEATING, "touched": "heartbeat"})
        supervised.pids()
        wait_until((tmp_path / "heartbeat").exists)
        (tmp_path / "hang").touch()
        assert supervised.line() == "hung child"
        (tmp_path / "hang").unlink()
        assert supervised.line() == "died child -9 0.5"
        assert supervised.line().startswith("restarted child ")


class TestLeftovers:
    @pytest.fixture
    def process(self) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            [sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True
        )
        yield process
        process.kill()
        process.wait()

    def test_a_recorded_process_is_killed(
        self, tmp_path: Path, process: subprocess.Popen[bytes]
    ) -> None:
        record = tmp_path / "children.json"
        leftovers.record(record, [process.pid])
        assert leftovers.kill_recorded(record) == [process.pid]
        assert process.wait(60) == -signal.SIGKILL
        assert not record.exists()

    def test_another_process_with_a_recorded_pid_is_left_alone(
        self, tmp_path: Path, process: subprocess.Popen[bytes]
    ) -> None:
        record = tmp_path / "children.json"
        started = leftovers.start_time(process.pid)
        assert started is not None
        record.write_text(json.dumps([[process.pid, started - 1]]))
        assert leftovers.kill_recorded(record) == []
        assert process.poll() is None

    def test_without_a_record_there_is_nothing_to_do(self, tmp_path: Path) -> None:
        assert leftovers.kill_recorded(tmp_path / "children.json") == []

    @pytest.mark.parametrize("content", [b"", b"\0" * 8, b"[[1, "])
    def test_a_record_that_a_loss_of_power_spoiled_says_nothing(
        self, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "children.json").write_bytes(content)
        assert leftovers.kill_recorded(tmp_path / "children.json") == []
        assert not (tmp_path / "children.json").exists()

    def test_the_supervisor_records_its_children(
        self, supervise: Supervise, tmp_path: Path
    ) -> None:
        pids = supervise(one={"code": STEADY}, two={"code": STEADY}).pids()
        recorded = json.loads((tmp_path / "children.json").read_text())
        assert recorded == [[pid, leftovers.start_time(pid)] for pid in pids.values()]
