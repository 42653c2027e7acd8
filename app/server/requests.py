"""A request while it arrives, with bounds on its cost."""

from errno import EDQUOT, ENOSPC
from time import monotonic
from typing import Final
from weakref import WeakSet

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser
from waitress.receiver import ChunkedReceiver
from waitress.utilities import (
    BadRequest,
    Error,
    RequestEntityTooLarge,
    RequestHeaderFieldsTooLarge,
)

from app.server.refusals import MAX_HEADER_LINES, NoSpace, UriTooLong

MAX_CONTROL_LINE: Final = 1024
"""Bytes of a chunk's size and extensions. waitress copies a line again with each piece of it."""
MAX_TRAILER: Final = 8 * 1024
MAX_FRAMING: Final = 64 * 1024
"""Bytes of chunk sizes and line ends, in addition to a sixteenth of the content. Each chunk costs
the thread that reads all connections 3 microseconds: 1 MB of one-byte chunks took 0.8 s.
"""
MAX_DISCARDED: Final = 64 * 1024 * 1024
"""How many bytes of a refused body to read: many clients read no response before they have sent
their whole request.
"""
LARGE: Final = 64 * 1024
"""A body with more bytes is stored in a temporary file."""
MAX_ARRIVING: Final = 256 * 1024 * 1024
"""Bytes of all large bodies that are arriving, since clients without a key may send them too."""
_BETWEEN_CHECKS: Final = 256 * 1024


class Discard:
    """A buffer that discards its contents."""

    def __init__(self) -> None:
        self._length = 0

    def append(self, data: bytes) -> None:
        """Only count the bytes."""
        self._length += len(data)

    def close(self) -> None:
        """Do nothing, as nothing is stored."""

    def __len__(self) -> int:
        return self._length


