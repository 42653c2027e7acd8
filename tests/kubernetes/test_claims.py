"""A pod that was started ahead is claimed once, by the attempt that its row names."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import time
from typing import Any

import pytest

from app.domain.errors import PlaceTaken, RuntimeUnavailable
from app.domain.pod import Pod
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.report import Phase
from app.infrastructure.kubernetes.ahead import AheadOptions
from app.infrastructure.kubernetes.manifest import ARTIFACTS, FOLLOWS
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from tests.support.kubernetes.cluster import offers, pod_options
from tests.support.kubernetes.pod_server import STARTED, PodServer, pod_server
from tests.support.sandbox_daemon import a_pod

OFFERS = offers("python=podline/python:3.12,bash=podline/bash:5.2")
(PYTHON,) = (each for each in OFFERS.languages(None) if each.name == "python")
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
    made = a_pod(PYTHON, b"print(1)", limits=DEFAULT_LIMITS, name=f"attempt-{number}")
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
        server.pods.pop(name)
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
    assert runtime.started_ahead(pod(runs=pod().runs * 2)) is None
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
