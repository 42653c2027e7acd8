"""A process that stores a batch dies by SIGKILL, and another one completes the batch."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from app.domain.batch import Batch
from app.domain.execution import State
from app.infrastructure.mongo.store import MongoStore
from app.infrastructure.sqlite.store import SqliteStore
from app.service.batches import submit_batch
from app.service.sweep import sweep
from tests.support.builders import a_key, a_submission
from tests.support.mongo_server import MongoServer
from tests.support.twins import make_twins
from tests.support.worker import Worker

COUNT: Final = 5
KEY: Final = a_key(name="ada")
DEATHS: Final = ("batches.put", "executions.insert_all", "batches.mark_complete")


class _Dying:
    """A subject of the store whose process dies when it is asked to do one thing."""

    def __init__(self, subject: object, method: str) -> None:
        self._subject = subject
        self._method = method

    def __getattr__(self, name: str) -> Any:
        if name == self._method:
            os.kill(os.getpid(), signal.SIGKILL)
        return getattr(self._subject, name)


def open_store(place: str) -> SqliteStore | MongoStore:
    if place.startswith("mongodb:"):
        return MongoStore(place, timeout=5)
    return SqliteStore(Path(place), timeout=5)


def programs() -> list[Any]:
    return [a_submission(stdin=b"%d" % number) for number in range(COUNT)]


def submit_and_die(place: str, death: str) -> None:
    """Run in a process of its own."""
    store = open_store(place)
    subject, _, method = death.partition(".")
    setattr(store, subject, _Dying(getattr(store, subject), method))
    ports = replace(make_twins().ports, store=store)
    submit_batch(ports, KEY, programs(), idempotency_key="k")


@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("mongo", marks=pytest.mark.long)])
def test_before_each_write(
    kind: str, death: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = str(tmp_path / "podline.db")
    if kind == "mongo":
        server: MongoServer = request.getfixturevalue("mongo_server")
        place = server.url(f"killed-{time.time_ns()}")
    died = subprocess.run(
        [sys.executable, "-m", "tests.faults.test_batch_killed", place, death], check=False
    )
    assert died.returncode == -signal.SIGKILL
    with closing(open_store(place)) as store:
        twins = make_twins()
        ports = replace(twins.ports, store=store)
        twins.clock.advance(60)
        due = store.batches.due(twins.clock(), 10)
        assert len(due) == (0 if death == "batches.put" else 1)
        sweep(ports)
        found = submit_batch(ports, KEY, programs(), idempotency_key="k")
        assert not due or found.batch.id == due[0].id
        for _ in range(4):
            Worker(ports).run_all()
            twins.clock.advance(15)
            sweep(ports)
        check_ran_once(store, found.batch)


def check_ran_once(store: SqliteStore | MongoStore, batch: Batch) -> None:
    states = store.executions.states_of(batch.execution_ids)
    assert states == dict.fromkeys(batch.execution_ids, (State.COMPLETED, 1))
    for number, execution_id in enumerate(batch.execution_ids):
        submission = store.executions.submission(execution_id)
        assert submission is not None
        assert submission.stdin == b"%d" % number
        versions = [event.version for event in store.executions.events(execution_id)]
        assert versions == list(range(1, len(versions) + 1))
    assert sum(store.counts.by_state().values()) == 0


if __name__ == "__main__":
    submit_and_die(*sys.argv[1:])
