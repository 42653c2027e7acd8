"""Workers beside daemons that come and go. Here, a daemon is a socket, and a worker just waits."""

import errno
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from app.cli.host import workers
from app.cli.host.workers import GONE_SECONDS, Workers
from app.cli.up.child import Child, Program
from app.cli.up.programs import worker_beside
from app.domain.hosts import GIVEN_UP
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
        self.refused_now: dict[Path, str] = {}
        self.workers = Workers(
            folder, self._make_child, self._refusals, self, now=lambda: self.time
        )

    def _refusals(self, sockets: Collection[Path]) -> Mapping[Path, str]:
        return {path: why for path, why in self.refused_now.items() if path in sockets}

    def _make_child(self, path: Path) -> Child:
        argv = (sys.executable, "-SIc", self.source)
        program = Program(name=path.stem, argv=argv, stop_seconds=1, patience=1, gives_up=75)
        self.children[path.stem] = Child(program, log=None, folder=self.folder)
        return self.children[path.stem]

    def came(self, child: Child) -> None:
        self.seen.append(f"{child.program.name} came")

    def refused(self, path: Path, why: str) -> None:
        self.seen.append(f"{path.stem} was refused: {why}")

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


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        pytest.param(signal.SIGKILL, ["one died by 9"], id="dies"),
        pytest.param(signal.SIGSTOP, ["one hung", "one died by 9"], id="hangs"),
    ],
)
def test_a_worker_is_started_again_if_it(
    sent: signal.Signals, seen: Sequence[str], machine: Machine
) -> None:
    with machine.daemon("one"):
        machine.workers.look()
        first = machine.pid("one")
        assert first
        os.kill(first, sent)
        machine.look_until(lambda: machine.pid("one") not in (None, first))
    assert machine.seen == ["one came", *seen]


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


def test_a_link_to_the_daemon_of_another_host_is_none(machine: Machine) -> None:
    with machine.daemon("one"):
        machine.path("two").symlink_to(machine.path("one"))
        machine.path("three").symlink_to(machine.path("three"))
        machine.workers.look()
    assert machine.seen == ["one came"]


def test_what_is_refused_gets_no_worker_until_it_is_not(machine: Machine) -> None:
    one = machine.path("one")
    with machine.daemon("one"), machine.daemon("two"):
        for why in ("it is silent", "it is taken", "it is silent"):
            machine.refused_now[one] = why
            machine.workers.look()
            machine.workers.look()
        assert machine.seen == [
            "one was refused: it is silent",
            "two came",
            "one was refused: it is taken",
        ]
        machine.refused_now.clear()
        machine.workers.look()
    assert machine.seen[3:] == ["one came"]


def test_a_worker_whose_host_lost_its_name_waits_until_that_is_free(machine: Machine) -> None:
    machine.source = "raise SystemExit(75)"
    with machine.daemon("one"):
        machine.workers.look()
        machine.refused_now[machine.path("one")] = "another host has the name"
        machine.source = WAITS
        machine.look_until(lambda: len(machine.seen) > 2)
        machine.refused_now.clear()
        machine.workers.look()
        assert machine.pid("one")
    assert machine.seen == [
        "one came",
        "one went",
        "one was refused: another host has the name",
        "one came",
    ]


def test_a_socket_whose_path_is_too_long_does_not_keep_others_from_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("deep" * 25)
    folder.mkdir()
    monkeypatch.chdir(folder)
    machine = Machine(folder)
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind("one.sock")
        daemon.listen()
        machine.refused_now[machine.path("one")] = "AF_UNIX path too long"
        machine.workers.look()
    assert machine.seen == ["one was refused: AF_UNIX path too long"]


def test_what_a_killed_daemon_left_may_be_unremovable(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machine.daemon("one"):
        pass
    with machine.daemon("two"):
        machine.workers.look()
        for _ in range(2):
            machine.time += GONE_SECONDS + 0.1
            with monkeypatch.context() as patch:
                patch.setattr(Path, "unlink", read_only)
                machine.workers.look()
        assert machine.pid("two")
    assert machine.seen == [
        "two came",
        "one was refused: it was left behind, and can't be removed (Read-only file system)",
    ]


def read_only(*_: object, **__: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def test_a_second_signal_kills_what_has_not_ended(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "LOOK_SECONDS", 0.01)
    machine.source = STUBBORN

    def stop_twice() -> None:
        wait_until((machine.folder / "ready").exists)
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.pthread_kill(threading.get_ident(), stop)

    with machine.daemon("one"):
        machine.workers.run(stop_twice)
    assert machine.pid("one") is None
    assert machine.time == 0
    assert machine.seen == ["one came", "one was killed"]


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
    assert program.gives_up == GIVEN_UP
    assert program.argv[program.argv.index("-X") + 1] == "replay,results"
    assert program.argv[program.argv.index("--hostname") + 1] == "podline@0a1b"
