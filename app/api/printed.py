"""Responds with what a compiler or a program printed, as bytes."""

from collections.abc import Callable
from typing import Literal, TypeAlias

from flask import Response

from app.api import byte_ranges
from app.api.byte_ranges import Content
from app.api.context import Call
from app.domain.errors import NotFound
from app.domain.report import StageOutput
from app.domain.result import Result
from app.service import executions as service
from app.service.printed import read as read_printed
from app.service.utf8 import whole_characters

Stage: TypeAlias = tuple[str, StageOutput | None]
"""The name of a stage, and the output that the result has of it, if there was such a stage."""


def printed(
    call: Call,
    execution_id: str,
    stream: Literal["stdout", "stderr"],
    find: Callable[[Result], Stage],
) -> Response:
    """All bytes that the stage printed on that stream, or a range of them. Raises NotFound."""
    store = call.ports.store
    result = service.result(store.executions, store.results, call.caller, execution_id)
    stage, output = find(result)
    if output is None:
        raise NotFound(f"execution {execution_id} has no such output")
    where = f"{stage}/{stream}"
    inline: bytes = getattr(output, stream)
    size = result.size(where, inline)
    beginning = inline if size == len(inline) else inline[: whole_characters(inline)]
    return byte_ranges.respond(
        Content(
            name=f"{result.id}.{where}",
            size=size,
            read=read_printed(call.ports.blobs, result, where, inline),
            media_type=byte_ranges.media_type_of(beginning),
        )
    )


def of_compiler(result: Result) -> Stage:
    return "compile", result.output.compile


def of_run(result: Result) -> Stage:
    """Of the only run: each test has its own output."""
    return "0", None if result.tests else result.output.run


def of_test(index: str) -> Callable[[Result], Stage]:
    def output(result: Result) -> Stage:
        at = {str(each): each for each in range(len(result.tests))}.get(index)
        if at is None or result.tests[at].outcome is None:
            return index, None
        return index, result.output.runs[at]

    return output
