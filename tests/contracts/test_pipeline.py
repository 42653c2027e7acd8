"""What every pipeline does with chains, slices and raw messages."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis

from app.domain.chain import CHAIN_FROM
from app.domain.errors import BrokerUnavailable
from app.domain.execution import SECOND, State
from app.domain.hosts import pods_of, queues_of
from app.infrastructure.celery.application import make_publisher
from app.infrastructure.celery.pipeline import REPLAY, CeleryPipeline
from app.infrastructure.clock import now
from app.infrastructure.memory.pipeline import MemoryPipeline
from app.infrastructure.redis.connection import connect as redis_at
from app.ports import Pipeline, Queued
from app.queues import QUEUES, queue_of
from tests.support.builders import a_message

Message = tuple[str, str]
"""The task that a message starts, and its argument."""


@dataclass(frozen=True, slots=True)
class Case:
    """A pipeline, and how to look into its queues."""

    pipeline: Pipeline
    unavailable: Pipeline
    published: Callable[[], list[Message]]
    resent: Callable[[str], list[bytes]]


def in_memory() -> Case:
    pipeline, unavailable = MemoryPipeline(), MemoryPipeline()
    unavailable.unavailable = True

    def published() -> list[Message]:
        chains = [(CHAIN_FROM[state][0], id) for id, state in iter(pipeline.take, None)]
        return chains + [(REPLAY, id) for id in iter(pipeline.take_replay, None)]

    def resent(queue: str) -> list[bytes]:
        return [item for to, item in pipeline.resent if to == queue]

    return Case(pipeline, unavailable, published, resent)


def celery_on_redis(redis_url: str, client: Redis, folder: Path) -> Case:
    def connect(url: str) -> Pipeline:
        app = make_publisher(url.replace("unix://", "redis+socket://"))
        return CeleryPipeline(app, redis_at(url))

    def items(queue: str) -> list[bytes]:
        return [str(item).encode() for item in client.lrange(queue, 0, -1)]

    def published() -> list[Message]:
        return [message(item) for queue in QUEUES for item in items(queue)]

    nobody = connect(f"unix://{folder}/nobody.sock")
    return Case(connect(redis_url), nobody, published, items)


def message(item: bytes) -> Message:
    raw = json.loads(item)
    (id,), *_ = json.loads(base64.b64decode(raw["body"]))
    return raw["headers"]["task"], id


@pytest.fixture(params=["memory", "celery"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    if request.param == "memory":
        return in_memory()
    url, client = map(request.getfixturevalue, ("redis_url", "redis_client"))
    return celery_on_redis(url, client, tmp_path)


@pytest.mark.parametrize("state", State)
def test_a_chain_begins_with_the_step_of_the_state(case: Case, state: State) -> None:
    case.pipeline.start("01J", state)
    assert case.published() == [(CHAIN_FROM[state][0], "01J")]


def test_what_waits_in_queues(case: Case) -> None:
    began = now()
    case.pipeline.start("01J", State.STARTING)
    case.pipeline.start("01K", State.STARTING)
    found = dict(case.pipeline.queued(["pods", "saga", "pods.python-3.11"]))
    pods = found.pop("pods")
    assert pods.count == 2
    assert pods.since is not None
    assert began <= pods.since <= now()
    assert found == {"saga": Queued(), "pods.python-3.11": Queued()}


def test_the_age_is_that_of_the_oldest(case: Case) -> None:
    case.pipeline.start("01J", State.STARTING)
    between = now()
    case.pipeline.start("01K", State.STARTING)
    since = case.pipeline.queued(["pods"])["pods"].since
    assert since is not None
    assert since <= between


@pytest.mark.parametrize("item", ["no message", "[]", '{"headers": {"published_at": "?"}}', "{}"])
def test_the_age_of_what_is_no_message_is_not_known(
    redis_url: str, redis_client: Redis, tmp_path: Path, item: str
) -> None:
    redis_client.lpush("pods", item)
    pipeline = celery_on_redis(redis_url, redis_client, tmp_path).pipeline
    assert pipeline.queued(["pods"]) == {"pods": Queued(1, None)}


def test_a_message_of_celery_or_sent_again_says_when(
    redis_url: str, redis_client: Redis, tmp_path: Path
) -> None:
    pipeline = celery_on_redis(redis_url, redis_client, tmp_path).pipeline
    began = now()
    pipeline.replay("01J")
    pipeline.resend("pods", a_message())
    for queued in pipeline.queued(["replay", "pods"]).values():
        assert queued.since is not None
        assert began <= queued.since <= now()


def test_a_slice_of_a_replay(case: Case) -> None:
    case.pipeline.replay("01J")
    assert case.published() == [(REPLAY, "01J")]
    assert queue_of(REPLAY) == "replay"


def test_a_message_is_sent_again_to_its_queue(case: Case) -> None:
    item = a_message(b"[[1], {}, {}]", task="podline.pods.newer", id="1")
    case.pipeline.resend("pods", item)
    (again,) = case.resent("pods")
    assert case.pipeline.identity(again) == case.pipeline.identity(item)


class TestQueuesOfHostsThatAreGone:
    def test_are_removed(self, case: Case) -> None:
        case.pipeline.start("01J", State.RUNNING, "alpha")
        case.pipeline.start("01K", State.COMPLETED, "beta")
        case.pipeline.start("01L", State.STARTING, group="c")
        case.pipeline.start("01M", State.STARTING, group="d")
        case.pipeline.start("01N", State.STARTING)
        living = [*queues_of("alpha"), pods_of("c")]
        after = now() + SECOND
        assert case.pipeline.forget_others(living, after) == 2
        assert case.pipeline.forget_others(living, after) == 0
        left = ["monitor.alpha", "results.beta", "pods.c", "pods.d", "pods"]
        counts = {name: each.count for name, each in case.pipeline.queued(left).items()}
        assert counts == dict(zip(left, [1, 0, 1, 0, 1], strict=True))

    def test_stay_while_they_are_new(self, case: Case) -> None:
        before = now()
        case.pipeline.start("01J", State.RUNNING, "alpha")
        case.pipeline.start("01K", State.RUNNING, "alpha")
        assert case.pipeline.forget_others([], before) == 0
        assert case.pipeline.queued(["monitor.alpha"])["monitor.alpha"].count == 2

    def test_are_only_queues(self, redis_url: str, redis_client: Redis, tmp_path: Path) -> None:
        redis_client.lpush("monitor.alpha", "no message")
        redis_client.lpush("others.alpha", "a list")
        redis_client.set("results.alpha", "no list")
        pipeline = celery_on_redis(redis_url, redis_client, tmp_path).pipeline
        assert pipeline.forget_others([], now()) == 1
        assert redis_client.exists("others.alpha", "results.alpha") == 2


def test_without_a_broker(case: Case) -> None:
    with pytest.raises(BrokerUnavailable):
        case.unavailable.start("01J", State.QUEUED)
    with pytest.raises(BrokerUnavailable):
        case.unavailable.replay("01J")
    with pytest.raises(BrokerUnavailable):
        case.unavailable.queued(["pods"])
    with pytest.raises(BrokerUnavailable):
        case.unavailable.forget_others([], now())
    with pytest.raises(BrokerUnavailable):
        case.unavailable.resend("pods", a_message())


def test_messages_are_told_apart_by_task_and_arguments(case: Case) -> None:
    identity = case.pipeline.identity
    first = a_message(b"[[1], {}, {}]", task="one", id="1")
    assert identity(first) == identity(a_message(b"[[1], {}, {}]", task="one", id="2"))
    assert identity(first) != identity(a_message(b"[[2], {}, {}]", task="one", id="1"))
    assert identity(first) != identity(a_message(b"[[1], {}, {}]", task="two", id="1"))
    assert identity(b"no message") != identity(b"another")


@pytest.mark.parametrize(
    ("queue", "item", "readable"),
    [
        ("pods", a_message(), True),
        ("pods", a_message(task="podline.pods.newer"), True),
        ("nobody", a_message(), False),
        ("pods", b"no JSON", False),
        ("pods", b"[" * 15_000, False),
        ("pods", a_message(b"no JSON"), False),
        ("pods", a_message(b"[" * 5_000), False),
        ("pods", a_message(content_type="application/x-python-serialize"), False),
        ("pods", a_message().replace(b'"base64"', b'"rot13"'), False),
    ],
    ids=["right", "newer", "queue", "no JSON", "too deep", "body", "deep body", "type", "encoding"],
)
def test_only_what_a_worker_may_read_can_be_sent_again(
    case: Case, queue: str, item: bytes, readable: bool
) -> None:
    assert case.pipeline.can_resend(queue, item) is readable
