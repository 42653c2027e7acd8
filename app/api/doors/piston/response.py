"""A result of ours becomes the response of Piston's `/execute`."""

from collections.abc import Sequence
from typing import Any, Final

from app.api.doors.piston.names import piston_name
from app.api.doors.piston.versions import oldest_first, three_numbers
from app.domain.execution import Execution
from app.domain.language import Language
from app.domain.report import Limit, StageOutput, StageReport
from app.domain.result import Result
from app.domain.signals import number_of
from app.service.utf8 import whole_characters

_KILOBYTE: Final = 1000
"""Piston multiplies what isolate reports in KiB by this."""
_KILLED: Final = "SIGKILL"
_NOTHING: Final = StageOutput(stdout=b"", stderr=b"")


def runtimes(languages: Sequence[Language]) -> list[dict[str, Any]]:
    """Of a language, the newest version comes last: some clients keep only the last."""
    return [_runtime(each) for each in sorted(languages, key=oldest_first)]


def _runtime(language: Language) -> dict[str, Any]:
    known = piston_name(language)
    shown = _head(language) | {"aliases": list(known.aliases)}
    return shown | ({"runtime": known.runtime} if known.runtime else {})


def executed(language: Language, execution: Execution, result: Result) -> dict[str, Any]:
    """With the language and version that were really used."""
    report, output, head = result.report, result.output, _head(language)
    compiled = report.compile and _stage(report.compile, output.compile)
    if report.run is not None:
        run = _stage(report.run, output.run)
        return head | {"run": run} | ({"compile": compiled} if compiled else {})
    compiled = _not_compiled(compiled or {}, execution.message)
    return head | {"run": compiled, "compile": compiled}  # as Piston repeats it


def _not_compiled(compiled: dict[str, Any], message: str | None) -> dict[str, Any]:
    """A compiler that reported no error, and made nothing to start, failed nevertheless."""
    if compiled.get("status") is not None:
        return compiled
    return compiled | {"code": 1, "status": "RE", "message": message}


def _head(language: Language) -> dict[str, Any]:
    return {
        "language": piston_name(language).name,
        "version": three_numbers(language.version),
    }


def _stage(report: StageReport, printed: StageOutput | None) -> dict[str, Any]:
    printed = printed or _NOTHING
    status, message = _ended(report, printed)
    signal = _KILLED if report.stopped_by else report.signal
    stdout = _text(printed.stdout, cut=printed.stdout_truncated)
    stderr = _text(printed.stderr, cut=printed.stderr_truncated)
    return {
        "stdout": stdout,
        "stderr": stderr,
        # Two pipes have no common order, so what was printed to stderr comes last.
        "output": stdout + stderr,
        "code": None if signal else report.exit_code,
        "signal": signal,
        "message": message,
        "status": status,
        "cpu_time": None if report.cpu_us is None else round(report.cpu_us / 1000),
        "wall_time": round(report.wall_us / 1000),
        "memory": report.memory_peak_kib and report.memory_peak_kib * _KILOBYTE,
    }


def _text(content: bytes, *, cut: bool) -> str:
    """What a limit has cut ends with a whole character."""
    return content[: whole_characters(content) if cut else None].decode(errors="replace")


def _ended(report: StageReport, printed: StageOutput) -> tuple[str | None, str | None]:
    """The status and the message."""
    match report.stopped_by:
        case Limit.WALL:
            return "TO", "Time limit exceeded (wall clock)"
        case Limit.CPU:
            return "TO", "Time limit exceeded"
        case Limit.MEMORY:
            return "SG", "Memory limit exceeded"
        case Limit.OUTPUT:
            return _too_long(printed)
        case None:
            return _by_itself(report)


def _too_long(printed: StageOutput) -> tuple[str, str]:
    if printed.stderr_truncated and not printed.stdout_truncated:
        return "EL", "stderr length exceeded"
    return "OL", "stdout length exceeded"


def _by_itself(report: StageReport) -> tuple[str | None, str | None]:
    if report.signal:
        return "SG", f"Caught fatal signal {number_of(report.signal) or report.signal}"
    if report.exit_code:
        return "RE", f"Exited with error status {report.exit_code}"
    return None, None
