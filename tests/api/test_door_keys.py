"""Keys that open one door, and not the API."""

import pytest

from app.domain.api_key import Role
from app.service import keys
from tests.support.api_contract import Api, body
from tests.support.twins import Twins

KEYS = "/api/v1/keys"


@pytest.fixture
def of_a_door(api: Api, twins: Twins) -> Api:
    ports = twins.ports
    _, secret = keys.create(ports.store.keys, ports.clock, "ada", Role.USER, door="piston")
    return Api(api.app, api.document, secret)


def test_a_new_key_shows_its_door(admin: Api) -> None:
    made = body(admin.post(KEYS, {"name": "bob", "door": "piston"}), 201)
    (listed,) = [key for key in body(admin.get(KEYS))["items"] if key["id"] == made["id"]]
    assert (made["door"], listed["door"], listed["role"]) == ("piston", "piston", "user")


@pytest.mark.parametrize("fields", [{"door": "cellar"}, {"door": "piston", "role": "operator"}])
def test_a_key_opens_a_door_that_exists_as_a_user(admin: Api, fields: dict[str, str]) -> None:
    problem = body(admin.post(KEYS, {"name": "bob"} | fields), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["/door"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/v1/languages"), ("POST", "/api/v1/executions"), ("POST", "/api/v1/session")],
)
def test_the_api_refuses_it_and_says_why(of_a_door: Api, method: str, path: str) -> None:
    problem = body(of_a_door.call(method, path), 403)
    assert problem["type"] == "urn:podline:problem:only-for-door"
    assert problem["title"] == "The key is only for a door"
    assert problem["detail"] == (
        "this key opens only the door piston: use a key that was created without a door"
    )
