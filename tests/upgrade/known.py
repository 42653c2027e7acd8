"""What parts of 0.2.0 can read, and so what a later release may write beside them."""

from collections.abc import Mapping, Set
from dataclasses import MISSING, fields
from enum import StrEnum
from typing import Any, Final

from app.domain.api_key import ApiKey, Role
from app.domain.audit import AuditOutcome, AuditRecord
from app.domain.batch import Batch
from app.domain.callback import Callback, CallbackState
from app.domain.compare.kinds import CompareKind
from app.domain.dead_letter import DeadLetter, DeadLetterKind, DeadLetterStatus
from app.domain.execution import Execution, Outcome, State
from app.domain.fault import Fault
from app.domain.hosts import HostReport, HostSize
from app.domain.idempotency import IdempotencyRecord
from app.domain.language import Holder, Language, LimitName
from app.domain.place import PlaceReport
from app.domain.replay import Replay, ReplayMode, ReplayStatus, Skipped
from app.domain.report import Limit, Stream
from app.domain.result import Result
from app.domain.session import Session
from app.domain.sighting import Finding, Found, TickReport
from app.domain.submission import Buffering, KeepOutput, Limits, Priority, Streams, Submission
from app.domain.usage import UsageDay
from app.domain.worker import WorkerReport


def has_default(field: Any) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def required(type_: type[Any]) -> set[str]:
    """The names of the fields that must be there."""
    return {field.name for field in fields(type_) if not has_default(field)}


REQUIRED: Final[Mapping[type[Any], Set[str]]] = {
    ApiKey: {"id", "created_at", "secret_hash", "name", "role"},
    AuditRecord: {"relay_at", "id", "key_id", "name", "address", "role", "time", "action"},
    Batch: {"id", "created_at", "owner", "next_action_at", "items"},
    Callback: {"key_id", "generation", "url"},
    DeadLetter: {
        "origin",
        "retries",
        "id",
        "payload",
        "attempts",
        "kind",
        "first_failed_at",
        "error",
        "execution_id",
        "status",
        "last_failed_at",
        "next_retry_at",
    },
    Execution: {
        "id",
        "created_at",
        "labels",
        "language_version",
        "language",
        "root",
        "compile_limits",
        "limits",
        "owner",
        "priority",
        "next_action_at",
    },
    Finding: {"seen_at", "count", "name"},
    HostReport: {"languages", "slots", "name", "free", "release"},
    HostSize: {"languages", "group", "slots"},
    IdempotencyRecord: {"key_hash", "body_hash", "expires_at", "execution_id"},
    Language: {"version", "source_name", "name", "compiled"},
    Limits: {"processes", "disk_mib", "memory_mib", "cpu_seconds", "output_kib", "wall_seconds"},
    PlaceReport: {"seen_at", "slots", "name"},
    Replay: {
        "requested_by",
        "id",
        "created_at",
        "filter",
        "dry_run",
        "next_action_at",
        "mode",
        "target",
    },
    Result: {"output", "id", "report", "execution_id"},
    Session: {"csrf_token", "expires_at", "secret_hash"},
    Submission: {"entrypoint", "language_version", "files", "language", "compile_limits", "limits"},
    TickReport: {"seen_at", "every_seconds", "name"},
    UsageDay: {"owner", "key_id", "day"},
    WorkerReport: {"seen_at", "kind", "name", "version", "roles"},
}
"""Of each type that is stored or reported, the fields that parts of 0.2.0 always write."""

VALUES: Final[Mapping[type[StrEnum], Set[str]]] = {
    AuditOutcome: {"begun", "failed", "refused", "succeeded"},
    Buffering: {"block", "line"},
    CallbackState: {"abandoned", "delivered", "pending", "waiting"},
    CompareKind: {"exact", "lines", "numbers", "tokens"},
    DeadLetterKind: {"callback", "exhausted", "poison", "task_error"},
    DeadLetterStatus: {"archived", "discarded", "resolved", "retrying", "waiting"},
    Fault: {
        "checker",
        "host_gone",
        "no_room",
        "not_stored",
        "output_lost",
        "overdue",
        "pod_gone",
        "program_gone",
        "refused",
        "runtime",
        "start_deadline",
        "tries",
    },
    Found: {
        "lost_host",
        "lost_slot",
        "not_cleaned_up",
        "not_in_queue",
        "orphan_pod",
        "silent_step",
    },
    Holder: {"kernel", "nobody", "runtime"},
    KeepOutput: {"all", "failures", "none"},
    Limit: {"cpu_seconds", "memory_mib", "output_kib", "wall_seconds"},
    LimitName: {"cpu", "disk", "inodes", "memory", "output", "processes", "wall"},
    Outcome: {
        "checker_error",
        "compile_error",
        "memory_limit",
        "output_limit",
        "runtime_error",
        "success",
        "time_limit",
        "wrong_output",
    },
    Priority: {"background", "critical", "high", "low", "normal"},
    ReplayMode: {"rebuild", "reemit", "resubmit"},
    ReplayStatus: {"cancelled", "completed", "failed", "pending", "running"},
    Role: {"admin", "operator", "user"},
    Skipped: {"gone", "incomplete", "no_program", "not_rebuilt"},
    State: {
        "admitted",
        "cancelled",
        "completed",
        "failed",
        "finished",
        "queued",
        "running",
        "starting",
    },
    Stream: {"stderr", "stdout", "tests"},
    Streams: {"merged", "separate"},
}
"""Of each enum that is stored, the values that parts of 0.2.0 can read."""
