"""Pods are started ahead, replaced and given up; a claimed one is left alone."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.infrastructure.kubernetes.ahead import AheadOptions, Pool
from app.infrastructure.kubernetes.connection import Connection
from app.infrastructure.kubernetes.manifest import AHEAD, FOLLOWS, HELD_UP, LABELS, PodOptions
from app.infrastructure.kubernetes.pools import HOLD_SECONDS, Pools
from tests.support.kubernetes.cluster import offers
from tests.support.kubernetes.pod_server import UNSCHEDULABLE, PodServer, pod_server

OFFERS = offers("python=podline/python:3.12,bash=podline/bash:5.2")
OPTIONS = PodOptions(collector_image="podline/pod:1")
FOREVER = 1e12


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PodServer]:
    with pod_server(tmp_path) as server:
        yield server


def pools(
    server: PodServer,
    clock: Clock | None = None,
    *,
    options: PodOptions = OPTIONS,
    max_age_seconds: float = FOREVER,
    **sizes: int,
) -> Pools:
    ahead = AheadOptions(sizes=sizes, max_age_seconds=max_age_seconds)
    made = [Pool.of(OFFERS.every[name], options, ahead) for name in sizes]
    return Pools(Connection("podline", server.kubeconfig), made, options, ahead, clock or Clock())


def label_of(language: str, options: PodOptions = OPTIONS) -> str:
    return Pool.of(OFFERS.every[language], options, AheadOptions()).label


def counts(server: PodServer) -> Counter[str]:
    return Counter(pod["metadata"]["labels"][AHEAD] for pod in server.pods.values())


def fill(kept: Pools, server: PodServer) -> list[str]:
    """Tend until all pods are there and ready. Returns their names."""
    before = -1
    while before != len(server.pods):
        before = len(server.pods)
        server.run_all()
        kept.tend()
    return server.run_all()


def claim(server: PodServer, name: str) -> None:
    server.pods[name]["metadata"]["labels"][FOLLOWS] = "an-attempt-1"


def held_up() -> dict[str, Any]:
    """A ConfigMap whose pod a quota refuses."""
    return {"metadata": {"name": "x-1", "labels": LABELS, "annotations": {HELD_UP: "quota"}}}


def test_pools_are_filled_with_few_pods_starting_at_once(server: PodServer) -> None:
    kept = pools(server, python=3, bash=1)
    kept.tend()
    kept.tend()
    assert counts(server) == {label_of("python"): 2, label_of("bash"): 1}

    fill(kept, server)
    assert counts(server) == {label_of("python"): 3, label_of("bash"): 1}


@pytest.mark.parametrize(("starting", "refilled"), [(1, 1), (2, 0)])
def test_attempts_whose_pods_start_come_first(
    server: PodServer, starting: int, refilled: int
) -> None:
    """Otherwise those that wait for a drained pool would wait for it to be filled, too."""
    attempts = [f"x-{number}" for number in range(starting)]
    for name in attempts:
        server.put(name, LABELS, phase="Pending")
    kept = pools(server, python=4)
    kept.tend()
    assert len(server.pods.keys() - attempts) == refilled

    for name in attempts:
        server.run(name)
    fill(kept, server)
    assert len(server.pods.keys() - attempts) == 4


def test_large_pools_are_refilled_beside_some_attempts(server: PodServer) -> None:
    server.put("x-1", LABELS, phase="Pending")
    pools(server, python=16).tend()
    assert len(server.pods.keys() - {"x-1"}) == 3


def test_a_pod_that_was_claimed_is_replaced_and_left_alone(server: PodServer) -> None:
    kept = pools(server, python=2)
    kept.tend()
    claimed, _ = server.run_all()
    claim(server, claimed)
    kept.tend()

    assert claimed in server.pods
    assert counts(server) == {label_of("python"): 3}


def test_one_that_is_claimed_at_the_last_moment_is_not_removed(server: PodServer) -> None:
    """The claim changes its resourceVersion, which the deletion names."""
    pools(server, python=1).tend()
    (name,) = server.run_all()
    listed = dict(server.pods[name], metadata=dict(server.pods[name]["metadata"]))
    server.run(name)
    pools(server)._remove(listed)
    assert name in server.pods

    pools(server)._remove(server.pods[name])
    assert name not in server.pods


def test_other_images_and_settings_replace_all(server: PodServer) -> None:
    pools(server, python=2).tend()
    before = server.run_all()
    newer = PodOptions(collector_image="podline/pod:2")
    pools(server, options=newer, python=2).tend()

    assert not server.pods.keys() & before
    assert counts(server) == {label_of("python", newer): 2}


def test_a_smaller_pool_loses_those_that_are_not_ready(server: PodServer) -> None:
    pools(server, python=2).tend()
    _, ready = server.pods
    server.run(ready)
    pools(server, python=1).tend()

    assert list(server.pods) == [ready]


def test_no_pool_leaves_no_pod(server: PodServer) -> None:
    pools(server, python=2, bash=1).tend()
    server.run_all()
    pools(server).tend()

    assert server.pods == {}


def test_a_pod_that_failed_is_replaced(server: PodServer) -> None:
    kept = pools(server, python=1)
    kept.tend()
    (name,) = server.pods
    server.put(name, {}, reason="Evicted")
    kept.tend()

    assert len(server.pods) == 1
    assert name not in server.pods


def test_old_pods_are_replaced_one_at_a_time_and_only_if_all_are_ready(server: PodServer) -> None:
    kept = pools(server, python=2, max_age_seconds=1)
    kept.tend()
    kept.tend()
    waiting = list(server.pods)
    first = server.run_all()
    kept.tend()

    assert waiting == first
    assert len(server.pods.keys() & first) == 1
    assert len(server.pods) == 2


@pytest.mark.parametrize("pressure", ["quota", "scheduler"])
def test_without_room_it_stops_for_a_while(server: PodServer, pressure: str) -> None:
    clock = Clock()
    kept = pools(server, clock, python=2)
    if pressure == "quota":
        server.quota = 1
    kept.tend()
    if pressure == "scheduler":
        for name in list(server.pods)[1:]:
            server.put(name, {}, phase="Pending", conditions=[UNSCHEDULABLE])
        kept.tend()
    assert len(server.pods) == 1

    server.quota = 100
    clock.now = HOLD_SECONDS - 1
    kept.tend()
    assert len(server.pods) == 1

    clock.now = HOLD_SECONDS + 1
    kept.tend()
    assert len(server.pods) == 2


@pytest.mark.parametrize("by", ["quota", "scheduler"])
def test_attempts_that_wait_for_room_get_it(server: PodServer, by: str) -> None:
    """As many pods as attempts wait, and those first that are not ready."""
    kept = pools(server, python=3)
    kept.tend()
    ready = server.run_all()
    kept.tend()
    assert len(server.pods) == 3
    if by == "quota":
        server.config_maps = [held_up()]
    else:
        server.put("y-1", LABELS, phase="Pending", conditions=[UNSCHEDULABLE])
    kept.tend()

    assert server.pods.keys() - {"y-1"} == set(ready)

    kept.tend()
    assert len(server.pods.keys() - {"y-1"}) == 1
