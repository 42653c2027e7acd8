"""Piston's protocol over HTTP."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app import create_app
from app.api.doors.options import DoorOptions
from app.domain.errors import RunRefused, StoreUnavailable
from app.domain.pod import Pod
from app.domain.policy import InputMaxima
from app.domain.report import Limit, Report, StageOutput, StageReport
from app.infrastructure.memory.runtime import Script, exited
from tests.support.constants import changed
from tests.support.doors import DoorClient, open_door
from tests.support.twins import wrapped

BASES = ("/api/v2", "/api/v2/piston")
EXECUTE = "/api/v2/execute"
HELLO: dict[str, Any] = {
    "language": "py",
    "version": "3.10.0",
    "files": [{"content": "print('hello')"}],
}


def message(response: TestResponse, status: int = 400) -> str:
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "application/json"
    assert isinstance(response.json, dict)
    assert set(response.json) == {"message"}
    return str(response.json["message"])


def ran(client: DoorClient, script: Script | None = None, **fields: Any) -> dict[str, Any]:
    """The response for a program that did what the script says."""
    if script is not None:
        client.twins.runtime.script = lambda _: script
    response = client.post(EXECUTE, HELLO | fields)
    assert response.status_code == 200, response.get_data(as_text=True)
    assert isinstance(response.json, dict)
    return response.json


@pytest.mark.parametrize("base", BASES)
def test_both_bases_have_all_calls(piston: DoorClient, base: str) -> None:
    runtimes = piston.get(f"{base}/runtimes").json
    assert isinstance(runtimes, list)
    assert {
        "language": "c++",
        "version": "12.2.0",
        "aliases": ["cpp", "g++"],
        "runtime": "gcc",
    } in (runtimes)
    assert piston.post(f"{base}/execute", HELLO).status_code == 200
    packages = piston.get(f"{base}/packages").json
    assert isinstance(packages, list)
    assert {"language": "gcc", "language_version": "12.2.0", "installed": True} in packages


def test_a_program_that_ended_well(piston: DoorClient) -> None:
    found = ran(piston, Script(prints=b"hello\n", prints_errors=b"oh"))
    assert found == {
        "language": "python",
        "version": "3.11.0",
        "run": {
            "stdout": "hello\n",
            "stderr": "oh",
            "output": "hello\noh",
            "code": 0,
            "signal": None,
            "message": None,
            "status": None,
            "cpu_time": 1,
            "wall_time": 1,
            "memory": 1_024_000,
        },
    }


def test_a_program_that_failed(piston: DoorClient) -> None:
    assert ran(piston, Script(ends=exited(3)))["run"]["status"] == "RE"
    assert ran(piston, Script(ends=exited(signal="SIGSEGV")))["run"]["status"] == "SG"


def test_a_failed_compile(piston: DoorClient) -> None:
    failed = StageReport(
        exit_code=1, signal=None, wall_us=1, cpu_us=1, memory_peak_kib=1, stopped_by=Limit.WALL
    )
    said = StageOutput(stdout=b"", stderr=b"no ;")
    script = Script(ends=Report(compile=failed, runs=()), compile_output=said)
    found = ran(piston, script, language="c++", version="*")
    assert found["run"] == found["compile"]
    assert (found["run"]["stderr"], found["run"]["status"]) == ("no ;", "TO")


def test_all_that_was_printed_is_in_the_response(piston: DoorClient) -> None:
    printed = b"x" * 3_000_000
    run = ran(piston, Script(prints=printed, prints_errors=printed))["run"]
    assert run["output"] == run["stdout"] + run["stderr"] == 2 * printed.decode()


def test_what_the_program_is_given(piston: DoorClient) -> None:
    pods: list[Pod] = []

    def script(pod: Pod) -> Script:
        pods.append(pod)
        return Script()

    piston.twins.runtime.script = script
    ran(piston, stdin="a", args=["b"], run_timeout=2000.0, run_memory_limit=-1)
    (run,) = pods[0].runs
    assert (run.stdin, run.args, run.env) == (b"a\n", ("b",), {"PISTON_LANGUAGE": "python"})
    assert (run.limits.wall_seconds, run.limits.memory_mib, run.limits.output_kib) == (
        *(2.0, 1024),
        4096,
    )


def test_strict_versions() -> None:
    strict = open_door("piston", piston_strict_versions=True)
    assert message(strict.post(EXECUTE, HELLO)) == "py-3.10.0 runtime is unknown"
    assert strict.post(EXECUTE, HELLO | {"version": "3.x"}).status_code == 200


def test_a_body_without_its_type_is_read(piston: DoorClient) -> None:
    """As node-piston sends it."""
    sent = json.dumps(HELLO)
    for type in (None, "text/plain", "application/x-www-form-urlencoded", "application/json"):
        assert piston.call("POST", EXECUTE, data=sent, content_type=type).status_code == 200


def test_a_body_that_is_not_json(piston: DoorClient) -> None:
    broken = piston.call("POST", EXECUTE, data="{", content_type="application/json")
    assert message(broken).startswith("the body is not JSON")
    form = piston.call("POST", EXECUTE, data={"language": "python"})
    assert message(form, 415) == "requests must be of type application/json"
    assert message(piston.post(EXECUTE, [])) == "the body must be a JSON object"
    assert "values" in message(piston.post(EXECUTE, [[]] * 150_000))


def test_a_body_that_is_too_large() -> None:
    client = open_door("piston", policy={"input": InputMaxima(submission_bytes=10_000)})
    assert "exceeds" in message(client.post(EXECUTE, HELLO | {"stdin": "x" * 20_000}), 413)


def test_rules_of_the_api_are_named(piston: DoorClient) -> None:
    outside = HELLO | {"files": [{"name": "../x.py", "content": ""}]}
    assert message(piston.post(EXECUTE, outside)).startswith("/files/0/name: must be a relative")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v2", 404),
        ("GET", "/api/v2/connect", 404),
        ("GET", "/api/v2/piston/x", 404),
        ("GET", "/api/v2/execute", 405),
        ("PATCH", "/api/v2/packages", 405),
        ("OPTIONS", "/api/v2/runtimes", 405),
    ],
)
def test_paths_and_methods_that_are_not_there(
    piston: DoorClient, method: str, path: str, status: int
) -> None:
    response = piston.call(method, path)
    assert message(response, status)
    assert (status == 404) == (message(response, status) == "Not Found")


def test_about_is_at_the_root_of_its_own_port_only(piston: DoorClient) -> None:
    own = {"podline.port_of": "piston"}
    assert message(piston.get("/", environ_overrides=own), 200) == "Piston v3.1.1"
    assert message(piston.get("/openapi.json", environ_overrides=own), 404) == "Not Found"
    assert piston.get("/api/v2/runtimes", environ_overrides=own).status_code == 200
    assert "Piston" not in piston.app.test_client().get("/").get_data(as_text=True)


def test_packages(piston: DoorClient) -> None:
    path = "/api/v2/packages"
    gcc = {"language": "gcc", "version": "10.2.0"}
    assert piston.post(path, gcc).json == {"language": "gcc", "version": "12.2.0"}
    missing = piston.post(path, {"language": "mono", "version": "6.12.0"})
    assert message(missing, 404) == "Requested package mono-6.12.0 does not exist"
    assert "operator" in message(piston.call("DELETE", path, json=gcc), 403)
    assert message(piston.post(path, {})) == "language is required as a string"


class Unavailable:
    """A part of a store that does not answer."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        def called(*_: object, **__: object) -> None:
            raise StoreUnavailable(name)

        return called


