"""Complete and valid domain values, for tests that specify only what they are about."""

import base64
import json
from dataclasses import replace
from itertools import count
from typing import Any

from app.domain.api_key import ApiKey, Role
from app.domain.batch import Batch, BatchItem
from app.domain.callback import Callback
from app.domain.dead_letter import DeadLetter, DeadLetterKind, DeadLetterStatus
from app.domain.execution import SECOND, Event, Execution, Outcome, Time, Verdict, accept
from app.domain.filters import EventFilter
from app.domain.idempotency import IdempotencyRecord
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.replay import Replay, ReplayMode
from app.domain.report import Output, Report, StageOutput, StageReport
from app.domain.result import Result
from app.domain.submission import File, Submission

NOW: Time = 1_767_322_445_678_901
"""2026-01-02T02:54:05.678901Z, the time at which tests start."""

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
"""The example of the specification: version, trace, parent, and that it is sampled."""

_numbers = count(1)


def an_id() -> str:
    """Return a new ULID, greater than all before it."""
    return f"01J{next(_numbers):023d}"


def a_submission(**facts: Any) -> Submission:
    given: dict[str, Any] = {
        "language": "python",
        "language_version": "3.11",
        "files": (File("main.py", b"print(input())\n"),),
        "entrypoint": "main.py",
        "limits": DEFAULT_LIMITS,
        "compile_limits": DEFAULT_COMPILE_LIMITS,
    }
    return Submission(**given | facts)


def accepted(
    submission: Submission | None = None,
    *,
    id: str | None = None,
    owner: str = "ada",
    now: Time = NOW,
    next_action_at: Time | None = None,
    batch_id: str | None = None,
    traceparent: str | None = None,
) -> tuple[Execution, Submission, Event]:
    """Return the arguments of `Executions.insert`: a queued execution, by default due now."""
    submission = submission or a_submission()
    execution, event = accept(
        submission,
        id=id or an_id(),
        owner=owner,
        now=now,
        next_action_at=now if next_action_at is None else next_action_at,
        batch_id=batch_id,
        traceparent=traceparent,
    )
    return execution, submission, event


def an_execution(**facts: Any) -> Execution:
    """Return a queued execution, with any field overridden."""
    execution, _, _ = accepted()
    return replace(execution, **facts)


def a_callback(**facts: Any) -> Callback:
    """Return the callback of an execution that is not terminal."""
    given: dict[str, Any] = {
        "url": "https://example.com/ended",
        "key_id": "01JKEY",
        "generation": 1,
    }
    return Callback(**given | facts)


def a_verdict(outcome: Outcome = Outcome.SUCCESS, **facts: Any) -> Verdict:
    given: dict[str, Any] = {
        "outcome": outcome,
        "exit_code": 0,
        "signal": None,
        "started_at": NOW,
        "finished_at": NOW + SECOND,
    }
    return Verdict(**given | facts)


def a_report(**facts: Any) -> Report:
    """Return the report of a run stage with exit code 0, with any field overridden."""
    given: dict[str, Any] = {
        "exit_code": 0,
        "signal": None,
        "wall_us": 23_400,
        "cpu_us": 18_000,
        "memory_peak_kib": 9_216,
    }
    return Report(compile=None, runs=(StageReport(**given | facts),))


def a_result(execution: Execution, **facts: Any) -> Result:
    given: dict[str, Any] = {
        "id": execution.pod,
        "execution_id": execution.id,
        "report": a_report(),
        "output": Output(compile=None, runs=(StageOutput(stdout=b"hello\n", stderr=b""),)),
    }
    return Result(**given | facts)


def a_dead_letter(**facts: Any) -> DeadLetter:
    given: dict[str, Any] = {
        "id": an_id(),
        "kind": DeadLetterKind.EXHAUSTED,
        "status": DeadLetterStatus.WAITING,
        "origin": "tasks.saga.step",
        "execution_id": an_id(),
        "payload": None,
        "error": "RuntimeUnavailable: the sandbox daemon does not answer",
        "attempts": 3,
        "retries": 0,
        "first_failed_at": NOW,
        "last_failed_at": NOW + SECOND,
        "next_retry_at": NOW + 60 * SECOND,
    }
    return DeadLetter(**given | facts)


def a_batch(*execution_ids: str, **facts: Any) -> Batch:
    """Return a batch that is due now, of executions with these ids and a refused program."""
    refused = BatchItem(problem={"type": "about:blank", "title": "Invalid", "status": 422})
    given: dict[str, Any] = {
        "id": an_id(),
        "owner": "ada",
        "created_at": NOW,
        "items": (*(BatchItem(execution_id=id) for id in execution_ids), refused),
        "next_action_at": NOW,
    }
    return Batch(**given | facts)


def a_replay(**facts: Any) -> Replay:
    given: dict[str, Any] = {
        "id": an_id(),
        "mode": ReplayMode.REEMIT,
        "filter": EventFilter(until=NOW),
        "target": "again",
        "dry_run": False,
        "requested_by": "otto",
        "created_at": NOW,
        "next_action_at": NOW,
    }
    return Replay(**given | facts)


def a_message(
    body: bytes = b'[["01J"], {}, {}]', *, content_type: str = "application/json", **headers: Any
) -> bytes:
    """Return a message as kombu's Redis transport stores it in a queue, with a unique tag."""
    message = {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "utf-8",
        "content-type": content_type,
        "headers": headers,
        "properties": {
            "body_encoding": "base64",
            "delivery_tag": an_id(),
            "delivery_info": {"exchange": "", "routing_key": "pods"},
        },
    }
    return json.dumps(message).encode()


def a_key(**facts: Any) -> ApiKey:
    id = an_id()
    given: dict[str, Any] = {
        "id": id,
        "name": "ada",
        "role": Role.USER,
        "secret_hash": f"hash of the secret of {id}",
        "created_at": NOW,
    }
    return ApiKey(**given | facts)


def an_idempotency_record(**facts: Any) -> IdempotencyRecord:
    given: dict[str, Any] = {
        "key_hash": f"hash of a key and {an_id()}",
        "body_hash": "hash of a body",
        "execution_id": an_id(),
        "expires_at": NOW + 24 * 3600 * SECOND,
    }
    return IdempotencyRecord(**given | facts)
