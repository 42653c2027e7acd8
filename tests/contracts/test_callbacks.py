"""What every sender of callbacks does, and what only the one that uses HTTP does."""

import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from app.api import representation
from app.domain.callback_url import networks
from app.domain.errors import CallbackFailed
from app.domain.execution import SECOND, Execution
from app.domain.result import Result
from app.infrastructure import http_callbacks, idle_connections
from app.infrastructure.http_callbacks import MAX_RESPONSE_BYTES, Form, Forms, HttpCallbacks
from app.infrastructure.memory.callbacks import MemoryCallbacks
from app.ports import Callbacks, Delivery
from podline import InvalidSignature, State, verify_callback
from tests.support.builders import NOW, TRACEPARENT, a_callback, a_result, an_execution
from tests.support.raw_server import RawServer
from tests.support.receiver import Receiver, accept, accept_and_keep, respond
from tests.support.waiting import is_quick

LOOPBACK = networks("127.0.0.0/8")
SECRETS = ("pcs_newest", "pcs_previous")
SECONDS = 0.5
"""For a delivery in these tests."""
SLACK = 2.0
"""For a machine that is busy with other tests."""


class Place(Protocol):
    """A sender, with a receiver of its own."""

    @property
    def callbacks(self) -> Callbacks: ...

    @property
    def url(self) -> str: ...

    def received(self) -> list[str]:
        """The executions that arrived."""

    def refuse(self) -> None:
        """Accept nothing from now on."""


@dataclass
class MemoryPlace:
    callbacks: MemoryCallbacks
    url: str = "https://example.com/ended"

    def received(self) -> list[str]:
        return [delivery.execution.id for delivery in self.callbacks.sent]

    def refuse(self) -> None:
        self.callbacks.refuse["example.com"] = "the receiver responded with status 500"


@dataclass
class HttpPlace:
    callbacks: HttpCallbacks
    receiver: Receiver

    @property
    def url(self) -> str:
        return self.receiver.url

    def received(self) -> list[str]:
        return self.receiver.ids()

    def refuse(self) -> None:
        self.receiver.answer = respond("500 Internal Server Error")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(params=["memory", "http"])
def place(request: pytest.FixtureRequest, receiver: Receiver) -> Place:
    if request.param == "memory":
        return MemoryPlace(MemoryCallbacks())
    return HttpPlace(sender(seconds=5), receiver)


def render(execution: Execution, result: Result | None) -> bytes:
    return representation.execution(execution, result).model_dump_json(by_alias=True).encode()


OURS: Forms = {None: Form("POST", render)}


def sized(size: int) -> Forms:
    return {None: Form("POST", lambda *_: b"x" * size)}


def sender(**options: Any) -> HttpCallbacks:
    return HttpCallbacks(OURS, LOOPBACK, lambda: NOW, **{"seconds": SECONDS} | options)


def a_delivery(url: str, form: str | None = None) -> Delivery:
    callback = a_callback(url=url, form=form)
    execution = an_execution(callback=callback, version=7, attempt=1)
    return Delivery(
        execution=execution,
        result=a_result(execution),
        callback=callback,
        secrets=SECRETS,
    )


def failure(callbacks: Callbacks, url: str) -> str:
    with pytest.raises(CallbackFailed) as failed:
        callbacks.send(a_delivery(url))
    return str(failed.value)


class TestEverySender:
    def test_sends_the_execution(self, place: Place) -> None:
        delivery = a_delivery(place.url)
        place.callbacks.send(delivery)
        assert place.received() == [delivery.execution.id]

    def test_reports_a_receiver_that_does_not_accept_it(self, place: Place) -> None:
        place.refuse()
        assert "500" in failure(place.callbacks, place.url)
        assert "/ended" not in failure(place.callbacks, place.url)

    @pytest.mark.parametrize(
        "url", ["http://10.0.0.1/x", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "ftp://a/"]
    )
    def test_sends_nothing_to_an_address_that_is_not_public(self, place: Place, url: str) -> None:
        assert failure(place.callbacks, url)
        assert place.received() == []


