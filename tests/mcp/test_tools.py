"""The tools, as a model sees them."""

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import jsonschema
import pytest
from mcp import Client
from mcp_types import CallToolResult, ImageContent, ResourceLink, TextContent

from app import for_models
from app.domain.report import Report, StageOutput, StageReport
from app.for_models import LONGEST
from app.infrastructure.memory.runtime import exited
from tests.mcp.conftest import Connecting, Reports, both_eras, leave_a_call, scripted
from tests.support.answers import problem
from tests.support.service import Service

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def with_client(connecting: Connecting, main: Callable[[Client], Awaitable[Any]]) -> Any:
    async def connected() -> Any:
        async with connecting() as client:
            return await main(client)

    return asyncio.run(connected())


def call(connecting: Connecting, tool: str, **arguments: object) -> CallToolResult:
    """Call a tool, and check that what it returns matches the schema that it promises."""

    async def main(client: Client) -> CallToolResult:
        schemas = {each.name: each.output_schema for each in (await client.list_tools()).tools}
        result = await client.call_tool(tool, arguments)
        if not result.is_error:
            jsonschema.validate(result.structured_content, schemas[tool] or {})
        return result

    result = with_client(connecting, main)
    assert isinstance(result, CallToolResult)
    return result


def text(result: CallToolResult) -> str:
    first = result.content[0]
    assert isinstance(first, TextContent)
    return first.text


def facts(result: CallToolResult) -> Mapping[str, Any]:
    assert isinstance(result.structured_content, dict)
    return result.structured_content


def test_what_a_model_reads_of_the_tools(connecting: Connecting) -> None:
    """Of running code, the same as at the door for OpenAPI tools."""

    async def main(client: Client) -> Any:
        return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in with_client(connecting, main)}
    assert all(tool.title and tool.description for tool in tools.values())
    run_code = tools["run_code"]
    assert run_code.description == for_models.RUN_CODE
    assert run_code.input_schema["properties"]["stdin"]["description"] == for_models.STDIN
    message = run_code.output_schema["properties"]["message"]
    assert message["description"] == for_models.MESSAGE


@both_eras
def test_run_code_shows_what_was_printed_and_the_verdict(
    service: Service, connecting: Connecting
) -> None:
    scripted(service, prints=b"41\n42\n", prints_errors=b"a warning\n")
    result = call(connecting, "run_code", code="print(41); print(42)")

    assert not result.is_error
    ran = facts(result)
    assert (ran["state"], ran["outcome"], ran["exit_code"]) == ("completed", "success", 0)
    assert (ran["stdout"], ran["stderr"], ran["cut"]) == ("41\n42\n", "a warning\n", False)
    assert text(result) == (
        "41\n42\nstderr:\na warning\n"
        f"[success, exit code 0, 0.001 s; execution_id {ran['execution_id']}]"
    )


def test_what_is_submitted(service: Service, connecting: Connecting) -> None:
    call(
        connecting,
        "run_code",
        code="int main() {}",
        language="cpp",
        stdin="1 2",
        args=["-v"],
        artifacts=["*.png"],
        wall_seconds=2.5,
        memory_mib=64,
    )
    (request,) = service.asked("POST", "/api/v1/executions")
    assert request["body"] == {
        "language": "cpp",
        "source": "int main() {}",
        "stdin": "1 2",
        "args": ["-v"],
        "artifacts": ["*.png"],
        "limits": {"wall_seconds": 2.5, "memory_mib": 64},
    }


def test_the_code_has_its_files_beside_it(service: Service, connecting: Connecting) -> None:
    code = "print(open('in.txt').read())"
    result = call(connecting, "run_code", code=code, files={"in.txt": "1"})
    assert not result.is_error
    (request,) = service.asked("POST", "/api/v1/executions")
    assert {file["name"]: file["content"] for file in request["body"]["files"]} == {
        "in.txt": "1",
        "main.py": code,
    }
    assert request["body"]["entrypoint"] == "main.py"


