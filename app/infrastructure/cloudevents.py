"""Converts events to the CloudEvents 1.0 JSON format and back.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

import json
import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel

from app.domain.execution import Event, Time

log = logging.getLogger(__name__)

CloudEvent: TypeAlias = dict[str, Any]

SOURCE: Final = "podline"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def cloud_event(event: Event, *, replay_id: str | None = None) -> CloudEvent:
    """Wrap the event in its envelope. `partitionkey` keeps an execution's events in order."""
    document: CloudEvent = {
        "specversion": "1.0",
        "id": event.id,
        "source": SOURCE,
        "type": event.type,
        "subject": event.execution_id,
        "time": rfc3339(event.time),
        "datacontenttype": "application/json",
        "partitionkey": event.execution_id,
        "data": dict(event.data),
    }
    return document if replay_id is None else document | {"replayid": replay_id}


def as_json(document: CloudEvent) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def parse(text: str | bytes) -> Event:
    """Return the event in one of our CloudEvents. Ignores unknown attributes.

    Raises ValueError for anything else.
    """
    envelope = _Envelope.model_validate_json(text)
    execution_id, _, version = envelope.id.rpartition(".")
    if execution_id != envelope.subject or not version.isascii() or not version.isdecimal():
        raise ValueError("the id is not <subject>.<version>")
    time = (envelope.time - _EPOCH) // timedelta(microseconds=1)
    return Event(execution_id, int(version), envelope.type, time, envelope.data)


def parse_all(texts: Iterable[str | bytes]) -> Iterator[Event]:
    """Yield the events in the texts. Anything else is skipped and counted in the log."""
    skipped = 0
    for text in texts:
        try:
            yield parse(text)
        except ValueError:
            skipped += 1
    log_skipped(skipped)


def log_skipped(entries: int) -> None:
    if entries:
        log.warning("skipped %d entries of the event log that are not Podline's events", entries)


def rfc3339(time: Time) -> str:
    """Format in UTC with all six digits of microseconds, so that text order is time order."""
    moment = _EPOCH + timedelta(microseconds=time)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


class _Envelope(BaseModel):
    """The attributes from which an event is restored. The others follow from these."""

    specversion: Literal["1.0"]
    id: str
    source: Literal["podline"]
    type: str
    subject: str
    time: AwareDatetime
    data: dict[str, Any]