class TestRequest:
    def test_has_the_execution_as_the_api_shows_it(self, receiver: Receiver) -> None:
        delivery = a_delivery(receiver.url + "?token=a%20b")
        sender().send(delivery)
        (received,) = receiver.received
        assert received.path == "/ended?token=a%20b"
        assert json.loads(received.body) == json.loads(render(delivery.execution, delivery.result))
        assert json.loads(received.body)["result"]["stdout"] == "hello\n"
        assert received.headers == {
            "Host": f"127.0.0.1:{receiver.port}",
            "User-Agent": "Podline",
            "Content-Type": "application/json",
            "Content-Length": str(len(received.body)),
            "Podline-Delivery": f"{delivery.execution.id}.7",
            "Podline-Signature": received.headers["Podline-Signature"],
        }

    def test_names_the_trace_that_the_receiver_can_continue(self, receiver: Receiver) -> None:
        sender().send(replace(a_delivery(receiver.url), traceparent=TRACEPARENT))
        assert receiver.received[0].headers["traceparent"] == TRACEPARENT

    def test_is_signed_with_each_secret(self, receiver: Receiver) -> None:
        sender().send(a_delivery(receiver.url))
        (received,) = receiver.received
        header = received.headers["Podline-Signature"]
        for secret in SECRETS:
            execution = verify_callback(received.body, header, secret, now=NOW / SECOND)
            assert execution.state is State.QUEUED
            assert execution.result is not None
        with pytest.raises(InvalidSignature):
            verify_callback(received.body, header, "pcs_another", now=NOW / SECOND)

    def test_can_be_large(self, receiver: Receiver) -> None:
        callbacks = HttpCallbacks(sized(5_000_000), LOOPBACK, lambda: NOW)
        callbacks.send(a_delivery(receiver.url))
        assert len(receiver.received[0].body) == 5_000_000

    def test_has_the_form_that_the_callback_names(self, receiver: Receiver) -> None:
        forms = {**OURS, "other": Form("PUT", lambda *_: b"{}")}
        callbacks = HttpCallbacks(forms, LOOPBACK, lambda: NOW)
        callbacks.send(a_delivery(receiver.url, "other"))
        (received,) = receiver.received
        assert (received.method, received.body) == ("PUT", b"{}")
        assert received.headers["Podline-Signature"]

    def test_is_not_sent_in_a_form_that_only_another_release_knows(
        self, receiver: Receiver
    ) -> None:
        with pytest.raises(CallbackFailed, match="form"):
            sender().send(a_delivery(receiver.url, "unknown"))
        assert receiver.received == []


class TestResponse:
    @pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "299 Odd"])
    def test_any_status_of_success_is_accepted(self, receiver: Receiver, status: str) -> None:
        receiver.answer = respond(status)
        sender().send(a_delivery(receiver.url))

    @pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
    def test_a_redirect_is_not_followed(self, receiver: Receiver, status: str) -> None:
        receiver.answer = respond(status)
        assert "redirects are not followed" in failure(sender(), receiver.url)
        assert [each.path for each in receiver.received] == ["/ended"]

    @pytest.mark.parametrize("status", ["400 No", "404 No", "410 Gone", "429 Later", "503 No"])
    def test_other_statuses_are_failures(self, receiver: Receiver, status: str) -> None:
        receiver.answer = respond(status)
        assert failure(sender(), receiver.url) == (
            f"the receiver responded with status {status[:3]}"
        )

    def test_interim_responses_are_skipped(self, receiver: Receiver) -> None:
        receiver.answer = lambda c: c.sendall(
            b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        )
        sender().send(a_delivery(receiver.url))

    def test_no_more_than_64_kib_are_read(self, receiver: Receiver) -> None:
        written = 0

        def flood(connection: socket.socket) -> None:
            nonlocal written
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(b"x" * 1024)
                written += 1024

        receiver.answer = flood
        sender(seconds=5).send(a_delivery(receiver.url))
        assert written < MAX_RESPONSE_BYTES + 8 * 1024 * 1024  # what the kernel buffers

    def test_endless_interim_responses_are_not_read(self, receiver: Receiver) -> None:
        def flood(connection: socket.socket) -> None:
            while True:
                connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")

        receiver.answer = flood
        assert "did not respond" in failure(sender(seconds=5), receiver.url)

    @pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n\r\n", b"HTTP/9 x\r\n\r\n", b"\0" * 100])
    def test_what_is_not_http_is_a_failure(self, answer: bytes) -> None:
        with RawServer() as server:
            server.answer = answer
            assert "HTTP/1.1" in failure(sender(), server.url)

    def test_an_endless_header_is_a_failure(self) -> None:
        with RawServer() as server:
            server.answer = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000
            assert "HTTP/1.1" in failure(sender(), server.url)

    def test_no_response_is_a_failure(self, receiver: Receiver) -> None:
        receiver.answer = lambda _: None
        assert failure(sender(), receiver.url) == (
            "the connection failed: the receiver did not respond"
        )

    def test_a_broken_body_is_no_failure(self, receiver: Receiver) -> None:
        receiver.answer = lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
        sender().send(a_delivery(receiver.url))


