"""What is logged about a dependency that is down."""

import logging
from dataclasses import dataclass

import pytest
import redis
from celery.beat import SchedulingError
from kombu.exceptions import OperationalError

from app import logs
from app.domain.errors import CoordinationUnavailable, EventLogUnavailable, StoreUnavailable
from app.infrastructure.celery.logs import watch_broker
from app.infrastructure.dependencies import REDIS, STEADY_SECONDS, Dependency


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Dependency:
    return Dependency("redis", "Redis", clock)


def fails(dependency: Dependency, why: str = "refused") -> CoordinationUnavailable:
    return dependency.down(CoordinationUnavailable(why))


def test_a_line_at_once_then_one_a_minute_and_one_at_the_end(
    server: Dependency, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(1300):  # ten a second, for 130 s
        fails(server)
        clock.now += 0.1
    clock.now += STEADY_SECONDS
    for _ in range(3):
        server.up()
    assert caplog.messages == [
        "Redis is unavailable: refused",
        "Redis is still unavailable, for 60 s: refused",
        "Redis is still unavailable, for 120 s: refused",
        "Redis is available again, after 135 s",
    ]
    assert {record.levelname for record in caplog.records} == {"WARNING"}
    assert {getattr(record, logs.FIELDS)["dependency"] for record in caplog.records} == {"redis"}


def test_it_is_down_as_long_as_some_calls_fail(
    server: Dependency, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk can be read: otherwise, each failure would be followed by a recovery."""
    for _ in range(100):
        fails(server, "full")
        server.up()
        clock.now += 1
        server.up()
    assert caplog.messages == [
        "Redis is unavailable: full",
        "Redis is still unavailable, for 60 s: full",
    ]


def test_short_failures_are_two_lines_a_minute(
    server: Dependency, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        fails(server)
        clock.now += STEADY_SECONDS
        server.up()
    assert caplog.messages == [
        "Redis is unavailable: refused",
        "Redis is available again, after 5 s",
    ]
    clock.now += 60
    fails(server)
    assert caplog.messages[-1] == "Redis is unavailable: refused"


def test_its_end_says_for_how_long_nobody_looked(
    server: Dependency, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """An API process that gets few requests may not need the event log for hours."""
    fails(server)
    clock.now += 2
    fails(server)
    clock.now += 1400
    server.up()
    expected = "Redis is available again, after 1402 s (not used for the last 1400 s)"
    assert caplog.messages[-1] == expected


def test_a_new_connection_ends_it_at_once(
    server: Dependency, caplog: pytest.LogCaptureFixture
) -> None:
    assert not server.connected()
    fails(server)
    assert server.connected()
    assert caplog.messages[-1] == "Redis is available again, after 0 s"


def is_news(message: str, *said: object, raised: Exception | None = None) -> bool:
    found = logging.makeLogRecord({"msg": message, "args": said or None})
    if raised:
        found.exc_info = (type(raised), raised, None)
    return logs.is_news(found)


def test_what_follows_from_a_reported_failure_is_left_out(server: Dependency) -> None:
    error = fails(server)
    assert not is_news("podline.pods.create of X is left to the sweep: %s", error)
    assert not is_news("the task failed", raised=error)
    following = EventLogUnavailable("because of it")
    following.__cause__ = error
    assert not is_news("not relayed: %s", following)
    assert is_news("podline.pods.create of %s ended", "X")


def test_what_nobody_reported_is_logged() -> None:
    assert is_news("podline.pods.create of X is left to the sweep: %s", StoreUnavailable("x"))
    assert is_news("a bug", raised=ValueError("x"))


def test_at_debug_nothing_is_left_out(server: Dependency, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert is_news("left to the sweep: %s", fails(server))


@pytest.mark.parametrize(
    ("logger", "message", "error"),
    [
        ("flower.events", "Failed to capture events: '%s'", redis.ConnectionError("refused")),
        ("celery.beat", "beat: Connection error: %s", OSError("refused")),
        ("celery.worker.consumer.consumer", "Cannot connect: %s", OperationalError("refused")),
    ],
)
def test_the_lines_of_celery_and_flower_about_the_broker_are_replaced(
    logger: str,
    message: str,
    error: Exception,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("_down_since", "_logged_at"):
        monkeypatch.setattr(REDIS, name, None)
    watch_broker()
    caplog.set_level(logging.INFO)
    try:
        raise SchedulingError("it can't be sent")
    except SchedulingError as wrapped:
        wrapped.__context__ = error
        logging.getLogger(logger).error(message, error, exc_info=True)
        logging.getLogger(logger).error(message, wrapped)
    logging.getLogger(logger).info("Connected to %s", "redis://")
    shown = [record.getMessage() for record in caplog.records if logs.is_news(record)]
    assert shown == ["Redis is unavailable: refused", "Redis is available again, after 0 s"]
