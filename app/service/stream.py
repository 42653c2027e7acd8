"""One execution as it happens: its states, what it prints, its result.

Every item carries the position of a reader who has read it. A stream begun at that position
continues with the next item, from live output or from the stored result: nothing twice, nothing
lost. Live output is only a short cut. What it misses (frames were dropped, or live output is
unavailable) comes from the stored result at the end.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from app.domain.errors import CoordinationUnavailable, NotFound, StoreUnavailable
from app.domain.execution import Execution, pod_name
from app.domain.report import Frame, StageReport, Stream
from app.domain.result import Result
from app.ports import Blobs, LiveOutput, Ports, Store
from app.service.ended_tests import report_of
from app.service.following import HEARTBEAT, follow
from app.service.printed import completed, read
from app.service.stream_items import (
    Ended,
    EndOfTest,
    Item,
    Printed,
    Received,
    ResultStored,
    StateChanged,
    StreamPosition,
)
from app.service.utf8 import whole_characters

log = logging.getLogger(__name__)

PIECE: Final = 64 * 1024
"""Bytes of stored output in one item."""


def stream(
    ports: Ports,
    execution: Execution,
    position: StreamPosition,
    heartbeat: float = HEARTBEAT,
    allowed: Callable[[], bool] = lambda: True,
) -> Iterator[Item]:
    """Everything after `position`, as it happens, up to `Ended`.

    While the store or live output is unavailable, the stream continues with what it has, and
    catches up afterwards. It ends without `Ended` at the first look after `allowed` became false.
    """
    reader = _Reader(ports.store, ports.blobs, ports.live, execution, position)
    with ports.wakeups.listen(execution.id, progress=True) as listener:
        yield from follow(reader.news, Ended, listener, heartbeat, allowed)


class _Reader:
    """Reads the store and live output, and returns what is new since the last time."""

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        live: LiveOutput,
        execution: Execution,
        position: StreamPosition,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._live_output = live
        self._execution = execution
        self._position = position
        self._sequence = 0
        """The sequence number of the last frame that was used."""
        self._held: dict[Stream, bytes] = {}
        """The first bytes of a character that is not complete yet."""

    def news(self) -> Iterator[Item]:
        try:
            yield from self._look()
        except StoreUnavailable as error:
            log.warning("the stream of execution %s waits: %s", self._execution.id, error)

    def _look(self) -> Iterator[Item]:
        execution = self._store.executions.get(self._execution.id)
        if execution is None or execution.erased:
            yield self._end()
            return
        self._execution = execution
        yield from self._states()
        if execution.state.terminal:
            yield from self._result()
            yield self._end()
        else:
            for frame in self._frames():
                yield from self._live(frame)

    def _states(self) -> Iterator[Item]:
        if self._execution.version <= self._position.version:
            return
        for event in self._store.executions.events(self._execution.id, self._position.version):
            attempt = event.data["attempt"]
            assert isinstance(attempt, int)
            if attempt != self._position.attempt:
                self._sequence, self._held = 0, {}
            self._position = self._position.after_event(event, attempt)
            yield StateChanged(self._position, event)

    def _frames(self) -> Sequence[Frame]:
        pod = pod_name(self._execution.id, self._position.attempt)
        try:
            self._live_output.watch(self._execution.id)
            return self._live_output.read(pod, self._sequence)
        except CoordinationUnavailable:
            return ()

    def _live(self, frame: Frame) -> Iterator[Item]:
        if frame.stream is Stream.TESTS:
            self._sequence = frame.sequence
            if frame.offset == self._position.tests:
                yield self._test(report_of(frame))
            return
        held = self._held.get(frame.stream, b"")
        known = self._position.read(frame.stream) + len(held)
        if frame.offset > known:
            return  # What lies between was dropped: the stored result has it.
        self._sequence = frame.sequence
        content = held + frame.content[known - frame.offset :]
        whole = whole_characters(content)
        self._held[frame.stream] = content[whole:]
        if whole:
            yield self._printed(frame.stream, content[:whole])

    def _result(self) -> Iterator[Item]:
        result_id = self._execution.result_id
        if result_id is None or self._position.received is not Received.NOTHING:
            return
        result = self._store.results.get(result_id)
        if result is None:
            return  # Erased a moment ago.
        for index in range(self._position.tests, len(result.tests)):
            yield self._test(result.report.runs[index])
        try:
            for stream, content in _stored(result):
                yield from self._rest(result, stream, content)
        except NotFound:
            return  # Erased, too.
        self._position = replace(self._position, received=Received.RESULT)
        yield ResultStored(self._position, self._execution, completed(self._blobs, result))

    def _rest(self, result: Result, stream: Stream, inline: bytes) -> Iterator[Item]:
        content = read(self._blobs, result, f"0/{stream}", inline)
        while piece := b"".join(content(self._position.read(stream), PIECE)):
            yield self._printed(stream, piece[: whole_characters(piece)] or piece)

    def _printed(self, stream: Stream, content: bytes) -> Printed:
        self._position = self._position.after_output(stream, content)
        return Printed(self._position, stream, content)

    def _test(self, report: StageReport | None) -> EndOfTest:
        index = self._position.tests
        self._position = replace(self._position, tests=index + 1)
        return EndOfTest(self._position, index, report)

    def _end(self) -> Ended:
        self._position = replace(self._position, received=Received.END)
        return Ended(self._position, self._execution.state)


def _stored(result: Result) -> list[tuple[Stream, bytes]]:
    run = None if result.tests else result.output.run
    return [] if run is None else [(Stream.STDOUT, run.stdout), (Stream.STDERR, run.stderr)]
