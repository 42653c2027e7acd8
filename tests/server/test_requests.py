"""Any bytes, in any pieces, are read without an error and without using much memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.server import requests
from app.server.connections import adjustments
from app.server.refusals import NoSpace
from app.server.requests import Request

ADJUSTMENTS = adjustments(1000, 10)
PIECES = st.lists(
    st.sampled_from(
        [
            *(b"POST / HTTP/1.1\r\n", b"GET /?a=b HTTP/1.0\r\n", b"Host: x\r\n", b"\r\n", b"\n"),
            *(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"0\r\n", b"5\r\n"),
            *(b"Content-Length: 5000\r\n", b"Expect: 100-continue\r\n", b"hello", b"a" * 600),
            *(b"5;x=y\r\n", b"fffffffff\r\n", b" folded\r\n", b"\0", b"\xff: \xff\r\n"),
        ]
    ),
    max_size=20,
)


def received(data: bytes, size: int) -> Request:
    """Return a request received in pieces of this size."""
    request = Request(ADJUSTMENTS)
    while data and not request.completed:
        consumed = request.received(data[:size])
        assert 0 <= consumed <= size
        data = data[max(consumed, 1) :]
    return request


@given(PIECES, st.binary(max_size=50), st.integers(1, 100))
def test_any_bytes_are_read(pieces: list[bytes], rest: bytes, size: int) -> None:
    received(b"".join(pieces) + rest, size)


@given(PIECES, st.integers(1, 100), st.integers(1, 100))
def test_the_size_of_the_pieces_does_not_matter(pieces: list[bytes], one: int, other: int) -> None:
    data = b"".join([b"POST / HTTP/1.1\r\n", *pieces])
    first, second = received(data, one), received(data, other)

    assert first.completed == second.completed
    assert type(first.error) is type(second.error)
    if first.completed and not first.error:
        assert first.get_body_stream().read() == second.get_body_stream().read()


def test_large_bodies_that_are_under_way_are_bounded_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requests, "MAX_ARRIVING", 1_000_000)
    large = adjustments(10_000_000, 10)
    head = b"POST / HTTP/1.1\r\nContent-Length: 900000\r\n\r\n"
    arriving = [Request(large) for _ in range(3)]
    for request in arriving:
        request.received(head)
        for _ in range(9):
            request.received(b"a" * 100_000)

    assert [type(request.error) for request in arriving] == [type(None), NoSpace, NoSpace]

    arriving.clear()
    another = Request(large)
    another.received(head)
    for _ in range(9):
        another.received(b"a" * 100_000)
    assert (another.completed, another.error) == (True, None)
