"""How the service is doing, in Judge0's terms: its host, its workers, and what was submitted."""

import os
import platform
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from flask import Response

from app.api.context import Call
from app.api.doors.json_response import json_response
from app.api.doors.judge0.about import VERSION
from app.api.doors.judge0.languages import id_of, offered
from app.api.doors.judge0.query import MOST_ROWS
from app.api.doors.judge0.statuses import (
    ACCEPTED,
    COMPILE_ERROR,
    DESCRIPTIONS,
    IN_QUEUE,
    INTERNAL_ERROR,
    NONZERO_EXIT,
    OUTPUT_LIMIT,
    TIME_LIMIT,
    WRONG_ANSWER,
)
from app.domain.execution import HOLDS_SLOT, Outcome, State
from app.domain.filters import ExecutionFilter
from app.service import executions, usage
from app.service.overview import overview

_DAYS: Final = 30
_MEMORY: Final = Path("/proc/meminfo")
_PROCESSORS: Final = Path("/proc/cpuinfo")
_OF_OUTCOME: Final = {
    Outcome.SUCCESS: ACCEPTED,
    Outcome.WRONG_OUTPUT: WRONG_ANSWER,
    Outcome.TIME_LIMIT: TIME_LIMIT,
    Outcome.COMPILE_ERROR: COMPILE_ERROR,
    Outcome.OUTPUT_LIMIT: OUTPUT_LIMIT,
    Outcome.RUNTIME_ERROR: NONZERO_EXIT,
    Outcome.MEMORY_LIMIT: NONZERO_EXIT,
}
_OF_STATE: Final = {
    State.QUEUED: IN_QUEUE,
    State.FAILED: INTERNAL_ERROR,
    State.CANCELLED: INTERNAL_ERROR,
}


def system_info(_call: Call) -> Response:
    """Of the host of the API, as `lscpu` and `free -h` name it."""
    memory = _table(_MEMORY)
    return json_response(
        {
            "Architecture": platform.machine(),
            "CPU(s)": str(os.cpu_count()),
            "Model name": _table(_PROCESSORS).get("model name", ""),
            "Mem": memory.get("MemTotal", ""),
            "Swap": memory.get("SwapTotal", ""),
        }
    )


def _table(path: Path) -> dict[str, str]:
    """A file of /proc with names and values; empty where there is none."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    return {
        name.strip(): value.strip() for name, _, value in (each.partition(":") for each in lines)
    }


def workers(call: Call) -> Response:
    """Slots stand for Judge0's workers."""
    seen = overview(call.ports)
    queued = sum(n for (state, _), n in seen.unfinished.items() if state is State.QUEUED)
    working = sum(n for (state, _), n in seen.unfinished.items() if state in HOLDS_SLOT)
    shown = {
        "queue": VERSION,
        "size": queued,
        "available": seen.slots.total,
        "idle": max(0, seen.slots.total - working),
        "working": working,
        "paused": 0,
        "failed": 0,
    }
    return json_response([shown])


def statistics(call: Call) -> Response:
    """Of the caller's own submissions, each counted up to 10,000. Days count those that ended."""
    today = usage.today(call.ports.clock)
    first = (date.fromisoformat(today) - timedelta(days=_DAYS - 1)).isoformat()
    days = usage.by_day(call.ports.store.usage, call.caller, None, first, today)
    by_day = {each.day: each.executions for each in days}
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    return json_response(
        {
            "created_at": at,
            "cached_until": at,
            "submissions": {
                "total": _count(call, ExecutionFilter()),
                "today": by_day.get(today, 0),
                "last_30_days": by_day,
            },
            "languages": _largest(_by_language(call)),
            "statuses": _largest(_by_status(call)),
            "database": {"size_pretty": None, "size_in_bytes": None},
        }
    )


def _by_language(call: Call) -> list[dict[str, Any]]:
    known = offered(call.context.languages.known())
    ids = {id_of(each.language.name, known) for each in known.values()}
    return [
        {
            "language": known[id].shown,
            "count": _count(call, ExecutionFilter(language=known[id].language.name)),
        }
        for id in ids
        if id is not None
    ]


def _by_status(call: Call) -> list[dict[str, Any]]:
    found = dict.fromkeys(DESCRIPTIONS, 0)
    for outcome, status in _OF_OUTCOME.items():
        found[status] += _count(call, ExecutionFilter(outcome=outcome))
    for state, status in _OF_STATE.items():
        found[status] += _count(call, ExecutionFilter(state=state))
    return [
        {"status": {"id": id, "name": DESCRIPTIONS[id]}, "count": count}
        for id, count in found.items()
    ]


def _count(call: Call, filter: ExecutionFilter) -> int:
    return executions.count(call.ports.store.executions, call.caller, filter, MOST_ROWS)


def _largest(counts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(counts, key=lambda each: each["count"], reverse=True)
