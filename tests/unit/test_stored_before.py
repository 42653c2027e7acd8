"""Programs, results and pod requests that an earlier version stored can still be read."""

import json
from dataclasses import replace

import pytest

from app.domain.pod import Pod
from app.domain.submission import Buffering, Streams, Submission
from app.infrastructure import codec
from app.infrastructure.sandbox.conversion import for_sandbox
from sandbox.wire.framing import ProtocolError
from sandbox.wire.messages import language_of
from sandbox.wire.requests import pod_message, pod_of
from sandbox.wire.types import File
from tests.support.builders import a_result, a_submission, an_execution

NEWER = ("compile_args", "streams", "buffering", "artifacts")


def test_a_program_without_the_newer_fields_has_their_defaults() -> None:
    (stored,) = json.loads(codec.SUBMISSION.encode(a_submission()))
    for name in NEWER:
        del stored[name]

    submission = codec.SUBMISSION.decode(json.dumps([stored]).encode())

    assert submission == a_submission()
    assert submission.streams is Streams.SEPARATE
    assert submission.buffering is Buffering.LINE


def test_the_newer_fields_are_stored() -> None:
    submission = newer()
    assert codec.SUBMISSION.decode(codec.SUBMISSION.encode(submission)) == submission


def test_a_result_is_stored_as_it_was_before() -> None:
    result = a_result(an_execution(attempt=1))
    (stored,) = json.loads(codec.RESULT.encode(result))
    (run,) = stored["report"]["runs"]
    assert set(run) == {
        "exit_code",
        "signal",
        "wall_us",
        "cpu_us",
        "memory_peak_kib",
        "stopped_by",
        "cached",
    }


def test_a_result_of_a_release_without_tests_is_read() -> None:
    """As 0.1.0 stored it: with a `run` where there are `runs` now."""
    result = a_result(an_execution(attempt=1))
    (stored,) = json.loads(codec.RESULT.encode(result))
    for part in (stored["report"], stored["output"]):
        (part["run"],) = part.pop("runs")
    assert codec.RESULT.decode(json.dumps([stored]).encode()) == result
    stored["report"]["run"] = stored["output"]["run"] = None
    assert codec.RESULT.decode(json.dumps([stored]).encode()).report.runs == ()


def test_a_pod_reaches_the_daemon_whole() -> None:
    pod = for_sandbox(Pod.of("pod-1", newer()))
    first = replace(pod.runs[0], stdin=b"1", files=(File("a", b"2"), File("b", b"")))
    several = replace(pod, runs=(first, replace(first, env={"A": "b"})), stop_on_failure=True)
    for each in (pod, several):
        header, body = pod_message(each)
        assert pod_of(header, b"".join(body)) == each


def test_stdin_that_several_runs_have_is_sent_and_kept_once() -> None:
    pod = for_sandbox(Pod.of("pod-1", newer()))
    like = pod.runs[0]
    same = bytes(bytearray(b"the same"))
    texts = (b"the same", b"", same, b"other", b"", same)
    pod = replace(pod, runs=tuple(replace(like, stdin=text) for text in texts))
    header, body = pod_message(pod)
    assert [text for text in body if text in texts] == [b"the same", b"", b"other"]
    received = pod_of(header, b"".join(body))
    assert received == pod
    assert len({id(run.stdin) for run in received.runs if b"same" in run.stdin}) == 1


@pytest.mark.parametrize(("run", "index"), [(0, 0), (1, 1), (1, 2), (1, -1), (1, True), (1, "0")])
def test_stdin_of_a_run_that_is_not_earlier(run: int, index: object) -> None:
    pod = for_sandbox(Pod.of("pod-1", a_submission(stdin=b"")))
    header, body = pod_message(replace(pod, runs=pod.runs * 2))
    given = json.loads(json.dumps(header))
    given["runs"][run]["stdin_of"] = index
    with pytest.raises(ProtocolError, match="stdin_of: must be"):
        pod_of(given, b"".join(body))


def test_a_daemon_takes_pods_of_an_older_service() -> None:
    pod = for_sandbox(Pod.of("pod-1", a_submission()))
    header, body = pod_message(pod)
    older = {name: value for name, value in header.items() if name not in NEWER}
    assert pod_of(older, b"".join(body)) == pod


def test_a_service_takes_languages_of_an_older_daemon() -> None:
    header = {"name": "awk", "version": "1", "source_name": "main.awk", "compiled": False}
    assert language_of(header).suffixes == ()


def newer() -> Submission:
    return a_submission(
        compile_args=("-O0",),
        streams=Streams.MERGED,
        buffering=Buffering.BLOCK,
        artifacts=("out/",),
    )
