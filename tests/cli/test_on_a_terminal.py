"""Control characters from others, on a real terminal and in a pipe."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import main
from app.domain.api_key import Role
from app.infrastructure.memory.runtime import Script
from app.service import keys
from podline import Client
from tests.cli.terminal import PODLINE, environment, on_a_terminal
from tests.support.answers import MOMENT, execution_as
from tests.support.raw_server import RawServer, http
from tests.support.real_api import served
from tests.support.twins import make_twins
from tests.support.worker import Worker

EVIL = "\x1b]0;owned\x07\x9b2J\u202e\r\n[bold]x[/bold]"
SHOWN = rb"\x1b]0;owned\x07\x9b2J\u202e\r\n[bold]x[/bold]"
PRINTED = b"\x1b[31mred\x1b[0m\x1b]0;owned\x07\xff \xc2\x9b2J\r\n\xe2\x80\xae"


def answer(status: str, document: dict[str, Any], kind: str = "application/json") -> bytes:
    return http(status, {"Content-Type": kind}, json.dumps(document).encode())


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


def obeyed(shown: bytes) -> set[str]:
    """Return the control characters that the terminal received, except a table header's bold."""
    text = shown.decode().replace("\x1b[1m", "").replace("\x1b[0m", "")
    return {char for char in text if ord(char) < 32 or 127 <= ord(char) < 160 or char == "\u202e"}


LETTER = {
    **dict.fromkeys(("id", "kind", "status", "origin", "execution_id", "error"), EVIL),
    "attempts": 1,
    "retries": 1,
    "payload": None,
    "next_retry_at": None,
    "first_failed_at": MOMENT,
    "last_failed_at": MOMENT,
}
EXECUTION = execution_as(
    EVIL, {"labels": {EVIL: EVIL}, "language": EVIL, "message": EVIL, "state": EVIL}
)
EVENT = {"id": EVIL, "type": EVIL, "version": 1, "time": MOMENT, "data": {"state": EVIL}}
KEYS = {"id": EVIL, "name": EVIL, "role": EVIL, "created_at": MOMENT, "key": EVIL}


@pytest.mark.parametrize(
    ("command", "document"),
    [
        (("list",), {"items": [EXECUTION]}),
        (("list", "--json"), {"items": [EXECUTION]}),
        (("get", "01J"), EXECUTION),
        (("cancel", "01J"), EXECUTION),
        (("dlq", "show", "01J"), LETTER),
        (("events",), {"items": [EVENT]}),
        (("keys", "create", "ada"), KEYS),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_a_service_names_does_nothing_to_the_terminal(
    command: tuple[str, ...], document: dict[str, Any], server: RawServer
) -> None:
    server.answer = answer("200 OK", document)
    done = CliRunner().invoke(main, [*command, "--url", server.url, "--key", "a key"])
    assert done.exit_code == 0
    assert obeyed(done.stdout_bytes) == {"\n"}
    assert "owned" in done.stdout


@pytest.mark.parametrize(
    "command", [("run", EVIL), ("get", EVIL), (EVIL,), (f"--{EVIL}",), ("list", f"--label={EVIL}")]
)
def test_what_the_command_was_given_does_nothing_to_the_terminal(
    command: tuple[str, ...], server: RawServer
) -> None:
    server.answer = answer("404 No", {"title": "Not found", "detail": f"no {EVIL}"})
    done = CliRunner(env={"PODLINE_URL": server.url, "PODLINE_KEY": "a key"}).invoke(main, command)
    assert done.exit_code in (1, 2)
    assert obeyed(done.stderr_bytes) == {"\n"}


def test_a_table_on_a_terminal(server: RawServer) -> None:
    server.answer = answer("200 OK", {"items": [EXECUTION]})
    code, shown = on_a_terminal("list", "--url", server.url, "--key", "a key", COLUMNS="1000")
    assert (code, obeyed(shown)) == (0, {"\n"})
    assert SHOWN + b"=" + SHOWN in shown


def test_a_problem_on_a_terminal(server: RawServer) -> None:
    server.answer = answer("409 No", {"title": EVIL, "detail": EVIL}, "application/problem+json")
    code, shown = on_a_terminal("get", "01J", "--url", server.url, "--key", "a key")
    assert (code, obeyed(shown)) == (1, {"\n"})
    assert rb"podline: \x1b]0;owned\x07\x9b2J\u202e [bold]x[/bold]: " in shown


@pytest.fixture(scope="module")
def watched() -> Iterator[tuple[str, dict[str, str]]]:
    """Return an execution that printed PRINTED, and the environment of a command to watch it."""
    twins = make_twins()
    twins.runtime.script = lambda _pod: Script(prints=PRINTED)
    _, key = keys.create(twins.ports.store.keys, twins.ports.clock, "ada", Role.USER)
    with served(twins) as url, Client(url, key) as client:
        execution_id = client.submit("", language="python").id
        Worker(twins.ports).run_all()
        yield execution_id, {"PODLINE_URL": url, "PODLINE_KEY": key}


def test_program_output_on_a_terminal(watched: tuple[str, dict[str, str]]) -> None:
    execution_id, there = watched
    expected = b"\x1b[31mred\x1b[0m" + rb"\x1b]0;owned\x07\xff \x9b2J" + b"\r\n" + rb"\u202e"
    assert on_a_terminal("watch", execution_id, spinner=False, **there) == (0, expected)


def test_program_output_on_a_terminal_of_another_encoding(
    watched: tuple[str, dict[str, str]],
) -> None:
    execution_id, there = watched
    there = there | {"PYTHONIOENCODING": "latin-1"}
    _, shown = on_a_terminal("watch", execution_id, spinner=False, **there)
    assert b"red" in shown
    assert obeyed(shown.replace(b"\x1b[31m", b"")) <= {"\n", "\r"}


def test_raw_output_on_a_terminal(watched: tuple[str, dict[str, str]]) -> None:
    execution_id, there = watched
    assert on_a_terminal("watch", execution_id, "--raw", spinner=False, **there) == (0, PRINTED)


def test_program_output_in_a_pipe_is_exact(watched: tuple[str, dict[str, str]]) -> None:
    execution_id, there = watched
    done = subprocess.run(
        [*PODLINE, "watch", execution_id], capture_output=True, env=environment(**there)
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, PRINTED, b"")
