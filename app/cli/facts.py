"""What `podline get` shows of an execution."""

from collections.abc import Iterator

from app.cli.left_out import described
from app.cli.verdict import verdict
from podline import CompileResult, Execution, Result

Fact = tuple[str, object]
"""A name, and a value."""


def facts_of(execution: Execution) -> list[Fact]:
    """The facts, without those that are unknown or empty."""
    facts: list[Fact] = [
        ("id", execution.id),
        ("state", execution.state),
        ("outcome", execution.outcome),
        ("language", f"{execution.language} {execution.version}"),
        ("priority", execution.priority),
        ("attempt", execution.attempt),
        ("place", execution.place),
        ("labels", execution.labels),
        ("queue position (estimated)", execution.queue_position),
        ("created", execution.created_at),
        ("started", execution.started_at),
        ("completed", execution.completed_at),
        ("retry of", execution.retry_of),
        ("retried as", execution.retried_as),
        ("callback", execution.callback and execution.callback.state),
    ]
    if execution.result is not None:
        facts += _of_result(execution.result)
    facts += [("verdict", verdict(execution)), ("message", execution.message)]
    return [(name, value) for name, value in facts if value not in (None, {})]


def _of_result(result: Result) -> Iterator[Fact]:
    yield "exit code", result.exit_code
    yield "signal", result.signal
    yield "wall time", _ms(result.wall_ms)
    yield "CPU time", _ms(result.cpu_ms)
    yield "memory", _kib(result.memory_peak_kib)
    yield "stdout", _bytes(result.stdout_size, result.stdout_bytes)
    yield "stderr", _bytes(result.stderr_size, result.stderr_bytes)
    if result.compile is not None:
        yield from _of_compiler(result.compile)
    for artifact in result.artifacts:
        yield "artifact", f"{artifact.name}, {artifact.size} bytes"
    for left_out in result.artifacts_left_out:
        yield "not kept", described(left_out)


def _of_compiler(compiled: CompileResult) -> Iterator[Fact]:
    yield "compile time", _ms(compiled.wall_ms)
    yield "compile CPU time", _ms(compiled.cpu_ms)
    yield "compile memory", _kib(compiled.memory_peak_kib)


def _bytes(size: int | None, beginning: bytes) -> str:
    """An older service has only the beginning of a stream, which is then all of it."""
    return f"{len(beginning) if size is None else size} bytes"


def _kib(value: int | None) -> str | None:
    return None if value is None else f"{value} KiB"


def _ms(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f} ms"
