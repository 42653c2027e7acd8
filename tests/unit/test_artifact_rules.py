"""Which files are kept, how many, and how many somebody may ask for."""

from typing import Any

import pytest

from app.domain.artifact import ArtifactMaxima
from app.domain.pod import Pod
from app.infrastructure.memory.runtime import Script
from app.infrastructure.sandbox.conversion import for_sandbox
from sandbox.artifacts.rules import Found, bounded, choose, named
from sandbox.wire import types
from sandbox.wire.framing import ProtocolError
from sandbox.wire.requests import pod_message, pod_of
from tests.support.builders import a_submission
from tests.support.twins import make_twins
from tests.support.worker import Worker

SMALL = types.ArtifactMaxima(files=2, bytes=10)


def files(**sizes: int) -> list[Found]:
    return [Found(name.encode(), size, is_file=True) for name, size in sizes.items()]


def test_the_first_ones_by_name_that_there_is_room_for() -> None:
    chosen, left_out = choose(files(d=1, c=1, b=11, a=9), SMALL)
    assert [each.name for each in chosen] == ["a", "c"]
    assert [(each.name, each.reason) for each in left_out] == [
        ("b", "it has 11 bytes; 1 of 10 are left for it"),
        ("d", "2 files before it are kept, which is the maximum"),
    ]


def test_what_is_left_out_is_named_up_to_a_number_and_then_counted() -> None:
    left_out = [named(f"{number}".encode(), "why") for number in range(66)]
    assert bounded(left_out[:64], complete=True) == tuple(left_out[:64])
    *first, counted = bounded(left_out, complete=True)
    assert (len(first), counted.name, counted.reason) == (64, None, "2 more files")
    counted, not_all = bounded(left_out, complete=False, more=3)[-2:]
    assert counted.reason == "5 more files"
    assert "too many files" in not_all.reason


def test_a_long_name_is_cut_when_it_is_shown() -> None:
    assert named("ä".encode() * 200, "why").name == "ä" * 200
    assert named("ä".encode() * 201, "why").name == "ä" * 200 + "…"


def sent(**maxima: Any) -> types.Pod:
    pod = for_sandbox(Pod.of("pod-1", a_submission(artifacts=("*",))))
    header, pieces = pod_message(pod)
    given = dict(header) | {"artifact_maxima": maxima}
    return pod_of(given, b"".join(pieces))


def test_the_daemon_keeps_what_the_service_allows() -> None:
    assert sent(files=1, bytes=2).artifact_maxima == types.ArtifactMaxima(files=1, bytes=2)
    assert sent().artifact_maxima == types.ArtifactMaxima()


@pytest.mark.parametrize(
    "maxima",
    [{"files": 0}, {"files": 513}, {"bytes": (64 << 20) + 1}, {"files": True}, {"folders": 1}],
    ids=str,
)
def test_the_daemon_refuses_other_numbers(maxima: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match="artifact_maxima"):
        sent(**maxima)


def test_a_pod_has_the_maxima_of_the_settings() -> None:
    twins = make_twins(artifacts=ArtifactMaxima(files=3, bytes=4))
    asked: list[Pod] = []

    def script(pod: Pod) -> Script:
        asked.append(pod)
        return Script()

    twins.runtime.script = script
    twins.submit(artifacts=("*",))
    Worker(twins.ports).run_all()
    assert [pod.artifact_maxima for pod in asked] == [ArtifactMaxima(files=3, bytes=4)]
