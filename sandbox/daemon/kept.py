"""What is kept of a pod: how its stages ended, and what they printed.

A pod's file has everything that its stages printed, in the order in which it was read, and the
files that were collected, followed by a header in JSON that says where what is, and by the header's
length. So it is complete if it ends like that, and output needn't be in memory until the pod ends.
"""

import json
import os
import struct
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

from sandbox.daemon.recorder import Recorder
from sandbox.wire import messages, version_1
from sandbox.wire.framing import ProtocolError
from sandbox.wire.types import Frame, Observation, Output, StageOutput, Stream

_END: Final = struct.Struct("<Q8s")
_MARK: Final = b"podline2"
_BYTES_IN_MEMORY: Final = 1 << 20
"""More than this is written before the pod ends."""
_BYTES_PER_OUTPUT: Final = 4 << 20
_LITTLE: Final = 16 << 10
ARTIFACT_BYTES: Final = 1 << 20
"""Of one answer."""
_PARTS_AT_ONCE: Final = os.sysconf("SC_IOV_MAX")

Header: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Record:
    """What a pod's stages printed so far: on disk, if it is much, and the rest in memory."""

    path: Path
    header: Header = field(default_factory=lambda: {"compile": None, "runs": []})
    size: int = 0
    """Bytes that the stages printed, and of files that are kept."""
    _written: int = 0
    _unwritten: deque[bytes] = field(default_factory=deque)

    def keep_compile(self, recorder: Recorder) -> None:
        self.header["compile"] = self._kept(recorder)

    def keep_run(self, recorder: Recorder | None) -> None:
        """Keep what the next run printed; None if it was skipped."""
        self.header["runs"].append(self._kept(recorder) if recorder else None)

    def keep_artifact(self, parts: Iterable[bytes]) -> None:
        """Keep the next file that the program created."""
        offset = self.size
        for part in parts:
            self._unwritten.append(part)
            self._add(len(part))
        self.header.setdefault("artifacts", []).append([offset, self.size - offset])

    def drop_artifacts(self) -> None:
        """Forget the files that were kept. Their bytes stay until the record is removed."""
        self.header.pop("artifacts", None)

    def close(self, observation: Observation) -> None:
        """Add what is known at the end. Nothing can be kept any more."""
        self.header["observation"] = messages.observation_header(observation)
        header = json.dumps(self.header).encode()
        self._unwritten += [header, _END.pack(len(header), _MARK)]

    @property
    def is_little(self) -> bool:
        """Whether it can stay in memory until the pod is deleted."""
        return self.size <= _LITTLE

    def write(self) -> None:
        """Write what is in memory. Raises OSError; what could not be written stays in memory."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        file = os.open(self.path, flags, 0o600)
        try:
            while self._unwritten:
                parts = list(islice(self._unwritten, _PARTS_AT_ONCE))
                self._forget(os.pwritev(file, parts, self._written))
        finally:
            os.close(file)

    def _forget(self, written: int) -> None:
        """That many bytes more are on disk."""
        self._written += written
        while written:
            first = self._unwritten.popleft()
            if len(first) > written:
                self._unwritten.appendleft(first[written:])
            written -= min(written, len(first))

    def stored(self) -> "Stored":
        """What is kept, while a full disk keeps it from being written."""
        return Stored(self.header, 0, b"".join(self._unwritten), self.path, self._written)

    def _kept(self, recorder: Recorder) -> Header:
        kept = {
            "offset": self.size,
            "frames": [[frame.stream, len(frame.content)] for frame in recorder.frames],
            "truncated": sorted(recorder.truncated),
        }
        self._unwritten += [frame.content for frame in recorder.frames]
        self._add(recorder.size)
        return kept

    def _add(self, size: int) -> None:
        self.size += size
        if self.size - self._written > _BYTES_IN_MEMORY:
            self._try_to_write()

    def _try_to_write(self) -> None:
        try:
            self.write()
        except OSError:
            return  # the disk is full: it stays in memory, and is tried again


@dataclass(frozen=True, slots=True)
class Stored:
    """What is kept of an ended pod."""

    header: Header
    begins: int
    """Where in the file the first stage's output is."""
    in_memory: bytes
    """What comes after the part that is on disk."""
    path: Path
    on_disk: int

    def output(self, first_run: int) -> Output | None:
        """The runs from that one on that fit into an answer; None if the pod faulted."""
        if self.header["observation"]["report"] is None:
            return None
        compiled = self.header["compile"] if first_run == 0 else None
        return Output(
            compile=self._stage(compiled) if compiled else None,
            runs=tuple(self._runs(first_run, _bytes_of(compiled))),
        )

    def artifact(self, index: int, start: int) -> bytes | None:
        """Up to `ARTIFACT_BYTES` of that file; None if there is no such file."""
        files = self.header.get("artifacts", ())
        if index >= len(files):
            return None
        offset, size = files[index]
        return self._read(offset + start, max(0, min(size - start, ARTIFACT_BYTES)))

    def frames(self, after: int) -> list[Frame]:
        """What the only run printed; nothing if there were several."""
        runs = self.header["runs"]
        return list(self._frames(runs[0]))[after:] if len(runs) == 1 else []

    def _runs(self, first: int, taken: int) -> Iterator[StageOutput | None]:
        for number, run in enumerate(self.header["runs"][first:]):
            taken += _bytes_of(run)
            if number and taken > _BYTES_PER_OUTPUT:
                return
            yield self._stage(run) if run else None

    def _stage(self, kept: Header) -> StageOutput:
        parts: dict[Stream, list[memoryview]] = {stream: [] for stream in Stream}
        content, taken = memoryview(self._read(kept["offset"], _bytes_of(kept))), 0
        for stream, length in kept["frames"]:
            parts[Stream(stream)].append(content[taken : taken + length])
            taken += length
        return StageOutput(
            stdout=b"".join(parts[Stream.STDOUT]),
            stderr=b"".join(parts[Stream.STDERR]),
            stdout_truncated=Stream.STDOUT in kept["truncated"],
            stderr_truncated=Stream.STDERR in kept["truncated"],
        )

    def _frames(self, kept: Header) -> Iterator[Frame]:
        content = memoryview(self._read(kept["offset"], _bytes_of(kept)))
        sizes = dict.fromkeys(Stream, 0)
        taken = 0
        for sequence, (name, length) in enumerate(kept["frames"], start=1):
            stream = Stream(name)
            part = bytes(content[taken : taken + length])
            yield Frame(sequence, stream, sizes[stream], part)
            sizes[stream] += length
            taken += length

    def _read(self, offset: int, length: int) -> bytes:
        from_disk = max(0, min(length, self.on_disk - offset))
        content = _read(self.path, self.begins + offset, from_disk) if from_disk else b""
        rest = max(0, offset - self.on_disk)
        return content + self.in_memory[rest : rest + length - from_disk]


