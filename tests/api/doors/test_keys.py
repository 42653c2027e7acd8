"""Who may use a door, and that keys in paths stay secret. The door for Piston stands for all."""

import logging
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app import create_app
from app.domain.api_key import ApiKey, Role
from app.domain.filters import ExecutionFilter
from app.service import keys
from tests.support.doors import DoorClient, a_key, open_door
from tests.support.twins import make_twins

RUNTIMES = "/api/v2/runtimes"
EXECUTE = "/api/v2/execute"
HELLO = {"language": "py", "version": "3.10.0", "files": [{"content": "print('hello')"}]}
NOBODY = ApiKey(
    id="keyless", name="anonymous", role=Role.USER, secret_hash="", created_at=0, requests="2/d"
)


def message(response: TestResponse, status: int) -> str:
    assert response.status_code == status
    assert isinstance(response.json, dict)
    return str(response.json["message"])


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Authorization", "{}"),
        ("Authorization", "Bearer {}"),
        ("Authorization", "bearer  {} "),
        ("X-API-Key", "{}"),
    ],
)
def test_a_key_may_come_in_any_of_these_headers(
    piston: DoorClient, header: str, value: str
) -> None:
    client = DoorClient(piston.app, piston.twins, None, {header: value.format(piston.key)})
    assert client.get(RUNTIMES).status_code == 200


@pytest.mark.parametrize("sent", [{}, {"Authorization": ""}, {"X-API-Key": " "}])
def test_a_key_is_needed(piston: DoorClient, sent: dict[str, str]) -> None:
    response = DoorClient(piston.app, piston.twins, None, sent).get(RUNTIMES)
    assert "send a key" in message(response, 401)
    assert response.headers["WWW-Authenticate"]


def test_a_key_must_be_valid(piston: DoorClient) -> None:
    for sent in ("Bearer x", "x", "Basic eDp5"):
        client = DoorClient(piston.app, piston.twins, None, {"Authorization": sent})
        assert message(client.get(RUNTIMES), 401) == "this key is not valid"


def test_a_door_s_own_key_opens_it_and_that_of_another_does_not(piston: DoorClient) -> None:
    own, other = a_key(piston.twins, "piston"), a_key(piston.twins, "cellar")
    assert DoorClient(piston.app, piston.twins, own).get(RUNTIMES).status_code == 200
    refused = DoorClient(piston.app, piston.twins, other).get(RUNTIMES)
    assert message(refused, 403) == "this key opens only the door cellar"


def in_path(client: DoorClient, secret: str, path: str, **options: Any) -> TestResponse:
    keyless = DoorClient(client.app, client.twins, None)
    return keyless.call(options.pop("method", "GET"), f"/d/{secret}{path}", **options)


def test_a_key_may_be_in_the_path(piston: DoorClient) -> None:
    secret = a_key(piston.twins, "piston")
    assert in_path(piston, secret, RUNTIMES).status_code == 200
    assert in_path(piston, secret, EXECUTE, method="POST", json=HELLO).status_code == 200
    assert message(in_path(piston, "x", RUNTIMES), 401) == "this key is not valid"
    assert message(in_path(piston, secret, "/api/v2/x"), 404) == "Not Found"


def test_a_key_in_the_path_does_not_open_the_api(piston: DoorClient) -> None:
    for secret in (piston.key, a_key(piston.twins, "piston")):
        response = piston.app.test_client().get(f"/d/{secret}/api/v1/languages")
        assert response.status_code == 404
        assert response.mimetype == "application/problem+json"
        assert str(secret) not in response.get_data(as_text=True)


def test_a_key_in_the_path_is_shown_nowhere(
    piston: DoorClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = a_key(piston.twins, "piston")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    with caplog.at_level(logging.DEBUG):
        shown = [
            in_path(piston, secret, path, method=method, **options)
            for method, path, options in (
                ("GET", RUNTIMES, {}),
                ("POST", EXECUTE, {"json": HELLO}),
                ("POST", EXECUTE, {"data": b"{"}),
                ("PUT", EXECUTE, {}),
                ("GET", "/api/v2/x", {}),
                ("GET", RUNTIMES + "/", {}),
                ("GET", "/api/v2", {}),
                ("OPTIONS", EXECUTE, {"headers": {"Access-Control-Request-Method": "POST"}}),
            )
        ]
        with monkeypatch.context() as patch:
            patch.setattr("app.api.doors.running.submit", broken)
            shown.append(in_path(piston, secret, EXECUTE, method="POST", json=HELLO))
    assert [response.status_code for response in shown] == [
        *(200, 200, 415, 405, 404, 404, 404, 204, 500)
    ]
    for response in shown:
        assert secret not in response.get_data(as_text=True) + str(response.headers)
    logged = "\n".join(map(logging.Formatter("%(message)s %(pathname)s").format, caplog.records))
    assert "a bug" in logged
    assert secret not in logged
    assert secret not in piston.app.test_client().get("/metrics").get_data(as_text=True)
    executions = piston.twins.store.executions.page(ExecutionFilter(), None, 10)
    submissions = [piston.twins.store.executions.submission(row.id) for row in executions]
    assert executions
    assert secret not in repr([executions, submissions, piston.twins.store.keys.all()])


def test_a_door_is_closed_by_default() -> None:
    twins = make_twins()
    app = create_app(twins.ports)
    response = app.test_client().get(RUNTIMES, headers={"Authorization": a_key(twins)})
    assert (response.status_code, response.mimetype) == (404, "application/problem+json")


class TestWithoutAKey:
    def test_one_owner_has_all_that_is_submitted(self) -> None:
        client = keyless()
        assert client.post(EXECUTE, HELLO).status_code == 200
        (row,) = client.twins.store.executions.page(ExecutionFilter(), None, 10)
        assert (row.owner, row.key_id) == ("anonymous", "keyless")

    def test_it_has_a_rate_of_its_own(self) -> None:
        client = keyless()
        statuses = [client.post(EXECUTE, HELLO) for _ in range(3)]
        assert [each.status_code for each in statuses] == [200, 200, 429]
        assert statuses[2].headers["Retry-After"]

    def test_a_key_that_is_sent_must_be_valid(self) -> None:
        client = keyless()
        refused = DoorClient(client.app, client.twins, "x").get(RUNTIMES)
        assert message(refused, 401) == "this key is not valid"

    def test_another_door_needs_a_key(self) -> None:
        client = open_door("piston", keyless=frozenset({"cellar"}), nobody=NOBODY)
        assert DoorClient(client.app, client.twins, None).get(RUNTIMES).status_code == 401

    def test_the_api_needs_a_key(self) -> None:
        response = keyless().app.test_client().get("/api/v1/languages")
        assert response.status_code == 401

    def test_it_is_still_there_after_a_while(self) -> None:
        """A stored key could be deleted meanwhile."""
        twins = make_twins()
        now = [0.0]
        valid = keys.StillValid(twins.ports.store.keys, NOBODY, clock=lambda: now[0])
        now[0] = 100
        assert valid()


def keyless() -> DoorClient:
    client = open_door("piston", keyless=frozenset({"piston"}), nobody=NOBODY)
    return DoorClient(client.app, client.twins, None)
