"""Every error is a problem document, whatever its source, and reveals nothing internal."""

import logging
import re
from typing import NoReturn

import pytest
from werkzeug.test import TestResponse

from app import create_app
from app.api.application import OPERATIONS
from app.api.operations import Operation
from app.domain.api_key import Role
from app.infrastructure.memory.keys import MemoryKeys
from tests.support.api_contract import PROGRAM, Api, Connect, Json, body, check_problem, connector
from tests.support.twins import Twins

EXECUTIONS = "/api/v1/executions"


def test_an_unknown_path(api: Api) -> None:
    problem = body(api.get("/api/v1/nothing"), 404)
    assert problem["detail"] == (
        "no such path: /docs lists those of the API, and the page Operations those of doors"
    )


def test_a_method_that_a_path_does_not_have(api: Api) -> None:
    response = api.call("PATCH", EXECUTIONS)
    body(response, 405)
    assert "POST" in response.headers["Allow"]


def test_a_body_that_is_not_json(api: Api) -> None:
    body(api.call("POST", EXECUTIONS, data="language=python"), 415)
    body(api.call("POST", EXECUTIONS, data={"language": "python"}), 415)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"source": "\\ud800"}', b"[" * 10_000])
def test_malformed_json(api: Api, data: bytes) -> None:
    response = api.call("POST", EXECUTIONS, data=data, content_type="application/json")
    body(response, 400)


@pytest.mark.parametrize("data", [b"[]", b"null", b'"{}"', b"1"])
def test_json_that_is_no_object(api: Api, data: bytes) -> None:
    response = api.call("POST", EXECUTIONS, data=data, content_type="application/json")
    assert body(response, 422)["detail"] == "the body must be an object"


@pytest.mark.parametrize(
    ("sent", "pointer", "detail"),
    [
        ({"source": 1}, "/source", "must be a string"),
        ({"args": "x"}, "/args", "must be a list"),
        ({"args": {}}, "/args", "must be a list"),
        ({"env": []}, "/env", "must be an object"),
        ({"labels": {"a": 1}}, "/labels/a", "must be a string"),
        ({"limits": {"wall_seconds": "a"}}, "/limits/wall_seconds", "must be a number"),
        ({"limits": {"wall_seconds": 61}}, "/limits/wall_seconds", "must be at most 60"),
        ({"limits": {"processes": 1.5}}, "/limits/processes", "must be a whole number"),
        ({"stop_on_failure": 1}, "/stop_on_failure", "must be true or false"),
        ({"streams": "x"}, "/streams", "must be 'separate' or 'merged'"),
    ],
)
def test_words_for_values_of_the_wrong_type(
    api: Api, sent: dict[str, object], pointer: str, detail: str
) -> None:
    errors = body(api.post(EXECUTIONS, PROGRAM | sent), 422)["errors"]
    assert [(each["pointer"], each["detail"]) for each in errors] == [(pointer, detail)]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.endpoint)
@pytest.mark.parametrize("query", ["colour=red", "colour="])
def test_every_operation_refuses_unknown_query_parameters(
    admin: Api, operation: Operation, query: str
) -> None:
    path = re.sub("{.*?}", "x", operation.path)
    sent: Json | None = None if operation.body is None else {}
    response = admin.call(operation.method, f"{path}?{query}", json=sent)
    errors = body(response, 422)["errors"]
    expected = {"pointer": "/colour", "detail": "is not a known field: remove it", "in": "query"}
    assert errors[0] == expected


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("executions?wait=x", "must be a number"),
        ("executions?limit=x", "must be a whole number"),
        ("executions?limit=0", "must be at least 1"),
        ("executions?limit=201", "must be at most 200"),
    ],
)
def test_words_for_queries(api: Api, path: str, detail: str) -> None:
    call = api.post(f"/api/v1/{path}", PROGRAM) if "wait" in path else api.get(f"/api/v1/{path}")
    assert [each["detail"] for each in body(call, 422)["errors"]] == [detail]


def test_words_for_a_list_without_entries(api: Api) -> None:
    errors = body(api.post("/api/v1/batches", {"executions": []}), 422)["errors"]
    assert [each["detail"] for each in errors] == ["has too few entries: the minimum is 1"]


def test_a_body_that_is_too_large(api: Api) -> None:
    size = api.app.config["MAX_CONTENT_LENGTH"] + 1
    body(api.post(EXECUTIONS, PROGRAM | {"source": "x" * size}), 413)


class Broken(MemoryKeys):
    """It has a bug."""

    def by_hash(self, secret_hash: str) -> NoReturn:
        raise RuntimeError(f"{secret_hash} in /var/lib/podline, password hunter2")


def test_a_bug_shows_no_internals_and_is_logged_with_the_request_id(
    twins: Twins, caplog: pytest.LogCaptureFixture
) -> None:
    twins.store.keys = Broken()
    client = create_app(twins.ports).test_client()
    with caplog.at_level(logging.ERROR):
        response = client.get(
            EXECUTIONS, headers={"X-API-Key": "pdl_x", "X-Request-Id": "request-7"}
        )
    check_problem(response)
    assert response.status_code == 500
    assert b"hunter2" not in response.data
    assert b"request-7" in response.data
    assert "request-7" in caplog.text
    assert "hunter2" in caplog.text


class TestRequestId:
    def call(self, api: Api, sent: str | None) -> str:
        headers = {} if sent is None else {"X-Request-Id": sent}
        response: TestResponse = api.get("/healthz", headers=headers)
        return response.headers["X-Request-Id"]

    def test_a_sane_one_is_kept(self, api: Api) -> None:
        assert self.call(api, "trace:1/a.b-c_d+e=") == "trace:1/a.b-c_d+e="

    @pytest.mark.parametrize("sent", [None, "", "two words", "x" * 129, "<script>"])
    def test_another_is_replaced(self, api: Api, sent: str | None) -> None:
        given = self.call(api, sent)
        assert given != sent
        assert len(given) == 32

    def test_each_request_has_its_own(self, api: Api) -> None:
        assert self.call(api, None) != self.call(api, None)


def test_no_program_is_in_a_problem_or_in_the_log(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        response = api.post(EXECUTIONS, PROGRAM | {"source": ["secret"], "stdin": 3})
    assert response.status_code == 422
    assert b"secret" not in response.data
    assert "secret" not in caplog.text


def test_an_operator_is_told_which_role_is_missing(connect: Connect) -> None:
    problem = body(connect("otto", Role.OPERATOR).get("/api/v1/keys"), 403)
    assert "admin" in problem["detail"]


def test_a_new_application_shares_nothing_with_another(twins: Twins) -> None:
    first, second = connector(twins.ports), connector(twins.ports)
    assert first("a", Role.USER).app is not second("b", Role.USER).app