def test_no_file_replaces_the_code(service: Service, connecting: Connecting) -> None:
    result = call(connecting, "run_code", code="import main", files={"main.py": "1"})
    assert result.is_error
    assert "call the file 'main.py' something else" in text(result)
    assert service.submitted() == []


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        (exited(3), "runtime_error, exit code 3"),
        (exited(signal="SIGSEGV"), "runtime_error, SIGSEGV"),
    ],
)
def test_a_program_that_fails_is_a_normal_result(
    service: Service, connecting: Connecting, ends: Report, verdict: str
) -> None:
    scripted(service, ends=ends)
    result = call(connecting, "run_code", code="1/0")
    assert not result.is_error
    assert text(result).startswith(f"[{verdict}, ")


def test_what_the_compiler_printed(service: Service, connecting: Connecting) -> None:
    compiler = StageReport(exit_code=1, signal=None, wall_us=1, cpu_us=1, memory_peak_kib=1)
    printed = StageOutput(stdout=b"", stderr=b"main.c:1: error: no\n")
    scripted(service, ends=Report(compile=compiler, runs=()), compile_output=printed)
    result = call(connecting, "run_code", code="int", language="c")
    assert facts(result)["compiler"] == "main.c:1: error: no\n"
    assert text(result).startswith("main.c:1: error: no\n[compile_error")


def test_long_outputs_are_cut(service: Service, connecting: Connecting) -> None:
    scripted(service, prints=b"a" * LONGEST + b"b" * LONGEST, prints_errors=b"e" * 100_000)
    result = call(connecting, "run_code", code="")
    ran = facts(result)
    assert ran["cut"]
    assert ran["stdout"].startswith("a" * 1000)
    assert ran["stdout"].endswith("b" * 1000)
    whole = f"podline://executions/{ran['execution_id']}"
    assert f"[{LONGEST:,} characters cut here; all of it: {whole}/stdout]" in ran["stdout"]
    assert ran["stderr"].endswith(f"\n[cut here; all of it: {whole}/stderr]")
    assert len(text(result)) < 2 * LONGEST + 1000


@both_eras
def test_images_are_shown_and_other_files_are_links(
    service: Service, connecting: Connecting
) -> None:
    scripted(service, creates={"a b.png": PNG, "data.csv": b"1,2\n"})
    result = call(connecting, "run_code", code="", artifacts=["*"])
    image, link = result.content[1:]
    assert isinstance(image, ImageContent)
    assert (image.mime_type, b64decode(image.data)) == ("image/png", PNG)
    assert isinstance(link, ResourceLink)
    at = f"podline://executions/{facts(result)['execution_id']}/files"
    assert (link.name, str(link.uri), link.size) == ("data.csv", f"{at}/data.csv", 4)
    assert [file["uri"] for file in facts(result)["files"]] == [f"{at}/a%20b.png", f"{at}/data.csv"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.png", b"text"), ("a.png", b"\xff\xd8\xff"), ("a.gif", PNG), ("a.jpg", b"")],
)
def test_a_file_is_an_image_by_its_name_and_its_content(
    service: Service, connecting: Connecting, name: str, content: bytes
) -> None:
    scripted(service, creates={name: content})
    shown = call(connecting, "run_code", code="", artifacts=["*"]).content[1:]
    assert [type(each) for each in shown] == [ResourceLink]


def test_few_images_are_shown(service: Service, connecting: Connecting) -> None:
    names = [f"{number}.png" for number in range(6)]
    scripted(service, creates=dict.fromkeys(names, PNG))
    shown = call(connecting, "run_code", code="", artifacts=["*"]).content[1:]
    assert [type(each) for each in shown] == [ImageContent] * 4 + [ResourceLink] * 2


