"""What systemd is told, on a real datagram socket."""

import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.systemd import Systemd
from tests.support.own_systemd import OwnSystemd


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnSystemd]:
    name = f"@podline-{secrets.token_hex(8)}" if request.param == "abstract" else None
    with OwnSystemd(name or str(tmp_path / "notify")) as systemd:
        yield systemd


def test_it_is_told_each_change(systemd: OwnSystemd) -> None:
    told = Systemd.take(systemd.variables())
    told.ready()
    told.alive()  # the unit has no watchdog
    told.stopping()
    assert systemd.said() == ["READY=1", "STOPPING=1"]


def test_children_do_not_inherit_it(systemd: OwnSystemd) -> None:
    variables = systemd.variables(watchdog_seconds=60) | {"HOME": "/"}
    Systemd.take(variables)
    assert variables == {"HOME": "/"}


def test_a_watchdog_is_fed_four_times_in_its_period(systemd: OwnSystemd) -> None:
    now = 100.0
    told = Systemd(systemd.address, watchdog_seconds=60, now=lambda: now)
    assert told.pause == 15
    for _ in range(2 * 60 * 10):
        told.alive()
        now += 0.1
    assert systemd.said() == ["WATCHDOG=1"] * 8


@pytest.mark.parametrize(
    "variables",
    [
        {"WATCHDOG_PID": str(os.getppid())},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": str(2**64 - 1)},
        {"WATCHDOG_USEC": "9" * 5000},
    ],
)
def test_a_watchdog_for_another_process_or_of_no_time_is_not_fed(
    variables: dict[str, str], systemd: OwnSystemd
) -> None:
    told = Systemd.take(systemd.variables(watchdog_seconds=60) | variables)
    told.alive()
    told.ready()
    assert told.pause is None
    assert systemd.said() == ["READY=1"]


def test_without_systemd_nothing_happens() -> None:
    told = Systemd.take({"WATCHDOG_USEC": "1000000"})
    for tell in (told.ready, told.alive, told.stopping):
        tell()
    assert told.pause is None


def test_one_that_is_gone_or_reads_nothing_stops_no_service(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Systemd(str(tmp_path / "gone")).ready()
    assert "systemd was not told READY=1: " in caplog.text
    caplog.clear()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as full:
        full.bind(str(tmp_path / "full"))
        told = Systemd(str(tmp_path / "full"))
        while not caplog.text:
            told.ready()
        assert "Resource temporarily unavailable" in caplog.text
        assert told.pause == 1, "it is tried again"
        while full.recv(16, socket.MSG_DONTWAIT | socket.MSG_PEEK):
            full.recv(16)
            told.alive()
            if told.pause is None:
                break
        assert told.pause is None


def test_a_period_that_is_too_short_to_keep_makes_no_process_busy(tmp_path: Path) -> None:
    told = Systemd(str(tmp_path / "any"), watchdog_seconds=0.000001)
    assert told.pause == 0.1
