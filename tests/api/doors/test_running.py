"""Requests are held until their program has ended. The door for Piston stands for all."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from werkzeug.test import TestResponse

from app import create_app
from app.api.doors.options import DoorOptions
from app.domain.errors import StoreUnavailable
from app.domain.execution import Execution, State
from app.domain.filters import ExecutionFilter
from app.infrastructure.memory.runtime import Script
from app.ports import Store
from app.service.retention import erase
from tests.support.constants import changed
from tests.support.doors import DoorClient, a_key, open_door
from tests.support.twins import SUBJECTS
from tests.support.waiting import wait_until

EXECUTE = "/api/v2/execute"
HELLO = {"language": "py", "version": "3.10.0", "files": [{"content": "print('hello')"}]}
PLACES = "app.api.application.WAITING_ANSWERS"
HOLD = "app.api.doors.piston.routes.HOLD_SECONDS"


def rows(client: DoorClient) -> list[Execution]:
    return client.twins.store.executions.page(ExecutionFilter(), None, 100)


def message(response: TestResponse, status: int) -> str:
    assert response.status_code == status, response.get_data(as_text=True)
    assert isinstance(response.json, dict)
    return str(response.json["message"])


@contextmanager
def in_thread(client: DoorClient, **options: Any) -> Iterator[list[TestResponse]]:
    """Call it while the test does something else; its response once the context has ended."""
    responses: list[TestResponse] = []
    thread = threading.Thread(
        target=lambda: responses.append(client.post(EXECUTE, HELLO, **options))
    )
    thread.start()
    yield responses
    thread.join(60)
    assert not thread.is_alive()


def test_a_request_waits_for_the_end_of_its_program() -> None:
    client = open_door("piston", runs=False)
    with in_thread(client) as responses:
        wait_until(lambda: bool(rows(client)))
        client.twins.runtime.script = lambda _: Script(prints=b"hello\n")
        client.worker.run_all()
    assert responses[0].json is not None
    assert responses[0].json["run"]["stdout"] == "hello\n"


def test_without_a_waiting_place_nothing_is_submitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PLACES, 1)
    monkeypatch.setattr(HOLD, 10)  # Without the rule, both would wait.
    client = open_door("piston", runs=False)
    with in_thread(client):
        wait_until(lambda: bool(rows(client)))
        refused = client.post(EXECUTE, HELLO)
        assert "Too many requests wait" in message(refused, 503)
        assert refused.headers["Retry-After"]
        assert len(rows(client)) == 1
        client.worker.run_all()
    with in_thread(client) as responses:
        wait_until(lambda: len(rows(client)) == 2)
        client.worker.run_all()
    assert responses[0].status_code == 200, "the place is free again"


def test_a_quota_is_waited_for() -> None:
    client = open_door("piston", runs=False, policy={"max_unfinished_per_owner": 1})
    with changed(room__PAUSE_SECONDS=0.01), in_thread(client) as first:
        wait_until(lambda: bool(rows(client)))
        with in_thread(client) as second:
            client.worker.run_all()
            wait_until(lambda: len(rows(client)) == 2)
            client.worker.run_all()
    assert (first[0].status_code, second[0].status_code) == (200, 200)


def test_a_large_body_does_not_wait_for_a_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be in memory meanwhile."""
    monkeypatch.setattr(HOLD, 10)
    client = open_door("piston", runs=False, policy={"max_unfinished_per_owner": 1})
    with in_thread(client):
        wait_until(lambda: bool(rows(client)))
        refused = client.post(EXECUTE, HELLO | {"stdin": "x" * 600_000})
        assert "quota" in message(refused, 429)
        client.worker.run_all()


def test_a_program_that_has_not_ended_in_time_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(HOLD, 0.01)
    client = open_door("piston", runs=False)
    assert "has not ended in the time" in message(client.post(EXECUTE, HELLO), 504)
    assert [row.state for row in rows(client)] == [State.CANCELLED]


def test_a_program_whose_client_has_left_is_cancelled() -> None:
    client = open_door("piston", runs=False)
    left = {"waitress.client_disconnected": lambda: True}
    assert client.post(EXECUTE, HELLO, environ_overrides=left).status_code == 504
    assert [row.state for row in rows(client)] == [State.CANCELLED]


def test_a_program_that_was_cancelled_or_deleted_meanwhile() -> None:
    client = open_door("piston", runs=False)
    for deleted, status, said in ((False, 500, "cancelled"), (True, 400, "deleted")):
        with in_thread(client) as responses:
            wait_until(lambda: any(not row.state.terminal for row in rows(client)))
            row = next(row for row in rows(client) if not row.state.terminal)
            end(client, row, deleted=deleted)
        assert said in message(responses[0], status)


def end(client: DoorClient, row: Execution, *, deleted: bool) -> None:
    ports = client.twins.ports
    change = row.cancel(ports.clock(), ports.clock())
    ports.store.executions.apply(change)
    if deleted:
        erase(ports.store.executions, ports.blobs, change.after)
    ports.wakeups.notify(row.id)


def test_owners_have_places_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PLACES, 2)
    client = open_door("piston", runs=False)
    other = DoorClient(client.app, client.twins, a_key(client.twins, name="bob"))
    with in_thread(client) as first:
        wait_until(lambda: len(rows(client)) == 1)
        with in_thread(other) as second:
            wait_until(lambda: len(rows(client)) == 2)
            client.worker.run_all()
    assert (first[0].status_code, second[0].status_code) == (200, 200)


class FailsOnce:
    """A part of a store, each of whose calls fails once."""

    def __init__(self, part: object) -> None:
        self._part = part
        self._failed: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        act = getattr(self._part, name)

        def called(*arguments: Any, **options: Any) -> Any:
            if name not in self._failed:
                self._failed.add(name)
                raise StoreUnavailable(name)
            return act(*arguments, **options)

        return called


def test_a_store_that_fails_for_a_moment_costs_only_time() -> None:
    client = open_door("piston")
    parts = {"executions", "results", "counts"}
    failing = {
        name: FailsOnce(getattr(client.twins.store, name)) if name in parts else each
        for name, each in parts_of(client.twins.store).items()
    }
    ports = replace(client.twins.ports, store=cast(Store, SimpleNamespace(**failing)))
    app = create_app(ports, DoorOptions(open=frozenset({"piston"})))
    with changed(room__PAUSE_SECONDS=0.01):
        response = DoorClient(app, client.twins, client.key).post(EXECUTE, HELLO)
    assert response.status_code == 200
    assert len(rows(client)) == 1


def parts_of(store: Store) -> dict[str, object]:
    return {name: getattr(store, name) for name in SUBJECTS}
