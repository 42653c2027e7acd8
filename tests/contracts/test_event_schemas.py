"""The schemas in docs/events/ are true of every event, and have no room for anything else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from app.domain.execution import (
    SECOND,
    TRANSITIONS,
    Change,
    Event,
    Execution,
    Outcome,
    State,
    accept,
    event_type,
)
from app.domain.submission import Priority
from app.infrastructure.cloudevents import CloudEvent, cloud_event, rfc3339
from tests.builders import NOW, a_submission, a_verdict, accepted, an_id

FOLDER = Path(__file__).parents[2] / "docs" / "events"
SCHEMAS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")
}
BELONGS_TO_THE_USER = {
    "source", "files", "content", "entrypoint", "stdin", "args", "env", "expected_output",
    "stdout", "stderr", "output", "frames",
}  # fmt: skip


def check(document: CloudEvent) -> None:
    """Raises ValidationError."""
    as_sent = json.loads(json.dumps(document))
    validator = Draft202012Validator(SCHEMAS[as_sent["type"]], format_checker=FormatChecker())
    validator.validate(as_sent)


@st.composite
def walks(draw: st.DrawFn) -> list[Event]:
    """The events of one execution, along transitions drawn from the table."""
    submission = a_submission(
        priority=draw(st.sampled_from(Priority)),
        labels=draw(st.dictionaries(LABELS, LABELS, max_size=16)),
    )
    execution, _, first = accepted(submission, owner=draw(st.text(min_size=1, max_size=40)))
    events = [first]
    while TRANSITIONS[execution.state] and len(events) < 30:
        state = draw(st.sampled_from(sorted(TRANSITIONS[execution.state])))
        change = draw(changes(execution, state))
        execution = change.after
        events.append(change.event)
    return events


LABELS = st.text(max_size=63)


@st.composite
def changes(draw: st.DrawFn, execution: Execution, state: State) -> Change:
    """One transition, with whatever facts come with it."""
    now = NOW + draw(st.integers(0, 10**12))
    match state:
        case State.ADMITTED:
            return execution.admit(now, now)
        case State.STARTING:
            return execution.start(now, now, now + 60 * SECOND)
        case State.RUNNING:
            return execution.run(now, now, now)
        case State.FINISHED:
            code, signal = draw(
                st.sampled_from([(0, None), (255, None), (None, "SIGKILL"), (None, None)])
            )
            outcome = draw(st.sampled_from(Outcome))
            return execution.finish(now, now, a_verdict(outcome, exit_code=code, signal=signal))
        case State.COMPLETED:
            return execution.complete(now, now)
        case State.QUEUED:
            return execution.requeue(now, now, draw(st.text()))
        case State.FAILED:
            return execution.fail(now, now, draw(st.text()))
        case State.CANCELLED:
            return execution.cancel(now, now)


@given(walks())
def test_every_event_along_every_walk(events: list[Event]) -> None:
    for event in events:
        check(cloud_event(event))


def test_a_retry_names_what_it_retries() -> None:
    original, submission, _ = accepted()
    _, event = accept(
        submission, id=an_id(), owner="ada", now=NOW, next_action_at=NOW, retry_of=original
    )
    check(cloud_event(event))


def test_one_schema_for_each_type() -> None:
    assert set(SCHEMAS) == {event_type(state) for state in State}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
class TestEachSchema:
    def test_is_a_schema(self, schema: dict[str, Any]) -> None:
        Draft202012Validator.check_schema(schema)

    def test_allows_nothing_that_it_does_not_name(self, schema: dict[str, Any]) -> None:
        for part in objects_in(schema):
            closed = part["additionalProperties"]
            assert closed is False or closed == {"type": "string", "maxLength": 63}

    def test_has_no_room_for_source_or_output(self, schema: dict[str, Any]) -> None:
        data = schema["properties"]["data"]
        names = {name for part in objects_in(data) for name in part.get("properties", ())}
        assert names.isdisjoint(BELONGS_TO_THE_USER)


def objects_in(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema and all below it that describe objects."""
    if schema.get("type") == "object":
        yield schema
        for inner in schema.get("properties", {}).values():
            yield from objects_in(inner)


def test_a_schema_refuses_output() -> None:
    _, _, event = accepted()
    document = cloud_event(event)
    document["data"]["stdout"] = "hello"
    with pytest.raises(ValidationError):
        check(document)


def test_time_has_all_its_microseconds() -> None:
    assert rfc3339(NOW) == "2026-01-02T02:54:05.678901Z"
    assert rfc3339(SECOND) == "1970-01-01T00:00:01.000000Z"
