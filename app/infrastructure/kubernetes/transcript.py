"""What the collector says: its log, with all that was printed, and its end record.

Each line is one JSON object. A frame, joined to at most 8 KiB so that a container runtime does not
split its line, and numbered from 1 within its stage:

    {"stage": "run", "sequence": 1, "stream": "stdout", "offset": 0, "content": "<base64>"}

The last line is the end record, which is the termination message too (`parse_end`):

    {"end": {"began_us": …, "ended_us": …, "compile": {…}, "run": {…}}}
    {"end": {"fault": "init failed to execute: No such file or directory"}}

and of a stage:

    {"status": 0, "wall_us": …, "cpu_us": …, "peak_kib": …, "stopped_by": null,
     "frames": 7, "stdout_truncated": false, "stderr_truncated": false}

`status` is the raw wait status; null where init was gone before it could report.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.execution import Time
from app.domain.pod import Frame, Output, Report


class Broken(ValueError):
    """Not what a collector writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The collector's last word. Exactly one of `report`, `vanished` and `fault` is set."""

    began_at: Time | None = None
    """When the first stage began; the node's clock."""
    ended_at: Time | None = None
    report: Report | None = None
    vanished: Report | None = None
    """What it was if the kernel killed all of main for memory; init had no time to report.

    That is so if the kubelet says OOMKilled of main; if it does not, it is a fault.
    """
    fault: str | None = None
    """What could not be set up. Says nothing about the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """A log, as far as it goes."""

    frames: Sequence[Frame]
    """Of the run stage, up to the first gap."""
    end: End | None
    """None while the pod runs, or where the log was cut."""
    output: Output | None
    """None where the end record or a frame is missing."""


def parse_end(message: str) -> End:
    """The collector's termination message. Raises Broken, for an empty one too."""
    raise NotImplementedError


def parse_transcript(log: bytes) -> Transcript:
    """The collector's log, or the beginning of it: a last line without its end is left out.

    Raises Broken where a line is no line of the collector's.
    """
    raise NotImplementedError
