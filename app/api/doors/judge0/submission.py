"""A submission as Judge0 shows it: any of its attributes, by name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from app.api.doors.judge0 import encoding, scripts, statuses
from app.api.doors.judge0.archive import archive_of
from app.api.doors.judge0.attributes import Attributes
from app.api.doors.judge0.languages import BY_ID, Kind
from app.api.doors.judge0.statuses import COMPILE_ERROR, Ended, Run
from app.api.doors.judge0.tokens import token_of
from app.domain.execution import SECOND, Execution, State, Time
from app.domain.report import Limit, StageReport
from app.domain.result import Result
from app.domain.submission import File, Submission

DEFAULT: Final = (
    *("stdout", "time", "memory", "stderr", "token", "compile_output", "message"),
    "status",
)
"""What is shown if no fields are named."""

_COMPILE_TIME_OUT: Final = b"Compilation time limit exceeded."


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One submission, with what reads its contents where they are asked for."""

    execution: Execution
    result: Result | None
    """With the whole of each stream."""
    attributes: Attributes
    language: str
    """Its name, as Judge0 shows it."""
    base64: bool
    program: Callable[[], Submission | None] = lambda: None
    """Reads it from the store."""
    artifacts: Callable[[], Sequence[File]] = tuple
    """Reads those of the result."""

    def fields(self, names: Iterable[str]) -> dict[str, Any]:
        """Raises NotText if one of them can't be shown without base64."""
        return {name: FIELDS[name](self) for name in names}

    def text(self, content: bytes | None) -> str | None:
        return encoding.written(content, base64=self.base64)

    @cached_property
    def runs(self) -> list[Run]:
        return statuses.runs_of(self.execution, self.result) if self.result else []

    @cached_property
    def ended(self) -> Ended:
        if self.script_failed:
            return Ended(COMPILE_ERROR)
        # What a script compiles counts toward the CPU time of the run.
        limit = None if self.kind is Kind.SCRIPTS else self.attributes.cpu_time_limit
        return statuses.ended(self.execution, self.runs, limit)

    @property
    def last(self) -> Run | None:
        """The run that is shown; None before there is one, and after a compile error."""
        return self.runs[-1] if self.runs and self.ended.status != COMPILE_ERROR else None

    @cached_property
    def kind(self) -> Kind:
        family = BY_ID.get(self.attributes.language_id)
        return family.kind if family else Kind.SOURCE

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        return {file.name: file.content for file in self.artifacts()}

    @property
    def script_failed(self) -> bool:
        """Whether the script that compiles a multi-file program did."""
        return self.kind is Kind.SCRIPTS and scripts.COMPILE_FAILED in self.files

    @cached_property
    def compile_output(self) -> bytes | None:
        if self.kind is Kind.SCRIPTS:
            return self.files.get(scripts.COMPILE_OUTPUT)
        if self.result is None or self.result.report.compile is None:
            return None
        if self.result.report.compile.stopped_by in (Limit.WALL, Limit.CPU):
            return _COMPILE_TIME_OUT
        printed = self.result.output.compile
        said = printed.stdout + printed.stderr if printed else b""
        failed = self.ended.status == COMPILE_ERROR
        return said or ((self.execution.message or "").encode() if failed else None)

    @cached_property
    def submitted(self) -> Submission | None:
        return self.program()

    @property
    def source_code(self) -> bytes | None:
        own = scripts.source_name(self.attributes.language_id, self.submitted)
        files = self.submitted.files if self.submitted else ()
        return next((file.content for file in files if file.name == own), None)

    @property
    def additional_files(self) -> str | None:
        if self.submitted is None:
            return None
        own = scripts.source_name(self.attributes.language_id, self.submitted)
        others = [
            file
            for file in self.submitted.files
            if file.name != own and not scripts.is_ours(file.name)
        ]
        return encoding.encoded(archive_of(others)) if others else None

    @property
    def filesystem(self) -> str | None:
        """The working folder after the end. The source itself is as it was sent."""
        if self.execution.state is not State.COMPLETED:
            return None
        files = {name: body for name, body in self.files.items() if not scripts.is_ours(name)}
        if self.kind is Kind.SOURCE and self.submitted and self.source_code is not None:
            files[self.submitted.entrypoint] = self.source_code
        return encoding.encoded(archive_of(File(*each) for each in sorted(files.items())))

    def average(self, of: Callable[[StageReport], int | None]) -> float | None:
        """Over the runs that were made."""
        if self.last is None:
            return None
        known = [value for run in self.runs if (value := of(run.report)) is not None]
        return sum(known) / len(known) if known else None


