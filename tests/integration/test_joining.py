"""A worker that serves the next step's queue does that step itself, which nobody can tell."""

import base64
import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from celery.signals import task_failure, task_postrun, task_prerun, task_received
from celery.worker import state
from redis.client import PubSub

from app.domain.chain import ADMIT, CHAIN, CREATE, PERSIST, POLL, START, SWEEP
from app.domain.errors import RuntimeUnavailable
from app.domain.execution import State
from app.infrastructure.celery.messages import PUBLISHED_AT, REQUEST_ID, is_link, link, step_message
from app.infrastructure.celery.steps import Tick
from app.queues import queue_of
from tests.support.builders import an_id
from tests.support.own_worker import APART, OwnWorker
from tests.support.waiting import wait_until

ID = an_id()


@pytest.fixture
def worker(redis_url: str, redis_client: redis.Redis) -> OwnWorker:
    redis_client.config_resetstat()
    return OwnWorker(redis_url)


def published(client: redis.Redis) -> int:
    """How many messages were put on queues."""
    return int(client.info("commandstats").get("cmdstat_lpush", {"calls": 0})["calls"])


def run(worker: OwnWorker, *queues: str, pool: str | None = None, last: str = PERSIST) -> None:
    """Run one chain until its `last` step has ended."""
    with worker.running(*queues, pool=pool):
        worker.start(ID)
        wait_until(lambda: worker.has_ended(last), or_fail=lambda: worker.events)


def test_one_message_starts_all_steps_in_one_thread(
    worker: OwnWorker, redis_client: redis.Redis
) -> None:
    threads: list[int] = []

    def note(_: str) -> bool:
        threads.append(threading.get_ident())
        return True

    worker.acts.update(dict.fromkeys(CHAIN, note))
    run(worker)
    assert len(threads) == len(CHAIN)
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()
    assert published(redis_client) == 1


def test_each_step_begins_after_the_one_before_has_ended(worker: OwnWorker) -> None:
    run(worker)
    order = [event["type"] for event in worker.events if event["type"] != "task-received"]
    assert order == ["task-started", "task-succeeded"] * len(CHAIN)
    ids = [event["uuid"] for event in worker.events if event["type"] == "task-started"]
    assert [event["uuid"] for event in worker.events if event["type"] == "task-succeeded"] == ids
    queues = [event["queue"] for event in worker.events if event["type"] == "task-started"]
    assert queues == [queue_of(step) for step in CHAIN]


def test_the_end_of_a_step_is_reported_by_a_worker_that_stops(
    worker: OwnWorker, redis_client: redis.Redis
) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def end_late(_: str) -> bool:
        begun.set()
        return not stopped.wait(30)

    worker.acts[ADMIT] = end_late
    with redis_client.pubsub() as channels:  # type: ignore[no-untyped-call]  # no types
        channels.psubscribe("*celeryev*")
        with worker.running():
            worker.start(ID)
            assert begun.wait(30)
            worker.stop()
            wait_until(worker.consumer.blueprint.shutdown_complete.is_set)
            stopped.set()
        heard = [*events_in(channels)]
    assert [event["type"] for event in heard] == ["task-received", "task-started", "task-succeeded"]


def events_in(channels: PubSub) -> Iterator[dict[str, Any]]:
    """What has arrived of task events, which come in batches."""
    while (message := channels.get_message(timeout=1)) is not None:
        if message["type"] == "pmessage" and "task.multi" in str(message["channel"]):
            body = base64.b64decode(json.loads(message["data"])["body"])
            yield from json.loads(body)


def test_threads_of_steps_send_no_task_events(worker: OwnWorker) -> None:
    steps: set[int] = set()

    def note(_: str) -> bool:
        steps.add(threading.get_ident())
        return True

    worker.acts.update(dict.fromkeys(CHAIN, note))
    with worker.running():
        for _ in range(8):
            worker.start(an_id())
        wait_until(lambda: len(worker.of(PERSIST)) == 8 * 3, or_fail=lambda: worker.events)
    assert worker.senders
    assert not steps & worker.senders


