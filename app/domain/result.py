"""The result of one attempt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from app.domain.artifact import Artifact, LeftOut
from app.domain.blob import Blob
from app.domain.judging import JudgedTest
from app.domain.report import Output, Report

BEGINNING_BYTES: Final = 64 * 1024
"""Of each stream: what the result has of it at most, and what responses show."""
INLINE_BYTES: Final = 384 * 1024
"""Of all streams together: what the result has of them, so that it stays below a megabyte."""
MESSAGES_BYTES: Final = 64 * 1024
"""Of the messages about all tests: what the result has of them, in UTF-8."""
SHOWN_BYTES: Final = 4 * 1024 * 1024
"""Of all streams together: what responses show of them."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Where in the blob of a result a stream is."""

    start: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one attempt printed, and how it ended. Inserted once and never changed."""

    id: str
    """The name of the attempt's pod."""
    execution_id: str
    report: Report
    output: Output
    """Of the streams in `segments`, only the beginning."""
    printed: Blob | None = None
    """The long streams, one after another."""
    segments: Mapping[str, Segment] = field(default_factory=dict)
    """By name: `compile/stdout`, or the index of a run instead, as in `0/stderr`.

    `messages` has those about tests, as JSON, if they are too long for `tests`.
    """
    artifacts: tuple[Artifact, ...] = ()
    """In the order of their names."""
    artifacts_left_out: tuple[LeftOut, ...] = ()
    tests: tuple[JudgedTest, ...] = ()
    """In the order of the runs; empty for a single run. Of long messages, only the beginnings."""
    points_max: float = 0
    """Of all tests together."""

    @property
    def stored_bytes(self) -> int:
        """Of output and artifacts."""
        return self.output.size + sum(blob.size for blob in self.blobs)

    @property
    def blobs(self) -> list[Blob]:
        """Those of output and artifacts."""
        printed = [self.printed] if self.printed else []
        return [*(artifact.blob for artifact in self.artifacts), *printed]

    def size(self, name: str, inline: bytes) -> int:
        """Bytes of the whole stream of that name, of which the result has `inline`."""
        segment = self.segments.get(name)
        return len(inline) if segment is None else segment.size
