"""The number of waiting responses is limited, so that they never block submissions."""

from contextlib import ExitStack

import pytest

from app.domain.api_key import Role
from tests.support.api_contract import PROGRAM, Api, connector
from tests.support.twins import make_twins

PATH = "/api/v1/executions"
PLACES = "app.api.application.WAITING_ANSWERS"


@pytest.fixture
def one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PLACES, 1)


@pytest.mark.usefixtures("one_place")
def test_streams_beyond_the_places_are_refused_and_the_rest_continues() -> None:
    twins = make_twins()
    api = connector(twins.ports)("ada", Role.USER)
    execution = api.post(PATH, PROGRAM).json
    assert execution is not None
    stream = f"{PATH}/{execution['id']}/stream"

    # The first stream is open until it is closed: nothing reads it to its end.
    with api.app.test_client() as browser:
        first = browser.get(stream, headers={"Authorization": f"Bearer {api.key}"})
        refused = api.get(stream)
        assert refused.status_code == 503
        assert refused.headers["Retry-After"]
        assert api.post(PATH, PROGRAM).status_code == 202
        first.close()
    with api.app.test_client() as browser:
        again = browser.get(stream, headers={"Authorization": f"Bearer {api.key}"})
        assert again.status_code == 200
        again.close()


@pytest.mark.usefixtures("one_place")
@pytest.mark.timeout(50)
def test_a_wait_without_a_place_is_answered_at_once() -> None:
    twins = make_twins()
    api = connector(twins.ports)("ada", Role.USER)
    execution = api.post(PATH, PROGRAM).json
    assert execution is not None
    with api.app.test_client() as browser:
        headers = {"Authorization": f"Bearer {api.key}"}
        open_stream = browser.get(f"{PATH}/{execution['id']}/stream", headers=headers)
        response = api.get(f"{PATH}/{execution['id']}?wait=60")
        assert response.json is not None
        assert (response.status_code, response.json["state"]) == (200, "queued")
        open_stream.close()


@pytest.mark.usefixtures("one_place")
@pytest.mark.timeout(50)
def test_a_wait_gives_its_place_back_when_its_client_has_left() -> None:
    api = connector(make_twins().ports)("ada", Role.USER)
    left = {"waitress.client_disconnected": lambda: True}
    waited = api.post(f"{PATH}?wait=60", PROGRAM, environ_overrides=left)
    assert waited.status_code == 200
    with ExitStack() as streams:
        assert opened(streams, api) == 200


def test_one_owner_does_not_take_the_places_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PLACES, 4)
    twins = make_twins()
    connect = connector(twins.ports)
    ada, bob = connect("ada", Role.USER), connect("bob", Role.USER)
    with ExitStack() as streams:
        assert [opened(streams, ada) for _ in range(3)] == [200, 200, 503]
        assert opened(streams, bob) == 200


def opened(streams: ExitStack, api: Api) -> int:
    """Open a stream that stays open; its status."""
    execution = api.post(PATH, PROGRAM).json
    assert execution is not None
    browser = streams.enter_context(api.app.test_client())
    headers = {"Authorization": f"Bearer {api.key}"}
    response = browser.get(f"{PATH}/{execution['id']}/stream", headers=headers)
    streams.callback(response.close)
    return response.status_code
