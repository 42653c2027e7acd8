"""The live output of a pod is read from the end of its log, however long that is."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from app.domain.policy import DEFAULT_LIMITS
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.support.kubernetes.api_server import ApiServer, Say, api_server
from tests.support.kubernetes.cluster import a_runtime
from tests.support.sandbox_daemon import a_pod, language, wait_for_end

FRAME_BYTES = 8192
MOST_KIB = 2560
"""For a stream of a program that is not compiled."""
PRINTS_ALL_IT_MAY = f"import os; os.write(1, bytes({MOST_KIB * 1024}))"


def lines(first: int, last: int) -> Say:
    """The lines of a log with the frames of these sequence numbers."""
    records = [
        {
            "stage": 1,
            "of": 1,
            "sequence": sequence,
            "stream": "stdout",
            "offset": sequence - 1,
            "content": base64.b64encode(b"x").decode(),
        }
        for sequence in range(first, last + 1)
    ]
    return Say(b"".join(json.dumps(record).encode() + b"\n" for record in records))


def asked_for_last_lines(server: ApiServer) -> list[bool]:
    """For each request, whether it asked for the last lines only."""
    return ["tailLines" in parse_qs(urlsplit(path).query) for path in server.requests]


def followed(server: ApiServer, after: int) -> list[int]:
    runtime = a_runtime("podline", "bash=podline/bash:5", server.kubeconfig)
    return [frame.sequence for frame in runtime.follow("a-1", after)]


def test_the_first_look_is_at_all_of_it(tmp_path: Path) -> None:
    with api_server(tmp_path, lines(1, 90)) as server:
        assert followed(server, 0) == list(range(1, 91))
        assert asked_for_last_lines(server) == [False]


@pytest.mark.parametrize("after", [70, 85, 90])
def test_a_later_look_is_at_its_last_lines(tmp_path: Path, after: int) -> None:
    with api_server(tmp_path, lines(71, 90)) as server:
        assert followed(server, after) == list(range(after + 1, 91))
        assert asked_for_last_lines(server) == [True]


def test_a_late_reader_gets_everything(tmp_path: Path) -> None:
    with api_server(tmp_path, lines(71, 90), lines(1, 91)) as server:
        assert followed(server, 69) == list(range(70, 92))
        assert asked_for_last_lines(server) == [True, False]


def test_a_log_that_is_gone_has_no_frames(tmp_path: Path) -> None:
    with api_server(tmp_path, Say(status=404)) as server:
        assert followed(server, 5) == []


@pytest.mark.kubernetes
def test_on_a_cluster_every_frame_is_read_from_wherever_a_reader_stopped(
    cluster: KubernetesRuntime,
) -> None:
    limits = replace(DEFAULT_LIMITS, output_kib=MOST_KIB)
    pod = a_pod(language(cluster, "python"), PRINTS_ALL_IT_MAY, limits=limits)
    wait_for_end(cluster, pod)

    frames = cluster.follow(pod.name, 0)

    assert sum(len(frame.content) for frame in frames) == MOST_KIB * 1024
    assert len(frames) >= MOST_KIB * 1024 / FRAME_BYTES
    for after in range(len(frames) + 1):
        assert cluster.follow(pod.name, after) == frames[after:]
