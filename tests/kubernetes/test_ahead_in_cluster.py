"""Pods that were started ahead, on a real cluster: each runs one program, and none is left."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import PlaceTaken, RuntimeUnavailable
from app.domain.execution import SECOND, Execution, State
from app.domain.policy import DEFAULT_LIMITS
from app.domain.report import Phase
from app.infrastructure.kubernetes.runtime import KubernetesRuntime
from app.infrastructure.sqlite.store import SqliteStore
from app.ports import Ports
from app.service.monitor import poll
from app.service.pods import create_pod
from app.service.results import persist
from app.service.saga import start_attempt
from app.service.sweep import remove_orphans
from tests.kubernetes.claimer import POINTS
from tests.pod.cluster_runs import pod_for
from tests.support.builders import NOW, a_submission, accepted
from tests.support.kubernetes.cluster import RuntimeAhead
from tests.support.kubernetes.namespace import a_namespace
from tests.support.twins import Twins, make_twins
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]

CLAIMS = 100
SIZE = 20
SMALL = 0.01
"""Cores that each container requests, so that the pool fits on two."""


def ready(runtime: RuntimeAhead) -> list[str]:
    found = runtime.started_ahead(pod_for(runtime, "print(1)", "python"))
    assert found is not None
    return list(found)


def fill(runtime: RuntimeAhead, size: int) -> None:
    def is_full() -> bool:
        runtime.tend()
        return len(ready(runtime)) == size

    wait_until(is_full, within=120, every=0.5)


def test_many_claims_at_once_share_the_pods() -> None:
    """Each program ran in a pod of its own; the others found none. Deleted pods are replaced."""
    with a_namespace() as namespace:
        runtimes = [RuntimeAhead(namespace, {"python": SIZE}, cpu_request=SMALL) for _ in range(4)]
        fill(runtimes[0], SIZE)

        def take(number: int) -> tuple[str, bytes] | None:
            runtime = runtimes[number % len(runtimes)]
            pod = pod_for(runtime, f"print({number})", "python")
            for place in runtime.started_ahead(pod) or ():
                try:
                    runtime.claim(pod, place)
                except PlaceTaken:
                    continue
                wait_until(lambda: runtime.observe(pod.name, 1) is not None, within=60)
                seen = runtime.observe(pod.name, 60)
                assert seen
                assert seen.phase is Phase.ENDED, seen
                output = runtime.output(pod.name)
                assert output
                assert output.run
                assert output.run.stdout == b"%d\n" % number
                return place, output.run.stdout
            return None

        with ThreadPoolExecutor(CLAIMS) as threads:
            taken = [found for found in threads.map(take, range(CLAIMS)) if found]

        assert len(taken) == len(dict(taken)) == len({stdout for _, stdout in taken}) == SIZE
        assert len(runtimes[0].list_pods()) == SIZE


def test_other_settings_replace_the_pods_and_leave_a_claimed_one_alone() -> None:
    with a_namespace() as namespace:
        before = RuntimeAhead(namespace, {"python": 2}, cpu_request=SMALL)
        fill(before, 2)
        runs = pod_for(before, "input()", "python")
        (place, other) = ready(before)
        before.claim(runs, place)
        after = RuntimeAhead(namespace, {"python": 1}, cpu_request=2 * SMALL)
        fill(after, 1)

        assert not {place, other} & set(ready(after))
        wait_until(lambda: ready(before) == [], within=90)
        assert after.list_pods() == [runs.name]
        seen = after.observe(runs.name)
        assert seen
        assert seen.phase in (Phase.RUNNING, Phase.ENDED), seen


def test_an_attempt_that_a_quota_refuses_gets_the_room_of_a_pod_started_ahead() -> None:
    """Then no pod is started ahead for a while."""
    with a_namespace(pods="1") as namespace:
        runtime = RuntimeAhead(namespace, {"python": 1})
        fill(runtime, 1)
        larger = replace(DEFAULT_LIMITS, disk_mib=DEFAULT_LIMITS.disk_mib + 1)
        waits = pod_for(runtime, "print(1)", "python", limits=larger)
        runtime.create(waits)

        def has_no_room() -> bool:
            seen = runtime.observe(waits.name)
            return seen is not None and seen.no_room

        wait_until(has_no_room, within=90)
        runtime.tend()
        wait_until(lambda: ready(runtime) == [], within=90)

        def has_ended() -> bool:
            KubernetesRuntime.create(runtime, waits)  # again, as the sweep does
            seen = runtime.observe(waits.name, 1)
            return seen is not None and seen.phase is Phase.ENDED

        wait_until(has_ended, within=60, or_fail=lambda: runtime.observe(waits.name))
        runtime.delete(waits.name)
        runtime.tend()
        assert ready(runtime) == []


class Service:
    """The steps of workers on a store that survives them."""

    def __init__(self, folder: Path, runtime: RuntimeAhead) -> None:
        self.database = folder / "podline.db"
        self.store = SqliteStore(self.database, timeout=30)
        self.store.upgrade()
        self.twins: Twins = make_twins()
        self.runtime = runtime
        self.ports: Ports = replace(self.twins.ports, store=self.store, runtime=runtime)

    def start(self) -> Execution:
        """An execution whose attempt has begun, without a pod."""
        version = self.runtime.languages()[0].version
        submission = a_submission(language="python", language_version=version)
        execution, _, event = accepted(submission)
        assert self.store.executions.insert(execution, submission, event)
        return self.begin(execution)

    def begin(self, execution: Execution) -> Execution:
        assert self.store.executions.apply(execution.admit(NOW, NOW))
        assert start_attempt(self.ports, execution.id)
        return self.row(execution)

    def row(self, execution: Execution) -> Execution:
        row = self.store.executions.get(execution.id)
        assert row
        return row

    def creates(self, execution: Execution) -> bool:
        """Try it once, as the sweep does: the killed creator's connection may still be open."""
        try:
            return create_pod(self.ports, execution.id)
        except RuntimeUnavailable:
            return False

    def poll(self, execution: Execution) -> State:
        poll(self.ports, execution.id)
        row = self.row(execution)
        self.store.executions.reschedule(row, self.twins.clock() + SECOND)
        return row.state


@pytest.fixture(scope="module")
def runtime() -> Iterator[RuntimeAhead]:
    with a_namespace() as namespace:
        yield RuntimeAhead(namespace, {"python": 1})


@pytest.mark.parametrize("point", POINTS)
def test_a_claimer_that_is_killed_costs_an_attempt_at_most(
    tmp_path: Path, runtime: RuntimeAhead, point: str
) -> None:
    """Its pod is never another attempt's, and is gone when its own has ended."""
    fill(runtime, 1)
    service = Service(tmp_path, runtime)
    execution = service.start()
    command = [sys.executable, "-m", "tests.kubernetes.claimer", runtime.namespace]
    subprocess.run([*command, str(service.database), execution.id, point], check=False)
    wait_until(lambda: (ready(runtime) == []) == (point != "placed"), within=90)

    wait_until(lambda: service.creates(execution), within=90)
    wait_until(
        lambda: service.poll(execution) in (State.FINISHED, State.QUEUED),
        within=90,
        or_fail=lambda: runtime.observe(execution.pod),
    )
    row = service.row(execution)
    if row.state is State.QUEUED:
        assert point in ("attached", "half"), row.message
        again = service.begin(row)
        assert create_pod(service.ports, again.id)
        wait_until(lambda: service.poll(again) is State.FINISHED, within=90)
    persist(service.ports, execution.id)

    assert service.row(execution).state is State.COMPLETED
    remove_orphans(service.ports)
    assert runtime.list_pods() == []
