"""The resources: what a program printed, and the files it left behind."""

import asyncio

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import BlobResourceContents, TextResourceContents

from tests.mcp.conftest import Connecting, both_eras, scripted
from tests.support.service import Service


def run(connecting: Connecting) -> str:
    async def main() -> str:
        async with connecting() as client:
            result = await client.call_tool("run_code", {"code": "", "artifacts": ["**"]})
            assert result.structured_content is not None
            return str(result.structured_content["execution_id"])

    return asyncio.run(main())


def read(connecting: Connecting, uri: str) -> TextResourceContents | BlobResourceContents:
    async def main() -> TextResourceContents | BlobResourceContents:
        async with connecting() as client:
            (contents,) = (await client.read_resource(uri)).contents
            return contents

    return asyncio.run(main())


def refused(connecting: Connecting, uri: str) -> str:
    async def main() -> str:
        async with connecting() as client:
            with pytest.raises(MCPError) as error:
                await client.read_resource(uri)
            return str(error.value)

    return asyncio.run(main())


def test_the_whole_of_a_long_output(service: Service, connecting: Connecting) -> None:
    scripted(service, prints=b"a" * 200_000, prints_errors=b"\xff")
    at = f"podline://executions/{run(connecting)}"
    for stream, expected in (("stdout", "a" * 200_000), ("stderr", "\ufffd")):
        contents = read(connecting, f"{at}/{stream}")
        assert isinstance(contents, TextResourceContents)
        assert contents.text == expected


@both_eras
def test_files(service: Service, connecting: Connecting) -> None:
    scripted(service, creates={"out/größe 1.csv": b"1,2\n", "b.bin": b"\xff\x00"})
    at = f"podline://executions/{run(connecting)}/files"
    text = read(connecting, f"{at}/out/gr%C3%B6%C3%9Fe%201.csv")
    assert isinstance(text, TextResourceContents)
    assert text.text == "1,2\n"
    binary = read(connecting, f"{at}/b.bin")
    assert isinstance(binary, BlobResourceContents)
    assert binary.blob == "/wA="


def test_what_a_tool_links_to_can_be_read(service: Service, connecting: Connecting) -> None:
    name = "a/50% [x]?#é.txt"
    scripted(service, creates={name: b"found"})

    async def main() -> None:
        async with connecting() as client:
            result = await client.call_tool("run_code", {"code": "", "artifacts": ["**"]})
            assert result.structured_content is not None
            (file,) = result.structured_content["files"]
            (contents,) = (await client.read_resource(file["uri"])).contents
            assert isinstance(contents, TextResourceContents)
            assert contents.text == "found"

    asyncio.run(main())


def test_what_is_too_large(
    service: Service, connecting: Connecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.mcp.resources._LARGEST", 3)
    scripted(service, prints=b"1234", creates={"a": b"1234"})
    at = f"podline://executions/{run(connecting)}"
    for uri in (f"{at}/stdout", f"{at}/files/a"):
        assert "it has 4 bytes; a resource has at most 3" in refused(connecting, uri)


@pytest.mark.parametrize("path", ["stdall", "files/none", "files/../../x"])
def test_what_does_not_exist(service: Service, connecting: Connecting, path: str) -> None:
    scripted(service, creates={"a": b""})
    refused(connecting, f"podline://executions/{run(connecting)}/{path}")


@both_eras
def test_an_unknown_execution(connecting: Connecting) -> None:
    assert "may have been erased" in refused(connecting, "podline://executions/01JABC/stdout")


def test_templates_tell_what_there_is(connecting: Connecting) -> None:
    async def main(client: Client) -> list[str]:
        return [t.uri_template for t in (await client.list_resource_templates()).resource_templates]

    async def connected() -> list[str]:
        async with connecting() as client:
            return await main(client)

    assert asyncio.run(connected()) == [
        "podline://executions/{execution_id}/{stream}",
        "podline://executions/{execution_id}/files/{+name}",
    ]
