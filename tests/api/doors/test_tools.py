"""The document of the tool, and the tool."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate
from werkzeug.test import TestResponse

from app import for_models
from app.domain.problems import MAX_PROBLEMS
from app.domain.report import Report, StageOutput, StageReport
from app.for_models import LONGEST
from app.infrastructure.memory.runtime import Script, exited
from tests.support.doors import DoorClient, a_key, open_door

DOCUMENT = "/openapi-tools.json"
RUN_CODE = "/tools/run_code"


@pytest.fixture
def tools() -> DoorClient:
    return open_door("tools")


def shown(client: DoorClient, script: Script | None = None, **sent: object) -> dict[str, Any]:
    if script is not None:
        client.twins.runtime.script = lambda _: script
    response = client.post(RUN_CODE, {"code": "print(42)"} | sent)
    assert response.status_code == 200, response.get_data(as_text=True)
    assert isinstance(response.json, dict)
    return response.json


def told(response: TestResponse, status: int) -> str:
    assert response.status_code == status
    assert isinstance(response.json, dict)
    assert set(response.json) == {"detail"}
    return str(response.json["detail"])


def test_the_document_needs_no_key_and_is_valid(tools: DoorClient) -> None:
    document = DoorClient(tools.app, tools.twins, None).get(DOCUMENT).json
    assert isinstance(document, dict)
    validate(document)
    assert list(document["paths"]) == [RUN_CODE]
    operation = document["paths"][RUN_CODE]["post"]
    assert operation["operationId"] == "run_code"
    assert operation["description"] == for_models.RUN_CODE
    program = operation["requestBody"]["content"]["application/json"]["schema"]
    assert program["properties"]["language"]["enum"] == ["bash", "c", "cpp", "javascript", "python"]
    assert program["required"] == ["code"]


def test_what_was_printed(tools: DoorClient) -> None:
    found = shown(tools, Script(prints=b"42\n", prints_errors=b"oh\xff"))
    execution_id = found.pop("execution_id")
    assert found == {
        "outcome": "success",
        "message": None,
        "exit_code": 0,
        "signal": None,
        "stdout": "42\n",
        "stderr": "oh\ufffd",
        "compiler": "",
    }
    assert execution_id in tools.twins.store.tables.rows


def test_what_is_submitted(tools: DoorClient) -> None:
    executions = tools.twins.ports.store.executions
    for sent, language, stdin in (
        ({"language": "cpp", "stdin": "1 2"}, "cpp", b"1 2"),
        ({"language": None, "stdin": None}, "python", b""),
    ):
        found = executions.submission(shown(tools, **sent)["execution_id"])
        assert found is not None
        assert (found.language, found.stdin) == (language, stdin)


def test_a_program_that_fails_is_a_normal_result(tools: DoorClient) -> None:
    found = shown(tools, Script(ends=exited(signal="SIGSEGV")))
    assert (found["outcome"], found["exit_code"], found["signal"]) == (
        "runtime_error",
        None,
        "SIGSEGV",
    )


def test_what_the_compiler_printed(tools: DoorClient) -> None:
    compiler = StageReport(exit_code=1, signal=None, wall_us=1, cpu_us=1, memory_peak_kib=1)
    printed = StageOutput(stdout=b"", stderr=b"main.c:1: error\n")
    script = Script(ends=Report(compile=compiler, runs=()), compile_output=printed)
    found = shown(tools, script, language="c")
    assert (found["outcome"], found["compiler"]) == ("compile_error", "main.c:1: error\n")


def test_long_outputs_keep_their_beginning_and_their_end(tools: DoorClient) -> None:
    found = shown(tools, Script(prints=b"a" * 100_000 + b"the end"))
    assert found["stdout"].startswith("a" * 1000)
    assert found["stdout"].endswith("the end")
    assert len(found["stdout"]) < LONGEST + 200
    assert f"GET /api/v1/executions/{found['execution_id']}/stdout" in found["stdout"]


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        ({}, "code must be the text of the program"),
        ({"code": 5}, "code must be the text of the program"),
        ([], "the body must be an object"),
        ({"code": "", "lang": "c"}, "lang is not known: use code, language and stdin"),
        ({"code": "", "language": "klingon"}, "language is not available here: choose one of"),
        ({"code": "", "stdin": 5}, "stdin"),
    ],
)
def test_a_model_is_told_what_to_mend(tools: DoorClient, sent: object, detail: str) -> None:
    said = told(tools.post(RUN_CODE, sent), 422)
    assert said.startswith(detail)
    assert said.endswith("Correct this and call run_code again.")
    assert not tools.twins.store.tables.rows


def test_of_very_many_mistakes_the_first_are_named(tools: DoorClient) -> None:
    said = told(tools.post(RUN_CODE, {f"k{number}": 0 for number in range(50_000)}), 422)
    assert said.startswith("k0 is not known: use code, language and stdin; k1 is not known")
    assert said.count("is not known") == MAX_PROBLEMS


def test_other_errors_have_the_same_form(tools: DoorClient) -> None:
    assert "JSON" in told(tools.post(RUN_CODE, data=b"{"), 400)
    assert told(tools.get(RUN_CODE), 405)
    assert told(tools.get("/tools/other"), 404)
    assert "send a key" in told(DoorClient(tools.app, tools.twins, None).post(RUN_CODE, {}), 401)


def test_the_key_may_be_in_the_path_of_the_document(tools: DoorClient) -> None:
    """Hosts add the operation's path to the address that the document has without its name."""
    keyless, key = DoorClient(tools.app, tools.twins, None), a_key(tools.twins, "tools")
    assert keyless.get(f"/d/{key}{DOCUMENT}").status_code == 200
    assert keyless.post(f"/d/{key}{RUN_CODE}", {"code": ""}).status_code == 200


NAMES = st.sampled_from(["code", "language", "stdin", "files", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.dictionaries(NAMES, VALUES) | VALUES)
def test_anything_else_is_refused_in_the_same_form(sent: object) -> None:
    client = SHARED
    response = client.post(RUN_CODE, data=json.dumps(sent).encode("utf-8", "surrogatepass"))
    if response.status_code != 200:
        assert response.status_code in (400, 422)
        told(response, response.status_code)


SHARED = open_door("tools")
