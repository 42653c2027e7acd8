"""What programs printed: the beginning of each stream in the result, and longer ones in a blob.

One blob has all long streams of a result, one after another, since a blob for each would cost a
write to disk for each of 400 streams.
"""

import json
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

from app.domain.blob import Blob
from app.domain.errors import NotFound
from app.domain.judging import JudgedTest
from app.domain.report import Output, StageOutput
from app.domain.result import (
    BEGINNING_BYTES,
    INLINE_BYTES,
    MESSAGES_BYTES,
    SHOWN_BYTES,
    Result,
    Segment,
)
from app.ports import Blobs

_NOT_KEPT: Final = StageOutput(stdout=b"", stderr=b"")
_MESSAGES: Final = "messages"
_BYTES_OF_CHARACTER: Final = 4
"""At most, in UTF-8."""


@dataclass(slots=True)
class Packed:
    """The beginnings, and where the rest is."""

    compile: StageOutput | None = None
    runs: list[StageOutput | None] = field(default_factory=list)
    tests: tuple[JudgedTest, ...] = ()
    segments: dict[str, Segment] = field(default_factory=dict)
    blob: Blob | None = None
    _room: int = INLINE_BYTES
    _size: int = 0

    @property
    def output(self) -> Output:
        return Output(compile=self.compile, runs=tuple(self.runs))

    def pieces(
        self, parts: Iterable[Output], keeps: Callable[[StageOutput | None], bool]
    ) -> Iterator[bytes]:
        """The streams that are too long for the result. All are known once it has ended."""
        for part in parts:
            if part.compile is not None:
                self.compile = yield from self._stage("compile", part.compile)
            for run in part.runs:
                kept = run if keeps(run) or run is None else _NOT_KEPT
                index = str(len(self.runs))
                self.runs.append(kept and (yield from self._stage(index, kept)))

    def messages(self, tests: tuple[JudgedTest, ...]) -> Iterator[bytes]:
        """What is said about tests, if it is too long for the result."""
        said = [test.message for test in tests]
        content = json.dumps(said, ensure_ascii=False).encode()
        if len(content) <= MESSAGES_BYTES:
            self.tests = tests
            return
        yield self._segment(_MESSAGES, content)
        most = MESSAGES_BYTES // _BYTES_OF_CHARACTER // len(tests)
        self.tests = tuple(
            replace(test, message=test.message and test.message[:most]) for test in tests
        )

    def _stage(self, stage: str, output: StageOutput) -> Generator[bytes, None, StageOutput]:
        stdout = yield from self._stream(f"{stage}/stdout", output.stdout)
        stderr = yield from self._stream(f"{stage}/stderr", output.stderr)
        return replace(output, stdout=stdout, stderr=stderr)

    def _stream(self, name: str, content: bytes) -> Generator[bytes, None, bytes]:
        most = min(BEGINNING_BYTES, self._room)
        if len(content) > most:
            yield self._segment(name, content)
        self._room -= min(len(content), most)
        return content[:most]

    def _segment(self, name: str, content: bytes) -> bytes:
        self.segments[name] = Segment(self._size, len(content))
        self._size += len(content)
        return content


def pack(
    blobs: Blobs,
    execution_id: str,
    parts: Iterable[Output],
    keeps: Callable[[StageOutput | None], bool],
    tests: Callable[[], tuple[JudgedTest, ...]] = tuple,
) -> Packed:
    """Store what is too long for the result.

    `keeps` is asked about each run in turn, and then what became of the `tests`. Raises
    StoreUnavailable, and what these and `parts` raise.
    """
    packed = Packed()

    def all_pieces() -> Iterator[bytes]:
        yield from packed.pieces(parts, keeps)
        yield from packed.messages(tests())

    pieces = all_pieces()
    first = next(pieces, None)
    if first is not None:
        packed.blob = blobs.put(execution_id, chain((first,), pieces))
    return packed


def read(
    blobs: Blobs, result: Result, name: str, inline: bytes
) -> Callable[[int, int], Iterable[bytes]]:
    """Reads the stream of that name, such as `compile/stderr` or `0/stdout`, of which the result
    has `inline`.

    What it returns takes a start and a size, and raises NotFound if the blob was removed.
    """
    segment, blob = result.segments.get(name), result.printed
    if segment is None or blob is None:
        return lambda start, size: (inline[start : start + size],)

    def pieces(start: int, size: int) -> Iterable[bytes]:
        most = max(0, min(size, segment.size - start))
        found = blobs.read(result.execution_id, blob, segment.start + start, most)
        if found is None:
            raise NotFound(f"the output of execution {result.execution_id} was removed")
        return found

    return pieces


def completed(blobs: Blobs, result: Result) -> Result:
    """The result with as much of each stream as is shown. Raises StoreUnavailable."""
    if result.printed is None:
        return result
    output, room = result.output, _Room(SHOWN_BYTES - result.output.size)
    tests = _with_messages(blobs, result)

    def stage(name: str, found: StageOutput | None) -> StageOutput | None:
        return found and replace(
            found,
            stdout=room.beginning(blobs, result, f"{name}/stdout", found.stdout),
            stderr=room.beginning(blobs, result, f"{name}/stderr", found.stderr),
        )

    runs = tuple(stage(str(index), run) for index, run in enumerate(output.runs))
    shown = Output(compile=stage("compile", output.compile), runs=runs)
    return replace(result, output=shown, tests=tests)


def whole(blobs: Blobs, result: Result) -> Result:
    """The result with all of each stream, however long. Raises StoreUnavailable."""
    if result.printed is None:
        return result

    def stream(name: str, inline: bytes) -> bytes:
        size = result.size(name, inline)
        return b"".join(read(blobs, result, name, inline)(0, size))

    def stage(name: str, found: StageOutput | None) -> StageOutput | None:
        return found and replace(
            found,
            stdout=stream(f"{name}/stdout", found.stdout),
            stderr=stream(f"{name}/stderr", found.stderr),
        )

    output = result.output
    runs = tuple(stage(str(index), run) for index, run in enumerate(output.runs))
    return replace(result, output=Output(compile=stage("compile", output.compile), runs=runs))


def _with_messages(blobs: Blobs, result: Result) -> tuple[JudgedTest, ...]:
    """What became of the tests, with all that is said about them."""
    if _MESSAGES not in result.segments:
        return result.tests
    try:
        content = b"".join(read(blobs, result, _MESSAGES, b"")(0, result.size(_MESSAGES, b"")))
    except NotFound:
        return result.tests
    said = json.loads(content)
    return tuple(
        replace(test, message=message) for test, message in zip(result.tests, said, strict=True)
    )


@dataclass(slots=True)
class _Room:
    """How much more can be shown."""

    left: int

    def beginning(self, blobs: Blobs, result: Result, name: str, inline: bytes) -> bytes:
        segment = result.segments.get(name)
        if segment is None:
            return inline
        most = min(BEGINNING_BYTES, segment.size, len(inline) + self.left)
        if most <= len(inline):
            return inline
        try:
            content = b"".join(read(blobs, result, name, inline)(0, most))
        except NotFound:
            return inline
        self.left -= len(content) - len(inline)
        return content
