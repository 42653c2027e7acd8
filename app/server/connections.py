"""Connections: which are accepted, how long they may be silent, and how the server stops."""

import socket
import time
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.receiver import FixedStreamReceiver
from waitress.server import TcpWSGIServer

from app.server.loop import Loop
from app.server.refusals import RefusalTask
from app.server.requests import LARGE, Request
from app.server.threads import Threads

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

REQUEST_SECONDS: Final = 60.0
"""From the first byte of a request to its last."""
ACCEPTED_AT_ONCE: Final = 64
SHED: Final = 0.1
"""Of all connections, where there are too many: those whose request takes longest to arrive."""
PIPELINED: Final = 2
"""Requests sent in one go that are served, before the connection closes. waitress has a thread wait
between two of them until the client has read enough: 640 such clients took all threads.
"""
BODY_BYTES: Final = 64 * 1024
"""Of a body read at once. Whatever else may be many small requests, so less of it is."""
UNREAD_SECONDS: Final = 60.0
"""A response of which a client takes nothing for so long is given up."""
MAX_UNREAD: Final = 128 * 1024 * 1024
"""Bytes of all responses that clients have yet to take, once a second: whoever has no key may ask
for the API's description on each connection, and read nothing.
"""
LINGER_SECONDS: Final = 2.0
"""After a refusal, what the client still sends is read for so long: a socket that is closed with
unread data resets the connection, and the client may lose the response (RFC 9112, 9.6).
"""
_POLL_SECONDS: Final = 1.0


def adjustments(largest_body: int, connection_limit: int) -> Adjustments:
    """waitress' settings. Sizes are in bytes."""
    return Adjustments(
        # Reads on while a request is answered, and so notices that its client has left.
        channel_request_lookahead=1,
        channel_timeout=75,
        cleanup_interval=1,
        connection_limit=connection_limit,
        ident=None,
        inbuf_overflow=LARGE,
        # Otherwise an OSError of the application ends a response without a word.
        log_socket_errors=True,
        max_request_body_size=largest_body + 1,
        # A query may have 32 KiB, and the application says so itself.
        max_request_header_size=64 * 1024,
        # A response is handed over whole, so that a slow client holds no thread and needs no disk;
        # of a stream so much may wait for its client.
        outbuf_high_watermark=256 * 1024,
        outbuf_overflow=64 * 1024 * 1024,
    )


class Connection(HTTPChannel):  # type: ignore[misc]  # it has no types
    """One client."""

    parser_class = Request
    error_task_class = RefusalTask
    request: Request | None
    refused = False
    """Set by the thread that sends the refusal."""
    _lingers_until: float | None = None

    def recv(self, buffer_size: int) -> bytes:
        receiver = self.request.body_rcv if self.request else None
        if isinstance(receiver, FixedStreamReceiver):
            buffer_size = max(1, min(BODY_BYTES, receiver.remain))
        return bytes(super().recv(buffer_size))

    def received(self, data: bytes) -> bool:
        if self._lingers_until is not None:
            return False
        going_on = bool(super().received(data))
        with self.requests_lock:
            for request in self.requests[PIPELINED:]:
                request.close()
            if len(self.requests) > PIPELINED:
                del self.requests[PIPELINED:]
                self.requests[-1].headers["CONNECTION"] = "close"
        return going_on

    def readable(self) -> bool:
        return self._lingers_until is not None or bool(super().readable())

    def handle_write(self) -> None:
        if self.refused and self.close_when_flushed:
            self._flush_exception(self._flush_some)
            if self.connected and not self.total_outbufs_len and not self.will_close:
                self._linger()
                return
        super().handle_write()

    def _linger(self) -> None:
        self.close_when_flushed = False
        self._lingers_until = time.time() + LINGER_SECONDS
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def has_expired(self, now: float) -> bool:
        """Whether it lingered long enough, or takes nothing of its response."""
        if self._lingers_until is not None:
            return now > self._lingers_until
        return bool(self.total_outbufs_len and self.last_activity < now - UNREAD_SECONDS)

    def add_channel(self, map: Any = None) -> None:
        super().add_channel(map)
        self.server.loop.ask([self])

    def del_channel(self, map: Any = None) -> None:
        self.server.loop.forget(self, self._fileno)
        super().del_channel(map)


class Server(TcpWSGIServer):  # type: ignore[misc]  # it has no types
    """Serves one WSGI application on one address, in this thread and in those that answer."""

    channel_class = Connection

    def __init__(
        self,
        application: "WSGIApplication",
        listening: socket.socket,
        threads: Threads,
        adj: Adjustments,
        request_seconds: float = REQUEST_SECONDS,
        max_unread: int = MAX_UNREAD,
    ) -> None:
        super().__init__(
            application,
            _sock=listening,
            dispatcher=threads,
            adj=adj,
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
        )
        self._threads = threads
        self._request_seconds = request_seconds
        self._max_unread = max_unread
        self._stop_at: float | None = None
        self.loop = Loop(self._map, always=[self, self.trigger])

    def run(self) -> None:
        """Until `stop` was called, and all requests are answered or the grace is over."""
        while self._stop_at is None or (monotonic() < self._stop_at and self._busy()):
            self.loop.round(_POLL_SECONDS if self._stop_at is None else 0.05)
        self._close_all()

    def _close_all(self) -> None:
        """But for the trigger's pipe: threads that still answer write to it."""
        wasyncore.dispatcher.close(self)
        for channel in list(self.active_channels.values()):
            channel.handle_close()

    def stop(self, grace_seconds: float) -> None:
        """Accept nothing more, and let `run` end. May be called by a signal's handler."""
        self._stop_at = monotonic() + grace_seconds
        self.accepting = False
        self.pull_trigger()

    def _busy(self) -> bool:
        return self._threads.busy or any(
            channel.total_outbufs_len for channel in self.active_channels.values()
        )

    def readable(self) -> bool:
        if len(self._map) >= self.adj.connection_limit:
            self._shed()
        return bool(super().readable())

    def handle_accept(self) -> None:
        """A crowd comes in at once: one look at all connections would be needed for each."""
        for _ in range(ACCEPTED_AT_ONCE):
            before = len(self._map)
            super().handle_accept()
            if len(self._map) == before:
                return

    def maintenance(self, now: float) -> None:
        super().maintenance(now)
        too_old = monotonic() - self._request_seconds
        for channel in self.active_channels.values():
            if channel.request is not None and channel.request.began < too_old:
                channel.will_close = True
        for channel in list(self.active_channels.values()):
            if channel.has_expired(now):
                # A socket whose client reads nothing never becomes writable, so not by will_close.
                channel.handle_close()
        self._give_up_unread()
        self.loop.ask(self.active_channels.values())

    def _give_up_unread(self) -> None:
        """If there is too much of it: first that of clients that took nothing for longest."""
        unread = [channel for channel in self.active_channels.values() if channel.total_outbufs_len]
        unread.sort(key=lambda channel: channel.last_activity, reverse=True)
        kept = 0
        for channel in unread:
            kept += channel.total_outbufs_len
            if kept > self._max_unread:
                channel.handle_close()

    def _shed(self) -> None:
        """Make room for those who come: whoever is answered, or sends fast, stays."""
        idle = [channel for channel in self.active_channels.values() if not channel.requests]
        idle.sort(key=lambda channel: channel.creation_time)
        for channel in idle[: int(self.adj.connection_limit * SHED)]:
            channel.will_close = True
            self.loop.ask([channel])
