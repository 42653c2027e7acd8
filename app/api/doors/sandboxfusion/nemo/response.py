"""A terminal execution becomes the response to `/execute`."""

from typing import Any, Final

from app.api.doors.sandboxfusion.nemo.request import CELL, Reply
from app.api.doors.sandboxfusion.response import stopped_by
from app.domain.execution import Execution
from app.domain.report import Limit, StageOutput, StageReport
from app.domain.result import Result

_CUT: Final = "<output cut>"
_TIMES: Final = frozenset({Limit.WALL, Limit.CPU})


def executed(execution: Execution, result: Result | None, reply: Reply) -> dict[str, Any]:
    """Of an execution that failed or was cancelled, there is no result."""
    run = result.report.run if result else None
    if result is None or run is None:
        said = execution.message or f"the execution was {execution.state}"
        return _response("error", "", f"{said}\n", reply)
    printed = result.output.run or StageOutput(stdout=b"", stderr=b"")
    stderr = printed.stderr.decode(errors="replace") + _why(execution, run, reply.seconds)
    stdout = printed.stdout.decode(errors="replace")
    return _response(_status(run, reply.language), stdout, stderr, reply)


def _status(run: StageReport, language: str) -> str:
    """A Python program that fails by itself has completed, as in NeMo Skills' own sandbox."""
    if run.stopped_by in _TIMES:
        return "timeout"
    of_itself = run.stopped_by is None and language not in (CELL, "shell")
    return "completed" if of_itself or not run.failed else "error"


def _why(execution: Execution, run: StageReport, seconds: float) -> str:
    if run.stopped_by is Limit.WALL:
        return f"Execution timed out after {seconds} seconds\n"
    return stopped_by("program", run.stopped_by, execution.limits) + "\n" if run.stopped_by else ""


def _response(status: str, stdout: str, stderr: str, reply: Reply) -> dict[str, Any]:
    """If the session is new and the client's is not, the client runs its earlier cells again."""
    shown = {
        "process_status": status,
        "stdout": _cut(stdout, reply.characters),
        "stderr": _cut(stderr, reply.characters),
    }
    return shown | ({"new_session_created": reply.new_session} if reply.language == CELL else {})


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[:characters] + _CUT
