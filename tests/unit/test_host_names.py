"""Whether a host that starts gets its name."""

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Thread

import pytest

from app.cli.host.run import PATIENCE_SECONDS, START_SECONDS, refused_sockets, take_name
from app.cli.up import probes
from app.cli.up.errors import UpError
from app.domain.errors import CoordinationUnavailable
from app.domain.hosts import HostReport
from app.infrastructure.memory.hosts import MemoryHosts
from app.infrastructure.memory.leases import MemoryLeases
from app.ports import Fleet
from app.ports.hosts import HOST_SECONDS
from tests.support.twins import Clock

ALPHA = HostReport(name="alpha", slots=2, free=2, release=None, languages=())


class Time:
    """Passes only while a host waits for its name."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.clock = Clock()

    def __call__(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        self.clock.advance(seconds)


@pytest.fixture
def time() -> Time:
    return Time()


class HostsAtTimes(MemoryHosts):
    """Redis is down until the time `back`."""

    def __init__(self, time: Time) -> None:
        super().__init__(time.clock)
        self._time = time
        self.back = 0.0

    def owners(self) -> Mapping[str, str]:
        if self._time() < self.back:
            raise CoordinationUnavailable(f"no answer at {self._time()}")
        return super().owners()


@pytest.fixture
def hosts(time: Time) -> HostsAtTimes:
    return HostsAtTimes(time)


@pytest.fixture
def leases(time: Time) -> MemoryLeases:
    return MemoryLeases(time)


def take(hosts: HostsAtTimes, leases: MemoryLeases, time: Time, name: str = "alpha") -> None:
    take_name(Fleet(hosts, name, "another"), leases, now=time, pause=time.wait)


def test_a_free_name_is_taken_at_once(
    hosts: HostsAtTimes, leases: MemoryLeases, time: Time
) -> None:
    take(hosts, leases, time)
    take(hosts, leases, time, "beta")
    assert time.seconds == 0


def test_of_two_that_start_together_one_is_refused(
    hosts: HostsAtTimes, leases: MemoryLeases, time: Time
) -> None:
    take(hosts, leases, time)

    def starting(seconds: float) -> None:
        time.wait(seconds)
        if time.seconds > START_SECONDS / 2:
            hosts.put(ALPHA)

    with pytest.raises(UpError, match="a host alpha is alive already"):
        take_name(Fleet(hosts, "alpha", "another"), leases, now=time, pause=starting)


@pytest.mark.parametrize("beats", [True, False])
def test_the_name_of_one_that_was_killed_is_free_after_a_while(
    hosts: HostsAtTimes, leases: MemoryLeases, time: Time, *, beats: bool
) -> None:
    take(hosts, leases, time)
    if beats:
        time.wait(START_SECONDS)
        hosts.put(ALPHA)
    before = time.seconds
    take(hosts, leases, time)
    waited = time.seconds - before
    assert (HOST_SECONDS if beats else START_SECONDS) <= waited < PATIENCE_SECONDS


def test_without_redis_it_waits_and_says_so_once(
    hosts: HostsAtTimes, leases: MemoryLeases, time: Time
) -> None:
    said: list[str] = []
    hosts.back = 10 * PATIENCE_SECONDS
    fleet = Fleet(hosts, "alpha", "another")
    take_name(fleet, leases, waits=said.append, now=time, pause=time.wait)
    assert time.seconds == hosts.back
    assert said == ["no answer at 0.0"]


def test_a_name_is_taken_also_if_redis_was_down_at_the_start(
    hosts: HostsAtTimes, leases: MemoryLeases, time: Time
) -> None:
    hosts.back = 10 * PATIENCE_SECONDS

    def beating(seconds: float) -> None:
        time.wait(seconds)
        hosts.put(ALPHA)

    fleet = Fleet(hosts, "alpha", "another")
    with pytest.raises(UpError, match="a host alpha is alive already"):
        take_name(fleet, leases, waits=lambda _: None, now=time, pause=beating)


class TestSockets:
    """Those in the folder of `podline host --daemons`."""

    @pytest.fixture
    def alpha(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        """The socket of a daemon that answers, however slow this machine is."""
        monkeypatch.setattr(probes, "_TIMEOUT", 60)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(tmp_path / "alpha.sock"))
            listener.listen()
            thread = Thread(target=answer, args=[listener])
            thread.start()
            yield tmp_path / "alpha.sock"
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()

    def test_a_daemon_gets_a_worker(self, hosts: HostsAtTimes, alpha: Path) -> None:
        assert refused_sockets(Fleet(hosts, owner="here"), [alpha]) == {}

    def test_one_that_was_served_here_gets_one_again(
        self, hosts: HostsAtTimes, alpha: Path
    ) -> None:
        hosts.put(ALPHA)
        assert refused_sockets(Fleet(hosts, owner=ALPHA.owner), [alpha]) == {}

    def test_the_name_of_another_host_is_refused_while_that_is_alive(
        self, hosts: HostsAtTimes, time: Time, alpha: Path
    ) -> None:
        hosts.put(ALPHA)
        fleet = Fleet(hosts, owner="here")
        why = "another host that is alive has the name alpha"
        assert refused_sockets(fleet, [alpha]) == {alpha: why}
        time.wait(HOST_SECONDS + 1)
        assert refused_sockets(fleet, [alpha]) == {}

    def test_one_that_others_served_until_now_gets_a_worker_at_once(
        self, hosts: HostsAtTimes, alpha: Path
    ) -> None:
        hosts.put(ALPHA)
        hosts.leave("alpha", ALPHA.owner)
        assert refused_sockets(Fleet(hosts, owner="here"), [alpha]) == {}

    def test_without_redis_nobody_knows(self, hosts: HostsAtTimes, alpha: Path) -> None:
        hosts.back = 1
        refused = refused_sockets(Fleet(hosts, owner="here"), [alpha])
        assert refused == {alpha: "Redis is unavailable (no answer at 0.0)"}

    def test_junk_is_refused(self, hosts: HostsAtTimes, tmp_path: Path) -> None:
        names = ("datagram.sock", "silent.sock", f"{'a' * 107}.sock")
        datagram, silent, too_long = (tmp_path / name for name in names)
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one,
            socket.socket(socket.AF_UNIX) as other,
        ):
            one.bind(str(datagram))
            other.bind(str(silent))
            other.listen()
            fleet = Fleet(hosts, owner="here")
            refused = refused_sockets(fleet, [datagram, silent, too_long])
        says = "no sandbox daemon answers there"
        assert refused == {
            datagram: f"{says} (Protocol wrong type for socket)",
            silent: f"{says} (timed out)",
            too_long: f"{says} (AF_UNIX path too long)",
        }


def answer(listener: socket.socket) -> None:
    """Answer each client, until the listener is shut down."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.recv(1024)
            connection.sendall(b"anything")
