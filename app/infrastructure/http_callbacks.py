"""Sends callbacks over HTTP, to exactly the address that was checked.

HTTP libraries resolve a host again when they connect, follow proxies of the environment, and limit
the time of each read but not of all together. So this opens the socket itself, and leaves the
protocol to h11 and TLS to the standard library.
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Final, TypeAlias

import h11

from app.domain.callback_secret import signature
from app.domain.callback_url import Network, Receiver, receiver, refusal
from app.domain.errors import CallbackFailed
from app.domain.execution import Execution, Time
from app.domain.result import Result
from app.infrastructure.idle_connections import IdleConnections, Place
from app.ports import Delivery

SECONDS: Final = 5.0
"""For everything together, from the look-up of the name to the end of the response."""
MAX_RESPONSE_BYTES: Final = 64 * 1024
_MOST_ADDRESSES: Final = 4
_CHUNK: Final = 16 * 1024

Render: TypeAlias = Callable[[Execution, Result | None], bytes]


@dataclass(frozen=True, slots=True)
class Form:
    """What a callback looks like: the method of its request, and what makes its body."""

    method: str
    render: Render


Forms: TypeAlias = Mapping[str | None, Form]
"""By name. None is the form that a submission gets that names none."""
Resolve: TypeAlias = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class HttpCallbacks:
    def __init__(
        self,
        forms: Forms,
        allowed: tuple[Network, ...],
        clock: Callable[[], Time],
        *,
        seconds: float = SECONDS,
        resolve: Resolve = resolve,
        make_context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        """Networks in `allowed` need not be public."""
        self._forms = forms
        self._allowed = allowed
        self._clock = clock
        self._seconds = seconds
        self._resolve = resolve
        self._make_context = make_context
        self._idle = IdleConnections()

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """Made once, because reading the certificates of authorities takes long."""
        return self._make_context()

    def send(self, delivery: Delivery) -> None:
        time = _TimeLeft(self._seconds)
        try:
            to = receiver(delivery.callback.url)
        except ValueError as error:
            raise CallbackFailed(f"the URL {error}") from None
        form = self._form(delivery)
        body = form.render(delivery.execution, delivery.result)
        request = self._request(delivery, form.method, to, body)
        try:
            status = self._sent(to, time, request, body)
        except TimeoutError:
            raise CallbackFailed(
                f"the receiver took longer than {self._seconds:g} seconds"
            ) from None
        except OSError as error:
            raise CallbackFailed(f"the connection failed: {_reason(error)}") from error
        except h11.RemoteProtocolError as error:
            raise CallbackFailed("the receiver does not speak HTTP/1.1") from error
        if not 200 <= status <= 299:
            followed = "; redirects are not followed" if 300 <= status <= 399 else ""
            raise CallbackFailed(f"the receiver responded with status {status}{followed}")

    def _form(self, delivery: Delivery) -> Form:
        form = self._forms.get(delivery.callback.form)
        if form is None:
            raise CallbackFailed("this release doesn't know the form of the callback")
        return form

    def _sent(self, to: Receiver, time: "_TimeLeft", request: h11.Request, body: bytes) -> int:
        """The status. A connection that was left open can end at any moment; then open another."""
        places = self._checked(to, time)
        for place in places:
            if idle := self._idle.take(place):
                try:
                    return self._exchanged(place, idle, time, request, body)
                except TimeoutError:
                    raise
                except OSError:
                    break
        place, connected = self._connected(places, time)
        return self._exchanged(place, connected, time, request, body)

    def _exchanged(
        self,
        place: Place,
        connected: socket.socket,
        time: "_TimeLeft",
        request: h11.Request,
        body: bytes,
    ) -> int:
        is_open = False
        try:
            status, is_open = _exchange(connected, time, request, body)
            return status
        finally:
            if is_open:
                self._idle.keep(place, connected)
            else:
                connected.close()

    def _checked(self, to: Receiver, time: "_TimeLeft") -> list[Place]:
        """The first addresses, once all have been checked."""
        addresses = self._resolved(to, time)
        for address in addresses:
            if refused := refusal(address, self._allowed):
                raise CallbackFailed(f"the host {refused}")
        return [Place(to.scheme, to.host, to.port, each) for each in addresses[:_MOST_ADDRESSES]]

    def _connected(self, places: Sequence[Place], time: "_TimeLeft") -> tuple[Place, socket.socket]:
        """Connect to the first that accepts."""
        *others, last = places
        for tried, place in enumerate(others):
            try:
                return place, self._connect(place, time.share(len(others) + 1 - tried), time)
            except OSError:
                continue
        return last, self._connect(last, time.left(), time)

    def _resolved(self, to: Receiver, time: "_TimeLeft") -> list[str]:
        """In a thread, because a look-up has no time-out. The resolver's own ends the thread."""
        answers: SimpleQueue[list[str] | OSError] = SimpleQueue()

        def look_up() -> None:
            try:
                answers.put(self._resolve(to.host, to.port))
            except (OSError, UnicodeError) as error:
                answers.put(OSError(f"no address for the name: {error}"))

        Thread(target=look_up, name="callback look-up", daemon=True).start()
        try:
            found = answers.get(timeout=time.left())
        except Empty:
            raise TimeoutError from None
        if isinstance(found, OSError):
            raise found
        return found

    def _connect(self, to: Place, seconds: float, time: "_TimeLeft") -> socket.socket:
        connected = socket.create_connection((to.address, to.port), timeout=seconds)
        # Otherwise a body waits, on a connection that is used again, for a delayed acknowledgement
        # of its head: 40 ms.
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if to.scheme == "http":
            return connected
        try:
            connected.settimeout(time.left())
            return self._context.wrap_socket(connected, server_hostname=to.host)
        except BaseException:  # raised again
            connected.close()
            raise

    def _request(self, delivery: Delivery, method: str, to: Receiver, body: bytes) -> h11.Request:
        execution = delivery.execution
        headers = {
            "Host": to.authority,
            "User-Agent": "Podline",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Podline-Delivery": f"{execution.id}.{execution.version}",
            "Podline-Signature": signature(delivery.secrets, self._clock(), body),
        }
        if delivery.traceparent:
            headers["traceparent"] = delivery.traceparent
        return h11.Request(method=method, target=to.target, headers=list(headers.items()))


