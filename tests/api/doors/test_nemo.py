"""The protocol of NeMo Skills' sandbox over HTTP."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from app.domain.errors import RunRefused
from app.domain.pod import Pod
from app.infrastructure.memory.notebooks import MemoryNotebooks
from app.infrastructure.memory.runtime import Script, exited
from tests.api.doors.test_sandboxfusion import JSON, without_store
from tests.support.doors import DoorClient, a_key, open_door

EXECUTE = "/execute"


@pytest.fixture
def door() -> DoorClient:
    return open_door("sandboxfusion")


def body(code: str = "x", **fields: Any) -> dict[str, Any]:
    """As its client sends it."""
    return {
        "generated_code": code,
        "std_input": "",
        "timeout": 10.0,
        "language": "ipython",
        "max_output_characters": 1000,
        "traceback_verbosity": "Plain",
    } | fields


def ran(client: DoorClient, session: str | None = None, **fields: Any) -> dict[str, Any]:
    headers = {"X-Session-ID": session} if session else {}
    response = client.post(EXECUTE, body(**fields), headers=headers)
    assert response.status_code == 200, response.get_data(as_text=True)
    assert isinstance(response.json, dict)
    return response.json


def test_a_program(door: DoorClient) -> None:
    door.twins.runtime.script = lambda _: Script(prints=b"1\n", prints_errors=b"w")
    assert ran(door, language="python") == {
        "process_status": "completed",
        "stdout": "1\n",
        "stderr": "w",
    }


class Cells:
    """A runtime that keeps the cells of each program that it ran."""

    def __init__(self, client: DoorClient) -> None:
        self.ran: list[list[str]] = []
        self.fails = False
        client.twins.runtime.script = self

    def __call__(self, pod: Pod) -> Script:
        content = next(file.content for file in pod.files if file.name == "cells.json")
        self.ran.append(json.loads(content))
        return Script(ends=exited(1)) if self.fails else Script()


class TestSessions:
    def test_a_cell_follows_those_that_succeeded(self, door: DoorClient) -> None:
        cells = Cells(door)
        first = ran(door, "s", code="a = 1")
        second = ran(door, "s", code="b = 2")
        cells.fails = True
        failed = ran(door, "s", code="1/0")
        cells.fails = False
        ran(door, "s", code="a + b")
        assert cells.ran == [
            ["a = 1"],
            ["a = 1", "b = 2"],
            ["a = 1", "b = 2", "1/0"],
            ["a = 1", "b = 2", "a + b"],
        ]
        new = [each["new_session_created"] for each in (first, second, failed)]
        assert new == [True, False, False]
        assert failed["process_status"] == "error"

    def test_sessions_and_owners_are_apart(self, door: DoorClient) -> None:
        cells = Cells(door)
        bob = DoorClient(door.app, door.twins, a_key(door.twins, name="bob"))
        for client, session in ((door, "s"), (door, "t"), (bob, "s")):
            assert ran(client, session)["new_session_created"]
        assert ran(door)["new_session_created"]
        assert cells.ran == [["x"]] * 4

    def test_a_deleted_session_starts_anew(self, door: DoorClient) -> None:
        cells = Cells(door)
        ran(door, "s")
        for _ in range(2):
            assert door.call("DELETE", "/sessions/s").status_code == 200
        assert ran(door, "s")["new_session_created"]
        assert cells.ran == [["x"], ["x"]]

    def test_a_client_repeats_what_was_lost(self, door: DoorClient) -> None:
        """As NeMo Skills' client does once it hears of a new session."""
        cells = Cells(door)
        ran(door, "s", code="a = 1")
        ran(door, "s", code="b = 2")
        notebooks = door.twins.ports.notebooks
        assert isinstance(notebooks, MemoryNotebooks)
        notebooks._last.clear()
        assert ran(door, "s", code="a + b")["new_session_created"]
        door.call("DELETE", "/sessions/s")
        for code in ("a = 1", "b = 2", "a + b"):
            ran(door, "s", code=code)
        assert cells.ran[-1] == ["a = 1", "b = 2", "a + b"]


def test_health(door: DoorClient) -> None:
    response = DoorClient(door.app, door.twins, None).get("/health")
    assert (response.status_code, response.json) == (200, {"status": "healthy"})


def test_health_without_a_runtime(door: DoorClient) -> None:
    door.twins.runtime.unavailable = True
    response = door.get("/health")
    assert response.status_code == 503
    assert (response.json or {})["error"] == "unavailable: runtime"


def test_errors_can_be_read_as_results(door: DoorClient) -> None:
    response = door.post(EXECUTE, {})
    assert response.status_code == 400
    assert response.json == {
        "error": "generated_code: Field required",
        "process_status": "error",
        "stdout": "",
        "stderr": "generated_code: Field required\n",
    }
    too_large = door.post(EXECUTE, body("x" * (9 << 20)))
    assert too_large.status_code == 400
    assert without_store(door).post(EXECUTE, body()).status_code == 504
    for path in (EXECUTE, "/health", "/sessions/x"):
        found = door.call("PATCH", path)
        assert (found.status_code, (found.json or {})["process_status"]) == (405, "error")


def test_an_execution_that_failed(door: DoorClient) -> None:
    def refused(_: Pod) -> Script:
        raise RunRefused("no such image")

    door.twins.runtime.script = refused
    found = ran(door)
    assert found["process_status"] == "error"
    assert "no such image" in found["stderr"]


FUZZED = open_door("sandboxfusion", policy={"max_unfinished_per_owner": 10**9})


@settings(deadline=None)
@given(JSON | JSON.map(lambda value: body() | {"timeout": value, "std_input": value}))
def test_any_json_gets_a_result(sent: object) -> None:
    response = FUZZED.call("POST", EXECUTE, data=json.dumps(sent))
    assert response.status_code in (200, 400)
    assert response.json
    assert {"process_status", "stdout", "stderr"} <= set(response.json)