def _bytes_of(kept: Header | None) -> int:
    return sum(length for _, length in kept["frames"]) if kept else 0


def _read(path: Path, offset: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        content = file.read(length)
    if len(content) < length:
        raise ProtocolError("the file is shorter than its header says")
    return content


class NotEnded(ProtocolError):
    """Nothing is kept yet: the pod had not ended when its daemon did."""


def load(path: Path) -> Stored:
    """Raises FileNotFoundError; and ValueError, KeyError or TypeError if it is incomplete."""
    size = path.stat().st_size
    if size == 0:
        raise NotEnded
    length, mark = _END.unpack(_read(path, max(0, size - _END.size), _END.size))
    if mark != _MARK:
        return _of_first_release(path)
    begins = size - _END.size - length
    header = json.loads(_read(path, begins, length))
    return Stored(header, 0, b"", path, begins)


def observation_of(stored: Stored) -> Observation:
    return messages.observation_of(stored.header["observation"])


def _of_first_release(path: Path) -> Stored:
    """A file of 0.1.0: a header in one line, and then what the compiler and the program printed."""
    head, _, body = path.read_bytes().partition(b"\n")
    header = json.loads(head)
    compiled, frames = header["compile_output"], header["frames"]
    observation = version_1.answer("observe", {"ok": header["observation"]})["ok"]
    ran = observation["report"] is not None and observation["report"]["runs"]
    kept = compiled and _kept(
        0,
        [[stream, compiled[stream]] for stream in Stream],
        [stream for stream in Stream if compiled[f"{stream}_truncated"]],
    )
    run = _kept(
        _bytes_of(kept), [[stream, length] for _, stream, _, length in frames], header["truncated"]
    )
    now = {"observation": observation, "compile": kept, "runs": [run] if ran else []}
    return Stored(now, len(head) + 1, b"", path, len(body))


def _kept(offset: int, frames: Sequence[Any], truncated: Sequence[str]) -> Header:
    return {"offset": offset, "frames": frames, "truncated": truncated}
