"""A pod that was started ahead is claimed once, by the attempt that its row names."""

import base64
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import time
from typing import Any

import pytest
from websocket import ABNF

from app.domain.errors import PlaceTaken, RuntimeUnavailable
from app.domain.pod import Pod
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.report import Phase
from app.infrastructure.kubernetes import input, inside
from app.infrastructure.kubernetes.ahead import AheadOptions
from app.infrastructure.kubernetes.connection import Connection
from app.infrastructure.kubernetes.manifest import ARTIFACTS, END, FOLLOWS, PARTS, RUNS
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.kubernetes.test_observation import end_record
from tests.support.kubernetes.cluster import offers, pod_options
from tests.support.kubernetes.pod_server import STARTED, PodServer, pod_server
from tests.support.sandbox_daemon import a_pod
from tests.support.waiting import wait_until

OFFERS = offers("python=podline/python:3.12,bash=podline/bash:5.2")
(PYTHON,) = (each for each in OFFERS.languages(None) if each.name == "python")
ENDED = end_record().encode() + b"\n"
SIZE = 8
CLAIMS = 40


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PodServer]:
    with pod_server(tmp_path) as server:
        yield server


def runtime_of(server: PodServer, **sizes: int) -> KubernetesRuntime:
    ahead = AheadOptions(sizes=sizes)
    return KubernetesRuntime("podline", OFFERS, pod_options(), server.kubeconfig, ahead)


