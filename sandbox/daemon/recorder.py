"""What one stage printed, in the order in which it was read, up to the limit."""

import threading
from dataclasses import dataclass, field

from sandbox.wire.types import Frame, Stream


@dataclass(slots=True)
class Recorder:
    """Written by the bay's thread, read by any thread."""

    cap: int
    """Bytes per stream."""
    left: int = 1 << 62
    """Bytes that the pod may still print, on both streams."""
    frames: list[Frame] = field(default_factory=list)
    truncated: set[Stream] = field(default_factory=set)
    _sizes: dict[Stream, int] = field(default_factory=lambda: dict.fromkeys(Stream, 0))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def size(self) -> int:
        """Bytes of both streams."""
        return sum(self._sizes.values())

    def take(self, stream: Stream, content: bytes) -> bool:
        """Keep what fits. False if there was more: the program exceeds its limit."""
        size = self._sizes[stream]
        kept = content[: min(self.cap - size, self.left)]
        if kept:
            with self._lock:
                self.frames.append(Frame(len(self.frames) + 1, stream, size, kept))
            self._sizes[stream] = size + len(kept)
            self.left -= len(kept)
        if len(kept) < len(content):
            self.truncated.add(stream)
        return stream not in self.truncated

    def printed(self, stream: Stream) -> bytes:
        return b"".join(frame.content for frame in self.frames if frame.stream is stream)

    def after(self, sequence: int) -> list[Frame]:
        with self._lock:
            return self.frames[sequence:]
