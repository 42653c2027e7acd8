"""Workers beside daemons that come and go. Here, a daemon is a socket, and a worker just waits."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.cli.host import workers
from app.cli.host.workers import GONE_SECONDS, Workers
from app.cli.up.child import Child, Program
from app.cli.up.programs import worker_beside
from app.settings import Settings
from tests.support.waiting import wait_until

WAITS = "import signal; signal.pause()"
STUBBORN = (
    f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('ready', 'x'); {WAITS}"
)


class Machine:
    """A folder of sockets, and the workers beside those."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.time = 0.0
        self.seen: list[str] = []
        self.source = WAITS
        self.children: dict[str, Child] = {}
        self.workers = Workers(folder, self._make_child, self, lambda: self.time)

    def _make_child(self, path: Path) -> Child:
        argv = (sys.executable, "-SIc", self.source)
        program = Program(name=path.stem, argv=argv, stop_seconds=1, patience=1)
        self.children[path.stem] = Child(program, log=None, folder=self.folder)
        return self.children[path.stem]

    def came(self, child: Child) -> None:
        self.seen.append(f"{child.program.name} came")

    def died(self, child: Child, status: int, _pause: float) -> None:
        self.seen.append(f"{child.program.name} died by {-status}")

    def hung(self, child: Child) -> None:
        self.seen.append(f"{child.program.name} hung")

    def went(self, child: Child) -> None:
        self.seen.append(f"{child.program.name} went")

    def killed(self, child: Child) -> None:
        self.seen.append(f"{child.program.name} was killed")

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.sock"

    def daemon(self, name: str) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path(name)))
        listener.listen()
        return listener

    def look_until(self, is_true: Callable[[], object]) -> None:
        def looked() -> object:
            self.workers.look()
            return is_true()

        wait_until(looked, within=30)

    def pid(self, name: str) -> int | None:
        return self.children[name].pid


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    for child in machine.children.values():
        child.kill()


def test_each_daemon_has_a_worker(machine: Machine) -> None:
    with machine.daemon("one"):
        machine.workers.look()
        first = machine.pid("one")
        with machine.daemon("two"):
            machine.workers.look()
            machine.workers.look()
            assert first
            assert machine.pid("one") == first
            assert machine.pid("two")
            assert machine.seen == ["one came", "two came"]


def test_a_worker_that_dies_is_started_again(machine: Machine) -> None:
    with machine.daemon("one"):
        machine.workers.look()
        first = machine.pid("one")
        assert first
        os.kill(first, signal.SIGKILL)
        machine.look_until(lambda: machine.pid("one") not in (None, first))
    assert machine.seen == ["one came", "one died by 9"]


def test_a_worker_that_hangs_is_killed_and_started_again(machine: Machine) -> None:
    with machine.daemon("one"):
        machine.workers.look()
        first = machine.pid("one")
        assert first
        os.kill(first, signal.SIGSTOP)
        machine.look_until(lambda: machine.pid("one") not in (None, first))
    assert machine.seen == ["one came", "one hung", "one died by 9"]


def test_the_worker_of_a_daemon_that_has_ended_ends(machine: Machine) -> None:
    with machine.daemon("one"):
        machine.workers.look()
        machine.path("one").unlink()
        machine.look_until(lambda: machine.pid("one") is None)
    machine.workers.look()
    assert machine.seen == ["one came", "one went"]


def test_a_worker_that_does_not_end_is_killed(machine: Machine) -> None:
    machine.source = STUBBORN
    with machine.daemon("one"):
        machine.workers.look()
    wait_until((machine.folder / "ready").exists)
    machine.path("one").unlink()
    machine.workers.look()
    machine.time += 1
    machine.workers.look()
    assert machine.pid("one")
    machine.time += 0.1
    machine.workers.look()
    assert machine.pid("one") is None
    assert machine.seen[1:] == ["one was killed"]


def test_a_daemon_that_is_restarted_keeps_its_worker(machine: Machine) -> None:
    with machine.daemon("one"):
        machine.workers.look()
    first = machine.pid("one")
    machine.time += GONE_SECONDS
    machine.workers.look()
    machine.path("one").unlink()
    with machine.daemon("one"):
        machine.workers.look()
        machine.time += GONE_SECONDS
        machine.workers.look()
    assert first
    assert machine.pid("one") == first


def test_what_a_killed_daemon_left_is_removed(machine: Machine) -> None:
    with machine.daemon("one"):
        machine.workers.look()
    machine.time += GONE_SECONDS + 0.1
    machine.look_until(lambda: machine.pid("one") is None)
    assert not machine.path("one").exists()


def test_a_socket_where_nobody_listens_gets_no_worker(machine: Machine) -> None:
    with machine.daemon("one"):
        pass
    machine.workers.look()
    machine.time += GONE_SECONDS
    machine.workers.look()
    assert machine.path("one").exists()
    machine.time += 0.1
    machine.workers.look()
    assert not machine.path("one").exists()
    assert not machine.children


def test_a_daemon_that_comes_back_early_gets_a_new_worker(machine: Machine) -> None:
    with machine.daemon("one"):
        machine.workers.look()
        machine.path("one").unlink()
        machine.workers.look()
    with machine.daemon("one"):
        machine.look_until(lambda: machine.seen[1:] == ["one went", "one came"])
        assert machine.pid("one")


def test_a_daemon_that_hangs_keeps_its_worker(machine: Machine) -> None:
    """Its queue of connections is full, and nobody takes any of them."""
    with machine.daemon("one") as daemon, socket.socket(socket.AF_UNIX) as caller:
        daemon.listen(0)
        caller.connect(str(machine.path("one")))
        for _ in range(3):
            machine.workers.look()
            machine.time += GONE_SECONDS
        assert machine.pid("one")


def test_nothing_else_in_the_folder_is_taken_for_a_daemon(machine: Machine) -> None:
    machine.path("file").touch()
    with machine.daemon("No_Name"), machine.daemon("a.b"):
        machine.workers.look()
    assert not machine.children


def test_when_it_stops_no_worker_is_left(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "LOOK_SECONDS", 0.01)
    with machine.daemon("one"), machine.daemon("two"):
        # Not to the process: another thread might take it.
        machine.workers.run(lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM))
    assert machine.pid("one") is machine.pid("two") is None
    assert sorted(machine.seen[2:]) == ["one went", "two went"]


def test_a_worker_serves_the_host_of_its_daemon(tmp_path: Path) -> None:
    program = worker_beside(Settings(data_dir=tmp_path), Path("/run/podline/0a1b.sock"))
    assert program.environment == {
        "PODLINE_HOST": "0a1b",
        "PODLINE_RUNTIME_URL": "unix:///run/podline/0a1b.sock",
        "PODLINE_HEARTBEAT_FILE": str(tmp_path / "run/worker-0a1b-heartbeat"),
    }
    assert program.argv[program.argv.index("-X") + 1] == "replay,results"
    assert program.argv[program.argv.index("--hostname") + 1] == "podline@0a1b"
