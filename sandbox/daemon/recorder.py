"""What one stage printed, in the order in which it was read, up to the limit."""

import threading
from dataclasses import dataclass, field

from sandbox.wire.types import Frame, StageOutput, Stream


@dataclass(slots=True)
class Recorder:
    """Written by the bay's thread, read by any thread."""

    cap: int
    """Bytes per stream."""
    frames: list[Frame] = field(default_factory=list)
    truncated: set[Stream] = field(default_factory=set)
    _sizes: dict[Stream, int] = field(default_factory=lambda: dict.fromkeys(Stream, 0))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, stream: Stream, content: bytes) -> bool:
        """Keep what fits. False if there was more: the program exceeds its limit."""
        size = self._sizes[stream]
        kept = content[: self.cap - size]
        if kept:
            with self._lock:
                self.frames.append(Frame(len(self.frames) + 1, stream, size, kept))
            self._sizes[stream] = size + len(kept)
        if len(kept) < len(content):
            self.truncated.add(stream)
        return stream not in self.truncated

    def after(self, sequence: int) -> list[Frame]:
        with self._lock:
            return self.frames[sequence:]

    def output(self) -> StageOutput:
        return output_of(self.frames, self.truncated)


def output_of(frames: list[Frame], truncated: set[Stream]) -> StageOutput:
    """Put the streams together again."""

    def content(stream: Stream) -> bytes:
        return b"".join(frame.content for frame in frames if frame.stream is stream)

    return StageOutput(
        stdout=content(Stream.STDOUT),
        stderr=content(Stream.STDERR),
        stdout_truncated=Stream.STDOUT in truncated,
        stderr_truncated=Stream.STDERR in truncated,
    )
