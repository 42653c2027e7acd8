"""The forms of callbacks: Podline's own, and those that clients of other systems expect."""

from functools import partial
from typing import TYPE_CHECKING

from app.domain.execution import Execution
from app.domain.result import Result
from app.ports import Blobs

if TYPE_CHECKING:
    from app.infrastructure.http_callbacks import Forms


def forms_of_callbacks(blobs: Blobs) -> "Forms":
    """By the names that submissions have. What makes a body is imported when it is needed."""
    from app.infrastructure.http_callbacks import Form

    return {
        None: Form("POST", _as_the_api_shows_it),
        "judge0": Form("PUT", partial(_as_judge0_shows_it, blobs)),
    }


def _as_the_api_shows_it(execution: Execution, result: Result | None) -> bytes:
    from app.api import representation

    return representation.execution(execution, result).model_dump_json(by_alias=True).encode()


def _as_judge0_shows_it(blobs: Blobs, execution: Execution, result: Result | None) -> bytes:
    from app.api.doors.judge0 import callback

    return callback.body(blobs, execution, result)
