"""Headers that every response has."""

import pytest
from werkzeug.test import TestResponse

from tests.support.api_contract import PROGRAM, Api

EXECUTIONS = "/api/v1/executions"


def responses(api: Api) -> list[TestResponse]:
    made = api.post(EXECUTIONS, PROGRAM)
    assert made.json is not None
    return [
        made,
        api.get(EXECUTIONS),
        api.get(f"{EXECUTIONS}/none"),
        api.post(EXECUTIONS, {}),
        api.get(f"{EXECUTIONS}/{made.json['id']}/stream", headers={"Last-Event-ID": "x"}),
        Api(api.app, api.document, None).get(EXECUTIONS),
        *map(api.get, ("/healthz", "/metrics", "/openapi.json", "/docs", "/nowhere")),
    ]


def test_no_response_is_kept_framed_or_taken_for_another_type(api: Api) -> None:
    for response in responses(api):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["/docs", "/healthz"])
def test_no_script_runs_on_a_page_of_ours(api: Api, path: str) -> None:
    assert "script-src" not in api.get(path).headers["Content-Security-Policy"]
