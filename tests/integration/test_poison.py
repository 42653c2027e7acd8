"""Every kind of bad message becomes one dead letter, and the real worker continues."""

import base64
import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

from app.domain.dead_letter import DeadLetter, DeadLetterKind
from app.service.dead_letters import PAYLOAD_BYTES
from tests.integration.conftest import Service
from tests.support.builders import a_message, an_id
from tests.support.waiting import wait_until


def task_headers(task: str) -> dict[str, Any]:
    return {"task": task, "id": str(uuid.uuid4()), "lang": "py"}


def letters(service: Service) -> list[DeadLetter]:
    return service.store.dead_letters.page(None, None, None, 100)


ID: Final = an_id()
GOOD_BODY: Final = json.dumps([[ID], {}, {}]).encode()


NOT_TASKS: Final = {
    a_message(GOOD_BODY, **task_headers("podline.pods.unheard_of")): "KeyError",
    a_message(GOOD_BODY, no="task"): "",
    a_message(b"not json at all", **task_headers("podline.pods.create")): "DecodeError",
    a_message(GOOD_BODY, content_type="application/x-unheard-of", task="x", id="y"): "",
}
"""Each message, and what its error names."""


def test_messages_that_are_no_tasks_are_kept(service: Service) -> None:
    with service.worker("pods"):
        service.redis.lpush("pods", *NOT_TASKS)
        wait_until(
            lambda: len(letters(service)) == len(NOT_TASKS),
            or_fail=service.log_path("one").read_text,
        )
    kept = {base64.b64decode(letter.payload or ""): letter for letter in letters(service)}
    assert kept.keys() == NOT_TASKS.keys()
    for item, letter in kept.items():
        assert letter.kind is DeadLetterKind.POISON
        assert letter.origin == "queue:pods"
        assert NOT_TASKS[item] in letter.error


BODIES: Final[list[list[Any]]] = [
    [[], {}, {}],
    [[ID, "one too many"], {}, {}],
    [[ID], {"execution_id": ID}, {}],
    [[], {"execution_id": ID}, {}],
    [[ID], {"unknown": 1}, {}],
    [[None], {}, {}],
    [[1], {}, {}],
    [[True], {}, {}],
    [[1.5], {}, {}],
    [[[ID]], {}, {}],
    [[{"id": ID}], {}, {}],
    [[""], {}, {}],
    [["01J"], {}, {}],
    [[ID.lower()], {}, {}],
    [[f"{ID}\n"], {}, {}],
    [[f"{ID}\0"], {}, {}],
    [["\ud800" * 26], {}, {}],
    [["0" * 1024 * 1024], {}, {}],
]
"""Not one of which has an id, and nothing else, as its arguments."""

WRONG_ARGUMENTS: Final = [
    *(("podline.pods.create", body) for body in BODIES),
    *(("podline.replay.slice", body) for body in BODIES),
    ("podline.dlq.process", [[ID], {}, {}]),
    ("podline.dlq.process", [[], {"x": 1}, {}]),
    ("celery.map", [["podline.pods.create", [ID]], {}, {}]),
    ("podline.pods.create", [[ID], {}, {"chain": [5]}]),
    ("podline.pods.create", [[ID], {}, {"chain": "podline.pods.create"}]),
]


def test_wrong_arguments_are_poison_and_kept(service: Service) -> None:
    items = [
        a_message(json.dumps(body).encode(), **task_headers(task)) for task, body in WRONG_ARGUMENTS
    ]
    with service.worker("pods") as worker:
        service.redis.lpush("pods", *items)
        wait_until(lambda: len(letters(service)) == len(items), or_fail=lambda: letters(service))
        assert worker.poll() is None
        service.redis.lpush("pods", a_message(GOOD_BODY, **task_headers("podline.pods.create")))
        wait_until(lambda: service.redis.llen("pods") == 0)
    assert {letter.kind for letter in letters(service)} == {DeadLetterKind.POISON}
    kept = {base64.b64decode(letter.payload or "") for letter in letters(service)}
    assert kept == {item[: PAYLOAD_BYTES + 1] for item in items}
    assert all(ID not in letter.error and len(letter.error) < 200 for letter in letters(service))
    log = service.log_path("one").read_text()
    assert "Traceback" not in log
    assert "0" * 1000 not in log


def with_property(name: str, value: Any) -> bytes:
    message = json.loads(a_message())
    message["properties"][name] = value
    return json.dumps(message).encode()


NO_TASKS: Final = [
    b"no JSON",
    b"[1, 2]",
    b'{"body": 1}',
    b"\xff\xfe",
    b"[" * 15_000,
    b'{"__type__": "uuid", "__value__": {}}',
    with_property("body_encoding", "rot13"),
    with_property("delivery_tag", ["no", "tag"]),
    a_message(b"[" * 5_000),
    a_message(b'"abc"', task="podline.pods.create", id="1"),
    a_message(b"[5, {}, {}]", task="podline.pods.create", id="1"),
    a_message(b'[["x"], {}, 5]', task="podline.pods.create", id="1"),
    a_message(b"1", compression="application/x-bz2"),
    a_message(b"2", task=["no", "name"], id="1"),
    a_message(b"3", task="podline.pods.create"),
    a_message(b"4", task="podline.pods.create", id="1", expires="never"),
    a_message(b"5", task="podline.pods.\ud800", id="1"),
]
COPIES: Final = 5
"""More than the worker takes at once: none may count as under way."""


def test_items_that_are_no_task_are_kept_and_the_worker_continues(service: Service) -> None:
    with service.worker("pods") as worker:
        service.redis.lpush("pods", *(NO_TASKS * COPIES))
        wait_until(
            lambda: sum(letter.attempts for letter in letters(service)) == COPIES * len(NO_TASKS)
        )
        kept = {base64.b64decode(letter.payload or "") for letter in letters(service)}
        assert kept == set(NO_TASKS)
        assert {letter.attempts for letter in letters(service)} == {COPIES}
        assert {letter.origin for letter in letters(service)} == {"queue:pods"}
        assert worker.poll() is None
        service.redis.lpush("pods", a_message(**task_headers("podline.pods.unheard_of")))
        wait_until(lambda: len(letters(service)) == len(NO_TASKS) + 1)


def test_poison_is_parked_in_redis_while_the_database_is_unavailable(service: Service) -> None:
    with service.worker("pods"), database_unavailable(service):
        service.redis.lpush("pods", a_message(**task_headers("podline.pods.unheard_of")))
        wait_until(lambda: service.parking.unpark(1))
    (parked,) = service.parking.unpark(10)
    assert parked.kind is DeadLetterKind.POISON


@contextmanager
def database_unavailable(service: Service) -> Iterator[None]:
    """Another process holds the write lock."""
    service.store.ping()
    with closing(sqlite3.connect(service.folder / "podline.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.rollback()
