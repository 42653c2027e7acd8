"""SandboxFusion's protocol over HTTP."""

import json
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
from tests.support.cpu import least_cpu_seconds
from tests.support.doors import DoorClient, open_door
from tests.support.twins import wrapped

RUN_CODE = "/run_code"
HELLO = {"code": "print('hello')"}
OWN_PORT = {"podline.port_of": "sandboxfusion"}
FUZZED = open_door("sandboxfusion", policy={"max_unfinished_per_owner": 10**9})


@pytest.fixture
def door() -> DoorClient:
    return open_door("sandboxfusion")


def ran(client: DoorClient, script: Script | None = None, **fields: Any) -> dict[str, Any]:
    """The response for a program that did what the script says."""
    if script is not None:
        client.twins.runtime.script = lambda _: script
    response = client.post(RUN_CODE, HELLO | fields)
    assert response.status_code == 200, response.get_data(as_text=True)
    assert isinstance(response.json, dict)
    assert set(response.json) == {
        *("status", "message", "compile_result", "run_result", "executor_pod_name", "files")
    }
    return response.json


def details(response: TestResponse) -> list[dict[str, Any]]:
    """What is wrong with the body, in the form of FastAPI."""
    assert response.status_code == 422, response.get_data(as_text=True)
    assert response.json
    for each in response.json["detail"]:
        assert set(each) == {"type", "loc", "msg"}
        assert each["loc"][0] == "body"
    return list(response.json["detail"])


def test_a_program_that_ended_well(door: DoorClient) -> None:
    assert ran(door, Script(prints=b"hello\n", prints_errors=b"oh")) == {
        "status": "Success",
        "message": "",
        "compile_result": None,
        "run_result": {
            "status": "Finished",
            "execution_time": 0.001,
            "return_code": 0,
            "stdout": "hello\n",
            "stderr": "oh",
        },
        "executor_pod_name": None,
        "files": {},
    }


def test_a_program_that_failed(door: DoorClient) -> None:
    found = ran(door, Script(ends=exited(signal="SIGSEGV")))
    assert (found["status"], found["run_result"]["return_code"]) == ("Failed", -11)


def test_a_failed_compile(door: DoorClient) -> None:
    failed = StageReport(
        exit_code=1, signal=None, wall_us=1, cpu_us=1, memory_peak_kib=1, stopped_by=Limit.WALL
    )
    said = StageOutput(stdout=b"", stderr=b"no ;")
    script = Script(ends=Report(compile=failed, runs=()), compile_output=said)
    found = ran(door, script, language="cpp")
    assert found["run_result"] is None
    assert found["compile_result"]["status"] == "TimeLimitExceeded"
    assert found["compile_result"]["stderr"] == "no ;"


def test_all_that_was_printed_is_in_the_response(door: DoorClient) -> None:
    printed = "é".encode() * 1_500_000
    run = ran(door, Script(prints=printed, prints_errors=printed))["run_result"]
    assert run["stdout"] == run["stderr"] == printed.decode()


def test_what_the_program_is_given(door: DoorClient) -> None:
    pods: list[Pod] = []

    def script(pod: Pod) -> Script:
        pods.append(pod)
        return Script(creates={"out.txt": b"data"})

    door.twins.runtime.script = script
    found = ran(
        door,
        stdin="a",
        run_timeout=2.0,
        memory_limit_MB=4096,
        files={"in.txt": "YQ=="},
        fetch_files=["./out.txt", "missing", "/tmp/x"],
    )
    (run,) = pods[0].runs
    assert run.stdin == b"a"
    assert (run.limits.wall_seconds, run.limits.memory_mib) == (2.0, 1024)
    assert {file.name for file in pods[0].files} == {"main.py", "in.txt"}
    assert found["files"] == {"./out.txt": "ZGF0YQ=="}
    assert found["message"] == (
        "memory_limit_MB was lowered to 1024, the maximum here."
        " /tmp/x is not in the working folder."
    )


def test_ping(door: DoorClient) -> None:
    keyless = DoorClient(door.app, door.twins, None)
    for options in ({}, {"environ_overrides": OWN_PORT}):
        response = keyless.get("/v1/ping", **options)
        assert (response.status_code, response.json) == (200, "pong")


def test_wrong_types_and_broken_rules(door: DoorClient) -> None:
    assert details(door.post(RUN_CODE, {})) == [
        {"type": "missing", "loc": ["body", "code"], "msg": "Field required"}
    ]
    (only,) = details(door.post(RUN_CODE, HELLO | {"files": {"../x": ""}}))
    assert only["loc"] == ["body", "files", "../x"]
    (only,) = details(door.post(RUN_CODE, HELLO | {"language": "cuda"}))
    assert (only["type"], only["loc"]) == ("literal_error", ["body", "language"])


def test_a_body_that_is_not_json(door: DoorClient) -> None:
    (only,) = details(door.call("POST", RUN_CODE, data="{", content_type="application/json"))
    assert (only["type"], only["loc"]) == ("json_invalid", ["body"])
    (only,) = details(door.post(RUN_CODE, [[]] * 150_000))
    assert "values" in only["msg"]


def test_a_body_needs_no_type(door: DoorClient) -> None:
    for kind in (None, "text/plain", "application/json"):
        sent = json.dumps(HELLO)
        assert door.call("POST", RUN_CODE, data=sent, content_type=kind).status_code == 200


def test_a_large_input(door: DoorClient) -> None:
    pods: list[Pod] = []

    def script(pod: Pod) -> Script:
        pods.append(pod)
        return Script()

    door.twins.runtime.script = script
    lines = "12 345\n" * (8 << 17)
    ran(door, stdin=lines)
    assert pods[0].runs[0].stdin == lines.encode()


