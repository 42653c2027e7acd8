"""Connections: how many are accepted, how long they may stay silent, and how the server stops."""

import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.receiver import FixedStreamReceiver
from waitress.server import TcpWSGIServer

from app.api.doors.door import Door
from app.server.loop import Loop
from app.server.refusals import RefusalTask
from app.server.requests import LARGE, Request
from app.server.sharing import Share, Shares
from app.server.tasks import Task
from app.server.threads import Threads

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

REQUEST_SECONDS: Final = 60.0
"""For a request to arrive, from its first byte to its last."""
ACCEPTED_AT_ONCE: Final = 64
SHED: Final = 0.1
"""The share of connections to close when there are too many: the oldest that send no request."""
PIPELINED: Final = 2
"""Pipelined requests that are served before the connection closes. Between two of them, waitress
makes a thread wait until the client has read enough: 640 such clients occupied all threads.
"""
BODY_BYTES: Final = 64 * 1024
"""The most that is read of a body at once. Other data may be many small requests, so less is."""
UNREAD_SECONDS: Final = 60.0
"""A connection is closed after a client has read nothing of its response for this long."""
MAX_UNREAD: Final = 128 * 1024 * 1024
"""Bytes of all responses that clients haven't read, checked once a second: even without a key,
a client may request the API's description on each connection and read nothing.
"""
LINGER_SECONDS: Final = 2.0
"""How long to keep reading after a refusal: closing a socket with unread data resets the
connection, and the client may lose the response (RFC 9112, 9.6).
"""
RECENT_SECONDS: Final = 5.0
"""A connection that was silent for longer doesn't count as one that this process serves."""
_POLL_SECONDS: Final = 1.0


def adjustments(largest_body: int, connection_limit: int) -> Adjustments:
    """Return waitress's settings. Sizes are in bytes."""
    return Adjustments(
        # Keeps reading while a request is processed, to notice that its client has left.
        channel_request_lookahead=1,
        channel_timeout=75,
        cleanup_interval=1,
        # The application uses one of them, which a client may also send.
        clear_untrusted_proxy_headers=False,
        connection_limit=connection_limit,
        ident=None,
        inbuf_overflow=LARGE,
        # Otherwise an OSError in the application ends a response without a log line.
        log_socket_errors=True,
        max_request_body_size=largest_body + 1,
        # A query may have 32 KiB; the application checks that itself.
        max_request_header_size=64 * 1024,
        # A response is buffered whole, so that a slow client holds no thread and needs no disk. Of
        # a stream, this much may wait for its client.
        outbuf_high_watermark=256 * 1024,
        outbuf_overflow=64 * 1024 * 1024,
    )


class Connection(HTTPChannel):
    """The connection of one client."""

    parser_class = Request
    task_class = Task
    error_task_class = RefusalTask
    port_of: str | None = None
    """The door whose own port this is a connection to."""
    request: Request | None
    refused = False
    """Set by the thread that sends a refusal."""
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
        """Whether it has lingered long enough, or its client reads nothing of the response."""
        if self._lingers_until is not None:
            return now > self._lingers_until
        return bool(self.total_outbufs_len and self.last_activity < now - UNREAD_SECONDS)

    def add_channel(self, map: Any = None) -> None:
        super().add_channel(map)
        self.server.loop.ask([self])

    def del_channel(self, map: Any = None) -> None:
        self.server.loop.forget(self, self._fileno)
        self.server.share.closed_one()
        super().del_channel(map)


class DoorPort(wasyncore.dispatcher):
    """A listening socket of a door."""

    def __init__(self, server: "Server", door: str, listening: socket.socket) -> None:
        super().__init__(listening, map=server._map)
        self._server = server
        self._door = door
        self.accepting = True

    def readable(self) -> bool:
        return self.accepting and not self._server.in_connection_overflow

    def writable(self) -> bool:
        return False

    def handle_accept(self) -> None:
        self._server.accept_from(self, self._door)