class TestTime:
    def test_a_receiver_that_says_nothing(self, receiver: Receiver) -> None:
        over = threading.Event()

        def say_nothing(_: socket.socket) -> None:
            over.wait(30)

        receiver.answer = say_nothing
        self.takes_its_time(sender(), receiver.url)
        over.set()

    def test_a_receiver_that_drips(self, receiver: Receiver) -> None:
        def drip(connection: socket.socket) -> None:
            for byte in b"HTTP/1.1 200 OK\r\n" * 100:
                connection.sendall(bytes([byte]))
                time.sleep(SECONDS / 5)

        receiver.answer = drip
        self.takes_its_time(sender(), receiver.url)

    def test_a_receiver_that_does_not_read(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            big = HttpCallbacks(sized(50_000_000), LOOPBACK, lambda: NOW, seconds=SECONDS)
            self.takes_its_time(big, f"http://127.0.0.1:{server.getsockname()[1]}/")

    def test_a_receiver_that_begins_no_tls(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            callbacks = sender(resolve=lambda *_: ["127.0.0.1"])
            self.takes_its_time(callbacks, f"https://a.example:{server.getsockname()[1]}/")

    def test_a_name_that_is_looked_up_for_long(self) -> None:
        over = threading.Event()

        def resolve(_host: str, _port: int) -> list[str]:
            over.wait(30)
            return ["127.0.0.1"]

        self.takes_its_time(sender(resolve=resolve), "http://example.com/")
        over.set()

    def takes_its_time(self, callbacks: Callbacks, url: str) -> None:
        def deliver() -> None:
            began = time.monotonic()
            assert failure(callbacks, url) == f"the receiver took longer than {SECONDS:g} seconds"
            assert time.monotonic() - began > SECONDS * 0.9

        assert is_quick(deliver, SECONDS + SLACK)


class TestAddresses:
    def test_the_address_that_was_checked_is_connected_to(self, receiver: Receiver) -> None:
        """A name that changes between the check and the connection (DNS rebinding)."""
        answers = iter([["127.0.0.1"], ["10.0.0.1"]])
        asked: list[str] = []

        def resolve(host: str, _port: int) -> list[str]:
            asked.append(host)
            return next(answers)

        callbacks = sender(resolve=resolve)
        url = f"http://Receiver.example:{receiver.port}/"
        callbacks.send(a_delivery(url))
        assert asked == ["receiver.example"]
        assert receiver.received[0].headers["Host"] == f"receiver.example:{receiver.port}"
        assert "PODLINE_CALLBACK_NETWORKS" in failure(callbacks, url)

    @pytest.mark.parametrize(
        "hidden",
        ["10.0.0.1", "::1", "fe80::1%lo", "::ffff:127.0.0.1", "169.254.169.254", "0.0.0.0", "::",
         "64:ff9b::a00:1", "2002:a00:1::"],
    )  # fmt: skip
    def test_one_private_address_among_others_is_enough(
        self, receiver: Receiver, hidden: str
    ) -> None:
        for addresses in ([hidden, "127.0.0.1"], ["127.0.0.1", hidden]):
            callbacks = sender(resolve=lambda *_, found=addresses: found)
            assert "PODLINE_CALLBACK_NETWORKS" in failure(
                callbacks, f"http://receiver.example:{receiver.port}/"
            )
        assert receiver.received == []

    def test_another_address_is_tried_if_one_is_unavailable(self, receiver: Receiver) -> None:
        callbacks = sender(resolve=lambda *_: ["127.0.0.9", "127.0.0.1"], seconds=5)
        callbacks.send(a_delivery(f"http://receiver.example:{receiver.port}/"))
        assert len(receiver.received) == 1

    def test_a_receiver_that_is_down_is_a_failure(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        assert "refused" in failure(sender(), f"http://127.0.0.1:{port}/")

    def test_a_name_without_an_address_is_a_failure(self) -> None:
        def resolve(_host: str, _port: int) -> list[str]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        assert "no address" in failure(sender(resolve=resolve), "http://receiver.invalid/")

    def test_a_name_that_resolves_to_loopback_is_refused_by_default(
        self, receiver: Receiver
    ) -> None:
        callbacks = HttpCallbacks(OURS, (), lambda: NOW)
        assert "PODLINE_CALLBACK_NETWORKS" in failure(
            callbacks, f"http://localhost:{receiver.port}/"
        )

    def test_all_addresses_of_a_name_are_looked_up_once(self) -> None:
        assert "127.0.0.1" in http_callbacks.resolve("localhost", 80)
        assert http_callbacks.resolve("1.1.1.1", 80) == ["1.1.1.1"]
        assert http_callbacks.resolve("::1", 80) == ["::1"]


class TestConnections:
    @pytest.fixture
    def receiver(self) -> Iterator[Receiver]:
        with Receiver(accept_and_keep, keeps=True) as receiver:
            yield receiver

    def test_one_is_used_again(self, receiver: Receiver) -> None:
        callbacks = sender(seconds=5)
        for _ in range(3):
            callbacks.send(a_delivery(receiver.url))
        assert (receiver.connections, len(receiver.received)) == (1, 3)

    def test_each_name_has_its_own(self, receiver: Receiver) -> None:
        callbacks = sender(resolve=lambda *_: ["127.0.0.1"], seconds=5)
        for name in ("a", "b", "a"):
            callbacks.send(a_delivery(f"http://{name}.example:{receiver.port}/"))
        assert receiver.connections == 2

    def test_the_address_is_checked_all_the_same(self, receiver: Receiver) -> None:
        addresses = ["127.0.0.1"]
        callbacks = sender(resolve=lambda *_: addresses, seconds=5)
        url = f"http://receiver.example:{receiver.port}/"
        callbacks.send(a_delivery(url))
        addresses.append("10.0.0.1")
        assert "PODLINE_CALLBACK_NETWORKS" in failure(callbacks, url)
        addresses[:] = ["127.0.0.2"]
        assert "refused" in failure(callbacks, url), "nobody listens there"
        assert (receiver.connections, len(receiver.received)) == (1, 1)

    @pytest.mark.parametrize(
        "answer",
        [
            accept,
            lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, and more"),
            lambda c: c.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ],
    )
    def test_one_that_can_t_be_used_again_is_closed(
        self, receiver: Receiver, answer: Callable[[socket.socket], None]
    ) -> None:
        receiver.answer = answer
        callbacks = sender(seconds=5)
        for _ in range(2):
            callbacks.send(a_delivery(receiver.url))
        assert receiver.connections == 2

    def test_one_that_the_receiver_has_closed_is_not_used(self, receiver: Receiver) -> None:
        receiver.keeps = False
        callbacks = sender(seconds=5)
        for _ in range(3):
            callbacks.send(a_delivery(receiver.url))
        assert (receiver.connections, len(receiver.received)) == (3, 3)

    def test_one_that_ends_with_the_next_request_is_replaced(self, receiver: Receiver) -> None:
        callbacks = sender(seconds=5)
        callbacks.send(a_delivery(receiver.url))
        answers = iter([lambda c: c.shutdown(socket.SHUT_RDWR), accept_and_keep])
        receiver.answer = lambda connection: next(answers)(connection)
        callbacks.send(a_delivery(receiver.url))
        assert (receiver.connections, len(receiver.received)) == (2, 3)

    def test_one_that_nobody_uses_ends(self) -> None:
        idle, place = (
            idle_connections.IdleConnections(seconds=0.01),
            idle_connections.Place("http", "a", 80, "127.0.0.1"),
        )
        ours, theirs = socket.socketpair()
        with theirs:
            idle.keep(place, ours)
            theirs.settimeout(60)
            assert theirs.recv(1) == b"", "it was closed"
        assert idle.take(place) is None

    def test_of_very_many_the_newest_are_kept(self) -> None:
        idle, place = (
            idle_connections.IdleConnections(),
            idle_connections.Place("http", "a", 80, "127.0.0.1"),
        )
        pairs = [socket.socketpair() for _ in range(idle_connections.MOST + 1)]
        for ours, _ in pairs:
            idle.keep(place, ours)
        assert pairs[0][1].recv(1) == b""
        taken = [idle.take(place) for _ in range(idle_connections.MOST + 1)]
        assert taken == [*(ours for ours, _ in pairs[:0:-1]), None]
        for pair in pairs:
            for each in pair:
                each.close()


class TestTls:
    NAME = "receiver.example"

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        """Key and self-signed certificate for NAME."""
        file = tmp_path / "both.pem"
        made = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=receiver", "-keyout", "-",
             "-addext", f"subjectAltName=DNS:{self.NAME}"],
            check=True, capture_output=True,
        )  # fmt: skip
        file.write_bytes(made.stdout)
        return file

    @pytest.fixture
    def receiver(self, certificate: Path) -> Iterator[Receiver]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.names: list[str | None] = []
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        with Receiver(context=context) as receiver:
            yield receiver

    def sender(self, trusted: Callable[[], ssl.SSLContext]) -> HttpCallbacks:
        return sender(resolve=lambda *_: ["127.0.0.1"], make_context=trusted, seconds=5)

    def test_uses_the_name_although_it_connects_to_the_address(
        self, receiver: Receiver, certificate: Path
    ) -> None:
        callbacks = self.sender(lambda: ssl.create_default_context(cafile=str(certificate)))
        receiver.keeps, receiver.answer = True, accept_and_keep
        for _ in range(2):
            callbacks.send(a_delivery(f"https://{self.NAME}:{receiver.port}/"))
        assert self.names == [self.NAME], "the second one had the same connection"
        assert receiver.received[0].headers["Host"] == f"{self.NAME}:{receiver.port}"

    def test_refuses_the_certificate_of_another_name(
        self, receiver: Receiver, certificate: Path
    ) -> None:
        callbacks = self.sender(lambda: ssl.create_default_context(cafile=str(certificate)))
        url = f"https://other.example:{receiver.port}/"
        assert "the certificate is not valid" in failure(callbacks, url)
        assert receiver.received == []

    def test_refuses_a_certificate_that_nobody_vouches_for(self, receiver: Receiver) -> None:
        callbacks = self.sender(ssl.create_default_context)
        url = f"https://{self.NAME}:{receiver.port}/"
        assert "the certificate is not valid" in failure(callbacks, url)

    def test_a_receiver_without_tls_is_a_failure(self) -> None:
        with RawServer() as server:
            server.answer, server.at_once = b"HTTP/1.1 400 Bad\r\n\r\n", True
            port = server.url.rpartition(":")[2]
            callbacks = self.sender(ssl.create_default_context)
            assert "connection failed: [SSL" in failure(callbacks, f"https://{self.NAME}:{port}/")
