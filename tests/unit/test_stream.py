"""The stream of an execution is complete, ordered, and can resume at any position."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import CoordinationUnavailable, StoreUnavailable
from app.domain.execution import Change, Execution
from app.domain.report import Frame, Output, StageOutput, Stream
from app.ports import Ports
from app.service.stream import stream
from app.service.stream_items import (
    Ended,
    Heartbeat,
    Item,
    Printed,
    ResultStored,
    StateChanged,
    StreamPosition,
)
from tests.support.builders import NOW, a_result, a_verdict, accepted
from tests.support.twins import Twins, make_twins, wrapped

Action = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Written:
    """Something that a program prints; a frame of it may never reach the live output."""

    stream: Stream
    content: bytes
    dropped: bool = False


@dataclass(slots=True)
class Story:
    """One execution whose next step happens whenever somebody waits for one.

    It stands for the wake-ups, so that a test needs no threads and no clock.
    """

    twins: Twins = field(default_factory=make_twins)
    steps: list[Action] = field(default_factory=list)
    execution_id: str = ""

    @property
    def ports(self) -> Ports:
        return replace(self.twins.ports, wakeups=self)

    @property
    def execution(self) -> Execution:
        execution = self.twins.store.executions.get(self.execution_id)
        assert execution is not None
        return execution

    def notify(self, execution_id: str, *, progress: bool = False) -> None:
        raise NotImplementedError

    @contextmanager
    def listen(self, execution_id: str, *, progress: bool = False) -> Iterator["Story"]:
        assert progress
        assert execution_id == self.execution_id
        yield self

    def wait(self, timeout_seconds: float) -> bool:
        assert timeout_seconds > 0
        self.steps.pop(0)()
        return True

    def begin(self) -> None:
        execution, submission, event = accepted()
        self.twins.store.executions.insert(execution, submission, event)
        self.execution_id = execution.id

    def change(self, make: Callable[[Execution], Change]) -> None:
        def happen() -> None:
            assert self.twins.store.executions.apply(make(self.execution))

        self.steps.append(happen)

    def attempt(self, written: Sequence[Written]) -> None:
        self.change(lambda row: row.admit(NOW, NOW))
        self.change(lambda row: row.start(NOW, NOW, NOW))
        self.change(lambda row: row.run(NOW, NOW, NOW))
        offsets = {Stream.STDOUT: 0, Stream.STDERR: 0}
        for sequence, piece in enumerate(written, start=1):
            frame = Frame(sequence, piece.stream, offsets[piece.stream], piece.content)
            offsets[piece.stream] += len(piece.content)
            if not piece.dropped:
                self.steps.append(partial(self._append, frame))

    def _append(self, frame: Frame) -> None:
        self.twins.ports.live.append(self.execution.pod, [frame])

    def complete(self, written: Sequence[Written]) -> None:
        self.change(lambda row: row.finish(NOW, NOW, a_verdict()))

        def store_result() -> None:
            run = StageOutput(
                stdout=printed(written, Stream.STDOUT), stderr=printed(written, Stream.STDERR)
            )
            result = a_result(self.execution, output=Output(compile=None, runs=(run,)))
            self.twins.store.results.insert(result)

        self.steps.append(store_result)
        self.change(lambda row: row.complete(NOW, NOW))


def printed(written: Sequence[Written], stream: Stream) -> bytes:
    return b"".join(piece.content for piece in written if piece.stream is stream)


contents = st.one_of(
    st.binary(min_size=1, max_size=6),
    st.text(min_size=1, max_size=6).map(str.encode),
    st.sampled_from(["é".encode()[:1], "é".encode()[1:], "🙂".encode()[:3], "🙂".encode()[3:]]),
)
of_a_run = st.sampled_from([Stream.STDOUT, Stream.STDERR])
writings = st.lists(
    st.builds(
        Written,
        st.sampled_from([Stream.STDOUT, Stream.STDERR]),
        contents,
        st.sampled_from([False, False, True]),
    ),
    max_size=8,
)


@st.composite
def stories(draw: st.DrawFn) -> Callable[[], Story]:
    """Makes the same story each time: perhaps a first attempt that was lost, and how it ended."""
    lost, final = draw(st.none() | writings), draw(writings)
    ending = draw(st.sampled_from(["complete", "complete", "cancel", "fail"]))

    def make() -> Story:
        story = Story()
        story.begin()
        if lost is not None:
            story.attempt(lost)
            story.change(lambda row: row.requeue(NOW, NOW, "the runtime lost the program"))
        story.attempt(final)
        if ending == "complete":
            story.complete(final)
        else:
            story.change(
                lambda row: (
                    row.cancel(NOW, NOW) if ending == "cancel" else row.fail(NOW, NOW, "gave up")
                )
            )
        return story

    return make


def check(items: Sequence[Item], story: Story) -> None:
    """Check that the items are complete and in order, as those of one stream."""
    states = [item.event.version for item in items if isinstance(item, StateChanged)]
    assert states == list(range(1, story.execution.version + 1))
    read: Counter[tuple[int, Stream]] = Counter()
    for item in items:
        if isinstance(item, Printed):
            place = (item.position.attempt, item.stream)
            assert item.offset == read[place]
            read[place] += len(item.content)
    results = [item for item in items if isinstance(item, ResultStored)]
    assert len(results) == (story.execution.result_id is not None)
    for item in results:
        run = item.result.output.run
        assert run is not None
        assert output(items, story, Stream.STDOUT) == run.stdout
        assert output(items, story, Stream.STDERR) == run.stderr
    assert [item.state for item in items if isinstance(item, Ended)] == [story.execution.state]
    assert isinstance(items[-1], Ended)


def output(items: Sequence[Item], story: Story, stream: Stream) -> bytes:
    """What the last attempt printed, according to the items."""
    last = story.execution.attempt
    return b"".join(
        item.content
        for item in items
        if isinstance(item, Printed)
        if item.stream is stream
        if item.position.attempt == last
    )


@given(make=stories())
def test_a_stream_is_whole(make: Callable[[], Story]) -> None:
    story = make()
    check(list(stream(story.ports, story.execution, StreamPosition())), story)


@given(make=stories(), data=st.data())
def test_a_stream_that_breaks_off_anywhere_continues_without_a_trace(
    make: Callable[[], Story], data: st.DataObject
) -> None:
    story = make()
    items: list[Item] = []
    while not items or not isinstance(items[-1], Ended):
        last = items[-1] if items else None
        at = StreamPosition() if last is None or isinstance(last, Heartbeat) else last.position
        connection = stream(story.ports, story.execution, StreamPosition.parse(str(at)))
        items += islice(connection, data.draw(st.integers(1, 6)))
        connection.close()  # type: ignore[attr-defined]  # it is a generator
    check(items, story)


@given(make=stories(), data=st.data())
def test_what_is_over_can_be_read_from_any_position(
    make: Callable[[], Story], data: st.DataObject
) -> None:
    story = make()
    items = list(stream(story.ports, story.execution, StreamPosition()))
    cut = data.draw(st.integers(1, len(items) - 1))
    last = items[cut - 1]
    assert not isinstance(last, Heartbeat)
    check([*items[:cut], *stream(story.ports, story.execution, last.position)], story)


def a_completed_story(*written: Written) -> Story:
    story = Story()
    story.begin()
    story.attempt(written)
    story.complete(written)
    return story


def test_output_comes_before_the_program_has_ended() -> None:
    story = a_completed_story(Written(Stream.STDOUT, b"one\n"), Written(Stream.STDERR, b"two\n"))
    kinds = [
        item.content if isinstance(item, Printed) else str(item.event.data["state"])
        for item in stream(story.ports, story.execution, StreamPosition())
        if isinstance(item, Printed | StateChanged)
    ]
    assert kinds[-4:] == [b"one\n", b"two\n", "finished", "completed"]


def test_a_new_attempt_starts_the_output_afresh() -> None:
    story = Story()
    story.begin()
    story.attempt([Written(Stream.STDOUT, b"ab"), Written(Stream.STDOUT, "é".encode()[:1])])
    story.change(lambda row: row.requeue(NOW, NOW, "the runtime lost the program"))
    story.attempt([Written(Stream.STDOUT, b"x")])
    story.change(lambda row: row.cancel(NOW, NOW))
    reported = [
        (item.position.attempt, item.offset, item.content)
        for item in stream(story.ports, story.execution, StreamPosition())
        if isinstance(item, Printed)
    ]
    assert reported == [(1, 0, b"ab"), (2, 0, b"x")]


def test_a_character_is_not_cut() -> None:
    whole = "a🙂b".encode()
    story = a_completed_story(*(Written(Stream.STDOUT, whole[n : n + 1]) for n in range(6)))
    pieces = [
        item.content
        for item in stream(story.ports, story.execution, StreamPosition())
        if isinstance(item, Printed)
    ]
    assert [piece.decode() for piece in pieces] == ["a", "🙂", "b"]


class Lost:
    """Live output while Redis is unavailable."""

    def __getattr__(self, name: str) -> object:
        raise CoordinationUnavailable(name)


def test_without_redis_the_store_has_it_all() -> None:
    written = (Written(Stream.STDOUT, b"one\n"), Written(Stream.STDOUT, b"two\n"))
    story = a_completed_story(*written)
    ports = replace(story.ports, live=Lost())  # type: ignore[arg-type]  # it only raises
    items = list(stream(ports, story.execution, StreamPosition()))
    check(items, story)
    assert output(items, story, Stream.STDOUT) == b"one\ntwo\n"


def test_it_outlives_the_store() -> None:
    story = a_completed_story(Written(Stream.STDOUT, b"one\n"))
    store = story.twins.store
    begun = story.execution
    failures = iter([True, False, True, True])

    class Shaky:
        def __init__(self, subject: object) -> None:
            self._subject = subject

        def __getattr__(self, name: str) -> object:
            if next(failures, False):
                raise StoreUnavailable(name)
            return getattr(self._subject, name)

    story.steps[0:0] = [lambda: None] * 4
    ports = replace(story.ports, store=wrapped(store, Shaky))
    check(list(stream(ports, begun, StreamPosition())), story)


def test_an_execution_that_is_erased_meanwhile_just_ends() -> None:
    story = a_completed_story()
    connection = stream(story.ports, story.execution, StreamPosition())
    read = [next(connection)]
    while story.steps:
        story.wait(1)
    story.steps.append(lambda: story.twins.store.executions.erase(story.execution_id))
    read += connection
    assert [type(item) for item in read] == [StateChanged, Ended]


def test_a_silent_one_has_heartbeats() -> None:
    story = a_completed_story()
    items = stream(story.ports, story.execution, StreamPosition(), heartbeat=0)
    kinds = [type(item) for item in islice(items, 3)]
    assert kinds == [StateChanged, Heartbeat, Heartbeat]


def test_it_breaks_off_once_the_key_is_gone() -> None:
    story = Story()
    story.begin()
    story.steps = [lambda: None]
    answers = iter([True, False])

    items = list(stream(story.ports, story.execution, StreamPosition(), allowed=answers.__next__))

    assert [type(item) for item in items] == [StateChanged]