KEPT = (
    *("type", "uuid", "name", "args", "kwargs", "root_id", "parent_id", "retries"),
    *("eta", "expires", "result", "exception"),
)
OF_TRANSPORT = ("properties", "reply_to", PUBLISHED_AT)
"""What a message from a queue has in addition, and no step looks at but for the waiting time."""


def course(worker: OwnWorker) -> list[object]:
    """A chain's task events, with ids replaced by the names of their steps."""
    names = {e["uuid"]: e["name"] for e in worker.events if e["type"] == "task-received"}
    return [
        sorted((key, names.get(value, value)) for key, value in event.items() if key in KEPT)
        for name in CHAIN
        for event in worker.of(name)
    ]


@contextmanager
def requests() -> Iterator[list[dict[str, object]]]:
    """What each step can know about itself, but for ids."""
    seen: list[dict[str, object]] = []

    def look(task: Any, **_: Any) -> None:
        known = copy.deepcopy(vars(task.request))
        ids = {known["id"]: "id", known["root_id"]: "root", known["parent_id"]: "parent"}
        known["delivery_info"].pop("priority")
        known["chain"] = known["chain"] or None
        known["headers"] = {**(known["headers"] or {})}
        known["headers"].pop(PUBLISHED_AT, None)
        kept = known.keys() - OF_TRANSPORT
        seen.append({key: ids.get(str(known[key]), known[key]) for key in kept})

    task_prerun.connect(look)
    try:
        yield seen
    finally:
        task_prerun.disconnect(look)


def fails(_: str) -> bool:
    raise ArithmeticError("on purpose")


def is_unavailable(_: str) -> bool:
    raise RuntimeUnavailable("on purpose")


FATES: dict[str, dict[str, Callable[[str], object]]] = {
    "all": {},
    "drops": {CREATE: lambda _: False},
    "nothing to do": {POLL: lambda _: None},
    "fails": {CREATE: fails},
    "is unavailable": {START: is_unavailable},
}
LAST = {"drops": CREATE, "nothing to do": POLL, "fails": CREATE, "is unavailable": START}


def steps_counted(worker: OwnWorker) -> dict[str, str]:
    """How often the duration of each step was recorded."""
    lines = worker.twins.ports.metrics.exposition().decode().splitlines()
    counts = (line.split() for line in lines if line.startswith("podline_step_seconds_count"))
    return {name: count for name, count in counts if float(count)}


@pytest.mark.parametrize("fate", FATES)
def test_task_events_and_metrics_are_those_of_published_steps(
    redis_url: str, redis_client: redis.Redis, fate: str
) -> None:
    """A chain that continues, ends early, fails in the middle, or is left to the sweep."""
    courses, metrics = [], []
    for pool in (None, APART):
        worker = OwnWorker(redis_url)
        worker.acts.update(FATES[fate])
        run(worker, pool=pool, last=LAST.get(fate, PERSIST))
        courses.append(course(worker))
        metrics.append(steps_counted(worker))
    joined, apart = courses
    assert joined == apart
    assert len(joined) == 3 * (1 + CHAIN.index(LAST.get(fate, PERSIST)))
    assert metrics[0] == metrics[1]
    assert not any(redis_client.llen(name.split(".")[1]) for name in CHAIN)


SIGNALS = {
    "received": task_received,
    "before": task_prerun,
    "after": task_postrun,
    "failed": task_failure,
}


@contextmanager
def heard() -> Iterator[list[tuple[object, ...]]]:
    """Celery's signals about steps, in order."""
    signals: list[tuple[object, ...]] = []

    def hear(name: str) -> Callable[..., None]:
        def receive(sender: Any = None, task_id: Any = None, **given: Any) -> None:
            request = given.get("request")
            ids = (request.name, request.id) if request else (sender.name, task_id)
            signals.append((name, *ids))

        return receive

    receivers = {name: hear(name) for name in SIGNALS}
    for name, signal in SIGNALS.items():
        signal.connect(receivers[name])
    try:
        yield signals
    finally:
        for name, signal in SIGNALS.items():
            signal.disconnect(receivers[name])


def test_a_failure_is_that_of_the_step_that_raised(worker: OwnWorker) -> None:
    worker.acts[CREATE] = fails
    with heard() as signals:
        run(worker, last=CREATE)
    (failure,) = [signal for signal in signals if signal[0] == "failed"]
    (create,) = {(event["name"], event["uuid"]) for event in worker.of(CREATE) if "name" in event}
    assert failure[1:] == create
    assert [signal[0] for signal in signals] == [
        *["received", "before", "received", "after"],
        *["before", "received", "after"],
        *["before", "failed", "after"],
    ]


