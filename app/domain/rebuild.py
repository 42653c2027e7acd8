"""An execution, rebuilt from its events.

The transitions of the state machine rebuild it, so the result is what they wrote originally. The
log does not know whether an execution was erased or retried, how often a step was tried, when the
execution is due, and what it used.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.domain.errors import DoesNotFollow, IllegalTransition
from app.domain.execution import (
    Change,
    Event,
    Execution,
    Outcome,
    State,
    Time,
    Verdict,
    event_type,
)
from app.domain.submission import Limits, Priority

FIRST_VERSION = 1


def rebuilt(execution: Execution | None, event: Event, now: Time) -> Execution:
    """The execution after `event`; `execution` is the one before, or None before the first event.

    Raises DoesNotFollow for an event that is not the next one, has another type or version, or
    lacks data that a row needs, because others may write to the log, too.
    """
    before = 0 if execution is None else execution.version
    if event.version != before + 1:
        raise DoesNotFollow(f"event {event.id} does not follow version {before}")
    try:
        if event.type != event_type(State(str(event.data["state"]))):
            raise DoesNotFollow(f"event {event.id} has a type that this release does not apply")
        if execution is None:
            return _first(event, now)
        after = _transition(execution, event).after
    except IllegalTransition as error:
        raise DoesNotFollow(str(error)) from error
    except (KeyError, TypeError, ValueError) as error:
        raise DoesNotFollow(f"event {event.id} lacks data that a row needs") from error
    return replace(
        after,
        next_action_at=None,
        rebuilt_at=now,
        cpu_us=None,
        stored_bytes=None,
        usage_at=None,
    )


def _first(event: Event, now: Time) -> Execution:
    data: Mapping[str, Any] = event.data
    return Execution(
        id=event.execution_id,
        owner=data["owner"],
        language=data["language"],
        language_version=data["language_version"],
        priority=Priority(data["priority"]),
        labels=data["labels"],
        limits=Limits(**data["limits"]),
        compile_limits=Limits(**data["compile_limits"]),
        root=data["root"],
        retry_of=data["retry_of"],
        tests=data.get("tests", 0),
        has_checker=data.get("has_checker", False),
        batch_id=data.get("batch_id"),
        created_at=event.time,
        next_action_at=None,
        rebuilt_at=now,
    )


def _transition(execution: Execution, event: Event) -> Change:
    data: Mapping[str, Any] = event.data
    at = (event.time, event.time)
    match State(data["state"]):
        case State.ADMITTED:
            return execution.admit(*at)
        case State.STARTING:
            return execution.start(*at, start_deadline=data["start_deadline"])
        case State.RUNNING:
            return execution.run(*at, started_at=data["started_at"])
        case State.FINISHED:
            return execution.finish(*at, _verdict(data))
        case State.COMPLETED:
            return execution.complete(*at, data["message"])
        case State.QUEUED:
            return execution.requeue(*at, data["message"])
        case State.FAILED:
            return execution.fail(*at, data["message"])
        case State.CANCELLED:
            return execution.cancel(*at)


def _verdict(data: Mapping[str, Any]) -> Verdict:
    return Verdict(
        outcome=Outcome(data["outcome"]),
        exit_code=data["exit_code"],
        signal=data["signal"],
        started_at=data["started_at"],
        finished_at=data["finished_at"],
    )
