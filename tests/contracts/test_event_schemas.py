"""The schemas in docs/events/ accept every event, and nothing else."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from app.domain.api_key import ApiKey, Role
from app.domain.audit import AUDIT_EVENT, Actor, Details, begun, outcome_of
from app.domain.execution import SECOND, Event, Execution, State, accept, event_type
from app.infrastructure.cloudevents import CloudEvent, cloud_event, rfc3339
from tests.support.builders import NOW, accepted, an_id
from tests.support.walks import walks

AN_ADMIN = ApiKey(id="k", name="root", role=Role.ADMIN, secret_hash="", created_at=NOW)
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


@given(walks())
def test_every_event_along_every_walk(walk: list[tuple[Execution, Event]]) -> None:
    for _, event in walk:
        check(cloud_event(event))


def test_every_record_of_the_audit_log() -> None:
    for key, status in ((AN_ADMIN, None), (AN_ADMIN, 201), (None, 404), (AN_ADMIN, 503)):
        actor = Actor(key=key, address="192.0.2.1", forwarded_for="x\n" * 200)
        target: Details = {"key_id": "k" * 300, "max_unfinished": 5, "dry_run": True, "door": None}
        record = begun(an_id(), NOW, actor, "POST /api/v1/keys", target, "a-request")
        if status is not None:
            record = replace(record, outcome=outcome_of(status), status=status)
        check(cloud_event(record.event))


def test_a_retry_names_what_it_retries() -> None:
    original, submission, _ = accepted()
    _, event = accept(
        submission, id=an_id(), owner="ada", now=NOW, next_action_at=NOW, retry_of=original
    )
    check(cloud_event(event))


def test_one_schema_for_each_type() -> None:
    assert set(SCHEMAS) == {*(event_type(state) for state in State), AUDIT_EVENT}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
class TestEachSchema:
    def test_is_a_schema(self, schema: dict[str, Any]) -> None:
        Draft202012Validator.check_schema(schema)

    def test_allows_nothing_that_it_does_not_name(self, schema: dict[str, Any]) -> None:
        for part in objects_in(schema):
            closed = part["additionalProperties"]
            assert closed is False or "maxLength" in closed

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
