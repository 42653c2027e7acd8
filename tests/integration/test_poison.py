"""Every kind of bad message, to a real worker: each becomes one dead letter, and work goes on."""

import base64
import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from app.domain.records import DeadLetter, DeadLetterKind
from tests.integration.conftest import Service
from tests.waiting import wait_until


def publish(service: Service, queue: str, body: bytes, **headers: Any) -> None:
    """A message as kombu's Redis transport lays it in the queue's list."""
    message = {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "utf-8",
        "content-type": headers.pop("content_type", "application/json"),
        "headers": headers,
        "properties": {
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
            "delivery_info": {"exchange": "", "routing_key": queue},
        },
    }
    service.redis.lpush(queue, json.dumps(message))


def task_headers(task: str) -> dict[str, Any]:
    return {"task": task, "id": str(uuid.uuid4()), "lang": "py"}


def letters(service: Service) -> list[DeadLetter]:
    return service.store.list_dead_letters(None, None, None, 100)


GOOD_BODY = json.dumps([["01J"], {}, {}]).encode()


@pytest.mark.parametrize(
    ("body", "headers", "error"),
    [
        (GOOD_BODY, task_headers("podline.pods.unheard_of"), "KeyError"),
        (GOOD_BODY, {"no": "task"}, ""),
        (b"not json at all", task_headers("podline.pods.create"), "DecodeError"),
        (GOOD_BODY, {"content_type": "application/x-unheard-of", "task": "x", "id": "y"}, ""),
    ],
    ids=["unknown task", "not task-shaped", "undecodable", "unknown content type"],
)
def test_a_message_that_is_no_task_is_kept(
    service: Service, body: bytes, headers: dict[str, Any], error: str
) -> None:
    with service.worker("pods"):
        publish(service, "pods", body, **headers)
        wait_until(lambda: letters(service))
    (letter,) = letters(service)
    assert letter.kind is DeadLetterKind.POISON
    assert letter.origin == "queue:pods"
    assert base64.b64decode(letter.payload or "") == body
    assert error in letter.error


def test_wrong_arguments_are_a_task_error(service: Service) -> None:
    with service.worker("pods"):
        body = json.dumps([["01J", "one too many"], {}, {}]).encode()
        publish(service, "pods", body, **task_headers("podline.pods.create"))
        wait_until(lambda: letters(service))
    (letter,) = letters(service)
    assert letter.kind is DeadLetterKind.TASK_ERROR
    assert letter.id == "task_error.podline.pods.create.01J"
    assert "TypeError" in letter.error


@pytest.mark.parametrize("item", [b"no JSON", b"[1, 2]", b'{"body": 1}', b"\xff\xfe"])
def test_an_item_that_is_no_message_is_kept_and_the_worker_goes_on(
    service: Service, item: bytes
) -> None:
    with service.worker("pods") as worker:
        service.redis.lpush("pods", item)
        wait_until(lambda: len(letters(service)) == 1)
        publish(service, "pods", GOOD_BODY, **task_headers("podline.pods.unheard_of"))
        wait_until(lambda: len(letters(service)) == 2)
        assert worker.poll() is None


def test_with_the_database_away_poison_is_parked_in_redis(service: Service) -> None:
    with service.worker("pods"), database_away(service):
        publish(service, "pods", GOOD_BODY, **task_headers("podline.pods.unheard_of"))
        wait_until(lambda: service.parking.unpark(1))
    (parked,) = service.parking.unpark(10)
    assert parked.kind is DeadLetterKind.POISON


@contextmanager
def database_away(service: Service) -> Iterator[None]:
    """Another process holds the write lock."""
    service.store.ping()
    with closing(sqlite3.connect(service.folder / "podline.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.rollback()
