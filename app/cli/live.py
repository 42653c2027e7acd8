"""Shows a program's live output."""

from collections.abc import Mapping

from app.cli.terminal import Sink
from podline import OutputEvent, Result


class LiveOutput:
    """Writes output as it arrives, and the rest from the result.

    Each byte is written once, even if an attempt was lost and the program ran again.
    """

    def __init__(self, stdout: Sink, stderr: Sink) -> None:
        self._sinks: Mapping[str, Sink] = {"stdout": stdout, "stderr": stderr}
        self._written = {"stdout": bytearray(), "stderr": bytearray()}

    def show(self, event: OutputEvent) -> None:
        """Write what is new. Output after a gap has to wait for the result."""
        written = len(self._written[event.stream])
        if event.offset <= written:
            self._write(event.stream, event.content[written - event.offset :])

    def complete(self, result: Result) -> bool:
        """Write the rest. If the result differs from what was shown, write all and return False."""
        outputs = {"stdout": result.stdout_bytes, "stderr": result.stderr_bytes}
        same = True
        for stream, whole in outputs.items():
            shown = bytes(self._written[stream])
            if whole.startswith(shown):
                self._write(stream, whole[len(shown) :])
            elif not shown.startswith(whole):
                same = False
                self._write(stream, whole)
        return same

    def finish(self) -> None:
        """End the output."""
        for sink in self._sinks.values():
            sink.finish()

    def _write(self, stream: str, content: bytes) -> None:
        if content:
            self._written[stream] += content
            self._sinks[stream].write(content)