def test_only_steps_of_queues_that_the_worker_serves_are_joined(
    worker: OwnWorker, redis_client: redis.Redis
) -> None:
    run(worker, "admission", "saga", "monitor", "results", last=START)
    assert redis_client.llen("pods") == 1
    assert published(redis_client) == 2, redis_client.info("commandstats")
    assert worker.of(CREATE) == []


def test_it_follows_changes_of_the_queues(worker: OwnWorker, redis_client: redis.Redis) -> None:
    before: list[int] = []

    def serve_results_again(_: str) -> bool:
        worker.consumer.add_task_queue("results")
        before.append(published(redis_client))
        return True

    worker.acts[START] = lambda _: worker.consumer.cancel_task_queue("pods") or True
    worker.acts[CREATE] = lambda _: worker.consumer.cancel_task_queue("results") or True
    worker.acts[POLL] = serve_results_again
    with worker.running():
        worker.start(ID)
        wait_until(lambda: redis_client.llen("pods"), or_fail=lambda: worker.events)
        worker.app.control.add_consumer("pods")
        wait_until(lambda: worker.has_ended(PERSIST), or_fail=lambda: worker.events)
    assert before == [published(redis_client)]


def test_a_worker_that_stops_ends_its_step_and_publishes_the_next(
    worker: OwnWorker, redis_client: redis.Redis
) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def lasts(_: str) -> bool:
        begun.set()
        return stopped.wait(60)

    worker.acts[CREATE] = lasts
    with worker.running():
        worker.start(ID)
        assert begun.wait(60)
        worker.stop()
        wait_until(lambda: not worker.consumer.task_consumer.consuming_from("monitor"))
        stopped.set()
    assert worker.has_ended(CREATE)
    assert worker.of(POLL) == []
    assert redis_client.llen("monitor") == 1


class TestNextChains:
    """The thread that releases a slot begins the chain of the execution that gets it."""

    OTHERS = (an_id(), an_id())

    @pytest.fixture(autouse=True)
    def release(self, worker: OwnWorker) -> None:
        """The end of the first execution gives a slot to each of the others."""

        def persist(execution_id: str) -> bool:
            for other in self.OTHERS if execution_id == ID else ():
                worker.start(other, State.ADMITTED, next_here=True)
            return False

        worker.acts[PERSIST] = persist

    def all_have_ended(self, worker: OwnWorker) -> bool:
        return len(worker.of(PERSIST)) == 3 * (1 + len(self.OTHERS))

    def test_one_is_begun_in_its_thread_and_one_is_published(
        self, worker: OwnWorker, redis_client: redis.Redis
    ) -> None:
        threads: dict[str, int] = {}
        worker.acts[POLL] = lambda id: bool(threads.setdefault(id, threading.get_ident()))
        with worker.running():
            worker.start(ID)
            wait_until(lambda: self.all_have_ended(worker), or_fail=lambda: worker.events)
        assert published(redis_client) == 2
        assert threads[self.OTHERS[0]] == threads[ID]

    def test_it_is_begun_after_the_step_has_ended(self, worker: OwnWorker) -> None:
        ended: list[bool] = []

        def note(execution_id: str) -> bool:
            if execution_id == self.OTHERS[0]:
                ended.append(worker.has_ended(PERSIST))
            return execution_id == ID

        worker.acts[START] = note
        with worker.running():
            worker.start(ID)
            wait_until(lambda: ended, or_fail=lambda: worker.events)
        assert ended == [True]

    def test_what_waits_for_a_thread_comes_first(
        self, worker: OwnWorker, redis_client: redis.Redis
    ) -> None:
        """The worker has two threads."""
        begun, released = threading.Event(), threading.Event()

        def lasts(_: str) -> bool:
            begun.set()
            return released.wait(60)

        worker.acts[ADMIT] = lambda id: id == ID or lasts(id)
        with worker.running():
            worker.start(an_id())
            assert begun.wait(60)
            worker.start(ID)
            wait_until(lambda: self.all_have_ended(worker), or_fail=lambda: worker.events)
            released.set()
        assert published(redis_client) == 2 + len(self.OTHERS)

    def test_a_worker_that_does_not_serve_its_queue_begins_none(
        self, worker: OwnWorker, redis_client: redis.Redis
    ) -> None:
        with worker.running("results"):
            worker.start(ID, State.FINISHED)
            wait_until(lambda: worker.has_ended(PERSIST), or_fail=lambda: worker.events)
        assert redis_client.llen("saga") == len(self.OTHERS)

    @pytest.mark.parametrize("pool", [APART, "solo"])
    def test_other_pools_begin_none(
        self, worker: OwnWorker, redis_client: redis.Redis, pool: str
    ) -> None:
        with worker.running("results", pool=pool):
            worker.start(ID, State.FINISHED)
            wait_until(lambda: worker.has_ended(PERSIST), or_fail=lambda: worker.events)
        assert redis_client.llen("saga") == len(self.OTHERS)

    def test_a_tick_begins_none(self, worker: OwnWorker, redis_client: redis.Redis) -> None:
        @worker.app.task(name=SWEEP, base=Tick, shared=False)
        def sweep() -> None:
            worker.start(ID, State.ADMITTED, next_here=True)

        with worker.running():
            worker.acts[START] = lambda _: False
            worker.app.send_task(SWEEP)
            wait_until(lambda: worker.has_ended(START), or_fail=lambda: worker.events)
        assert published(redis_client) == 2

    def test_only_steps_begin_one(self, worker: OwnWorker, redis_client: redis.Redis) -> None:
        with worker.running("results"):
            worker.start(ID, State.ADMITTED, next_here=True)
        assert redis_client.llen("saga") == 1


