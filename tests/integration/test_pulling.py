"""A worker on a sandbox host takes a pod only in exchange for a bay, and then at once."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from threading import Lock

import pytest
import redis

from app.domain.chain import CHAIN, CREATE, PERSIST, START
from app.domain.dead_letter import DeadLetterKind
from app.domain.execution import State
from app.domain.hosts import queues_of
from app.infrastructure.celery.application import Serving
from app.infrastructure.celery.pipeline import CeleryPipeline
from app.infrastructure.memory.bays import MemoryBays
from app.infrastructure.redis.connection import connect
from tests.support.builders import an_id
from tests.support.own_worker import OwnWorker
from tests.support.waiting import wait_until

SOON = 0.05
"""Within this time, a free bay is used."""
TRIES = 30
"""A busy machine disturbs most of them."""


class HostsWorker(OwnWorker):
    """Beside a daemon with so many bays. Each pod holds its bay until the test ends it."""

    def __init__(self, redis_url: str, bays: int, name: str = "alpha") -> None:
        super().__init__(redis_url, Serving(host=name, on_hosts=True))
        self.bays = MemoryBays(bays)
        self.ports = replace(self.twins.ports, bays=self.bays)
        self.created: list[tuple[str, float]] = []
        self._lock = Lock()
        self.acts[CREATE] = self._create

    def _create(self, execution_id: str) -> bool:
        with self.bays.held(), self._lock:
            self.created.append((execution_id, time.monotonic()))
        return False


@pytest.fixture
def send(redis_url: str) -> Callable[[State], str]:
    """Publishes as a process beside no host does."""
    from app.infrastructure.celery.application import make_publisher

    pipeline = CeleryPipeline(
        make_publisher(redis_url.replace("unix://", "redis+socket://")), connect(redis_url)
    )

    def start(state: State) -> str:
        execution_id = an_id()
        pipeline.start(execution_id, state)
        return execution_id

    return start


Send = Callable[[State], str]


def waiting(client: redis.Redis) -> int:
    return client.llen("pods")


def test_a_host_without_a_free_bay_takes_nothing(
    redis_url: str, redis_client: redis.Redis, send: Send
) -> None:
    worker = HostsWorker(redis_url, bays=2)
    with worker.running():
        for _ in range(5):
            send(State.STARTING)
        wait_until(lambda: len(worker.created) == 2)
        send(State.ADMITTED)  # whose creation it would join
        wait_until(lambda: worker.has_ended(START))
        wait_until(lambda: waiting(redis_client) == 4)
        time.sleep(2 * SOON)
        assert (len(worker.created), waiting(redis_client)) == (2, 4)


def test_a_bay_that_is_free_is_used_at_once(
    redis_url: str, redis_client: redis.Redis, send: Send
) -> None:
    worker = HostsWorker(redis_url, bays=1)
    with worker.running():
        send(State.STARTING)
        send(State.STARTING)
        wait_until(lambda: len(worker.created) == 1)
        assert any(delay(worker, send) < SOON for _ in range(TRIES))
        assert waiting(redis_client) == 1


def delay(worker: HostsWorker, send: Send) -> float:
    """Free the only bay while two pods wait for it, and return the seconds until it is used."""
    send(State.STARTING)
    before, freed = len(worker.created), time.monotonic()
    worker.bays.end_one()
    wait_until(lambda: len(worker.created) > before, every=0.002)
    return worker.created[-1][1] - freed


def test_what_waits_goes_to_whichever_host_has_a_bay(redis_url: str, send: Send) -> None:
    small, large = HostsWorker(redis_url, bays=0), HostsWorker(redis_url, bays=3, name="beta")
    with large.running():
        for _ in range(3):
            send(State.STARTING)
        wait_until(lambda: len(large.created) == 3)
    assert small.created == []


def test_the_last_bay_is_left_for_the_queue(redis_url: str, redis_client: redis.Redis) -> None:
    worker = HostsWorker(redis_url, bays=2)
    redis_client.config_resetstat()
    with worker.running():
        worker.start(an_id())
        worker.start(an_id())
        wait_until(lambda: len(worker.created) == 2)
        published = redis_client.info("commandstats")["cmdstat_lpush"]["calls"]
    assert published - 2 == 1, "one creation was joined, and one was published"


def test_steps_of_its_own_attempts_are_joined(redis_url: str) -> None:
    worker = HostsWorker(redis_url, bays=9)
    worker.acts[CREATE] = lambda _: True
    with worker.running():
        worker.start(an_id())
        wait_until(lambda: worker.has_ended(PERSIST), or_fail=lambda: worker.events)
    names = Counter(event["name"] for event in worker.events if event["type"] == "task-received")
    assert names == dict.fromkeys(CHAIN, 1)


def test_it_serves_its_own_queues(redis_url: str, redis_client: redis.Redis) -> None:
    worker = HostsWorker(redis_url, bays=1)
    pipeline = CeleryPipeline(worker.app, connect(redis_url))
    pipeline.start(an_id(), State.FINISHED, "alpha")
    pipeline.start(an_id(), State.FINISHED, "beta")
    with worker.running():
        wait_until(lambda: worker.has_ended(PERSIST))
    assert redis_client.keys("*.beta") == ["results.beta"]
    pipeline.forget_host("beta")
    assert redis_client.keys("results.*") == []
    pipeline.start(an_id(), State.STARTING, group="c")
    assert redis_client.keys("pods.*") == ["pods.c"]
    pipeline.forget_group("c")
    assert redis_client.keys("pods.*") == []
    members = redis_client.smembers("_kombu.binding.podline")
    assert not [each for each in members if any(queue in each for queue in queues_of("alpha"))]


def test_a_message_that_is_no_task_becomes_a_dead_letter(
    redis_url: str, redis_client: redis.Redis, send: Send
) -> None:
    worker = HostsWorker(redis_url, bays=1)
    with worker.running():
        redis_client.lpush("pods", b"\xff not a message")
        wait_until(lambda: worker.twins.store.dead_letters.count())
        worker.bays.end_one()
        send(State.STARTING)
        wait_until(lambda: len(worker.created) == 1)
    (letter,) = worker.twins.store.dead_letters.page(None, None, None, 9)
    assert (letter.kind, letter.origin) == (DeadLetterKind.POISON, "queue:pods")


def test_a_process_beside_no_host_takes_no_pods(
    redis_url: str, redis_client: redis.Redis, send: Send
) -> None:
    worker = OwnWorker(redis_url, Serving(on_hosts=True))
    with worker.running():
        send(State.STARTING)
        worker.start(an_id())
        wait_until(lambda: worker.has_ended(START))
        wait_until(lambda: waiting(redis_client) == 2)
        assert worker.of(CREATE) == []
