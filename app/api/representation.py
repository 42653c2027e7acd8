"""Turns domain values into the API's responses."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from app.api import about_schemas, operator_schemas, schemas
from app.api.problems import DELETED, Problem
from app.api.results import result as representation_of_result
from app.domain.api_key import ApiKey, Role
from app.domain.audit import AuditRecord
from app.domain.batch import BatchItem
from app.domain.callback import Callback
from app.domain.dead_letter import DeadLetter
from app.domain.execution import UNFINISHED, Event, Execution, State, Time
from app.domain.language import Language
from app.domain.masked import masked
from app.domain.minutes import Minute, Percentiles
from app.domain.policy import LimitRange
from app.domain.replay import Replay
from app.domain.result import Result
from app.domain.submission import Limits, Priority
from app.domain.worker import WorkerReport
from app.service.batches import BatchDetails
from app.service.overview import Overview, OwnersQueue
from app.service.workers import Place

_EPOCH: Final = datetime(1970, 1, 1)  # UTC, which `moment` says with its Z


def moment(time: Time) -> str:
    """RFC 3339 with microseconds."""
    return (_EPOCH + timedelta(microseconds=time)).isoformat(timespec="microseconds") + "Z"


def optional_moment(time: Time | None) -> str | None:
    return None if time is None else moment(time)


def execution(
    execution: Execution,
    result: Result | None = None,
    queue_position: int | None = None,
    *,
    reader: ApiKey | None = None,
) -> schemas.Execution:
    """As the holder of the key `reader` may see it."""
    to_operator = reader is not None and reader.role.includes(Role.OPERATOR)
    return schemas.Execution(
        id=execution.id,
        owner=execution.owner if to_operator else None,
        state=execution.state,
        outcome=execution.outcome,
        language=execution.language,
        version=execution.language_version,
        priority=execution.priority,
        attempt=execution.attempt,
        place=execution.place if to_operator else None,
        labels=dict(execution.labels),
        limits=limits(execution.limits),
        queue_position=queue_position,
        message=execution.message,
        retry_of=execution.retry_of,
        retried_as=execution.retried_as,
        batch_id=execution.batch_id,
        created_at=moment(execution.created_at),
        admitted_at=optional_moment(execution.admitted_at),
        started_at=optional_moment(execution.started_at),
        finished_at=optional_moment(execution.finished_at),
        completed_at=optional_moment(execution.ended_at),
        callback=None if execution.callback is None else _callback(execution.callback),
        result=None if result is None else representation_of_result(execution, result),
    )


def batch(found: BatchDetails, reader: ApiKey) -> schemas.Batch:
    executions = found.executions
    return schemas.Batch(
        id=found.batch.id,
        created_at=moment(found.batch.created_at),
        unfinished=sum(not execution.state.terminal for execution in executions.values()),
        items=[_batch_item(item, executions, reader) for item in found.batch.items],
    )


def _batch_item(
    item: BatchItem, executions: Mapping[str, Execution], reader: ApiKey
) -> schemas.BatchItem:
    if item.problem is not None:
        return schemas.BatchItem(execution=None, problem=Problem.model_validate(item.problem))
    found = executions.get(item.execution_id or "")
    if found is None:
        return schemas.BatchItem(execution=None, problem=DELETED)
    return schemas.BatchItem(execution=execution(found, reader=reader), problem=None)


def _callback(callback: Callback) -> schemas.Callback:
    return schemas.Callback(
        state=callback.state,
        attempts=callback.attempts,
        next_at=optional_moment(callback.next_at),
    )


def limits(limits: Limits) -> schemas.Limits:
    # Not by asdict, which copies deeply: this is part of every response.
    return schemas.Limits(**{name: getattr(limits, name) for name in Limits.__slots__})


def event(event: Event) -> schemas.Event:
    return schemas.Event(
        id=event.id,
        type=event.type,
        version=event.version,
        time=moment(event.time),
        data=dict(event.data),
    )


def limit_range(range: LimitRange) -> about_schemas.LimitSettings:
    maximum = replace(range.maximum, stack_mib=range.maximum.memory_mib)
    return about_schemas.LimitSettings(default=limits(range.default), maximum=limits(maximum))


def language(language: Language, run: LimitRange, compile: LimitRange) -> about_schemas.Language:
    return about_schemas.Language(
        name=language.name,
        version=language.version,
        source_name=language.source_name,
        compiled=language.compiled,
        aliases=list(language.aliases),
        suffixes=list(language.suffixes),
        line_buffering=language.line_buffering,
        limits=limit_range(run),
        compile_limits=limits(compile.default) if language.compiled else None,
        stack=language.stack,
        artifacts=language.keeps_artifacts,
        packages=dict(language.packages),
    )


def key(key: ApiKey) -> operator_schemas.Key:
    return operator_schemas.Key(
        id=key.id,
        name=key.name,
        role=key.role,
        created_at=moment(key.created_at),
        max_unfinished=key.max_unfinished,
        requests=key.requests,
        cpu_day=key.cpu_day,
        door=key.door,
    )


def queue(seen: Overview) -> about_schemas.Queue:
    return about_schemas.Queue(
        counts={
            state: {priority: seen.unfinished.get((state, priority), 0) for priority in Priority}
            for state in State
            if state in UNFINISHED
        },
        owners=None if seen.longest is None else list(map(_owners_queue, seen.longest)),
        events_not_in_log=about_schemas.NotInLog(
            executions=seen.not_in_log, oldest_seconds=seen.not_in_log_seconds
        ),
        slots=about_schemas.Slots(
            total=seen.slots.total, used=seen.slots.used, free=seen.slots.free
        ),
        oldest_queued_seconds=seen.oldest_queued_seconds,
        oldest_by_priority=dict(seen.oldest_by_band),
    )


def _owners_queue(found: OwnersQueue) -> about_schemas.OwnersQueue:
    return about_schemas.OwnersQueue(
        owner=found.owner, queued=found.queued, oldest_seconds=found.oldest_seconds
    )


def worker(report: WorkerReport) -> about_schemas.Worker:
    return about_schemas.Worker(
        name=report.name,
        kind=report.kind,
        roles=list(report.roles),
        version=report.version,
        seen_at=moment(report.seen_at),
        steps=[
            about_schemas.RunningStep(
                task=step.task, subject_id=step.subject_id, started_at=moment(step.started_at)
            )
            for step in report.steps
        ],
    )


def place(place: Place) -> about_schemas.Place:
    languages = place.languages
    return about_schemas.Place(
        name=place.name,
        draining=place.draining,
        slots=place.slots,
        free=place.free,
        languages=None if languages is None else sorted({each.name for each in languages}),
        version=place.release,
        started_ahead=[
            about_schemas.StartedAhead(
                language=each.language, version=each.version, size=each.size, ready=each.ready
            )
            for each in place.ahead
        ],
    )


def minute(minute: Minute) -> about_schemas.Minute:
    return about_schemas.Minute(
        start=moment(minute.start),
        ended=dict(minute.ended),
        waiting_ms=_percentiles(minute.waiting),
        running_ms=_percentiles(minute.running),
        queued=minute.queued,
    )


def _percentiles(found: Percentiles | None) -> about_schemas.Percentiles | None:
    return None if found is None else about_schemas.Percentiles(p50=found.p50, p95=found.p95)


def replay(replay: Replay) -> operator_schemas.Replay:
    return operator_schemas.Replay(
        id=replay.id,
        mode=replay.mode,
        from_=optional_moment(replay.filter.since),
        to=optional_moment(replay.filter.until),
        types=sorted(replay.filter.types),
        executions=sorted(replay.filter.executions),
        target=None if replay.target is None else masked(replay.target),
        dry_run=replay.dry_run,
        requested_by=replay.requested_by,
        status=replay.status,
        matched=dict(replay.counts.matched),
        done=replay.counts.done,
        skipped=dict(replay.counts.skipped),
        error=replay.error,
        created_at=moment(replay.created_at),
        started_at=optional_moment(replay.started_at),
        ended_at=optional_moment(replay.ended_at),
    )


def audit_record(record: AuditRecord) -> operator_schemas.AuditRecord:
    return operator_schemas.AuditRecord(
        id=record.id,
        time=moment(record.time),
        key_id=record.key_id,
        name=record.name,
        role=record.role,
        address=record.address,
        forwarded_for=record.forwarded_for,
        action=record.action,
        target=dict(record.target),
        request_id=record.request_id,
        outcome=record.outcome,
        status=record.status,
    )


def dead_letter(letter: DeadLetter) -> operator_schemas.DeadLetter:
    return operator_schemas.DeadLetter(
        id=letter.id,
        kind=letter.kind,
        status=letter.status,
        origin=letter.origin,
        execution_id=letter.execution_id,
        payload=letter.payload,
        error=letter.error,
        attempts=letter.attempts,
        retries=letter.retries,
        first_failed_at=moment(letter.first_failed_at),
        last_failed_at=moment(letter.last_failed_at),
        next_retry_at=optional_moment(letter.next_retry_at),
        traceback=letter.traceback,
    )
