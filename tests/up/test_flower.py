"""Flower while a worker dies."""

from pathlib import Path

import pytest

from app.infrastructure.celery.flower import LOST
from tests.faults.load import Load
from tests.support.standalone import Standalone, running
from tests.support.waiting import wait_until


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_killed_workers_tasks_have_failed(tmp_path: Path) -> None:
    """Perhaps the worker reports their ends just before it is killed, so there are more tries."""
    with running(Standalone(tmp_path / "data")) as service:
        wait_until(lambda: service.address("flower"), within=120, or_fail=service.described)
        with service.flower() as flower:

            def tasks(*states: str) -> set[str]:
                found = flower.get("/api/tasks").json().values()
                return {task["uuid"] for task in found if task["state"] in states}

            while not (failed := tasks("FAILURE")):
                load = Load(service)
                wait_until(lambda: tasks("STARTED"), within=60, or_fail=service.described)
                seen = tasks("STARTED")
                service.kill("worker")
                wait_until(
                    lambda: not seen & tasks("STARTED"),  # noqa: B023  # used in this turn only
                    within=60,
                    or_fail=service.described,
                )
                load.assert_whole()
            info = [flower.get(f"/api/task/info/{id}").json() for id in failed]
    assert {task["exception"] for task in info} == {LOST}
