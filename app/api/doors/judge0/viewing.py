"""Makes what is shown of an execution, from the store."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from app.api.context import Call
from app.api.doors.judge0.attributes import Attributes
from app.api.doors.judge0.languages import BY_ID, id_of, offered
from app.api.doors.judge0.submission import Shown, attributes_of
from app.domain.execution import Execution
from app.domain.result import Result
from app.domain.submission import File
from app.ports import Blobs
from app.service import artifacts
from app.service.executions import stored_result
from app.service.printed import whole


def view(call: Call, execution: Execution, result: Result | None, *, base64: bool) -> Shown:
    """What is shown of it; the result has everything that was printed."""
    languages = offered(call.context.languages.known())
    attributes = attributes_of(execution, id_of(execution.language, languages) or 0)
    here = languages.get(attributes.language_id)
    return Shown(
        execution=execution,
        result=result,
        attributes=attributes,
        language=here.name if here else _label(attributes, execution),
        base64=base64,
        program=partial(call.ports.store.executions.submission, execution.id),
        artifacts=partial(files_of, call.ports.blobs, result),
    )


def stored_fields(
    call: Call, execution: Execution, names: Iterable[str], *, base64: bool
) -> dict[str, Any]:
    """These fields of it, with its result from the store. Raises NotText."""
    result = stored_result(call.ports.store.results, execution)
    size = result.printed.size if result and result.printed else 0
    with call.context.large_bodies.turn(call.caller.name, size):
        printed = result and whole(call.ports.blobs, result)
        return view(call, execution, printed, base64=base64).fields(names)


def files_of(blobs: Blobs, result: Result | None) -> Sequence[File]:
    """The artifacts. Raises NotFound and StoreUnavailable."""
    if result is None:
        return ()
    return [
        File(each.name, b"".join(artifacts.content(blobs, result, each)))
        for each in result.artifacts
    ]


def _label(attributes: Attributes, execution: Execution) -> str:
    """Of a language that is no longer available."""
    family = BY_ID.get(attributes.language_id)
    return f"{family.label if family else execution.language} ({execution.language_version})"
