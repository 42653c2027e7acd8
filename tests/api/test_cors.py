"""Web pages of other origins."""

import pytest

from app.api import auth
from app.domain.api_key import Role
from tests.support.api_contract import PROGRAM, Api, body, connector
from tests.support.twins import make_twins

EXECUTIONS = "/api/v1/executions"
QUIZ = "https://quiz.example.org"


def allowing(origins: str) -> Api:
    return connector(make_twins(cors_origins=origins).ports)("ada", Role.USER)


@pytest.fixture
def quiz() -> Api:
    return allowing(f"{QUIZ}, http://localhost:3000")


def preflight(api: Api, origin: str) -> dict[str, str]:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    response = api.app.test_client().options(EXECUTIONS, headers=headers)
    assert (response.status_code, response.data) == (204, b"")
    assert "Origin" in response.headers["Vary"]
    return {k: v for k, v in response.headers.items() if k.startswith("Access-Control-")}


def test_a_preflight_of_a_listed_origin_needs_no_key(quiz: Api) -> None:
    for origin in (QUIZ, "http://localhost:3000"):
        allowed = preflight(quiz, origin)
        assert allowed["Access-Control-Allow-Origin"] == origin
        assert allowed["Access-Control-Allow-Credentials"] == "true"
        assert "POST" in allowed["Access-Control-Allow-Methods"]
        for header in ("Authorization", "Content-Type", "Idempotency-Key", auth.CSRF_HEADER):
            assert header in allowed["Access-Control-Allow-Headers"].split(", ")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.org",
        f"{QUIZ}.evil.org",
        "http://quiz.example.org",
        "null",
        f"{QUIZ}:1",
    ],
)
def test_another_origin_is_allowed_nothing(quiz: Api, origin: str) -> None:
    assert preflight(quiz, origin) == {}
    response = quiz.get(EXECUTIONS, headers={"Origin": origin})
    assert response.status_code == 200
    assert "Access-Control-Allow-Origin" not in response.headers
    assert response.headers["Vary"] == "Origin"


def test_responses_can_be_read(quiz: Api) -> None:
    response = quiz.post(EXECUTIONS, PROGRAM, headers={"Origin": QUIZ})
    body(response, 202)
    assert response.headers["Access-Control-Allow-Origin"] == QUIZ
    assert "Location" in response.headers["Access-Control-Expose-Headers"]
    for status, call in ((404, f"{EXECUTIONS}/x"), (422, f"{EXECUTIONS}?limit=0")):
        problem = quiz.get(call, headers={"Origin": QUIZ})
        assert problem.status_code == status
        assert problem.headers["Access-Control-Allow-Origin"] == QUIZ


def test_any_origin_gets_no_credentials() -> None:
    anyone = allowing("*")
    allowed = preflight(anyone, "https://anywhere.example.org")
    assert allowed["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in allowed


def test_one_that_is_listed_beside_any_gets_them() -> None:
    both = allowing(f"*,{QUIZ}")
    assert preflight(both, QUIZ)["Access-Control-Allow-Credentials"] == "true"
    assert preflight(both, "https://other.org")["Access-Control-Allow-Origin"] == "*"


def test_none_is_allowed_by_default(api: Api) -> None:
    response = api.get(EXECUTIONS, headers={"Origin": QUIZ})
    assert not [name for name, _ in response.headers if name.startswith("Access-Control")]
    headers = {"Origin": QUIZ, "Access-Control-Request-Method": "POST"}
    assert api.app.test_client().options(EXECUTIONS, headers=headers).status_code == 405


def test_what_is_no_preflight_is_as_before(quiz: Api) -> None:
    assert quiz.app.test_client().options(EXECUTIONS).status_code == 405
