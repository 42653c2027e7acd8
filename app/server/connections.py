"""Connections: which are accepted, how long they may be silent, and how the server stops."""

import socket
from time import monotonic
from typing import TYPE_CHECKING, Final

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

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
_POLL_SECONDS: Final = 1.0


def adjustments(largest_body: int, connection_limit: int) -> Adjustments:
    """waitress' settings. Sizes are in bytes."""
    return Adjustments(
        asyncore_use_poll=True,
        # Reads on while a request is answered, and so notices that its client has left.
        channel_request_lookahead=1,
        channel_timeout=75,
        cleanup_interval=5,
        connection_limit=connection_limit,
        ident=None,
        inbuf_overflow=LARGE,
        log_socket_errors=False,
        max_request_body_size=largest_body + 1,
        max_request_header_size=32 * 1024,
        # A response is handed over whole, so that a slow client holds no thread and needs no disk;
        # of a stream so much may wait for its client.
        outbuf_high_watermark=256 * 1024,
        outbuf_overflow=64 * 1024 * 1024,
        recv_bytes=64 * 1024,
    )


class Connection(HTTPChannel):  # type: ignore[misc]  # it has no types
    """One client."""

    parser_class = Request
    error_task_class = RefusalTask


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
        self._stop_at: float | None = None

    def run(self) -> None:
        """Until `stop` was called, and all requests are answered or the grace is over."""
        while self._stop_at is None or (monotonic() < self._stop_at and self._busy()):
            wasyncore.poll2(_POLL_SECONDS if self._stop_at is None else 0.05, self._map)
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

    def _shed(self) -> None:
        """Make room for those who come: whoever is answered, or sends fast, stays."""
        idle = [channel for channel in self.active_channels.values() if not channel.requests]
        idle.sort(key=lambda channel: channel.creation_time)
        for channel in idle[: int(self.adj.connection_limit * SHED)]:
            channel.will_close = True
