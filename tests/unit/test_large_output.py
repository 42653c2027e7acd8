"""Output of any size: beginnings in the result, and long streams in a blob."""

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.execution import Execution, Outcome, State
from app.domain.judging import JudgedTest
from app.domain.report import Output, StageOutput
from app.domain.result import BEGINNING_BYTES, INLINE_BYTES, Result
from app.domain.submission import ExpectedOutput, SubmittedTest
from app.domain.testlib import MESSAGE_CHARACTERS
from app.infrastructure import codec
from app.infrastructure.folder.blobs import FolderBlobs
from app.infrastructure.memory.blobs import MemoryBlobs
from app.infrastructure.memory.runtime import Script
from app.service import printed
from app.service.printed import completed, pack, read
from app.service.retention import erase
from tests.support.builders import a_result, an_execution
from tests.support.constants import changed
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

MIB = 1 << 20
ID = "01J"


def result_of(blobs: MemoryBlobs, *parts: Output, keep: list[bool] | None = None) -> Result:
    kept = iter(keep or [True] * sum(len(part.runs) for part in parts))
    packed = pack(blobs, ID, parts, lambda _: next(kept))
    return a_result(
        an_execution(id=ID),
        output=packed.output,
        printed=packed.blob,
        segments=packed.segments,
    )


def whole(blobs: MemoryBlobs, result: Result, name: str, inline: bytes) -> bytes:
    content = read(blobs, result, name, inline)
    return b"".join(content(0, result.size(name, inline)))


stages = st.none() | st.builds(
    StageOutput,
    stdout=st.binary(max_size=12),
    stderr=st.binary(max_size=12),
    stdout_truncated=st.booleans(),
)


@given(
    compiled=stages,
    runs=st.lists(stages, max_size=6),
    cut=st.integers(0, 6),
    room=st.integers(0, 30),
)
def test_every_stream_is_there_as_a_whole(
    compiled: StageOutput | None, runs: list[StageOutput | None], cut: int, room: int
) -> None:
    parts = [Output(compile=compiled, runs=tuple(runs[:cut]))]
    parts += [Output(compile=None, runs=tuple(runs[cut:]))]
    blobs = MemoryBlobs()
    with changed(printed__BEGINNING_BYTES=5, printed__INLINE_BYTES=room, printed__SHOWN_BYTES=40):
        packed = printed.Packed(_room=room)
        content = b"".join(packed.pieces(parts, lambda _: True))
        blob = blobs.put(ID, [content])
        result = replace(
            a_result(an_execution(id=ID)),
            output=packed.output,
            printed=blob,
            segments=packed.segments,
        )
        shown = completed(blobs, result)
    assert packed.output.size <= room
    assert shown.output.size <= max(40, room)
    for stage, before, after, more in [
        ("compile", compiled, packed.output.compile, shown.output.compile),
        *zip(map(str, range(6)), runs, packed.output.runs, shown.output.runs, strict=False),
    ]:
        if before is None or after is None or more is None:
            assert before is after is more is None
            continue
        for stream in ("stdout", "stderr"):
            inline, full = getattr(after, stream), getattr(before, stream)
            assert len(inline) <= 5
            assert full.startswith(inline)
            assert full.startswith(getattr(more, stream))
            assert len(getattr(more, stream)) >= len(inline)
            assert whole(blobs, result, f"{stage}/{stream}", inline) == full
        assert after.stdout_truncated is before.stdout_truncated


def test_short_output_needs_no_blob() -> None:
    blobs = MemoryBlobs()
    short = StageOutput(stdout=b"x" * BEGINNING_BYTES, stderr=b"")
    result = result_of(blobs, Output(compile=None, runs=(short,)))
    assert (result.printed, result.segments, result.output.run) == (None, {}, short)
    assert completed(blobs, result) is result


def test_what_is_not_kept_is_nowhere() -> None:
    blobs = MemoryBlobs()
    long = StageOutput(stdout=b"x" * MIB, stderr=b"", stdout_truncated=True)
    result = result_of(blobs, Output(compile=None, runs=(long, long)), keep=[False, True])
    assert result.output.runs[0] == StageOutput(stdout=b"", stderr=b"")
    assert list(result.segments) == ["1/stdout"]


def test_a_part_of_a_stream() -> None:
    blobs = MemoryBlobs()
    content = bytes(range(256)) * 4096
    long = StageOutput(stdout=b"x" * MIB, stderr=content)
    result = result_of(blobs, Output(compile=None, runs=(long,)))
    part = read(blobs, result, "0/stderr", content[:BEGINNING_BYTES])
    for start, size in [(0, 10), (MIB - 3, 10), (MIB, 1), (5, MIB)]:
        assert b"".join(part(start, size)) == content[start : start + size]


def test_a_result_stays_below_a_megabyte_with_200_tests() -> None:
    blobs = MemoryBlobs()
    each = StageOutput(stdout=b"\xff" * 2 * BEGINNING_BYTES, stderr=b"\xff" * 2 * BEGINNING_BYTES)
    result = result_of(blobs, *[Output(compile=None, runs=(each,))] * 200)
    assert result.output.size == INLINE_BYTES
    assert len(codec.RESULT.encode(result)) < MIB
    assert codec.RESULT.decode(codec.RESULT.encode(result)) == result
    shown = completed(blobs, result)
    assert shown.output.size == 4 * MIB
    assert shown.output.runs[31] == StageOutput(
        stdout=each.stdout[:BEGINNING_BYTES], stderr=each.stderr[:BEGINNING_BYTES]
    )


