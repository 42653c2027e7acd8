"""Whatever its socket receives, the daemon responds or hangs up, and serves the next request."""

import json
import socket
import struct
from dataclasses import asdict
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.policy import DEFAULT_LIMITS
from app.infrastructure.sandbox.conversion import for_sandbox
from sandbox.wire import framing
from sandbox.wire.requests import pod_message
from tests.support.sandbox_daemon import SandboxDaemon, a_pod, language

SECONDS_TO_ANSWER = 60
POD = "fuzzed-1"
OPERATIONS = (
    *("hello", "create", "observe", "output", "follow", "delete", "list", "languages", "limits"),
    "ping",
)
NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([0, 1, 2**31, 2**63, 1e308]))
TEXTS = st.one_of(st.text(max_size=50), st.sampled_from([POD, "../x", "\0", "a" * 10_000, "-"]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
many = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def answers_to(sandbox: SandboxDaemon, sent: bytes) -> list[Any]:
    """Everything that the daemon sends until it hangs up. Fails if that takes too long."""
    answers = []
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS_TO_ANSWER)
        connection.connect(str(sandbox.socket))
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while message := framing.receive(connection):
                answers.append(message[0])
        except (ConnectionError, framing.ProtocolError):
            return answers  # it hung up before it had read everything
    return answers


def framed(header: object, body: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<II", len(text), len(body)) + text + body


def is_clear(answer: Any) -> bool:
    return "ok" in answer or (answer["error"] in set(framing.Error) and bool(answer["message"]))


@many
@given(sent=st.binary(max_size=2_000))
def test_bytes(sandbox: SandboxDaemon, sent: bytes) -> None:
    assert all(map(is_clear, answers_to(sandbox, sent)))
    sandbox.runtime.ping()


@many
@given(
    lengths=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    sent=st.binary(max_size=200),
)
def test_lengths_that_promise_more_or_less(
    sandbox: SandboxDaemon, lengths: tuple[int, int], sent: bytes
) -> None:
    answers = answers_to(sandbox, struct.pack("<II", *lengths) + sent)

    assert all(map(is_clear, answers))
    sandbox.runtime.ping()


@many
@given(
    operation=st.sampled_from(OPERATIONS),
    fields=st.dictionaries(
        st.sampled_from(["name", "after", "wait_seconds", "pod", "op", "version", "oldest"])
        | TEXTS,
        VALUES,
        max_size=4,
    ),
    body=st.binary(max_size=50),
)
def test_requests_of_any_content(
    sandbox: SandboxDaemon, operation: str, fields: dict[str, Any], body: bytes
) -> None:
    fields.pop("op", None)

    answers = answers_to(sandbox, framed({"op": operation, **fields}, body))

    assert len(answers) == 1
    assert is_clear(answers[0])
    sandbox.runtime.ping()


@many
@given(
    field=st.sampled_from(
        [
            *asdict(DEFAULT_LIMITS),
            *("files", "args", "env", "stdin", "stdin_of", "limits"),
            *("entrypoint", "compile_args", "streams", "buffering"),
            *("runs", "stop_on_failure", "wall_seconds_in_all"),
        ]
    ),
    of_the_run=st.booleans(),
    value=VALUES | st.integers(1, 64) | st.floats(0.001, 2),
    version=st.sampled_from([1, 2]),
)
def test_pods_with_a_field_of_any_content(
    sandbox: SandboxDaemon, field: str, of_the_run: bool, value: Any, version: int
) -> None:
    pod = a_pod(language(sandbox.runtime, "bash"), "true", name=POD)
    header, body = pod_message(for_sandbox(pod))
    changed: dict[str, Any] = dict(header)
    (run,) = changed["runs"]
    if version == 1:
        changed |= run
        run = changed
    if field in run["limits"]:
        run["limits"] = {**run["limits"], field: value}
    elif of_the_run:
        run[field] = value
    else:
        changed[field.removesuffix("_in_all")] = value
    hello = {"op": "hello", "version": version, "oldest": 1}
    create, delete = {"op": "create", "pod": changed}, {"op": "delete", "name": POD}

    answers = answers_to(sandbox, framed(hello) + framed(create, b"".join(body)) + framed(delete))

    assert len(answers) == 3
    assert all(map(is_clear, answers))
    assert POD not in sandbox.runtime.list_pods()
