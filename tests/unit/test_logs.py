"""Log lines in text and JSON."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from app import logs

ULID = "01JD0000000000000000000000"


@pytest.fixture(autouse=True)
def about_nothing() -> Iterator[None]:
    logs.begin()
    yield
    logs.begin()


def a_record(message: str = "it took %d ms", *args: object, **more: Any) -> logging.LogRecord:
    record = logging.LogRecord("app.api", logging.WARNING, "x.py", 1, message, args or (3,), None)
    vars(record).update({"created": 1767323045.678901, **more})
    return record


def as_json(record: logging.LogRecord) -> dict[str, object]:
    text = logs.JsonFormatter().format(record)
    assert "\n" not in text
    line: dict[str, object] = json.loads(text)
    return line


def test_json_has_the_ids_and_the_fields() -> None:
    logs.begin("a-request", ULID)
    assert as_json(a_record(fields={"status": 202})) == {
        "time": "2026-01-02T03:04:05.678901Z",
        "level": "warning",
        "logger": "app.api",
        "message": "it took 3 ms",
        "request_id": "a-request",
        "execution_id": ULID,
        "status": 202,
    }


def test_text_has_the_ids_too() -> None:
    logs.begin("a-request", ULID)
    assert logs.TextFormatter().format(a_record()) == (
        "2026-01-02T03:04:05.678901Z WARNING app.api: it took 3 ms"
        f" request_id=a-request execution_id={ULID}"
    )


def test_an_error_is_one_line_of_json_with_its_traceback() -> None:
    try:
        raise ValueError("of a pod")
    except ValueError:
        line = as_json(a_record(exc_info=sys.exc_info()))
    assert str(line["exception"]).endswith("ValueError: of a pod")


@pytest.mark.parametrize("text", ["", "x\ny", "01J/..", "a" * 26, "A" * 27, "01J\n", 7, None])
def test_what_is_no_id_never_gets_into_a_line(text: object) -> None:
    logs.begin("a-request", text)
    assert "execution_id" not in as_json(a_record())


def test_a_request_is_named_for_its_own_execution_alone() -> None:
    logs.begin("a-request")
    assert logs.request_about(ULID) == "a-request", "nothing was submitted yet"
    logs.about_execution(ULID)
    assert logs.request_about(ULID) == "a-request"
    assert logs.request_about("01JD0000000000000000000001") is None, "it got the slot of this one"
