"""Exit codes without tracebacks if a stream is closed, full or not read, and on signals."""

import fcntl
import os
import signal
import termios
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any, BinaryIO

import pytest

from app.cli.process import reason
from app.domain.api_key import Role
from app.infrastructure.memory.runtime import Script
from app.service import keys
from podline import Client, State
from tests.cli.terminal import start, through_a_shell
from tests.support.real_api import Wsgi, served
from tests.support.twins import Twins, make_twins
from tests.support.waiting import wait_until
from tests.support.worker import Worker


@pytest.fixture(scope="module")
def twins() -> Twins:
    twins = make_twins()
    twins.runtime.script = lambda _pod: Script(prints=PRINTED)
    return twins


@pytest.fixture(scope="module")
def key(twins: Twins) -> str:
    return keys.create(twins.ports.store.keys, twins.ports.clock, "ada", Role.ADMIN)[1]


PRINTED = b"y\n" * 50_000
"""More than fits into a pipe."""


class Gate:
    """Wraps the API: records the requested paths, and delays responses on demand."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.holds: str | None = None
        """The path whose next response is delayed until `opened`."""
        self.opened = threading.Event()

    def __call__(self, app: Wsgi) -> Wsgi:
        def gated(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            answer: Iterable[bytes] = app(environ, start_response)
            path = environ["PATH_INFO"]
            held, self.holds = path == self.holds, None if path == self.holds else self.holds
            self.seen.add(path)
            if held:
                self.opened.wait(60)
            return answer

        return gated


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate()


@pytest.fixture(scope="module")
def url(twins: Twins, gate: Gate) -> Iterator[str]:
    with served(twins, gate) as url:
        yield url


@pytest.fixture(scope="module")
def client(url: str, key: str) -> Iterator[Client]:
    with Client(url, key) as client:
        yield client


@pytest.fixture(scope="module")
def ended(twins: Twins, client: Client) -> str:
    """Return the id of an execution that printed more than fits into a pipe."""
    execution = client.submit("", language="python")
    Worker(twins.ports).run_all()
    return execution.id


@pytest.fixture
def there(url: str, key: str) -> dict[str, str]:
    return {"PODLINE_URL": url, "PODLINE_KEY": key}


@pytest.fixture
def program(tmp_path: Path) -> str:
    (tmp_path / "main.py").write_text("print()")
    return str(tmp_path / "main.py")


NO_SPACE = b"podline: standard input or output: No space left on device\n"
NO_SPACE_IN_JSON = (
    b'{"error": "standard input or output: No space left on device", "problem": null}\n'
)
CLOSED = b"podline: standard input or output: Bad file descriptor\n"


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("podline list >/dev/full", 1, NO_SPACE),
        pytest.param("podline list --json >/dev/full", 1, NO_SPACE_IN_JSON, marks=pytest.mark.long),
        ("podline --help >/dev/full", 1, NO_SPACE),
        pytest.param("podline settings >/dev/full", 1, NO_SPACE, marks=pytest.mark.long),
        ("podline watch $1 >/dev/full", 125, NO_SPACE),
        ("podline list >&-", 1, CLOSED),
        pytest.param("podline watch $1 >&-", 125, CLOSED, marks=pytest.mark.long),
        ("podline watch $1 2>&- | tail -n 1", 0, b""),
        ("podline get none 2>&-", 1, b""),
        pytest.param("podline get none 2>/dev/full", 1, b"", marks=pytest.mark.long),
        pytest.param("podline list <&- | tail -n 1", 0, b"", marks=pytest.mark.long),
        ("podline run $2 --stdin - <&-", 125, CLOSED),
        ("podline list --json --limit 100 | true", 141, b""),
        pytest.param("podline languages --help | true", 141, b"", marks=pytest.mark.long),
        ("podline watch $1 | head -n 1", 141, b""),
        pytest.param("podline watch $1 2>&1 | head -n 1", 141, b"", marks=pytest.mark.long),
    ],
)
def test_every_way_a_stream_can_fail(
    script: str, code: int, said: bytes, ended: str, program: str, there: dict[str, str]
) -> None:
    done = through_a_shell(f"set -o pipefail; {script}", ended, program, **there)
    assert (done.returncode, done.stderr) == (code, said)


def _unread(pipe: BinaryIO) -> int:
    """Return the number of bytes in the pipe."""
    count = array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_pipe_that_does_not_block_gets_all(
    unbuffered: str, ended: str, there: dict[str, str]
) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with (
        os.fdopen(reader, "rb") as output,
        os.fdopen(writer, "wb") as pipe,
        start(
            "watch", ended, stdout=pipe, there=there | {"PYTHONUNBUFFERED": unbuffered}
        ) as watching,
    ):
        pipe.close()
        wait_until(lambda: _unread(output) > 60_000)
        assert output.read() == PRINTED
        assert watching.wait(60) == 0


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, 143),
        (signal.SIGINT, 130),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.long),
    ],
)
def test_a_signal_cancels_what_run_started(
    number: int, code: int, client: Client, program: str, there: dict[str, str]
) -> None:
    label = f"number={number}"
    with start("run", program, "--label", label, there=there) as running:
        wait_until(lambda: list(client.list(labels={"number": str(number)})))
        running.send_signal(number)
        out, said = running.communicate(timeout=60)
    (execution,) = client.list(labels={"number": str(number)})
    assert (running.returncode, out, execution.state) == (code, b"", State.CANCELLED)
    assert said.decode() == f"podline: execution {execution.id} was cancelled\n"


def test_a_signal_leaves_what_watch_follows(
    gate: Gate, client: Client, there: dict[str, str]
) -> None:
    execution = client.submit("", language="python")
    with start("watch", execution.id, there=there) as watching:
        wait_until(lambda: f"/api/v1/executions/{execution.id}/stream" in gate.seen)
        watching.send_signal(signal.SIGTERM)
        _, said = watching.communicate(timeout=60)
    assert (watching.returncode, said) == (143, b"")
    assert client.cancel(execution.id).state is State.CANCELLED


def test_a_signal_that_is_ignored_stays_ignored(
    gate: Gate, client: Client, there: dict[str, str]
) -> None:
    execution = client.submit("", language="python")
    with start("watch", execution.id, under=("nohup",), there=there) as watching:
        wait_until(lambda: f"/api/v1/executions/{execution.id}/stream" in gate.seen)
        watching.send_signal(signal.SIGHUP)
        client.cancel(execution.id)
        watching.communicate(timeout=60)
    assert watching.returncode == 118


def test_a_signal_while_a_program_is_submitted_cancels_it(
    gate: Gate, client: Client, program: str, there: dict[str, str]
) -> None:
    gate.holds = "/api/v1/executions"
    with start("run", program, "--label", "held=1", there=there) as running:
        wait_until(lambda: gate.holds is None)
        running.send_signal(signal.SIGTERM)
        _, said = running.communicate(timeout=60)
    gate.opened.set()
    (execution,) = client.list(labels={"held": "1"})
    assert (running.returncode, execution.state) == (143, State.CANCELLED)
    assert said.decode() == f"podline: execution {execution.id} was cancelled\n"


def test_a_signal_before_anything_was_submitted(
    gate: Gate, client: Client, program: str, there: dict[str, str]
) -> None:
    before = list(client.list())
    gate.seen.clear()
    with start("run", program, "--stdin", "-", there=there, stdin=PIPE) as running:
        wait_until(lambda: "/api/v1/languages" in gate.seen)
        running.send_signal(signal.SIGTERM)
        running.wait(60)
        assert running.stderr is not None
        assert (running.returncode, running.stderr.read()) == (143, b"")
    assert list(client.list()) == before


def test_output_that_can_t_be_written_ends_with_a_message(
    twins: Twins, client: Client, program: str, there: dict[str, str]
) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        start("run", program, "--label", "full=1", stdout=full, there=there) as running,
    ):
        wait_until(lambda: list(client.list(labels={"full": "1"})))
        Worker(twins.ports).run_all()
        _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (125, NO_SPACE)


def test_a_reason_without_a_file_is_what_it_says() -> None:
    assert reason(OSError("/data is open to \x1bothers: chmod 700 /data")) == (
        "/data is open to \\x1bothers: chmod 700 /data"
    )