class Refused(Exception):
    """The header is invalid; `error` is the response."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.code)
        self.error = error


class Request(HTTPRequestParser):
    """Sets `error` as soon as it is clear that the request costs too much."""

    completed: bool
    error: Error | None
    path = ""
    """waitress logs it, even for a request without a path."""

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.began = monotonic()
        self._refusal: Error | None = None
        """The error to send once the rest of the body has been read."""
        self._discarded = 0
        self._checked = 0

    def received(self, data: bytes) -> int:
        if self._refusal:
            return self._discard(data, self._refusal)
        if self.body_rcv is None and not self.header_plus:
            # Skip empty lines before a request (RFC 9112, 2.2). waitress would take every two for
            # a request, so that a megabyte of them took seconds.
            rest = data.lstrip(b"\r\n")
            return len(data) - len(rest) + (self._received(rest) if rest else 0)
        return self._received(data)

    def _received(self, data: bytes) -> int:
        try:
            consumed = int(super().received(data))
        except OSError as error:
            return self._not_stored(data, error)
        except Refused as refused:
            return self._not_read(refused.error, data)
        except ValueError:  # from int() of many digits, and from urlsplit()
            return self._not_read(BadRequest("the request line or a header is invalid"), data)
        if self._is_line_too_long(data):
            self.error = UriTooLong("the request line is too long")
        if isinstance(self.error, RequestEntityTooLarge):
            self._refuse_after_the_body(self.error)
        elif self.body_rcv is not None and not self.completed:
            self._check_body()
        if self.completed:
            # waitress would send 100 and wait for a body that never comes.
            self.expect_continue = False
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the header. Raises Refused, in addition to errors that waitress handles."""
        if header_plus.count(b"\n") > MAX_HEADER_LINES:
            raise Refused(RequestHeaderFieldsTooLarge(""))
        super().parse_header(header_plus)
        # RFC 9112, 6.1: either may be an attempt at request smuggling.
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise Refused(BadRequest("Content-Length and Transfer-Encoding can't be combined"))
        if not self.chunked and "TRANSFER_ENCODING" in self.headers:
            raise Refused(BadRequest("Transfer-Encoding needs HTTP/1.1"))

    def _is_line_too_long(self, data: bytes) -> bool:
        too_large = isinstance(self.error, RequestHeaderFieldsTooLarge)
        return too_large and b"\r\n" not in self.header_plus + data

    def _not_read(self, error: Error, data: bytes) -> int:
        self.headers_finished = True
        self._refuse(error)
        return len(data)

    def _not_stored(self, data: bytes, error: OSError) -> int:
        full = error.errno in (ENOSPC, EDQUOT)
        why = "the disk is full" if full else "its file can't be written"
        refusal = NoSpace(f"the body can't be stored because {why}: try again later")
        if isinstance(self.body_rcv, ChunkedReceiver):
            self._refuse(refusal)  # an unknown part of the data was consumed
            return len(data)
        self._refuse_after_the_body(refusal)
        return len(data) if self.completed else self._discard(data, refusal)

    def _check_body(self) -> None:
        if refusal := self._endless() or self._too_fine(self.body_bytes_received):
            self._refuse(refusal)
        elif self._bytes_to_come() > self.adj.max_request_body_size:
            self._refuse_after_the_body(RequestEntityTooLarge(""))
        elif self.body_bytes_received - self._checked >= _BETWEEN_CHECKS:
            self._checked = self.body_bytes_received
            _large.add(self)
            if sum(each.body_bytes_received for each in _large) > MAX_ARRIVING:
                self._refuse_after_the_body(NoSpace("too many large bodies: try again later"))

    def _endless(self) -> Error | None:
        """Bound a chunk's line and the trailer, which waitress keeps until they end."""
        receiver = self.body_rcv
        if not isinstance(receiver, ChunkedReceiver):
            return None
        if len(receiver.control_line) > MAX_CONTROL_LINE:
            return BadRequest("Invalid chunk size")
        return BadRequest("Trailer too large") if len(receiver.trailer) > MAX_TRAILER else None

    def _too_fine(self, arrived: int) -> Error | None:
        """Refuse chunks so small that reading them costs more than their content."""
        if not isinstance(self.body_rcv, ChunkedReceiver):
            return None
        content = len(self.body_rcv)
        if arrived - content > MAX_FRAMING + content // 16:
            return BadRequest("the chunks of the body are too small")
        return None

    def _bytes_to_come(self) -> int:
        """Return the known minimum length of the whole body."""
        if isinstance(self.body_rcv, ChunkedReceiver):
            return int(self.body_bytes_received + self.body_rcv.chunk_remainder)
        return int(self.content_length)

    def _refuse_after_the_body(self, refusal: Error) -> None:
        """Read the rest first, unless it has arrived, is too long, or the client awaits a 100."""
        over = self.body_rcv is None or self.body_rcv.completed
        if over or self.expect_continue or self._bytes_to_come() > MAX_DISCARDED:
            self._refuse(refusal)
        else:
            self._refusal, self.error, self.completed = refusal, None, False
            self.body_rcv.getbuf().close()
            _large.discard(self)
            self.body_rcv.buf = Discard()

    def _discard(self, data: bytes, refusal: Error) -> int:
        receiver = self.body_rcv
        assert receiver is not None, "only a body is discarded"
        consumed = int(receiver.received(data))
        self._discarded += consumed
        if receiver.completed or receiver.error or self._endless() or self._too_much():
            self._refuse(refusal)
        return consumed

    def _too_much(self) -> bool:
        if self._too_fine(self._discarded):
            return True
        return self._discarded > MAX_DISCARDED or self._bytes_to_come() > MAX_DISCARDED

    def _refuse(self, refusal: Error) -> None:
        # Otherwise waitress would ask for the body and forget that the request is complete.
        self.expect_continue = False
        self.error, self.completed = refusal, True


_large: Final[WeakSet[Request]] = WeakSet()
"""Requests with a large body, until the response is sent or the connection closes."""