class Given(wasyncore.dispatcher):
    """Connections that other processes accepted for this one."""

    def __init__(self, server: "Server") -> None:
        super().__init__(server.share.receiver, map=server._map)
        self._server = server

    def writable(self) -> bool:
        return False

    def handle_read(self) -> None:
        for connection, name in self._server.share.taken():
            self._server.serve(connection, name)


class Server(TcpWSGIServer):
    """Serves one WSGI application, and has ports for its doors.

    This thread does the I/O; others respond.
    """

    channel_class = Connection

    def __init__(
        self,
        application: "WSGIApplication",
        listening: socket.socket,
        threads: Threads,
        adj: Adjustments,
        request_seconds: float = REQUEST_SECONDS,
        max_unread: int = MAX_UNREAD,
        doors: Sequence[Door] = (),
        ports: Mapping[str, socket.socket] = {},
        share: Share | None = None,
    ) -> None:
        """`doors` are those that are open; `ports` has listening sockets by their names.

        Other processes that listen to the same sockets have the other shares.
        """
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
        self.doors = doors
        self._ports = [DoorPort(self, door, listening) for door, listening in ports.items()]
        self.share = share or Share(Shares(1), 0)
        self.loop = Loop(self._map, always=[self, self.trigger, Given(self), *self._ports])

    def run(self) -> None:
        """Run until `stop` is called and all responses are sent, or the grace period is over."""
        while self._stop_at is None or (monotonic() < self._stop_at and self._busy()):
            self.share.beat()
            self.loop.round(_POLL_SECONDS if self._stop_at is None else 0.05)
        self._close_all()

    def _close_all(self) -> None:
        """Close everything except the trigger's pipe, to which busy threads still write."""
        for listening in (self, *self._ports):
            wasyncore.dispatcher.close(listening)
        for channel in list(self.active_channels.values()):
            channel.handle_close()

    def stop(self, grace_seconds: float) -> None:
        """Stop accepting, and let `run` end. Safe to call in a signal handler."""
        self._stop_at = monotonic() + grace_seconds
        self.accepting = False
        for port in self._ports:
            port.accepting = False
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
        self.accept_from(self)

    def accept_from(self, listening: wasyncore.dispatcher, door: str = "") -> None:
        """Accept many at once: each round costs a pass over all that changed."""
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                accepted = listening.accept()
            except OSError:
                return  # The client has closed it already.
            if accepted is None:
                return
            connection, _ = accepted
            if not self.share.give(connection, door):
                self.serve(connection, door)

    def serve(self, connection: socket.socket, door: str) -> None:
        """Serve a connection to the port of a door; an empty name is the API's own port."""
        try:
            address = connection.getpeername()
            self.set_socket_options(connection)
        except OSError:
            connection.close()  # As its client has.
        else:
            made = Connection(self, connection, address, self.adj, self._map)
            made.port_of = door or None

    def maintenance(self, now: float) -> None:
        super().maintenance(now)
        too_old = monotonic() - self._request_seconds
        for channel in self.active_channels.values():
            if channel.request is not None and channel.request.began < too_old:
                channel.will_close = True
        for channel in list(self.active_channels.values()):
            if channel.has_expired(now):
                # Not will_close: if the client reads nothing, the socket never becomes writable.
                channel.handle_close()
        self._give_up_unread()
        recent = now - RECENT_SECONDS
        self.share.holds(sum(it.last_activity > recent for it in self.active_channels.values()))
        self.loop.ask(self.active_channels.values())

    def _give_up_unread(self) -> None:
        """Close connections with unread responses beyond the limit, the longest inactive first."""
        unread = [channel for channel in self.active_channels.values() if channel.total_outbufs_len]
        unread.sort(key=lambda channel: channel.last_activity, reverse=True)
        kept = 0
        for channel in unread:
            kept += channel.total_outbufs_len
            if kept > self._max_unread:
                channel.handle_close()

    def _shed(self) -> None:
        """Make room for new connections. Keep those with a request in progress and the newest."""
        idle = [channel for channel in self.active_channels.values() if not channel.requests]
        idle.sort(key=lambda channel: channel.creation_time)
        for channel in idle[: int(self.adj.connection_limit * SHED)]:
            channel.will_close = True
            self.loop.ask([channel])
