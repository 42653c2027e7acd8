"""Converts domain values to plain data and back, for every adapter that stores them.

Pydantic takes the fields from the domain's dataclasses, so that a new field is stored as well.
"""

import json
from dataclasses import replace
from typing import Generic, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from app.domain.api_key import ApiKey
from app.domain.audit import AuditRecord
from app.domain.batch import Batch
from app.domain.blob import Blob
from app.domain.callback import Callback
from app.domain.dead_letter import DeadLetter
from app.domain.execution import Execution
from app.domain.hosts import HostReport, HostSize
from app.domain.idempotency import IdempotencyRecord
from app.domain.language import Language
from app.domain.place import PlaceReport
from app.domain.replay import Replay
from app.domain.result import Result
from app.domain.session import Session
from app.domain.sighting import Finding, TickReport
from app.domain.submission import Submission
from app.domain.usage import UsageDay
from app.domain.worker import WorkerReport

Value = TypeVar("Value")

EXECUTION = TypeAdapter(Execution)
CALLBACK = TypeAdapter(Callback)
USAGE_DAY = TypeAdapter(UsageDay)
DEAD_LETTER = TypeAdapter(DeadLetter)
SESSION = TypeAdapter(Session)
WORKER_REPORT = TypeAdapter(WorkerReport)
HOST_REPORT = TypeAdapter(HostReport)
HOST_SIZE = TypeAdapter(HostSize)
PLACE_REPORT = TypeAdapter(PlaceReport)
TICK_REPORT = TypeAdapter(TickReport)
FINDING = TypeAdapter(Finding)
BATCH = TypeAdapter(Batch)
BLOB = TypeAdapter(Blob)
API_KEY = TypeAdapter(ApiKey)
AUDIT_RECORD = TypeAdapter(AuditRecord)
IDEMPOTENCY_RECORD = TypeAdapter(IdempotencyRecord)
REPLAY = TypeAdapter(Replay)
LANGUAGES = TypeAdapter(list[Language])


class JsonCodec(Generic[Value]):
    """Encodes a dataclass as JSON, with bytes in base64."""

    def __init__(self, type_: type[Value]) -> None:
        # A TypeAdapter accepts no config for a dataclass, but that of the tuple applies to it.
        self._adapter: TypeAdapter[tuple[Value]] = TypeAdapter(
            tuple[type_],  # type: ignore[arg-type, valid-type]  # a type made at run time
            config=ConfigDict(
                ser_json_bytes="base64",
                val_json_bytes="base64",
                # Otherwise, 16,384 ids and short outputs that were read stay in memory.
                cache_strings="keys",
            ),
        )

    def encode(self, value: Value) -> bytes:
        return self._adapter.dump_json((value,))

    def decode(self, data: bytes) -> Value:
        return self._adapter.validate_json(data)[0]


class ResultCodec(JsonCodec[Result]):
    """Also reads results of releases in which a program had one run."""

    def decode(self, data: bytes) -> Result:
        try:
            return super().decode(data)
        except ValidationError:
            earlier = _with_runs(data)
            if earlier is None:
                raise
            return super().decode(earlier)


def _with_runs(data: bytes) -> bytes | None:
    """None if it is of no such release."""
    (result,) = json.loads(data)
    if "run" not in result["report"]:
        return None
    for part in (result["report"], result["output"]):
        run = part.pop("run")
        part["runs"] = [] if run is None else [run]
    return json.dumps([result]).encode()


SUBMISSION = JsonCodec(Submission)
RESULT = ResultCodec(Result)


def audit_text(record: AuditRecord) -> str:
    """As JSON, without what changes once the record is in the event log."""
    return AUDIT_RECORD.dump_json(replace(record, relay_at=None)).decode()


def audit_record(text: str, relay_at: int | None) -> AuditRecord:
    return replace(AUDIT_RECORD.validate_json(text), relay_at=relay_at)
