"""The Pipeline port: chains of steps as Celery messages."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Final, cast

from celery import Celery
from kombu import Producer
from kombu.exceptions import LimitExceeded
from redis import Redis

from app.domain.chain import CHAIN_FROM
from app.domain.errors import BrokerUnavailable
from app.domain.execution import State, Time
from app.domain.hosts import is_of_hosts, pods_of, queue_at, queues_of
from app.infrastructure.breaker import PAUSE_SECONDS, Breaker
from app.infrastructure.celery.messages import PUBLISHED_AT, published_at
from app.infrastructure.celery.prepared import Ids, Prepared
from app.infrastructure.celery.steps import Step
from app.infrastructure.celery.transport import CONNECTION_ERRORS
from app.infrastructure.clock import now
from app.infrastructure.dependencies import REDIS
from app.infrastructure.raw_message import RawMessage, can_be_read, identity
from app.logs import request_about
from app.ports.pipeline import Queued

REPLAY: Final = "podline.replay.slice"
RELAY: Final = "podline.replay.relay"

SCANNED: Final = 1_000
"""Keys that one call of Redis looks at, in less than a millisecond."""
_KEPT_PROPERTIES: Final = ("correlation_id", "reply_to")
"""The properties that Celery sets. The transport creates the others again."""


class CeleryPipeline:
    """Publishes messages that contain only the execution's id."""

    def __init__(self, app: Celery, redis: Redis) -> None:
        """`redis` is a client of the application's broker."""
        self._app = app
        self._redis = redis
        self._breaker = Breaker()
        self._prepared = cache(
            lambda state, queue, **kind: Prepared.of(app, CHAIN_FROM[state], queue, **kind)
        )

    def start(
        self,
        execution_id: str,
        state: State,
        host: str | None = None,
        group: str | None = None,
        *,
        next_here: bool = False,
    ) -> None:
        """Publish `chain_from(state)`. Raises BrokerUnavailable.

        Publishing to Redis needs no declaration of the queue, so it is one command.
        """
        step = self._app.current_worker_task
        request_id = request_about(execution_id)
        message = self._prepared(
            state,
            queue_at(CHAIN_FROM[state][0], host, group),
            with_request=request_id is not None,
            in_task=bool(step),
        )
        ids = Ids(
            execution_id,
            request_id,
            root=(step.request.root_id or step.request.id) if step else None,
            parent=step.request.id if step else None,
        )
        item = message.filled(ids)
        if next_here and isinstance(step, Step) and step.begin_next(message.queue, item):
            return
        with self._reported():
            self._check_breaker()
            self._redis.lpush(message.queue, item)

    def forget_host(self, host: str) -> None:
        with self._reported():
            self._check_breaker()
            self._redis.delete(*queues_of(host))

    def forget_group(self, group: str) -> None:
        with self._reported():
            self._check_breaker()
            self._redis.delete(pods_of(group))

    def forget_others(self, living: Collection[str], before: Time) -> int:
        with self._reported():
            self._check_breaker()
            lists = self._redis.scan_iter(match="*.*", count=SCANNED, _type="list")
            others = {name for name in map(str, lists) if is_of_hosts(name)} - set(living)
        old = [
            name
            for name, each in self.queued(sorted(others)).items()
            if each.since is None or each.since < before
        ]
        if old:
            with self._reported():
                self._redis.delete(*old)
        return len(old)

    def queued(self, queues: Sequence[str]) -> Mapping[str, Queued]:
        """Celery's transport adds messages on the left of a list and takes them from the right."""
        with self._reported(), self._redis.pipeline(transaction=False) as all:
            self._check_breaker()
            for queue in queues:
                all.llen(queue)
                all.lindex(queue, -1)
            found = all.execute()
        counts, oldest = cast(list[int], found[::2]), cast(list[str | None], found[1::2])
        return {
            queue: Queued(count, _published_at(item))
            for queue, count, item in zip(queues, counts, oldest, strict=True)
        }

    def replay(self, replay_id: str) -> None:
        """Publish the next slice of a replay. Raises BrokerUnavailable."""
        with self._producer() as producer:
            self._app.send_task(REPLAY, args=(replay_id,), retry=False, producer=producer)

    def resend(self, queue: str, item: bytes) -> None:
        """Put a message back on its queue. Raises BrokerUnavailable, and ValueError if invalid."""
        message = RawMessage.parse(item)
        kept = {name: message.properties.get(name) for name in _KEPT_PROPERTIES}
        with self._producer() as producer:
            connection = producer.connection
            assert connection is not None, "the pool has just given it one"
            publish = connection.ensure(producer, producer.publish, max_retries=0)
            publish(
                message.body,
                routing_key=queue,
                exchange="",
                content_type=message.content_type,
                content_encoding=message.content_encoding,
                headers=message.headers | {PUBLISHED_AT: now()},
                **kept,
            )

    def can_resend(self, queue: str, item: bytes) -> bool:
        return can_be_read(queue, item)

    def identity(self, item: bytes) -> bytes:
        return identity(item)

    @contextmanager
    def _producer(self) -> Iterator[Producer]:
        """Yield a producer for one message.

        The breaker is checked after the producer is available, so that threads that waited for one
        while the broker hung don't each try again.
        """
        with (
            self._reported(),
            self._app.producer_pool.acquire(block=True, timeout=PAUSE_SECONDS) as producer,
        ):
            self._check_breaker()
            yield producer

    def _check_breaker(self) -> None:
        if not self._breaker.allows_call():
            raise REDIS.down(BrokerUnavailable("the broker did not answer the last request"))

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Tell the breaker what became of a message. Raises BrokerUnavailable."""
        try:
            yield
            self._breaker.succeeded()
            REDIS.up()
        except LimitExceeded as error:
            ours = BrokerUnavailable("no connection to the broker was free in time")
            raise REDIS.down(ours) from error
        except CONNECTION_ERRORS as error:
            self._breaker.failed()
            ours = BrokerUnavailable(f"the broker did not accept the message: {error}")
            raise REDIS.down(ours) from error


def _published_at(item: str | None) -> Time | None:
    """None for whatever is no message: a worker keeps it as poison when it takes it."""
    try:
        return published_at(json.loads(item)["headers"]) if item else None
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None