class TestFaults:
    def test_a_store_that_is_unavailable(self, piston: DoorClient) -> None:
        store = wrapped(piston.twins.store, lambda _: Unavailable())
        app = create_app(
            replace(piston.twins.ports, store=store), DoorOptions(open=frozenset({"piston"}))
        )
        with changed(room__STORE_SECONDS=0):
            response = DoorClient(app, piston.twins, piston.key).post(EXECUTE, HELLO)
        assert message(response, 503)
        assert response.headers["Retry-After"]

    def test_a_bug(self, piston: DoorClient, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("a bug")

        monkeypatch.setattr("app.api.doors.piston.routes.native", broken)
        assert message(piston.post(EXECUTE, HELLO), 500).startswith("The service failed.")

    def test_an_execution_that_failed(self, piston: DoorClient) -> None:
        def refused(_: Pod) -> Script:
            raise RunRefused("no such image")

        piston.twins.runtime.script = refused
        assert "no such image" in message(piston.post(EXECUTE, HELLO), 500)


@pytest.mark.parametrize("origin", ["https://quiz.example.org", "null"])
def test_every_page_may_call_it(piston: DoorClient, origin: str) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, x-anything",
    }
    preflight = DoorClient(piston.app, piston.twins, None).call("OPTIONS", EXECUTE, headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert preflight.headers["Access-Control-Allow-Headers"] == "authorization, x-anything"
    for response in (
        piston.post(EXECUTE, HELLO, headers={"Origin": origin}),
        piston.get("/api/v2/x", headers={"Origin": origin}),
    ):
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_it_is_counted_as_other_requests_are(piston: DoorClient) -> None:
    piston.post(EXECUTE, HELLO)
    counted = piston.app.test_client().get("/metrics").get_data(as_text=True)
    assert 'method="POST",route="/api/v2/execute",status="200"' in counted


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
FILE = st.fixed_dictionaries(
    {"content": st.text(max_size=8) | ANYTHING},
    optional={
        "name": st.text(max_size=8) | ANYTHING,
        "encoding": st.sampled_from(["hex", "base64", "utf8"]) | ANYTHING,
    },
)
LIMITS = [f"{stage}_{of}" for stage in ("run", "compile") for of in ("timeout", "memory_limit")]
BODY = st.fixed_dictionaries(
    {
        "language": st.sampled_from(["python", "c++", "node-js"]) | ANYTHING,
        "version": st.sampled_from(["*", "3.10.0"]) | ANYTHING,
        "files": st.lists(FILE, max_size=3) | ANYTHING,
    },
    optional=dict.fromkeys(("stdin", "args", "run_cpu_time", *LIMITS), ANYTHING),
)
FUZZED = open_door("piston", policy={"max_unfinished_per_owner": 10**9})


@given(BODY | ANYTHING)
def test_any_json_gets_a_result_or_an_error_of_piston(body: object) -> None:
    response = FUZZED.call("POST", EXECUTE, data=json.dumps(body), content_type="application/json")
    if response.status_code != 200:
        message(response, 400)


@settings(deadline=None)
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.sampled_from(["/api/v2", "/api/v2/packages", "/api/v2/piston/execute"]),
    st.text(max_size=5),
    st.binary(max_size=30),
    st.sampled_from(["application/json", "text/plain", "", "multipart/form-data", "x"]),
)
def test_any_bytes_get_an_error_of_piston(
    method: str, path: str, more: str, data: bytes, type: str
) -> None:
    response = FUZZED.call(
        *(method, path + more),
        data=data,
        content_type=type,
        environ_overrides={"podline.port_of": "piston"},
    )
    if response.status_code != 200:
        assert response.status_code < 500
        assert set(response.json or {}) == {"message"}
