"""Log lines in text and JSON."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import logs
from sandbox.logs import JsonFormatter, TextFormatter, logfmt, set_about
from tests.support.log_lines import ALWAYS, entries, fields_of

ULID = "01JD0000000000000000000000"
AN_ERROR = "Traceback (most recent call last):\n  File"


@pytest.fixture(autouse=True)
def about_nothing() -> Iterator[None]:
    logs.begin()
    yield
    logs.begin()


def a_record(message: str = "it took %d ms", *args: object, **more: Any) -> logging.LogRecord:
    record = logging.LogRecord("app.api", logging.WARNING, "x.py", 1, message, args or (3,), None)
    vars(record).update({"created": 1767323045.678901, **more})
    return record


def a_failure(message: str) -> logging.LogRecord:
    try:
        raise ValueError(message)
    except ValueError:
        return a_record(exc_info=sys.exc_info())


def as_json(record: logging.LogRecord) -> dict[str, object]:
    text = JsonFormatter("api").format(record)
    assert "\n" not in text
    line: dict[str, object] = json.loads(text)
    return line


def as_text(record: logging.LogRecord) -> str:
    return TextFormatter("api").format(record)


def test_json_has_the_ids_and_the_fields() -> None:
    logs.begin("a-request", ULID)
    assert as_json(a_record(fields={"status": 202})) == {
        "time": "2026-01-02T03:04:05.678901Z",
        "level": "warning",
        "role": "api",
        "logger": "app.api",
        "message": "it took 3 ms",
        "request_id": "a-request",
        "execution_id": ULID,
        "status": 202,
    }


def test_text_has_the_same_keys_in_one_line_of_logfmt() -> None:
    logs.begin("a-request", ULID)
    record = a_record(fields={"status": 202})
    assert as_text(record) == (
        "time=2026-01-02T03:04:05.678901Z level=warning role=api logger=app.api"
        f' message="it took 3 ms" request_id=a-request execution_id={ULID} status=202'
    )
    assert list(fields_of(as_text(record))) == list(as_json(record))
    assert list(as_json(record))[: len(ALWAYS)] == ALWAYS


def test_the_role_of_a_task_replaces_that_of_the_process() -> None:
    logs.begin("a-request", role="saga")
    assert as_json(a_record())["role"] == "saga"
    assert list(as_json(a_record()))[: len(ALWAYS)] == ALWAYS
    logs.begin("a-request")
    assert as_json(a_record())["role"] == "api"


def test_whatever_work_is_about_is_in_its_lines() -> None:
    set_about({"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"})
    logs.about_execution(ULID)
    line = fields_of(as_text(a_record()))
    assert (line["trace_id"], line["execution_id"]) == ("4bf92f3577b34da6a3ce929d0e0e4736", ULID)


def test_an_error_is_one_line_of_json_with_its_traceback() -> None:
    line = as_json(a_failure("of a pod"))
    assert line["error"] == "ValueError: of a pod"
    assert str(line["exception"]).startswith(AN_ERROR)


def test_the_traceback_of_text_follows_in_lines_that_begin_with_spaces() -> None:
    first, *rest = as_text(a_failure("of\na \x1b[2J pod")).split("\n")
    assert fields_of(first)["error"] == "ValueError: of\na \x1b[2J pod"
    assert rest[0] == "  Traceback (most recent call last):"
    assert rest[-2:] == ["  ValueError: of", r"  a \u001b[2J pod"]
    assert all(line.startswith("  ") for line in rest)


@given(st.dictionaries(st.sampled_from(["message", "name", "error"]), st.text(), min_size=1))
def test_any_text_is_one_line_and_can_be_read_again(fields: dict[str, str]) -> None:
    """Nobody can make up a line, or what a terminal obeys."""
    line = logfmt(fields)
    assert line.isprintable()
    assert entries(line) == [fields]


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


def test_what_nobody_catches_is_logged_and_ends_the_process() -> None:
    program = """
import threading
from app import logs

class Dies:
    def __del__(self):
        raise ValueError("in a destructor")

def fail():
    raise ValueError("in a thread")

logs.configure("text", "info", "api")
thread = threading.Thread(target=fail, name="a-thread")
thread.start()
thread.join()
Dies()
raise ValueError("at last")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    lines = [(line["level"], line["role"], line["error"]) for line in entries(ended.stderr)]
    assert lines == [
        ("error", "api", "ValueError: in a thread"),
        ("error", "api", "ValueError: in a destructor"),
        ("critical", "api", "ValueError: at last"),
    ]
    assert (ended.returncode, ended.stdout) == (1, "")


def test_at_debug_libraries_do_not_quote_what_they_send() -> None:
    program = """
import logging
from app import logs
logs.configure("text", "debug", "api")
for name in ("pymongo.command", "kubernetes.client.rest", "mcp.server", "apply"):
    logging.getLogger(name).debug("print('a program')")
    logging.getLogger(name).info("connected")
for name in ("app.service", "celery.pool", "sandbox", "tasks.saga", "__main__"):
    logging.getLogger(name).debug("a step")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert [line["message"] for line in entries(ended.stderr)] == 4 * ["connected"] + 5 * ["a step"]


def test_a_process_that_cannot_start_says_so_in_its_last_line() -> None:
    program = "from app import logs; logs.configure_early('api'); logs.exit_with('port in use')"
    environment = os.environ | {"PODLINE_LOG_FORMAT": "json"}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    line = json.loads(ended.stderr)
    assert (line["level"], line["message"], ended.returncode) == ("critical", "port in use", 1)
