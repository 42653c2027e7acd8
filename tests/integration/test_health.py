"""What health says about real workers and a real beat that hang."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from app.infrastructure.celery.application import make_publisher
from app.infrastructure.celery.pipeline import CeleryPipeline
from app.infrastructure.clock import now
from app.infrastructure.redis.reports import RedisFindings, RedisTickReports, RedisWorkerReports
from app.ports import Ports
from app.queues import QUEUES
from app.service.health import parts
from tests.integration.conftest import Service
from tests.support.constants import changed, in_processes
from tests.support.twins import make_twins
from tests.support.waiting import wait_until

OFTEN = in_processes(workers__REPORT_SECONDS=0.5, beat__sweep=1, beat__usage=1)
SOON = {"health__SILENT_SECONDS": 4, "health__QUEUE_SECONDS": 4, "health__FINDING_SECONDS": 4}


@pytest.fixture
def ports(service: Service) -> Ports:
    broker = make_publisher(service.redis_url.replace("unix://", "redis+socket://"))
    return replace(
        make_twins().ports,
        worker_reports=RedisWorkerReports(service.redis),
        ticks=RedisTickReports(service.redis),
        findings=RedisFindings(service.redis),
        pipeline=CeleryPipeline(broker, service.redis),
        clock=now,
    )


@contextmanager
def stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Let it hang while the context lasts."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@pytest.mark.long
def test_those_that_hang_are_named_until_they_continue(service: Service, ports: Ports) -> None:
    def troubles() -> dict[str, str]:
        return {name: trouble for name, trouble in parts(ports).items() if trouble}

    def wait_for(*names: str) -> dict[str, str]:
        found: dict[str, str] = {}

        def are_found() -> bool:
            found.clear()
            found.update(troubles())
            return {*found} == {*names}

        wait_until(are_found, within=100, every=0.2, or_fail=lambda: found)
        return found

    def have_ended() -> bool:
        return {"saga.sweep", "replay.relay"} <= {t.name for t in ports.ticks.since(0) if t.ended}

    service = service.with_settings(**OFTEN)
    with changed(**SOON), service.worker(",".join(QUEUES)) as worker, service.beat() as beat:
        wait_until(have_ended, within=60)
        wait_for()
        with stopped(worker):
            found = wait_for("workers", "watcher", "queues", "ticks")
            assert f":{worker.pid} has been silent for " in found["workers"]
            assert "replay: " in found["queues"]
            assert " last ended " in found["ticks"]
        wait_for()
        with stopped(beat):
            wait_for("beat", "ticks")
        wait_for()


def test_who_takes_the_place_of_a_killed_worker_ends_its_heartbeat(service: Service) -> None:
    reports = RedisWorkerReports(service.redis)
    with service.worker("dlq") as first:
        (killed,) = reports.since(0)
        first.kill()
        first.wait()
        assert reports.since(0) == [killed]
        with service.worker("dlq", name="two"):
            (report,) = reports.since(0)
            assert report.name != killed.name
