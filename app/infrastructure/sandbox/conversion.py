"""Converts pods into the sandbox's types, and its reports into the domain's."""

from collections.abc import Sequence

from app.domain.artifact import Collected, CollectedFile, LeftOut
from app.domain.language import HeldLimit, Holder, Language, LimitName
from app.domain.pod import Pod, Run
from app.domain.report import (
    Frame,
    Limit,
    Observation,
    Output,
    Phase,
    Report,
    StageOutput,
    StageReport,
    Stream,
)
from app.domain.submission import File, Limits
from sandbox.wire import types


def for_sandbox(pod: Pod) -> types.Pod:
    return types.Pod(
        name=pod.name,
        language=pod.language,
        language_version=pod.language_version,
        files=_files(pod.files),
        entrypoint=pod.entrypoint,
        runs=tuple(_run(run) for run in pod.runs),
        compile_limits=_limits(pod.compile_limits),
        wall_seconds=pod.wall_seconds,
        compile_args=pod.compile_args,
        streams=types.Streams(pod.streams),
        buffering=types.Buffering(pod.buffering),
        stop_on_failure=pod.stop_on_failure,
        owner=pod.owner,
        artifacts=pod.artifacts,
        artifact_maxima=types.ArtifactMaxima(
            files=pod.artifact_maxima.files, bytes=pod.artifact_maxima.bytes
        ),
    )


def _run(run: Run) -> types.Run:
    return types.Run(
        stdin=run.stdin,
        args=run.args,
        env=run.env,
        limits=_limits(run.limits),
        files=_files(run.files),
    )


def _files(files: Sequence[File]) -> tuple[types.File, ...]:
    return tuple(types.File(file.name, file.content) for file in files)


def _limits(limits: Limits) -> types.Limits:
    return types.Limits(
        wall_seconds=limits.wall_seconds,
        cpu_seconds=limits.cpu_seconds,
        memory_mib=limits.memory_mib,
        processes=limits.processes,
        output_kib=limits.output_kib,
        disk_mib=limits.disk_mib,
        stack_mib=limits.stack_mib,
    )


def observation_of(observation: types.Observation, ahead: int = 0) -> Observation:
    """`ahead` is how far the service's clock is ahead of the daemon's."""
    return Observation(
        name=observation.name,
        phase=Phase(observation.phase),
        started_at=_on_our_clock(observation.started_at, ahead),
        ended_at=_on_our_clock(observation.ended_at, ahead),
        report=_report(observation.report) if observation.report else None,
        message=observation.message,
        collected=_collected(observation.collected) if observation.collected else None,
        output=output_of(observation.output) if observation.output else None,
    )


def _on_our_clock(time: int | None, ahead: int) -> int | None:
    return None if time is None else time + ahead


def _collected(collected: types.Collected) -> Collected:
    return Collected(
        files=tuple(CollectedFile(file.name, file.size) for file in collected.files),
        left_out=tuple(LeftOut(each.name, each.reason) for each in collected.left_out),
    )


def _report(report: types.Report) -> Report:
    return Report(
        compile=_stage(report.compile) if report.compile else None,
        runs=tuple(_stage(run) if run else None for run in report.runs),
    )


def _stage(report: types.StageReport) -> StageReport:
    return StageReport(
        exit_code=report.exit_code,
        signal=report.signal,
        wall_us=report.wall_us,
        cpu_us=report.cpu_us,
        memory_peak_kib=report.memory_peak_kib,
        stopped_by=Limit(report.stopped_by) if report.stopped_by else None,
        cached=report.cached,
    )


def frame_of(frame: types.Frame) -> Frame:
    return Frame(frame.sequence, Stream(frame.stream), frame.offset, frame.content)


def output_of(output: types.Output) -> Output:
    return Output(
        compile=_stage_output(output.compile) if output.compile else None,
        runs=tuple(_stage_output(run) if run else None for run in output.runs),
    )


def _stage_output(output: types.StageOutput) -> StageOutput:
    return StageOutput(
        stdout=output.stdout,
        stderr=output.stderr,
        stdout_truncated=output.stdout_truncated,
        stderr_truncated=output.stderr_truncated,
    )


def language_of(language: types.Language) -> Language:
    return Language(
        name=language.name,
        version=language.version,
        source_name=language.source_name,
        compiled=language.compiled,
        aliases=language.aliases,
        suffixes=language.suffixes,
        line_buffering=language.line_buffering,
        compile_needs=language.compile_needs,
        stack=language.stack,
        accepts=language.accepts,
        needs=language.needs,
        packages=language.packages,
        max_runs=language.max_runs,
        max_input_bytes=language.max_input_bytes,
        keeps_artifacts=language.keeps_artifacts,
        max_artifact_bytes=language.max_artifact_bytes,
    )


def held_limit_of(held: types.HeldLimit) -> HeldLimit:
    return HeldLimit(limit=LimitName(held.limit), by=Holder(held.by), how=held.how)
