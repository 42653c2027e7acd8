"""Conversion of events to CloudEvents and back, and the errors for anything else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.execution import SECOND, Event
from app.infrastructure.cloudevents import as_json, cloud_event, parse, parse_all
from tests.support.builders import NOW, accepted

NOT_OURS = "validation error|not <subject>"
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=8,
)
EVENTS = st.builds(
    Event,
    execution_id=st.from_regex(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", fullmatch=True),
    version=st.integers(1, 10**6),
    type=st.from_regex(r"podline\.execution\.[a-z]{1,20}\.v1", fullmatch=True),
    time=st.integers(0, 250_000_000_000 * SECOND),
    data=st.dictionaries(TEXT, JSON, max_size=6),
)


@given(EVENTS)
def test_there_and_back(event: Event) -> None:
    assert parse(as_json(cloud_event(event))) == event


@given(EVENTS, st.dictionaries(st.from_regex(r"x[a-z0-9]{1,19}", fullmatch=True), JSON, max_size=3))
def test_attributes_of_later_versions_are_ignored(event: Event, unknown: dict[str, Any]) -> None:
    assert parse(as_json(cloud_event(event, replay_id="r1") | unknown)) == event


@given(st.binary() | JSON.map(json.dumps))
def test_anything_else_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=NOT_OURS):
        parse(text)


def changed(**attributes: Any) -> str:
    """A right event with some attributes overridden; None removes one."""
    _, _, event = accepted(now=NOW)
    document = cloud_event(event) | attributes
    return as_json({name: value for name, value in document.items() if value is not None})


@pytest.mark.parametrize(
    "attributes",
    [
        {"specversion": "2.0"},
        {"source": "somebody else"},
        {"id": None},
        {"id": "no version"},
        {"id": "01J00000000000000000000001.x"},
        {"id": "01J00000000000000000000001.¹"},
        {"subject": "another execution"},
        {"time": "yesterday"},
        {"time": "2026-01-02T02:54:05"},
        {"data": None},
        {"data": ["a list"]},
        {"type": 7},
    ],
    ids=str,
)
def test_malformed(attributes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=NOT_OURS):
        parse(changed(**attributes))


def test_what_is_malformed_is_left_out_counted_and_not_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = list(parse_all([changed(), "secret {", b"\xff", changed()]))
    assert len(found) == 2
    assert "2 entries" in caplog.text
    assert "secret" not in caplog.text
