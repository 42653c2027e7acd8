"""An execution rebuilt from its events equals the original field by field."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import DoesNotFollow
from app.domain.execution import Event, Execution, Outcome, accept
from app.domain.rebuild import rebuilt
from tests.support.builders import NOW, a_submission, a_verdict, accepted, an_id
from tests.support.walks import walks

Walk = list[tuple[Execution, Event]]


def as_logged(event: Event) -> Event:
    """Convert it to JSON and back."""
    return replace(event, data=json.loads(json.dumps(event.data)))


@given(walks())
def test_every_version_of_every_walk_is_as_it_was(walk: Walk) -> None:
    row: Execution | None = None
    for original, event in walk:
        row = rebuilt(row, as_logged(event), NOW)
        unknown = replace(original, cpu_us=None, stored_bytes=None, usage_at=None)
        assert row == replace(unknown, next_action_at=None, rebuilt_at=NOW)


def test_a_retry_names_what_it_retries() -> None:
    original, _, _ = accepted()
    retry, event = accept(
        a_submission(), id=an_id(), owner="ada", now=NOW, next_action_at=NOW, retry_of=original
    )
    assert rebuilt(None, event, NOW) == replace(retry, next_action_at=None, rebuilt_at=NOW)


def test_one_of_a_batch_names_its_batch() -> None:
    original, _, event = accepted(batch_id=an_id())
    assert rebuilt(None, event, NOW) == replace(original, next_action_at=None, rebuilt_at=NOW)


def test_an_event_from_before_there_were_batches_has_none() -> None:
    _, _, event = accepted()
    older = {name: value for name, value in event.data.items() if name != "batch_id"}
    assert rebuilt(None, replace(event, data=older), NOW).batch_id is None


@given(walks().filter(lambda walk: len(walk) > 1), st.data())
def test_only_the_next_event_follows(walk: Walk, data: st.DataObject) -> None:
    events = [event for _, event in walk]
    at = data.draw(st.integers(0, len(events) - 1))
    other = data.draw(st.sampled_from([e for e in events if e.version != events[at].version]))
    row: Execution | None = None
    for event in events[:at]:
        row = rebuilt(row, event, NOW)
    with pytest.raises(DoesNotFollow):
        rebuilt(row, other, NOW)


def test_what_the_table_does_not_allow_does_not_follow() -> None:
    execution, _, first = accepted()
    admitted = execution.admit(NOW, NOW).after
    started = admitted.start(NOW, NOW, NOW).event
    with pytest.raises(DoesNotFollow, match="can't become starting"):
        rebuilt(rebuilt(None, first, NOW), replace(started, version=2), NOW)


def test_an_event_of_another_version_does_not_follow() -> None:
    _, _, first = accepted()
    with pytest.raises(DoesNotFollow, match="does not apply"):
        rebuilt(None, replace(first, type="podline.execution.queued.v2"), NOW)


def test_a_completed_one_keeps_that_a_limit_stopped_the_compiler() -> None:
    row, _, first = accepted()
    changes = [row.admit(NOW, NOW)]
    changes.append(changes[-1].after.start(NOW, NOW, NOW))
    changes.append(changes[-1].after.finish(NOW, NOW, a_verdict(Outcome.COMPILE_ERROR)))
    changes.append(changes[-1].after.complete(NOW, NOW, "A limit stopped the compiler"))
    again: Execution | None = None
    for event in (first, *(change.event for change in changes)):
        again = rebuilt(again, as_logged(event), NOW)
    assert again
    assert again.message == "A limit stopped the compiler"


def test_an_event_of_a_time_without_a_limit_takes_its_default() -> None:
    execution, _, first = accepted()
    data = json.loads(json.dumps(first.data))
    for stage in ("limits", "compile_limits"):
        del data[stage]["stack_mib"]

    row = rebuilt(None, replace(first, data=data), NOW)

    assert row.limits == execution.limits
    assert row.limits.stack_mib is None