def test_a_revoked_step_ends_the_chain(worker: OwnWorker) -> None:
    def revoke(request: Any, **_: Any) -> None:
        if request.name == CREATE:
            state.revoked.add(request.id)

    task_received.connect(revoke)
    try:
        run(worker, last=CREATE)
    finally:
        task_received.disconnect(revoke)
        state.revoked.clear()
    assert [event["type"] for event in worker.of(CREATE)] == ["task-received", "task-revoked"]
    assert worker.of(POLL) == []


LINKS: dict[str, dict[str, Any]] = {
    "other arguments": {"args": [an_id()]},
    "more arguments": {"kwargs": {"a": 1}},
    "options": {"options": {"headers": {}, "expires": 3600}},
    "no options": {"options": None},
    "takes a result": {"immutable": False},
    "another task": {"task": CREATE},
}


@pytest.mark.parametrize("headers", [{}, {REQUEST_ID: "1"}], ids=["without", "with request"])
def test_a_link_is_recognised(headers: dict[str, str]) -> None:
    assert is_link(link(START, ID, headers), START, ID)


@pytest.mark.parametrize("changes", LINKS.values(), ids=LINKS)
def test_any_other_link_is_not(changes: dict[str, Any]) -> None:
    assert not is_link(link(START, ID, {}) | changes, START, ID)


def test_a_link_that_podline_did_not_write_is_published(
    worker: OwnWorker, redis_client: redis.Redis
) -> None:
    """The consumer that receives it judges it."""
    other = link(START, an_id(), {})
    message = step_message(worker.app, ADMIT, (ID,), [other], None)
    with worker.running(), worker.app.producer_or_acquire() as producer:
        headers = message.headers
        producer.publish(message.body, "admission", headers=headers, **message.properties)
        wait_until(lambda: worker.has_ended(START), or_fail=lambda: worker.events)
    assert published(redis_client) == 2


def test_a_pool_without_threads_of_ours_joins_nothing(
    worker: OwnWorker, redis_client: redis.Redis
) -> None:
    run(worker, pool="solo")
    assert published(redis_client) == len(CHAIN)


def test_a_step_knows_about_itself_what_a_published_one_knows(
    redis_url: str, redis_client: redis.Redis
) -> None:
    redis_client.flushall()
    both = []
    for pool in (None, APART):
        with requests() as seen:
            run(OwnWorker(redis_url), pool=pool)
        both.append(seen)
    assert both[0] == both[1]