def attributes_of(execution: Execution, id: int) -> Attributes:
    """What the door remembers; of a submission that came another way, what its row says."""
    if execution.door_data is not None:
        return Attributes.from_json(execution.door_data)
    limits = execution.limits
    return Attributes(
        language_id=id,
        cpu_time_limit=limits.cpu_seconds,
        cpu_extra_time=0.0,
        wall_time_limit=limits.wall_seconds,
        memory_limit=limits.memory_mib * 1024,
        stack_limit=(limits.stack_mib or limits.memory_mib) * 1024,
        max_processes_and_or_threads=limits.processes,
        enable_per_process_and_thread_time_limit=False,
        enable_per_process_and_thread_memory_limit=False,
        max_file_size=limits.output_kib,
        redirect_stderr_to_stdout=False,
        enable_network=False,
        number_of_runs=max(1, execution.tests),
    )


def _seconds(microseconds: float | None) -> str | None:
    return None if microseconds is None else f"{microseconds / SECOND:.3f}"


def _time(at: Time | None) -> str | None:
    """With exactly milliseconds, as Judge0's Python client reads it."""
    if at is None:
        return None
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % SECOND // 1000:03}Z"


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _expected(shown: Shown) -> str | None:
    expected = shown.submitted.expected_output if shown.submitted else None
    return shown.text(expected.content) if expected else None


def _remembered(name: str) -> Callable[[Shown], Any]:
    return lambda shown: getattr(shown.attributes, name)


def _decimal(name: str) -> Callable[[Shown], str]:
    return lambda shown: str(float(getattr(shown.attributes, name)))


FIELDS: Final[Mapping[str, Callable[[Shown], Any]]] = {
    "source_code": lambda s: s.text(s.source_code),
    "language_id": lambda s: s.attributes.language_id,
    "stdin": lambda s: s.text(s.submitted.stdin if s.submitted else None),
    "expected_output": _expected,
    "stdout": lambda s: s.text(s.last.printed.stdout if s.last else None),
    "status_id": lambda s: s.ended.status,
    "created_at": lambda s: _time(s.execution.created_at),
    "finished_at": lambda s: _time(s.execution.ended_at),
    "time": lambda s: _seconds(s.average(lambda r: r.wall_us if r.cpu_us is None else r.cpu_us)),
    "memory": lambda s: _whole(s.average(lambda r: r.memory_peak_kib)),
    "stderr": lambda s: s.text(s.last.printed.stderr if s.last else None),
    "token": lambda s: token_of(s.execution.id),
    "number_of_runs": _remembered("number_of_runs"),
    "cpu_time_limit": _decimal("cpu_time_limit"),
    "cpu_extra_time": _decimal("cpu_extra_time"),
    "wall_time_limit": _decimal("wall_time_limit"),
    "memory_limit": _remembered("memory_limit"),
    "stack_limit": _remembered("stack_limit"),
    "max_processes_and_or_threads": _remembered("max_processes_and_or_threads"),
    "enable_per_process_and_thread_time_limit": _remembered(
        "enable_per_process_and_thread_time_limit"
    ),
    "enable_per_process_and_thread_memory_limit": _remembered(
        "enable_per_process_and_thread_memory_limit"
    ),
    "max_file_size": _remembered("max_file_size"),
    "compile_output": lambda s: s.text(s.compile_output),
    "exit_code": lambda s: s.ended.exit_code,
    "exit_signal": lambda s: s.ended.exit_signal,
    "message": lambda s: s.text((s.ended.message or "").encode()),
    "wall_time": lambda s: _seconds(s.average(lambda r: r.wall_us)),
    "compiler_options": _remembered("compiler_options"),
    "command_line_arguments": _remembered("command_line_arguments"),
    "redirect_stderr_to_stdout": _remembered("redirect_stderr_to_stdout"),
    "callback_url": lambda s: s.execution.callback.url if s.execution.callback else None,
    "additional_files": lambda s: s.additional_files,
    "enable_network": _remembered("enable_network"),
    "post_execution_filesystem": lambda s: s.filesystem,
    "status": lambda s: statuses.as_shown(s.ended.status),
    "language": lambda s: {"id": s.attributes.language_id, "name": s.language},
}
"""Judge0's Python client fails if `fields=*` shows any that it doesn't know."""
