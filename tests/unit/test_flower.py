"""What Flower shows of tasks, given what workers send. Nothing runs."""

import gc
import json
from itertools import count
from typing import Any, Final

import pytest

from app.infrastructure.celery.flower import LOST, SILENT_SECONDS, StepsState
from app.queues import QUEUES, ROLES

EXECUTION: Final = "01KB8ZK3V5T9QW2N7X4RJ6M0CD"
WORKER: Final = "podline@one"
STEPS: Final = (
    *("podline.admission.admit", "podline.saga.start", "podline.pods.create"),
    *("podline.monitor.poll", "podline.results.persist"),
)
EVENTS_EACH: Final = 3 * len(STEPS)
"""Of each execution."""


class Feed:
    """A state, and the events that workers send to it."""

    def __init__(self, tasks: int = 100) -> None:
        self.state = StepsState(max_tasks_in_memory=tasks)
        self.now = 1_700_000_000.0
        self._clock = count(1)

    def send(self, kind: str, worker: str = WORKER, **fields: Any) -> None:
        """As it arrives: parsed from JSON."""
        event = {
            "type": kind,
            "hostname": worker,
            "timestamp": self.now,
            "clock": next(self._clock),
            "utcoffset": 0,
            "pid": 1,
            "local_received": self.now,
            **fields,
        }
        self.state.event(json.loads(json.dumps(event)))

    def receive(self, uuid: str, name: str = STEPS[2], args: str = f"('{EXECUTION}',)") -> None:
        self.send("task-received", uuid=uuid, name=name, args=args, kwargs="{}", root_id=uuid)

    def start(self, uuid: str, queue: str = "pods", **fields: Any) -> None:
        self.receive(uuid, **fields)
        self.send("task-started", uuid=uuid, queue=queue)

    def succeed(self, uuid: str) -> None:
        self.send("task-succeeded", uuid=uuid, result="None", runtime=0.001)

    def beat(self, processed: int, kind: str = "worker-heartbeat", worker: str = WORKER) -> None:
        self.send(kind, worker, processed=processed, active=0, freq=2.0)

    def shown(self, uuid: str) -> dict[str, Any]:
        found: dict[str, Any] = self.state.tasks[uuid].as_dict()
        return found

    def run(self, executions: int) -> None:
        for number in range(executions):
            for name in STEPS:
                self.start(f"{number}-{name}", name=name)
                self.succeed(f"{number}-{name}")


@pytest.fixture
def feed() -> Feed:
    feed = Feed()
    feed.beat(0, "worker-online")
    return feed


@pytest.mark.parametrize("args", [f"('{EXECUTION}',)", f"['{EXECUTION}']"])
def test_a_step_has_its_execution_role_and_queue(feed: Feed, args: str) -> None:
    """Celery represents the arguments of a chain's first task in another way than of others."""
    feed.start("a", queue="monitor.host-1", name="podline.monitor.poll", args=args)
    shown = feed.shown("a")
    assert shown["execution"] == EXECUTION
    assert shown["role"] == "pod monitor"
    assert shown["queue"] == "monitor.host-1"


@pytest.mark.parametrize("queue", QUEUES)
def test_every_queue_has_a_role(feed: Feed, queue: str) -> None:
    feed.receive("a", name=f"podline.{queue}.step")
    assert feed.shown("a")["role"] == ROLES[queue]


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("podline.replay.run", f"('{EXECUTION}',)"),
        ("podline.pods.create", "()"),
        ("podline.pods.create", "('something', 'else')"),
        ("celery.chord", f"('{EXECUTION}',)"),
        ("", f"('{EXECUTION}',)"),
    ],
)
def test_what_is_no_step_of_an_execution_has_none(feed: Feed, name: str, args: str) -> None:
    feed.receive("a", name=name, args=args)
    assert feed.shown("a")["execution"] is None


def test_an_event_that_came_alone_can_be_shown(feed: Feed) -> None:
    """Flower was started after the worker had received the task."""
    feed.send("task-succeeded", uuid="a", result="None", runtime=0.1)
    shown = feed.shown("a")
    assert (shown["execution"], shown["role"], shown["queue"]) == (None, None, None)


@pytest.mark.parametrize("processed", [0, 1])
def test_tasks_of_a_worker_that_was_replaced_have_failed(feed: Feed, processed: int) -> None:
    """The new one has the same name, and in a container the same pid."""
    feed.receive("received")
    feed.start("started")
    feed.start("done")
    feed.succeed("done")
    feed.beat(2)
    feed.beat(0, "worker-online") if processed == 0 else feed.beat(processed)
    feed.start("later")
    assert {id: feed.shown(id)["state"] for id in ("received", "started", "done", "later")} == {
        "received": "FAILURE",
        "started": "FAILURE",
        "done": "SUCCESS",
        "later": "STARTED",
    }
    assert feed.shown("started")["exception"] == LOST
    assert feed.shown("done")["exception"] is None


def test_a_worker_that_was_killed_in_its_first_task(feed: Feed) -> None:
    feed.start("a")
    feed.beat(0, "worker-online")
    assert feed.shown("a")["state"] == "FAILURE"


def test_a_worker_that_connects_again_keeps_its_tasks(feed: Feed) -> None:
    feed.beat(6)
    feed.start("a")
    feed.beat(7, "worker-online")
    assert feed.shown("a")["state"] == "STARTED"


@pytest.mark.parametrize("last", ["worker-heartbeat", "worker-offline"])
def test_tasks_of_a_silent_worker_have_failed(feed: Feed, last: str) -> None:
    feed.start("a")
    feed.send("worker-online", "podline@two", processed=0)
    feed.send("task-received", "podline@two", uuid="b", name=STEPS[0], args="()", kwargs="{}")
    feed.beat(1, last)
    feed.now += SILENT_SECONDS
    feed.beat(1, worker="podline@two")
    feed.state.look(feed.now)
    assert feed.shown("a")["state"] == "STARTED"
    feed.state.look(feed.now + 1)
    assert feed.shown("a")["state"] == "FAILURE"
    assert feed.now + 1 not in feed.state.workers[WORKER].heartbeats
    assert feed.shown("b")["state"] == "RECEIVED"


def test_a_task_counts_as_a_sign_of_life(feed: Feed) -> None:
    feed.start("a")
    feed.now += SILENT_SECONDS
    feed.start("b")
    feed.state.look(feed.now + SILENT_SECONDS)
    assert feed.shown("a")["state"] == "STARTED"


def test_a_task_that_was_believed_lost_may_succeed(feed: Feed) -> None:
    """Redis was unavailable, and the worker's events came late."""
    feed.start("a")
    feed.state.look(feed.now + 2 * SILENT_SECONDS)
    feed.succeed("a")
    assert feed.shown("a")["state"] == "SUCCESS"


def test_what_failed_is_found_by_its_state(feed: Feed) -> None:
    feed.start("a")
    feed.beat(0, "worker-online")
    page = feed.state.search_engine.search(feed.state.tasks, state="FAILURE")
    assert page.task_ids == ["a"]


@pytest.mark.parametrize("events", [9_000, pytest.param(50_000, marks=pytest.mark.long)])
def test_memory_has_a_bound(events: int) -> None:
    """By then, each task that is kept has replaced others."""
    feed = Feed(tasks=500)
    feed.run(200)
    before = _objects()
    feed.run(events // EVENTS_EACH - 200)
    assert len(feed.state.tasks) == 500
    assert len(feed.state.search_engine.documents) == 500
    assert _objects() < before * 1.02


def _objects() -> int:
    gc.collect()
    return len(gc.get_objects())