class _TimeLeft:
    """Until a moment. Raises TimeoutError once it has passed."""

    def __init__(self, seconds: float) -> None:
        self._until = monotonic() + seconds

    def left(self) -> float:
        seconds = self._until - monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def share(self, of: int) -> float:
        return self.left() / of


def _exchange(
    connected: socket.socket, time: _TimeLeft, request: h11.Request, body: bytes
) -> tuple[int, bool]:
    """Send the request. Returns the response's status, and whether another request can follow."""
    protocol = h11.Connection(h11.CLIENT)
    head = protocol.send(request) or b""
    protocol.send(h11.Data(body))
    protocol.send(h11.EndOfMessage())
    with suppress(ConnectionError):  # A receiver may respond before it has read everything.
        _send(connected, time, head)
        _send(connected, time, body)
    status = None
    try:
        for event in _events(connected, time, protocol):
            if isinstance(event, h11.Response):
                status = event.status_code
    except (OSError, h11.RemoteProtocolError):
        # The rest is only read so that the receiver can end its response.
        if status is None:
            raise
    if status is None:
        raise ConnectionResetError("the receiver did not respond")
    return status, _is_reusable(protocol)


def _is_reusable(protocol: h11.Connection) -> bool:
    """Whether both sides have sent everything, and neither wants to close the connection."""
    states = {protocol.our_state, protocol.their_state}
    return states == {h11.DONE} and protocol.trailing_data == (b"", False)


def _send(connected: socket.socket, time: _TimeLeft, content: bytes) -> None:
    """Unlike `sendall`, with one time-out for everything on TLS too."""
    rest = memoryview(content)
    while rest:
        connected.settimeout(time.left())
        rest = rest[connected.send(rest[:_CHUNK]) :]


def _events(
    connected: socket.socket, time: _TimeLeft, protocol: h11.Connection
) -> Iterator[h11.Event]:
    """Until the response has ended or is too long."""
    read = 0
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            if read >= MAX_RESPONSE_BYTES:
                return
            connected.settimeout(time.left())
            received = connected.recv(_CHUNK)
            if not received and not read:
                return
            read += len(received)
            protocol.receive_data(received)
        elif isinstance(event, h11.ConnectionClosed | h11.EndOfMessage):
            return
        else:
            assert not isinstance(event, type), "PAUSED comes only after a whole response"
            yield event


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not valid: {error.verify_message}"
    return error.strerror or str(error)
