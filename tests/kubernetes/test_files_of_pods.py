"""Files that a pod's program created come from its log, which is read once for all of them."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app.domain.artifact import Collected, CollectedFile
from app.domain.report import Phase
from app.infrastructure.kubernetes.manifest import ARTIFACTS, PodOptions, pod_manifest
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.kubernetes.test_observation import END, STAGE, end_record, terminated
from tests.pod.test_collected import a_file, the_end
from tests.support.kubernetes.api_server import ApiServer, Say, api_server
from tests.support.kubernetes.cluster import a_runtime, offers
from tests.support.sandbox_daemon import a_pod

NAME = "01j00000000000000000000001-1"
RECORD = end_record(frames=0)
FILES = (*a_file(b"a", b"12"), *a_file(b"b", b"3"), the_end(files=2))


def an_ended_pod(record: str = RECORD, **facts: Any) -> Say:
    """As the API server returns it."""
    images = offers("python=podline/python:3.11")
    (python,) = images.languages(None)
    pod = a_pod(python, name=NAME, **facts)
    made = pod_manifest(pod, images.of(pod), PodOptions(collector_image="podline/pod:1"))
    states = {"collector": terminated(message=record), "main": terminated()}
    statuses = [{"name": name, "state": state} for name, state in states.items()]
    return Say(json.dumps({**made, "status": {"containerStatuses": statuses}}).encode())


def a_log(*lines: bytes) -> Say:
    ended = json.dumps({"ended": STAGE | {"frames": 0}}).encode()
    return Say(b"".join(line + b"\n" for line in (ended, *lines, RECORD.encode())))


def runtime_at(server: ApiServer) -> KubernetesRuntime:
    return a_runtime("podline", "python=podline/python:3.11", server.kubeconfig)


def logs_read(server: ApiServer) -> int:
    return sum("/log" in path for path in server.requests)


def test_the_log_is_read_once_for_all_files(tmp_path: Path) -> None:
    pod, log = an_ended_pod(artifacts=("*",)), a_log(*FILES)
    with api_server(tmp_path, pod, log, log) as server:
        runtime = runtime_at(server)
        observation = runtime.observe(NAME)
        assert observation
        assert observation.phase is Phase.ENDED, observation.message
        assert observation.collected == Collected((CollectedFile("a", 2), CollectedFile("b", 1)))
        found = [runtime.artifact(NAME, *where) for where in ((0, 0), (0, 1), (1, 0), (2, 0))]
        assert found == [b"12", b"2", b"3", None]
        assert logs_read(server) == 1
        with ThreadPoolExecutor(1) as other:
            assert other.submit(runtime.artifact, NAME, 1, 0).result() == b"3"
        assert logs_read(server) == 2


@pytest.mark.parametrize("lines", [(), FILES[:-1], FILES[1:], (FILES[0], *FILES[2:])])
def test_a_log_without_some_of_the_files_is_a_fault(tmp_path: Path, lines: Sequence[bytes]) -> None:
    """Otherwise a result would lack files for no reason."""
    with api_server(tmp_path, an_ended_pod(artifacts=("*",)), a_log(*lines)) as server:
        observation = runtime_at(server).observe(NAME)
    assert observation
    assert (observation.phase, observation.message) == (
        Phase.FAULTED,
        "its log, which has its files, is not complete",
    )


def test_no_log_is_read_if_no_files_were_asked_for(tmp_path: Path) -> None:
    with api_server(tmp_path, an_ended_pod()) as server:
        observation = runtime_at(server).observe(NAME)
        assert observation
        assert (observation.phase, observation.collected) == (Phase.ENDED, None)
        assert logs_read(server) == 0


def test_a_program_that_does_not_compile_has_no_files(tmp_path: Path) -> None:
    end = {**END, "runs": 0, "ended": 1, "stages": [STAGE | {"stage": 0, "status": 256}]}
    pod = an_ended_pod(json.dumps({"end": end}), artifacts=("*",))
    assert ARTIFACTS.encode() in pod.body
    with api_server(tmp_path, pod) as server:
        observation = runtime_at(server).observe(NAME)
        assert observation
        assert (observation.phase, observation.collected) == (Phase.ENDED, None)
        assert logs_read(server) == 0
