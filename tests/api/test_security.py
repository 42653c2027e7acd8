"""Headers that every response has."""

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
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy


def test_only_scripts_of_our_own_run_on_a_page_of_ours(api: Api) -> None:
    assert "script-src" not in api.get("/healthz").headers["Content-Security-Policy"]
    for path in ("/", "/docs"):
        policy = api.get(path).headers["Content-Security-Policy"].split("; ")
        assert [each for each in policy if "script" in each] == [
            "script-src 'self'",
            "require-trusted-types-for 'script'",
        ]
        assert not [each for each in policy if "unsafe" in each]