def test_a_body_that_is_too_large() -> None:
    client = open_door("sandboxfusion", policy={"input": InputMaxima(submission_bytes=10_000)})
    response = client.post(RUN_CODE, HELLO | {"stdin": "x" * 20_000})
    assert response.status_code == 413
    assert set(response.json or {}) == {"detail"}


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", RUN_CODE, 405, "Method Not Allowed"),
        ("POST", "/run_code/", 404, "Not Found"),
        ("POST", "/run_jupyter", 404, "Not Found"),
        ("GET", "/", 404, "Not Found"),
    ],
)
def test_paths_and_methods_that_are_not_there(
    door: DoorClient, method: str, path: str, status: int, said: str
) -> None:
    response = door.call(method, path, environ_overrides=OWN_PORT)
    assert (response.status_code, response.json) == (status, {"detail": said})


def test_a_key_is_needed(door: DoorClient) -> None:
    response = DoorClient(door.app, door.twins, None).post(RUN_CODE, HELLO)
    assert response.status_code == 401
    assert "send a key" in (response.json or {})["detail"]


LONG = "x" * 300_000
COSTLY: dict[str, object] = {
    "a name": {"code": "", "files": {LONG: 5}},
    "a path": {"code": "", "fetch_files": [f"/{LONG}"]},
    "a bad path": {"code": "", "files": {f"../{LONG}": ""}},
    "names": {"code": "", "files": {f"{number}": 5 for number in range(60_000)}},
    "paths": {"code": "", "fetch_files": ["a/../b"] * 60_000},
    "numbers": {"code": "", "fetch_files": [5] * 60_000},
    "fields": {f"{number}": number for number in range(60_000)},
    "a language": {"code": "", "language": LONG},
    "lists": [[[]] * 3] * 20_000,
}


@pytest.mark.parametrize("path", [RUN_CODE, "/execute"])
@pytest.mark.parametrize("kind", COSTLY)
def test_a_bad_body_costs_little(path: str, kind: str) -> None:
    sent = json.dumps(COSTLY[kind]).encode()
    if path == "/execute":
        sent = sent.replace(b'"code"', b'"generated_code"')

    def refuse() -> None:
        assert len(FUZZED.call("POST", path, data=sent).data) < 20_000

    allowed = 3 * max(20e-3, 50e-9 * len(sent))
    assert least_cpu_seconds(refuse, times=3, enough=allowed) <= allowed


class Unavailable:
    """A part of a store that does not answer."""

    def __getattr__(self, name: str) -> Any:
        def called(*_: object, **__: object) -> None:
            raise StoreUnavailable(name)

        return called


def without_store(door: DoorClient) -> DoorClient:
    store = wrapped(door.twins.store, lambda _: Unavailable())
    options = DoorOptions(open=frozenset({"sandboxfusion"}))
    return replace(door, app=create_app(replace(door.twins.ports, store=store), options))


class TestFaults:
    def test_a_store_that_is_unavailable_makes_clients_try_again(self, door: DoorClient) -> None:
        response = without_store(door).post(RUN_CODE, HELLO)
        assert response.status_code == 504
        assert response.headers["Retry-After"]

    def test_a_program_that_does_not_end_in_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.api.doors.sandboxfusion.request._RESERVE", 1.01)
        client = open_door("sandboxfusion", runs=False)
        response = client.post(RUN_CODE, HELLO | {"run_timeout": 1e-9, "compile_timeout": 1e-9})
        assert response.status_code == 504

    def test_a_bug(self, door: DoorClient, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("secret")

        monkeypatch.setattr("app.api.doors.sandboxfusion.run_code.translated", broken)
        response = door.post(RUN_CODE, HELLO)
        assert response.status_code == 500
        assert set(response.json or {}) == {"detail", "traceback"}
        assert "secret" not in response.get_data(as_text=True)

    def test_an_execution_that_failed(self, door: DoorClient) -> None:
        def refused(_: Pod) -> Script:
            raise RunRefused("no such image")

        door.twins.runtime.script = refused
        found = door.post(RUN_CODE, HELLO).json
        assert found
        assert found["status"] == "SandboxError"
        assert "no such image" in found["message"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
NAMES = st.text("ab/.* \\", max_size=5)
BODY = st.fixed_dictionaries(
    {"code": st.text(max_size=8) | JSON},
    optional={
        "language": st.sampled_from(["python", "cpp", "nodejs"]) | JSON,
        "stdin": st.text(max_size=8) | JSON,
        "files": st.dictionaries(NAMES, st.sampled_from(["", "YQ==", None])) | JSON,
        "fetch_files": st.lists(NAMES) | JSON,
        **dict.fromkeys(("run_timeout", "compile_timeout", "memory_limit_MB"), JSON),
    },
)


@given(BODY | JSON)
def test_any_json_gets_a_result_or_an_error_of_fastapi(body: object) -> None:
    response = FUZZED.call("POST", RUN_CODE, data=json.dumps(body))
    if response.status_code != 200:
        assert details(response)


@settings(deadline=None)
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.sampled_from(["/run_code", "/v1/ping", "/execute", "/health", "/sessions", "/"]),
    st.text(max_size=5),
    st.binary(max_size=30),
    st.sampled_from(["application/json", "text/plain", "", "multipart/form-data", "x"]),
)
def test_any_bytes_get_an_error_in_a_form_that_clients_know(
    method: str, path: str, more: str, data: bytes, kind: str
) -> None:
    response = FUZZED.call(
        method, path + more, data=data, content_type=kind, environ_overrides=OWN_PORT
    )
    assert response.status_code < 500
    if response.status_code >= 400:
        assert response.json
        assert "detail" in response.json or "process_status" in response.json
