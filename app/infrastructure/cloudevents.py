"""Domain events in the CloudEvents 1.0 JSON format.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from app.domain.execution import Event, Time

CloudEvent: TypeAlias = dict[str, Any]

SOURCE = "podline"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def cloud_event(event: Event) -> CloudEvent:
    """The event with its envelope; `partitionkey` keeps an execution's events in order."""
    return {
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


def rfc3339(time: Time) -> str:
    """UTC with all six digits of the microseconds, so that text order is time order."""
    moment = _EPOCH + timedelta(microseconds=time)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
