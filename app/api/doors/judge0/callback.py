"""The body of a callback: a submission's default fields, always in base64."""

import json
from collections.abc import Sequence
from functools import partial

from app.api.doors.judge0.submission import DEFAULT, Shown, attributes_of
from app.api.doors.judge0.viewing import files_of
from app.domain.errors import NotFound
from app.domain.execution import Execution
from app.domain.result import Result
from app.domain.submission import File
from app.ports import Blobs
from app.service.printed import whole


def body(blobs: Blobs, execution: Execution, result: Result | None) -> bytes:
    """Raises StoreUnavailable. What was removed meanwhile is left out."""
    shown = Shown(
        execution=execution,
        result=result and _whole(blobs, result),
        attributes=attributes_of(execution, 0),
        language="",
        base64=True,
        artifacts=partial(_files, blobs, result),
    )
    return json.dumps(shown.fields(DEFAULT)).encode()


def _whole(blobs: Blobs, result: Result) -> Result:
    try:
        return whole(blobs, result)
    except NotFound:
        return result


def _files(blobs: Blobs, result: Result | None) -> Sequence[File]:
    try:
        return files_of(blobs, result)
    except NotFound:
        return ()