@both_eras
def test_progress_names_states_and_output(
    service: Service, connecting: Connecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.mcp.following._BETWEEN_REPORTS", 0)
    service.stream_events = [
        ("state", state(1, "queued")),
        ("state", state(1, "running")),
        ("stdout", output(1, 0, "12345")),
        ("stderr", output(1, 0, "!")),
        ("stdout", output(1, 5, "67")),
        ("state", state(2, "queued")),
        ("end", {"state": "cancelled"}),
    ]
    reports = Reports()

    async def main(client: Client) -> None:
        await client.call_tool("run_code", {"code": ""}, progress_callback=reports)

    with_client(connecting, main)
    assert [message for _, _, message in reports.all] == [
        "queued",
        "running",
        "running, 5 bytes printed",
        "running, 6 bytes printed",
        "running, 8 bytes printed",
        "queued",
    ]
    times = [progress for progress, _, _ in reports.all]
    assert times == sorted(set(times))


def state(attempt: int, name: str) -> dict[str, object]:
    time = "2026-01-01T00:00:00Z"
    return {"state": name, "version": 1, "attempt": attempt, "time": time, "message": None}


def output(attempt: int, offset: int, content: str) -> dict[str, object]:
    return {"attempt": attempt, "offset": offset, "content": content, "encoding": "utf-8"}


def test_a_call_returns_after_its_longest_wait(service: Service, connecting: Connecting) -> None:
    service.runs_nothing()
    result = call(connecting, "run_code", code="", wait_seconds=0.05)
    assert not result.is_error
    ran = facts(result)
    assert (ran["state"], ran["outcome"]) == ("queued", None)
    assert "not ended yet: call get_execution with this id" in text(result)


@both_eras
def test_start_then_get_then_cancel(service: Service, connecting: Connecting) -> None:
    service.runs_nothing()
    started = facts(call(connecting, "start_code", code="", language="javascript"))
    assert started["state"] == "queued"
    again = facts(call(connecting, "get_execution", execution_id=started["execution_id"]))
    assert again == started
    ended = call(connecting, "cancel_execution", execution_id=started["execution_id"])
    assert facts(ended)["state"] == "cancelled"
    twice = call(connecting, "cancel_execution", execution_id=started["execution_id"])
    assert twice.is_error


def test_get_execution_can_wait(service: Service, connecting: Connecting) -> None:
    scripted(service, prints=b"done")
    service.runs_nothing()
    started = facts(call(connecting, "start_code", code=""))

    async def main(client: Client) -> CallToolResult:
        arguments = {"execution_id": started["execution_id"], "wait_seconds": 60}
        reports = Reports()

        asking = asyncio.ensure_future(
            client.call_tool("get_execution", arguments, progress_callback=reports)
        )
        await reports.begun.wait()  # it waits
        await asyncio.to_thread(service.run_all)
        return await asking

    assert facts(with_client(connecting, main))["stdout"] == "done"


@both_eras
def test_cancelling_a_call_cancels_its_execution(service: Service, connecting: Connecting) -> None:
    service.runs_nothing()

    with_client(connecting, lambda client: asyncio.wait_for(leave_a_call(client, service), 60))


def test_languages(connecting: Connecting) -> None:
    languages = {
        each["name"]: each for each in facts(call(connecting, "list_languages"))["languages"]
    }
    assert languages["javascript"]["packages"] == {"lodash": "4.17.21"}
    limits = languages["python"]["maximum_limits"]
    assert limits["wall_seconds"] > languages["python"]["default_limits"]["wall_seconds"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"code": "", "language": "klingon"}, "choose one of: bash, c, cpp"),
        ({"code": "", "wall_seconds": 100_000}, "/limits/wall_seconds"),
        ({"code": "", "wall_seconds": 0}, "wall_seconds"),
        ({"code": "", "wait_seconds": 100_000}, "wait_seconds"),
        ({}, "code"),
        ({"code": "", "files": {"../x": "1"}}, "/files/0/name"),
        ({"code": "\ud800"}, "UTF-8"),
    ],
)
def test_a_model_is_told_what_to_mend(
    service: Service, connecting: Connecting, arguments: dict[str, object], told: str
) -> None:
    result = call(connecting, "run_code", **arguments)
    assert result.is_error
    assert told in text(result)
    assert service.submitted() == []


@both_eras
def test_an_unknown_execution(connecting: Connecting) -> None:
    for tool in ("get_execution", "cancel_execution"):
        result = call(connecting, tool, execution_id="01JABC")
        assert result.is_error
        assert "may have been erased, or belong to somebody else" in text(result)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (500, "Podline failed: Trouble. Try again later"),
        (503, "Trouble. Try again later."),
        (401, "Ask the user to configure a valid Podline API key."),
    ],
)
def test_a_fault_is_no_result(
    service: Service,
    connecting: Connecting,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    told: str,
) -> None:
    monkeypatch.setattr("podline.connection._FIRST_PAUSE", 0.001)
    service.incidents += [problem(status, "Trouble")] * 10
    result = call(connecting, "list_languages")
    assert result.is_error
    assert told in text(result)