@pytest.fixture
def runtime(server: PodServer) -> KubernetesRuntime:
    """With a pool that is ready."""
    runtime = runtime_of(server, python=SIZE)
    for _ in range(SIZE // 2):
        runtime.tend()
        server.run_all()
    return runtime


def pod(number: int = 1, **facts: Any) -> Pod:
    limits = facts.pop("limits", DEFAULT_LIMITS)
    made = a_pod(PYTHON, b"print(1)", limits=limits, name=f"attempt-{number}")
    return replace(made, compile_limits=DEFAULT_COMPILE_LIMITS, **facts)


def claim(runtime: KubernetesRuntime, asked: Pod, place: str) -> None:
    """Nothing can be attached to these pods, so the claim is all that happens."""
    with pytest.raises(RuntimeUnavailable):
        runtime.claim(asked, place)


def owners(server: PodServer) -> Counter[str]:
    labels = (each["metadata"]["labels"] for each in server.pods.values())
    return Counter(each[FOLLOWS] for each in labels if FOLLOWS in each)


@pytest.mark.usefixtures("runtime")
def test_many_claims_at_once_share_the_pods(server: PodServer) -> None:
    """Each attempt tries one place after the other, as its creator does."""
    others = [runtime_of(server, python=SIZE) for _ in range(4)]

    def take(number: int) -> str | None:
        asked, worker = pod(number), others[number % len(others)]
        for place in worker.started_ahead(asked) or ():
            try:
                worker.claim(asked, place)
            except PlaceTaken:
                continue
            except RuntimeUnavailable:
                labels = server.pods[place.removeprefix("pod/")]["metadata"]["labels"]
                assert labels[FOLLOWS] == asked.name
                return place
        return None

    with ThreadPoolExecutor(CLAIMS) as threads:
        taken = [place for place in threads.map(take, range(CLAIMS)) if place]

    assert len(taken) == len(set(taken)) == SIZE
    assert len(owners(server)) == SIZE
    assert set(owners(server).values()) == {1}


def test_a_claim_sets_the_label_the_deadline_and_what_it_asks_for(
    server: PodServer, runtime: KubernetesRuntime
) -> None:
    asked = pod(artifacts=("*.png",))
    place, *_ = runtime.started_ahead(asked) or ()
    claim(runtime, asked, place)

    found = server.pods[place.removeprefix("pod/")]
    age = time() - datetime.fromisoformat(STARTED).timestamp()
    assert found["metadata"]["labels"][FOLLOWS] == asked.name
    assert found["metadata"]["annotations"][ARTIFACTS] == "1"
    assert found["spec"]["activeDeadlineSeconds"] == pytest.approx(age + 100, abs=10)
    assert runtime.list_pods() == [asked.name]
    assert place not in (runtime.started_ahead(pod(2)) or ())
    assert place not in (runtime_of(server, python=SIZE).started_ahead(pod(2)) or ())


def test_the_input_of_several_runs_is_kept_for_pods_that_continue_it(
    server: PodServer, runtime: KubernetesRuntime
) -> None:
    asked = pod(runs=pod().runs * 2)
    place, *_ = runtime.started_ahead(asked) or ()
    claim(runtime, asked, place)

    claimed = server.pods[place.removeprefix("pod/")]
    (part,) = server.config_maps
    assert claimed["metadata"]["annotations"] == {RUNS: "2", PARTS: "1"}
    assert part["metadata"]["name"] == asked.name
    (owner,) = part["metadata"]["ownerReferences"]
    assert (owner["name"], owner["uid"]) == (
        claimed["metadata"]["name"],
        claimed["metadata"]["uid"],
    )
    content = base64.b64decode(part["binaryData"][inside.STAGES])
    assert content == input.stages(asked, OFFERS.every["python"].spec)

    single = pod(2)
    place, *_ = runtime.started_ahead(single) or ()
    claim(runtime, single, place)
    assert server.config_maps == [part]


def test_the_same_attempt_can_claim_it_again(server: PodServer, runtime: KubernetesRuntime) -> None:
    """Its creator may have been killed before it handed over the input."""
    asked = pod()
    place, *_ = runtime.started_ahead(asked) or ()
    claim(runtime, asked, place)
    patches = len(server.patches)
    claim(runtime_of(server, python=SIZE), asked, place)

    assert len(server.patches) == patches
    assert owners(server) == {asked.name: 1}


def test_a_pod_that_changed_meanwhile_is_looked_at_again(
    server: PodServer, runtime: KubernetesRuntime
) -> None:
    place, *_ = runtime.started_ahead(pod()) or ()
    server.run(place.removeprefix("pod/"))
    claim(runtime, pod(), place)

    assert owners(server) == {"attempt-1": 1}


@pytest.mark.parametrize("gone", [False, True])
def test_what_is_taken_or_gone_says_so(
    server: PodServer, runtime: KubernetesRuntime, *, gone: bool
) -> None:
    place, *_ = runtime.started_ahead(pod()) or ()
    name = place.removeprefix("pod/")
    if gone:
        server.remove(name)
    else:
        claim(runtime_of(server, python=SIZE), pod(2), place)

    with pytest.raises(PlaceTaken):
        runtime.claim(pod(), place)
    with pytest.raises(PlaceTaken):
        runtime_of(server, python=SIZE).claim(pod(), place)


def test_settings_without_its_pool_leave_an_attempt_its_pod(
    server: PodServer, runtime: KubernetesRuntime
) -> None:
    place, *_ = runtime.started_ahead(pod()) or ()
    claim(runtime, pod(), place)
    claim(runtime_of(server), pod(), place)

    assert owners(server) == {"attempt-1": 1}


def test_only_ready_pods_are_offered_and_only_to_what_fits(server: PodServer) -> None:
    runtime = runtime_of(server, python=2)
    runtime.tend()
    _, ready = server.pods
    server.run(ready)

    assert runtime.started_ahead(pod()) == [f"pod/{ready}"]
    assert runtime.started_ahead(pod(runs=pod().runs * 2)) == [f"pod/{ready}"]
    assert runtime.started_ahead(pod(limits=replace(DEFAULT_LIMITS, disk_mib=1))) is None
    assert runtime_of(server, bash=2).started_ahead(pod()) is None
    assert runtime_of(server).started_ahead(pod()) is None


def test_every_process_finds_a_claimed_pod_by_its_attempt(
    server: PodServer, runtime: KubernetesRuntime
) -> None:
    place, *_ = runtime.started_ahead(pod()) or ()
    claim(runtime, pod(), place)
    other = runtime_of(server)
    seen = other.observe("attempt-1")

    assert seen
    assert (seen.name, seen.phase) == ("attempt-1", Phase.RUNNING)
    assert other.observe("attempt-2") is None


class Stream:
    """What is attached to a pod: it takes any input, and says what a test puts there."""

    def __init__(self) -> None:
        self.says: SimpleQueue[bytes] = SimpleQueue()
        self.says.put(b'{"taken": 1}\n')
        self.is_closed = False

    def send_binary(self, message: bytes) -> None:
        pass

    def recv_data(self) -> tuple[int, bytes]:
        if self.is_closed:
            return ABNF.OPCODE_CLOSE, b""
        return ABNF.OPCODE_BINARY, b"\1" + self.says.get()

    def shutdown(self) -> None:
        pass


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Stream:
    stream = Stream()
    monkeypatch.setattr(Connection, "attach", lambda *_: stream)
    return stream


def claimed_at(runtime: KubernetesRuntime, asked: Pod) -> str:
    """Claim it, and return the pod's own name."""
    place, *_ = runtime.started_ahead(asked) or ()
    runtime.claim(asked, place)
    return place.removeprefix("pod/")


def test_an_end_that_nobody_here_waits_for_is_announced(
    server: PodServer, runtime: KubernetesRuntime, stream: Stream
) -> None:
    name = claimed_at(runtime, pod())
    stream.says.put(ENDED)
    wait_until(lambda: END in server.pods[name]["metadata"]["annotations"])

    seen = runtime_of(server).observe("attempt-1")
    assert seen
    assert seen.phase is Phase.ENDED


def test_an_end_that_somebody_here_waits_for_is_not(
    server: PodServer, runtime: KubernetesRuntime, stream: Stream
) -> None:
    name = claimed_at(runtime, pod())
    patches = len(server.patches)
    with ThreadPoolExecutor() as threads:
        waits = threads.submit(runtime.observe, "attempt-1", 60)
        wait_until(lambda: runtime._claims._claimed["attempt-1"].waiting > 0)
        stream.says.put(ENDED)
        seen = waits.result(60)

    assert seen
    assert seen.phase is Phase.ENDED
    assert len(server.patches) == patches
    assert END not in server.pods[name]["metadata"]["annotations"]


def test_a_stream_without_output_does_not_matter_if_the_pod_has_its_input(
    server: PodServer, runtime: KubernetesRuntime, stream: Stream
) -> None:
    stream.is_closed = True
    place, *_ = runtime.started_ahead(pod()) or ()
    with pytest.raises(RuntimeUnavailable):
        runtime.claim(pod(), place)

    place, *_ = runtime.started_ahead(pod(2)) or ()
    server.logs[place.removeprefix("pod/")] = {"taken": 1}
    runtime.claim(pod(2), place)

    seen = runtime.observe("attempt-2")
    assert seen
    assert seen.phase is Phase.RUNNING


def test_its_removal_waits_for_the_end_of_its_containers(
    server: PodServer, runtime: KubernetesRuntime
) -> None:
    """Its end record can come a second before the kubelet has seen them end."""
    asked = pod()
    place, *_ = runtime.started_ahead(asked) or ()
    claim(runtime, asked, place)
    name = place.removeprefix("pod/")
    looks = count_of(server, "GET", name)
    removal = Thread(target=runtime.delete, args=[asked.name])
    removal.start()
    wait_until(lambda: count_of(server, "GET", name) > looks + 1)
    assert removal.is_alive()
    assert "deletionTimestamp" in server.pods[name]["metadata"]

    server.end(name)
    removal.join(60)

    assert name not in server.pods
    assert asked.name not in runtime.list_pods()


def count_of(server: PodServer, method: str, pod: str) -> int:
    return sum(path.endswith(f"/pods/{pod}") for asked, path in server.requests if asked == method)
