"""`podline host --daemons`: one process with credentials has a worker beside each daemon."""

import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.hosts.conftest import SIZES
from tests.hosts.test_lost import (
    LONG_SECONDS,
    assert_exactly_once,
    ended_when_told,
    nothing_is_left,
    running_on,
)
from tests.support.many_hosts import SECONDS_TO_START, ManyHosts
from tests.support.parts import start_part
from tests.support.told import WAITS
from tests.support.waiting import wait_until

DAEMONS = ("first", "second")
EACH = 2
SLOTS = sum(map(int, SIZES.values())) + EACH * len(DAEMONS)


class Daemons:
    """Daemons without credentials, and the process that runs their workers."""

    def __init__(self, service: ManyHosts, folder: Path) -> None:
        self.folder = folder
        self._environment = service.environment
        self._sockets = folder / "sockets"
        self._sockets.mkdir(mode=0o700)
        command = ("app.cli", "host", "--daemons", str(self._sockets), "--data-dir", str(folder))
        self.workers = start_part(folder / "workers.log", self._environment, *command)

    def start(self, name: str) -> "subprocess.Popen[bytes]":
        credentials = ("DATABASE_URL", "REDIS_URL", "ADMIN_KEY")
        own = {
            "PODLINE_HOST": name,
            "PODLINE_RUNTIME_URL": f"unix://{self.socket(name)}",
            "PODLINE_DATA_DIR": str(self.folder / name),
            "PODLINE_MAX_RUNNING": str(EACH),
        }
        without = {f"PODLINE_{each}": "" for each in credentials}
        environment = {k: v for k, v in {**self._environment, **own}.items() if k not in without}
        return start_part(self.folder / f"{name}.log", environment, "app.cli", "sandbox")

    def socket(self, name: str) -> Path:
        return self._sockets / f"{name}.sock"

    def logs(self) -> str:
        return "\n".join(f"--- {log}\n{log.read_text()}" for log in self.folder.glob("*.log"))


@pytest.fixture
def daemons(service: ManyHosts, tmp_path: Path) -> Iterator[Daemons]:
    daemons = Daemons(service, tmp_path)
    with daemons.workers:
        yield daemons
        daemons.workers.kill()


def test_hosts_come_drain_die_and_come_back(service: ManyHosts, daemons: Daemons) -> None:
    with ExitStack() as stack:
        started = [stack.enter_context(daemons.start(name)) for name in DAEMONS]
        for daemon in started:
            stack.callback(daemon.kill)
        first, second = started
        wait_until(
            lambda: service.shown().keys() == {*SIZES, *DAEMONS}, within=120, or_fail=daemons.logs
        )

        mark = secrets.token_hex()
        limits = {"wall_seconds": LONG_SECONDS}
        ids = service.submitted(WAITS, SLOTS, env={"MARK": mark}, limits=limits)
        wait_until(
            lambda: all(len(running_on(service, ids, name)) == EACH for name in DAEMONS), within=60
        )
        drained, lost = (running_on(service, ids, name) for name in DAEMONS)
        first.terminate()
        second.kill()
        wait_until(lambda: "second" not in service.shown(), within=60)
        ended = ended_when_told(service, ids, mark)
        assert first.wait(timeout=120) == 0
        assert_exactly_once(service, ended)
        assert {(e.place, e.attempt) for e in ended if e.id in drained} == {("first", 1)}
        assert {e.attempt for e in ended if e.id in lost} == {2}
        assert {e.attempt for e in ended if e.id not in lost} == {1}
        wait_until(lambda: service.shown().keys() == SIZES.keys(), within=SECONDS_TO_START)
        assert not daemons.socket("first").exists()
        assert daemons.socket("second").exists()

        second = stack.enter_context(daemons.start("second"))
        stack.callback(second.kill)
        wait_until(lambda: "second" in service.shown(), within=120, or_fail=daemons.logs)
        daemons.workers.send_signal(signal.SIGTERM)
        assert daemons.workers.wait(timeout=120) == 0
        assert second.poll() is None
    wait_until(lambda: service.shown().keys() == SIZES.keys(), within=SECONDS_TO_START)
    nothing_is_left(service)
