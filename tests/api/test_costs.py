"""Reading a body or query is cheap, whatever it contains."""

import pytest

from app.api.body_and_query import MAX_QUERY_BYTES
from tests.support.api_contract import Api, body
from tests.support.costly import OPERATORS, QUERIES, SUBMISSIONS
from tests.support.cpu import least_cpu_seconds

SIZE = 1_000_000
SECONDS_PER_BYTE = 50e-3 / 1e6
SECONDS_FOR_A_SMALL_ONE = 20e-3
"""200 tests with 64 variables each are 100 kB, and more values than any other 100 kB."""
MARGIN = 3
"""For a busy machine, where caches are cold."""


def check_cost(api: Api, path: str, sent: bytes) -> None:
    allowed = max(MARGIN * SECONDS_PER_BYTE * len(sent), SECONDS_FOR_A_SMALL_ONE)
    assert least_cpu_seconds(lambda: refuse(api, path, sent), times=6, enough=allowed) <= allowed


def refuse(api: Api, path: str, sent: bytes) -> None:
    """A text or number that happens to be right may be accepted."""
    response = api.app.test_client().post(
        f"/api/v1/{path}",
        data=sent,
        content_type="application/json",
        headers={"X-API-Key": str(api.key)},
    )
    assert response.status_code in {202, 400, 422}
    assert len(response.data) < 20_000
    assert response.json is not None
    assert len(response.json.get("errors", ())) <= 20


@pytest.mark.parametrize("kind", SUBMISSIONS)
def test_a_submission(lasting_api: Api, kind: str) -> None:
    check_cost(lasting_api, "executions", SUBMISSIONS[kind](SIZE))


@pytest.mark.parametrize("kind", OPERATORS)
def test_the_body_of_another_call(lasting_api: Api, kind: str) -> None:
    path, fill = OPERATORS[kind]

    check_cost(lasting_api, path, fill(SIZE))


@pytest.mark.parametrize("kind", QUERIES)
def test_a_query(lasting_api: Api, kind: str) -> None:
    sent = QUERIES[kind](MAX_QUERY_BYTES).decode()

    def ask() -> None:
        response = lasting_api.get("/api/v1/executions", query_string=sent)
        assert response.status_code in {200, 422}
        assert len((response.json or {}).get("errors", ())) <= 20

    assert least_cpu_seconds(ask, times=3, enough=0.1) <= 0.1


def test_a_query_that_is_too_long(lasting_api: Api) -> None:
    body(lasting_api.get("/api/v1/executions", query_string="&" * (MAX_QUERY_BYTES + 1)), 414)


@pytest.mark.parametrize(
    ("kind", "pointers"),
    [
        ("args: numbers", ["/args"]),
        ("files: empty", ["/files"]),
        ("env: right", ["/env"]),
        ("labels: wrong values", ["/labels"]),
        ("args: lists in lists", ["/args"]),
        ("limits: a map for a number", ["/limits/cpu_seconds"]),
        ("no object", [""]),
        ("unknown fields", [f"/f{number}" for number in range(20)]),
    ],
)
def test_what_is_too_many_is_named(lasting_api: Api, kind: str, pointers: list[str]) -> None:
    sent = SUBMISSIONS[kind](SIZE)

    response = lasting_api.call(
        "POST", "/api/v1/executions", data=sent, content_type="application/json"
    )

    errors = body(response, 422)["errors"]
    assert [error["pointer"] for error in errors] == pointers


def test_a_list_is_counted_before_its_entries(lasting_api: Api) -> None:
    sent = {"language": "python", "source": "", "args": [1] * 65, "env": {"1": 0}, "colour": 1}

    errors = body(lasting_api.post("/api/v1/executions", sent), 422)["errors"]

    assert [(error["pointer"], error["detail"]) for error in errors] == [
        ("/args", "has more than 64 entries"),
        ("/colour", "is not a known field: remove it"),
        ("/env/1", "must be a string"),
    ]
