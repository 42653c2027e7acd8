"""The parser of server-sent events, by the HTML Living Standard, 9.2.6."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from podline.sse import EventParser, ServerSentEvent


def parsed(*chunks: bytes) -> list[ServerSentEvent]:
    parser = EventParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


def test_an_event_ends_with_an_empty_line() -> None:
    assert parsed(b"event: state\nid: 3\ndata: {}\n") == []
    assert parsed(b"event: state\nid: 3\ndata: {}\n\n") == [ServerSentEvent("state", "{}", "3")]


def test_lines_of_data_are_joined() -> None:
    assert parsed(b"data: one\ndata:  two\ndata\n\n") == [
        ServerSentEvent("message", "one\n two\n", "")
    ]


def test_comments_and_unknown_fields_are_ignored() -> None:
    assert parsed(b": heartbeat\n\nretry: 10\nfoo: bar\ndata:x\n\n") == [
        ServerSentEvent("message", "x", "")
    ]


def test_an_event_without_data_is_none() -> None:
    assert parsed(b"event: state\nid: 1\n\ndata: x\n\n") == [ServerSentEvent("message", "x", "1")]


def test_the_id_stays_until_there_is_another() -> None:
    stream = b"id: 1\ndata:\n\ndata:\n\nid: a\0b\ndata:\n\nid\ndata:\n\n"
    ids = [event.id for event in parsed(stream)]
    assert ids == ["1", "1", "1", ""]


def test_a_byte_order_mark_is_no_part_of_the_stream() -> None:
    assert parsed(b"\xef\xbb\xbfdata: x\n\n") == [ServerSentEvent("message", "x", "")]


def test_only_cr_and_lf_end_a_line() -> None:
    text = "a\u2028b\x0bc\x85d"
    assert parsed(f"data: {text}\n\n".encode()) == [ServerSentEvent("message", text, "")]


LINE = st.characters(codec="utf-8", exclude_characters="\r\n\0")
SENT = st.builds(
    ServerSentEvent,
    event=st.text(LINE, min_size=1).map(str.strip),
    data=st.text().map(json.dumps),
    id=st.integers(1, 99).map(str),
).filter(lambda event: event.event)


@given(
    events=st.lists(SENT),
    end=st.sampled_from(["\n", "\r", "\r\n"]),
    mark=st.booleans(),
    data=st.data(),
)
def test_any_chunking_gives_the_same_events(
    events: list[ServerSentEvent], end: str, mark: bool, data: st.DataObject
) -> None:
    lines = [
        line
        for event in events
        for line in (f"event: {event.event}", f"id: {event.id}", f"data: {event.data}", "", ": .")
    ]
    stream = b"\xef\xbb\xbf" * mark + "".join(line + end for line in lines).encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)))))
    bounds = [0, *cuts, len(stream)]
    chunks = [stream[start:stop] for start, stop in pairwise(bounds)]
    assert parsed(*chunks) == events
