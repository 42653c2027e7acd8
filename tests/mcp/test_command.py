"""`podline mcp` as a process, as a desktop client starts it."""

import asyncio
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from mcp import Client, StdioServerParameters, stdio_client

from app.cli import main
from tests.mcp.conftest import scripted
from tests.support.service import Service


def test_over_stdin_and_stdout(service: Service, tmp_path: Path) -> None:
    scripted(service, prints=b"hello\n")
    command = StdioServerParameters(
        command=str(Path(sys.executable).with_name("podline")),
        args=["mcp"],
        env={"PODLINE_URL": service.url, "PODLINE_KEY": service.key},
        cwd=tmp_path,
    )

    async def run() -> str:
        async with Client(stdio_client(command)) as client:
            result = await client.call_tool("run_code", {"code": "print('hello')"})
            return str(result.content)

    assert "hello\\n[success" in asyncio.run(run())


@pytest.mark.parametrize(
    "option", [("--port", "8080"), ("--address", "127.0.0.1"), ("--host-name", "tools")]
)
def test_options_of_a_server_need_http(option: tuple[str, str]) -> None:
    done = CliRunner().invoke(main, ["mcp", *option])
    assert done.exit_code == 2
    assert f"{option[0]} needs --http" in done.stderr


def test_without_a_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PODLINE_URL", raising=False)
    done = CliRunner().invoke(main, ["mcp", "--data-dir", str(tmp_path / "none")])
    assert done.exit_code == 1
    assert "podline up" in done.stderr
