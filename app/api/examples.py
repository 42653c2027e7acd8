"""An example of each request, for the OpenAPI document and its page."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from app.api import sse

BODIES: Final[Mapping[str, Mapping[str, object]]] = {
    "executions_submit": {"language": "python", "source": "print(input())", "stdin": "hello\n"},
    "executions_cancel_selected": {"state": "queued", "label": ["course:cs101"], "dry_run": True},
    "executions_retry_selected": {"state": "failed", "dry_run": True},
    "executions_delete_selected": {"to": "2026-01-01T00:00:00Z", "dry_run": True},
    "batches_submit": {
        "executions": [
            {"language": "python", "source": "print(1)"},
            {"language": "bash", "source": "echo 2"},
        ]
    },
    "dead_letters_retry_selected": {"kind": "exhausted", "dry_run": True},
    "dead_letters_discard_selected": {"status": "waiting", "dry_run": True},
    "replays_start": {"mode": "reemit", "target": "podline.again", "dry_run": True},
    "keys_change": {"requests": "100/s", "cpu_day": None},
    "keys_create": {"name": "class", "requests": "10/s", "cpu_day": 3600},
}
"""By the id of the operation. Those that could do harm only count."""

_QUERIES: Final[Mapping[str, str]] = {
    "executions_submit": "?wait=10",
    "executions_list": "?outcome=time_limit&label=course:cs101&limit=20",
    "executions_get": "?wait=10",
    "batches_get": "?wait=10",
    "usage_list": "?from=2026-01-01&to=2026-01-31",
    "workers_overview": "?minutes=60",
    "dead_letters_list": "?status=waiting",
    "events_list": "?type=completed&limit=20",
}
_OPTIONS: Final[Mapping[str, str]] = {
    "sessions_begin": ' -c cookies -H "Authorization: Bearer $KEY"',
    "sessions_get": " -b cookies",
    "sessions_end": ' -b cookies -H "X-CSRF-Token: $TOKEN"',
    "artifacts_archive": ' -o artifacts.zip -H "Authorization: Bearer $KEY"',
}
_KEY: Final = ' -H "Authorization: Bearer $KEY"'
_PARAMETERS: Final = {"name": "out/plot.png", "index": "0"}
"""Every other one in a path is an id."""


def command(method: str, path: str, described: Mapping[str, Any]) -> str:
    """The operation as a curl command, where $URL, $KEY and $ID stand for the reader's own."""
    operation_id: str = described["operationId"]
    address = re.sub(r"{(\w+)}", lambda found: _PARAMETERS.get(found[1], "$ID"), path)
    body = BODIES.get(operation_id)
    parts = ["curl -s"]
    if _streams(described):
        parts.append(" -N")
    if method != "GET" and body is None:
        parts.append(f" -X {method}")
    parts.append(f' "$URL{address}{_QUERIES.get(operation_id, "")}"')
    key = _KEY if described.get("security") else ""
    parts.append(_OPTIONS.get(operation_id, key))
    if body is not None:
        parts.append(f" --json '{json.dumps(body)}'")
    return "".join(parts)


def _streams(described: Mapping[str, Any]) -> bool:
    responses = described["responses"].values()
    return any(sse.MEDIA_TYPE in response.get("content", {}) for response in responses)
