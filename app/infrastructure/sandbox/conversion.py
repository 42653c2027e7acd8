"""Converts pods into the sandbox's types, and its reports into the domain's."""

from app.domain.language import HeldLimit, Holder, Language, LimitName
from app.domain.pod import (
    Frame,
    Limit,
    Observation,
    Output,
    Phase,
    Pod,
    Report,
    StageOutput,
    StageReport,
    Stream,
)
from app.domain.submission import Limits
from sandbox.wire import types


def for_sandbox(pod: Pod) -> types.Pod:
    return types.Pod(
        name=pod.name,
        language=pod.language,
        language_version=pod.language_version,
        files=tuple(types.File(file.name, file.content) for file in pod.files),
        entrypoint=pod.entrypoint,
        stdin=pod.stdin,
        args=pod.args,
        env=pod.env,
        limits=_limits(pod.limits),
        compile_limits=_limits(pod.compile_limits),
        compile_args=pod.compile_args,
        streams=types.Streams(pod.streams),
        buffering=types.Buffering(pod.buffering),
    )


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


def observation_of(observation: types.Observation) -> Observation:
    return Observation(
        name=observation.name,
        phase=Phase(observation.phase),
        started_at=observation.started_at,
        ended_at=observation.ended_at,
        report=_report(observation.report) if observation.report else None,
        message=observation.message,
    )


def _report(report: types.Report) -> Report:
    return Report(
        compile=_stage(report.compile) if report.compile else None,
        run=_stage(report.run) if report.run else None,
    )


def _stage(report: types.StageReport) -> StageReport:
    return StageReport(
        exit_code=report.exit_code,
        signal=report.signal,
        wall_us=report.wall_us,
        cpu_us=report.cpu_us,
        memory_peak_kib=report.memory_peak_kib,
        stopped_by=Limit(report.stopped_by) if report.stopped_by else None,
    )


def frame_of(frame: types.Frame) -> Frame:
    return Frame(frame.sequence, Stream(frame.stream), frame.offset, frame.content)


def output_of(output: types.Output) -> Output:
    return Output(
        compile=_stage_output(output.compile) if output.compile else None,
        run=_stage_output(output.run) if output.run else None,
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
    )


def held_limit_of(held: types.HeldLimit) -> HeldLimit:
    return HeldLimit(limit=LimitName(held.limit), by=Holder(held.by), how=held.how)