def said_about_tests(messages: Sequence[str | None]) -> tuple[JudgedTest, ...]:
    return tuple(
        JudgedTest(name="x" * 60, outcome=Outcome.WRONG_OUTPUT, points=0.123456789, message=message)
        for message in messages
    )


def with_messages(blobs: MemoryBlobs, tests: tuple[JudgedTest, ...], *parts: Output) -> Result:
    packed = pack(blobs, ID, parts, lambda _: True, lambda: tests)
    return a_result(
        an_execution(id=ID),
        output=packed.output,
        printed=packed.blob,
        segments=packed.segments,
        tests=packed.tests,
    )


@pytest.mark.parametrize("character", ["x", "\U0001f600", "\x01", '"'])
def test_long_messages_are_in_the_blob(character: str) -> None:
    blobs = MemoryBlobs()
    tests = said_about_tests([None, *[character * MESSAGE_CHARACTERS] * 199])
    each = StageOutput(stdout=b"\xff" * 2 * BEGINNING_BYTES, stderr=b"")
    result = with_messages(blobs, tests, *[Output(compile=None, runs=(each,))] * 200)
    assert len(codec.RESULT.encode(result)) < MIB
    assert result.tests[1].message == character * 81
    assert result.tests[0] == tests[0]
    assert completed(blobs, result).tests == tests
    blobs.delete([ID])
    assert completed(blobs, result).tests == result.tests


def test_short_messages_are_in_the_result() -> None:
    blobs = MemoryBlobs()
    tests = said_about_tests(["ok", None, "é" * 1000])
    result = with_messages(blobs, tests)
    assert (result.tests, result.printed, result.segments) == (tests, None, {})


@given(st.lists(st.none() | st.text(max_size=12), max_size=5), st.integers(2, 60))
def test_every_message_is_there_as_a_whole(messages: list[str | None], room: int) -> None:
    blobs, tests = MemoryBlobs(), said_about_tests(messages)
    with changed(printed__MESSAGES_BYTES=room):
        result = with_messages(blobs, tests)
    assert completed(blobs, result).tests == tests
    inline = [test.message or "" for test in result.tests]
    assert sum(len(each.encode()) for each in inline) <= room
    for short, message in zip(inline, messages, strict=True):
        assert (message or "").startswith(short)


@pytest.fixture
def twins() -> Twins:
    return make_twins()


def ran(twins: Twins, **facts: Any) -> Execution:
    execution = twins.submit(**facts)
    with changed(monitor__FIRST_LOOK_SECONDS=0):
        Worker(twins.ports).run_all()
    found = twins.now(execution)
    assert found.state is State.COMPLETED
    return found


def test_removed_with_the_execution(twins: Twins) -> None:
    twins.runtime.script = lambda _: Script(prints=b"x" * MIB)
    execution = ran(twins)
    result = twins.store.results.get(execution.pod)
    assert result is not None
    assert result.printed is not None
    erase(twins.store.executions, twins.blobs, execution)
    assert twins.blobs.read(execution.id, result.printed) is None


def test_memory_stays_flat_while_64_mib_pass_through(twins: Twins, tmp_path: Path) -> None:
    """The twin's own copy is made once, before anything is measured."""
    blobs = FolderBlobs(tmp_path)
    ports = replace(twins.ports, blobs=blobs)
    each = StageOutput(stdout=b"x" * 4 * MIB, stderr=b"")
    twins.runtime.script = lambda pod: Script(outputs=(each,) * len(pod.runs))
    tests = tuple(SubmittedTest(name=str(number)) for number in range(16))
    execution = twins.submit(tests=tests)
    tracemalloc.start()
    with changed(monitor__FIRST_LOOK_SECONDS=0):
        Worker(ports).run_all()
    result = twins.store.results.get(twins.now(execution).pod)
    assert result is not None
    assert result.printed is not None
    assert result.printed.size == 64 * MIB
    last = read(blobs, result, "15/stdout", b"")(0, 4 * MIB)
    assert sum(map(len, last)) == 4 * MIB
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * MIB


def test_output_is_read_once_to_judge_it_and_once_to_store_it(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    output = twins.runtime.output

    def read_output(name: str, first_run: int = 0) -> Output | None:
        reads.append(first_run)
        return output(name, first_run)

    monkeypatch.setattr(twins.runtime, "output", read_output)
    twins.runtime.script = lambda _: Script(prints=b"1")
    tests = tuple(SubmittedTest(name=str(number)) for number in range(4))
    ran(twins, tests=tests, expected_output=ExpectedOutput(b"1"))
    assert reads == [0, 2, 0, 2]
    reads.clear()
    ran(twins, tests=tests)
    assert reads == [0, 2], "nothing is judged"


def test_output_that_is_lost_leaves_no_result(twins: Twins, monkeypatch: Any) -> None:
    each = StageOutput(stdout=b"x" * MIB, stderr=b"")
    twins.runtime.script = lambda pod: Script(outputs=(each,) * len(pod.runs))
    execution = twins.submit(tests=tuple(SubmittedTest(name=str(number)) for number in range(4)))
    whole_output = twins.runtime.output
    monkeypatch.setattr(
        twins.runtime, "output", lambda name, first=0: None if first else whole_output(name, first)
    )
    with changed(monitor__FIRST_LOOK_SECONDS=0):
        Worker(twins.ports).run_all()
    row = twins.now(execution)
    assert (row.state, row.message) == (
        State.QUEUED,
        "the program's output was lost before it was stored",
    )
    assert twins.store.results.get(row.pod) is None
