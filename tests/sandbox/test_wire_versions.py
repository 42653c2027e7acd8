"""A daemon and a service that are one release apart understand each other."""

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import RunRefused, RuntimeUnavailable
from app.domain.language import Language
from app.domain.policy import DEFAULT_LIMITS
from app.domain.report import Phase
from app.domain.submission import File, Streams
from app.infrastructure.sandbox.conversion import for_sandbox
from app.infrastructure.sandbox.runtime import SandboxRuntime
from sandbox.wire import framing, version_1
from sandbox.wire.requests import pod_message
from sandbox.wire.versions import OURS, WITHOUT_HELLO, Incompatible, Versions, agreed
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, a_run, language
from tests.support.waiting import wait_until

NEXT = Versions(newest=OURS.newest + 1, oldest=OURS.newest)
"""The next release: it still speaks the version of this one."""
AFTER_NEXT = Versions(newest=OURS.newest + 2, oldest=OURS.newest + 1)


@pytest.mark.parametrize(
    ("daemon", "service", "version"),
    [
        (OURS, OURS, OURS.newest),
        (WITHOUT_HELLO, OURS, 1),
        (OURS, WITHOUT_HELLO, 1),
        (NEXT, OURS, OURS.newest),
        (OURS, NEXT, OURS.newest),
        (Versions(newest=9, oldest=3), Versions(newest=3, oldest=2), 3),
    ],
)
def test_both_speak_the_newest_version_of_the_older_one(
    daemon: Versions, service: Versions, version: int
) -> None:
    assert agreed(daemon=daemon, service=service) == version


@pytest.mark.parametrize(
    ("daemon", "service", "older"),
    [(AFTER_NEXT, OURS, "service"), (OURS, AFTER_NEXT, "sandbox daemon")],
)
def test_the_older_side_is_to_be_upgraded(daemon: Versions, service: Versions, older: str) -> None:
    with pytest.raises(Incompatible, match=f": upgrade the {older}$"):
        agreed(daemon=daemon, service=service)


@contextmanager
def connected(sandbox: SandboxDaemon) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(sandbox.socket))
        yield connection


def ask(
    connection: socket.socket, body: Sequence[bytes] = (), /, **request: object
) -> Mapping[str, Any]:
    framing.send(connection, request, *body)
    answer = framing.receive(connection)
    assert answer
    return answer[0]


class TestTheDaemon:
    def test_serves_an_older_service_that_says_no_hello(self, sandbox: SandboxDaemon) -> None:
        with connected(sandbox) as connection:
            assert ask(connection, op="ping") == {"ok": {"release": version("podline")}}
            first = ask(connection, op="languages")["ok"][0]
        assert set(first) == {"name", "version", "source_name", "compiled", "compile_needs"}

    def test_runs_pods_of_an_older_service(self, sandbox: SandboxDaemon) -> None:
        pod = a_pod(language(sandbox.runtime, "bash"), "cat; echo $1 $A", stdin=b"in\n")
        header, body = pod_message(for_sandbox(pod))
        request = version_1.request({"op": "create", "pod": header})
        given = {**request["pod"], "args": ["one"], "env": {"A": "two"}, "runs": None}
        with connected(sandbox) as connection:
            assert ask(connection, body, op="create", pod=given) == {"ok": None}
            wait_until(lambda: has_ended(sandbox, pod.name))
            seen = ask(connection, op="observe", name=pod.name)["ok"]
            framing.send(connection, {"op": "output", "name": pod.name})
            answer = framing.receive(connection)
        sandbox.runtime.delete(pod.name)

        assert seen["report"]["run"]["exit_code"] == 0
        assert "cached" not in seen["report"]["run"], "a service of 0.1.0 fails at it"
        assert "output" not in seen, "it did not ask for that"
        assert answer
        assert answer[0]["ok"]["run"]["stdout"] == len(answer[1])
        assert answer[1] == b"in\none two\n"

    def test_serves_a_newer_service(self, sandbox: SandboxDaemon) -> None:
        """What it sends beside the fields of this version is ignored."""
        pod = a_pod(language(sandbox.runtime, "bash"), "exit 7")
        header, body = pod_message(for_sandbox(pod))
        with connected(sandbox) as connection:
            hello = ask(
                connection, op="hello", version=NEXT.newest, oldest=NEXT.oldest, more="later"
            )
            created = ask(connection, body, op="create", pod={**header, "more": 1}, more=2)

        assert hello == {"ok": {"version": OURS.newest, "oldest": OURS.oldest}}
        assert created == {"ok": None}
        wait_until(lambda: has_ended(sandbox, pod.name))
        sandbox.runtime.delete(pod.name)

    def test_refuses_a_limit_that_it_does_not_know(self, sandbox: SandboxDaemon) -> None:
        header, body = pod_message(for_sandbox(a_pod(language(sandbox.runtime, "bash"))))
        run = {**header["runs"][0], "limits": {**header["runs"][0]["limits"], "luck": 5}}
        with connected(sandbox) as connection:
            ask(connection, op="hello", version=OURS.newest, oldest=OURS.oldest)
            answer = ask(connection, body, op="create", pod={**header, "runs": [run]})
        assert answer["error"] == "bad_request"

    def test_refuses_a_service_that_is_too_new(self, sandbox: SandboxDaemon) -> None:
        with connected(sandbox) as connection:
            answer = ask(
                connection, op="hello", version=AFTER_NEXT.newest, oldest=AFTER_NEXT.oldest
            )
        assert answer["error"] == "incompatible"
        assert answer["message"].endswith(": upgrade the sandbox daemon")


