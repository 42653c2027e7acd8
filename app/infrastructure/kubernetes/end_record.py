"""How a pod's stages ended, as the collector reports it: in its log, and in its end record.

The end record is the last line of the log, and also the termination message (`parse_end`):

    {"end": {"began_us": …, "ended_us": …, "runs": 1, "left": 0, "ended": 1,
     "counts_kills": true, "stages": [{…}]}}
    {"end": {"fault": "init failed to execute: No such file or directory"}}

`stages` are the lines about the end of each stage (transcript.py), or null if they are too long for
a termination message. `runs` counts those that ended or were skipped; it is 0 if the compile stage
failed, or if it succeeded without a program that can be started. `left` counts those that could not
start without init. `counts_kills` is false where a container can't see how many of its processes
the kernel killed for memory: then only the cluster knows.
"""

import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.execution import Time
from app.domain.report import Limit, Report, StageReport
from sandbox.init.protocol import signal_name

COMPILE: Final = 0
"""The number of the compile stage."""
FIRST_RUN: Final = 1


class Broken(ValueError):
    """The text doesn't have the collector's format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEnd:
    """How a stage ended, and what the collector counted in it."""

    stage: int
    report: StageReport
    vanished: bool
    """init was gone before it could report, so `report` supposes that memory was the reason."""
    frames: int
    stdout_truncated: bool
    stderr_truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The end record."""

    began_at: Time | None = None
    """When the first stage began, by the node's clock. None if it didn't."""
    ended_at: Time | None = None
    fault: str | None = None
    """What could not be set up; not the program's fault. All else is empty then."""
    runs: int = 0
    left: int = 0
    """How many runs follow that could not start, because init was lost in the last one."""
    ended: int = 0
    counts_kills: bool = False
    """Whether init saw if the kernel killed a process for memory, and reported the limit then."""
    stages: Sequence[StageEnd] | None = ()
    """None if only the log has them, or if a line of the log is missing."""

    @property
    def report(self) -> Report | None:
        """None if there was a fault, or if only the log has it."""
        if self.fault is not None or self.stages is None:
            return None
        return report_of(self.stages, self.runs)

    @property
    def is_final(self) -> bool:
        """Whether the cluster's word about the containers can't change what the record says."""
        if self.fault is not None:
            return True
        if self.stages is None or self.vanished or self.left or self.began_at is None:
            return False
        return self.counts_kills or all(_is_explained(stage.report) for stage in self.stages)

    @property
    def vanished(self) -> bool:
        """The kernel killed all of main for memory, before init could report.

        That happened if the kubelet reports OOMKilled for main; otherwise it is a fault.
        """
        return any(stage.vanished for stage in self.stages or ())


def _is_explained(report: StageReport) -> bool:
    return report.exit_code == 0 or report.stopped_by is not None


def parse_end(message: str) -> End:
    """Parse the collector's termination message. Raises Broken, also if it is empty."""
    try:
        return _end(_mapping(json.loads(message)["end"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"no end record: {type(error).__name__}") from error


def parse_stage_end(line: bytes) -> StageEnd:
    """Parse a line about the end of a stage. Raises Broken."""
    try:
        return _stage_end(_mapping(json.loads(line)["ended"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"not the end of a stage: {type(error).__name__}") from error


def report_of(stages: Sequence[StageEnd], runs: int) -> Report:
    """Return the report on a pod with that many runs."""
    by_stage = {stage.stage: stage.report for stage in stages}
    return Report(
        compile=by_stage.get(COMPILE),
        runs=tuple(by_stage.get(run) for run in range(FIRST_RUN, runs + 1)),
    )


def _end(record: Mapping[str, object]) -> End:
    if (fault := record.get("fault")) is not None:
        return End(fault=_text(fault))
    stages = record["stages"]
    if stages is not None and not isinstance(stages, list):
        raise TypeError("not a list")
    if stages == []:
        raise Broken("an end record without a stage")
    return End(
        began_at=whole_number(record["began_us"]) or None,
        ended_at=whole_number(record["ended_us"]),
        runs=whole_number(record["runs"]),
        left=whole_number(record["left"]),
        ended=whole_number(record["ended"]),
        counts_kills=bool(record.get("counts_kills")),
        stages=None if stages is None else [_stage_end(_mapping(stage)) for stage in stages],
    )


def _stage_end(stage: Mapping[str, object]) -> StageEnd:
    return StageEnd(
        stage=whole_number(stage["stage"]),
        report=_stage_report(stage),
        vanished=stage["status"] is None,
        frames=whole_number(stage["frames"]),
        stdout_truncated=bool(stage["stdout_truncated"]),
        stderr_truncated=bool(stage["stderr_truncated"]),
    )


def _stage_report(stage: Mapping[str, object]) -> StageReport:
    vanished = stage["status"] is None
    status = signal.SIGKILL if vanished else whole_number(stage["status"])
    limit = Limit.MEMORY if vanished else None
    if stage["stopped_by"] is not None:
        limit = Limit(_text(stage["stopped_by"]))
    return StageReport(
        exit_code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        signal=signal_name(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else None,
        wall_us=whole_number(stage["wall_us"]),
        cpu_us=None if vanished else whole_number(stage["cpu_us"]),
        memory_peak_kib=None if vanished else whole_number(stage["peak_kib"]),
        stopped_by=limit,
    )


def whole_number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError("not a record")
    return value