def test_a_pod_for_an_older_daemon_has_the_limits_that_it_knows(sandbox: SandboxDaemon) -> None:
    pod, _ = pod_message(for_sandbox(a_pod(language(sandbox.runtime, "bash"))))
    request = version_1.request({"op": "create", "pod": pod})
    for stage in ("limits", "compile_limits"):
        assert set(request["pod"][stage]) == {
            *("wall_seconds", "cpu_seconds", "memory_mib", "processes", "output_kib", "disk_mib")
        }


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"compile_args": ("-O0",)}, "compile_args"),
        ({"streams": Streams.MERGED}, "streams"),
        ({"limits": replace(DEFAULT_LIMITS, stack_mib=1)}, "stack_mib"),
        ({"runs": (a_run(), a_run())}, "tests"),
        ({"runs": (a_run(files=(File("a", b""),)),)}, "tests"),
    ],
)
def test_the_service_does_not_ask_an_older_daemon_for_what_it_would_ignore(
    tmp_path: Path, facts: dict[str, Any], name: str
) -> None:
    answers = {"hello": {"error": "bad_request", "message": "op: must be one of create"}}
    runtime = SandboxRuntime(tmp_path / "socket")
    awk = Language(name="awk", version="1", source_name="main.awk", compiled=False)
    with (
        AnotherDaemon(tmp_path / "socket", answers),
        pytest.raises(RunRefused, match=f"does not support {name}: upgrade it"),
    ):
        runtime.create(a_pod(awk, **facts))


def test_a_daemon_says_which_release_it_is_unless_it_is_older(
    sandbox: SandboxDaemon, tmp_path: Path
) -> None:
    assert sandbox.runtime.release() == version("podline")
    older = SandboxRuntime(tmp_path / "socket")
    with AnotherDaemon(tmp_path / "socket", {"hello": NO_HELLO, "ping": {"ok": None}}):
        assert older.release() is None


def has_ended(sandbox: SandboxDaemon, name: str) -> bool:
    observation = sandbox.runtime.observe(name)
    return observation is not None and observation.phase is Phase.ENDED


class AnotherDaemon:
    """Gives the answers that a daemon of another release gives, by operation."""

    def __init__(self, path: Path, answers: Mapping[str, Mapping[str, object]]) -> None:
        self._answers = answers
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for connection in self._open:
            with suppress(OSError):  # the other side closed it
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(60)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # shut down
            self._open.append(connection)
            with connection:
                while message := framing.receive(connection):
                    framing.send(connection, self._answers[message[0]["op"]])


LANGUAGE = {"name": "awk", "version": "1", "source_name": "main.awk", "compiled": False}


NO_HELLO = {"error": "bad_request", "message": "op: must be one of create, observe, output"}
NEXT_HELLO = {"ok": {"version": NEXT.newest, "oldest": NEXT.oldest, "more": "later"}}


@pytest.mark.parametrize("hello", [NO_HELLO, NEXT_HELLO], ids=["older", "newer"])
def test_the_service_understands_a_daemon_of_the_release_before_or_after(
    tmp_path: Path, hello: Mapping[str, object]
) -> None:
    older = hello is NO_HELLO
    stage = {
        "exit_code": 0,
        "signal": None,
        "wall_us": 1,
        "cpu_us": 2,
        "memory_peak_kib": 3,
        "stopped_by": None,
        "more": "later",
    }
    ended = {
        "name": "pod-1",
        "phase": "ended",
        "started_at": 1,
        "ended_at": 2,
        "report": {"compile": None, "more": "later"}
        | ({"run": stage} if older else {"runs": [stage]}),
        "message": None,
        "more": "later",
    }
    printed = {"stdout": 0, "stderr": 0, "stdout_truncated": True, "stderr_truncated": False}
    answers = {
        "hello": hello,
        "languages": {"ok": [LANGUAGE | {"more": "later"}]},
        "observe": {"ok": ended},
        "output": {
            "ok": {"compile": printed} | ({"run": printed} if older else {"runs": [printed]})
        },
    }
    runtime = SandboxRuntime(tmp_path / "socket")
    with AnotherDaemon(tmp_path / "socket", answers):
        (found,) = runtime.languages()
        observation = runtime.observe("pod-1")
        output = runtime.output("pod-1")

    assert found.name == "awk"
    assert observation
    assert observation.report
    assert observation.report.run
    assert observation.report.run.memory_peak_kib == 3
    assert output
    assert output.compile == output.run


@pytest.mark.parametrize(
    ("hello", "message"),
    [
        (
            {"ok": {"version": AFTER_NEXT.newest, "oldest": AFTER_NEXT.oldest}},
            "speaks wire protocol 3 to 4 and the service speaks 1 to 2: upgrade the service$",
        ),
        ({"error": "incompatible", "message": "upgrade me"}, "upgrade me"),
        ({"ok": None}, "the answer to hello is none"),
    ],
)
def test_the_service_says_why_it_does_not_work_with_a_daemon(
    tmp_path: Path, hello: Mapping[str, object], message: str
) -> None:
    runtime = SandboxRuntime(tmp_path / "socket")
    with (
        AnotherDaemon(tmp_path / "socket", {"hello": hello}),
        pytest.raises(RuntimeUnavailable, match=message),
    ):
        runtime.ping()
